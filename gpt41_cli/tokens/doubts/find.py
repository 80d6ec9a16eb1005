"""Find the doubts about a count: what nobody outside OpenAI can know, and the shapes that recorded bills don't confirm."""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.catalog.tables import Model, PatchRule
from gpt41_cli.requests.request import ANIMATED_PICTURE, ORIGINAL_DETAIL, CallTurn, Doubt, Request
from gpt41_cli.rules import Effect
from gpt41_cli.tokens.doubts.shapes import find_shapes
from gpt41_cli.tokens.generations import FAMILY


def find_doubts(request: Request, model: Model | None, *, is_named: bool = True) -> list[Doubt]:
    """List the reasons not to call the count of `request` exact for `model`.

    `model` is None if the price table doesn't have it. A request that names no model isn't doubted for that.
    """
    doubts = [*request.doubts]
    if is_named and (model is None or not model.prompt.confirmed):
        doubts.append(_make_model_doubt(model, request))
    if request.images:
        doubts += _find_image_doubts(request, model)
    for shape, path in find_shapes(request):
        evidence = shape.chat if request.is_chat else shape.responses
        if not evidence.is_confirmed:
            doubts.append(Doubt(shape.rule, path, evidence.describe(shape.words)))
    return doubts


def _make_model_doubt(model: Model | None, request: Request) -> Doubt:
    """Doubt a model that the rules weren't found on. A reasoning model may keep its reasoning for earlier answers, which isn't
    counted. One that the table doesn't have may count more or less.
    """
    if model is None:
        message = "this model isn't in the price table, and its tokenizer may differ: it is counted by the family's rules"
        return Doubt(rules.UNLISTED_MODEL, "model", message)
    keeps_reasoning = model.reasoning and any(isinstance(turn, CallTurn) or turn.role == "assistant" for turn in request.turns)
    if keeps_reasoning:
        unknown = "no recordings confirm the rules for this model, and what it keeps of its reasoning is not counted"
    else:
        unknown = "no recordings confirm the rules for this model"
    rules_of = "the GPT-4.1 family" if model.prompt.generation == FAMILY.name else "the GPT-5 generation"
    effect = Effect.AT_LEAST if keeps_reasoning else Effect.INEXACT
    return Doubt(rules.MODEL, "model", f"{unknown}: it is counted by the rules of {rules_of}", effect)


def _find_image_doubts(request: Request, model: Model | None) -> Iterator[Doubt]:
    """Doubt pictures unless their size is known and their detail automatic. Models that count patches are confirmed in one
    endpoint.
    """
    for image in request.images:
        is_any_size = image.detail == "low" and model and model.images and model.images.low_detail_tokens is not None
        if image.width is None and not is_any_size:
            yield Doubt(
                rules.IMAGE_SIZE, image.path, "the size of this picture is not known: it counts as the most expensive one"
            )
        if image.is_animated:
            yield Doubt(rules.IMAGE_ANIMATED, image.path, ANIMATED_PICTURE)
        if image.detail == ORIGINAL_DETAIL:
            unknown = "what a picture of original detail costs is not known: it counts as one of high detail, which may be less"
            yield Doubt(rules.IMAGE_DETAIL, image.path, unknown, Effect.AT_LEAST)
        elif image.detail != "auto":
            yield Doubt(rules.IMAGE_DETAIL, image.path, f"no recordings confirm pictures of {image.detail} detail")
        if image.is_in_result:
            yield Doubt(rules.IMAGE_IN_RESULT, image.path, "a picture in a tool result has been seen to count less")
        if model and model.images is None:
            yield Doubt(
                rules.IMAGE_RULE,
                image.path,
                "how this model counts pictures is not known: they are counted as the first model of its generation counts them",
            )
        if model and isinstance(model.images, PatchRule) and model.images.extra_tokens > 1:
            yield Doubt(rules.IMAGE_PATCHES, image.path, "pictures have not always counted the same on this model")
