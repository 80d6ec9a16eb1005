"""The prediction compared with the bill, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gpt41_cli.commands.reconcile.drift import PartDrift, PredictionComparison, check_prediction, describe_difference
from gpt41_cli.commands.reconcile.match import Drift, MatchedRequests, RequestPair, find_median_error
from gpt41_cli.display import (
    format_change_percent,
    format_int,
    format_money,
    format_score,
    pluralize,
    sanitize,
    to_decimal,
)
from gpt41_cli.reports import Json, Report, ReportLine, Table
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.entries import format_request_name
from gpt41_cli.totals import MAX_KEPT


def add_prediction(report: Report, comparison: PredictionComparison) -> Report:
    """Add the prediction to the report on the bill; its records become the comparison."""
    shown = _make_prediction_json(comparison)
    return report._replace(
        lines=(
            *report.lines,
            *_describe_accuracy(comparison.matched),
            *_compare_volumes(comparison.parts.drifts),
            *_describe_drifts(comparison),
        ),
        tables=(*report.tables, *_make_pairs_tables(comparison.matched), *_make_parts_tables(comparison.parts.drifts)),
        findings=(*report.findings, *check_prediction(comparison)),
        data={**report.data, "prediction": shown},
        records=(*make_records(_PAIR_COLUMNS, comparison.matched.pairs), *shown["parts"]),
    )


def _describe_accuracy(match: MatchedRequests) -> Iterator[ReportLine]:
    """Say how many requests were billed as predicted, and how far off the others are."""
    if not match.pairs:
        return
    every, confirmed, differing = len(match.pairs), match.confirmed, match.differing
    sure = ""
    if 0 < len(confirmed) < every:
        right = sum(not pair.error_tokens for pair in confirmed)
        sure = (
            f"; {format_score(Fraction(right, len(confirmed)))} of the {format_int(len(confirmed))} whose count is called exact"
        )
    share = format_score(Fraction(every - len(differing), every))
    yield ReportLine("matched", f"{share} of {pluralize(every, 'request')} to the input token{sure}")
    if differing:
        largest = differing[0]
        share_of = "" if largest.error_share is None else f" ({format_change_percent(largest.error_share)} of what was billed)"
        most = "at most " if len(differing) > 1 else ""
        worst = f"by {most}{pluralize(abs(largest.error_tokens), 'token')}{share_of}"
        median = f"; the median error of all is {pluralize(find_median_error(match.pairs), 'token')}" if every > 1 else ""
        yield ReportLine("off", f"{pluralize(len(differing), 'request')}, {worst}{median}")


def _compare_volumes(drifts: Sequence[PartDrift]) -> Iterator[ReportLine]:
    """Say so if the numbers of requests differ: the comparison is per request."""
    billed, predicted = sum(drift.requests for drift in drifts), sum(drift.part.requests for drift in drifts)
    if any(drift.requests != drift.part.requests for drift in drifts):
        text = (
            f"requests: {format_int(billed)} billed, {format_int(predicted)} predicted; what follows is predicted of "
            f"as many as billed"
        )
        yield ReportLine("drift", text)


def _describe_drifts(comparison: PredictionComparison) -> Iterator[ReportLine]:
    """Say how far off the sums are; for answers of maximal length, only how much of it they used."""
    for what, drift in zip(("input tokens", "output tokens", "dollars"), comparison.drifts, strict=True):
        if not drift.requests:
            continue
        show = _format_usd if what == "dollars" else _format_tokens
        billed, predicted = show(drift.billed), show(drift.predicted)
        if comparison.is_ceiling and what != "input tokens":
            said = f"{billed} billed of at most {predicted} for the answers to {pluralize(drift.requests, 'request')}"
        else:
            said = f"{billed} billed, {predicted} predicted{_format_difference(drift)}"
        yield ReportLine("drift", f"{what}: {said}")


def _format_tokens(tokens: Fraction) -> str:
    return format_int(round(tokens))


def _format_usd(amount: Fraction) -> str:
    return format_money(to_decimal(amount))


def _format_difference(drift: Drift) -> str:
    if drift.share is None:
        return ""
    return f", {describe_difference(drift.share)}" if drift.share else ", the same"


_PAIR_COLUMNS: tuple[Column[RequestPair], ...] = (
    Column("`request", None, lambda pair: format_request_name(pair.forecast.place, pair.custom_id)),
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


def _make_pairs_tables(match: MatchedRequests) -> Iterator[Table]:
    """Make the table of requests that differ most."""
    differing = match.differing
    if differing:
        more = f", the first {MAX_KEPT} of {format_int(len(differing))}" if len(differing) > MAX_KEPT else ""
        yield make_table(_PAIR_COLUMNS, differing[:MAX_KEPT], f"Billed otherwise than predicted{more}")


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


def _make_parts_tables(drifts: Sequence[PartDrift]) -> Iterator[Table]:
    if drifts:
        yield make_table(_list_part_columns(drifts), drifts, "Predicted of as many requests, and billed")


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
        "differing": make_records(_PAIR_COLUMNS, match.differing),
        "parts": make_records(_list_part_columns(comparison.parts.drifts), comparison.parts.drifts),
    }


def _make_drift_json(drift: Drift) -> Mapping[str, Json] | None:
    """Convert a drift over some requests; null if there are none."""
    if not drift.requests:
        return None
    return {"requests": drift.requests, "predicted": drift.predicted, "billed": drift.billed, "share": drift.share}
