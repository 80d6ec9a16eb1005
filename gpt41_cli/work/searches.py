"""TODO docstring"""

from __future__ import annotations

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import ToolPrices
from gpt41_cli.pricing import Tools


def found_tokens(catalog: Catalog, variant: Variant, tools: Tools) -> int | None:
    """What the web searches of one request add to its input; None where that is not said and the model bills what it is."""
    if not tools.web_searches:
        return 0
    each = _tokens_of_a_search(catalog.tools, variant, tools)
    return None if each is None else each * tools.web_searches


def _tokens_of_a_search(prices: ToolPrices | None, variant: Variant, tools: Tools) -> int | None:
    """What one search adds: a fixed block where the model bills one, else what was said."""
    fixed = prices.fixed_search_tokens.by_model.get(variant.model.id) if prices else None
    return tools.web_search_tokens if fixed is None else fixed
