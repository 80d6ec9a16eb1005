"""A CountResult as a Report: the total, how certain it is, and the largest inputs or their tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from gpt41_cli import rules
from gpt41_cli.commands.count.count import REQUESTS, CountedInput, CountResult
from gpt41_cli.commands.count.over_limit import make_max_tokens_findings
from gpt41_cli.display import format_exact, format_int, format_percent, list_first, pluralize, sanitize
from gpt41_cli.files.trees import IGNORED, LINK, REPOSITORY, SPECIAL, SkippedPath
from gpt41_cli.findings import Finding, Place
from gpt41_cli.reports import Json, Report, ReportLine, Row, Table, entries, make_headings
from gpt41_cli.reports.bounds import choose_bound_prefix, explain_bound
from gpt41_cli.reports.findings import make_invalid_findings, make_unreadable_findings
from gpt41_cli.requests.placeholders import describe_placeholders
from gpt41_cli.requests.recognise import BINARY_REASON, IMAGE_KIND, TEXT_KIND
from gpt41_cli.rules import Level, Rule
from gpt41_cli.tokens.pieces import Entry

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant
    from gpt41_cli.commands.count.over_limit import OversizedInputs

SCHEMA = "gpt41.count/1"

DEFAULT_ROWS = 20
"""How many rows are shown if no number is given; programs get all."""

_USUAL_SKIP_REASONS = (IGNORED, BINARY_REASON, LINK, REPOSITORY, SPECIAL)
_KIND_NOUNS = {REQUESTS: "request", TEXT_KIND: "text", IMAGE_KIND: "image"}


def make_report(
    count: CountResult,
    over: OversizedInputs | None,
    *,
    encoding: str,
    catalog: Catalog | None,
    variant: Variant | None,
    top: int | None,
    tree: bool,
    skips_invalid: bool = False,
    ended: Sequence[Finding] = (),
) -> Report:
    """Make the report with the largest `top` items (None: all of them, for programs), as a list or a `tree`, what is too large,
    and the models that have `ended`.
    """
    items = count.items if top is None else count.items[:top]
    records: tuple[Mapping[str, Json], ...] = tuple(
        {"path": item.path, "input_tokens": item.input_tokens, "kind": item.kind, "requests": item.requests} for item in items
    )
    shown = DEFAULT_ROWS if top is None else top
    return Report(
        schema=SCHEMA,
        answer=str(count.input_tokens),
        headline=_make_headline(count),
        lines=(
            *_make_certainty_lines(count, catalog),
            *_make_size_lines(count),
            *_make_window_lines(count, variant),
            *_make_savings_lines(count),
            *_make_skipped_lines(count.skipped),
        ),
        tables=tuple(_make_tables(count, shown, tree)),
        findings=(
            *make_max_tokens_findings(over),
            *_check_window(count, catalog, variant),
            *ended,
            *_make_template_findings(count),
            *make_invalid_findings(count.tally.rejects, None if skips_invalid else Level.ERROR),
            *make_unreadable_findings(count.skipped),
            *_make_skipped_findings(count.skipped),
        ),
        notes=tuple(_make_notes(count, variant)),
        data={
            "input_tokens": count.input_tokens,
            "encoding": encoding,
            "model": variant.id if variant else None,
            "context_window": variant.context_window if variant else None,
            "items": records,
            "requests": _dump_requests(count),
            "pictures": [entries.make_record(picture) for picture in count.pictures],
            "left_out": [{"path": file.path, "reason": file.reason} for file in count.skipped],
        },
        records=records,
        catalog=catalog,
        blocks=tuple(
            block
            for entry in count.tally.examples
            for block in entries.make_piece_blocks(entry, is_alone=count.tally.requests == 1)
        ),
        bound=explain_bound(_find_bound_prefix(count)),
    )


def _make_headline(count: CountResult) -> str:
    """Write the total, what was counted, and which bound the total is."""
    kinds = {TEXT_KIND: 0, IMAGE_KIND: 0}
    for item in count.items:
        if item.kind in kinds:
            kinds[item.kind] += 1
    numbers = {REQUESTS: count.tally.requests, **kinds}
    counted = [pluralize(many, _KIND_NOUNS[kind]) for kind, many in numbers.items() if many]
    return f"{_find_bound_prefix(count)}{pluralize(count.input_tokens, 'token')} in {' and '.join(counted) or '0 texts'}"


def _find_bound_prefix(count: CountResult) -> str:
    """Return "at least" if there is more that can't be counted, "at most" for pictures of unknown size, or "about".

    A part that is missing entirely outweighs any doubt about the rest.
    """
    tally = count.tally
    is_incomplete = tally.rejects.count > 0 or any(file.is_unreadable for file in count.skipped)
    is_least = is_incomplete or tally.lower_bound_requests > 0
    doubted = {rule for rule, _ in tally.places_by_doubt}
    is_most = rules.IMAGE_SIZE in doubted
    is_near = is_most if is_least else rules.UNKNOWN_FIELD in doubted
    return choose_bound_prefix(is_most, is_least, not is_incomplete and (is_near or rules.UNLISTED_MODEL in doubted))


def _make_certainty_lines(count: CountResult, catalog: Catalog | None) -> Iterator[ReportLine]:
    """Say if the counts are exact, and each reason why not, the most frequent first."""
    cited = catalog.family[0].model.prompt.source.label if catalog else ""
    tally = count.tally
    if tally.requests:
        if tally.exact_requests == tally.requests:
            yield ReportLine("exact", "every part matches recorded bills", cited)
        elif tally.requests > 1:
            share = format_percent(Decimal(tally.exact_requests) / tally.requests)
            yield ReportLine("exact", f"{format_int(tally.exact_requests)} of {format_int(tally.requests)} requests ({share})")
    yield from _make_picture_lines(count.pictures)
    for entry in tally.examples if tally.requests == 1 else ():
        for doubt in entry.doubts:
            yield ReportLine("uncertain", f"{doubt.path or entry.place.label}: {doubt.message}", doubt.rule.id)
    if tally.requests == 1 and tally.examples:
        return
    for counted, requests, first in tally.doubt_counts[:DEFAULT_ROWS]:
        many = f"in {format_int(requests)} requests, first " if requests > 1 else ""
        yield ReportLine("uncertain", f"{many}{first.label}: {counted.message}", counted.rule.id)


def _make_template_findings(count: CountResult) -> Iterator[Finding]:
    """Warn of texts that are templates."""
    for place, placeholders in count.templates[:DEFAULT_ROWS]:
        yield Finding(rules.TEMPLATE, f"{place.label}: {describe_placeholders(placeholders)}", place=place)
    if len(count.templates) > DEFAULT_ROWS:
        yield Finding(rules.TEMPLATE, f"{format_int(len(count.templates) - DEFAULT_ROWS)} more templates like these")


def _make_picture_lines(pictures: Sequence[Entry]) -> Iterator[ReportLine]:
    """Say each doubt about pictures once, with how many it is about."""
    labels: defaultdict[tuple[Rule, str], list[str]] = defaultdict(list)
    for picture in pictures:
        for doubt in picture.doubts:
            labels[doubt.rule, doubt.message].append(doubt.path or picture.place.label)
    for (rule, message), places in labels.items():
        many = f"in {format_int(len(places))} pictures, first " if len(places) > 1 else ""
        yield ReportLine("uncertain", f"{many}{places[0]}: {message}", rule.id)


def _make_size_lines(count: CountResult) -> Iterator[ReportLine]:
    """Say what the tokens are spent on, and how they are distributed over requests."""
    tally = count.tally
    parts = [f"{part} {format_int(tokens)}" for part, tokens in tally.parts.items() if tokens]
    if len(parts) > 1:
        yield ReportLine("parts", ", ".join(parts))
    if tally.requests > 1:
        median, p95 = format_int(tally.percentile(50)), format_int(tally.percentile(95))
        yield ReportLine("each", f"mean {Decimal(_format_mean(count)):,}, median {median}, p95 {p95}")


def _format_mean(count: CountResult) -> str:
    """Format a mean to tenths, which is precise enough."""
    mean = Decimal(count.tally.input_tokens) / count.tally.requests
    return format_exact(mean.quantize(Decimal("0.1")))


def _make_savings_lines(count: CountResult) -> Iterator[ReportLine]:
    """Say what schemas of the shown requests spend on keywords that a model can do without."""
    for entry in count.tally.examples:
        for keyword, tokens in entry.savings.items():
            which = f" of {entries.format_request_name(entry.place, entry.custom_id)}" if count.tally.requests > 1 else ""
            yield ReportLine("savings", f"{pluralize(tokens, 'token')} if every {keyword} is removed from the schemas{which}")


def _dump_requests(count: CountResult) -> Mapping[str, Json] | None:
    """Convert the tally to JSON; None without requests."""
    tally = count.tally
    if not tally.requests:
        return None
    return {
        "requests": tally.requests,
        "input_tokens": tally.input_tokens,
        "exact": tally.exact_requests,
        "lower_bounds": tally.lower_bound_requests,
        "invalid": count.tally.rejects.count,
        "mean": _format_mean(count),
        "median": tally.percentile(50),
        "p95": tally.percentile(95),
        "parts": dict(tally.parts),
        "largest": [
            {**entries.dump_place(request.place), "custom_id": request.custom_id, "input_tokens": request.input_tokens}
            for request in tally.largest
        ],
        "assumptions": [entries.dump_counted_finding(doubt, "requests") for doubt in tally.doubt_counts],
        "shown": [
            {**entries.make_record(entry), "pieces": entries.dump_pieces(entry.pieces), "savings": dict(entry.savings)}
            for entry in count.tally.examples
            if entry.pieces
        ],
    }


def _make_tables(count: CountResult, shown: int, tree: bool) -> Iterator[Table]:
    """Make the table of inputs, or of the largest requests. A single request needs no table."""
    if len(count.items) > 1 or any(item.kind != REQUESTS for item in count.items) or tree:
        yield _make_tree_table(count, shown) if tree else _make_list_table(count, shown)
    largest = count.tally.largest[:shown]
    if count.tally.requests > 1:
        rows = [
            Row((format_int(request.input_tokens), entries.format_request_name(request.place, request.custom_id)))
            for request in largest
        ]
        yield Table(make_headings(">tokens", "`largest"), tuple(rows))


def _find_largest_request(count: CountResult) -> tuple[int, str]:
    """Find the largest input of one window: all texts and pictures together, or the largest request."""
    texts = sum(item.input_tokens for item in count.items if item.kind != REQUESTS)
    largest = count.tally.largest
    if largest and largest[0].input_tokens >= texts:
        return largest[0].input_tokens, "the largest request fills "
    return texts, ""


def _make_window_lines(count: CountResult, variant: Variant | None) -> Iterator[ReportLine]:
    """Say how much of a context window it fills."""
    if variant is None:
        return
    tokens, what = _find_largest_request(count)
    share = format_percent(Decimal(tokens) / variant.context_window)
    text = f"{what}{share} of the context window of {variant.id} ({format_int(variant.context_window)})"
    yield ReportLine("window", text, variant.model.source.label)


def _check_window(count: CountResult, catalog: Catalog | None, variant: Variant | None) -> Iterator[Finding]:
    if catalog and variant:
        # Imported here: a bare count needs no rule of the price table.
        from gpt41_cli.constraints import request_limits
        from gpt41_cli.work.workload import RequestSize, VariantLoad

        tokens, _ = _find_largest_request(count)
        yield from request_limits.check_request_limits(
            catalog, variant, ("standard",), VariantLoad({RequestSize(tokens, 0, 0): 1}), Level.WARNING
        )


def _make_notes(count: CountResult, variant: Variant | None) -> Iterator[str]:
    if variant and not variant.model.encoding.published:
        yield f"The tokenizer of {variant.id} is not published: its token counts are estimates."
    if any(rule is rules.IMAGE_SIZE for rule, _ in count.tally.places_by_doubt):
        yield rules.LARGEST_PICTURES
    shown = [entry for entry in count.tally.examples if entry.pieces]
    if shown and len(shown) < count.tally.requests:
        yield f"The first {format_int(len(shown))} of {format_int(count.tally.requests)} requests are shown."


def _make_skipped_lines(left_out: Sequence[SkippedPath]) -> Iterator[ReportLine]:
    """Write a line for each usual reason for skipping, with the first names."""
    for reason in _USUAL_SKIP_REASONS:
        names = [sanitize(file.path) for file in left_out if file.reason == reason]
        if names:
            yield ReportLine("left out", f"{format_int(len(names))} ({reason}): {list_first(names, 3)}")


def _make_skipped_findings(left_out: Sequence[SkippedPath]) -> Iterator[Finding]:
    for file in left_out:
        if file.reason not in _USUAL_SKIP_REASONS and not file.is_unreadable:
            message = f"left out {file.path}: {file.reason}"
            yield Finding(rules.NOT_TEXT, message, place=Place(file.path), subject=file.path, names_place=True)


def _make_list_table(count: CountResult, shown: int) -> Table:
    rows = [_make_row(item.input_tokens, count, item.path) for item in count.items[:shown]]
    rest = count.items[shown:]
    if rest:
        rows.append(_make_row(sum(item.input_tokens for item in rest), count, f"({pluralize(len(rest), 'more text')})"))
    return Table(make_headings(">tokens", ">share", "`path"), tuple(rows))


def _make_row(tokens: int, count: CountResult, name: str) -> Row:
    share = format_percent(Decimal(tokens) / count.input_tokens) if count.input_tokens else "-"
    return Row((format_int(tokens), share, sanitize(name)))


_PathsAndItems: TypeAlias = "list[tuple[tuple[str, ...], CountedInput]]"


def _make_tree_table(count: CountResult, shown: int) -> Table:
    """Make the tree of folders with subtotals, the largest first, each with at most `shown` entries."""
    rows: list[Row] = []
    # A stack of what is still to be drawn: folders may nest deeper than Python recurses.
    pending = [_walk_branch([(PurePath(item.path).parts, item) for item in count.items], 0, count, shown)]
    while pending:
        step = next(pending[-1], None)
        if step is None:
            pending.pop()
        elif isinstance(step, Row):
            rows.append(step)
        else:
            pending.append(_walk_branch(*step, count, shown))
    return Table(make_headings(">tokens", ">share", "`path"), tuple(rows))


def _walk_branch(
    entries: _PathsAndItems, depth: int, count: CountResult, shown: int
) -> Iterator[Row | tuple[_PathsAndItems, int]]:
    """Yield the rows of entries that share their first `depth` parts. The rows below each one follow it."""
    groups: dict[str, _PathsAndItems] = {}
    for parts, item in entries:
        groups.setdefault(parts[depth], []).append((parts, item))
    totals = {name: sum(item.input_tokens for _, item in group) for name, group in groups.items()}
    ordered = sorted(groups, key=lambda name: (-totals[name], name))
    for name in ordered[:shown]:
        deeper = [(parts, item) for parts, item in groups[name] if len(parts) > depth + 1]
        yield _make_row(totals[name], count, "  " * depth + name + ("/" if deeper and not name.endswith("/") else ""))
        if deeper:
            yield deeper, depth + 1
    rest = ordered[shown:]
    if rest:
        yield _make_row(sum(totals[name] for name in rest), count, "  " * depth + f"({format_int(len(rest))} more)")
