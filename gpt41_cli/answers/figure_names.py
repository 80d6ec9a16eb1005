"""The names that vendors give to figures of usage: one table, looked up by the words of a name.

Case, dots, underscores and the order of the words don't matter, and neither do words that say only that something is counted:
`inputTokens`, `InputTokenCount`, `llm.token_count.prompt` and `gen_ai.usage.input_tokens` are one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from itertools import product

from gpt41_cli.answers.unread import split_words

INPUT_FIELDS = ("input_tokens", "prompt_tokens")
OUTPUT_FIELDS = ("output_tokens", "completion_tokens")
CACHED_FIELDS = (
    *("cached_tokens", "input_cached_tokens", "cached_input_tokens", "prompt_tokens_cached", "cached_prompt_tokens"),
    *("prompt_cached_tokens", "cache_read_input_tokens", "input_cache_read_tokens", "prompt_cache_read_tokens"),
    "cache_read_tokens",
)
CACHE_WRITE_FIELDS = (
    *("cache_write_tokens", "input_cache_write_tokens", "cache_creation_input_tokens", "prompt_cache_write_tokens"),
)
SHORT_WRITE_FIELDS = ("cache_write_30m_tokens", "input_cache_write_30m_tokens", "ttl_30m_tokens")
LONG_WRITE_FIELDS = ("cache_write_12h_tokens", "input_cache_write_12h_tokens", "ttl_12h_tokens")
"""The parts of what is written to the cache, by how long it stays there: fields of the organization's usage API, and of
`cache_write_tokens_details` (OpenAI's SDK 3.57.0).
"""
OUTPUT_DETAIL_FIELDS = ("reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens")
REQUEST_COUNT_FIELDS = ("requests", "num_model_requests")
TOTAL_FIELD = "total_tokens"
COUNT_FIELDS = (
    *(*INPUT_FIELDS, *OUTPUT_FIELDS, TOTAL_FIELD, *CACHED_FIELDS, *CACHE_WRITE_FIELDS),
    *(*SHORT_WRITE_FIELDS, *LONG_WRITE_FIELDS, *OUTPUT_DETAIL_FIELDS, *REQUEST_COUNT_FIELDS),
)
"""Every name that a log gives to a count; of several names for one thing, a record has one."""

TIER_FIELDS = ("mode", "service_tier")
MODEL_FIELDS = (
    *("model", "response_model", "gen_ai.response.model", "model_name", "llm.model_name", "resolved_model", "model_id"),
    *("modelId", "modelName", "ModelName", "ModelId", "provided_model_name", "providedModelName", "ls_model_name"),
    *("snapshot_id", "model_permaslug", "main_model", "gen_ai.request.model", "request_model", "$ai_model"),
    *("llm.response.model", "llm.request.model", "llm.model"),
)
"""The names of the model, the most certain first; the first known one counts."""

LABEL_FIELDS = (
    *("id", "custom_id"),
    *MODEL_FIELDS,
    *("batch", "status", "finish_reason", "currency", "cache_hit", "request_id", "metadata", "run_type"),
)


class Figure(Enum):
    """What a figure counts. `UNCACHED`, `TEXT` and `IMAGE` are parts of the tokens that others count."""

    INPUT = "input_tokens"
    OUTPUT = "output_tokens"
    CACHED = "cached_tokens"
    CACHE_WRITE = "cache_write_tokens"
    SHORT_WRITE = "cache_write_30m_tokens"
    LONG_WRITE = "cache_write_12h_tokens"
    REASONING = "reasoning_tokens"
    ACCEPTED = "accepted_prediction_tokens"
    REJECTED = "rejected_prediction_tokens"
    TOTAL = "total_tokens"
    REQUESTS = "requests"
    AUDIO = "audio_tokens"
    PART = "text_tokens"


_INPUT_WORDS = ("input", "prompt")
_OUTPUT_WORDS = ("output", "completion", "generated")
_COUNTING_WORDS = frozenset(
    (
        *("token", "tokens", "count", "counts", "num", "n", "number", "of", "usage", "detail", "details"),
        *("gen", "ai", "llm", "attributes", "native", "span", "processed"),
    )
)
"""Words that a name may also have: those for counting, and the prefixes of OpenTelemetry, OpenInference, PostHog, OpenRouter and
Azure Monitor.
"""

_CACHED_NAMES = ("cached", "cache read", "cache reads", "cache hit", "cached read")
_WRITE_NAMES = ("cache write", "cache writes", "cache creation", "cached write")
_LIFETIME = re.compile(r"(?<![0-9])(30m|12h)(?![0-9a-z])", re.IGNORECASE)
_FIGURES_BY_LIFETIME = {"30m": Figure.SHORT_WRITE, "12h": Figure.LONG_WRITE}
_WRITE_WORDS = frozenset(("write", "writes", "creation", "ttl"))
_UNCACHED_NAMES = ("uncached", "no cache", "cache miss")
_NAMES: Mapping[Figure, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Figure.CACHED: (_CACHED_NAMES, ("", *_INPUT_WORDS)),
    Figure.CACHE_WRITE: (_WRITE_NAMES, ("", *_INPUT_WORDS)),
    Figure.PART: (_UNCACHED_NAMES, ("", *_INPUT_WORDS)),
    Figure.REASONING: (("reasoning",), ("", *_OUTPUT_WORDS)),
    Figure.ACCEPTED: (("accepted prediction",), ("", *_OUTPUT_WORDS)),
    Figure.REJECTED: (("rejected prediction",), ("", *_OUTPUT_WORDS)),
    Figure.INPUT: (_INPUT_WORDS, ("",)),
    Figure.OUTPUT: (_OUTPUT_WORDS, ("",)),
    Figure.TOTAL: (("total",), ("",)),
    Figure.REQUESTS: (("requests", "model requests"), ("",)),
}
"""The names of a figure, and words of which each name may also have one."""

_WHOLE_NAMES: Mapping[str, Figure] = {
    "n_context_tokens_total": Figure.INPUT,
    "n_generated_tokens_total": Figure.OUTPUT,
    "n_cached_context_tokens_total": Figure.CACHED,
    "request_tokens": Figure.INPUT,
    "response_tokens": Figure.OUTPUT,
}
"""Names whose words alone say too little: OpenAI's older activity export, and pydantic-ai before 1.0."""

EXCLUSIVE_CACHED_NAMES = ("input_tokens_cache_read", "input_tokens_cache_write")
"""The names of inspect_ai, whose `input_tokens` leave out what these count (docstring of inspect_ai.model.ModelUsage)."""

ANTHROPIC_FIELDS = frozenset(("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))
"""The names of Anthropic's Messages API, in which gateways answer for any model. `input_tokens` leaves out the other two
(https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#tracking-cache-performance).
"""

EXCLUSIVE_USAGE_NAMES = ("usage_details", "usageDetails")
"""Where Langfuse keeps kinds of usage apart: `input` leaves out `input_cached_tokens`
(https://langfuse.com/docs/observability/features/token-and-cost-tracking).
"""

_USAGE_WORDS = frozenset(
    ("token", "tokens", "details", "metadata", "object", "total", "llm", "model", "info", "last", "mlflow", "chat")
)


def _list_word_sets() -> Iterator[tuple[frozenset[str], Figure]]:
    for figure, (names, sides) in _NAMES.items():
        for name, side in product(names, sides):
            yield frozenset((*name.split(), *side.split())), figure


_BY_WORDS = dict(_list_word_sets())


@lru_cache(10_000)
def classify_figure(name: str, *, is_in_usage: bool) -> Figure | None:
    """Return what a name counts; None if it isn't known. Outside a usage a name must say that it counts tokens or requests."""
    if name in _WHOLE_NAMES and (is_in_usage or name.startswith("n_")):
        return _WHOLE_NAMES[name]
    words = frozenset(split_words(name))
    significant = words - _COUNTING_WORDS
    figure = _BY_WORDS.get(significant)
    if (lifetime := _LIFETIME.search(name)) and not words.isdisjoint(_WRITE_WORDS):
        figure = _FIGURES_BY_LIFETIME[lifetime[0].lower()]
    says_what = is_in_usage or not words.isdisjoint(("token", "tokens")) or figure is Figure.REQUESTS
    if figure is None and is_in_usage and not significant.isdisjoint(("audio", "text", "image")):
        return Figure.AUDIO if "audio" in significant else Figure.PART
    return figure if says_what else None


@lru_cache(10_000)
def is_usage_name(name: str) -> bool:
    """Return True if a name is one for an object with figures of usage."""
    words = frozenset(split_words(name))
    return "usage" in words and words <= {"usage", *_USAGE_WORDS}


@lru_cache(10_000)
def is_details_name(name: str) -> bool:
    """Return True if a name is one for an object with parts of figures."""
    words = split_words(name)
    return not words.isdisjoint(("detail", "details")) and not words.isdisjoint(("token", "tokens", "prompt", "completion"))
