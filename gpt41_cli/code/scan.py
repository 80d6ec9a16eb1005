"""Look into files for the names of models, and say of each what it means on a day."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from posixpath import normpath
from typing import NamedTuple

from gpt41_cli.catalog import Market, Variant
from gpt41_cli.catalog.tables import Lifecycle, RefusedField
from gpt41_cli.code.calls import UseKind, UseReader
from gpt41_cli.code.lines import Lines
from gpt41_cli.code.model_names import ModelNames, NamedModel
from gpt41_cli.code.parameters import CallFinder, Parameter, Surroundings
from gpt41_cli.code.source_files import MAX_BYTES, decode, find_skip_reason
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.errors import InputError
from gpt41_cli.files.globs import PathPattern
from gpt41_cli.files.sources import InputSource, open_source
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place

EXCLUDED = "--ignore"

_HINT = b"gpt"
_IGNORE_COMMENT = re.compile(r"gpt41:[ \t]*ignore\b[ \t:(-]*([^\n]*)")


class ModelUse(NamedTuple):
    """A place that names a model: what is written there, what it means, and how it is used.

    `parameters` are those of the same call that the replacement refuses. `ignored` is the reason in a comment `gpt41: ignore`;
    None without such a comment. `fingerprint` stays the same when the line moves.
    """

    place: Place
    name: str
    variant: Variant
    kind: UseKind
    parameters: tuple[Parameter, ...]
    ignored: str | None
    fingerprint: str


class Ending(NamedTuple):
    """The end of a model on the platform that is asked about, and what follows it. `variant` is the replacement in the table."""

    life: Lifecycle
    is_over: bool
    days: int
    replacement: str | None
    variant: Variant | None


@dataclass
class ScanResult:
    """What the files name. `skipped` are the files that weren't looked into, and why."""

    uses: list[ModelUse] = field(default_factory=list)
    files: int = 0
    skipped: list[SkippedPath] = field(default_factory=list)


def scan_files(
    sources: Sequence[InputSource], market: Market, *, only: Variant | None = None, excluded: Sequence[str] = ()
) -> ScanResult:
    """Look into files for the models of the price table, or for `only` one. `excluded` are globs of files and folders to
    leave out; unlike those of a shell they match names that begin with a dot, too.

    Raises InputError if a file that the user named can't be read.
    """
    names = ModelNames(market.catalog, only.model.id if only else None)
    ends = find_ends(market)
    result = ScanResult()
    matchers = [PathPattern(normpath(glob), is_git=True).matches for glob in excluded]
    for source in sources:
        path = PurePath(source.name)
        if any(matches(each.as_posix()) for each in (path, *path.parents[:-1]) for matches in matchers):
            result.skipped.append(SkippedPath(source.name, EXCLUDED))
            continue
        try:
            with open_source(source) as stream:
                data = stream.read(MAX_BYTES + 1)
        except InputError as error:
            if not source.is_from_folder:
                raise
            result.skipped.append(SkippedPath(source.name, str(error.found), is_unreadable=True))
            continue
        if reason := find_skip_reason(path, data):
            result.skipped.append(SkippedPath(source.name, reason))
            continue
        result.files += 1
        # UTF-16 has a zero byte between the letters, and its mark is no ASCII.
        if data[:1] >= b"\xef" or _HINT in data.lower():
            result.uses += _read_file(source.name, decode(data), names, market, ends)
    return result


def find_ends(market: Market) -> Mapping[str, Ending]:
    """Return the end of each model that is shut down or whose shutdown is announced, by its id."""
    ends = {}
    for model in market.catalog.models.values():
        variant = Variant(model.id, model)
        past = lifecycle.find_past_shutdown(market, variant)
        if life := past or lifecycle.find_announced_shutdown(market, variant):
            assert life.shutdown is not None
            steps = follow_replacements(market, variant)
            days = (life.shutdown - market.as_of).days
            last = steps[-1] if steps else None
            ends[model.id] = Ending(life, past is not None, days, last and last.replacement_name, last.variant if last else None)
    return ends


def _read_file(path: str, text: str, names: ModelNames, market: Market, ends: Mapping[str, Ending]) -> Iterator[ModelUse]:
    """Yield the uses of one file, each model once per line."""
    found = [(named, variant) for named in names.find(text) if (variant := market.catalog.find_variant(named.name))]
    if not found:
        return
    lines = Lines(text)
    reader = UseReader(PurePath(path), lines, len({variant.model.id for _, variant in found}))
    calls = CallFinder(lines)
    first: dict[tuple[int, str], tuple[NamedModel, Variant, UseKind]] = {}
    for named, variant in found:
        key = (lines.find_number(named.start), variant.id)
        if key in first and first[key][2] is UseKind.CALL:
            continue
        kind = reader.read(named)
        if key not in first or kind is UseKind.CALL:
            first[key] = named, variant, kind
    for (number, _), (named, variant, kind) in first.items():
        end = ends.get(variant.model.id)
        parameters = _find_refused(calls, named, end.variant) if kind is UseKind.CALL and end and end.variant else ()
        place = Place(path, number + 1, named.start - lines.find_start(number) + 1)
        content = f"{path}\0{variant.id}\0{lines[number].strip()}"
        fingerprint = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        yield ModelUse(place, named.name, variant, kind, parameters, _find_ignore_reason(lines, number + 1), fingerprint)


def _find_refused(calls: CallFinder, named: NamedModel, replacement: Variant) -> tuple[Parameter, ...]:
    """Find the parameters of a call that the replacement refuses. Where the endpoint can't be seen, any may be meant."""
    refused = [field for field in replacement.model.refuses if not field.is_deprecated]
    around = calls.find_surroundings(named.start, {field.parameter for field in refused})
    names = {field.parameter for field in refused if _applies(field, around)}
    return tuple(parameter for parameter in around.parameters if parameter.name in names)


def _applies(field: RefusedField, around: Surroundings) -> bool:
    if around.endpoint and field.endpoint and around.endpoint != field.endpoint:
        return False
    return field.unless_effort is None or around.effort != field.unless_effort


def _find_ignore_reason(lines: Lines, line: int) -> str | None:
    """Return the reason in a comment `gpt41: ignore` on a line or alone on the line above; None without such a comment."""
    for text in (lines[line - 1], lines[line - 2] if line > 1 and lines[line - 2].strip()[:1] in "#/-;<{*" else ""):
        if match := _IGNORE_COMMENT.search(text):
            return match[1].rstrip("-*/>)} \t\r")
    return None
