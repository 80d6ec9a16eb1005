"""Find the fields of a request that a model refuses or deprecates."""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.catalog import Variant
from gpt41_cli.catalog.tables import RefusedField
from gpt41_cli.display import describe_doubt
from gpt41_cli.findings import Finding

_CHAT_ENDPOINT = "chat-completions"


def find_refused_fields(variant: Variant) -> Iterator[Finding]:
    """Yield the fields of requests that the variant refuses or deprecates, those with the same condition together."""
    alike: dict[tuple[object, ...], list[RefusedField]] = {}
    for refuse in variant.model.refuses:
        condition = (refuse.is_deprecated, refuse.endpoint, refuse.unless_effort, refuse.instead, refuse.confidence, refuse.note)
        alike.setdefault(condition, []).append(refuse)
    for refusals in alike.values():
        names = ", ".join(refusal.parameter for refusal in refusals)
        text, sources = _describe_refusal(variant, refusals[0], names), tuple(refusal.source for refusal in refusals)
        rule = rules.DEPRECATED_PARAMETER if refusals[0].is_deprecated else rules.REFUSED_PARAMETER
        yield Finding(rule, text, sources=sources)


def _describe_refusal(to: Variant, rule: RefusedField, names: str) -> str:
    """Say what the model does with the fields called `names`, when, and what to send instead."""
    where = "" if rule.endpoint is None else f" on {'Chat Completions' if rule.endpoint == _CHAT_ENDPOINT else 'Responses'}"
    unless = f" unless the reasoning effort is {rule.unless_effort}" if rule.unless_effort else ""
    if rule.unless_effort and to.model.reasoning:
        unless += f" (its default is {to.model.reasoning.default_effort})"
    instead = f"; use {rule.instead} instead" if rule.instead else ""
    doubt = describe_doubt(rule.confidence, rule.note)
    verb = "deprecates" if rule.is_deprecated else "refuses"
    return f"{to.id} {verb} {names}{where}{unless}{instead}{f' ({doubt})' if doubt else ''}"
