"""Convert the calls to models in the code to JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gpt41_cli.catalog import Market
from gpt41_cli.code.endings import Ending, find_ends
from gpt41_cli.code.uses import CodeUse
from gpt41_cli.reports import Json


def dump_calls(uses: Iterable[CodeUse], market: Market) -> list[Json]:
    """Return each call: where it is, when its model ends, and what the replacement refuses."""
    ends = find_ends(market)
    return [_dump_call(use, ends.get(use.entry)) for use in uses if use.is_call]


def _dump_call(use: CodeUse, end: Ending | None) -> Mapping[str, Json]:
    return {
        "path": use.place.path,
        "line": use.place.line,
        "name": use.name,
        "model": use.entry,
        "ends": end and end.life.shutdown,
        "replacement": end and end.replacement,
        "refused_parameters": [parameter.name for parameter in use.parameters],
    }
