"""Has a variant what the requests need: features, tools, and the window that a tool leaves?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.display import format_int
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import PREDICTED_OUTPUTS, VariantLoad, Workload


def find_missing_abilities(catalog: Catalog, variant: Variant, needs: Iterable[str], load: VariantLoad) -> Iterator[Remark]:
    """Each of the needs that the variant does not meet."""
    model = variant.model
    for need in needs:
        if need not in model.abilities:
            text = f"it has no {need}" if model.role == "family" else f"its source does not list {need}"
            yield Remark(rules.NEEDS, text, (model.source,), f"no {need}")
            continue
        window = catalog.limits.tool_windows.get(need)
        if window and load.find_excess(lambda size: size.input_tokens + size.output_tokens, window.context_window):
            text = f"with {need} a request has a context window of {format_int(window.context_window)} tokens"
            yield Remark(rules.TOOL_WINDOW, text, (window.source,), f"over the window of {need}")


def check_abilities(catalog: Catalog, variant: Variant, work: Workload) -> list[Finding]:
    """An error for each thing that the work needs and the variant does not have.

    Of the family the lists are complete; of other models only what was asked for beside the requests is held against them.
    """
    asked = work.terms.tools.needed_abilities | ({PREDICTED_OUTPUTS} if work.terms.accepted_share is not None else frozenset())
    needs = work.needs & (catalog.abilities if variant.model.role == "family" else asked)
    found = find_missing_abilities(catalog, variant, sorted(needs), work.load_on(catalog, variant))
    return [Finding(each.rule, f"{variant.id}: {each.text} [{each.citation}]", Level.ERROR, subject=variant.id) for each in found]
