"""The way out of a model: exact prices on both sides, how far reasoning may go, what breaks, and where the road leads."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog, parse_catalog
from gpt41_cli.commands.migrate import reasons as moving
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath, MigrationQuestion, plan_migration
from gpt41_cli.commands.migrate.report import make_report
from gpt41_cli.constraints.replacements import describe_end_dates, follow_replacements
from gpt41_cli.errors import InputError, TableError
from gpt41_cli.prices.quote import CacheWrites, price_workload
from gpt41_cli.work.prompt_cache import ReplayOptions
from gpt41_cli.work.workload import Assumptions, RequestShape, Workload, workload
from tests.builders import CATALOG, TABLE, market
from tests.conftest import ROOT, Run

TODAY = date(2026, 11, 26)
REQUESTS = str(ROOT / "tests" / "migrate" / "requests.jsonl")


def change(*pairs: tuple[str, str]) -> Catalog:
    """The frozen table with some of its text replaced."""
    table = TABLE
    for old, new in pairs:
        assert old in table
        table = table.replace(old, new)
    return parse_catalog(table.encode(), "mine.yaml")


def leave(
    model: str = "gpt-4.1",
    *to: str,
    work: Workload | None = None,
    modes: tuple[str, ...] = (),
    platform: str = "openai",
    on: date = TODAY,
    catalog: Catalog = CATALOG,
) -> Migration:
    given = work or workload(input_tokens=1200, output_tokens=400, requests=1, cached_tokens=720)
    plan = MigrationQuestion(catalog.variant(model), [catalog.variant(name) for name in to], modes, market(catalog, platform, on))
    return plan_migration(given, plan)


def way(found: Migration, model: str, mode: str = "standard") -> MigrationPath:
    return next(each for each in found.paths if (each.quote.model, each.quote.mode) == (model, mode))


# Prices


def test_the_same_work_before_and_after_is_priced_to_the_last_digit() -> None:
    found = leave()
    assert {mode: each.total_usd for mode, each in found.current_quotes.items()} == {
        "standard": Decimal("0.00452"),  # 480 * 2.00 + 720 * 0.50 + 400 * 8.00
        "batch": Decimal("0.0028"),  # 1200 * 1.00 + 400 * 4.00
    }
    luna, batch = way(found, "gpt-6-luna"), way(found, "gpt-6-luna", "batch")
    assert luna.quote.total_usd == Decimal("0.0002567")  # 480 * 0.10 + 720 * 0.01 + 403 * 0.50
    assert luna.cache_writes == (480, Decimal("0.000012"))  # 480 * (0.125 - 0.10)
    assert luna.total_with_writes_usd == Decimal("0.0002687")
    assert luna.added_usd == Decimal("-0.0042513")
    assert luna.spare_reasoning_tokens == 8502  # 4251.3 / 0.50, rounded down
    assert batch.total_with_writes_usd == Decimal("0.00013435")  # half of it: its cache stacks with batch
    assert batch.spare_reasoning_tokens == 10662  # (2800 - 134.35) / 0.25
    assert way(found, "gpt-6.1-sol").spare_reasoning_tokens is None  # dearer without any
    assert found.chosen_path == luna


def test_a_long_request_pays_the_surcharge_on_all_of_it_and_on_what_it_writes() -> None:
    found = leave(work=workload(input_tokens=300_000, output_tokens=100, requests=2))
    luna = way(found, "gpt-6-luna")
    assert luna.quote.total_usd == 2 * (300_000 * Decimal("0.20") + 103 * Decimal("0.75")) / 10**6
    assert luna.cache_writes == (600_000, 600_000 * Decimal("0.05") / 10**6)
    assert luna.spare_reasoning_tokens == int((2 * 600_800 - luna.total_with_writes_usd * 10**6) / 2 / Decimal("0.75"))


@pytest.mark.parametrize(
    ("input_tokens", "cached", "is_replayed", "written"),
    [
        (1023, 0, False, 0),
        (1024, 0, False, 1024),
        (1200, 0, True, 1197),  # all but what begins the answer
        (1200, 1152, True, 45),
        (1200, 1200, True, 0),
        (1300, 1024, True, 273),
        (1023, 0, True, 0),
    ],
)
def test_what_goes_into_the_cache(input_tokens: int, cached: int, is_replayed: bool, written: int) -> None:
    shape = RequestShape(input_tokens, max_output_tokens=5, cached_tokens=cached)
    work = Workload({shape: 3}, Assumptions(5), replay=ReplayOptions() if is_replayed else None)
    assert way(leave(work=work), "gpt-6-luna").cache_writes.tokens == 3 * written
    assert way(leave("gpt-4o", work=work), "gpt-4.1").cache_writes == CacheWrites(0, Decimal(0))  # writes cost nothing there


@given(
    st.lists(st.tuples(st.integers(0, 600_000), st.integers(1, 9)), min_size=1, max_size=4),
    st.integers(0, 5000),
    st.sampled_from(["gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4.5-preview"]),
)
def test_so_many_reasoning_tokens_cost_no_more_than_today_and_one_more_does(
    sizes: list[tuple[int, int]], output: int, model: str
) -> None:
    def work(output_tokens: int | None, most: int | None = None) -> Workload:
        shapes: dict[RequestShape, int] = {}
        for tokens, many in sizes:
            shape = RequestShape(tokens, max_output_tokens=most)
            shapes[shape] = shapes.get(shape, 0) + many
        return Workload(shapes, Assumptions(output_tokens))

    for each in leave(model, work=work(output)).paths:
        if each.current_quote is None or each.spare_reasoning_tokens is None:
            assert (
                each.variant.model.reasoning is None or each.total_with_writes_usd > (each.current_quote or each.quote).total_usd
            )
            continue
        for more, is_within in ((0, True), (1, False)):
            answer = output + (each.variant.model.prompt.added_output_tokens if output else 0)
            reasoned = price_workload(each.quote.offer, work(None, answer + each.spare_reasoning_tokens + more)).total_usd
            assert (reasoned + each.cache_writes.extra_usd <= each.current_quote.total_usd) is is_within


# The road


@pytest.mark.parametrize(
    ("model", "platform", "on", "names", "target"),
    [
        ("gpt-4.1", "openai", TODAY, ["gpt-6-luna"], "gpt-6-luna"),
        ("gpt-4.1-nano", "openai", TODAY, ["gpt-5.6-luna"], "gpt-5.6-luna"),
        ("gpt-4.5-preview", "openai", TODAY, ["gpt-4.1", "gpt-6-luna"], "gpt-6-luna"),
        ("gpt-4.5-preview", "openai", date(2025, 6, 1), ["gpt-4.1"], "gpt-4.1"),  # its end was not announced
        ("gpt-4.1", "azure-global", TODAY, ["gpt-6-luna"], "gpt-6-luna"),  # OpenAI's, as Azure names none
        ("gpt-4o-2024-05-13", "openai", TODAY, ["gpt-5.6-sol"], None),  # not in the table
        ("gpt-6-luna", "openai", TODAY, [], None),
    ],
)
def test_the_road_leads_to_what_stays(model: str, platform: str, on: date, names: list[str], target: str | None) -> None:
    found = leave(model, platform=platform, on=on)
    assert [step.replacement_name for step in found.replacement_steps] == names
    assert (found.target and found.target.id) == target


def test_what_azure_names_and_the_table_lacks_is_reported_before_what_openai_names() -> None:
    steps = follow_replacements(market(CATALOG, "azure-global", TODAY), CATALOG.variant("gpt-4o"))
    assert [step.finding.message for step in steps] == [
        (
            "Azure's replacement for gpt-4o is gpt-5.1 (as of 2026-07-07): it isn't in this price table, so its prices and "
            "limits aren't known"
        ),
        "OpenAI's replacement for gpt-4o is gpt-6-luna (as of 2026-11-05); Azure names no model of this price table",
    ]


def test_a_table_that_names_models_in_a_circle_ends_the_road() -> None:
    catalog = change(("replacement: gpt-6-luna", "replacement: gpt-4.1-mini"))
    steps = follow_replacements(market(catalog, "openai", TODAY), catalog.variant("gpt-4.1"))
    assert [step.replacement_name for step in steps] == ["gpt-4.1-mini", "gpt-4.1-mini"]


def test_days_are_reported_as_far_as_they_are_known() -> None:
    nano = describe_end_dates(market(CATALOG, as_of=date(2026, 10, 23)), CATALOG.variant("gpt-4.1-nano"))
    assert nano.message == (
        "gpt-4.1-nano ends: OpenAI 2026-10-23 (that day); Azure 2026-10-14 (9 days ago, uncertain, 2027-04-14 in other sources)"
    )
    assert (
        describe_end_dates(market(CATALOG, as_of=TODAY), CATALOG.variant("gpt-6.1-terra")).message
        == "gpt-6.1-terra ends: OpenAI and Azure: no known end"
    )
    catalog = change(("announced: 2026-10-14, shutdown: 2027-01-14", "announced: null, shutdown: null"))
    assert "OpenAI on an unknown day" in describe_end_dates(market(catalog, as_of=TODAY), catalog.variant("gpt-4.1")).message


def test_where_nothing_runs_any_more_a_model_must_be_named() -> None:
    catalog = change(("role: successor", "role: predecessor"))
    with pytest.raises(InputError) as error:
        leave("gpt-6-luna", on=date(2028, 1, 1), catalog=catalog)
    assert str(error.value) == ("--to: expected the model to move to, as mine.yaml has none that runs on 2028-01-01, found none")


def test_nothing_is_named_in_place_of_a_model_that_stays() -> None:
    found = leave("gpt-6-luna")
    assert [each.message for each in found.findings if each.rule.id == "replacement-unknown"] == [
        "no replacement for gpt-6-luna is known"
    ]
    assert list(moving.list_advantages(found)) == list(moving.list_drawbacks(found)) == list(moving.list_guidance(found)) == []
    assert found.chosen_path is None


# What breaks


def test_limits_that_are_lower_and_those_that_the_work_is_over() -> None:
    found = leave("gpt-6-luna", "gpt-4.1", work=workload(input_tokens=1_040_000, output_tokens=40_000, requests=1))
    texts = {each.rule.id: each.message for each in found.incompatibilities["gpt-4.1"]}
    assert texts["context-window"] == "gpt-4.1: 1,080,000 tokens of input and output are over the context window of 1,047,576"
    assert texts["smaller-limit"] == "gpt-4.1 gives at most 32,768 output tokens, gpt-6-luna 128,000"
    broken = [(each.level.label, each.subject) for each in found.findings if each.rule.id == "context-window"]
    assert broken == [("warning", "gpt-6-luna"), ("error", "gpt-4.1")]


def test_work_that_the_model_of_today_cannot_do_is_marked(run: Run) -> None:
    done = run("migrate", "--from", "gpt-4o", "--input-tokens", "200000", "--on", "2026-11-26", COLUMNS="160")
    assert [line.split()[:3] for line in done.out.splitlines() if line.endswith("today; over the context window")] == [
        ["gpt-4o", "standard", "$0.50"],
        ["gpt-4o", "batch", "$0.25"],
    ]


def test_a_model_that_has_ended_is_not_a_way_out(run: Run) -> None:
    work = ("--input-tokens", "2000", "--output-tokens", "0")
    gone = ("migrate", "--from", "gpt-4o", "--to", "gpt-4.1-nano", *work, "--on", "2026-11-26")
    done = run(*gone)
    assert done.code == 1
    said = "OpenAI shut it down on 2026-10-23; its official replacement is gpt-5.6-luna"
    assert f"\n  but    {said}" in done.out
    assert run(*gone, "-q") == (1, "gpt-4.1-nano\n", f"gpt41: gpt-4.1-nano: {said}\n")


def test_a_model_that_takes_no_predictions_is_sent_none(run: Run) -> None:
    body = {"model": "gpt-4.1", "max_tokens": 5000, "messages": [{"role": "user", "content": "Hi"}]}
    body["prediction"] = {"type": "content", "content": "word " * 4_999}
    found = json.loads(run("migrate", "-", "--on", "2026-11-26", "--format", "json", stdin=json.dumps(body)).out)
    assert found["today"][0]["usage"]["output_tokens"] == 10_000
    luna = next(way for way in found["ways"] if way["quote"]["model"] == "gpt-6-luna")
    assert (luna["quote"]["usage"]["output_tokens"], luna["quote"]["rejected_usd"]) == (5000, "0")


def test_fields_are_named_with_their_first_place_and_those_that_the_effort_allows_are_not(run: Run, tmp_path: Path) -> None:
    done = run("migrate", REQUESTS, "--on", "2026-11-26", "--format", "json", "--jobs", "2")
    found = {
        (each["subject"], each["message"].split()[0]): (each["level"], each["location"]["line"], each["actual"])
        for each in json.loads(done.out)["findings"]
        if each["subject"] and each["location"]
    }
    assert found == {
        ("gpt-6-luna", "temperature"): ("warning", 2, "2"),  # the third of them asks for effort none
        ("gpt-6-luna", "top_p"): ("warning", 3, "1"),
        ("gpt-6-luna", "tools"): ("warning", 2, "1"),  # the other is one to Responses
        ("gpt-6-luna", "max_tokens"): ("warning", 6, "1"),
        ("gpt-6-luna", "gpt-6-luna"): ("warning", 6, "1"),  # the effort `minimal`
        ("gpt-6-luna", "prompt_cache_retention"): ("notice", 4, "1"),
    }
    broken = json.loads(done.out)["breaks"]
    sol = [each["text"] for each in broken if each["model"] == "gpt-6.1-sol" and each["level"] == "warning"]
    assert f"temperature in 3 of 6 requests, first {REQUESTS}:2: gpt-6.1-sol refuses it" in sol  # whatever the effort
    assert (
        f"tools in 1 of 6 requests, first {REQUESTS}:2: gpt-6.1-sol refuses it on Chat Completions; use the Responses API "
        in ("".join(sol))
    )
    body = {"model": "gpt-4.1", "input": "x", "max_output_tokens": 20, "temperature": 1, "reasoning": {"effort": "none"}}
    (tmp_path / "fine.jsonl").write_text(json.dumps(body) + "\n")
    fine = run("migrate", "fine.jsonl", "--on", "2026-11-26", "--format", "json")
    assert not [each for each in json.loads(fine.out)["findings"] if each["location"]]


def test_a_model_that_does_not_reason_is_held_to_no_effort(run: Run) -> None:
    done = run("migrate", REQUESTS, "--from", "gpt-4o", "--to", "gpt-4.1", "--on", "2026-11-26", "--format", "json")
    assert {each["rule"] for each in json.loads(done.out)["breaks"]} == set()
    assert [each["reasoning_tokens"] for each in json.loads(done.out)["ways"]] == [None, None]


# The command


@pytest.mark.parametrize(
    ("arguments", "code", "rules"),
    [
        (("--on", "2027-01-13"), 0, {"model-retires": "warning"}),
        (("--on", "2027-01-14"), 1, {"model-shut-down": "error"}),
        (("--as-of", "2027-01-14", "--fail-on", "never"), 0, {"model-shut-down": "error"}),
        (("--on", "2027-01-13", "--fail-on", "warning"), 1, {"model-retires": "warning"}),
        (("--on", "2027-01-14", "--platform", "azure-global"), 0, {"model-retires": "warning"}),
        (("--on", "2027-04-14", "--platform", "azure-global"), 1, {"model-shut-down": "error"}),
    ],
)
def test_a_pipeline_can_fail_on_the_day_a_model_ends(
    run: Run, arguments: tuple[str, ...], code: int, rules: dict[str, str]
) -> None:
    done = run("migrate", "--input-tokens", "900", *arguments, "--format", "json")
    found = json.loads(done.out)["findings"]
    assert (done.code, {each["rule"]: each["level"] for each in found if each["subject"] == "gpt-4.1"}) == (code, rules)


def test_what_is_read_from_elsewhere_carries_no_commands(run: Run, tmp_path: Path) -> None:
    name = "a\x1b[31m\n::error::b.jsonl"
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "x"}], "temperature": 0, "max_tokens": 5}
    (tmp_path / name).write_text(json.dumps(body) + "\n")
    for output_format in ("text", "github", "markdown"):
        done = run("migrate", name, "--on", "2026-11-26", "--format", output_format)
        assert done.code == 0
        assert "\x1b" not in done.out
        assert "\n::error::b" not in done.out


def test_output_for_nothing_has_no_ratio_and_no_break_even() -> None:
    catalog = change(("input: 0.10, cached_input: 0.01, output: 0.50", "input: 0.10, cached_input: 0.01, output: 0.00"))
    found = leave(catalog=catalog, modes=("standard",))
    assert found.chosen_path is not None
    assert found.chosen_path.spare_reasoning_tokens is None
    assert [remark.rule.id for remark in moving.list_advantages(found)] == ["replacement", "price"]
    assert make_report(catalog, found, {}).headline.endswith("for the same work (today $0.00452)")


def test_work_for_nothing_is_not_a_share_of_anything() -> None:
    catalog = change(("input: 2.00, cached_input: 0.50, output: 8.00", "input: 0.00, cached_input: 0.00, output: 0.00"))
    found = leave(catalog=catalog)
    assert next(remark.message for remark in moving.list_drawbacks(found)) == (
        "the same work costs up to $0.0002687 more than today even without reasoning, if everything that can be is "
        "written to the "
        "prompt cache"
    )


# The table

REFUSAL = "- {parameter: temperature, unless_effort: none, source: sampling-report}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (REFUSAL, "- {parameter: temperature}", "refuses[0]: expected the key source, found none"),
        (REFUSAL, REFUSAL.replace("unless", "but"), 'unknown key "but_effort"; did you mean unless_effort?'),
        (
            REFUSAL,
            REFUSAL.replace("source:", "is: forbidden, source:"),
            'is: expected one of refused, deprecated, found "forbidden"',
        ),
        ("endpoint: chat-completions, unless", "endpoint: chat, unless", "expected one of chat-completions, responses, found"),
        ("lacks: {fine-tuning: {source: model-page-gpt-6-luna}", "lacks: {fine-tuning: {source: nowhere}", "an entry of sources"),
        ('{statement: "Luna is for', '{text: "Luna is for', 'unknown key "text"'),
    ],
)
def test_a_wrong_entry_about_moving_is_refused(old: str, new: str, message: str) -> None:
    assert old in TABLE
    with pytest.raises(TableError, match=r"^mine\.yaml:\d+:\d+: ") as error:
        parse_catalog(TABLE.replace(old, new, 1).encode(), "mine.yaml")
    assert message in str(error.value)


def test_a_table_without_these_entries_still_answers() -> None:
    lines = TABLE.splitlines(keepends=True)
    kept, is_inside = [], False
    for line in lines:
        is_inside = line.startswith(("    refuses:", "    guidance:")) or (is_inside and line.startswith("      - {"))
        if not is_inside and not line.startswith("    lacks:"):
            kept.append(line)
    catalog = parse_catalog("".join(kept).encode(), "mine.yaml")
    found = leave(catalog=catalog)
    assert {each.rule.id for each in found.incompatibilities["gpt-6-luna"]} == {"unstated-ability", "smaller-limit"}
    assert list(moving.list_guidance(found)) == []


def test_a_break_even_beyond_the_longest_answer_is_any() -> None:
    found = leave("gpt-4o", "gpt-6-luna", work=workload(input_tokens=100_000, output_tokens=100, requests=1))
    assert [way.has_unlimited_reasoning for way in found.paths] == [True, True, True]
    few = leave("gpt-4o", "gpt-6-luna", work=workload(input_tokens=1_000, output_tokens=100, requests=1))
    assert [way.has_unlimited_reasoning for way in few.paths] == [False, False, False]


ASKED = '{"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100%s}'


def test_requests_in_priority_are_compared_in_priority_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ASKED % ', "service_tier": "priority"')
    document = json.loads(run("migrate", "a.jsonl", "--as-of", str(TODAY), "--format", "json").out)
    assert [(each["mode"], each["total_usd"]) for each in document["today"]] == [
        ("priority", "0.001428"),
        ("standard", "0.000816"),
        ("batch", "0.000408"),
    ]
    assert (document["ways"][0]["quote"]["mode"], document["ways"][0]["reasoning_tokens"]) == ("priority", 1326)
    (tmp_path / "a.jsonl").write_text(ASKED % ', "service_tier": "priority"' + "\n" + ASKED % "")
    assert run("migrate", "a.jsonl").err == (
        "gpt41: expected requests in one mode, found priority, standard; --mode takes all of them in one\n"
    )


def test_requests_in_a_mode_that_has_no_price_say_how_they_are_compared(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ASKED % ', "service_tier": "scale"')
    done = run("migrate", "a.jsonl", "--as-of", str(TODAY))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        'gpt41: service_tier: expected requests in standard, batch, flex, priority, found "scale"; '
        "--mode takes all of them in one\n"
    )
    done = run("migrate", "a.jsonl", "--mode", "standard", "--as-of", str(TODAY), "-q")
    assert (done.code, done.out) == (0, "gpt-6-luna\n")


def test_what_only_cache_writes_make_more_expensive_may_be_cheaper() -> None:
    work = workload(input_tokens=2000, output_tokens=150, requests=1, cached_tokens=1000)
    found = leave("gpt-4.1", "gpt-6.1-sol", work=work)
    assert make_report(CATALOG, found, {}).headline == (
        "gpt-6.1-sol instead of gpt-4.1: $0.00363 to $0.00413 for the same work (today $0.0037), with all cache writes more "
        "even without reasoning"
    )
    assert next(remark.message for remark in moving.list_drawbacks(found)) == (
        "the same work costs up to $0.00043 more than today (12 %) even without reasoning, if everything that can be "
        "is written to the "
        "prompt cache"
    )


def test_what_a_replay_writes_is_a_part_of_what_it_costs() -> None:
    shape = RequestShape(2000, max_output_tokens=150, cached_tokens=1024)
    found = leave("gpt-4.1", "gpt-6.1-sol", work=Workload({shape: 1}, Assumptions(150), replay=ReplayOptions()))
    assert next(remark.message for remark in moving.list_drawbacks(found)).startswith("the same work costs $0.0004069 more")
    assert next(remark.message for remark in moving.list_drawbacks(found)).endswith("even without reasoning")


def test_what_the_target_would_refuse_is_in_the_first_line(run: Run) -> None:
    done = run("migrate", "--from", "gpt-4.1", "--input-tokens", "925000", "--output-tokens", "1000", "--as-of", str(TODAY))
    assert done.code == 1
    assert done.out.partition("\n")[0].endswith(
        "; unchanged, it would be refused: 925,000 input tokens are over its limit of 922,000"
    )


def test_recorded_reasoning_is_said_once_of_each_model_that_has_it() -> None:
    variants = [CATALOG.variant(name) for name in ("gpt-4.1", "gpt-6-luna", "gpt-6-luna")]
    (note,) = moving.write_recorded_reasoning_notes(variants)
    assert note.startswith(
        "gpt-6-luna: recorded answers of gpt-5.6-luna to other people's short test prompts: effort none: 5 of 5"
    )
    assert "effort low: 16 of 24 without reasoning, 9 in 10 at most 28 tokens [" in note


def test_a_brief_answer_has_three_drawbacks_and_the_nearest_models(run: Run) -> None:
    """--explain has the others, and JSON has all in any case."""
    asked = ("migrate", "--input-tokens", "5000", "--output-tokens", "80", "--requests", "1000", "--as-of", "2026-11-30")
    brief, whole = run(*asked).out, run(*asked, "--explain").out

    def count_drawbacks(out: str) -> int:
        lines = out.splitlines()
        first = next(at for at, line in enumerate(lines) if line.startswith("  but "))
        return next(at for at, line in enumerate(lines[first + 1 :], 1) if line[2:3] != " ")

    def list_models(out: str) -> list[str]:
        table = out.partition("  model ")[2].partition("\n\n")[0].splitlines()[1:]
        return [row.split()[0] for row in table]

    assert (count_drawbacks(brief), count_drawbacks(whole)) == (3, 4)
    assert list_models(brief) == [*["gpt-4.1"] * 2, *["gpt-6-luna"] * 3, *["gpt-5.6-luna"] * 3, *["gpt-6.1-terra"] * 3]
    assert list_models(whole)[:11] == list_models(brief)
    assert [len(list_models(whole)), len(json.loads(run(*asked, "--format", "json").out)["ways"])] == [14, 12]
    assert "--explain shows 5 more lines, 3 more rows and the sources." in brief
    named = ("gpt-6.1-sol", "gpt-6.1-terra", "gpt-5.6-luna", "gpt-6-luna")
    chosen = run(*asked, *(part for name in named for part in ("--to", name))).out
    assert list(dict.fromkeys(list_models(chosen))) == ["gpt-4.1", *named]  # in the order asked for, and all of them
