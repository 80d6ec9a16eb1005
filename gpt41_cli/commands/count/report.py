"""A Count as a Report: the total first, then how sure it is, then the largest inputs or the tree they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from gpt41_cli.commands.count.count import REQUESTS, Count, Item
from gpt41_cli.commands.count.over_limit import max_tokens_findings
from gpt41_cli.display import exact, number, percent, plural, printable
from gpt41_cli.files.trees import IGNORED, LINK, REPOSITORY, SPECIAL, LeftOut
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns, entries
from gpt41_cli.reports.findings import invalid_findings
from gpt41_cli.requests.recognise import BINARY, IMAGE, TEXT

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant
    from gpt41_cli.commands.count.over_limit import Over

SCHEMA = "gpt41.count/1"

SHOWN = 20
"""Rows to read when no number is asked for; programs get them all."""

_EXPECTED = (IGNORED, BINARY, LINK, REPOSITORY, SPECIAL)
_NOUNS = {REQUESTS: "request", TEXT: "text", IMAGE: "image"}


def report(
    count: Count,
    over: Over | None,
    *,
    encoding: str,
    catalog: Catalog | None,
    variant: Variant | None,
    top: int | None,
    tree: bool,
) -> Report:
    """The count, its largest `top` items (all of them for programs when None), as a list or as a `tree`, and what is over."""
    items = count.items if top is None else count.items[:top]
    records: tuple[Mapping[str, Json], ...] = tuple(
        {"path": item.path, "input_tokens": item.input_tokens, "kind": item.kind, "requests": item.requests} for item in items
    )
    shown = SHOWN if top is None else top
    return Report(
        schema=SCHEMA,
        answer=str(count.input_tokens),
        headline=_headline(count),
        lines=(
            *_certainty(count, catalog),
            *_sizes(count),
            *_window(count, variant),
            *_savings(count),
            *_left_out(count.left_out),
        ),
        tables=tuple(_tables(count, shown, tree)),
        findings=(
            *max_tokens_findings(over),
            *_overflow(count, catalog, variant),
            *invalid_findings(count.tally.rejects),
            *_not_text(count.left_out),
        ),
        notes=(*_notes(variant), *_shown_note(count)),
        data={
            "input_tokens": count.input_tokens,
            "encoding": encoding,
            "model": variant.id if variant else None,
            "context_window": variant.context_window if variant else None,
            "items": records,
            "requests": _requests_json(count),
            "pictures": [entries.record(each) for each in count.pictures],
            "left_out": [{"path": each.path, "reason": each.reason} for each in count.left_out],
        },
        records=records,
        catalog=catalog,
        blocks=tuple(block for entry in count.tally.shown for block in entries.blocks(entry, is_alone=count.tally.requests == 1)),
    )


def _headline(count: Count) -> str:
    """The total; that there is more of it, where something cannot be counted; and what was counted."""
    kinds = {TEXT: 0, IMAGE: 0}
    for item in count.items:
        if item.kind in kinds:
            kinds[item.kind] += 1
    numbers = {REQUESTS: count.tally.requests, **kinds}
    counted = [plural(many, _NOUNS[kind]) for kind, many in numbers.items() if many]
    least = "at least " if count.tally.lower_bounds else ""
    return f"{least}{plural(count.input_tokens, 'token')} in {' and '.join(counted) or '0 texts'}"


def _certainty(count: Count, catalog: Catalog | None) -> Iterator[Line]:
    """Whether the counts are exact, and each reason why not, the most frequent first."""
    cited = catalog.family[0].model.prompt.source.label if catalog else ""
    tally = count.tally
    if tally.requests:
        what = "it has" if tally.requests == 1 else "they have"
        if tally.exact == tally.requests:
            yield Line("exact", f"everything {what} is confirmed by recorded bills", cited)
        elif tally.requests > 1:
            share = percent(Decimal(tally.exact) / tally.requests)
            yield Line("exact", f"{number(tally.exact)} of {number(tally.requests)} requests ({share})")
    for entry in (*count.pictures, *(tally.shown if tally.requests == 1 else ())):
        for doubt in entry.result.doubts:
            yield Line("doubt", f"{doubt.path or entry.place.label}: {doubt.message}", doubt.rule)
    if tally.requests == 1 and tally.shown:
        return
    for reason in tally.reasons[:SHOWN]:
        many = f"in {number(reason.requests)} requests, first " if reason.requests > 1 else ""
        yield Line("doubt", f"{many}{reason.first.label}: {reason.message}", reason.rule)


def _sizes(count: Count) -> Iterator[Line]:
    """What the tokens are spent on, and how they are spread over the requests."""
    tally = count.tally
    parts = [f"{part} {number(tokens)}" for part, tokens in tally.parts.items() if tokens]
    if len(parts) > 1:
        yield Line("parts", ", ".join(parts))
    if tally.requests > 1:
        median, p95 = number(tally.percentile(50)), number(tally.percentile(95))
        yield Line("each", f"mean {Decimal(_mean(count)):,}, median {median}, p95 {p95}")


def _mean(count: Count) -> str:
    """To tenths, which is enough to read and more than a request has."""
    mean = Decimal(count.tally.input_tokens) / count.tally.requests
    return exact(mean.quantize(Decimal("0.1")))


def _savings(count: Count) -> Iterator[Line]:
    """What the schemas of the shown requests spend on keywords that a model can do without."""
    for entry in count.tally.shown:
        for keyword, tokens in entry.result.savings.items():
            which = f" of {entries.named(entry.place, entry.result.custom_id)}" if count.tally.requests > 1 else ""
            yield Line("spare", f"every {keyword} in the schemas{which}: {plural(tokens, 'token')} that can go")


def _requests_json(count: Count) -> Mapping[str, Json] | None:
    """The tally for programs; None where there are no requests."""
    tally = count.tally
    if not tally.requests:
        return None
    return {
        "requests": tally.requests,
        "input_tokens": tally.input_tokens,
        "exact": tally.exact,
        "lower_bounds": tally.lower_bounds,
        "invalid": count.tally.rejects.count,
        "mean": _mean(count),
        "median": tally.percentile(50),
        "p95": tally.percentile(95),
        "parts": dict(tally.parts),
        "largest": [
            {
                "path": each.place.path,
                "line": each.place.line,
                "index": each.place.position or 0,
                "custom_id": each.custom_id,
                "input_tokens": each.input_tokens,
            }
            for each in tally.largest
        ],
        "assumptions": [
            {
                "rule": reason.rule,
                "message": reason.message,
                "requests": reason.requests,
                "first": {"path": reason.first.path, "line": reason.first.line, "index": reason.first.position or 0},
            }
            for reason in tally.reasons
        ],
        "shown": [
            {**entries.record(entry), "pieces": entries.pieces_json(entry.result.pieces), "savings": dict(entry.result.savings)}
            for entry in count.tally.shown
            if entry.result.pieces
        ],
    }


def _tables(count: Count, shown: int, tree: bool) -> Iterator[Table]:
    """The inputs, and of requests the largest; a single request needs no table."""
    if len(count.items) > 1 or any(item.kind != REQUESTS for item in count.items) or tree:
        yield _tree(count, shown) if tree else _list(count, shown)
    largest = count.tally.largest[:shown]
    if count.tally.requests > 1:
        rows = [Row((number(each.input_tokens), entries.named(each.place, each.custom_id))) for each in largest]
        yield Table(columns(">tokens", "`largest"), tuple(rows))


def _as_one_request(count: Count) -> tuple[int, str]:
    """The most that goes into one window, and what it is: all texts and pictures, or the largest request."""
    texts = sum(item.input_tokens for item in count.items if item.kind != REQUESTS)
    largest = count.tally.largest
    if largest and largest[0].input_tokens >= texts:
        return largest[0].input_tokens, "the largest request fills "
    return texts, ""


def _window(count: Count, variant: Variant | None) -> Iterator[Line]:
    """How much of a context window it fills."""
    if variant is None:
        return
    tokens, what = _as_one_request(count)
    share = percent(Decimal(tokens) / variant.context_window)
    text = f"{what}{share} of the context window of {variant.id} ({number(variant.context_window)})"
    yield Line("window", text, variant.model.source.label)


def _overflow(count: Count, catalog: Catalog | None, variant: Variant | None) -> Iterator[Finding]:
    if catalog and variant:
        # Imported here: a bare count needs no rule of the price table.
        from gpt41_cli.constraints import request_limits as limits
        from gpt41_cli.work.workload import Load, Size

        tokens, _ = _as_one_request(count)
        yield from limits.check(catalog, variant, ("standard",), Load({Size(tokens, 0, 0): 1}), Level.WARNING)


def _notes(variant: Variant | None) -> tuple[str, ...]:
    if variant and not variant.model.encoding.published:
        return (f"The tokenizer of {variant.id} is not published: its token counts are estimates.",)
    return ()


def _shown_note(count: Count) -> Iterator[str]:
    shown = [entry for entry in count.tally.shown if entry.result.pieces]
    if shown and len(shown) < count.tally.requests:
        yield f"The first {number(len(shown))} of {number(count.tally.requests)} requests are shown."


def _left_out(left_out: Sequence[LeftOut]) -> Iterator[Line]:
    """A line for each of the usual reasons, with the first names."""
    for reason in _EXPECTED:
        names = [printable(each.path) for each in left_out if each.reason == reason]
        if names:
            more = f" and {number(len(names) - 3)} more" if len(names) > 3 else ""
            yield Line("left out", f"{number(len(names))} ({reason}): {', '.join(names[:3])}{more}")


def _not_text(left_out: Sequence[LeftOut]) -> Iterator[Finding]:
    for each in left_out:
        if each.reason not in _EXPECTED:
            message = f"left out {each.path}: {each.reason}"
            yield Finding("not-text", Level.WARNING, message, Location(each.path), subject=each.path)


def _list(count: Count, shown: int) -> Table:
    rows = [_row(item.input_tokens, count, item.path) for item in count.items[:shown]]
    rest = count.items[shown:]
    if rest:
        rows.append(_row(sum(item.input_tokens for item in rest), count, f"({plural(len(rest), 'more text')})"))
    return Table(columns(">tokens", ">share", "`path"), tuple(rows))


def _row(tokens: int, count: Count, name: str) -> Row:
    share = percent(Decimal(tokens) / count.input_tokens) if count.input_tokens else "-"
    return Row((number(tokens), share, printable(name)))


_Entries: TypeAlias = "list[tuple[tuple[str, ...], Item]]"


def _tree(count: Count, shown: int) -> Table:
    """Folders with their subtotals, the largest first, and in each at most `shown` entries."""
    rows: list[Row] = []
    # A stack of what is still to be drawn: folders may nest deeper than Python recurses.
    pending = [_branch([(PurePath(item.path).parts, item) for item in count.items], 0, count, shown)]
    while pending:
        step = next(pending[-1], None)
        if step is None:
            pending.pop()
        elif isinstance(step, Row):
            rows.append(step)
        else:
            pending.append(_branch(*step, count, shown))
    return Table(columns(">tokens", ">share", "`path"), tuple(rows))


def _branch(entries: _Entries, depth: int, count: Count, shown: int) -> Iterator[Row | tuple[_Entries, int]]:
    """The rows of the entries that share their first `depth` parts; what is below a row follows it, to be branched too."""
    groups: dict[str, _Entries] = {}
    for parts, item in entries:
        groups.setdefault(parts[depth], []).append((parts, item))
    totals = {name: sum(item.input_tokens for _, item in group) for name, group in groups.items()}
    ordered = sorted(groups, key=lambda name: (-totals[name], name))
    for name in ordered[:shown]:
        deeper = [(parts, item) for parts, item in groups[name] if len(parts) > depth + 1]
        yield _row(totals[name], count, "  " * depth + name + ("/" if deeper and not name.endswith("/") else ""))
        if deeper:
            yield deeper, depth + 1
    rest = ordered[shown:]
    if rest:
        yield _row(sum(totals[name] for name in rest), count, "  " * depth + f"({number(len(rest))} more)")
