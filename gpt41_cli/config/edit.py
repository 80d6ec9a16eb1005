"""Change the answers that gpt41.yaml expects, or its models, and nothing else: comments, order, quotes and line ends stay."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gpt41_cli.catalog import cursor as yaml_cursor
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.config.tables import AnswerTokens
from gpt41_cli.errors import InputError, quote_text

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BLOCK_HEADER = re.compile(r"[|>][1-9+-]*")
_INPUT_KEYS = ("requests", "prompt", "input_tokens")
"""The keys that say what a workload sends; one of them is always there."""

_KEYS_BEFORE_ANSWERS = (*_INPUT_KEYS, "model", "mode", "platform")
"""The keys of a workload after which its answers come."""


class _TextEdit(NamedTuple):
    """The text that replaces the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def replace_output_tokens(data: bytes, file: str, answers: Mapping[str, AnswerTokens]) -> str:
    """Return the text of a config, the bytes of a file called `file`, with new `output_tokens` for the workloads in `answers`.

    Existing figures are replaced one by one; if there are none, a line is added. Raises TableError if a value to change has an
    anchor, InputError if a workload doesn't exist.
    """
    text = data.decode("utf-8-sig")
    workloads = yaml_cursor.read_yaml(data, file).entries()["workloads"].entries()
    edits: list[_TextEdit] = []
    for name, output_tokens in answers.items():
        if name not in workloads:
            raise InputError(expected=f"one of the workloads {', '.join(workloads)}", found=quote_text(name), location=file)
        edits += _plan_edits(text, workloads[name], output_tokens)
    return _apply_edits(data, text, edits)


def replace_settings(data: bytes, file: str, settings: Mapping[str | None, Mapping[str, str]]) -> str:
    """Return the text of a config with other plain values, such as `model`, for workloads by name, and for the defaults as None.

    An existing value is replaced; if there is none, a line is added to the workload. Raises TableError if a value to change has
    an anchor.
    """
    text = data.decode("utf-8-sig")
    top = yaml_cursor.read_yaml(data, file).entries()
    workloads = top["workloads"].entries()
    edits: list[_TextEdit] = []
    for name, values in settings.items():
        edits += _set_values(text, top["defaults"] if name is None else workloads[name], values, _INPUT_KEYS)
    return _apply_edits(data, text, edits)


def _apply_edits(data: bytes, text: str, edits: Iterable[_TextEdit]) -> str:
    for edit in sorted(edits, reverse=True):  # from the end, so that no place moves before it is used
        text = text[: edit.start] + edit.text + text[edit.end :]
    return ("\ufeff" if data.startswith(BOM_UTF8) else "") + text


def _plan_edits(text: str, workload: Cursor, output_tokens: AnswerTokens) -> Iterator[_TextEdit]:
    figures = {name: str(value) for name, value in output_tokens._asdict().items()}
    at = workload.entries().get("output_tokens")
    if not output_tokens.reasoning and (at is None or at.is_scalar or "reasoning" not in at.entries()):
        del figures["reasoning"]
    if at is None or at.is_scalar:
        whole = f"{{{', '.join(f'{name}: {value}' for name, value in figures.items())}}}"
        return _set_values(text, workload, {"output_tokens": whole}, _KEYS_BEFORE_ANSWERS)
    _refuse_anchor(text, at)
    return _set_values(text, at, figures, ("expected",))


def _set_values(text: str, mapping: Cursor, values: Mapping[str, str], before: Sequence[str]) -> Iterator[_TextEdit]:
    """Replace the values of keys that a mapping has, and add the others after the last of the keys `before`."""
    entries = mapping.entries()
    for key, value in values.items():
        if key in entries:
            _refuse_anchor(text, entries[key])
            yield _TextEdit(entries[key].span.start, entries[key].span.end, value)
    if added := [f"{key}: {value}" for key, value in values.items() if key not in entries]:
        _refuse_anchor(text, mapping)
        last = max((entries[key] for key in before if key in entries), key=lambda entry: entry.span.start)
        yield from _add_entries(text, mapping, last, added)


def _refuse_anchor(text: str, at: Cursor) -> None:
    """Raise TableError for an anchor: neither the end nor the indentation of the value after it is known."""
    if text.startswith("&", at.span.start):
        at.fail("a value without an anchor, or output_tokens set by hand", "an anchor")


def _add_entries(text: str, mapping: Cursor, after: Cursor, entries: Sequence[str]) -> Iterator[_TextEdit]:
    """Add entries to a mapping after one of its own: in brackets on the same line, else on new lines below that one and its
    comment.
    """
    if mapping.is_flow:
        yield _TextEdit(after.span.end, after.span.end, "".join(f", {entry}" for entry in entries))
        return
    indentation = " " * mapping.span.column
    first = _LINE_BREAK.search(text)
    line_break = first[0] if first else "\n"
    entry = f"{line_break}{indentation}".join(entries)
    leaf = after.last_leaf.span
    end = leaf.end
    if _LINE_BREAK.fullmatch(text[end - 1]):  # a text in lines of its own, which ends with its last line break
        yield _TextEdit(end, end, f"{indentation}{entry}{line_break}")
        return
    header = _BLOCK_HEADER.match(text, leaf.start)
    if header:  # such a text at the end of the file, without that line break, which must not become a part of it
        yield _TextEdit(header.start(), header.end(), f"{header[0].replace('+', '').replace('-', '')}-")
    rest = _LINE_BREAK.search(text, end)
    end = rest.start() if rest else len(text)
    yield _TextEdit(end, end, f"{line_break}{indentation}{entry}")
