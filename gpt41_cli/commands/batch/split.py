"""Split Batch files into parts that keep every rule, and write all parts or none."""

from __future__ import annotations

import io
import os
import re
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.cli.files import check_writable, publish, sync
from gpt41_cli.commands.batch.check import BatchCheck, CheckedBatchFile
from gpt41_cli.commands.batch.parts import BatchPart, pack_into_parts
from gpt41_cli.commands.batch.rules import find_queues
from gpt41_cli.constraints.batch_lines import ModelAndEndpoint
from gpt41_cli.errors import InputError
from gpt41_cli.files import compressed, documents, text
from gpt41_cli.files.sources import InputSource, name_endless_line, read_stamp, wrap_os_errors
from gpt41_cli.findings import STDIN
from gpt41_cli.work.stream import make_file_changed_error

_UNFINISHED_PREFIX = "gpt41-unfinished-"

_MAX_BASE_BYTES = 230
"""The most bytes that a part's name takes from its source: with the number of the part, a file system allows 255."""

_BATCH_FILE_SUFFIXES = re.compile(r"(?<=.)(\.jsonl?)?(\.(gz|zst))?$")


class PartFile(NamedTuple):
    """A file to write."""

    path: Path
    target: ModelAndEndpoint
    part: BatchPart


class FileSplit(NamedTuple):
    """A file to split: for each request, the one of `part_files` that it goes to."""

    checked_file: CheckedBatchFile
    part_indexes: array[int]
    part_files: tuple[PartFile, ...]


class SplitPlan(NamedTuple):
    """What is written, and to which folder."""

    directory: Path
    files: tuple[FileSplit, ...]

    @property
    def part_files(self) -> tuple[PartFile, ...]:
        """The parts of all files, in order."""
        return tuple(part for file in self.files for part in file.part_files)


@contextmanager
def make_output_folder(path: Path) -> Iterator[Path]:
    """Make the folder `path` if it doesn't exist; remove it afterwards if it is empty. Raises InputError if that fails."""
    check_writable(path)
    is_made = False
    try:
        path.mkdir()
        is_made = True
    except FileExistsError:
        if not path.is_dir():
            raise InputError(expected="a folder", found="a file", location=str(path)) from None
    except OSError as error:
        raise InputError(expected="a folder, or a place for one", found=error, location=str(path)) from None
    try:
        yield path
    finally:
        if is_made:
            with suppress(OSError):  # the folder is not empty
                path.rmdir()


@contextmanager
def spool_source(source: InputSource, directory: Path) -> Iterator[InputSource]:
    """Return `source` in a form that can be read twice: itself if it is a plain file, else a nameless file in `directory`."""
    with wrap_os_errors(source.label):
        stream = source.open()
    with stream:
        begun = next(pieces := text.read_chunks(stream), b"")
        if source.name != STDIN and read_stamp(stream) and not compressed.is_compressed(begun):
            yield source
            return
        head, pieces = compressed.decompress_if_needed(chain((begun,), pieces), source.label)
        with convert_write_errors(directory), tempfile.TemporaryFile(dir=directory) as file:
            with name_endless_line(source.label):
                for block in documents.split_into_blocks(chain((head,), pieces)):
                    file.write(block.data)
            file.flush()
            yield source._replace(open=lambda: reopen(file.fileno()))


def reopen(descriptor: int) -> BinaryIO:
    """Open a file a second time, from its beginning."""
    file = os.fdopen(os.dup(descriptor), "rb")
    file.seek(0)
    return file


@contextmanager
def convert_write_errors(directory: Path) -> Iterator[None]:
    """Turn an OSError while writing to `directory` into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(expected="to be able to write", found=error, hint="nothing is left", location=str(directory)) from None


def plan_split(check: BatchCheck, catalog: Catalog, tier: int | None, directory: Path) -> SplitPlan:
    """Plan which requests go to which parts. Raises InputError if a file with the name of a part exists."""
    names = _choose_base_names([file.source for file in check.files])
    files = (_plan_file_split(file, name, catalog, tier, directory) for file, name in zip(check.files, names, strict=True))
    planned = SplitPlan(directory, tuple(files))
    for part in planned.part_files:
        if os.path.lexists(part.path):
            raise _file_exists_error(part.path)
    return planned


def _plan_file_split(checked: CheckedBatchFile, name: str, catalog: Catalog, tier: int | None, directory: Path) -> FileSplit:
    lines, targets = checked.lines, checked.lines.targets.different
    places, parts = pack_into_parts(lines, catalog.limits.batch, find_queues(catalog, lines, tier))
    digits = max(4, len(str(len(parts))))
    files = (
        PartFile(directory / f"{name}.part-{number:0{digits}}.jsonl", targets[part.target_index], part)
        for number, part in enumerate(parts, 1)
    )
    return FileSplit(checked, places, tuple(files))


def _choose_base_names(sources: Sequence[InputSource]) -> list[str]:
    """Choose the names of the parts of each source, all different even if case is ignored."""
    names: dict[str, str] = {}
    for source in sources:
        base = "stdin" if source.name == STDIN else _BATCH_FILE_SUFFIXES.sub("", Path(source.name).name, count=1)
        name, times = _shorten_name(base), 1
        while name.casefold() in names:
            times += 1
            name = _shorten_name(base, f"-{times}")
        names[name.casefold()] = name
    return list(names.values())


def _shorten_name(base: str, ending: str = "") -> str:
    """Return `base` and `ending`, with `base` cut if there isn't room for both."""
    data = os.fsencode(base)
    room = _MAX_BASE_BYTES - len(ending)
    return (base if len(data) <= room else data[:room].decode(errors="ignore")) + ending


def _file_exists_error(path: Path) -> InputError:
    obstacle = "one, and nothing is overwritten"
    return InputError(expected="no such file", found=obstacle, hint="name another folder", location=str(path))


def write_parts(planned: SplitPlan) -> None:
    """Write all parts or none: after Ctrl-C, a full disk or an error, nothing is left.

    The parts are written to a folder of their own and get their names when all are on disk. Only `kill -9` or a power failure can
    leave that folder; its name says what it is. Raises InputError if a file changed since it was planned, the name of a part is
    taken, or the folder can't take more.
    """
    identities: dict[Path, tuple[int, int]] = {}
    is_whole = False
    unfinished = planned.directory / f"{_UNFINISHED_PREFIX}{os.urandom(8).hex()}"
    try:
        with convert_write_errors(planned.directory):
            unfinished.mkdir()
            for file in planned.files:
                _write_file_parts(file, unfinished)
            for part in planned.part_files:
                status = (unfinished / part.path.name).stat()
                identities[part.path] = status.st_dev, status.st_ino
                _publish(unfinished / part.path.name, part.path)
        is_whole = True
    finally:
        try:
            _discard(unfinished, {} if is_whole else identities)
        except KeyboardInterrupt:  # a second one follows at once if a whole process group gets it
            _discard(unfinished, {} if is_whole else identities)
            raise


def _write_file_parts(file: FileSplit, folder: Path) -> None:
    """Write the parts of a file to `folder`, each flushed to disk when complete."""
    source = file.checked_file.source
    missing = [part.part.requests for part in file.part_files]
    position = 0
    with source.open() as stream, ExitStack() as outs:
        if read_stamp(stream) != file.checked_file.stamp:
            raise make_file_changed_error(source)
        written: dict[int, BinaryIO] = {}
        for line in _read_nonblank_lines(stream, source.label):
            if position == len(file.part_indexes):
                raise make_file_changed_error(source)
            place = file.part_indexes[position]
            if place not in written:
                written[place] = outs.enter_context((folder / file.part_files[place].path.name).open("xb"))
            written[place].write(line)
            position += 1
            missing[place] -= 1
            if not missing[place]:
                with written.pop(place) as whole:
                    sync(whole)
        if position < len(file.part_indexes) or read_stamp(stream) != file.checked_file.stamp:
            raise make_file_changed_error(source)


def _read_nonblank_lines(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the lines that aren't blank, byte for byte, each with its own line break."""
    for block in documents.split_into_blocks(text.convert_to_utf8(text.read_chunks(stream), name)):
        yield from (line for line in io.BytesIO(block.data) if not line.isspace())


def _publish(written: Path, path: Path) -> None:
    """Give a part its name, unless the name is taken."""
    try:
        publish(written, path)
    except FileExistsError:
        raise _file_exists_error(path) from None


def _discard(unfinished: Path, identities: dict[Path, tuple[int, int]]) -> None:
    """Remove the folder of unfinished parts, and the parts that have their name already. Files of others stay."""
    with suppress(OSError):
        for written in unfinished.iterdir():
            written.unlink()
        unfinished.rmdir()
    for path, identity in identities.items():
        with suppress(OSError):
            status = path.lstat()
            if (status.st_dev, status.st_ino) == identity:
                path.unlink()
