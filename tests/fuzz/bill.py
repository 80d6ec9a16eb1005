"""What things cost, written a second time: exact fractions over pricing.yaml as plain YAML, with none of the package's code.

Anything that both get wrong would have to be written down wrong twice.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import yaml

MILLION = 10**6

_TOOLS = {
    "web_searches": ("web_search", "web-search"),
    "web_search_previews": ("web_search_preview", "web-search"),
    "file_searches": ("file_search", "file-search"),
    "container_minutes": ("containers", "code-interpreter"),
    "storage_gb": ("file_storage", "file-search"),
}
"""How often or long a tool is used: its entry in the table, and the ability that a model needs for it."""


class Bill(NamedTuple):
    """The parts of a price in US dollars. `write` is what writing to the cache costs more than other input."""

    uncached: Fraction
    cached: Fraction
    output: Fraction
    write: Fraction = Fraction(0)

    @property
    def total(self) -> Fraction:
        return sum(self, Fraction(0))


class PriceTable:
    """The prices of a table, looked up in the plain values of its YAML, which are texts here."""

    def __init__(self, text: str) -> None:
        self.table = yaml.load(text, Loader=yaml.BaseLoader)
        self.models = self.table["models"]
        self.names = {name: model for model, entry in self.models.items() for name in (*entry["snapshots"], model)}

    def find_model(self, name: str) -> dict[str, Any]:
        """The entry of a model, a snapshot or the model that an ft: id was made from."""
        base = name.split(":")[1] if name.startswith("ft:") else name
        entry: dict[str, Any] = self.models[self.names[base]]
        return entry

    def find_rates(self, name: str, mode: str, platform: str, day: str, *, from_release: bool = False) -> dict[str, Any] | None:
        """The row of prices in force on a day; None if there is none. `from_release`: the first counts from the release on."""
        entry = self.find_model(name)
        rates = entry.get("fine_tuned", {"rates": {}})["rates"] if name.startswith("ft:") else entry["rates"]
        known = rates.get(platform, {}).get(mode, ())
        rows = [row for row in known if row["effective_from"] <= day]
        if not rows and from_release and known and entry["released"] <= day:
            rows = [known[0]]
        return rows[-1] if rows else None

    def answer(self, name: str, output: int) -> int:
        """What a model bills for an answer that the family bills `output` for."""
        return output + int(self.find_model(name)["prompt"].get("added_output_tokens", 0)) if output else 0

    def price(
        self,
        name: str,
        mode: str,
        platform: str,
        day: str,
        input_tokens: int,
        cached: int,
        output: int,
        written: int = 0,
        long_written: int = 0,
        *,
        from_release: bool = False,
    ) -> Bill | None:
        """The price of one request; None if no price is known."""
        row = self.find_rates(name, mode, platform, day, from_release=from_release)
        if row is None:
            return None
        surcharge = self.find_model(name).get("surcharge")
        on_input, on_output = Fraction(1), Fraction(1)
        if surcharge and input_tokens > int(surcharge["above_input_tokens"]):
            on_input, on_output = Fraction(surcharge["input_multiplier"]), Fraction(surcharge["output_multiplier"])
        as_input = Fraction(row["input"]) * on_input
        as_cached = as_input if row["cached_input"] == "null" else Fraction(row["cached_input"]) * on_input
        as_write = Fraction(row["cache_write_30m"]) * on_input if "cache_write_30m" in row else as_input
        as_long_write = Fraction(row["cache_write_12h"]) * on_input if "cache_write_12h" in row else as_write
        return Bill(
            (input_tokens - cached) * as_input / MILLION,
            cached * as_cached / MILLION,
            output * Fraction(row["output"]) * on_output / MILLION,
            ((written - long_written) * as_write + long_written * as_long_write - written * as_input) / MILLION,
        )

    def price_tools(self, name: str, platform: str, day: str, tools: dict[str, int], requests: int) -> Fraction | None:
        """The price of built-in tools besides their tokens; None if one of them has none."""
        table, entry = self.table["tools"], self.find_model(name)
        abilities = {*entry["features"], *entry["tools"], *entry["endpoints"]}
        usd = Fraction(0)
        for used, (field, ability) in _TOOLS.items():
            if not tools.get(used):
                continue
            row = table[field]
            if ability not in abilities or platform not in table["platforms"] or day < row["effective_from"]:
                return None
            if field == "containers":
                minutes = max(tools[used], int(row["minimum_minutes"]))
                usd += Fraction(row["usd_per_20_minutes"][str(tools["container_gb"])]) * minutes * requests / 20
            elif field == "file_storage":
                usd += Fraction(row["usd_per_gb_day"]) * max(tools[used] - int(row["free_gb"]), 0) * tools["storage_days"]
            else:
                usd += Fraction(row["usd_per_1000_calls"]) * tools[used] * requests / 1000
        return usd

    def count_search_tokens(self, name: str, tools: dict[str, int]) -> int:
        """The input tokens that the searches of one request add."""
        fixed = self.table["tools"]["fixed_search_tokens"].get(self.names.get(name, name))
        return tools.get("web_searches", 0) * int(fixed or tools.get("web_search_tokens", 0))
