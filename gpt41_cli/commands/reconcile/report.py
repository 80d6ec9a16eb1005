"""What the logs of an API cost as a Report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from gpt41_cli.commands.reconcile.bill import Elsewhere, Reason, Reconciliation
from gpt41_cli.commands.reconcile.charge import Charge, Group
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import exact, money, number, part, plural, printable, times
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.pricing import Usage, sum_usd
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import invalid_findings, left_out_findings

SCHEMA = "gpt41.reconcile/1"

_NOTICED = ("answer-failed", "answer-twice", "batch-twice", "cache-hit", "total-row", "columns-ignored")
_PRICED = (
    "batch-unclear",
    "mode-unclear",
    "answer-unclear",
    "search-tokens",
    "write-price",
    "sum-of-long",
    "sum-beside-answers",
    "sum-beside-sums",
    "columns-ignored",
)
"""What is said of something that is priced, or is nothing to price."""
_COUNTED = ("file-twice", "total-unclear", "not-a-call")
"""What is said of something that is priced at another place: the bill lacks nothing for it."""
_CHARGE = "tool-price"
"""What has no price beside the tokens of an answer, which are priced."""
_SHOWN = 5


def report(found: Reconciliation, left_out: Sequence[LeftOut] = ()) -> Report:
    """The whole bill, what saved how much of it, and what it would be elsewhere."""
    charges = dict(sorted(found.charges.items(), key=lambda each: (each[0].model, each[0].mode, each[0].day or date.min)))
    records = tuple(_record(group, charge) for group, charge in charges.items())
    elsewhere = found.elsewhere()
    return Report(
        schema=SCHEMA,
        answer=exact(found.total_usd),
        headline=_headline(found, charges),
        lines=tuple(_lines(found)),
        tables=tuple(table for table in (_models(charges), _days(charges), _elsewhere(elsewhere, found)) if table.rows),
        findings=(*_findings(found.reasons), *invalid_findings(found.rejects), *left_out_findings(left_out)),
        notes=(*_notes(found), *_notes_on_searches(found, elsewhere)),
        data={
            "total_usd": exact(found.total_usd),
            "usage": usage_json(found.usage),
            "caching_saved_usd": exact(found.caching_saved_usd),
            "batch_saved_usd": exact(found.batch_saved_usd),
            "charges": records,
            "elsewhere": tuple(_elsewhere_json(each, found) for each in elsewhere),
            "unpriced": tuple(_reason_json(each) for each in found.reasons),
            "prediction": None,
            "workloads": None,
        },
        records=records,
        catalog=found.conditions.catalog,
    )


def _headline(found: Reconciliation, groups: Iterable[Group]) -> str:
    """The bill; the least of it, where something has no price that should have one."""
    unpriced = [each for each in found.reasons if each.rule not in (*_NOTICED, *_PRICED, *_COUNTED)]
    charges = sum(each.times for each in unpriced if each.rule == _CHARGE)
    answers = sum(each.times for each in unpriced) - charges + found.rejects.count
    rest = f"; {number(answers)} more not priced" * (answers > 0)
    rest += f"; {plural(charges, 'charge')} of tools not priced" * (charges > 0)
    least = "at least " if rest else ""
    return f"{least}{money(found.total_usd)} for {plural(found.usage.requests, 'answer')}{_period(groups)}{rest}"


def _period(groups: Iterable[Group]) -> str:
    days = sorted(group.day for group in groups if group.day)
    if not days:
        return ""
    return f" on {days[0]}" if days[0] == days[-1] else f" from {days[0]} to {days[-1]}"


def _lines(found: Reconciliation) -> Iterator[Line]:
    usage, whole, charges = found.usage, found.total_usd, list(found.charges.values())
    cited = ", ".join(sorted({charge.offer.row.source.label for charge in charges}))
    amounts = {
        "input": (usage.input_tokens - usage.cached_tokens, "uncached input", "uncached_input_usd"),
        "cached": (usage.cached_tokens, "cached input", "cached_input_usd"),
        "output": (usage.output_tokens, "output", "output_usd"),
    }
    for label, (tokens, what, term) in amounts.items():
        if tokens or label != "cached":
            usd = sum_usd(getattr(charge.bill, term) for charge in charges)
            yield Line(label, f"{plural(tokens, f'{what} token')}: {money(usd)}", cited, part(usd, whole))
    written = sum_usd(charge.write_usd for charge in charges)
    if written:
        yield Line(
            "written", f"{money(written)} more for writing to the prompt cache than for input", cited, part(written, whole)
        )
    tools = sum_usd(charge.tools_usd for charge in charges)
    if tools:
        yield Line("tools", f"{money(tools)} for calls of built-in tools", share=part(tools, whole))
    reasoning = sum(charge.reasoning_tokens for charge in charges)
    if reasoning:
        yield Line("reasoning", f"{number(reasoning)} of the output tokens were spent on reasoning")
    rejected = sum(charge.rejected_prediction_tokens for charge in charges)
    accepted = sum(charge.accepted_prediction_tokens for charge in charges)
    if rejected or accepted:
        lost = money(sum_usd(charge.rejected_usd for charge in charges))
        yield Line(
            "predicted", f"{number(accepted)} tokens of predictions accepted; {number(rejected)} rejected, which cost {lost}"
        )
    yield from _saved(found)


def _saved(found: Reconciliation) -> Iterator[Line]:
    for saved, how in (
        (found.caching_saved_usd, "by caching, against all input at its full price"),
        (found.batch_saved_usd, "by batch, against standard with the same cached tokens"),
    ):
        if saved:
            yield Line("saved" if saved > 0 else "lost", f"{money(abs(saved))} {how}")


def _models(charges: Mapping[Group, Charge]) -> Table:
    """One row for each model in each mode."""
    sums: dict[tuple[str, str], list[Charge]] = {}
    for group, charge in charges.items():
        sums.setdefault((group.model, group.mode), []).append(charge)
    amounts = {key: sum_usd(charge.total_usd for charge in some) for key, some in sums.items()}
    dearest = max(amounts.values(), default=Decimal(0))
    rows = (
        Row(
            (
                *key,
                *_counts(sum((charge.usage for charge in some), Usage())),
                money(amounts[key]),
                str(part(amounts[key], dearest)),
            )
        )
        for key, some in sorted(sums.items(), key=lambda each: -amounts[each[0]])
    )
    return Table(columns("`model", "mode", ">answers", ">input", ">cached", ">output", ">total", "|"), tuple(rows))


def _days(charges: Mapping[Group, Charge]) -> Table:
    """One row for each day, where there are several."""
    usages: dict[date | None, Usage] = {}
    amounts: dict[date | None, Decimal] = {}
    for group, charge in sorted(charges.items(), key=lambda each: each[0].day or date.min):
        usages[group.day] = usages.get(group.day, Usage()) + charge.usage
        amounts[group.day] = sum_usd((amounts.get(group.day, Decimal(0)), charge.total_usd))
    dearest = max(amounts.values(), default=Decimal(0))
    rows = tuple(
        Row((str(day or "not said"), *_counts(usage), money(amounts[day]), str(part(amounts[day], dearest))))
        for day, usage in usages.items()
    )
    titles = columns("day", ">answers", ">input", ">cached", ">output", ">total", "|")
    return Table(titles, rows if len(rows) > 1 else (), is_detail=True)


def _counts(usage: Usage) -> tuple[str, ...]:
    return tuple(map(number, (usage.requests, usage.input_tokens, usage.cached_tokens, usage.output_tokens)))


def _elsewhere(elsewhere: Sequence[Elsewhere], found: Reconciliation) -> Table:
    """The same tokens on each variant, beside what was paid."""
    dearest = max((each.total_usd for each in elsewhere), default=Decimal(0))
    rows = (_elsewhere_row(each, dearest, found) for each in elsewhere)
    return Table(columns("`model", "mode", ">total", "|", ""), tuple(rows), "The same tokens elsewhere")


def _elsewhere_row(each: Elsewhere, dearest: Decimal, found: Reconciliation) -> Row:
    gone = _is_gone(each, found)
    ratio = each.total_usd / found.total_usd if found.total_usd else Decimal(1)
    status = "shut down" if gone else "the same" if ratio == 1 else f"{times(ratio)} what was paid"
    cells = (each.variant.id, each.mode, money(each.total_usd), str(part(each.total_usd, dearest)), status)
    return Row(cells, "faint" if gone else "")


def _is_gone(each: Elsewhere, found: Reconciliation) -> bool:
    return lifecycle.ended(each.variant, found.conditions.platform, found.conditions.as_of) is not None


def _findings(reasons: Sequence[Reason]) -> Iterator[Finding]:
    """What was not priced: the most frequent reasons one by one, all others of a rule together."""
    shown: Counter[str] = Counter()
    more: Counter[str] = Counter()
    for each in reasons:
        shown[each.rule] += 1
        if shown[each.rule] > _SHOWN:
            more[each.rule] += each.times
            continue
        first = f"first {printable(each.first.label)}" if each.times > 1 else printable(each.first.label)
        what = f"{number(each.times)} times " * (each.times > 1) if each.rule in _PRICED else f"{number(each.times)} not priced: "
        message = f"{what}{each.message} ({first})"
        yield Finding(each.rule, _level(each.rule), message, Location(each.first.path, each.first.line), actual=str(each.times))
    for rule, times_ in more.items():
        yield Finding(rule, _level(rule), f"{number(times_)} more for reasons like these", actual=str(times_))


def _level(rule: str) -> Level:
    return Level.NOTICE if rule in _NOTICED else Level.WARNING


def _notes(found: Reconciliation) -> Iterator[str]:
    if found.undated:
        yield f"{plural(found.undated, 'answer')} of no known day: at the prices of {found.conditions.as_of}."
    offers = [charge.offer for charge in found.charges.values() if charge.offer.row.confidence != "high"]
    yield from dict.fromkeys(
        f"The price of {offer.variant.id} in {offer.mode} is of {offer.row.confidence} confidence [{offer.row.source.label}]."
        for offer in offers
    )


def _notes_on_searches(found: Reconciliation, elsewhere: Sequence[Elsewhere]) -> Iterator[str]:
    """What the comparison with other variants leaves out where tools were called."""
    catalog = found.conditions.catalog
    used = frozenset[str]().union(*(charge.abilities for charge in found.charges.values()))
    shown = {each.variant.id for each in elsewhere}
    for variant in catalog.family:
        if lacking := sorted(used - variant.model.abilities):
            yield f"{variant.id} is not among the same tokens elsewhere: it does not have {', '.join(lacking)}."
    if "web-search" in used and catalog.tools:
        fixed = catalog.tools.fixed_search_tokens
        for model in sorted(shown & fixed.by_model.keys()):
            tokens = number(fixed.by_model[model])
            yield (
                f"{model} bills {tokens} input tokens for a web search, whatever it finds [{fixed.source.label}]; elsewhere the "
                "same tokens are taken as they were billed."
            )


def usage_json(usage: Usage) -> Mapping[str, Json]:
    """The tokens of answers as JSON."""
    return {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }


def _record(group: Group, charge: Charge) -> Mapping[str, Json]:
    bill = charge.bill
    return {
        "model": group.model,
        "mode": group.mode,
        "day": str(group.day) if group.day else None,
        **usage_json(charge.usage),
        "reasoning_tokens": charge.reasoning_tokens,
        "accepted_prediction_tokens": charge.accepted_prediction_tokens,
        "rejected_prediction_tokens": charge.rejected_prediction_tokens,
        "uncached_input_usd": exact(bill.uncached_input_usd),
        "cached_input_usd": exact(bill.cached_input_usd),
        "output_usd": exact(bill.output_usd),
        "cache_write_usd": exact(charge.write_usd),
        "tools_usd": exact(charge.tools_usd),
        "total_usd": exact(charge.total_usd),
    }


def _elsewhere_json(each: Elsewhere, found: Reconciliation) -> Mapping[str, Json]:
    return {
        "model": each.variant.id,
        "mode": each.mode,
        "total_usd": exact(each.total_usd),
        "is_shut_down": _is_gone(each, found),
    }


def _reason_json(each: Reason) -> Mapping[str, Json]:
    return {
        "rule": each.rule,
        "message": each.message,
        "times": each.times,
        "first": {"path": each.first.path, "line": each.first.line, "index": each.first.position or 0},
    }
