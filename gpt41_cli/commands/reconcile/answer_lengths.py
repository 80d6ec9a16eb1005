"""How long are the answers of a workload? Learned from those that were billed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate

from gpt41_cli.config.tables import TokenRange

MEDIAN, P90, P95 = Fraction(1, 2), Fraction(90, 100), Fraction(95, 100)


@dataclass
class AnswerLengths:
    """The output tokens of many answers, in memory that grows only with how many different lengths there are. Adds with `+`.

    `cut_answers` is how many ended because they were as long as they were allowed to be: left alone, those would be longer.
    """

    counts: Counter[int] = field(default_factory=Counter)
    cut_answers: int = 0

    def add(self, output_tokens: int, *, is_cut: bool = False) -> None:
        """Add one answer."""
        self.counts[output_tokens] += 1
        self.cut_answers += is_cut

    @property
    def answers(self) -> int:
        """How many answers there are."""
        return self.counts.total()

    @property
    def mean(self) -> Fraction:
        """The mean length, exact."""
        return Fraction(sum(length * many for length, many in self.counts.items()), self.answers)

    @property
    def longest(self) -> int:
        """The length of the longest answer."""
        return max(self.counts)

    def quantile(self, share: Fraction) -> int:
        """The least length that so large a share of the answers does not exceed: one that did occur, nothing in between.

        >>> lengths = AnswerLengths(Counter({10: 9, 70: 1}))
        >>> lengths.quantile(P90), lengths.quantile(P95)
        (10, 70)
        """
        lengths = sorted(self.counts)
        reached = list(accumulate(self.counts[length] for length in lengths))
        return lengths[bisect_left(reached, share * self.answers)]

    @property
    def expected_range(self) -> TokenRange:
        """What gpt41.yaml is to expect: the mean, and as the high end the 95th percentile.

        A month costs the sum of its answers, which is their number times their mean: a budget that is drawn at the median would
        be broken by the long answers that a median does not feel. The mean is taken to the nearest whole token. Where few answers
        are far longer than all others, the mean is above the 95th percentile, and the high end is the mean then.
        """
        expected = int(self.mean + Fraction(1, 2))
        return TokenRange(expected, max(expected, self.quantile(P95)))
