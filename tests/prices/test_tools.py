"""Built-in tools: what they cost beside the tokens, and what searches add to the input."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import parse_catalog, read_catalog
from gpt41_cli.commands.diff.compare import compare_sides
from gpt41_cli.errors import MissingPrice, TableError
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.prices.tools import price_tools
from gpt41_cli.pricing import NO_TOOL_USE, ToolUse
from gpt41_cli.work.workload import workload
from gpt41_cli.workloads.costing import WorkloadCost
from gpt41_cli.workloads.saved import CHECK_SCHEMA, SavedReport, dump_saved_report, load_saved_report
from tests.builders import CATALOG, TABLE, USER, costing, market, position, seal, section, side
from tests.conftest import FROZEN, Run
from tests.readers import causes_in_dollars

TODAY = date(2026, 11, 23)
NUMBERS = ("--input-tokens", "1000", "--output-tokens", "100", "--as-of", "2026-11-23")


def priced(tools: ToolUse, model: str = "gpt-4.1", mode: str = "standard", *, requests: int = 1, cached: str = "0") -> Quote:
    offer = market(CATALOG, "openai", TODAY).offer(CATALOG.variant(model), mode)
    share = Decimal(cached)
    work = workload(input_tokens=1_000, output_tokens=100, requests=requests, cached_share=share, tools=tools)
    return price_workload(offer, work)


@pytest.mark.parametrize(
    ("tools", "model", "usd", "input_tokens"),
    [
        (ToolUse(web_searches=1), "gpt-4.1-mini", "0.01", 9_000),
        (ToolUse(web_searches=2, web_search_tokens=5), "gpt-4.1-mini", "0.02", 17_000),
        (ToolUse(web_searches=2, web_search_tokens=3_000), "gpt-4.1", "0.02", 7_000),
        (ToolUse(web_search_previews=1), "gpt-4.1", "0.025", 1_000),
        (ToolUse(file_searches=3), "gpt-4.1-nano", "0.0075", 1_000),
        (ToolUse(container_gb=1, container_minutes=20), "gpt-4.1", "0.03", 1_000),
        (ToolUse(container_gb=64, container_minutes=1), "gpt-4.1", "0.48", 1_000),
        (ToolUse(container_gb=4, container_minutes=6), "gpt-4.1", "0.036", 1_000),
        (ToolUse(storage_gb=5, storage_days=30), "gpt-4.1", "12", 1_000),
        (ToolUse(storage_gb=1, storage_days=30), "gpt-4.1", "0", 1_000),
        (ToolUse(storage_gb=5), "gpt-4.1", "0", 1_000),
    ],
)
def test_what_a_tool_costs_next_to_the_tokens(tools: ToolUse, model: str, usd: str, input_tokens: int) -> None:
    found = priced(tools, model)
    assert found.tool_charges_usd == Decimal(usd)
    assert found.usage.input_tokens == input_tokens
    assert found.total_usd == found.bill.total_usd + found.tool_charges_usd


def test_eight_thousand_tokens_of_mini_make_a_thousand_searches_13_dollars_20() -> None:
    """The sum that the price table of OpenAI gives for its fixed block."""
    with_searches, without = (priced(tools, "gpt-4.1-mini", requests=1_000) for tools in (ToolUse(web_searches=1), NO_TOOL_USE))
    assert with_searches.total_usd - without.total_usd == Decimal("13.20")


@given(
    st.integers(1, 10**6),
    st.builds(
        ToolUse,
        web_searches=st.integers(0, 9),
        web_search_tokens=st.integers(0, 9_000),
        web_search_previews=st.integers(0, 9),
        file_searches=st.integers(0, 9),
        container_gb=st.sampled_from([1, 4, 16, 64]),
        container_minutes=st.integers(0, 99),
        storage_gb=st.just(0),
        storage_days=st.just(0),
    ),
)
def test_calls_cost_the_same_in_every_mode_and_as_many_times_as_there_are_requests(requests: int, tools: ToolUse) -> None:
    once = priced(tools).tool_charges_usd
    assert {priced(tools, mode=mode, requests=requests).tool_charges_usd for mode in CATALOG.variant("gpt-4.1").modes} == {
        once * requests
    }


def test_what_a_search_finds_is_never_cached() -> None:
    found = priced(ToolUse(web_searches=1, web_search_tokens=500), cached="0.6")
    assert (found.usage.input_tokens, found.usage.cached_tokens) == (1_500, 0)  # nor is the prompt of 1,000 that asks


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--tools", "web_searches=1", "--model", "gpt-4.1-nano"),
            "no price is known for web-search with gpt-4.1-nano: it does not have it [model-page-gpt-4.1-nano 2026]",
        ),
        (
            ("--tools", "file_searches=1", "--model", "gpt-4o"),
            "no price is known for file-search with gpt-4o: its source does not list it [model-page-gpt-4o 2026-09-24]",
        ),
        (
            ("--tools", "file_searches=1", "--model", "gpt-4.1", "--platform", "azure-global"),
            f"no price is known for file-search with gpt-4.1 on azure-global: {FROZEN} has one on openai",
        ),
        (
            ("--tools", "container_gb=2,container_minutes=1", "--model", "gpt-4.1"),
            "no price is known for a container of 2 GB: the table has 1, 4, 16, 64 GB",
        ),
        (
            ("--tools", "searches=1"),
            '--tools: unknown tool "searches"; did you mean web_searches or file_searches?',
        ),
        (("--tools", "web_searches=1,web_searches=1"), '--tools: expected each name once, found "web_searches=1"'),
        (("--tools", "web_searches"), '--tools: expected web_searches=N with a whole number, found "web_searches"'),
        (
            ("--tools", "web_searches=0.1"),
            "--tools: expected web_searches=N with a whole number: price requests that use it apart from the others",
        ),
        (("--tools", "web_search_tokens=9"), "--tools: expected web_searches with web_search_tokens, found it alone"),
        (("--tools", "storage_gb=9"), "--tools: expected storage_days with storage_gb, found it alone"),
    ],
)
def test_a_tool_that_has_no_price_is_an_error(run: Run, arguments: tuple[str, ...], message: str) -> None:
    done = run("cost", *NUMBERS, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {message}")


def test_a_day_before_the_first_known_price_has_none(run: Run) -> None:
    done = run("cost", "--input-tokens", "9", "--tools", "web_searches=1", "--model", "gpt-4.1", "--as-of", "2025-06-01")
    assert done.err == "gpt41: no price is known for web search on 2025-06-01: the first known one is of 2026-02-26\n"


def test_the_family_is_shown_without_those_that_lack_the_tool(run: Run) -> None:
    done = run(
        "cost", *NUMBERS, "--tools", "web_searches=1", "--mode=standard", "--mode=batch", "--format=json", "--as-of=2026-10-01"
    )
    document = json.loads(done.out)
    assert [quote["model"] for quote in document["quotes"]] == ["gpt-4.1", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-mini"]
    assert [quote["is_lower_bound"] for quote in document["quotes"]] == [True, True, False, False]
    assert [finding["rule"] for finding in document["findings"]].count("missing-price") == 1
    assert any("Batch discounts tokens, not calls" in note for note in document["notes"])


def test_a_search_leaves_a_smaller_window(run: Run) -> None:
    done = run("cost", "--input-tokens", "127500", "--output-tokens", "501", "--tools", "web_searches=1", "--model", "gpt-4.1")
    assert done.code == 1
    assert "gpt-4.1: with web-search a request has a context window of 128,000 tokens" in done.out


def test_recommend_and_plan_price_the_tools_too(run: Run) -> None:
    chosen = run("recommend", *NUMBERS, "--tools", "web_searches=1,web_search_tokens=1000", "--format", "json")
    document = json.loads(chosen.out)
    assert document["choice"]["tools_usd"] == "0.01"
    assert document["break_even"] is None  # what searches find is never cached
    nano = run("recommend", *NUMBERS, "--tools", "web_searches=1").out.partition("gpt-4.1-nano  standard")[2]
    assert nano.split("\n")[0].split() == ["-", "-", "shut", "down;", "no", "web-search;", "no", "score"]
    planned = run("plan", *NUMBERS, "--tools", "file_searches=1", "--usage-tier", "1", "--model", "gpt-4.1", "--format", "json")
    assert {json.loads(planned.out)["timings"][0]["quote"]["tools_usd"]} == {"0.0025"}


def test_a_lower_bound_is_not_cheaper_than_a_price(run: Run, tmp_path: Path) -> None:
    """What searches find is billed by both, but only one of them bills what can be known before."""
    ask = ("recommend", *NUMBERS, "--task", "multilingual", "--tolerance", "100%", "-q", "--tools")
    assert run(*ask, "web_searches=1").out == "gpt-4.1-mini standard\n"
    assert run(*ask, "web_searches=1,web_search_tokens=10").out == "gpt-4.1 standard\n"
    assert run(*ask, "web_searches=1,web_search_tokens=9000").out == "gpt-4.1-mini standard\n"
    config = CONFIG.replace("    tools:", "    require: {task: multilingual, tolerance_percent: 100}\n    tools:")
    (tmp_path / "gpt41.yaml").write_text(config)
    assert "meets the requirements" not in run("check").out
    (tmp_path / "gpt41.yaml").write_text(config.replace("web_searches: 1", "web_searches: 1, web_search_tokens: 10"))
    assert "gpt-4.1 meets the requirements until 2027-01-14 for $" in run("check").out
    (tmp_path / "gpt41.yaml").write_text(config.replace("tolerance_percent: 100", "tolerance_percent: 1"))
    assert "gpt-4.1 meets the requirements until 2027-01-14, for at least $" in run("check").out


def test_what_is_stored_is_paid_once_for_all_models(run: Run) -> None:
    one, other = (json.dumps({"model": model, "messages": [USER], "max_tokens": 1}) for model in ("gpt-4.1", "gpt-4.1-mini"))
    ask = ("cost", "-", "--tools", "storage_gb=101,storage_days=30", "--as-of", "2026-11-23", "--format", "json")
    found = json.loads(run(*ask, stdin=f"{one}\n{other}\n{one}\n").out)
    assert [(each["model"], each["tools_usd"]) for each in found["quotes"]] == [("gpt-4.1", "300"), ("gpt-4.1-mini", "0")]
    assert Decimal(found["total_usd"]) == 300 + Decimal("0.0000792")


def test_each_request_carries_its_own_calls(run: Run) -> None:
    body = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5})
    done = run("cost", "-", "--each", "--tools", "web_searches=1", "--format", "jsonl", stdin=f"{body}\n{body}\n")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [(each["tools_usd"], each["total_usd"], each["lower_bound"]) for each in found] == [("0.01", "0.010056", True)] * 2
    stored = run("cost", "-", "--each", "--tools", "storage_gb=2,storage_days=1", stdin=body)
    assert (
        stored.err
        == "gpt41: --each: expected requests as they are, found --prediction or storage, which belong to no single request\n"
    )
    nano = run("cost", "-", "--each", "--tools", "web_searches=1", "--model", "gpt-4.1-nano", stdin=body)
    assert "no price is known for web-search with gpt-4.1-nano" in nano.err


def test_a_table_may_have_no_prices_of_tools(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(TABLE.replace(section("tools"), "").replace("  predicted_outputs: {source: predicted-outputs-guide}\n", ""))
    catalog = read_catalog(mine)
    offer = market(catalog, "openai", TODAY).offer(catalog.variant("gpt-4.1"), "standard")
    assert price_tools(offer, NO_TOOL_USE, 1) == ()
    with pytest.raises(MissingPrice, match=r"no price is known for web-search with gpt-4\.1: .*mine\.yaml has no section tools$"):
        price_tools(offer, ToolUse(web_searches=1), 1)
    work = workload(input_tokens=1, output_tokens=9, requests=1, prediction_tokens=4, accepted_share=Decimal(1))
    assert price_workload(offer, work).bill.rejected_usd == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("platforms: [openai]", "platforms: [mine]", "tools.platforms[0]: expected a platform of this table"),
        ("usd_per_1000_calls: 10.00", "usd_per_1000_calls: ten", "tools.web_search.usd_per_1000_calls: expected a plain decimal"),
        ("gpt-4.1-mini: 8000", "gpt-4.1-mni: 8000", "tools.fixed_search_tokens.gpt-4.1-mni: expected a model of this table"),
        ("{source: pricing, gpt-4.1-mini", "{gpt-4.1-mini", "tools.fixed_search_tokens: expected the key source, found none"),
        ("{1: 0.03, 4: 0.12", "{small: 0.03, 4: 0.12", "expected a size in GB: a whole number, found the key small"),
        ("{1: 0.03, 4: 0.12, 16: 0.48, 64: 1.92}", "{}", "expected at least one size in GB, found none"),
        ("free_gb: 1", "free_gigabytes: 1", 'unknown key "free_gigabytes"; did you mean free_gb?'),
    ],
)
def test_a_wrong_price_of_a_tool_is_named_with_its_place(old: str, new: str, message: str) -> None:
    assert old in TABLE
    with pytest.raises(TableError, match=r"^mine\.yaml:\d+:\d+: ") as error:
        parse_catalog(TABLE.replace(old, new, 1).encode(), "mine.yaml")
    assert message in str(error.value)
    assert str(error.value).startswith(f"mine.yaml:{position(old).split(':')[0]}:")


CONFIG = """version: 1
defaults: {model: gpt-4.1-mini, output_tokens: 100}
workloads:
  search:
    input_tokens: 1000
    volume: 1000 / month
    budget: {monthly_usd: 20, per_request_usd: 0.02}
    tools: {web_searches: 1, file_searches: 2, storage_gb: 5}
"""


def test_a_workload_costs_its_calls_and_a_month_of_what_it_stores(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    done = run("check", "--format", "json", "--as-of", "2026-11-23")
    (search,) = json.loads(done.out)["workloads"]
    assert search["each_usd"]["expected"] == "0.01876"  # 9,000 tokens in, 100 out, a web search and two file searches
    assert search["monthly_usd"]["expected"] == "30.926666666667"  # and 4 GB for 365/12 days
    assert search["tools"] == {"web_searches": 1, "file_searches": 2, "storage_gb": 5}
    assert (search["input_tokens"], search["search_tokens"], search["tools_usd"]) == (1_000, 8_000, "0.015")
    assert [each["rule"] for each in json.loads(done.out)["findings"]][:1] == ["budget-monthly"]
    text = run("check", "--as-of", "2026-11-23").out
    assert "search: 5 GB stored: $12.17 per month" in text
    assert "1,000 / month  9,000       0     100" in text  # with what its search finds
    (row,) = csv.DictReader(run("check", "--as-of", "2026-11-23", "--format", "csv").out.splitlines())
    assert (row["input_tokens"], row["search_tokens"], row["tools_usd"]) == ("1000", "8000", "0.015")


def test_what_is_stored_is_in_both_months_of_a_cheaper_variant(run: Run, tmp_path: Path) -> None:
    """What is stored costs as much beside either: 100 GB for 365/12 days, $304.17."""
    stored = CONFIG.replace("{web_searches: 1, file_searches: 2, storage_gb: 5}", "{file_searches: 1, storage_gb: 101}")
    stored = stored.replace("gpt-4.1-mini", "gpt-4.1").replace("    tools:", "    require: {task: classification}\n    tools:")
    (tmp_path / "gpt41.yaml").write_text(stored)
    done = run("check", "--as-of", "2026-11-23", "--format", "json")
    (notice,) = [each for each in json.loads(done.out)["findings"] if each["rule"] == "cheaper-variant"]
    (search,) = json.loads(done.out)["workloads"]
    assert notice["actual"] == search["monthly_usd"]["expected"] == "309.466666666667"
    assert notice["allowed"] == "307.226666666667"
    assert "for $307.23 per month instead of $309.47, 0.7 % less" in notice["message"]


def test_what_is_stored_is_in_both_months_of_a_comparison(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    (tmp_path / "base.json").write_text(run("check", "--format", "json", "--as-of", "2026-11-23", "--fail-on", "never").out)
    done = run("diff", "base.json", "--format", "json", "--as-of", "2026-11-23")
    (search,) = json.loads(done.out)["workloads"]
    for each in ("before", "after"):
        assert search[each]["monthly_usd"] == search[f"{each}_usd"] == {"expected": "30.926666666667", "high": "30.926666666667"}


def test_a_budget_that_is_kept_only_for_counted_tokens_is_a_warning(run: Run, tmp_path: Path) -> None:
    asked = "{model: gpt-4.1, input_tokens: 1000, output_tokens: 500, volume: 1000 / day, tools: {web_searches: 1}, "
    asked += "budget: {monthly_usd: 490, per_request_usd: 0.02}}"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nbudget: {{monthly_usd: 500}}\nworkloads:\n  s: {asked}\n")
    done = run("check", "--as-of", "2026-11-23")
    assert done.code == 0
    assert done.out.startswith("1 workload: at least $486.67 per month; 4 warnings")
    assert "total: costs at least $486.67 per month: that may be over the $500.00 allowed [budget-total" in done.out
    assert (
        "s: costs at least $486.67 per month, as what its searches find is not counted: that may be over the $490.00 allowed "
        "[budget-monthly, gpt41.yaml:4]"
    ) in done.out
    assert "s: costs at least $0.016 per request, as what its searches find is not counted" in done.out
    assert "at least $0.016  at least $486.67" in done.out
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n  s: {asked}\n".replace("web_searches: 1", "file_searches: 1"))
    assert "at least" not in run("check", "--as-of", "2026-11-23").out
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}
    (tmp_path / "r.jsonl").write_text(json.dumps(body))
    requests = "{requests: r.jsonl, output_tokens: 5, budget: {per_request_usd: 1}}"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n  s: {requests}\n")
    assert "per request, as some tokens of its requests are not counted" in run("check", "--as-of", "2026-11-23").out


def test_what_is_free_once_is_not_free_for_each_workload(run: Run, tmp_path: Path) -> None:
    other = "  other: {input_tokens: 5, volume: 1 / day, tools: {storage_gb: 2}}\n"
    (tmp_path / "gpt41.yaml").write_text(CONFIG + other)
    notes = json.loads(run("check", "--format", "json", "--as-of", "2026-11-23").out)["notes"]
    assert notes[-1] == (
        "search, other: each price includes the 1 GB of free storage; in one account, they cost $3.04 more per month "
        "together [pricing 2026-07-15]."
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "file_searches: 2",
            "container_gb: 2",
            "8:44: workloads.search.tools.container_gb: expected container_minutes with it",
        ),
        (
            "    volume: 1000 / month\n    budget: {monthly_usd: 20, ",
            "    budget: {",
            "expected a volume in the workload",
        ),
        ("web_searches: 1", "web_searches: one", "expected a whole number from 0 to 1,000,000,000,000"),
        ("gpt-4.1-mini", "gpt-4.1-nano", "8:5: workloads.search.tools: no price is known for web-search with gpt-4.1-nano"),
    ],
)
def test_tools_that_cannot_be_are_refused_at_their_place(run: Run, tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CONFIG
    (tmp_path / "gpt41.yaml").write_text(CONFIG.replace(old, new))
    done = run("check", "--as-of", "2026-11-23")
    assert done.code == 2
    assert message in done.err


def test_a_report_without_tools_is_what_it_was_and_one_with_tools_comes_back() -> None:
    plain, used = costing(), costing()._replace(tools=ToolUse(web_searches=2), storage_usd_per_day=Decimal("0.4"))
    assert not {"tools", "storage_usd_per_day"} & set(dump_saved_report(SavedReport(TODAY, {"triage": plain}))["workloads"][0])
    for each in (plain, used):
        saved = SavedReport(TODAY, {"triage": each})
        assert (
            load_saved_report(json.dumps(seal({"schema": CHECK_SCHEMA, **dump_saved_report(saved)})).encode(), "base.json")
            == saved
        )


def test_an_unknown_tool_in_a_report_is_an_error() -> None:
    saved = dump_saved_report(SavedReport(TODAY, {"triage": costing()._replace(tools=ToolUse(web_searches=2))}))
    text = json.dumps({"schema": CHECK_SCHEMA, **saved}).replace("web_searches", "web_dives")
    with pytest.raises(Exception, match=re.escape("workloads[0].tools: expected the keys web_searches, ")):
        load_saved_report(text.encode(), "base.json")


def test_more_searches_and_more_storage_are_causes_of_their_own() -> None:
    before = costing(mode="batch")._replace(tools=ToolUse(web_searches=1, storage_gb=2), storage_usd_per_day=Decimal("0.1"))
    after = before._replace(tools=ToolUse(web_searches=2, storage_gb=3), storage_usd_per_day=Decimal("0.2"))
    (found,) = compare_sides(side(_true(before)), side(_true(after)), market(CATALOG, as_of=TODAY)).workloads
    assert causes_in_dollars(found) == {
        "built-in tools": "1160",
        "file storage": "3.04167",
    }  # 100,000 x ($0.01 + 8,000 tokens at $0.20)


def test_tools_that_only_the_new_model_has_are_charged_together_with_it() -> None:
    before = costing("gpt-4.1-nano")
    after = _true(costing("gpt-4.1")._replace(tools=ToolUse(web_searches=1)))
    (found,) = compare_sides(side(before), side(after), market(CATALOG, as_of=TODAY)).workloads
    assert list(causes_in_dollars(found)) == ["built-in tools and model"]


def test_storage_that_costs_more_today_is_a_cause_of_the_price_table() -> None:
    stored = costing()._replace(tools=ToolUse(storage_gb=2), storage_usd_per_day=Decimal("0.06"))
    (found,) = compare_sides(side(stored), side(stored), market(CATALOG, as_of=TODAY)).workloads
    assert causes_in_dollars(found) == {"price table": f"{0.04 * 365 / 12:.6g}"}
    assert found.after_cost.expected_usd - found.repriced_cost.expected_usd == 0


def _true(stated: WorkloadCost) -> WorkloadCost:
    """The workload at the price that its tools give it."""
    offer = market(CATALOG, "openai", TODAY).offer(CATALOG.variant(stated.model), stated.mode)
    charged = price_tools(offer, stated.tools._replace(storage_gb=0), stated.requests)
    found = priced(stated.tools._replace(storage_gb=0), stated.model, stated.mode).usage.input_tokens - 1_000
    more = sum((each.usd for each in charged), Decimal(0)) + found * stated.requests * offer.row.rates.input / 1_000_000
    return stated._replace(expected_usd=stated.expected_usd + more, high_usd=stated.high_usd + more)
