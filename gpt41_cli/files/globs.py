"""Globs as people write them: `*` and `?` within a name, `[a-z]` or `[!a-z]` for a character, `**` for any folders.

A name that begins with a dot matches only if the pattern has that dot too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from itertools import takewhile

_WILDCARD = re.compile(r"[*?[]")
_ESCAPED_WILDCARD = re.compile(r"\[([*?[])\]")
_CHARACTER_CLASS = re.compile(r"\[([!^]?)(\]?[^]]*\])")


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


def make_matcher(glob: str) -> Callable[[str], bool]:
    """Return a function that says if `glob` matches a path with "/" between its names. Both must be normalised, without `.`
    names.

    >>> matches = make_matcher("prompts/**/*.md")
    >>> matches("prompts/a.md"), matches("prompts/old/1/a.md"), matches("prompts/.old/a.md")
    (True, True, False)
    """
    parts = glob.split("/")
    if parts[-1] == "**":
        parts.append("*")  # everything below a folder, but not the folder itself
    steps = [None if part == "**" else _make_name_matcher(part) for part in parts]

    def matches(path: str) -> bool:
        reached = _skip_double_stars({0}, steps)
        for name in path.split("/"):
            reached = _skip_double_stars({after for step in reached for after in _advance(step, steps, name)}, steps)
        return len(steps) in reached

    return matches


_NameTest = Callable[[str], bool] | None
"""What one name must be; None: any number of folders."""


def _skip_double_stars(reached: set[int], steps: list[_NameTest]) -> set[int]:
    """Return the steps that may come next. `**` may match no folder at all; each step is visited once, however many there are."""
    passed = set(reached)
    for index, step in enumerate(steps):
        if index in passed and step is None:
            passed.add(index + 1)
    return passed


def _advance(index: int, steps: list[_NameTest], name: str) -> list[int]:
    """Return where the step at `index` leads with `name`."""
    if index == len(steps):
        return []
    step = steps[index]
    if step is None:
        return [] if name.startswith(".") else [index]
    return [index + 1] if step(name) else []


def _make_name_matcher(part: str) -> Callable[[str], bool]:
    """Return a function that says if `part`, a pattern without "/", matches a single name."""
    found = re.compile(translate(_CHARACTER_CLASS.sub(lambda match: f"[{'!' if match[1] else ''}{match[2]}", part))).match
    has_dot = part.startswith(".")
    return lambda name: bool(found(name)) and (has_dot or not name.startswith("."))
