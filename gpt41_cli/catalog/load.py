"""pricing.yaml -> Catalog: the shape of the file and the rules its figures must keep, in the order of the file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date

from gpt41_cli.catalog import cursor, load_limits, load_models, load_tools, tables
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.catalog.fields import known
from gpt41_cli.catalog.lookup import Catalog

SCHEMA = "gpt41.pricing/1"


def parse(data: bytes, file: str) -> Catalog:
    """The catalog in `data`, the bytes of a table called `file`. TableError, with line and column, when it is wrong."""
    top = cursor.read(data, file).fields(
        "schema checked_on stale_after_days currency sources platforms models limits evidence tasks", "tools"
    )
    top["schema"].choice(SCHEMA)
    top["currency"].choice("USD")
    sources = {name: _source(name, entry) for name, entry in top["sources"].entries().items()}
    platforms = {name: _platform(name, entry) for name, entry in top["platforms"].entries().items()}
    if not platforms:
        top["platforms"].fail("at least one platform", "none")
    models = {name: load_models.model(name, entry, sources, platforms) for name, entry in top["models"].entries().items()}
    _check_names(top["models"], models)
    published = load_limits.evidence(top["evidence"], sources, models)
    tasks = {name: _task(name, entry, published) for name, entry in top["tasks"].entries().items()}
    if not tasks:
        top["tasks"].fail("at least one task", "none")
    return Catalog(
        file=file,
        sha256=hashlib.sha256(data).hexdigest(),
        checked_on=top["checked_on"].day(),
        stale_after_days=top["stale_after_days"].integer(1),
        sources=sources,
        platforms=platforms,
        models=models,
        limits=load_limits.limits(top["limits"], sources, models, platforms),
        evidence=published,
        tasks=tasks,
        tools=load_tools.tools(top["tools"], sources, platforms, models) if "tools" in top else None,
    )


def _source(name: str, entry: Cursor) -> tables.Source:
    at = entry.fields("title url date")
    when = at["date"].text()
    try:
        date(*(int(part) for part in [*when.split("-"), "1", "1"][:3]))
    except ValueError:
        at["date"].fail("a date: YYYY-MM-DD, YYYY-MM or YYYY")
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", when):
        at["date"].fail("a date: YYYY-MM-DD, YYYY-MM or YYYY")
    return tables.Source(name, at["title"].text(), at["url"].text(), when)


def _platform(name: str, entry: Cursor) -> tables.Platform:
    at = entry.fields("name provider provider_name")
    return tables.Platform(name, at["name"].text(), at["provider"].text(), at["provider_name"].text())


def _check_names(at: Cursor, models: Mapping[str, tables.Model]) -> None:
    """A snapshot may name one model only, and a family must exist."""
    owner: dict[str, str] = {name: name for name in models}
    for model in models.values():
        for snapshot in model.snapshots:
            if owner.get(snapshot, model.id) != model.id:
                at.entries()[model.id].fail(f"snapshot {snapshot} once", f"it under {owner[snapshot]} too")
            owner[snapshot] = model.id
    if not any(model.role == "family" for model in models.values()):
        at.fail("at least one model with the role family", "none")


def _task(name: str, entry: Cursor, evidence: tables.Evidence) -> tables.Task:
    at = entry.fields("summary benchmarks tolerance_percent reason")
    weights = {}
    for benchmark, weight in at["benchmarks"].entries().items():
        known(weight, benchmark, evidence.benchmarks, "benchmark")
        weights[benchmark] = weight.integer(1)
    if not weights:
        at["benchmarks"].fail("at least one benchmark with its weight", "none")
    tolerance = at["tolerance_percent"].decimal()
    if tolerance > 100:
        at["tolerance_percent"].fail("at most 100")
    return tables.Task(name, at["summary"].text(), weights, tolerance, at["reason"].text())
