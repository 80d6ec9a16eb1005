"""What goes wrong, said so that the reader can mend it: where, what was expected, what was found, what to do.

Gpt41Error
├── TableError            the price table or gpt41.yaml is malformed
├── UnknownName           a model, mode, platform, task, ... that the table does not have
├── MissingPrice          the table has no price for what was asked
└── InputError            a number, file or option that cannot be used

All of them end a run with exit code 2. Findings (`gpt41_cli.findings`) are data, not errors, and never share that code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from gpt41_cli.display import sanitize


class Gpt41Error(Exception):
    """The base of every error that is the input's fault; `str()` is the whole message, one line."""


class TableError(Gpt41Error):
    """A YAML table, of prices or of workloads, that cannot be trusted; the message begins with `file:line:column: path`."""


class UnknownName(Gpt41Error):
    """A name that the table does not have; the message lists the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        choices = list(known)
        folded = {choice.lower(): choice for choice in choices}
        near = [folded[match] for match in get_close_matches(name.lower(), folded, n=2)]
        if near:
            message = f"{kind}: expected a known one, found {quote_text(name)}; did you mean {' or '.join(near)}?"
        else:
            message = f"{kind}: expected one of {', '.join(choices)}, found {quote_text(name)}"
        super().__init__(message)

    def __reduce__(self) -> tuple[Callable[[str], UnknownName], tuple[str]]:
        """Pickled as the message that it is: what it was made from stays in the process that made it."""
        return _restore_unknown_name, (str(self),)


def _restore_unknown_name(message: str) -> UnknownName:
    error = UnknownName.__new__(UnknownName)
    error.args = (message,)
    return error


class MissingPrice(Gpt41Error):
    """No price is known for a model in a mode on a platform at a date. Never zero, never another row's price."""


class InputError(Gpt41Error):
    """A number, a file or an option that cannot be used as it is."""


def quote_text(text: str) -> str:
    """`text` in double quotes, cut at 60 characters, its control characters escaped: safe to print.

    >>> quote_text("a\\x1b[31m")
    '"a\\\\x1b[31m"'
    """
    return f'"{sanitize(text if len(text) <= 60 else text[:60] + "…")}"'
