"""Compute what all workloads cost once the models that end soon are replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.commands.check.shared_checks import sum_usd_ranges
from gpt41_cli.constraints import lifecycle
from gpt41_cli.prices.succession import Succession, find_near_succession, price_replacement
from gpt41_cli.workloads.costing import UsdRange
from gpt41_cli.workloads.priced import PricedWorkload


class ReplacedModels(NamedTuple):
    """From the day `ends` on: what follows each model that ends, one for each workload that must move.

    `monthly_usd` is of all workloads, those that stay included, before reasoning tokens if any replacement reasons; its high end
    has the longest answers and all cache writes. It is None if a volume is missing.
    """

    ends: date
    successions: tuple[Succession, ...]
    monthly_usd: UsdRange | None


def find_replaced_models(priced: Sequence[PricedWorkload]) -> ReplacedModels | None:
    """Replace each model that ends soon; None if none does, or one has no replacement with a price."""
    successions: list[Succession] = []
    months: list[UsdRange | None] = []
    for each in priced:
        if not lifecycle.find_near_shutdown(each.market, each.contents.variant):
            months.append(each.cost.monthly_usd and each.cost.monthly_usd.rounded)
            continue
        succession = find_near_succession(each.market, each.contents.variant, each.contents.mode, each.workload)
        if succession is None:
            return None
        successions.append(succession)
        months.append(_price_month(each, succession))
    if not successions:
        return None
    return ReplacedModels(max(each.ends for each in successions), tuple(successions), sum_usd_ranges(months))


def _price_month(priced: PricedWorkload, succession: Succession) -> UsdRange | None:
    cost, replacement = priced.cost, succession.replacement
    if cost.volume is None:
        return None
    mode = replacement.quote.mode
    longest = price_replacement(priced.market, replacement.variant, mode, priced.high_workload) or replacement
    times = Fraction(cost.volume.per_month, cost.requests)
    stored = cost.storage_monthly_usd
    return UsdRange(*(Fraction(usd) * times + stored for usd in (replacement.quote.total_usd, longest.most_usd)))
