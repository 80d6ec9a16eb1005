"""Inspect the lines in a Batch file one by one, and keep only a few machine words of each request."""

from __future__ import annotations

from array import array
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO, NamedTuple, Self

from gpt41_cli import rules
from gpt41_cli.constraints.request_limits import RequestLimits
from gpt41_cli.errors import UnknownModel
from gpt41_cli.files.documents import LineChunks
from gpt41_cli.files.fields import BadBody, redact
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests.inputs import RequestInput
from gpt41_cli.requests.readers import FramedLine, ParsedRequest
from gpt41_cli.requests.recognise import read_lines
from gpt41_cli.rules import Level
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.totals import Addable, Largest
from gpt41_cli.work.measuring import FramedMeasurer, MeasuredRequest, measure_request
from gpt41_cli.work.stream import ReadingOptions, map_chunks
from gpt41_cli.work.violations import RuleViolations, hash_text
from gpt41_cli.work.workload import Assumptions, RequestSizer

REQUIRED_METHOD = "POST"
"""The only one that the Batch API knows."""


_RULES_BY_PATH = {"url": rules.BATCH_URL, "custom_id": rules.BATCH_CUSTOM_ID}
"""The rules for fields of a line; other mistakes break the rule of every request."""


class ModelAndEndpoint(NamedTuple):
    """The model and endpoint that all requests in a Batch file must share, as they name them. `variant_id` is the model in the
    price table; None if the table doesn't have it.
    """

    model: str
    endpoint: str
    variant_id: str | None = None


class InspectedRequest(NamedTuple):
    """A request in a Batch file: its line, its target, a hash of its id, its length, its tokens, and the rules it violates by
    itself.
    """

    line: int
    target: ModelAndEndpoint
    custom_id_digest: bytes
    line_bytes: int
    input_tokens: int
    violations: tuple[Finding, ...]


class BatchLineInspector:
    """Checks lines of Batch files one by one, each for its model or that of `meter`. `terms` are assumptions about answers."""

    def __init__(self, meter: Meter, terms: Assumptions) -> None:
        self._meter = meter
        self._terms = terms
        self._limits = RequestLimits(meter.catalog, "batch")
        self._sizers: dict[str, RequestSizer] = {}

    def inspect(self, sent: ParsedRequest, measured: MeasuredRequest | None) -> InspectedRequest:
        """Check one line by itself. `measured` is the request as counted for its model, None if that is unknown.

        Raises BadBody if neither the line nor the user names a model.
        """
        catalog, named = self._meter.catalog, sent.request.model or self._meter.model
        if named is None:
            raise BadBody("body.model", "a model", "nothing")
        variant, _ = self._meter.find_variant(self._meter.model or named)
        line, lane = sent.place.line or 0, ModelAndEndpoint(named, sent.url, variant and variant.id)
        own = hash_text(str(sent.custom_id))
        breaches = [*_find_line_violations(sent), *(measured.flaws if measured else sent.flaws)]
        if sent.request.model is None:
            text = f"body.model: expected a model, found nothing; the line is checked for {named}, but the API needs its name"
            breaches.append(Finding(rules.INVALID_REQUEST, text, Level.WARNING))
        if variant is None or measured is None:
            unknown = str(UnknownModel("body.model", named, catalog.models, "model"))
            breaches.append(Finding(rules.UNKNOWN_MODEL, unknown, Level.ERROR))
            return InspectedRequest(line, lane, own, sent.line_bytes + 1, 0, tuple(breaches))
        if variant.id not in self._sizers:
            self._sizers[variant.id] = RequestSizer(self._terms, catalog, variant)
        seen = self._sizers[variant.id].size(measured.shape)
        breaches += (
            limit._replace(message=f"{variant.id}: {limit.message}") for limit in self._limits.find_exceeded(variant, seen)
        )
        return InspectedRequest(line, lane, own, sent.line_bytes + 1, seen.input_tokens, tuple(breaches))


def _find_line_violations(sent: ParsedRequest) -> Iterator[Finding]:
    """Check what the Batch API demands of a line beyond what the endpoint does.

    "Currently only POST is supported" (the API reference in https://github.com/vllm-project/vllm/pull/4794, 2024-05-14), and
    "Streaming is not supported in the Batch API" (an answer of 2025-08-07 in tests/integration/batches/test_batches_errors.py of
    https://github.com/meta-llama/llama-stack). No source says whether it takes `background`.
    """
    if sent.method != REQUIRED_METHOD:
        method = "nothing" if sent.method is None else redact(sent.method)
        yield Finding(
            rules.BATCH_METHOD, f"method: expected {REQUIRED_METHOD}, found {method}", actual=sent.method, allowed=REQUIRED_METHOD
        )
    if sent.is_streamed:
        yield Finding(rules.BATCH_STREAM, "body.stream: expected false, as a batch can't stream, found true", allowed="false")
    if sent.is_background:
        message = "body.background: expected none, as every batch runs in the background, found true: the API may reject it"
        yield Finding(rules.BATCH_BACKGROUND, message, allowed="false")


class TargetColumn:
    """The target of each request, as an index into the different targets in order of their first requests."""

    def __init__(self) -> None:
        self.indexes = array("I")
        self.index_by_target: dict[ModelAndEndpoint, int] = {}

    @property
    def different(self) -> list[ModelAndEndpoint]:
        """Each target once."""
        return list(self.index_by_target)

    def append(self, target: ModelAndEndpoint) -> None:
        """Add the target of one more request."""
        self.indexes.append(self.index_by_target.setdefault(target, len(self.index_by_target)))

    def __iadd__(self, other: TargetColumn) -> Self:
        targets = list(other.index_by_target)
        for index in other.indexes:
            self.append(targets[index])
        return self


class BatchLines(Addable):
    """What is kept of the requests of a file, in order: 32 bytes of each, and the violations.

    `line_numbers`, `line_bytes` (with a line break), `input_tokens` and `targets` have an entry per request, `custom_id_digests`
    two; `invalid_lines` counts lines that aren't requests. Adds up in order.
    """

    def __init__(self, *, keeps_all: bool = False) -> None:
        self.line_numbers = array("I")
        self.line_bytes = array("I")
        self.input_tokens = array("I")
        self.targets = TargetColumn()
        self.custom_id_digests = array("Q")
        self.violations = RuleViolations(keeps_all=keeps_all)
        self.invalid_lines = 0
        self.last_line = Largest()
        self.size_bytes = 0
        self.has_byte_order_mark = False

    def add(self, request: InspectedRequest) -> None:
        """Add the request in the next line."""
        self.last_line = Largest(request.line)
        self.line_numbers.append(request.line)
        self.line_bytes.append(request.line_bytes)
        self.input_tokens.append(request.input_tokens)
        self.targets.append(request.target)
        self.custom_id_digests.frombytes(request.custom_id_digest)
        for breach in request.violations:
            self.violations.add(breach._replace(place=Place("", request.line)))

    def add_invalid(self, place: Place, message: str, path: str) -> None:
        """Add the next line, which is not a request for the reason in `message`; `path` is the path of the wrong value."""
        number = place.line or 0
        self.last_line = Largest(number)
        self.invalid_lines += 1
        if path == "url":
            message += "; the Batch API accepts others, which gpt41 can't count or check"
        rule = _RULES_BY_PATH.get(path, rules.INVALID_REQUEST)
        self.violations.add(Finding(rule, message, Level.ERROR, Place("", number)))

    def finish(self, chunks: LineChunks) -> None:
        """Record what is known after the whole file was read; it must still be open.

        A last line without a line break isn't charged for one.
        """
        self.has_byte_order_mark = chunks.has_byte_order_mark
        self.size_bytes = chunks.size_bytes + len(BOM_UTF8) * chunks.has_byte_order_mark
        if not chunks.ends_with_line_break and self.line_numbers and self.line_numbers[-1] == self.last_line:
            self.line_bytes[-1] -= 1

    def renumber(self, numbers: Sequence[int]) -> None:
        """Give each line the number that `numbers` has for it, in order from line 1."""
        self.line_numbers = array("I", (numbers[line - 1] for line in self.line_numbers))
        self.violations.renumber(numbers)

    @property
    def request_lines(self) -> int:
        """The number of lines that aren't blank."""
        return len(self.line_numbers) + self.invalid_lines

    @property
    def blank_lines(self) -> int:
        """The number of blank lines before the last line that isn't blank."""
        return self.last_line - self.request_lines


_Inspected = tuple[InspectedRequest, MeasuredRequest | None]
"""A line, and its request as measured if its model is known."""


def read_batch_lines(
    stream: BinaryIO,
    source: InputSource,
    meter: Meter,
    terms: Assumptions,
    jobs: int | None,
    take: Callable[[MeasuredRequest], None] | None = None,
    *,
    keeps_all: bool = False,
) -> BatchLines:
    """Read and check every line of a file as the Batch API takes it. `take` gets each request, with its prefix for the prompt
    cache, in order; `keeps_all` is as for RuleViolations. Raises InputError if the file isn't in UTF-8.
    """
    inspector = BatchLineInspector(meter, terms)

    framed = FramedMeasurer(meter, partial(measure_request, meter), is_replayed=take is not None)

    def read(sent: ParsedRequest, line: FramedLine | None = None) -> _Inspected:
        known, _ = meter.find_variant(meter.model or sent.request.model)
        measure = partial(framed.measure, line) if line else partial(measure_request, meter, sent, is_replayed=take is not None)
        measured = measure() if known else None
        return inspector.inspect(sent, measured), measured

    def read_framed(line: FramedLine) -> _Inspected:
        return read(line.with_marks(), line)

    def collect(results: Iterator[_Inspected | RejectedRequest]) -> tuple[BatchLines, list[MeasuredRequest]]:
        lines, requests = BatchLines(keeps_all=keeps_all), []
        for result in results:
            if isinstance(result, RejectedRequest):
                lines.add_invalid(result.place, result.message, result.path)
                continue
            inspected, measured = result
            lines.add(inspected)
            if measured and take:
                requests.append(measured)
        return lines, requests

    chunks, lines = read_lines(stream, source.label), BatchLines(keeps_all=keeps_all)
    for some, requests in map_chunks(
        source, RequestInput(chunks), ReadingOptions("batch", jobs), read, collect, meter.memo_filler, read_framed
    ):
        lines += some
        if take:
            for measured in requests:
                take(measured)
    lines.finish(chunks)
    return lines
