"""Requests that people keep to send them by hand: the bodies in files of HTTP clients and in commands of curl.

- `.http` and `.rest` of editors (https://www.jetbrains.com/help/idea/exploring-http-syntax.html), and Hurl
  (https://lib.rs/crates/hurl): the body has lines to itself.
- Bruno (https://raw.githubusercontent.com/wooorm/starry-night/HEAD/lang/source.bru.js): the body is in `body:json {...}`.
- curl: the body is in quotes.
"""

from __future__ import annotations

import re
from json import JSONDecoder

from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import BadBody, JsonObject
from gpt41_cli.findings import Place

_ENDINGS = (".http", ".rest", ".hurl", ".bru")
_CURL = re.compile(r"\s*(?:\$ )?curl\s")
_BODY = re.compile(r"^[ \t]*(\{)|(?<!\\)['\"](\{)", re.MULTILINE)
_QUOTED = re.compile(r'"(\{(?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPED = re.compile(r'\\([\\"$`])')
"""What a shell takes as it is only behind a backslash, in double quotes."""

_MAX_UNREADABLE = 1_000
"""So many objects that aren't JSON are looked at: each takes time that grows with the file."""

_REQUEST_KEY = re.compile(r'"(?:messages|model)\\?"\s*:')


def is_http_file(head: str, name: str) -> bool:
    """Return True if a file is one of an HTTP client, by its name, or begins with a command of curl."""
    return name.lower().endswith(_ENDINGS) or _CURL.match(head) is not None


def list_bodies(text: str, name: str) -> list[JsonObject]:
    """List the JSON objects that a file sends, in order. Raises BadBody for a request that isn't JSON as it stands there, and if
    there are too many objects that aren't.
    """
    bodies: list[JsonObject] = []
    end = unreadable = 0
    while begun := _BODY.search(text, end):
        start = begun.end() - 1
        body, end = _read_body(text, start, is_quoted=begun[2] is not None)
        if body is not None:
            bodies.append(body)
            continue
        unreadable += 1
        if unreadable > _MAX_UNREADABLE or _REQUEST_KEY.search(text[start:].partition("\n\n")[0]):
            line = text.count("\n", 0, start) + 1
            raise BadBody(
                expected="the body of a request in JSON",
                found="one that a client or a shell has to fill in",
                hint="save the body as it is sent",
                location=Place(name, line),
            )
    return bodies


def _read_body(text: str, start: int, *, is_quoted: bool) -> tuple[JsonObject | None, int]:
    """Read the object that begins at `start`, which may be in quotes of a shell, and where it ends. None if it isn't JSON."""
    quoted = _QUOTED.match(text, start - 1) if is_quoted else None
    if quoted and (body := parse_embedded_object(_ESCAPED.sub(r"\1", quoted[1]))) is not None:
        return body, quoted.end()
    try:
        _, end = JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start + 1
    return parse_embedded_object(text[start:end]), end
