"""`gpt41 reconcile --invoice`: what was charged next to what the usage should cost, and the cause of every difference."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.answers.answers import Answer
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.pricing import Usage
from tests.builders import CATALOG, market
from tests.conftest import Run

NOW = ("--as-of", "2026-11-26")
NOTE = (
    "  note  The lines neither count tokens nor name a mode: tokens are those that the amounts buy in standard; batch has more."
)
HOW = "gpt41 migrate with a usage export says what it costs"
FIRST = date(2026, 10, 1)
MINI, LARGE = "gpt-4.1-mini-2025-04-14", "gpt-4.1-2025-04-14"
RATES = {
    (MINI, "input"): "0.40",
    (MINI, "cached input"): "0.10",
    (MINI, "output"): "1.60",
    (LARGE, "input"): "2.00",
    (LARGE, "cached input"): "0.50",
    (LARGE, "output"): "8.00",
}


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def make_page(buckets: Mapping[date, Sequence[Mapping[str, Any]]]) -> str:
    data = [
        {"object": "bucket", "start_time": seconds(day), "end_time": seconds(day + timedelta(1)), "results": list(results)}
        for day, results in buckets.items()
    ]
    return json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None})


def make_usage(model: str, fresh: int, cached: int, output: int, project: str | None = "proj_a", **said: Any) -> dict[str, Any]:
    return {
        "object": "organization.usage.completions.result",
        "model": model,
        "project_id": project,
        "num_model_requests": 10,
        "input_tokens": fresh + cached,
        "input_cached_tokens": cached,
        "output_tokens": output,
        **said,
    }


def make_cost(item: str | None, amount: Any, project: str | None = "proj_a", **said: Any) -> dict[str, Any]:
    value = {"value": amount, "currency": "usd"}
    return {"object": "organization.costs.result", "amount": value, "line_item": item, "project_id": project, **said}


def price(model: str, direction: str, tokens: int, percent: int = 100) -> float:
    return float(Decimal(tokens) * Decimal(RATES[model, direction]) * percent / 100 / 1_000_000)


def charge(model: str, fresh: int, cached: int, output: int, *, percent: int = 100, **said: Any) -> list[dict[str, Any]]:
    """The lines of the costs of one day."""
    tokens = {"input": fresh, "cached input": cached, "output": output}
    return [make_cost(f"{model}, {name}", price(model, name, each, percent), **said) for name, each in tokens.items() if each]


def reconcile(run: Run, folder: Path, usage: str, costs: str, *arguments: str) -> Any:
    (folder / "usage.json").write_text(usage)
    (folder / "costs.json").write_text(costs)
    done = run("reconcile", "usage.json", "--invoice", "costs.json", *NOW, *arguments, "--format", "json")
    assert done.out, done.err
    return json.loads(done.out)["invoice"]


def list_causes(invoice: Any) -> dict[str, str]:
    return {cause["cause"]: cause["usd"] for cause in invoice["causes"]}


def test_a_month_of_costs_with_known_causes_is_explained_to_the_cent(run: Run, tmp_path: Path) -> None:
    """Every residual is put in on purpose: each comes out under its name, with its amount and its days."""
    days = [FIRST + timedelta(number) for number in range(31)]
    usage = {day: [make_usage(MINI, 9_000_000, 3_000_000, 1_000_000), make_usage(LARGE, 2_000_000, 0, 500_000)] for day in days}
    costs = {day: [*charge(MINI, 9_000_000, 3_000_000, 1_000_000), *charge(LARGE, 2_000_000, 0, 500_000)] for day in days}
    # the 3rd: a million cached tokens fewer than the usage says, $0.30 more
    costs[days[2]] = [*charge(MINI, 10_000_000, 2_000_000, 1_000_000), *charge(LARGE, 2_000_000, 0, 500_000)]
    # the 5th: half of the input of the large model was priority, 1,000,000 x 1.50 = $1.50 more
    costs[days[4]] = [
        *charge(MINI, 9_000_000, 3_000_000, 1_000_000),
        *charge(LARGE, 1_000_000, 0, 500_000),
        make_cost(f"priority | {LARGE}, input", 3.5),
    ]
    # the 7th: 250,000 output tokens that no log has, 250,000 x 1.60 = $0.40
    costs[days[6]] = [*charge(MINI, 9_000_000, 3_000_000, 1_250_000), *charge(LARGE, 2_000_000, 0, 500_000)]
    # the 9th and 10th: 300,000 output tokens around midnight are charged a day later, -$2.40 and +$2.40
    costs[days[8]] = [*charge(MINI, 9_000_000, 3_000_000, 1_000_000), *charge(LARGE, 2_000_000, 0, 200_000)]
    costs[days[9]] = [*charge(MINI, 9_000_000, 3_000_000, 1_000_000), *charge(LARGE, 2_000_000, 0, 800_000)]
    # the 12th: the usage was standard, the large model was charged in batch, -(2.00 + 2.00)
    costs[days[11]] = [*charge(MINI, 9_000_000, 3_000_000, 1_000_000), *charge(LARGE, 2_000_000, 0, 500_000, percent=50)]
    # tools, storage, another model, a refund
    costs[days[13]].append(make_cost("web search tool calls", 0.25))
    costs[days[14]].append(make_cost("Vector storage", 0.1))
    costs[days[15]].append(make_cost("text-embedding-3-small, input", 0.02))
    costs[days[16]].append(make_cost("Service credit", -5))
    # from the 25th to the 27th a discount of 10 % on the small model: (3.6 + 0.3 + 1.6) x 10 % = $0.55 a day
    for day in days[24:27]:
        costs[day] = [*charge(MINI, 9_000_000, 3_000_000, 1_000_000, percent=90), *charge(LARGE, 2_000_000, 0, 500_000)]

    invoice = reconcile(run, tmp_path, make_page(usage), make_page(costs))

    assert list_causes(invoice) == {
        "credit or refund: Service credit": "-5",
        "mode: gpt-4.1 charged at the rates of batch": "-4",
        "discount: 10 % off the rates of the price table": "-1.65",
        "mode: 1,000,000 tokens of gpt-4.1 charged at the rates of priority": "1.5",
        "not in the usage: 250,000 output tokens of gpt-4.1-mini": "0.4",
        "cached share: 1,000,000 fewer cached tokens of gpt-4.1-mini": "0.3",
        "tools: calls to built-in tools": "0.25",
        "storage: Vector storage": "0.1",
        "not in the usage: text-embedding-3-small, input": "0.02",
        "end of the day: 300,000 tokens of gpt-4.1 charged a day off": "0",
    }
    residual = sum(Decimal(usd) for usd in list_causes(invoice).values())
    assert invoice["residual_usd"] == str(residual) == "-8.08"
    assert invoice["expected_usd"] == str(31 * Decimal("13.5")).rstrip("0").rstrip(".") == "418.5"
    discount = next(cause for cause in invoice["causes"] if cause["kind"] == "discount")
    assert (discount["since"], discount["until"]) == ("2026-10-25", "2026-10-27")


def test_lines_that_count_their_tokens_tell_tokens_from_prices(run: Run, tmp_path: Path) -> None:
    usage = make_page({FIRST: [make_usage(LARGE, 2_000_000, 0, 1_000_000), make_usage(MINI, 1_000_000, 0, 0)]})
    costs = make_page(
        {
            FIRST: [
                make_cost(f"{LARGE}, input", 5.25, quantity=1_500_000),
                make_cost(f"{LARGE}, output", 7.77, quantity=1_000_000),
                make_cost(f"{MINI}, input", 0.4, quantity=1_000_000),
            ]
        }
    )
    invoice = reconcile(run, tmp_path, usage, costs)
    assert list_causes(invoice) == {
        "mode: gpt-4.1 charged at the rates of priority": "2.25",
        "not charged: 500,000 uncached input tokens of gpt-4.1": "-1",
        "rate: gpt-4.1 charged at a price per token that the table doesn't have, 2.88 % below it": "-0.23",
    }


def test_days_projects_and_models_of_one_side_only_are_causes_of_their_own(run: Run, tmp_path: Path) -> None:
    usage = {FIRST + timedelta(number): [make_usage(MINI, 1_000_000, 0, 0)] for number in range(4)}
    usage[FIRST].append(make_usage(MINI, 500_000, 0, 0, "proj_log"))
    costs = {FIRST + timedelta(number): charge(MINI, 1_000_000, 0, 0) for number in range(-1, 2)}
    costs[FIRST] += [*charge(MINI, 250_000, 0, 0, project="proj_bill"), *charge(LARGE, 100_000, 0, 0)]
    invoice = reconcile(run, tmp_path, make_page(usage), make_page(costs))
    assert list_causes(invoice) == {
        "days that the costs don't have": "-0.8",
        "days that the usage doesn't have": "0.4",
        "not charged: project proj_log": "-0.2",
        "not in the usage: gpt-4.1": "0.2",
        "not in the usage: project proj_bill": "0.1",
    }
    assert [(row["since"], row["until"]) for row in invoice["causes"] if row["kind"] == "days-without-costs"] == [
        ("2026-10-03", "2026-10-04")
    ]


@pytest.mark.parametrize(
    ("item", "cause"),
    [
        (None, "costs without a line item: group the costs by line_item to compare them"),
        ("Service credit", "not tokens of a known model: Service credit"),
    ],
)
def test_a_day_whose_costs_are_not_tokens_is_one_that_the_costs_have(
    run: Run, tmp_path: Path, item: str | None, cause: str
) -> None:
    usage = make_page({FIRST: [make_usage(MINI, 1_000_000, 0, 0)]})
    invoice = reconcile(run, tmp_path, usage, make_page({FIRST: [make_cost(item, 0.4)]}))
    assert list_causes(invoice) == {cause: "0.4", "not charged: 1,000,000 uncached input tokens of gpt-4.1-mini": "-0.4"}


def test_amounts_in_cents_differ_by_their_rounding(run: Run, tmp_path: Path) -> None:
    usage = make_page({FIRST: [make_usage(MINI, 1_000_000, 0, 3_141_592)]})
    costs = make_page({FIRST: [make_cost(f"{MINI}, input", 0.4), make_cost(f"{MINI}, output", 5.03)]})
    invoice = reconcile(run, tmp_path, usage, costs)
    assert list_causes(invoice) == {"rounding of the amounts": "0.0034528"}


def test_binary_noise_is_not_a_difference(run: Run, tmp_path: Path) -> None:
    usage = make_page({FIRST: [make_usage(MINI, 1_000_000, 0, 750_000)]})
    costs = make_page(
        {FIRST: [make_cost(f"{MINI}, input", 0.4000000000000001), make_cost(f"{MINI}, output", "1.2000000000000002")]}
    )
    (tmp_path / "usage.json").write_text(usage)
    (tmp_path / "costs.json").write_text(costs)
    done = run("reconcile", "usage.json", "--invoice", "costs.json", "--tolerance", "0%", *NOW)
    assert (done.code, done.out.splitlines()[0]) == (0, "$1.60 charged, as expected from the usage")


@pytest.mark.parametrize(("tolerance", "code"), [("4%", 1), ("5%", 0)])
def test_a_tolerance_makes_it_a_check(run: Run, tmp_path: Path, tolerance: str, code: int) -> None:
    (tmp_path / "usage.json").write_text(make_page({FIRST: [make_usage(MINI, 1_000_000, 0, 0)]}))
    (tmp_path / "costs.json").write_text(make_page({FIRST: [make_cost(f"{MINI}, input", 0.42)]}))
    done = run("reconcile", "usage.json", "--invoice", "costs.json", "--tolerance", tolerance, *NOW)
    assert done.code == code
    assert done.out.startswith("$0.42 charged, $0.40 expected from the usage: $0.02 more (5 %)\n")
    assert ("$0.02 more was charged than expected: 5 % is beyond 4 % [invoice-drift]" in done.out) == bool(code)
    assert run("reconcile", "usage.json", "--invoice", "costs.json", "-q", *NOW).out == "0.02\n"


def test_costs_alone_are_shown_with_the_tokens_that_the_money_buys(run: Run, tmp_path: Path) -> None:
    results = [*charge(MINI, 150_000, 0, 750_000), make_cost("web search tool calls", 0.5, None), make_cost(None, 1, None)]
    (tmp_path / "costs.json").write_text(make_page({FIRST: results}))
    done = run("reconcile", "--invoice", "costs.json", *NOW)
    assert done.code == 0
    assert done.out.splitlines() == [
        "$2.76 charged in 4 lines on 2026-10-01",
        "",
        "  next  gpt-6-luna comes after gpt-4.1-mini, which ends on 2027-01-14 (in 49 days): " + HOW,
        "",
        "By line item",
        "  model         line                   charged   tokens",
        "  gpt-4.1-mini  output                   $1.20  750,000",
        "                (not stated)             $1.00",
        "                web search tool calls    $0.50",
        "  gpt-4.1-mini  input                    $0.06  150,000",
        "",
        "By project",
        "  project       charged",
        "  (not stated)    $1.50",
        "  proj_a          $1.26",
        "",
        NOTE,
    ]
    assert run("reconcile", "--invoice", "costs.json", "-q", *NOW).out == "2.76\n"


def test_the_cost_csv_of_the_dashboard_is_read(run: Run, tmp_path: Path) -> None:
    head = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id\n"
    times = "1790812800,1790899200,2026-10-01T00:00:00+00:00,2026-10-02T00:00:00+00:00"
    rows = (
        f'{times},0.40000000000000002,usd,"{MINI}, input",proj_a,org-1\n{times},,,,,\n{times},1.5,usd,"{LARGE}, input",,org-2\n'
    )
    (tmp_path / "costs.csv").write_text(head + rows)
    done = run("reconcile", "--invoice", "costs.csv", *NOW, "--format", "json")
    document = json.loads(done.out)
    assert document["invoice"]["charged_usd"] == "1.9"
    assert [(row["model"], row["day"], row["project"], row["charged_usd"]) for row in document["invoice"]["rows"]] == [
        ("gpt-4.1", "2026-10-01", None, "1.5"),
        ("gpt-4.1-mini", "2026-10-01", "proj_a", "0.4"),
    ]
    assert [each["message"] for each in document["findings"]] == ["costs of 2 organizations: org-1 ($0.40), org-2 ($1.50)"]


AZURE = (
    "Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,CostInBillingCurrency,BillingCurrency,ResourceId\n"
    "10/01/2026,Foundry Models,gpt 4.1 mini Inp glbl Tokens,1000,1K,0.40,USD,/subscriptions/x/accounts/shop\n"
    "10/01/2026,Foundry Models,gpt 4.1 mini Outp glbl Tokens,100,1K,0.16,USD,/subscriptions/x/accounts/shop\n"
    "10/01/2026,Foundry Models,4.1 mini pp Opt Dz Tokens,100,1K,0.308,USD,/subscriptions/x/accounts/shop\n"
    "10/01/2026,Virtual Machines,D2s v5,24,1 Hour,2.40,USD,/subscriptions/x/vm\n"
    "10/01/2026,Foundry Models,4.1 ft hosting Dz Unit,1,1 Hour,1.70,USD,/subscriptions/x/accounts/shop\n"
)


def test_azures_meters_are_models_directions_modes_and_zones(run: Run, tmp_path: Path) -> None:
    (tmp_path / "azure.csv").write_text(AZURE)
    done = run("reconcile", "--invoice", "azure.csv", *NOW, GPT41_PRICING="")
    assert done.out.splitlines()[:7] == [
        "$2.57 charged in 4 lines on 2026-10-01",
        "",
        "By line item",
        "  model         line                    charged     tokens",
        "                4.1 ft hosting Dz Unit    $1.70",
        "  gpt-4.1-mini  standard, input           $0.40  1,000,000",
        "  gpt-4.1-mini  priority, output         $0.308    100,000",
    ]
    assert "  note  $2.40 of other services left out: Virtual Machines\n" in done.out


@pytest.mark.parametrize(
    ("columns", "amounts", "charged"),
    [
        ("CostUSD,Cost,Currency", "1.5,1.4,EUR", "1.5"),
        ("CostInBillingCurrency,BillingCurrencyCode", "2.00,USD", "2"),
        ("PreTaxCost,Currency", "2.00,USD", "2"),
        ("Cost,BillingCurrency,Currency", "2.00,USD,EUR", "2"),
    ],
)
def test_the_currency_of_an_amount_is_in_the_column_that_azure_has(
    run: Run, tmp_path: Path, columns: str, amounts: str, charged: str
) -> None:
    (tmp_path / "azure.csv").write_text(f"UsageDate,Meter,{columns}\n10/01/2026,gpt 4.1 Inp glbl Tokens,{amounts}\n")
    assert run("reconcile", "--invoice", "azure.csv", *NOW, "--quiet") == (0, f"{charged}\n", "")


def test_other_currencies_are_left_out_and_refused_if_there_is_nothing_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "azure.csv").write_text(AZURE.replace("0.40,USD", "0.37,EUR"))
    done = run("reconcile", "--invoice", "azure.csv", *NOW)
    assert done.code == 1
    assert "1 line in other currencies than US dollars left out: 0.37 EUR [invoice-currency]" in done.out
    (tmp_path / "azure.csv").write_text(AZURE.replace(",USD", ",EUR"))
    assert run("reconcile", "--invoice", "azure.csv", *NOW) == (
        2,
        "",
        (
            "gpt41: --invoice: expected costs in US dollars, found costs in EUR; "
            "export them in US dollars, or with a column costInUsd\n"
        ),
    )


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        (
            "costs.json",
            "{}",
            "costs.json: expected costs: objects organization.costs.result, or a CSV with their amounts, found none",
        ),
        ("costs.json", "{", "costs.json: expected JSON, but at column 2"),
        ("costs.csv", "a,b\n1,2\n", "costs.csv: expected costs: pages of the costs API, or a CSV with days and amounts"),
        (
            "costs.csv",
            "date;amount;currency\n2026-10-01;1,234;usd\n",
            (
                "--invoice: expected lines of costs, found 1 line that can't be read: costs.csv:2: amount: expected an amount "
                'with a point before its decimals, such as 1234.00 or 1.234, found "1,234"'
            ),
        ),
        (
            "costs.json",
            make_page({FIRST: [make_usage(MINI, 1, 0, 1)]}),
            (
                "--invoice: expected lines of costs, found 1 line that can't be read: costs.json[0]: object: expected "
                'organization.costs.result, found "organization.usage.completions.result"'
            ),
        ),
        ("costs.json", "[5]", "costs.json: expected an object, found the number 5"),
        (
            "costs.json",
            json.dumps(make_cost("Image models", 0.06)),
            "--invoice: expected lines of costs, found 1 line that can't be read: costs.json[0]: start_time: expected the time",
        ),
        (
            "costs.csv",
            "date,cost,meterName\n2026-10-01,5,x\n",
            "costs.csv: expected a column with the currency of the amounts in cost, such as billingcurrency, found none",
        ),
        (
            "costs.csv",
            "date,cost,currency,meterCategory\n2026-10-01,5,USD,Storage\n2026-10-01,5,USD,Virtual Machines\n",
            "--invoice: expected costs of AI, found costs of other services: Storage, Virtual Machines",
        ),
        ("costs.json", '{"data": 5}', "costs.json: data: expected a list, found the number 5"),
        ("costs.json", "{}\n{", "costs.json: expected JSON, but at column 2"),
        ("costs.csv", "date,amount,currency\n", "--invoice: expected lines of costs, found none"),
    ],
)
def test_what_is_not_an_invoice_is_refused(run: Run, tmp_path: Path, name: str, content: str, error: str) -> None:
    (tmp_path / name).write_text(content)
    done = run("reconcile", "--invoice", name, *NOW)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {error}")


def test_lines_that_cannot_be_read_are_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text("date,amount,currency\n2026-10-01,1.50,usd\nsoon,2,usd\n2026-10-01,much,usd\n,3,\n")
    bucket = {"start_time": seconds(FIRST), "results": [make_cost("x", True), make_cost("y", "1e400")]}
    (tmp_path / "costs.json").write_text(json.dumps([bucket, {"results": [make_cost("z", 1)]}]))
    done = run("reconcile", "--invoice", "costs.csv", "--invoice", "costs.json", *NOW)
    assert done.code == 1
    assert [line.partition("left out ")[2] for line in done.out.splitlines() if "left out" in line] == [
        'costs.csv:3: date: expected a day, YYYY-MM-DD, found "soon" [invalid-request]',
        'costs.csv:4: amount: expected an amount such as 0.06, found "much" [invalid-request]',
        "costs.csv:5: date: expected a day, YYYY-MM-DD, found none [invalid-request]",
        "costs.json[0]: amount.value: expected an amount such as 0.06, found true or false [invalid-request]",
        'costs.json[1]: amount.value: expected an amount such as 0.06, found "1e400" [invalid-request]',
        "costs.json[2]: start_time: expected the time of a bucket, found nothing [invalid-request]",
    ]
    done = run("reconcile", "--invoice", "costs.csv", *NOW, "--skip-invalid")
    assert done.code == 0
    assert done.out.startswith("at least $1.50 charged in 1 line on 2026-10-01\n")


def test_a_page_that_others_follow_is_not_all(run: Run, tmp_path: Path) -> None:
    first, last = (make_page({FIRST + timedelta(number): charge(MINI, 1_000_000, 0, 0)}) for number in (0, 1))
    first = first.replace('"has_more": false', '"has_more": true')
    (tmp_path / "1.json").write_text(first)
    (tmp_path / "2.json").write_text(last)
    done = run("reconcile", "--invoice", "1.json", *NOW)
    assert done.code == 1
    assert "1 page of costs, and not the last one: has_more says that others follow [invoice-pages]" in done.out
    done = run("reconcile", "--invoice", "1.json", "--invoice", "2.json", *NOW)
    assert (done.code, done.out.splitlines()[0]) == (0, "$0.80 charged in 2 lines from 2026-10-01 to 2026-10-02")


def test_a_page_that_was_fetched_twice_counts_once(run: Run, tmp_path: Path) -> None:
    page = make_page({FIRST: charge(MINI, 1_000_000, 0, 0)})
    (tmp_path / "costs.jsonl").write_text(f"{page}\n{page}\n")
    (tmp_path / "copy.jsonl").write_text(f"{page}\n{page}\n")
    done = run("reconcile", "--invoice", "costs.jsonl", "--invoice", "copy.jsonl", *NOW)
    assert done.out.startswith("$0.40 charged in 1 line on 2026-10-01\n")
    assert "        1 line of costs that appear again counted once\n" in done.out


def test_rates_that_no_table_has_are_named_as_far_as_the_figures_go(run: Run, tmp_path: Path) -> None:
    usage = make_page({FIRST: [make_usage(LARGE, 2_000_000, 0, 1_000_000)]})
    results = [
        make_cost(f"{LARGE}, input", 3, quantity=1_500_000),
        make_cost(f"{LARGE}, output", 7.7712345, quantity=1_000_000),
        make_cost(f"flex | {LARGE}, output", 0.25),
    ]
    assert list_causes(reconcile(run, tmp_path, usage, make_page({FIRST: results}))) == {
        "not charged: 500,000 uncached input tokens of gpt-4.1": "-1",
        "rate: gpt-4.1 charged at a price per token that the table doesn't have": "0.0212345",
    }


def test_the_same_ratio_above_the_table_is_a_surcharge(run: Run, tmp_path: Path) -> None:
    usage = make_page({FIRST: [make_usage(MINI, 1_000_000, 0, 1_000_000, None)]})
    costs = make_page({FIRST: charge(MINI, 1_000_000, 0, 1_000_000, percent=110, project=None)})
    assert list_causes(reconcile(run, tmp_path, usage, costs)) == {"surcharge: 10 % on the rates of the price table": "0.2"}


@pytest.mark.parametrize(("percent", "places", "cause"), [
    (85, 2, "discount: 15 % off the rates of the price table"),
    (85, 4, "discount: 15 % off the rates of the price table"),
    (Decimal("87.5"), 2, "discount: 12.5 % off the rates of the price table"),
    (Decimal("117.65"), 2, "surcharge: 17.65 % on the rates of the price table"),
])  # fmt: skip
def test_a_discount_is_one_cause_if_the_amounts_are_rounded(
    run: Run, tmp_path: Path, percent: Decimal, places: int, cause: str
) -> None:
    """The rounding of small amounts hides some percents of them: they join the ratio that the large ones have."""
    usage, costs, discount, charged, listed = {}, {}, Decimal(0), Decimal(0), Decimal(0)
    for number in range(31):
        day = FIRST + timedelta(number)
        fresh, cached, output = 1_134_567 + 1104 * number, 170_000 + 10_701 * number, 54_321 + 13 * number
        tokens = {"input": fresh, "cached input": cached, "output": output}
        usage[day] = [make_usage(LARGE, fresh, cached, output)]
        exact = {name: Decimal(each) * Decimal(RATES[LARGE, name]) / 1_000_000 for name, each in tokens.items()}
        amounts = {name: round(usd * percent / 100, places) for name, usd in exact.items()}
        costs[day] = [make_cost(f"{LARGE}, {name}", str(usd)) for name, usd in amounts.items()]
        listed, charged = listed + sum(exact.values()), charged + sum(amounts.values())
        discount += sum(exact.values()) * (percent - 100) / 100
    causes = list_causes(reconcile(run, tmp_path, make_page(usage), make_page(costs)))
    assert {name: Decimal(usd) for name, usd in causes.items()} == {
        cause: discount,
        "rounding of the amounts": charged - listed - discount,
    }


def test_lines_that_share_a_ratio_by_chance_are_not_a_discount(run: Run, tmp_path: Path) -> None:
    """Amounts of some cents fit many ratios, and 0.01 of 0.02 nearly all."""
    usage = make_page({FIRST: [make_usage(MINI, 1_000_000, 200_000, 375_000)]})
    amounts = {"input": "0.31", "cached input": "0.01", "output": "0.44"}
    costs = make_page({FIRST: [make_cost(f"{MINI}, {name}", usd) for name, usd in amounts.items()]})
    assert list_causes(reconcile(run, tmp_path, usage, costs)) == {
        "not charged: 100,000 cached input tokens of gpt-4.1-mini": "-0.01",
        "not charged: 100,000 output tokens of gpt-4.1-mini": "-0.16",
        "not charged: 225,000 uncached input tokens of gpt-4.1-mini": "-0.09",
    }


def test_calls_to_tools_that_both_sides_have_are_not_a_cause(run: Run, tmp_path: Path) -> None:
    search = {"type": "web_search_call", "action": {"type": "search"}}
    answer = {"object": "response", "id": "resp_1", "created_at": seconds(FIRST), "model": MINI, "status": "completed"}
    usage = {"input_tokens": 1_000_000, "output_tokens": 1_000_000, "total_tokens": 2_000_000}
    costs = make_page({FIRST: [*charge(MINI, 1_000_000, 0, 1_000_000), make_cost("web search tool calls", 0.01)]})
    invoice = reconcile(run, tmp_path, json.dumps({**answer, "output": [search], "usage": usage}), costs)
    assert (list_causes(invoice), invoice["expected_usd"]) == ({}, "2.01")


def test_usage_of_no_known_day_is_a_cause(run: Run, tmp_path: Path) -> None:
    rows = "date,model,input_tokens,output_tokens\n2026-10-01,gpt-4.1,1000000,0\n,gpt-4.1,500000,0\n"
    invoice = reconcile(run, tmp_path, rows, make_page({FIRST: charge(LARGE, 1_000_000, 0, 0)}))
    assert list_causes(invoice) == {"usage without a known day": "-1"}


def test_the_rates_of_another_zone_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text("date,model,input_tokens,output_tokens\n2026-10-01,gpt-4.1,1000000,0\n")
    (tmp_path / "azure.csv").write_text(
        "Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,costInUsd\n"
        "2026-10-01,Foundry Models,gpt 4.1 Inp DZone Tokens,1000,1K,2.20\n"
    )
    asked = ("reconcile", "usage.csv", "--invoice", "azure.csv", "--platform", "azure-global", *NOW, "--format", "json")
    done = run(*asked, GPT41_PRICING="")
    assert list_causes(json.loads(done.out)["invoice"]) == {"platform: gpt-4.1 charged at the rates of azure-data-zone": "0.2"}


def test_what_is_withdrawn_is_not_expected() -> None:
    offer = market().offer(CATALOG.variant("gpt-4.1"), "standard")
    expected = ExpectedCosts()
    for day in (FIRST, None):
        answer = Answer(Usage(1, 1_000_000, 0, 0), model="gpt-4.1", day=day)
        expected.add(offer, answer, Decimal(0))
        expected.add(offer, answer, Decimal(0), is_undone=True)
    assert not list(expected.list_rows())
    assert not expected.undated_usd


TUNED = "ft:gpt-4.1-mini-2025-04-14:acme::one"
TUNED_AZURE = (
    "Date,MeterCategory,MeterName,Quantity,UnitOfMeasure,CostInUsd\n"
    "10/01/2026,Foundry Models,gpt-4.1-mini-ft input global Tokens,3000,1K,1.20\n"
    "10/01/2026,Foundry Models,gpt-4.1-mini-ft output global Tokens,500,1K,0.80\n"
    "10/01/2026,Foundry Models,gpt-4.1-mini-ft hosting global Unit,24,1 Hour,40.80\n"
    "10/01/2026,Foundry Models,gpt-4.1-mini FT Training global Tokens,1000,1K,5\n"
)


def test_meters_of_fine_tunes_are_compared_with_all_fine_tunes_of_the_model(run: Run, tmp_path: Path) -> None:
    """Two fine-tunes with 1,500,000 input tokens each at 0.40 are one meter; its output is 100,000 tokens at 1.60 more."""
    usage = [make_usage(TUNED, 1_500_000, 0, 200_000, None), make_usage(TUNED + "2", 1_500_000, 0, 200_000, None)]
    (tmp_path / "usage.json").write_text(make_page({FIRST: usage}))
    (tmp_path / "azure.csv").write_text(TUNED_AZURE)
    asked = ("reconcile", "usage.json", "--invoice", "azure.csv", "--platform", "azure-global", *NOW, "--format", "json")
    invoice = json.loads(run(*asked, GPT41_PRICING="").out)["invoice"]
    assert list_causes(invoice) == {
        "hosting of fine-tunes: gpt-4.1-mini-ft hosting global Unit": "40.8",
        "training: gpt-4.1-mini FT Training global Tokens": "5",
        "not in the usage: 100,000 output tokens of ft:gpt-4.1-mini": "0.16",
    }
    assert [(row["model"], row["direction"], row["residual_usd"]) for row in invoice["rows"]] == [
        ("ft:gpt-4.1-mini", "input", "0"),
        ("ft:gpt-4.1-mini", "output", "0.16"),
    ]


def test_line_items_of_fine_tunes_without_a_name_are_all_of_them(run: Run, tmp_path: Path) -> None:
    usage = make_page({FIRST: [make_usage(TUNED, 1_000_000, 0, 0), make_usage(MINI, 1_000_000, 0, 0)]})
    costs = [make_cost("ft-gpt-4.1-mini-2025-04-14, input", 0.9), make_cost(f"{MINI}, input", 0.4)]
    invoice = reconcile(run, tmp_path, usage, make_page({FIRST: costs}))
    assert [(row["model"], row["expected_usd"], row["charged_usd"]) for row in invoice["rows"]] == [
        ("ft:gpt-4.1-mini-2025-04-14", "0.8", "0.9"),
        ("gpt-4.1-mini", "0.4", "0.4"),
    ]
    named = [make_cost(f"{TUNED}, input", 0.8), make_cost(f"{MINI}, input", 0.4)]
    assert reconcile(run, tmp_path, usage, make_page({FIRST: named}))["causes"] == []
