"""What a gpt41.yaml names is found in the working tree and in a commit alike, under the same keys."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gpt41_cli.config import find_nearest_config, roots
from gpt41_cli.config.roots import ConfigRoot, open_commit, open_working_tree
from gpt41_cli.errors import InputError
from gpt41_cli.files.trees import IGNORED, LINK, FolderListing, SkippedPath, list_files
from tests.builders import commit_all, git

FILES = {
    ".gitignore": "*.log\n",
    "shared/system.md": "Be brief.",
    "app/gpt41.yaml": "version: 1",
    "app/prompts/a.md": "A.",
    "app/prompts/b.txt": "B.",
    "app/prompts/old/c.md": "C.",
    "app/prompts/.hidden.md": "H.",
}

try:
    Path("\0").stat()
except ValueError as error:
    NULL_BYTE = str(error)  # versions of Python have different words for it


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config file of a repository that is read from its top; HEAD has exactly what the working tree has."""
    top = tmp_path / "repository"
    for name, content in FILES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(content)
    (top / "app" / "prompts" / "link.md").symlink_to("a.md")
    (top / "app" / "loop").symlink_to("loop")
    (top / "app" / "folder").symlink_to("prompts/old")
    commit_all(top)
    (top / "app" / "prompts" / "noise.log").write_text("ignored")
    monkeypatch.chdir(top)
    return Path("app/gpt41.yaml")


def content(root: ConfigRoot, pattern: str) -> dict[str, bytes]:
    found, _ = root.find_files(pattern)
    read = {}
    for key, source in found.items():
        with source.open() as stream:
            read[key] = stream.read()
    return read


def complaint(root: ConfigRoot, pattern: str) -> str:
    with pytest.raises(InputError) as error:
        root.find_files(pattern)
    assert "\n" not in str(error.value)
    return str(error.value)


ALL = {"prompts/.hidden.md": b"H.", "prompts/a.md": b"A.", "prompts/b.txt": b"B.", "prompts/old/c.md": b"C."}


@pytest.mark.parametrize(
    ("pattern", "expected", "is_listed"),
    [
        ("prompts/a.md", {"prompts/a.md": b"A."}, False),
        ("./prompts//old/../a.md", {"prompts/a.md": b"A."}, False),
        ("prompts/link.md", {"prompts/link.md": b"A."}, False),
        ("../shared/system.md", {"../shared/system.md": b"Be brief."}, False),
        ("prompts", ALL, True),
        ("prompts/", ALL, True),
        (".", {"gpt41.yaml": b"version: 1", **ALL}, True),
        ("../shared", {"../shared/system.md": b"Be brief."}, True),
        ("folder", {"folder/c.md": b"C."}, True),
        ("prompts/*", {"prompts/a.md": b"A.", "prompts/b.txt": b"B."}, False),
        ("**/*.md", {"prompts/a.md": b"A.", "prompts/old/c.md": b"C."}, False),
        ("*/*/[a-c].md", {"prompts/old/c.md": b"C."}, False),
        ("folder/?.md", {"folder/c.md": b"C."}, False),
        ("../*/*.md", {"../shared/system.md": b"Be brief."}, False),
        ("prompts/.h*", {"prompts/.hidden.md": b"H."}, False),
    ],
)
def test_a_pattern_names_the_same_files_in_both(config: Path, pattern: str, expected: dict[str, bytes], is_listed: bool) -> None:
    with open_commit(config, "HEAD") as at:
        for root in (open_working_tree(config), at):
            assert content(root, pattern) == expected
            found, _ = root.find_files(pattern)
            assert list(found) == sorted(found)
            assert all(source.is_from_folder == is_listed for source in found.values())


def test_a_folder_is_listed_once_however_many_globs_are_in_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Path] = []

    def list_once(folder: Path) -> FolderListing:
        listed.append(folder)
        return list_files(folder)

    monkeypatch.setattr(roots, "list_files", list_once)
    root = open_working_tree(config)
    for pattern in ("prompts/*.md", "prompts/*.txt", "prompts/", "prompts/*.md"):
        root.find_files(pattern)
    assert listed == [Path("app/prompts")]


def test_each_side_has_its_own_files(config: Path) -> None:
    Path("app/prompts/a.md").write_text("Changed.")
    Path("app/prompts/new.md").write_text("New.")
    Path("app/prompts/b.txt").unlink()
    config.write_text("version: 2")
    assert content(open_working_tree(config), "prompts/?*") == {"prompts/a.md": b"Changed.", "prompts/new.md": b"New."}
    assert open_working_tree(config).read_config() == b"version: 2"
    with open_commit(config, "main") as at:
        assert content(at, "prompts/?*") == {"prompts/a.md": b"A.", "prompts/b.txt": b"B."}
        assert at.read_config() == b"version: 1"


def test_names_are_shown_from_the_current_directory_or_as_git_writes_them(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = git(Path(), "rev-parse", "HEAD")
    config = config.absolute()
    for current, tree in (("app", ""), (".", "app/"), ("shared", "../app/")):
        monkeypatch.chdir(config.parent.parent / current)
        for name, label, start in (("HEAD", f"HEAD ({id_[:7]})", "HEAD:app/"), (id_, id_[:7], f"{id_[:7]}:app/")):
            with open_commit(config, name) as at:
                for root, place, before in ((open_working_tree(config), "the working tree", tree), (at, label, start)):
                    assert (root.label, root.config_label) == (place, f"{before}gpt41.yaml")
                    found, left_out = root.find_files("prompts")
                    assert [source.name for source in found.values()] == [before + key for key in found]
                    ignored = [SkippedPath(f"{before}prompts/noise.log", IGNORED)] * (root is not at)
                    assert sorted(left_out) == sorted([SkippedPath(f"{before}prompts/link.md", LINK), *ignored])
                    assert root.find_files("prompts/*.md")[1] == [SkippedPath(f"{before}prompts/link.md", LINK)]


def test_an_ignored_folder_is_named_as_a_folder(config: Path) -> None:
    Path("app/x.log").mkdir()
    Path("app/x.log/a.md").write_text("")
    assert SkippedPath("app/x.log/", IGNORED) in open_working_tree(config).find_files(".")[1]
    assert content(open_working_tree(config), "x.log") == {"x.log/a.md": b""}


def test_what_is_not_committed_is_only_in_the_working_tree(config: Path) -> None:
    assert content(open_working_tree(config), "prompts/noise.log") == {"prompts/noise.log": b"ignored"}
    git(Path(), "rm", "-q", "--cached", "app/gpt41.yaml")
    git(Path(), "commit", "-q", "-m", "x")
    with open_commit(config, "HEAD") as at:
        found = f"no such file in HEAD ({at.label[6:13]})"
        assert complaint(at, "prompts/noise.log") == f'"prompts/noise.log": expected a readable file, found: {found}'
        assert at.read_config() is None


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "expected a file, a folder or a glob, found an empty name"),
        ("/etc/hosts", "expected a path that counts from the folder of the config file"),
        ("~/a.md", "expected a path that counts from the folder of the config file; ./~ is a name that begins with ~"),
        ("none/*.md", "expected one file or more, found nothing"),
        ("prompts/*.pdf", "expected one file or more, found nothing"),
    ],
)
def test_a_pattern_that_names_nothing_is_refused(config: Path, pattern: str, message: str) -> None:
    with open_commit(config, "HEAD") as at:
        for root in (open_working_tree(config), at):
            assert complaint(root, pattern) == f'"{pattern}": {message}'


@pytest.mark.parametrize(
    ("pattern", "in_tree", "in_commit"),
    [
        ("none.md", "No such file or directory", "no such file in {}"),
        ("prompts/a.md/x", "Not a directory", "no such file in {}"),
        ("a\0b", NULL_BYTE, "no such file in {}"),
        ("x" * 300, "File name too long", "no such file in {}"),
        ("loop", "Too many levels of symbolic links", None),
        ("loop/a.md", "Too many levels of symbolic links", None),
    ],
)
def test_a_file_that_is_not_there_is_refused(config: Path, pattern: str, in_tree: str, in_commit: str | None) -> None:
    named = f'"{pattern[:60]}{"…" if len(pattern) > 60 else ""}": expected a readable file, found:'.replace("\0", "\\x00")
    assert complaint(open_working_tree(config), pattern) == f"{named} {in_tree}"
    with open_commit(config, "HEAD") as at:
        loop = f"HEAD:app/{pattern}: expected a path inside of the repository, found a loop of symbolic links"
        assert complaint(at, pattern) == (f"{named} {in_commit.format(at.label)}" if in_commit else loop)


def test_a_loop_of_links_matches_no_glob(config: Path) -> None:
    assert complaint(open_working_tree(config), "l*") == (
        '"l*": expected one file or more, found only what is left out (app/loop: symbolic link)'
    )
    assert complaint(open_working_tree(config), "loop/*.md") == '"loop/*.md": expected one file or more, found nothing'


def test_nothing_outside_of_the_repository_is_read(config: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("Outside.")
    Path("app/out.md").symlink_to("../../outside.md")
    Path("app/absolute.md").symlink_to(tmp_path / "outside.md")
    Path("app/up").symlink_to("../..")
    commit_all(Path())
    outside = "expected a path inside of the repository, found one that leaves it"
    with open_commit(config, "HEAD") as at:
        for pattern, name, in_tree in (
            ("../../outside.md", "../outside.md", "../outside.md"),
            ("../..", "..", ".."),
            ("../../*.md", "..", ".."),
            ("../../../**/none", "../..", "../.."),
            ("up", "app/up", "app/up"),
            ("up/*.md", "app/up", "app/up"),
            ("up/outside.md", "app/up/outside.md", "app/up/outside.md"),
        ):
            assert complaint(at, pattern) == f"HEAD:{name}: {outside}"
            assert complaint(open_working_tree(config), pattern) == f"{in_tree}: {outside}"
        for name in ("out.md", "absolute.md"):
            assert complaint(open_working_tree(config), name) == f"app/{name}: {outside}"
            assert complaint(at, name) == f"HEAD:app/{name}: {outside}"


def test_the_folder_of_git_is_not_read(config: Path) -> None:
    Path("app/link").symlink_to("../.git/config")
    for pattern in ("../.git/config", "../.git", "link", "../.git/*"):
        with pytest.raises(InputError, match="expected a path inside of the repository, found one that leaves it"):
            open_working_tree(config).find_files(pattern)


def test_a_linked_config_file_stays_inside_too(config: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ghp_0123456789abcdef")
    config.unlink()
    config.symlink_to("../../secret")
    with pytest.raises(InputError) as error:
        open_working_tree(config).read_config()
    assert str(error.value) == "app/gpt41.yaml: expected a path inside of the repository, found one that leaves it"


def test_outside_of_git_only_the_folder_of_the_config_file_is_read(tmp_path: Path) -> None:
    config = tmp_path / "app" / "gpt41.yaml"
    for name in ("app/gpt41.yaml", "app/prompts/a.md", "shared/b.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "app" / "inside.md").symlink_to("prompts/a.md")
    (tmp_path / "app" / "link.md").symlink_to("../shared/b.md")
    assert content(open_working_tree(config), "inside.md") == {"inside.md": b"app/prompts/a.md"}
    message = "expected a path inside of the folder of the config file, found one that leaves it; outside of a git repository, "
    for pattern in ("../shared/b.md", "../shared", "../**/*.md", "link.md"):
        with pytest.raises(InputError, match=re.escape(message)):
            open_working_tree(config).find_files(pattern)
    (tmp_path / ".git").mkdir()
    assert content(open_working_tree(config), "../shared/b.md") == {"../shared/b.md": b"shared/b.md"}


def test_outside_of_a_repository_there_is_a_working_tree_only(tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text("version: 1")
    (tmp_path / ".gitignore").write_text("no.md")
    for name in ("a.md", "no.md"):
        (tmp_path / name).write_text(name)
    assert content(open_working_tree(tmp_path / "gpt41.yaml"), "*.md") == {"a.md": b"a.md"}
    complaint = '^"HEAD": expected a commit, found no repository to read: not a git repository'
    with pytest.raises(InputError, match=complaint), open_commit(tmp_path / "gpt41.yaml", "HEAD"):
        pass


def test_the_nearest_config_file_is_found(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = config.absolute()
    (tmp_path / "link").symlink_to(file.parent / "prompts")
    for start in (file.parent, file.parent / "prompts" / "old", tmp_path / "link"):
        assert find_nearest_config(start, "") == file
    monkeypatch.chdir(file.parent / "prompts")
    assert find_nearest_config(Path(), "") == find_nearest_config(Path(".."), "") == file
    (file.parent / "prompts" / "gpt41.yaml").symlink_to("nowhere")
    assert find_nearest_config(Path(), "").parent == file.parent / "prompts"


def test_where_no_config_file_is_found_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        find_nearest_config(tmp_path, "write one")
    assert str(error.value) == "gpt41.yaml: expected one here or in a folder above, found none; write one"


def test_paths_count_from_where_a_linked_config_file_is_named(config: Path, tmp_path: Path) -> None:
    Path("gpt41.yaml").symlink_to("app/gpt41.yaml")
    commit_all(Path())
    (tmp_path / "way").symlink_to(Path.cwd())
    for named in (Path("gpt41.yaml"), tmp_path / "way" / "gpt41.yaml"):
        with open_commit(named, "HEAD") as at:
            for root in (open_working_tree(named), at):
                assert root.read_config() == b"version: 1"
                assert content(root, "shared") == {"shared/system.md": b"Be brief."}


def test_a_config_file_that_cannot_be_read_is_an_error(config: Path) -> None:
    config.unlink()
    assert open_working_tree(config).read_config() is None
    for target, found in (("none", "No such file or directory"), ("gpt41.yaml", "Too many levels of symbolic links")):
        config.symlink_to(target)
        with pytest.raises(InputError) as error:
            open_working_tree(config).read_config()
        assert str(error.value) == f"app/gpt41.yaml: expected a readable file, found: {found}"
        config.unlink()
    config.mkdir()
    with pytest.raises(InputError, match=r"^app/gpt41\.yaml: expected a file, found a folder$"):
        open_working_tree(config).read_config()


def test_a_config_file_has_a_sane_size(config: Path) -> None:
    config.write_bytes(b"#" * 1_000_000)
    commit_all(Path())
    with open_commit(config, "HEAD") as at:
        assert at.read_config() == open_working_tree(config).read_config() == b"#" * 1_000_000
    config.write_bytes(b"#" * 1_000_001)
    commit_all(Path())
    with open_commit(config, "HEAD") as at:
        for root, name in ((at, "HEAD:app/gpt41.yaml"), (open_working_tree(config), "app/gpt41.yaml")):
            with pytest.raises(InputError) as error:
                root.read_config()
            assert str(error.value) == f"{name}: expected a table of at most 1,000,000 bytes, found more"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_what_is_not_a_file_is_refused_when_it_is_opened(config: Path) -> None:
    os.mkfifo("app/pipe")
    (source,) = open_working_tree(config).find_files("pipe")[0].values()
    with pytest.raises(InputError, match="^app/pipe: expected a file, found a FIFO"):
        source.open()
