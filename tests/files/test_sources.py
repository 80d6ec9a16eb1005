"""Files, folders and pipes: what is text is read exactly, what is not is named."""

from __future__ import annotations

import io
import os
import subprocess
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.answers.logs import LogReader
from gpt41_cli.commands.batch.split import spool_source
from gpt41_cli.errors import InputError
from gpt41_cli.files import documents, sources, text, trees
from gpt41_cli.files.sources import InputSource, open_source
from gpt41_cli.work.stream import skip_or_raise
from tests.builders import make_deep_folder


def decoded(data: bytes) -> str:
    return "".join(text.decode_text(text.read_chunks(io.BytesIO(data)), "file"))


@given(st.text(st.characters(codec="utf-8")))
def test_utf8_is_read_as_it_is(content: str) -> None:
    content = content.removeprefix("\ufeff")
    assert decoded(content.encode()) == content


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding_and_is_not_text(encoding: str) -> None:
    assert decoded("naïve 字\r\n".encode(encoding)) == "naïve 字\r\n"


@pytest.mark.parametrize("mark", ["utf-16-be", "utf-32-be"])
def test_big_endian_marks_are_known(mark: str) -> None:
    assert decoded("\ufeffok".encode(mark)) == "ok"


def test_line_ends_stay() -> None:
    assert decoded(b"a\r\nb\rc\n") == "a\r\nb\rc\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"caf\xe9 au lait", "found the byte 0xe9 at offset 3, which isn't UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "found the byte 0x89 at offset 0, which isn't UTF-8"),
        (b"ends in \xe5\xad", "found the byte 0xe5 at offset 8, which isn't UTF-8"),
        (b"\xff\xfea\x00b", "found the byte 0x62 at offset 4, which isn't UTF-16-LE"),
        (b"x" * (1 << 20) + b"\xc3", "found the byte 0xc3 at offset 1,048,576, which isn't UTF-8"),
        (b"x" * ((1 << 20) - 1) + b"\xc3(", "found the byte 0xc3 at offset 1,048,575, which isn't UTF-8"),
    ],
)
def test_bytes_that_are_not_text_are_named(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        decoded(data)
    assert str(error.value).startswith("file: expected text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark; ")
    assert str(error.value).endswith(message)


def test_a_character_cut_by_the_size_of_a_read_is_whole() -> None:
    content = "x" * ((1 << 20) - 1) + "字" + "y"
    assert decoded(content.encode()) == content


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with everything that is not a plain text file."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "expected a file, found a folder"),
        ("fifo", "expected a file, found a FIFO; send its content to standard input and name it -"),
        ("missing", "expected a readable file, found: No such file or directory"),
        ("n\0l", "embedded null"),
    ],
)
def test_what_is_not_a_file_is_refused_without_waiting(odd: Path, name: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        sources.open_file(odd / name)
    assert message in str(error.value)


def test_a_device_is_refused() -> None:
    with pytest.raises(InputError, match="/dev/zero: expected a file, found a device or a socket"):
        sources.open_file(Path("/dev/zero"))


TREE = {
    ".gitignore": "*.log\n/build/\n!keep.log\n",
    "readme.md": "read me",
    "keep.log": "kept",
    "noise.log": "ignored",
    "build/out.txt": "ignored",
    "src/a.py": "a = 1",
    "src/deep/.gitignore": "a.txt\n!noise.log\n",
    "src/deep/a.txt": "ignored",
    "src/deep/noise.log": "let in again",
    "src/build/b.txt": "not the root's build",
}
LISTED = {".gitignore", "keep.log", "readme.md", "src/a.py", "src/build/b.txt", "src/deep/.gitignore", "src/deep/noise.log"}
LEFT_OUT = {"build/", "noise.log", "src/deep/a.txt"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, content in TREE.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "tree"


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True, capture_output=True)


def names(folder: Path, listing: trees.FolderListing) -> tuple[set[str], set[str]]:
    listed = {str(path.relative_to(folder)) for path in listing.files}
    return listed, {each.path.removeprefix(f"{folder}/") for each in listing.skipped}


def test_outside_of_a_repository_the_gitignores_decide(tree: Path) -> None:
    assert names(tree, trees.list_files(tree)) == (LISTED, LEFT_OUT)


def test_in_a_repository_git_decides(tree: Path) -> None:
    git(tree, "init")
    assert names(tree, trees.list_files(tree)) == (LISTED, LEFT_OUT)
    git(tree, "add", "--force", "noise.log")
    listed, _ = names(tree, trees.list_files(tree))
    assert "noise.log" in listed, "a tracked file is listed although it is ignored"
    (tree / "readme.md").unlink()
    assert names(tree, trees.list_files(tree))[0] == listed - {"readme.md"}


def test_links_are_left_out_and_never_followed(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "alias.md").symlink_to(tree / "readme.md")
    os.mkfifo(tree / "fifo")
    for is_repository in (False, True):
        if is_repository:
            git(tree, "init")
        left_out = {Path(each.path).name: each.reason for each in trees.list_files(tree).skipped}
        assert left_out["loop"] == left_out["alias.md"] == trees.LINK
    assert trees.list_files(tree).files


@pytest.mark.parametrize("line", ["!", "\\", "a\\", "[z-a]", "[[:foo:]]", "a**b\\"])
def test_a_line_that_is_not_a_pattern_is_passed_over(tree: Path, line: str) -> None:
    with (tree / ".gitignore").open("a") as rules:
        rules.write(line + "\n")
    assert names(tree, trees.list_files(tree))[0] >= LISTED


def test_a_hook_of_another_repository_changes_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tree, "init")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert {path.name for path in trees.list_files(tree / "src").files} == {"a.py", "b.txt", ".gitignore", "noise.log"}


def test_a_file_in_the_place_of_a_tracked_folder(tree: Path) -> None:
    git(tree, "init")
    git(tree, "add", "src/a.py")
    for path in sorted((tree / "src").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tree / "src").rmdir()
    (tree / "src").write_text("now a file")
    assert "src" in names(tree, trees.list_files(tree))[0]


def test_a_broken_repository_is_a_folder(tree: Path) -> None:
    (tree / ".git").mkdir()
    (tree / ".git" / "HEAD").write_text("no repository")
    assert names(tree, trees.list_files(tree)) == (LISTED, LEFT_OUT)


def test_a_file_that_cannot_be_looked_at_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.name == "readme.md":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert trees.SkippedPath(str(tree / "readme.md"), "Permission denied", is_unreadable=True) in trees.list_files(tree).skipped


def test_other_repositories_are_left_out(tree: Path) -> None:
    git(tree, "init", "inner")
    (tree / "inner" / "file.txt").write_text("theirs")
    git(tree / "inner", "add", ".")
    git(tree / "inner", "commit", "-m", "theirs")
    for command in ((), ("init",), ("add", "inner")):
        if command:
            git(tree, *command)
        listing = trees.list_files(tree)
        assert trees.SkippedPath(str(tree / "inner"), trees.REPOSITORY) in [
            each._replace(path=each.path.rstrip("/")) for each in listing.skipped
        ]
        assert not any("inner" in path.parts for path in listing.files)


def test_an_ignored_folder_that_is_named_is_read(tree: Path) -> None:
    git(tree, "init")
    assert [path.name for path in trees.list_files(tree / "build").files] == ["out.txt"]


def test_a_repository_cannot_start_a_program(tree: Path) -> None:
    git(tree, "init")
    git(tree, "config", "core.fsmonitor", f"touch {tree}/started")
    trees.list_files(tree)
    assert not (tree / "started").exists()


def test_a_folder_that_cannot_be_listed_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path in (tree / "src/deep", tree / "alone"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    (tree / "alone").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    denied = [trees.SkippedPath(str(tree / name), "Permission denied", is_unreadable=True) for name in ("src/deep", "alone")]
    listing = trees.list_files(tree)
    assert {each for each in listing.skipped if each.is_unreadable} == {*denied}
    assert names(tree, listing)[0] == {name for name in LISTED if not name.startswith("src/deep/")}
    assert trees.list_files(tree / "alone") == ([], denied[1:])
    with pytest.raises(InputError, match=r"expected a folder with text, found only what is left out .*Permission denied"):
        sources.find_sources([str(tree / "alone")], None, io.BytesIO)


def test_a_folder_deeper_than_the_system_takes_is_named(tree: Path) -> None:
    name = make_deep_folder(tree)
    for is_repository in (False, True):
        if is_repository:
            git(tree, "init")
        listing = trees.list_files(tree)
        ((path, reason, *_),) = (each for each in listing.skipped if each.is_unreadable)
        assert path.startswith(str(tree / name))
        assert reason == "File name too long"
        assert names(tree, listing)[0] == LISTED


def test_what_git_says_of_a_folder_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        b"warning: unable to access '/home/ada/.config/git/ignore': Permission denied\n"
        b"warning: unable to access '.gitignore': Permission denied\n"
        b"warning: could not open directory 'src/a b/': Permission denied\n"
        b"warning: unable to access 'src/deep/.gitignore': Permission denied\n"
    )

    def run_git(_: Path, command: str, *options: str) -> subprocess.CompletedProcess[bytes]:
        answers = {"ls-files": b"a.py\0", "rev-parse": b"src/\n"}
        return subprocess.CompletedProcess((), 0, answers[command], said if "--cached" in options else b"")

    monkeypatch.setattr(trees, "run_git", run_git)
    unlisted = [each for each in trees.list_files(tree / "src").skipped if each.is_unreadable]
    assert unlisted == [
        trees.SkippedPath(str(tree / "src/a b"), "Permission denied", is_unreadable=True),
        trees.SkippedPath(str(tree / "src/deep/.gitignore"), "Permission denied", is_unreadable=True),
    ]


def test_a_gitignore_is_read_only_if_it_is_a_small_file(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("readme.md\n")
    (tree / "src" / ".gitignore").symlink_to(tmp_path / "rules")
    (tree / "src" / "readme.md").write_text("not ignored by a link, as in git")
    (tree / "src" / "deep" / ".gitignore").write_text("a\n" * 50_001)
    listing = trees.list_files(tree)
    assert "src/readme.md" in names(tree, listing)[0]
    reason = "its .gitignore has more than 100,000 bytes"
    assert trees.SkippedPath(str(tree / "src/deep"), reason, is_unreadable=True) in listing.skipped


def test_a_file_called_minus_is_not_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-").write_text("One.")
    with pytest.raises(InputError) as error:
        sources.find_sources(["-"], None, io.BytesIO)
    hint = "write ./- for the file, /dev/stdin for standard input"
    assert str(error.value) == f"-: expected one meaning, found standard input and a file of that name; {hint}"
    ((named,), _) = sources.find_sources(["./-"], None, io.BytesIO)
    with named.open() as stream:
        assert stream.read() == b"One."


def test_a_file_of_a_folder_that_cannot_be_read_is_missing() -> None:
    def refuse() -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    source = sources.InputSource("a.md", refuse, is_from_folder=True)
    with pytest.raises(sources.Unreadable) as error, sources.open_source(source):
        pass
    assert skip_or_raise(source, error.value) == trees.SkippedPath("a.md", "Permission denied", is_unreadable=True)
    other = InputError(expected="text", found="none", location="a.md")
    assert skip_or_raise(source, other) == trees.SkippedPath("a.md", "expected text, found none")
    logs = LogReader([source])
    assert list(logs.read()) == []
    reason = "expected a readable file, found: Permission denied"
    assert logs.skipped == [trees.SkippedPath("a.md", reason, is_unreadable=True)]


def test_a_line_whose_end_never_comes_is_an_error_with_the_name_of_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The limits are those of an ordinary run in small."""
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 1_000)
    monkeypatch.setattr(documents, "_ENDLESS_LINE_BYTES", 4_000)
    message = "^a.log: expected lines of at most 1,000 bytes, found one without an end$"
    source = InputSource("a.log", lambda: io.BytesIO(b"{}\n" + b"x" * 9_000))
    with pytest.raises(InputError, match=message), open_source(source) as stream:
        list(documents.split_into_blocks(iter(partial(stream.read, 100), b"")))
    monkeypatch.setattr("gpt41_cli.files.text.CHUNK_BYTES", 100)
    with pytest.raises(InputError, match=message), spool_source(source, tmp_path):
        pytest.fail("it has no end")


def test_what_comes_once_can_be_looked_into_before_it_is_read() -> None:
    given = b"".join(b"%d\n" % number for number in range(5_000))
    piped = sources.read_twice(InputSource("-", partial(io.BytesIO, given)))
    with open_source(piped) as first:
        assert first.read(10) == given[:10]
    with open_source(piped) as again:
        assert b"".join(text.read_chunks(again)) == given
        assert (again.readable(), again.closed) == (True, False)
    assert again.closed
    alone = InputSource("log.jsonl", io.BytesIO)
    assert sources.read_twice(alone) is alone


def test_zeros_without_an_end_are_refused() -> None:
    zeros = (bytes(text.CHUNK_BYTES) for _ in count())
    with pytest.raises(text.NotText, match="expected text, found 1,048,576 bytes of zeros in a row"):
        list(text.decode_text(zeros, "-"))
    assert list(text.decode_text([bytes(5)], "-")) == ["\0" * 5]
