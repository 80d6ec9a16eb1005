"""What was predicted beside what was billed, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gpt41_cli.commands.reconcile.drift import PartDrift, PredictionComparison, check_prediction, describe_difference
from gpt41_cli.commands.reconcile.match import Drift, MatchedRequests, RequestPair, find_median_error
from gpt41_cli.display import (
    format_change_percent,
    format_exact,
    format_int,
    format_money,
    format_score,
    pluralize,
    sanitize,
    to_decimal,
)
from gpt41_cli.reports import Json, Report, ReportLine, Row, Table, make_headings
from gpt41_cli.reports.entries import format_request_name
from gpt41_cli.totals import MAX_KEPT


def add_prediction(report: Report, comparison: PredictionComparison) -> Report:
    """The report on a bill with what was predicted of it; its records are then what was compared."""
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
        records=(*map(_make_pair_json, comparison.matched.pairs), *shown["parts"]),
    )


def _describe_accuracy(match: MatchedRequests) -> Iterator[ReportLine]:
    """How many requests were billed as they were predicted, and how far off the others are."""
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
    """Where not as many requests were billed as were predicted: what is compared is one of them, not their number."""
    billed, predicted = sum(each.requests for each in drifts), sum(each.part.requests for each in drifts)
    if any(each.requests != each.part.requests for each in drifts):
        text = (
            f"requests: {format_int(billed)} billed, {format_int(predicted)} predicted; what follows is predicted of "
            f"as many as billed"
        )
        yield ReportLine("drift", text)


def _describe_drifts(comparison: PredictionComparison) -> Iterator[ReportLine]:
    """How far the sums are off; of answers as long as they may be, only how much of that they took."""
    found = comparison.input_tokens, comparison.output_tokens, comparison.total_usd
    for what, drift in zip(("input tokens", "output tokens", "dollars"), found, strict=True):
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


def _make_pairs_tables(match: MatchedRequests) -> Iterator[Table]:
    """The requests that differ most."""
    differing = match.differing
    if differing:
        titles = make_headings("`request", "model", ">predicted", ">billed", ">off", "")
        more = f", the first {MAX_KEPT} of {format_int(len(differing))}" if len(differing) > MAX_KEPT else ""
        yield Table(titles, tuple(map(_make_pair_row, differing[:MAX_KEPT])), f"Billed otherwise than predicted{more}")


def _make_pair_row(pair: RequestPair) -> Row:
    forecast, answer = pair.forecast, pair.answer
    return Row(
        (
            format_request_name(forecast.place, pair.custom_id),
            sanitize(answer.model or ""),
            format_int(forecast.input_tokens),
            format_int(answer.input_tokens),
            f"{pair.error_tokens:+,}",
            "" if forecast.is_exact else "about",
        )
    )


def _make_parts_tables(drifts: Sequence[PartDrift]) -> Iterator[Table]:
    if drifts:
        names = ("`workload",) if any(each.part.name for each in drifts) else ()
        titles = make_headings(*names, "model", "mode", ">requests", ">input", ">output", ">predicted", ">billed", ">off")
        yield Table(
            titles,
            tuple(_make_part_row(each, has_name=bool(names)) for each in drifts),
            "Predicted of as many requests, and billed",
        )


def _make_part_row(drift: PartDrift, *, has_name: bool) -> Row:
    part = drift.part
    usd = drift.total_usd
    cells = (
        *((sanitize(part.name or ""),) if has_name else ()),
        part.model,
        part.mode,
        format_int(drift.requests),
        _format_signed_share(drift.input_tokens),
        _format_signed_share(drift.output_tokens),
        _format_usd(usd.predicted),
        _format_usd(usd.billed),
        _format_signed_share(usd),
    )
    return Row(cells)


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
        "input_tokens": _make_drift_json(comparison.input_tokens),
        "output_tokens": _make_drift_json(comparison.output_tokens),
        "total_usd": _make_drift_json(comparison.total_usd),
        "held": held.figure,
        "tolerance": None if comparison.tolerance is None else format_exact(comparison.tolerance),
        "differing": [_make_pair_json(pair) for pair in match.differing],
        "parts": [_make_part_json(each) for each in comparison.parts.drifts],
    }


def _make_drift_json(drift: Drift) -> Mapping[str, Json] | None:
    """Of so many requests; null where there are none."""
    if not drift.requests:
        return None
    return {
        "requests": drift.requests,
        "predicted": format_exact(to_decimal(drift.predicted)),
        "billed": format_exact(to_decimal(drift.billed)),
        "share": None if drift.share is None else format_exact(to_decimal(drift.share)),
    }


def _make_pair_json(pair: RequestPair) -> Mapping[str, Json]:
    forecast, answer = pair.forecast, pair.answer
    return {
        "custom_id": pair.custom_id,
        "path": forecast.place.path,
        "line": forecast.place.line,
        "model": answer.model,
        "exact": forecast.is_exact,
        "predicted_input_tokens": forecast.input_tokens,
        "billed_input_tokens": answer.input_tokens,
        "error_tokens": pair.error_tokens,
        "predicted_output_tokens": forecast.output_tokens,
        "billed_output_tokens": answer.output_tokens,
        "predicted_usd": None if forecast.total_usd is None else format_exact(forecast.total_usd),
        "billed_usd": None if answer.total_usd is None else format_exact(answer.total_usd),
    }


def _make_part_json(each: PartDrift) -> Mapping[str, Json]:
    return {
        "workload": each.part.name,
        "model": each.part.model,
        "mode": each.part.mode,
        "input_tokens": _make_drift_json(each.input_tokens),
        "output_tokens": _make_drift_json(each.output_tokens),
        "total_usd": _make_drift_json(each.total_usd),
    }
