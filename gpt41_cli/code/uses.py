"""Find the uses in one file: each model and each feature of the API that ends, how it is used, and the parameters next to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import RefusedField
from gpt41_cli.code.calls import UseKind, UseReader
from gpt41_cli.code.endings import Ending, FeatureMarks
from gpt41_cli.code.lines import Lines
from gpt41_cli.code.model_names import ModelNames, NamedModel, Naming, may_name_models
from gpt41_cli.code.parameters import CallFinder, Parameter, Surroundings
from gpt41_cli.findings import Place

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_IGNORE_COMMENT = re.compile(r"gpt41:[ \t]*ignore\b[ \t:(-]*([^\n]*)")


class CodeUse(NamedTuple):
    """A place that names a model or uses a feature that ends: the text there, and how it is used.

    `subject` is the id that is meant: a model of the table, an `ft:` id, or a feature; `entry` is its entry in the table.
    `parameters` are those of the same call that the replacement refuses. `ignored` is the reason in a comment `gpt41: ignore`;
    None without such a comment. `fingerprint` stays the same when the line moves.
    """

    place: Place
    name: str
    subject: str
    entry: str
    kind: UseKind
    parameters: tuple[Parameter, ...]
    ignored: str | None
    fingerprint: str

    @property
    def is_call(self) -> bool:
        """True for a call that no comment leaves out."""
        return self.kind is UseKind.CALL and self.ignored is None


def describe_refused(use: CodeUse) -> str:
    """Name the parameters that the replacement refuses, each with its line unless it is that of the model."""
    return ", ".join(
        parameter.name + f" (line {parameter.line})" * (parameter.line != use.place.line) for parameter in use.parameters
    )


class FileReader:
    """Finds the uses in files."""

    def __init__(self, catalog: Catalog, ends: Mapping[str, Ending], only: str | None = None) -> None:
        """Look for all models of the table and the features that end, or for `only` one model."""
        self._catalog = catalog
        self._ends = ends
        self._names = ModelNames(catalog, only)
        self._marks = None if only else FeatureMarks(catalog)
        aliases = (name.encode() for name in self._names.aliases)
        self._hints = (*(self._marks.hints if self._marks else ()), *aliases)

    def may_have_uses(self, data: bytes) -> bool:
        """Return True if a file may have uses; False for most files, long before they are decoded.

        UTF-16 has a zero byte between the letters.
        """
        return data.startswith(_UTF_16_MARKS) or may_name_models(data) or any(hint in data for hint in self._hints)

    def read(self, path: str, text: str) -> Iterator[CodeUse]:
        """Yield the uses of one file, each model and feature once per line."""
        mentions = [
            (named, variant.id, variant.model.id)
            for named in self._names.find(text)
            if (variant := self._catalog.find_named_variant(named.name))
        ]
        models = len({entry for _, _, entry in mentions})
        if self._marks:
            mentions += ((named, feature, feature) for named, feature in self._marks.find(text))
        if not mentions:
            return
        mentions.sort(key=lambda mention: mention[0].start)
        lines = Lines(text)
        reader = UseReader(PurePath(path), lines, models)
        calls = CallFinder(lines)
        first: dict[tuple[int, str], tuple[NamedModel, str, UseKind]] = {}
        for named, subject, entry in mentions:
            key = (lines.find_number(named.start), subject)
            if key in first and first[key][2] is UseKind.CALL:
                continue
            kind = reader.read(named)
            if named.naming is Naming.ALIAS and kind is not UseKind.CALL:
                continue  # any word may be an alias
            if key not in first or kind is UseKind.CALL:
                first[key] = named, entry, kind
        for (number, subject), (named, entry, kind) in first.items():
            end = self._ends.get(entry)
            parameters = _find_refused(calls, named, end.variant) if kind is UseKind.CALL and end and end.variant else ()
            place = Place(path, number + 1, named.start - lines.find_start(number) + 1)
            content = f"{path}\0{subject}\0{lines[number].strip()}"
            fingerprint = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            ignored = _find_ignore_reason(lines, number + 1)
            yield CodeUse(place, named.name, subject, entry, kind, parameters, ignored, fingerprint)


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
