"""Search many files for the models that they name, on all cores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from posixpath import normpath

from gpt41_cli.catalog import Market, Variant
from gpt41_cli.code.endings import find_ends
from gpt41_cli.code.source_files import MAX_BYTES, decode, find_skip_reason
from gpt41_cli.code.uses import CodeUse, FileReader
from gpt41_cli.errors import InputError
from gpt41_cli.files.globs import PathPattern
from gpt41_cli.files.sources import InputSource, Unreadable, open_source
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.tokens.text.workers import map_in_order
from gpt41_cli.totals import Addable

EXCLUDED = "--ignore"

_FILES_AT_ONCE = 50
"""How many files a worker searches before it hands over its results."""


@dataclass
class ScanResult(Addable):
    """The uses that the files have. `skipped` are the files that weren't searched, and why."""

    uses: list[CodeUse] = field(default_factory=list)
    files: int = 0
    skipped: list[SkippedPath] = field(default_factory=list)


def scan_files(
    sources: Iterable[InputSource],
    market: Market,
    *,
    only: Variant | None = None,
    excluded: Sequence[str] = (),
    jobs: int | None = None,
) -> ScanResult:
    """Search files for the models of the price table and the features that end, or for `only` one model.

    `excluded` are globs of files and folders to leave out; unlike those of a shell they match names that begin with a dot, too.
    `jobs` is the number of workers, by default one per core.

    Raises InputError if a file that the user named can't be read.
    """
    reader = FileReader(market.catalog, find_ends(market), only.model.id if only else None)
    matchers = [PathPattern(normpath(glob), is_git=True).matches for glob in excluded]
    by_path: dict[str, InputSource] = {}
    for source in sources:
        by_path.setdefault(normpath(source.name), source)
    listed = list(by_path.values())

    def scan_some(start: int) -> ScanResult:
        some = ScanResult()
        for source in listed[start : start + _FILES_AT_ONCE]:
            path = PurePath(source.name)
            if any(matches(candidate.as_posix()) for candidate in (path, *path.parents[:-1]) for matches in matchers):
                some.skipped.append(SkippedPath(source.name, EXCLUDED))
            else:
                _scan_file(source, reader, some)
        return some

    result = ScanResult()
    for some in map_in_order(scan_some, range(0, len(listed), _FILES_AT_ONCE), jobs):
        result += some
    return result


def _scan_file(source: InputSource, reader: FileReader, result: ScanResult) -> None:
    """Add the uses of one file to a result."""
    path = PurePath(source.name)
    try:
        with open_source(source) as stream:
            data = stream.read(MAX_BYTES + 1)
    except InputError as error:
        if not source.is_from_folder:
            raise
        is_unreadable = isinstance(error, Unreadable)  # else its content is elsewhere, such as in Git LFS
        result.skipped.append(SkippedPath(source.name, str(error.found), is_unreadable))
        return
    if reason := find_skip_reason(path, data):
        result.skipped.append(SkippedPath(source.name, reason))
        return
    result.files += 1
    if reader.may_have_uses(data):
        result.uses += reader.read(source.name, decode(data))
