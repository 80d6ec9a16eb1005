"""Tell a name that code passes to the API from one that it only mentions: in a comment, in a sentence, in recorded data."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cached_property
from pathlib import PurePath
from typing import NamedTuple

from gpt41_cli.code.lines import Lines
from gpt41_cli.code.model_names import NamedModel, Naming
from gpt41_cli.code.records import is_in_answer, is_in_table
from gpt41_cli.code.source_files import FileKind, find_comment_marks, find_file_kind, is_model_table

# A gateway's or vendor's prefix belongs to the id: openai/gpt-4.1, azure/eu/gpt-4.1, openai:gpt-4.1.
_PREFIX = re.compile(r"(?:(?<![\w.-])[A-Za-z][\w.-]*[/:])*$")
_URL_BEFORE = re.compile(r"https?://[^\s\"'`<>()]*$")
_DEPLOYMENT_BEFORE = re.compile(r"deployments/$")
_FLAG_BEFORE = re.compile(r"(?:^|[\s\"'`\[(,])--?[A-Za-z][\w-]*[ =]$")
_ASSIGNED_BEFORE = re.compile(
    r"(?:[=:]-?[ \t]*|^[ \t]*-[ \t]+|\[(?:[^\]]*,)?[ \t]*|[=:][ \t]*(?:[\w./:-]+,[ \t]*)+"
    r"|^(?:ENV|ARG)[ \t]+\w+[ \t]+|^[ \t]*model[ \t]+)$"
)
# JSON in a string.
_JSON_VALUE_BEFORE = re.compile(r"\w\\?\":[ ]?\\?\"$")
# "Model: " begins a message, not a setting.
_MODEL_KEY_BEFORE = re.compile(r"(?!\bModel:[ \t])(?i:model)\w*[\"']?[ \t]*[=:][ \t]*$")
_VALUE_ENDS = re.compile(r"[ \t]*(?:$|[,;\]})|&\\\"'`]|(?<=[ \t])(?:#|//))")
_WORD_ENDS = re.compile(r"$|[\s;,)\]}|&\"'`\\]")
_STRING_OPENS = re.compile(r"([\"'`])[^\s\"'`]*$")
_STRING_ENDS = re.compile(r"[^\s\"'`\\]*\\?([\"'`])")
_NOTEBOOK_MARK = re.compile(r'(?<!\\)"(?:cell_type"\s*:\s*"(\w+)"|(source|outputs|metadata|attachments)"\s*:\s*[\[{"])')
# A line of YAML in a string of code, and a word of a list of words in Ruby.
_YAML_LINE_BEFORE = re.compile(r"[ \t]*(?:- )?[a-z][\w.-]*:[ \t]+[\"']?$")
_YAML_LINE_ENDS = re.compile(r"[\"']?[ \t]*$")
_WORD_LIST_BEFORE = re.compile(r"%[wi][\[({][^\])}]*$", re.IGNORECASE)
# The name of a case or a choice, whose model comes next.
_NAME_BEFORE = re.compile(r"(?<!\w)[\"']?name[\"']?[ \t]*[:=][ \t]*[\"'`]?$", re.IGNORECASE)
_MODEL_FOLLOWS = r"[\"'`]?,?\s*[\"']?\w*model\w*[\"']?[ \t]*[:=][ \t]*[\"'`]?{}(?![\w.-])"
_DESCRIBED_BEFORE = re.compile(
    r"[\s\-{]*[\"']?(?:description|summary|help(?:_?text)?|tooltip|comment|examples?)[\"']?[ \t]*[:=]"
    r"(?!.*(?:get_?env|environ\.get)\()",
    re.IGNORECASE,
)
_PLACEHOLDER_BEFORE = re.compile(r"\bplaceholder[\"']?[ \t]*[:=][ \t]*\{?[\"'`][^\"'`]*$", re.IGNORECASE)
# The settings at the beginning of a prompt or an agent in Markdown. With a time or a figure they are those of a recorded run.
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.MULTILINE | re.DOTALL)
_RUN_KEY = re.compile(
    r"^(?:date|time(?:stamp)?|(?:created|published)(?:_?at)?|run_?id|score|cost|(?:input|output|prompt|completion|total)_tokens)"
    r"[ \t]*:",
    re.MULTILINE | re.IGNORECASE,
)
_SETTING_BEFORE = re.compile(r"[ \t]*model:[ \t]*[\"']?(?:[\w.-]+[/:])*$")
# A tokenizer outlives its model.
_TOKENIZER_BEFORE = re.compile(
    r"(?:tokeni[sz]er|tiktoken|encoding_?for_?model)[\w.:]*(?:[\"']?[ \t]*[:=][ \t]*|\()[\"'`]?[^\s\"'`]*$", re.IGNORECASE
)
_PATTERN_BEFORE = re.compile(r"[\"'`/][^\s\"'`]*\^[^\s\"'`]*$")
# A string that holds a program or a command, as a page with examples has.
_PROGRAM = (
    r"\s*(?:(?:#|//)[ ][^\n`]*\n\s*)*"
    r"(?:import[\s{]|from\s+[\w.]+\s+import\s|package\s|using\s|#include\s|use\s+[\w:]+|require[ (][\"']|<\?php\s|curl\s"
    r"|(?:pip|npm|pnpm|yarn|go|gem|cargo)\s+(?:i|install|add|get)\s|(?:const|let|var)\s[^\n=`]*=\s*require\()"
)
_FENCE = r"```(?:bash|c|cpp|cs|csharp|go|java(?:script)?|js|php|py|python|ruby|rust|sh|shell|ts|tsx|typescript)\b"
_PROGRAM_BEGINS = re.compile(rf"{_PROGRAM}|.*\n[ \t]*{_FENCE}", re.DOTALL)
_PROGRAM_IN_TEMPLATE = re.compile(rf"(?<!\\)`{_PROGRAM}(?:[^`\\]|\\.)*`")
_WITH_TEMPLATES = frozenset((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".go"))
_BLOCK_COMMENT = re.compile(r"^[ \t]*(?:/\*.*?(?:\*/|\Z)|<!--.*?(?:-->|\Z))", re.MULTILINE | re.DOTALL)
_HTML_SAMPLE = re.compile(r"<(pre|code)\b.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_ELIXIR_DOC = re.compile(r"^[ \t]*@\w*doc[ \t]+(?:~[sS])?\"\"\".*?(?:\"\"\"|\Z)", re.MULTILINE | re.DOTALL)
_QUOTED_LINE_BEFORE = re.compile(r"\s*\w?[\"'][^\"']*[\s(\"'=]")
_TEXT_KEYS = frozenset(("answer", "body", "comment", "content", "description", "message", "report", "summary", "text", "title"))
_KEY_ENDS = re.compile(r"[\"']?[ \t]*:(?:[ \t]|$)")
_WITH_FRONT_MATTER = (".md", ".mdx", ".mdc", ".markdown")
_LONGEST_PART = 1_000
"""How many characters of a line are looked at before and after a name."""

_MAX_PARSED = 2_000_000
"""Characters of Python that are parsed: a syntax tree takes a hundred times the memory."""

_UNESCAPED_QUOTE = re.compile(r'(?<!\\)"')


class UseKind(Enum):
    """How a text uses the name of a model."""

    CALL = "call"
    MENTION = "mention"
    DATA = "data"


class UseReader:
    """Reads how one file uses the names in it."""

    def __init__(self, path: PurePath, lines: Lines, models: int) -> None:
        """Read a file that names `models` different models."""
        self._lines = lines
        self._kind = find_file_kind(path, lines.text)
        self._marks = find_comment_marks(path, self._kind)
        self._is_json = path.suffix.lower() == ".json"
        self._is_table = is_model_table(path, lines.text, models)
        self._suffix = path.suffix.lower()
        self._settings_end = _find_settings_end(lines.text) if self._suffix in _WITH_FRONT_MATTER else 0
        self._sections = _find_notebook_sections(lines.text) if self._kind is FileKind.NOTEBOOK else []

    def read(self, named: NamedModel) -> UseKind:
        """Return how the file uses the name."""
        if self._kind is FileKind.DATA or self._is_table:
            return UseKind.DATA
        if named.start < self._settings_end and self._is_setting(named):
            return UseKind.CALL
        if self._kind is FileKind.PROSE or named.naming is Naming.DISPLAY_NAME:
            return UseKind.MENTION
        line = _cut_line(self._lines, named)
        if self._kind is FileKind.NOTEBOOK:
            cell, section = self._find_notebook_section(named.start)
            if section == "outputs":
                return UseKind.DATA
            if (cell, section) != ("code", "source"):
                return UseKind.MENTION
            line = line.unquote()
        if line.is_comment(self._marks) or (self._is_json and line.is_in_text()):
            return UseKind.MENTION
        is_config = self._kind is FileKind.CONFIG
        if named.naming is not Naming.CONSTANT and not line.has_value(is_config=is_config):
            return UseKind.MENTION
        if self._is_in_comment(named.start, line) or (_NAME_BEFORE.search(line.before) and self._is_model_next(named)):
            return UseKind.MENTION
        is_data = is_in_table(self._lines, named.start, named.end) or is_in_answer(
            self._lines, named.start, named.end, is_config=is_config
        )
        return UseKind.DATA if is_data else UseKind.CALL

    @cached_property
    def _comments(self) -> list[range]:
        return _find_comments(self._suffix, self._lines.text, self._marks)

    @cached_property
    def _docstrings(self) -> list[range]:
        return _sort_apart(_find_docstrings(self._lines))

    @cached_property
    def _quotes(self) -> list[list[int]]:
        return [[match.start() for match in re.finditer(quote, self._lines.text)] for quote in (r"\"\"\"", "'''")]

    def _is_in_comment(self, at: int, line: _NameContext) -> bool:
        if _is_within(self._comments, at):
            return True
        return self._suffix == ".py" and self._may_be_in_text(at, line) and _is_within(self._docstrings, at)

    def _may_be_in_text(self, at: int, line: _NameContext) -> bool:
        """Return True if a name may be in a string of several lines, which only a parser, which takes long, knows for certain."""
        if _QUOTED_LINE_BEFORE.match(line.before):
            return True
        return any(len(places) % 2 or bisect_left(places, at) % 2 for places in self._quotes)

    def _is_setting(self, named: NamedModel) -> bool:
        """Return True if a name is the value of `model:` in the settings at the beginning of a text."""
        line = _cut_line(self._lines, named)
        is_id = named.naming is not Naming.DISPLAY_NAME
        return is_id and bool(_SETTING_BEFORE.fullmatch(line.before) and _VALUE_ENDS.match(line.after))

    def _is_model_next(self, named: NamedModel) -> bool:
        """Return True if the same name is set as a model right after this one."""
        follows = re.compile(_MODEL_FOLLOWS.format(re.escape(named.name)), re.IGNORECASE)
        return follows.match(self._lines.text, named.end) is not None

    def _find_notebook_section(self, at: int) -> tuple[str, str]:
        """Return the type of the cell that has an offset, and the part of the cell: source, outputs, metadata or attachments."""
        position = bisect_left(self._sections, (at,))
        return self._sections[position - 1][1:] if position else ("", "")


class _NameContext(NamedTuple):
    """The text before and after a name in its line."""

    before: str
    after: str

    def unquote(self) -> _NameContext:
        """Return the line of code that a line of a notebook, which is JSON, stands for."""
        before = _UNESCAPED_QUOTE.split(self.before)[-1].replace('\\"', '"')
        after = _UNESCAPED_QUOTE.split(self.after)[0].replace('\\"', '"')
        return _NameContext(before.split("\\n")[-1], after.split("\\n")[0])

    def is_in_text(self) -> bool:
        """Return True if the name is within a text of several lines that JSON holds, such as the body of an issue."""
        *outside, text = _UNESCAPED_QUOTE.split(self.before)
        if "\\n" not in text and "\\n" not in _UNESCAPED_QUOTE.split(self.after)[0]:
            return False
        return len(outside) < 2 or (not outside[-1].strip(" :") and outside[-2] in _TEXT_KEYS)

    def is_comment(self, marks: tuple[str, ...]) -> bool:
        """Return True if a comment begins before the name. A mark within a string doesn't begin one."""
        if self.before.lstrip().startswith(("* ", "# ") if "//" in marks else "# "):
            return True
        if not any(mark in self.before for mark in marks):
            return False
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
        if self.after.startswith("/") or _URL_BEFORE.search(self.before) or _DESCRIBED_BEFORE.match(self.before):
            return False
        if self.before.endswith("``") and self.after.startswith("``"):  # as reStructuredText quotes code
            return False
        if any(pattern.search(self.before) for pattern in (_PLACEHOLDER_BEFORE, _TOKENIZER_BEFORE, _PATTERN_BEFORE)):
            return False
        if _YAML_LINE_BEFORE.fullmatch(self.before) and _YAML_LINE_ENDS.fullmatch(self.after):
            return True
        prefix = _PREFIX.search(self.before)
        before = self.before[: prefix.start()] if prefix else self.before
        is_key = is_config and not before.strip(" -\"'") and _KEY_ENDS.match(self.after)
        if is_key or _WORD_LIST_BEFORE.search(self.before):
            return True
        if _is_passed(before, self.after, is_config) or _is_passed(self.before, self.after, is_config):
            return True
        opens, ends = _STRING_OPENS.search(before), _STRING_ENDS.match(self.after)
        if opens and ends and _JSON_VALUE_BEFORE.search(before):
            return True
        return bool(opens and ends and opens[1] == ends[1] and not _is_in_string(before, self.after, opens[1]))


def _is_passed(before: str, after: str, is_config: bool) -> bool:
    """Return True if a flag, a variable or a key is set to the text in between."""
    bare = before.rstrip("\\\"'")
    if _FLAG_BEFORE.search(bare) or (is_config and before.endswith("=")):
        return bool(_WORD_ENDS.match(after))
    pattern = _ASSIGNED_BEFORE if is_config and bare == before else _MODEL_KEY_BEFORE
    return bool(pattern.search(bare) and _VALUE_ENDS.match(after))


def _is_in_string(before: str, after: str, quote: str) -> bool:
    """Return True if a string in these quotes is part of a longer one in other quotes."""
    return any(other != quote and before.count(other) % 2 and other in after for other in "\"'`")


def _cut_line(lines: Lines, named: NamedModel) -> _NameContext:
    number = lines.find_number(named.start)
    start, end = lines.find_start(number), lines.find_end(number)
    before = lines.text[max(start, named.start - _LONGEST_PART) : named.start]
    return _NameContext(before, lines.text[named.end : min(end, named.end + _LONGEST_PART)].rstrip("\r\n"))


def _find_settings_end(text: str) -> int:
    """Return where the settings at the beginning of a text end; 0 if it has none, or those of a recorded run."""
    match = _FRONT_MATTER.match(text)
    return 0 if match is None or _RUN_KEY.search(match[1]) else match.end(1)


def _find_notebook_sections(text: str) -> list[tuple[int, str, str]]:
    """Return where each part of a cell begins, the type of the cell, and the part."""
    sections = []
    cell = section = ""
    for match in _NOTEBOOK_MARK.finditer(text):
        cell, section = (match[1], "") if match[1] else (cell, match[2])
        sections.append((match.end(), cell, section))
    return sections


def _find_comments(suffix: str, text: str, marks: tuple[str, ...]) -> list[range]:
    """Return the offsets of comments, and in other languages than Python of strings that document code or hold a program."""
    patterns = [_PROGRAM_IN_TEMPLATE] if suffix in _WITH_TEMPLATES else []
    if suffix in (".ex", ".exs"):
        patterns.append(_ELIXIR_DOC)
    elif suffix in (".html", ".htm"):
        patterns += (_HTML_SAMPLE, _BLOCK_COMMENT)
    elif "/*" in marks:
        patterns.append(_BLOCK_COMMENT)
    return _sort_apart(range(*match.span()) for pattern in patterns for match in pattern.finditer(text))


def _sort_apart(ranges: Iterable[range]) -> list[range]:
    """Return ranges in order, without those in others."""
    apart: list[range] = []
    for offsets in sorted(ranges, key=lambda offsets: (offsets.start, -offsets.stop)):
        if not apart or offsets.stop > apart[-1].stop:
            apart.append(offsets)
    return apart


def _is_within(ranges: list[range], at: int) -> bool:
    """Return True if one of the ranges, which are apart and in order, has an offset."""
    position = bisect_right(ranges, at, key=lambda offsets: offsets.start) - 1
    return position >= 0 and at in ranges[position]


def _find_docstrings(lines: Lines) -> list[range]:
    """Return the offsets of docstrings and strings that hold a program in a Python file; none if it can't be parsed."""
    if len(lines.text) > _MAX_PARSED:
        return []
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(lines.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    # A number of columns is one of bytes; a range that is some characters too long still ends in the line of its string.
    starts = ((node, lines.find_start(node.lineno - 1), node.end_lineno or node.lineno) for node in _find_texts(tree))
    return [range(start, lines.find_start(last - 1) + (node.end_col_offset or 0)) for node, start, last in starts]


def _find_texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the strings that stand alone, and those that hold a program."""
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Expr) else node
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            continue
        if text is not node or ("\n" in text.value and _PROGRAM_BEGINS.match(text.value)):
            yield text
