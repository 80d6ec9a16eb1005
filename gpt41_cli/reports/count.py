"""A Count as a Report: the total first, then the largest texts or the tree they stand in, then what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from gpt41_cli.decisions.count import BINARY, Count, Item
from gpt41_cli.display import number, percent, plural, printable
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.requests.trees import IGNORED, LINK, REPOSITORY, SPECIAL, LeftOut

SCHEMA = "gpt41.count/1"

SHOWN = 20
"""Rows to read when no number is asked for; programs get them all."""

_EXPECTED = (IGNORED, BINARY, LINK, REPOSITORY, SPECIAL)


def report(
    count: Count, *, encoding: str, catalog: Catalog | None, variant: Variant | None, top: int | None, tree: bool
) -> Report:
    """The count, its largest `top` items (all of them for programs when None), as a list or as a `tree`."""
    items = count.items if top is None else count.items[:top]
    records: tuple[Mapping[str, Json], ...] = tuple({"path": item.path, "input_tokens": item.input_tokens} for item in items)
    shown = SHOWN if top is None else top
    return Report(
        schema=SCHEMA,
        answer=str(count.input_tokens),
        headline=f"{plural(count.input_tokens, 'token')} in {plural(len(count.items), 'text')}",
        lines=(*_window(count, variant), *_left_out(count.left_out)),
        tables=(_tree(count, shown) if tree else _list(count, shown),),
        findings=(*_overflow(count, catalog, variant), *_not_text(count.left_out)),
        notes=_notes(variant),
        data={
            "input_tokens": count.input_tokens,
            "encoding": encoding,
            "model": variant.id if variant else None,
            "context_window": variant.context_window if variant else None,
            "items": records,
            "left_out": [{"path": each.path, "reason": each.reason} for each in count.left_out],
        },
        records=records,
        catalog=catalog,
    )


def _window(count: Count, variant: Variant | None) -> Iterator[Line]:
    if variant:
        share = percent(Decimal(count.input_tokens) / variant.context_window)
        text = f"{share} of the context window of {variant.id} ({number(variant.context_window)})"
        yield Line("window", text, variant.model.source.label)


def _overflow(count: Count, catalog: Catalog | None, variant: Variant | None) -> Iterator[Finding]:
    if catalog and variant:
        # Imported here: a bare count needs no rule of the price table.
        from gpt41_cli.decisions import limits
        from gpt41_cli.pricing import Usage

        as_one_request = Usage(1, count.input_tokens)
        yield from limits.check(catalog, variant, ("standard",), as_one_request, Level.WARNING)


def _notes(variant: Variant | None) -> tuple[str, ...]:
    if variant and not variant.model.encoding.published:
        return (f"The tokenizer of {variant.id} is not published: its token counts are estimates.",)
    return ()


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
