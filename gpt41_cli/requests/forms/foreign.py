"""Recognise the requests and conversations of other APIs and tools, which aren't in OpenAI's form."""

from __future__ import annotations

import re

from gpt41_cli.files.fields import JsonValue

_SPEAKER_KEYS = ("role", "from", "sender", "author", "speaker", "type")
_SPEAKERS = frozenset(
    (
        *("user", "human", "assistant", "ai", "bot", "model", "gpt", "chatgpt", "agent", "system", "developer", "tool"),
        *("humanmessage", "aimessage", "systemmessage", "toolmessage"),
    )
)
_SPOKEN_KEYS = ("content", "value", "text", "message", "parts", "utterance", "body", "kwargs")
_SCHEMA_FIELDS = frozenset(("properties", "$defs", "definitions", "anyOf", "oneOf", "allOf", "$ref"))
_LANGCHAIN_TYPES = ("prompt", "few_shot", "chat")
_AGENT_KEYS = ("system_message", "system_prompt", "systemPrompt", "system_instruction", "systemInstruction", "backstory")
"""Where the configuration of an agent has its prompt: AutoGen, assistants of many kinds, Gemini, CrewAI."""

_PYTHON_VALUE = re.compile(r"[\[{]\s*[\[{]?\s*'")
_PYTHON_FIELD = re.compile(r"'(?:role|messages|custom_id|prompt_tokens|usage)'\s*:")
_DELIMITER = re.compile("[,;\t]")
_COLUMN = re.compile(r"""[\w .()-]{1,40}""")
_MESSAGE_COLUMNS = (
    *({"messages"}, {"conversation"}, {"conversations"}, {"role", "content"}, {"prompt", "completion"}, {"prompt", "response"}),
    *({"instruction", "output"}, {"question", "answer"}, {"system", "user"}, {"system_prompt"}, {"user_prompt"}, {"prompt"}),
    *({"prompts"}, {"chosen", "rejected"}, {"request"}, {"request_body"}, {"input", "output"}),
)
"""Columns, some of which a table of messages or prompts has."""

_TABLE_SUFFIXES = (".csv", ".tsv")
_JSON_IN_CELL = re.compile(r'""(?:role|messages|prompt_tokens)"":')


def is_gemini_request(value: JsonValue) -> bool:
    """Return True for a request to Gemini, which may be a line of its batch files."""
    request = value.get("request", value) if isinstance(value, dict) else None
    return isinstance(request, dict) and isinstance(request.get("contents"), list) and "messages" not in request


def has_gemini_tools(value: JsonValue) -> bool:
    """Return True for functions as they are declared to Gemini, in a list or under `tools`."""
    if isinstance(value, list):
        return bool(value) and all(map(has_gemini_tools, value))
    if not isinstance(value, dict):
        return False
    declared = value.get("functionDeclarations", value.get("function_declarations"))
    return isinstance(declared, list) or (isinstance(value.get("tools"), list) and has_gemini_tools(value["tools"]))


def is_agent(value: JsonValue) -> bool:
    """Return True for the configuration of an agent with a prompt, or for a template that LangChain saved."""
    if not isinstance(value, dict):
        return False
    is_template = value.get("_type") in _LANGCHAIN_TYPES and "input_variables" in value
    return is_template or any(isinstance(value.get(key), str) for key in _AGENT_KEYS)


def is_cost_page(value: JsonValue) -> bool:
    """Return True for a page of OpenAI's Costs API: buckets with amounts of money."""
    buckets = value.get("data") if isinstance(value, dict) else None
    results = [bucket.get("results") for bucket in buckets if isinstance(bucket, dict)] if isinstance(buckets, list) else []
    lists = (rows for rows in results if isinstance(rows, list))
    return any(isinstance(row, dict) and row.get("object") == "organization.costs.result" for rows in lists for row in rows)


def is_share_gpt(value: JsonValue) -> bool:
    """Return True for a conversation of from and value."""
    turns = value.get("conversations", value.get("conversation")) if isinstance(value, dict) else None
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and {"from", "value"} <= turns[0].keys()


def is_langchain_message(value: JsonValue) -> bool:
    """Return True for a message as LangChain writes it with `messages_to_dict` or `model_dump`: a type in place of a role."""
    if isinstance(value, list):
        return bool(value) and is_langchain_message(value[0])
    if not isinstance(value, dict) or "role" in value:
        return False
    data = value.get("data", value)
    return value.get("type") in ("human", "ai", "system") and isinstance(data, dict) and "content" in data


def is_chatgpt_export(value: JsonValue) -> bool:
    """Return True for a conversation as ChatGPT exports it."""
    nodes = value.get("mapping") if isinstance(value, dict) else None
    return isinstance(nodes, dict) and any(isinstance(node, dict) and "message" in node for node in nodes.values())


def is_workflow(value: JsonValue) -> bool:
    """Return True for a workflow of n8n, Flowise or Langflow, which has prompts in its nodes."""
    graph = value.get("data", value) if isinstance(value, dict) else None
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list) or not graph["nodes"]:
        return False
    return isinstance(graph.get("connections"), dict) or isinstance(graph.get("edges"), list)


def is_text_list(value: JsonValue) -> bool:
    """Return True for a list of texts, such as prompts."""
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value)


def is_turn(value: JsonValue) -> bool:
    """Return True for a turn of a conversation in the form of any tool: a speaker, and something spoken."""
    if not isinstance(value, dict) or not any(key in value for key in _SPOKEN_KEYS):
        return False
    return any(isinstance(value.get(key), str) and value[key].lower() in _SPEAKERS for key in _SPEAKER_KEYS)


def is_json_schema(value: JsonValue) -> bool:
    """Return True for a JSON Schema of objects, alone or with the name that a structured output has."""
    schema = value.get("schema", value) if isinstance(value, dict) else None
    if not isinstance(schema, dict):
        return False
    return "json-schema.org" in str(schema.get("$schema")) or (
        schema.get("type") == "object" and not schema.keys().isdisjoint(_SCHEMA_FIELDS)
    )


def is_message_table(head: str, name: str) -> bool:
    """Return True if a text is a CSV with columns of messages or prompts, or with messages as JSON in its cells."""
    first, _, rest = head.lstrip("\n").partition("\n")
    cells = [cell.strip().strip('"').lower() for cell in re.split(_DELIMITER, first)]
    if not rest.strip() or not all(map(_COLUMN.fullmatch, filter(None, cells))):
        return False
    has_cells = len(re.split(_DELIMITER, rest.strip().partition("\n")[0])) >= len(cells) > 1
    is_table = name.lower().endswith(_TABLE_SUFFIXES) or (has_cells and " " not in first)
    return is_table and (_JSON_IN_CELL.search(rest) is not None or any(columns <= set(cells) for columns in _MESSAGE_COLUMNS))


def is_python_literal(head: str) -> bool:
    """Return True if a text is requests or messages as Python prints them, in single quotes."""
    return _PYTHON_VALUE.match(head.lstrip()) is not None and _PYTHON_FIELD.search(head) is not None
