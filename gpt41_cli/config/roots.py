"""Where a gpt41.yaml and the files that it names are: the working tree, or a commit. Both are read in the same way."""

from __future__ import annotations

import errno
import io
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from stat import S_ISDIR
from typing import BinaryIO, NamedTuple

from gpt41_cli.config import NAME
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError, quoted
from gpt41_cli.files.globs import fixed, is_glob, matcher
from gpt41_cli.files.revisions import Revision, revision
from gpt41_cli.files.sources import Source, nothing_but, open_file, readable
from gpt41_cli.files.trees import LeftOut, list_files

_Listed = tuple[list[str], list[LeftOut]]
"""The keys of the files below a folder; and what is left out, whose path is a key as well."""


class Root(NamedTuple):
    """One side of a comparison: its `label`, how messages call its config `file`, and how to read what there is.

    A file goes by its key: its path from the folder of the config file, with "/" between the names. It is the same in every root.
    """

    label: str
    file: str
    config: Callable[[], bytes | None]
    shown: Callable[[str], str]
    open: Callable[[str], BinaryIO]
    is_folder: Callable[[str], bool]
    below: Callable[[str], _Listed]

    def files(self, pattern: str) -> tuple[dict[str, Source], list[LeftOut]]:
        """What a path, a folder or a glob names, by its keys; and what is left out of it.

        A folder has the files that git lists, and so do globs match: nothing that is ignored, no symbolic links. InputError where
        the pattern names nothing, or what cannot be read here.
        """
        key = _key(pattern)
        with readable(quoted(pattern)):
            is_folder = not is_glob(key) and self.is_folder(key)
            if is_folder:
                found, left_out = self.below(key)
            else:
                found, left_out = _matching(key, self.below(fixed(key) or ".")) if is_glob(key) else ([key], [])
        left_out = [LeftOut(self.shown(each.path), each.reason) for each in left_out]
        if not found:
            raise InputError(f"{quoted(pattern)}: expected one file or more, found {nothing_but(left_out)}")
        return {each: Source(self.shown(each), partial(self.open, each), is_folder) for each in found}, left_out


def find(start: Path, otherwise: str) -> Path:
    """The nearest gpt41.yaml: in the folder `start`, or in one above. InputError, with what to do `otherwise`, where none is."""
    folder = Path(os.path.realpath(start))
    for each in (folder, *folder.parents):
        if os.path.lexists(each / NAME):
            return each / NAME
    raise InputError(f"{NAME}: expected one here or in a folder above, found none; {otherwise}")


def working_tree(config: Path) -> Root:
    """What is beside the config file now. Names are shown as they are from the current directory."""
    folder = _folder(config)

    def shown(key: str) -> str:
        return os.path.relpath(folder / key) + "/" * key.endswith("/")

    def below(key: str) -> _Listed:
        place = Path(shown(key))
        if not place.is_dir():
            return [], []
        files, left_out = list_files(place)
        return _keyed(key, str(place), map(str, files), left_out)

    return Root(
        label="the working tree",
        file=shown(config.name),
        config=lambda: _read(Path(shown(config.name))),
        shown=shown,
        open=lambda key: open_file(Path(shown(key))),
        is_folder=lambda key: S_ISDIR((folder / key).stat().st_mode),
        below=below,
    )


@contextmanager
def commit(config: Path, name: str) -> Iterator[Root]:
    """What the commit `name` has where the config file is, or would be; to be read until the context ends; shown as git calls it.

    InputError where there is no such commit.
    """
    folder = _folder(config)
    there_now = next(each for each in (folder, *folder.parents) if each.is_dir())
    with revision(there_now, name) as at:
        base = Path(os.path.relpath(folder, at.top)).as_posix()

        def path(key: str) -> str:
            return posixpath.normpath(posixpath.join(base, key))

        def below(key: str) -> _Listed:
            return _keyed(key, path(key), *at.files(path(key)))

        yield Root(
            label=at.label,
            file=at.shown(path(config.name)),
            config=lambda: at.read(path(config.name)),
            shown=lambda key: at.shown(path(key)),
            open=lambda key: io.BytesIO(at.read(path(key)) or b""),
            is_folder=lambda key: _is_folder(at, path(key)),
            below=below,
        )


def _folder(config: Path) -> Path:
    """The folder from which paths count: where the config file is named, though it may be a symbolic link to elsewhere."""
    return Path(os.path.realpath(config.parent))


def _key(pattern: str) -> str:
    """The normal form of a path, a folder or a glob."""
    if not pattern:
        raise InputError(f"{quoted(pattern)}: expected a file, a folder or a glob, found an empty name")
    if Path(pattern).is_absolute() or pattern.startswith("~"):
        raise InputError(f"{quoted(pattern)}: expected a path that counts from the folder of the config file")
    return posixpath.normpath(pattern)


def _matching(glob: str, listed: _Listed) -> _Listed:
    matches = matcher(glob)
    files, left_out = listed
    return [each for each in files if matches(each)], [each for each in left_out if matches(each.path)]


def _keyed(key: str, folder: str, files: Iterable[str], left_out: Iterable[LeftOut]) -> _Listed:
    """What is listed below `folder`, by keys instead: those that begin with the key of the folder."""
    start = "" if folder == "." else f"{folder}/"
    begin = "" if key == "." else f"{key}/"
    return (
        [begin + each.removeprefix(start) for each in files],
        [LeftOut(begin + each.path.removeprefix(start), each.reason) for each in left_out],
    )


def _read(path: Path) -> bytes | None:
    if not os.path.lexists(path):
        return None
    with readable(printable(str(path))), open_file(path) as stream:
        return stream.read()


def _is_folder(at: Revision, path: str) -> bool:
    """Whether there is a folder at `path` in a commit, which has none without files. FileNotFoundError where nothing is."""
    if at.is_file(path):
        return False
    if any(at.files(path)):
        return True
    raise FileNotFoundError(errno.ENOENT, f"no such file in {at.label}")
