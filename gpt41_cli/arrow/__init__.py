"""Counts, prices and sizes of requests, and prices of answers, as columns of Arrow (extra `arrow`).

Each function here returns an `ArrowColumn`: a function from an array of JSON to an array of structs, one per row and in the same
order. It can be pickled, takes less than 100 kB, and gives the same in every process, so that Spark, Dask, Ray, DuckDB and Polars
can call it wherever the requests are. A row depends on its request alone: sums are the same whatever the engine cuts, repeats or
reorders.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from gpt41_cli.arrow.column import ArrowColumn, make_column, read_table
from gpt41_cli.arrow.prompt_cache import ArrowReplay
from gpt41_cli.work.prompt_cache import ReplayOptions
from gpt41_cli.work.workload import Assumptions

__all__ = ["ArrowColumn", "ArrowReplay", "answers", "count", "prefixes", "price", "replay", "sizes"]


def count(
    *,
    as_of: date,
    model: str | None = None,
    image_size: tuple[int, int] | None = None,
    kind: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of token counts, with the names of `gpt41 count --each`.

    Args:
        as_of: The day by whose rules to count.
        model: The model that counts, whatever a request names.
        image_size: Width and height of pictures behind an address.
        kind: The kind of every request, as `--as` takes it; None: as recognised.
        models: The models of other names, such as Azure deployments.
        pricing: A price table instead of the one that ships.

    Raises UnknownName for an unknown model, TableError for a price table that can't be used.

    """
    return make_column("count", pricing, models, as_of=as_of, model=model, image_size=image_size, kind=kind)


def price(
    *,
    as_of: date,
    platform: str = "openai",
    model: str | None = None,
    mode: str | None = None,
    output_tokens: int | None = None,
    cached_tokens: int = 0,
    image_size: tuple[int, int] | None = None,
    kind: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of prices, with the names of `gpt41 cost --each`.

    Args:
        as_of: The day whose prices hold: a job that runs past midnight must not change them.
        platform: Where the models are bought.
        model: The model of every request, whatever it names.
        mode: The processing mode of every request, whatever it asks for.
        output_tokens: The length of each answer; None: as long as its request allows, a ceiling.
        cached_tokens: How much of each input is read from the prompt cache.
        image_size: Width and height of pictures behind an address.
        kind: The kind of every request, as `--as` takes it; None: as recognised.
        models: The models of other names, such as Azure deployments.
        pricing: A price table instead of the one that ships.

    Raises UnknownName for an unknown model or platform, TableError for a price table that can't be used.

    """
    asked = {"as_of": as_of, "platform": platform, "model": model, "mode": mode, "image_size": image_size, "kind": kind}
    return make_column("price", pricing, models, assumptions=Assumptions(output_tokens, cached_tokens), **asked)


def sizes(
    *,
    model: str | None = None,
    image_size: tuple[int, int] | None = None,
    kind: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of all that prices and limits depend on.

    Grouped and counted, it is a table of sizes, which `gpt41 cost` and others read as if it were the requests.

    Args:
        model: The model that all requests are counted for, as with `--model`; None: the one that each names.
        image_size: Width and height of pictures behind an address.
        kind: The kind of every request, as `--as` takes it; None: as recognised.
        models: The models of other names, such as Azure deployments.
        pricing: A price table instead of the one that ships.

    Raises UnknownName for an unknown model, TableError for a price table that can't be used.

    """
    return make_column("sizes", pricing, models, model=model, image_size=image_size, kind=kind)


def answers(
    *,
    as_of: date,
    platform: str = "openai",
    model: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of the prices of logged answers, as `gpt41 reconcile` bills each.

    A row is one answer. Answers that are logged twice and the parts of streams are for the engine to join first: they are priced
    twice, and have an error.

    Args:
        as_of: The day whose prices hold for answers without a day of their own.
        platform: Where the models are bought.
        model: The model of answers that name none.
        models: The models of other names, such as Azure deployments.
        pricing: A price table instead of the one that ships.

    Raises UnknownName for an unknown model or platform, TableError for a price table that can't be used.

    """
    return make_column("answers", pricing, models, as_of=as_of, platform=platform, model=model)


def prefixes(
    *,
    model: str | None = None,
    image_size: tuple[int, int] | None = None,
    kind: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of what the prompt cache can hold of each request, and of the `routing` that decides its machine.

    Grouped by `model` and `routing`, it is what `replay` takes. The arguments are those of `sizes`.
    """
    return make_column("prefixes", pricing, models, model=model, image_size=image_size, kind=kind)


def replay(
    *,
    column: str = "gpt41",
    order: str = "number",
    requests_per_minute: int | None = None,
    lifetime_minutes: int | None = None,
    pricing: Path | str | None = None,
) -> ArrowReplay:
    """Return a function from a table to the same table with `cached_tokens`, what each request reads from the prompt cache.

    A table has all requests of one or more groups of a model and a routing. What is returned can be pickled.

    Args:
        column: The column that `prefixes` made.
        order: The column with the number of requests that were sent before each, to any model.
        requests_per_minute: How many are sent per minute; None: as many as one prefix can have on one machine.
        lifetime_minutes: How long a prefix is kept without being read; None: the least that the guide states.
        pricing: A price table instead of the one that ships.

    Raises InputError for a lifetime that no model offers, TableError for a price table that can't be used.

    """
    return ArrowReplay(*read_table(pricing), ReplayOptions(requests_per_minute, lifetime_minutes), column, order)
