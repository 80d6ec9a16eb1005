"""Compare gpt41.yaml with the code that it names: find models that only one of the two has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.code.uses import CodeUse
from gpt41_cli.commands.check.shared_checks import SharedFinding
from gpt41_cli.config.tables import Config
from gpt41_cli.display import format_int
from gpt41_cli.findings import Finding
from gpt41_cli.workloads.code_calls import CodeCalls, get_declared_model
from gpt41_cli.workloads.priced import PricedWorkload


def check_code(config: Config, calls: CodeCalls, priced: Sequence[PricedWorkload], catalog: Catalog) -> Iterator[SharedFinding]:
    """Find the models that the code calls and no workload declares, and the workloads whose model the code doesn't call.

    A call with a comment `gpt41: ignore` needs no workload.
    """
    declared = {each.declaration.name: get_declared_model(catalog, each) for each in priced}
    by_model: dict[str, list[CodeUse]] = {}
    for use in calls.uses:
        by_model.setdefault(use.subject, []).append(use)
    for model, uses in by_model.items():
        unknown = [use for use in uses if use.ignored is None]
        if unknown and model not in declared.values():
            more = f" and {format_int(len(unknown) - 1)} more" if len(unknown) > 1 else ""
            verb = "call" if more else "calls"
            text = f"{unknown[0].place.label}{more} {verb} {model}, which no workload declares"
            yield SharedFinding(Finding(rules.CODE_UNDECLARED, text, place=unknown[0].place, subject=model, names_place=True), ())
    for each in priced:
        name = each.declaration.name
        if declared[name] not in by_model:
            text = f"{name}: {declared[name]} is called nowhere in {', '.join(config.code)}"
            yield SharedFinding(Finding(rules.CODE_UNUSED, text, place=each.declaration.locate("model"), subject=name), (name,))
