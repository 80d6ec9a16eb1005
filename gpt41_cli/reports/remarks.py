"""TODO docstring"""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.reports import Json


def dump_remark(kind: str, remark: Remark) -> Mapping[str, Json]:
    """A remark as JSON: what it is for, its rule, its sentence and its sources."""
    return {
        "kind": kind,
        "rule": remark.rule.id,
        "text": remark.text,
        "sources": [source._asdict() for source in dict.fromkeys(remark.sources)],
    }
