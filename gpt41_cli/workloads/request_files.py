"""Read the requests of one workload of gpt41.yaml, each line once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import iadd
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog, Variant
from gpt41_cli.code.source_files import is_no_prompt
from gpt41_cli.config.tables import WorkloadDeclaration
from gpt41_cli.constraints.batch_lines import BatchLineInspector, BatchLines, InspectedRequest, read_batch_lines
from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import LineChunks
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource, explain_empty, open_source
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import PictureInput, TextInput
from gpt41_cli.requests.readers import Frame, FramedLine, ParsedRequest
from gpt41_cli.tokens import DEFAULT_ENCODING, count_stream
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import TEXT, Entry
from gpt41_cli.tokens.prefix import PrefixDigester
from gpt41_cli.work import sizing
from gpt41_cli.work.frames import FrameMemo
from gpt41_cli.work.measuring import MeasuredRequest, measure_request
from gpt41_cli.work.prompt_cache import CacheReplay, ReplayOptions, SentPrefixes
from gpt41_cli.work.sizes_table import SizedRow, add_up_sizes, measure_sizes
from gpt41_cli.work.sizing import RequestTotals, replay_request
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.work.tally import Tally
from gpt41_cli.work.workload import ModelAndMode, RequestShape
from gpt41_cli.workloads.contents import WorkloadContents, find_variant, make_assumptions, make_entry


class _CountedRequest(NamedTuple):
    """One request for its price, for its tokens, and as a line in a Batch file.

    `batch_line` is an error if the line can't be one, None if no check needs it.
    """

    measured: MeasuredRequest
    entry: Entry
    batch_line: InspectedRequest | BadBody | None = None


class _Chunk(NamedTuple):
    """Requests of a file: for their price, one by one if the prompt cache will be replayed; their tokens; and as lines of a Batch
    file.
    """

    requests: RequestTotals | list[MeasuredRequest | RejectedRequest]
    tally: Tally
    batch_lines: BatchLines


class RequestsReader:
    """Reads the requests of one workload; each text is one request."""

    def __init__(self, declared: WorkloadDeclaration, catalog: Catalog, reading: ReadingOptions, *, inspects_batch: bool) -> None:
        self.declaration = declared
        self.terms = make_assumptions(declared)
        self.inspects_batch = inspects_batch and declared.mode in (None, "batch")
        self.catalog = catalog
        self.reading = reading
        self.replay = None
        if declared.cached.is_simulated:
            with declared.errors_at("lifetime" if "lifetime" in declared.locations else "cached"):
                self.replay = CacheReplay(catalog, ReplayOptions(declared.requests_per_minute, declared.lifetime_minutes))
        self.sent: SentPrefixes[MeasuredRequest] | None = SentPrefixes() if self.replay and declared.volume else None
        self.meter = Meter(catalog, declared.model, is_much=reading.is_large, needs_tokens=self.replay is not None)
        self._frames = FrameMemo(self.meter, self._count_frame, declared.fallback_model)
        self.line_meter = self.meter if declared.model is None else Meter(catalog, is_much=reading.is_large)
        self._inspector = BatchLineInspector(self.line_meter, self.terms)
        self.request_totals = RequestTotals(self.replay.traffic if self.replay else None)
        self.tallies: dict[str, Tally] = {}
        self.batch_files: dict[InputSource, BatchLines | None] = {}
        self.text_tokens = 0

    def read(self, sources: Mapping[str, InputSource], skipped: list[SkippedPath]) -> WorkloadContents:
        """Read all requests. Raises InputError with the place of what is wrong."""
        declared = self.declaration
        with declared.errors_at("requests"):
            for key, source in sources.items():
                try:
                    self._read_file(key, source)
                except InputError as error:
                    skipped.append(skip_or_raise(source, error))
            tally = reduce(iadd, self.tallies.values(), Tally())
            _raise_for_rejects(tally)
            if not tally.requests:
                raise InputError(expected="requests", found=explain_empty(skipped))
            if any(totals.training_requests for totals in self.request_totals.groups.values()) and not declared.output_tokens:
                raise InputError(expected="output_tokens with fine-tuning examples, which state no maximum", found="none")
        self._replay_volume()
        variant, mode = self._find_model_and_mode()
        with declared.errors_at("prediction"):
            work = sizing.merge_into_workload(self.request_totals, self.terms, 1)
            if declared.prediction and not work.prediction_tokens:
                raise InputError(expected="requests that state a prediction", found="none that does")
        work = replace(work, text_tokens=self.text_tokens, is_incomplete=any(path.is_unreadable for path in skipped))
        tallies = {key: tally for key, tally in self.tallies.items() if tally.requests}
        batch_files = {source: lines or self._read_batch_file(source) for source, lines in self.batch_files.items()}
        return WorkloadContents(variant, mode, work, tally, tallies, batch_files, tuple(skipped), self.request_totals)

    def _replay_volume(self) -> None:
        """Let the requests read from the cache that they left, if they stand for a larger volume."""
        volume, totals = self.declaration.volume, self.request_totals
        if self.sent and self.replay and volume and volume.per_month > totals.requests:
            totals.replay_again(self.sent, self.replay)

    def _read_file(self, key: str, source: InputSource) -> None:
        with open_input(source, self.reading.kind, takes_sizes=True) as content:
            if isinstance(content, PictureInput):
                raise InputError(
                    expected="requests or text", found="a picture, which belongs under prompt", location=source.label
                )
            if isinstance(content, TextInput):
                if source.is_from_folder and is_no_prompt(key):
                    raise InputError(
                        expected="requests or prompts", found="a file that is neither, by its name", hint="name it to count it"
                    )
                self._add(key, self._collect_chunk([self._read_text(source, content)]))
                return
            if content.holds_sizes:
                fallback = self.declaration.fallback_model
                for chunk in measure_sizes(source, content, self.reading, self.meter, self._collect_sizes, self.replay, fallback):
                    self._add(key, chunk)
                return
            modes: set[str] = set()
            lines = BatchLines()
            work, framed, learn = self._count_request, self._count_framed, self.meter.memo_filler
            for chunk in map_chunks(source, content, self.reading, work, self._collect_chunk, learn, framed):
                modes |= self._add(key, chunk)
                lines += chunk.batch_lines
            if modes == {"batch"} and self.inspects_batch:
                chunks, is_sound = content.chunks, not self.tallies[key].rejects.count
                self.batch_files[source] = None
                if is_sound and isinstance(chunks, LineChunks) and chunks.encoding == "utf-8":
                    lines.finish(chunks)
                    self.batch_files[source] = lines

    def _read_batch_file(self, source: InputSource) -> BatchLines:
        """Read a file again, as the Batch API reads it: a list of requests, or a file in which not each line is a request."""
        with open_source(source) as stream:
            return read_batch_lines(stream, source, self.line_meter, self.terms, self.reading.jobs)

    def _read_text(self, source: InputSource, content: TextInput) -> _CountedRequest:
        if self.replay:
            raise InputError(expected="requests to replay", found="text", location=source.label)
        name = self.declaration.model or self.declaration.fallback_model
        variant = self.catalog.variant(name) if name else None
        tokens = count_stream(content.pieces, variant.model.encoding.name if variant else DEFAULT_ENCODING)
        if source.is_from_folder and not tokens:
            raise InputError(expected="requests or prompts", found="an empty file")
        self.text_tokens += tokens
        group, place = ModelAndMode(variant and variant.id, "standard"), Place(source.name)
        flaws = tuple(sizing.find_input_flaws(content, source.name))
        sized = MeasuredRequest(group, RequestShape(tokens), flaws=flaws, place=place)
        return _CountedRequest(sized, make_entry({TEXT: tokens}, place))

    def _count_request(self, sent: ParsedRequest) -> _CountedRequest:
        named = sent
        if sent.request.model is None:
            sent = sent._replace(request=sent.request._replace(model=self.declaration.fallback_model))
        entry = self.meter.count(sent)
        names_mode, is_replayed = self.declaration.mode is None, self.replay is not None
        measured = measure_request(self.meter, sent, entry, names_mode=names_mode, is_replayed=is_replayed)
        line = self._inspect(named, measured, lambda: named) if self.inspects_batch and sent.is_batch else None
        return _CountedRequest(measured, entry, line)

    def _count_framed(self, line: FramedLine) -> _CountedRequest:
        ((measured, entry, batch_line), digester), tokens = self._frames.look_up(line)
        measured = measured.with_more_text(tokens, line.place, digester.digest(line.texts) if digester else None)
        if batch_line is not None:
            batch_line = self._inspect(line.with_marks(), measured, line.read)
        return _CountedRequest(measured, entry.with_more_text(tokens, line.custom_id, line.place), batch_line)

    def _count_frame(self, frame: Frame) -> tuple[_CountedRequest, PrefixDigester | None]:
        digester = self.meter.make_prefix_digester(frame.sent.request, frame.marks) if self.replay else None
        return self._count_request(frame.sent), digester

    def _inspect(
        self, sent: ParsedRequest, measured: MeasuredRequest, read: Callable[[], ParsedRequest]
    ) -> InspectedRequest | BadBody:
        """Inspect a line as the Batch API takes it, for the model that it names, whatever the workload declares.

        `read` returns its request; the one of `sent` may have marks for texts.
        """
        meter, name = self.line_meter, sent.request.model
        variant, _ = meter.find_variant(name)
        own: MeasuredRequest | None = measured
        try:
            if variant is None or variant != self.meter.find_variant(self.meter.model or name)[0]:
                own = measure_request(meter, read()) if variant else None
            return self._inspector.inspect(sent, own)
        except BadBody as error:
            return error

    def _collect_chunk(self, results: Iterable[_CountedRequest | RejectedRequest]) -> _Chunk:
        requests: list[MeasuredRequest | RejectedRequest] = []
        entries: list[Entry | RejectedRequest] = []
        lines = BatchLines()
        for result in results:
            if isinstance(result, RejectedRequest):
                requests.append(result)
                entries.append(result)
                continue
            requests.append(result.measured)
            entries.append(result.entry)
            if isinstance(result.batch_line, InspectedRequest):
                lines.add(result.batch_line)
            elif result.batch_line is not None:
                lines.add_invalid(result.measured.place, str(result.batch_line), result.batch_line.path)
        return _Chunk(requests if self.replay else RequestTotals.from_requests(requests), Tally.from_entries(entries), lines)

    def _collect_sizes(self, sizes: Iterator[SizedRow]) -> _Chunk:
        rows = list(sizes)
        tally = Tally.from_sizes((row.entry, row.times) for row in rows)
        return _Chunk(add_up_sizes(rows), tally, BatchLines())

    def _replay(self, requests: Sequence[MeasuredRequest | RejectedRequest]) -> RequestTotals:
        assert self.replay
        replay, sent = self.replay, self.sent
        return RequestTotals.from_requests(
            replay_request(request, replay, sent) if isinstance(request, MeasuredRequest) else request for request in requests
        )

    def _add(self, key: str, chunk: _Chunk) -> set[str]:
        """Add the requests of a chunk; return the modes that they are written for."""
        totals = chunk.requests if isinstance(chunk.requests, RequestTotals) else self._replay(chunk.requests)
        self.request_totals += totals
        tally = self.tallies.setdefault(key, Tally())
        tally += chunk.tally
        return {group.mode for group in totals.groups}

    def _find_model_and_mode(self) -> tuple[Variant, str]:
        """Return the model and mode of all requests. Raises InputError if they differ."""
        declared = self.declaration
        groups: dict[tuple[str | None, str], Place] = {}
        for group, totals in self.request_totals.groups.items():
            mode = declared.mode or (group.mode if group.mode != MODES[0] else declared.fallback_mode)
            groups.setdefault((declared.model or group.model, mode), totals.places.examples[0])
        if len(groups) > 1:
            named = ", ".join(sorted(f"{model or 'no model'} in {mode} ({at.label})" for (model, mode), at in groups.items()))
            with declared.errors_at("requests"):
                raise InputError(
                    expected="requests of one model and mode", found=named, hint="state both, or make several workloads"
                )
        ((model, mode),) = groups
        return find_variant(declared, self.catalog, model), mode


def _raise_for_rejects(tally: Tally) -> None:
    """Raise InputError for invalid requests, whether the config names their file, its folder or a glob."""
    rejects = tally.rejects
    if rejects.count:
        first = rejects.examples[0]
        whole = format_int(rejects.count + tally.requests)
        more = f" ({format_int(rejects.count)} of {whole} cannot be read)" if rejects.count > 1 else ""
        raise InputError(location=first.place.label, problem=f"{first.message}{more}")
