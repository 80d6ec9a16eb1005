"""Group requests that were billed differently than counted, by their traits and by how far they are off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.commands.reconcile.prediction.match import RequestPair, RequestTrait
from gpt41_cli.requests.request import CallTurn, Doubt, Request
from gpt41_cli.rules import SCHEMA_KEYWORD
from gpt41_cli.tokens.doubts.shapes import find_shapes
from gpt41_cli.tokens.pieces import HISTORY, IMAGES, SCHEMA, TEXT, TOOLS

_ONLY_TEXTS = RequestTrait(TEXT, "nothing but texts")


class MissGroup(NamedTuple):
    """Requests that are off by the same `error_tokens` and all have these `traits`, in the order of their files."""

    error_tokens: int
    traits: tuple[RequestTrait, ...]
    pairs: tuple[RequestPair, ...]


def list_traits(request: Request, doubts: Sequence[Doubt]) -> tuple[RequestTrait, ...]:
    """List the properties of a request that may explain a wrong count: its doubts first, then the most special."""
    traits = sorted(_find_traits(request, doubts), key=lambda trait: not trait.is_doubtful)
    return tuple(dict.fromkeys(traits)) or (_ONLY_TEXTS,)


def _find_traits(request: Request, doubts: Sequence[Doubt]) -> Iterator[RequestTrait]:
    shapes = {shape for shape, _ in find_shapes(request)}
    known_rules = {shape.rule for shape in shapes}
    yield from (RequestTrait(doubt.rule.id, doubt.rule.id, True) for doubt in doubts if doubt.rule not in known_rules)
    for shape in sorted(shapes, key=lambda shape: (shape.rule.id, shape.words)):
        evidence = shape.chat if request.is_chat else shape.responses
        if shape.rule is not SCHEMA_KEYWORD or not evidence.is_confirmed:  # nearly all schemas have the confirmed keywords
            yield RequestTrait(shape.rule.id, shape.words, not evidence.is_confirmed)
    if any(not isinstance(turn, CallTurn) and turn.name for turn in request.turns):
        yield RequestTrait("name", "a name on a message")
    calls = [len(turn.calls) for turn in request.turns if isinstance(turn, CallTurn)]
    if any(number > 1 for number in calls):
        yield RequestTrait(HISTORY, "parallel calls and their results")
    elif calls:
        yield RequestTrait(HISTORY, "calls and their results")
    if request.images:
        yield RequestTrait(IMAGES, "pictures")
    if request.response_format:
        yield RequestTrait(SCHEMA, "a structured output")
    if request.functions:
        yield RequestTrait(TOOLS, "declared functions")


def group_misses(pairs: Sequence[RequestPair]) -> list[MissGroup]:
    """Group the pairs that are off, the largest group first.

    Of the requests with the same error, those go together that have the trait which marks them best: the most of them have it,
    and the fewest others do (the Dice coefficient). The group has all traits that mark it as well; if some of these are doubtful,
    it has only them.
    """
    known = Counter(trait for pair in pairs for trait in pair.forecast.traits)
    by_error: dict[int, list[RequestPair]] = {}
    for pair in pairs:
        if pair.error_tokens:
            by_error.setdefault(pair.error_tokens, []).append(pair)
    groups = [group for error, missed in by_error.items() for group in _split_misses(error, missed, known)]
    return sorted(groups, key=lambda group: (-len(group.pairs), -abs(group.error_tokens), group.error_tokens))


def _split_misses(error: int, missed: Sequence[RequestPair], known: Counter[RequestTrait]) -> Iterator[MissGroup]:
    while missed:
        own = Counter(trait for pair in missed for trait in pair.forecast.traits)
        scores = {trait: Fraction(2 * times, known[trait] + len(missed)) for trait, times in own.items()}
        best = max(scores, key=scores.__getitem__, default=None)
        alike = tuple(pair for pair in missed if best is None or best in pair.forecast.traits)
        shared = [
            trait
            for trait, score in scores.items()
            if best and score == scores[best] and all(trait in pair.forecast.traits for pair in alike)
        ]
        yield MissGroup(error, tuple(trait for trait in shared if trait.is_doubtful) or tuple(shared), alike)
        missed = [pair for pair in missed if best is not None and best not in pair.forecast.traits]
