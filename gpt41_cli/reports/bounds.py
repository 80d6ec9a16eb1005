"""Choose the words before an amount that is a bound, or only near the true one."""

from __future__ import annotations

from collections.abc import Collection


def choose_bound_prefix(is_most: bool, is_least: bool, is_near: bool = False) -> str:
    """Choose the words before an amount that is the most or the least possible, or only near the true one (`is_near`). Answers
    may be shorter than their maximum, but tokens that aren't counted are billed for certain: "at least" takes precedence over "at
    most".
    """
    return "about " if is_near else "at least " if is_least else "at most " if is_most else ""


def join_bound_prefixes(prefixes: Collection[str], *, is_incomplete: bool) -> str:
    """Choose the words before a sum of amounts that have `prefixes`; an incomplete sum is "at least" in any case."""
    is_least = is_incomplete or "at least " in prefixes
    return choose_bound_prefix("at most " in prefixes, is_least, "about " in prefixes and not is_least)


_BOUNDS = {
    "at most ": "at most this: answers or pictures may be smaller than is counted",
    "at least ": "at least this: not everything in it is counted",
    "about ": "about this: something in it may count more or less",
}


def explain_bound(prefix: str) -> str:
    """Explain a bound to readers who see only the figure; nothing if the figure isn't one."""
    return _BOUNDS.get(prefix, "")
