"""Find what breaks when work moves to another model: limits, abilities, refused fields, and rules that aren't published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.constraints import request_limits
from gpt41_cli.constraints.refused_fields import _describe_refusal, find_refused_fields
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.findings import Finding, Place, sort_worst_first
from gpt41_cli.rules import Level
from gpt41_cli.totals import Occurrences
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:  # numbers alone need nothing that reads requests
    from gpt41_cli.work.sizing import RequestTotals

_FINE_TUNING_ABILITY = "fine-tuning"


class ModelChange(NamedTuple):
    """The same work at one variant and at another, in some modes. `uses` is None if there are no requests to look into."""

    catalog: Catalog
    from_variant: Variant
    to_variant: Variant
    work: Workload
    modes: Sequence[str]
    uses: RequestTotals | None


def find_incompatibilities(move: ModelChange) -> tuple[Finding, ...]:
    """Find everything in the work, or in what it may become, that breaks in the move; the most serious first."""
    to = move.to_variant
    if move.uses is None:
        fields = [refused._replace(level=Level.NOTICE) for refused in find_refused_fields(to)]
    else:
        fields = [*_check_refused_fields(move, move.uses), *_check_efforts(move, move.uses)]
    exceeded = request_limits.check_request_limits(move.catalog, to, move.modes, move.work.load_on(move.catalog, to))
    issues = (*exceeded, *fields, *_check_abilities(move), *_check_pictures(move), *_check_lower_limits(move))
    return tuple(issue._replace(subject=to.id, names_place=True) for issue in sort_worst_first(issues))


def _check_lower_limits(move: ModelChange) -> Iterator[Finding]:
    """Find limits that are lower than today's."""
    old, new = move.from_variant.model, move.to_variant.model
    window, new_window = move.from_variant.context_window, move.to_variant.context_window
    pairs = (
        ("takes", "input tokens", old.max_input_tokens or window, new.max_input_tokens or new_window),
        ("gives", "output tokens", old.max_output_tokens, new.max_output_tokens),
    )
    for verb, what, before, after in pairs:
        if before is not None and after is not None and after < before:
            text = f"{move.to_variant.id} {verb} at most {format_int(after)} {what}, {move.from_variant.id} {format_int(before)}"
            yield Finding(rules.SMALLER_LIMIT, text, actual=str(after), allowed=str(before), sources=(new.source,))


def _check_abilities(move: ModelChange) -> Iterator[Finding]:
    """Find today's abilities that the new model lacks or isn't stated to have; those that the work needs come first."""
    needs = move.work.needs | ({_FINE_TUNING_ABILITY} if move.from_variant.fine_tuned else frozenset())
    missing = sorted((move.from_variant.model.abilities | needs) - move.to_variant.model.abilities)
    for is_needed in (True, False):
        names = [name for name in missing if (name in needs) is is_needed]
        level = Level.WARNING if is_needed else Level.NOTICE
        who = ", which this work needs" if is_needed else f", which {move.from_variant.id} has"
        lacks = [name for name in names if name in move.to_variant.model.lacks]
        if lacks:
            stated = [move.to_variant.model.lacks[name] for name in lacks]
            unsure = "" if all(lack.confidence == "high" for lack in stated) else " (some of this is uncertain)"
            text = f"{move.to_variant.id} does not have {', '.join(lacks)}{who}{unsure}"
            sources = tuple(lack.source for lack in stated)
            brief = f"no {', '.join(lacks)}" if is_needed else ""
            yield Finding(rules.MISSING_ABILITY, text, level, sources=sources, brief=brief)
        unstated = [name for name in names if name not in move.to_variant.model.lacks]
        if unstated:
            text = f"not confirmed for {move.to_variant.id}: {', '.join(unstated)}{who}"
            brief = f"{', '.join(unstated)} not confirmed" if is_needed else ""
            yield Finding(rules.UNSTATED_ABILITY, text, level, sources=(move.to_variant.model.source,), brief=brief)


def _check_pictures(move: ModelChange) -> Iterator[Finding]:
    """Report pictures if it isn't known how the new model counts them."""
    if first := move.work.find_borrowed_image_rule(move.catalog, move.to_variant):
        images = sum(len(shape.images) * many for shape, many in move.work.shapes.items())
        tokens = sum(shape.text_tokens * many for shape, many in move.work.shapes.items())
        counted = f"{pluralize(images, 'picture')} counted as {first} does"
        least = f"the {pluralize(tokens, 'input token')} without pictures are a lower bound"
        text = f"how {move.to_variant.id} counts pictures is not known: {counted}; {least}"
        sources = (move.to_variant.model.source,)
        yield Finding(rules.IMAGE_RULE, text, actual=str(tokens), sources=sources, brief="pictures unknown")


def _check_refused_fields(move: ModelChange, uses: RequestTotals) -> Iterator[Finding]:
    """Find refused fields that the requests set, each with its first place."""
    from gpt41_cli.work.refused_settings import is_refused

    for refusal in move.to_variant.model.refuses:
        used = [places for use, places in uses.places_by_field.items() if is_refused(refusal, use, move.to_variant)]
        if not used:
            continue
        text = f"{refusal.parameter} in {_format_use_count(used, uses)}: {_describe_refusal(move.to_variant, refusal, 'it')}"
        rule = rules.DEPRECATED_PARAMETER if refusal.is_deprecated else rules.REFUSED_PARAMETER
        yield _locate_first(Finding(rule, text, sources=(refusal.source,), brief=refusal.parameter), used)


def _check_efforts(move: ModelChange, uses: RequestTotals) -> Iterator[Finding]:
    """Find reasoning efforts that the requests ask for and the new model doesn't have."""
    from gpt41_cli.work.refused_settings import EFFORT_FIELD

    reasoning = move.to_variant.model.reasoning
    if reasoning is None:
        return
    efforts = {use: places for use, places in uses.places_by_field.items() if use.parameter == EFFORT_FIELD}
    used = [places for use, places in efforts.items() if use.effort not in reasoning.efforts]
    if used:
        lacks = f"{move.to_variant.id} does not have the reasoning effort of {_format_use_count(used, uses)}"
        text = f"{lacks}: it has {', '.join(reasoning.efforts)}"
        yield _locate_first(Finding(rules.REFUSED_EFFORT, text, sources=(reasoning.source,), brief="refuses the effort"), used)


def _locate_first(finding: Finding, used: Sequence[Occurrences[Place]]) -> Finding:
    """Add how many requests use a field, and the place of the first."""
    return finding._replace(actual=str(_count_requests(used)), place=used[0].examples[0])


def _format_use_count(used: Sequence[Occurrences[Place]], uses: RequestTotals) -> str:
    """Format how many requests use a field, and the place of the first."""
    return f"{format_int(_count_requests(used))} of {pluralize(uses.requests, 'request')}, first {used[0].examples[0].label}"


def _count_requests(used: Sequence[Occurrences[Place]]) -> int:
    return sum(places.count for places in used)
