"""Will these Batch files be accepted, what do they cost, and how long do they queue?"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial, reduce
from operator import iadd
from typing import BinaryIO, NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.commands.batch.lines import Inspected, Lines, inspect
from gpt41_cli.commands.batch.rules import MENDED, RULES, Held
from gpt41_cli.commands.batch.waiting import Waiting, waiting
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.rate_limits import check_tier
from gpt41_cli.errors import MissingPrice
from gpt41_cli.files.documents import Block, Span
from gpt41_cli.files.places import Done, Invalid
from gpt41_cli.files.sources import Source, Stamp, stamp, stream_of
from gpt41_cli.findings import Finding, Level
from gpt41_cli.prices.notes import notes_on_prices
from gpt41_cli.prices.quote import Quote, quote
from gpt41_cli.pricing import Usage, sum_usd
from gpt41_cli.requests.recognise import Requests, read_lines
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.prompt_cache import Replay, Traffic
from gpt41_cli.work.sizing import Sizing, cached, together, workloads
from gpt41_cli.work.stream import Reading, changed, gathered
from gpt41_cli.work.violations import Breaches
from gpt41_cli.work.violations import findings as breach_findings
from gpt41_cli.work.workload import Terms, Workload

_MARK_BYTES = len(codecs.BOM_UTF8)


class Conditions(NamedTuple):
    """Under which the files are sent; `tier` None: the usage tier is not known.

    `traffic` is that of the same requests in standard, for the prompt cache; `jobs` how many workers read them.
    """

    meter: Meter
    terms: Terms
    platform: Platform
    as_of: date
    tier: int | None = None
    traffic: Traffic = Traffic()
    jobs: int | None = None

    @property
    def catalog(self) -> Catalog:
        """The price table."""
        return self.meter.catalog


class Price(NamedTuple):
    """What all of the requests cost in one way of sending them, exact, by these `quotes`."""

    name: str
    total_usd: Decimal
    quotes: tuple[Quote, ...]


class Checked(NamedTuple):
    """One file: what it holds, what it breaks, and its prices, the one in batch first; none where it has no sound request."""

    source: Source
    lines: Lines
    bytes: int
    prices: tuple[Price, ...]
    stamp: Stamp | None

    @property
    def breaches(self) -> Breaches:
        """What it breaks, line by line and as a whole."""
        return self.lines.breaches

    @property
    def broken(self) -> tuple[str, ...]:
        """The rules for which it would be rejected."""
        first = self.breaches.first.items()
        return tuple(rule for rule, found in first if any(each.level is Level.ERROR for each in found))


class Check(NamedTuple):
    """All files. `work` is what they hold together, `prices` what that costs; None and empty where there is no sound request."""

    files: tuple[Checked, ...]
    work: Workload | None
    prices: tuple[Price, ...]
    waiting: tuple[Waiting, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    is_split: bool = False

    @property
    def broken(self) -> tuple[str, ...]:
        """The rules that stand in the way: of accepting the files, or of splitting them."""
        return tuple(dict.fromkeys(each.rule for each in self.findings if each.level is Level.ERROR))

    @property
    def usage(self) -> Usage:
        """What is billed in batch."""
        return sum((each.usage for each in self.prices[0].quotes), Usage()) if self.prices else Usage()


def check(sources: Sequence[Source], conditions: Conditions, *, is_split: bool = False) -> Check:
    """Every source as a Batch file of its own. `is_split`: what their parts will not break any more is only noticed.

    InputError for a source that cannot be read, or changes while it is; UnknownName for a usage tier that there is not;
    MissingPrice where a model has no price in batch.
    """
    tiers = _tiers(conditions)
    replay = Replay(conditions.catalog, conditions.traffic)
    files = tuple(_check_file(source, conditions, replay) for source in sources)
    sizing = reduce(iadd, (each.lines.sizing for each in files), Sizing(conditions.traffic))
    prices = tuple(_prices(sizing, conditions))
    work = together(sizing, conditions.terms, 1) if prices else None
    quotes = prices[0].quotes if prices else ()
    mended = MENDED if is_split else ()
    findings = [found for each in files for found in breach_findings(each.source, each.breaches, mended)]
    findings += _retiring(quotes, conditions)
    findings += lifecycle.check_table(conditions.catalog, conditions.as_of)
    return Check(
        files,
        work,
        prices,
        tuple(waiting(conditions.catalog, [each.lines for each in files], tiers)),
        tuple(findings),
        tuple(_notes(conditions.catalog, work, quotes)),
        is_split,
    )


def _tiers(conditions: Conditions) -> list[int]:
    """The usage tiers of interest: the one that is known, else all; none where the platform has none."""
    tiers = conditions.catalog.limits.usage_tiers
    if conditions.tier is not None:
        check_tier(conditions.catalog, conditions.platform, conditions.tier)
        return [conditions.tier]
    return list(tiers.tiers) if conditions.platform.provider == tiers.provider else []


def _check_file(source: Source, conditions: Conditions, replay: Replay) -> Checked:
    with stream_of(source) as stream:
        before = stamp(stream)
        lines, size, has_mark = _read(stream, source, conditions, replay)
        if stamp(stream) != before:
            raise changed(source)
    held = Held(lines, size, has_mark, conditions.catalog, conditions.platform, conditions.as_of, conditions.tier)
    for rule in RULES:
        for breach in rule(held):
            lines.breaches.add(breach)
    return Checked(source, lines, size, tuple(_prices(lines.sizing, conditions)), before)


def _read(stream: BinaryIO, source: Source, conditions: Conditions, replay: Replay) -> tuple[Lines, int, bool]:
    """The lines of a file, how many bytes it has when it is not compressed, and whether it begins with a byte order mark."""
    size = 0
    last: Block | Span | None = None

    def measured(chunks: Iterator[Block | Span]) -> Iterator[Block | Span]:
        nonlocal size, last
        for last in chunks:
            size += last.size
            yield last

    found = read_lines(stream, source.label)
    requests = Requests(measured(found.chunks))
    work = partial(inspect, conditions.meter, conditions.terms)
    some = gathered(source, requests, Reading("batch", conditions.jobs), work, list)
    lines = reduce(iadd, (Lines.of(_replayed(each, replay) for each in few) for few in some), Lines())
    if last and last.last_byte() != b"\n":
        lines.ends_open()
    return lines, size + _MARK_BYTES * found.has_mark, found.has_mark


def _replayed(found: Done[Inspected] | Invalid, replay: Replay) -> Done[Inspected] | Invalid:
    """The request with what the prompt cache would give it in standard."""
    if isinstance(found, Invalid) or found.result.sized is None:
        return found
    return Done(found.place, found.result._replace(sized=cached(found.result.sized, replay)))


def _prices(sizing: Sizing, conditions: Conditions) -> Iterator[Price]:
    """What the requests cost in each way of sending them, in batch first; nothing where there are none.

    MissingPrice where batch has no price; another way that has none is left out.
    """
    replayed = workloads(sizing, conditions.terms, 1)
    cold = {group: work.without_cache() for group, work in replayed.items()}
    ways = (("batch", "batch", cold), ("standard", "standard", cold), ("cached", "standard", replayed))
    for name, mode, works in ways if replayed else ():
        try:
            quotes = tuple(_quote(group.model, mode, work, conditions) for group, work in works.items())
        except MissingPrice:
            if mode == "batch":
                raise
            continue
        yield Price(name, sum_usd(each.total_usd for each in quotes), quotes)


def _quote(model: str | None, mode: str, work: Workload, conditions: Conditions) -> Quote:
    catalog = conditions.catalog
    offer = catalog.offer(catalog.variant(str(model)), mode, conditions.platform, conditions.as_of)
    return quote(catalog, offer, work)


def _retiring(quotes: Sequence[Quote], conditions: Conditions) -> Iterator[Finding]:
    """A warning for each model that still runs and will end."""
    for each in quotes:
        if not lifecycle.ended(each.offer.variant, conditions.platform, conditions.as_of):
            yield from lifecycle.check(each.offer.variant, conditions.platform, conditions.as_of)


def _notes(catalog: Catalog, work: Workload | None, quotes: Sequence[Quote]) -> Iterator[str]:
    """What a reader of the prices must know."""
    if work is None:
        return
    for each in quotes:
        if each.offer.row.rates.cached_input is None:
            yield f"Batch gives cached tokens of {each.model} no discount [{each.offer.row.source.label}]."
    yield from notes_on_prices(catalog, work, quotes)
