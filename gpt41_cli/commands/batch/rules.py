"""The rules of the Batch API for a file as a whole. A new rule is one function and its name in FILE_RULES."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market
from gpt41_cli.commands.batch.parts import BatchQueue, find_queue
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.batch_lines import BatchLines
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.files.fields import redact
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests.request import ENDPOINTS
from gpt41_cli.rules import Level, Rule
from gpt41_cli.work.violations import MEBIBYTE, MEGABYTE, RuleViolations, find_duplicate_lines


class BatchFile(NamedTuple):
    """A file to check, with what the rules need to know."""

    lines: BatchLines
    market: Market
    usage_tier: int | None


def _check_not_empty(held: BatchFile) -> Iterator[Finding]:
    if not held.lines.request_lines:
        yield Finding(rules.BATCH_EMPTY, "expected at least one request, found none")


def _check_byte_order_mark(held: BatchFile) -> Iterator[Finding]:
    if held.lines.has_byte_order_mark:
        message = "expected JSON from the first byte on, found a byte order mark: whether the API accepts it isn't documented"
        yield Finding(rules.BATCH_MARK, message, place=Place("", 1))


def _check_blank_lines(held: BatchFile) -> Iterator[Finding]:
    if held.lines.blank_lines:
        lines = pluralize(held.lines.blank_lines, "blank line")
        message = f"{lines} between the requests: whether the API accepts them isn't documented"
        yield Finding(rules.BATCH_BLANK_LINES, message, actual=str(held.lines.blank_lines))


def _check_unique_ids(held: BatchFile) -> Iterator[Finding]:
    numbers = held.lines.line_numbers
    for first, second in find_duplicate_lines(held.lines.custom_id_digests):
        text = f"duplicate custom_id: it was first used on line {format_int(numbers[first])}"
        yield Finding(rules.BATCH_CUSTOM_ID, text, place=Place("", numbers[second]))


def _check_one_model(held: BatchFile) -> Iterator[Finding]:
    yield from _check_same_name(held, rules.BATCH_MODELS, "body.model", [lane.model for lane in held.lines.targets.different])


def _check_one_endpoint(held: BatchFile) -> Iterator[Finding]:
    yield from _check_same_name(held, rules.BATCH_ENDPOINTS, "url", [lane.endpoint for lane in held.lines.targets.different])


def _check_same_name(held: BatchFile, rule: Rule, path: str, names: Sequence[str]) -> Iterator[Finding]:
    """Find each request whose name differs from that of the first; `names` are those of the targets."""
    if len(set(names)) < 2:
        return
    first = held.lines.line_numbers[0]
    for line, lane in zip(held.lines.line_numbers, held.lines.targets.indexes, strict=True):
        if names[lane] != names[0]:
            message = f"{path}: expected {redact(names[0])} as in line {format_int(first)}, found {redact(names[lane])}"
            yield Finding(rule, message, place=Place("", line), actual=names[lane], allowed=names[0])


def _check_urls(held: BatchFile) -> Iterator[Finding]:
    """Check that the platform takes each url: OpenAI the full one, Azure also without the version (Microsoft's guide to batch
    deployments, https://learn.microsoft.com/azure/ai-services/openai/how-to/batch).
    """
    is_azure = held.market.platform.provider != held.market.catalog.limits.usage_tiers.provider
    taken = [*ENDPOINTS, *(endpoint.removeprefix("/v1") for endpoint in ENDPOINTS if is_azure)]
    urls = [target.endpoint for target in held.lines.targets.different]
    if set(urls) <= set(taken):
        return
    places = zip(held.lines.line_numbers, held.lines.targets.indexes, strict=True)
    for line, url in ((line, urls[lane]) for line, lane in places if urls[lane] not in taken):
        message = f"url: expected one of {', '.join(taken)}, found {redact(url)}"
        hint = "" if is_azure else "; Azure accepts it: --platform azure-global"
        yield Finding(rules.BATCH_URL, message + hint, place=Place("", line), actual=url)


def _check_request_count(held: BatchFile) -> Iterator[Finding]:
    most, many = held.market.catalog.limits.batch.max_requests, held.lines.request_lines
    if many > most:
        message = f"expected at most {format_int(most)} requests, found {format_int(many)}"
        yield Finding(rules.BATCH_REQUESTS, message, actual=str(many), allowed=str(most))


def _check_file_bytes(held: BatchFile) -> Iterator[Finding]:
    megabytes = held.market.catalog.limits.batch.max_file_megabytes
    least, most = megabytes * MEGABYTE, megabytes * MEBIBYTE
    size = held.lines.size_bytes
    if size > most:
        message = f"expected at most {format_int(most)} bytes, found {format_int(size)}"
        yield Finding(rules.BATCH_BYTES, message, actual=str(size), allowed=str(most))
    elif size > least:
        allowed = f"the guide allows {megabytes} MB, which may mean {format_int(least)} bytes"
        message = f"found {format_int(size)} bytes: {allowed}"
        yield Finding(rules.BATCH_BYTES, message, Level.WARNING, actual=str(size), allowed=str(least))


def _check_line_bytes(held: BatchFile) -> Iterator[Finding]:
    most = held.market.catalog.limits.batch.max_file_megabytes * MEBIBYTE
    for line, size in zip(held.lines.line_numbers, held.lines.line_bytes, strict=True):
        if size > most:
            message = f"expected at most {format_int(most)} bytes, the limit of a whole file, found {format_int(size)}"
            yield Finding(rules.BATCH_LINE_BYTES, message, place=Place("", line), actual=str(size), allowed=str(most))


def _check_shutdown(held: BatchFile) -> Iterator[Finding]:
    for index, finding in find_shut_down_targets(held).items():
        line = held.lines.line_numbers[held.lines.targets.indexes.index(index)]
        yield finding._replace(place=Place("", line))


def find_shut_down_targets(held: BatchFile) -> dict[int, Finding]:
    """Find the targets whose model is shut down, by their index, with an error that says so."""
    gone: dict[int, Finding] = {}
    for index, target in enumerate(held.lines.targets.different):
        variant = held.market.catalog.variant(target.variant_id) if target.variant_id else None
        if variant and (life := lifecycle.find_past_shutdown(held.market, variant)):
            finding = lifecycle.make_shutdown_finding(held.market.platform, life)
            message = f"{variant.id}: {finding.message}"
            gone[index] = finding._replace(message=message, level=Level.ERROR, actual=str(life.shutdown))
    return gone


def find_queues(catalog: Catalog, lines: BatchLines, tier: int | None) -> list[BatchQueue]:
    """Find the queue of each target's requests."""
    variants = (catalog.variant(lane.variant_id) if lane.variant_id else None for lane in lines.targets.different)
    nothing = BatchQueue(None, None, catalog.limits.long_context_tokens)
    return [find_queue(catalog, variant.model, tier) if variant else nothing for variant in variants]


def _check_queue(held: BatchFile) -> Iterator[Finding]:
    """Check that the file fits the queue of its model (Batch guide: enqueued input tokens per model)."""
    short: dict[str, int] = {}
    long: dict[str, int] = {}
    of_lanes = find_queues(held.market.catalog, held.lines, held.usage_tier)
    catalog = held.market.catalog
    lanes = held.lines.targets.different
    names = [catalog.variant(lane.variant_id).model.id if lane.variant_id else lane.model for lane in lanes]
    for lane, tokens in zip(held.lines.targets.indexes, held.lines.input_tokens, strict=True):
        pool = long if tokens > of_lanes[lane].long_context_threshold else short
        pool[names[lane]] = pool.get(names[lane], 0) + tokens
    for name, queue in dict(zip(names, of_lanes, strict=True)).items():
        for pool, most, what in ((short, queue.short_limit, ""), (long, queue.long_limit, "long-context ")):
            tokens = pool.get(name, 0)
            if most is not None and tokens > most:
                allowed = f"{name} queues at most {format_int(most)} {what}tokens in tier {held.usage_tier}"
                message = f"{allowed}, found {format_int(tokens)}"
                yield Finding(rules.BATCH_QUEUE, message, actual=str(tokens), allowed=str(most))


def _check_single_requests(held: BatchFile) -> Iterator[Finding]:
    of_lanes = find_queues(held.market.catalog, held.lines, held.usage_tier)
    for line, lane, tokens in zip(held.lines.line_numbers, held.lines.targets.indexes, held.lines.input_tokens, strict=True):
        most = of_lanes[lane].limit_for(tokens)
        if most is not None and tokens > most:
            never = f"one request of {format_int(tokens)} tokens never fits the queue of tier {held.usage_tier}"
            message = f"{never}, which holds {format_int(most)} tokens"
            yield Finding(rules.BATCH_QUEUE_REQUEST, message, place=Place("", line), actual=str(tokens), allowed=str(most))


FILE_RULES: Sequence[Callable[[BatchFile], Iterator[Finding]]] = (
    _check_not_empty,
    _check_byte_order_mark,
    _check_blank_lines,
    _check_unique_ids,
    _check_one_model,
    _check_one_endpoint,
    _check_urls,
    _check_request_count,
    _check_file_bytes,
    _check_line_bytes,
    _check_shutdown,
    _check_queue,
    _check_single_requests,
)


def find_violations(file: BatchFile) -> RuleViolations:
    """Find the violations of a file, line by line and as a whole."""
    violations = RuleViolations(keeps_all=file.lines.violations.errors_by_line is not None)
    violations += file.lines.violations
    uses = violations.by_kind.pop((rules.FEATURE_ENDS, rules.FEATURE_ENDS.level), None)
    for rule in FILE_RULES:
        for violation in rule(file):
            violations.add(violation)
    first = uses.examples[0] if uses else None
    if uses and first and first.place:
        line = f"line {first.place.line}"
        if ends := lifecycle.make_feature_finding(file.market, str(first.subject), uses.count, line):
            violations.add(ends._replace(place=first.place))
    return violations
