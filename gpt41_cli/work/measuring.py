"""Measure a request: everything that its price depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog.tables import Model
from gpt41_cli.files.fields import BadBody, redact
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests.readers import Frame, FramedLine, ParsedRequest
from gpt41_cli.requests.request import Image, Request
from gpt41_cli.rules import Group, Rule
from gpt41_cli.tokens.generations import GPT_5
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import IMAGES, Entry
from gpt41_cli.tokens.prefix import CachePrefix, PrefixDigester
from gpt41_cli.work.frames import FrameMemo
from gpt41_cli.work.refused_settings import RefusableField, find_refusable_fields, find_refused_settings
from gpt41_cli.work.workload import ModelAndMode, RequestShape

_MODES_BY_SERVICE_TIER = {
    None: "standard",
    "auto": "standard",
    "default": "standard",
    "flex": "flex",
    "priority": "priority",
    "fast": "priority",
}
"""The modes that `service_tier` asks for; in an account, `auto` may mean another tier, which requests don't show."""


_NOTICED_DOUBTS = (rules.TEMPLATE, rules.IMAGE_ANIMATED)
"""Doubts that are findings of a price, too, because the request that is sent isn't the one that is read."""


class MeasuredRequest(NamedTuple):
    """What the price of one request depends on. `doubts` are rules about what is counted, not about what is missing. `flaws` are
    the rules of the API that it breaks. `prefix` is set if the prompt cache is going to be replayed.
    """

    group: ModelAndMode
    shape: RequestShape
    needs: frozenset[str] = frozenset()
    doubts: tuple[Rule, ...] = ()
    is_lower_bound: bool = False
    is_training: bool = False
    prefix: CachePrefix | None = None
    refusable_fields: tuple[RefusableField, ...] = ()
    flaws: tuple[Finding, ...] = ()
    place: Place = Place("")

    def with_more_text(self, tokens: int, place: Place, prefix: CachePrefix | None) -> MeasuredRequest:
        """Return a request that has more tokens in its texts and is the same otherwise."""
        shape = self.shape._replace(text_tokens=self.shape.text_tokens + tokens)
        return self._replace(shape=shape, place=place, prefix=prefix)


def measure_request(
    meter: Meter, sent: ParsedRequest, counted: Entry | None = None, *, names_mode: bool = False, is_replayed: bool = False
) -> MeasuredRequest:
    """Measure what a request's price depends on. With `is_replayed`, that includes the prompt cache. `counted` is the request
    if `meter` has counted it already.

    Raises BadBody if it is to be priced for its own model and the table doesn't have that, or, with `names_mode`, if its
    `service_tier` is unknown; and if OpenAI refuses it, or it holds something that its model doesn't take.
    """
    request = meter.fill_image_sizes(sent.request)
    variant, method = meter.require_model(meter.model or request.model)
    for refusal in (*request.refusals, *_find_refused_media(request, (variant or meter.catalog.family[0]).model)):
        raise refusal
    counted = counted or meter.count(sent)
    tokens = counted.input_tokens - counted.parts[IMAGES]
    generation_tokens = meter.compare_generations(request, method)
    if method.rules.name == GPT_5.name:
        tokens -= sum(generation_tokens)
    fields = tuple(find_refusable_fields(request, meter.refusable_fields, meter.reasoning_efforts))
    return MeasuredRequest(
        ModelAndMode(variant.id if variant and not meter.model else request.model, find_mode(sent, names_mode)),
        RequestShape(
            tokens,
            request.max_output_tokens,
            None,
            tuple(Image(image.width, image.height, image.detail) for image in request.images),
            request.answer_count,
            meter.get_memo(method.encoding)(request.predicted_text) if request.predicted_text else 0,
            generation_tokens=generation_tokens,
        ),
        request.needs,
        tuple(dict.fromkeys(doubt.rule for doubt in counted.doubts if not doubt.has_missing_tokens)),
        counted.is_lower_bound,
        sent.is_training_example,
        meter.digest_prefix(request) if is_replayed else None,
        fields,
        (
            *(() if sent.is_training_example else sent.flaws),
            *(find_refused_settings(fields, variant, sent) if variant and not sent.is_training_example else ()),
            *(Finding(doubt.rule, f"{doubt.path}: {doubt.message}") for doubt in counted.doubts if doubt.rule in _NOTICED_DOUBTS),
        ),
        sent.place,
    )


class FramedMeasurer:
    """Measures lines with a frame as `measure`, which is `measure_request`, does their requests; `is_replayed` is as there."""

    def __init__(self, meter: Meter, measure: Callable[[ParsedRequest], MeasuredRequest], *, is_replayed: bool = False) -> None:
        def measure_frame(frame: Frame) -> tuple[MeasuredRequest, PrefixDigester | None]:
            digester = meter.make_prefix_digester(frame.sent.request, frame.marks) if is_replayed else None
            return measure(frame.sent), digester

        self._memo = FrameMemo(meter, measure_frame)

    def measure(self, line: FramedLine) -> MeasuredRequest:
        """Measure a line. Raises what the measuring of its request raises."""
        (measured, digester), tokens = self._memo.look_up(line)
        return measured.with_more_text(tokens, line.place, digester.digest(line.texts) if digester else None)


def _find_refused_media(request: Request, model: Model) -> Iterator[BadBody]:
    """Find pictures and sounds that the model neither accepts nor produces, each with its place."""
    if not request.images and not request.doubts:
        return
    taken = {*model.input_modalities, *model.output_modalities}
    paths = {
        "image": [image.path for image in request.images],
        "audio": [doubt.path for doubt in request.doubts if Group.AUDIO in doubt.rule.groups],
    }
    for kind, media_paths in paths.items():
        if kind not in taken:
            yield from (
                BadBody(path, f"{' or '.join(model.input_modalities)}, all that {model.id} takes", kind) for path in media_paths
            )


def find_mode(sent: ParsedRequest, names_mode: bool) -> str:
    """Return the mode of a request: batch for a line for the Batch API, else what `service_tier` says."""
    tier = sent.request.service_tier
    if sent.is_batch:
        return "batch"
    if names_mode and tier not in _MODES_BY_SERVICE_TIER:
        known = ", ".join(filter(None, _MODES_BY_SERVICE_TIER))
        raise BadBody("service_tier", f"one of {known}", redact(str(tier)))
    return _MODES_BY_SERVICE_TIER.get(tier, str(tier))
