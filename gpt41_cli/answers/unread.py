"""Figures of a flat record that aren't read although their names suggest that something was billed for them."""

from __future__ import annotations

import re
from functools import lru_cache

from gpt41_cli.errors import quote_text
from gpt41_cli.files.fields import JsonObject, JsonValue, redact

_BILLED_WORDS = ("cache", "token", "search")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WRITTEN_NUMBER = re.compile(r"[-+]?\d[\d.,_' ]{0,40}", re.ASCII)
_WHOLE_NUMBER = re.compile(r"(\d{1,19})(?:\.0+)?", re.ASCII)
_MAX_NAMES = 5
_AMOUNT_WORDS = frozenset(
    (
        *("cost", "price", "usd", "spend", "per", "rate", "ratio", "percent", "saved", "savings"),
        *("time", "latency", "duration", "seconds", "ms", "ttl", "expires", "id", "key", "enabled"),
    )
)
_HARMLESS_WORDS = (
    *("max", "min", "limit", "remaining", "budget", "total", "average", "avg", "mean"),
    *_AMOUNT_WORDS,
    *("text", "image", "audio", "uncached", "reasoning", "prediction"),
)
"""Words that show that such a name isn't a separate count: it is a limit, an amount, a time, or a part of the tokens that are
read.
"""


@lru_cache(10_000)
def split_words(name: str) -> set[str]:
    """Split a name, such as `cachedTokens` or `cached_tokens`, into its words in lower case."""
    return {word.lower() for word in _WORD.findall(name)}


def is_suspect_name(name: str) -> bool:
    """Return True if a name sounds like such a figure: of a cache, of tokens or of searches, and not a limit, an amount or part
    of one.
    """
    return any(word in name.lower() for word in _BILLED_WORDS) and not any(
        word in _HARMLESS_WORDS or word[:3] == "max" for word in split_words(name)
    )


def is_uncertain_name(name: str) -> bool:
    """Return True if the name of a figure in a usage isn't one of an amount, a time or an id."""
    return _AMOUNT_WORDS.isdisjoint(split_words(name))


def parse_figure(value: JsonValue) -> int:
    """Return the count in a number or text; 0 if it counts nothing."""
    if isinstance(value, str):
        match = _WHOLE_NUMBER.fullmatch(value.strip())
        return int(match[1]) if match else 0
    is_count = isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and value % 1 == 0
    return int(value) if is_count else 0


def is_figure(value: JsonValue, *, is_usage: bool = False) -> bool:
    """Return True for a number other than 0, also a negative one and one in text. A fraction is one in a usage."""
    if isinstance(value, str):
        return _WRITTEN_NUMBER.fullmatch(value.strip()) is not None and any(digit in value for digit in "123456789")
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0 and (is_usage or value % 1 == 0)


def _format_path(name: str) -> str:
    """Quote a name or dotted path whose words are plain, however long it is; say "text" for the others."""
    return quote_text(".".join(redact(word).strip('"') for word in name.split("."))) if "." in name else redact(name)


def find_unread_figures(record: JsonObject, known: frozenset[str], tokens: int, *, is_usage: bool = False) -> list[str]:
    """Find the names of such figures in a record with a total of tokens, the first few and "..." for more. Another name of that
    total isn't one.

    In a usage every figure is one, except amounts and times.
    """
    is_suspect = is_uncertain_name if is_usage else is_suspect_name
    names = [
        name
        for name, value in record.items()
        if name not in known
        and is_figure(value, is_usage=is_usage)
        and parse_figure(value) != (tokens or -1)
        and is_suspect(name)
    ]
    return [*map(_format_path, names[:_MAX_NAMES]), *["..."] * (len(names) > _MAX_NAMES)]
