"""What every workload costs, what it would cost elsewhere, and where the lines cross: the figures of a report to pass on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from math import ceil
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import Lifecycle, Platform, Source
from gpt41_cli.commands.check.check import Check
from gpt41_cli.commands.check.workload_checks import wishes
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes, judge_any, tolerance_of
from gpt41_cli.commands.recommend.choose import Recommendation, recommend
from gpt41_cli.commands.recommend.scores import score
from gpt41_cli.config.tables import PERIODS
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.rate_limits import monthly_limit
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.findings import Finding, Level
from gpt41_cli.tokens.pieces import IMAGES
from gpt41_cli.work.searches import found_tokens
from gpt41_cli.work.workload import Load, Shape, Size, Terms, Workload
from gpt41_cli.workloads.costing import Costing
from gpt41_cli.workloads.priced import Priced
from gpt41_cli.workloads.saved import Saved

DEFAULT_TASK = "general"
HOURS_A_MONTH = 24 * PERIODS["day"]

_OF_THE_DAY = ("model-shut-down", "model-retires", "price-table-stale")
"""What is found anew of a saved report."""
_OF_A_DAY = ("cheaper-variant", "qualifying-variant", "ends-before-done")
"""What was found on the day of a saved report may not be true on another."""
_TRADED = {"tolerance", "min-score", "max-usd"}
"""What speaks against a candidate for its score or its price alone: it still belongs to what money can buy."""


class Ceiling(NamedTuple):
    """What may be spent in a month, by a budget or by a usage tier."""

    label: str
    usd: Decimal
    source: Source | None = None


class Subject(NamedTuple):
    """A workload to report on: its price as declared, what it sends, and what it must be.

    `search_tokens` are what its web searches find, beside the input of its costing. `is_saved`: it comes from a saved report,
    which has only sums: its requests are taken as equal.
    """

    name: str
    costing: Costing
    work: Workload
    variant: Variant
    platform: Platform
    wishes: Wishes
    ceilings: tuple[Ceiling, ...] = ()
    search_tokens: int = 0
    is_saved: bool = False


class Line(NamedTuple):
    """What a variant in a mode costs in a month: `each_usd` for every request, and `fixed_usd` whatever is sent."""

    model: str
    mode: str
    each_usd: Fraction
    fixed_usd: Fraction = Fraction(0)
    fits: bool = True

    @property
    def name(self) -> str:
        """Variant and mode."""
        return f"{self.model} {self.mode}"

    def usd(self, requests: Fraction) -> Fraction:
        """The price of so many requests."""
        return self.fixed_usd + self.each_usd * requests


class Crossing(NamedTuple):
    """Where a line meets a ceiling or another line, which `other` names."""

    line: Line
    other: str
    requests: Fraction
    usd: Fraction


class Examined(NamedTuple):
    """A workload with what `recommend` says of its requests.

    `lines` are its own first, then every candidate that runs and has a price; `frontier` those that no other beats in both score
    and price, the cheapest first. `too_short`: the tokens below which a prompt is never cached, where all of them are. `own` is
    what it is on, held against the same wishes.
    """

    subject: Subject
    found: Recommendation
    lines: tuple[Line, ...]
    crossings: tuple[Crossing, ...]
    frontier: tuple[Candidate, ...]
    too_short: int | None
    own: Candidate

    @property
    def is_kept(self) -> bool:
        """Whether it stays where it is, on what is not compared, as a fine-tune or a successor: nothing speaks against it but the
        want of a score, and it costs no more than what fits.
        """
        choice, own = self.found.choice, self.subject.costing
        compared = {each.variant.id for each in self.priced}
        fits = all(each.rule == "no-score" for each in self.own.exclusions)
        return choice is not None and fits and own.model not in compared and own.each_usd.expected <= each_usd(choice)

    @property
    def choice(self) -> Candidate | None:
        """What to move to, or to stay with; None where nothing fits, or where it stays on what is not compared."""
        return None if self.is_kept else self.found.choice

    @property
    def advised(self) -> tuple[str, str] | None:
        """The variant and the mode that are recommended; None where nothing fits."""
        if self.is_kept:
            return self.subject.costing.model, self.subject.costing.mode
        return (self.choice.variant.id, self.choice.mode) if self.choice else None

    @property
    def each_usd(self) -> Fraction | None:
        """The mean price of a request as recommended; None where nothing fits."""
        if self.is_kept:
            return self.subject.costing.each_usd.expected
        return each_usd(self.choice) if self.choice else None

    @property
    def monthly_usd(self) -> Fraction | None:
        """The price of a month as recommended; None where nothing fits or no volume is known."""
        monthly = self.subject.costing.monthly_usd
        if self.is_kept:
            return monthly and monthly.expected
        return self.month_of(self.choice) if self.choice else None

    @property
    def is_least(self) -> bool:
        """Whether what the searches of the recommended variant find is billed, and not counted."""
        return self.choice is not None and self.choice.quote is not None and self.choice.quote.is_least

    def month_of(self, candidate: Candidate) -> Fraction | None:
        """The price of a month at a candidate that has a price; None where no volume is known."""
        costing = self.subject.costing
        return each_usd(candidate) * costing.volume.per_month + costing.storage_monthly_usd if costing.volume else None

    @property
    def priced(self) -> tuple[Candidate, ...]:
        """All candidates that have a price, those that fit first."""
        found = (*((self.found.choice,) if self.found.choice else ()), *self.found.alternatives, *self.found.excluded)
        return tuple(each for each in found if each.quote)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Those of them that run on that day."""
        return tuple(each for each in self.priced if not _is_gone(each))


class Life(NamedTuple):
    """The end of a model at a platform, as the table has it; None: it knows of none."""

    variant: Variant
    platform: Platform
    end: Lifecycle | None


class Overview(NamedTuple):
    """All workloads on a day; `lives` are the models that they use, are advised to use, or could."""

    as_of: date
    workloads: tuple[Examined, ...]
    lives: tuple[Life, ...]

    @property
    def monthly_usd(self) -> Fraction | None:
        """What all of them cost in a month as they are; None where one has no volume."""
        return _sum(each.subject.costing.monthly_usd and each.subject.costing.monthly_usd.expected for each in self.workloads)

    @property
    def recommended_usd(self) -> Fraction | None:
        """The same as recommended; None where something does not fit, too."""
        return _sum(each.monthly_usd for each in self.workloads)


class Input(NamedTuple):
    """The workloads of one gpt41.yaml or one saved report, what was found about them, and what their reader must know."""

    subjects: tuple[Subject, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()

    def named(self, file: str) -> Input:
        """The same, each name with its file: for several inputs."""
        return self._replace(subjects=tuple(each._replace(name=f"{each.name} ({file})") for each in self.subjects))


def checked_input(check: Check, catalog: Catalog, as_of: date) -> Input:
    """The workloads of a gpt41.yaml, with all that `check` finds."""
    left_out = [each for checked in check.workloads for each in checked.priced.contents.left_out]
    subjects = tuple(_declared(each.priced, catalog, as_of) for each in check.workloads)
    return Input(subjects, check.findings, check.notes, tuple(left_out))


def saved_input(saved: Saved, file: str, catalog: Catalog, as_of: date) -> Input:
    """The workloads of a saved report. InputError, with the file, for a model or platform that the table does not have."""
    try:
        subjects = tuple(_saved(each, catalog, as_of) for each in saved.costings.values())
    except UnknownName as error:
        raise InputError(f"{file}: {error}") from None
    ends = (finding for each in subjects for finding in lifecycle.check(each.variant, each.platform, as_of, Level.ERROR))
    left_out = _OF_THE_DAY if as_of == saved.as_of else (*_OF_THE_DAY, *_OF_A_DAY)
    kept = (finding for finding in saved.findings if finding.rule not in left_out)
    is_open = not all(each.requirements.tasks for each in saved.costings.values())
    pictures = any(each.parts.get(IMAGES) for each in saved.costings.values())
    note = (
        f"{file} has no single requests: each workload's are taken as equal, so that no surcharge on some of them is seen"
        f"{', pictures as counted by what it runs on' if pictures else ''}"
        f"{', and where it states no task, what it runs on as good enough' if is_open else ''}. "
        f"Its prices are those of {saved.as_of}."
    )
    return Input(subjects, (*kept, *dict.fromkeys(ends), *lifecycle.check_table(catalog, as_of)), (note,))


def _declared(priced: Priced, catalog: Catalog, as_of: date) -> Subject:
    """A workload of gpt41.yaml."""
    declared, variant = priced.declared, priced.contents.variant
    return Subject(
        declared.name,
        priced.costing,
        replace(priced.work, replay=None, _loads={}),  # the cached tokens stay with the requests
        variant,
        declared.platform,
        _wishes(priced.costing, variant, catalog, as_of),
        tuple(_ceilings(priced.costing, declared.budget.monthly_usd, catalog)),
        priced.quote.usage.input_tokens - priced.costing.input_tokens,
    )


def _wishes(costing: Costing, variant: Variant, catalog: Catalog, as_of: date) -> Wishes:
    wished = wishes(costing, catalog, as_of)
    return wished if wished.tasks else _as_good_as_now(wished, variant, catalog)


def _as_good_as_now(wished: Wishes, variant: Variant, catalog: Catalog) -> Wishes:
    """The wishes of work that states no task: what it runs on is good enough, and so is whatever scores no less."""
    task = catalog.task(DEFAULT_TASK)
    share = score(task, catalog, None, [each.id for each in catalog.family]).share.get(variant.id)
    lacking = Decimal(0) if share is None else Decimal(ceil((1 - share) * 1000)) / 1000
    return wished._replace(tasks=(task,), tolerance=max(lacking, tolerance_of(wished, task)))


def _ceilings(costing: Costing, budget_usd: Decimal | None, catalog: Catalog) -> Iterator[Ceiling]:
    if budget_usd is not None:
        yield Ceiling("its budget", budget_usd)
    tier = costing.requirements.usage_tier
    if tier is not None:
        yield Ceiling(f"usage tier {tier}", Decimal(monthly_limit(catalog, tier)), catalog.limits.usage_tiers.source)


def _saved(costing: Costing, catalog: Catalog, as_of: date) -> Subject:
    batch = costing.mode == "batch"
    variant = catalog.variant(costing.model)
    return Subject(
        costing.name,
        costing,
        replace(_equal(costing, catalog), is_batch=batch),  # who sends it in batch waits as long as that takes
        variant,
        catalog.platform(costing.platform),
        _wishes(costing, variant, catalog, as_of),
        tuple(_ceilings(costing, None, catalog)),
        (found_tokens(catalog, variant, costing.tools) or 0) * costing.requests,
        is_saved=True,
    )


def _equal(costing: Costing, catalog: Catalog) -> Workload:
    """As many requests with the same sums, as equal as whole tokens let them be."""
    many = costing.requests
    sums = (costing.input_tokens, costing.cached_tokens, costing.output_tokens.expected)
    # The first of them have a token more, as many as are left over.
    ends = sorted({0, many, *(total % many for total in sums)})
    sizes: dict[Size, int] = {}
    shapes: dict[Shape, int] = {}
    for start, end in pairwise(ends):
        tokens, cached, answer = (total // many + (start < total % many) for total in sums)
        sizes[Size(tokens, cached, answer)] = end - start
        shape = Shape(tokens, cached_tokens=cached)
        shapes[shape] = shapes.get(shape, 0) + end - start

    def load(model: str) -> Load:
        """Whatever model reads it sees the same sizes, and what its tools find: pictures and answers are in them already."""
        found = found_tokens(catalog, catalog.variant(model), costing.tools) or 0
        return Load({size._replace(input_tokens=size.input_tokens + found): times for size, times in sizes.items()})

    terms = Terms(sums[2] // many, tools=costing.tools)
    return Workload(shapes, terms, needs=costing.tools.abilities, _loads={model: load(model) for model in catalog.models})


def examine(subjects: Sequence[Subject], catalog: Catalog, as_of: date) -> Overview:
    """All of them, each with its recommendation for that day. UnknownName or InputError as `recommend` has them."""
    workloads = tuple(_examined(each, catalog, as_of) for each in subjects)
    return Overview(as_of, workloads, tuple(_lives(workloads, catalog)))


def _examined(subject: Subject, catalog: Catalog, as_of: date) -> Examined:
    found = recommend(catalog, subject.work, subject.wishes, subject.platform, as_of)
    shortest = catalog.limits.prompt_cache.minimum_tokens
    is_cacheable = subject.work.on(catalog, subject.variant).range[1] >= shortest
    own = judge_any(catalog, subject.work, subject.wishes, subject.platform, as_of, subject.variant, subject.costing.mode)
    examined = Examined(subject, found, (), (), (), None if is_cacheable else shortest, own)
    lines = tuple(_lines(examined))
    return examined._replace(
        lines=lines, crossings=tuple(_crossings(lines, subject.ceilings)), frontier=tuple(_frontier(examined.candidates))
    )


def _lines(examined: Examined) -> Iterator[Line]:
    costing, variant = examined.subject.costing, examined.subject.variant
    hosting = variant.fine_tuned.hosting.get(costing.platform) if variant.fine_tuned else None
    hosting_usd = Fraction(hosting.usd) * HOURS_A_MONTH if hosting else Fraction(0)
    stored_usd = costing.storage_monthly_usd
    own = next((each for each in examined.priced if (each.variant.id, each.mode) == (costing.model, costing.mode)), None)
    fits = own is None or not own.exclusions
    yield Line(costing.model, costing.mode, costing.each_usd.expected, hosting_usd + stored_usd, fits)
    for each in examined.candidates:
        if (each.variant.id, each.mode) != (costing.model, costing.mode):
            yield Line(each.variant.id, each.mode, each_usd(each), stored_usd, fits=not each.exclusions)


def _crossings(lines: Sequence[Line], ceilings: Sequence[Ceiling]) -> Iterator[Crossing]:
    """With the ceilings, and of lines that begin apart with each other."""
    for line in lines:
        for ceiling in ceilings:
            if line.each_usd and ceiling.usd > line.fixed_usd:
                usd = Fraction(ceiling.usd)
                yield Crossing(line, ceiling.label, (usd - line.fixed_usd) / line.each_usd, usd)
    for one, other in combinations(lines, 2):
        dearer = one.each_usd - other.each_usd
        requests = (other.fixed_usd - one.fixed_usd) / dearer if dearer else Fraction(0)
        if requests > 0:
            yield Crossing(one, other.name, requests, one.usd(requests))


def _frontier(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    best = Fraction(-1)
    scored = [each for each in candidates if each.share is not None and {e.rule for e in each.exclusions} <= _TRADED]
    for each in sorted(scored, key=lambda each: (each_usd(each), -(each.share or 0))):
        assert each.share is not None
        if each.share > best:
            best = each.share
            yield each


def each_usd(candidate: Candidate) -> Fraction:
    """The mean price of a request, exact, of a candidate that has a price."""
    assert candidate.quote is not None
    return Fraction(candidate.quote.total_usd) / candidate.quote.usage.requests


def _is_gone(candidate: Candidate) -> bool:
    return any(remark.rule in ("model-shut-down", "not-released") for remark in candidate.exclusions)


def _lives(workloads: Sequence[Examined], catalog: Catalog) -> Iterator[Life]:
    """Each model once on each platform where it is used, the family wherever anything is."""
    found: dict[tuple[str, str], Life] = {}
    for each in workloads:
        platform = each.subject.platform
        chosen = [each.found.choice.variant] if each.found.choice else []
        for variant in (each.subject.variant, *chosen, *catalog.family):
            found.setdefault((variant.id, platform.id), Life(variant, platform, variant.lifecycles.get(platform.provider)))
    yield from found.values()


def _sum(amounts: Iterable[Fraction | None]) -> Fraction | None:
    total = Fraction(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
