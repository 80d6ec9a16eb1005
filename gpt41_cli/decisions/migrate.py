"""The same work before and after: what a model costs today, what each way out of it costs, and what does not move along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog, Offer, Variant
from gpt41_cli.catalog.tables import CacheRules, Lifecycle, Platform
from gpt41_cli.decisions import lifecycle, limits
from gpt41_cli.decisions.breaks import Break, Move, breaks
from gpt41_cli.decisions.estimate import Quote, notes, quote, usage_by_rates
from gpt41_cli.decisions.road import Step, road
from gpt41_cli.decisions.workload import Load, Size, Workload
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding, Level
from gpt41_cli.pricing import EXACT

if TYPE_CHECKING:  # numbers need nothing that reads requests
    from gpt41_cli.decisions.sizing import Uses

MODES = ("standard", "batch")
"""What is compared where no mode is asked for."""

_PER_MILLION = 1_000_000


class Plan(NamedTuple):
    """What is asked: from which variant, to which (none: what is named in its place, and beside it what else there is), in which
    modes (none: MODES), where it is bought, and on which day. `uses` None: there are no requests to look into.
    """

    leaving: Variant
    to: Sequence[Variant]
    modes: Sequence[str]
    platform: Platform
    as_of: date
    uses: Uses | None = None


class Writes(NamedTuple):
    """Input that goes into the prompt cache, and what that costs more than reading it, in US dollars, exact."""

    tokens: int
    usd: Decimal


class Way(NamedTuple):
    """The work at another variant, in one mode; `today` is its price there today, None where it has none in that mode.

    `writes` are the most that can be written to the prompt cache; where the cache was replayed, what the replay writes.
    `reasoning_tokens` are how many each request may add before the work, its writes included, costs more than today; None where
    the model does not reason, today's price is not known, or it costs more without any.
    """

    quote: Quote
    today: Quote | None
    writes: Writes
    reasoning_tokens: int | None

    @property
    def variant(self) -> Variant:
        """Where it leads."""
        return self.quote.offer.variant

    @property
    def most_usd(self) -> Decimal:
        """The price with its cache writes, without reasoning; exact."""
        return EXACT.add(self.quote.total_usd, self.writes.usd)

    @property
    def added_usd(self) -> Decimal | None:
        """What that is more than today, exact; negative where it is less."""
        return None if self.today is None else EXACT.subtract(self.most_usd, self.today.total_usd)


class Migration(NamedTuple):
    """The ways out, the target's first; the modes of each in the order asked for, the first being that of the answer.

    `target` None: nothing that has a price is named in place of the model. `breaks` are by the id of the variant. `is_replayed`:
    cache writes are those of a replay.
    """

    plan: Plan
    modes: tuple[str, ...]
    today: Mapping[str, Quote]
    road: tuple[Step, ...]
    target: Variant | None
    ways: tuple[Way, ...]
    breaks: Mapping[str, tuple[Break, ...]]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    is_replayed: bool

    @property
    def answer(self) -> Way | None:
        """The target in the first mode in which it has a price."""
        return next((way for way in self.ways if self.target and way.variant.id == self.target.id), None)


def migrate(catalog: Catalog, work: Workload, plan: Plan) -> Migration:
    """The work at the variant that is left and at those it may go to.

    MissingPrice where the variant, one that was asked for, or all of the others have no price; InputError where there is none.
    """
    modes = tuple(plan.modes) or (MODES[::-1] if work.is_batch else MODES)
    steps = road(catalog, plan.leaving, plan.platform, plan.as_of)
    contenders, ended = _contenders(catalog, plan, steps)
    today, missing = _today(catalog, work, plan, modes)
    ways: list[Way] = []
    for variant in contenders:
        found = list(_ways(catalog, work, plan, variant, today, modes, missing))
        if plan.to and not found:
            raise missing[-1]
        ways += found
    if not ways:
        raise missing[-1]
    target = _target(plan, steps, ways)
    ways.sort(key=lambda way: target is None or way.variant.id != target.id)
    broken = {
        variant.id: breaks(Move(catalog, plan.leaving, variant, work, modes, plan.uses))
        for variant in {way.variant.id: way.variant for way in ways}.values()
    }
    answers = [way.quote for way in ways if target and way.variant.id == target.id]
    said = notes(catalog, work, [*today.values(), *answers], with_writes=False)
    return Migration(
        plan,
        modes,
        today,
        steps,
        target,
        tuple(ways),
        broken,
        tuple(_findings(catalog, work, plan, steps, target, broken, missing)),
        (*said, *(f"{each.id} is left out: {lifecycle.shut_down(plan.platform, life).text}." for each, life in ended)),
        work.replay is not None,
    )


def _contenders(catalog: Catalog, plan: Plan, steps: Sequence[Step]) -> tuple[list[Variant], list[tuple[Variant, Lifecycle]]]:
    """Where the work may go, and what of that has ended by that day; what was asked for may have."""
    if plan.to:
        same = next((variant for variant in plan.to if variant.id == plan.leaving.id), None)
        if same:
            raise InputError(f"--to: expected another model than the one that is left, found {same.id}")
        return list(plan.to), []
    named = [step.variant for step in steps if step.variant]
    family = catalog.family if plan.leaving.model.role == "predecessor" else ()
    successors = (Variant(model.id, model) for model in catalog.with_role("successor"))
    all_of_them = {variant.id: variant for variant in (*named, *family, *successors) if variant.model != plan.leaving.model}
    if not all_of_them:
        raise InputError(f"--to: expected the model to move to, as {catalog.file} has none to go to from {plan.leaving.id}")
    ends = {each.id: lifecycle.ended(each, plan.platform, plan.as_of) for each in all_of_them.values()}
    gone = [(all_of_them[name], life) for name, life in ends.items() if life]
    return [each for each in all_of_them.values() if not ends[each.id]], gone


def _today(catalog: Catalog, work: Workload, plan: Plan, modes: Sequence[str]) -> tuple[dict[str, Quote], list[MissingPrice]]:
    """The price of the work today in each mode that has one, and what has none. MissingPrice where no mode has."""
    found: dict[str, Quote] = {}
    missing: list[MissingPrice] = []
    for mode in modes:
        try:
            found[mode] = quote(catalog, catalog.offer(plan.leaving, mode, plan.platform, plan.as_of), work)
        except MissingPrice as error:
            missing.append(error)
    if not found:
        raise missing[0]
    return found, missing


def _ways(
    catalog: Catalog,
    work: Workload,
    plan: Plan,
    variant: Variant,
    today: Mapping[str, Quote],
    modes: Sequence[str],
    missing: list[MissingPrice],
) -> Iterator[Way]:
    """The work at a variant in each mode that has a price; `missing` takes what has none."""
    load = work.on(catalog, variant)
    for mode in modes:
        try:
            offer = catalog.offer(variant, mode, plan.platform, plan.as_of)
        except MissingPrice as error:
            missing.append(error)
            continue
        found, now = quote(catalog, offer, work), today.get(mode)
        written = writes(offer, load, catalog.limits.prompt_cache, is_replayed=work.replay is not None)
        most = EXACT.add(found.total_usd, written.usd)
        spare = None if now is None else EXACT.subtract(now.total_usd, most)
        yield Way(found, now, written, None if spare is None else reasoning_tokens(offer, load, spare))


def writes(offer: Offer, load: Load, rules: CacheRules, *, is_replayed: bool) -> Writes:
    """What of the input goes into the prompt cache, where writing has a price: of a replay what it writes, else the most.

    What is read is not written, and a prompt below the least that is cached is not either. A replay writes whole steps; beyond
    one nobody can tell how much is written, so that all that is not read is the most. The first 30 minutes are priced.
    """
    tokens, usd = 0, Decimal(0)
    for size, many in load.sizes.items():
        more = EXACT.subtract(offer.write_rate(size.input_tokens), offer.rates(size.input_tokens).input)
        if more:
            written = _written(size, rules, is_replayed) * many
            tokens += written
            usd = EXACT.add(usd, EXACT.multiply(EXACT.scaleb(Decimal(written), -6), more))
    return Writes(tokens, usd)


def _written(size: Size, rules: CacheRules, is_replayed: bool) -> int:
    beyond = size.input_tokens - rules.minimum_tokens
    if beyond < 0:
        return 0
    rest = beyond % rules.step_tokens if is_replayed else 0
    return max(size.input_tokens - rest - size.cached_tokens, 0)


def reasoning_tokens(offer: Offer, load: Load, spare_usd: Decimal) -> int | None:
    """How many reasoning tokens each request may add for `spare_usd` in all, rounded down; None where it does not reason, or
    nothing is spared, or output costs nothing.
    """
    each = sum(usage.requests * Fraction(rates.output) for rates, usage in usage_by_rates(offer, load).items())
    if offer.variant.model.reasoning is None or spare_usd < 0 or not each:
        return None
    return int(Fraction(spare_usd) * _PER_MILLION / each)


def _target(plan: Plan, steps: Sequence[Step], ways: Sequence[Way]) -> Variant | None:
    """The first that was asked for; else the last that is named and has a price."""
    priced = {way.variant.id for way in ways}
    if plan.to:
        return plan.to[0]
    return next((step.variant for step in reversed(steps) if step.variant and step.variant.id in priced), None)


def _findings(
    catalog: Catalog,
    work: Workload,
    plan: Plan,
    steps: Sequence[Step],
    target: Variant | None,
    broken: Mapping[str, Sequence[Break]],
    missing: Sequence[MissingPrice],
) -> Iterator[Finding]:
    """That the model ends, what does not move along to where the work is to go, and what the table does not have."""
    for finding in lifecycle.check(plan.leaving, plan.platform, plan.as_of):
        yield finding._replace(level=Level.ERROR) if finding.rule == "model-shut-down" else finding
    for variant in plan.to or ([target] if target else []):
        yield from lifecycle.check(variant, plan.platform, plan.as_of)
        yield from (each.finding(variant) for each in broken[variant.id])
    for step in steps:
        if step.variant is None:
            yield Finding("replacement-unknown", Level.WARNING, step.remark.text, subject=step.name)
    if target is None and not steps:
        yield Finding(
            "replacement-unknown", Level.WARNING, f"nothing is named in place of {plan.leaving.id}", subject=plan.leaving.id
        )
    yield from (Finding("missing-price", Level.NOTICE, str(error)) for error in missing)
    yield from limits.check_cache(catalog, work.on(catalog, plan.leaving))
    yield from lifecycle.check_table(catalog, plan.as_of)
