"""Find abilities that the requests need and a variant lacks: features, tools, and the context window that a tool leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.display import format_int
from gpt41_cli.findings import Finding
from gpt41_cli.work.workload import PREDICTED_OUTPUTS, VariantLoad, Workload


def find_missing_abilities(catalog: Catalog, variant: Variant, needs: Iterable[str], load: VariantLoad) -> Iterator[Finding]:
    """Yield each need that the variant doesn't meet."""
    model = variant.model
    for need in needs:
        if need not in model.abilities:
            text = f"it has no {need}" if model.role == "family" else f"its source does not list {need}"
            yield Finding(rules.NEEDS, text, sources=(model.source,), brief=f"no {need}")
            continue
        window = catalog.limits.tool_windows.get(need)
        if window and load.find_excess(lambda size: size.input_tokens + size.output_tokens, window.context_window):
            text = f"with {need} a request has a context window of {format_int(window.context_window)} tokens"
            yield Finding(rules.TOOL_WINDOW, text, sources=(window.source,), brief=f"over the window of {need}")


def check_abilities(catalog: Catalog, variant: Variant, work: Workload) -> list[Finding]:
    """Make an error for each ability that the work needs and the variant lacks.

    The lists of the family are complete. Other models are only checked for abilities that were requested explicitly.
    """
    asked = work.terms.tools.needed_abilities | ({PREDICTED_OUTPUTS} if work.terms.accepted_share is not None else frozenset())
    needs = work.needs & (catalog.abilities if variant.model.role == "family" else asked)
    gaps = find_missing_abilities(catalog, variant, sorted(needs), work.load_on(catalog, variant))
    return [gap._replace(message=f"{variant.id}: {gap.message} [{gap.citation}]", subject=variant.id) for gap in gaps]
