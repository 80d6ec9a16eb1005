"""A Recommendation as a Report: the choice first, then why, then what speaks against it, then every candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes
from gpt41_cli.commands.recommend.choose import Recommendation
from gpt41_cli.display import compute_share, format_int, format_money, format_ratio, format_score, pluralize
from gpt41_cli.prices.break_even import BreakEven
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix
from gpt41_cli.reports.remarks import dump_remark
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:
    from gpt41_cli.catalog.evaluation import Evaluation
    from gpt41_cli.files.places import Rejections
    from gpt41_cli.files.trees import SkippedPath

SCHEMA = "gpt41.recommendation/1"

NO_CHOICE = "none"


def make_report(
    catalog: Catalog,
    work: Workload,
    wishes: Wishes,
    found: Recommendation,
    rejects: Rejections | None = None,
    left_out: Sequence[SkippedPath] = (),
) -> Report:
    """The recommendation, to be read, to be quoted in a pull request, and to be computed with."""
    choice = found.choice
    candidates = [*([choice] if choice else []), *found.alternatives, *found.excluded]
    shown = select_shown(candidates, choice)
    columns = _list_columns(shown, choice, work)
    return Report(
        schema=SCHEMA,
        answer=choice.name if choice else NO_CHOICE,
        headline=_make_headline(work, found),
        lines=(
            *(ReportLine("why", remark.text, remark.citation) for remark in found.why),
            *(ReportLine("but" if choice else "give", remark.text, remark.citation) for remark in found.but),
            *_make_break_even_lines(catalog, work, found),
        ),
        tables=(make_table(columns, shown, tone=lambda at: choose_tone(at, choice)),),
        findings=(*found.findings, *make_invalid_findings(rejects), *make_skipped_findings(left_out)),
        notes=tuple(_collect_notes(catalog, work, wishes, found)),
        data={
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimated_requests,
            "lower_bounds": work.lower_bound_requests,
            "choice": dump_quote(choice.quote) if choice and choice.quote else None,
            "break_even": _make_break_even_json(found.break_even),
            "is_replacement": found.is_replacement,
            "tasks": [task.id for task in wishes.tasks],
            "reasons": [
                *(dump_remark(remark, kind="why") for remark in found.why),
                *(dump_remark(remark, kind="but" if choice else "give") for remark in found.but),
            ],
            "alternatives": [dump_quote(each.quote) for each in found.alternatives if each.quote],
            "excluded": [
                {
                    "model": each.variant.id,
                    "mode": each.mode,
                    "reasons": [dump_remark(remark, kind="excluded") for remark in each.exclusions],
                    "total_usd": each.quote and each.quote.total_usd,
                }
                for each in found.excluded
            ],
            "scores": {
                each.task.id: {
                    model: None if share is None else _format_exact_share(share) for model, share in each.share.items()
                }
                for each in found.scores
            },
        },
        records=make_records(columns, candidates),
        catalog=catalog,
    )


def _make_headline(work: Workload, found: Recommendation) -> str:
    if found.choice is None or found.choice.quote is None:
        return "Nothing fits: no variant in any mode meets every wish"
    total, each = found.choice.quote.total_usd, found.choice.quote.usd_per_request
    cost = f"{find_bound_prefix(work, found.choice.quote)}{format_money(total)} for {pluralize(work.requests, 'request')}" + (
        f" ({format_money(each)} each)" if work.requests > 1 else ""
    )
    after = "; the family itself is shut down" if found.is_replacement else ""
    return f"Use {found.choice.variant.id} in {found.choice.mode}: {cost}{after}"


def _make_break_even_lines(catalog: Catalog, work: Workload, found: Recommendation) -> Iterator[ReportLine]:
    """From which share of cached input on standard costs less than batch, and where this work stands."""
    even, choice = found.break_even, found.choice
    if even is None or choice is None or choice.quote is None:
        return
    cited = choice.quote.offer.row.source.label
    if even.break_even_share is None:
        ends = f"standard would cost {format_money(even.standard_cached_usd)} and batch {format_money(even.batch_cached_usd)}"
        yield ReportLine("cache", f"no break-even: even with all its input from the cache, {ends}", cited)
        return
    rules = catalog.limits.prompt_cache
    here = (
        f"here it is {format_score(even.current_share)}, "
        f"{'more' if even.current_share > even.break_even_share else 'not more'} than that"
    )
    if not even.current_share and work.load_on(catalog, choice.variant).input_range[1] < rules.minimum_tokens:
        here = f"but a prompt below {format_int(rules.minimum_tokens)} tokens is never cached"
        cited += f", {rules.source.label}"
    elif not even.current_share:
        here = "none is stated here"
    text = (
        f"break-even at {format_score(even.break_even_share)}: with more of the input from the cache, standard "
        f"costs less than batch; {here}"
    )
    yield ReportLine("cache", text, cited)


def _make_break_even_json(even: BreakEven | None) -> Mapping[str, Json] | None:
    if even is None:
        return None
    return {
        "cached_share": None if even.break_even_share is None else _format_exact_share(even.break_even_share),
        "cached_share_here": _format_exact_share(even.current_share),
        "standard_uncached_usd": even.standard_uncached_usd,
        "standard_cached_usd": even.standard_cached_usd,
        "batch_uncached_usd": even.batch_uncached_usd,
        "batch_cached_usd": even.batch_cached_usd,
    }


def _note_unused_scores(evaluation: Evaluation, found: Recommendation) -> Iterator[str]:
    """Whose scores nothing is compared by."""
    used = {each.variant.id for each in (found.choice, *found.alternatives, *found.excluded) if each}
    names = sorted({name for scores in evaluation.scores.values() for name in scores} - used)
    if names:
        yield (
            f"{evaluation.name} has scores of {', '.join(names)} too, which are not candidates: named replacements are once the "
            "whole family has ended, and gpt41 migrate prices them before."
        )


def _collect_notes(catalog: Catalog, work: Workload, wishes: Wishes, found: Recommendation) -> list[str]:
    said = []
    if found.scores:
        if wishes.evaluation:
            said.append(f"Scores are those of {wishes.evaluation.name}, as shares of the best.")
            said += _note_unused_scores(wishes.evaluation, found)
        else:
            label = catalog.evidence.benchmarks.source.label
            proxy = "a proxy for your work: recommend --scores takes your own evaluation."
            said.append(f"Scores are launch benchmarks [{label}], {proxy}")
    if found.choice and found.choice.quote:
        said += write_notes(catalog, work, [found.choice.quote])
    return said


def _format_exact_share(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / share.denominator:.4f}"


def _list_columns(shown: Sequence[Candidate], choice: Candidate | None, work: Workload) -> tuple[Column[Candidate], ...]:
    dearest = max((candidate.quote.total_usd for candidate in shown if candidate.quote), default=Decimal(0))
    return (
        Column(None, "status", lambda row: "chosen" if row is choice else "excluded" if row.exclusions else "fits"),
        Column("model", "model", lambda row: row.variant.id),
        Column("mode", "mode", lambda row: row.mode),
        Column(">each" if work.requests > 1 else None, None, lambda row: row.quote and row.quote.usd_per_request, absent="-"),
        Column(">total", "total_usd", lambda row: row.quote and row.quote.total_usd, absent="-"),
        Column("|", None, lambda row: row.quote and compute_share(row.quote.total_usd, dearest), str),
        Column(">score", None, format_candidate_score),
        Column(None, "score", lambda row: None if row.score_share is None else _format_exact_share(row.score_share)),
        Column("", None, lambda row: describe_candidate(row, choice)),
        Column(None, "reasons", lambda row: "; ".join(remark.text for remark in row.exclusions)),
    )


def select_shown(candidates: list[Candidate], choice: Candidate | None) -> list[Candidate]:
    """What a reader needs to see: of a variant that is shut down, one mode is enough."""
    found: dict[tuple[str, str], Candidate] = {}
    for each in candidates:
        gone = any(remark.rule is rules.MODEL_SHUT_DOWN for remark in each.exclusions)
        key = (each.variant.id, "" if gone else each.mode)
        if key not in found or (choice and each.mode == choice.mode):
            found[key] = each
    return list(found.values())


def choose_tone(candidate: Candidate, choice: Candidate | None) -> str:
    """The tone of its row."""
    return "chosen" if candidate is choice else "faint" if candidate.exclusions else ""


def format_candidate_score(each: Candidate) -> str:
    """Its score as a table has it."""
    if each.score_share is None:
        return "-"
    below = [remark.actual for remark in each.exclusions if remark.rule is rules.TOLERANCE and remark.actual]
    return below[0] if len(below) == 1 else format_score(each.score_share)


def describe_candidate(each: Candidate, choice: Candidate | None) -> str:
    """What a table says of a candidate beside its figures."""
    if each is choice:
        return "chosen"
    if each.exclusions:
        return "; ".join(dict.fromkeys(remark.brief for remark in each.exclusions))
    if not choice or not choice.quote or not each.quote or not choice.quote.total_usd:
        return "fits"
    ratio = each.quote.total_usd / choice.quote.total_usd
    if each.quote.is_lower_bound:
        return f"at least {format_ratio(ratio)} the price" if ratio > 1 else "what its searches find not counted"
    return f"{format_ratio(ratio)} the price" if ratio != 1 else "the same price"
