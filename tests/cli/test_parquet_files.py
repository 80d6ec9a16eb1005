"""`--output x.parquet` and `--format parquet`: records with types, which an engine reads and joins."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gpt41_cli.cli import output, parquet_files
from gpt41_cli.errors import InputError
from gpt41_cli.reports import Report
from tests.builders import chat
from tests.conftest import ROOT, Run

MONEY = pa.decimal128(38, 12)


def write_requests(folder: Path) -> None:
    bodies = [chat({"role": "user", "content": "word " * length}) for length in range(1, 60)]
    (folder / "calls.jsonl").write_text("".join(f"{json.dumps(body)}\n" for body in [*bodies, {"model": "gpt-4.1"}]))


def read(*records: Mapping[str, Any]) -> pa.Table:
    report = Report("gpt41.cost/1", "", "", (), (), (), (), {}, records, None)
    return pq.read_table(io.BytesIO(parquet_files.make_parquet(report)))


def test_prices_of_requests_join_the_rates_to_the_last_digit(run: Run, tmp_path: Path) -> None:
    write_requests(tmp_path)
    asked = ("cost", "calls.jsonl", "--each", "--output-tokens", "100", "--as-of", "2026-11-23", "--skip-invalid")
    assert run(*asked, "--output", "each.parquet").code == 0
    rates = run("models", "--format", "parquet", "--output", "rates.parquet")
    assert rates.out.encode("utf-8", "surrogateescape") == (tmp_path / "rates.parquet").read_bytes()
    opened: Any = duckdb.connect()  # its types know no paths of files
    with opened as database:
        found = database.execute(
            f"""SELECT count(*), sum(total_usd), count(error), count(*) FILTER (r.name IS NULL),
            sum((input_tokens - cached_tokens) * input_usd_per_million + cached_tokens * cached_input_usd_per_million
              + output_tokens * output_usd_per_million)::DECIMAL(38,6) * 0.000001
            FROM '{tmp_path}/each.parquet' AS each LEFT JOIN '{tmp_path}/rates.parquet' AS r
              ON r.name = each.model AND r.mode = each.mode AND platform = 'openai'
              AND DATE '2026-11-23' >= effective_from AND (effective_until IS NULL OR DATE '2026-11-23' < effective_until)"""
        ).fetchone()
    assert found is not None
    rows, usd, errors, unpriced, joined = found
    assert (rows, errors, unpriced) == (60, 1, 1)
    assert usd == joined == Decimal(run(*asked[:2], *asked[3:], "-q").out)


def test_prices_of_a_folder_join_their_rows_in_sql(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of the page, on partitions: the number of a row begins again in each file."""
    monkeypatch.chdir(tmp_path)
    for team, length in (("a", 5), ("b", 50)):
        folder = tmp_path / "calls" / f"team={team}"
        folder.mkdir(parents=True)
        body = json.dumps(chat({"role": "user", "content": "word " * length}))
        pq.write_table(pa.table({"request": [body] * 2}), folder / "part-0.parquet")
    assert run("cost", "calls", "--each", "--output", "priced.parquet", "--output-tokens", "0").code == 0
    recipe = re.search(r"^SELECT team.*?;$", (ROOT / "docs" / "scale.md").read_text(), re.MULTILINE | re.DOTALL)
    assert recipe is not None
    with duckdb.connect() as database:
        rows = sorted(database.execute(recipe[0]).fetchall())
    each = [
        Decimal(json.loads(line)["total_usd"])
        for line in run("cost", "calls", "--each", "--output-tokens", "0", "-f", "jsonl").out.splitlines()
    ]
    assert rows == [("a", 2, sum(each[:2])), ("b", 2, sum(each[2:]))]


def test_columns_have_the_types_of_what_they_hold(run: Run, tmp_path: Path) -> None:
    write_requests(tmp_path)
    (tmp_path / "usage.csv").write_text("model,date,input_tokens,output_tokens\ngpt-4.1,2026-11-01,1000,100\n")
    assert run("count", "calls.jsonl", "--each", "--skip-invalid", "--output", "counted.parquet").code == 0
    assert run("reconcile", "usage.csv", "--output", "bill.parquet").code == 0
    counted, bill = (pq.read_schema(tmp_path / f"{name}.parquet") for name in ("counted", "bill"))
    assert (counted.field("input_tokens").type, counted.field("exact").type) == (pa.int64(), pa.bool_())
    assert counted.field("parts").type.field("text").type == pa.int64()
    assert counted.field("custom_id").type == counted.field("error").type == pa.string()
    assert (bill.field("day").type, bill.field("total_usd").type) == (pa.date32(), MONEY)
    assert counted.metadata == {b"gpt41.schema": b"gpt41.entries/1"}


def test_an_empty_column_has_the_type_of_a_full_one() -> None:
    full = {
        "index": 1, "line": 2, "exact": True, "day": date(2026, 11, 1), "total_usd": Decimal(1), "share_percent": Fraction(1, 3),
        "input_tokens": 3, "input_tokens_up_to": 4, "effective_until": date(2026, 11, 2), "requests": 5, "model": "a",
    }  # fmt: skip
    assert read(dict.fromkeys(full)).schema == read(full).schema


def test_values_that_parquet_has_no_type_for_are_text() -> None:
    rows: list[Mapping[str, Any]] = [
        {"list": [{"rule": "a"}], "mixed": 1, "half": "\ud800", "ratio": Fraction(2, 3), "parts": {"text": 1}},
        {"mixed": "b", "parts": {"text": 2, "usd": Decimal("0.1")}},
    ]
    assert read(*rows).to_pylist() == [
        {
            "list": '[{"rule": "a"}]',
            "mixed": "1",
            "half": "?",
            "ratio": Decimal("0.666666666667"),
            "parts": {"text": 1, "usd": None},
        },
        {"list": None, "mixed": "b", "half": None, "ratio": None, "parts": {"text": 2, "usd": Decimal("0.100000000000")}},
    ]
    assert read().num_rows == 0


def test_money_is_never_rounded() -> None:
    with pytest.raises(InputError, match=r"expected figures of at most 12 decimals in Parquet, found 0\.0000000000001"):
        read({"total_usd": Decimal("0.0000000000001")})


def test_a_command_without_records_says_which_have_them(run: Run) -> None:
    done = run("plan", "--input-tokens", "5", "--output-tokens", "5", "--format", "parquet")
    assert done.code == 2
    assert done.err.endswith('found "parquet"; gpt41 count, cost, models and reconcile write parquet\n')


def test_what_is_missing_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_files, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"--format parquet: expected pyarrow, .*, found none; pip install 'gpt41\[arrow\]'"):
        parquet_files.require_pyarrow("--format parquet")


def test_a_terminal_gets_no_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(InputError, match="expected a file or a pipe to write to, found a terminal; --output FILE.parquet writes"):
        output.write_stdout(b"PAR1")
