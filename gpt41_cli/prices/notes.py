"""Write notes on prices: how certain they are, and what isn't in them. Several commands print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Offer, Variant
from gpt41_cli.display import describe_doubt, format_exact, format_int, format_rate, pluralize, to_decimal
from gpt41_cli.durations import format_duration
from gpt41_cli.findings import Finding
from gpt41_cli.prices.quote import Quote
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:
    from gpt41_cli.work.prompt_cache import ReplayOptions

_TOOLS_BILLED_PER_CALL = frozenset(("web-search", "file-search", "code-interpreter"))

STRUCTURED_OUTPUTS = "structured-outputs"
"""The ability that a request with a schema for its answer needs."""

FLEX_TIME = "flex answers later than standard, may refuse requests while capacity is short, and promises no time"


def write_notes(
    catalog: Catalog,
    work: Workload,
    quotes: Sequence[Quote],
    *,
    adds_up: bool = False,
    with_files: bool = True,
    with_differences: bool = True,
) -> list[str]:
    """Yield the notes that a reader of these prices needs, each sentence once.

    `adds_up`: the quotes are parts of the work, not choices. `with_files`: also say how many files a batch needs.
    `with_differences`: also say how a model's bill differs from the family's: longer answers, and cache
    writes, which aren't priced.
    """
    notes: list[str] = []
    if work.stated_rate:
        notes.append(f"{work.stated_rate}.")
    if work.joined_files > 1:
        files = pluralize(work.joined_files, "file")
        notes.append(f"The {files} together are one request; gpt41 cost --each prices each of them.")
    batch = catalog.limits.batch
    if work.text_tokens:
        # Imported here: numbers alone need no token counting.
        from gpt41_cli.tokens.generations import FAMILY, GENERATIONS
        from gpt41_cli.tokens.pieces import USER_MESSAGE_OVERHEAD

        prompt = quotes[0].offer.variant.model.prompt
        overhead = USER_MESSAGE_OVERHEAD + GENERATIONS[prompt.generation].answer - FAMILY.answer
        notes.append(f"Only the text is counted: a user message adds {overhead} tokens per request [{prompt.source.label}].")
    files_by_model = [-(-quote.usage.requests // batch.max_requests) for quote in quotes if quote.mode == "batch"]
    if with_files and max(files_by_model, default=0) > 1:
        files = pluralize(sum(files_by_model) if adds_up else max(files_by_model), "file")
        one = ", each of one model" if adds_up and files_by_model[1:] else ""
        notes.append(
            f"Batch takes at most {format_int(batch.max_requests)} requests per file: these take {files}{one} "
            f"[{batch.source.label}]."
        )
    return [*notes, *write_price_notes(catalog, work, quotes, with_differences=with_differences)]


def write_price_notes(catalog: Catalog, work: Workload, quotes: Sequence[Quote], *, with_differences: bool = True) -> list[str]:
    """Yield how certain the tokens and prices are, and what isn't in them, each sentence once."""
    notes = list(_write_request_notes(catalog, work))
    for quote in quotes:
        notes += _write_token_notes(catalog, quote, work)
        notes += _write_rate_notes(quote)
        if with_differences:
            notes += _write_generation_notes(catalog, quote.offer.variant, work)
            notes += write_cache_write_notes(quote.offer)
    return list(dict.fromkeys(notes))


def _write_request_notes(catalog: Catalog, work: Workload) -> Iterator[str]:
    """Yield how certain the counts of request bodies are, and how long their answers are assumed to be."""
    if work.terms.output_tokens is None:
        yield "No output tokens are given, so answers are priced at each request's maximum (an upper bound)."
        if work.requests_without_maximum:
            which = pluralize(work.requests_without_maximum, "request")
            verb = "has" if work.requests_without_maximum == 1 else "have"
            yield f"{which} {verb} no maximum: the model's longest answer is priced."
    if work.training_requests:
        are_all = work.training_requests == work.requests
        which = "These are" if are_all else f"{format_int(work.training_requests)} of these requests are"
        yield f"{which} fine-tuning examples, priced as requests with their answers as input; training itself isn't priced."
    if work.replay:
        yield _write_replay_note(catalog, work, work.replay)
    if work.prediction_tokens:
        yield _write_prediction_note(catalog, work)
    if uncalled := sorted((work.needs & _TOOLS_BILLED_PER_CALL) - work.terms.tools.needed_abilities):
        yield f"Requests declare {', '.join(uncalled)}: their calls aren't in the price; give their number with --tools."
    if work.has_largest_pictures:
        yield rules.LARGEST_PICTURES
    if work.estimated_requests:
        doubts = ", ".join(sorted(rule.id for rule in work.doubt_rules))
        source = catalog.family[0].model.prompt.source.label
        yield (
            f"{_describe_share(work.estimated_requests, work)} parts that few recorded bills confirm ({doubts}); "
            f"see gpt41 count [{source}]."
        )


def _write_prediction_note(catalog: Catalog, work: Workload) -> str:
    """Write what a prediction costs, and what it is for."""
    predicted = format_int(work.prediction_tokens)
    if work.terms.accepted_share is None:
        counted = "counted as rejected here" if work.is_ceiling else "not counted here"
        return f"Predicted tokens that are rejected are billed as output ({predicted}, {counted})."
    rules = catalog.limits.predicted_outputs
    return (
        f"{format_int(work.rejected_tokens)} of {predicted} predicted tokens are priced as rejected, which are billed as "
        "output. A prediction never lowers the price: it saves time, for which no "
        f"figure is published{f' [{rules.source.label}]' if rules else ''}."
    )


def _write_replay_note(catalog: Catalog, work: Workload, traffic: ReplayOptions) -> str:
    """Write how the prompt cache was replayed."""
    from gpt41_cli.work.prompt_cache import resolve_requests_per_minute

    rules = catalog.limits.prompt_cache
    per_minute = resolve_requests_per_minute(rules, traffic)
    takes = format_duration(-(-work.requests // work.times * 60 // per_minute))
    once = ", sent once (sent again, they would read more from it)" if work.times > 1 else ""
    if work.is_warm:
        once = f", {'the first time with an empty cache, then ' * (work.times > 1)}with the cache of the time before"
    return (
        f"Cached input comes from a replay of the prompt cache with these requests in their order, "
        f"{format_int(per_minute)} per minute "
        f"for {takes}{once}; see gpt41 cache [{rules.source.label}]."
    )


def _describe_share(many: int, work: Workload) -> str:
    if work.requests == 1:
        return "The request has"
    return f"{format_int(many)} of {pluralize(work.requests, 'request')} {'has' if many == 1 else 'have'}"


def _write_token_notes(catalog: Catalog, quote: Quote, work: Workload) -> Iterator[str]:
    """Yield what isn't known about the tokens, or not counted."""
    model = quote.offer.variant.model
    if borrowed := work.find_borrowed_image_rule(catalog, quote.offer.variant):
        yield f"How {quote.model} counts pictures is not known: they are priced as {borrowed} counts them, which is an estimate."
    if (work.text_tokens or work.is_counted) and not model.encoding.published:
        yield f"The tokenizer of {quote.model} is not published: its token counts are estimates."
    if quote.is_lower_bound:
        yield (
            f"{quote.model} bills the results of a web search as input tokens, which aren't counted here: its price is a lower "
            "bound. web_search_tokens sets how many tokens a search finds."
        )
    if quote.tool_charges and quote.mode == "batch":
        yield "Batch discounts tokens, not calls, minutes or storage; whether it supports the tools isn't documented."
    yield from (charge.note for charge in quote.tool_charges if charge.note)
    if model.reasoning and work.terms.reasoning_tokens:
        yield f"{quote.model} bills reasoning tokens as output: {format_int(work.terms.reasoning_tokens)} in each answer."
    elif model.reasoning:
        yield f"{quote.model} bills reasoning tokens as output: include them in the output tokens."


def write_confidence_notes(offer: Offer) -> Iterator[str]:
    """Yield a note for each price whose source isn't the best."""
    if offer.row.confidence != "high":
        note = offer.row.note or ""
        doubt = describe_doubt(offer.row.confidence)
        yield f"The {offer.mode} price of {offer.variant.id} is {doubt}, but not confirmed. {note}".strip()


def _write_rate_notes(quote: Quote) -> Iterator[str]:
    """Yield what is unusual about the rates, or not in them."""
    variant, row = quote.offer.variant, quote.offer.row
    cited = f"[{row.source.label}]"
    if quote.usage.cached_tokens and quote.rates.cached_input is None:
        yield f"{variant.id} in {quote.mode} has no discount for cached tokens, so they are priced as other input {cited}."
    if quote.mode == "flex":
        yield f"{FLEX_TIME.capitalize()} [{quote.offer.market.catalog.limits.flex.source.label}]."
    if quote.surcharged_requests:
        yield write_surcharge_note(variant)
    yield from write_confidence_notes(quote.offer)
    if variant.fine_tuned and (hosting := variant.fine_tuned.hosting.get(quote.offer.market.platform.id)):
        yield f"{variant.id}: hosting at {format_rate(hosting.usd)} per hour comes on top [{hosting.source.label}]."


def write_surcharge_note(variant: Variant) -> str:
    """Write what long requests pay, for a model with a surcharge."""
    surcharge = variant.model.surcharge
    assert surcharge is not None
    return (
        f"{variant.id}: requests above {format_int(surcharge.above_input_tokens)} input tokens cost "
        f"{surcharge.input_multiplier} times the input and {surcharge.output_multiplier} times the output rate "
        f"[{surcharge.source.label}]."
    )


def describe_generation_tokens(work: Workload) -> str:
    """Describe the mean tokens that the newer generation counts more, of each part of a request; empty if there are none."""
    if not work.is_counted:
        return ""
    # Imported here: numbers alone need nothing that counts tokens.
    from gpt41_cli.tokens.pieces import PARTS

    totals = [sum(shape.generation_tokens[index] * many for shape, many in work.shapes.items()) for index in range(len(PARTS))]
    means = [(part, to_decimal(Fraction(total, work.requests), 1)) for part, total in zip(PARTS, totals, strict=True) if total]
    shown = ", ".join(f"{part} {'+' if mean > 0 else ''}{format_exact(mean)}" for part, mean in means)
    return f"{shown} tokens per request" if shown else ""


def _write_generation_notes(catalog: Catalog, variant: Variant, work: Workload) -> Iterator[str]:
    """Yield notes if the model counts the requests differently from the family, or adds tokens to the given answers."""
    prompt, first = variant.model.prompt, catalog.family[0]
    if prompt.generation != first.model.prompt.generation and (means := describe_generation_tokens(work)):
        yield f"{variant.id} counts these requests differently from {first.id}: {means} [{prompt.source.label}]."
    if prompt.added_output_tokens and work.terms.output_tokens:
        yield (
            f"{variant.id} bills {pluralize(prompt.added_output_tokens, 'token')} more than {catalog.family[0].id} for the same "
            f"answer: they are added to the given output tokens [{prompt.source.label}]."
        )
    if prompt.unpriced_format_tokens and work.terms.output_tokens and STRUCTURED_OUTPUTS in work.needs:
        yield (
            f"{variant.id} bills a structured output up to {pluralize(prompt.unpriced_format_tokens, 'token')} more than that: "
            f"they aren't in the price [{prompt.source.label}]."
        )


def write_cache_write_notes(offer: Offer) -> Iterator[str]:
    """Yield a note for each model that bills writes to the prompt cache."""
    row = offer.row
    if row.cache_write_30m is not None:
        yield (
            f"{offer.variant.id} bills writes to the prompt cache at {format_rate(row.cache_write_30m)} per "
            f"million instead of "
            f"{format_rate(row.rates.input)}, before any surcharge; no cache writes are priced here [{row.source.label}]."
        )


def make_reasoning_findings(variant: Variant, work: Workload) -> Iterator[Finding]:
    """Say what a reasoning model bills besides its answers, and if reasoning can be switched off."""
    rule = variant.model.reasoning
    if rule:
        off = "effort none switches them off" if "none" in rule.efforts else "they cannot be switched off"
        default = f"the default effort is {rule.default_effort}, {off}"
        known = work.terms.reasoning_tokens
        where = f"{format_int(known)} in each answer here" if known else "not in this price"
        text = f"its reasoning tokens are billed as output and {where}; {default}"
        yield Finding(rules.REASONING, text, sources=(rule.source,))
