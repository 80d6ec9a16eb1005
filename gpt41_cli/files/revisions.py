"""The files of a commit, read from git itself: neither the working tree nor the index is touched, and nothing is fetched."""

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

from gpt41_cli.display import printable
from gpt41_cli.errors import InputError, quoted
from gpt41_cli.files.trees import LINK, REPOSITORY, LeftOut, git_command, git_environment

_COMMIT = re.compile(rb"[0-9a-f]{40,64}")
_LINK, _SUBMODULE = "120000", "160000"
_MOST_LINKS = 40
"""As many symbolic links as a system follows before it speaks of a loop."""

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(.+\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n")
"""https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md"""


class Entry(NamedTuple):
    """What a commit has at a path: its mode as git writes it, and the id of its content."""

    mode: str
    id: str


class Revision(NamedTuple):
    """A commit: its `name` as it was given, its full id, the top of the repository, what it has at which path, sorted, and how to
    read that.

    Paths count from the top of the repository and have "/" between their names.
    """

    name: str
    commit: str
    top: Path
    entries: Mapping[str, Entry]
    content: Callable[[str], bytes | None]

    @property
    def short(self) -> str:
        """How messages call it: by its name, or the first digits where that is its id."""
        return self.commit[:7] if self.commit.startswith(self.name) else self.name

    @property
    def label(self) -> str:
        """Its name and the first digits of its id, to be read."""
        return printable(self.short if self.commit.startswith(self.name) else f"{self.name} ({self.commit[:7]})")

    def shown(self, path: str) -> str:
        """How messages call what it has at `path`; `git show` takes that, too."""
        return f"{self.short}:{path}"

    def is_file(self, path: str) -> bool:
        """Whether there is a file at `path`, or a symbolic link to one. InputError as in `read`."""
        return self._followed(path) in self.entries

    def read(self, path: str) -> bytes | None:
        """The content of a file, symbolic links followed; None where there is none.

        InputError where it is not in this repository: in a submodule, in Git LFS, outside, or left out by a partial clone.
        """
        entry = self.entries.get(self._followed(path))
        if entry is None:
            return None
        data = self._content(entry, path)
        if len(data) < 1024 and _POINTER.fullmatch(data):
            found = "a Git LFS pointer to content that no commit has; leave the file out, or keep it in git itself"
            raise InputError(f"{printable(self.shown(path))}: expected the content of a file, found {found}")
        return data

    def files(self, folder: str) -> tuple[list[str], list[LeftOut]]:
        """The regular files below `folder`, sorted, and what is none. InputError as in `read`."""
        below = self._followed(folder) + "/"
        start = 0 if below == "/" else len(below)
        prefix = "" if folder in ("", ".") else folder + "/"
        files: list[str] = []
        left_out: list[LeftOut] = []
        for path, entry in self.entries.items():
            if start and not path.startswith(below):
                continue
            name = prefix + path[start:]
            if entry.mode in (_LINK, _SUBMODULE):
                left_out.append(LeftOut(name, LINK if entry.mode == _LINK else REPOSITORY))
            else:
                files.append(name)
        return files, left_out

    def _followed(self, path: str) -> str:
        """Where `path` leads when every symbolic link in it is followed; there need not be anything."""
        pending = path.split("/")[::-1]
        place: list[str] = []
        links = 0
        while pending:
            name = pending.pop()
            if name == "..":
                if not place:
                    raise self._refused(path, "one that leaves it")
                place.pop()
            elif name not in ("", "."):
                place.append(name)
                entry = self.entries.get("/".join(place))
                if entry and entry.mode == _SUBMODULE:
                    raise self._refused(path, "a submodule, whose files are in a repository of its own")
                if entry and entry.mode == _LINK:
                    links += 1
                    target = os.fsdecode(self._content(entry, path))
                    if links > _MOST_LINKS:
                        raise self._refused(path, "a loop of symbolic links")
                    if target.startswith("/"):
                        raise self._refused(path, "one that leaves it")
                    place.pop()
                    pending += target.split("/")[::-1]
        return "/".join(place)

    def _refused(self, path: str, found: str) -> InputError:
        return InputError(f"{printable(self.shown(path))}: expected a path inside of the repository, found {found}")

    def _content(self, entry: Entry, path: str) -> bytes:
        data = self.content(entry.id)
        if data is None:
            show = printable(self.shown(path))
            raise InputError(f"{show}: expected its content, found a clone that left it out; git show {show} fetches it")
        return data


_TOP = ("rev-parse", "--show-toplevel")


def top(folder: Path) -> Path | None:
    """The top of the repository that `folder` is in; None where it is in none."""
    done = _git(folder, *_TOP)
    return None if done.returncode else Path(os.fsdecode(done.stdout.removesuffix(b"\n")))


@contextmanager
def revision(folder: Path, name: str) -> Iterator[Revision]:
    """The commit that `name` says, of the repository that `folder` is in; its files can be read until the context ends.

    InputError where there is no such commit, or no repository, or no git.
    """
    place = top(folder)
    if place is None:
        said = _said(_git(folder, *_TOP))
        raise InputError(f"{quoted(name)}: expected a commit, found no repository to read: {said}")
    commit = _commit(folder, name)
    entries = _entries(folder, name, commit)
    command = git_command(folder, "cat-file", "--batch")
    pipe, silent = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=silent, bufsize=0, env=git_environment()) as process:
        assert process.stdin
        assert process.stdout
        answers = io.BufferedReader(cast("io.RawIOBase", process.stdout))
        try:
            yield Revision(name, commit, place, entries, partial(_content, process.stdin, answers))
        finally:
            process.kill()  # it would go on for as long as a worker, forked in the meantime, holds the other end of its pipe


def _content(questions: IO[bytes], answers: BinaryIO, id_: str) -> bytes | None:
    """The content of that id, None where there is none. git answers `ID blob SIZE`, then so many bytes and a line break."""
    with suppress(BrokenPipeError):  # git may have ended, for want of some content before this
        questions.write(f"{id_}\n".encode())
    header = answers.readline().split()
    return answers.read(int(header[2]) + 1)[:-1] if len(header) == 3 else None


def _commit(folder: Path, name: str) -> str:
    """The full id of the commit that `name` says."""
    if not name or name.startswith("-") or "\0" in name:
        raise InputError(f"{quoted(name)}: expected the name or the id of a commit, found none")
    found = _git(folder, "-c", "core.warnAmbiguousRefs=true", "rev-parse", "--verify", name)
    # What is named may be a tag; `:/text` would take more of the name for text.
    done = _git(folder, "rev-parse", "--verify", "--quiet", f"{found.stdout.decode().strip()}^{{commit}}")
    if b" is ambiguous" in found.stderr:
        clearer = "write refs/heads/NAME or refs/tags/NAME, or more digits of an id"
        raise InputError(f"{quoted(name)}: expected one commit, found more than one of that name; {clearer}")
    commit = done.stdout.strip()
    if not _COMMIT.fullmatch(commit):
        raise InputError(f"{quoted(name)}: expected a commit, found {_instead(folder, name)}")
    return commit.decode()


def _instead(folder: Path, name: str) -> str:
    """What there is where no commit of this name is, and what to do."""
    if ".." in name:
        return "a range; name its two ends one after the other"
    if kind := _printed(folder, "cat-file", "-t", name):
        return f"a {kind}"
    if not _printed(folder, "rev-list", "--max-count=1", "--all"):
        return "a repository without any; commit something first"
    if _printed(folder, "rev-parse", "--is-shallow-repository") == "true":
        return "none of that name in a shallow clone; fetch it first: git fetch --unshallow (actions/checkout: fetch-depth: 0)"
    return "none of that name; fetch it first (git fetch), or name one that git branch --all or git log shows"


def _entries(folder: Path, name: str, commit: str) -> dict[str, Entry]:
    """What a commit has at every path, sorted as git does: it prints `MODE TYPE ID`, a tab and the path."""
    done = _git(folder, "ls-tree", "-r", "-z", "--full-tree", commit)
    if done.returncode:
        raise InputError(f"{quoted(name)}: expected a commit with its files, found none: {_said(done)}")
    entries: dict[str, Entry] = {}
    for line in done.stdout.split(b"\0")[:-1]:
        about, path = line.split(b"\t", 1)
        mode, _, id_ = about.decode().split(" ")
        entries[os.fsdecode(path)] = Entry(mode, id_)
    return entries


def _printed(folder: Path, *arguments: str) -> str:
    return _git(folder, *arguments).stdout.decode().strip()


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """The complaint of git itself, in one line."""
    return printable(" ".join(os.fsdecode(done.stderr).split()).removeprefix("fatal: "))


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A run of git; where there is no such program, one that failed and says so."""
    command = git_command(folder, *arguments)
    try:
        return subprocess.run(command, capture_output=True, check=False, env=git_environment())
    except OSError:
        return subprocess.CompletedProcess(command, 127, b"", b"there is no program git; install it")
