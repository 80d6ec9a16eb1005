"""Files of costs that come twice, are put together, or say less than they should."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Run

NOW = ("--as-of", "2026-11-26")
NOTE = (
    "  note  The lines neither count tokens nor name a mode: tokens are those that the amounts buy in standard; batch has more."
)
HOW = "gpt41 migrate with a usage export says what it costs"
OCTOBER = "the at least $4.20 from 2026-10-01 to 2026-10-31"
HEAD = "start_time_iso,amount_value,amount_currency,line_item,project_id\n"
INPUT = '2026-10-01T00:00:00+00:00,3.2,usd,"gpt-4.1-mini, input",proj_a\n'
OUTPUT = '2026-10-02T00:00:00+00:00,1.6,usd,"gpt-4.1-mini, output",proj_a\n'
BILLS = ROOT / "tests" / "bills"


def write(folder: Path, *contents: str) -> list[str]:
    """Write files and return the options that name them."""
    for number, content in enumerate(contents):
        (folder / f"{number}.csv").write_text(content)
    return [word for number in range(len(contents)) for word in ("--invoice", f"{number}.csv")]


def test_a_file_that_is_named_twice_or_copied_counts_once(run: Run, tmp_path: Path) -> None:
    options = write(tmp_path, HEAD + INPUT, HEAD + INPUT)
    assert run("reconcile", *options[:2], *options[:2], *NOW, "--quiet") == (0, "3.2\n", "")
    done = run("reconcile", *options, *NOW)
    assert done.out.startswith("$3.20 charged in 1 line on 2026-10-01\n")
    assert done.out.endswith("\n        1.csv is a copy of 0.csv: counted once\n")


def test_rows_of_the_cost_csv_that_two_exports_share_count_once(run: Run, tmp_path: Path) -> None:
    options = write(tmp_path, HEAD + INPUT + OUTPUT, HEAD + OUTPUT + HEAD + INPUT.replace("-01T", "-03T"))
    done = run("reconcile", *options, *NOW)
    assert done.code == 0
    assert done.out.startswith("$8.00 charged in 3 lines from 2026-10-01 to 2026-10-03\n")
    assert done.out.endswith("\n        1 line of costs that appear again counted once\n")


def test_equal_rows_of_azure_are_two_charges(run: Run, tmp_path: Path) -> None:
    row = "2026-10-01,gpt 4.1 Inp glbl Tokens,2.50\n"
    options = write(tmp_path, "Date,MeterName,CostInUsd\n" + row + row)
    assert run("reconcile", *options, *NOW, "--quiet") == (0, "5\n", "")


def test_a_bucket_with_another_amount_counts_again_and_a_note_says_so(run: Run, tmp_path: Path) -> None:
    result = {"line_item": "gpt-4.1, input", "project_id": "a"}
    lines = [
        json.dumps({"start_time": 1790812800, "results": [{**result, "amount": {"value": value, "currency": "usd"}}]})
        for value in (1, 1.5, 1)
    ]
    options = write(tmp_path, "\n".join(lines))
    done = run("reconcile", *options, *NOW)
    assert done.out.startswith("$2.50 charged in 2 lines on 2026-10-01\n")
    notes = " ".join(done.out.split("batch has more.")[1].split())
    assert notes == (
        "1 line of costs that appear again counted once "
        "1 line of costs with the day, item and project of another line, but another amount: both are counted"
    )


@pytest.mark.parametrize(
    ("content", "left_out"),
    [
        (HEAD + OUTPUT + INPUT.replace("3.2", ""), "0.csv:3: amount_value: expected an amount such as 0.06, found none"),
        (
            HEAD + OUTPUT + INPUT.replace("2026-10-01T00:00:00+00:00", "soon"),
            "0.csv:3: start_time_iso: expected a day, YYYY-MM-DD",
        ),
        (HEAD + OUTPUT + INPUT.replace("3.2", "much"), '0.csv:3: amount_value: expected an amount such as 0.06, found "much"'),
        (
            (
                "Date,MeterName,CostInUsd,CostInBillingCurrency,BillingCurrency\n"
                "2026-10-01,gpt 4.1 Inp glbl Tokens,1.6,1.5,EUR\n2026-10-01,gpt 4.1 Inp glbl Tokens,,0.2,EUR\n"
            ),
            "1 line in other currencies than US dollars left out: 0.2 EUR",
        ),
    ],
)
def test_a_charge_without_an_amount_in_dollars_is_not_dropped(run: Run, tmp_path: Path, content: str, left_out: str) -> None:
    done = run("reconcile", *write(tmp_path, content), *NOW)
    assert done.code == 1
    assert done.out.startswith("at least $1.60 charged in 1 line on ")
    assert left_out in " ".join(done.out.split())


def add_up(text: str) -> dict[str, Decimal]:
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text)))
    return {key: sum((Decimal(row[key]) for row in rows), Decimal(0)) for key in ("expected_usd", "charged_usd", "residual_usd")}


def test_the_rows_of_a_spreadsheet_add_up_to_both_totals(run: Run, tmp_path: Path) -> None:
    """Credits, tools of both sides and usage without a known day have rows, too."""
    usage = BILLS.joinpath("usage.csv").read_text() + ",proj_a,gpt-4.1,false,default,1,1000,0,0\n"
    (tmp_path / "usage.csv").write_text(usage)
    (tmp_path / "tools.jsonl").write_text(
        '{"id": "resp_1", "object": "response", "created_at": 1790812800, "model": "gpt-4.1", "status": "completed", '
        '"output": [{"type": "web_search_call"}], "usage": {"input_tokens": 10, "output_tokens": 1}}\n'
    )
    invoice = ("--invoice", str(BILLS / "costs.json"), *NOW)
    total = Decimal(run("reconcile", "usage.csv", "tools.jsonl", *NOW, "--quiet", "--skip-invalid").out)
    done = run("reconcile", "usage.csv", "tools.jsonl", *invoice, "--format", "csv", "--skip-invalid")
    charged = Decimal("227.6536")
    assert add_up(done.out) == {"expected_usd": total, "charged_usd": charged, "residual_usd": charged - total}
    assert "2026-10-13,,,,,,,0,-2.5,-2.5,Service credit\n" in done.out
    assert ",,,,,,,0.002,0,-0.002,usage without a known day\n" in done.out
    assert "2026-10-01,,,,,,,0.01,0,-0.01,built-in tools\n" in done.out
    done = run("reconcile", *invoice, "--format", "csv")
    assert add_up(done.out)["charged_usd"] == charged
    assert "2026-10-14,proj_shop,gpt-4.1-mini,,output,0,,0,2.4768,2.4768,\n" in done.out


def test_a_page_of_days_without_charges_is_a_page(run: Run, tmp_path: Path) -> None:
    empty = '{"object": "page", "data": [{"start_time": 1790985600, "results": []}], "has_more": false}'
    options = write(tmp_path, HEAD + INPUT, empty, '{"object": "page", "data": [], "has_more": false}')
    assert run("reconcile", *options, *NOW, "-q") == (0, "3.2\n", "")
    none = "gpt41: --invoice: expected lines of costs, found none\n"
    assert run("reconcile", *options[2:], *NOW, "-q") == (2, "", none)


def test_a_period_is_that_of_the_costs_too(run: Run, tmp_path: Path) -> None:
    options = write(tmp_path, HEAD + INPUT + OUTPUT + "2026-10-03T00:00:00+00:00,,,,\n")
    (tmp_path / "usage.csv").write_text("date,model,input_tokens,output_tokens\n2026-10-01,mini,9,9\n2026-10-02,mini,0,1000000\n")
    asked = ("reconcile", "usage.csv", "--model", "mini=gpt-4.1-mini", *options, *NOW)
    done = run(*asked, "--since", "2026-10-02")
    assert done.out.startswith("$1.60 charged, as expected from the usage\n")
    assert "1 line of costs of other days left out: the period is from 2026-10-02" in done.out
    done = run(*asked, "--until", "2026-10-01", "--since", "2026-10-01", "-q")
    assert (done.code, done.out) == (0, "3.199982\n")
    write(tmp_path, HEAD + OUTPUT)
    assert run(*asked, "--until", "2026-10-01", "-q") == (
        2,
        "",
        "gpt41: --invoice: expected costs up to 2026-10-01, found only 1 line of other days\n",
    )


TWO_MONTHS = (
    HEAD
    + """\
2026-09-30T00:00:00+00:00,9,usd,"gpt-4.1, input",proj_a
2026-10-01T00:00:00+00:00,3.2,usd,"gpt-4.1-mini, input",proj_a
2026-10-31T00:00:00+00:00,1,usd,web search tool calls,proj_b
2026-10-31T00:00:00+00:00,2,eur,"gpt-4.1, input",proj_b
2026-11-01T00:00:00+00:00,1.2,usd,"gpt-4.1-mini, input",proj_a
2026-11-02T00:00:00+00:00,6,usd,"gpt-4.1, output",proj_c
2026-11-30T00:00:00+00:00,,,,
"""
)


def test_costs_alone_are_compared_with_the_period_before(run: Run, tmp_path: Path) -> None:
    """November: 1.20 + 6.00; October: 3.20 + 1.00, and two euros, which aren't dollars."""
    options = [*write(tmp_path, TWO_MONTHS), "--since", "2026-11-01", "--until", "2026-11-30"]
    done = run("reconcile", *options, "--compare", *NOW)
    assert done.out.splitlines() == [
        f"$7.20 charged from 2026-11-01 to 2026-11-30, $3.00 more (71.43 %) than {OCTOBER}: mainly proj_c, +$6.00",
        "",
        "  next   gpt-6-luna comes after gpt-4.1 and gpt-4.1-mini, which end on 2027-01-14 (in 49 days): " + HOW,
        "  error  1 line in other currencies than US dollars left out: 2 EUR [invoice-currency]",
        "",
        "By line item",
        "  model         line                   charged  before  change     tokens",
        "  gpt-4.1       output                   $6.00   $0.00  +$6.00    750,000",
        "  gpt-4.1-mini  input                    $1.20   $3.20  -$2.00  3,000,000",
        "                web search tool calls    $0.00   $1.00  -$1.00",
        "",
        "By project",
        "  project  charged  before  change",
        "  proj_c     $6.00   $0.00  +$6.00",
        "  proj_a     $1.20   $3.20  -$2.00",
        "  proj_b     $0.00   $1.00  -$1.00",
        "",
        NOTE,
        "        1 line of costs of other days left out: the period is from 2026-11-01 to 2026-11-30",
    ]
    document = json.loads(run("reconcile", *options, "--compare", *NOW, "--json").out)["invoice"]
    assert document["before"] == {"since": "2026-10-01", "until": "2026-10-31", "charged_usd": "4.2"}
    alone = run("reconcile", *options[:4], *NOW)
    assert alone.out.startswith("$7.20 charged in 2 lines from 2026-11-01 to 2026-11-02\n")
    assert "2 lines of costs of other days left out" not in alone.out
    assert run("reconcile", *options, "-q", *NOW) == (0, "7.2\n", "")


@pytest.mark.parametrize(
    ("since", "until", "headline"),
    [
        (
            "2026-10-02",
            "2026-10-02",
            "$1.60 charged on 2026-10-02, $1.60 less (50 %) than the $3.20 on 2026-10-01: mainly gpt-4.1-mini input",
        ),
        ("2026-10-03", "2026-10-03", "$1.60 charged on 2026-10-03, as much as on 2026-10-02"),
        ("2026-10-05", "2026-10-05", "$2.00 charged on 2026-10-05, $2.00 more than the $0.00 on 2026-10-04"),
    ],
)
def test_the_first_line_says_how_much_the_costs_changed(run: Run, tmp_path: Path, since: str, until: str, headline: str) -> None:
    rows = INPUT + OUTPUT + OUTPUT.replace("-02T", "-03T") + "2026-10-04T00:00:00+00:00,,,,\n2026-10-05T00:00:00+00:00,2,usd,,\n"
    options = write(tmp_path, HEAD + rows.replace("proj_a", ""))
    done = run("reconcile", *options, "--since", since, "--until", until, "--compare", *NOW)
    assert done.out.startswith(headline)


def test_costs_that_lack_a_part_of_a_period_say_so(run: Run, tmp_path: Path) -> None:
    options = write(tmp_path, HEAD + INPUT + OUTPUT)
    done = run("reconcile", *options, "--since", "2026-10-02", "--until", "2026-10-03", "--compare", *NOW)
    assert "The two periods are from 2026-09-30 to 2026-10-03, but the costs are from 2026-10-01 to 2026-10-02 only" in done.out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--compare",), "--compare: expected --since with the first day of the period, found none"),
        (("--since", "2026-10-01", "--compare"), "--compare: expected costs from 2026-08-05 to 2026-09-30, too, found none"),
        (
            ("--since", "2026-10-02", "--compare", "--tolerance", "5%"),
            "--tolerance: expected one comparison, found another with --compare",
        ),
    ],
)
def test_what_costs_cannot_be_compared_with_is_an_error(run: Run, tmp_path: Path, arguments: tuple[str, ...], error: str) -> None:
    assert run("reconcile", *write(tmp_path, HEAD + INPUT + OUTPUT), *arguments, *NOW) == (2, "", f"gpt41: {error}\n")


@pytest.mark.parametrize("amounts", [("0,5", "1.234"), ("1.5", "1.234,50")])
def test_points_and_commas_before_decimals_in_one_file_are_refused(run: Run, tmp_path: Path, amounts: tuple[str, str]) -> None:
    """1.234 is 1,234 in a file that writes 0,5."""
    rows = "".join(f'2026-10-01,"{amount}","gpt-4.1, input"\n' for amount in amounts)
    done = run("reconcile", *write(tmp_path, "date,cost_in_usd,line_item\n" + rows), *NOW)
    found = f'"{amounts[0]}" (0.csv:2) and "{amounts[1]}" (0.csv:3)'
    assert done.code == 2
    assert done.err == f"gpt41: 0.csv: expected decimals after points or after commas, the same in all amounts, found {found}\n"
