"""Match globs and the lines of a .gitignore. The time of a match grows only with the pattern and the path. In both, `*` and `?`
stay within a name, `[a-z]` or `[!a-z]` is a character, and `**` any folders. A glob matches a name that begins with a dot only if
it has that dot, too; a .gitignore matches such names like others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby, takewhile
from typing import NamedTuple

_WILDCARD = re.compile(r"[*?[]")
_ESCAPED_WILDCARD = re.compile(r"\[([*?[])\]")

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
"""The classes that a .gitignore may name in brackets, as in `[[:digit:]]`, as they are written in a regular expression."""

_CLASS_NAME = re.compile(r"\[:([^]]*):\]")


def is_glob(pattern: str) -> bool:
    """Return True if `pattern` has a wildcard, so it may match many files."""
    return bool(_WILDCARD.search(pattern))


def escape_wildcards(path: str) -> str:
    """Return the pattern that means only this path.

    >>> escape_wildcards("app/[id]/a.md")
    'app/[[]id]/a.md'
    """
    return _WILDCARD.sub(r"[\g<0>]", path)


def find_literal_path(pattern: str) -> str | None:
    """Return the path that a pattern means if all of its wildcards are escaped, as `escape_wildcards` does; else None.

    >>> find_literal_path("app/[[]id]"), find_literal_path("app/id"), find_literal_path("app/[id]")
    ('app/[id]', 'app/id', None)
    """
    path = _ESCAPED_WILDCARD.sub(r"\1", pattern)
    return path if escape_wildcards(path) == pattern else None


def find_fixed_folder(glob: str) -> str:
    """Return the folder that every match of `glob` is in: the names before the first one with a wildcard.

    >>> find_fixed_folder("prompts/triage/*/v?.md"), find_fixed_folder("*.md")
    ('prompts/triage', '')
    """
    return "/".join(takewhile(lambda name: not is_glob(name), glob.split("/")[:-1]))


class PathPattern:
    """A glob, or with `is_git` a pattern of a .gitignore, for paths with "/" between their names.

    Both the pattern and the paths must be normalised, without `.` names.

    >>> pattern = PathPattern("prompts/**/*.md")
    >>> pattern.matches("prompts/a.md"), pattern.matches("prompts/old/1/a.md"), pattern.matches("prompts/.old/a.md")
    (True, True, False)
    """

    def __init__(self, pattern: str, *, is_git: bool = False) -> None:
        # Several `**` in a row are one.
        parts = [part for name, group in groupby(pattern.split("/")) for part in ([name] if name == "**" else group)]
        if parts[-1] == "**":
            parts.append("*")  # everything below a folder, but not the folder itself
        self._is_git = is_git
        self._steps = [None if part == "**" else _make_name_test(part, is_git=is_git) for part in parts]

    def matches(self, path: str) -> bool:
        """Return True if the pattern matches `path`."""
        if None in self._steps:
            return len(self._steps) in self._find_steps_after(path)
        names = path.split("/")  # each step is for one name, as in most patterns: ten times as fast
        return len(names) == len(self._steps) and all(step(name) for step, name in zip(self._steps, names, strict=True) if step)

    def may_match_below(self, folder: str) -> bool:
        """Return True if the pattern might match something in `folder`."""
        return bool(self._find_steps_after(folder) - {len(self._steps)})

    def _find_steps_after(self, path: str) -> set[int]:
        """Return the steps that may come after the names of `path`, all of them at once: nothing is tried again."""
        reached = self._skip_double_stars({0})
        for name in path.split("/"):
            reached = self._skip_double_stars({after for step in reached for after in self._advance(step, name)})
        return reached

    def _skip_double_stars(self, reached: set[int]) -> set[int]:
        """Return the steps that may come next: `**` may match no folder at all."""
        return reached | {index + 1 for index in reached if index < len(self._steps) and self._steps[index] is None}

    def _advance(self, index: int, name: str) -> list[int]:
        """Return where the step at `index` leads with `name`."""
        if index == len(self._steps):
            return []
        step = self._steps[index]
        if step is None:
            return [index] if self._is_git or not name.startswith(".") else []
        return [index + 1] if step(name) else []


class IgnoreRule(NamedTuple):
    """A line of a .gitignore: its pattern, and whether it is for a name in any folder, cancels other rules, or is for folders
    only.

    https://git-scm.com/docs/gitignore, as of git 2.47.
    """

    pattern: PathPattern
    is_for_names: bool
    is_negated: bool
    is_for_folders: bool


def parse_ignore_rules(text: str) -> list[IgnoreRule]:
    """Parse the text of a .gitignore. A line that isn't a pattern has no rule, as in git."""
    lines = dict.fromkeys(line.removesuffix("\r") for line in reversed(text.removeprefix("\ufeff").split("\n")))
    return [rule for rule in map(_parse_ignore_rule, reversed(lines)) if rule]


def is_ignored(path: str, rules: Sequence[IgnoreRule], *, is_folder: bool) -> bool | None:
    """Return whether rules ignore a path, from the folder of their .gitignore; None if none matches. The last match decides."""
    name = path.rpartition("/")[2]
    for rule in reversed(rules):
        if (is_folder or not rule.is_for_folders) and rule.pattern.matches(name if rule.is_for_names else path):
            return not rule.is_negated
    return None


def _parse_ignore_rule(line: str) -> IgnoreRule | None:
    pattern = line.rstrip(" ")
    if len(pattern) < len(line) and (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        pattern += " "  # a backslash keeps it
    if pattern.startswith("#"):
        return None
    is_negated = pattern.startswith("!")
    is_for_folders = pattern.endswith("/")
    pattern = pattern.removeprefix("!").removesuffix("/")
    if not pattern:
        return None
    return IgnoreRule(PathPattern(pattern.removeprefix("/"), is_git=True), "/" not in pattern, is_negated, is_for_folders)


def _make_name_test(part: str, *, is_git: bool) -> Callable[[str], bool]:
    """Return a function that says if `part`, a pattern without "/", matches a single name."""
    expression = _translate(part, is_git=is_git)
    if expression is None:
        return lambda name: False
    matches = re.compile(expression, re.DOTALL).fullmatch
    admits_dot = is_git or part.startswith(".")
    return lambda name: bool(matches(name)) and (admits_dot or not name.startswith("."))


def _translate(part: str, *, is_git: bool) -> str | None:
    """Translate the pattern of a name to a regular expression; None if it can't match anything.

    A `*` takes the least that lets the text up to the next one match, and the atomic group keeps it from being tried again: with
    ordinary groups, time grows exponentially with the asterisks.
    """
    texts: list[list[str]] = [[]]
    at = 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            texts.append([])
        elif char == "?":
            texts[-1].append(".")
        elif char == "[" and (is_git or part.find("]", at + 1) > 0):
            expression, at = _translate_brackets(part, at, is_git=is_git)
            if not expression and is_git:
                return None
            texts[-1].append(expression or r"\[")
        elif char == "\\" and is_git:
            if at == len(part):
                return None
            texts[-1].append(re.escape(part[at]))
            at += 1
        else:
            texts[-1].append(re.escape(char))
    first, *others = ("".join(text) for text in texts)
    if not others:
        return first
    return first + "".join(f"(?>.*?{text})" for text in others[:-1] if text) + ".*" + others[-1]


def _translate_brackets(part: str, start: int, *, is_git: bool) -> tuple[str, int]:
    """Translate what is in brackets, from `start` on, and return where the rest begins. It is empty if nothing closes them."""
    negation = "^" * (part[start : start + 1] in ("!", "^"))
    at = first = start + len(negation)
    members: list[str] = []
    while at < len(part) and (part[at] != "]" or at == first):
        named = _CLASS_NAME.match(part, at) if is_git else None
        if named:
            if named[1] not in _CLASSES:
                return "", start
            members.append(_CLASSES[named[1]])
            at = named.end()
            continue
        low, at = _read_character(part, at, is_git=is_git)
        high = low
        if part[at : at + 1] == "-" and part[at + 1 : at + 2] not in ("", "]"):
            high, at = _read_character(part, at + 1, is_git=is_git)
        if low <= high:
            members.append(f"{re.escape(low)}-{re.escape(high)}")
    if at >= len(part):
        return "", start
    if not members:
        return "." if negation else "(?!)", at + 1
    return f"[{negation}{''.join(members)}]", at + 1


def _read_character(part: str, at: int, *, is_git: bool) -> tuple[str, int]:
    """Read a character in brackets, which a backslash may precede in a .gitignore, and return where the next one is."""
    at += is_git and part[at] == "\\" and at + 1 < len(part)
    return part[at], at + 1
