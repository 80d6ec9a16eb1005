"""The prediction compared with the bill, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gpt41_cli.commands.reconcile.prediction.drift import PartDrift, PredictionComparison, check_prediction, describe_difference
from gpt41_cli.commands.reconcile.prediction.match import Drift, MatchedRequests, RequestPair, find_median_error
from gpt41_cli.commands.reconcile.prediction.misses import MissGroup
from gpt41_cli.display import format_change_percent, format_int, format_score, list_first, pluralize, sanitize
from gpt41_cli.reports import Json, Report, ReportLine, Table
from gpt41_cli.reports.columns import Column, choose_usd_format, make_records, make_table
from gpt41_cli.reports.entries import format_request_name
from gpt41_cli.totals import MAX_KEPT

_MAX_MISSES_SAID = 3
_MAX_TRAITS_SAID = 3


def add_prediction(report: Report, comparison: PredictionComparison) -> Report:
    """Add the prediction to the report on the bill; its records become the comparison."""
    shown, drifts = _make_prediction_json(comparison), comparison.parts.drifts
    return report._replace(
        lines=(
            *report.lines,
            *_describe_accuracy(comparison.matched, comparison.misses),
            *_compare_volumes(drifts),
            *_describe_drifts(comparison),
        ),
        tables=(
            *report.tables,
            *_make_misses_tables(comparison.misses),
            *_make_pairs_tables(comparison.matched),
            *(
                [make_table(_list_part_columns(drifts), drifts, "Predicted for the same number of requests, and billed")]
                if drifts
                else []
            ),
        ),
        findings=(*report.findings, *check_prediction(comparison)),
        data={**report.data, "prediction": shown},
        records=(*make_records(_PAIR_COLUMNS, comparison.matched.pairs), *shown["parts"]),
    )


def _describe_accuracy(match: MatchedRequests, misses: Sequence[MissGroup]) -> Iterator[ReportLine]:
    """Say how many requests were billed as predicted, what the others have, and how far off they are."""
    if not match.pairs:
        return
    every, confirmed, differing = len(match.pairs), match.confirmed, match.differing
    parts = [f"{format_int(every - len(differing))} of {pluralize(every, 'request')} exact", *_describe_misses(misses)]
    yield ReportLine("matched", "; ".join(parts))
    if 0 < len(confirmed) < every:
        right = sum(not pair.error_tokens for pair in confirmed)
        share = format_score(Fraction(right, len(confirmed)))
        yield ReportLine("matched", f"{format_int(right)} of the {format_int(len(confirmed))} that are called exact ({share})")
    if differing:
        largest = differing[0]
        share_of = "" if largest.error_share is None else f" ({format_change_percent(largest.error_share)} of what was billed)"
        most = "at most " if len(differing) > 1 else ""
        worst = f"by {most}{pluralize(abs(largest.error_tokens), 'token')}{share_of}"
        median = f"; the median error of all is {pluralize(find_median_error(match.pairs), 'token')}" if every > 1 else ""
        yield ReportLine("off", f"{pluralize(len(differing), 'request')}, {worst}{median}")


def _describe_misses(misses: Sequence[MissGroup]) -> Iterator[str]:
    """Describe the largest groups of requests that are off, and count the rest."""
    for group in misses[:_MAX_MISSES_SAID]:
        number = len(group.pairs)
        same = "the same " if number > 1 else ""
        traits = list_first(list(dict.fromkeys(trait.id for trait in group.traits)), _MAX_TRAITS_SAID)
        suffix = f": {traits}" if traits else ""
        yield f"{format_int(number)} off by {same}{pluralize(abs(group.error_tokens), 'token')}{suffix}"
    rest = sum(len(group.pairs) for group in misses[_MAX_MISSES_SAID:])
    if rest:
        yield f"{pluralize(rest, 'other')} off"


def _compare_volumes(drifts: Sequence[PartDrift]) -> Iterator[ReportLine]:
    """Say so if the numbers of requests differ: the comparison is per request."""
    billed, predicted = sum(drift.requests for drift in drifts), sum(drift.part.requests for drift in drifts)
    if any(drift.requests != drift.part.requests for drift in drifts):
        text = f"requests: {format_int(billed)} billed, {format_int(predicted)} predicted"
        yield ReportLine("drift", f"{text}; the predictions below are for as many as were billed")


def _describe_drifts(comparison: PredictionComparison) -> Iterator[ReportLine]:
    """Say how far off the sums are; for answers of maximal length, only how much of it they used."""
    for what, drift in zip(("input tokens", "output tokens", "dollars"), comparison.drifts, strict=True):
        if not drift.requests:
            continue
        show = choose_usd_format([drift.billed, drift.predicted]) if what == "dollars" else _format_tokens
        billed, predicted = show(drift.billed), show(drift.predicted)
        if comparison.is_ceiling and what != "input tokens":
            said = f"{billed} billed of at most {predicted} for the answers to {pluralize(drift.requests, 'request')}"
        else:
            said = f"{billed} billed, {predicted} predicted{_format_difference(drift)}"
        yield ReportLine("drift", f"{what}: {said}")


def _format_tokens(tokens: Fraction) -> str:
    return format_int(round(tokens))


def _format_difference(drift: Drift) -> str:
    if drift.share is None:
        return ""
    return f", {describe_difference(drift.share)}" if drift.share else ", the same"


def _name_request(pair: RequestPair) -> str:
    place = pair.forecast.place
    return format_request_name(place, None if pair.custom_id == place.label else pair.custom_id)


_PAIR_COLUMNS: tuple[Column[RequestPair], ...] = (
    Column("`request", None, _name_request),
    Column(None, "custom_id", lambda pair: pair.custom_id),
    Column(None, "path", lambda pair: pair.forecast.place.path),
    Column(None, "line", lambda pair: pair.forecast.place.line),
    Column("model", "model", lambda pair: pair.answer.model, sanitize),
    Column(None, "exact", lambda pair: pair.forecast.is_exact),
    Column(">predicted", "predicted_input_tokens", lambda pair: pair.forecast.input_tokens),
    Column(">billed", "billed_input_tokens", lambda pair: pair.answer.input_tokens),
    Column(">off", "error_tokens", lambda pair: pair.error_tokens, "{:+,}".format),
    Column(None, "predicted_output_tokens", lambda pair: pair.forecast.output_tokens),
    Column(None, "billed_output_tokens", lambda pair: pair.answer.output_tokens),
    Column(None, "predicted_usd", lambda pair: pair.forecast.total_usd),
    Column(None, "billed_usd", lambda pair: pair.answer.total_usd),
    Column("", None, lambda pair: "" if pair.forecast.is_exact else "about"),
)


_MISS_COLUMNS: tuple[Column[MissGroup], ...] = (
    Column(">requests", "requests", lambda group: len(group.pairs)),
    Column(">off", "error_tokens", lambda group: group.error_tokens, "{:+,}".format),
    Column("they have", "shapes", lambda group: [trait.words for trait in group.traits], ", ".join),
    Column(None, "rules", lambda group: list(dict.fromkeys(trait.id for trait in group.traits))),
    Column(None, "custom_ids", lambda group: [pair.custom_id for pair in group.pairs[:MAX_KEPT]]),
)


def _make_misses_tables(misses: Sequence[MissGroup]) -> Iterator[Table]:
    """Make the table of what the requests have that are off. A single request has its line in the next table."""
    several = [group for group in misses if len(group.pairs) > 1 and group.traits]
    if several:
        more = f", the first {MAX_KEPT} of {format_int(len(several))} kinds" if len(several) > MAX_KEPT else ""
        yield make_table(_MISS_COLUMNS, several[:MAX_KEPT], f"Off by the same number of tokens{more}")


def _make_pairs_tables(match: MatchedRequests) -> Iterator[Table]:
    """Make the table of requests that differ most."""
    differing = match.differing
    if differing:
        more = f", the first {MAX_KEPT} of {format_int(len(differing))}" if len(differing) > MAX_KEPT else ""
        yield make_table(_PAIR_COLUMNS, differing[:MAX_KEPT], f"Billed differently than predicted{more}")


def _list_part_columns(drifts: Sequence[PartDrift]) -> tuple[Column[PartDrift], ...]:
    has_names = any(drift.part.name for drift in drifts)
    return (
        Column("`workload" if has_names else None, "workload", lambda drift: drift.part.name, sanitize),
        Column("model", "model", lambda drift: drift.part.model),
        Column("mode", "mode", lambda drift: drift.part.mode),
        Column(">requests", None, lambda drift: drift.requests),
        Column(">input", None, lambda drift: _format_signed_share(drift.drifts.input_tokens)),
        Column(">output", None, lambda drift: _format_signed_share(drift.drifts.output_tokens)),
        Column(None, "input_tokens", lambda drift: _make_drift_json(drift.drifts.input_tokens)),
        Column(None, "output_tokens", lambda drift: _make_drift_json(drift.drifts.output_tokens)),
        Column(None, "total_usd", lambda drift: _make_drift_json(drift.drifts.total_usd)),
        Column(">predicted", None, lambda drift: drift.drifts.total_usd.predicted),
        Column(">billed", None, lambda drift: drift.drifts.total_usd.billed),
        Column(">off", None, lambda drift: _format_signed_share(drift.drifts.total_usd)),
    )


def _format_signed_share(drift: Drift) -> str:
    if drift.share is None:
        return "new"
    return f"{'-' if drift.share < 0 else '+'}{format_change_percent(drift.share)}" if drift.share else "0 %"


def _make_prediction_json(comparison: PredictionComparison) -> dict[str, Any]:
    match = comparison.matched
    held = comparison.tolerance_figure
    return {
        "requests": len(match.pairs),
        "exact": len(match.pairs) - len(match.differing),
        "confirmed": len(match.confirmed),
        "confirmed_exact": sum(not pair.error_tokens for pair in match.confirmed),
        "median_error_tokens": find_median_error(match.pairs) if match.pairs else None,
        "largest_error_tokens": abs(match.pairs[0].error_tokens) if match.pairs else None,
        "is_ceiling": comparison.is_ceiling,
        **{figure: _make_drift_json(drift) for figure, drift in comparison.drifts._asdict().items()},
        "held": held.figure,
        "tolerance": comparison.tolerance,
        "misses": make_records(_MISS_COLUMNS, comparison.misses),
        "differing": make_records(_PAIR_COLUMNS, match.differing),
        "parts": make_records(_list_part_columns(comparison.parts.drifts), comparison.parts.drifts),
    }


def _make_drift_json(drift: Drift) -> Mapping[str, Json] | None:
    """Convert a drift over some requests; null if there are none."""
    if not drift.requests:
        return None
    return {"requests": drift.requests, "predicted": drift.predicted, "billed": drift.billed, "share": drift.share}
