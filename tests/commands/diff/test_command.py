"""`gpt41 diff`: whole runs against saved reports, revisions and the working tree."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpt41_cli.commands.diff.causes import CAUSE_NAMES
from tests.builders import commit_all, git
from tests.conftest import Run

DAY = ("--as-of", "2026-11-23")

CONFIG = """version: 1
defaults: {model: gpt-4.1-mini, output_tokens: {expected: 100, high: 200}}
workloads:
  triage:
    prompt: [prompts/system.md, prompts/user.md]
    volume: 100000 / month
    budget: {growth_percent: 10}
  summaries:
    input_tokens: 4000
budget: {growth_percent: 5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository: `start` has no gpt41.yaml, `main` has; since then the prompt has grown by 100 tokens."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "system.md").write_text("Sort." + " word" * 198)
    (tmp_path / "prompts" / "user.md").write_text("Help!")
    commit_all(tmp_path)
    git(tmp_path, "tag", "start")
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    commit_all(tmp_path)
    (tmp_path / "prompts" / "system.md").write_text("Sort." + " word" * 298)
    return tmp_path


def test_a_revision_against_the_working_tree(run: Run, folder: Path) -> None:
    """202 input tokens at $0.40 and 100 output tokens at $1.60 per million, 100,000 times: $24.08. 100 tokens more are $4."""
    label = f"main ({git(folder, 'rev-parse', 'main')[:7]})"
    before = git(folder, "status", "--porcelain=v2", "--branch")
    done = run("diff", "main", *DAY)
    over = f"costs $28.08 per month, 16.6 % more than the $24.08 of {label}, over the"
    assert done.out == (
        f"$28.08 per month, up $4.00 (16.6 %) from {label}: prompt tokens; 2 errors\n"
        "\n"
        "  at most    $44.08 per month, up $4.00 (10 %)\n"
        "  tokens     20,200,000 -> 30,200,000 in, 10,000,000 out, per month\n"
        "  unchanged  1 workload\n"
        f"  error      triage: {over} 10 % of growth allowed [budget-growth, prompts/system.md]\n"
        f"             total: {over} 5 % of growth allowed [budget-growth, prompts/system.md]\n"
        "\n"
        "  workload  per    before   after           change  input each  output each  cause\n"
        "  triage    month  $24.08  $28.08  +$4.00 (16.6 %)  202 -> 302          100  prompt tokens\n"
        "\n"
        "1 file changed\n"
        "  file               workload  before  after  tokens\n"
        "  prompts/system.md  triage       200    300    +100\n"
        "\n"
        f"  note  {label} is compared with the working tree, both at the prices of 2026-11-23.\n"
        "        Compared per request, so not in the sum per month: summaries.\n"
    )
    assert (done.code, done.err) == (1, "")
    assert git(folder, "status", "--porcelain=v2", "--branch") == before
    assert run("diff", "main", *DAY, "--fail-on", "never").code == 0
    assert run("diff", "main", "HEAD", *DAY).out.startswith(f"no change from {label}: $24.08 per month\n")


def test_a_saved_report_says_the_same_as_the_commit_it_was_made_of(run: Run, folder: Path) -> None:
    (folder / "prompts" / os.fsdecode(b"odd\xff\x1b.md")).write_text("One more.")
    (folder / "gpt41.yaml").write_text(CONFIG.replace("[prompts/system.md, prompts/user.md]", "prompts"))
    commit_all(folder)
    (folder / "base.json").write_text(run("check", *DAY, "--format", "json").out)
    (folder / "prompts" / "user.md").write_text("Help me!")
    for sides in (("base.json",), ("main",)):
        done = run("diff", *sides, *DAY, "-q")
        assert (done.code, done.out, done.err) == (0, "0.04\n", "")
    (folder / "head.json").write_text(run("check", *DAY, "--format", "json").out)
    both = run("diff", "base.json", "head.json", *DAY)
    assert both.out.startswith("$28.24 per month, up $0.04 (0.1 %) from base.json (2026-11-23): prompt tokens\n")


def test_what_programs_get(run: Run, folder: Path) -> None:
    config = CONFIG.replace("input_tokens: 4000", "input_tokens: 4000\n    model: gpt-4.1")
    (folder / "gpt41.yaml").write_text(config.replace("volume: 100000", "volume: 200000"))
    done = run("diff", "main", *DAY, "--format", "json")
    found = json.loads(done.out)
    triage, summaries = found["workloads"]
    label = f"main ({git(folder, 'rev-parse', 'main')[:7]})"
    assert (found["schema"], found["as_of"], found["before"], found["after"]) == (
        "gpt41.diff/1",
        "2026-11-23",
        label,
        "the working tree",
    )
    assert (triage["state"], triage["unit"], triage["change_usd"], triage["causes_usd"]) == (
        "changed",
        "month",
        "32.08",
        {**dict.fromkeys(CAUSE_NAMES, "0"), "prompt tokens": "4", "volume": "28.08"},
    )
    assert (triage["before"]["monthly_usd"], triage["after"]["monthly_usd"]) == (
        {"expected": "24.08", "high": "40.08"},
        {"expected": "56.16", "high": "88.16"},
    )
    assert (summaries["unit"], summaries["before_usd"]["expected"], summaries["causes_usd"]) == (
        "request",
        "0.00176",
        {**dict.fromkeys(CAUSE_NAMES, "0"), "model": "0.00704"},
    )
    assert (found["total"]["unit"], found["total"]["change_usd"], found["total"]["apart"]) == ("month", "32.08", ["summaries"])
    assert found["files"] == [
        {"path": "prompts/system.md", "workloads": ["triage"], "before_tokens": 200, "after_tokens": 300, "change_tokens": 100}
    ]
    assert found["growth"] == [
        {"workload": "triage", "allowed_percent": "10", "level": "error"},
        {"workload": None, "allowed_percent": "5", "level": "error"},
    ]
    assert [each["location"] for each in found["findings"]] == [
        {"path": "prompts/system.md", "line": None, "column": None},
        {"path": "prompts/system.md", "line": None, "column": None},
    ]
    markdown = run("diff", "main", *DAY, "--format", "markdown").out
    assert "mainly volume: 100,000 / month -\\> 200,000 / month" in markdown
    assert "model: gpt-4.1-mini -\\> gpt-4.1" in markdown


def test_a_spreadsheet_has_the_same_columns_whatever_has_changed(run: Run, folder: Path) -> None:
    def lines(*sides: str) -> tuple[Sequence[str], list[dict[str, str]]]:
        reader = csv.DictReader(io.StringIO(run("diff", *sides, *DAY, "--format", "csv").out))
        found = list(reader)
        return reader.fieldnames or (), found

    columns, (new, *_) = lines("start")
    assert (new["before.model"], new["before_usd.expected"], new["causes_usd.added workloads"]) == ("", "0", "28.08")
    (folder / "gpt41.yaml").write_text(
        "version: 1\nworkloads: {summaries: {input_tokens: 4000, output_tokens: 100, model: gpt-4.1}}\n"
    )
    again, (summaries, triage) = lines("main")
    assert again == columns
    assert not {"before", "after"} & {*columns}
    assert [name.removeprefix("causes_usd.") for name in columns if name.startswith("causes_usd.")] == list(CAUSE_NAMES)
    assert [(each["state"], each["causes_usd.model"], each["before.volume.requests"]) for each in (summaries, triage)] == [
        ("changed", "0.00704", ""),
        ("removed", "0", "100000"),
    ]
    assert (triage["after.model"], triage["after.monthly_usd.expected"], summaries["before.monthly_usd.high"]) == ("", "", "")


def test_a_volume_on_one_side_only(run: Run, folder: Path) -> None:
    """4,000 input tokens at $0.40 and 100 output tokens at $1.60 per million: $0.00176 x 30,416,666 2/3."""
    (folder / "prompts" / "system.md").write_text("Sort." + " word" * 198)
    volume = "input_tokens: 4000\n    volume: 1000000 / day\n    budget: {growth_percent: 0}"
    (folder / "gpt41.yaml").write_text(CONFIG.replace("input_tokens: 4000", volume))
    label = f"main ({git(folder, 'rev-parse', 'main')[:7]})"
    assert run("diff", "main", *DAY).out == (
        f"$53,557.41 per month, up $53,533.33 (222,314.5 %) from {label}: volume; 1 error\n"
        "\n"
        "  at most    $58,440.08 per month, up $58,400.00 (145,708.6 %)\n"
        "  tokens     20,200,000 -> 121,686,866,667 in, 10,000,000 -> 3,051,666,667 out, per month\n"
        "  unchanged  1 workload\n"
        f"  error      total: costs $53,557.41 per month, 222,314.5 % more than the $24.08 of {label}, over the 5 % of "
        "growth allowed [budget-growth, gpt41.yaml:12]\n"
        "\n"
        "  workload   per    before       after       change  input each  output each  cause\n"
        "  summaries  month          $53,533.33  +$53,533.33       4,000          100  volume: none -> 1,000,000 / day\n"
        "\n"
        f"  note  {label} is compared with the working tree, both at the prices of 2026-11-23.\n"
        "        With a volume on one side only: summaries. They add nothing to the month of the other side, although requests "
        "may be sent; their own growth_percent compares the mean request.\n"
    )
    commit_all(folder)
    lost = run("diff", "main", "main~1", *DAY)
    assert "volume: 1,000,000 / day -> none\n" in lost.out
    assert lost.code == 0
    assert run("diff", "main", "main~1", *DAY, "-q").out == "-53533.333333333333\n"


def test_a_config_that_is_new_or_gone(run: Run, folder: Path) -> None:
    first = run("diff", "start", *DAY)
    label = f"start ({git(folder, 'rev-parse', 'start')[:7]})"
    assert first.code == 0
    assert first.out.startswith(f"$28.08 per month, up $28.08 from {label}: added workloads\n")
    assert f"  notice   {label} declares no workloads: every one is new, and none has grown [base-without-config]\n" in first.out
    gone = run("diff", "main", "start", *DAY)
    assert gone == (2, "", f"gpt41: {label}: expected a gpt41.yaml to compare with, found none\n")
    (folder / "gpt41.yaml").write_text("version: 1\nworkloads: {new: {input_tokens: 1, model: gpt-4.1}}\n")
    replaced = run("diff", "main", *DAY)
    assert "  removed workloads  -$24.08\n" not in replaced.out, "one cause alone is in the first line"
    assert replaced.out.startswith("$0.00 per month, down $24.08 (100 %) from main")


def test_commits_are_compared_where_the_working_tree_has_no_config(run: Run, folder: Path) -> None:
    commit_all(folder)
    git(folder, "mv", "gpt41.yaml", "prompts/calls.yaml")
    (folder / "prompts" / "calls.yaml").write_text(CONFIG.replace("prompts/", ""))
    commit_all(folder)
    git(folder, "rm", "-rq", "prompts")
    commit_all(folder)
    assert not (folder / "prompts").exists()
    found = "gpt41: gpt41.yaml: expected one here or in a folder above, found none; "
    assert run("diff", "main~3", "main~2", *DAY) == (2, "", f"{found}--config FILE names one that only commits have\n")
    assert run("diff", "main", *DAY) == (2, "", f"{found}gpt41 check --init prompts/ writes one\n")
    assert run("diff", "main~3", "main~2", *DAY, "--config", "gpt41.yaml", "-q").out == "4\n"
    moved = run("diff", "main~2", "main~1", *DAY, "--config", "prompts/calls.yaml")
    assert moved.out.startswith("$28.08 per month, up $28.08 from main~2 ")
    label = f"main~2 ({git(folder, 'rev-parse', 'main~2')[:7]})"
    nowhere = run("diff", "main~3", "main~2", *DAY, "--config", "else/where.yaml")
    assert nowhere == (2, "", f"gpt41: {label}: expected else/where.yaml to compare with, found none\n")


@pytest.mark.parametrize(
    ("answers", "reasoning"),
    [
        ("100", " before reasoning tokens"),
        ("{expected: 100, reasoning: 0}", " before reasoning tokens"),
        ("{expected: 100, reasoning: 40}", ""),
    ],
)
def test_a_move_to_a_model_that_reasons_says_what_is_not_priced(run: Run, folder: Path, answers: str, reasoning: str) -> None:
    """gpt-4.1-mini: 1,000 x $0.40 + 100 x $1.60; gpt-6-luna: 1,000 x $0.10 + (100 + 3, and reasoning) x $0.50."""
    config = "version: 1\nworkloads: {{bot: {{input_tokens: 1000, output_tokens: {}, volume: 1M / month, model: {}}}}}\n"
    (folder / "gpt41.yaml").write_text(config.format(answers, "mini"))
    (folder / "before.json").write_text(run("check", *DAY, "--format", "json").out)
    (folder / "gpt41.yaml").write_text(config.format(answers, "gpt-6-luna"))
    usd, less = ("$151.50", "$408.50 (72.9 %)") if reasoning else ("$171.50", "$388.50 (69.4 %)")
    checked, compared = run("check", *DAY), run("diff", "before.json", *DAY)
    assert checked.out.startswith(f"1 workload: {usd} per month{reasoning}; ")
    assert compared.out.startswith(f"{usd} per month{reasoning}, down {less} from before.json (2026-11-23): mainly model")
    assert ("Reasoning tokens of gpt-6-luna are billed as output" in compared.out) == bool(reasoning)


def test_prices_that_changed_since_the_report_are_not_growth(run: Run, folder: Path) -> None:
    """gpt-5.6-luna: 1,000 x $1.00 until July 2026, $0.20 since; 1,000,000 times."""
    workload = "{input_tokens: 1000, output_tokens: 0, model: gpt-5.6-luna, volume: 1000000 / month, budget: {growth_percent: 0}}"
    (folder / "gpt41.yaml").write_text(f"version: 1\nworkloads: {{luna: {workload}}}\n")
    (folder / "july.json").write_text(run("check", "--as-of", "2026-07-20", "--format", "json").out)
    done = run("diff", "july.json", *DAY)
    assert done.out.startswith(
        "$200.00 per month before reasoning tokens, down $800.00 (80 %) from july.json (2026-07-20): price table\n"
    )
    back = run("diff", "july.json", "july.json", *DAY)
    assert "luna: july.json (2026-07-20) had other prices, which don't count here." in back.out
    too_early = run("diff", "july.json", "july.json", "--as-of", "2026-07-01")
    assert too_early.code == 2
    assert too_early.err.startswith('gpt41: july.json (2026-07-20): "luna": no price is known for gpt-5.6-luna in standard')


def test_what_a_folder_leaves_out_is_reported(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text(CONFIG.replace("[prompts/system.md, prompts/user.md]", "prompts"))
    (folder / "prompts" / "noise.bin").write_bytes(bytes(range(256)))
    done = run("diff", "main", *DAY, "--fail-on", "never")
    assert "left out 1 (binary): prompts/noise.bin [left-out]" in done.out


@pytest.mark.parametrize("name", ["origin/main", "main.json", "HEAD", "main~0", "main^{commit}"])
def test_a_file_never_stands_in_for_a_revision(run: Run, folder: Path, name: str) -> None:
    """A change that adds its own saved report under the name of the base would compare itself with itself."""
    git(folder, "update-ref", "refs/remotes/origin/main", "main")
    git(folder, "branch", "main.json")
    grown = run("diff", f"{name}^{{commit}}" if name.endswith(".json") else name, *DAY)
    assert (grown.code, "over the 10 % of growth allowed" in grown.out) == (1, True)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(run("check", *DAY, "--format", "json").out)
    hint = f"write {name}^{{commit}} for the revision, ./{name} for the file"
    found = f'gpt41: "{name}": expected one meaning, found a file and a git revision of that name; {hint}\n'
    assert run("diff", name, *DAY) == (2, "", found)
    assert run("diff", name, "HEAD~0", *DAY) == run("diff", "HEAD~0", name, *DAY) == (2, "", found)
    (folder / "app").mkdir()
    assert run("diff", f"../{name}", *DAY, "-q", cwd=folder / "app") == (0, "0\n", "")
    assert run("diff", f"./{name}", *DAY, "-q") == run("diff", str(folder / name), *DAY, "-q") == (0, "0\n", "")
    by_commit = run("diff", f"{name}^{{commit}}", *DAY)
    assert (by_commit.code, "over the 10 % of growth allowed" in by_commit.out) == (1, True)


def test_a_file_does_not_stand_in_for_a_revision_that_was_not_fetched(run: Run, folder: Path) -> None:
    name = "0123456789abcdef0123456789abcdef01234567"
    (folder / name).write_text(run("check", *DAY, "--format", "json").out)
    expected = "expected a git revision, or a saved report whose name ends in .json, found a file"
    hint = f"write ./{name} for the file, or fetch the revision (git fetch)"
    assert run("diff", name, *DAY) == (2, "", f'gpt41: "{name}": {expected}; {hint}\n')


def test_saved_reports_are_compared_without_a_repository(run: Run, folder: Path) -> None:
    (folder / "base.json").write_text(run("check", *DAY, "--format", "json").out)
    shutil.rmtree(folder / ".git")
    (folder / "gpt41.yaml").unlink()
    assert run("diff", "base.json", "./base.json", *DAY, "-q") == (0, "0\n", "")


@pytest.mark.parametrize(
    ("sides", "complaint"),
    [
        (("nothing",), '"nothing": expected a commit, found none of that name'),
        (("",), '"": expected the name or the id of a commit'),
        (("--", "-x"), '"-x": expected the name or the id of a commit'),
        (("x" * 5_000,), '"xxx'),
        (
            ("prompts",),
            '"prompts": expected a saved report or a git revision, found a folder\n',
        ),
        (
            ("broken-too",),
            '"broken-too": expected one meaning, found a folder and a git revision of that name; write broken-too^{commit} for ',
        ),
        (("other",), '"other": expected a git revision, or a saved report whose name ends in .json, found a file; '),
        (
            ("./other",),
            "./other: expected JSON, but at column 1: Expecting value; a saved report is what gpt41 check --format json",
        ),
        (("./prompts",), '"./prompts": expected a saved report or a git revision, found a folder\n'),
        (("base.json",), "base.json: expected a readable file, found: No such file or directory"),
        (("./gpt41.yaml",), "./gpt41.yaml: expected JSON, but at column 1: Expecting value; a saved report is what gpt41 check"),
        (
            ("main", "edited.json"),
            "edited.json: expected a report as gpt41 check wrote it, found one that was changed since",
        ),
        (("newer.json",), "newer.json: expected gpt41.check/2, found gpt41.check/3, which a newer gpt41 wrote: update gpt41"),
        (("main~1", "broken"), "broken:gpt41.yaml:1:10: version: expected 1, found"),
        (("main", "--config", "other.yaml"), "--config: expected a file, found none at other.yaml"),
        (("main", "--as-of", "2020-01-01"), "main:gpt41.yaml:4:3: workloads.triage: no price is known for gpt-4.1-mini"),
    ],
)
def test_a_side_that_cannot_be_read_is_one_line(run: Run, folder: Path, sides: tuple[str, ...], complaint: str) -> None:
    git(folder, "switch", "-q", "-c", "broken")
    (folder / "gpt41.yaml").write_text("version: 2\nworkloads: {a: {input_tokens: 1}}\n")
    commit_all(folder)
    git(folder, "switch", "-q", "main")
    git(folder, "branch", "broken-too")
    (folder / "broken-too").mkdir()
    report = json.loads(run("check", *DAY, "--format", "json").out)
    (folder / "newer.json").write_text(json.dumps({**report, "schema": "gpt41.check/3"}))
    report["workloads"][0]["parts"]["text"] -= 50
    (folder / "other").write_text("a file")
    (folder / "edited.json").write_text(json.dumps(report))
    done = run("diff", *sides) if "--as-of" in sides else run("diff", *DAY, *sides)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {complaint}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("pattern", ["in", "in/*.json", "[in/a.json, in/b.json]"])
def test_a_request_that_cannot_be_read_is_not_a_saving(run: Run, tmp_path: Path, pattern: str) -> None:
    """A folder, a glob and the files alike: `diff`, `check` and `report` say which request it is and where."""
    (tmp_path / "in").mkdir()
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "word " * 50}]}
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.json").write_text(json.dumps(body))
    workload = f"{{requests: {pattern}, output_tokens: 10, volume: 1000 / month}}"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n  a: {workload}\n")
    commit_all(tmp_path)
    assert run("diff", "HEAD", *DAY).code == 0
    mistakes = (
        ({"model": "gpt-5-none"}, 'unknown model "gpt-5-none"'),
        ({"messages": [{"role": "usr", "content": ""}]}, "messages[0].role: expected one of"),
    )
    for change, message in mistakes:
        (tmp_path / "in" / "b.json").write_text(json.dumps(body | change))
        for command in (("diff", "HEAD"), ("check",), ("check", "-q"), ("report", "--format", "json")):
            done = run(*command, *DAY)
            assert (done.code, done.out) == (2, "")
            assert f"in/b.json:1: {message}" in done.err


@pytest.mark.parametrize("command", [("diff", "HEAD"), ("migrate",), ("reconcile", "a.jsonl")], ids=" ".join)
def test_a_second_config_is_refused(run: Run, command: tuple[str, ...]) -> None:
    """With the last one alone, a gate would pass what the first one forbids."""
    done = run(*command, "--config", "a.yaml", "--config", "b.yaml")
    message = "gpt41: --config: expected one file, found a.yaml, b.yaml; run the command once for each of them\n"
    assert (done.code, done.out, done.err) == (2, "", message)


def test_a_prompt_that_is_a_template_is_a_finding(run: Run, folder: Path) -> None:
    (folder / "prompts" / "user.md").write_text("Help {{name}}!")
    done = json.loads(run("diff", "main", *DAY, "--format", "json").out)
    message = "triage: prompts/user.md: a template with {{name}}: it counts as written, not as filled in"
    assert [each["message"] for each in done["findings"] if each["rule"] == "template"] == [message]
