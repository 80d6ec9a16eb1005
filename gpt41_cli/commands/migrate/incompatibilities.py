"""What breaks when work moves to another model: limits, abilities, refused fields, and rules that aren't published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import RefusedField
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.constraints.refused_fields import _CHAT_ENDPOINT, _describe_refusal, find_refused_fields
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:  # numbers alone need nothing that reads requests
    from gpt41_cli.findings import Place
    from gpt41_cli.totals import Occurrences
    from gpt41_cli.work.sizing import RefusableField, RequestTotals

_FINE_TUNING_ABILITY = "fine-tuning"


class Incompatibility(NamedTuple):
    """One thing that breaks in the move, how serious it is, and the first place in the requests that has it.

    `reason` says why the model would refuse the work, for a sentence that already names the model.
    """

    remark: Finding
    level: Level
    place: Place | None = None
    reason: str = ""

    def make_finding(self, variant: Variant) -> Finding:
        """Make a finding about `variant`."""
        remark = self.remark
        figures = remark.actual, remark.allowed
        return Finding(remark.rule, remark.message, self.level, self.place, *figures, variant.id, names_place=True)


class ModelChange(NamedTuple):
    """The same work at one variant and at another, in some modes. `uses` is None if there are no requests to look into."""

    catalog: Catalog
    from_variant: Variant
    to_variant: Variant
    work: Workload
    modes: Sequence[str]
    uses: RequestTotals | None


def find_incompatibilities(move: ModelChange) -> tuple[Incompatibility, ...]:
    """Find everything in the work, or in what it may become, that breaks in the move; the most serious first."""
    fields = (
        [Incompatibility(remark, Level.NOTICE) for remark in find_refused_fields(move.to_variant)]
        if move.uses is None
        else [*_check_refused_fields(move, move.uses), *_check_efforts(move, move.uses)]
    )
    issues = (*_check_exceeded_limits(move), *fields, *_check_abilities(move), *_check_pictures(move), *_check_lower_limits(move))
    return tuple(sorted(issues, key=lambda issue: -issue.level))


def _check_exceeded_limits(move: ModelChange) -> Iterator[Incompatibility]:
    """Find the new model's limits that the work exceeds."""
    load = move.work.load_on(move.catalog, move.to_variant)
    for remark in dict.fromkeys(
        remark for mode in move.modes for remark in limits.find_exceeded_limits(move.catalog, move.to_variant, mode, load)
    ):
        named = remark._replace(message=f"{move.to_variant.id}: {remark.message}")
        yield Incompatibility(named, Level.ERROR, reason=remark.message)


def _check_lower_limits(move: ModelChange) -> Iterator[Incompatibility]:
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
            yield Incompatibility(
                Finding(rules.SMALLER_LIMIT, text, actual=str(after), allowed=str(before), sources=(new.source,)), Level.NOTICE
            )


def _check_abilities(move: ModelChange) -> Iterator[Incompatibility]:
    """Find today's abilities that the new model lacks or isn't stated to have; those that the work needs first."""
    needs = move.work.needs | ({_FINE_TUNING_ABILITY} if move.from_variant.fine_tuned else frozenset())
    missing = sorted((move.from_variant.model.abilities | needs) - move.to_variant.model.abilities)
    for is_needed in (True, False):
        names = [name for name in missing if (name in needs) is is_needed]
        level = Level.WARNING if is_needed else Level.NOTICE
        who = ", which this work needs" if is_needed else f", which {move.from_variant.id} has"
        lacks = [name for name in names if name in move.to_variant.model.lacks]
        if lacks:
            stated = [move.to_variant.model.lacks[name] for name in lacks]
            unsure = "" if all(lack.confidence == "high" for lack in stated) else " (not all of it with high confidence)"
            text = f"{move.to_variant.id} does not have {', '.join(lacks)}{who}{unsure}"
            sources = tuple(lack.source for lack in stated)
            brief = f"no {', '.join(lacks)}" if is_needed else ""
            yield Incompatibility(Finding(rules.MISSING_ABILITY, text, sources=sources, brief=brief), level)
        unstated = [name for name in names if name not in move.to_variant.model.lacks]
        if unstated:
            text = f"no source of this table says that {move.to_variant.id} has {', '.join(unstated)}{who}"
            brief = f"{', '.join(unstated)} not stated" if is_needed else ""
            yield Incompatibility(
                Finding(rules.UNSTATED_ABILITY, text, sources=(move.to_variant.model.source,), brief=brief), level
            )


def _check_pictures(move: ModelChange) -> Iterator[Incompatibility]:
    """Report pictures if it isn't known how the new model counts them."""
    if first := move.work.find_borrowed_image_rule(move.catalog, move.to_variant):
        images = sum(len(shape.images) * many for shape, many in move.work.shapes.items())
        tokens = sum(shape.text_tokens * many for shape, many in move.work.shapes.items())
        text = (
            f"how {move.to_variant.id} counts pictures is not known: {pluralize(images, 'picture')} counted as {first} does; "
            f"the {pluralize(tokens, 'input token')} without any are a lower bound"
        )
        yield Incompatibility(
            Finding(
                rules.IMAGE_RULE, text, actual=str(tokens), sources=(move.to_variant.model.source,), brief="pictures unknown"
            ),
            Level.WARNING,
        )


def _check_refused_fields(move: ModelChange, uses: RequestTotals) -> Iterator[Incompatibility]:
    """Find refused fields that the requests set, each with its first place."""
    for refusal in move.to_variant.model.refuses:
        used = [places for use, places in uses.places_by_field.items() if _is_rule_applicable(refusal, use, move.to_variant)]
        if not used:
            continue
        text = f"{refusal.parameter} in {_format_use_count(used, uses)}: {_describe_refusal(move.to_variant, refusal, 'it')}"
        if refusal.is_deprecated:
            yield _make_incompatibility(Finding(rules.DEPRECATED_PARAMETER, text, sources=(refusal.source,)), used, Level.NOTICE)
        else:
            yield _make_incompatibility(
                Finding(rules.REFUSED_PARAMETER, text, sources=(refusal.source,), brief=refusal.parameter), used, Level.WARNING
            )


def _check_efforts(move: ModelChange, uses: RequestTotals) -> Iterator[Incompatibility]:
    """Find reasoning efforts that the requests ask for and the new model doesn't have."""
    from gpt41_cli.work.sizing import EFFORT_FIELD

    reasoning = move.to_variant.model.reasoning
    if reasoning is None:
        return
    used = [
        places
        for use, places in uses.places_by_field.items()
        if use.parameter == EFFORT_FIELD and use.effort not in reasoning.efforts
    ]
    if used:
        text = (
            f"{move.to_variant.id} does not have the reasoning effort of {_format_use_count(used, uses)}: it has "
            f"{', '.join(reasoning.efforts)}"
        )
        yield _make_incompatibility(
            Finding(rules.REFUSED_EFFORT, text, sources=(reasoning.source,), brief="refuses the effort"), used, Level.WARNING
        )


def _make_incompatibility(remark: Finding, used: Sequence[Occurrences[Place]], level: Level) -> Incompatibility:
    first = used[0].examples[0]
    return Incompatibility(remark._replace(actual=str(_count_requests(used))), level, first)


def _format_use_count(used: Sequence[Occurrences[Place]], uses: RequestTotals) -> str:
    """Format how many requests use a field, and the place of the first."""
    return f"{format_int(_count_requests(used))} of {pluralize(uses.requests, 'request')}, first {used[0].examples[0].label}"


def _count_requests(used: Sequence[Occurrences[Place]]) -> int:
    return sum(places.count for places in used)


def _is_rule_applicable(rule: RefusedField, use: RefusableField, to: Variant) -> bool:
    """Return True if the rule is about this use. A request that states no effort has the model's default."""
    from gpt41_cli.requests.request import CHAT_ENDPOINT

    is_on_endpoint = rule.endpoint is None or (rule.endpoint == _CHAT_ENDPOINT) is (use.endpoint == CHAT_ENDPOINT)
    default = to.model.reasoning.default_effort if to.model.reasoning else None
    is_refused_at_effort = rule.unless_effort is None or (use.effort or default) != rule.unless_effort
    return use.parameter == rule.parameter and is_on_endpoint and is_refused_at_effort
