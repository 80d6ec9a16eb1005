"""Make a Workload of inputs: requests by shape, for each model and mode that they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import iadd
from typing import NamedTuple, Self

from gpt41_cli import rules
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.files.sources import InputSource, explain_empty
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests.inputs import PictureInput, RecognisedInput, RequestInput, TextInput
from gpt41_cli.requests.placeholders import describe_placeholders
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.requests.recognise import TEXT_KIND
from gpt41_cli.requests.request import ANIMATED_PICTURE, Image
from gpt41_cli.rules import Rule
from gpt41_cli.tokens import TextCounter, count_stream
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.totals import Addable, Occurrences, sort_by_first_place
from gpt41_cli.work.measuring import FramedMeasurer, MeasuredRequest, measure_request
from gpt41_cli.work.prompt_cache import CacheReplay, ReplayOptions, SentPrefixes
from gpt41_cli.work.refused_settings import RefusableField
from gpt41_cli.work.size_counts import SizeCounts
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.work.violations import RuleViolations, list_request_flaws
from gpt41_cli.work.workload import Assumptions, ModelAndMode, RequestShape, Workload


@dataclass
class ModelModeTotals(Addable):
    """The requests that name one model and mode, and the places of the first. Memory grows only with the number of different
    shapes.
    """

    shapes: SizeCounts[RequestShape] = field(default_factory=SizeCounts)
    needs: set[str] = field(default_factory=set)
    doubts: set[Rule] = field(default_factory=set)
    estimated_requests: int = 0
    lower_bound_requests: int = 0
    training_requests: int = 0
    places: Occurrences[Place] = field(default_factory=Occurrences)

    def add(self, sized: MeasuredRequest, times: int = 1) -> None:
        """Add a request, or several that are like it."""
        self.shapes.add(sized.shape, times)
        self.needs |= sized.needs
        self.doubts.update(sized.doubts)
        self.estimated_requests += times * bool(sized.doubts)
        self.lower_bound_requests += times * sized.is_lower_bound
        self.training_requests += times * sized.is_training
        self.places.add(sized.place, times)


class RequestTotals(Addable):
    """Many requests with everything that their price depends on; `replay` is how the prompt cache was replayed, and `warm_groups`
    are the same requests if they are sent again, to the cache that they left. `places_by_field` has all fields that they set and
    some model refuses, in the order in which they were first seen; `flaws` are the rules of the API that they break.
    """

    def __init__(self, replay: ReplayOptions | None = None) -> None:
        self.groups: defaultdict[ModelAndMode, ModelModeTotals] = defaultdict(ModelModeTotals)
        self.warm_groups: defaultdict[ModelAndMode, ModelModeTotals] = defaultdict(ModelModeTotals)
        self.rejects = Rejections()
        self.replay = replay
        self.flaws = RuleViolations()
        self.places_by_field: defaultdict[RefusableField, Occurrences[Place]] = defaultdict(Occurrences)

    @classmethod
    def from_requests(cls, requests: Iterable[MeasuredRequest | RejectedRequest]) -> RequestTotals:
        """Add up requests."""
        sizing = cls()
        for request in requests:
            sizing.add(request)
        return sizing

    def add(self, sized: MeasuredRequest | RejectedRequest, times: int = 1) -> None:
        """Add a request, or several that are like it."""
        if isinstance(sized, RejectedRequest):
            self.rejects.add(sized, times)
            return
        self.groups[sized.group].add(sized, times)
        for flaw in sized.flaws:
            self.flaws.add(flaw._replace(place=sized.place), times)
        for use in sized.refusable_fields:
            self.places_by_field[use].add(sized.place, times)

    def __iadd__(self, other: Addable) -> Self:
        super().__iadd__(other)
        for groups in (self.groups, self.warm_groups):
            sort_by_first_place(groups, lambda totals: totals.places)
        sort_by_first_place(self.places_by_field, lambda places: places)
        sort_by_first_place(self.flaws.by_kind, lambda flaws: flaws)
        return self

    def replay_again(self, sent: SentPrefixes[MeasuredRequest], replay: CacheReplay) -> None:
        """Send the requests again, to the cache that they left, if all of them were kept."""
        for request in sent.kept or ():
            self.warm_groups[request.group].add(replay_request(request, replay))

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(many for totals in self.groups.values() for _, many in totals.shapes.items())


def count_text_tokens(source: InputSource, encoding: str) -> int:
    """Count the tokens of a source that must be text. Raises InputError for anything else."""
    with open_input(source, TEXT_KIND) as content:
        assert isinstance(content, TextInput)
        return count_stream(content.pieces, encoding)


def find_input_flaws(content: RecognisedInput, path: str) -> Iterator[Finding]:
    """Make a finding for a text with placeholders, and for a picture that moves."""
    if isinstance(content, TextInput) and content.placeholders:
        yield Finding(rules.TEMPLATE, describe_placeholders(content.placeholders), place=Place(path))
    if isinstance(content, PictureInput) and content.is_animated:
        yield Finding(rules.IMAGE_ANIMATED, ANIMATED_PICTURE, place=Place(path))


class PromptTotals(NamedTuple):
    """Texts, as a number of tokens, and pictures, together one request. `flaws` are templates and pictures that move."""

    text_tokens: int
    images: tuple[Image, ...]
    flaws: tuple[Finding, ...] = ()


def measure_sources(
    sources: Sequence[InputSource],
    reading: ReadingOptions,
    meter: Callable[[], Meter],
    encoding: str,
    skipped: list[SkippedPath],
    *,
    names_mode: bool = False,
    replay: CacheReplay | None = None,
    is_sent_again: bool = False,
) -> PromptTotals | RequestTotals:
    """Measure the content of `sources`: texts and pictures, or requests.

    `skipped` collects what is skipped in folders; `names_mode` is as for `measure_request`; `replay` returns the cached tokens of
    each request, in their order, and again if `is_sent_again`. Raises InputError if everything is skipped, or if there are
    requests together with texts or pictures.
    """
    sent: SentPrefixes[MeasuredRequest] | None = SentPrefixes() if is_sent_again else None
    texts: list[Callable[[], int]] = []
    images: list[Image] = []
    flaws = RuleViolations()
    sizing = RequestTotals(replay.traffic if replay else None)
    with TextCounter(encoding, jobs=reading.jobs, is_much=reading.is_large) as counter:
        for source in sources:
            try:
                with open_input(source, reading.kind, takes_sizes=True) as content:
                    for flaw in find_input_flaws(content, source.name):
                        flaws.add(flaw)
                    if isinstance(content, TextInput):
                        texts.append(counter.add(content.pieces))
                    elif isinstance(content, PictureInput):
                        images.append(Image(content.width, content.height))
                    else:
                        work = partial(measure_request, meter(), names_mode=names_mode, is_replayed=replay is not None)
                        framed = FramedMeasurer(meter(), work, is_replayed=replay is not None)
                        sizing = reduce(
                            iadd, _measure_requests(source, content, reading, work, framed, meter(), replay, sent), sizing
                        )
            except InputError as error:
                skipped.append(skip_or_raise(source, error))
        text_tokens = sum(tokens() for tokens in texts)
    if not (sizing.groups or sizing.rejects.count):
        if sources and not (texts or images):
            raise InputError(expected="text or requests in these files", found=explain_empty(skipped))
        return PromptTotals(text_tokens, tuple(images), tuple(list_request_flaws(flaws)))
    if texts or images:
        raise InputError(
            expected="requests, or texts and pictures, which together are one request",
            found="both",
            hint="--as text makes all of it text",
        )
    if replay and sent:
        sizing.replay_again(sent, replay)
    return sizing


def _measure_requests(
    source: InputSource,
    content: RequestInput,
    reading: ReadingOptions,
    work: Callable[[ParsedRequest], MeasuredRequest],
    framed: FramedMeasurer,
    meter: Meter,
    replay: CacheReplay | None,
    sent: SentPrefixes[MeasuredRequest] | None,
) -> Iterator[RequestTotals]:
    """Measure the requests of a source in chunks. The cached tokens depend on earlier requests, so the cache is replayed here, in
    order.
    """
    if content.holds_sizes:
        # Imported here: it makes the records of this module.
        from gpt41_cli.work.sizes_table import add_up_sizes, measure_sizes

        yield from measure_sizes(source, content, reading, meter, add_up_sizes, replay)
        return
    if replay is None:
        yield from map_chunks(source, content, reading, work, RequestTotals.from_requests, meter.memo_filler, framed.measure)
        return
    for some in map_chunks(source, content, reading, work, list, meter.memo_filler, framed.measure):
        yield RequestTotals.from_requests(
            request if isinstance(request, RejectedRequest) else replay_request(request, replay, sent) for request in some
        )


def replay_request(
    sized: MeasuredRequest, replay: CacheReplay, sent: SentPrefixes[MeasuredRequest] | None = None
) -> MeasuredRequest:
    """Return the request, the next one in the order of `replay`, with its cached tokens; `sent` keeps it."""
    assert sized.prefix is not None
    if sent:
        sent.add(sized, sized.prefix)
    return sized._replace(shape=sized.shape._replace(cached_tokens=replay.send(sized.prefix)), prefix=None)


def split_into_workloads(
    sizing: RequestTotals, terms: Assumptions, times: int, model: str | None = None, mode: str | None = None
) -> dict[ModelAndMode, Workload]:
    """Make a workload for each model and mode that the requests name, each sent `times` times.

    `model` and `mode`, if given, are those of all requests.
    """
    groups, warm = (
        _merge_groups(by_group, lambda named: ModelAndMode(model or named.model, mode or named.mode))
        for by_group in (sizing.groups, sizing.warm_groups)
    )
    return {
        group: _make_workload(totals, warm.get(group), terms, times, sizing.replay, mode=group.mode)
        for group, totals in groups.items()
    }


def _merge_groups(
    groups: Mapping[ModelAndMode, ModelModeTotals], find_group: Callable[[ModelAndMode], ModelAndMode]
) -> dict[ModelAndMode, ModelModeTotals]:
    alike: dict[ModelAndMode, list[ModelModeTotals]] = {}
    for named, totals in groups.items():
        alike.setdefault(find_group(named), []).append(totals)
    return {group: _sum_totals(members) for group, members in alike.items()}


def _sum_totals(parts: Sequence[ModelModeTotals]) -> ModelModeTotals:
    """Return the sum. One alone isn't copied, as there may be many shapes: nobody changes what is returned."""
    return parts[0] if len(parts) == 1 else reduce(iadd, parts, ModelModeTotals())


def merge_into_workload(sizing: RequestTotals, terms: Assumptions, times: int) -> Workload:
    """Make one workload of all requests, whatever they name, sent `times` times."""
    modes = {group.mode for group in sizing.groups}
    mode = modes.pop() if len(modes) == 1 else None
    totals, warm = (_sum_totals([*by_group.values()]) for by_group in (sizing.groups, sizing.warm_groups))
    work = _make_workload(totals, warm if sizing.warm_groups else None, terms, times, sizing.replay, mode=mode)
    return replace(work, flaws=tuple(list_request_flaws(sizing.flaws)))


def _make_workload(
    totals: ModelModeTotals,
    warm: ModelModeTotals | None,
    terms: Assumptions,
    times: int,
    replay: ReplayOptions | None,
    *,
    mode: str | None,
) -> Workload:
    """Make the workload of requests that are sent `times` times: after the first time as the `warm` ones, if those are known.

    Once stands for any volume, and so for warm ones alone.
    """
    cold_times = 1 if warm and times > 1 else 0 if warm else times
    shapes = totals.shapes
    if warm or times > 1:
        shapes = SizeCounts((shape, many * cold_times) for shape, many in shapes.items() if cold_times)
    for shape, many in warm.shapes.items() if warm else ():
        shapes.add(shape, many * (times - cold_times))
    return Workload(
        shapes,
        terms,
        needs=frozenset(totals.needs) | terms.tools.needed_abilities,
        doubt_rules=frozenset(totals.doubts),
        estimated_requests=totals.estimated_requests * times,
        lower_bound_requests=totals.lower_bound_requests * times,
        training_requests=totals.training_requests * times,
        is_counted=True,
        mode=mode,
        replay=replay,
        is_warm=warm is not None,
        times=times,
    )
