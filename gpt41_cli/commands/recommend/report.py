"""A Recommendation as a Report: the choice first, then why, then what speaks against it, then every candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes
from gpt41_cli.commands.recommend.choose import Recommendation
from gpt41_cli.display import exact, money, number, part, plural, score, times
from gpt41_cli.prices.break_even import BreakEven
from gpt41_cli.prices.notes import notes
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import invalid_findings, left_out_findings
from gpt41_cli.reports.quotes import bound, quote_json
from gpt41_cli.reports.remarks import remark_json
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:
    from gpt41_cli.catalog.evaluation import Evaluation
    from gpt41_cli.files.places import Rejects
    from gpt41_cli.files.trees import LeftOut

SCHEMA = "gpt41.recommendation/1"

NOTHING = "none"


def report(
    catalog: Catalog,
    work: Workload,
    wishes: Wishes,
    found: Recommendation,
    rejects: Rejects | None = None,
    left_out: Sequence[LeftOut] = (),
) -> Report:
    """The recommendation, to be read, to be quoted in a pull request, and to be computed with."""
    choice = found.choice
    candidates = [*([choice] if choice else []), *found.alternatives, *found.excluded]
    return Report(
        schema=SCHEMA,
        answer=choice.name if choice else NOTHING,
        headline=_headline(work, found),
        lines=(
            *(Line("why", remark.text, remark.cited) for remark in found.why),
            *(Line("but" if choice else "give", remark.text, remark.cited) for remark in found.but),
            *_break_even(catalog, work, found),
        ),
        tables=(_table(shown(candidates, choice), choice, work),),
        findings=(*found.findings, *invalid_findings(rejects), *left_out_findings(left_out)),
        notes=tuple(_notes(catalog, work, wishes, found)),
        data={
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimates,
            "lower_bounds": work.lower_bounds,
            "choice": quote_json(choice.quote) if choice and choice.quote else None,
            "break_even": _break_even_json(found.break_even),
            "is_replacement": found.is_replacement,
            "tasks": [task.id for task in wishes.tasks],
            "reasons": [
                *(remark_json("why", remark) for remark in found.why),
                *(remark_json("but" if choice else "give", remark) for remark in found.but),
            ],
            "alternatives": [quote_json(each.quote) for each in found.alternatives if each.quote],
            "excluded": [
                {
                    "model": each.variant.id,
                    "mode": each.mode,
                    "reasons": [remark_json("excluded", remark) for remark in each.exclusions],
                    "total_usd": exact(each.quote.total_usd) if each.quote else None,
                }
                for each in found.excluded
            ],
            "scores": {
                each.task.id: {model: None if share is None else _share(share) for model, share in each.share.items()}
                for each in found.scores
            },
        },
        records=tuple(_record(each, choice) for each in candidates),
        catalog=catalog,
    )


def _headline(work: Workload, found: Recommendation) -> str:
    if found.choice is None or found.choice.quote is None:
        return "Nothing fits: no variant in any mode meets every wish"
    total, each = found.choice.quote.total_usd, found.choice.quote.each_usd
    cost = f"{bound(work, found.choice.quote)}{money(total)} for {plural(work.requests, 'request')}" + (
        f" ({money(each)} each)" if work.requests > 1 else ""
    )
    after = "; the family itself is shut down" if found.is_replacement else ""
    return f"Use {found.choice.variant.id} in {found.choice.mode}: {cost}{after}"


def _break_even(catalog: Catalog, work: Workload, found: Recommendation) -> Iterator[Line]:
    """From which share of cached input on standard costs less than batch, and where this work stands."""
    even, choice = found.break_even, found.choice
    if even is None or choice is None or choice.quote is None:
        return
    cited = choice.quote.offer.row.source.label
    if even.share is None:
        ends = f"standard would cost {money(even.standard_cached_usd)} and batch {money(even.batch_cached_usd)}"
        yield Line("cache", f"no break-even: even with all its input from the cache, {ends}", cited)
        return
    rules = catalog.limits.prompt_cache
    here = f"here it is {score(even.here)}, {'more' if even.here > even.share else 'not more'} than that"
    if not even.here and work.on(catalog, choice.variant).range[1] < rules.minimum_tokens:
        here = f"but a prompt below {number(rules.minimum_tokens)} tokens is never cached"
        cited += f", {rules.source.label}"
    elif not even.here:
        here = "none is stated here"
    text = f"break-even at {score(even.share)}: with more of the input from the cache, standard costs less than batch; {here}"
    yield Line("cache", text, cited)


def _break_even_json(even: BreakEven | None) -> Mapping[str, Json] | None:
    if even is None:
        return None
    return {
        "cached_share": None if even.share is None else _share(even.share),
        "cached_share_here": _share(even.here),
        "standard_uncached_usd": exact(even.standard_uncached_usd),
        "standard_cached_usd": exact(even.standard_cached_usd),
        "batch_uncached_usd": exact(even.batch_uncached_usd),
        "batch_cached_usd": exact(even.batch_cached_usd),
    }


def _unused(evaluation: Evaluation, found: Recommendation) -> Iterator[str]:
    """Whose scores nothing is compared by."""
    used = {each.variant.id for each in (found.choice, *found.alternatives, *found.excluded) if each}
    names = sorted({name for scores in evaluation.scores.values() for name in scores} - used)
    if names:
        yield (
            f"{evaluation.name} has scores of {', '.join(names)} too, which are not candidates: named replacements are once the "
            "whole family has ended, and gpt41 migrate prices them before."
        )


def _notes(catalog: Catalog, work: Workload, wishes: Wishes, found: Recommendation) -> list[str]:
    said = []
    if found.scores:
        if wishes.evaluation:
            said.append(f"Scores are those of {wishes.evaluation.name}, as shares of the best.")
            said += _unused(wishes.evaluation, found)
        else:
            label = catalog.evidence.benchmarks.source.label
            proxy = "a proxy for your work: recommend --scores takes your own evaluation."
            said.append(f"Scores are launch benchmarks [{label}], {proxy}")
    if found.choice and found.choice.quote:
        said += notes(catalog, work, [found.choice.quote])
    return said


def _share(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / share.denominator:.4f}"


def _record(each: Candidate, choice: Candidate | None) -> Mapping[str, Json]:
    status = "chosen" if each is choice else "excluded" if each.exclusions else "fits"
    return {
        "status": status,
        "model": each.variant.id,
        "mode": each.mode,
        "total_usd": exact(each.quote.total_usd) if each.quote else None,
        "score": None if each.share is None else _share(each.share),
        "reasons": "; ".join(remark.text for remark in each.exclusions),
    }


def shown(candidates: list[Candidate], choice: Candidate | None) -> list[Candidate]:
    """What a reader needs to see: of a variant that is shut down, one mode is enough."""
    found: dict[tuple[str, str], Candidate] = {}
    for each in candidates:
        gone = any(remark.rule == "model-shut-down" for remark in each.exclusions)
        key = (each.variant.id, "" if gone else each.mode)
        if key not in found or (choice and each.mode == choice.mode):
            found[key] = each
    return list(found.values())


def _table(candidates: list[Candidate], choice: Candidate | None, work: Workload) -> Table:
    each_column = (">each",) if work.requests > 1 else ()
    dearest = max((each.quote.total_usd for each in candidates if each.quote), default=Decimal(0))
    titles = columns("model", "mode", *each_column, ">total", "|", ">score", "")
    return Table(titles, tuple(_row(each, choice, work, dearest) for each in candidates))


def _row(each: Candidate, choice: Candidate | None, work: Workload, dearest: Decimal) -> Row:
    each_cell = (money(each.quote.each_usd) if each.quote else "-",) if work.requests > 1 else ()
    cells = (
        each.variant.id,
        each.mode,
        *each_cell,
        money(each.quote.total_usd) if each.quote else "-",
        str(part(each.quote.total_usd, dearest)) if each.quote else "",
        scored(each),
        remark(each, choice),
    )
    return Row(cells, "chosen" if each is choice else "faint" if each.exclusions else "")


def scored(each: Candidate) -> str:
    """Its score as a table has it."""
    if each.share is None:
        return "-"
    below = [remark.actual for remark in each.exclusions if remark.rule == "tolerance" and remark.actual]
    return below[0] if len(below) == 1 else score(each.share)


def remark(each: Candidate, choice: Candidate | None) -> str:
    """What a table says of a candidate beside its figures."""
    if each is choice:
        return "chosen"
    if each.exclusions:
        return "; ".join(dict.fromkeys(remark.brief for remark in each.exclusions))
    if not choice or not choice.quote or not each.quote or not choice.quote.total_usd:
        return "fits"
    ratio = each.quote.total_usd / choice.quote.total_usd
    if each.quote.is_least:
        return f"at least {times(ratio)} the price" if ratio > 1 else "what its searches find not counted"
    return f"{times(ratio)} the price" if ratio != 1 else "the same price"
