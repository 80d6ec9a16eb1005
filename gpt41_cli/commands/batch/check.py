"""Check whether Batch files will be accepted, what they cost, and how long they queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import reduce
from operator import iadd
from typing import NamedTuple

from gpt41_cli.catalog import Market, Variant
from gpt41_cli.commands.batch.rules import BatchFile, find_violations
from gpt41_cli.commands.batch.waiting import BatchWait, estimate_waits
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.batch_lines import BatchLines, read_batch_lines
from gpt41_cli.constraints.rate_limits import check_usage_tier
from gpt41_cli.constraints.request_limits import check_output
from gpt41_cli.errors import MissingPrice
from gpt41_cli.files.sources import FileStamp, InputSource, open_source, read_stamp
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_price_notes
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.prices.succession import Succession, find_near_succession
from gpt41_cli.pricing import Usage, sum_usd
from gpt41_cli.rules import Group, Level, Rule
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.measuring import MeasuredRequest
from gpt41_cli.work.prompt_cache import CacheReplay, ReplayOptions
from gpt41_cli.work.sizing import RequestTotals, merge_into_workload, replay_request, split_into_workloads
from gpt41_cli.work.stream import make_file_changed_error
from gpt41_cli.work.violations import RuleViolations, make_violation_findings
from gpt41_cli.work.workload import Assumptions, Workload


class BatchOptions(NamedTuple):
    """How the files are sent. `usage_tier` is None if it isn't known.

    `traffic` is that of the same requests in standard, for the prompt cache; `jobs` is the number of workers.
    """

    market: Market
    meter: Meter
    terms: Assumptions
    usage_tier: int | None = None
    traffic: ReplayOptions = ReplayOptions()
    jobs: int | None = None


class ComparedPrice(NamedTuple):
    """The exact price of all requests in one way of sending them, and its `quotes`."""

    name: str
    total_usd: Decimal
    quotes: tuple[Quote, ...]


class CheckedBatchFile(NamedTuple):
    """One file: its lines, its violations, and its prices, batch first; no prices without a valid request."""

    source: InputSource
    lines: BatchLines
    totals: RequestTotals
    violations: RuleViolations
    prices: tuple[ComparedPrice, ...]
    stamp: FileStamp | None

    @property
    def broken_rules(self) -> tuple[Rule, ...]:
        """The rules for which it would be rejected."""
        return tuple(self.violations.errors)


class BatchCheck(NamedTuple):
    """All files. `work` is all their requests, `prices` their prices; None and empty without a valid request.

    `successions` are what follows the models of the requests, None for a model of which nothing is known to follow soon.
    """

    files: tuple[CheckedBatchFile, ...]
    work: Workload | None
    prices: tuple[ComparedPrice, ...]
    waits: tuple[BatchWait, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    is_for_split: bool = False
    successions: tuple[Succession | None, ...] = ()

    @property
    def broken_rules(self) -> tuple[Rule, ...]:
        """The rules that prevent the files from being accepted, or from being split."""
        return tuple(dict.fromkeys(finding.rule for finding in self.findings if finding.level is Level.ERROR))

    @property
    def usage(self) -> Usage:
        """The usage that is billed in batch."""
        return sum((quote.usage for quote in self.prices[0].quotes), Usage()) if self.prices else Usage()


def check_batch_files(sources: Sequence[InputSource], conditions: BatchOptions, *, is_split: bool = False) -> BatchCheck:
    """Check every source as a Batch file of its own. If `is_split`, rules that splitting fixes give only notices.

    Raises InputError for a source that can't be read or changes while it is read, UnknownName for an unknown usage tier,
    MissingPrice if a model has no price in batch.
    """
    tiers = _select_tiers(conditions)
    replay = CacheReplay(conditions.market.catalog, conditions.traffic)
    files = tuple(_check_file(source, conditions, replay) for source in sources)
    sizing = reduce(iadd, (file.totals for file in files), RequestTotals(conditions.traffic))
    prices = tuple(_compare_prices(sizing, conditions))
    work = merge_into_workload(sizing, conditions.terms, 1) if prices else None
    quotes = prices[0].quotes if prices else ()
    mended = Group.FIXED_BY_SPLIT if is_split else Group.NONE
    findings = [finding for file in files for finding in make_violation_findings(file.source, file.violations, mended)]
    findings += check_output(work, conditions.market) if work else ()
    findings += _warn_of_retirements(quotes, conditions)
    findings += lifecycle.check_price_table_age(conditions.market)
    return BatchCheck(
        files,
        work,
        prices,
        tuple(estimate_waits(conditions.market, [file.lines for file in files], tiers)),
        tuple(findings),
        tuple(_make_notes(conditions.market, work, quotes)),
        is_split,
        tuple(_find_successions(sizing, conditions)),
    )


def _select_tiers(conditions: BatchOptions) -> list[int]:
    """Select the known usage tier, or all of them; none if the platform has no tiers."""
    tiers = conditions.market.catalog.limits.usage_tiers
    if conditions.usage_tier is not None:
        check_usage_tier(conditions.market, conditions.usage_tier)
        return [conditions.usage_tier]
    return list(tiers.tiers) if conditions.market.platform.provider == tiers.provider else []


def _check_file(source: InputSource, conditions: BatchOptions, replay: CacheReplay) -> CheckedBatchFile:
    """Check one source as a Batch file; its requests follow those that `replay` has seen. Raises as `check_batch_files` does."""
    totals = RequestTotals()

    def replay_and_add(measured: MeasuredRequest) -> None:
        # What it breaks is among the violations of its line.
        totals.add(replay_request(measured._replace(flaws=()) if measured.flaws else measured, replay))

    with open_source(source) as stream:
        before = read_stamp(stream)
        lines = read_batch_lines(stream, source, conditions.meter, conditions.terms, conditions.jobs, replay_and_add)
        if read_stamp(stream) != before:
            raise make_file_changed_error(source)
    if source.line_numbers is not None:
        lines.renumber(source.line_numbers)
    file = BatchFile(lines, conditions.market, conditions.usage_tier)
    prices = tuple(_compare_prices(totals, conditions))
    return CheckedBatchFile(source, lines, totals, find_violations(file), prices, before)


def _compare_prices(sizing: RequestTotals, conditions: BatchOptions) -> Iterator[ComparedPrice]:
    """Price the requests in each way of sending them, batch first; nothing without requests.

    Raises MissingPrice if batch has no price. Another way without a price is left out.
    """
    replayed = split_into_workloads(sizing, conditions.terms, 1)
    cold = {group: work.without_cache() for group, work in replayed.items()}
    ways = (("batch", "batch", cold), ("standard", "standard", cold), ("flex", "flex", cold), ("cached", "standard", replayed))
    for name, mode, works in ways if replayed else ():
        try:
            offers = [conditions.market.offer(_find_variant(group.model, conditions), mode) for group in works]
        except MissingPrice:
            if mode == "batch":
                raise
            continue
        quotes = tuple(map(price_workload, offers, works.values()))
        yield ComparedPrice(name, sum_usd(quote.total_usd for quote in quotes), quotes)


def _find_successions(sizing: RequestTotals, conditions: BatchOptions) -> Iterator[Succession | None]:
    """Find what follows the model of each part of the requests, in batch."""
    for group, work in split_into_workloads(sizing, conditions.terms, 1).items():
        yield find_near_succession(conditions.market, _find_variant(group.model, conditions), "batch", work.without_cache())


def _find_variant(model: str | None, conditions: BatchOptions) -> Variant:
    return conditions.market.catalog.variant(conditions.meter.model or str(model))


def _warn_of_retirements(quotes: Sequence[Quote], conditions: BatchOptions) -> Iterator[Finding]:
    """Make a warning for each model that still runs and will end."""
    for quote in quotes:
        if not lifecycle.find_past_shutdown(conditions.market, quote.offer.variant):
            yield from lifecycle.check_lifecycle(conditions.market, quote.offer.variant)


def _make_notes(market: Market, work: Workload | None, quotes: Sequence[Quote]) -> Iterator[str]:
    """Write the notes that a reader of the prices needs."""
    if work is None:
        return
    for quote in quotes:
        if quote.offer.row.rates.cached_input is None and not lifecycle.find_past_shutdown(market, quote.offer.variant):
            yield f"Batch gives cached tokens of {quote.model} no discount [{quote.offer.row.source.label}]."
    yield from write_price_notes(market.catalog, work, quotes)
