"""Find gpt41.yaml and its files in the working tree or in a commit. Both are read in the same way."""

from __future__ import annotations

import errno
import io
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from stat import S_ISDIR
from typing import BinaryIO, NamedTuple, cast

from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files.globs import PathPattern, find_fixed_folder, find_literal_path
from gpt41_cli.files.revisions import Revision, names_commit, open_revision
from gpt41_cli.files.sources import InputSource, explain_empty, open_file, wrap_os_errors
from gpt41_cli.files.trees import SkippedPath, list_files
from gpt41_cli.findings import is_url

MAX_CONFIG_BYTES = 1_000_000

_KeyedListing = tuple[list[str], list[SkippedPath]]
"""The keys of the files below a folder; and what is left out, whose path is a key as well."""


class ConfigRoot(NamedTuple):
    """One side of a comparison: its `label`, the name of its config in messages, and functions to read what it has. The files of
    a commit can be read by one process alone.

    A file is known by its key: its path from the folder of the config file, with "/" between the names. Keys are the same in
    every root.
    """

    label: str
    config_label: str
    read_config: Callable[[], bytes | None]
    display_path: Callable[[str], str]
    open_file: Callable[[str], BinaryIO]
    is_folder: Callable[[str], bool]
    list_folder: Callable[[str], _KeyedListing]
    is_commit: bool = False

    def find_files(self, pattern: str) -> tuple[dict[str, InputSource], list[SkippedPath]]:
        """Find the files of a path, folder or glob, by their keys, and what is skipped.

        Folders and globs have the files that git lists: nothing ignored, no symbolic links. Raises InputError if the pattern
        matches nothing, or something that can't be read here.
        """
        key = _normalize_pattern(pattern)
        with wrap_os_errors(quote_text(pattern)):
            path = find_literal_path(key)
            is_folder = path is not None and self.is_folder(path)
            if path is None:
                files, left_out = _filter_matching(key, self.list_folder(find_fixed_folder(key) or "."))
            else:
                files, left_out = self.list_folder(path) if is_folder else ([path], [])
        left_out = [skip._replace(path=self.display_path(skip.path)) for skip in left_out]
        if not files:
            raise InputError(quote_text(pattern), "one file or more", explain_empty(left_out))
        return {file: InputSource(self.display_path(file), partial(self.open_file, file), is_folder) for file in files}, left_out


def open_working_tree(config: Path) -> ConfigRoot:
    """Open the files around the config as they are now. Names are shown relative to the current directory.

    As in a commit, nothing outside of the repository can be read, through `..` or links, nor git's own folder: a change that is
    checked could point the config to a secret. Outside of git, the repository is the folder of the config.
    """
    folder = _resolve_folder(config)
    top = next((candidate for candidate in (folder, *folder.parents) if os.path.lexists(candidate / ".git")), None)

    def shown(key: str) -> str:
        return os.path.relpath(folder / key) + "/" * key.endswith("/")

    def place(key: str) -> Path:
        real = Path(os.path.realpath(folder / key))
        if not real.is_relative_to(top or folder) or ".git" in real.relative_to(top or folder).parts:
            expected = "a path inside of the repository" if top else "a path inside of the folder of the config file"
            hint = "" if top else "outside of a git repository, nothing else is read"
            raise InputError(expected=expected, found="one that leaves it", hint=hint, location=shown(key))
        return Path(shown(key))

    @cache  # many globs may be of one folder
    def below(key: str) -> _KeyedListing:
        start = place(key)
        if not start.is_dir():
            return [], []
        files, left_out = list_files(start)
        return _rebase_to_key(key, str(start), map(str, files), left_out)

    return ConfigRoot(
        label="the working tree",
        config_label=shown(config.name),
        read_config=lambda: _read_if_exists(place(config.name)),
        display_path=shown,
        open_file=lambda key: open_file(place(key)),
        is_folder=lambda key: S_ISDIR(place(key).stat().st_mode),
        list_folder=below,
    )


@contextmanager
def open_commit(config: Path, name: str) -> Iterator[ConfigRoot]:
    """Open the commit `name` at the folder where the config file is, or would be. It can be read inside the with-block.

    Raises InputError if there is no such commit.
    """
    folder = _resolve_folder(config)
    with open_revision(_find_existing_folder(folder), name) as at:
        base = Path(os.path.relpath(folder, at.repository_top)).as_posix()

        def path(key: str) -> str:
            return posixpath.normpath(posixpath.join(base, key))

        @cache
        def below(key: str) -> _KeyedListing:
            return _rebase_to_key(key, path(key), *at.list_files(path(key)))

        yield ConfigRoot(
            label=at.label,
            config_label=at.display_path(path(config.name)),
            read_config=lambda: _limit_size(at.read(path(config.name)), at.display_path(path(config.name))),
            display_path=lambda key: at.display_path(path(key)),
            # Parquet is recognised in what can be looked into.
            open_file=lambda key: io.BufferedReader(cast("io.RawIOBase", io.BytesIO(at.read(path(key)) or b""))),
            is_folder=lambda key: _is_folder(at, path(key)),
            list_folder=below,
            is_commit=True,
        )


def has_commit(config: Path, name: str) -> bool:
    """Return True if `open_commit` might read a commit of this name."""
    return names_commit(_find_existing_folder(_resolve_folder(config)), name)


def _find_existing_folder(folder: Path) -> Path:
    """Return `folder`, or the nearest one above it that the working tree has."""
    return next(candidate for candidate in (folder, *folder.parents) if candidate.is_dir())


def _resolve_folder(config: Path) -> Path:
    """Return the folder that paths count from: that of the config's name, even if the file is a symbolic link to elsewhere."""
    return Path(os.path.realpath(config.parent))


def _normalize_pattern(pattern: str) -> str:
    """Return the normal form of a path, folder or glob. Raises InputError if it can't be used."""
    if not pattern:
        raise InputError(quote_text(pattern), "a file, a folder or a glob", "an empty name")
    if Path(pattern).is_absolute() or pattern.startswith("~"):
        hint = "./~ is a name that begins with ~" if pattern.startswith("~") else ""
        raise InputError(quote_text(pattern), "a path that counts from the folder of the config file", hint=hint)
    if is_url(pattern):
        hint = "an address is read only if the command line names it, such as gpt41 cost s3://bucket/calls/"
        raise InputError(quote_text(pattern), "a path that counts from the folder of the config file", hint=hint)
    return posixpath.normpath(pattern)


def _filter_matching(glob: str, listed: _KeyedListing) -> _KeyedListing:
    pattern = PathPattern(glob)
    files, left_out = listed

    def concerns(skipped: SkippedPath) -> bool:
        path = skipped.path
        return pattern.may_match_below(path.rstrip("/")) if skipped.is_unreadable else pattern.matches(path)

    return list(filter(pattern.matches, files)), list(filter(concerns, left_out))


def _rebase_to_key(key: str, folder: str, files: Iterable[str], left_out: Iterable[SkippedPath]) -> _KeyedListing:
    """Convert a listing of `folder` to keys that begin with the key of the folder."""
    start = "" if folder == "." else f"{folder}/"
    begin = "" if key == "." else f"{key}/"
    return (
        [begin + file.removeprefix(start) for file in files],
        [skip._replace(path=begin + skip.path.removeprefix(start)) for skip in left_out],
    )


def _read_if_exists(path: Path) -> bytes | None:
    if not os.path.lexists(path):
        return None
    with wrap_os_errors(str(path)), open_file(path) as stream:
        return _limit_size(stream.read(MAX_CONFIG_BYTES + 1), str(path))


def _limit_size(data: bytes | None, name: str) -> bytes | None:
    """Return `data`. Raises InputError if it is too long for a config."""
    if data and len(data) > MAX_CONFIG_BYTES:
        raise InputError(expected=f"a table of at most {MAX_CONFIG_BYTES:,} bytes", found="more", location=name)
    return data


def _is_folder(at: Revision, path: str) -> bool:
    """Return True if a commit has a folder at `path`; it has none without files. Raises FileNotFoundError if nothing is there."""
    if at.is_file(path):
        return False
    if any(at.list_files(path)):
        return True
    raise FileNotFoundError(errno.ENOENT, f"no such file in {at.label}")
