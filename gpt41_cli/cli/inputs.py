"""The work that commands are asked about: what the paths and numbers of a command line stand for."""

from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.cli.output import complain
from gpt41_cli.cli.parse import (
    read_cached,
    read_image_size,
    read_kind,
    read_paths,
    read_percent,
    read_tools,
    read_traffic,
    standard_input,
)
from gpt41_cli.cli.progress import watched
from gpt41_cli.errors import InputError, quoted
from gpt41_cli.notation import SIMULATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gpt41_cli.catalog import Catalog, Variant
    from gpt41_cli.files.places import Rejects
    from gpt41_cli.files.sources import Source
    from gpt41_cli.files.trees import LeftOut
    from gpt41_cli.requests.request import Image
    from gpt41_cli.tokens.meter import Meter
    from gpt41_cli.work.prompt_cache import Replay
    from gpt41_cli.work.sizing import Sizing, Uses
    from gpt41_cli.work.stream import Reading
    from gpt41_cli.work.workload import Group, Terms, Workload


class Asked(NamedTuple):
    """What a command line says of the work. `names_mode`: requests are priced in the mode that each of them names."""

    paths: list[str] | None
    text: str | None
    kind: str | None
    image_size: str | None
    input_tokens: int | None
    cached: str | None
    output_tokens: int | None
    requests: int
    skip_invalid: bool
    jobs: int | None = None
    names_mode: bool = False
    requests_per_minute: int | None = None
    lifetime: str | None = None
    tools: "Sequence[str]" = ()
    prediction: "Path | None" = None
    accept: str | None = None

    @property
    def terms(self) -> "Terms":
        """What holds for every request."""
        from gpt41_cli.work.workload import Terms

        accepted = None if self.accept is None else read_percent(self.accept, "--accept")
        return Terms(self.output_tokens, *read_cached(self.cached), read_tools(self.tools), accepted)


class Work(NamedTuple):
    """The work, all of it together; `parts` makes a workload for each model and mode where it is requests, and takes the model
    and mode of all of them in place of their own. `rejects` are the inputs that were left out for being no request, `left_out`
    what was left out of folders, `uses` the fields of requests that some model refuses; None where there are no requests.
    """

    together: "Workload"
    parts: "Callable[[str | None, str | None], dict[Group, Workload]] | None" = None
    rejects: "Rejects | None" = None
    left_out: "Sequence[LeftOut]" = ()
    uses: "Uses | None" = None


def read_work(asked: Asked, catalog: "Catalog", variants: "Sequence[Variant]", model: str | None) -> Work:
    """The work to be priced: all texts and pictures together are the input of one request, requests are as they are.

    `model` is the id that all requests are counted for; None: the one each of them names.
    """
    from gpt41_cli.work.workload import workload

    terms = asked.terms
    replay = _replay(asked, catalog)
    text_tokens = 0
    left_out: list[LeftOut] = []
    images: tuple[Image, ...] = ()
    if asked.paths or asked.text is not None or asked.input_tokens is None:
        from gpt41_cli.work import sizing

        sources, left_out = read_sources(asked.paths, asked.text)
        reading = make_reading(asked.kind, asked.jobs, sources)
        meter = cache(lambda: make_meter(catalog, model, asked.image_size, reading, needs_tokens=replay is not None))
        with watched(sources) as seen:
            encoding = encoding_of(variants)
            found = sizing.read(seen, reading, meter, encoding, left_out, names_mode=asked.names_mode, replay=replay)
        if found.sizing.groups or found.sizing.rejects.count:
            return _requests(found.sizing, terms, asked, left_out)
        text_tokens, images = found.text_tokens, found.images
    if replay:
        raise InputError("--cached simulate: expected requests to replay, found text or numbers")
    if not (text_tokens or images or asked.input_tokens or asked.output_tokens) and asked.input_tokens is None:
        raise InputError("expected text or --input-tokens, found an empty input")
    work = workload(
        input_tokens=asked.input_tokens or 0,
        output_tokens=asked.output_tokens or 0,
        requests=asked.requests,
        cached_tokens=terms.cached_tokens,
        cached_share=terms.cached_share,
        text_tokens=text_tokens,
        images=images,
        tools=terms.tools,
        prediction_tokens=_prediction_tokens(asked, variants),
        accepted_share=terms.accepted_share,
    )
    return Work(work, left_out=left_out)


def _prediction_tokens(asked: Asked, variants: "Sequence[Variant]") -> int:
    """The tokens of `--prediction`, which is nothing without `--accept`, and the other way round."""
    if (asked.prediction is None) != (asked.accept is None):
        alone, other = ("--accept", "--prediction") if asked.prediction is None else ("--prediction", "--accept")
        raise InputError(f"{alone}: expected it with {other}, found it alone")
    if asked.prediction is None:
        return 0
    if asked.tools:
        why = "predictions are of Chat Completions, which has none of them"
        raise InputError(f"--prediction: expected no --tools beside it: {why}")
    from gpt41_cli.work.sizing import text_tokens

    if asked.prediction.is_dir():
        raise InputError(f"--prediction: expected a file, found the folder {quoted(str(asked.prediction))}")
    (source,), _ = read_sources([str(asked.prediction)], None)
    return text_tokens(source, encoding_of(variants))


def _replay(asked: Asked, catalog: "Catalog") -> "Replay | None":
    """What replays the prompt cache, where `--cached` asks for it."""
    if asked.cached != SIMULATE:
        for option, value in (("--requests-per-minute", asked.requests_per_minute), ("--lifetime", asked.lifetime)):
            if value is not None:
                raise InputError(f"{option}: expected it with --cached {SIMULATE}, found it alone")
        return None
    from gpt41_cli.work.prompt_cache import Replay

    return Replay(catalog, read_traffic(asked.requests_per_minute, asked.lifetime))


def _requests(found: "Sizing", terms: "Terms", asked: Asked, left_out: "Sequence[LeftOut]") -> Work:
    from gpt41_cli.work import sizing

    if asked.input_tokens is not None:
        raise InputError("--input-tokens: expected it with texts or alone, found requests, whose input is their own")
    if asked.prediction:
        raise InputError("--prediction: expected it with texts or numbers, found requests, which state their own")
    if not asked.skip_invalid or not found.groups:
        refuse(found.rejects, found.requests)
    together = sizing.together(found, terms, asked.requests)
    if terms.accepted_share is not None and not together.prediction_tokens:
        raise InputError("--accept: expected --prediction, or requests that state one, found none")
    if together.training and terms.output_tokens is None:
        raise InputError("--output-tokens: expected it with fine-tuning examples, which state no maximum, found none")
    return Work(
        together,
        partial(sizing.workloads, found, terms, asked.requests),
        found.rejects,
        left_out,
        sizing.Uses(found.uses, found.requests),
    )


def read_sources(paths: list[str] | None, text: str | None) -> "tuple[list[Source], list[LeftOut]]":
    """What the command line names, and what was left out of folders."""
    from gpt41_cli.files.sources import sources

    return sources(read_paths(paths, text), text, standard_input)


def make_reading(kind: str | None, jobs: int | None, sources: "Sequence[Source]") -> "Reading":
    """How the sources are read."""
    from gpt41_cli.files.sources import known_bytes
    from gpt41_cli.tokens.fast import MUCH_BYTES
    from gpt41_cli.work.stream import Reading

    return Reading(read_kind(kind), jobs, known_bytes(sources) >= MUCH_BYTES)


def make_meter(
    catalog: "Catalog", model: str | None, image_size: str | None, reading: "Reading", *, needs_tokens: bool = False
) -> "Meter":
    """What counts requests; `needs_tokens` where the prompt cache is replayed."""
    from gpt41_cli.tokens.meter import Meter

    return Meter(catalog, model, read_image_size(image_size), is_much=reading.is_much, needs_tokens=needs_tokens)


def refuse(rejects: "Rejects", good: int, what: str = "requests") -> None:
    """Name the first inputs that are no request, each in a line; InputError when one is in a file that the user named."""
    if not rejects.named and good:
        return
    for each in rejects.first:
        complain(f"{each.place.label}: {each.message}")
    if rejects.count:
        hint = "; --skip-invalid leaves them out" if good else ""
        raise InputError(f"{rejects.count:,} of {rejects.count + good:,} {what} cannot be read{hint}")


def encoding_of(variants: "Sequence[Variant]") -> str:
    """The encoding that counts for all of them."""
    names = sorted({variant.model.encoding.name for variant in variants})
    if len(names) > 1:
        raise InputError(f"expected models of one encoding, found {', '.join(names)}; price them one at a time")
    return names[0]
