"""Tell a name that code passes to the API from one that it only mentions: in a comment, in a sentence, in recorded data."""

from __future__ import annotations

import ast
import re
import warnings
from enum import Enum
from pathlib import PurePath
from typing import NamedTuple

from gpt41_cli.commands.scan.model_names import NamedModel, Naming
from gpt41_cli.commands.scan.source_files import FileKind, find_comment_marks, find_file_kind, is_model_table

# A gateway's or vendor's prefix belongs to the id: openai/gpt-4.1, azure/eu/gpt-4.1, openai:gpt-4.1.
_PREFIX = re.compile(r"(?:(?<![\w.-])[A-Za-z][\w.-]*[/:])*$")
_URL_BEFORE = re.compile(r"https?://[^\s\"'`<>()]*$")
_DEPLOYMENT_BEFORE = re.compile(r"deployments/$")
_FLAG_BEFORE = re.compile(r"(?:^|[\s\"'`\[(,])--?[A-Za-z][\w-]*[ =]$")
_ASSIGNED_BEFORE = re.compile(r"(?:[=:]-?[ \t]*|^[ \t]*-[ \t]+|[\[,][ \t]*|^(?:ENV|ARG)[ \t]+\w+[ \t]+)$")
_MODEL_KEY_BEFORE = re.compile(r"model\w*[\"']?[ \t]*[=:][ \t]*$", re.IGNORECASE)
_VALUE_ENDS = re.compile(r"[ \t]*(?:$|[,;\]})|&\\\"'`]|(?<=[ \t])(?:#|//))")
_WORD_ENDS = re.compile(r"$|[\s;,)\]}|&\"'`\\]")
_STRING_OPENS = re.compile(r"([\"'`])[^\s\"'`]*$")
_STRING_ENDS = re.compile(r"[^\s\"'`\\]*\\?([\"'`])")
_NOTEBOOK_MARK = re.compile(r'(?<!\\)"(?:cell_type"\s*:\s*"(\w+)"|(source|outputs|metadata|attachments)"\s*:\s*[\[{"])')
_UNESCAPED_QUOTE = re.compile(r'(?<!\\)"')


class UseKind(Enum):
    """How a text uses the name of a model."""

    CALL = "call"
    MENTION = "mention"
    DATA = "data"


class UseReader:
    """Reads how one file uses the names in it."""

    def __init__(self, path: PurePath, text: str, models: int) -> None:
        """Read a file in which so many different models are named."""
        self._text = text
        self._kind = find_file_kind(path, text)
        self._marks = find_comment_marks(path, self._kind)
        self._is_table = is_model_table(text, models)
        self._docstrings = _find_docstrings(text) if path.suffix == ".py" else []

    def read(self, named: NamedModel) -> UseKind:
        """Return how the file uses the name."""
        if self._kind is FileKind.DATA or self._is_table:
            return UseKind.DATA
        if self._kind is FileKind.PROSE or named.naming is Naming.DISPLAY_NAME:
            return UseKind.MENTION
        if any(named.start in offsets for offsets in self._docstrings):
            return UseKind.MENTION
        line = _cut_line(self._text, named)
        if self._kind is FileKind.NOTEBOOK:
            cell, section = _find_notebook_section(self._text, named.start)
            if section == "outputs":
                return UseKind.DATA
            if (cell, section) != ("code", "source"):
                return UseKind.MENTION
            line = line.unquote()
        if line.is_comment(self._marks):
            return UseKind.MENTION
        is_call = named.naming is Naming.CONSTANT or line.has_value(is_config=self._kind is FileKind.CONFIG)
        return UseKind.CALL if is_call else UseKind.MENTION


class _Line(NamedTuple):
    """What stands before and after a name in its line."""

    before: str
    after: str

    def unquote(self) -> _Line:
        """Return the line of code that a line of a notebook, which is JSON, stands for."""
        before = _UNESCAPED_QUOTE.split(self.before)[-1].replace('\\"', '"')
        after = _UNESCAPED_QUOTE.split(self.after)[0].replace('\\"', '"')
        return _Line(before.split("\\n")[-1], after.split("\\n")[0])

    def is_comment(self, marks: tuple[str, ...]) -> bool:
        """Return True if a comment begins before the name. Marks within a string begin none."""
        if "//" in marks and self.before.lstrip().startswith("* "):
            return True
        quote = ""
        for index, char in enumerate(self.before):
            if char in "\"'`":
                quote = "" if char == quote else quote or char
            elif not quote and self.before.startswith(marks, index):
                return True
        return False

    def has_value(self, *, is_config: bool) -> bool:
        """Return True if the name is a whole value, not a word of a sentence or a part of a path."""
        if _DEPLOYMENT_BEFORE.search(self.before):
            return True
        if self.after.startswith("/") or _URL_BEFORE.search(self.before):
            return False
        prefix = _PREFIX.search(self.before)
        before = self.before[: prefix.start()] if prefix else self.before
        if _is_passed(before, self.after, is_config) or _is_passed(self.before, self.after, is_config):
            return True
        opens, ends = _STRING_OPENS.search(before), _STRING_ENDS.match(self.after)
        return bool(opens and ends and opens[1] == ends[1] and not _is_in_string(before, self.after, opens[1]))


def _is_passed(before: str, after: str, is_config: bool) -> bool:
    """Return True if a flag, a variable or a key is set to what stands between."""
    bare = before.rstrip("\\\"'")
    if _FLAG_BEFORE.search(bare) or (is_config and before.endswith("=")):
        return bool(_WORD_ENDS.match(after))
    pattern = _ASSIGNED_BEFORE if is_config and bare == before else _MODEL_KEY_BEFORE
    return bool(pattern.search(bare) and _VALUE_ENDS.match(after))


def _is_in_string(before: str, after: str, quote: str) -> bool:
    """Return True if a string in these quotes is a part of a longer one in other quotes."""
    return any(other != quote and before.count(other) % 2 and other in after for other in "\"'`")


def _cut_line(text: str, named: NamedModel) -> _Line:
    start = text.rfind("\n", 0, named.start) + 1
    end = text.find("\n", named.end)
    return _Line(text[start : named.start], text[named.end : end if end >= 0 else None].rstrip("\r"))


def _find_notebook_section(text: str, at: int) -> tuple[str, str]:
    """Return the type of the cell that has an offset, and the part of the cell: source, outputs, metadata or attachments."""
    cell = section = ""
    for match in _NOTEBOOK_MARK.finditer(text, 0, at):
        cell, section = (match[1], "") if match[1] else (cell, match[2])
    return cell, section


def _find_docstrings(text: str) -> list[range]:
    """Return the offsets of docstrings and other strings that stand alone in a Python file; none if it can't be parsed."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return [
        range(starts[node.lineno - 1], starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0))
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
