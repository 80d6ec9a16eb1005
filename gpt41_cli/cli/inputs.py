"""Make a Workload of the paths and numbers on a command line."""

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gpt41_cli.cli.output import print_to_stderr
from gpt41_cli.cli.parse import (
    NUMBERS_HINT,
    open_standard_input,
    read_cached,
    read_image_size,
    read_kind,
    read_paths,
    read_percent,
    read_replay_options,
    read_tools,
)
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.display import format_int, list_first, pluralize
from gpt41_cli.errors import InputError, UnknownName, quote_text
from gpt41_cli.notation import ONCE, PERIODS_PER_MONTH, SIMULATE, Rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from gpt41_cli.catalog import Catalog, Variant
    from gpt41_cli.files.places import Rejections
    from gpt41_cli.files.sources import InputSource
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.findings import Finding, Place
    from gpt41_cli.reports import Report
    from gpt41_cli.requests.request import Image
    from gpt41_cli.tokens.meter import Meter
    from gpt41_cli.work.prompt_cache import CacheReplay
    from gpt41_cli.work.sizing import RequestTotals
    from gpt41_cli.work.stream import ReadingOptions
    from gpt41_cli.work.workload import Assumptions, ModelAndMode, Workload


class InputOptions(NamedTuple):
    """What the command line says about the work. `names_mode`: requests are priced in the mode that each of them names.
    `refuses_code`: source code isn't taken for a prompt.
    """

    paths: list[str] | None
    text: str | None
    kind: str | None
    image_size: str | None
    input_tokens: int | None
    cached: str | None
    output_tokens: int | None
    requests: Rate
    skip_invalid: bool
    jobs: int | None = None
    names_mode: bool = False
    requests_per_minute: int | None = None
    lifetime: str | None = None
    tools: "Sequence[str] | None" = None
    prediction: "Path | None" = None
    accept: str | None = None
    refuses_code: bool = False
    per: str | None = None
    column: str | None = None

    @classmethod
    def from_parameters(
        cls, parameters: "Mapping[str, Any]", *, names_mode: bool = False, refuses_code: bool = False
    ) -> "InputOptions":
        """Take the options of these names from the parameters of a command."""
        given = {name: value for name, value in parameters.items() if name in cls._fields}
        return cls(**given, names_mode=names_mode, refuses_code=refuses_code)

    @property
    def assumptions(self) -> "Assumptions":
        """The assumptions that apply to every request."""
        from gpt41_cli.work.workload import Assumptions

        accepted = None if self.accept is None else read_percent(self.accept, "--accept")
        return Assumptions(self.output_tokens, *read_cached(self.cached), read_tools(self.tools or ()), accepted)

    @property
    def rate(self) -> Rate:
        """The requests of the period that is priced. Raises InputError for a period without requests, UnknownName for an unknown
        period.
        """
        if self.per is None:
            return self.requests
        if self.per not in PERIODS_PER_MONTH:
            raise UnknownName("--per", self.per, PERIODS_PER_MONTH, "period")
        if self.requests is ONCE:
            raise InputError("--per", "--requests with it, such as --requests 40000/month", "it alone")
        return self.requests.convert(self.per)

    def add_rate(self, work: "Workload") -> "Workload":
        """Return the work with the period in which it is sent, and with how its requests were counted: the rate that they were
        converted from, and how often those of the input are sent.
        """
        own, rate = self.requests, self.rate
        is_converted = bool(own.period) and own.period != rate.period
        stated = f"{format_int(own.requests)} per {own.period} are {format_int(rate.requests)} per {rate.period}"
        stated += ", as a month has 365/12 days" if "month" in (own.period, rate.period) else ""
        of_input = work.requests // rate.requests
        sent = f"each of the {format_int(of_input)} requests is sent {format_int(rate.requests)} times"
        is_repeated = of_input > 1 and rate.requests > 1
        counted = "; ".join([stated] * is_converted + [sent] * is_repeated)
        return replace(work, period=rate.period, stated_rate=counted[:1].upper() + counted[1:])


class InputWorkloads(NamedTuple):
    """The work, all of it `combined`. `request_totals` sum up its requests; None for texts, pictures and numbers."""

    combined: "Workload"
    request_totals: "RequestTotals | None" = None
    skipped_files: "Sequence[SkippedPath]" = ()

    @property
    def rejects(self) -> "Rejections | None":
        """The inputs that aren't requests."""
        return self.request_totals.rejects if self.request_totals else None

    @property
    def models(self) -> "set[str | None]":
        """The models that requests name, None among them if some name none."""
        return {group.model for group in self.request_totals.groups} if self.request_totals else set()

    def locate(self, model: str | None) -> "Place | None":
        """Return the place of the first request that names a model; None stands for those that name none."""
        groups = self.request_totals.groups.items() if self.request_totals else ()
        return next((totals.places.examples[0] for group, totals in groups if group.model == model), None)

    @property
    def modes(self) -> set[str]:
        """The modes that requests are sent in."""
        return {group.mode for group in self.request_totals.groups} if self.request_totals else set()

    def add_gaps(self, report: "Report") -> "Report":
        """Add to a report on the work what isn't in it: inputs that aren't requests, and skipped files."""
        from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings

        gaps = (*make_invalid_findings(self.rejects), *make_skipped_findings(self.skipped_files))
        return report._replace(findings=(*report.findings, *gaps))

    def split(self, model: str | None, mode: str | None) -> "dict[ModelAndMode, Workload]":
        """Return a workload for each model and mode that requests name, unless `model` or `mode` is given for all of them."""
        from gpt41_cli.work.sizing import split_into_workloads

        assert self.request_totals is not None
        parts = split_into_workloads(self.request_totals, self.combined.terms, self.combined.times, model, mode)
        whole = self.combined
        return {
            named: replace(
                part,
                is_incomplete=whole.is_incomplete,
                flaws=whole.flaws,
                # Requests of one model and mode are the whole work, which needn't be sized twice.
                _loads=whole._loads if part.shapes is whole.shapes else {},
            )
            for named, part in parts.items()
        }


def read_input_workloads(
    asked: InputOptions,
    catalog: "Catalog",
    variants: "Sequence[Variant]",
    model: str | None,
    listed: "tuple[list[InputSource], list[SkippedPath]] | None" = None,
) -> InputWorkloads:
    """Read the work to be priced: all texts and pictures together are the input of one request, requests are as they are.

    `model` is the id that all requests are counted for; None: the one each of them names. `listed` are the sources
    of the command line and what was skipped, if they are known.
    """
    from gpt41_cli.work.workload import workload

    terms = asked.assumptions
    replay = _make_replay(asked, catalog)
    text_tokens = 0
    flaws: tuple[Finding, ...] = ()
    left_out: list[SkippedPath] = []
    images: tuple[Image, ...] = ()
    joined_files = 0
    if asked.paths or asked.text is not None or asked.input_tokens is None:
        from gpt41_cli.work import sizing

        sources, left_out = listed or read_sources(asked.paths, asked.text, NUMBERS_HINT, column=asked.column)
        reading = make_reading(asked.kind, asked.jobs, sources)
        meter = cache(lambda: make_meter(catalog, model, asked.image_size, reading, needs_tokens=replay is not None))
        with show_progress(sources) as seen:
            encoding = find_encoding(variants)
            sizes = sizing.measure_sources(
                seen,
                reading,
                meter,
                encoding,
                left_out,
                names_mode=asked.names_mode,
                replay=replay,
                is_sent_again=replay is not None and asked.rate.requests > 1,
            )
        if isinstance(sizes, sizing.RequestTotals):
            return _make_request_workloads(sizes, terms, asked, left_out)
        text_tokens, images, flaws = sizes
        joined_files = len(sources) - (asked.text is not None)
        flaws = (*flaws, *_find_source_code(sources, asked))
    if replay:
        raise InputError("--cached simulate", "requests to replay", "text or numbers")
    if not (text_tokens or images or asked.input_tokens or asked.output_tokens) and asked.input_tokens is None:
        raise InputError(expected="text or --input-tokens", found="an empty input", hint=NUMBERS_HINT)
    work = workload(
        input_tokens=asked.input_tokens or 0,
        output_tokens=asked.output_tokens or 0,
        requests=asked.rate.requests,
        cached_tokens=terms.cached_tokens,
        cached_share=terms.cached_share,
        text_tokens=text_tokens,
        images=images,
        tools=terms.tools,
        prediction_tokens=_count_prediction_tokens(asked, variants),
        accepted_share=terms.accepted_share,
    )
    is_incomplete = any(path.is_unreadable for path in left_out)
    work = replace(
        asked.add_rate(work),
        is_incomplete=is_incomplete,
        lacks_output=asked.output_tokens is None,
        flaws=flaws,
        joined_files=joined_files,
    )
    return InputWorkloads(work, skipped_files=left_out)


def _find_source_code(sources: "Sequence[InputSource]", asked: InputOptions) -> "Iterator[Finding]":
    """Make a notice if the prompt is source code, unless the user said that it is text. Raises InputError if the command doesn't
    take code.
    """
    from gpt41_cli.code.source_files import is_source_code

    code = [] if asked.kind or asked.prediction else [source.label for source in sources if is_source_code(source.name)]
    if not code:
        return
    what = list_first(code, 1)
    if asked.refuses_code:
        hint = "gpt41 scan finds the calls in code; --as text counts it as a prompt"
        raise InputError(expected="requests or a prompt", found=f"source code ({what})", hint=hint)
    from gpt41_cli import rules
    from gpt41_cli.findings import Finding

    yield Finding(rules.SOURCE_CODE, f"{what}: source code, counted as a prompt; gpt41 scan finds the calls in it")


def _count_prediction_tokens(asked: InputOptions, variants: "Sequence[Variant]") -> int:
    """Count the tokens of `--prediction`. Raises InputError if `--prediction` or `--accept` is given without the other."""
    if (asked.prediction is None) != (asked.accept is None):
        alone, other = ("--accept", "--prediction") if asked.prediction is None else ("--prediction", "--accept")
        raise InputError(alone, f"{other} with it", "it alone")
    if asked.prediction is None:
        return 0
    if asked.tools:
        why = "only Chat Completions has predictions, and it has no such tools"
        raise InputError("--prediction", f"no --tools with it: {why}")
    from gpt41_cli.work.sizing import count_text_tokens

    if asked.prediction.is_dir():
        raise InputError("--prediction", "a file", f"the folder {quote_text(str(asked.prediction))}")
    (source,), _ = read_sources([str(asked.prediction)], None)
    return count_text_tokens(source, find_encoding(variants))


def _make_replay(asked: InputOptions, catalog: "Catalog") -> "CacheReplay | None":
    """Return the replay of the prompt cache if `--cached` asks for it."""
    if asked.cached != SIMULATE:
        for option, value in (("--requests-per-minute", asked.requests_per_minute), ("--lifetime", asked.lifetime)):
            if value is not None:
                raise InputError(option, f"--cached {SIMULATE} with it", "it alone")
        return None
    from gpt41_cli.work.prompt_cache import CacheReplay

    return CacheReplay(catalog, read_replay_options(asked.requests_per_minute, asked.lifetime))


def _make_request_workloads(
    totals: "RequestTotals", terms: "Assumptions", asked: InputOptions, left_out: "Sequence[SkippedPath]"
) -> InputWorkloads:
    from gpt41_cli.work import sizing

    if asked.input_tokens is not None:
        raise InputError("--input-tokens", "texts with it, or nothing", "requests, which have input of their own")
    if asked.prediction:
        raise InputError("--prediction", "texts or numbers with it", "requests, which state their own")
    if not asked.skip_invalid or not totals.groups:
        refuse_invalid(totals.rejects, totals.requests)
    together = sizing.merge_into_workload(totals, terms, asked.rate.requests)
    if terms.accepted_share is not None and not together.prediction_tokens:
        raise InputError("--accept", "--prediction, or requests that state one", "none")
    if together.training_requests and terms.output_tokens is None:
        raise InputError("--output-tokens", "a number for fine-tuning examples, which state no maximum", "none")
    is_incomplete = totals.rejects.count > 0 or any(path.is_unreadable for path in left_out)
    together = replace(asked.add_rate(together), is_incomplete=is_incomplete)
    return InputWorkloads(together, totals, left_out)


def read_sources(
    paths: list[str] | None, text: str | None, hint: str = "", example: str = "", column: str | None = None
) -> "tuple[list[InputSource], list[SkippedPath]]":
    """List the sources that the command line names, and what was skipped.

    At a terminal with nothing, the error has `hint`, or `example` if the command takes no text. `column` is that of
    Parquet files to read.
    """
    from gpt41_cli.files.sources import find_sources

    sources, left_out = find_sources(*read_paths(paths, text, hint, example), open_standard_input)
    return [source._replace(column=column) for source in sources], left_out


def make_reading(kind: str | None, jobs: int | None, sources: "Sequence[InputSource]") -> "ReadingOptions":
    """Return the options for reading the sources."""
    from gpt41_cli.work import stream

    return stream.make_reading(read_kind(kind), jobs, sources)


def make_meter(
    catalog: "Catalog",
    model: str | None,
    image_size: str | None,
    reading: "ReadingOptions",
    *,
    needs_tokens: bool = False,
    as_of: "date | None" = None,
) -> "Meter":
    """Return a meter that counts requests as of a day (None: today). `needs_tokens`: the prompt cache is replayed."""
    from gpt41_cli.tokens.meter import Meter

    return Meter(catalog, model, read_image_size(image_size), is_much=reading.is_large, needs_tokens=needs_tokens, as_of=as_of)


def hold_logs(sources: "Sequence[InputSource]") -> bool:
    """Return True if the first of these files that is any kind of input holds answers or usage. What can be read only once must
    come from `files.sources.read_twice`.
    """
    from gpt41_cli.requests.kinds import LogContent
    from gpt41_cli.work.stream import open_input

    for source in sources:
        try:
            with open_input(source, None):
                return False
        except LogContent:
            return True
        except InputError:
            continue
    return False


def refuse_invalid(rejects: "Rejections", good: int, what: str = "request") -> None:
    """Print the first invalid inputs, one per line. Raises InputError if there is one, in a file or in a folder alike."""
    for example in rejects.examples:
        print_to_stderr(f"{example.place.label}: {example.message}")
    if rejects.count:
        problem = f"{rejects.count:,} of {pluralize(rejects.count + good, what)} cannot be read"
        raise InputError(problem=problem, hint="--skip-invalid leaves them out" if good else "")


def find_encoding(variants: "Sequence[Variant]") -> str:
    """Return the encoding of all variants. Raises InputError if they have several."""
    names = sorted({variant.model.encoding.name for variant in variants})
    if len(names) > 1:
        raise InputError(expected="models of one encoding", found=", ".join(names), hint="price them one at a time")
    return names[0]
