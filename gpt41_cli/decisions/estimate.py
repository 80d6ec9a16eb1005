"""What does this work cost: each variant in each mode asked for, every term of the price, and what the discounts save."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Offer, Variant
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.decisions import abilities, lifecycle, limits
from gpt41_cli.decisions.replay import Traffic, requests_per_minute
from gpt41_cli.decisions.tool_charges import ToolCharge, charges, found_tokens
from gpt41_cli.decisions.workload import Group, Load, Workload
from gpt41_cli.display import lasting, number, plural, rate
from gpt41_cli.errors import MissingPrice
from gpt41_cli.findings import Finding, Level
from gpt41_cli.pricing import EXACT, Bill, Rates, Usage, price, sum_usd, term

_CALLED = frozenset(("web-search", "file-search", "code-interpreter"))
"""Abilities that are billed by their calls, beside the tokens."""


class Quote(NamedTuple):
    """The exact price of a workload at one offer. `batch_usd`: the same work in batch, where that has a price.

    `rates` are those below any surcharge, unless all requests pay one; `surcharged` is how many do. `caching_saves_usd` is
    what the cached tokens would cost more as ordinary input. `charges` are what built-in tools cost beside the tokens;
    `is_least`: what their searches find is not counted. `rejected_usd` is the part of the output that is rejected predictions.
    """

    offer: Offer
    usage: Usage
    rates: Rates
    bill: Bill
    caching_saves_usd: Decimal
    batch_usd: Decimal | None = None
    surcharged: int = 0
    charges: tuple[ToolCharge, ...] = ()
    is_least: bool = False
    rejected_usd: Decimal = Decimal(0)

    @property
    def model(self) -> str:
        """The id of the variant."""
        return self.offer.variant.id

    @property
    def mode(self) -> str:
        """standard, batch or priority."""
        return self.offer.mode

    @property
    def total_usd(self) -> Decimal:
        """The price of all requests, exact."""
        return EXACT.add(self.bill.total_usd, self.charges_usd)

    @property
    def charges_usd(self) -> Decimal:
        """What is billed beside the tokens, exact."""
        return sum_usd(charge.usd for charge in self.charges)

    @property
    def each_usd(self) -> Decimal:
        """The price of one request, for display: it may have been rounded."""
        return self.total_usd / self.usage.requests

    @property
    def batch_saves_usd(self) -> Decimal | None:
        """What batch would save, exact; negative where giving up the cache costs more."""
        return None if self.batch_usd is None else EXACT.subtract(self.total_usd, self.batch_usd)


class Estimate(NamedTuple):
    """Quotes in the order asked for, what the checks found, and what a reader of the figures must know.

    `adds_up`: the quotes are parts of the work, whose sum is its price; else each is a price for all of it.
    """

    quotes: tuple[Quote, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    adds_up: bool = False

    @property
    def total_usd(self) -> Decimal | None:
        """The price of the work, exact; None where there are several."""
        if not self.adds_up and len(self.quotes) > 1:
            return None
        return sum_usd(each.total_usd for each in self.quotes)


def quote(catalog: Catalog, offer: Offer, work: Workload) -> Quote:
    """The exact price of the work at this offer. A surcharge is paid by those requests that are above its threshold.

    MissingPrice where a built-in tool that the work uses has no price at this offer.
    """
    tools = work.terms.tools
    charged = charges(catalog, offer, tools, work.requests)
    load = work.on(catalog, offer.variant)
    by_rates = usage_by_rates(offer, load)
    bills = [price(usage, rates) for rates, usage in by_rates.items()]
    bill = Bill(*(sum_usd(terms) for terms in zip(*bills, strict=True)))
    uncached = (price(Usage(usage.requests, usage.cached_tokens), rates).total_usd for rates, usage in by_rates.items())
    return Quote(
        offer,
        load.usage,
        rates=next(iter(by_rates)) if len(by_rates) == 1 else offer.row.rates,
        bill=bill,
        caching_saves_usd=EXACT.subtract(sum_usd(uncached), bill.cached_input_usd),
        surcharged=sum(usage.requests for rates, usage in by_rates.items() if rates != offer.row.rates),
        charges=charged,
        is_least=found_tokens(catalog, offer.variant, tools) is None,
        rejected_usd=_rejected_usd(offer, load),
    )


def _rejected_usd(offer: Offer, load: Load) -> Decimal:
    """What the rejected tokens of predictions cost: they are output."""
    rejected = ((offer.rates(size.input_tokens), size.rejected_tokens * many) for size, many in load.sizes.items())
    return sum_usd(term(tokens, rates.output) for rates, tokens in rejected)


def usage_by_rates(offer: Offer, load: Load) -> dict[Rates, Usage]:
    """What is billed at which rates: a surcharge makes several of one offer."""
    by_rates: dict[Rates, Usage] = {}
    for size, many in load.sizes.items():
        rates = offer.rates(size.input_tokens)
        by_rates[rates] = by_rates.get(rates, Usage()) + size.usage * many
    return by_rates


def estimate(
    catalog: Catalog,
    work: Workload,
    *,
    variants: Sequence[Variant],
    modes: Sequence[str],
    platform: Platform,
    as_of: date,
) -> Estimate:
    """Every variant in every mode. With no `variants`, the family side by side, less those without such a price.

    MissingPrice when a variant that was asked for has no price, or when none has.
    """
    quotes: list[Quote] = []
    findings: list[Finding] = []
    missing: list[MissingPrice] = []
    for variant in variants or catalog.family:
        for mode in modes:
            try:
                found = quote(catalog, catalog.offer(variant, mode, platform, as_of), work)
            except MissingPrice as error:
                if variants:
                    raise
                missing.append(error)
                continue
            quotes.append(with_batch(catalog, found, work, as_of))
    if not quotes:
        raise missing[0]
    findings += (Finding("missing-price", Level.WARNING, text) for text in dict.fromkeys(map(str, missing)))
    for variant in {each.model: each.offer.variant for each in quotes}.values():
        findings += limits.check(catalog, variant, modes, work.on(catalog, variant))
        findings += abilities.check(catalog, variant, work)
        findings += lifecycle.check(variant, platform, as_of)
    findings += limits.check_cache(catalog, work, quotes[0].offer.variant)
    findings += lifecycle.check_table(catalog, as_of)
    return Estimate(tuple(quotes), tuple(findings), tuple(notes(catalog, work, quotes)))


def estimate_parts(
    catalog: Catalog, parts: Mapping[Group, Workload], together: Workload, platform: Platform, as_of: date
) -> Estimate:
    """Work in parts, by the model and the mode of each: what each costs, and all of them. What is stored is a part of the first.

    MissingPrice where one has no price, UnknownName for a model or mode that the table does not have.
    """
    largest_first = sorted(parts.items(), key=lambda part: (-part[1].requests, part[0]))
    found = [
        estimate(
            catalog,
            work.without_storage() if index else work,
            variants=[catalog.variant(str(model))],
            modes=[mode],
            platform=platform,
            as_of=as_of,
        )
        for index, ((model, mode), work) in enumerate(largest_first)
    ]
    quotes = tuple(quote for each in found for quote in each.quotes)
    findings = tuple(dict.fromkeys(finding for each in found for finding in each.findings))
    return Estimate(quotes, findings, tuple(notes(catalog, together, quotes)), adds_up=True)


def with_batch(catalog: Catalog, found: Quote, work: Workload, as_of: date) -> Quote:
    """The quote with the price of the same work in batch, where that is another mode and has one."""
    if found.mode == "batch":
        return found
    try:
        offer = catalog.offer(found.offer.variant, "batch", found.offer.platform, as_of)
    except MissingPrice:
        return found
    return found._replace(batch_usd=quote(catalog, offer, work).total_usd)


def notes(
    catalog: Catalog, work: Workload, quotes: Sequence[Quote], *, with_files: bool = True, with_writes: bool = True
) -> list[str]:
    """What a reader of these prices must know: each sentence once.

    `with_files`: in how many files a batch goes, too; `with_writes`: that what is written to the prompt cache is not priced.
    """
    found: list[str] = []
    batch = catalog.limits.batch
    if work.text_tokens:
        # Imported here: numbers need nothing that counts.
        from gpt41_cli.tokens.pieces import AROUND_A_TEXT

        source = quotes[0].offer.variant.model.prompt.source
        found.append(
            f"The text alone is counted: sent as one user message it is billed {AROUND_A_TEXT} tokens more a request"
            f" [{source.label}]."
        )
    in_batch = max((each.usage.requests for each in quotes if each.mode == "batch"), default=0)
    if with_files and in_batch > batch.max_requests:
        files = plural(-(-in_batch // batch.max_requests), "file")
        found.append(
            f"Batch takes at most {number(batch.max_requests)} requests a file: these go in {files} [{batch.source.label}]."
        )
    return [*found, *notes_on_prices(catalog, work, quotes, with_writes=with_writes)]


def notes_on_prices(catalog: Catalog, work: Workload, quotes: Sequence[Quote], *, with_writes: bool = True) -> list[str]:
    """How sure the tokens and the prices are, and what is not in them: each sentence once."""
    found = list(_notes_on_requests(catalog, work))
    for each in quotes:
        found += _notes_on_tokens(catalog, each, work)
        found += _notes_on_rates(each)
        found += note_on_writes(each.offer) if with_writes else ()
    return list(dict.fromkeys(found))


def _notes_on_requests(catalog: Catalog, work: Workload) -> Iterator[str]:
    """How sure the counts of request bodies are, and how long their answers are taken to be."""
    if work.is_ceiling:
        yield "Answers are priced at each request's own maximum, the most they can cost, where no output tokens are stated."
        if work.unstated:
            which = (
                "they state none" if work.unstated == work.requests else f"{plural(work.unstated, 'request')} of these state none"
            )
            yield f"Where a request states no maximum, the model's own counts; {which}."
    if work.training:
        which = "These are" if work.training == work.requests else f"{number(work.training)} of these requests are"
        yield f"{which} fine-tuning examples, priced as requests whose given answers are input; training itself is not priced."
    if work.replay:
        yield _replay_note(catalog, work, work.replay)
    if work.prediction_tokens:
        yield _prediction_note(catalog, work)
    if uncalled := sorted((work.needs & _CALLED) - work.terms.tools.abilities):
        yield f"Requests declare {', '.join(uncalled)}: what calls cost is not in the price; --tools says how many there are."
    if work.lower_bounds:
        yield f"{_of(work.lower_bounds, work)} tokens that cannot be counted: their price is a lower bound."
    if work.estimates:
        rules = ", ".join(sorted(work.doubts))
        source = catalog.family[0].model.prompt.source.label
        yield f"{_of(work.estimates, work)} something that few recorded bills confirm ({rules}): gpt41 count tells [{source}]."


def _prediction_note(catalog: Catalog, work: Workload) -> str:
    """What a prediction costs, and what it is good for."""
    predicted = number(work.prediction_tokens)
    if work.terms.accepted_share is None:
        counted = "counted as rejected here" if work.is_ceiling else "not counted here"
        return f"Predicted tokens that are rejected are billed as output ({predicted}, {counted})."
    source = catalog.limits.predicted_outputs
    return (
        f"Of {predicted} predicted tokens {number(work.rejected_tokens)} are taken to be rejected, which are billed as output. A "
        "prediction never costs less than none, and no more where all of it is accepted: what it saves is time, of which no "
        f"figure is published{f' [{source.label}]' if source else ''}."
    )


def _replay_note(catalog: Catalog, work: Workload, traffic: Traffic) -> str:
    """How the prompt cache was replayed."""
    rules = catalog.limits.prompt_cache
    per_minute = requests_per_minute(rules, traffic)
    takes = lasting(-(-work.requests // work.times * 60 // per_minute))
    once = ", sent once: sent again they would read more than is priced here" if work.times > 1 else ""
    return (
        f"Cached input is what a replay of the prompt cache gives these requests in their order, {number(per_minute)} a minute "
        f"for {takes}{once}: gpt41 cache tells more [{rules.source.label}]."
    )


def _of(many: int, work: Workload) -> str:
    if work.requests == 1:
        return "The request has"
    return f"{number(many)} of {plural(work.requests, 'request')} {'has' if many == 1 else 'have'}"


def _notes_on_tokens(catalog: Catalog, quote: Quote, work: Workload) -> Iterator[str]:
    """What is not known of the tokens, or not in them."""
    model = quote.offer.variant.model
    if borrowed := work.borrowed_image_rule(catalog, quote.offer.variant):
        yield f"How {quote.model} counts pictures is not known: they are priced as {borrowed} counts them, which is an estimate."
    if (work.text_tokens or work.is_counted) and not model.encoding.published:
        yield f"The tokenizer of {quote.model} is not published: its token counts are estimates."
    if quote.is_least:
        yield (
            f"{quote.model} bills what a web search finds as input tokens, which are not counted here: its price is a lower "
            "bound, and web_search_tokens says how many a search finds."
        )
    if quote.charges and quote.mode == "batch":
        yield "Batch discounts tokens, not calls, minutes and storage; no source of this table says whether it takes the tools."
    yield from (charge.note for charge in quote.charges if charge.note)
    if model.reasoning:
        yield f"{quote.model} bills reasoning tokens as output: count them in the output tokens."


def doubts_of(offer: Offer) -> Iterator[str]:
    """That the source of a price is not the best, where that is so."""
    if offer.row.confidence != "high":
        note = offer.row.note or ""
        yield f"The {offer.mode} price of {offer.variant.id} has {offer.row.confidence} confidence. {note}".strip()


def _notes_on_rates(quote: Quote) -> Iterator[str]:
    """What is unusual about the rates, or not in them."""
    variant, row = quote.offer.variant, quote.offer.row
    cited = f"[{row.source.label}]"
    if quote.usage.cached_tokens and quote.rates.cached_input is None:
        yield f"{variant.id} in {quote.mode} gives cached tokens no discount: they are priced as input {cited}."
    if quote.surcharged:
        yield note_on_surcharge(variant)
    yield from doubts_of(quote.offer)
    if variant.fine_tuned and (hosting := variant.fine_tuned.hosting.get(quote.offer.platform.id)):
        yield f"{variant.id}: hosting at {rate(hosting.usd)} an hour comes on top [{hosting.source.label}]."


def note_on_surcharge(variant: Variant) -> str:
    """What long requests pay for a model that has a surcharge."""
    surcharge = variant.model.surcharge
    assert surcharge is not None
    return (
        f"{variant.id}: above {number(surcharge.above_input_tokens)} input tokens a request costs "
        f"{surcharge.input_multiplier} times the input and {surcharge.output_multiplier} times the output rate "
        f"[{surcharge.source.label}]."
    )


def note_on_writes(offer: Offer) -> Iterator[str]:
    """That writing to the prompt cache costs more than reading the input, where it does."""
    row = offer.row
    if row.cache_write_30m is not None:
        yield (
            f"{offer.variant.id} bills what it writes to the prompt cache at {rate(row.cache_write_30m)} a million in place of "
            f"{rate(row.rates.input)}, before any surcharge; no cache writes are assumed here [{row.source.label}]."
        )
