"""Find the fields of a request that a model refuses, according to the price table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Variant
from gpt41_cli.catalog.tables import RefusedField
from gpt41_cli.files.fields import join_path
from gpt41_cli.findings import Finding
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.requests.request import CHAT_ENDPOINT, Request
from gpt41_cli.rules import Level


class RefusableField(NamedTuple):
    """A field that a request sets and that some model of the table refuses, with the endpoint and the reasoning effort.

    `effort` is None if the request sets none, OTHER if no model of the table has it.
    """

    parameter: str
    endpoint: str
    effort: str | None


OTHER_EFFORT = "another"
EFFORT_FIELD = "reasoning_effort"
"""The field of an effort, whatever an endpoint calls it."""


_CHAT = "chat-completions"
_REASONING_FIELDS = ("reasoning", "reasoning_effort")


def find_refusable_fields(request: Request, refusable: frozenset[str], efforts: frozenset[str]) -> Iterator[RefusableField]:
    """Yield the fields that a request sets among those that some model refuses; `efforts` are those that some model has."""
    effort = request.reasoning_effort
    known = effort if effort is None or effort in efforts else OTHER_EFFORT
    for parameter in request.set_fields & refusable:
        yield RefusableField(parameter, request.endpoint, known)
    if effort is not None:
        yield RefusableField(EFFORT_FIELD, request.endpoint, known)


def is_refused(rule: RefusedField, use: RefusableField, variant: Variant) -> bool:
    """Return True if the rule of a model is about this use. A request that states no effort has the model's default."""
    is_on_endpoint = rule.endpoint is None or (rule.endpoint == _CHAT) is (use.endpoint == CHAT_ENDPOINT)
    default = variant.model.reasoning.default_effort if variant.model.reasoning else None
    is_refused_at_effort = rule.unless_effort is None or (use.effort or default) != rule.unless_effort
    return use.parameter == rule.parameter and is_on_endpoint and is_refused_at_effort


def find_refused_settings(uses: Sequence[RefusableField], variant: Variant, sent: ParsedRequest) -> Iterator[Finding]:
    """Yield the settings that a request's model refuses: an error if that is certain. A model that doesn't reason refuses all
    settings about reasoning: "Unsupported parameter: 'reasoning.effort' is not supported with this model"
    (https://github.com/BoundaryML/baml/pull/2708, 2025-11-08; https://github.com/mozilla-ai/any-llm/issues/270, 2025-08-19).
    """
    path, reasoning = "body" if sent.is_batch else "", variant.model.reasoning
    for name in _REASONING_FIELDS:
        if name in sent.request.set_fields and reasoning is None:
            message = f"{join_path(path, name)}: {variant.id} refuses it, as it does not reason"
            yield Finding(rules.REFUSED_PARAMETER, message, Level.ERROR)
    for use in uses:
        for rule in variant.model.refuses:
            if not rule.is_deprecated and is_refused(rule, use, variant):
                instead = f"; use {rule.instead} instead" if rule.instead else ""
                message = f"{join_path(path, use.parameter)}: {variant.id} refuses it{instead}"
                level = Level.ERROR if rule.confidence == "high" else Level.WARNING
                yield Finding(rules.REFUSED_PARAMETER, message, level, sources=(rule.source,))
