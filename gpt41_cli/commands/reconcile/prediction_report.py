"""What was predicted beside what was billed, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from gpt41_cli.commands.reconcile.drift import Comparison, PartDrift, check, more_or_less
from gpt41_cli.commands.reconcile.match import Drift, Match, Pair, median_error
from gpt41_cli.display import decimal, exact, money, moved, number, plural, printable, score
from gpt41_cli.files.places import KEPT
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.entries import named


def with_prediction(report: Report, comparison: Comparison) -> Report:
    """The report on a bill with what was predicted of it; its records are then what was compared."""
    shown = _json(comparison)
    return report._replace(
        lines=(*report.lines, *_accuracy(comparison.match), *_volumes(comparison.parts.drifts), *_drifts(comparison)),
        tables=(*report.tables, *_pairs(comparison.match), *_parts(comparison.parts.drifts)),
        findings=(*report.findings, *check(comparison)),
        data={**report.data, "prediction": shown},
        records=(*map(_pair_json, comparison.match.pairs), *shown["parts"]),
    )


def _accuracy(match: Match) -> Iterator[Line]:
    """How many requests were billed as they were predicted, and how far off the others are."""
    if not match.pairs:
        return
    every, confirmed, differing = len(match.pairs), match.confirmed, match.differing
    sure = ""
    if 0 < len(confirmed) < every:
        right = sum(not pair.error_tokens for pair in confirmed)
        sure = f"; {score(Fraction(right, len(confirmed)))} of the {number(len(confirmed))} whose count is called exact"
    share = score(Fraction(every - len(differing), every))
    yield Line("matched", f"{share} of {plural(every, 'request')} to the input token{sure}")
    if differing:
        largest = differing[0]
        share_of = "" if largest.error is None else f" ({moved(largest.error)} of what was billed)"
        most = "at most " if len(differing) > 1 else ""
        worst = f"by {most}{plural(abs(largest.error_tokens), 'token')}{share_of}"
        median = f"; the median error of all is {plural(median_error(match.pairs), 'token')}" if every > 1 else ""
        yield Line("off", f"{plural(len(differing), 'request')}, {worst}{median}")


def _volumes(drifts: Sequence[PartDrift]) -> Iterator[Line]:
    """Where not as many requests were billed as were predicted: what is compared is one of them, not their number."""
    billed, predicted = sum(each.requests for each in drifts), sum(each.part.requests for each in drifts)
    if any(each.requests != each.part.requests for each in drifts):
        text = f"requests: {number(billed)} billed, {number(predicted)} predicted; what follows is predicted of as many as billed"
        yield Line("drift", text)


def _drifts(comparison: Comparison) -> Iterator[Line]:
    """How far the sums are off; of answers as long as they may be, only how much of that they took."""
    found = comparison.input_tokens, comparison.output_tokens, comparison.total_usd
    for what, drift in zip(("input tokens", "output tokens", "dollars"), found, strict=True):
        if not drift.requests:
            continue
        show = _usd if what == "dollars" else _tokens
        billed, predicted = show(drift.billed), show(drift.predicted)
        if comparison.is_ceiling and what != "input tokens":
            said = f"{billed} billed of at most {predicted} for the answers to {plural(drift.requests, 'request')}"
        else:
            said = f"{billed} billed, {predicted} predicted{_share(drift)}"
        yield Line("drift", f"{what}: {said}")


def _tokens(tokens: Fraction) -> str:
    return number(round(tokens))


def _usd(amount: Fraction) -> str:
    return money(decimal(amount))


def _share(drift: Drift) -> str:
    if drift.share is None:
        return ""
    return f", {more_or_less(drift.share)}" if drift.share else ", the same"


def _pairs(match: Match) -> Iterator[Table]:
    """The requests that differ most."""
    differing = match.differing
    if differing:
        titles = columns("`request", "model", ">predicted", ">billed", ">off", "")
        more = f", the first {KEPT} of {number(len(differing))}" if len(differing) > KEPT else ""
        yield Table(titles, tuple(map(_pair_row, differing[:KEPT])), f"Billed otherwise than predicted{more}")


def _pair_row(pair: Pair) -> Row:
    forecast, answer = pair.forecast, pair.answer
    return Row(
        (
            named(forecast.place, pair.custom_id),
            printable(answer.model or ""),
            number(forecast.input_tokens),
            number(answer.input_tokens),
            f"{pair.error_tokens:+,}",
            "" if forecast.is_exact else "about",
        )
    )


def _parts(drifts: Sequence[PartDrift]) -> Iterator[Table]:
    if drifts:
        names = ("`workload",) if any(each.part.name for each in drifts) else ()
        titles = columns(*names, "model", "mode", ">requests", ">input", ">output", ">predicted", ">billed", ">off")
        yield Table(
            titles, tuple(_part_row(each, has_name=bool(names)) for each in drifts), "Predicted of as many requests, and billed"
        )


def _part_row(drift: PartDrift, *, has_name: bool) -> Row:
    part = drift.part
    usd = drift.total_usd
    cells = (
        *((printable(part.name or ""),) if has_name else ()),
        part.model,
        part.mode,
        number(drift.requests),
        _signed(drift.input_tokens),
        _signed(drift.output_tokens),
        _usd(usd.predicted),
        _usd(usd.billed),
        _signed(usd),
    )
    return Row(cells)


def _signed(drift: Drift) -> str:
    if drift.share is None:
        return "new"
    return f"{'-' if drift.share < 0 else '+'}{moved(drift.share)}" if drift.share else "0 %"


def _json(comparison: Comparison) -> dict[str, Any]:
    match = comparison.match
    held = comparison.held
    return {
        "requests": len(match.pairs),
        "exact": len(match.pairs) - len(match.differing),
        "confirmed": len(match.confirmed),
        "confirmed_exact": sum(not pair.error_tokens for pair in match.confirmed),
        "median_error_tokens": median_error(match.pairs) if match.pairs else None,
        "largest_error_tokens": abs(match.pairs[0].error_tokens) if match.pairs else None,
        "is_ceiling": comparison.is_ceiling,
        "input_tokens": _drift_json(comparison.input_tokens),
        "output_tokens": _drift_json(comparison.output_tokens),
        "total_usd": _drift_json(comparison.total_usd),
        "held": held.what,
        "tolerance": None if comparison.tolerance is None else exact(comparison.tolerance),
        "differing": [_pair_json(pair) for pair in match.differing],
        "parts": [_part_json(each) for each in comparison.parts.drifts],
    }


def _drift_json(drift: Drift) -> Mapping[str, Json] | None:
    """Of so many requests; null where there are none."""
    if not drift.requests:
        return None
    return {
        "requests": drift.requests,
        "predicted": exact(decimal(drift.predicted)),
        "billed": exact(decimal(drift.billed)),
        "share": None if drift.share is None else exact(decimal(drift.share)),
    }


def _pair_json(pair: Pair) -> Mapping[str, Json]:
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
        "predicted_usd": None if forecast.total_usd is None else exact(forecast.total_usd),
        "billed_usd": None if answer.total_usd is None else exact(answer.total_usd),
    }


def _part_json(each: PartDrift) -> Mapping[str, Json]:
    return {
        "workload": each.part.name,
        "model": each.part.model,
        "mode": each.part.mode,
        "input_tokens": _drift_json(each.input_tokens),
        "output_tokens": _drift_json(each.output_tokens),
        "total_usd": _drift_json(each.total_usd),
    }
