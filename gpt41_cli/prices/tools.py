"""Price built-in tools: calls, minutes and storage, each as a separate charge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer
from gpt41_cli.catalog.tables import ContainerPrices, FileStoragePrice, ToolCallPrice, ToolPrices
from gpt41_cli.display import format_int, format_rate, pluralize
from gpt41_cli.errors import MissingPrice
from gpt41_cli.findings import Citation
from gpt41_cli.pricing import EXACT, ToolUse, sum_usd

_PER_THOUSAND_EXPONENT = -3


class ToolCharge(NamedTuple):
    """One charge besides tokens, under the `name` of its field in ToolUse.

    `usd` is the exact price of all `units`; `text` names it with its price, and `note` has remarks on it.
    """

    name: str
    units: int
    usd: Decimal
    text: str
    source: Citation
    note: str | None = None


def price_tools(offer: Offer, tools: ToolUse, requests: int) -> tuple[ToolCharge, ...]:
    """Price the tools of `requests` requests, without tokens. The price is the same in every mode: discounts are on tokens.

    Raises MissingPrice if the table has no price for the platform, day or size, or the model doesn't have the tool.
    """
    wanted = tools.needed_abilities
    if not wanted:
        return ()
    model, catalog, platform = offer.variant.model, offer.market.catalog, offer.market.platform
    lacking = sorted(wanted - model.abilities)
    prices, missing = catalog.tools, f"no price is known for {', '.join(lacking or sorted(wanted))} with {offer.variant.id}"
    if lacking:
        says = "it does not have it" if model.role == "family" else "its source does not list it"
        raise MissingPrice(problem=f"{missing}: {says} [{model.source.label}]")
    if prices is None:
        raise MissingPrice(problem=f"{missing}: {catalog.file} has no section tools")
    if platform.id not in prices.platforms:
        raise MissingPrice(problem=f"{missing} on {platform.id}: {catalog.file} has one on {', '.join(prices.platforms)}")
    return tuple(_list_charges(prices, tools, requests, offer))


def price_storage_per_day(offer: Offer, tools: ToolUse) -> Decimal:
    """Price a day of storage for file search, exactly. Raises MissingPrice if the table has no price."""
    stored = price_tools(offer, ToolUse(storage_gb=tools.storage_gb, storage_days=1), 0)
    return sum_usd(charge.usd for charge in stored)


def _list_charges(prices: ToolPrices, tools: ToolUse, requests: int, offer: Offer) -> Iterator[ToolCharge]:
    as_of, tokens = offer.market.as_of, offer.market.catalog.count_tokens_per_search(offer.variant, tools)
    for charge in _charge_calls("web_searches", "web search", tools.web_searches * requests, prices.web_search, as_of):
        yield charge._replace(text=f"{charge.text}, plus {format_int(tokens)} input tokens each") if tokens else charge
    previews = tools.web_search_previews * requests
    yield from _charge_calls("web_search_previews", "web search preview", previews, prices.web_search_preview, as_of)
    yield from _charge_calls("file_searches", "file search", tools.file_searches * requests, prices.file_search, as_of)
    if tools.container_minutes:
        yield _charge_containers(prices.containers, tools, requests, as_of)
    if tools.storage_gb and tools.storage_days:
        yield _charge_storage(prices.file_storage, tools, as_of)


def _charge_calls(name: str, noun: str, calls: int, price: ToolCallPrice, as_of: date) -> Iterator[ToolCharge]:
    if calls:
        _require_known_price(noun, price.effective_from, as_of)
        usd = EXACT.scaleb(EXACT.multiply(Decimal(calls), price.usd_per_1000_calls), _PER_THOUSAND_EXPONENT)
        text = f"{pluralize(calls, f'{noun} call')} at {format_rate(price.usd_per_1000_calls)} for 1,000"
        yield ToolCharge(name, calls, usd, text, price.source, price.note)


def _charge_containers(price: ContainerPrices, tools: ToolUse, requests: int, as_of: date) -> ToolCharge:
    _require_known_price("code containers", price.effective_from, as_of)
    usd_per_20 = price.usd_per_20_minutes.get(tools.container_gb)
    if usd_per_20 is None:
        sizes = ", ".join(map(str, price.usd_per_20_minutes))
        raise MissingPrice(problem=f"no price is known for a container of {tools.container_gb} GB: the table has {sizes} GB")
    minutes = max(tools.container_minutes, price.minimum_minutes)
    usd = EXACT.multiply(Decimal(minutes * requests), EXACT.divide(usd_per_20, Decimal(20)))
    least = ", the least that is billed" if minutes > tools.container_minutes else ""
    text = (
        f"{pluralize(requests, 'container')} of {tools.container_gb} GB for {pluralize(minutes, 'minute')}{least}, "
        f"at {format_rate(usd_per_20)} for 20 minutes"
    )
    return ToolCharge("container_minutes", minutes * requests, usd, text, price.source, price.note)


def _charge_storage(price: FileStoragePrice, tools: ToolUse, as_of: date) -> ToolCharge:
    _require_known_price("file storage", price.effective_from, as_of)
    billed = max(tools.storage_gb - price.free_gb, 0)
    usd = EXACT.multiply(Decimal(billed * tools.storage_days), price.usd_per_gb_day)
    text = (
        f"{format_int(billed)} of the {format_int(tools.storage_gb)} GB stored, for {pluralize(tools.storage_days, 'day')} "
        f"at {format_rate(price.usd_per_gb_day)} per GB and day"
    )
    return ToolCharge("storage_gb", tools.storage_gb, usd, text, price.source, price.note)


def _require_known_price(what: str, effective_from: date, as_of: date) -> None:
    if as_of < effective_from:
        raise MissingPrice(problem=f"no price is known for {what} on {as_of}: the first known one is of {effective_from}")
