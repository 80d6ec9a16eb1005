"""Recognise text that isn't a prompt: tables, settings, lines of a log, and what Python prints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpt41_cli.files.documents import CUT_PREFIXES, PREFIXED_LINES, list_prefixed_objects
from gpt41_cli.requests.forms import foreign
from gpt41_cli.requests.kinds import TO_REQUESTS, ContentKind, find_kind, is_usage_name

_TABLE_CELL = re.compile(r'"?([\w. ()-]{1,40})"?')
_USAGE_COLUMN = re.compile("usage|usage_?details", re.IGNORECASE)
_CONFIG = re.compile(r"(?:[ \t]*(?:#.*)?\n|---\n)*(?:version|defaults|workloads|models|budget|code):")
_YAML_MESSAGE = re.compile(
    r"^[ -]*role: *[\"']?(?:system|user|assistant|developer|human)[\"']?[ \t]*\n(?:.*\n){0,5}? +(?:content|text):"
    r"|^[ -]*(?:content|text):.*\n(?:.*\n){0,5}? +role: *[\"']?(?:system|user|assistant|developer|human)[\"']?[ \t]*$",
    re.MULTILINE,
)
_YAML_NODES = re.compile(r"^nodes:\s*$", re.MULTILINE)
_FLOW_PART = re.compile(r"^(?:outputs|edges|inputs):", re.MULTILINE)
_DIFY_APP = re.compile(r"^kind: app\s*$", re.MULTILINE)
_DIFY_PART = re.compile(r"^(?:workflow|model_config):", re.MULTILINE)
_EVENTS = re.compile(r"\s*(?:(?:event|id|retry|):.*\n)*data: ?\{")
_INSOMNIA = re.compile(r"^type: collection\.insomnia\.rest", re.MULTILINE)
_CONFIG_KEYS = (re.compile(r"^version:", re.MULTILINE), re.compile(r"^workloads:\s*([#{].*)?$", re.MULTILINE))


def find_text_kind(head: str, name: str) -> ContentKind | None:
    """Return the kind of text that isn't counted as text: gpt41.yaml, a table of usage or messages, lines of a log; None for any
    other text. A `name` may say that it is a table.
    """
    text_kind = next((kind for kind in TEXT_KINDS if kind.matches(head)), None)
    return MESSAGE_TABLE if text_kind is None and foreign.is_message_table(head, name) else text_kind


def is_yaml_of_messages(text: str) -> bool:
    """Return True if YAML has messages somewhere in it, or prompts in the nodes of a flow."""
    return _YAML_MESSAGE.search(text) is not None or (
        _YAML_NODES.search(text) is not None and _FLOW_PART.search(text) is not None
    )


def _is_config(head: str) -> bool:
    return _CONFIG.match(head) is not None and all(pattern.search(head) for pattern in _CONFIG_KEYS)


def _is_usage_table(head: str) -> bool:
    """Return True if the first line names at least two figures of tokens. If it has names of several words, the second line must
    have as many cells. A column of Langfuse holds all figures as JSON.
    """
    first, second = (re.split("[,;\t|]", line) for line in (*head.lstrip("\n").split("\n", 2), "", "")[:2])
    cells = [_TABLE_CELL.fullmatch(cell.strip()) for cell in first]
    names = [cell[1] for cell in cells if cell]
    is_usage = sum(map(is_usage_name, names)) > 1 or any(
        _USAGE_COLUMN.fullmatch(name) and '"{' in "".join(second) for name in names
    )
    is_table = len(cells) <= len(second) or not any(" " in name for name in names)
    return 1 < len(names) == len(cells) and is_table and is_usage


def _is_dify_app(head: str) -> bool:
    return _DIFY_APP.search(head) is not None and _DIFY_PART.search(head) is not None


def _is_prefixed_log(head: str) -> bool:
    objects = list_prefixed_objects(head)
    return any(find_kind(value) for value in objects)


YAML_OF_MESSAGES = ContentKind(
    lambda _: True, None, "YAML with messages or prompts in it", "take the bodies out, as JSON or as a prompt file (.prompt.yml)"
)
MESSAGE_TABLE = ContentKind(lambda _: True, None, "a table of prompts or messages (CSV)", TO_REQUESTS.replace("line", "row"))
TEXT_KINDS: Sequence[ContentKind] = (
    ContentKind(_is_config, None, "a gpt41.yaml", "gpt41 check reads it"),
    ContentKind(_is_usage_table, None, "a table of usage", "gpt41 reconcile reads it", is_log=True),
    ContentKind(
        foreign.is_python_literal,
        None,
        "messages or requests as Python prints them, in single quotes",
        "json.dumps writes them as JSON",
    ),
    ContentKind(_is_dify_app, None, "an app of Dify", "take the prompts out of its nodes"),
    ContentKind(
        lambda head: _INSOMNIA.search(head) is not None,
        None,
        "a collection of Insomnia",
        "export it as HAR, which is read, or take the bodies out",
    ),
    ContentKind(
        lambda head: _EVENTS.match(head) is not None,
        None,
        "the events of a stream",
        "gpt41 reconcile reads the usage in them",
        is_log=True,
    ),
    ContentKind(_is_prefixed_log, None, PREFIXED_LINES, CUT_PREFIXES),
)
"""Like CONTENT_KINDS, for the beginning of a text."""
