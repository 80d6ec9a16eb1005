"""The calls in the code that gpt41.yaml names, as check and diff compare them with the workloads."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.app import app
from gpt41_cli.catalog import Catalog
from gpt41_cli.config.load import parse_config
from gpt41_cli.config.roots import open_working_tree
from gpt41_cli.errors import InputError
from gpt41_cli.workloads.code_calls import CodeCalls, CodeChange, find_code_calls, find_code_changes
from gpt41_cli.workloads.priced import CheckOptions, price_declared_workloads
from tests.builders import commit_all, market
from tests.conftest import FROZEN

CONFIG = """version: 1
code: [src/, run.sh]
defaults: {output_tokens: 200}
workloads:
  triage: {model: gpt-4.1-mini, input_tokens: 2000, volume: 100000 / month, budget: {growth_percent: 10}}
  summary: {model: gpt-4.1-mini, input_tokens: 5000}
"""
FILES = {"src/bot.py": 'ask(model="gpt-4.1-mini")\nask(model="gpt-4.1-mini")\n', "run.sh": "ask --model gpt-4.1-mini\n"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GPT41_PRICING", str(FROZEN))
    write({"gpt41.yaml": CONFIG, **FILES})
    return tmp_path


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


def find_calls(catalog: Catalog, config: str = CONFIG, **options: bool) -> CodeCalls:
    parsed = parse_config(config.encode(), "gpt41.yaml", catalog)
    return find_code_calls(parsed, open_working_tree(Path("gpt41.yaml")).find_files, market(), 1, **options)


def find_changes(catalog: Catalog, before: dict[str, str], after: dict[str, str], config: str = CONFIG) -> list[CodeChange]:
    """What find_code_changes says when files change; those of `before` alone are deleted."""
    write(before)
    was = find_calls(catalog)
    for name in before.keys() - after.keys():
        Path(name).unlink()
    write(after)
    conditions = CheckOptions(market(), jobs=1)
    parsed = parse_config(config.encode(), "gpt41.yaml", catalog)
    priced = price_declared_workloads(parsed, open_working_tree(Path("gpt41.yaml")).find_files, conditions)
    return list(find_code_changes(was, find_calls(catalog), priced, market()))


def test_the_calls_are_those_of_the_code_alone(catalog: Catalog) -> None:
    write(
        {"src/gpt41.yaml": "model: gpt-4.1\n", "src/a.md": "gpt-4.1\n", "src/b.py": 'f("pmpt_1")\n', "other.py": 'f("gpt-4.1")\n'}
    )
    calls = find_calls(catalog)
    assert [(use.place.label, use.subject) for use in calls.uses] == [
        ("src/bot.py:1", "gpt-4.1-mini"),
        ("src/bot.py:2", "gpt-4.1-mini"),
        ("run.sh:1", "gpt-4.1-mini"),
    ]


def test_a_deployment_is_a_call_of_its_model(catalog: Catalog) -> None:
    write({"src/bot.py": 'ask(model="prod-eu")\n'})
    calls = find_calls(catalog, CONFIG + "models: {prod-eu: gpt-4.1}\n")
    assert [(use.place.label, use.subject) for use in calls.uses] == [("src/bot.py:1", "gpt-4.1"), ("run.sh:1", "gpt-4.1-mini")]


def test_code_that_is_missing_is_an_error_unless_it_may_be(catalog: Catalog) -> None:
    config = CONFIG.replace("run.sh", "lib/")
    with pytest.raises(InputError, match=r"gpt41\.yaml:2:1: code: \"lib/\": expected a readable file"):
        find_calls(catalog, config)
    assert list(find_calls(catalog, config, may_lack=True).by_file) == ["src/bot.py"]


def test_a_call_of_another_model_is_priced_for_the_workloads_that_declare_the_one_before(catalog: Catalog) -> None:
    """2,000 tokens at $2 and 200 at $8 per million instead of $0.40 and $1.60: $0.0056 instead of $0.00112."""
    after = 'ask(model="gpt-4.1-mini")\n\nask(model="gpt-4.1")\n'
    (change,) = find_changes(catalog, FILES, {**FILES, "src/bot.py": after})
    assert (change.place.label, change.before, change.after) == ("src/bot.py:3", "gpt-4.1-mini", "gpt-4.1")
    assert [tuple(effect) for effect in change.effects] == [
        ("triage", "month", Fraction(448), True),
        ("summary", "request", Fraction(116, 10_000) - Fraction(232, 100_000), False),
    ]


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        ({"src/bot.py": 'ask(model="gpt-4.1")\n' * 2}, [("src/bot.py:1", "gpt-4.1"), ("src/bot.py:2", "gpt-4.1")]),
        ({"src/bot.py": 'ask(model="gpt-4.1-mini")\n' * 3}, []),
        ({"src/new.py": 'ask(model="gpt-4.1")\n'}, [("src/new.py:1", "gpt-4.1")]),
        ({"src/bot.py": FILES["src/bot.py"], "src/new.py": 'ask(model="gpt-4.1")\n'}, []),
        ({"src/bot.py": ""}, []),
    ],
)
def test_calls_make_pairs_in_a_file_and_between_files_that_come_and_go(
    after: dict[str, str], changes: list[tuple[str, str]], catalog: Catalog
) -> None:
    found = find_changes(catalog, FILES, {"run.sh": FILES["run.sh"], **after})
    assert [(change.place.label, change.after) for change in found] == changes


def test_a_change_that_the_workloads_follow_is_none(catalog: Catalog) -> None:
    after = {**FILES, "src/bot.py": 'ask(model="gpt-4.1-mini")\nask(model="gpt-4.1")\n'}
    assert find_changes(catalog, FILES, after, CONFIG.replace("gpt-4.1-mini", "gpt-4.1")) == []
    (change,) = find_changes(catalog, FILES, after, CONFIG.replace("gpt-4.1-mini", "gpt-6-luna"))
    assert change.effects == ()


def test_a_model_without_a_price_has_no_amount(catalog: Catalog) -> None:
    config = CONFIG.replace("volume:", "platform: azure-global, volume:")
    after = {**FILES, "src/bot.py": 'ask(model="gpt-4.1-mini")\nask(model="gpt-4.5-preview")\n'}
    (change,) = find_changes(catalog, FILES, after, config)
    assert [effect.change_usd for effect in change.effects] == [None, Fraction(10067, 25_000)]


Runner = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    def run(command: str, *arguments: str, output_format: str = "json") -> tuple[int, Any]:
        done = app(
            [command, *arguments, "--as-of", "2026-11-29", "--format", output_format], prog_name="gpt41", standalone_mode=False
        )
        out = capsys.readouterr().out
        return done, json.loads(out) if output_format == "json" else out

    return run


def rules_of(document: Any) -> list[tuple[str, str, str]]:
    return [(each["rule"], each["level"], each["message"]) for each in document["findings"] if each["rule"].startswith("code")]


def test_check_compares_the_workloads_with_the_code(run: Runner) -> None:
    assert rules_of(run("check")[1]) == []
    ignored = '# gpt41: ignore - a test\nf("gpt-4o")\n'
    write({"src/bot.py": 'ask(model="gpt-4.1")\nask(model="gpt-4.1")\nask(model="gpt-6-luna")\n' + ignored, "run.sh": ""})
    exit_code, document = run("check")
    assert exit_code == 0
    assert rules_of(document) == [
        ("code-undeclared", "warning", "src/bot.py:1 and 1 more call gpt-4.1, which no workload declares"),
        ("code-undeclared", "warning", "src/bot.py:3 calls gpt-6-luna, which no workload declares"),
        ("code-unused", "warning", "triage: gpt-4.1-mini is called nowhere in src/, run.sh"),
        ("code-unused", "warning", "summary: gpt-4.1-mini is called nowhere in src/, run.sh"),
    ]


def test_diff_sees_a_change_of_the_code_alone(run: Runner, folder: Path) -> None:
    commit_all(folder)
    assert "no change from main" in run("diff", "main", output_format="text")[1]
    write({"src/bot.py": 'ask(model="gpt-4.1")\nask(model="gpt-4.1-mini")\n', "run.sh": "ask --model gpt-6-luna\n"})
    code, document = run("diff", "main")
    assert code == 1
    says = (
        "src/bot.py:1 calls gpt-4.1, was gpt-4.1-mini: workload triage would cost $448.00 more per month; workload summary would"
    )
    says += " cost $0.00928 more per request"
    cheaper = (
        "run.sh:1 calls gpt-6-luna, was gpt-4.1-mini: workload triage would cost $81.85 less per month; workload summary would"
    )
    cheaper += " cost $0.001719 less per request"
    assert rules_of(document) == [
        ("code-changed", "error", says),
        (
            "code-changed",
            "notice",
            cheaper,
        ),
    ]
    assert document["code"][0]["workloads"][0] == {"workload": "triage", "unit": "month", "change_usd": "448"}
    text = run("diff", "main", output_format="text")[1].replace("\n", " ")
    assert f"but {says}, and 1 more call changed" in " ".join(text.split())
    write({"gpt41.yaml": CONFIG.replace(", budget: {growth_percent: 10}", "")})
    assert rules_of(run("diff", "main")[1])[0][1] == "warning"
    commit_all(folder)
    assert rules_of(run("diff", "main~1", "main")[1])[0][2] == says.replace("src/bot.py", "main:src/bot.py")


def test_a_saved_report_keeps_no_code(run: Runner) -> None:
    Path("base.json").write_text(json.dumps(run("check")[1]))
    write({"src/bot.py": 'ask(model="gpt-4.1")\n'})
    code, document = run("diff", "base.json")
    assert (code, document["code"]) == (0, [])
    assert any(
        note.startswith("base.json (2026-11-29) contains no code: compare with a git revision") for note in document["notes"]
    )
    with contextlib.suppress(FileNotFoundError):
        Path("base.json").unlink()


def test_report_says_where_models_that_end_are_called(run: Runner) -> None:
    write({"src/bot.py": 'ask(model="gpt-4.1-mini")\n' * 6 + 'ask(model="gpt-6-luna")\nask(model="gpt-4.1-nano")\n'})
    text = " ".join(run("report", output_format="text")[1].split())
    first = ", ".join(f"src/bot.py:{line}" for line in range(1, 6))
    assert f"code 7 calls to gpt-4.1-mini, which ends on 2027-01-14: {first} and 2 more" in text
    assert "1 call to gpt-4.1-nano, which ended on 2026-10-23: src/bot.py:8" in text


def test_migrate_lists_the_calls_that_must_change(run: Runner) -> None:
    write({"src/bot.py": 'ask(model="gpt-4.1-mini", temperature=0)\nask(model="gpt-6-luna")\n' + 'f("gpt-4.1-mini")\n' * 20})
    text = " ".join(run("migrate", output_format="text")[1].split())
    assert "code src/bot.py:1 calls gpt-4.1-mini: change it to gpt-6-luna, which refuses temperature src/bot.py:3 calls" in text
    assert "2 more calls: gpt41 scan lists them" in text
    assert "gpt41 scan finds the calls" not in text
    write({"gpt41.yaml": CONFIG.replace("code: [src/, run.sh]\n", "")})
    assert "and code: src/ in gpt41.yaml lists them here; gpt41 migrate FILE" in " ".join(
        run("migrate", output_format="text")[1].split()
    )
