"""`--output`: results in files, each in the format that its name tells; and the summary of a GitHub job."""

from __future__ import annotations

import json
import os
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pytest

from gpt41_cli.cli.files import append_to_file, write_file
from gpt41_cli.errors import InputError
from gpt41_cli.views import VIEWS
from tests.conftest import FROZEN, ROOT, Run

DAY = ("--as-of", "2026-11-23")
COST = ("cost", "--input-tokens", "1200", *DAY)
KNOWN = "expected a file that ends in .txt, .json, .jsonl, .csv, .md, .html, .xml, .sarif, .gitlab.json, .parquet, or FORMAT=FILE"
BATCH = str(ROOT / "tests" / "data" / "batch.jsonl")


@pytest.mark.parametrize("command", [COST, ("models",), ("plan", "--input-tokens", "5", *DAY), ("recommend", BATCH, *DAY)])
def test_every_format_is_written_as_it_would_be_printed(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(*command, *(option for name in VIEWS for option in ("--output", f"{name}={name}.out")))
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "text.out").read_text() == done.out
    for name in VIEWS:
        assert (tmp_path / f"{name}.out").read_text() == run(*command, "--format", name).out


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.json", "json"),
        ("a.jsonl", "jsonl"),
        ("a.csv", "csv"),
        ("A.MD", "markdown"),
        ("a.txt", "text"),
        ("a.xml", "junit"),
        ("a.sarif", "sarif"),
        ("a.sarif.json", "sarif"),
        ("a.gitlab.json", "gitlab"),
        ("gl-code-quality-report.json", "gitlab"),
        ("./github=a.json", "json"),
    ],
)
def test_the_ending_of_a_file_tells_its_format_the_longest_first(run: Run, tmp_path: Path, file: str, name: str) -> None:
    assert run(*COST, "--output", file).code == 0
    assert (tmp_path / file).read_text() == run(*COST, "--format", name).out
    assert [path.name for path in tmp_path.iterdir()] == [Path(file).name]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (
            ["a.yaml"],
            f'--output: {KNOWN}, found "a.yaml"',
        ),
        (["githb=a.txt"], 'unknown format "githb"; did you mean github?'),
        (["no/a.json"], '--output: "no/a.json": expected a folder that exists, found "no"'),
        (["json=."], '--output: ".": expected a file, found a folder'),
        (["json="], '--output: expected a file, found ""; --format is for standard output'),
        (["json=-"], '--output: expected a file, found "-"; --format is for standard output'),
        (["json=" + "a" * 300], f'--output: "{"a" * 60}…": expected a file, found: File name too long'),
        (["a.json", "text=./a.json"], '--output: expected each file once, found "a.json" twice'),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(
    run: Run, tmp_path: Path, outputs: list[str], message: str
) -> None:
    done = run("cost", "no-such-file", "--output", "first.json", *(part for each in outputs for part in ("--output", each)))
    assert (done.code, done.out, done.err) == (2, "", f"gpt41: {message}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command", ["count", "cost", "recommend", "plan", "cache", "batch", "train", "check", "migrate", "reconcile", "report"]
)
def test_what_is_read_is_not_written_over(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "a.jsonl").write_text("{}")
    (tmp_path / "link.jsonl").symlink_to("a.jsonl")
    done = run(command, "a.jsonl", "--output", "link.jsonl")
    assert done == (2, "", 'gpt41: --output: expected a file that is not read, found "link.jsonl"\n')
    assert (tmp_path / "a.jsonl").read_text() == "{}"


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("report",),
        ("reconcile", "log", "--estimate", "read.json"),
        ("reconcile", "log", "--requests", "read.json"),
        ("reconcile", "log", "--config", "read.json"),
        ("diff", "read.json"),
        ("cost", "--input-tokens", "5", "--prediction", "read.json", "--accept", "5%"),
        ("recommend", "--input-tokens", "5", "--scores", "read.json"),
        ("train", "--distill-from", "gpt-4.1", "--prompts", "read.json"),
        ("plan", "--input-tokens", "5", "--pricing", "read.json"),
    ],
)
def test_neither_are_the_files_of_options_nor_a_config(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "read.json").write_bytes((ROOT / "pricing.yaml").read_bytes())
    (tmp_path / "gpt41.yaml").write_text("version: 1")
    name = "read.json" if "read.json" in command else "gpt41.yaml"
    done = run(*command, "--output", f"json={name}")
    assert done == (2, "", f'gpt41: --output: expected a file that is not read, found "{name}"\n')


def test_a_failed_check_writes_its_files_all_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(Path(BATCH).read_text().replace("POST", "GET", 1))
    (tmp_path / "a.xml").write_text("of yesterday")
    done = run("batch", "bad.jsonl", *DAY, "-q", "--output", "a.xml", "--output", "a.sarif")
    assert (done.code, done.out) == (1, "0.0005246\n")
    assert "bad.jsonl:1: method: expected POST" in done.err
    assert ET.parse(tmp_path / "a.xml").getroot().get("failures") == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.sarif", "a.xml", "bad.jsonl"]


def test_entries_are_written_as_they_are_streamed(run: Run, tmp_path: Path) -> None:
    command = ("count", BATCH, "--each")
    streamed = run(*command, "--format", "jsonl", "--output", "a.json", "--output", "a.jsonl")
    assert streamed.out == run(*command, "--format", "jsonl").out == (tmp_path / "a.jsonl").read_text()
    assert len(json.loads((tmp_path / "a.json").read_text())["entries"]) == 6
    for quiet in (("count", BATCH, "--each", "-q"), ("cost", BATCH, "--each", "-q", *DAY)):
        assert run(*quiet, "--output", "b.md").out == run(*quiet).out


def test_json_says_which_table_wherever_it_goes(run: Run, tmp_path: Path) -> None:
    run("count", "--text", "one", "-q", "--output", "a.json")
    assert (tmp_path / "a.json").read_text() == run("count", "--text", "one", "--format", "json").out
    assert json.loads((tmp_path / "a.json").read_text())["pricing"]["file"] == str(FROZEN)


def test_a_link_stays_one_and_a_device_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_file("after", tmp_path / "link")
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "real").read_text()) == (True, "after")
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_file("through", tmp_path / "pipe")
    assert os.read(reader, 100) == b"through"
    os.close(reader)


def test_a_file_is_on_disk_before_it_replaces_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def record(name: str, do: Callable[..., None], *given: object) -> None:
        steps.append(name)
        do(*given)

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, partial(record, name, getattr(os, name)))
    write_file("text", tmp_path / "a")
    assert steps == ["fsync", "replace"]


def test_a_write_that_fails_removes_its_own_temporary_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f".gpt41.{'00' * 8}.tmp").write_text("of another run")
    (tmp_path / "a").write_text("before")
    monkeypatch.setattr(os, "urandom", bytes)
    with pytest.raises(InputError, match="expected a file that can be written, found: File exists"):
        write_file("after", tmp_path / "a")
    monkeypatch.undo()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_file("after", tmp_path / "a")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        f".gpt41.{'00' * 8}.tmp": "of another run",
        "a": "before",
    }


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_replaces_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    write_file("first", tmp_path / "a", is_new=True)
    with pytest.raises(InputError, match="expected a file that can be written, found: File exists"):
        write_file("second", tmp_path / "a", is_new=True)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "first")]


def test_a_read_only_file_stays_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("before")
    (tmp_path / "a.json").chmod(0o444)
    done = run(*COST, "--output", "a.json")
    assert done == (2, "", "gpt41: a.json: expected a file that can be written, found one that is read-only\n")
    config = "version: 1\nworkloads: {a: {input_tokens: 9, model: gpt-4.1-mini}}\n"
    (tmp_path / "gpt41.yaml").write_text(config)
    (tmp_path / "gpt41.yaml").chmod(0o444)
    log = str(ROOT / "tests" / "logs" / "batch_output.jsonl")
    done = run("reconcile", log, "--workload", "a", "--write-config", *DAY)
    assert done == (2, "", "gpt41: gpt41.yaml: expected a file that can be written, found one that is read-only\n")
    assert ((tmp_path / "a.json").read_text(), (tmp_path / "gpt41.yaml").read_text()) == ("before", config)


OUT = "expected a path that stays in the repository or the working directory, found a link that leaves it"


@pytest.mark.parametrize("is_repository", [True, False])
@pytest.mark.parametrize(
    ("command", "place"),
    [
        ((*COST, "--output", "link.json"), "link.json"),
        ((*COST, "--output", "json=folder/a"), "folder/a"),
        (("batch", BATCH, "--split", "folder", *DAY), "folder"),
        (("batch", BATCH, "--split", "folder/parts", *DAY), "folder/parts"),
        (("check", "--init", "prompt.txt", "--config", "folder/gpt41.yaml", *DAY), "folder/gpt41.yaml"),
        (("report", "--charts", "folder", *DAY), "folder/*.svg"),
    ],
)
def test_links_do_not_lead_what_is_written_out_of_the_repository(
    run: Run, tmp_path: Path, command: tuple[str, ...], place: str, is_repository: bool
) -> None:
    here, outside = tmp_path / "here", tmp_path / "outside"
    here.mkdir()
    outside.mkdir()
    if is_repository:
        (here / ".git").mkdir()
    (outside / "a.json").write_text("of somebody")
    (here / "link.json").symlink_to(outside / "a.json")
    (here / "folder").symlink_to(outside)
    (here / "prompt.txt").write_text("A prompt.")
    (here / "gpt41.yaml").write_text("version: 1\nworkloads: {a: {input_tokens: 9, output_tokens: 1, model: gpt-4.1-mini}}\n")
    done = run(*command, cwd=here)
    assert (done.code, done.out) == (2, "")
    assert fnmatch(done.err, f"gpt41: {place}: {OUT}\n")
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("a.json", "of somebody")]


def test_what_the_user_names_may_be_anywhere(run: Run, tmp_path: Path) -> None:
    here, outside = tmp_path / "here", tmp_path / "outside"
    (here / "below").mkdir(parents=True)
    outside.mkdir()
    (here / "inside").symlink_to("below")
    (outside / "link").symlink_to(tmp_path)
    for place in ("../outside/a.json", str(outside / "b.json"), "../outside/link/c.json", "inside/d.json"):
        assert run(*COST, "--output", place, cwd=here).code == 0
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")} == {
        "outside/a.json",
        "outside/b.json",
        "c.json",
        "here/below/d.json",
    }


def test_what_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone/a: expected a file that can be written, found: No such file or directory"):
        write_file("text", tmp_path / "gone" / "a")
    with pytest.raises(InputError, match="No space left"):
        write_file("text", Path("/dev/full"))
    assert list(tmp_path.iterdir()) == []


def test_the_summary_of_a_github_job_is_added_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("# Before")
    given = {"GITHUB_STEP_SUMMARY": "summary.md"}
    done = run(*COST, "--format", "github", **given)
    assert (done.code, done.err) == (0, "")
    markdown = run(*COST, "--format", "markdown", **given).out
    assert run(*COST, "-q", "--format", "github", **given).code == 0
    assert (tmp_path / "summary.md").read_text() == f"# Before\n\n{markdown}"


def test_a_summary_that_cannot_be_written_is_complained_about_and_no_failure(run: Run, tmp_path: Path) -> None:
    done = run(*COST, "--format", "github", GITHUB_STEP_SUMMARY="no/summary.md")
    assert (done.code, done.out) == (0, run(*COST, "--format", "github").out)
    reason = "expected a file that can be written, found: No such file or directory"
    assert done.err == f"gpt41: GITHUB_STEP_SUMMARY: no/summary.md: {reason}\n"


def test_a_summary_is_never_longer_than_github_takes(tmp_path: Path) -> None:
    append_to_file("é" * 5, tmp_path / "summary", 12)
    with pytest.raises(InputError, match="summary: expected at most 12 bytes with what is to be added, found 13"):
        append_to_file("a", tmp_path / "summary", 12)
    assert (tmp_path / "summary").read_text() == "é" * 5


def test_a_loop_of_links_is_not_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("b.json")
    (tmp_path / "b.json").symlink_to("a.json")
    done = run(*COST, "--output", "a.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith("gpt41: --output: ")


def test_readers_of_a_repository_get_paths_from_its_top(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "services" / "a"
    (folder / "deep").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    config = "version: 1\nworkloads: {a: {input_tokens: 9, output_tokens: 1, model: gpt-4.1-mini}}\n"
    (folder / "gpt41.yaml").write_text(config)
    done = run(
        "check", "--as-of", "2026-11-23", "--format", "github", "--output", "a.json", "--output", "a.xml", cwd=folder / "deep"
    )
    assert "::warning file=services/a/gpt41.yaml,line=2," in done.out
    assert 'file="services/a/gpt41.yaml" line="2"' in (folder / "deep/a.xml").read_text()
    # Programs that read JSON run where the command ran.
    assert '"path": "../gpt41.yaml"' in (folder / "deep/a.json").read_text()


def test_a_test_report_fails_where_the_run_does(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads: {a: {input_tokens: 9, output_tokens: 1, model: gpt-4.1-mini}}\n")
    for level, code, failures in (("error", 0, 0), ("warning", 1, 1), ("never", 0, 0)):
        done = run("check", "--as-of", "2026-11-23", "--format", "junit", "--fail-on", level)
        assert done.code == code
        assert f'<testsuites name="gpt41" tests="3" failures="{failures}"' in done.out
