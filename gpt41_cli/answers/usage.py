"""Find the usage of an answer in a record, and name its figures as OpenAI does, whatever the vendor calls them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gpt41_cli.answers import figure_names
from gpt41_cli.answers.days import TIME_FIELDS
from gpt41_cli.answers.figure_names import Figure
from gpt41_cli.answers.unread import parse_figure, split_words
from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import JsonObject, JsonValue, join_path

HOLDERS = ("response_metadata", "metadata", "Metadata", "llm_output", "llmOutput")
"""Objects next to an answer in which its vendor keeps the usage or the model: LangChain, LiteLLM, Semantic Kernel."""

_CACHED_NAMES = frozenset(figure_names.CACHED_FIELDS)
_PROVIDER_HOLDERS = ("providerMetadata", "experimental_providerMetadata", "provider_metadata")
"""Where AI SDK 4 keeps `cachedPromptTokens` (https://v4.ai-sdk.dev/providers/ai-sdk-providers/openai#prompt-caching)."""

_OPENAI_DETAILS = ("input_tokens_details", "prompt_tokens_details", "output_tokens_details", "completion_tokens_details")
_OPENAI_FIELDS = frozenset(
    ("input_tokens", "prompt_tokens", "output_tokens", "completion_tokens", "total_tokens", *_OPENAI_DETAILS)
)
_OPENAI_PARTS = frozenset(
    (
        *("cached_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens", "text_tokens", "image_tokens"),
        *("accepted_prediction_tokens", "rejected_prediction_tokens"),
    )
)
_NAMES_BY_FIGURE = {
    Figure.INPUT: figure_names.INPUT_FIELDS,
    Figure.OUTPUT: figure_names.OUTPUT_FIELDS,
    Figure.CACHED: figure_names.CACHED_FIELDS,
    Figure.CACHE_WRITE: figure_names.CACHE_WRITE_FIELDS,
    Figure.SHORT_WRITE: figure_names.SHORT_WRITE_FIELDS,
    Figure.LONG_WRITE: figure_names.LONG_WRITE_FIELDS,
    Figure.REQUESTS: figure_names.REQUEST_COUNT_FIELDS,
}

_PLAIN_FIELDS = frozenset((*figure_names.COUNT_FIELDS, *figure_names.LABEL_FIELDS, *figure_names.TIER_FIELDS, *TIME_FIELDS)) - {
    *HOLDERS
}
"""The fields of a record in OpenAI's words."""


class FoundUsage(NamedTuple):
    """The figures of a record in OpenAI's words, and their path. `is_record`: they are the record's own fields."""

    figures: JsonObject
    path: str
    is_record: bool = False


def has_input(value: JsonObject) -> bool:
    """Return True if an object that is a usage counts input tokens in any vendor's words."""
    if value.get("prompt_tokens") is not None or value.get("input_tokens") is not None:
        return True
    return any(_is_input(key, is_in_usage=True) and parse_number(value[key]) is not None for key in value)


def has_usage(value: JsonObject) -> bool:
    """Return True if there is a count of input tokens in a usage or in the record itself."""
    if value.get("prompt_tokens") is not None or value.get("input_tokens") is not None:
        return True
    usage = value.get("usage")
    if isinstance(usage, dict) and has_input(usage):
        return True
    return any(_is_input(key, is_in_usage=False) and parse_number(value[key]) is not None for key in value) or any(
        True for _ in _list_usages(value)
    )


def find_usage(value: JsonObject, path: str) -> FoundUsage:
    """Find the figures of a record: in the most detailed usage in it, or in the record itself.

    A usage without a cached share gets the one next to it in the record.
    """
    usage = _find_main_usage(value, path)
    if usage.is_record or _has_cached_share(usage.figures):
        return usage
    shares = set(_list_shares_next_to(usage.figures, value))
    return usage._replace(figures={**usage.figures, figure_names.CACHED_FIELDS[0]: shares.pop()}) if len(shares) == 1 else usage


def _has_cached_share(usage: JsonObject) -> bool:
    """Return True if a usage says how many of its tokens are from the cache, even if none are."""
    owners = [usage, *(details for name in _OPENAI_DETAILS if isinstance(details := usage.get(name), dict))]
    return any(owner[name] is not None for owner in owners for name in _CACHED_NAMES & owner.keys())


def _list_shares_next_to(usage: JsonObject, record: JsonObject) -> Iterator[int]:
    """List the cached tokens that a record has outside of its usage: in its own fields or details, in another usage of as much
    input, or in what AI SDK 4 passes on from OpenAI.
    """
    for key, value in record.items():
        if not isinstance(value, dict):
            if figure_names.classify_figure(key, is_in_usage=False) is not Figure.CACHED:
                continue
            figures: JsonObject = {figure_names.CACHED_FIELDS[0]: value}
        elif figure_names.is_details_name(key) or key in _PROVIDER_HOLDERS:
            figures = translate_usage({"details": value.get("openai") if key in _PROVIDER_HOLDERS else value}, name="usage")
        elif value is not usage and figure_names.is_usage_name(key):
            figures = translate_usage(value, name=key)
            if _read_first(figures, figure_names.INPUT_FIELDS) != _read_first(usage, figure_names.INPUT_FIELDS):
                continue
        else:
            continue
        if share := _read_share(figures):
            yield share


def _find_main_usage(value: JsonObject, path: str) -> FoundUsage:
    usage = value.get("usage")
    if isinstance(usage, dict) and _is_openai_usage(usage):
        return FoundUsage(usage, join_path(path, "usage"))
    if value.keys() <= _PLAIN_FIELDS:
        return FoundUsage(value, path, is_record=True)
    usages = [(translate_usage(held, name=name), at) for held, name, at in _list_usages(value)]
    if usages:
        figures, at = max(usages, key=lambda pair: _count_figures(pair[0]))
        return FoundUsage(figures, join_path(path, at))
    return FoundUsage(translate_usage(value), path, is_record=True)


def translate_usage(usage: JsonObject, *, name: str = "") -> JsonObject:
    """Return figures with OpenAI's names in place of the vendor's; what isn't known stays. `name` is that of the usage, and empty
    for the fields of a record.
    """
    is_in_usage, translated, parts = bool(name), dict[str, JsonValue](), dict[str, JsonValue]()
    for key, value in usage.items():
        details = value if isinstance(value, dict | list) else _parse_details(key, value)
        if details is None or not (is_in_usage or figure_names.is_details_name(key)):
            _put(translated, usage, key, value, is_in_usage=is_in_usage)
        elif key in _OPENAI_DETAILS and isinstance(details, dict) and details.keys() <= _OPENAI_PARTS:
            translated[key] = details
        else:
            parts.update(_list_parts(details, key))
    for key, value in parts.items():  # last, so that no part takes the place of the whole
        _put(translated, usage, key, value, is_in_usage=True)
    is_apart = not usage.keys().isdisjoint(figure_names.EXCLUSIVE_CACHED_NAMES) or usage.keys() >= figure_names.ANTHROPIC_FIELDS
    return _add_cached_share(translated, is_certain=is_apart or name in figure_names.EXCLUSIVE_USAGE_NAMES)


def parse_number(value: JsonValue) -> int | float | None:
    """Return a number; None for anything else."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_openai_usage(usage: JsonObject) -> bool:
    details = (usage.get(name) for name in _OPENAI_DETAILS)
    return usage.keys() <= _OPENAI_FIELDS and all(not isinstance(item, dict) or item.keys() <= _OPENAI_PARTS for item in details)


def _is_input(name: str, *, is_in_usage: bool) -> bool:
    return figure_names.classify_figure(name, is_in_usage=is_in_usage) is Figure.INPUT


def _list_usages(value: JsonObject) -> Iterator[tuple[JsonObject, str, str]]:
    """List the usages in a record and in the objects next to the answer, with their names and paths.

    Next to the usage of the last answer, as Codex logs it (`last_token_usage`), a total is the sum of all answers so far.
    """
    names = [key for key in value if figure_names.is_usage_name(key)]
    last = [key for key in names if "last" in split_words(key)]
    for key in last or names:
        field = value[key]
        usage = parse_embedded_object(field) if isinstance(field, str) else field
        if isinstance(usage, dict) and has_input(usage):
            yield usage, key, key
    for holder in HOLDERS:
        held = value.get(holder)
        if isinstance(held, str):
            held = parse_embedded_object(held, "usage_object")
        if isinstance(held, dict):
            for usage, name, at in _list_usages({key: field for key, field in held.items() if key not in HOLDERS}):
                yield usage, name, f"{holder}.{at}"


def _list_parts(value: JsonValue, path: str) -> Iterator[tuple[str, JsonValue]]:
    """List the values inside details by their dotted paths, however deep they are."""
    waiting = deque([(path, value)])
    while waiting:
        at, part = waiting.popleft()
        if isinstance(part, dict | list):
            waiting += ((f"{at}.{key}", inner) for key, inner in (part.items() if isinstance(part, dict) else enumerate(part)))
        else:
            yield at, part


def _parse_details(key: str, value: JsonValue) -> JsonObject | None:
    """Return the details that a log keeps as JSON in a text, as llm does."""
    if not isinstance(value, str) or not figure_names.is_details_name(key):
        return None
    return parse_embedded_object(value)


def _put(translated: dict[str, JsonValue], usage: JsonObject, key: str, value: JsonValue, *, is_in_usage: bool) -> None:
    """Put a figure under its name at OpenAI; under its own if there is another value already, or if it isn't known."""
    figure = None if key in figure_names.COUNT_FIELDS else figure_names.classify_figure(key, is_in_usage=is_in_usage)
    if figure is None or (parse_number(value) is None and not is_in_usage):
        translated[key] = value
        return
    if figure is Figure.PART or value is None:
        return
    names = _NAMES_BY_FIGURE.get(figure, (figure.value,))
    known = next((owner[name] for owner in (usage, translated) for name in names if owner.get(name) is not None), None)
    if known is None or "native" in key:
        translated.update(dict.fromkeys(names[:1], value))
    elif known != value:
        translated[key] = value


def _add_cached_share(usage: JsonObject, *, is_certain: bool) -> JsonObject:
    """Add the cached tokens to an input that leaves them out, as the total says, or the vendor if there is no total."""
    name = next((field for field in figure_names.INPUT_FIELDS if usage.get(field) is not None), "")
    apart = sum(_read_first(usage, names) for names in (figure_names.CACHED_FIELDS, figure_names.CACHE_WRITE_FIELDS))
    if not name or not apart:
        return usage
    input_tokens, output_tokens = (_read_first(usage, names) for names in (figure_names.INPUT_FIELDS, figure_names.OUTPUT_FIELDS))
    total = _read_first(usage, (figure_names.TOTAL_FIELD,))
    if total == input_tokens + output_tokens or not (is_certain or total == input_tokens + output_tokens + apart):
        return usage
    return {**usage, name: input_tokens + apart}


def _read_share(usage: JsonObject) -> int:
    details = (usage.get(name) for name in _OPENAI_DETAILS)
    return max(_read_first(owner, figure_names.CACHED_FIELDS) for owner in (usage, *details) if isinstance(owner, dict))


def _read_first(usage: JsonObject, names: Sequence[str]) -> int:
    return next((parse_figure(usage[name]) for name in names if usage.get(name) is not None), 0)


def _count_figures(usage: JsonObject) -> tuple[int, int]:
    """Return the input and output tokens of a usage together, and how many of its figures, parts included, aren't 0."""
    parts = {key: part for owner in (usage, *usage.values()) if isinstance(owner, dict) for key, part in owner.items()}
    tokens = _read_first(usage, figure_names.INPUT_FIELDS) + _read_first(usage, figure_names.OUTPUT_FIELDS)
    return tokens, sum(1 for part in parts.values() if parse_figure(part))
