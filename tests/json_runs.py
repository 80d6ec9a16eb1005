"""Runs whose JSON reaches everything that the published schemas leave open."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gpt41_cli import catalog as catalogs
from gpt41_cli.app import app
from gpt41_cli.commands.diff.code import CodeComparison
from gpt41_cli.commands.diff.compare import compare_sides
from gpt41_cli.commands.diff.report import make_report as report_diff
from gpt41_cli.config.tables import RequestVolume
from gpt41_cli.findings import Place
from gpt41_cli.views import Screen, render
from gpt41_cli.workloads.code_calls import CodeChange, WorkloadEffect
from tests.builders import (
    CALL,
    CATALOG,
    FORMAT,
    LONG_TEXT,
    OTHER_CALL,
    SECRET,
    SYSTEM,
    USER,
    Body,
    chat,
    chats_that_begin,
    costing,
    image_part,
    market,
    responses,
    side,
)
from tests.conftest import FROZEN, ROOT

DATA = ROOT / "tests" / "data"

NOTHING: Body = {}
TOOL = {
    "type": "function",
    "function": {
        "name": "f",
        "parameters": {"type": "object", "title": "F", "properties": {"a": {"type": "integer", "default": 1}}},
    },
}
CHATS = [
    chat(USER, max_tokens=20),
    chat(SYSTEM, USER, {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]}, tools=[SECRET], response_format=FORMAT),
    chat({"role": "user", "content": [image_part(640, 480)]}, service_tier="priority", max_tokens=5),
    chat(USER, functions=[{"name": "f"}]),
    responses("x", previous_response_id="resp_1"),
]


def tools(*names: str) -> Body:
    described = [{"type": "function", "function": {"name": name, "description": LONG_TEXT[:4_000]}} for name in names]
    return chat({"role": "user", "content": "Which tools are there?"}, tools=described)


BREAKS = [
    *chats_that_begin("It is 10:31 now.\n", "It is 10:32 now.\n"),
    *chats_that_begin("Ticket 17 of 90\n", "Ticket 18 of 90\n", rest=LONG_TEXT.upper()),
    *chats_that_begin("Session 4f3a9c01b2. ", "Session 9d01ee77aa. ", rest=LONG_TEXT.title()),
    *chats_that_begin("Dear Maria,\n", "Dear Martin,\n", rest=LONG_TEXT[::-1]),
    tools("find_order", "open_ticket"),
    tools("open_ticket", "find_order"),
    *(chat({"role": "user", "content": [image_part(width, 480), {"type": "text", "text": LONG_TEXT}]}) for width in (640, 641)),
]


def batch(number: int, body: Body, **changed: Any) -> Body:
    return {"custom_id": f"n{number}", "method": "POST", "url": "/v1/chat/completions", "body": body, **changed}


BROKEN = [
    batch(1, chat(USER, max_tokens=5)),
    batch(1, {**chat(USER), "model": "gpt-4.1-mini", "stream": True}, method="GET"),
    batch(2, {**chat(USER), "model": "no-such-model"}),
    batch(3, responses("x"), url="/v1/responses"),
    batch(4, NOTHING),
]
LARGE = [batch(number, chat({"role": "user", "content": "word " * 95_000})) for number in range(2)]
NANO = [batch(1, {**chat(USER), "model": "gpt-4.1-nano"})]
LATE = [*(chat({"role": "user", "content": f"{number}"}) for number in range(200)), *chats_that_begin("", "")]
"""Requests that share a beginning after those whose prompts are kept."""

ANSWER = [{"role": "assistant", "content": "Noon."}]

FILES: Mapping[str, list[Body]] = {
    "chats.jsonl": CHATS,
    "invalid.jsonl": [*CHATS[:2], NOTHING],
    "priced.jsonl": [chat(USER, max_tokens=9), {**chat(USER), "model": "o3"}, responses("x", service_tier="flex")],
    "tools.jsonl": [chat(USER, tools=[TOOL]), chat(SYSTEM, USER)],
    "uncounted.jsonl": [
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}, *ANSWER], "max_tokens": 5}
    ],
    "training.jsonl": [{"messages": [USER, {"role": "assistant", "content": "Noon."}]}],
    "breaks.jsonl": BREAKS,
    "again.jsonl": [chat({"role": "system", "content": LONG_TEXT}, USER)] * 3,
    "broken.jsonl": BROKEN,
    "large.jsonl": LARGE,
    "luna.jsonl": [batch(1, {**chat(USER), "model": "gpt-6-luna"})],
    "nano.jsonl": NANO,
    "successor.json": [{"model": "gpt-6-luna", "usage": {"input_tokens": 9, "output_tokens": 9}}],
    "late.jsonl": LATE,
    "responses.jsonl": [batch(1, responses("x"), url="/v1/responses")],
    "elsewhere.jsonl": [chat(USER, max_tokens=5), {**chat(USER), "model": "gpt-4.1-mini", "service_tier": "priority"}],
}

# Of one day, so that the calendar changes no answer.
TODAY = "--as-of 2026-11-23"
NUMBERS = f"--input-tokens 1200 --cached 60% --output-tokens 400 {TODAY}"
ANSWERS = "logs/batch_output.jsonl"
RUNS = (
    "count prompt.txt",
    "count --text 'one two' --model gpt-4.1",
    "count src chats.jsonl photo.png --model gpt-4.1-mini",
    "count src --top 1",
    "count photo.png --model gpt-4.1 --text x",
    "count tools.jsonl chats.jsonl --show",
    "count invalid.jsonl --skip-invalid",
    "count list.json training.jsonl batch.jsonl --show --skip-invalid",
    "count list.json --each --skip-invalid",
    "count chats.jsonl invalid.jsonl photo.png prompt.txt --model gpt-4.1-mini --each --skip-invalid",
    "count batch.jsonl --each",
    f"cost {NUMBERS}",
    f"cost {NUMBERS} --requests 5000/month --mode standard --mode batch --mode priority",
    f"cost {NUMBERS} --model ft:gpt-4.1-mini-2025-04-14:org::id --platform azure-global",
    f"cost {NUMBERS} --platform azure-global --mode priority",
    f"cost --input-tokens 1040000 --output-tokens 40000 --model gpt-4.1 --model gpt-6-luna {TODAY}",
    "cost --input-tokens 500 --cached 50% --model gpt-4.1 --as-of 2027-02-20",
    f"cost {NUMBERS} --tools web_searches=2,file_searches=1,container_gb=4,container_minutes=3,storage_gb=5,storage_days=30",
    f"cost {NUMBERS} --tools web_search_previews=1 --mode standard --mode batch --model gpt-4.1",
    f"cost --text x --output-tokens 400 --prediction prompt.txt --accept 50% {TODAY}",
    f"cost prompt.txt photo.png --output-tokens 5 {TODAY}",
    f"cost chats.jsonl {TODAY}",
    f"cost invalid.jsonl --skip-invalid --output-tokens 5 {TODAY}",
    f"cost training.jsonl --output-tokens 5 --model gpt-4.1 {TODAY}",
    f"cost again.jsonl --cached simulate {TODAY}",
    f"cost prompt.txt src --output-tokens 5 {TODAY}",
    f"cost batch.jsonl chats.jsonl --each {TODAY}",
    f"cost list.json --each --skip-invalid {TODAY}",
    f"cost priced.jsonl --each --skip-invalid --output-tokens 5 {TODAY}",
    f"recommend {NUMBERS} --task classification --requests 3/day",
    f"recommend {NUMBERS} --deadline 24h --usage-tier 1 --task coding --task vision",
    f"recommend {NUMBERS} --until 2030-01-01",
    f"recommend {NUMBERS} --max-usd 0 --platform azure-global",
    f"recommend {NUMBERS} --scores scores.csv --min-score accuracy=80 --prefer quality",
    f"recommend {NUMBERS} --needs web-search --prefer speed --max-usd 1",
    "recommend --input-tokens 580 --deadline 24h --as-of 2027-02-01",
    f"recommend --input-tokens 20000 --cached 10% --deadline 24h {TODAY}",
    f"recommend chats.jsonl --task general {TODAY}",
    f"recommend invalid.jsonl --skip-invalid {TODAY}",
    f"plan {NUMBERS} --requests 100000 --deadline 24h",
    f"plan {NUMBERS} --requests 100000 --usage-tier 1 --deadline 2h",
    f"plan {NUMBERS} --requests 60000000",
    f"plan --input-tokens 50000 --requests 100 --usage-tier 1 {TODAY}",
    f"plan --input-tokens 150000 --requests 100 {TODAY}",
    "plan --input-tokens 150000 --requests 100 --model gpt-4.1-nano --as-of 2026-07-20",
    f"plan --input-tokens 3 --model gpt-4.1-nano {TODAY}",
    "plan --input-tokens 300 --output-tokens 10 --requests 9000000 --model gpt-4.1 --as-of 2027-01-13",
    f"plan --input-tokens 3 --requests 200000000 --usage-tier 5 {TODAY}",
    f"plan chats.jsonl {TODAY}",
    f"batch batch.jsonl {TODAY}",
    f"batch batch.jsonl broken.jsonl --usage-tier 1 {TODAY}",
    f"batch nothing.jsonl {TODAY}",
    f"batch large.jsonl --usage-tier 1 --jobs 1 {TODAY}",
    "batch nano.jsonl --usage-tier 2 --as-of 2026-07-20",
    f"batch luna.jsonl {TODAY}",
    f"batch batch.jsonl responses.jsonl --split parts {TODAY}",
    f"train tickets.jsonl --requests 20000 --base-input-tokens 900 {TODAY}",
    f"train tickets.jsonl uncounted.jsonl --platform azure-global --model gpt-4.1-mini --epochs 2 {TODAY}",
    f"train nothing.jsonl {TODAY}",
    f"train --distill-from gpt-4.1 --prompts chats.jsonl --prompts uncounted.jsonl {TODAY}",
    f"cache shop.jsonl {TODAY}",
    f"cache breaks.jsonl {TODAY}",
    f"cache late.jsonl {TODAY}",
    f"cache elsewhere.jsonl {TODAY}",
    f"cache again.jsonl invalid.jsonl --skip-invalid --requests-per-minute 9 --lifetime 24h {TODAY}",
    f"migrate {NUMBERS} --requests 5000 --reasoning-tokens low=200,high=9000",
    f"migrate chats.jsonl --from gpt-4.1 --mode standard --mode batch {TODAY}",
    f"migrate priced.jsonl --skip-invalid --mode standard --mode batch --from gpt-4o --to gpt-6.1-sol --to gpt-4.1-mini {TODAY}",
    f"migrate again.jsonl --cached simulate --reasoning-tokens 500 {TODAY}",
    f"migrate {NUMBERS} --from gpt-4o-2024-05-13",
    f"migrate --input-tokens 950000 --mode priority --mode standard {TODAY}",
    f"migrate {TODAY}",
    f"migrate --reasoning-tokens none=0,low=200 {TODAY}",
    f"migrate --config one.yaml --to gpt-6.1-sol --reasoning-tokens 500 {TODAY}",
    f"migrate --config other.yaml {TODAY}",
    f"migrate --config calls.yaml {TODAY}",
    f"models {TODAY}",
    f"models gpt-4.1-mini {TODAY}",
    "models --check",
    "explain",
    "explain model-retires",
    f"migrate logs --fail-on never {TODAY}",
    f"migrate {ANSWERS} --reasoning-tokens low=5,high=9 --to gpt-6-luna {TODAY}",
    f"migrate {ANSWERS} --reasoning-tokens 9 --to gpt-6-luna {TODAY}",
    f"migrate {ANSWERS} --platform azure-data-zone --to gpt-6.1-sol {TODAY}",
    f"migrate successor.json {TODAY}",
    f"reconcile logs {TODAY}",
    f"reconcile logs/usage.csv --fail-on never {TODAY}",
    f"reconcile bills/usage.csv --invoice bills/costs.json {TODAY}",
    f"reconcile bare.json --model gpt-4.1 --invoice bills/costs.json {TODAY}",
    f"reconcile --invoice bills/costs.json --config spent.yaml {TODAY}",
    f"reconcile --invoice bills/costs.json --since 2026-10-08 --until 2026-10-14 --compare {TODAY}",
    f"reconcile logs/usage.csv --pricing company.yaml {TODAY}",
    f"reconcile bare.json --model gpt-4.1 {TODAY}",
    f"reconcile logs/usage.csv --by project --by model --since 2026-11-24 --compare {TODAY}",
    f"reconcile logs/usage.csv --since 2026-11-24 {TODAY}",
    f"reconcile logs/usage.csv --by day,hour --until 2026-11-23 {TODAY}",
    f"reconcile {ANSWERS} --requests batch.jsonl --tolerance 1% --config gpt41.yaml {TODAY}",
    f"reconcile {ANSWERS} --estimate base.json --config gpt41.yaml {TODAY}",
    f"reconcile {ANSWERS} --estimate other.json --workload again {TODAY}",
    f"reconcile {ANSWERS} --estimate cost.json {TODAY}",
    f"reconcile {ANSWERS} --estimate priced.json {TODAY}",
    f"reconcile unnamed.jsonl --estimate entries.json {TODAY}",
    f"check {TODAY}",
    f"check --config other.yaml {TODAY}",
    f"check --config gpt41.yaml --config other.yaml {TODAY}",
    f"diff base.json {TODAY}",
    f"diff base.json other.json {TODAY}",
    f"scan {TODAY}",
    f"scan bot.py --baseline scan.json {TODAY}",
    f"report {TODAY}",
    "report other.yaml base.json wishes.yaml --as-of 2026-09-01",
    f"report wishes.yaml {TODAY}",
    f"report calls.yaml {TODAY}",
)
RUNS_WITHOUT_CONFIG = (f"reconcile --invoice bills/costs.json {TODAY}", f"reconcile --invoice charged.csv {TODAY}")
"""What prints something else if there is a gpt41.yaml."""
SAVED = {
    "base.json": f"check {TODAY}",
    "other.json": f"check --config other.yaml {TODAY}",
    "cost.json": f"cost batch.jsonl --output-tokens 0 {TODAY}",
    "priced.json": f"cost batch.jsonl --output-tokens 5 --each {TODAY}",
    "entries.json": "count batch.jsonl --each",
    "scan.json": f"scan bot.py {TODAY}",
}
CONFIGS = {
    "gpt41.yaml": """
version: 1
defaults: {model: gpt-4.1-mini}
workloads:
  hello:
    requests: [chats.jsonl, batch.jsonl]
    model: gpt-4.1-mini
    mode: standard
    output_tokens: {expected: 100, high: 1000, reasoning: 40}
    volume: 9000 / day
    budget: {monthly_usd: 1}
  again: {requests: again.jsonl, cached: simulate, volume: 1000 / week, budget: {growth_percent: 2.5}}
  long: {input_tokens: 300000, output_tokens: 5, model: gpt-6-luna, volume: 1 / month}
  tools:
    input_tokens: 9
    output_tokens: 9
    model: gpt-4.1
    volume: 1 / day
    tools: {web_searches: 1, web_search_tokens: 9, web_search_previews: 1, file_searches: 1, container_gb: 1,
            container_minutes: 1, storage_gb: 2}
    usage_tier: 4
    require: {task: coding, needs: [streaming], until: 2026-12-31, tolerance_percent: 50, deadline: 48h}
  cold: {input_tokens: 5, cached: 5, output_tokens: 5, model: gpt-6-luna, volume: 1 / month}
budget: {growth_percent: 10}
""",
    "wishes.yaml": """
version: 1
workloads:
  vague: {input_tokens: 9, output_tokens: 9, model: gpt-4.1, volume: 1 / day, require: {until: 2028-01-01, needs: [fine-tuning]}}
  sure: {input_tokens: 2000, cached: 50%, output_tokens: 9, model: gpt-4.1, mode: batch, volume: 1 / day, require: {task: coding}}
""",
    "one.yaml": """
version: 1
workloads:
  hello: {requests: chats.jsonl, model: gpt-4.1, mode: standard, output_tokens: 9, volume: 9000 / day}
  stays: {input_tokens: 9, output_tokens: 9, model: gpt-6.1-sol, mode: batch, volume: 9000 / day}
""",
    "spent.yaml": """
version: 1
workloads:
  support: {input_tokens: 3000, output_tokens: 400, model: gpt-4.1, volume: 1000 / day}
  shop: {input_tokens: 2000, output_tokens: 70, model: gpt-4.1-mini, project: proj_shop}
  azure: {input_tokens: 2000, output_tokens: 70, model: gpt-4.1-mini, platform: azure-global}
""",
    "calls.yaml": """
version: 1
code: [bot.py]
workloads: {a: {input_tokens: 5, output_tokens: 9, model: gpt-4.1, volume: 1 / day}}
""",
    "other.yaml": "{version: 1, workloads: {prompt: {prompt: prompt.txt, input_tokens: 5, output_tokens: 9, model: gpt-4.1}}}",
}


CODE = """
ask(model="gpt-4.1-nano", temperature=0)
ask(model="gpt-4.1-mini", temperature=0)
ask(model="gpt-4.1")  # gpt41: ignore - until it is replaced
ask(model="gpt-6-luna")
# It was gpt-4.5-preview.
ask(prompt={"id": "pmpt_68a1"})
"""


class Printed(NamedTuple):
    """What a command prints with `--format json` and with `--format jsonl`."""

    command: str
    name: str
    document: Any
    records: list[Any]


def out(command: str, output_format: str) -> str:
    """What a run prints. In this process: there are many runs, and most of each would be the start of Python."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()) as errors:
        code = app([*shlex.split(command), "--format", output_format], prog_name="gpt41", standalone_mode=False)
    assert code in (0, 1, None), f"{command}: {errors.getvalue()}"
    shutil.rmtree("parts", ignore_errors=True)
    return printed.getvalue()


def all_printed(folder: Path) -> list[Printed]:
    """What every command of RUNS prints, run in an empty folder, and comparisons."""
    for name, bodies in FILES.items():
        (folder / name).write_text("".join(json.dumps(body) + "\n" for body in bodies))
    for name in ("batch.jsonl", "shop.jsonl", "photo.png"):
        shutil.copy(DATA / name, folder)
    shutil.copy(ROOT / "tests" / "training" / "tickets.jsonl", folder)
    (folder / "list.json").write_text(json.dumps([*CHATS, NOTHING]))
    (folder / "nothing.jsonl").write_text("\n{}\n")
    (folder / "prompt.txt").write_text("one two three")
    (folder / "scores.csv").write_text("model,metric,score\ngpt-4.1,accuracy,91.5\ngpt-4.1-mini,accuracy,79\n")
    (folder / "bot.py").write_text(CODE)
    shutil.copytree(ROOT / "tests" / "logs", folder / "logs")
    shutil.copytree(ROOT / "tests" / "bills", folder / "bills")
    (folder / "company.yaml").write_text("overrides:\n- {discount_percent: 15}\n")
    (folder / "charged.csv").write_text(
        "date,amount_value,amount_currency,line_item,quantity\n"
        '2026-11-20,1.50,usd,"batch | gpt-4.1, input",1500000\n2026-11-20,2,usd,,\n'
    )
    (folder / "bare.json").write_text('{"prompt_tokens": 30, "completion_tokens": 4}')
    unnamed = [{"custom_id": f"message-{number}", "input_tokens": 9, "output_tokens": 4} for number in (1, 2)]
    unnamed[0]["model"] = "gpt-4.1"
    (folder / "unnamed.jsonl").write_text("\n".join(map(json.dumps, unnamed)))
    (folder / "src").mkdir()
    for name, content in {".gitignore": b"*.log", "a.log": b"x", "b.bin": b"\0", "c.py": b"c = 1", "d.txt": b"caf\xe9"}.items():
        (folder / "src" / name).write_bytes(content)
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPT41_PRICING", str(FROZEN))
        patch.setattr(catalogs, "read_catalog", cache(catalogs.read_catalog))  # a third of the time
        alone = [print_both(command) for command in RUNS_WITHOUT_CONFIG]
        for name, text in CONFIGS.items():
            Path(name).write_text(text)
        for saved, command in SAVED.items():
            Path(saved).write_text(out(command, "json"))
        found = [print_both(command) for command in RUNS]
    return [*alone, *found, *compared()]


def print_both(command: str) -> Printed:
    """What a run prints in both formats."""
    document = json.loads(out(command, "json"))
    name = document["schema"].removeprefix("gpt41.").partition("/")[0]
    return Printed(command, name, document, [json.loads(line) for line in out(command, "jsonl").splitlines()])


def compared() -> Iterator[Printed]:
    """Comparisons of workloads that were added, removed and changed in every way, by the month and by the request."""
    monthly, alone = costing(name="a", files={"a.md": 900}, growth_percent="5"), costing(name="b", volume=None)
    more = costing(name="a", text=3_000, files={"b.md": 2_000}, growth_percent="5")
    longer = costing(name="a", output=(200, 900), growth_percent="5")
    fine = costing(name="a", growth_percent="50", volume=RequestVolume(1, "day"))
    nothing = costing(name="c", text=0, tools=0, schema=0, output=(0, 0), volume=RequestVolume(1, "week"))
    sides = [
        (side(monthly, alone, nothing), side(more, nothing, costing(name="d"), growth_percent="10")),
        (side(alone, nothing), side(costing(name="b", cached=900))),
        (side(monthly), side(longer)),
        (side(fine), side(fine, growth_percent="10")),
        (side(alone), side(alone)),
        (side(alone, monthly), side(costing(name="b"), costing(name="a", volume=None))),
        (side(has_config=False), side(monthly)),
    ]
    effects = (WorkloadEffect("a", "month", Fraction(5), False), WorkloadEffect("b", "request", None, False))
    code = CodeComparison((CodeChange(Place("src/c.py", 1), "gpt-4.1-mini", "gpt-4.1", effects),))
    for before, after in sides:
        found = report_diff(CATALOG, compare_sides(before, after, market(CATALOG, as_of=date(2026, 11, 23)), code))
        document, records = (render(found, name, Screen(None, False)) for name in ("json", "jsonl"))
        yield Printed("diff", "diff", json.loads(document), [json.loads(line) for line in records.splitlines()])
