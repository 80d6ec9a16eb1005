"""Distinguish recorded data from calls: answers of the API, measurements, and entries of a table of prices or limits."""

from __future__ import annotations

import re

from gpt41_cli.code.lines import Lines

_SET = r"\\?[\"']?[ \t]*(?::|=>|=(?!=))[ \t]*"
# What an answer of the API or a measurement has, and a request hasn't.
_ANSWER_FIELD = re.compile(
    r"(?<![\w$])(?:"
    rf"(?:finish_?reason|system_?fingerprint|(?:prompt|completion|total)_?tokens|token_?type|total_?cost|owned_by){_SET}"
    rf"|(?:input|output|total)_?token_?count{_SET}|(?:start|end)_?time{_SET}[\"'\d]"
    rf"|created(?:_?at)?{_SET}\d+(?![\d-])"
    rf"|usage{_SET}(?:[A-Z]\w*\(|\{{(?!\s*[\"']?include))"
    rf"|choices{_SET}\[\s*(?:\{{|[A-Z]\w*\()"
    rf"|output{_SET}\[\s*(?:\]|\{{)"
    rf"|object{_SET}\\?[\"'](?:chat\.completion|text_completion|response|model)\b"
    rf"|id{_SET}\\?[\"'](?:chatcmpl-|resp_|ftjob-)"
    r")",
    re.IGNORECASE,
)
# The model that answered, in the same line or in the one before: `attributes["gen_ai.response.model"] == "a"`.
_ANSWERED_BEFORE = re.compile(
    r"(?:(?:response|served)[._]?|\b(?:resp|completion|chunk)(?:\.|\[[\"']))model[\"']?[^\w\"']*(?:(?:assert\w*|to_string|Some|json|String|from|into)\b[^\w\"']*)*[\"'][^\s\"']*$",
    re.IGNORECASE,
)
# An entry of the answer that lists models.
_LISTED_BEFORE = re.compile(r"\bdata[\"']?\s*(?::|=>?)[^;=]*?\bid[\"']?\s*(?::|=>)\s*[\"']$")
_LISTED = 400
_ANSWERED = 200
_MEMBER_BEFORE = re.compile(r"[\s\-|{(]*\\?[\"']?[A-Za-z_][\w.-]*" + _SET + r"[^\s,]*$")
_MEMBER_ENDS = re.compile(r"[^\s,]*,|[\"'`]?[ \t]*$")
_CONTINUED = (",", "{", "(", "[")
_SIBLING_LINES = 60
_NEAR = 1_500

# Followed by a figure, these words make an entry of a table.
_FIGURE = re.compile(
    r"(?:\w*(?:price|pricing|cost|usd|per_?(?:1k|1m|million|token))\w*|(?:cached_?)?(?:input|output|prompt|completion)|context_?\w*)"
    + _SET
    + r"[\"'$]*[\d.]",
    re.IGNORECASE,
)
_LIMIT = re.compile(r'"(?:max_?(?:input_?)?tokens|ctx|content_?length)"\s*:\s*\d{4}', re.IGNORECASE)
_KEY_ENDS = re.compile(r"\\?[\"'`]?\]?[ \t]*(?::|=>|=(?!=))[ \t]*")
_PRICED = re.compile(
    r"[\[({]?[ \t]*\$?\.?\d"
    r"|[\"'](?:\d{4}-\d\d(?:-\d\d)?|\$?\d[\d.,_]*[km]?)[\"'][ \t]*(?:[,})]|$)"
    r"|(?:new[ \t]+)?\w*(?:price|cost|rate|limit)\w*[ \t]*\("
    r"|[\w.]*(?:price|cost|context_?(?:size|length|window|limit))\w*[ \t]*(?:,|$)",
    re.IGNORECASE | re.MULTILINE,
)
# A row that has a name and at least two prices, or a name and a number of tokens; `ask("a", 50_000)` is no row.
_PRICED_ROW_ENDS = re.compile(r"[\"'`],?\)?(?:,[ \t]*\$?\d*\.\d+){2}")
_MIXED_ROW_ENDS = re.compile(r"[\"'`],[ \t]*\$?(?:\d*\.\d+,[ \t]*\$?\d+|\d+,[ \t]*\$?\d*\.\d+)[ \t]*[,)\]}]")
# What is measured of a model: `usage["a"].cost`.
_MEASURED_AFTER = re.compile(r"[\"'`]\](?:\??\.|\[[\"'`])\w*(?:cost|tokens|usage|price|total|usd)\w*", re.IGNORECASE)
_PRICES_BEFORE = re.compile(r"(?:prices?|pricing|costs)\w*\[[\"'`]?[^\s\"'`\[]*$", re.IGNORECASE)
_PRICED_ARGUMENT = re.compile(r"[\"'`]?,\s*(?:new[ \t]+)?\w*(?:cost|price|pricing)[ \t]*[({]", re.IGNORECASE)
# The name of an entry of a catalog, whose other members are its prices and its context window.
_ENTRY_NAME_BEFORE = re.compile(
    r"(?<![\w.])[\"']?(?:id|name|slug|value|key|family)[\"']?[ \t]*:[ \t]*[\"'`][^\s\"'`]*$", re.IGNORECASE
)
_PRICE_FIGURE = (
    r"(?<![\w$])[\"']?(?!\w*(?:max|budget|limit))\w*(?:price|pricing|cost|per_?(?:1k|1m|million|token))\w*[\"']?[ \t]*[:=][ \t]*"
    r"(?:[{\[]\s*(?:[\"']?\w*(?:input|output|prompt|completion)\w*[\"']?[ \t]*:[ \t]*)?)?[\"'$]*[\d.]"
)
_ENTRY_PRICE = re.compile(_PRICE_FIGURE, re.IGNORECASE)
_ENTRY_FIGURE = re.compile(
    rf"{_PRICE_FIGURE}|(?<![\w$])[\"']?(?!max)\w*context_?(?:window|length|size|limit)\w*[\"']?[ \t]*[:=][ \t]*[\"'$]*[\d.]",
    re.IGNORECASE,
)
# A model that is asked may have a context window next to it, but no price.
_ENTRY_MODEL_BEFORE = re.compile(r"(?<![\w.])[\"']?model(?:_?(?:name|id))?[\"']?[ \t]*:[ \t]*[\"'`][^\s\"'`]*$", re.IGNORECASE)
_ROW_BEGINS = re.compile(r"(?<![\w\])>])[({\[][ \t]*[\"'`]$")
_LIMITED_ROW_ENDS = re.compile(r"[\"'`],[ \t]*[\d_]{5,}[ \t]*[)\]}]")
_OPENING = re.compile(r"(?:new[ \t]+)?\w*[ \t]*[\[({]")
_BRACKET = re.compile(r"[\[\](){}]")
_ENTRY = 1_000
_NAME_KEY = 100


def is_in_answer(lines: Lines, start: int, end: int, *, is_config: bool) -> bool:
    """Return True if the text next to a name, in its line or among its siblings, belongs to an answer or a measurement."""
    number = lines.find_number(start)
    first, last = lines.find_start(number), lines.find_end(number)
    if _ANSWERED_BEFORE.search(lines.text, max(0, start - _ANSWERED), start):
        return True
    if _LISTED_BEFORE.search(lines.text, max(0, start - _LISTED), start):
        return True
    if lines.has_match(_ANSWER_FIELD, max(first, start - _NEAR), min(last, end + _NEAR)):
        return True
    if not is_config and not _is_member(lines, number, start, end):
        return False
    return _is_near(_ANSWER_FIELD, lines, number)


def is_in_table(lines: Lines, start: int, end: int) -> bool:
    """Return True if a name has prices or a context window: as a key, or in its row."""
    text = lines.text
    begins = _ROW_BEGINS.search(text, max(0, start - 9), start)
    if _PRICED_ROW_ENDS.match(text, end) or (begins and (_LIMITED_ROW_ENDS.match(text, end) or _MIXED_ROW_ENDS.match(text, end))):
        return True
    if _MEASURED_AFTER.match(text, end) or _PRICED_ARGUMENT.match(text, end):
        return True
    before = max(0, start - _NAME_KEY)
    if _PRICES_BEFORE.search(text, before, start):
        return True
    if _ENTRY_NAME_BEFORE.search(text, before, start) and _is_priced_entry(lines, start, end, _ENTRY_FIGURE):
        return True
    if _ENTRY_MODEL_BEFORE.search(text, before, start) and _is_priced_entry(lines, start, end, _ENTRY_PRICE):
        return True
    key = _KEY_ENDS.match(text, end)
    if not key:
        return False
    if _PRICED.match(text, key.end()):
        return True
    if opening := _OPENING.match(text, key.end()):
        return _FIGURE.search(text, opening.end(), _find_closing(text, opening.end())) is not None
    number = lines.find_number(end)
    is_mapping = not text[key.end() : lines.find_end(number)].strip() and number + 1 < len(lines)
    if not is_mapping or lines.measure_indent(number + 1) <= lines.measure_indent(number):
        return False
    return _is_near(_FIGURE, lines, number + 1)


def _is_priced_entry(lines: Lines, start: int, end: int, figure: re.Pattern[str]) -> bool:
    """Return True if `figure`, by default a price, matches next to a name, in its line or among its siblings."""
    number = lines.find_number(start)
    first, last = lines.find_start(number), lines.find_end(number)
    if lines.text[first:start].lstrip().startswith(("{", "- {")):
        return lines.has_match(figure, max(first, start - _ENTRY), min(last, end + _ENTRY))
    return _is_near(figure, lines, number)


def count_figures(text: str, *, is_json: bool) -> int:
    """Count the prices and context windows in a text; JSON lists of models have limits of tokens, too."""
    return len(_FIGURE.findall(text)) + (len(_LIMIT.findall(text)) if is_json else 0)


def _is_member(lines: Lines, number: int, start: int, end: int) -> bool:
    """Return True if a name is the value of an argument, a field or a key that has a line of its own."""
    before = lines.text[max(lines.find_start(number), start - _NEAR) : start]
    after = lines.text[end : min(lines.find_end(number), end + _NEAR)].rstrip()
    if not _MEMBER_BEFORE.match(before) or not _MEMBER_ENDS.match(after):
        return False
    return after.endswith(",") or (number > 0 and lines[number - 1].rstrip().endswith(_CONTINUED))


def _is_near(pattern: re.Pattern[str], lines: Lines, number: int) -> bool:
    """Return True if a pattern matches in the lines around one that are indented at least as far."""
    first, last = lines.find_block(number)
    first, last = max(first, number - _SIBLING_LINES), min(last, number + _SIBLING_LINES)
    return lines.has_match(pattern, lines.find_start(first), lines.find_end(last))


def _find_closing(text: str, start: int) -> int:
    """Return the offset of the bracket that closes the one before `start`, if it is near."""
    depth = 1
    for match in _BRACKET.finditer(text, start, start + _ENTRY):
        depth += 1 if match[0] in "[({" else -1
        if not depth:
            return match.start()
    return min(len(text), start + _ENTRY)
