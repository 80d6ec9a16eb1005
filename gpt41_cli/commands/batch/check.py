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
from gpt41_cli.commands.batch.lines import BatchLines, InspectedRequest, inspect_request
from gpt41_cli.commands.batch.rules import FILE_RULES, BatchFile
from gpt41_cli.commands.batch.waiting import BatchWait, estimate_waits
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.rate_limits import check_usage_tier
from gpt41_cli.errors import MissingPrice
from gpt41_cli.files.documents import FileSpan, LineBlock
from gpt41_cli.files.places import Located, RejectedRequest
from gpt41_cli.files.sources import FileStamp, InputSource, open_source, read_stamp
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_price_notes
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.pricing import Usage, sum_usd
from gpt41_cli.requests.recognise import RequestInput, read_lines
from gpt41_cli.rules import Group, Level, Rule
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.prompt_cache import CacheReplay, ReplayOptions
from gpt41_cli.work.sizing import RequestTotals, merge_into_workload, replay_request, split_into_workloads
from gpt41_cli.work.stream import ReadingOptions, make_file_changed_error, map_chunks
from gpt41_cli.work.violations import RuleViolations
from gpt41_cli.work.violations import make_violation_findings as breach_findings
from gpt41_cli.work.workload import Assumptions, Workload

_BYTE_ORDER_MARK_BYTES = len(codecs.BOM_UTF8)


class BatchOptions(NamedTuple):
    """Under which the files are sent; `usage_tier` None: the usage tier is not known.

    `traffic` is that of the same requests in standard, for the prompt cache; `jobs` how many workers read them.
    """

    meter: Meter
    terms: Assumptions
    platform: Platform
    as_of: date
    usage_tier: int | None = None
    traffic: ReplayOptions = ReplayOptions()
    jobs: int | None = None

    @property
    def catalog(self) -> Catalog:
        """The price table."""
        return self.meter.catalog


class ComparedPrice(NamedTuple):
    """What all of the requests cost in one way of sending them, exact, by these `quotes`."""

    name: str
    total_usd: Decimal
    quotes: tuple[Quote, ...]


class CheckedBatchFile(NamedTuple):
    """One file: what it holds, what it breaks, and its prices, the one in batch first; none where it has no sound request."""

    source: InputSource
    lines: BatchLines
    size_bytes: int
    prices: tuple[ComparedPrice, ...]
    stamp: FileStamp | None

    @property
    def violations(self) -> RuleViolations:
        """What it breaks, line by line and as a whole."""
        return self.lines.violations

    @property
    def broken_rules(self) -> tuple[Rule, ...]:
        """The rules for which it would be rejected."""
        broken = self.violations.by_rule.items()
        return tuple(rule for rule, found in broken if any(each.level is Level.ERROR for each in found.examples))


class BatchCheck(NamedTuple):
    """All files. `work` is what they hold together, `prices` what that costs; None and empty where there is no sound request."""

    files: tuple[CheckedBatchFile, ...]
    work: Workload | None
    prices: tuple[ComparedPrice, ...]
    waits: tuple[BatchWait, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    is_for_split: bool = False

    @property
    def broken_rules(self) -> tuple[Rule, ...]:
        """The rules that stand in the way: of accepting the files, or of splitting them."""
        return tuple(dict.fromkeys(each.rule for each in self.findings if each.level is Level.ERROR))

    @property
    def usage(self) -> Usage:
        """What is billed in batch."""
        return sum((each.usage for each in self.prices[0].quotes), Usage()) if self.prices else Usage()


def check_batch_files(sources: Sequence[InputSource], conditions: BatchOptions, *, is_split: bool = False) -> BatchCheck:
    """Every source as a Batch file of its own. `is_split`: what their parts will not break any more is only noticed.

    InputError for a source that cannot be read, or changes while it is; UnknownName for a usage tier that there is not;
    MissingPrice where a model has no price in batch.
    """
    tiers = _select_tiers(conditions)
    replay = CacheReplay(conditions.catalog, conditions.traffic)
    files = tuple(_check_file(source, conditions, replay) for source in sources)
    sizing = reduce(iadd, (each.lines.totals for each in files), RequestTotals(conditions.traffic))
    prices = tuple(_compare_prices(sizing, conditions))
    work = merge_into_workload(sizing, conditions.terms, 1) if prices else None
    quotes = prices[0].quotes if prices else ()
    mended = Group.FIXED_BY_SPLIT if is_split else Group.NONE
    findings = [found for each in files for found in breach_findings(each.source, each.violations, mended)]
    findings += _warn_of_retirements(quotes, conditions)
    findings += lifecycle.check_price_table_age(conditions.catalog, conditions.as_of)
    return BatchCheck(
        files,
        work,
        prices,
        tuple(estimate_waits(conditions.catalog, [each.lines for each in files], tiers)),
        tuple(findings),
        tuple(_make_notes(conditions.catalog, work, quotes)),
        is_split,
    )


def _select_tiers(conditions: BatchOptions) -> list[int]:
    """The usage tiers of interest: the one that is known, else all; none where the platform has none."""
    tiers = conditions.catalog.limits.usage_tiers
    if conditions.usage_tier is not None:
        check_usage_tier(conditions.catalog, conditions.platform, conditions.usage_tier)
        return [conditions.usage_tier]
    return list(tiers.tiers) if conditions.platform.provider == tiers.provider else []


def _check_file(source: InputSource, conditions: BatchOptions, replay: CacheReplay) -> CheckedBatchFile:
    with open_source(source) as stream:
        before = read_stamp(stream)
        lines, size, has_mark = _read_batch_lines(stream, source, conditions, replay)
        if read_stamp(stream) != before:
            raise make_file_changed_error(source)
    held = BatchFile(lines, size, has_mark, conditions.catalog, conditions.platform, conditions.as_of, conditions.usage_tier)
    for rule in FILE_RULES:
        for breach in rule(held):
            lines.violations.add(breach)
    return CheckedBatchFile(source, lines, size, tuple(_compare_prices(lines.totals, conditions)), before)


def _read_batch_lines(
    stream: BinaryIO, source: InputSource, conditions: BatchOptions, replay: CacheReplay
) -> tuple[BatchLines, int, bool]:
    """The lines of a file, how many bytes it has when it is not compressed, and whether it begins with a byte order mark."""
    size = 0
    last: LineBlock | FileSpan | None = None

    def measured(chunks: Iterator[LineBlock | FileSpan]) -> Iterator[LineBlock | FileSpan]:
        nonlocal size, last
        for last in chunks:
            size += last.size
            yield last

    found = read_lines(stream, source.label)
    requests = RequestInput(measured(found.chunks))
    work = partial(inspect_request, conditions.meter, conditions.terms)
    some = map_chunks(source, requests, ReadingOptions("batch", conditions.jobs), work, list)
    lines = reduce(iadd, (BatchLines.collect(_replay_cache(each, replay) for each in few) for few in some), BatchLines())
    if last and last.read_last_byte() != b"\n":
        lines.drop_final_line_break()
    return lines, size + _BYTE_ORDER_MARK_BYTES * found.has_byte_order_mark, found.has_byte_order_mark


def _replay_cache(
    found: Located[InspectedRequest] | RejectedRequest, replay: CacheReplay
) -> Located[InspectedRequest] | RejectedRequest:
    """The request with what the prompt cache would give it in standard."""
    if isinstance(found, RejectedRequest) or found.result.measured is None:
        return found
    return Located(found.place, found.result._replace(measured=replay_request(found.result.measured, replay)))


def _compare_prices(sizing: RequestTotals, conditions: BatchOptions) -> Iterator[ComparedPrice]:
    """What the requests cost in each way of sending them, in batch first; nothing where there are none.

    MissingPrice where batch has no price; another way that has none is left out.
    """
    replayed = split_into_workloads(sizing, conditions.terms, 1)
    cold = {group: work.without_cache() for group, work in replayed.items()}
    ways = (("batch", "batch", cold), ("standard", "standard", cold), ("cached", "standard", replayed))
    for name, mode, works in ways if replayed else ():
        try:
            quotes = tuple(_quote_model(group.model, mode, work, conditions) for group, work in works.items())
        except MissingPrice:
            if mode == "batch":
                raise
            continue
        yield ComparedPrice(name, sum_usd(each.total_usd for each in quotes), quotes)


def _quote_model(model: str | None, mode: str, work: Workload, conditions: BatchOptions) -> Quote:
    catalog = conditions.catalog
    offer = catalog.offer(catalog.variant(str(model)), mode, conditions.platform, conditions.as_of)
    return price_workload(catalog, offer, work)


def _warn_of_retirements(quotes: Sequence[Quote], conditions: BatchOptions) -> Iterator[Finding]:
    """A warning for each model that still runs and will end."""
    for each in quotes:
        if not lifecycle.find_past_shutdown(each.offer.variant, conditions.platform, conditions.as_of):
            yield from lifecycle.check_lifecycle(each.offer.variant, conditions.platform, conditions.as_of)


def _make_notes(catalog: Catalog, work: Workload | None, quotes: Sequence[Quote]) -> Iterator[str]:
    """What a reader of the prices must know."""
    if work is None:
        return
    for each in quotes:
        if each.offer.row.rates.cached_input is None:
            yield f"Batch gives cached tokens of {each.model} no discount [{each.offer.row.source.label}]."
    yield from write_price_notes(catalog, work, quotes)
