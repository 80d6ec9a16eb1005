"""Training files, read example by example: what each is billed for, what it would be in service, and what is wrong with it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import partial, reduce
from operator import iadd
from typing import NamedTuple, Self

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.limit_tables import TrainingRules
from gpt41_cli.display import number
from gpt41_cli.files.documents import Block, Span
from gpt41_cli.files.places import Done, Invalid
from gpt41_cli.files.sources import Source, stream_of
from gpt41_cli.findings import Level
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.recognise import Requests, read_lines
from gpt41_cli.requests.request import CallTurn, Message, Request
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import HISTORY, TEXT, measure
from gpt41_cli.tokens.prompt import turn_pieces
from gpt41_cli.work.sizing import size
from gpt41_cli.work.stream import Reading, gathered
from gpt41_cli.work.violations import MEBIBYTE, MEGABYTE, Breach, Breaches, digest, twins
from gpt41_cli.work.workload import Shape, Terms, size_on


class Billed(NamedTuple):
    """Tokens of examples as one model sees them. Of these `tokens`, the `lost_tokens` at the ends of `cut` examples are cut off.

    `input_tokens` are those before the last answer of each: what a request is in service; `longest_input_tokens` of the longest.
    """

    tokens: int = 0
    lost_tokens: int = 0
    cut: int = 0
    input_tokens: int = 0
    longest_input_tokens: int = 0

    @property
    def trained_tokens(self) -> int:
        """What is billed each time that all of them are gone through."""
        return self.tokens - self.lost_tokens

    def plus(self, other: Billed) -> Billed:
        """Both together."""
        return Billed(
            self.tokens + other.tokens,
            self.lost_tokens + other.lost_tokens,
            self.cut + other.cut,
            self.input_tokens + other.input_tokens,
            max(self.longest_input_tokens, other.longest_input_tokens),
        )


class Inspected(NamedTuple):
    """One example: as each of the models sees it, its last answer in tokens, a hash of it, and what is wrong with it."""

    billed: tuple[Billed, ...]
    output_tokens: int
    digest: bytes
    breaches: tuple[Breach, ...]
    has_pictures: bool
    is_lower_bound: bool


class Trained(NamedTuple):
    """What examples are inspected for: these models, by these rules."""

    meter: Meter
    variants: tuple[Variant, ...]
    rules: TrainingRules


def inspect(trained: Trained, sent: Sent) -> Inspected:
    """One example, counted as the request that it shows, its answers among the messages.

    Billed are `min(limit, tokens with all that frames the messages)` (OpenAI cookbook, Chat_finetuning_data_prep).
    """
    meter, catalog = trained.meter, trained.meter.catalog
    whole = size(meter, sent)
    before, output_tokens = _split(meter, sent.request)
    begun = size(meter, sent._replace(request=before)).shape if before else Shape(0)
    billed = tuple(_billed(trained.rules, catalog, variant, whole.shape, begun) for variant in trained.variants)
    return Inspected(
        billed,
        output_tokens,
        digest(repr((sent.request.turns, sent.request.functions, [image._replace(path="") for image in sent.request.images]))),
        (*(Breach(flaw.rule, flaw.message, level=flaw.level) for flaw in sent.flaws), *_too_long(billed[0], trained.rules)),
        bool(sent.request.images),
        whole.is_lower_bound,
    )


def _split(meter: Meter, request: Request) -> tuple[Request | None, int]:
    """What is sent to get the last answer, None where that is nothing, and the tokens of that answer."""
    last = len(request.turns)
    while last and not _is_answer(request.turns[last - 1]):
        last -= 1
    if not last:
        return request, 0
    answer, before = request.turns[last - 1], request.turns[: last - 1]
    _, method = meter.variant_of(meter.model)
    pieces = turn_pieces(request, answer, escapes_results=False)
    tokens = sum(many for piece, many in measure(pieces, meter.memo(method.encoding)) if piece.part in (TEXT, HISTORY))
    images = [image for image in request.images if image.turn < last - 1]
    return (request._replace(turns=before, images=images) if before else None), tokens


def _is_answer(turn: Message | CallTurn) -> bool:
    return isinstance(turn, CallTurn) or turn.role == "assistant"


def _billed(rules: TrainingRules, catalog: Catalog, variant: Variant, whole: Shape, before: Shape) -> Billed:
    tokens, input_tokens = (size_on(shape, Terms(), catalog, variant).input_tokens for shape in (whole, before))
    lost = max(tokens - rules.example_tokens.at_most, 0)
    return Billed(tokens, lost, int(lost > 0), input_tokens, input_tokens)


def _too_long(billed: Billed, rules: TrainingRules) -> Iterator[Breach]:
    if billed.cut:
        most = rules.example_tokens.at_most
        lost = f"{number(billed.lost_tokens)} at its end are cut off"
        if billed.input_tokens >= most:
            lost += ", its last answer as a whole among them"
        message = f"{number(billed.tokens)} tokens are over the {number(most)} that are learned: {lost}"
        yield Breach("training-tokens", message, None, str(billed.tokens), str(most), Level.WARNING)


class Lines:
    """What is kept of the examples of a file, in its order: 20 bytes of each, beside sums and what they break.

    `number` has an entry for each example, `digests` two. Adds up with `+=`, in order.
    """

    def __init__(self, models: int) -> None:
        self.number = array("I")
        self.digests = array("Q")
        self.billed = (Billed(),) * models
        self.output_tokens = 0
        self.pictures = 0
        self.first_picture: int | None = None
        self.lower_bounds = 0
        self.invalid = 0
        self.bytes = 0
        self.breaches = Breaches()

    @classmethod
    def of(cls, models: int, found: Iterable[Done[Inspected] | Invalid]) -> Lines:
        """All that is found."""
        lines = cls(models)
        for each in found:
            number = each.place.line or 0
            if isinstance(each, Invalid):
                lines.invalid += 1
                lines.breaches.add(Breach("invalid-request", each.message, number))
            else:
                lines._add(number, each.result)
        return lines

    def _add(self, number: int, found: Inspected) -> None:
        self.number.append(number)
        self.digests.frombytes(found.digest)
        self.billed = tuple(mine.plus(its) for mine, its in zip(self.billed, found.billed, strict=True))
        self.output_tokens += found.output_tokens
        self.lower_bounds += found.is_lower_bound
        if found.has_pictures:
            self.pictures += 1
            self.first_picture = self.first_picture or number
        for breach in found.breaches:
            self.breaches.add(breach._replace(line=number))

    def __iadd__(self, other: Lines) -> Self:
        self.number.extend(other.number)
        self.digests.extend(other.digests)
        self.billed = tuple(mine.plus(its) for mine, its in zip(self.billed, other.billed, strict=True))
        self.output_tokens += other.output_tokens
        self.pictures += other.pictures
        self.first_picture = self.first_picture or other.first_picture
        self.lower_bounds += other.lower_bounds
        self.invalid += other.invalid
        self.bytes += other.bytes
        self.breaches += other.breaches
        return self

    @property
    def examples(self) -> int:
        """How many examples can be read."""
        return len(self.number)


class TrainingFile(NamedTuple):
    """One file and what is in it."""

    source: Source
    lines: Lines


def read(sources: Sequence[Source], trained: Trained, jobs: int | None) -> tuple[TrainingFile, ...]:
    """Every source as a training file. InputError for one that cannot be read."""
    return tuple(TrainingFile(source, _read(source, trained, jobs)) for source in sources)


def _read(source: Source, trained: Trained, jobs: int | None) -> Lines:
    size = 0

    def measured(chunks: Iterator[Block | Span]) -> Iterator[Block | Span]:
        nonlocal size
        for chunk in chunks:
            size += chunk.size
            yield chunk

    with stream_of(source) as stream:
        requests = Requests(measured(read_lines(stream, source.label).chunks))
        reading, models = Reading("fine-tuning", jobs), len(trained.variants)
        work, gather = partial(inspect, trained), partial(Lines.of, models)
        some = gathered(source, requests, reading, work, gather, trained.meter.learner)
        lines = reduce(iadd, some, Lines(models))
    lines.bytes = size
    for breach in (*_twins(lines), *_bytes(size, trained.rules)):
        lines.breaches.add(breach)
    return lines


def _twins(lines: Lines) -> Iterator[Breach]:
    for first, second in twins(lines.digests):
        message = f"the same example as in line {number(lines.number[first])}: it is learned, and billed, twice"
        yield Breach("training-twins", message, lines.number[second], level=Level.NOTICE)


def _bytes(size: int, rules: TrainingRules) -> Iterator[Breach]:
    least, most = rules.file.max_megabytes * MEGABYTE, rules.file.max_megabytes * MEBIBYTE
    if size > most:
        message = f"expected at most {number(most)} bytes, found {number(size)} [{rules.file.source.label}]"
        yield Breach("training-bytes", message, None, str(size), str(most))
    elif size > least:
        message = (
            f"found {number(size)} bytes: {rules.file.max_megabytes} MB are allowed, which may mean {number(least)} bytes "
            f"[{rules.file.source.label}]"
        )
        yield Breach("training-bytes", message, None, str(size), str(least), Level.WARNING)
