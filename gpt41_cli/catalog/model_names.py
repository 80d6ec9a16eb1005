"""Translate the names that gateways, clients and clouds give to a model into the name in the table."""

from __future__ import annotations

import re
from functools import lru_cache

_PREFIXES = re.compile(
    r"""
    (?: @? (?: openai | azure | azure[_-]?ai | azure[_-]?openai | openrouter | litellm (?:_proxy)? | github (?:_copilot)? | vercel
             | cloudflare | models | us | eu | global | global-standard | chat | responses | completion
           ) \ * [/:] \ *
      | openai-
    )+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ROUTING_SUFFIX = re.compile(r":(?:floor|nitro|free)$", re.IGNORECASE)


@lru_cache(10_000)
def normalize_model_name(name: str) -> str:
    """Return a model's name without the prefixes and suffixes of gateways, in the table's spelling: lower case with hyphens.

    `openrouter/openai/NAME:floor` (OpenRouter, LiteLLM), `azure/eu/NAME`, `openai:chat:NAME` (promptfoo), `openai-NAME`
    (Snowflake), `NAME@DAY` and display names with capitals and blanks are all NAME. The name of a fine-tune
    loses only its prefixes: the rest of it is an id.
    """
    named = name.strip()
    prefix = _PREFIXES.match(named)
    bare = named[prefix.end() :] if prefix else named
    if bare.startswith("ft:"):
        return bare
    return re.sub(r"[\s@]+", "-", _ROUTING_SUFFIX.sub("", bare).lower())
