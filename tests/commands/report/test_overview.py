"""The figures of a report: what a saved one becomes, what is advised, and where lines cross. Exact."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.check.check import check_workloads
from gpt41_cli.commands.report.inputs import make_checked_input, make_saved_input
from gpt41_cli.commands.report.overview import ExaminedWorkload, Overview, examine_workloads
from gpt41_cli.commands.report.report import make_report
from gpt41_cli.config.load import parse_config
from gpt41_cli.config.roots import open_working_tree
from gpt41_cli.errors import InputError
from gpt41_cli.reports.chart import Chart
from gpt41_cli.views import VIEWS
from gpt41_cli.workloads.costing import Requirements
from gpt41_cli.workloads.priced import CheckOptions, OpenConfig
from gpt41_cli.workloads.saved import SavedReport
from tests.builders import CATALOG, costing, market, seal
from tests.conftest import Run

DAY = date(2026, 11, 23)
TODAY = ("--as-of", str(DAY))


class Examine(NamedTuple):
    """What is found for a gpt41.yaml of these workloads, which is written to `path`."""

    path: Path
    catalog: Catalog

    def all(self, workloads: str, day: date = DAY) -> Overview:
        self.path.write_text(f"version: 1\nworkloads:\n{workloads}")
        root, conditions = open_working_tree(self.path), CheckOptions(market(self.catalog, as_of=day))
        config = parse_config(self.path.read_bytes(), "gpt41.yaml", self.catalog)
        found = make_checked_input(check_workloads([OpenConfig(config, root.find_files)], conditions))
        return examine_workloads(found.subjects, conditions.market)

    def one(self, workload: str) -> ExaminedWorkload:
        return self.all(f"  w: {{{workload}}}").workloads[0]


@pytest.fixture
def overview(tmp_path: Path, catalog: Catalog) -> Examine:
    return Examine(tmp_path / "gpt41.yaml", catalog)


def of_saved(catalog: Catalog, **changed: Any) -> ExaminedWorkload:
    found = make_saved_input(SavedReport(DAY, {"a": costing(name="a", **changed)}), "base.json", market(catalog, as_of=DAY))
    return examine_workloads(found.subjects, market(catalog, as_of=DAY)).workloads[0]


def chart(examined: ExaminedWorkload, catalog: Catalog, name: str) -> Chart:
    told = make_report(catalog, Overview(DAY, (examined,), ()), ())
    return next(each for each in told.all_charts if each.name == name)


def test_a_line_meets_its_budget_and_the_limit_of_its_usage_tier(overview: Examine) -> None:
    found = overview.one(
        "input_tokens: 1000, output_tokens: 100, model: gpt-4.1-mini, volume: 1000 / day, usage_tier: 1, "
        "budget: {monthly_usd: 28}"
    )
    own = found.lines[0]
    assert (own.name, own.each_usd) == ("gpt-4.1-mini standard", Fraction("0.00056"))
    met = {each.other_label: (each.requests, each.usd) for each in found.crossings if each.line is own}
    assert met == {
        "the monthly budget": (Fraction(50_000), Fraction(28)),
        "usage tier 1": (Fraction(100) / Fraction("0.00056"), Fraction(100)),
    }


def test_hosting_makes_a_line_begin_higher_and_cross_others(overview: Examine, catalog: Catalog) -> None:
    fine_tune = 'model: "ft:gpt-4.1-mini-2025-04-14:org::id", platform: azure-global'
    found = overview.one(f"input_tokens: 900, output_tokens: 20, {fine_tune}, volume: 50000 / day, budget: {{monthly_usd: 1000}}")
    own = found.lines[0]
    assert own.fixed_usd == Fraction("1.70") * 730
    crossing = next(each for each in found.crossings if each.other_label == "gpt-4.1 standard")
    other = next(line for line in found.lines if line.name == crossing.other_label)
    assert crossing.requests == own.fixed_usd / (other.each_usd - own.each_usd)
    assert crossing.usd == own.usd(crossing.requests) == other.usd(crossing.requests)
    # A budget below the hosting is met by others only, and equal slopes never meet.
    assert not any(each.line is own and each.other_label == "the monthly budget" for each in found.crossings)
    assert not any(each.other_label == "gpt-4.1-mini standard" for each in found.crossings)
    marks = [mark.text for mark in chart(found, catalog, "1-cost-against-volume").marks]
    assert "ft:gpt-4.1-mini-2025-04-14:org::id standard meets gpt-4.1 standard at 791,454" in marks


def test_the_frontier_has_what_nothing_beats_in_both(overview: Examine) -> None:
    found = overview.one("input_tokens: 1000, output_tokens: 100, model: gpt-4.1, require: {task: coding, deadline: 24h}")
    # gpt-4.1-mini falls short of the task; what it would save is seen all the same. Standard and priority only cost more.
    assert [each.name for each in found.frontier] == ["gpt-4.1-mini batch", "gpt-4.1 batch"]
    waits = overview.one("input_tokens: 1000, output_tokens: 100, model: gpt-4.1, require: {task: coding}")
    assert [each.name for each in waits.frontier] == ["gpt-4.1-mini standard", "gpt-4.1 standard"]


def test_the_break_even_is_where_both_lines_have_the_same_price(overview: Examine, catalog: Catalog) -> None:
    found = overview.one("input_tokens: 2000, cached: 80%, output_tokens: 100, model: gpt-4.1-mini, volume: 100 / month")
    drawn = chart(found, catalog, "1-cost-against-cache")
    assert found.recommendation.break_even
    assert found.recommendation.break_even.break_even_share == Fraction(960 - 480, 960 - 360)
    standard, batch = ({point.x: point.y for point in series.points} for series in drawn.series)
    (even,) = (mark for mark in drawn.marks if mark.y is not None)
    assert even.x is not None
    assert standard[even.x] == batch[even.x] == even.y
    assert standard[Decimal(1)] < batch[Decimal(1)]


def test_work_that_states_no_task_is_not_advised_to_pay_for_a_better_score(overview: Examine) -> None:
    found = overview.one("input_tokens: 1000, output_tokens: 100, model: gpt-4.1-mini")
    assert found.recommendation.choice
    assert found.recommendation.choice.name == "gpt-4.1-mini standard"
    assert found.monthly_usd is None


def test_the_end_of_each_model_is_reported_once_for_each_platform(overview: Examine, catalog: Catalog) -> None:
    found = overview.all("""
  a: {input_tokens: 1, output_tokens: 1, model: gpt-4.1, volume: 1 / day}
  b: {input_tokens: 1, output_tokens: 1, model: gpt-4.1-mini, volume: 1 / day}
  c: {input_tokens: 1, output_tokens: 1, model: gpt-4.1, platform: azure-global, volume: 1 / day,
    require: {until: 2030-01-01, needs: [fine-tuning]}}
""")
    ends = [(each.variant.id, each.platform.id) for each in found.model_ends]
    assert len(ends) == len(set(ends)) == 6
    assert found.monthly_usd is not None
    assert found.recommended_usd is None  # nothing lasts so long


def test_after_the_end_of_the_family_its_replacement_is_weighed(overview: Examine) -> None:
    found = overview.all("  w: {input_tokens: 1000, output_tokens: 100, model: gpt-6-luna}", date(2027, 2, 20)).workloads[0]
    assert found.recommendation.is_replacement
    assert found.frontier == ()


@given(st.integers(1, 9), st.tuples(*[st.integers(0, 50)] * 3))
def test_equal_requests_have_the_sums_of_the_saved(many: int, sums: tuple[int, int, int]) -> None:
    text, cached, output = sums[0] + sums[1], sums[1], sums[2]
    saved = costing(name="a", text=text, tools=0, schema=0, cached=cached, output=(output, output))._replace(requests=many)
    (subject,) = make_saved_input(SavedReport(DAY, {"a": saved}), "base.json", market(CATALOG, as_of=DAY)).subjects
    usage = subject.work.load_on(CATALOG, subject.variant).usage
    assert (usage.requests, usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (many, text, cached, output)
    assert subject.work.requests == many


def test_a_saved_report_keeps_the_prices_that_it_was_saved_with(catalog: Catalog) -> None:
    found = of_saved(catalog)
    assert found.subject.is_saved
    assert found.lines[0].each_usd == found.subject.costing.usd_per_request.expected


def test_a_saved_report_knows_what_was_required(run: Run, tmp_path: Path) -> None:
    """So that it advises what the gpt41.yaml is advised that it was saved from."""
    path = tmp_path / "gpt41.yaml"
    must = "require: {task: classification, deadline: 24h, needs: [streaming], until: 2026-12-31, tolerance_percent: 40}"
    asked = f"input_tokens: 700, output_tokens: 20, volume: 1000000 / month, usage_tier: 4, {must}"
    path.write_text(f"version: 1\nworkloads:\n  nano: {{{asked}, model: gpt-4.1-nano}}\n  sure: {{{asked}, model: gpt-4.1}}\n")
    (tmp_path / "saved.json").write_text(run("check", "--as-of", "2026-11-26", "--format", "json").out)
    declared, saved = (run("report", name, "--as-of", "2026-11-26").out for name in ("gpt41.yaml", "saved.json"))
    assert run("report", "--config", "gpt41.yaml", "--as-of", "2026-11-26").out == declared
    for told in (declared, saved):
        assert told.count("use gpt-4.1-mini (batch) until 2027-01-14: $156.00 per month") == 2
    assert "as good enough" not in saved


def test_a_saved_report_keeps_what_a_successor_reasons(run: Run, tmp_path: Path) -> None:
    asked = "input_tokens: 1000, output_tokens: {expected: 100, high: 200, reasoning: 300}, volume: 1000 / day"
    models = f"{{old: {{{asked}, model: gpt-4.1}}, new: {{{asked}, model: gpt-6-luna}}}}"
    (tmp_path / "gpt41.yaml").write_text(f"{{version: 1, workloads: {models}}}")
    (tmp_path / "saved.json").write_text(run("check", *TODAY, "--format", "json").out)
    both = [json.loads(run("report", name, *TODAY, "--format", "json").out) for name in ("gpt41.yaml", "saved.json")]
    assert [found["headline"] for found in both] == [
        "Move 1 workload to gpt-6-luna before 2027-01-14: $94.34 per month now, $18.34 then"
    ] * 2
    more = asked.replace("300}", "900}")
    (tmp_path / "gpt41.yaml").write_text(f"{{version: 1, workloads: {models.replace(asked, more)}}}")
    done = run("diff", "saved.json", *TODAY, "-q")
    assert (done.code, done.out) == (0, "9.125\n")  # 600 tokens more at $0.50 per million, 30,416 2/3 times per month


def test_pictures_of_a_saved_report_are_counted_as_they_were(catalog: Catalog) -> None:
    saved = costing(name="a")._replace(parts={"text": 5, "images": 70})
    (note,) = make_saved_input(SavedReport(DAY, {"a": saved}), "base.json", market(catalog, as_of=DAY)).notes
    assert ". If it states no task, its own model is taken as good enough" in note


def test_a_task_that_a_saved_report_names_must_be_in_the_table(catalog: Catalog) -> None:
    with pytest.raises(InputError, match=r'^base.json: task: expected one of .*, found "nope"$'):
        make_saved_input(
            SavedReport(DAY, {"a": costing()._replace(requirements=Requirements(("nope",)))}),
            "base.json",
            market(catalog, as_of=DAY),
        )


def test_a_day_that_is_past_requires_nothing_and_is_reported(run: Run, tmp_path: Path) -> None:
    asked = "input_tokens: 9, output_tokens: 9, model: gpt-4.1, require: {until: 2027-01-10}"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n  a: {{{asked}}}\n")
    for command in ("check", "report"):
        done = run(command, "--as-of", "2027-01-11")
        assert (done.code, done.err) == (0, "")
        assert "a: 2027-01-10, until which it must run, is in the past, so it has no effect any more" in done.out
        assert "is past" not in run(command, "--as-of", "2027-01-10").out


def test_what_searches_find_is_reported_as_what_it_is(overview: Examine, catalog: Catalog) -> None:
    """A fixed block of gpt-4.1-mini, a part of what is billed; of gpt-4.1 nobody knows how much: its prices are the least."""
    searches = "input_tokens: 2000, output_tokens: 300, volume: 1000 / month, tools: {web_searches: 1}"
    searches += ", require: {task: multilingual, tolerance_percent: 50}"
    block = chart(overview.one(f"{searches}, model: gpt-4.1-mini"), catalog, "tokens")
    found, answers = block.series[-2:]
    assert [(each.name, each.points[0].y) for each in (found, answers)] == [
        ("search results", Decimal(8_000)),
        ("output", Decimal(300)),
    ]
    assert answers.points[0].remark == "10,300 in total"
    examined = overview.one(f"{searches}, model: gpt-4.1-mini".replace("50}", "0}"))
    told = make_report(catalog, Overview(DAY, (examined,), ()), ())
    assert "use gpt-4.1: at least $" in told.lines[0].text
    assert told.headline.startswith("1 workload: $")
    assert " as recommended (at " in told.headline


def test_a_saved_report_of_an_unknown_model_says_which(catalog: Catalog) -> None:
    with pytest.raises(InputError, match=r'^base.json: unknown model "nope"; --model NAME=MODEL'):
        make_saved_input(
            SavedReport(DAY, {"a": costing(name="a")._replace(model="nope")}), "base.json", market(catalog, as_of=DAY)
        )


# The command


CONFIG = """
version: 1
workloads:
  sorting: {input_tokens: 2000, output_tokens: 20, model: gpt-4.1, volume: 1000 / day, require: {task: classification}}
"""


FINDING = {"rule": "foo-bar", "level": "error", "message": "Of \ud800.", "actual": "1", "allowed": None, "subject": "\udcff"}


@pytest.mark.parametrize("view", [*VIEWS])
@pytest.mark.parametrize("path", ["gpt41.yaml", "\ud800", "a\udcff.yaml", "/\udfff/a", "", "."])
def test_a_finding_of_a_newer_version_is_shown_as_it_is(run: Run, tmp_path: Path, view: str, path: str) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    saved = json.loads(run("check", *TODAY, "--format", "json").out)
    saved["findings"] = [{**FINDING, "location": {"path": path, "line": 10**30, "column": None}}, {**FINDING, "level": "notice"}]
    done = run("report", "-", *TODAY, "--format", view, stdin=json.dumps(seal(saved)))
    is_record = view in ("csv", "jsonl")
    assert (done.code, done.err) == (1, "gpt41: Of \\ud800.\n" * is_record)
    assert is_record or ("foo-bar" in done.out and "ud800." in done.out)


def test_a_saved_report_without_its_findings_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG + "budget: {monthly_usd: 0.01}\n")
    saved = run("check", *TODAY, "--format", "json").out
    assert run("report", "-", *TODAY, "-q", stdin=saved).code == 1
    done = run("report", "-", *TODAY, "-q", stdin=json.dumps({**json.loads(saved), "findings": []}))
    assert (done.code, done.out) == (2, "")
    assert "found one that was changed since: edited by hand?" in done.err


def test_a_config_a_saved_report_and_one_on_standard_input_are_reported_together(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    saved = run("check", *TODAY, "--format", "json").out
    (tmp_path / "base.json").write_text(saved)
    done = run("report", "gpt41.yaml", "base.json", "-", *TODAY, "--format", "json", stdin=saved)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    names = ["sorting (gpt41.yaml)", "sorting (base.json)", "sorting (standard input)"]
    assert [each["name"] for each in found["workloads"]] == names
    # Of one request the sums are all there is to know.
    first, *others = (
        {**each, "name": "", "is_saved": None, "charts": None, "tasks": None, "lines": None} for each in found["workloads"]
    )
    assert {each["is_saved"] for each in found["workloads"]} == {False, True}
    assert [each["each_usd"] for each in others] == [first["each_usd"]] * 2


def test_a_month_that_is_not_a_whole_number_of_requests_costs_the_same_wherever_it_is_reported(run: Run, tmp_path: Path) -> None:
    config = CONFIG.replace("1000 / day", "40 / day").replace("task: classification", "task: classification, deadline: 24h")
    (tmp_path / "gpt41.yaml").write_text(config)
    (found,) = json.loads(run("report", *TODAY, "--format", "json").out)["workloads"]
    # 40 * 365 / 12 requests of 2,000 tokens at 0.20 and 20 at 0.80 per million
    assert found["recommended_monthly_usd"] == "0.506133333333"
    chosen = next(each for each in found["candidates"] if each["remark"] == "chosen")
    (volume, cache, _quality) = found["charts"]
    drawn = [
        next(each for each in chart["series"] if each["name"] == found["recommended"])["points"][1]["y"]
        for chart in (volume, cache)
    ]
    assert {chosen["monthly_usd"], *drawn} == {"0.506133333333"}
    assert volume["marks"][0]["text"] == "now 40 per day"


def test_a_month_beyond_its_budget_speaks_against_what_is_recommended(run: Run, tmp_path: Path) -> None:
    budget = "require: {task: classification}, budget: {monthly_usd: 10}"
    (tmp_path / "gpt41.yaml").write_text(CONFIG.replace("require: {task: classification}", budget))
    done = run("report", *TODAY, "--format", "html", "--fail-on", "never")
    assert "$25.31 per month is over the $10.00 of the monthly budget" in done.out


def test_a_note_says_whose_it_is_where_it_is_not_of_all(run: Run, tmp_path: Path) -> None:
    other = "  other: {prompt: a.txt, output_tokens: 5, model: gpt-4.1}\n"
    (tmp_path / "gpt41.yaml").write_text(CONFIG + other)
    (tmp_path / "a.txt").write_text("Sort this.")
    notes = json.loads(run("report", *TODAY, "--format", "json").out)["notes"]
    assert notes == [
        "other: Only the text is counted: a user message adds 7 tokens per request [recordings 2026-08].",
        "Scores are launch benchmarks [launch 2025-04-14]; recommend --scores takes yours.",
    ]


def test_of_many_workloads_the_most_expensive_are_drawn(run: Run, tmp_path: Path) -> None:
    workloads = "".join(f"  w{n}: {{input_tokens: {n}, output_tokens: 1, volume: 1000 / day}}\n" for n in range(1, 33))
    (tmp_path / "gpt41.yaml").write_text("version: 1\ndefaults: {model: gpt-4.1}\nworkloads:\n" + workloads)
    found = json.loads(run("report", *TODAY, "--format", "json").out)
    assert [bool(each["charts"]) for each in found["workloads"]] == [False] * 2 + [True] * 30
    assert found["notes"][-1] == "Only the 30 workloads whose month costs most have charts of their own."
    for chart in found["charts"][1:3]:
        names = [point["x"] for point in chart["series"][0]["points"]]
        assert names == [f"w{n}" for n in range(3, 33)]
        assert chart["description"].endswith("Only the 30 most expensive of 32 are drawn.")


def test_what_a_saved_check_found_is_still_found(run: Run, tmp_path: Path) -> None:
    config = CONFIG.replace("model: gpt-4.1,", "model: gpt-4.1-nano, budget: {monthly_usd: 1},")
    (tmp_path / "gpt41.yaml").write_text(config)
    saved = run("check", *TODAY, "--format", "json")
    done = run("report", "-", *TODAY, "--format", "json", stdin=saved.out)
    assert (saved.code, done.code) == (1, 1)
    errors = [[each["rule"] for each in json.loads(out)["findings"] if each["level"] == "error"] for out in (saved.out, done.out)]
    assert errors == [["budget-monthly", "model-shut-down"]] * 2


def test_what_has_no_score_and_costs_more_is_advised_to_be_compared(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG.replace("model: gpt-4.1,", "model: 'ft:gpt-4.1:acme::x',"))
    (found,) = json.loads(run("report", *TODAY, "--format", "json").out)["workloads"]
    assert found["recommended"] == "gpt-4.1-mini standard"
    assert found["lines"][-1]["text"] == (
        "ft:gpt-4.1:acme::x has no published score: only your own evaluation shows whether gpt-4.1-mini does as well"
    )


@pytest.mark.parametrize("model", ["gpt-6-luna", "ft:gpt-4.1-mini:acme::x"])
def test_what_has_no_score_and_costs_less_is_kept(run: Run, tmp_path: Path, model: str) -> None:
    config = CONFIG.replace("model: gpt-4.1,", f"model: '{model}',").replace("classification", "coding")
    (tmp_path / "gpt41.yaml").write_text(config)
    (found,) = json.loads(run("report", *TODAY, "--format", "json").out)["workloads"]
    until = "" if model == "gpt-6-luna" else " until 2027-01-14"
    assert found["advice"].startswith(f"stay with {model}{until}: $")
    assert (found["recommended"], found["recommended_each_usd"]) == (f"{model} standard", found["each_usd"]["expected"])
    assert [(each["label"], each["text"]) for each in found["lines"][1:]] == [
        ("why", "it costs no more than gpt-4.1, which would fit for $0.00416 per request"),
        ("but", f"{model} has no published score: only your own evaluation shows whether it is good enough"),
    ]
    assert {each["remark"] for each in found["candidates"] if each["model"] == "gpt-4.1"} == {"fits", "needs 24 h"}


def test_a_file_is_one_input_however_often_it_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    once = run("report", *TODAY, "--format", "json")
    assert run("report", "gpt41.yaml", str(tmp_path / "gpt41.yaml"), *TODAY, "--format", "json") == once


def test_a_name_that_a_terminal_would_act_on_is_escaped_in_the_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG.replace("sorting", r'"::error::\e[31m"'))
    assert run("report", *TODAY, "-q").out == r"\x3a:error::\x1b[31m gpt-4.1-mini standard" + "\n"


REFUSED = '"sizes.parquet": expected a gpt41.yaml or a report that gpt41 check --format json saved, '


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.yaml"], '"nope.yaml": expected a gpt41.yaml or a report that gpt41 check --format json saved, found none'),
        (
            ["sizes.parquet"],
            f"{REFUSED}found a file that ends in .parquet; the key requests in gpt41.yaml names a file",
        ),
        (["."], '".": expected a gpt41.yaml or a report that gpt41 check --format json saved, found a folder'),
        ([], "gpt41.yaml: expected one here or in a folder above, found none; gpt41 check --init prompts/ writes one"),
        (["-"], "standard input: expected"),
        (["other.json"], "other.json: schema: expected gpt41.check/2, found nothing"),
        (["gpt41.yaml", "--charts", "file"], '--charts: "file": expected a folder to write into, found: File exists'),
    ],
)
def test_what_is_not_an_input_is_said_in_a_line(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "sizes.parquet").write_bytes(b"PAR1")
    if "--charts" in arguments:
        (tmp_path / "gpt41.yaml").write_text(CONFIG)
    done = run("report", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {message}")
    assert done.err.count("\n") == 1


def test_every_chart_is_written_as_a_file_of_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    assert run("report", "--charts", "out/charts", *TODAY, "-q").code == 0
    names = sorted(path.name for path in (tmp_path / "out/charts").iterdir())
    assert names == [
        "1-cost-against-cache.svg",
        "1-cost-against-volume.svg",
        "1-quality-against-cost.svg",
        "cost-by-workload.svg",
        "days-to-shutdown.svg",
        "tokens.svg",
    ]


def test_without_the_library_the_page_is_refused_before_any_work(run: Run, tmp_path: Path) -> None:
    (tmp_path / "vl_convert.py").write_text("raise ImportError")
    done = run("report", "nothing.yaml", "--output", "a.html", PYTHONPATH=str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert done.err == "gpt41: charts need a library that is not installed: pip install 'gpt41[report]'\n"


BUSY = """
version: 1
workloads:
  sorting:
    {input_tokens: 6000, output_tokens: 80, cached: 50%, model: gpt-4.1, volume: 10000 / day, usage_tier: 1,
     require: {task: extraction, deadline: 24h}}
"""


def test_what_a_usage_tier_does_not_let_through_day_after_day_is_not_advised(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(BUSY)
    (found,) = json.loads(run("report", *TODAY, "--format", "json").out)["workloads"]
    assert found["recommended"] == "gpt-4.1-mini standard"
    said = {each["text"] for each in found["lines"]}
    slow = "it needs 60,000,000 batch tokens per day on average, over the 2,000,000 of tier 1"
    assert f"batch would cost $0.001264, 78 % of this, but {slow}" in said
    sent = "1 request of 6,000 input tokens (3,000 of them cached) and 80 output tokens"
    assert f"{sent}; the sums that follow are for it, not for the month" in said
    checked = json.loads(run("check", *TODAY, "--format", "json").out)["findings"]
    (cheaper,) = (each["message"] for each in checked if each["rule"] == "cheaper-variant")
    assert cheaper.startswith("sorting: gpt-4.1-mini meets the requirements until 2027-01-14 for $495.18 per month")
    assert [each["level"] for each in checked if each["rule"] == "pace"] == ["error"], "told once, of all workloads together"


def test_what_fails_its_own_requirements_is_not_advised_to_stay(run: Run, tmp_path: Path) -> None:
    asked = "input_tokens: 2000, output_tokens: 100, volume: 100000 / month"
    (tmp_path / "gpt41.yaml").write_text(
        f"version: 1\nworkloads:\n  om: {{{asked}, model: gpt-4o-mini, require: {{task: vision}}}}\n"
        f"  nov: {{{asked}, model: gpt-6-luna, require: {{needs: [structured-outputs]}}}}\n"
        f"  open: {{{asked}, model: gpt-6-luna}}\n"
        f"  near: {{{asked}, model: gpt-4o-mini, require: {{task: vision, tolerance_percent: 30}}}}\n"
    )
    done = run("report", *TODAY, "--fail-on", "never", "--format", "json")
    advice = {each["name"]: each["advice"] for each in json.loads(done.out)["workloads"]}
    assert advice["om"].startswith("use gpt-4.1-mini until 2027-01-14: $96.00 per month")
    assert advice["nov"].startswith("use gpt-4.1 until 2027-01-14: $480.00 per month")
    assert advice["open"].startswith("stay with gpt-6-luna")
    assert advice["near"].startswith("stay with gpt-4o-mini")
    page = run("report", *TODAY, "--fail-on", "never", "--format", "html").out
    assert "gpt-6-luna</span> has no published score" in page
    assert "gpt-4o-mini has no published score" not in page


def test_what_was_cheaper_on_another_day_is_not_told_as_if_it_still_were(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    (tmp_path / "saved.json").write_text(run("check", *TODAY, "--format", "json").out)
    assert "[cheaper-variant" in run("report", "saved.json", *TODAY).out
    assert "cheaper-variant" not in run("report", "saved.json", "--as-of", "2026-11-24").out
