"""What a scan found, as findings: a call of a model that is shut down, one of a model that ends, and what only mentions one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from gpt41_cli import rules
from gpt41_cli.catalog import Market
from gpt41_cli.code.calls import UseKind
from gpt41_cli.code.scan import Ending, ModelUse, ScanResult
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import pluralize
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level


def make_scan_findings(
    result: ScanResult, market: Market, ends: Mapping[str, Ending], known: Collection[int], within: timedelta | None
) -> Iterator[Finding]:
    """Yield a finding for each use of a model that ends, except for those whose positions are `known` or that a comment ignores.

    A call of a model that is shut down, or ends `within` that time, is an error; of any other that ends, a warning. Everything
    that isn't a call is a notice, once for each file and model.
    """
    mentions: dict[tuple[str, str], list[ModelUse]] = {}
    for position, use in enumerate(result.uses):
        end = ends.get(use.variant.model.id)
        if end is None or use.ignored is not None or position in known:
            continue
        if use.kind is UseKind.CALL:
            yield _make_call_finding(use, market, end, within)
        else:
            mentions.setdefault((use.place.path, use.variant.id), []).append(use)
    for uses in mentions.values():
        end = ends[uses[0].variant.model.id]
        rule = rules.MODEL_SHUT_DOWN if end.is_over else rules.MODEL_RETIRES
        what = "recorded data" if uses[0].kind is UseKind.DATA else "prose, a comment or a name"
        message = f"{uses[0].variant.id} is named in {pluralize(len(uses), 'line')} of {what}"
        yield Finding(rule, message, Level.NOTICE, uses[0].place, subject=uses[0].variant.id)


def _make_call_finding(use: ModelUse, market: Market, end: Ending, within: timedelta | None) -> Finding:
    if end.is_over:
        ended = lifecycle.make_shutdown_finding(market.platform, end.life)
        finding = ended._replace(message=f"{use.variant.id}: {ended.message}", level=Level.ERROR)
    else:
        finding = lifecycle.make_retirement_finding(use.variant, end.life, market.as_of)
        if within is not None and end.days <= within.days:
            finding = finding._replace(level=Level.ERROR)
    refused = describe_refused(use)
    if refused and end.variant:
        finding = finding._replace(message=f"{finding.message}; {end.variant.id} refuses {refused}")
    return finding._replace(place=use.place, subject=use.variant.id, actual=str(end.life.shutdown))


def describe_refused(use: ModelUse) -> str:
    """Name the parameters that the replacement refuses, each with its line unless it is that of the model."""
    return ", ".join(
        parameter.name + f" (line {parameter.line})" * (parameter.line != use.place.line) for parameter in use.parameters
    )
