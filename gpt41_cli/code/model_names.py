"""Find the models that a text names: by id, by display name (`GPT-9.1 tiny`), or by a constant of an SDK (`GPT_9_1_TINY`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from gpt41_cli.catalog import Catalog

# A longer name is another model, or no model at all: `chatgpt-9`, `gpt-9-rag-bot`, `gpt-9.json`.
_NOT_BEFORE, _NOT_AFTER = r"(?<![\w.])(?<!\w-)", r"(?![\w-]|\.\w)"
_FINE_TUNE_PARTS = r"(?::[\w-]*)*"
# Constants are called by the class or package that has them, or carry its name.
_BEFORE_CONSTANT = r"(?:(?<=\w\.)|(?<=\w::)|(?<=ChatModel))"
# Swift, Scala and Dart begin the members of a type with a small letter: `ModelId.gpt_9`.
_MODEL_TYPE_BEFORE = re.compile(r"\b(?=[A-Z])\w*Model\w*\.$")
_SEPARATORS = re.compile(r"[^0-9a-z]|dot")


# Every name has this; looking for it first is several times as fast.
_HINT = re.compile("[Gg][Pp][Tt][-_ ]?[0-9]")
_LOWER_HINT = re.compile("gpt[-_ ]?[0-9]")
_LOWER_BYTES_HINT = re.compile(rb"gpt[-_ ]?[0-9]")


def may_name_models(data: bytes) -> bool:
    """Return True if a file in an encoding that has ASCII may name a model; False for most files, without decoding them."""
    lower = data.lower()
    return b"gpt" in lower and _LOWER_BYTES_HINT.search(lower) is not None


class Naming(Enum):
    """How a text names a model: as the API takes it, by a name that gpt41.yaml explains, such as that of a deployment, by a
    constant that stands for an id, or as people read it.
    """

    ID = "id"
    ALIAS = "alias"
    CONSTANT = "constant"
    DISPLAY_NAME = "display name"


class NamedModel(NamedTuple):
    """A model that a text names from `start` to `end`. `name` is the id that is meant."""

    start: int
    end: int
    name: str
    naming: Naming


class ModelNames:
    """The models of a price table by every name that code gives them."""

    def __init__(self, catalog: Catalog, only: str | None = None) -> None:
        """Take all models of the table, or `only` one with its snapshots and fine-tunes."""
        models = [model for model in catalog.models.values() if only in (None, model.id)]
        names = sorted({name for model in models for name in (model.id, *model.snapshots)}, key=len, reverse=True)
        self._by_constant = {_SEPARATORS.sub("", name): name for name in names}
        self._pattern = _compile(names)
        self._names = frozenset(names)
        known = {model.id for model in models}
        self.aliases = {
            name
            for name in catalog.aliases
            if name not in self._names and (variant := catalog.find_named_variant(name)) and variant.model.id in known
        }
        either = "|".join(map(re.escape, sorted(self.aliases, key=len, reverse=True)))
        self._alias_pattern = re.compile(rf"{_NOT_BEFORE}(?:{either}){_NOT_AFTER}")

    def find(self, text: str) -> Iterator[NamedModel]:
        """Yield the models that a text names, in order; then those that it names by an alias."""
        end = 0
        lower = text.lower()  # the same letters at the same offsets, unless one becomes two
        for hint in _LOWER_HINT.finditer(lower) if len(lower) == len(text) else _HINT.finditer(text):
            at = hint.start()
            match = at >= end and (self._pattern.match(text, max(0, at - 3)) or self._pattern.match(text, at))
            if not match:
                continue
            end, written = match.end(), match[0]
            name, naming = written.lower().replace(" ", "-"), Naming.DISPLAY_NAME
            if match["constant"]:
                if written[0] != "G" and not _MODEL_TYPE_BEFORE.search(text, max(0, match.start() - 40), match.start()):
                    continue  # a capital begins a constant; elsewhere `gpt9_1` is a name of the user's own
                name, naming = self._by_constant[_SEPARATORS.sub("", written.lower())], Naming.CONSTANT
            elif match["tuned"]:
                name, naming = written, Naming.ID
            elif written in self._names:
                naming = Naming.ID
            yield NamedModel(match.start(), match.end(), name, naming)
        if not any(alias in text for alias in self.aliases):  # a hundred times as fast as the pattern
            return
        for match in self._alias_pattern.finditer(text):
            yield NamedModel(match.start(), match.end(), match[0], Naming.ALIAS)


def _compile(names: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern of all names, longer ones first."""
    ids = "|".join(map(re.escape, names))
    shown = "|".join(re.escape(name).replace(r"\-", "[- ]") for name in names)
    constants = "|".join(map(_make_constant, names))
    return re.compile(
        rf"{_NOT_BEFORE}(?P<tuned>ft:(?:{ids}){_FINE_TUNE_PARTS}){_NOT_AFTER}"
        rf"|{_NOT_BEFORE}(?:{shown}){_NOT_AFTER}"
        rf"|{_BEFORE_CONSTANT}(?P<constant>{constants})(?![A-Za-z0-9_])",
        re.IGNORECASE,
    )


def _make_constant(name: str) -> str:
    """Make the pattern of the constants that SDKs have for an id: GPT_9_1_TINY, GPT9_1Tiny, GPT9Dot1Tiny.

    >>> bool(re.fullmatch(_make_constant("gpt-9.1-tiny"), "GPT_9_1_TINY", re.IGNORECASE))
    True
    """
    pattern = ""
    for separator, part in re.findall(r"(^|[-.])([^-.]+)", name):
        if separator == ".":
            pattern += "(?:_|Dot)"
        elif separator:
            pattern += "_?"
        pattern += re.escape(part)
    return pattern
