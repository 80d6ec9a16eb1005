"""The sentences of the causes of a difference between an invoice and the usage."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gpt41_cli.commands.reconcile.invoice.causes import InvoiceCause
from gpt41_cli.display import format_int, sanitize

_NAMES = {"input": "uncached input", "cached": "cached input", "output": "output", "written": "cache-write"}


def describe_cause(cause: InvoiceCause) -> str:
    """Say in words what a cause is."""
    return CAUSES[cause.kind](cause)


def _describe_cached_share(cause: InvoiceCause) -> str:
    tokens = f"{format_int(abs(cause.tokens))} {'more' if cause.tokens > 0 else 'fewer'} cached tokens"
    return f"cached share: {tokens} of {sanitize(cause.subject)}"


def _describe_tokens(cause: InvoiceCause) -> str:
    what = f"{format_int(abs(cause.tokens))} {_NAMES[cause.detail]} tokens of {sanitize(cause.subject)}"
    return f"not in the usage: {what}" if cause.tokens > 0 else f"not charged: {what}"


def _describe_mode(cause: InvoiceCause) -> str:
    tokens = f"{format_int(cause.tokens)} tokens of " if cause.tokens else ""
    return f"mode: {tokens}{sanitize(cause.subject)} charged at the rates of {sanitize(cause.detail)}"


def _describe_discount(cause: InvoiceCause) -> str:
    if cause.detail.startswith("-"):
        return f"surcharge: {cause.detail.removeprefix('-')} % on the rates of the price table"
    return f"discount: {cause.detail} % off the rates of the price table"


def _describe_rate(cause: InvoiceCause) -> str:
    off = f", {cause.detail} % below it" if cause.detail and not cause.detail.startswith("-") else ""
    return f"rate: {sanitize(cause.subject)} charged at a price per token that the table doesn't have{off}"


CAUSES: Mapping[str, Callable[[InvoiceCause], str]] = {
    "rounding": lambda _: "rounding of the amounts",
    "day-end": lambda cause: f"end of the day: {format_int(cause.tokens)} tokens of {sanitize(cause.subject)} charged a day off",
    "cached-share": _describe_cached_share,
    "mode": _describe_mode,
    "price-row": lambda cause: f"price row: {sanitize(cause.subject)} charged at the rates of {cause.detail}",
    "platform": lambda cause: f"platform: {sanitize(cause.subject)} charged at the rates of {sanitize(cause.detail)}",
    "discount": _describe_discount,
    "rate": _describe_rate,
    "tokens": _describe_tokens,
    "tools": lambda _: "tools: calls to built-in tools",
    "storage": lambda cause: f"storage: {sanitize(cause.subject)}",
    "hosting": lambda cause: f"hosting of fine-tunes: {sanitize(cause.subject)}",
    "training": lambda cause: f"training: {sanitize(cause.subject)}",
    "credit": lambda cause: f"credit or refund: {sanitize(cause.subject) or 'no line item'}",
    "model": lambda cause: f"not in the usage: {sanitize(cause.subject)}",
    "project": lambda cause: f"not in the usage: project {sanitize(cause.subject) or '(not stated)'}",
    "project-without-costs": lambda cause: f"not charged: project {sanitize(cause.subject) or '(not stated)'}",
    "days-without-usage": lambda _: "days that the usage doesn't have",
    "days-without-costs": lambda _: "days that the costs don't have",
    "undated": lambda _: "usage without a known day",
    "unnamed": lambda _: "costs without a line item: group the costs by line_item to compare them",
    "other": lambda cause: f"not tokens of a known model: {sanitize(cause.subject)}",
}
"""The sentence of each kind of cause."""
