"""The checks that records of the price table make beyond their types. `table` has the sections that have been read so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gpt41_cli.errors import suggest_model
from gpt41_cli.findings import Citation
from gpt41_cli.records import Seen

if TYPE_CHECKING:
    from gpt41_cli.catalog.cursor import Cursor

Check = Callable[[Any, "Cursor", Seen], None]

MODES = ("standard", "batch", "flex", "priority")

_TIER = re.compile("[1-9][0-9]?")
_DAY_MONTH_OR_YEAR = re.compile(r"\d{4}(-\d{2}){0,2}")


def find_source(at: Cursor, table: Seen) -> Any:
    """Return the source that an entry names."""
    name = at.text()
    if name not in table["sources"]:
        at.fail("the id of an entry of sources")
    return table["sources"][name]


def read_tier(at: Cursor, table: Seen) -> int:
    """Read a usage tier, which is a key."""
    if not _TIER.fullmatch(at.name):
        at.fail("a usage tier: a whole number", f"the key {at.name}")
    return int(at.name)


def read_gigabytes(at: Cursor, table: Seen) -> int:
    """Read a size in GB, which is a key."""
    if not at.name.isdecimal():
        at.fail("a size in GB: a whole number", f"the key {at.name}")
    return int(at.name)


def is_known(kind: str, find_names: Callable[[Seen], Collection[str]]) -> Check:
    """Check that the table has a model, a platform, ... of this name."""

    def check(name: str, at: Cursor, table: Seen) -> None:
        names = find_names(table)
        if name not in names:
            at.fail(f"a {kind} of this table ({', '.join(names)})", f"the {kind} {name}", suggest_model(name, names))

    return check


def is_mode(name: str, at: Cursor, table: Seen) -> None:
    """Check that a key is a processing mode."""
    if name not in MODES:
        at.fail(f"one of the modes {', '.join(MODES)}", f"the mode {name}")


def is_not_empty(expected: str, found: str = "none") -> Check:
    """Check that a list or a mapping has an element."""

    def check(value: Collection[object], at: Cursor, table: Seen) -> None:
        if not value:
            at.fail(expected, found)

    return check


def is_in_order(field: str, expected: str) -> Check:
    """Check that each record of a list has a later date than the one before."""

    def check(records: Sequence[Any], at: Cursor, table: Seen) -> None:
        days = [getattr(record, field) for record in records]
        for index, (before, day) in enumerate(pairwise(days), 1):
            if day <= before:
                list(at.items())[index].fail(expected, f"{day} after {before}")

    return check


def is_positive(value: Decimal, at: Cursor, table: Seen) -> None:
    """Check that a number isn't 0."""
    if not value:
        at.fail("more than 0")


def read_citation(at: Cursor, table: Seen) -> Citation:
    """Read a source under its id; its date is a day, a month or a year."""
    source = at.fields(("title", "url", "date"))
    citation = Citation(at.name, source["title"].text(), source["url"].text(), source["date"].text())
    if not _is_partial_date(citation.date):
        source["date"].fail("a date: YYYY-MM-DD, YYYY-MM or YYYY")
    return citation


def _is_partial_date(text: str) -> bool:
    with suppress(ValueError):
        return _DAY_MONTH_OR_YEAR.fullmatch(text) is not None and bool(date(*map(int, [*text.split("-"), "1", "1"][:3])))
    return False


def is_at_most(most: int) -> Check:
    """Return a check that a number isn't larger than `most`."""

    def check(number: Decimal | int, at: Cursor, table: Seen) -> None:
        if number > most:
            at.fail(f"at most {most:,}")

    return check


is_percentage = is_at_most(100)


def has_standard(modes: Mapping[str, object], at: Cursor, table: Seen) -> None:
    """Check that there are prices for the standard mode."""
    if "standard" not in modes:
        at.fail("rates for the mode standard", "none")


def caches_at_a_discount(rates: Any, at: Cursor, table: Seen) -> None:
    """Check that cached tokens cost no more than others."""
    if rates.cached_input is not None and rates.cached_input > rates.input:
        at.entries()["cached_input"].fail(f"at most the input rate ({rates.input})")


def ends_after_announcement(lifecycle: Any, at: Cursor, table: Seen) -> None:
    """Check that a model isn't shut down before that is announced."""
    if lifecycle.announced and lifecycle.shutdown and lifecycle.shutdown < lifecycle.announced:
        at.entries()["shutdown"].fail(f"a day after the announcement ({lifecycle.announced})")


def has_default_effort(reasoning: Any, at: Cursor, table: Seen) -> None:
    """Check that the default is one of the efforts."""
    at.entries()["default_effort"].choice(*reasoning.efforts)


def aliases_are_unique(tasks: Mapping[str, Any], at: Cursor, table: Seen) -> None:
    """Check that an alias stands for one task only, isn't the name of another, and that user reports are of known tasks."""
    owner = {name: name for name in tasks}
    for report in table["evidence"].reports:
        for name in report.tasks:
            if name not in tasks:
                at.fail(f"the task {name}, of which {report.who} reports", "none")
    for task in tasks.values():
        for alias in task.aliases:
            if owner.setdefault(alias, task.id) != task.id:
                at.entries()[task.id].fail(f"the alias {alias} once", f"it under {owner[alias]} too")


def names_are_unique(models: Mapping[str, Any], at: Cursor, table: Seen) -> None:
    """Check that a snapshot belongs to one model only, and that there is a family."""
    owner = {name: name for name in models}
    for model in models.values():
        for snapshot in model.snapshots:
            if owner.setdefault(snapshot, model.id) != model.id:
                at.entries()[model.id].fail(f"snapshot {snapshot} once", f"it under {owner[snapshot]} too")
    first = next((model for model in models.values() if model.role == "family"), None)
    if first is None:
        at.fail("at least one model with the role family", "none")
    if first.images is None:
        at.entries()[first.id].entries()["images"].fail("a rule, by which models without one of their own are priced")
