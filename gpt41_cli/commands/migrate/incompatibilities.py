"""What breaks when work moves to another model: limits, abilities, fields of requests that it refuses, rules nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Refusal
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.constraints.refused_fields import _CHAT, _verdict, refusals
from gpt41_cli.display import number, plural
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:  # numbers need nothing that reads requests
    from gpt41_cli.work.sizing import Use, Used, Uses

_FINE_TUNING = "fine-tuning"


class Break(NamedTuple):
    """One thing that does not move along, how much that weighs, and where the requests do it first."""

    remark: Remark
    level: Level
    location: Location | None = None

    def finding(self, variant: Variant) -> Finding:
        """The same as a finding about that variant."""
        remark = self.remark
        return Finding(remark.rule, self.level, remark.text, self.location, remark.actual, remark.allowed, variant.id)


class Move(NamedTuple):
    """The same work, from one variant to another, in some modes. `uses` None: there are no requests to look into."""

    catalog: Catalog
    leaving: Variant
    to: Variant
    work: Workload
    modes: Sequence[str]
    uses: Uses | None


def breaks(move: Move) -> tuple[Break, ...]:
    """Everything of the work, or of what it may become, that does not move along; what weighs most first."""
    fields = (
        [Break(remark, Level.NOTICE) for remark in refusals(move.to)]
        if move.uses is None
        else [*_refused(move, move.uses), *_efforts(move, move.uses)]
    )
    found = (*_over(move), *fields, *_abilities(move), *_pictures(move), *_limits(move))
    return tuple(sorted(found, key=lambda each: -each.level))


def _over(move: Move) -> Iterator[Break]:
    """Limits that the work itself is over."""
    load = move.work.on(move.catalog, move.to)
    for remark in dict.fromkeys(each for mode in move.modes for each in limits.exceeded(move.catalog, move.to, mode, load)):
        yield Break(remark._replace(text=f"{move.to.id}: {remark.text}"), Level.ERROR)


def _limits(move: Move) -> Iterator[Break]:
    """Limits that are lower than those of today."""
    old, new = move.leaving.model, move.to.model
    window, new_window = move.leaving.context_window, move.to.context_window
    pairs = (
        ("takes", "input tokens", old.max_input_tokens or window, new.max_input_tokens or new_window),
        ("gives", "output tokens", old.max_output_tokens, new.max_output_tokens),
    )
    for verb, what, before, after in pairs:
        if before is not None and after is not None and after < before:
            text = f"{move.to.id} {verb} at most {number(after)} {what}, {move.leaving.id} {number(before)}"
            yield Break(Remark("smaller-limit", text, (new.source,), "", str(after), str(before)), Level.NOTICE)


def _abilities(move: Move) -> Iterator[Break]:
    """What the variant of today has and the other is stated not to have, or not stated to have; what the work needs apart."""
    needs = move.work.needs | ({_FINE_TUNING} if move.leaving.fine_tuned else frozenset())
    missing = sorted((move.leaving.model.abilities | needs) - move.to.model.abilities)
    for is_needed in (True, False):
        names = [name for name in missing if (name in needs) is is_needed]
        level = Level.WARNING if is_needed else Level.NOTICE
        who = ", which this work needs" if is_needed else f", which {move.leaving.id} has"
        lacks = [name for name in names if name in move.to.model.lacks]
        if lacks:
            stated = [move.to.model.lacks[name] for name in lacks]
            unsure = "" if all(each.confidence == "high" for each in stated) else " (not all of it with high confidence)"
            text = f"{move.to.id} does not have {', '.join(lacks)}{who}{unsure}"
            sources = tuple(each.source for each in stated)
            brief = f"no {', '.join(lacks)}" if is_needed else ""
            yield Break(Remark("missing-ability", text, sources, brief), level)
        unstated = [name for name in names if name not in move.to.model.lacks]
        if unstated:
            text = f"no source of this table says that {move.to.id} has {', '.join(unstated)}{who}"
            brief = f"{', '.join(unstated)} not stated" if is_needed else ""
            yield Break(Remark("unstated-ability", text, (move.to.model.source,), brief), level)


def _pictures(move: Move) -> Iterator[Break]:
    """Pictures that nobody knows how to count."""
    if first := move.work.borrowed_image_rule(move.catalog, move.to):
        images = sum(len(shape.images) * many for shape, many in move.work.shapes.items())
        tokens = sum(shape.text_tokens * many for shape, many in move.work.shapes.items())
        text = (
            f"how {move.to.id} counts pictures is not known: {plural(images, 'picture')} counted as {first} does; "
            f"the {plural(tokens, 'input token')} without any are a lower bound"
        )
        yield Break(Remark("image-rule", text, (move.to.model.source,), "pictures unknown", str(tokens)), Level.WARNING)


def _refused(move: Move, uses: Uses) -> Iterator[Break]:
    """The same of what requests do set, each with the first place."""
    for refusal in move.to.model.refuses:
        used = [each for use, each in uses.found.items() if _applies(refusal, use, move.to)]
        if not used:
            continue
        text = f"{refusal.parameter} in {_many(used, uses)}: {_verdict(move.to, refusal, 'it')}"
        if refusal.is_deprecated:
            yield _used(Remark("deprecated-parameter", text, (refusal.source,)), used, Level.NOTICE)
        else:
            yield _used(Remark("refused-parameter", text, (refusal.source,), refusal.parameter), used, Level.WARNING)


def _efforts(move: Move, uses: Uses) -> Iterator[Break]:
    """Reasoning efforts that requests ask for and the model does not have."""
    from gpt41_cli.work.sizing import EFFORT

    reasoning = move.to.model.reasoning
    if reasoning is None:
        return
    used = [each for use, each in uses.found.items() if use.parameter == EFFORT and use.effort not in reasoning.efforts]
    if used:
        text = f"{move.to.id} does not have the reasoning effort of {_many(used, uses)}: it has {', '.join(reasoning.efforts)}"
        yield _used(Remark("refused-effort", text, (reasoning.source,), "refuses the effort"), used, Level.WARNING)


def _used(remark: Remark, used: Sequence[Used], level: Level) -> Break:
    first = used[0].first
    return Break(remark._replace(actual=str(_sum(used))), level, Location(first.path, first.line))


def _many(used: Sequence[Used], uses: Uses) -> str:
    """How many requests do so, and the place of the first."""
    return f"{number(_sum(used))} of {plural(uses.requests, 'request')}, first {used[0].first.label}"


def _sum(used: Sequence[Used]) -> int:
    return sum(each.requests for each in used)


def _applies(rule: Refusal, use: Use, to: Variant) -> bool:
    """Whether a rule is about that use; an effort that a request does not say is the model's default."""
    from gpt41_cli.requests.request import CHAT

    is_there = rule.endpoint is None or (rule.endpoint == _CHAT) is (use.endpoint == CHAT)
    default = to.model.reasoning.default_effort if to.model.reasoning else None
    is_told = rule.unless_effort is None or (use.effort or default) != rule.unless_effort
    return use.parameter == rule.parameter and is_there and is_told
