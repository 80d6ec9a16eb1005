"""The move of all workloads of gpt41.yaml: which must move, what they cost before and after, and what breaks where."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.cli.config_file import read_config_file
from gpt41_cli.commands.migrate.rewrite import write_moved_config
from gpt41_cli.commands.migrate.workloads import move_workloads
from gpt41_cli.errors import InputError
from gpt41_cli.workloads.priced import CheckOptions, price_declared_workloads
from tests.builders import CATALOG, USER, chat, market
from tests.conftest import Run

WORKLOADS = """version: 1
workloads:
  sort: {requests: sort.jsonl, model: gpt-4.1-mini, mode: batch, output_tokens: 100, volume: 3001 / week}
  write: {input_tokens: 2000, output_tokens: 500, model: gpt-4.1, volume: 600 / month}
  read: {input_tokens: 9, output_tokens: 9, model: gpt-6-luna, volume: 1 / month}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sort.jsonl").write_text(json.dumps(chat(USER, max_tokens=5)) + "\n")
    (tmp_path / "gpt41.yaml").write_text(WORKLOADS)
    return tmp_path


def moved(run: Run, *arguments: str, code: int = 0) -> Any:
    done = run("migrate", *arguments, "--format", "json")
    assert (done.code, done.err) == (code, "")
    return json.loads(done.out)


def test_every_workload_is_priced_a_month_before_and_after(run: Run, folder: Path) -> None:
    found = moved(run, "--on", "2026-11-29")
    rows = {each["name"]: each for each in found["workloads"]}
    # 600 a month of 2,000 at $2 and 500 at $8 per million; then of 2,000 at $0.10, or 0.125 written, and 503 at $0.50.
    assert (rows["write"]["usd"], rows["write"]["then_usd"]) == ("4.8", {"expected": "0.2709", "high": "0.3009"})
    assert (rows["write"]["to"], rows["write"]["to_mode"], rows["write"]["ends"]) == ("gpt-6-luna", "standard", "2027-01-14")
    assert (rows["sort"]["to"], rows["sort"]["to_mode"]) == ("gpt-6-luna", "batch")
    assert (rows["read"]["to"], rows["read"]["then_usd"]) == (None, None)
    assert sum(Decimal(each["usd"]) for each in rows.values()) == Decimal(found["monthly_usd"])
    for end in ("expected", "high"):
        then = [Decimal(each["then_usd"][end] if each["then_usd"] else each["usd"]) for each in rows.values()]
        assert sum(then) == Decimal(found["then_monthly_usd"][end])


def test_what_breaks_is_found_at_the_first_request(run: Run, folder: Path) -> None:
    findings = moved(run, "--on", "2026-11-29")["findings"]
    (broken,) = (each for each in findings if each["rule"] == "refused-parameter")
    assert broken["message"].startswith("sort: max_tokens in 1 of 1 request, first sort.jsonl:1: gpt-6-luna refuses it")
    assert (broken["location"]["path"], broken["location"]["line"]) == ("sort.jsonl", 1)
    ends = [each for each in findings if each["rule"] == "model-retires"]
    assert [(each["location"]["path"], each["location"]["line"]) for each in ends] == [("gpt41.yaml", 3), ("gpt41.yaml", 4)]


def test_on_the_day_of_the_end_the_run_fails(run: Run, folder: Path) -> None:
    assert run("migrate", "--on", "2027-01-13", "-q").code == 0
    done = run("migrate", "--on", "2027-01-14", "-q")
    assert (done.code, done.out) == (1, "sort gpt-6-luna\nwrite gpt-6-luna\n")
    assert "gpt41: sort: gpt-4.1-mini: OpenAI shut it down on 2027-01-14" in done.err


def test_nothing_has_to_move_if_no_end_is_known(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text("version: 1\nworkloads: {a: {input_tokens: 9, output_tokens: 9, model: gpt-6-luna}}\n")
    done = run("migrate", "--on", "2026-11-29")
    assert done.out.startswith("Nothing has to move: no end of the models of 1 workload is announced on 2026-11-29\n")
    assert run("migrate", "--on", "2026-11-29", "-q").out == "none\n"


def test_calls_in_the_code_may_have_to_move_if_no_workload_has_to(run: Run, folder: Path) -> None:
    workload = "{input_tokens: 9, output_tokens: 9, model: gpt-6-luna}"
    (folder / "gpt41.yaml").write_text(f"version: 1\ncode: [bot.py]\nworkloads: {{a: {workload}}}\n")
    (folder / "bot.py").write_text('client.chat.completions.create(model="gpt-4.1", messages=messages)\n')
    done = run("migrate", "--on", "2026-11-29")
    assert done.out.startswith("No workload has to move, but 1 call in the code must change: no end of the models of 1 workload")
    assert "bot.py:1 calls gpt-4.1: change it to gpt-6-luna" in done.out


def test_what_has_no_price_elsewhere_is_named_and_the_rest_is_priced(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text(
        WORKLOADS + "  tune: {input_tokens: 9, output_tokens: 9, model: gpt-4.1, platform: azure-data-zone, mode: priority}\n"
    )
    found = moved(run, "--on", "2026-11-29", "--to", "gpt-6.1-sol")
    assert [each["to"] for each in found["workloads"]] == ["gpt-6.1-sol", "gpt-6.1-sol", "gpt-6.1-sol", None]
    assert (found["monthly_usd"], found["then_monthly_usd"]) == (None, None)
    (missing,) = (each for each in found["findings"] if each["rule"] == "missing-price")
    assert missing["message"].startswith("tune: no price is known for gpt-6.1-sol in priority on azure-data-zone")
    assert run("migrate", "--on", "2026-11-29", "--to", "gpt-6.1-sol").out.startswith(
        "Move 3 workloads to gpt-6.1-sol before 2027-01-14; 1 more workload can't be priced elsewhere\n"
    )


def test_stated_reasoning_tokens_are_priced_for_each_workload_and_effort(run: Run, folder: Path) -> None:
    rows = {each["name"]: each for each in moved(run, "--on", "2026-11-29", "--reasoning-tokens", "none=0,low=200")["workloads"]}
    # 600 a month of 200 tokens at $0.50 per million more than with all cache writes.
    assert rows["write"]["reasoned"] == [
        {"effort": "none", "tokens": 0, "usd": "0.3009"},
        {"effort": "low", "tokens": 200, "usd": "0.3609"},
    ]
    assert rows["read"]["reasoned"] == []
    shown = run("migrate", "--on", "2026-11-29", "--reasoning-tokens", "low=200,none=0").out
    assert (
        "per month with the reasoning tokens of an effort: $1.36 at low (200 per request), $0.6452 at none (0 per request)"
        in shown
    )
    assert (
        "then, before reasoning tokens, $1.36 with 200 reasoning tokens per request\n"
        in run("migrate", "--on", "2026-11-29", "--reasoning-tokens", "200").out
    )
    refused = run("migrate", "--on", "2026-11-29", "--reasoning-tokens", "none=0", "--to", "gpt-6.1-sol")
    assert (refused.code, refused.err) == (
        2,
        "gpt41: --reasoning-tokens: expected an effort of gpt-6.1-sol (low, medium, high, xhigh, max), found none\n",
    )


def test_batch_and_flex_are_ways_to_pay_less(run: Run, folder: Path) -> None:
    rows = {each["name"]: each for each in moved(run, "--on", "2026-11-29")["workloads"]}
    assert rows["write"]["cheaper"] == [{"mode": "batch", "usd": "0.15045"}, {"mode": "flex", "usd": "0.15045"}]
    assert rows["sort"]["cheaper"] == []
    assert (
        "write: $0.1505 per month in batch, which answers within a day, or in flex, which promises no time"
        in run("migrate", "--on", "2026-11-29").out
    )


STUCK = "{input_tokens: 9, platform: azure-data-zone, mode: priority}"

MOVED = """version: 1
workloads:
  sort: {requests: sort.jsonl, model: gpt-6-luna, mode: batch, output_tokens: 100, volume: 3001 / week}
  write: {input_tokens: 2000, output_tokens: 500, model: gpt-6-luna, volume: 600 / month}
  read: {input_tokens: 9, output_tokens: 9, model: gpt-6-luna, volume: 1 / month}
"""


def test_the_moved_config_is_written_once(run: Run, folder: Path) -> None:
    done = run("migrate", "--write-config", "--on", "2026-11-29", "-q")
    assert (done.code, (folder / "gpt41.yaml").read_text()) == (0, MOVED)
    assert done.err == (
        "gpt41: gpt41.yaml: sort: gpt-6-luna in batch, was gpt-4.1-mini in batch\n"
        "gpt41: gpt41.yaml: write: gpt-6-luna in standard, was gpt-4.1 in standard\n"
    )
    again = run("migrate", "--write-config", "--on", "2026-11-29", "-q")
    assert (again.code, (folder / "gpt41.yaml").read_text()) == (0, MOVED)
    assert again.err == "gpt41: gpt41.yaml: left as it is: nothing has to move to a model with a price\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (  # all of the defaults move to the same
            "defaults: {model: gpt-4.1}  # ours\nworkloads:\n  a: {input_tokens: 9}\n",
            "defaults: {model: gpt-6-luna}  # ours\nworkloads:\n  a: {input_tokens: 9}\n",
        ),
        (  # one of them has nothing with a price to move to
            f"defaults: {{model: gpt-4.1}}\nworkloads:\n  a: {{input_tokens: 9}}\n  b: {STUCK}\n",
            f"defaults: {{model: gpt-4.1}}\nworkloads:\n  a: {{input_tokens: 9, model: gpt-6-luna}}\n  b: {STUCK}\n",
        ),
        (  # the mode has no price there
            "workloads:\n  a:\n    model: gpt-4.1  # 1\n    platform: azure-global\n    input_tokens: 9\n    mode: batch\n",
            "workloads:\n  a:\n    model: gpt-6-luna  # 1\n    platform: azure-global\n    input_tokens: 9\n    mode: standard\n",
        ),
        (  # the requests name the model themselves
            "defaults: {model: gpt-4.1}\nworkloads:\n  a:\n    requests: sort.jsonl\n    cached: 0%\n",
            "defaults: {model: gpt-6-luna}\nworkloads:\n  a:\n    requests: sort.jsonl\n    model: gpt-6-luna\n    cached: 0%\n",
        ),
    ],
)
def test_only_models_and_modes_change_in_the_config(run: Run, folder: Path, before: str, after: str) -> None:
    (folder / "gpt41.yaml").write_text(f"version: 1\n{before}")
    done = run("migrate", "--write-config", "--on", "2026-11-29", "-q")
    assert (done.code, (folder / "gpt41.yaml").read_text()) == (0, f"version: 1\n{after}")
    assert ("its requests also name a model: change it there" in done.err) is ("requests" in before)


def test_a_config_that_cannot_be_written_or_is_not_one_is_refused(run: Run, folder: Path) -> None:
    assert run("migrate", "sort.jsonl", "--write-config").err.startswith("gpt41: --write-config: expected no inputs")
    (folder / "gpt41.yaml").write_text(WORKLOADS.replace("model: gpt-4.1,", "model: &m gpt-4.1,"))
    anchored = run("migrate", "--write-config", "--on", "2026-11-29", "-q")
    assert anchored.code == 2
    assert "expected a value without an anchor" in anchored.err


@pytest.mark.parametrize(
    "option",
    [("--from", "gpt-4.1"), ("--mode", "batch"), ("--cached", "5"), ("--requests", "2"), ("--platform", "azure-global")],
)
def test_options_of_work_are_refused_where_gpt41_yaml_says_it(run: Run, folder: Path, option: tuple[str, str]) -> None:
    done = run("migrate", *option)
    assert done.code == 2
    assert done.err.startswith(
        f"gpt41: {option[0]}: expected inputs, as gpt41.yaml says how its own workloads are sent, found none; "
    )


def test_inputs_are_taken_although_there_is_a_gpt41_yaml(run: Run, folder: Path) -> None:
    assert run("migrate", "sort.jsonl", "--output-tokens", "5").out.startswith("gpt-6-luna instead of gpt-4.1")
    assert run("migrate", "-", stdin=(folder / "sort.jsonl").read_bytes()).code == 0


def test_requests_that_name_a_model_only_in_part_get_it_in_the_config(run: Run, folder: Path) -> None:
    bodies = [chat(USER), {key: value for key, value in chat(USER).items() if key != "model"}]
    (folder / "sort.jsonl").write_text("".join(json.dumps(body) + "\n" for body in bodies))
    (folder / "gpt41.yaml").write_text("version: 1\ndefaults: {model: gpt-4.1}\nworkloads: {a: {requests: sort.jsonl}}\n")
    done = run("migrate", "--write-config", "--on", "2026-11-29", "-q")
    assert (done.code, done.err) == (
        0,
        (
            "gpt41: gpt41.yaml: a: gpt-6-luna in standard, was gpt-4.1 in standard; "
            "its requests also name a model: change it there\n"
        ),
    )
    assert (folder / "gpt41.yaml").read_text() == (
        "version: 1\ndefaults: {model: gpt-6-luna}\nworkloads: {a: {requests: sort.jsonl, model: gpt-6-luna}}\n"
    )


def test_a_config_that_changed_meanwhile_is_not_written(folder: Path) -> None:
    path = folder / "gpt41.yaml"
    file = read_config_file(path, CATALOG, writes=True)
    conditions = CheckOptions(market(CATALOG, "openai", date(2026, 11, 29)), jobs=1)
    priced = price_declared_workloads(file.config, file.find_files, conditions)
    path.write_text(WORKLOADS + "# a remark\n")
    with pytest.raises(InputError, match="nothing is written"):
        write_moved_config(file, move_workloads(priced, [], {}), 1)
    assert path.read_text() == WORKLOADS + "# a remark\n"


def test_declared_reasoning_tokens_are_priced_if_none_are_stated(run: Run, folder: Path) -> None:
    answers = "output_tokens: {expected: 100, reasoning: %s}"
    (folder / "gpt41.yaml").write_text(
        "version: 1\nworkloads:\n"
        f"  a: {{input_tokens: 1000, {answers % 100}, model: gpt-4.1, volume: 1000 / month}}\n"
        f"  b: {{input_tokens: 1000, {answers % 300}, model: gpt-4.1, volume: 1000 / month}}\n"
    )
    rows = moved(run, "--on", "2026-11-29")["workloads"]
    # 1,000 a month of 1,000 tokens at $0.10 and 103 and the reasoning at $0.50 per million.
    assert [each["reasoned"] for each in rows] == [
        [{"effort": None, "tokens": 100, "usd": "0.2015"}],
        [{"effort": None, "tokens": 300, "usd": "0.3015"}],
    ]
    assert rows[0]["then_usd"] == {"expected": "0.1515", "high": "0.1515"}
    shown = run("migrate", "--on", "2026-11-29").out
    assert "$0.303 then, before reasoning tokens, $0.503 with those of gpt41.yaml\n" in shown
    stated = moved(run, "--on", "2026-11-29", "--reasoning-tokens", "0")["workloads"]
    assert [each["reasoned"][0]["usd"] for each in stated] == ["0.1515", "0.1515"]


def test_a_target_that_ends_itself_says_so(run: Run, folder: Path) -> None:
    done = run("migrate", "--on", "2026-11-29", "--to", "gpt-4.1")
    first = done.out.splitlines()[0]
    assert first.startswith("Move 2 workloads to gpt-4.1 (ends on 2027-01-14) before 2027-01-14: ")
    assert "  gpt-4.1 ends: OpenAI 2027-01-14 (in 46 days); " in done.out
    done = run("migrate", "--on", "2027-02-01", "--to", "gpt-4.1")
    assert done.out.startswith("Move 2 workloads to gpt-4.1 (ended on 2027-01-14) now: ")
    assert done.code == 1


def test_a_brief_answer_has_the_most_expensive_workloads_and_the_first_breaks(run: Run, tmp_path: Path) -> None:
    body = {"model": "gpt-4.1", "max_tokens": 100, "messages": [{"role": "user", "content": "Say hello."}]}
    (tmp_path / "a.json").write_text(json.dumps(body))
    lines = (f"  w{number:02}: {{requests: a.json, volume: {number + 1} / day}}\n" for number in range(15))
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads:\n" + "".join(lines))
    brief, whole = run("migrate").out, run("migrate", "--explain").out
    rows = [
        [line.split()[0] for line in out.splitlines() if line.startswith("  w") and " gpt-4.1 " in line] for out in (brief, whole)
    ]
    assert rows == [[f"w{number:02}" for number in range(first, 15)] for first in (3, 0)]
    assert [out.count("max_tokens in 1 of 1 request") for out in (brief, whole)] == [3, 15]
    assert "  more  --explain shows 26 more lines, 3 more rows and the sources.\n" in brief
    assert "w11 (gpt41.yaml:14:3) and 3 more; --write-config writes it" in brief
    assert "w14 (gpt41.yaml:17:3)" not in brief
    assert " model: gpt-6-luna in w12 (gpt41.yaml:15:3), w13 (gpt41.yaml:16:3), w14 (gpt41.yaml:17:3)" in " ".join(whole.split())
