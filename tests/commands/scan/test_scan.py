"""What a scan of files finds, what it says of it, and what fails a run."""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePath
from typing import BinaryIO

import pytest

from gpt41_cli.code.calls import UseKind, UseReader
from gpt41_cli.code.endings import find_ends
from gpt41_cli.code.lines import Lines
from gpt41_cli.code.model_names import ModelNames
from gpt41_cli.code.parameters import CallFinder
from gpt41_cli.code.records import is_in_answer
from gpt41_cli.code.scan import scan_files
from gpt41_cli.code.uses import FileReader
from gpt41_cli.commands.scan.report import make_report
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource, Unreadable, find_sources
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.reports.findings import make_unreadable_findings
from tests.builders import market
from tests.commands.scan.places import write_repository
from tests.conftest import Run

CALL, MENTION = UseKind.CALL, UseKind.MENTION


def test_shut_down_fails_what_ends_warns_and_the_rest_is_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "bot.py").write_text('ask(model="gpt-4.1-nano")\nask(model="gpt-4.1")\nask(model="gpt-6-luna")\n')
    (tmp_path / "README.md").write_text("It asks gpt-4.1.\n")
    (tmp_path / "uv.lock").write_text('model = "gpt-4.1"\n')
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    found = json.loads(done.out)
    assert done.code == 1
    assert [(f["rule"], f["level"], f["location"]["path"], f["location"]["line"]) for f in found["findings"]] == [
        ("model-shut-down", "error", "src/bot.py", 1),
        ("model-retires", "warning", "src/bot.py", 2),
        ("model-retires", "notice", "README.md", 1),
    ]
    assert [(place["name"], place["days_left"], place["replacement"]) for place in found["places"]] == [
        ("gpt-4.1", 46, "gpt-6-luna"),
        ("gpt-4.1-nano", -37, "gpt-5.6-luna"),
        ("gpt-4.1", 46, "gpt-6-luna"),
        ("gpt-6-luna", None, None),
    ]
    assert found["left_out"] == [{"path": "uv.lock", "reason": "generated or minified"}]
    assert run("scan", "--as-of", "2026-11-29", "--model", "gpt-4.1", "-q").out == "src/bot.py:2:12 gpt-4.1\n"


def test_forty_calls_are_found_among_as_many_traps(run: Run, tmp_path: Path) -> None:
    calls = write_repository(tmp_path)
    found = json.loads(run("scan", ".", "--as-of", "2026-11-29", "--format", "json").out)
    places = [place for place in found["places"] if place["days_left"] is not None]
    assert {(place["path"], place["line"]) for place in places if place["kind"] == "call"} == calls
    assert len(calls) == 40
    assert sum(place["kind"] != "call" for place in places) >= 40
    assert {skipped["path"] for skipped in found["left_out"]} == {"logo.png", "package-lock.json", "uv.lock", "web/app.min.js"}


def test_the_end_within_some_days_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text('ask(model="gpt-4.1")\n')
    codes = [run("scan", "--as-of", "2026-11-29", "--retires-within", f"{days}d").code for days in (45, 46)]
    assert codes == [0, 1]
    assert run("scan", "--as-of", "2026-11-29", "--fail-on", "warning").code == 1
    assert run("scan", "--as-of", "2027-01-14").code == 1
    assert run("scan", "--as-of", "2026-10-01").code == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'chat.completions.create(\n  model="gpt-4.1",\n  temperature=0,\n  max_tokens=5,\n)',
            {"temperature": 3, "max_tokens": 4},
        ),
        ('responses.create(model="gpt-4.1", max_tokens=5, top_p=1)', {"top_p": 1}),
        ('create({ model: "gpt-4.1", "temperature": 0 })', {"temperature": 1}),
        ("['model' => 'gpt-4.1', 'temperature' => 0]", {"temperature": 1}),
        ('create(model="gpt-4.1")\ncreate(model="o3", temperature=0)', {}),
        ('create(model="gpt-4.1", reasoning_effort="none", temperature=0)', {}),
        ('create(model="gpt-4.1", note="temperature=1")', {}),
    ],
)
def test_parameters_of_the_same_call_that_the_replacement_refuses_are_named(
    text: str, expected: dict[str, int], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "bot.py").write_text(text)
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    place = next(place for place in json.loads(done.out)["places"] if place["name"] == "gpt-4.1")
    assert sorted(place["refused_parameters"]) == sorted(expected)
    message = next(f["message"] for f in json.loads(done.out)["findings"] if f["subject"] == "gpt-4.1")
    for name, line in expected.items():
        assert f"{name} (line {line})" * (line != place["line"]) in message


def test_the_keys_of_the_same_mapping_count_in_yaml(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "- name: a\n  model: gpt-4.1\n  options:\n    temperature: 0\n- name: b\n  top_p: 1\n  model: o3\n"
    )
    places = json.loads(run("scan", "--as-of", "2026-11-29", "--format", "json").out)["places"]
    assert [place["refused_parameters"] for place in places] == [["temperature"]]


def test_a_comment_with_a_reason_leaves_a_line_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        'a = "gpt-4.1-nano"  # gpt41: ignore - a test of the error\n# gpt41: ignore\nb = "gpt-4.1-nano"\n'
        'c = 1\nd = "gpt-6-luna"\n'
    )
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    assert done.code == 0
    assert [place["ignored"] for place in json.loads(done.out)["places"]] == ["a test of the error", "", None]
    assert "2 lines because of a comment, 1 of them without a reason" in run("scan", "--as-of", "2026-11-29").out


def test_a_baseline_leaves_only_what_is_new(run: Run, tmp_path: Path) -> None:
    code = tmp_path / "bot.py"
    code.write_text('ask(model="gpt-4.1-nano")\n')
    (tmp_path / "scan.json").write_text(run("scan", "bot.py", "--as-of", "2026-11-29", "--format", "json").out)
    code.write_text('\n\nask(model="gpt-4.1-nano")\n')
    again = ("scan", "bot.py", "--as-of", "2026-11-29", "--baseline", "scan.json")
    done = run(*again)
    first = "No new call to a model that ends, in 1 file; the baseline has 1, which must change"
    assert (done.code, done.out.splitlines()[0]) == (0, first)
    code.write_text('ask(model="gpt-4.1-nano")\nask(model="gpt-4.1-nano")\n')
    done = run(*again, "-q")
    assert (done.code, done.out) == (1, "bot.py:2:12 gpt-4.1-nano\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "expected what gpt41 scan --format json prints, found something else"),
        ("[1]", "expected what gpt41 scan --format json prints, found something else"),
        ('{"schema": "gpt41.scan/2", "places": []}', 'expected a scan of this version (gpt41.scan/1), found "gpt41.scan/2"'),
        ('{"schema": "ghp_key", "places": []}', "expected a scan of this version (gpt41.scan/1), found another"),
        ('{"schema": "gpt41.scan/1", "places": [1]}', "expected what gpt41 scan --format json prints, found something else"),
    ],
)
def test_a_baseline_of_another_kind_is_refused(text: str, message: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(text)
    done = run("scan", "old.json", "--baseline", "old.json")
    assert done.code == 2
    assert f"gpt41: old.json: --baseline: {message}" in done.err


def test_files_that_hold_no_code_are_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0" + b'"gpt-4.1"')
    (tmp_path / "a.min.js").write_text('m="gpt-4.1"')
    (tmp_path / "b.js").write_text(f'm="gpt-4.1";{"x" * 20_000}')
    (tmp_path / "c.go").write_text('// Code generated by x. DO NOT EDIT.\nm := "gpt-4.1"\n')
    (tmp_path / "d.py").write_text(f'm = "gpt-4.1"  # {"x" * 20_000_000}')
    (tmp_path / "e.py").write_bytes('m = "gpt-4.1"'.encode("utf-16"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "f.py").write_text('m = "gpt-4.1"')
    done = run("scan", "--as-of", "2026-11-29", "--ignore", "tests/**", "--format", "json")
    found = json.loads(done.out)
    assert [place["path"] for place in found["places"]] == ["e.py"]
    assert [tuple(skipped.values()) for skipped in found["left_out"]] == [
        ("a.bin", "binary"),
        ("a.min.js", "generated or minified"),
        ("b.js", "generated or minified"),
        ("c.go", "generated or minified"),
        ("d.py", "over 20 MB"),
        ("tests/f.py", "--ignore"),
    ]


@pytest.mark.parametrize("glob", ["tests", "tests/", "./tests/**", "**/tests", "[t]ests/*"])
def test_what_is_ignored_has_no_hidden_exceptions(glob: str, run: Run, tmp_path: Path) -> None:
    for name in (".env", "tests/.env", "tests/.github/a.yaml", "tests/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('MODEL="gpt-4.1"')
    found = json.loads(run("scan", ".", "--as-of", "2026-11-29", "--ignore", glob, "--format", "json").out)
    assert [place["path"] for place in found["places"]] == [".env"]
    assert {skipped["reason"] for skipped in found["left_out"]} == {"--ignore"}


def test_a_file_of_a_folder_that_cannot_be_read_is_named_once() -> None:
    def refuse() -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    result = scan_files([InputSource("b.py", refuse, is_from_folder=True)], market())
    assert result.skipped == [SkippedPath("b.py", "Permission denied", is_unreadable=True)]
    assert make_report(result, market(), {}, (), list(make_unreadable_findings(result.skipped))).lines == ()


def test_what_cannot_be_read_is_an_error_if_it_was_named(run: Run) -> None:
    done = run("scan", "nowhere.py")
    assert done.code == 2
    assert done.err.startswith("gpt41: nowhere.py: expected a readable file, found: No such file")


def places(folder: Path, text: str) -> list[tuple[int | None, str, UseKind]]:
    """What a scan of one file finds."""
    (folder / "bot.py").write_text(text)
    sources, _ = find_sources([str(folder)], None, io.BytesIO)
    return [(use.place.line, use.name, use.kind) for use in scan_files(sources, market()).uses]


def test_a_line_has_each_model_once_and_a_call_comes_before_a_mention(tmp_path: Path) -> None:
    assert places(tmp_path, 'a = ["gpt-4.1", "gpt-4.1"]') == [(1, "gpt-4.1", CALL)]
    assert places(tmp_path, "# gpt-4.1 and gpt-4.1") == [(1, "gpt-4.1", MENTION)]
    assert places(tmp_path, 'a = {"label": "GPT-4.1", "value": "gpt-4.1"}') == [(1, "gpt-4.1", CALL)]
    assert places(tmp_path, 'a = "gpt-4.1, gpt-4o"\nb = 1') == [(1, "gpt-4.1", MENTION), (1, "gpt-4o", MENTION)]


def test_what_names_no_model_of_the_table_has_no_place(tmp_path: Path) -> None:
    assert places(tmp_path, "a = 1") == []
    assert places(tmp_path, 'a = "ft:gpt-4.5-preview:acme::1"  # which nobody could train') == []


def test_a_file_of_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    def fail() -> io.BytesIO:
        raise Unreadable(expected="a readable file", found="Permission denied", location="a.py")

    found = scan_files([InputSource("a.py", fail, is_from_folder=True)], market())
    assert [(skipped.path, skipped.reason, skipped.is_unreadable) for skipped in found.skipped] == [
        ("a.py", "Permission denied", True)
    ]


def test_a_file_whose_content_is_elsewhere_is_left_out() -> None:
    def fail() -> io.BytesIO:
        raise InputError(expected="the content of a file", found="a Git LFS pointer", location="a.py")

    assert scan_files([InputSource("a.py", fail, is_from_folder=True)], market()).skipped == [
        SkippedPath("a.py", "a Git LFS pointer")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(x)\n" + "y\n" * 15_000 + 'model = "gpt-4.1"\ntemperature = 0\n', ["temperature"]),
        ('f(model="gpt-4.1",\n  temperature=0,\n  text="' + "x" * 21_000 + '")', ["temperature"]),
    ],
)
def test_a_call_is_looked_for_near_the_model_alone(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "bot.py").write_text(text)
    sources, _ = find_sources([str(tmp_path)], None, io.BytesIO)
    (use,) = scan_files(sources, market()).uses
    assert [parameter.name for parameter in use.parameters] == expected


def test_features_of_the_api_that_end_are_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        'client.responses.create(prompt={"id": "pmpt_68a1-b"})\n# once pmpt_2\nclient.beta.threads.create()\n'
        'requests.post("https://api.openai.com/v1/evals")\nclient.evals.create()\nmy_pmpt_3 = 1\n'
    )
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    assert done.code == 1
    assert [(place["line"], place["name"], place["feature"], place["kind"]) for place in json.loads(done.out)["places"]] == [
        (1, "pmpt_68a1-b", "reusable-prompts", "call"),
        (2, "pmpt_2", "reusable-prompts", "mention"),
        (3, "beta.threads.create", "assistants-api", "call"),
        (4, "api.openai.com/v1/evals", "evals-api", "call"),
        (5, "evals.create", "evals-api", "call"),
    ]
    findings = json.loads(done.out)["findings"]
    assert [(f["rule"], f["level"], f["subject"]) for f in findings] == [
        ("feature-ends", "warning", "reusable-prompts"),
        ("feature-ends", "error", "assistants-api"),
        ("feature-ends", "warning", "evals-api"),
        ("feature-ends", "warning", "evals-api"),
        ("feature-ends", "notice", "reusable-prompts"),
    ]
    assert findings[0]["message"].startswith("pmpt_68a1-b: reusable prompts: OpenAI ends this in 1 day, on 2026-11-30 (likely")
    assert findings[1]["message"].startswith("beta.threads.create: the Assistants API: OpenAI ended this on 2026-08-26 (likely")
    assert findings[4]["message"] == "reusable prompts are named in 1 line of prose, a comment or a name"
    text = run("scan", "--as-of", "2026-11-29").out
    assert text.startswith(
        "4 calls in 1 file must change: 1 of the Assistants API (shut down), 1 of reusable prompts (1 day left)"
    )
    assert run("scan", "--as-of", "2026-11-29", "--model", "gpt-4.1").out.startswith("No call to a model that ends, in 1 file")
    assert run("scan", "--as-of", "2026-11-29", "--platform", "azure-global").code == 0
    assert run("scan", "--as-of", "2026-11-29", "--retires-within", "1d", "--format", "jsonl").code == 1


def test_a_deployment_that_the_config_explains_is_a_call(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text("version: 1\nmodels: {prod-eu: gpt-4.1-mini}\nworkloads: {a: {input_tokens: 1}}\n")
    (tmp_path / "bot.py").write_text('ask(model="prod-eu", temperature=0)\n# prod-eu\nask(model="prod-eu-2")\n')
    places = json.loads(run("scan", "bot.py", "--as-of", "2026-11-29", "--format", "json").out)["places"]
    assert [(place["line"], place["name"], place["model"], place["refused_parameters"]) for place in places] == [
        (1, "prod-eu", "gpt-4.1-mini", ["temperature"])
    ]
    assert run("scan", "bot.py", "--model", "gpt-4.1", "-q").out == "none\n"
    assert run("scan", "bot.py", "--model", "gpt-4.1-mini", "-q").out == "bot.py:1:12 prod-eu\n"


def test_a_file_that_is_named_twice_is_read_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('ask(model="gpt-4.1")\n')
    (tmp_path / "b.py").write_text('\ufeffask(model="gpt-4.1")\n')
    assert run("scan", "a.py", ".", "./a.py", "-q").out == "a.py:1:12 gpt-4.1\nb.py:1:12 gpt-4.1\n"


def test_a_feature_may_end_on_one_platform_alone() -> None:
    assert find_ends(market())["assistants-api"].is_over
    assert "assistants-api" not in find_ends(market(platform="azure-global"))


def test_one_model_is_looked_for_without_features() -> None:
    catalog = market().catalog
    reader = FileReader(catalog, {}, "gpt-4.1")
    assert [use.name for use in reader.read("a.py", 'f("gpt-4.1", "gpt-4o", "pmpt_1")')] == ["gpt-4.1"]
    assert [use.name for use in FileReader(catalog, {}).read("a.py", 'f("pmpt_1")')] == ["pmpt_1"]


def test_python_that_is_too_long_to_parse_has_no_docstrings() -> None:
    lines = Lines('"""\nask("gpt-4.1")\n"""\n' + "x = 1\n" * 350_000)
    (named,) = ModelNames(market().catalog).find(lines.text)
    assert UseReader(PurePath("bot.py"), lines, 1).read(named) is CALL


def test_several_processes_find_what_one_does_in_the_same_order(tmp_path: Path) -> None:
    for number in range(250):
        (tmp_path / f"{number:03}.py").write_text('model = "gpt-4.1"\n')
    sources, _ = find_sources([str(tmp_path)], None, io.BytesIO)
    alone, shared = (scan_files(sources, market(), excluded=["007.py"], jobs=jobs) for jobs in (1, 2))
    assert alone == shared
    assert (alone.files, len(alone.uses), len(alone.skipped)) == (250, 250, 0)


class CountedLines(Lines):
    """Lines that count how often one is read."""

    reads = 0

    def __getitem__(self, number: int) -> str:
        self.reads += 1
        return super().__getitem__(number)


@pytest.mark.parametrize("line", ["key: gpt-4.1\n", '    "gpt-4.1",\n', '{"usage": {}, "model": "gpt-4.1"}\n'])
def test_the_work_for_a_file_grows_with_its_length_alone(line: str) -> None:
    """Every line is read a few times, however many calls are around it."""
    reads = []
    for many in (500, 1_000):
        lines = CountedLines(line * many)
        finder = CallFinder(lines)
        for named in ModelNames(market().catalog).find(lines.text):
            is_in_answer(lines, named.start, named.end, is_config=True)
            finder.find_surroundings(named.start, ("temperature", "top_p"))
        reads.append(lines.reads)
    assert reads[1] - 2 * reads[0] < 10
    assert reads[0] < 10 * 500
