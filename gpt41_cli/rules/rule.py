"""The shape of a rule: how much it weighs, what it does to an answer, why it matters, and what to do."""

from __future__ import annotations

from enum import Enum, Flag, IntEnum, auto
from functools import partial
from typing import Final


class Level(IntEnum):
    """How much a finding weighs; an `error` makes the run exit with 1."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The lower-case name, as reports print it."""
        return self.name.lower()


class Effect(Enum):
    """What a broken rule does to the answer; whether it fails a check is a matter of its level."""

    NONE = "the answer stands"
    AT_LEAST = "something is left out of the answer, so that it is a lower bound"
    INEXACT = "the answer may be more or less"


class Group(Flag):
    """What some rules have in common, for code that treats them alike."""

    NONE = 0
    RECOMPUTED = auto()
    """Depends on the day and on the price table alone: `report` finds it anew and drops what a saved report says."""
    DATE_DEPENDENT = auto()
    """Was found with the prices and models of its day: it doesn't apply to another day."""
    TRADE_OFF = auto()
    """A wish that a candidate misses, but for which it could still be taken."""
    UNAVAILABLE = auto()
    """Nobody can use the model on that day."""
    FIXED_BY_SPLIT = auto()
    """The parts into which `batch --split` divides a file keep it, however the file breaks it."""
    AUDIO = auto()
    """About what is spoken."""


class Rule:
    """A rule: a stable id, and one sentence, which is what a finding of the rule means.

    `why` says why it matters, `remedy` what to do. `level` is how much a finding weighs unless its maker says otherwise. `key` is
    the key of gpt41.yaml by which a workload breaks it; None: by its largest request.
    """

    __slots__ = ("effect", "groups", "id", "key", "level", "remedy", "sentence", "why")

    def __init__(
        self,
        rule_id: str,
        sentence: str,
        *,
        why: str,
        remedy: str = "Nothing.",
        level: Level = Level.NOTICE,
        effect: Effect = Effect.NONE,
        groups: Group = Group.NONE,
        key: str | None = "model",
    ) -> None:
        self.id: Final = rule_id
        self.sentence: Final = sentence
        self.why: Final = why
        self.remedy: Final = remedy
        self.level: Final = level
        self.effect: Final = effect
        self.groups: Final = groups
        self.key: Final = key

    def __repr__(self) -> str:
        return f"Rule({self.id!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the id alone, so that a rule is the same object in every process."""
        from gpt41_cli.rules import get_rule

        return get_rule, (self.id,)


WarningRule = partial(Rule, level=Level.WARNING)
ErrorRule = partial(Rule, level=Level.ERROR)
GapWarning = partial(WarningRule, effect=Effect.AT_LEAST)
InexactWarning = partial(WarningRule, effect=Effect.INEXACT)
