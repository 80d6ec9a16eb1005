"""The files of a commit, read without touching the working tree; and one clear line for all that can stand in the way."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.errors import InputError
from gpt41_cli.files.revisions import find_repository_top, open_revision
from gpt41_cli.files.trees import LINK, REPOSITORY, SkippedPath
from tests.builders import commit_all, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: what `HEAD~1` has was changed or deleted since."""
    folder = tmp_path / "repository"
    (folder / "prompts" / "old").mkdir(parents=True)
    (folder / "prompts" / "a.md").write_bytes(b"First.\r\n")
    (folder / "prompts" / "old" / "b\nc ä.md").write_bytes(b"")
    (folder / "prompts" / os.fsdecode(b"\xff")).write_bytes(bytes(range(256)) * 500)
    (folder / "prompts-too.md").write_text("Too.")
    (folder / "run.sh").write_text("true")
    (folder / "run.sh").chmod(0o755)
    commit_all(folder)
    (folder / "prompts" / "a.md").write_text("Second.")
    (folder / "run.sh").unlink()
    commit_all(folder)
    return folder


def complaint(folder: Path, name: str) -> str:
    with pytest.raises(InputError) as error, open_revision(folder, name):
        pass
    assert "\n" not in str(error.value)
    return str(error.value)


def test_files_are_those_of_the_commit(repository: Path) -> None:
    (repository / "prompts" / "a.md").write_text("Not committed.")
    odd = "prompts/" + os.fsdecode(b"\xff")
    with open_revision(repository / "prompts", "HEAD~1") as at:
        assert (at.name, at.commit, at.short_name) == ("HEAD~1", git(repository, "rev-parse", "HEAD~1"), "HEAD~1")
        inside = ["prompts/a.md", "prompts/old/b\nc ä.md", odd]
        assert at.list_files("") == at.list_files(".") == (["prompts-too.md", *inside, "run.sh"], [])
        assert at.list_files("prompts") == (inside, [])
        assert at.list_files("prompts/old") == (["prompts/old/b\nc ä.md"], [])
        assert at.list_files("none") == at.list_files("run.sh") == ([], [])
        for _ in range(2):
            assert at.read("prompts/a.md") == b"First.\r\n"
            assert at.read("prompts/old/b\nc ä.md") == b""
            assert at.read(odd) == bytes(range(256)) * 500
            assert at.read("run.sh") == b"true"
            assert at.read("./prompts/../run.sh") == b"true"
            assert at.read("none") is at.read("prompts") is at.read("run.sh/x") is at.read("") is None
        assert at.is_file("run.sh")
        assert not at.is_file("prompts")
    with open_revision(repository, "main") as at:
        assert at.read("prompts/a.md") == b"Second."
        assert at.read("run.sh") is None
    assert (repository / "prompts" / "a.md").read_text() == "Not committed."
    assert git(repository, "status", "--short") == "M prompts/a.md"


@pytest.mark.parametrize("digits", [7, 12, 40])
def test_a_commit_that_is_named_by_its_id_is_called_by_the_first_digits(repository: Path, digits: int) -> None:
    id_ = git(repository, "rev-parse", "HEAD")
    with open_revision(repository, id_[:digits]) as at:
        assert (at.commit, at.display_path("run.sh")) == (id_, f"{id_[:7]}:run.sh")


def test_a_commit_may_be_named_in_every_way_of_git(repository: Path) -> None:
    git(repository, "tag", "-a", "v1", "-m", "one", "HEAD~1")
    for name in ("v1", "@~", "main^", "HEAD^{/x}~", "refs/heads/main~1", "main@{1}"):
        with open_revision(repository, name) as at:
            assert at.commit == git(repository, "rev-parse", "HEAD~1")


def test_the_top_is_that_of_the_repository(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repository / "prompts")
    assert (
        find_repository_top(repository)
        == find_repository_top(repository / "prompts")
        == find_repository_top(tmp_path / "link")
        == repository
    )
    assert find_repository_top(tmp_path) is None


def test_a_hook_does_not_make_it_another_repository(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    with open_revision(repository, "HEAD") as at:
        assert at.read("prompts/a.md") == b"Second."


FETCH = "fetch it first (git fetch), or name one that git branch --all or git log shows"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", '"": expected the name or the id of a commit, found none'),
        ("--output=x", '"--output=x": expected the name or the id of a commit, found none'),
        ("a\0b", '"a\\x00b": expected the name or the id of a commit, found none'),
        ("dev", f'"dev": expected a commit, found none of that name; {FETCH}'),
        ("1" * 40, f'"{"1" * 40}": expected a commit, found none of that name; {FETCH}'),
        ("^main", f'"^main": expected a commit, found none of that name; {FETCH}'),
        ("main..main", '"main..main": expected a commit, found a range; name its two ends one after the other'),
        ("main\x1b[31m", f'"main\\x1b[31m": expected a commit, found none of that name; {FETCH}'),
        ("HEAD:prompts", '"HEAD:prompts": expected a commit, found a tree'),
        ("HEAD:prompts/a.md", '"HEAD:prompts/a.md": expected a commit, found a blob'),
    ],
)
def test_a_name_that_is_not_a_commit_is_refused(repository: Path, name: str, message: str) -> None:
    assert complaint(repository, name) == message


def two_commits_with_the_same_digits(repository: Path) -> str:
    """The first digits of two commits that are made for that."""
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    person = "A <a@example.org> 0 +0000"
    seen: dict[str, bytes] = {}
    for number in range(1 << 16):
        data = f"tree {tree}\nauthor {person}\ncommitter {person}\n\n{number}\n".encode()
        digits = hashlib.sha1(b"commit %d\0%b" % (len(data), data)).hexdigest()[:4]
        if digits in seen:
            for each in (data, seen[digits]):
                git(repository, "hash-object", "-t", "commit", "-w", "--stdin", stdin=each)
            return digits
        seen[digits] = data
    raise AssertionError


def test_a_name_that_may_mean_two_commits_is_refused(repository: Path) -> None:
    git(repository, "tag", "main", "HEAD~1")
    git(repository, "config", "core.warnAmbiguousRefs", "false")
    clearer = "write refs/heads/NAME or refs/tags/NAME, or more digits of an id"
    assert complaint(repository, "main") == f'"main": expected one commit, found more than one of that name; {clearer}'
    digits = two_commits_with_the_same_digits(repository)
    assert complaint(repository, digits) == f'"{digits}": expected one commit, found more than one of that name; {clearer}'


def test_where_there_is_nothing_to_read_from_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = '"HEAD": expected a commit, found'
    outside = "not a git repository (or any of the parent directories): .git"
    assert complaint(tmp_path, "HEAD") == f"{found} no repository to read: {outside}"
    git(tmp_path, "init")
    assert complaint(tmp_path, "HEAD") == f"{found} a repository without any; commit something first"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert complaint(tmp_path, "HEAD") == f"{found} no repository to read: git is not installed"


def test_a_system_that_cannot_run_git_is_not_a_repository_without_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a folder would be listed by other rules, and a commit would not be there."""

    real = subprocess.Popen
    for refused in ("rev-parse", "--batch"):

        def start(command: list[str], refused: str = refused, **given: Any) -> subprocess.Popen[bytes]:
            if refused in command:
                raise BlockingIOError(11, "Resource temporarily unavailable")
            return real(command, **given)

        monkeypatch.setattr(subprocess, "Popen", start)
        assert complaint(repository, "HEAD") == "expected to be able to start git, found: Resource temporarily unavailable"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], -9, b"", b""))
    assert complaint(repository, "HEAD") == "expected git to finish, found signal 9, which ended it"


def test_a_shallow_clone_says_how_to_fetch_the_rest(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--depth", "1", f"file://{repository}", "shallow")
    with open_revision(tmp_path / "shallow", "HEAD") as at:
        assert at.read("prompts/a.md") == b"Second."
    how = "fetch it first: git fetch --unshallow (actions/checkout: fetch-depth: 0)"
    assert complaint(tmp_path / "shallow", "HEAD~1") == (
        f'"HEAD~1": expected a commit, found none of that name in a shallow clone; {how}'
    )


def test_symbolic_links_are_followed_inside_of_the_commit_only(repository: Path) -> None:
    links = {
        "alias.md": "prompts/a.md",
        "folder": "prompts/old",
        "prompts/up": "../folder",
        "self": "self",
        "ping": "pong",
        "pong": "./ping",
        "away": "../secret",
        "root": "/etc/passwd",
        "dangling": "none",
    }
    for name, target in links.items():
        (repository / name).symlink_to(target)
    commit_all(repository)
    for name in links:
        (repository / name).unlink()
    with open_revision(repository, "HEAD") as at:
        assert at.read("alias.md") == b"Second."
        assert at.read("prompts/up/b\nc ä.md") == at.read("folder/../old/b\nc ä.md") == b""
        assert at.read("dangling") is None
        assert at.is_file("alias.md")
        assert not at.is_file("folder")
        assert at.list_files("prompts/up") == (["prompts/up/b\nc ä.md"], [])
        assert at.list_files("prompts")[1] == [SkippedPath("prompts/up", LINK)]
        for name, found in {
            "self": "a loop of symbolic links",
            "ping/x": "a loop of symbolic links",
            "away": "one that leaves it",
            "root": "one that leaves it",
            "../x": "one that leaves it",
        }.items():
            for read in (at.read, at.is_file, at.list_files):
                with pytest.raises(InputError) as error:
                    read(name)
                assert str(error.value) == f"HEAD:{name}: expected a path inside of the repository, found {found}"


def test_what_is_not_in_the_commit_itself_is_said_to_be_elsewhere(repository: Path) -> None:
    oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n"
    (repository / "large.jsonl").write_text(pointer)
    (repository / "about.md").write_text(f"A pointer looks like this:\n{pointer}")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(repository, "add", "--all", "--", "large.jsonl", "about.md")
    git(repository, "commit", "-m", "x")
    with open_revision(repository, "HEAD") as at:
        assert at.read("about.md") == f"A pointer looks like this:\n{pointer}".encode()
        assert at.list_files(".")[1] == [SkippedPath("sub", REPOSITORY)]
        with pytest.raises(InputError) as error:
            at.read("large.jsonl")
        found = "a Git LFS pointer to content that no commit has; leave the file out, or keep it in git itself"
        assert str(error.value) == f"HEAD:large.jsonl: expected the content of a file, found {found}"
        for name in ("sub", "sub/a.md"):
            with pytest.raises(InputError) as error:
                at.read(name)
            found = "a submodule, whose files are in a repository of its own"
            assert str(error.value) == f"HEAD:{name}: expected a path inside of the repository, found {found}"


def test_a_partial_clone_fetches_nothing(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    for kind in ("blob:none", "tree:0"):
        git(tmp_path, "clone", "--no-checkout", f"--filter={kind}", f"file://{repository}", kind)
    with open_revision(tmp_path / "blob:none", "main") as at:
        assert len(at.list_files(".")[0]) == 4
        for name in ("prompts/a.md", "prompts-too.md"):
            for _ in range(2):
                with pytest.raises(InputError) as error:
                    at.read(name)
                found = f"a clone that left it out; git show main:{name} fetches it"
                assert str(error.value) == f"main:{name}: expected its content, found {found}"
    assert complaint(tmp_path / "tree:0", "main").startswith('"main": expected a commit with its files, found none: ')
    shown = git(tmp_path / "blob:none", "show", "main:prompts/a.md")
    with open_revision(tmp_path / "blob:none", "main") as at:
        assert at.read("prompts/a.md") == shown.encode() == b"Second."


def test_content_that_is_missing_does_not_keep_the_rest_from_being_read(repository: Path) -> None:
    id_ = git(repository, "rev-parse", "HEAD:prompts/a.md")
    (repository / ".git" / "objects" / id_[:2] / id_[2:]).unlink()
    with open_revision(repository, "HEAD") as at:
        with pytest.raises(InputError, match=r"^HEAD:prompts/a\.md: expected its content, found a clone that left it out"):
            at.read("prompts/a.md")
        assert at.read("prompts-too.md") == b"Too."


def test_a_worker_that_lives_on_does_not_keep_a_commit_open(repository: Path) -> None:
    with open_revision(repository, "HEAD"):
        worker = get_context("fork").Process(target=signal.pause)
        worker.start()
    worker.kill()
    worker.join()


def test_a_commit_is_read_as_it_is_whatever_replaces_it(repository: Path) -> None:
    old, new = (git(repository, "rev-parse", name) for name in ("HEAD~1", "HEAD"))
    git(repository, "replace", old, new)
    (repository / ".git" / "info" / "grafts").write_text(f"{new}\n")
    assert git(repository, "-c", "advice.graftFileDeprecated=false", "rev-list", "--count", "HEAD") == "1"
    with open_revision(repository, "HEAD~1") as at:
        assert (at.commit, at.read("prompts/a.md")) == (old, b"First.\r\n")
