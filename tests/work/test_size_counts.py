"""How many requests there are of each size: packed sizes count as a Counter does."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.requests.request import Image
from gpt41_cli.work import size_counts
from gpt41_cli.work.size_counts import SizeCounts
from gpt41_cli.work.workload import RequestShape

tokens = st.integers(0, 3) | st.sampled_from([2**21 - 3, 2**21 - 2, 2**21 - 1, 2**40])
shapes = st.builds(
    RequestShape,
    tokens,
    st.none() | tokens,
    st.none() | tokens,
    st.sampled_from([(), (Image(1, 1),)]),
    answers=st.integers(1, 2),
)
counted = st.lists(st.tuples(shapes, st.integers(1, 2**70)), max_size=40)


@pytest.fixture(autouse=True, scope="module")
def packed_early() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size_counts, "_MAX_LOOSE", 3)
        patch.setattr(size_counts, "_MIN_PACKED", 2)
        patch.setattr(size_counts, "_BUCKETS", 2)
        yield


@given(counted, counted)
def test_sizes_are_counted_as_by_a_counter(these: list[tuple[RequestShape, int]], those: list[tuple[RequestShape, int]]) -> None:
    expected: Counter[RequestShape] = Counter()
    for shape, many in these + those:
        expected[shape] += many
    both, others = SizeCounts(these), SizeCounts(those)
    both += others
    assert dict(both.items()) == expected
    assert (len(both), sorted(map(hash, both))) == (len(expected), sorted(map(hash, expected)))
    assert dict(SizeCounts(expected.items()).items()) == expected


def test_many_sizes_take_few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 sizes in two words each; those with a rest of their own stay as they are."""
    monkeypatch.undo()
    chance = Random(41)
    counts = SizeCounts((RequestShape(number, chance.randrange(30_000)), 1) for number in range(20_000))
    counts += SizeCounts((RequestShape(number, answers=number), 1) for number in range(2, 50))
    assert len(counts) == 20_048
    buckets = [bucket for each in counts._packed.values() for bucket in each.values()]
    assert sum(len(bucket.codes) for bucket in buckets) == 20_000
    assert len(counts._loose) == 48
