"""Find the fields of a body that OpenAI doesn't document: how they change the prompt isn't known.

The names are those of the parameters of requests in OpenAI's Python SDK 3.57.0 (https://pypi.org/project/openai/3.57.0/).
"""

from __future__ import annotations

from gpt41_cli import rules
from gpt41_cli.files.fields import join_path, redact
from gpt41_cli.requests.request import Doubt, Request

_SHARED_FIELDS = frozenset(
    (
        *("metadata", "model", "moderation", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "safety_identifier", "service_tier", "store", "stream", "stream_options", "temperature"),
        *("tool_choice", "tools", "top_logprobs", "top_p", "user"),
        *("extra_headers", "extra_query", "timeout"),  # arguments of the SDK that are not sent in the body
    )
)
_CHAT_FIELDS = _SHARED_FIELDS | {
    *("audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens"),
    *("max_tokens", "messages", "modalities", "n", "prediction", "presence_penalty", "reasoning_effort", "response_format"),
    *("seed", "stop", "verbosity", "web_search_options"),
}
_RESPONSES_FIELDS = _SHARED_FIELDS | {
    *("access_programs", "background", "background_options", "context_management", "conversation", "image", "include", "input"),
    *("instructions", "max_output_tokens", "max_tool_calls", "previous_response_id", "prompt", "reasoning", "text", "truncation"),
}

_CONTENT_FIELDS = {
    "data_sources": "what Azure finds in these sources",
    "dataSources": "what Azure finds in these sources",
    "plugins": "what a plugin finds",
    "files": "what is in these files",
    "file_ids": "what is in these files",
    "attachments": "what is attached",
}
"""Fields of other providers that put content into the prompt: Azure's `data_sources`
(https://learn.microsoft.com/azure/ai-services/openai/references/on-your-data), OpenRouter's `plugins`
(https://openrouter.ai/docs/features/web-search), Open WebUI's `files`, and the files of Assistants messages.
"""


def doubt_unknown_fields(request: Request, path: str) -> Request:
    """Add a doubt for each field of a body at `path` that its endpoint doesn't have."""
    unknown = request.set_fields - (_CHAT_FIELDS if request.is_chat else _RESPONSES_FIELDS)
    if not unknown:
        return request
    doubts = [*request.doubts]
    for name in sorted(unknown):
        if name in _CONTENT_FIELDS:
            message = f"{_CONTENT_FIELDS[name]} has tokens that are not counted"
            doubts.append(Doubt(rules.ADDED_CONTENT, join_path(path, name), message))
        else:
            at = name if redact(name) != "text" else "a field"
            message = "OpenAI documents no such field: what it adds is not known"
            doubts.append(Doubt(rules.UNKNOWN_FIELD, join_path(path, at), message))
    return request._replace(doubts=doubts)
