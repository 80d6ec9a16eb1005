"""`gpt41 reconcile --invoice` without logs: what was charged next to what gpt41.yaml expects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

NOW = ("--as-of", "2026-11-23")
PLAN = """
version: 1
workloads:
  chat: {model: gpt-4.1, input_tokens: 4000, cached: 50%, output_tokens: {expected: 400, high: 800}, volume: 7750 / month}
"""
# 7,750 requests: 15.5M input at 2.00, 15.5M cached at 0.50, 3.1M output at 8.00
CHAT = ["31.00", "7.75", "24.80"]
EXPECTED = "63.55"


def write_costs(
    folder: Path, *lines: str, header: str = "date,amount_value,amount_currency,line_item,project_id,quantity"
) -> None:
    (folder / "costs.csv").write_text("\n".join((header, "2026-10-01,,,,,", "2026-10-31,,,,,", *lines)) + "\n")


def make_lines(*amounts: str, model: str = "gpt-4.1", mode: str = "", project: str = "", counts: str = ",,") -> list[str]:
    names = "input", "cached input", "output"
    return [
        f'2026-10-02,{usd},usd,"{mode}{model}, {name}",{project},{count}'
        for name, usd, count in zip(names, amounts, counts.split(","), strict=True)
    ]


def compare(run: Run, folder: Path, plan: str = PLAN, **environment: str) -> Any:
    (folder / "gpt41.yaml").write_text(plan)
    done = run("reconcile", "--invoice", "costs.csv", *NOW, "--format", "json", **environment)
    assert done.out, done.err
    return json.loads(done.out)


def list_rows(document: Any) -> list[tuple[str, str | None, str, str | None, list[str]]]:
    return [
        (", ".join(row["workloads"]) or row["item"] or row["kind"], row["expected_usd"], row["charged_usd"], *rest)
        for row in document["invoice"]["plan"]["rows"]
        for rest in [(row["residual_usd"], row["reasons"])]
    ]


def headline(run: Run, *arguments: str) -> str:
    return run("reconcile", "--invoice", "costs.csv", *NOW, *arguments).out.splitlines()[0]


@pytest.mark.parametrize(
    ("amounts", "counts", "reasons"),
    [
        (CHAT, ",,", []),
        (["62.00", "15.50", "49.60"], ",,", ["100 % more input and output: more requests"]),
        (["15.50", "3.875", "12.40"], ",,", ["50 % less input and output: fewer requests"]),
        (["46.50", "3.875", "24.80"], ",,", ["25 % of the input cached instead of 50 %", "within its range of up to $88.35"]),
        (["31.00", "7.75", "49.60"], ",,", ["100 % more output", "within its range of up to $88.35"]),
        (
            ["34.10", "7.75", "24.80"],
            ",,",
            ["5 % more input", "48 % of the input cached instead of 50 %", "within its range of up to $88.35"],
        ),
        (["31.00", "7.75", "0"], ",,", ["no output charged"]),
        (["0", "0", "24.80"], ",,", ["no input charged"]),
        (
            ["15.50", "3.875", "12.40"],
            "15500000,15500000,3100000",
            ["charged at 50 % of the expected price per token"],
        ),
        (["0", "0", "0.08"], "0,0,0", ["no input charged", "no output charged"]),
    ],
)  # fmt: skip
def test_the_tokens_that_were_charged_say_why(
    run: Run, tmp_path: Path, amounts: list[str], counts: str, reasons: list[str]
) -> None:
    write_costs(tmp_path, *make_lines(*amounts, counts=counts))
    ((name, expected, _, _, found),) = list_rows(compare(run, tmp_path))
    assert (name, expected) == ("chat", EXPECTED)
    assert found == reasons


def test_the_first_line_says_what_was_charged_and_what_is_expected(run: Run, tmp_path: Path) -> None:
    write_costs(tmp_path, *make_lines(*CHAT))
    document = compare(run, tmp_path)
    assert (document["invoice"]["expected_usd"], document["invoice"]["residual_usd"]) == (EXPECTED, "0")
    assert headline(run) == "OpenAI charged $63.55 in October 2026, as gpt41.yaml expects"
    write_costs(tmp_path, *make_lines("30.00", "7.75", "24.80"))
    assert headline(run) == "OpenAI charged $62.55 in October 2026; gpt41.yaml expects $63.55: $1.00 less (1.6 %)"
    write_costs(tmp_path, *make_lines("32.00", "7.75", "24.80"))
    assert headline(run).endswith("expects $63.55: $1.00 more (1.6 %), within its range of up to $88.35")
    assert run("reconcile", "--invoice", "costs.csv", *NOW, "-q").out == "1\n"


def test_a_tolerance_makes_it_a_check(run: Run, tmp_path: Path) -> None:
    write_costs(tmp_path, *make_lines("38.00", "7.75", "24.80"))
    (tmp_path / "gpt41.yaml").write_text(PLAN)
    asked = ("reconcile", "--invoice", "costs.csv", *NOW, "--tolerance")
    assert run(*asked, "12%").code == 0
    done = run(*asked, "11%")
    assert done.code == 1
    assert "$7.00 more was charged than expected: 11.01 % is beyond 11 % [invoice-drift]" in done.out


def test_days_without_lines_and_parts_of_months_count(run: Run, tmp_path: Path) -> None:
    """The expectation is for the days that the costs cover, also those on which nothing was charged."""
    (tmp_path / "gpt41.yaml").write_text(PLAN)
    page = {
        "object": "page",
        "has_more": False,
        "data": [
            {"object": "bucket", "start_time": 1790812800, "results": []},  # 2026-10-01
            {
                "object": "bucket",
                "start_time": 1790899200,
                "results": [
                    {
                        "object": "organization.costs.result",
                        "amount": {"value": 10.25, "currency": "usd"},
                        "line_item": "gpt-4.1-2025-04-14, input",
                    }
                ],
            },
        ],
    }
    (tmp_path / "costs.csv").write_text(json.dumps(page))
    document = compare(run, tmp_path)
    plan = document["invoice"]["plan"]
    assert (plan["since"], plan["until"], plan["days"], plan["days_of_months"]) == ("2026-10-01", "2026-10-02", 2, 31)
    assert document["invoice"]["expected_usd"] == "4.1"
    assert headline(run) == (
        "OpenAI charged $10.25 from 2026-10-01 to 2026-10-02; gpt41.yaml expects $4.10 for these 2 days: $6.15 more (150 %)"
    )
    assert document["notes"][0] == "The costs cover 2 of 31 days, and so does what gpt41.yaml expects."
    write_costs(tmp_path, "2026-09-01,5,usd,,,")
    document = compare(run, tmp_path)
    assert document["invoice"]["expected_usd"] == "127.1"
    assert document["notes"] == ["The costs cover 2 months, and so does what gpt41.yaml expects."]
    (tmp_path / "costs.csv").write_text("date,amount_value,amount_currency,line_item\n2026-10-31,5,usd,\nTotal,,,\n")
    assert headline(run).startswith("OpenAI charged $5.00 on 2026-10-31; gpt41.yaml expects $2.05 for this day: ")


@pytest.mark.parametrize(
    ("volume", "february", "both"),
    [
        ("28 / day", "7.84", "16.52"),
        ("196 / week", "7.84", "16.52"),
        ("7 / hour", "47.04", "99.12"),
        ("784 / month", "7.84", "15.68"),
    ],
)
def test_a_volume_per_day_is_the_same_on_each_day(run: Run, tmp_path: Path, volume: str, february: str, both: str) -> None:
    """A request costs a cent: 5,000 input tokens at 2.00. February has 28 days, and March 31."""
    plan = f"version: 1\nworkloads: {{a: {{model: gpt-4.1, input_tokens: 5000, output_tokens: 0, volume: {volume}}}}}\n"
    (tmp_path / "gpt41.yaml").write_text(plan)
    row = '{day},1,usd,"gpt-4.1, input"\n'
    expected = []
    for last in ("2026-02-28", "2026-03-31"):
        rows = "".join(row.format(day=day) for day in ("2026-02-01", last))
        (tmp_path / "costs.csv").write_text(f"date,amount_value,amount_currency,line_item\n{rows}")
        expected.append(compare(run, tmp_path, plan)["invoice"]["expected_usd"])
    assert expected == [february, both]


TWO = """
version: 1
workloads:
  small: {model: gpt-4.1-mini, input_tokens: 1000, output_tokens: 0, volume: 1000000 / month}
  night: {model: gpt-4.1-mini, mode: batch, input_tokens: 1000, output_tokens: 0, volume: 1000000 / month}
"""
OWNED = TWO.replace("mode: batch", "mode: batch, project: p1")


@pytest.mark.parametrize(
    ("plan", "lines", "rows"),
    [
        # no line says the mode: the two can't be told apart
        (TWO, ["gpt-4.1-mini, input|p1|500"], [("small, night", "600", "500", "-100")]),
        # one line says it
        (
            TWO,
            ["gpt-4.1-mini, input|p1|400", "batch | gpt-4.1-mini, input|p1|210"],
            [("small", "400", "400", "0"), ("night", "200", "210", "10")],
        ),
        # the project says it
        (
            OWNED,
            ["gpt-4.1-mini, input|p1|200", "gpt-4.1-mini, input|p2|400"],
            [("small", "400", "400", "0"), ("night", "200", "200", "0")],
        ),
        # a line of no project may be of both
        (
            OWNED,
            ["gpt-4.1-mini, input|p1|200", "gpt-4.1-mini, input||400"],
            [("small, night", "600", "600", "0")],
        ),
        # what no workload has, and a workload that no line has
        (
            OWNED.replace("output_tokens: 0,", "output_tokens: 0, project: p0,", 1),
            ["gpt-4.1-mini, input|p1|200", "gpt-4.1-mini, input|p9|3", "gpt-4o, input|p1|7", "gpt-4o, output|p2|1"],
            [("small", "400", "0", "-400"), ("night", "200", "200", "0"), ("tokens", "0", "8", "8"), ("p9", "0", "3", "3")],
        ),
    ],
)  # fmt: skip
def test_lines_go_to_the_workload_that_model_mode_and_project_name(
    run: Run, tmp_path: Path, plan: str, lines: list[str], rows: list[tuple[str, ...]]
) -> None:
    split = [line.rsplit("|", 2) for line in lines]
    write_costs(tmp_path, *(f'2026-10-02,{usd},usd,"{item}",{project},' for item, project, usd in split))
    assert [row[:4] for row in list_rows(compare(run, tmp_path, plan))] == rows


def test_every_other_line_has_its_reason(run: Run, tmp_path: Path) -> None:
    plan = PLAN.replace("}\n", ", tools: {web_searches: 1, web_search_tokens: 0, storage_gb: 2}}\n").replace(
        "output_tokens: {expected: 400, high: 800}, volume", "output_tokens: 400, volume"
    )
    items = ("web search tool calls|70", "Vector storage|3", "text-embedding-3-small, input|2", "Seats|4", "Credit|-5", "|1")
    split = [item.split("|") for item in items]
    write_costs(tmp_path, *make_lines(*CHAT), *(f'2026-10-02,{usd},usd,"{item}",,' for item, usd in split))
    document = compare(run, tmp_path, plan)
    assert list_rows(document) == [
        ("chat", EXPECTED, EXPECTED, "0", []),
        ("tools", "77.5", "70", "-7.5", []),
        ("storage", "3.1", "3", "-0.1", []),
        ("text-embedding-3-small, input", "0", "2", "2", ["no workload uses it"]),
        ("Seats", "0", "4", "4", ["not tokens of a known model"]),
        ("Credit", "0", "-5", "-5", ["a credit or refund"]),
        ("unnamed", "0", "1", "1", ["costs without a line item: group the costs by line_item to compare them"]),
    ]
    residuals = [row["residual_usd"] for row in document["invoice"]["plan"]["rows"]]
    assert document["invoice"]["residual_usd"] == "-5.6"
    assert sum(map(float, residuals)) == pytest.approx(-5.6)


def test_workloads_without_a_volume_and_those_of_others_are_named(run: Run, tmp_path: Path) -> None:
    plan = PLAN + (
        "  loose: {model: gpt-4.1, mode: batch, input_tokens: 9, output_tokens: 9}\n"
        "  alone: {model: gpt-4.1-mini, input_tokens: 9, output_tokens: 9}\n"
        "  there: {model: gpt-4.1, input_tokens: 9, output_tokens: 9, volume: 5 / day, platform: azure-global}\n"
    )
    write_costs(tmp_path, *make_lines(*CHAT), *make_lines("1", "0", "0", model="gpt-4.1-mini"))
    document = compare(run, tmp_path, plan)
    assert list_rows(document) == [
        ("chat, loose", EXPECTED, EXPECTED, "0", ["loose without a volume"]),
        ("alone", None, "1", None, ["no volume is declared"]),
    ]
    assert document["invoice"]["plan"]["without_volume"] == ["loose", "alone"]
    assert document["findings"][0]["message"] == "loose, alone: no costs are expected without a volume"
    assert document["notes"] == ["Not compared, as these costs come from OpenAI: there."]
    assert "gpt41.yaml expects at least $63.55: $1.00 more" in headline(run)


def test_meters_of_azure_are_compared_with_workloads_on_azure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(
        "date,costInUsd,meterName,meterCategory,quantity,unitOfMeasure,resourceId\n"
        "10/01/2026,31,gpt 4.1 Inp glbl Tokens,Foundry Models,15500,1K,/x/chats\n"
        "10/31/2026,15.5,gpt 4.1 cached Inp glbl Tokens,Foundry Models,31000,1K,/x/chats\n"
        "10/31/2026,9,VM,Virtual Machines,1,1 Hour,/x/vm\n"
    )
    plan = PLAN.replace("{model", "{platform: azure-global, project: chats, model")
    document = compare(run, tmp_path, plan, GPT41_PRICING="")  # the frozen table has no meters
    row, *others = list_rows(document)
    assert others == []
    assert row[:4] == ("chat", EXPECTED, "46.5", "-17.05")
    assert row[4] == ["50 % more input", "no output charged", "67 % of the input cached instead of 50 %"]
    done = run("reconcile", "--invoice", "costs.csv", *NOW, GPT41_PRICING="")
    assert done.out.startswith("Azure charged $46.50 in October 2026; gpt41.yaml expects $63.55: $17.05 less (26.8 %)\n")


def test_a_nearest_file_without_volumes_leaves_the_costs_alone(run: Run, tmp_path: Path) -> None:
    write_costs(tmp_path, *make_lines(*CHAT))
    document = compare(run, tmp_path, PLAN.replace(", volume: 7750 / month", ""))
    assert document["invoice"]["plan"] is None
    assert document["notes"][1:] == ["gpt41.yaml isn't compared: no workload has a volume."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--by", "model"), "--by: expected logs, found --invoice alone"),
        (("--write-config",), "--write-config: expected logs, found --invoice alone"),
        (
            ("--tolerance", "5%"),
            "--tolerance: expected logs, or a gpt41.yaml with volumes, to compare the costs with, found neither",
        ),
        (("--config", "none.yaml"), "--config: expected a file, found none at none.yaml"),
        (
            ("--config", "vague.yaml"),
            "vague.yaml: workloads: expected a workload with a volume, which says what a month costs, found none",
        ),
        (("--config", "bad.yaml"), "bad.yaml:2:11: defaults: expected a mapping, found "),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_an_error(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    write_costs(tmp_path, *make_lines(*CHAT))
    (tmp_path / "vague.yaml").write_text(PLAN.replace(", volume: 7750 / month", ""))
    (tmp_path / "bad.yaml").write_text("version: 1\ndefaults: 5\nworkloads: {a: {input_tokens: 5}}\n")
    done = run("reconcile", "--invoice", "costs.csv", *NOW, *arguments)
    assert done.code == 2
    assert message in done.err


def test_cached_input_and_tools_that_nobody_declares_are_named(run: Run, tmp_path: Path) -> None:
    """Cached tokens that aren't expected are counted at the listed price of 0.50, and those written to the cache as input."""
    plan = PLAN.replace("cached: 50%, ", "")
    write_costs(
        tmp_path,
        *make_lines("31.00", "7.75", "24.80"),
        '2026-10-02,1,usd,"gpt-4.1, cache writes",,',
        '2026-10-02,2,usd,"web search tool calls",,',
    )
    chat, tools = list_rows(compare(run, tmp_path, plan))
    assert chat == ("chat", "86.8", "64.55", "-22.25", ["50 % of the input cached instead of 0 %"])
    assert tools == ("tools", "0", "2", "2", ["no workload declares built-in tools"])
    nothing = "\nversion: 1\nworkloads: {a: {model: gpt-4.1, input_tokens: 0, output_tokens: 0, volume: 5 / day}}\n"
    assert list_rows(compare(run, tmp_path, nothing))[0] == ("a", "0", "64.55", "64.55", ["no tokens are declared"])


def test_fine_tunes_have_their_row_and_hosting_its_reason(run: Run, tmp_path: Path) -> None:
    plan = PLAN.replace("model: gpt-4.1,", "model: 'ft:gpt-4.1-2025-04-14:a::b',").replace("cached: 50%, ", "")
    write_costs(
        tmp_path,
        '2026-10-02,93,usd,"ft-gpt-4.1-2025-04-14, input",,',
        '2026-10-02,37.2,usd,"ft-gpt-4.1-2025-04-14, output",,',
        '2026-10-02,9,usd,"Hosting of fine-tuned models",,',
        '2026-10-02,5,usd,"Training",,',
    )
    assert [row[1:] for row in list_rows(compare(run, tmp_path, plan))] == [
        ("130.2", "130.2", "0", []),
        ("0", "9", "9", ["hosting of fine-tunes, which gpt41.yaml has no key for"]),
        ("0", "5", "5", ["training, which gpt41.yaml has no key for"]),
    ]
