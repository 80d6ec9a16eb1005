"""The replay of the prompt cache in groups reads what the replay of all requests in their order reads."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from gpt41_cli import arrow
from gpt41_cli.errors import InputError
from tests.builders import LONG_TEXT, chat, image_message
from tests.conftest import FROZEN, Run


def make_lines() -> list[str]:
    """Make 300 requests of two models that share beginnings, with and without a key; one in 50 is none."""
    choose = random.Random(9)
    lines = []
    for index in range(300):
        system = {"role": "system", "content": f"Shop {choose.randint(1, 4)}. {LONG_TEXT[: choose.choice([900, 6_000, 9_000])]}"}
        body = {**chat(system, {"role": "user", "content": f"Question {index}"}, max_tokens=5)}
        body["model"] = choose.choice(["gpt-4.1", "gpt-4.1-mini-2025-04-14"])
        if index % 4 == 0:
            body["prompt_cache_key"] = choose.choice("ab")
        if index % 25 == 1:
            body["messages"] = [system, image_message()]
        lines.append("{" if index % 50 == 49 else json.dumps(body))
    return lines


LINES = make_lines()


@pytest.fixture(scope="module")
def prefixes() -> pa.Table:
    column = arrow.prefixes(pricing=FROZEN)
    assert len(pickle.dumps(column)) < 100_000
    assert "digests: ARRAY<BIGINT>" in column.spark_type
    found = column.append(pa.table({"request": LINES}))
    bad = pc.is_valid(pc.struct_field(found["gpt41"], "error")).to_pylist()
    numbers, sent = [], 0
    for is_bad in bad:  # what is rejected isn't sent
        numbers.append(sent)
        sent += not is_bad
    return found.append_column("number", pa.array(numbers))


@pytest.mark.parametrize("rate", [15, 600])
def test_groups_read_what_all_of_them_read(rate: int, prefixes: pa.Table, run: Run, tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_text("".join(f"{line}\n" for line in LINES))
    asked = ["cost", "requests.jsonl", "--cached", "simulate", "--requests-per-minute", str(rate), "--skip-invalid"]
    report = json.loads(run(*asked, "--format", "json").out)
    expected = sum(quote["usage"]["cached_tokens"] for quote in report["quotes"])
    replay = pickle.loads(pickle.dumps(arrow.replay(requests_per_minute=rate, pricing=FROZEN)))
    whole = replay(prefixes)["cached_tokens"].to_pylist()
    assert sum(filter(None, whole)) == expected > 50_000
    groups: dict[object, list[int]] = {}
    for index, row in enumerate(prefixes["gpt41"].to_pylist()):
        groups.setdefault((row["model"], row["routing"]), []).append(index)
    assert len(groups) > 10
    parts: list[int | None] = [None] * len(LINES)
    for indices in random.Random(1).sample(list(groups.values()), len(groups)):
        shuffled = random.Random(2).sample(indices, len(indices))
        for index, cached in zip(shuffled, replay(prefixes.take(shuffled))["cached_tokens"].to_pylist(), strict=True):
            parts[index] = cached
    assert parts == whole
    assert [index for index, cached in enumerate(whole) if cached is None] == [49, 99, 149, 199, 249, 299]


def test_what_can_not_be_replayed_is_said(prefixes: pa.Table) -> None:
    with pytest.raises(InputError, match="lifetime: expected from 1 minute to 24 hours, found 9,999 minutes"):
        arrow.replay(lifetime_minutes=9_999)
    with pytest.raises(InputError, match="expected a column named number, found request, gpt41"):
        arrow.replay(pricing=FROZEN)(prefixes.drop_columns(["number"]))
    unknown = json.dumps({**chat({"role": "user", "content": "Hello"}), "model": "gpt-x"})
    (row,) = arrow.prefixes(pricing=FROZEN)(pa.array([unknown])).to_pylist()
    assert row["error"].startswith('unknown model "gpt-x"')


def test_a_table_of_other_types_is_one_clear_error(prefixes: pa.Table) -> None:
    replay, few = arrow.replay(pricing=FROZEN), prefixes.slice(0, 3)
    for numbers, found in (
        (pa.array([0, None, 2]), "int64 with 1 nulls"),
        (pa.array(["0", "1", "2"]), "string"),
        (pa.array([0.0, 1.0, 2.0]), "double"),
    ):
        with pytest.raises(InputError, match=f"^expected whole numbers in number, found {found}$"):
            replay(few.set_column(2, "number", numbers))
    for others in (pa.array([1, 2, 3]), pa.array([{"model": "gpt-4.1"}] * 3)):
        with pytest.raises(InputError, match=r"^expected gpt41 as gpt41_cli.arrow.prefixes makes it, found (int64|struct<)"):
            replay(few.set_column(1, "gpt41", others))
    empty = few.set_column(1, "gpt41", pa.nulls(3, few["gpt41"].type))
    assert replay(empty)["cached_tokens"].to_pylist() == [None] * 3
