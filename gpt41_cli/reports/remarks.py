"""A remark for programs."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.reports import Json


def dump_remark(remark: Remark, **context: str) -> Mapping[str, Json]:
    """A remark as JSON: what it is for (`context`), its rule, its sentence and its sources."""
    sources = [source._asdict() for source in dict.fromkeys(remark.sources)]
    return {**context, "rule": remark.rule.id, "text": remark.text, "sources": sources}
