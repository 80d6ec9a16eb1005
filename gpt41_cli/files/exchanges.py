"""Read recorded HTTP traffic: HAR files of browsers and proxies, and the cassettes of VCR and similar tools in other languages.

- HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): `log.entries`.
- vcrpy (https://vcrpy.readthedocs.io) has `interactions`, in YAML or JSON; pydantic-ai keeps bodies as `parsed_body`.
- Postman (https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html): `item`, which may be nested.
- VCR for Ruby, betamax (https://betamax.readthedocs.io/en/latest/cassettes.html): `http_interactions`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from gpt41_cli.errors import InputError, TableError
from gpt41_cli.files.compressed import decompress_if_needed
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue

_CASSETTE = re.compile(rb"(?:(?:#.*|---.*|version:.*|recorded_with:.*|[ \t]*)\r?\n)*(?:http_)?interactions:[ \t]*\r?\n")
_LISTS = ("interactions", "http_interactions")
_TEXTS = ("string", "text", "raw", "base64_string")
_EVENT = re.compile(r"^data:[ \t]*(.+?)[ \t\r]*$", re.MULTILINE)


class Exchange(NamedTuple):
    """A request and its answer. `request` is None if its body isn't JSON; `answers` are the answer's body, or the data of the
    events of a stream. `status` is 0 if it isn't recorded; `started` is when the request was sent, as written.
    """

    request: JsonValue
    answers: Sequence[JsonValue]
    status: int
    started: JsonValue


def is_cassette(head: bytes) -> bool:
    """Return True if a text begins as a cassette in YAML does."""
    return _CASSETTE.match(head) is not None


def parse_cassette(data: bytes, name: str) -> JsonValue:
    """Parse a cassette in YAML. Raises BadBody if it isn't YAML."""
    from gpt41_cli.catalog.yaml_values import read_yaml_values

    try:
        return read_yaml_values(data.decode("utf-8", "replace"), name)
    except TableError as error:
        raise BadBody(location=name, problem=f"a cassette of recorded HTTP requests: {error.describe_within(name)}") from None


def list_exchanges(value: JsonValue) -> list[Exchange] | None:
    """List the exchanges of a recording, in order; None if a document isn't one."""
    if not isinstance(value, dict):
        return None
    log = value.get("log")
    if "request" not in value and isinstance(value.get("headers"), dict) and _EVENT.search(str(value.get("body"))):
        return [_read_exchange({"request": {}, "response": value})]  # a stream alone, as openinference-js records it
    recorded = log.get("entries") if isinstance(log, dict) else next((value[key] for key in _LISTS if key in value), None)
    if recorded is None and "info" in value:
        recorded = list(_list_postman_items(value)) or None
    if not isinstance(recorded, list) or not all(map(_is_exchange, recorded)):
        return None
    return [_read_exchange(entry) for entry in recorded]


def _list_postman_items(folder: JsonObject) -> Iterator[JsonObject]:
    """List the requests of a Postman collection with the first answer that is saved with each."""
    for item in folder["item"] if isinstance(folder.get("item"), list) else ():
        if isinstance(item, dict) and isinstance(item.get("request"), dict):
            saved = item.get("response")
            response = saved[0] if isinstance(saved, list) and saved and isinstance(saved[0], dict) else {}
            yield {"request": item["request"], "response": {"body": response.get("body"), "status": response.get("code")}}
        elif isinstance(item, dict):
            yield from _list_postman_items(item)


def _is_exchange(value: JsonValue) -> bool:
    return isinstance(value, dict) and isinstance(value.get("request"), dict) and isinstance(value.get("response"), dict)


def _read_exchange(value: JsonObject) -> Exchange:
    request, response = value["request"], value["response"]
    sent = list(_list_values(request.get("postData"), request))
    status = response.get("status", response.get("status_code"))
    code = status.get("code") if isinstance(status, dict) else status
    return Exchange(
        sent[0] if sent else None,
        list(_list_values(response.get("content"), response)),
        code if isinstance(code, int) else 0,
        value.get("startedDateTime", value.get("recorded_at")),
    )


def _list_values(content: JsonValue, owner: JsonObject) -> Iterator[JsonValue]:
    """List the JSON values of a body: one, or those of the events of a stream."""
    if "parsed_body" in owner:
        yield owner["parsed_body"]
        return
    body = content if content is not None else owner.get("body")
    text = _read_text(body)
    if text is None:
        if isinstance(body, dict | list):
            yield body
        return
    for event in [text] if text.lstrip()[:1] in ("{", "[") else _EVENT.findall(text):
        with suppress(BadBody, UnicodeError):
            yield parse_json(event.encode())


def _read_text(body: JsonValue) -> str | None:
    """Return the text of a body, as it is or under one of its names; None for anything else."""
    if isinstance(body, dict):
        name = next((key for key in _TEXTS if isinstance(body.get(key), str | bytes)), None)
        if name is None:
            return None
        is_base64 = name == "base64_string" or body.get("encoding") == "base64"
        return _decode(body[name], is_base64=is_base64)
    return _decode(body, is_base64=False) if isinstance(body, str | bytes) else None


def _decode(body: str | bytes, *, is_base64: bool) -> str:
    """Return the text of a body, which may be in base64 and compressed; nothing if it can't be read."""
    with suppress(InputError, binascii.Error):
        data = base64.b64decode(body) if is_base64 else body
        if isinstance(data, str):
            return data
        head, rest = decompress_if_needed(iter((data,)), "")
        return b"".join((head, *rest)).decode("utf-8", "replace")
    return ""
