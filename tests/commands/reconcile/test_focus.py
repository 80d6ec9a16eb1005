"""`gpt41 reconcile --format focus`, against the tables of the FOCUS specification 1.2.

Source: https://focus.finops.org/focus-specification/v1-2/ (2026-11-30).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tests.builders import CREATED
from tests.conftest import ROOT, Run

USAGE = str(ROOT / "tests" / "bills" / "usage.csv")
NOW = ("--as-of", "2026-11-26")
HEAD = "date,model,service_tier,input_tokens,cached_tokens,output_tokens\n"
COMPANY = """
models:
  own:
    role: successor
    summary: Own.
    snapshots: []
    encoding: {name: o200k_base, published: true, source: us}
    released: null
    context_window: 1000
    max_input_tokens: null
    max_output_tokens: null
    knowledge_cutoff: null
    input_modalities: [text]
    output_modalities: [text]
    endpoints: []
    features: []
    tools: []
    source: us
    rates: {openai: {standard: [{effective_from: 2026-01-01, input: 3, cached_input: null, output: 9, source: us}]}}
    images: null
    prompt: {confirmed: false, source: us}
    lifecycle: {}
sources:
  us: {title: Contract, url: "https://example.com", date: 2026}
overrides:
  - {discount_percent: 15, models: [gpt-4.1]}
"""
ACCOUNT = ("--billing-account", "org-abc")


class Column(NamedTuple):
    """What the specification says of a column: its feature level, its type, whether it may be null, and its allowed values."""

    level: str
    kind: str
    is_nullable: bool
    allowed: tuple[str, ...] = ()


CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
SERVICES = (
    *("AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Multicloud"),
    *("Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile", "Networking"),
    *("Security", "Storage", "Web", "Other"),
)
AI_SERVICES = (
    *("AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing"),
    "Other (AI and Machine Learning)",
)
SPECIFICATION: Mapping[str, Column] = {
    "AvailabilityZone": Column("Recommended", "String", True),
    "BilledCost": Column("Mandatory", "Decimal", False),
    "BillingAccountId": Column("Mandatory", "String", False),
    "BillingAccountName": Column("Mandatory", "String", True),
    "BillingCurrency": Column("Mandatory", "Currency", False),
    "BillingPeriodEnd": Column("Mandatory", "Date/Time", False),
    "BillingPeriodStart": Column("Mandatory", "Date/Time", False),
    "ChargeCategory": Column("Mandatory", "String", False, CATEGORIES),
    "ChargeClass": Column("Mandatory", "String", True, ("Correction",)),
    "ChargeDescription": Column("Mandatory", "String", True),
    "ChargeFrequency": Column("Recommended", "String", False, ("One-Time", "Recurring", "Usage-Based")),
    "ChargePeriodEnd": Column("Mandatory", "Date/Time", False),
    "ChargePeriodStart": Column("Mandatory", "Date/Time", False),
    "CommitmentDiscountCategory": Column("Conditional", "String", True, ("Spend", "Usage")),
    "CommitmentDiscountId": Column("Conditional", "String", True),
    "CommitmentDiscountName": Column("Conditional", "String", True),
    "CommitmentDiscountStatus": Column("Conditional", "String", True, ("Used", "Unused")),
    "CommitmentDiscountType": Column("Conditional", "String", True),
    "ConsumedQuantity": Column("Conditional", "Decimal", True),
    "ConsumedUnit": Column("Conditional", "String", True),
    "ContractedCost": Column("Mandatory", "Decimal", False),
    "ContractedUnitPrice": Column("Conditional", "Decimal", True),
    "EffectiveCost": Column("Mandatory", "Decimal", False),
    "InvoiceIssuerName": Column("Mandatory", "String", False),
    "ListCost": Column("Mandatory", "Decimal", False),
    "ListUnitPrice": Column("Conditional", "Decimal", True),
    "PricingCategory": Column("Conditional", "String", True, ("Standard", "Dynamic", "Committed", "Other")),
    "PricingQuantity": Column("Mandatory", "Decimal", True),
    "PricingUnit": Column("Mandatory", "String", True),
    "ProviderName": Column("Mandatory", "String", False),
    "PublisherName": Column("Mandatory", "String", False),
    "RegionId": Column("Conditional", "String", True),
    "RegionName": Column("Conditional", "String", True),
    "ResourceId": Column("Conditional", "String", True),
    "ResourceName": Column("Conditional", "String", True),
    "ResourceType": Column("Conditional", "String", True),
    "ServiceCategory": Column("Mandatory", "String", False, SERVICES),
    "ServiceName": Column("Mandatory", "String", False),
    "ServiceSubcategory": Column("Recommended", "String", False, AI_SERVICES),
    "SkuId": Column("Conditional", "String", True),
    "SkuMeter": Column("Conditional", "String", True),
    "SkuPriceDetails": Column("Conditional", "JSON", True),
    "SkuPriceId": Column("Conditional", "String", True),
    "SubAccountId": Column("Conditional", "String", True),
    "SubAccountName": Column("Conditional", "String", True),
    "Tags": Column("Conditional", "JSON", True),
}
FORMATS = {
    "Decimal": r"-?\d+(\.\d+)?(E-?\d+)?",
    "Date/Time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "Currency": "[A-Z]{3}",
    "String": r".*\S.*",
    "JSON": r"\{.*\}",
}
UNITS = r"(\d+ )?[A-Z][a-z]*s"
NOT_NULL_FOR_USAGE = (
    *("PricingQuantity", "ListUnitPrice", "ContractedUnitPrice", "PricingCategory", "SkuId", "SkuPriceId", "ConsumedQuantity"),
    *("ConsumedUnit", "PricingUnit", "SkuMeter"),
)
COST_AND_PRICE = {"ListCost": "ListUnitPrice", "ContractedCost": "ContractedUnitPrice"}


def read_rows(text: str) -> list[dict[str, str]]:
    """Read the rows, and check them against the specification."""
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.splitlines()[0].split(",") == sorted(SPECIFICATION)
    for row in rows:
        for name, column in SPECIFICATION.items():
            assert row[name] or column.is_nullable, name
            assert not row[name] or re.fullmatch(FORMATS[column.kind], row[name]), (name, row[name])
            assert not row[name] or not column.allowed or row[name] in column.allowed, (name, row[name])
        check_rules_between_columns(row)
    parents = {(row["SkuPriceId"], row["SkuId"]) for row in rows}
    assert len(parents) == len({price for price, _ in parents})
    return rows


def check_rules_between_columns(row: Mapping[str, str]) -> None:
    assert row["ChargeCategory"] == "Usage"
    assert all(row[name] for name in NOT_NULL_FOR_USAGE)
    for cost, price in COST_AND_PRICE.items():
        assert Decimal(row[price]) * Decimal(row["PricingQuantity"]) == Decimal(row[cost])
        assert Decimal(row[price]) >= 0
    assert row["BilledCost"] == row["EffectiveCost"] == row["ContractedCost"]
    assert bool(row["SubAccountId"]) == bool(row["SubAccountName"])
    assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
    assert all(row[f"BillingPeriod{name}"].endswith("-01T00:00:00Z") for name in ("Start", "End"))
    assert all(re.fullmatch(UNITS, row[name]) for name in ("PricingUnit", "ConsumedUnit"))
    assert all(isinstance(value, str) for value in json.loads(row["SkuPriceDetails"]).values())


def add_up(rows: Sequence[Mapping[str, str]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def test_the_specification_has_every_mandatory_column() -> None:
    mandatory = {name for name, column in SPECIFICATION.items() if column.level == "Mandatory"}
    assert len(mandatory) == 21


def test_the_rows_add_up_to_the_bill(run: Run) -> None:
    done = run("reconcile", USAGE, "--format", "focus", *ACCOUNT, *NOW)
    rows = read_rows(done.out)
    assert (done.code, done.err, len(rows)) == (0, "", 84)
    bill = json.loads(run("reconcile", USAGE, "--format", "json", *NOW).out)
    for cost in ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"):
        assert add_up(rows, cost) == Decimal(bill["total_usd"])
    assert add_up(rows, "ConsumedQuantity") == bill["usage"]["input_tokens"] + bill["usage"]["output_tokens"]
    first = {name: value for name, value in rows[0].items() if value}
    assert first == {
        "BilledCost": "3.6",
        "BillingAccountId": "org-abc",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": "2026-11-01T00:00:00Z",
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": "gpt-4.1-mini, input in batch",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": "2026-10-02T00:00:00Z",
        "ChargePeriodStart": "2026-10-01T00:00:00Z",
        "ConsumedQuantity": "18000000",
        "ConsumedUnit": "Tokens",
        "ContractedCost": "3.6",
        "ContractedUnitPrice": "0.2",
        "EffectiveCost": "3.6",
        "InvoiceIssuerName": "OpenAI",
        "ListCost": "3.6",
        "ListUnitPrice": "0.2",
        "PricingCategory": "Standard",
        "PricingQuantity": "18",
        "PricingUnit": "1000000 Tokens",
        "ProviderName": "OpenAI",
        "PublisherName": "OpenAI",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "OpenAI API",
        "ServiceSubcategory": "Generative AI",
        "SkuId": "gpt-4.1-mini, input",
        "SkuMeter": "Input Tokens",
        "SkuPriceDetails": '{"x_Model": "gpt-4.1-mini", "x_Mode": "batch"}',
        "SkuPriceId": "batch | gpt-4.1-mini, input",
        "SubAccountId": "proj_search",
        "SubAccountName": "proj_search",
    }
    assert [row["SkuPriceId"] for row in rows[2:7]] == [
        *("gpt-4.1-mini, input", "gpt-4.1-mini, cached input", "gpt-4.1-mini, output", "gpt-4.1, input", "gpt-4.1, output")
    ]


def test_overrides_change_what_is_paid_not_the_list_price(run: Run, tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text(COMPANY)
    log = f"{HEAD}2026-10-01,gpt-4.1,,1000000,400000,100\n2025-05-01,gpt-4.1,priority,1000,0,0\n2026-10-01,own,,1000,0,10\n"
    asked = ("reconcile", "-", "--pricing", "company.yaml", *NOW)
    rows = read_rows(run(*asked, "--format", "focus", *ACCOUNT, stdin=log).out)
    prices = {(row["SkuId"], row["ListUnitPrice"], row["ContractedUnitPrice"], row["ListCost"]) for row in rows}
    assert prices == {
        ("gpt-4.1, input", "2", "1.7", "1.2"),
        ("gpt-4.1, input", "3.5", "2.975", "0.0035"),
        ("gpt-4.1, cached input", "0.5", "0.425", "0.2"),
        ("gpt-4.1, output", "8", "6.8", "0.0008"),
        ("own, input", "3", "3", "0.003"),
        ("own, output", "9", "9", "0.00009"),
    }
    assert add_up(rows, "BilledCost") == Decimal(run(*asked, "--quiet", stdin=log).out)


def test_tools_writes_and_long_contexts_have_rows_of_their_own(run: Run) -> None:
    calls = [{"type": f"{name}_call", "status": "completed"} for name in ("web_search", "web_search", "file_search")]
    searched = {"object": "response", "id": "resp_1", "model": "gpt-4.1", "created_at": CREATED, "output": calls}
    searched["usage"] = {"input_tokens": 9_000, "output_tokens": 100}
    details = {"cached_tokens": 1_000, "cache_write_tokens": 2_000}
    long = {"object": "response", "id": "resp_2", "model": "gpt-6-luna", "created_at": CREATED, "output": []}
    long["usage"] = {"input_tokens": 300_000, "input_tokens_details": details, "output_tokens": 10}
    log = "\n".join(map(json.dumps, (searched, long)))
    rows = read_rows(run("reconcile", "-", "--format", "focus", *ACCOUNT, *NOW, stdin=log).out)
    assert [(row["SkuPriceId"], row["PricingQuantity"], row["PricingUnit"], row["BilledCost"]) for row in rows] == [
        ("gpt-4.1, input", "0.009", "1000000 Tokens", "0.018"),
        ("gpt-4.1, output", "0.0001", "1000000 Tokens", "0.0008"),
        ("gpt-4.1, web search calls", "0.002", "1000 Calls", "0.02"),
        ("gpt-4.1, file search calls", "0.001", "1000 Calls", "0.0025"),
        ("gpt-6-luna, input, long context", "0.297", "1000000 Tokens", "0.0594"),
        ("gpt-6-luna, cached input, long context", "0.001", "1000000 Tokens", "0.00002"),
        ("gpt-6-luna, output, long context", "0.00001", "1000000 Tokens", "0.0000075"),
        ("gpt-6-luna, cache writes, long context", "0.002", "1000000 Tokens", "0.0005"),
    ]
    assert {row["SubAccountId"] for row in rows} == {""}
    assert add_up(rows, "BilledCost") == Decimal(run("reconcile", "-", "--quiet", *NOW, stdin=log).out)


def test_the_organization_is_that_of_the_log_or_of_the_option(run: Run) -> None:
    log = "date,organization_id,model,input_tokens,output_tokens\n2026-10-01,org-a,gpt-4.1,100,1\n2026-10-31,,gpt-4.1,100,1\n"
    done = run("reconcile", "-", "--format", "focus", *NOW, stdin=log)
    assert run("reconcile", "-", "--format", "focus", "--billing-account", " ", *NOW, stdin=log) == done
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "gpt41: --billing-account: expected the id of the account that pays, as the logs name no organization and FOCUS asks for "
        "it in every row, found none\n"
    )
    rows = read_rows(run("reconcile", "-", "--format", "focus", *ACCOUNT, *NOW, stdin=log).out)
    assert [(row["BillingAccountId"], row["ChargePeriodEnd"]) for row in rows] == [
        *[("org-a", "2026-10-02T00:00:00Z")] * 2,
        *[("org-abc", "2026-11-01T00:00:00Z")] * 2,
    ]


def test_answers_without_a_day_are_not_rows_and_an_error(run: Run) -> None:
    log = "date,model,input_tokens,output_tokens\n9999-12-31,gpt-4.1,100,1\n,gpt-4.1,100,1\n"
    done = run("reconcile", "-", "--format", "focus", *ACCOUNT, *NOW, stdin=log)
    assert len(list(csv.DictReader(io.StringIO(done.out)))) == 2
    assert done.code == 1
    assert "gpt41: 1 answer without a known day ($0.000208) left out: FOCUS asks for the day of every charge\n" in done.err


def test_it_is_a_format_of_this_command_with_logs(run: Run, tmp_path: Path) -> None:
    done = run("cost", "--input-tokens", "5", "--format", "focus")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "gpt41: --format: expected one of text, explain, json, jsonl, csv, markdown, html, github, junit, sarif, gitlab, "
        'parquet, found "focus"; gpt41 reconcile writes focus\n'
    )
    done = run("reconcile", "--invoice", str(ROOT / "tests" / "bills" / "costs.json"), "--output", "costs.focus.csv")
    assert (done.code, done.err) == (2, "gpt41: --format focus: expected logs, whose usage it lists, found none\n")
    done = run("reconcile", USAGE, *ACCOUNT, *NOW, "--quiet", "--output", "costs.focus.csv", "--output", "all.csv")
    assert (done.code, done.out) == (0, "221.8076\n")
    assert len(read_rows((tmp_path / "costs.focus.csv").read_text())) == 84
    assert (tmp_path / "all.csv").read_text().startswith("model,mode,day,")
