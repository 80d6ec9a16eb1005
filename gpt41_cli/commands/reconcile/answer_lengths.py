"""Learn the lengths of a workload's answers from billed answers."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

from gpt41_cli.config.tables import AnswerTokens

MEDIAN, P90, P95 = Fraction(1, 2), Fraction(90, 100), Fraction(95, 100)


@dataclass
class AnswerLengths:
    """The output tokens of many answers. Memory grows only with the number of different lengths. Adds with `+`.

    `cut_answers` ended because they reached their maximum; without it they would be longer. `reasoning_tokens` are those of all
    answers, part of their lengths.
    """

    counts: Counter[int] = field(default_factory=Counter)
    cut_answers: int = 0
    reasoning_tokens: int = 0

    def add(self, output_tokens: int, *, is_cut: bool = False, is_undone: bool = False, reasoning_tokens: int = 0) -> None:
        """Add one answer. `is_undone` removes one that was added before."""
        times = -1 if is_undone else 1
        self.counts[output_tokens] += times
        if not self.counts[output_tokens]:
            del self.counts[output_tokens]
        self.cut_answers += is_cut * times
        self.reasoning_tokens += reasoning_tokens * times

    @property
    def answers(self) -> int:
        """The number of answers."""
        return self.counts.total()

    @property
    def mean(self) -> Fraction:
        """The exact mean length."""
        return Fraction(sum(length * many for length, many in self.counts.items()), self.answers)

    @property
    def mean_reasoning(self) -> Fraction:
        """The exact mean of their reasoning tokens."""
        return Fraction(self.reasoning_tokens, self.answers)

    @property
    def longest(self) -> int:
        """The length of the longest answer."""
        return max(self.counts)

    def quantile(self, share: Fraction) -> int:
        """Return the smallest length that this share of the answers doesn't exceed, without interpolation.

        >>> lengths = AnswerLengths(Counter({10: 9, 70: 1}))
        >>> lengths.quantile(P90), lengths.quantile(P95)
        (10, 70)
        """
        lengths = sorted(self.counts)
        reached = list(accumulate(self.counts[length] for length in lengths))
        return lengths[bisect_left(reached, share * self.answers)]

    @property
    def expected_range(self) -> AnswerTokens:
        """The range that gpt41.yaml should expect: the mean, and the 95th percentile as the high end.

        A month costs the sum of its answers, their number times their mean. The median ignores long answers, which would break a
        budget. The mean is rounded to the nearest token. If a few answers are far longer than the others, the mean exceeds the
        95th percentile; then the high end is the mean. Mean reasoning tokens are subtracted from both, because a model that
        reasons adds them again.
        """
        reasoning = int(self.mean_reasoning + Fraction(1, 2))
        expected = max(int(self.mean + Fraction(1, 2)) - reasoning, 0)
        return AnswerTokens(expected, max(expected, self.quantile(P95) - reasoning), reasoning)
