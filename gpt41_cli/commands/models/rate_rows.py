"""The price table as rows that any SQL joins to a log: a row per name, platform, mode, period and band of input tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from gpt41_cli.catalog import Catalog, Market, Offer, Variant
from gpt41_cli.catalog.lookup import FINE_TUNED_PREFIX
from gpt41_cli.catalog.tables import Model
from gpt41_cli.pricing import EXACT
from gpt41_cli.reports import Json


def list_rate_rows(catalog: Catalog, models: Sequence[Model]) -> list[Mapping[str, Json]]:
    """List every rate of these models, under each name that a log may hold.

    A fine-tune has the names `ft:` and that of its base; the id in a log goes on with a colon and its own name. Whatever has no
    price of its own has the rate that is billed instead, so that one formula prices any usage:
    `((input - cached - written) * input_rate + cached * cached_rate + written * write_rate + output * output_rate) / 1_000_000`.
    """
    return [
        {"name": name, **row}
        for model in models
        for names, variant in _list_variants(model)
        for row in _list_variant_rows(catalog, variant)
        for name in names
    ]


def _list_variants(model: Model) -> Iterator[tuple[Sequence[str], Variant]]:
    """Yield the model and its fine-tune, each with its names."""
    names = (model.id, *model.snapshots)
    yield names, Variant(model.id, model)
    if model.fine_tuned:
        yield [FINE_TUNED_PREFIX + name for name in names], Variant(FINE_TUNED_PREFIX + model.id, model, model.fine_tuned)


def _list_variant_rows(catalog: Catalog, variant: Variant) -> Iterator[Mapping[str, Json]]:
    """Yield a row per platform, mode, period and band. Both ends of a band are of the whole request, the lower one exclusive."""
    surcharge = variant.model.surcharge
    bands = ((0, surcharge.above_input_tokens), (surcharge.above_input_tokens, None)) if surcharge else ((0, None),)
    for platform_id, modes in variant.rate_table.items():
        platform = catalog.platforms[platform_id]
        life = variant.lifecycles.get(platform.provider)
        for mode, rows in modes.items():
            for row, following in pairwise((*rows, None)):
                assert row is not None
                offer = Offer(Market(catalog, platform, row.effective_from), variant, mode, row)
                for above, up_to in bands:
                    yield {
                        "model": variant.model.id,
                        "role": variant.model.role,
                        "platform": platform_id,
                        "mode": mode,
                        "effective_from": row.effective_from,
                        "effective_until": following.effective_from if following else None,
                        "input_tokens_above": above,
                        "input_tokens_up_to": up_to,
                        **_list_rates(offer, above + 1),
                        "has_cache_discount": row.rates.cached_input is not None,
                        "shutdown": life.shutdown if life else None,
                        "source": row.source.id,
                    }


def _list_rates(offer: Offer, input_tokens: int) -> Mapping[str, Json]:
    """List the rates of a request of that many input tokens, in US dollars per million tokens."""
    rates = offer.rates_for(input_tokens)
    return {
        "input_usd_per_million": rates.input,
        "cached_input_usd_per_million": rates.input if rates.cached_input is None else rates.cached_input,
        "cache_write_usd_per_million": EXACT.add(rates.input, offer.cache_write_extra_for(input_tokens)),
        "cache_write_12h_usd_per_million": EXACT.add(rates.input, offer.long_write_extra_for(input_tokens)),
        "output_usd_per_million": rates.output,
    }
