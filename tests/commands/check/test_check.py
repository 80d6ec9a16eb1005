"""`gpt41 check`: what every workload is held against, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.check import workload_checks
from gpt41_cli.commands.check.check import check_workloads
from gpt41_cli.config.load import parse_config
from gpt41_cli.config.roots import open_working_tree
from gpt41_cli.requests import readers
from gpt41_cli.tokens import meter
from gpt41_cli.workloads.priced import CheckOptions, OpenConfig
from tests.builders import market
from tests.conftest import ROOT, Run

DAY = ("--as-of", "2026-11-23")


def request(content: str = "Say hello.", **more: object) -> str:
    """The body of a Chat Completions request, of 10 tokens."""
    body = {"model": "gpt-4.1-mini", "max_tokens": 100, "messages": [{"role": "user", "content": content}], **more}
    return json.dumps(body)


def config(folder: Path, text: str) -> None:
    (folder / "gpt41.yaml").write_text(f"version: 1\n{text}")


def findings(out: str) -> list[tuple[str, str, str]]:
    """Rule, level and message of each finding in JSON, but for the end of the models, which has its own test."""
    found = json.loads(out)["findings"]
    return [(each["rule"], each["level"], each["message"]) for each in found if each["rule"] != "model-retires"]


def test_an_expected_figure_over_a_budget_is_an_error_and_a_high_one_a_warning(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(request())
    config(
        tmp_path,
        """workloads:
  hello:
    requests: a.json
    output_tokens: {expected: 100, high: 1000}
    volume: 1,000,000 / month
    budget: {per_request_usd: 0.0001, monthly_usd: 200}
budget: {monthly_usd: 300}
""",
    )
    # 10 input tokens at 0.40 and 100 or 1,000 output tokens at 1.60 per million: $0.000164, or $0.001604.
    done = run("check", *DAY, "--format", "json")
    assert findings(done.out) == [
        ("budget-per-request", "error", "hello: costs $0.000164 per request, over the $0.0001 allowed"),
        ("budget-monthly", "warning", "hello: may cost $1,604.00 per month, over the $200.00 allowed"),
        ("budget-total", "warning", "total: may cost $1,604.00 per month, over the $300.00 allowed"),
    ]
    first = json.loads(done.out)["findings"][0]
    assert (first["location"], first["actual"], first["allowed"], first["subject"]) == (
        {"path": "gpt41.yaml", "line": 7, "column": 14},
        "0.000164",
        "0.0001",
        "hello",
    )
    assert done.code == 1
    assert json.loads(done.out)["monthly_usd"] == {"expected": "164", "high": "1604"}
    assert run("check", *DAY, "--fail-on", "never").code == 0
    config(
        tmp_path,
        "workloads: {hello: {requests: a.json, output_tokens: {expected: 1, high: 9}, budget: {per_request_usd: 0.00001}}}",
    )
    assert [run("check", *DAY, "--fail-on", level).code for level in ("error", "warning", "never")] == [0, 1, 0]
    assert run("check", "--fail-on", "notice").err == (
        'gpt41: --fail-on: expected one of error, warning, never, found "notice"\n'
    )


def test_a_budget_that_is_broken_by_less_than_is_shown(run: Run, tmp_path: Path) -> None:
    workload = "{input_tokens: 1, output_tokens: 0, model: gpt-4.1-mini, volume: 125001000 / month, budget: {monthly_usd: 50}}"
    config(tmp_path, f"workloads: {{a: {workload}}}")
    assert findings(run("check", *DAY, "--format", "json").out) == [
        ("budget-monthly", "error", "a: costs $50.0004 per month, over the $50.00 allowed")
    ]
    config(
        tmp_path, "workloads: {a: {input_tokens: 600, output_tokens: 0, model: gpt-4.1, budget: {per_request_usd: 0.00119999}}}"
    )
    assert findings(run("check", *DAY, "--format", "json").out) == [
        ("budget-per-request", "error", "a: costs $0.0012 per request, over the $0.00119999 allowed")
    ]


def test_the_bare_answer_and_what_failed_next_to_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(request())
    workload = "{requests: a.json, output_tokens: 100, volume: 3 / week"
    config(tmp_path, f"workloads:\n  a: {workload}}}\n  b: {workload}, budget: {{input_tokens: 9}}}}\n")
    # 2 workloads of 0.000164 * 3 * 365 / 84 dollars, a figure without a last digit.
    done = run("check", *DAY, "-q")
    assert done == (1, "0.004275714286\n", "gpt41: b: a.json:1 has 10 input tokens, over the 9 allowed\n")
    config(
        tmp_path,
        "workloads: {a: {requests: a.json, output_tokens: 100}, b: {input_tokens: 10, output_tokens: 0, model: gpt-4.1}}",
    )
    assert run("check", *DAY, "-q").out == "a 0.000164\nb 0.00002\n"


def test_requests_over_a_budget_are_named_where_they_stand_and_the_rest_counted(run: Run, tmp_path: Path) -> None:
    lines = [request("word " * words) for words in range(1, 31)]
    (tmp_path / "many.jsonl").write_text("\n".join(lines))
    config(tmp_path, "workloads: {many: {requests: many.jsonl, budget: {input_tokens: 25}}}")
    found = json.loads(run("check", *DAY, "--format", "json").out)["findings"]
    over = [each for each in found if each["rule"] == "budget-input-tokens"]
    assert [each["location"]["line"] for each in over] == [30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 2]
    assert over[0]["message"] == "many: many.jsonl:30 has 38 input tokens, over the 25 allowed"
    assert over[-1]["message"] == "many: 3 more requests over the 25 allowed"
    assert over[-1]["location"]["path"] == "gpt41.yaml"


def test_a_limit_that_only_the_longest_answers_break_is_a_warning(run: Run, tmp_path: Path) -> None:
    config(
        tmp_path,
        """defaults: {model: gpt-4.1-mini}
workloads:
  long: {input_tokens: 2000000}
  chatty: {input_tokens: 10, output_tokens: {expected: 30000, high: 40000}}
  urgent: {input_tokens: 200000, mode: priority}
""",
    )
    who = "gpt-4.1-mini"
    assert findings(run("check", *DAY, "--format", "json").out) == [
        (
            "context-window",
            "error",
            f"long: {who}: 2,000,000 tokens of input and output are over the context window of 1,047,576",
        ),
        ("max-output-tokens", "warning", f"chatty: {who}: 40,000 output tokens are over its limit of 32,768"),
        (
            "priority-long-context",
            "error",
            f"urgent: {who} (priority): priority doesn't accept requests above 128,000 input tokens",
        ),
    ]


def test_requirements_and_what_would_meet_them(run: Run, tmp_path: Path) -> None:
    config(
        tmp_path,
        """workloads:
  fine: {input_tokens: 1000, output_tokens: 100, model: gpt-4.1, require: {task: coding}}
  dear: {input_tokens: 1000, output_tokens: 100, model: gpt-4.1, volume: 1000 / month, require: {task: classification}}
  weak: {input_tokens: 1000, output_tokens: 100, model: gpt-4.1-nano, require: {task: coding, until: 2027-02-01}}
  slow: {input_tokens: 1000, output_tokens: 100, model: gpt-4.1, mode: batch, require: {task: coding, deadline: 1h}}
  blind: {input_tokens: 1000, output_tokens: 100, model: gpt-6-luna, require: {task: coding, needs: [predicted-outputs]}}
""",
    )
    done = run("check", *DAY, "--format", "json")
    scores = "SWE-bench Verified, Aider polyglot diff, Aider polyglot whole"
    assert findings(done.out) == [
        (
            "cheaper-variant",
            "notice",
            "dear: gpt-4.1-mini meets the requirements until 2027-01-14 for $0.56 per month instead of $2.80, 80 % less",
        ),
        ("no-score", "warning", "weak: gpt-4.1-nano: its SWE-bench Verified score isn't known for coding"),
        ("deadline", "error", "slow: gpt-4.1 (batch): batch answers within 24 hours, later than 60 minutes"),
        ("qualifying-variant", "notice", "slow: gpt-4.1 meets the requirements until 2027-01-14, for $0.0028 per request"),
        ("needs", "error", "blind: gpt-6-luna: its source does not list predicted-outputs"),
        ("no-score", "notice", f"blind: gpt-6-luna: its {scores} score isn't known for coding"),
        (
            "model-shut-down",
            "error",
            "weak: gpt-4.1-nano: OpenAI shut it down on 2026-10-23; its official replacement is gpt-5.6-luna",
        ),
    ]
    assert done.code == 1


def test_a_variant_that_falls_short_of_its_task(run: Run, tmp_path: Path) -> None:
    config(
        tmp_path,
        "workloads:\n  a:\n    input_tokens: 9\n    model: gpt-4.1-mini\n"
        "    require: {task: coding, tolerance_percent: 5, until: 2027-01-14}\n",
    )
    found = json.loads(run("check", *DAY, "--format", "json").out)["findings"]
    assert [(each["rule"], each["level"], each["location"]["line"]) for each in found] == [
        ("until", "error", 6),
        ("tolerance", "error", 6),
        ("model-retires", "warning", 5),
    ]


@pytest.mark.parametrize(
    ("option", "level", "code"),
    [((), "warning", 0), (("--retires-within", "51d"), "warning", 0), (("--retires-within", "52d"), "error", 1)],
)
def test_the_end_of_a_model_is_as_grave_as_it_is_near(
    run: Run, tmp_path: Path, option: tuple[str, ...], level: str, code: int
) -> None:
    config(tmp_path, "workloads: {a: {input_tokens: 10, model: gpt-4.1-mini}}")
    done = run("check", *DAY, *option, "--format", "json")
    (found,) = json.loads(done.out)["findings"]
    assert (done.code, found["rule"], found["level"], found["message"]) == (
        code,
        "model-retires",
        level,
        "a: gpt-4.1-mini ends in 52 days (2027-01-14); its official replacement is gpt-6-luna",
    )
    assert found["location"] == {"path": "gpt41.yaml", "line": 2, "column": 35}


def test_a_model_that_is_gone_is_an_error(run: Run, tmp_path: Path) -> None:
    config(tmp_path, "workloads: {a: {input_tokens: 10, model: gpt-4.1-nano}}")
    done = run("check", *DAY, "--retires-within", "1d", "--format", "json")
    assert findings(done.out) == [
        (
            "model-shut-down",
            "error",
            "a: gpt-4.1-nano: OpenAI shut it down on 2026-10-23; its official replacement is gpt-5.6-luna",
        )
    ]
    assert done.code == 1


def test_a_batch_file_that_would_be_rejected(run: Run, tmp_path: Path) -> None:
    line = json.loads((ROOT / "tests/data/batch.jsonl").read_text().splitlines()[0])
    (tmp_path / "in.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps(line)}\n")
    config(tmp_path, "workloads: {night: {requests: in.jsonl, usage_tier: 1}}")
    done = run("check", *DAY, "--format", "json")
    assert done.code == 1
    (found,) = [each for each in json.loads(done.out)["findings"] if each["level"] == "error"]
    assert found["message"].startswith("night: in.jsonl:2: ")
    assert found["location"] == {"path": "in.jsonl", "line": 2, "column": None}
    # The same lines sent one by one are no Batch file.
    config(tmp_path, "workloads: {day: {requests: in.jsonl, mode: standard}}")
    assert run("check", *DAY).code == 0


def batch_line(number: int = 1, **changes: object) -> str:
    """A line for the Batch API; `changes` to its body come in `body`."""
    body = {**json.loads(request()), **dict(changes.pop("body", {}))}  # type: ignore[call-overload]
    return json.dumps({"custom_id": f"{number}", "method": "POST", "url": "/v1/chat/completions", "body": body, **changes}) + "\n"


BROKEN_FILES = {
    "sound": batch_line(1) + batch_line(2),
    "no line break at the end": (batch_line(1) + batch_line(2)).strip(),
    "the same id": "".join(batch_line(number % 3) for number in range(20)),
    "blank lines": f"{batch_line(1)}\n\n{batch_line(2)}",
    "a byte order mark": f"\N{BYTE ORDER MARK}{batch_line()}",
    "two models": batch_line(1) + batch_line(2, body={"model": "gpt-4.1"}),
    "an unknown model": batch_line(1) + batch_line(2, body={"model": "gpt-99"}),
    "no model": batch_line(1) + batch_line(2, body={"model": None}),
    "another method": batch_line(method="GET") + batch_line(2, method=None),
    "a stream": batch_line(body={"stream": True}),
    "another url": batch_line(1) + batch_line(2, url="/v1/embeddings"),
    "no id": batch_line(1) + batch_line(2).replace("custom_id", "id"),
    "too long an answer": batch_line(body={"max_tokens": 100_000}),
    "no JSON": batch_line(1) + "{\n",
    "not a request": batch_line(1) + "{}\n",
    "a body alone": batch_line(1) + '{"model": "gpt-4.1", "messages": "x"}\n',
    "a list": f"[{batch_line(1)}, {batch_line(2)}]",
}


@pytest.mark.parametrize("name", BROKEN_FILES)
@pytest.mark.parametrize("declared", ["mode: batch, model: gpt-4.1-mini", "mode: batch, model: gpt-4.1", "output_tokens: 5"])
def test_the_lines_of_a_batch_file_break_what_they_break_for_batch(run: Run, tmp_path: Path, name: str, declared: str) -> None:
    (tmp_path / "night").mkdir()
    (tmp_path / "night" / "batch.jsonl").write_text(BROKEN_FILES[name])
    config(tmp_path, f"workloads: {{night: {{requests: night/, {declared}}}}}")
    checked = run("check", *DAY, "--format", "json")
    if checked.code == 2:
        reasons = ("of one model and mode", "expected a model", "workloads.night.requests: night/batch.jsonl:2: ")
        assert any(reason in checked.err for reason in reasons)
        return
    tokens = ("--output-tokens", "5") if "output" in declared else ()
    alone = run("batch", "night/batch.jsonl", *DAY, *tokens, "--format", "json")
    assert [each for each in findings(checked.out) if each[2].startswith("night: night/")] == [
        (rule, level, f"night: {message}") for rule, level, message in findings(alone.out)
    ]


def test_each_line_is_read_and_counted_once_and_each_candidate_judged_once(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever looks at it: budgets, limits, the rules of Batch files, other variants. Of lines with a frame, the frame."""
    (tmp_path / "batch.jsonl").write_text("".join(batch_line(number) for number in range(6)))
    config(tmp_path, "workloads: {night: {requests: batch.jsonl, require: {task: general}, volume: 6 / day, usage_tier: 1}}")
    calls: Counter[str] = Counter()

    def count(owner: ModuleType, name: str) -> None:
        act = getattr(owner, name)

        def counted(*given: object, **more: object) -> object:
            calls[name] += 1
            return act(*given, **more)

        monkeypatch.setattr(owner, name, counted)

    count(readers, "read_json_request")
    count(meter, "build_prompt")
    count(workload_checks, "judge_candidate")
    path = tmp_path / "gpt41.yaml"
    declared = parse_config(path.read_bytes(), "gpt41.yaml", catalog)
    opened = [OpenConfig(declared, open_working_tree(path).find_files)]
    found = check_workloads(opened, CheckOptions(market(catalog, as_of=date(2026, 11, 23))))
    assert "batch files" in found.workloads[0].findings_by_check
    # The first line is read, and twice more with marks in place of its texts, which is the frame of the others.
    assert calls == {"read_json_request": 3, "build_prompt": 2, "judge_candidate": 9}


def test_a_usage_tier_that_cannot_take_it_all(run: Run, tmp_path: Path) -> None:
    config(
        tmp_path,
        """defaults: {model: gpt-4.1, usage_tier: 1, output_tokens: 10}
workloads:
  steady: {input_tokens: 1000, volume: 1000000 / week}
  night: {input_tokens: 10000, volume: 1000 / day, mode: batch}
  little: {input_tokens: 1000, volume: 10 / day}
  huge: {input_tokens: 40000}
""",
    )
    pool = (
        "its long-context pool of 200,000 opens only above 128,000 input tokens: no request between 30,000 and "
        "128,000 tokens gets through"
    )
    done = run("check", *DAY, "--format", "json")
    assert findings(done.out) == [
        (
            "usage-tier",
            "error",
            f"huge: gpt-4.1: one request needs 40,000 tokens per minute; tier 1 allows 30,000, and {pool}",
        ),
        ("monthly-limit", "error", "steady, night, little: costs $9,344.11 per month, over the $100.00 that tier 1 may spend"),
        # 1,000,010 requests of 1,000 tokens, of which 1,000,000 in a week and 10 in a day.
        ("pace", "error", "steady, little: gpt-4.1 needs 99,214 tokens per minute on average, over the 30,000 of tier 1"),
        ("pace", "warning", "night: gpt-4.1 needs 10,000,000 batch tokens per day on average, over the 90,000 of tier 1"),
    ]


def test_a_tier_that_many_workloads_fill_together(run: Run, tmp_path: Path) -> None:
    workload = (
        "{input_tokens: 1, output_tokens: {expected: 1, high: 30000}, volume: 6000 / day, model: gpt-4.1-mini, usage_tier: 1}"
    )
    config(tmp_path, f"defaults: {{model: gpt-4.1-mini}}\nworkloads:\n  a: {workload}\n")
    limit = "may cost $8,760.07 per month, over the $100.00 that tier 1 may spend"
    assert findings(run("check", *DAY, "--format", "json").out) == [("monthly-limit", "warning", f"a: {limit}")]
    config(tmp_path, f"defaults: {{model: gpt-4.1-mini}}\nworkloads:\n  a: {workload}\n  b: {workload}\n")
    assert findings(run("check", *DAY, "--format", "json").out)[1] == (
        "pace",
        "error",
        "a, b: gpt-4.1-mini needs 12,000 requests per day on average, over the 10,000 of tier 1",
    )


def test_a_maximum_that_the_model_does_not_give_is_refused_whatever_is_expected(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(request(max_tokens=40_000))
    config(tmp_path, "workloads: {a: {requests: a.json, output_tokens: 10}}")
    assert findings(run("check", *DAY, "--format", "json").out) == [
        ("max-output-tokens", "error", "a: gpt-4.1-mini: 40,000 output tokens are over its limit of 32,768")
    ]


def test_without_output_tokens_every_answer_is_as_long_as_it_can_be(run: Run, tmp_path: Path) -> None:
    config(tmp_path, "workloads: {a: {input_tokens: 0, model: gpt-4.1}}")
    assert run("check", *DAY, "-q").out == "a 0.262144\n"  # 32,768 at $8.00 per million


def test_a_cache_that_is_stated_where_there_is_none(run: Run, tmp_path: Path) -> None:
    config(tmp_path, "workloads: {a: {input_tokens: 500, output_tokens: 1, cached: 60%, model: gpt-4.1}}")
    assert findings(run("check", *DAY, "--format", "json").out) == [
        ("cache-minimum", "notice", "a: a prompt below 1,024 tokens is never cached; this one has 500 and gets no discount")
    ]


def test_what_workloads_share_is_in_the_row_of_each(run: Run, tmp_path: Path) -> None:
    config(
        tmp_path,
        "defaults: {output_tokens: 1, model: gpt-4.1}\n"
        "workloads:\n  a: {input_tokens: 5}\n  b: {input_tokens: 5, model: gpt-4.1-nano}\n",
    )
    rows = [line.split() for line in run("check", *DAY).out.splitlines() if line.startswith(("  a ", "  b "))]
    assert [row[-1] for row in rows] == ["warning", "error"]


def test_what_is_about_the_sum_marks_the_row_of_the_sum(run: Run, tmp_path: Path) -> None:
    config(
        tmp_path,
        "budget: {monthly_usd: 1}\ndefaults: {output_tokens: 1, model: gpt-6-luna, mode: standard}\n"
        "workloads:\n  a: {input_tokens: 50, volume: 1000000 / month}\n"
        "  b: {input_tokens: 5, volume: 1000000 / month, budget: {input_tokens: 4}}\n",
    )
    done = run("check", *DAY)
    table = [line.split() for line in done.out.splitlines() if line.startswith(("  a ", "  b ", "  all "))]
    assert [row[-1] == "error" for row in table] == [False, True, True]
    assert table[2] == ["all", "$9.50", "error"]
    rows = map(json.loads, run("check", *DAY, "--format", "jsonl").out.splitlines())
    assert [row["level"] for row in rows] == [None, "error"]


VOLUME = "    volume: 1000 / month  # a guess: say how many you send per day, week or month\n"


def test_a_first_config_from_the_files_at_hand(run: Run, tmp_path: Path) -> None:
    for name in ("batch.jsonl", "ticket.txt"):
        (tmp_path / name).write_bytes((ROOT / "tests/data" / name).read_bytes())
    (tmp_path / "prompts: old").mkdir()
    (tmp_path / "prompts: old" / "batch.jsonl").write_text(request())
    (tmp_path / "open.json").write_text('{"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}')
    paths = ("batch.jsonl", "ticket.txt", "prompts: old", "prompts: old/batch.jsonl", "open.json")
    done = run("check", "--init", *paths, *DAY, "-q")
    assert (done.code, done.err) == (0, "gpt41: wrote gpt41.yaml; its volumes are guesses: replace them\n")
    written = (tmp_path / "gpt41.yaml").read_text()
    guess = "    output_tokens: {expected: 300, high: 1000}  # a guess: say how long your answers are\n"
    budget = f"{VOLUME}    budget: {{growth_percent: 10}}\n"
    assert written[written.index("version") :] == (
        "version: 1\ndefaults: {model: gpt-4.1}  # for requests without a model; gpt41 recommend compares the family\n"
        "workloads:\n"
        f"  batch:\n    requests: batch.jsonl\n{budget}"
        f"  ticket:\n    requests: ticket.txt\n{guess}{budget}"
        f'  prompts-old:\n    requests: "prompts: old/"\n{budget}'
        f'  batch-2:\n    requests: "prompts: old/batch.jsonl"\n{budget}'
        f"  open:\n    requests: open.json\n{guess}{budget}"
    )
    assert run("check", *DAY).code == 0
    again = run("check", "--init", "ticket.txt", *DAY)
    assert again == (2, "", "gpt41: --init: expected no gpt41.yaml yet, found one, which is left as it is\n")
    assert (tmp_path / "gpt41.yaml").read_text() == written


def test_a_first_config_takes_no_document_and_no_code_for_a_prompt(run: Run, tmp_path: Path) -> None:
    """The folder isn't a workload then: its files are listed."""
    for name in ("LICENSE", "README.md", "tool.py", "system.md", "Makefile", ".env"):
        (tmp_path / name).write_text("Be brief.")
    limited = {"model": "gpt-4.1", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
    (tmp_path / "a.json").write_text(json.dumps(limited))
    assert run("check", "--init", ".", *DAY, "-q").code == 0
    written = (tmp_path / "gpt41.yaml").read_text()
    name = re.sub(r"[^\w-]+", "-", tmp_path.name)
    assert written[written.index("workloads") :] == (
        f"workloads:\n  {name}:\n    requests: [a.json, system.md]\n"
        "    output_tokens: {expected: 50, high: 50}  # a guess: say how long your answers are\n"
        f"{VOLUME}    budget: {{growth_percent: 10}}\n"
        "# Left out, as they aren't prompts: .env, LICENSE, Makefile, README.md, tool.py\n"
    )
    for left_out, hint in (("tool.py", "gpt41 scan finds the calls in code"), ("README.md", "name the files with your prompts")):
        error = f'gpt41: --init: {left_out}: expected requests or prompts, found "{left_out}", which is neither; {hint}\n'
        assert run("check", "--init", left_out, "--config", "other.yaml", *DAY) == (2, "", error)
    (tmp_path / "src").mkdir()
    for number in range(12):
        (tmp_path / f"src/{number:02}.py").write_text("print()")
    assert run("check", "--init", "src", "--config", "other.yaml", *DAY).err.endswith("gpt41 scan finds the calls in code\n")
    (tmp_path / "src/say.txt").write_text("Be brief.")
    assert run("check", "--init", "src", "--config", "other.yaml", *DAY).code == 0
    assert (tmp_path / "other.yaml").read_text().endswith(", src/09.py and 2 more\n")


def test_a_first_config_makes_a_workload_of_each_model_and_mode(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "system.md").write_text("Be brief.")
    (folder / "b.json").write_text(request())
    (folder / "a[1].json").write_text(request())
    (folder / "logo.png").write_bytes((ROOT / "tests/data/photo.png").read_bytes())
    (folder / "cut.json").write_text(request()[:-9])
    (folder / "answers.csv").write_text("prompt_tokens,completion_tokens\n5,5\n")
    done = run("check", "--init", "prompts", *DAY)
    assert (done.code, done.err) == (
        0,
        "gpt41: wrote gpt41.yaml, which leaves out 3 files: its end names them; its volumes are guesses: replace them\n",
    )
    written = (tmp_path / "gpt41.yaml").read_text()
    budget = f"{VOLUME}    budget: {{growth_percent: 10}}\n"
    assert written[written.index("workloads") :] == (
        f'workloads:\n  prompts-gpt-4-1-mini-standard:\n    requests: ["prompts/a[[]1].json", prompts/b.json]\n{budget}'
        "  prompts-gpt-4-1-standard:\n    requests: prompts/system.md\n"
        f"    output_tokens: {{expected: 300, high: 1000}}  # a guess: say how long your answers are\n{budget}"
        "# Left out, as they have no request or prompt that can be counted: "
        "prompts/answers.csv, prompts/cut.json, prompts/logo.png\n"
    )
    (tmp_path / "mixed.jsonl").write_text(f"{request()}\n{request(model='gpt-4.1')}\n")
    refused = run("check", "--init", "mixed.jsonl", "--config", "other.yaml", *DAY)
    both = "found gpt-4.1 in standard (mixed.jsonl:2), gpt-4.1-mini in standard (mixed.jsonl:1); "
    both += "state both, or make several workloads"
    assert refused == (2, "", f"gpt41: --init: mixed.jsonl: expected requests of one model and mode, {both}\n")
    (tmp_path / "pictures").mkdir()
    (folder / "logo.png").rename(tmp_path / "pictures" / "logo.png")
    nothing = "expected requests, found only what is left out (pictures/logo.png: binary)"
    assert run("check", "--init", "pictures", "--config", "other.yaml").err == f"gpt41: --init: pictures: {nothing}\n"
    assert run("check", "--init", "nothere", "--config", "other.yaml").err.startswith('gpt41: --init: "nothere": expected ')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check",), "gpt41.yaml: expected one here or in a folder above, found none; gpt41 check --init prompts/ writes one"),
        (("check", "a.md"), "expected files only with --init, as gpt41.yaml says what is checked, found some"),
        (
            ("check", "--init"),
            "--init: expected files or folders to write a gpt41.yaml for, found none; such as gpt41 check --init prompts/",
        ),
        (
            ("check", "--init", "-"),
            "--init: expected files or folders, found standard input, which can't be read again later",
        ),
        (("check", "--config", "no.yaml"), "--config: expected a file, found none at no.yaml"),
        (("check", "--config", "."), "--config: expected a file, found a folder at ."),
        (("check", "--retires-within", "3m"), '--retires-within: expected days such as 90d, found "3m"'),
    ],
)
def test_what_check_cannot_do(run: Run, arguments: tuple[str, ...], message: str) -> None:
    assert run(*arguments) == (2, "", f"gpt41: {message}\n")


def test_the_config_of_a_folder_above_counts_from_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(request())
    config(tmp_path, "workloads: {a: {requests: a.json, budget: {input_tokens: 9}}}")
    (tmp_path / "deep/er").mkdir(parents=True)
    done = run("check", *DAY, "-q", cwd=tmp_path / "deep/er")
    assert done == (1, "a 0.000164\n", "gpt41: a: ../../a.json:1 has 10 input tokens, over the 9 allowed\n")


def test_notes_name_the_workloads_that_they_are_about(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hello")
    config(tmp_path, "defaults: {model: gpt-4.1, output_tokens: 1}\nworkloads: {a: {prompt: a.txt}, b: {input_tokens: 5}}")
    (note,) = json.loads(run("check", *DAY, "--format", "json").out)["notes"]
    assert note.startswith("a: Only the text is counted")


def test_a_table_that_was_not_compared_for_long(run: Run, tmp_path: Path) -> None:
    config(tmp_path, "workloads: {a: {input_tokens: 5, model: gpt-4.1}}")
    rules = [each["rule"] for each in json.loads(run("check", "--as-of", "2027-06-01", "--format", "json").out)["findings"]]
    assert "price-table-stale" in rules


def test_every_budget_that_is_kept_is_a_check_that_passed(run: Run, tmp_path: Path) -> None:
    budget = "{per_request_usd: 1, monthly_usd: 2, input_tokens: 5}"
    config(
        tmp_path,
        f"workloads: {{a: {{input_tokens: 5, model: gpt-5.6-luna, volume: 1 / day, usage_tier: 5, budget: {budget}}}}}\n"
        "budget: {monthly_usd: 3}",
    )
    done = run("check", *DAY, "--config", "gpt41.yaml", "--format", "junit")
    assert done.code == 0
    assert [
        (case.get("classname"), case.get("name"), len(case)) for case in ElementTree.fromstring(done.out).iter("testcase")
    ] == [
        ("a", "cost per request", 0),
        ("a", "cost per month", 0),
        ("a", "input tokens", 0),
        ("a", "limits and requirements", 0),
        ("all workloads", "cost per month", 0),
        ("all workloads", "spend limit of a usage tier", 0),
        ("all workloads", "rate limits of a usage tier", 0),
        ("all workloads", "end of the models", 0),
        ("all workloads", "age of the price table", 0),
    ]


ODD_NAMES = [
    "🚀launch",
    "[id]",
    "app[id]",
    "a*b",
    "c?d",
    "~",
    "~home",
    "é",
    'a"b',
    "a\\b",
    "tab\tb",
    "two\nlines",
    "a: b",
    "#c",
    "- d",
    "!e",
]
ODD_NAMES += ["{f}", "true", "[!a]", "{{x}}", "a]b", "\u202egnp", "\U000e0001", " "]


def test_a_first_config_of_odd_names_means_these_and_no_others(run: Run, tmp_path: Path) -> None:
    similar = {other for name in ODD_NAMES for other in (name[1:], name.replace("*", "x").replace("?", "x").replace("[id]", "i"))}
    for folder in {*ODD_NAMES, *similar} - {""}:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "prompt.md").write_text("Be brief." if folder in ODD_NAMES else "Be very brief.")
    for name in ODD_NAMES:
        (tmp_path / f"{name}.md").write_text("Be brief.")
    for paths, files in (
        (ODD_NAMES, [f"{name}/prompt.md" for name in ODD_NAMES]),
        (texts := [f"{name}.md" for name in ODD_NAMES], texts),
    ):
        (tmp_path / "gpt41.yaml").unlink(missing_ok=True)
        assert run("check", "--init", *DAY, "-q", "--", *paths)[::2] == (
            0,
            "gpt41: wrote gpt41.yaml; its volumes are guesses: replace them\n",
        )
        workloads = json.loads(run("check", *DAY, "--format", "json").out)["workloads"]
        assert sorted(list(workload["files"]) for workload in workloads) == sorted([file] for file in files)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert run("diff", "HEAD", *DAY, "-q") == (0, "0\n", "")


def test_a_first_config_of_names_that_are_not_unicode_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    name = os.fsdecode(b"prompts/caf\xe9.md")
    (tmp_path / name).write_text("Be brief.")
    message = '--init: "prompts/caf\\udce9.md": expected a name in UTF-8, found another; rename it, or name its folder'
    assert run("check", "--init", name, *DAY) == (2, "", f"gpt41: {message}\n")
    assert not (tmp_path / "gpt41.yaml").exists()
    assert run("check", "--init", "prompts", *DAY).code == 0


def two_configs(folder: Path, billing: str = "", search: str = "") -> None:
    """Two files with a workload of the same name: 1,000 input tokens at $2 per million, 1,000 a month, $2.00 each."""
    workload = "workloads:\n  a: {model: gpt-4.1, input_tokens: 1000, output_tokens: 0, volume: 1000 / month}\n"
    for name, more in (("billing", billing), ("search", search)):
        (folder / name).mkdir()
        config(folder / name, workload + more)


TWO = ("--config", "billing/gpt41.yaml", "--config", "search/gpt41.yaml")


def test_all_configs_are_checked_and_each_budget_is_for_its_own_file(run: Run, tmp_path: Path) -> None:
    two_configs(tmp_path, "budget: {monthly_usd: 1.5}\n", "budget: {monthly_usd: 2}\n")
    done = run("check", *TWO, *DAY, "--format", "json")
    found = json.loads(done.out)
    assert (done.code, found["config"], found["configs"]) == (1, None, ["billing/gpt41.yaml", "search/gpt41.yaml"])
    assert found["monthly_usd"] == {"expected": "4", "high": "4"}
    assert [each["name"] for each in found["workloads"]] == ["a (billing/gpt41.yaml)", "a (search/gpt41.yaml)"]
    assert findings(done.out) == [
        ("budget-total", "error", "total of billing/gpt41.yaml: costs $2.00 per month, over the $1.50 allowed"),
    ]
    assert [each["location"] for each in found["findings"] if each["rule"] == "budget-total"] == [
        {"path": "billing/gpt41.yaml", "line": 4, "column": 10}
    ]
    quiet = run("check", *TWO, *DAY, "-q")
    assert (quiet.code, quiet.out) == (1, "4\n")
    assert quiet.err == "gpt41: total of billing/gpt41.yaml: costs $2.00 per month, over the $1.50 allowed\n"


def test_a_config_that_is_named_twice_is_one(run: Run, tmp_path: Path) -> None:
    two_configs(tmp_path)
    done = run("check", "--config", "billing/gpt41.yaml", "--config", "./billing/../billing/gpt41.yaml", *DAY, "--format", "json")
    assert (done.code, json.loads(done.out)["config"]) == (0, "billing/gpt41.yaml")


def test_the_mistakes_of_all_configs_are_listed_at_once(run: Run, tmp_path: Path) -> None:
    two_configs(tmp_path, "budgets: {monthly_usd: 2}\ndefault: {}\n", "budget: {monthy_usd: 2}\n")
    done = run("check", *TWO, *DAY)
    assert (done.code, done.out) == (2, "")
    lines = [(line.split(": ")[1], line.rpartition("; ")[2]) for line in done.err.splitlines()]
    assert lines == [
        ("billing/gpt41.yaml:4:1", "write budget: {monthly_usd: 50}"),
        ("billing/gpt41.yaml:5:1", "write defaults: {model: NAME}"),
        ("search/gpt41.yaml:4:10", "did you mean monthly_usd?"),
    ]


def test_limits_of_an_account_and_ends_of_models_are_for_all_configs_together(run: Run, tmp_path: Path) -> None:
    two_configs(tmp_path)
    for name in ("billing", "search"):
        workload = "{model: gpt-4.1, usage_tier: 1, input_tokens: 10000, output_tokens: 0, volume: 3000 / month}"
        config(tmp_path / name, f"workloads:\n  a: {workload}\n")
    found = findings(run("check", *TWO, *DAY, "--format", "json").out)
    names = "a (billing/gpt41.yaml), a (search/gpt41.yaml)"
    assert [(rule, level) for rule, level, text in found if text.startswith(names)] == [("monthly-limit", "error")]


def test_init_writes_one_config(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(request())
    done = run("check", "--init", "a.json", "--config", "a.yaml", "--config", "b.yaml")
    message = "gpt41: --config: expected one file, found a.yaml, b.yaml; run the command once for each of them\n"
    assert (done.code, done.out, done.err) == (2, "", message)
