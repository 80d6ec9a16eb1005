"""Errors: each says where it happened, what was expected, what was found, and what to do.

    Gpt41Error             path, expected, found, hint, location; a problem in place of expected and found
    ├── TableError         the price table or gpt41.yaml is malformed; it always has a location
    │   └── UnknownKey     a key that a mapping of it does not have
    ├── UnknownName        a mode, platform, task, ... that the table does not have; name
    │   └── UnknownModel   a model that the table does not have
    ├── MissingPrice       the table has no price for what was asked; problem
    ├── DamagedVocabulary  the vocabulary is not the published one (`gpt41_cli.tokens.text.vocabulary`); location
    ├── WorkerDied         the system killed a worker (`gpt41_cli.tokens.text.workers`)
    └── InputError         a number, file or option that cannot be used
        ├── Unreadable     a file that the system does not let us read (`gpt41_cli.files.sources`); location, found
        ├── BadBody        a body that cannot be a request (`gpt41_cli.files.fields`); path is that of the value in it
        └── NotText        bytes that are not text in the encoding they claim (`gpt41_cli.files.text`); location, problem

All of them end a run with exit code 2. Findings (`gpt41_cli.findings`) are data, not errors, and never share that code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher, get_close_matches
from typing import Any, Self

from gpt41_cli.display import sanitize
from gpt41_cli.findings import Place


class Gpt41Error(Exception):
    """The base of every error that the input causes. Its parts are fields; `str()` makes a one-line message of them.

    Code that handles an error reads the fields and never the message. They survive pickling, because workers raise errors too.

    Args:
        path: What is wrong: an option, a key, or the path of a value in a document. Empty if it is the file as a whole.
        expected: What may be there, in words. found: What is there. The words of an exception, which the system or a library
        raised, are quoted as they are. hint: What to do. location: The file, with line and column if they are known. Text is the
        name of a file. problem: In place of `expected` and `found`: a sentence of another form, or the error that happened there.

    """

    others: Sequence[Gpt41Error] = ()
    """Further errors of the same input."""

    def __init__(
        self,
        path: str = "",
        expected: str = "",
        found: str | Exception = "",
        hint: str = "",
        location: Place | str | None = None,
        *,
        problem: str | Gpt41Error = "",
    ) -> None:
        self.path = path
        self.expected = expected
        self.found = _QuotedWords(getattr(found, "strerror", None) or found) if isinstance(found, Exception) else found
        self.hint = hint
        self.location = Place(sanitize(location)) if isinstance(location, str) else location
        self.problem = problem

    def __str__(self) -> str:
        return self._compose(self.location)

    def describe_within(self, file: str) -> str:
        """Return the message for a list of files: without the name of `file`, unless a line number follows it."""
        return self._compose(None if self.location == Place(file) else self.location)

    def _compose(self, location: Place | None) -> str:
        suffix = self.found and f", found{':' * isinstance(self.found, _QuotedWords)} {self.found}"
        what = str(self.problem) or f"expected {self.expected}{suffix}"
        where = (location.label if location else "", self.path)
        return sanitize(": ".join(filter(None, (*where, what))) + (self.hint and f"; {self.hint}"))

    def __reduce__(self) -> tuple[Callable[..., Gpt41Error], tuple[type[Gpt41Error], Mapping[str, Any]]]:
        return _restore, (type(self), self.__dict__)


def _restore(kind: type[Gpt41Error], fields: Mapping[str, Any]) -> Gpt41Error:
    error = kind.__new__(kind)
    error.__dict__.update(fields)
    return error


class _QuotedWords(str):
    """Words of the system or a library, which are quoted behind a colon because they don't continue our sentence."""

    __slots__ = ()


class TableError(Gpt41Error):
    """A YAML table, of prices or of workloads, that cannot be used; it has a `location`, and the `path` of the value in it."""


class UnknownKey(TableError):
    """A key that its mapping doesn't have. `path` ends with it, or is the document if none of its keys is known."""


class UnknownName(Gpt41Error):
    """A `name` that the table does not have; `kind` says what it should name, by default `path`. The hint lists the nearest."""

    def __init__(self, path: str, name: str, known: Iterable[str], kind: str = "") -> None:
        choices = list(known)
        if hint := suggest(name, choices):
            super().__init__(path if kind else "", hint=hint, problem=f"unknown {kind or path} {quote_text(name)}")
        else:
            super().__init__(path, f"one of {', '.join(choices)}", quote_text(name))
        self.name = name


class UnknownModel(UnknownName):
    """A model that the table does not have."""

    def __init__(self, path: str, name: str, known: Iterable[str], kind: str = "") -> None:
        near = suggest_model(name, known)
        hint = f"{near} {_DEPLOYMENT_HINT}" if near else _DEPLOYMENT_HINT
        Gpt41Error.__init__(self, path if kind else "", hint=hint, problem=f"unknown {kind or path} {quote_text(name)}")
        self.name = name


_DEPLOYMENT_HINT = "--model NAME=MODEL, or models: in gpt41.yaml, says what a deployment or label is"


def suggest_model(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest models that have the same digits: other digits mean another model."""
    return suggest(name, [choice for choice in known if _keep_digits(choice) == _keep_digits(name)])


def _keep_digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def suggest(name: str, choices: Iterable[str]) -> str:
    """Return a hint with the choices that contain a name or are near it; empty if none is.

    >>> suggest("search", ["web-search", "vision", "file-search"])
    'did you mean web-search or file-search?'
    """
    folded = {choice.lower(): choice for choice in choices}
    near = [choice for word, choice in folded.items() if word != name.lower() and f"-{name.lower()}-" in f"-{word}-"]
    near = near or [folded[match] for match in find_nearest(name.lower(), folded, 60)]
    near = near or [choice for word, choice in folded.items() if len(name) > 2 and word.startswith(name.lower())][:3]
    *others, last = near or [""]
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if near else ""


def find_nearest(name: str, choices: Iterable[str], percent: int) -> list[str]:
    """Return the choice most similar to a name, and the next if it is about as similar; none less similar than `percent`."""
    matches = get_close_matches(name, choices, 2, percent / 100)
    likeness = {match: SequenceMatcher(None, match, name).ratio() * 100 for match in matches}
    return [match for match, likely in likeness.items() if likely > max(likeness.values()) - 10]


class MissingPrice(Gpt41Error):
    """No price is known for a model in a mode on a platform at a date. Never zero, never another row's price."""


class InputError(Gpt41Error):
    """A number, a file or an option that cannot be used as it is."""

    @classmethod
    def from_error(cls, error: Gpt41Error, path: str | None = None, location: Place | None = None) -> Self:
        """Return `error` as an error of this class, at `location`; about another path if one is given."""
        path = error.path if path is None else path
        return cls(path, error.expected, error.found, error.hint, location, problem=error.problem)


def quote_text(text: str) -> str:
    """`text` in double quotes, cut at 60 characters, its control characters escaped: safe to print.

    >>> quote_text("a\\x1b[31m")
    '"a\\\\x1b[31m"'
    """
    return f'"{sanitize(text if len(text) <= 60 else text[:60] + "…")}"'
