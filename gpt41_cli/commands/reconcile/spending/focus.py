"""Write a bill in the form of FOCUS: a row per day, project, model, mode and kind of tokens or calls, in the columns of
`views/focus.py`.

What a row costs is its quantity at a unit price, exactly: `ListCost` at the price table that ships, the other costs at the prices
that are paid, which overrides may change. OpenAI publishes no identifiers of what it sells, so `SkuId` and `SkuPriceId` have the
form of the line items of its costs, such as "MODEL, cached input" and "batch | MODEL, cached input".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import MODES, Offer, read_catalog
from gpt41_cli.commands.reconcile.charge import Charge
from gpt41_cli.commands.reconcile.invoice.expected import CostKey, ExpectedCosts
from gpt41_cli.display import format_money, pluralize
from gpt41_cli.errors import InputError
from gpt41_cli.findings import Finding
from gpt41_cli.prices.tools import price_tools
from gpt41_cli.pricing import EXACT, ToolUse
from gpt41_cli.reports import Json, Report

_ITEMS = {"input": "input", "cached": "cached input", "output": "output", "written": "cache writes"}
_CALLS = {
    "web_searches": "web search calls",
    "web_search_previews": "web search preview calls",
    "file_searches": "file search calls",
}


class _Item(NamedTuple):
    """What one price is for: `quantity` of `unit`, priced per `scale` of them. `tier` is what else the price depends on."""

    name: str
    quantity: int
    unit: str
    scale: int
    list_price: Decimal
    price: Decimal
    tier: str = ""


def add_focus_rows(report: Report, expected: ExpectedCosts, account: str | None) -> Report:
    """Add the rows to the report on a bill. `account` is the billing account of answers whose log names no organization.

    Raises InputError if an answer has no billing account. Answers without a known day are an error in the report, because FOCUS
    has no place for them.
    """
    findings = report.findings
    if expected.undated:
        what = f"{pluralize(expected.undated, 'answer')} without a known day ({format_money(expected.undated_usd)})"
        findings = (*findings, Finding(rules.FOCUS_DAY, f"{what} left out: FOCUS asks for the day of every charge"))
    charges = sorted(expected.charges.items(), key=lambda item: tuple(part or "" for part in map(str, item[0])))
    rows = [row for key, charge in charges for row in _make_rows(key, charge, account)]
    return report._replace(findings=findings, focus_rows=tuple(rows))


def _make_rows(key: CostKey, charge: Charge, account: str | None) -> Iterator[Mapping[str, Json]]:
    account = key.organization or (account or "").strip()
    if not account:
        expected = "the id of the account that pays, as the logs name no organization and FOCUS asks for it in every row"
        raise InputError("--billing-account", expected, "none")
    for item in (*_list_token_items(charge), *_list_tool_items(charge)):
        yield _make_row(key, charge.offer, item, account)


def _list_token_items(charge: Charge) -> Iterator[_Item]:
    listed = charge.used.list_priced_tokens(_find_list_offer(charge.offer))
    for part, at_list in zip(charge.used.list_priced_tokens(charge.offer), listed, strict=True):
        if part.tokens:
            tier = ", long context" * part.is_long + ", 12 hours" * part.is_long_write
            prices = at_list.usd_per_million, part.usd_per_million
            yield _Item(_ITEMS[part.direction], part.tokens, "Tokens", 1_000_000, *prices, tier)


def _find_list_offer(offer: Offer) -> Offer:
    """Find the same offer in the price table that ships; the offer itself if that doesn't have the model."""
    if offer.market.catalog.overlay is None:
        return offer
    catalog = read_catalog()
    variant = catalog.find_variant(offer.variant.id)
    rows = variant.rate_table.get(offer.market.platform.id, {}).get(offer.mode) if variant else None
    if variant is None or not rows:
        return offer
    known = [row for row in rows if row.effective_from <= offer.market.as_of]
    return Offer(offer.market._replace(catalog=catalog), variant, offer.mode, known[-1] if known else rows[0])


def _list_tool_items(charge: Charge) -> Iterator[_Item]:
    calls = ToolUse(**+charge.tool_calls)
    for tool in price_tools(charge.offer, calls, 1):
        price = EXACT.divide(EXACT.multiply(tool.usd, Decimal(1000)), Decimal(tool.units))
        yield _Item(_CALLS[tool.name], tool.units, "Calls", 1000, price, price)


def _make_row(key: CostKey, offer: Offer, item: _Item, account: str) -> Mapping[str, Json]:
    platform, mode = offer.market.platform, key.mode
    quantity = EXACT.divide(Decimal(item.quantity), Decimal(item.scale))
    cost = EXACT.multiply(quantity, item.price)
    sku = f"{key.model}, {item.name}"
    month = key.day.replace(day=1)
    return {
        "BilledCost": cost,
        "BillingAccountId": account,
        "BillingCurrency": offer.market.catalog.currency,
        "BillingPeriodEnd": _format_time(_add_days(month, 31).replace(day=1)),
        "BillingPeriodStart": _format_time(month),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{sku} in {mode}{item.tier}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": _format_time(_add_days(key.day, 1)),
        "ChargePeriodStart": _format_time(key.day),
        "ConsumedQuantity": item.quantity,
        "ConsumedUnit": item.unit,
        "ContractedCost": cost,
        "ContractedUnitPrice": item.price,
        "EffectiveCost": cost,
        "InvoiceIssuerName": platform.provider_name,
        "ListCost": EXACT.multiply(quantity, item.list_price),
        "ListUnitPrice": item.list_price,
        "PricingCategory": "Standard",
        "PricingQuantity": quantity,
        "PricingUnit": f"{item.scale} {item.unit}",
        "ProviderName": platform.provider_name,
        "PublisherName": platform.provider_name,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": platform.name,
        "ServiceSubcategory": "Generative AI",
        "SkuId": sku,
        "SkuMeter": f"{item.name} tokens".title() if item.unit == "Tokens" else item.name.title(),
        "SkuPriceDetails": json.dumps({"x_Model": key.model, "x_Mode": mode}),
        "SkuPriceId": f"{mode} | {sku}{item.tier}" if mode != MODES[0] else f"{sku}{item.tier}",
        "SubAccountId": key.project,
        "SubAccountName": key.project,
    }


def _add_days(day: date, days: int) -> date:
    """Return a later day, or the last possible one."""
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def _format_time(day: date) -> str:
    return f"{day}T00:00:00Z"
