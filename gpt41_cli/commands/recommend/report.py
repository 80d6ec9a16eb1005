"""A Recommendation as a Report: the choice, why, what speaks against it, and every candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.evaluation import Evaluation
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes
from gpt41_cli.commands.recommend.choose import Recommendation
from gpt41_cli.display import (
    choose_money_format,
    compute_share,
    format_int,
    format_price,
    format_ratio,
    format_score,
    format_total,
    name_offer,
)
from gpt41_cli.findings import Finding
from gpt41_cli.prices.break_even import BreakEven
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.findings import dump_reason
from gpt41_cli.reports.provisioned import make_provisioned_lines
from gpt41_cli.reports.quotes import describe_requests, dump_quote, find_bound_prefix
from gpt41_cli.reports.succession import describe_replacement, dump_succession
from gpt41_cli.work.workload import Workload

SCHEMA = "gpt41.recommendation/1"

USERS = "users"
"""The label of lines that quote what users reported."""


def make_report(catalog: Catalog, work: Workload, wishes: Wishes, recommendation: Recommendation) -> Report:
    """Make the report of a recommendation."""
    choice = recommendation.choice
    shown = select_shown(recommendation.candidates, choice)
    columns = _list_columns(shown, choice, work)
    is_assumed = wishes.is_task_assumed and bool(wishes.tasks)
    bound = f"no --task is given: it is chosen for {wishes.tasks[0].id} work" if is_assumed else ""
    return Report(
        schema=SCHEMA,
        answer=choice.name if choice else "none",
        headline=_make_headline(work, wishes, recommendation),
        lines=(
            *_make_task_lines(wishes, recommendation),
            *_make_reason_lines("why", recommendation.why, recommendation),
            *_make_reason_lines("but" if choice else "closest", recommendation.but, recommendation),
            *_make_break_even_lines(catalog, work, recommendation),
            *(make_provisioned_lines(choice.quote, work) if choice and choice.quote else ()),
            *_make_user_report_lines(catalog, wishes),
        ),
        tables=(make_table(columns, shown, tone=lambda at: choose_tone(at, choice)),),
        findings=recommendation.findings,
        notes=tuple(_collect_notes(catalog, work, wishes, recommendation)),
        data=_make_data(work, wishes, recommendation),
        records=make_records(columns, recommendation.candidates),
        catalog=catalog,
        bound=bound,
        mentioned=[finding for finding in recommendation.findings if finding.rule in (rules.NOTHING_FITS, rules.MODEL_RETIRES)],
    )


def _make_data(work: Workload, wishes: Wishes, recommendation: Recommendation) -> Mapping[str, Json]:
    choice = recommendation.choice
    return {
        "per": work.period or None,
        "is_ceiling": work.is_ceiling,
        "estimates": work.estimated_requests,
        "lower_bounds": work.lower_bound_requests,
        "choice": dump_quote(choice.quote) if choice and choice.quote else None,
        "then": dump_succession(recommendation.then),
        "break_even": _make_break_even_json(recommendation.break_even),
        "is_replacement": recommendation.is_replacement,
        "tasks": [task.id for task in wishes.tasks],
        "by_task": [
            {"task": name, "model": other and other.variant.id, "mode": other and other.mode}
            for name, other in recommendation.by_task
        ],
        "reasons": [
            *(dump_reason(finding, kind="why") for finding in recommendation.why),
            *(dump_reason(finding, kind="but" if choice else "give") for finding in recommendation.but),
        ],
        "alternatives": [dump_quote(candidate.quote) for candidate in recommendation.alternatives if candidate.quote],
        "excluded": [
            {
                "model": candidate.variant.id,
                "mode": candidate.mode,
                "reasons": [dump_reason(finding, kind="excluded") for finding in candidate.exclusions],
                "total_usd": candidate.quote and candidate.quote.total_usd,
            }
            for candidate in recommendation.excluded
        ],
        "scores": {
            scores.task.id: {model: share and _format_exact_share(share) for model, share in scores.share.items()}
            for scores in recommendation.scores
        },
    }


def _make_headline(work: Workload, wishes: Wishes, recommendation: Recommendation) -> str:
    """Write the choice and its price and, if it ends soon, until when and what follows."""
    if recommendation.choice is None or recommendation.choice.quote is None:
        return "Nothing fits: no option meets all requirements"
    quote = recommendation.choice.quote
    per_request = f" ({format_price(quote.usd_per_request)} each)" if work.requests > 1 else ""
    total = f"{find_bound_prefix(work, quote)}{format_total(quote.total_usd, work.requests)}{describe_requests(work)}"
    after, until = "", ""
    if recommendation.is_replacement:
        early = any(finding.rule is rules.UNTIL for candidate in recommendation.excluded for finding in candidate.exclusions)
        after = f"; the family ends before {wishes.until} is over" if early else "; the family is shut down"
    elif then := recommendation.then:
        until = f" until {then.ends}"
        after = f"; then {describe_replacement(work, then.replacement)}"
    chosen = name_offer(recommendation.choice.variant.id, recommendation.choice.mode)
    return f"Use {chosen}{until}: {total}{per_request}{after}"


def _make_user_report_lines(catalog: Catalog, wishes: Wishes) -> Iterator[ReportLine]:
    """Quote what users reported about models of the family for the tasks."""
    tasks = {task.id for task in wishes.tasks}
    for quoted in catalog.evidence.reports:
        if tasks & {*quoted.tasks}:
            statement = f"{quoted.who} of {quoted.model}: {quoted.statement}"
            yield ReportLine(USERS, statement, quoted.source.label, is_detail=True)


def _make_reason_lines(label: str, reasons: Iterable[Finding], recommendation: Recommendation) -> Iterator[ReportLine]:
    for reason in reasons:
        yield ReportLine(label, reason.message, reason.citation, is_detail=_is_known(reason, recommendation))


def _is_known(finding: Finding, recommendation: Recommendation) -> bool:
    """Return True if the table or the headline already says that a model is shut down, or what follows the chosen one."""
    then = recommendation.then
    is_end_said = then is not None and not then.is_uncertain
    return finding.rule is rules.MODEL_SHUT_DOWN or (finding.rule is rules.MODEL_RETIRES and is_end_said)


def _make_task_lines(wishes: Wishes, recommendation: Recommendation) -> Iterator[ReportLine]:
    """Say that no task was stated, and what would be chosen for some."""
    if wishes.is_task_assumed and wishes.tasks:
        tasks: dict[str, list[str]] = {}
        for name, other in recommendation.by_task:
            tasks.setdefault(name_offer(other.variant.id, other.mode) if other else "nothing", []).append(name)
        choices = ", and ".join(f"{choice} for {', '.join(names)}" for choice, names in tasks.items())
        others = f"; it would be {choices}" if choices else ""
        yield ReportLine("task", f"no --task is given, so the work is judged as {wishes.tasks[0].id}{others}")


def _make_break_even_lines(catalog: Catalog, work: Workload, recommendation: Recommendation) -> Iterator[ReportLine]:
    """Say from which cached share on standard costs less than batch, and what the share of this work is."""
    even, choice = recommendation.break_even, recommendation.choice
    if even is None or choice is None or choice.quote is None:
        return
    cited = choice.quote.offer.row.source.label
    if even.break_even_share is None:
        show = choose_money_format([even.standard_cached_usd, even.batch_cached_usd], work.requests)
        ends = f"standard would cost {show(even.standard_cached_usd)} and batch {show(even.batch_cached_usd)}"
        yield ReportLine("cache", f"no break-even: even with all its input from the cache, {ends}", cited, is_detail=True)
        return
    rule = catalog.limits.prompt_cache
    more = "more" if even.current_share > even.break_even_share else "not more"
    current = f"here it is {format_score(even.current_share)}, {more} than that"
    if not even.current_share and work.load_on(catalog, choice.variant).input_range[1] < rule.minimum_tokens:
        current = f"but a prompt below {format_int(rule.minimum_tokens)} tokens is never cached"
        cited += f", {rule.source.label}"
    elif not even.current_share:
        current = "no caching is assumed here (--cached)"
    less = "with more of the input from the cache, standard costs less than batch"
    yield ReportLine("cache", f"break-even at {format_score(even.break_even_share)}: {less}; {current}", cited, is_detail=True)


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


def _note_unused_scores(evaluation: Evaluation, recommendation: Recommendation) -> Iterator[str]:
    """Name the models of the evaluation that aren't candidates."""
    used = {candidate.variant.id for candidate in recommendation.candidates}
    names = sorted({name for scores in evaluation.scores.values() for name in scores} - used)
    if names:
        yield (
            f"{evaluation.name} has scores of {', '.join(names)}, which are not candidates: official replacements are candidates "
            "once the whole family has ended, and gpt41 migrate prices them before that."
        )


def _collect_notes(catalog: Catalog, work: Workload, wishes: Wishes, recommendation: Recommendation) -> list[str]:
    notes = []
    if recommendation.scores:
        if wishes.evaluation:
            notes.append(f"Scores are those of {wishes.evaluation.name}, as shares of the best.")
            notes += _note_unused_scores(wishes.evaluation, recommendation)
        else:
            label = catalog.evidence.benchmarks.source.label
            notes.append(f"Scores are launch benchmarks [{label}]; recommend --scores takes yours.")
    if recommendation.choice and recommendation.choice.quote:
        notes += write_notes(catalog, work, [recommendation.choice.quote])
    return notes


def _format_exact_share(share: Fraction) -> str:
    return f"{Decimal(share.numerator) / share.denominator:.4f}"


def _list_columns(shown: Sequence[Candidate], choice: Candidate | None, work: Workload) -> tuple[Column[Candidate], ...]:
    totals = [candidate.quote.total_usd for candidate in shown if candidate.quote]
    show, highest = choose_money_format(totals, work.requests), max(totals, default=Decimal(0))
    return (
        Column(None, "status", lambda row: "chosen" if row is choice else "excluded" if row.exclusions else "fits"),
        Column("model", "model", lambda row: row.variant.id),
        Column("mode", "mode", lambda row: row.mode),
        Column(
            ">each" if work.requests > 1 else None, None, lambda row: row.quote and row.quote.usd_per_request, format_price, "-"
        ),
        Column(">total", "total_usd", lambda row: row.quote and row.quote.total_usd, show, "-"),
        Column("|", None, lambda row: row.quote and compute_share(row.quote.total_usd, highest), str),
        Column(">score", None, format_candidate_score),
        Column(None, "score", lambda row: None if row.score_share is None else _format_exact_share(row.score_share)),
        Column("", None, lambda row: describe_candidate(row, choice)),
        Column(None, "reasons", lambda row: "; ".join(finding.message for finding in row.exclusions)),
    )


def select_shown(candidates: Sequence[Candidate], choice: Candidate | None) -> list[Candidate]:
    """Select the candidates for the table. A variant that is shut down, or a successor that isn't chosen, needs only one row."""
    shown: dict[tuple[str, str], Candidate] = {}
    for candidate in candidates:
        gone = any(finding.rule is rules.MODEL_SHUT_DOWN for finding in candidate.exclusions)
        is_beside = choice is not None and candidate.variant.model.role == "successor" and candidate.variant != choice.variant
        key = (candidate.variant.id, "" if gone or is_beside else candidate.mode)
        if key not in shown or (choice and candidate.mode == choice.mode):
            shown[key] = candidate
    return list(shown.values())


def choose_tone(candidate: Candidate, choice: Candidate | None) -> str:
    """Choose the tone of a candidate's row."""
    return "chosen" if candidate is choice else "faint" if candidate.exclusions else ""


def format_candidate_score(candidate: Candidate) -> str:
    """Format a candidate's score for the table."""
    if candidate.score_share is None:
        return "-"
    below = [finding.actual for finding in candidate.exclusions if finding.rule is rules.TOLERANCE and finding.actual]
    return below[0] if len(below) == 1 else format_score(candidate.score_share)


def describe_candidate(candidate: Candidate, choice: Candidate | None) -> str:
    """Describe a candidate for the table's last column."""
    if candidate is choice:
        return "chosen"
    if candidate.exclusions:
        return "; ".join(dict.fromkeys(finding.brief for finding in candidate.exclusions))
    if not choice or not choice.quote or not candidate.quote or not choice.quote.total_usd:
        return "fits"
    ratio = candidate.quote.total_usd / choice.quote.total_usd
    if candidate.quote.is_lower_bound:
        return f"at least {format_ratio(ratio)} the price" if ratio > 1 else "not counting what its searches find"
    return f"{format_ratio(ratio)} the price" if ratio != 1 else "the same price"
