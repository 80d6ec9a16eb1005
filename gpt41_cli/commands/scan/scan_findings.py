"""Make findings of a scan: a call to a model that is shut down, a call to a model that ends, and places that only mention one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from gpt41_cli import rules
from gpt41_cli.catalog import Market
from gpt41_cli.code.calls import UseKind
from gpt41_cli.code.endings import Ending
from gpt41_cli.code.scan import ScanResult
from gpt41_cli.code.uses import CodeUse, describe_refused
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import pluralize
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level, Rule


def make_scan_findings(
    result: ScanResult, market: Market, ends: Mapping[str, Ending], known: Collection[int], within: timedelta | None
) -> Iterator[Finding]:
    """Yield a finding for each use of a model that ends, except for those whose positions are `known` or that a comment ignores.

    A call to a model that is shut down, or ends `within` that time, is an error; to any other that ends, a warning. Everything
    that isn't a call is a notice, once for each file and model.
    """
    mentions: dict[tuple[str, str], list[CodeUse]] = {}
    for position, use in enumerate(result.uses):
        end = ends.get(use.entry)
        if end is None or use.ignored is not None or position in known:
            continue
        if use.kind is UseKind.CALL:
            yield _make_call_finding(use, market, end, within)
        else:
            mentions.setdefault((use.place.path, use.subject), []).append(use)
    for uses in mentions.values():
        use, end = uses[0], ends[uses[0].entry]
        what = "recorded data" if use.kind is UseKind.DATA else "prose, a comment or a name"
        verb = "are" if end.feature and end.feature.name.endswith("s") else "is"
        message = f"{end.feature.name if end.feature else use.subject} {verb} named in {pluralize(len(uses), 'line')} of {what}"
        yield Finding(_choose_rule(end), message, Level.NOTICE, use.place, subject=use.subject)


def _choose_rule(end: Ending) -> Rule:
    if end.feature:
        return rules.FEATURE_ENDS
    return rules.MODEL_SHUT_DOWN if end.is_over else rules.MODEL_RETIRES


def _make_call_finding(use: CodeUse, market: Market, end: Ending, within: timedelta | None) -> Finding:
    is_soon = end.is_over or (within is not None and end.days <= within.days)
    if end.feature:
        text = lifecycle.describe_feature_end(end.feature.name, end.life, market)
        finding = Finding(rules.FEATURE_ENDS, f"{use.name}: {text}", sources=(end.life.source,))
    elif end.is_over:
        ended = lifecycle.make_shutdown_finding(market.platform, end.life)
        finding = ended._replace(message=f"{use.subject}: {ended.message}")
    else:
        finding = lifecycle.make_retirement_finding(market.catalog.variant(use.subject), end.life, market.as_of)
    refused = describe_refused(use)
    if refused and end.variant:
        finding = finding._replace(message=f"{finding.message}; {end.variant.id} refuses {refused}")
    level = Level.ERROR if is_soon else Level.WARNING
    return finding._replace(level=level, place=use.place, subject=use.subject, actual=str(end.life.shutdown))
