"""A batch larger than its queue: in how many parts and files it goes, and how long that takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog.limit_tables import BatchRules
from gpt41_cli.constraints.batch_queue import pack_queue, plan_submission
from gpt41_cli.work.workload import RequestSize, VariantLoad
from tests.builders import CATALOG

RULES = CATALOG.limits.batch
LOADS = st.dictionaries(st.integers(0, 100), st.integers(1, 1_000), min_size=1, max_size=6)


@given(LOADS, st.integers(100, 1_000))
def test_a_queue_takes_all_requests_in_parts_that_fit(many: dict[int, int], queue: int) -> None:
    load = VariantLoad({RequestSize(tokens, 0, 0): count for tokens, count in many.items()})
    found = pack_queue(load, queue)
    total = sum(max(tokens, 1) * count for tokens, count in many.items())
    assert sum(requests * count for requests, count in found.items()) == load.requests
    number = sum(found.values())
    assert -(-total // queue) <= number <= 1 + 2 * total // queue, "two parts in a row always hold more than one queue"
    assert (number == 1) is (total <= queue)
    if load.is_uniform:
        assert number == -(-load.requests // (queue // max(load.input_range[1], 1))), "nothing shorter is possible"


def test_parts_go_in_files_and_more_files_than_an_hour_takes_are_late() -> None:
    load = VariantLoad({RequestSize(10, 0, 0): 95})
    rules = BatchRules(
        max_requests=4,
        max_file_megabytes=200,
        completion_window_hours=24,
        models_per_file=1,
        batches_per_hour=2,
        source=RULES.source,
    )
    assert pack_queue(load, 300) == {30: 3, 5: 1}
    found = plan_submission(load, 300, rules)
    assert (found.parts, found.files, found.files_at_once, found.file_requests) == (4, 26, 8, 4)
    assert found.seconds == (4 * 24 + 3 * 3) * 3600, "eight files at two an hour start three hours late"
