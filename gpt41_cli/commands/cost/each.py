"""Price each request by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Market, Offer, Variant
from gpt41_cli.errors import InputError, MissingPrice, UnknownName
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.prices.tools import price_tools
from gpt41_cli.pricing import EXACT, Bill, Usage, price, sum_usd
from gpt41_cli.reports.bounds import choose_bound_prefix
from gpt41_cli.requests.inputs import PictureInput, RequestInput, TextInput
from gpt41_cli.requests.readers import FramedLine, ParsedRequest, make_text_request
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.measuring import FramedMeasurer, MeasuredRequest, measure_request
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.work.workload import Assumptions, size_request


class PricedRequest(NamedTuple):
    """One request at its exact price; `tools_usd` is the part of built-in tools. `is_exact` and `is_lower_bound` are about its
    input tokens; `bound_prefix` is what to say before the price, as `choose_bound_prefix` has it. `features` are those that end.
    """

    custom_id: str | None
    model: str
    mode: str
    usage: Usage
    bill: Bill
    is_exact: bool
    is_lower_bound: bool
    is_ceiling: bool
    bound_prefix: str = ""
    tools_usd: Decimal = Decimal(0)
    place: Place = Place("")
    features: tuple[str, ...] = ()

    @property
    def total_usd(self) -> Decimal:
        """The whole price."""
        return EXACT.add(self.bill.total_usd, self.tools_usd)


class RequestPricer:
    """Prices requests at the model and mode that each names, or at given ones."""

    def __init__(self, market: Market, meter: Meter, terms: Assumptions, variant: Variant | None, mode: str | None) -> None:
        self.meter = meter
        self.terms = terms
        self.market = market
        self.variant = variant
        self.mode = mode
        self._framed = FramedMeasurer(meter, partial(measure_request, meter, names_mode=mode is None))
        self._offers: dict[tuple[str | None, str], Offer] = {}

    def price(self, sent: ParsedRequest) -> PricedRequest:
        """Price one request. Raises BadBody if it has no price: no model, an unknown one, or no price in its mode."""
        return self._price(measure_request(self.meter, sent, names_mode=self.mode is None), sent.custom_id)

    def price_framed(self, line: FramedLine) -> PricedRequest:
        """Price a line with a frame. Raises BadBody as for its request."""
        return self._price(self._framed.measure(line), line.custom_id)

    def _price(self, sized: MeasuredRequest, custom_id: str | None) -> PricedRequest:
        offer = self._offer(sized.group.model, self.mode or sized.group.mode)
        try:
            self.terms.check_prediction(sized.shape.prediction_tokens)
            size = size_request(sized.shape, self.terms, self.meter.catalog, offer.variant)
            usage = size.usage
            charged = price_tools(offer, self.terms.tools, 1)
        except (InputError, MissingPrice) as error:
            raise BadBody.from_error(error) from None
        is_least = sized.is_lower_bound or self.meter.catalog.count_search_tokens(offer.variant, self.terms.tools) is None
        is_largest, is_unknown = rules.IMAGE_SIZE in sized.doubts, rules.UNKNOWN_FIELD in sized.doubts
        return PricedRequest(
            custom_id,
            offer.variant.id,
            offer.mode,
            usage,
            price(usage, offer.rates_for(size.input_tokens)),
            not sized.doubts,
            is_least,
            self.terms.output_tokens is None and not is_unknown,
            choose_bound_prefix(self.terms.output_tokens is None or is_largest, is_least, is_largest if is_least else is_unknown),
            sum_usd(charge.usd for charge in charged),
            sized.place,
            tuple(str(flaw.subject) for flaw in sized.flaws if flaw.rule is rules.FEATURE_ENDS),
        )

    def _offer(self, model: str | None, mode: str) -> Offer:
        catalog = self.market.catalog
        if (model, mode) not in self._offers:
            if model is None and self.variant is None:
                raise BadBody("model", "one in the request, or --model", "none")
            try:
                variant = self.variant or catalog.variant(str(model))
                self._offers[model, mode] = self.market.offer(variant, mode)
            except (UnknownName, MissingPrice) as error:
                raise BadBody.from_error(error) from None
        return self._offers[model, mode]


def price_requests(
    sources: Sequence[InputSource], reading: ReadingOptions, pricer: RequestPricer, skipped: list[SkippedPath]
) -> Iterator[PricedRequest | RejectedRequest]:
    """Price every request, text and picture of the sources in order, as a stream."""
    for source in sources:
        try:
            with open_input(source, reading.kind) as content:
                if not isinstance(content, RequestInput):
                    yield _price_text(source, content, pricer)
                    continue
                for some in map_chunks(
                    source, content, reading, pricer.price, list, pricer.meter.memo_filler, pricer.price_framed
                ):
                    yield from some
        except InputError as error:
            skipped.append(skip_or_raise(source, error))


def _price_text(source: InputSource, content: TextInput | PictureInput, pricer: RequestPricer) -> PricedRequest | RejectedRequest:
    """Price a text or a picture as the input of one request; it states no maximum for the answer."""
    place = Place(source.name)
    sent = (
        make_text_request("".join(content.pieces))
        if isinstance(content, TextInput)
        else make_text_request("", [Image(content.width, content.height, is_animated=content.is_animated)])
    )
    try:
        if pricer.terms.output_tokens is None:
            raise BadBody(expected="--output-tokens, as a text doesn't say how long its answer may be", found="none")
        return pricer.price(sent._replace(place=place))
    except BadBody as error:
        return RejectedRequest(place, str(error), source.is_from_folder, error.path)
