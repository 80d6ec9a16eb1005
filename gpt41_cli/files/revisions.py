"""The files of a commit, read from git itself. Neither the working tree nor the index is touched, and nothing is fetched."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files.trees import LINK, REPOSITORY, SkippedPath, build_git_command, build_git_environment, make_git_error, run_git

_COMMIT_ID = re.compile(rb"[0-9a-f]{40,64}")
_LINK_MODE, _SUBMODULE_MODE = "120000", "160000"
_MAX_LINKS = 40
"""How many symbolic links are followed before they are called a loop, as operating systems do."""

_LFS_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(.+\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n")
"""https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md"""


class TreeEntry(NamedTuple):
    """What a commit has at a path: its mode as git writes it, and the id of its content."""

    mode: str
    object_id: str


class Revision(NamedTuple):
    """A commit: its `name` as given, its full id, the top of the repository, its sorted paths and what is there, and how to read
    that.

    Paths count from the top of the repository and have "/" between their names.
    """

    name: str
    commit: str
    repository_top: Path
    entries: Mapping[str, TreeEntry]
    read_content: Callable[[str], bytes | None]

    @property
    def short_name(self) -> str:
        """The name for messages: as given, or the first digits if that is the full id."""
        return self.commit[:7] if self.commit.startswith(self.name) else self.name

    @property
    def label(self) -> str:
        """The name and the first digits of the id, for people."""
        return sanitize(self.short_name if self.commit.startswith(self.name) else f"{self.name} ({self.commit[:7]})")

    def display_path(self, path: str) -> str:
        """Return the name of `path` for messages, in the form that `git show` takes."""
        return f"{self.short_name}:{path}"

    def is_file(self, path: str) -> bool:
        """Return True if there is a file at `path`, or a symbolic link to one. Raises InputError as `read` does."""
        return self._follow_links(path) in self.entries

    def read(self, path: str) -> bytes | None:
        """Read a file, following symbolic links; None if there is none.

        Raises InputError if it isn't in this repository: in a submodule, in Git LFS, outside, or left out by a partial clone.
        """
        entry = self.entries.get(self._follow_links(path))
        if entry is None:
            return None
        data = self._require_content(entry, path)
        if len(data) < 1024 and _LFS_POINTER.fullmatch(data):
            found = "a Git LFS pointer to content that no commit has; leave the file out, or keep it in git itself"
            raise InputError(expected="the content of a file", found=found, location=self.display_path(path))
        return data

    def list_files(self, folder: str) -> tuple[list[str], list[SkippedPath]]:
        """List the regular files below `folder`, sorted, and the skipped entries. Raises InputError as `read` does."""
        below = self._follow_links(folder) + "/"
        start = 0 if below == "/" else len(below)
        prefix = "" if folder in ("", ".") else folder + "/"
        files: list[str] = []
        left_out: list[SkippedPath] = []
        for path, entry in self.entries.items():
            if start and not path.startswith(below):
                continue
            name = prefix + path[start:]
            if entry.mode in (_LINK_MODE, _SUBMODULE_MODE):
                left_out.append(SkippedPath(name, LINK if entry.mode == _LINK_MODE else REPOSITORY))
            else:
                files.append(name)
        return files, left_out

    def _follow_links(self, path: str) -> str:
        """Return where `path` leads after following every symbolic link in it. There need not be anything."""
        pending = path.split("/")[::-1]
        place: list[str] = []
        links = 0
        while pending:
            name = pending.pop()
            if name == "..":
                if not place:
                    raise self._make_path_error(path, "one that leaves it")
                place.pop()
            elif name not in ("", "."):
                place.append(name)
                entry = self.entries.get("/".join(place))
                if entry and entry.mode == _SUBMODULE_MODE:
                    raise self._make_path_error(path, "a submodule, whose files are in a repository of its own")
                if entry and entry.mode == _LINK_MODE:
                    links += 1
                    target = os.fsdecode(self._require_content(entry, path))
                    if links > _MAX_LINKS:
                        raise self._make_path_error(path, "a loop of symbolic links")
                    if target.startswith("/"):
                        raise self._make_path_error(path, "one that leaves it")
                    place.pop()
                    pending += target.split("/")[::-1]
        return "/".join(place)

    def _make_path_error(self, path: str, found: str) -> InputError:
        return InputError(expected="a path inside of the repository", found=found, location=self.display_path(path))

    def _require_content(self, entry: TreeEntry, path: str) -> bytes:
        data = self.read_content(entry.object_id)
        if data is None:
            show = self.display_path(path)
            raise InputError(show, "its content", "a clone that left it out", f"git show {show} fetches it")
        return data


_TOP_ARGUMENTS = ("rev-parse", "--show-toplevel")


def find_repository_top(folder: Path) -> Path | None:
    """Return the top of the repository that `folder` is in; None outside a repository."""
    done = run_git(folder, *_TOP_ARGUMENTS)
    return None if done.returncode else Path(os.fsdecode(done.stdout.removesuffix(b"\n")))


def names_commit(folder: Path, name: str) -> bool:
    """Return True if the repository that `folder` is in has a commit called `name`, or several that the name may mean."""
    return not name.startswith("-") and not run_git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode


@contextmanager
def open_revision(folder: Path, name: str) -> Iterator[Revision]:
    """Open the commit `name` of the repository that `folder` is in. Its files can be read inside the with-block.

    Raises InputError if there is no such commit, no repository or no git.
    """
    place = find_repository_top(folder)
    if place is None:
        said = _format_git_error(run_git(folder, *_TOP_ARGUMENTS))
        raise InputError(quote_text(name), "a commit", f"no repository to read: {said}")
    commit = _resolve_commit(folder, name)
    entries = _list_tree(folder, name, commit)
    command = build_git_command(folder, "cat-file", "--batch")
    pipe, silent = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=silent, bufsize=0, env=build_git_environment())
    except OSError as error:
        raise make_git_error(error) from None
    with process:
        assert process.stdin
        assert process.stdout
        answers = io.BufferedReader(cast("io.RawIOBase", process.stdout))
        try:
            yield Revision(name, commit, place, entries, partial(_read_content, process.stdin, answers))
        finally:
            process.kill()  # a worker forked in the meantime may hold the other end of its pipe, so it would not end by itself


def _read_content(questions: IO[bytes], answers: BinaryIO, id_: str) -> bytes | None:
    """Read the content with an id; None if there is none. git answers `ID blob SIZE`, then that many bytes and a line break."""
    with suppress(BrokenPipeError):  # git may have ended because earlier content is missing
        questions.write(f"{id_}\n".encode())
    header = answers.readline().split()
    return answers.read(int(header[2]) + 1)[:-1] if len(header) == 3 else None


def _resolve_commit(folder: Path, name: str) -> str:
    """Return the full id of the commit `name`."""
    if not name or name.startswith("-") or "\0" in name:
        raise InputError(quote_text(name), "the name or the id of a commit", "none")
    revision = run_git(folder, "-c", "core.warnAmbiguousRefs=true", "rev-parse", "--verify", name)
    # The name may be a tag. With `:/text` git would take all of the rest for text.
    done = run_git(folder, "rev-parse", "--verify", "--quiet", f"{revision.stdout.decode().strip()}^{{commit}}")
    if b" is ambiguous" in revision.stderr:
        clearer = "write refs/heads/NAME or refs/tags/NAME, or more digits of an id"
        raise InputError(quote_text(name), "one commit", "more than one of that name", clearer)
    commit = done.stdout.strip()
    if not _COMMIT_ID.fullmatch(commit):
        raise InputError(quote_text(name), "a commit", _explain_missing_commit(folder, name))
    return commit.decode()


def _explain_missing_commit(folder: Path, name: str) -> str:
    """Explain why no commit of this name can be read, and what to do."""
    if ".." in name:
        return "a range; name its two ends one after the other"
    if kind := _read_git_output(folder, "cat-file", "-t", name):
        return f"a {kind}"
    if not _read_git_output(folder, "rev-list", "--max-count=1", "--all"):
        return "a repository without any; commit something first"
    if _read_git_output(folder, "rev-parse", "--is-shallow-repository") == "true":
        return "none of that name in a shallow clone; fetch it first: git fetch --unshallow (actions/checkout: fetch-depth: 0)"
    return "none of that name; fetch it first (git fetch), or name one that git branch --all or git log shows"


def _list_tree(folder: Path, name: str, commit: str) -> dict[str, TreeEntry]:
    """List every path of a commit, sorted as git does. git prints `MODE TYPE ID`, a tab and the path."""
    done = run_git(folder, "ls-tree", "-r", "-z", "--full-tree", commit)
    if done.returncode:
        raise InputError(quote_text(name), "a commit with its files", f"none: {_format_git_error(done)}")
    entries: dict[str, TreeEntry] = {}
    for line in done.stdout.split(b"\0")[:-1]:
        about, path = line.split(b"\t", 1)
        mode, _, id_ = about.decode().split(" ")
        entries[os.fsdecode(path)] = TreeEntry(mode, id_)
    return entries


def _read_git_output(folder: Path, *arguments: str) -> str:
    return run_git(folder, *arguments).stdout.decode().strip()


def _format_git_error(done: subprocess.CompletedProcess[bytes]) -> str:
    """Format git's own complaint on one line."""
    return sanitize(" ".join(os.fsdecode(done.stderr).split()).removeprefix("fatal: "))
