"""Model selection and cost estimation for OpenAI's GPT-4.1 family, offline.

The functions behind the command line, for use from Python: `read_catalog` reads the price table, a `Market` is that table on one
platform and day, `workload` describes the work, `estimate` prices it, `recommend` chooses a variant and mode with reasons, `plan`
says how long it takes, `count_tokens` counts a text, and a `Meter` counts a request that `read_request` has read. Everything is
imported on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers know this name; importing typing would cost more than the rest of this file
if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Market, Variant, read_catalog
    from gpt41_cli.catalog.evaluation import read_evaluation
    from gpt41_cli.commands.cost.estimate import Estimate, estimate
    from gpt41_cli.commands.plan.timings import Plan, plan
    from gpt41_cli.commands.recommend.candidates import Wishes
    from gpt41_cli.commands.recommend.choose import Recommendation, recommend
    from gpt41_cli.errors import Gpt41Error, InputError, MissingPrice, TableError, UnknownName
    from gpt41_cli.findings import Finding
    from gpt41_cli.prices.quote import Quote
    from gpt41_cli.pricing import Bill, Rates, Usage, price
    from gpt41_cli.requests.readers import read_request
    from gpt41_cli.rules import Level
    from gpt41_cli.tokens import count as count_tokens
    from gpt41_cli.tokens.meter import Meter
    from gpt41_cli.tokens.pieces import Entry
    from gpt41_cli.work.workload import Workload, workload

__version__ = "0.1.0"

_NAMES_BY_MODULE = {
    "catalog": "Catalog Market Variant read_catalog",
    "catalog.evaluation": "read_evaluation",
    "commands.cost.estimate": "Estimate estimate",
    "commands.plan.timings": "Plan plan",
    "commands.recommend.candidates": "Wishes",
    "commands.recommend.choose": "Recommendation recommend",
    "errors": "Gpt41Error InputError MissingPrice TableError UnknownName",
    "findings": "Finding",
    "prices.quote": "Quote",
    "pricing": "Bill Rates Usage price",
    "requests.readers": "read_request",
    "rules": "Level",
    "tokens": "count_tokens",
    "tokens.meter": "Meter",
    "tokens.pieces": "Entry",
    "work.workload": "Workload workload",
}
_HOME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}

__all__ = [
    "Bill",
    "Catalog",
    "Entry",
    "Estimate",
    "Finding",
    "Gpt41Error",
    "InputError",
    "Level",
    "Market",
    "Meter",
    "MissingPrice",
    "Plan",
    "Quote",
    "Rates",
    "Recommendation",
    "TableError",
    "UnknownName",
    "Usage",
    "Variant",
    "Wishes",
    "Workload",
    "__version__",
    "count_tokens",
    "estimate",
    "plan",
    "price",
    "read_catalog",
    "read_evaluation",
    "read_request",
    "recommend",
    "workload",
]

if not TYPE_CHECKING:  # a type checker would take any name at all for a public one

    def __getattr__(name: str) -> object:
        """Import a public name on its first use."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), "count" if name == "count_tokens" else name)


def __dir__() -> list[str]:
    return sorted(__all__)
