"""What a workload of gpt41.yaml sends: its files, read once, as work to be priced and as tokens part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import iadd
from typing import NamedTuple, TypeAlias

from gpt41_cli.catalog import MODES, Catalog, Variant
from gpt41_cli.config.places import placed
from gpt41_cli.config.tables import Declaration
from gpt41_cli.display import number, printable
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import Done, Invalid, Place
from gpt41_cli.files.sources import Source, nothing_but
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.recognise import Picture, Text
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens import DEFAULT_ENCODING, count_stream
from gpt41_cli.tokens.images import image_tokens
from gpt41_cli.tokens.meter import Meter, method_of
from gpt41_cli.tokens.pieces import IMAGES, PARTS, TEXT, Entry
from gpt41_cli.work import sizing
from gpt41_cli.work.prompt_cache import Replay, Traffic
from gpt41_cli.work.sizing import Sized, Sizing, cached, size, text_tokens
from gpt41_cli.work.stream import Reading, gathered, left_out, opened
from gpt41_cli.work.tally import Tally
from gpt41_cli.work.workload import Group, Shape, Terms, Workload, workload
from gpt41_cli.workloads.costing import FileTokens

Listed: TypeAlias = tuple[Mapping[str, Source], list[LeftOut]]
Files: TypeAlias = Callable[[str], Listed]
"""The files that a path, folder or glob of gpt41.yaml means, by their path from its folder, and what was left out of folders.
InputError where it means nothing.
"""


class _Counted(NamedTuple):
    """One request, for its price and for its tokens."""

    sized: Sized
    entry: Entry


class Contents(NamedTuple):
    """The requests of one workload, as `variant` in `mode` sees them; `work` is under the terms that are expected.

    `tallies` sum the requests up, file by file, `tally` all of them. `batch_files` hold nothing but lines for the Batch API.
    """

    variant: Variant
    mode: str
    work: Workload
    tally: Tally
    tallies: Mapping[str, Tally]
    batch_files: tuple[Source, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def files(self) -> dict[str, FileTokens]:
        """What each file adds."""
        return {key: FileTokens(each.requests, each.input_tokens) for key, each in self.tallies.items()}

    def at_most(self, output_tokens: int | None) -> Workload:
        """The same work with answers of this length; None: each request's own maximum."""
        return replace(self.work, terms=self.work.terms._replace(output_tokens=output_tokens), _loads={})


def read(declared: Declaration, files: Files, catalog: Catalog, jobs: int | None = None) -> Contents:
    """What a workload sends. InputError, with the place in gpt41.yaml, where it cannot be read or is of several models."""
    if declared.requests:
        return _Reader(declared, catalog, jobs).read(files)
    if declared.cached.is_simulated:
        with placed(declared, "cached"):
            raise InputError("expected requests to replay, found a prompt or numbers")
    return _prompt(declared, files, catalog)


def listed(declared: Declaration, key: str, patterns: Sequence[str], files: Files) -> tuple[dict[str, Source], list[LeftOut]]:
    """What all the patterns of a key mean, each file once."""
    sources: dict[str, Source] = {}
    skipped: list[LeftOut] = []
    with placed(declared, key):
        for pattern in patterns:
            found, more = files(pattern)
            sources |= {name: source for name, source in found.items() if name not in sources}
            skipped += more
    return sources, skipped


def _prompt(declared: Declaration, files: Files, catalog: Catalog) -> Contents:
    """Texts and pictures that are one request together, or numbers alone."""
    sources, skipped = listed(declared, "prompt", declared.prompt, files)
    variant = _variant(declared, catalog, declared.model or declared.fallback_model)
    parts: dict[str, Entry] = {}
    images: list[Image] = []
    with placed(declared, "prompt"):
        for key, source in sources.items():
            try:
                with opened(source, None) as found:
                    if isinstance(found, Text):
                        parts[key] = _entry({TEXT: count_stream(found.pieces, variant.model.encoding.name)})
                    elif isinstance(found, Picture):
                        images.append(Image(found.width, found.height))
                        tokens = image_tokens(images[-1], method_of(catalog, variant.model).images)
                        parts[key] = _entry({IMAGES: tokens})
                    else:
                        raise InputError(f"{source.label}: expected text or a picture, found requests, which go into requests")
            except InputError as error:
                skipped.append(left_out(source, error))
        if declared.prompt and not parts:
            raise InputError(f"expected text or pictures, found {nothing_but(skipped)}")
    numbers = declared.input_tokens or 0
    predicted = _prediction_tokens(declared, files, variant)
    with placed(declared, "cached"):
        work = workload(
            input_tokens=numbers,
            output_tokens=0,
            requests=1,
            cached_tokens=declared.cached.tokens,
            cached_share=declared.cached.share,
            text_tokens=sum(each.parts[TEXT] for each in parts.values()),
            images=tuple(images),
            tools=declared.tools,
            prediction_tokens=predicted,
        )
    with placed(declared, "prediction"):
        work = replace(work, terms=_terms(declared))
    whole = Counter({TEXT: numbers})
    for each in parts.values():
        whole.update(each.parts)
    at = declared.place("prompt" if declared.prompt else "input_tokens")
    tally = Tally.of([Done(Place(at.path, line=at.line), _entry(whole))])
    tallies = {key: Tally.of([Done(Place(sources[key].name), each)]) for key, each in parts.items()}
    return Contents(variant, declared.mode or declared.fallback_mode, work, tally, tallies, (), tuple(skipped))


def _terms(declared: Declaration) -> Terms:
    """What is said of every request, with answers as they are expected."""
    output = declared.output_tokens.expected if declared.output_tokens else None
    accepted = declared.prediction.accept if declared.prediction else None
    return Terms(output, declared.cached.tokens, declared.cached.share, declared.tools, accepted)


def _prediction_tokens(declared: Declaration, files: Files, variant: Variant) -> int:
    """The tokens of the file that is predicted to be in the answer."""
    if declared.prediction is None or declared.prediction.file is None:
        return 0
    sources, _ = listed(declared, "prediction", [declared.prediction.file], files)
    with placed(declared, "prediction"):
        return sum(text_tokens(source, variant.model.encoding.name) for source in sources.values())


def _variant(declared: Declaration, catalog: Catalog, name: str | None) -> Variant:
    if name is None:
        with placed(declared, ""):
            raise InputError("expected a model in the workload, in defaults or in every request, found none")
    return catalog.variant(name)


class _Reader:
    """Reads the requests of one workload; a text is a request of its own."""

    def __init__(self, declared: Declaration, catalog: Catalog, jobs: int | None) -> None:
        cached = declared.cached
        self.declared = declared
        self.catalog = catalog
        self.reading = Reading(jobs=jobs)
        self.replay = None
        if cached.is_simulated:
            with placed(declared, "lifetime" if "lifetime" in declared.places else "cached"):
                self.replay = Replay(catalog, Traffic(cached.requests_per_minute, cached.lifetime_minutes))
        self.meter = Meter(catalog, declared.model, needs_tokens=self.replay is not None)
        self.sizing = Sizing(self.replay.traffic if self.replay else None)
        self.tallies: dict[str, Tally] = {}
        self.batch_files: list[Source] = []
        self.text_tokens = 0

    def read(self, files: Files) -> Contents:
        """All of it. InputError with the place of what is wrong."""
        declared = self.declared
        sources, skipped = listed(declared, "requests", declared.requests, files)
        with placed(declared, "requests"):
            for key, source in sources.items():
                try:
                    self._file(key, source)
                except InputError as error:
                    skipped.append(left_out(source, error))
            tally = reduce(iadd, self.tallies.values(), Tally())
            _refuse(tally)
            if not tally.requests:
                raise InputError(f"expected requests, found {nothing_but(skipped)}")
            if any(totals.training for totals in self.sizing.groups.values()) and not declared.output_tokens:
                raise InputError("expected output_tokens with fine-tuning examples, which state no maximum, found none")
        variant, mode = self._group()
        with placed(declared, "prediction"):
            work = sizing.together(self.sizing, _terms(declared), 1)
            if declared.prediction and not work.prediction_tokens:
                raise InputError("expected requests that state a prediction, found none that does")
        work = replace(work, text_tokens=self.text_tokens)
        tallies = {key: each for key, each in self.tallies.items() if each.requests}
        return Contents(variant, mode, work, tally, tallies, tuple(self.batch_files), tuple(skipped))

    def _file(self, key: str, source: Source) -> None:
        with opened(source, self.reading.kind) as found:
            if isinstance(found, Picture):
                raise InputError(f"{source.label}: expected requests or text, found a picture, which goes into a prompt")
            if isinstance(found, Text):
                self._add(key, [self._text(source, found)])
                return
            modes: set[str] = set()
            for done in gathered(source, found, self.reading, self._work, list, self.meter.learner):
                modes |= self._add(key, done)
            if modes == {"batch"}:
                self.batch_files.append(source)

    def _text(self, source: Source, found: Text) -> Done[_Counted]:
        if self.replay:
            raise InputError(f"{source.label}: expected requests to replay, found text")
        name = self.declared.model or self.declared.fallback_model
        variant = self.catalog.variant(name) if name else None
        tokens = count_stream(found.pieces, variant.model.encoding.name if variant else DEFAULT_ENCODING)
        self.text_tokens += tokens
        group = Group(variant and variant.id, "standard")
        sized = Sized(group, Shape(tokens), frozenset(), (), is_lower_bound=False, is_training=False)
        return Done(Place(source.name), _Counted(sized, _entry({TEXT: tokens})))

    def _work(self, sent: Sent) -> _Counted:
        if sent.request.model is None:
            sent = sent._replace(request=sent.request._replace(model=self.declared.fallback_model))
        sized = size(self.meter, sent, names_mode=self.declared.mode is None, is_replayed=self.replay is not None)
        return _Counted(sized, self.meter.count(sent))

    def _add(self, key: str, done: Sequence[Done[_Counted] | Invalid]) -> set[str]:
        """Add requests of a file; the modes that they are written for."""
        some: list[Done[Sized] | Invalid] = []
        entries: list[Done[Entry] | Invalid] = []
        for each in done:
            if isinstance(each, Invalid):
                some.append(each)
                entries.append(each)
            else:
                sized = cached(each.result.sized, self.replay) if self.replay else each.result.sized
                some.append(Done(each.place, sized))
                entries.append(Done(each.place, each.result.entry))
        found = Sizing.of(some)
        self.sizing += found
        tally = self.tallies.setdefault(key, Tally())
        tally += Tally.of(entries)
        return {group.mode for group in found.groups}

    def _group(self) -> tuple[Variant, str]:
        """The model and the mode of all requests."""
        declared = self.declared
        groups = {
            (declared.model or group.model, declared.mode or (group.mode if group.mode != MODES[0] else declared.fallback_mode))
            for group in self.sizing.groups
        }
        if len(groups) > 1:
            named = ", ".join(sorted(f"{model or 'no model'} in {mode}" for model, mode in groups))
            with placed(declared, "requests"):
                raise InputError(f"expected requests of one model and mode, found {named}; state both, or make several workloads")
        ((model, mode),) = groups
        return _variant(declared, self.catalog, model), mode


def _entry(parts: Mapping[str, int]) -> Entry:
    return Entry({**dict.fromkeys(PARTS, 0), **parts})


def _refuse(tally: Tally) -> None:
    """InputError for requests that cannot be read, where the config names their file or nothing else is there."""
    rejects = tally.rejects
    if rejects.named or (rejects.count and not tally.requests):
        first = rejects.first[0]
        more = (
            f" ({number(rejects.count)} of {number(rejects.count + tally.requests)} cannot be read)" if rejects.count > 1 else ""
        )
        raise InputError(f"{printable(first.place.label)}: {first.message}{more}")
