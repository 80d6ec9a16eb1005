"""The tokens that web searches add to the input."""

from __future__ import annotations

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import ToolPrices
from gpt41_cli.pricing import ToolUse


def count_search_tokens(catalog: Catalog, variant: Variant, tools: ToolUse) -> int | None:
    """Count the tokens that the web searches of one request add; None if that isn't stated and the model bills what they find."""
    if not tools.web_searches:
        return 0
    each = count_tokens_per_search(catalog.tools, variant, tools)
    return None if each is None else each * tools.web_searches


def count_tokens_per_search(prices: ToolPrices | None, variant: Variant, tools: ToolUse) -> int | None:
    """Return what one search adds: a fixed block if the model bills one, else the stated tokens."""
    fixed = prices.fixed_search_tokens.by_model.get(variant.model.id) if prices else None
    return tools.web_search_tokens if fixed is None else fixed
