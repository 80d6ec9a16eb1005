"""Inputs as work to be priced: requests by the shapes they have, one workload for each model and mode that they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import iadd
from typing import NamedTuple, Self

from gpt41_cli.catalog.tables import Model
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.files.fields import BadBody, told
from gpt41_cli.files.places import Done, Invalid, Place, Rejects
from gpt41_cli.files.sources import Source, nothing_but
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.requests.content import SOUNDS
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.recognise import TEXT, Picture, Requests, Text
from gpt41_cli.requests.request import CallTurn, Image, Request
from gpt41_cli.tokens import Counter as TokenCounter
from gpt41_cli.tokens import count_stream
from gpt41_cli.tokens.doubts import doubts
from gpt41_cli.tokens.meter import Meter, Method
from gpt41_cli.tokens.prefix import Prefix
from gpt41_cli.work.prompt_cache import Replay, Traffic
from gpt41_cli.work.stream import Reading, gathered, left_out, opened
from gpt41_cli.work.workload import Group, Shape, Terms, Workload

_TIERS = {None: "standard", "auto": "standard", "default": "standard", "priority": "priority", "fast": "priority"}
"""What `service_tier` asks for; an account may have `auto` mean another tier, which no request shows."""


class Use(NamedTuple):
    """A field that a request sets and that some model of the table refuses, at which endpoint, and at which reasoning effort.

    `effort` None: the request says none; OTHER: one that no model of the table has.
    """

    parameter: str
    endpoint: str
    effort: str | None


OTHER = "another"
EFFORT = "reasoning_effort"
"""The field of an effort, whatever an endpoint calls it."""


class Used(NamedTuple):
    """How many requests do so, and where the first of them stands."""

    requests: int
    first: Place


class Uses(NamedTuple):
    """All that requests set of what some model refuses, in the order in which it was first seen, and how many they are."""

    found: Mapping[Use, Used]
    requests: int


class Sized(NamedTuple):
    """One request as far as its price goes; `doubts` are the rules of those about what is counted, not about what is missing.

    `prefix` is there where the prompt cache is going to be replayed.
    """

    group: Group
    shape: Shape
    needs: frozenset[str]
    doubts: tuple[str, ...]
    is_lower_bound: bool
    is_training: bool
    prefix: Prefix | None = None
    uses: tuple[Use, ...] = ()


@dataclass
class Totals:
    """The requests that name one model and mode, in memory that grows only with how different they are. Adds up with `+=`."""

    shapes: Counter[Shape] = field(default_factory=Counter)
    needs: set[str] = field(default_factory=set)
    doubts: set[str] = field(default_factory=set)
    estimates: int = 0
    lower_bounds: int = 0
    training: int = 0

    def add(self, sized: Sized) -> None:
        """Add one request."""
        self.shapes[sized.shape] += 1
        self.needs |= sized.needs
        self.doubts.update(sized.doubts)
        self.estimates += bool(sized.doubts)
        self.lower_bounds += sized.is_lower_bound
        self.training += sized.is_training

    def __iadd__(self, other: Totals) -> Self:
        self.shapes.update(other.shapes)
        self.needs |= other.needs
        self.doubts |= other.doubts
        self.estimates += other.estimates
        self.lower_bounds += other.lower_bounds
        self.training += other.training
        return self


class Sizing:
    """Many requests as far as their price goes; `replay` is how the prompt cache was replayed. Adds up with `+=`."""

    def __init__(self, replay: Traffic | None = None) -> None:
        self.groups: dict[Group, Totals] = {}
        self.rejects = Rejects()
        self.replay = replay
        self.uses: dict[Use, Used] = {}

    @classmethod
    def of(cls, found: Iterable[Done[Sized] | Invalid]) -> Sizing:
        """All that is found."""
        sizing = cls()
        for each in found:
            if isinstance(each, Invalid):
                sizing.rejects.add(each)
            else:
                sizing.add(each.result)
                sizing._use({use: Used(1, each.place) for use in each.result.uses})
        return sizing

    def add(self, sized: Sized) -> None:
        """Add one request."""
        self.groups.setdefault(sized.group, Totals()).add(sized)

    def __iadd__(self, other: Sizing) -> Self:
        for group, totals in other.groups.items():
            mine = self.groups.setdefault(group, Totals())
            mine += totals
        self.rejects += other.rejects
        self._use(other.uses)
        return self

    def _use(self, uses: Mapping[Use, Used]) -> None:
        for use, (requests, first) in uses.items():
            before = self.uses.get(use, Used(0, first))
            self.uses[use] = Used(before.requests + requests, before.first)

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(totals.shapes.total() for totals in self.groups.values())


def text_tokens(source: Source, encoding: str) -> int:
    """The tokens of a text that stands for itself. InputError for anything else."""
    with opened(source, TEXT) as found:
        assert isinstance(found, Text)
        return count_stream(found.pieces, encoding)


class Found(NamedTuple):
    """What the inputs hold: texts, as tokens in all, and pictures, which are one request together; or requests."""

    text_tokens: int
    images: tuple[Image, ...]
    sizing: Sizing


def size(meter: Meter, sent: Sent, *, names_mode: bool = False, is_replayed: bool = False) -> Sized:
    """What the price of a request depends on; `is_replayed` where that is the prompt cache too.

    BadBody where it is to be priced at a model of its own that the table does not have, or, with `names_mode`, at a
    `service_tier` that is none; and where OpenAI refuses it, or it holds what its model does not take.
    """
    request = meter.sized(sent.request)
    name = meter.model or request.model
    variant, method = meter.variant_of(name)
    if name and not variant:
        raise BadBody(str(UnknownName("model", name, meter.catalog.models)))
    for refused in (*request.refusals, *_not_taken(request, (variant or meter.catalog.family[0]).model)):
        raise BadBody(refused)
    text = request._replace(images=()) if request.images else request
    plain = method._replace(escapes_results=False) if method.escapes_results else method
    tokens = meter.input_tokens(text, plain)
    found = doubts(request, variant and variant.model, is_named=name is not None)
    return Sized(
        Group(variant.id if variant and not meter.model else request.model, mode_of(sent, names_mode)),
        Shape(
            tokens,
            tuple(Image(image.width, image.height, image.detail) for image in request.images),
            _escaping_tokens(meter, text, method, tokens),
            request.max_output_tokens,
            request.answers,
            meter.memo(method.encoding)(request.prediction) if request.prediction else 0,
        ),
        request.needs,
        tuple(dict.fromkeys(doubt.rule for doubt in found if not doubt.is_missing)),
        any(doubt.is_missing for doubt in found),
        sent.is_training,
        meter.prefix(request) if is_replayed else None,
        tuple(_uses(request, meter)),
    )


def _uses(request: Request, meter: Meter) -> Iterator[Use]:
    effort = request.effort
    known = effort if effort is None or effort in meter.efforts else OTHER
    for parameter in request.parameters & meter.refusable:
        yield Use(parameter, request.endpoint, known)
    if effort is not None:
        yield Use(EFFORT, request.endpoint, known)


def _not_taken(request: Request, model: Model) -> Iterator[str]:
    """Pictures and sounds that the model neither takes nor gives, each with its place."""
    taken = {*model.input_modalities, *model.output_modalities}
    paths = {
        "image": [image.path for image in request.images],
        "audio": [doubt.path for doubt in request.doubts if doubt.rule in SOUNDS],
    }
    for kind, found in paths.items():
        if kind not in taken:
            yield from (
                f"{path}: expected {' or '.join(model.input_modalities)}, all that {model.id} takes, found {kind}"
                for path in found
            )


def _escaping_tokens(meter: Meter, text: Request, method: Method, tokens: int) -> int:
    """The tokens more where the results of parallel calls are escaped, which only calls can cost."""
    if not any(isinstance(turn, CallTurn) and len(turn.calls) > 1 for turn in text.turns):
        return 0
    return meter.input_tokens(text, method._replace(escapes_results=True)) - tokens


def mode_of(sent: Sent, names_mode: bool) -> str:
    """The mode a request is sent in: a line for the Batch API goes in batch, else `service_tier` says it."""
    tier = sent.request.service_tier
    if sent.is_batch:
        return "batch"
    if names_mode and tier not in _TIERS:
        known = ", ".join(filter(None, _TIERS))
        raise BadBody(f"service_tier: expected one of {known}, which this family has, found {told(str(tier))}")
    return _TIERS.get(tier, str(tier))


def read(
    sources: Sequence[Source],
    reading: Reading,
    meter: Callable[[], Meter],
    encoding: str,
    skipped: list[LeftOut],
    *,
    names_mode: bool = False,
    replay: Replay | None = None,
) -> Found:
    """What `sources` hold. `skipped` fills with what is left out of folders; `names_mode` as for `size`; `replay` is asked what
    of each request is cached, in their order.

    InputError when there is nothing but what is left out, or when there are requests beside texts or pictures.
    """
    texts: list[Callable[[], int]] = []
    images: list[Image] = []
    sizing = Sizing(replay.traffic if replay else None)
    with TokenCounter(encoding, jobs=reading.jobs, is_much=reading.is_much) as counter:
        for source in sources:
            try:
                with opened(source, reading.kind) as found:
                    if isinstance(found, Text):
                        texts.append(counter.add(found.pieces))
                    elif isinstance(found, Picture):
                        images.append(Image(found.width, found.height))
                    else:
                        work = partial(size, meter(), names_mode=names_mode, is_replayed=replay is not None)
                        sizing = reduce(iadd, _sizings(source, found, reading, work, meter(), replay), sizing)
            except InputError as error:
                skipped.append(left_out(source, error))
        text_tokens = sum(tokens() for tokens in texts)
    has_requests = bool(sizing.groups or sizing.rejects.count)
    if has_requests and (texts or images):
        raise InputError(
            "expected requests, or texts and pictures, which are one request together, found both; --as text makes all of it text"
        )
    if sources and not (has_requests or texts or images):
        raise InputError(f"expected text or requests in what is named, found {nothing_but(skipped)}")
    return Found(text_tokens, tuple(images), sizing)


def _sizings(
    source: Source, found: Requests, reading: Reading, work: Callable[[Sent], Sized], meter: Meter, replay: Replay | None
) -> Iterator[Sizing]:
    """The requests of a source, some of them at a time. What the cache gives depends on those before: that is asked here."""
    if replay is None:
        yield from gathered(source, found, reading, work, Sizing.of, meter.learner)
        return
    for some in gathered(source, found, reading, work, list, meter.learner):
        yield Sizing.of(each if isinstance(each, Invalid) else Done(each.place, cached(each.result, replay)) for each in some)


def cached(sized: Sized, replay: Replay) -> Sized:
    """The request with what the cache gives it; the next one in the order of `replay`."""
    assert sized.prefix is not None
    return sized._replace(shape=sized.shape._replace(cached_tokens=replay.ask(sized.prefix)), prefix=None)


def workloads(
    sizing: Sizing, terms: Terms, times: int, model: str | None = None, mode: str | None = None
) -> dict[Group, Workload]:
    """A workload for each model and mode that the requests name, all of them sent so many `times`.

    `model` and `mode` are those of all of them where they are given.
    """
    groups: dict[Group, Totals] = {}
    for named, totals in sizing.groups.items():
        group = Group(model or named.model, mode or named.mode)
        mine = groups.setdefault(group, Totals())
        mine += totals
    return {
        group: _workload(totals, terms, times, sizing.replay, is_batch=group.mode == "batch") for group, totals in groups.items()
    }


def together(sizing: Sizing, terms: Terms, times: int) -> Workload:
    """All requests as one workload, whatever they name, sent so many `times`."""
    is_batch = all(group.mode == "batch" for group in sizing.groups)
    return _workload(reduce(iadd, sizing.groups.values(), Totals()), terms, times, sizing.replay, is_batch=is_batch)


def _workload(totals: Totals, terms: Terms, times: int, replay: Traffic | None, *, is_batch: bool) -> Workload:
    return Workload(
        {shape: many * times for shape, many in totals.shapes.items()},
        terms,
        needs=frozenset(totals.needs) | terms.tools.abilities,
        doubts=frozenset(totals.doubts),
        estimates=totals.estimates * times,
        lower_bounds=totals.lower_bounds * times,
        training=totals.training * times,
        is_counted=True,
        is_batch=is_batch,
        replay=replay,
        times=times,
    )
