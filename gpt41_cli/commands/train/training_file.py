"""Read training files example by example: the billed tokens, the tokens of a request in service, and the mistakes."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import iadd
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.limit_tables import TrainingRules
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource, open_source
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests.inputs import RequestInput
from gpt41_cli.requests.kinds import TRAINING_LINE_KIND
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.requests.recognise import read_lines
from gpt41_cli.requests.request import CallTurn, Message, Request
from gpt41_cli.rules import Level
from gpt41_cli.tokens.generations import FAMILY
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import HISTORY, TEXT, count_pieces
from gpt41_cli.tokens.prompt import build_turn
from gpt41_cli.totals import Addable, Largest, Occurrences
from gpt41_cli.work.measuring import measure_request
from gpt41_cli.work.stream import ReadingOptions, map_chunks
from gpt41_cli.work.violations import MEBIBYTE, MEGABYTE, RuleViolations, find_duplicate_lines, hash_text
from gpt41_cli.work.workload import Assumptions, RequestShape, size_request


@dataclass
class TrainingTokens(Addable):
    """Tokens of examples as one model counts them. Of `tokens`, the `lost_tokens` at the ends of `cut_examples` are cut off.

    `input_tokens` come before the last answer of each example, like a request in service; `longest_input_tokens` are those of the
    longest, `readable_tokens` the most that a prompt cache could give of all of them.
    """

    tokens: int = 0
    lost_tokens: int = 0
    cut_examples: int = 0
    input_tokens: int = 0
    longest_input_tokens: Largest = field(default_factory=Largest)
    readable_tokens: int = 0

    @property
    def trained_tokens(self) -> int:
        """What one epoch over all examples bills."""
        return self.tokens - self.lost_tokens


class InspectedExample(NamedTuple):
    """One example in its `line`: as each model counts it, its last answer in tokens, a hash, and its mistakes."""

    tokens_by_model: tuple[TrainingTokens, ...]
    output_tokens: int
    digest: bytes
    breaches: tuple[Finding, ...]
    has_pictures: bool
    is_lower_bound: bool
    line: int


_EXAMPLE_OVERHEAD = 1
"""What training bills for an example besides its messages, where a request costs 3.

Four jobs of 10 to 80 examples, recorded with their files from 2023 to 2025, were billed exactly like this; a fifth wasn't, but
its file was rewritten later.
"""


class InspectedPreference(NamedTuple):
    """The tokens of a preference: of its input, and with the preferred output. What training bills for it isn't documented."""

    line: int
    input_tokens: int
    preferred_tokens: int


class TrainingTargets(NamedTuple):
    """The models and rules that examples are inspected for."""

    meter: Meter
    variants: tuple[Variant, ...]
    rules: TrainingRules


def inspect_line(trained: TrainingTargets, sent: ParsedRequest) -> InspectedExample | InspectedPreference:
    """Inspect one line of a training file: an example, or a preference."""
    if sent.preferred is None:
        return inspect_example(trained, sent)
    _, method = trained.meter.find_variant(trained.meter.model)
    counted = (trained.meter.count_input_tokens(request, method) for request in (sent.request, sent.preferred))
    return InspectedPreference(sent.place.line or 0, *counted)


def inspect_example(trained: TrainingTargets, sent: ParsedRequest) -> InspectedExample:
    """Inspect one example, counted as the request that it shows, answers included, except for the end of the request.

    Billed are `min(limit, tokens)` (OpenAI cookbook, Chat_finetuning_data_prep).
    """
    meter, catalog = trained.meter, trained.meter.catalog
    whole = measure_request(meter, sent)
    before, output_tokens = _split_last_answer(meter, sent.request)
    begun = measure_request(meter, sent._replace(request=before)).shape if before else RequestShape(0)
    billed = tuple(_count_tokens(trained.rules, catalog, variant, whole.shape, begun) for variant in trained.variants)
    return InspectedExample(
        billed,
        output_tokens,
        hash_text(repr((sent.request.turns, sent.request.functions, [image._replace(path="") for image in sent.request.images]))),
        (*sent.flaws, *_check_length(billed[0], trained.rules)),
        bool(sent.request.images),
        whole.is_lower_bound,
        sent.place.line or 0,
    )


def _split_last_answer(meter: Meter, request: Request) -> tuple[Request | None, int]:
    """Return what is sent to get the last answer (None if that is nothing), and the tokens of that answer."""
    last = len(request.turns)
    while last and not _is_answer(request.turns[last - 1]):
        last -= 1
    if not last:
        return request, 0
    answer, before = request.turns[last - 1], request.turns[: last - 1]
    _, method = meter.find_variant(meter.model)
    pieces = build_turn(request, answer)
    tokens = sum(many for piece, many in count_pieces(pieces, meter.get_memo(method.encoding)) if piece.part in (TEXT, HISTORY))
    images = [image for image in request.images if image.turn < last - 1]
    return (request._replace(turns=before, images=images) if before else None), tokens


def _is_answer(turn: Message | CallTurn) -> bool:
    return isinstance(turn, CallTurn) or turn.role == "assistant"


def _count_tokens(
    training_rules: TrainingRules, catalog: Catalog, variant: Variant, whole: RequestShape, before: RequestShape
) -> TrainingTokens:
    sizes = (size_request(shape, Assumptions(), catalog, variant) for shape in (whole, before))
    request_tokens, input_tokens = (size.input_tokens for size in sizes)
    tokens = request_tokens - FAMILY.answer + _EXAMPLE_OVERHEAD
    lost = max(tokens - training_rules.example_tokens.at_most, 0)
    readable = catalog.find_cache_rules(variant.model).count_readable(input_tokens)
    return TrainingTokens(tokens, lost, int(lost > 0), input_tokens, Largest(input_tokens), readable)


def _check_length(billed: TrainingTokens, training_rules: TrainingRules) -> Iterator[Finding]:
    if billed.cut_examples:
        most = training_rules.example_tokens.at_most
        lost = f"{format_int(billed.lost_tokens)} at its end are cut off"
        if billed.input_tokens >= most:
            lost += ", including its whole last answer"
        message = f"{format_int(billed.tokens)} tokens are over the {format_int(most)} that are learned: {lost}"
        yield Finding(rules.TRAINING_TOKENS, message, actual=str(billed.tokens), allowed=str(most))


_PREFERENCE_MESSAGE = "expected messages, found a preference, and what training bills for one isn't documented"


class TrainingLines(Addable):
    """What is kept of the examples of a file, in order: 20 bytes each, sums, and violations.

    `line_numbers` has an entry per example, `digests` two; `tokens_by_model` is by the position of a trained model. Adds up in
    order.
    """

    def __init__(self) -> None:
        self.line_numbers = array("I")
        self.digests = array("Q")
        self.tokens_by_model: defaultdict[int, TrainingTokens] = defaultdict(TrainingTokens)
        self.output_tokens = 0
        self.picture_lines: Occurrences[Place] = Occurrences()
        self.lower_bounds = 0
        self.invalid = 0
        self.preferences = 0
        self.preference_input_tokens = 0
        self.preference_tokens = 0
        self.size_bytes = 0
        self.breaches = RuleViolations()

    @classmethod
    def collect(cls, inspected: Iterable[InspectedExample | InspectedPreference | RejectedRequest]) -> TrainingLines:
        """Collect inspected lines."""
        lines = cls()
        for item in inspected:
            if isinstance(item, RejectedRequest):
                lines._reject(item.message, item.place.line)
            elif isinstance(item, InspectedPreference):
                lines.preferences += 1
                lines.preference_input_tokens += item.input_tokens
                lines.preference_tokens += item.preferred_tokens
                lines._reject(_PREFERENCE_MESSAGE, item.line)
            else:
                lines._add(item)
        return lines

    def _reject(self, message: str, line: int | None) -> None:
        self.invalid += 1
        self.breaches.add(Finding(rules.INVALID_REQUEST, message, Level.ERROR, Place("", line)))

    def _add(self, example: InspectedExample) -> None:
        self.line_numbers.append(example.line)
        self.digests.frombytes(example.digest)
        for model, tokens in enumerate(example.tokens_by_model):
            self.tokens_by_model[model] += tokens
        self.output_tokens += example.output_tokens
        self.lower_bounds += example.is_lower_bound
        if example.has_pictures:
            self.picture_lines.add(Place("", example.line))
        for breach in example.breaches:
            self.breaches.add(breach._replace(place=Place("", example.line)))

    @property
    def examples(self) -> int:
        """The number of readable examples."""
        return len(self.line_numbers)


class TrainingFile(NamedTuple):
    """One file and what is in it."""

    source: InputSource
    lines: TrainingLines


def read_training_files(sources: Sequence[InputSource], trained: TrainingTargets, jobs: int | None) -> tuple[TrainingFile, ...]:
    """Read every source as a training file. Raises InputError for one that can't be read."""
    return tuple(TrainingFile(source, _read_lines(source, trained, jobs)) for source in sources)


def _read_lines(source: InputSource, trained: TrainingTargets, jobs: int | None) -> TrainingLines:
    with open_source(source) as stream:
        chunks = read_lines(stream, source.label)
        reading, work = ReadingOptions(TRAINING_LINE_KIND, jobs), partial(inspect_line, trained)
        some = map_chunks(source, RequestInput(chunks), reading, work, TrainingLines.collect, trained.meter.memo_filler)
        lines = reduce(iadd, some, TrainingLines())
    _refuse_other_format(source, lines)
    lines.size_bytes = chunks.size_bytes
    for breach in (*_check_duplicates(lines), *_check_file_size(chunks.size_bytes, trained.rules)):
        lines.breaches.add(breach)
    return lines


def _refuse_other_format(source: InputSource, lines: TrainingLines) -> None:
    """Raise InputError, once, for a file in another format than that of examples with messages."""
    if lines.examples or lines.invalid < 2:
        return
    refusals = lines.breaches.by_kind[rules.INVALID_REQUEST, Level.ERROR]
    if len({finding.message for finding in refusals.examples}) > 1:
        return
    many = pluralize(lines.invalid, "line")
    if lines.preferences == lines.invalid:
        tokens = f"{format_int(lines.preference_input_tokens)} tokens of input"
        problem = (
            f"{many} of preferences for fine-tuning (DPO), and what training bills for one isn't documented: {tokens}, "
            f"{format_int(lines.preference_tokens)} with the preferred outputs"
        )
        raise InputError(problem=problem, location=source.label)
    raise InputError(problem=f"{many}, all alike: {refusals.examples[0].message}", location=source.label)


def _check_duplicates(lines: TrainingLines) -> Iterator[Finding]:
    for first, second in find_duplicate_lines(lines.digests):
        message = f"the same example as in line {format_int(lines.line_numbers[first])}: it is trained on and billed twice"
        yield Finding(rules.TRAINING_TWINS, message, place=Place("", lines.line_numbers[second]))


def _check_file_size(size: int, training_rules: TrainingRules) -> Iterator[Finding]:
    least, most = training_rules.file.max_megabytes * MEGABYTE, training_rules.file.max_megabytes * MEBIBYTE
    if size > most:
        message = f"expected at most {format_int(most)} bytes, found {format_int(size)} [{training_rules.file.source.label}]"
        yield Finding(rules.TRAINING_BYTES, message, actual=str(size), allowed=str(most))
    elif size > least:
        allowed = f"{training_rules.file.max_megabytes} MB are allowed, which may mean {format_int(least)} bytes"
        message = f"found {format_int(size)} bytes: {allowed} [{training_rules.file.source.label}]"
        yield Finding(rules.TRAINING_BYTES, message, Level.WARNING, actual=str(size), allowed=str(least))
