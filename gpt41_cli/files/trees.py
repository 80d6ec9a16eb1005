"""The files of a folder as git would list them. What is ignored is skipped and reported."""

from __future__ import annotations

import os
import re
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.errors import InputError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

IGNORED = "ignored"
LINK = "symbolic link"
REPOSITORY = "another repository"
SPECIAL = "special file"


class SkippedPath(NamedTuple):
    """A path that isn't counted, and why."""

    path: str
    reason: str


class FolderListing(NamedTuple):
    """The regular files below a folder, sorted, and what was skipped."""

    files: list[Path]
    skipped: list[SkippedPath]


def list_files(folder: Path) -> FolderListing:
    """List the files that git would list in `folder`, tracked or not. Outside a repository, .gitignore files alone decide."""
    listed = _list_git_files(folder, "--cached", "--others", "--exclude-standard")
    if listed is None or (not listed and _is_ignored_itself(folder)):
        return _sort_listing(folder, *_walk_folder(folder))
    ignored = _list_git_files(folder, "--others", "--ignored", "--exclude-standard", "--directory") or []
    return _sort_listing(folder, listed, ignored)


def build_git_command(folder: Path, *arguments: str) -> list[str]:
    """Build a git command for `folder` that keeps the repository's own configuration from starting a program."""
    return ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]


def build_git_environment() -> dict[str, str]:
    """Return this process's environment without what makes git, inside a hook, use another repository or index.

    git's messages are in English, and it fetches nothing that a partial clone left out: older versions, which don't know
    GIT_NO_LAZY_FETCH, have no protocol to do it with.
    """
    hook = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
    kept = {name: value for name, value in os.environ.items() if name not in hook}
    return {**kept, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}


def _sort_listing(folder: Path, listed: list[str], ignored: list[str]) -> FolderListing:
    files: list[Path] = []
    left_out = [SkippedPath(str(folder / name) + "/" * name.endswith("/"), IGNORED) for name in ignored]
    for name in sorted(set(listed)):
        path = folder / name
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted, but git lists it until that is committed
        except OSError as error:
            left_out.append(SkippedPath(str(path), f"unreadable: {error.strerror}"))
            continue
        if S_ISREG(mode):
            files.append(path)
        else:
            reason = LINK if S_ISLNK(mode) else REPOSITORY if S_ISDIR(mode) else SPECIAL
            left_out.append(SkippedPath(str(path), reason))
    return FolderListing(files, left_out)


def run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git. Without the program, return a failed run that says so."""
    command = build_git_command(folder, *arguments)
    try:
        return subprocess.run(command, capture_output=True, check=False, env=build_git_environment())
    except OSError:
        return subprocess.CompletedProcess(command, 127, b"", b"there is no program git; install it")


def _list_git_files(folder: Path, *options: str) -> list[str] | None:
    """Return what `git ls-files` prints for `folder`; None without git or outside a repository."""
    done = run_git(folder, "ls-files", "-z", *options)
    return None if done.returncode else [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _is_ignored_itself(folder: Path) -> bool:
    """Return True if the user named a folder that git ignores. Then its own .gitignore files decide."""
    return run_git(folder, "check-ignore", "--quiet", ".").returncode == 0


def _walk_folder(folder: Path) -> tuple[list[str], list[str]]:
    """List relative names of the files below `folder` that its .gitignore files admit, and what they ignore."""
    listed: list[str] = []
    ignored: list[str] = []
    pending: list[tuple[str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [("", ())]
    while pending:
        base, rules = pending.pop()
        rules += _read_ignore_rules(folder, base)
        for entry in _scan_folder(folder / base):
            name = base + entry.name + "/" * entry.is_dir(follow_symlinks=False)
            if name == base + ".git/" or name == base + ".git":
                continue
            if _is_ignored(name, rules):
                ignored.append(name)
            elif name.endswith("/") and not (folder / name / ".git").exists():
                pending.append((name, rules))
            else:
                listed.append(name)
    return listed, sorted(ignored)


def _scan_folder(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(expected="a readable folder", found=error, location=str(folder)) from None


def _read_ignore_rules(folder: Path, base: str) -> tuple[tuple[str, GitIgnoreSpec], ...]:
    """Read the rules of the .gitignore in `base`, if there is one, with the folder that they count from."""
    place = folder / base / ".gitignore"
    lines: list[str] = []
    with suppress(OSError):
        if place.is_file():  # reading a FIFO would wait
            lines = place.read_text("utf-8", "replace").splitlines()
    if not lines:
        return ()
    from pathspec import GitIgnoreSpec

    patterns: list[GitIgnoreSpecPattern] = []
    with warnings.catch_warnings(action="ignore"):  # regular expressions warn about patterns that git accepts
        for line in lines:
            with suppress(ValueError, re.error):  # a line that isn't a pattern is skipped, as in git
                patterns += GitIgnoreSpec.from_lines([line]).patterns
    return ((base, GitIgnoreSpec(patterns)),)


def _is_ignored(name: str, rules: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
    """Return True if `name` is ignored. The deepest .gitignore that mentions it decides."""
    for base, spec in reversed(rules):
        verdict = spec.check_file(name[len(base) :]).include
        if verdict is not None:
            return verdict
    return False
