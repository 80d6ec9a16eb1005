"""TODO docstring"""

from __future__ import annotations

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import ToolPrices
from gpt41_cli.pricing import ToolUse


def count_search_tokens(catalog: Catalog, variant: Variant, tools: ToolUse) -> int | None:
    """What the web searches of one request add to its input; None where that is not said and the model bills what it is."""
    if not tools.web_searches:
        return 0
    each = count_tokens_per_search(catalog.tools, variant, tools)
    return None if each is None else each * tools.web_searches


def count_tokens_per_search(prices: ToolPrices | None, variant: Variant, tools: ToolUse) -> int | None:
    """What one search adds: a fixed block where the model bills one, else what was said."""
    fixed = prices.fixed_search_tokens.by_model.get(variant.model.id) if prices else None
    return tools.web_search_tokens if fixed is None else fixed
