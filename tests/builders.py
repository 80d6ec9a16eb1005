"""What the tests feed to the program: requests, pictures, answers, workloads, repositories, and text made to hurt.

No test module imports another. What two of them need as input is made here; what two of them read results with is in readers.py.
"""

from __future__ import annotations

import base64
import os
import re
import struct
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.answers.answers import Answer
from gpt41_cli.catalog import Catalog, Market, parse_catalog
from gpt41_cli.commands.diff.compare import DiffSide
from gpt41_cli.config.tables import RequestVolume
from gpt41_cli.files.documents import digest_document
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import EXACT, Rates, Usage, price
from gpt41_cli.reports import Report
from gpt41_cli.rules import RULES, Level
from gpt41_cli.views import Screen
from gpt41_cli.workloads.costing import FileTokens, OutputTokens, WorkloadCost
from tests.conftest import FROZEN

Body = Mapping[str, Any]


# Requests

USER = {"role": "user", "content": "What is the time in Lima?"}
SYSTEM = {"role": "system", "content": "Answer in one sentence."}
SECRET = {"type": "function", "function": {"name": "get_time", "description": "Get the time."}}
FORMAT: dict[str, Any] = {"type": "json_schema", "json_schema": {"name": "clock", "schema": {"type": "object", "properties": {}}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": '{"city": "Lima"}'}}
OTHER_CALL = {"id": "call_2", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}


def chat(*messages: Body, **settings: Any) -> Body:
    """A body for Chat Completions."""
    return {"model": "gpt-4.1", "messages": list(messages), **settings}


def responses(given: str | Sequence[Body], **settings: Any) -> Body:
    """A body for Responses."""
    return {"model": "gpt-4.1", "input": given, **settings}


def responses_tool(tool: Mapping[str, Any] = SECRET) -> Body:
    """A tool of Chat Completions as Responses takes it."""
    return {"type": "function", **tool["function"]}


# Pictures


def png(width: int, height: int) -> bytes:
    """The header of a picture of this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def jpeg(width: int, height: int, before: int = 0) -> bytes:
    comments = b"".join(b"\xff\xfe" + struct.pack(">H", 65_000) + b"x" * 64_998 for _ in range(before))
    return b"\xff\xd8" + comments + b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00\xff\xd9"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def webp(width: int, height: int) -> list[bytes]:
    """The header of a picture of this size in each of the three forms of WebP."""

    def riff(kind: bytes, data: bytes) -> bytes:
        return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data

    lossy = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width | 1 << 14, height | 2 << 14)
    lossless = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    extended = b"\x00" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return [riff(b"VP8 ", lossy + b"\0" * 8), riff(b"VP8L", lossless + b"\0" * 8), riff(b"VP8X", extended + b"\0" * 8)]


def image_message(**source: str) -> Mapping[str, Any]:
    """A message with a picture of 64 by 64, or with another `url`."""
    url = "data:image/png;base64," + base64.b64encode(png(64, 64)).decode()
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, **source}}]}


LONG_TEXT = "".join(f"Rule {number}: bicycles of kind {number * 7} are washed on day {number % 5}.\n" for number in range(120))
"""About 2,000 tokens that many prompts share."""


def image_part(width: int, height: int) -> Body:
    """A part of a message with a picture of this size."""
    url = "data:image/png;base64," + base64.b64encode(png(width, height)).decode()
    return {"type": "image_url", "image_url": {"url": url}}


def chats_that_begin(*beginnings: str, rest: str = LONG_TEXT) -> list[Body]:
    """Requests that differ in how their system message begins."""
    return [chat({"role": "system", "content": each + rest}, USER) for each in beginnings]


# Answers

MINI = "gpt-4.1-mini-2025-04-14"
CREATED = 1_795_219_200
ANSWER_DAY = date(2026, 11, 21)
COMPLETION: Body = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": CREATED,
    "model": MINI,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Noon."}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 1200,
        "completion_tokens": 80,
        "total_tokens": 1280,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 7,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 20,
            "rejected_prediction_tokens": 3,
        },
    },
    "service_tier": "default",
}
COMPLETION_ANSWER = Answer(Usage(1, 1200, 1024, 80), "chatcmpl-1", None, MINI, "standard", ANSWER_DAY, 7, 20, 3)
RESPONSE: Body = {
    "id": "resp_1",
    "object": "response",
    "created_at": CREATED,
    "status": "completed",
    "model": MINI,
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Noon."}]}],
    "service_tier": "priority",
    "usage": {
        "input_tokens": 26,
        "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 15,
        "output_tokens_details": {"reasoning_tokens": 10},
        "total_tokens": 41,
    },
}
BATCH: Body = {
    "id": "batch_1",
    "object": "batch",
    "model": MINI,
    "status": "completed",
    "created_at": CREATED,
    "output_file_id": "file-1",
    "request_counts": {"total": 6, "completed": 5, "failed": 1},
    "usage": {
        "input_tokens": 590,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 222,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 812,
    },
}


def batch_line(body: Body, **changed: Any) -> Body:
    """A line of a batch output file with this answer."""
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": "n1", "response": response, "error": None, **changed}


# Workloads

TODAY = date(2026, 11, 23)


CATALOG = parse_catalog(FROZEN.read_bytes(), "pricing.yaml")


def market(catalog: Catalog = CATALOG, platform: str = "openai", as_of: date = TODAY) -> Market:
    """A price table on a platform and day."""
    return Market(catalog, catalog.platform(platform), as_of)


MONTHLY = RequestVolume(100_000, "month")
CONFIG_PLACE = Place("gpt41.yaml", 7, 5)


def costing(
    model: str = "gpt-4.1-mini",
    mode: str = "standard",
    platform: str = "openai",
    *,
    name: str = "triage",
    requests: int = 2,
    text: int = 1_800,
    tools: int = 100,
    schema: int = 100,
    cached: int = 0,
    output: tuple[int, int] = (200, 400),
    volume: RequestVolume | None = MONTHLY,
    surcharged: Usage | None = None,
    rates: Rates | None = None,
    files: Mapping[str, int] | None = None,
    growth_percent: str | None = None,
) -> WorkloadCost:
    """A workload at the prices of today, or at `rates`: 2 requests of 1,000 tokens, unless something else is said."""
    offer = market(CATALOG, platform, TODAY).offer(CATALOG.variant(model), mode)
    paid = rates or offer.row.rates
    more, rule = Decimal(0), offer.variant.model.surcharge
    dear = paid.with_multipliers(rule.input_multiplier, rule.output_multiplier) if rule and surcharged else None
    if surcharged and dear:
        more = EXACT.subtract(price(surcharged, dear).total_usd, price(surcharged, paid).total_usd)
    usages = [Usage(requests, text + tools + schema, cached, each) for each in output]
    expected, high = (EXACT.add(price(usage, paid).total_usd, more) for usage in usages)
    return WorkloadCost(
        name=name,
        model=offer.variant.id,
        mode=mode,
        platform=platform,
        requests=requests,
        parts={"text": text, "tools": tools, "schema": schema},
        cached_tokens=cached,
        output_tokens=OutputTokens(*output),
        volume=volume,
        rates=paid,
        surcharged_usage=surcharged or Usage(),
        surcharged_rates=dear,
        expected_usd=expected,
        high_usd=high,
        tokens_by_file={path: FileTokens(1, tokens) for path, tokens in (files or {}).items()},
        max_growth_percent=None if growth_percent is None else Decimal(growth_percent),
    )


def seal(document: Body) -> dict[str, Any]:
    """A saved report with its digest."""
    return {**document, "digest": digest_document(document)}


def side(*costings: WorkloadCost, label: str = "main", growth_percent: str | None = None, has_config: bool = True) -> DiffSide:
    """One side of a comparison, with these workloads."""
    found = {each.name: each for each in costings}
    allowed = None if growth_percent is None else Decimal(growth_percent)
    return DiffSide(label, found, allowed, dict.fromkeys(["", *found], CONFIG_PLACE), has_config)


# Repositories

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """What git prints, run as a user of its own."""
    command = ["git", "-c", "init.defaultBranch=main", "-C", str(folder), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=True, env={**os.environ, **IDENTITY})
    return os.fsdecode(done.stdout).strip()


def commit_all(folder: Path, *, message: str = "x") -> str:
    """The id of a commit of all that is in `folder`, which becomes a repository where it is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "--object-format=sha1")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def commit_files(folder: Path, **files: str) -> str:
    """The id of a commit that has these files, too; `__` in a name is a dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return commit_all(folder)


# Price tables

TABLE = FROZEN.read_text()


def position(text: str, table: str = TABLE) -> str:
    """`line:column` of the first occurrence."""
    before = table[: table.index(text)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def section(name: str) -> str:
    """The text of one top-level section of the frozen table."""
    start = TABLE.index(f"\n{name}:") + 1
    end = re.compile(r"^[a-z#]", re.MULTILINE).search(TABLE, start + 1)
    return TABLE[start : end.start()] if end else TABLE[start:]


def lasting_prices(folder: Path) -> Path:
    """A price table whose models are sold on any day that the tests run on."""
    lasting = re.sub(r"shutdown: 20\d\d", "shutdown: 2999", TABLE)
    pricing = folder / "pricing.yaml"
    pricing.write_text(re.sub(r"stale_after_days: \d+", "stale_after_days: 1000000", lasting))
    return pricing


# Text made to hurt

SCREEN = Screen(width=None, has_colour=False)
NASTY = [
    *(
        "::error::x",
        "::",
        " ::set-output name=a::b",
        "##[error]x",
        "##vso[x]",
        "##teamcity[x]",
        "%0A::error::",
        "\n",
        "\r\n::stop::",
    ),
    *("]]>", "<b>", "&amp;", "\x00", "\x1b[31m", "\udce9", "\ufffe", "a,b:c%", "../é ü#?", "@team", "https://x.y", "```", "**"),
    *("</details>", "- [x](y)", "1. ", "\\", "|", "\\|", "    ", "<!--", "$x$", "www.x.y"),
]
HOSTILE_TEXTS = st.lists(st.text(max_size=12) | st.sampled_from(NASTY), max_size=5).map("".join)
"""Text as somebody who means harm would name a file or a model."""


FINDINGS = st.lists(
    st.builds(
        Finding,
        st.sampled_from(list(RULES.values())),
        HOSTILE_TEXTS,
        st.sampled_from(Level),
        st.none() | st.builds(Place, HOSTILE_TEXTS, st.none() | st.integers(1, 9), st.none() | st.integers(1, 9)),
        st.none() | HOSTILE_TEXTS,
        st.none() | HOSTILE_TEXTS,
        st.none() | HOSTILE_TEXTS,
    ),
    max_size=30,
).map(tuple)


def make_findings_report(*findings: Finding, catalog: Catalog | None = None, **changed: Any) -> Report:
    """A report that says little but its findings."""
    plain = Report("gpt41.batch/1", "1", "Rejected", (), (), findings, (), {}, (), catalog)
    return plain._replace(**changed)


def make_finding(
    message: str = "too much", level: Level = Level.ERROR, at: Place | None = None, subject: str | None = None
) -> Finding:
    """A finding that says little."""
    return Finding(rules.BATCH_BYTES, message, level, at, subject=subject)


HOSTILE_MARKUP = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>'\" ]]>&amp;\u202e\x1b[31m"
"""A name made to break out of every place of a page."""


def make_deep_folder(folder: Path) -> str:
    """Make a folder in `folder` that is deeper than the system can name; return the name it begins with."""
    name = "d" * 200
    here = os.open(folder, os.O_RDONLY)
    for _ in range(25):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    return name
