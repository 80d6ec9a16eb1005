"""List the files of a folder as git would. Ignored files are skipped and reported."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import NamedTuple

from gpt41_cli.errors import InputError
from gpt41_cli.files.globs import IgnoreRule, is_ignored, parse_ignore_rules

IGNORED = "ignored"
LINK = "symbolic link"
REPOSITORY = "another repository"
SPECIAL = "special file"
MARK = "a mark of the engine that wrote the folder"

_MAX_IGNORE_BYTES = 100_000
_MARKS = re.compile(r"_SUCCESS|_(?:started|committed)_\d+|\..*\.crc")
"""Names of what Spark and Databricks write next to the parts of a table."""
_TABLE_MARK = re.compile(r"(|.*?/)(_delta_log/\d+\.json|metadata/[^/]+\.metadata\.json|\.hoodie/)")
_TABLE_FORMATS = {"_del": "a table of Delta Lake", "meta": "a table of Iceberg", ".hoo": "a table of Hudi"}
"""What each mark begins with, and what it is that of."""
_UNLISTED_BY_GIT = re.compile(rb"^warning: (?:could not open directory|unable to access) '([^/].*?)(?:': (.+))?$", re.MULTILINE)
"""The message of git about a path that it can't list before it goes on; it cuts off a long path. Its own settings are elsewhere.
"""


class SkippedPath(NamedTuple):
    """A path that isn't counted, and why. `is_unreadable`: its content isn't known, because of the system or of damage in a
    `line`.
    """

    path: str
    reason: str
    is_unreadable: bool = False
    line: int | None = None


class FolderListing(NamedTuple):
    """The regular files below a folder, sorted, and what was skipped."""

    files: list[Path]
    skipped: list[SkippedPath]


def find_tables(names: Iterable[str]) -> dict[str, str]:
    """Find the folders of tables of which some files don't count, by the names of all files, with why they can't be read."""
    marks = (_TABLE_MARK.match(name) for name in names)
    formats = {mark[1]: _TABLE_FORMATS[mark[2][:4]] for mark in marks if mark}
    return {
        name: f"{kind}, whose files may hold deleted rows: write its current rows to Parquet, and name that"
        for name, kind in sorted(formats.items())
    }


def list_files(folder: Path) -> FolderListing:
    """List the files that git would list in `folder`, tracked or not. Outside a repository, .gitignore files alone decide.

    A folder in it that can't be listed is among what is skipped.
    """
    listed = _list_git_files(folder, "--cached", "--others", "--exclude-standard")
    if listed is None or (not listed.names and _is_ignored_itself(folder)):
        return _sort_listing(folder, _walk_folder(folder))
    ignored = _list_git_files(folder, "--others", "--ignored", "--exclude-standard", "--directory")
    return _sort_listing(folder, listed._replace(ignored=ignored.names if ignored else []))


def build_git_command(folder: Path, *arguments: str) -> list[str]:
    """Build a git command for `folder` that keeps the repository's own configuration from starting a program."""
    return ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]


def build_git_environment() -> dict[str, str]:
    """Return this process's environment without the variables that make git, inside a hook, use another repository or index.

    git's messages are in English, and it fetches nothing that a partial clone left out: older versions, which don't know
    GIT_NO_LAZY_FETCH, have no protocol to do it with. A commit is read as it is, whatever `git replace` or grafts say.
    """
    hook = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
    kept = {name: value for name, value in os.environ.items() if name not in hook}
    as_stored = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}
    return {**kept, **as_stored, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}


class _NamesInFolder(NamedTuple):
    """Names relative to a folder: what is listed, what is ignored, and what can't be listed, with the reasons."""

    names: list[str]
    ignored: list[str]
    unlisted: dict[str, str]


def _sort_listing(folder: Path, content: _NamesInFolder) -> FolderListing:
    files: list[Path] = []
    left_out = [SkippedPath(str(folder / name) + "/" * name.endswith("/"), IGNORED) for name in content.ignored]
    left_out += (SkippedPath(str(folder / name), reason, is_unreadable=True) for name, reason in content.unlisted.items())
    tables = find_tables(content.names)
    left_out += (SkippedPath(f"{folder / name}/", reason, is_unreadable=True) for name, reason in tables.items())
    for name in sorted(set(content.names)):
        if name.startswith(tuple(tables)):
            continue
        path = folder / name
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted, but git lists it until that is committed
        except OSError as error:
            left_out.append(SkippedPath(str(path), error.strerror or "unreadable", is_unreadable=True))
            continue
        if S_ISREG(mode) and _MARKS.fullmatch(path.name):
            left_out.append(SkippedPath(str(path), MARK))
        elif S_ISREG(mode):
            files.append(path)
        else:
            reason = LINK if S_ISLNK(mode) else REPOSITORY if S_ISDIR(mode) else SPECIAL
            left_out.append(SkippedPath(str(path), reason))
    return FolderListing(files, left_out)


def run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git. Without the program, return a failed run that says so.

    Raises InputError if the system can't start git or ends it: then git's answer isn't known.
    """
    command = build_git_command(folder, *arguments)
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=build_git_environment())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return subprocess.CompletedProcess(command, 127, b"", b"git is not installed")
    except OSError as error:
        raise make_git_error(error) from None
    if done.returncode < 0:
        raise InputError(expected="git to finish", found=f"signal {-done.returncode}, which ended it")
    return done


def make_git_error(error: OSError) -> InputError:
    """Make the error for a system that can't start git."""
    return InputError(expected="to be able to start git", found=error)


def _list_git_files(folder: Path, *options: str) -> _NamesInFolder | None:
    """Return what `git ls-files` prints for `folder`; None without git or outside a repository."""
    done = run_git(folder, "ls-files", "-z", *options)
    if done.returncode:
        return None
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    return _NamesInFolder(names, [], _read_unlisted(folder, done.stderr))


def _read_unlisted(folder: Path, said: bytes) -> dict[str, str]:
    """Read what git says it can't list in `folder`. It names paths from the top of the repository."""
    matches = _UNLISTED_BY_GIT.findall(said)
    if not matches:
        return {}
    prefix = run_git(folder, "rev-parse", "--show-prefix").stdout.removesuffix(b"\n")
    return {
        os.fsdecode(path.removeprefix(prefix)): os.fsdecode(reason) or os.strerror(errno.ENAMETOOLONG)
        for path, reason in matches
        if path.startswith(prefix)
    }


def _is_ignored_itself(folder: Path) -> bool:
    """Return True if the user named a folder that git ignores. In that case its own .gitignore files decide."""
    return run_git(folder, "check-ignore", "--quiet", ".").returncode == 0


def _walk_folder(folder: Path) -> _NamesInFolder:
    """List the files below `folder` that its .gitignore files admit."""
    content = _NamesInFolder([], [], {})
    pending: list[tuple[str, tuple[tuple[str, list[IgnoreRule]], ...]]] = [("", ())]
    while pending:
        base, rules = pending.pop()
        try:
            with os.scandir(folder / base) as scanned:
                entries = list(scanned)
            rules += ((base, _read_ignore_rules(folder / base)),)
        except OSError as error:
            content.unlisted[base] = str(error.strerror)
            continue
        for entry in entries:
            name = base + entry.name + "/" * entry.is_dir(follow_symlinks=False)
            if entry.name == ".git":
                continue
            if _is_ignored(name, rules):
                content.ignored.append(name)
            elif name.endswith("/") and not os.path.lexists(folder / name / ".git"):
                pending.append((name, rules))
            else:
                content.names.append(name)
    content.ignored.sort()
    return content


def _read_ignore_rules(folder: Path) -> list[IgnoreRule]:
    """Read the rules of the .gitignore in `folder`, if there is one. Raises OSError if it can't be read or is too large."""
    place = folder / ".gitignore"
    if not os.path.lexists(place) or not S_ISREG(place.lstat().st_mode):  # git doesn't follow a link, and a FIFO would wait
        return []
    with place.open("rb") as file:
        data = file.read(_MAX_IGNORE_BYTES + 1)
    if len(data) > _MAX_IGNORE_BYTES:
        raise OSError(errno.EFBIG, f"its .gitignore has more than {_MAX_IGNORE_BYTES:,} bytes")
    return parse_ignore_rules(data.decode("utf-8", "surrogateescape"))


def _is_ignored(name: str, rules: tuple[tuple[str, list[IgnoreRule]], ...]) -> bool:
    """Return True if `name` is ignored. The deepest .gitignore that mentions it decides."""
    for base, own in reversed(rules):
        verdict = is_ignored(name[len(base) :].removesuffix("/"), own, is_folder=name.endswith("/"))
        if verdict is not None:
            return verdict
    return False
