"""Drop the lines in a Batch file that the Batch API would refuse, and say why."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gpt41_cli.commands.batch.check import BatchOptions
from gpt41_cli.commands.batch.rules import BatchFile, find_shut_down_targets, find_violations
from gpt41_cli.commands.batch.split import convert_write_errors, reopen
from gpt41_cli.constraints.batch_lines import read_batch_lines
from gpt41_cli.files import documents, text
from gpt41_cli.files.fields import BadBody, JsonValue
from gpt41_cli.files.sources import InputSource, open_source
from gpt41_cli.rules import Group


class DroppedLine(NamedTuple):
    """A line that is left out: its file, its number, the rules that it breaks, and its content, as text if it isn't JSON."""

    path: str
    line: int
    reasons: tuple[str, ...]
    request: JsonValue

    def format(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(self._asdict(), ensure_ascii=False) + "\n"


@contextmanager
def drop_invalid_lines(
    source: InputSource, conditions: BatchOptions, directory: Path
) -> Iterator[tuple[InputSource, list[DroppedLine]]]:
    """Yield `source` without the lines that break a rule which splitting doesn't fix, and these. It must be readable twice.

    What is left is in a nameless file in `directory`; its `line_numbers` are those of `source`. Raises InputError if the source
    can't be read or the file not be written.
    """
    reasons = _find_reasons(source, conditions)
    dropped: list[DroppedLine] = []
    numbers = array("I")
    with convert_write_errors(directory), tempfile.TemporaryFile(dir=directory) as file:
        with open_source(source) as stream:
            for block in documents.split_into_blocks(text.convert_to_utf8(text.read_chunks(stream), source.label)):
                for line in block.iterate_lines():
                    if line.number in reasons:
                        dropped.append(DroppedLine(source.name, line.number, tuple(reasons[line.number]), _parse(line.data)))
                    else:
                        file.write(line.data + b"\n")
                        numbers.append(line.number)
        file.flush()
        yield source._replace(open=lambda: reopen(file.fileno()), line_numbers=numbers), dropped


def _parse(data: bytes) -> JsonValue:
    try:
        return documents.parse_json(data)
    except BadBody:
        return data.decode(errors="replace")


def _find_reasons(source: InputSource, conditions: BatchOptions) -> Mapping[int, list[str]]:
    """Find why lines are refused, by their numbers. A line isn't dropped because of a mistake of the whole file."""
    with open_source(source) as stream:
        lines = read_batch_lines(stream, source, conditions.meter, conditions.terms, conditions.jobs, keeps_all=True)
    file = BatchFile(lines, conditions.market, conditions.usage_tier)
    violations = find_violations(file)
    assert violations.errors_by_line is not None
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for line, errors in violations.errors_by_line.items():
        for error in errors:
            if not error.rule.groups & (Group.FIXED_BY_SPLIT | Group.UNAVAILABLE):
                reasons[line].append(f"{error.rule.id}: {error.message}")
    gone = find_shut_down_targets(file)
    for line, index in zip(lines.line_numbers, lines.targets.indexes, strict=True):
        if index in gone:
            reasons[line].append(f"{gone[index].rule.id}: {gone[index].message}")
    return reasons
