"""Remove what its author wrote from a body: every text is replaced, and everything that decides the count stays. The fields that
stay are listed here, so that an unlisted field loses its text: names of functions, properties, formats and messages, roles, types
and settings. Of pictures only the size stays, ids and addresses become numbered ones, digits become ones.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from collections.abc import Callable

from gpt41_cli.files import pictures
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_JSON_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\d')
_DIGIT = re.compile(r"\d")

_WORDS = (
    *("name", "type", "role", "detail", "status", "effort", "mode", "tool_choice", "function_call", "reasoning_effort"),
    *("service_tier", "verbosity", "truncation", "modalities"),
)
"""Fields with a name or one of a few words."""
_IDS = ("id", "call_id", "tool_call_id", "file_id", "previous_response_id", "conversation")
_CONTAINERS = (
    *("messages", "input", "content", "output", "tools", "tool_calls", "function", "functions", "tool_choice", "function_call"),
    *("image_url", "response_format", "json_schema", "text", "format", "reasoning", "prediction"),
)
"""Fields whose objects are read by the names of their own fields."""
_EMPTIED = ("file", "input_audio", "audio")
_DROPPED = (
    *("model", "metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_options", "logit_bias", "stream"),
    *("stream_options", "extra_headers", "extra_query", "extra_body", "timeout", "stop", "seed", "include", "store"),
    *("encrypted_content", "file_data", "filename", "file_url", "annotations", "logprobs"),
)
"""Fields that hold names or data and that no count depends on. The model is chosen by the caller."""

_NAMES_OF_SCHEMAS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_INNER_SCHEMAS = (
    *("items", "additionalProperties", "anyOf", "oneOf", "allOf", "prefixItems", "not", "if", "then", "else", "contains"),
    *("additionalItems", "propertyNames", "unevaluatedProperties", "unevaluatedItems"),
)
_BOUNDS = ("min", "max", "exclusiveM")
_SCHEMA_ADDRESS = re.compile(r"https?://json-schema\.org/[\w./-]+#?", re.ASCII)


_MAX_TRIES = 8


class Anonymiser:
    """Replaces the texts of bodies: `write_text` returns the text that takes the place of another.

    The same id becomes the same number everywhere.
    """

    def __init__(self, write_text: Callable[[str], str]) -> None:
        self._write_text = write_text
        self._ids: dict[str, str] = {}
        self._names: set[str] = set()
        self._keys: dict[str, str] = {}
        self._taken_keys: set[str] = set()

    def replace_body(self, body: JsonObject) -> JsonObject:
        """Return the body of a request without its texts. Its model is left out."""
        self._names = _find_property_names(body)
        return {
            key: value if isinstance(value, int | float) else self._replace_field(key, value)
            for key, value in body.items()
            if key not in _DROPPED
        }

    def _replace_field(self, key: str, value: JsonValue) -> JsonValue:
        """Return the value of a field of a body, a message, a part, a tool or a call."""
        if key in ("parameters", "schema"):
            return self._replace_schema(value)
        if key in ("url", "image_url") and isinstance(value, str):
            return self._replace_picture(value)
        if key in _IDS and isinstance(value, str):
            return self._replace_id(key, value)
        if key in _EMPTIED:
            return value and {}
        if key in _CONTAINERS and isinstance(value, dict | list):
            return self._replace_container(value)
        return self._keep_words(value) if key in _WORDS else self._replace_data(value)

    def _replace_container(self, value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [self._replace_container(item) for item in value]
        if isinstance(value, dict):
            return {key: self._replace_field(key, inner) for key, inner in value.items() if key not in _DROPPED}
        return self._replace_data(value)

    def _keep_words(self, value: JsonValue) -> JsonValue:
        """Keep a name or a setting, or a list of them; replace what is too long or too odd to be one."""
        if isinstance(value, list):
            return [self._keep_words(item) for item in value]
        return value if isinstance(value, str) and _WORD.fullmatch(value) else self._replace_data(value)

    def _replace_id(self, key: str, value: str) -> str:
        """Return the number of an id. An id that the server issued for a call stays recognisable, because the call costs more."""
        is_issued = key == "id" and value.startswith("fc_")
        return self._ids.setdefault(value, f"{'fc_REDACTED' if is_issued else 'id_'}{len(self._ids) + 1}")

    def _replace_picture(self, address: str) -> str:
        """Return the header of a picture of the same size, without its pixels; one behind an address has no size."""
        try:
            size = pictures.read_data_url_size(address, "")
        except BadBody:
            size = None
        if size is None:
            return self._ids.setdefault(address, f"https://example.org/{len(self._ids) + 1}.png")
        return f"data:image/png;base64,{base64.b64encode(_make_picture_header(*size)).decode()}"

    def _replace_data(self, value: JsonValue) -> JsonValue:
        """Return data without its texts, digits and keys, except for keys that are names of declared properties."""
        if isinstance(value, str):
            return self._replace_text(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return json.loads(_DIGIT.sub("1", json.dumps(value)))
        if isinstance(value, list):
            return [self._replace_data(item) for item in value]
        return {self._replace_key(key): self._replace_data(inner) for key, inner in value.items()}

    def _replace_key(self, key: str) -> str:
        """Return the words for a key, different ones for different keys if there are enough of that length."""
        if key in self._names:
            return key
        if key not in self._keys:
            words = self._write_text(key)
            for _ in range(_MAX_TRIES):
                if words not in self._taken_keys:
                    break
                words = self._write_text(key)
            self._taken_keys.add(words)
            self._keys[key] = words
        return self._keys[key]

    def _replace_text(self, text: str) -> str:
        """Return a text with other words. JSON, as arguments and results often are, stays JSON of the same form."""
        if text.lstrip()[:1] in ("{", "["):
            try:
                parse_json(text.encode(errors="surrogatepass"))
            except (BadBody, RecursionError):
                return self._write_text(text)
            return _JSON_TOKEN.sub(self._replace_json_token, text)
        return self._write_text(text)

    def _replace_json_token(self, token: re.Match[str]) -> str:
        """Replace a text, a key or a digit. Texts are replaced as they are written, with their escapes."""
        written, colon = token[1], token[2]
        if written is None:
            return "1"
        text = written[1:-1]
        return f'"{self._replace_key(text)}"{colon}' if colon else f'"{self._write_text(text)}"'

    def _replace_schema(self, value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [self._replace_schema(schema) for schema in value]
        if not isinstance(value, dict):
            return value if isinstance(value, bool) else self._replace_data(value)
        return {key: self._replace_keyword(key, inner) for key, inner in value.items()}

    def _replace_keyword(self, key: str, value: JsonValue) -> JsonValue:
        if key in _NAMES_OF_SCHEMAS and isinstance(value, dict):
            return {name: self._replace_schema(schema) for name, schema in value.items()}
        if key in _INNER_SCHEMAS:
            return self._replace_schema(value)
        if key == "$schema" and isinstance(value, str) and _SCHEMA_ADDRESS.fullmatch(value):
            return value
        if key == "$ref" and isinstance(value, str) and value.startswith("#"):
            return value
        if key == "required" and isinstance(value, list):
            return [self._replace_key(name) if isinstance(name, str) else self._replace_data(name) for name in value]
        if key.startswith(_BOUNDS) and isinstance(value, int | float):
            return value
        return self._keep_words(value) if key in ("type", "format") else self._replace_data(value)


def _find_property_names(value: JsonValue) -> set[str]:
    """Find the names of all properties that the schemas of a body declare."""
    names: set[str] = set()
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, inner in node.items():
                if key == "properties" and isinstance(inner, dict):
                    names |= inner.keys()
                pending.append(inner)
        elif isinstance(node, list):
            pending += node
    return names


def _make_picture_header(width: int, height: int) -> bytes:
    """Make the beginning of a PNG of this size, which has no pixels (https://www.w3.org/TR/png-3/, 11.2.1)."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
