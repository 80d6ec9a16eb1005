"""What is said before an amount that is a bound, or only near the true one."""

from __future__ import annotations

from collections.abc import Collection


def choose_bound_prefix(is_most: bool, is_least: bool, is_near: bool = False) -> str:
    """Choose what to say before an amount that is the most or the least possible, or only near the true one (`is_near`).

    Answers need not be as long as they may be, but what isn't counted is billed for certain: the least goes before the most.
    """
    return "about " if is_near else "at least " if is_least else "at most " if is_most else ""


def join_bound_prefixes(prefixes: Collection[str], *, is_incomplete: bool) -> str:
    """Choose what to say before a sum of amounts that have `prefixes`; if it is incomplete, it is the least in any case."""
    is_least = is_incomplete or "at least " in prefixes
    return choose_bound_prefix("at most " in prefixes, is_least, "about " in prefixes and not is_least)


_BOUNDS = {
    "at most ": "at most this: answers or pictures may be smaller than is counted",
    "at least ": "at least this: not everything in it is counted",
    "about ": "about this: something in it may count more or less",
}


def explain_bound(prefix: str) -> str:
    """Explain a bound to readers who see only the figure; nothing if the figure is none."""
    return _BOUNDS.get(prefix, "")
