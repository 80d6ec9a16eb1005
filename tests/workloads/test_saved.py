"""The saved report: it comes back as it was written, and what is none of ours, or was changed, is one clear line."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.catalog import MODES
from gpt41_cli.config.tables import RequestVolume
from gpt41_cli.errors import InputError
from gpt41_cli.findings import Finding, Place
from gpt41_cli.notation import PERIODS_PER_MONTH
from gpt41_cli.pricing import Rates, Usage
from gpt41_cli.tokens.pieces import PARTS
from gpt41_cli.workloads.costing import NO_REQUIREMENTS, FileTokens, OutputTokens, Requirements, WorkloadCost
from gpt41_cli.workloads.saved import CHECK_SCHEMA, MAX_REPORT_BYTES, SavedReport, dump_saved_report, load_saved_report
from tests.builders import seal

COUNTS = st.integers(0, 10**15)
AMOUNTS = st.decimals(0, 10**12, allow_nan=False, allow_infinity=False, places=12)
LETTERS = 'aé/"\n\x1b\ud800😀'
NAMES = st.text(LETTERS, min_size=1, max_size=9)
RATES = st.builds(Rates, AMOUNTS, st.none() | AMOUNTS, AMOUNTS)
USAGES = st.tuples(COUNTS, COUNTS, COUNTS, COUNTS).map(lambda n: Usage(n[0], n[1] + n[2], n[2], n[3]))
REQUIREMENTS = st.builds(
    Requirements,
    tasks=st.lists(NAMES, max_size=2).map(tuple),
    needs=st.lists(NAMES, max_size=2).map(tuple),
    until=st.none() | st.dates(),
    tolerance=st.none() | AMOUNTS,
    deadline=st.none() | st.integers(1, 10**9).map(lambda minutes: timedelta(minutes=minutes)),
    usage_tier=st.none() | st.integers(0, 9),
)


@st.composite
def costings(draw: st.DrawFn) -> WorkloadCost:
    parts = draw(st.dictionaries(st.sampled_from(PARTS), COUNTS))
    return WorkloadCost(
        name=draw(NAMES),
        model=draw(NAMES),
        mode=draw(st.sampled_from(MODES)),
        platform=draw(NAMES),
        requests=draw(st.integers(1, 10**15)),
        parts=parts,
        cached_tokens=draw(st.integers(0, sum(parts.values()))),
        output_tokens=draw(st.builds(OutputTokens, COUNTS, COUNTS, COUNTS)),
        volume=draw(st.none() | st.builds(RequestVolume, COUNTS, st.sampled_from(list(PERIODS_PER_MONTH)))),
        rates=draw(RATES),
        surcharged_usage=draw(USAGES),
        surcharged_rates=draw(st.none() | RATES),
        expected_usd=draw(AMOUNTS),
        high_usd=draw(AMOUNTS),
        tokens_by_file=draw(st.dictionaries(NAMES, st.builds(FileTokens, COUNTS, COUNTS), max_size=3)),
        max_growth_percent=draw(st.none() | AMOUNTS),
        requirements=draw(st.just(NO_REQUIREMENTS) | REQUIREMENTS),
    )


SAVED = st.builds(
    SavedReport,
    st.dates(),
    st.lists(costings(), max_size=3, unique_by=lambda each: each.name).map(lambda found: {each.name: each for each in found}),
    st.none() | AMOUNTS,
    findings=st.just(()),  # they are printed beside, and compared with nothing
)

TRIAGE = WorkloadCost(
    name="triage",
    model="m",
    mode="batch",
    platform="p",
    requests=3,
    parts={"text": 900, "tools": 0, "schema": 60, "history": 0, "images": 0, "overhead": 21},
    cached_tokens=300,
    output_tokens=OutputTokens(90, 300),
    volume=RequestVolume(84, "week"),
    rates=Rates(Decimal("0.40"), None, Decimal("1.60")),
    surcharged_usage=Usage(1, 327, 100, 30),
    surcharged_rates=Rates(Decimal("0.80"), None, Decimal("2.40")),
    expected_usd=Decimal("0.0005"),
    high_usd=Decimal("0.0010"),
    tokens_by_file={"prompts/a b.md": FileTokens(1, 327)},
    max_growth_percent=Decimal(10),
)
PLAIN = SavedReport(date(2026, 11, 23), {"triage": TRIAGE}, Decimal("2.5"))


def document(saved: SavedReport = PLAIN) -> dict[str, Any]:
    return seal({"schema": CHECK_SCHEMA, "pricing": None, **dump_saved_report(saved), "findings": [], "notes": []})


def loaded(found: object) -> SavedReport:
    return load_saved_report(json.dumps(found).encode(), "base.json")


@given(SAVED)
def test_what_was_saved_is_read_back_to_the_last_digit(saved: SavedReport) -> None:
    assert loaded(document(saved)) == saved


def test_prices_for_readers_are_printed_too_and_are_not_read_back() -> None:
    found = document()
    (workload,) = found["workloads"]
    assert workload["each_usd"] == {"expected": "0.000166666667", "high": "0.000333333333"}
    assert workload["monthly_usd"] == {"expected": "0.060833333333", "high": "0.121666666667"}
    assert workload["expected_usd"] == "0.0005"
    workload["each_usd"] = "a rounded figure enters no sum"
    assert loaded(seal(found)) == PLAIN


BROKEN = {"rule": "budget-monthly", "level": "error", "message": "Over.", "location": None}
EDITED = (
    "base.json: expected a report as gpt41 check wrote it, found one that was changed since: edited by hand? "
    "make it again with gpt41 check --format json"
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("as_of",), "2026-11-22"),
        (("budget", "growth_percent"), None),
        (("workloads",), []),
        (("workloads", 0, "name"), "triages"),
        (("workloads", 0, "parts", "text"), 901),
        (("workloads", 0, "volume"), None),
        (("workloads", 0, "surcharged", "requests"), 0),
        (("workloads", 0, "surcharged_rates_usd_per_million"), None),
        (("workloads", 0, "rates_usd_per_million", "cached_input"), "0.1"),
        (("workloads", 0, "high_usd"), "0.0011"),
        (("workloads", 0, "files"), {}),
        (("workloads", 0, "growth_percent"), "11"),
        (("workloads", 0, "each_usd", "high"), "0.1"),
        (("findings",), []),
        (("findings", 0, "message"), "Under."),
        (("findings", 0, "level"), "notice"),
        (("notes",), ["a note"]),
        (("pricing",), {}),
        (("config",), "other.yaml"),
        (("digest",), "0" * 64),
    ],
)
def test_a_baseline_that_was_edited_by_hand_is_refused(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(InputError) as caught:
        loaded(changed(seal({**document(), "findings": [BROKEN], "config": "gpt41.yaml"}), path, value))
    assert str(caught.value) == EDITED


def changed(found: Any, path: tuple[str | int, ...], value: object) -> Any:
    inside = found
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return found


NO_REPORT = "; a saved report is what gpt41 check --format json prints"


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("schema",), "gpt41.check/0", 'schema: expected gpt41.check/2, found "gpt41.check/0"'),
        (("schema",), "gpt41.cost/1", 'schema: expected gpt41.check/2, found "gpt41.cost/1"'),
        (("schema",), None, "schema: expected gpt41.check/2, found nothing"),
        (("as_of",), "2026-02-30", "as_of: expected a date, YYYY-MM-DD, found text"),
        (("as_of",), 5, "as_of: expected a date, YYYY-MM-DD, found the number 5"),
        (("budget",), None, "budget: expected an object, found nothing"),
        (("budget", "growth_percent"), "-1", "budget.growth_percent: expected a plain decimal as text, found text"),
        (("digest",), "", "digest: expected a name, found empty text"),
        (("workloads",), {}, "workloads: expected a list, found an object"),
        (("workloads", 0), 7, "workloads[0]: expected an object, found the number 7"),
        (("workloads", 0, "mode"), "bulk", 'workloads[0].mode: expected one of standard, batch, flex, priority, found "bulk"'),
        (("workloads", 0, "requests"), 0, "workloads[0].requests: expected a whole number, 1 or more, found the number 0"),
        (
            ("workloads", 0, "requests"),
            10**30,
            "workloads[0].requests: expected a whole number, 1 or more, found a very large number",
        ),
        (
            ("workloads", 0, "cached_tokens"),
            True,
            "workloads[0].cached_tokens: expected a whole number, 0 or more, found true or false",
        ),
        (
            ("workloads", 0, "cached_tokens"),
            982,
            "workloads[0].cached_tokens: expected at most the input tokens (981), found the number 982",
        ),
        (
            ("workloads", 0, "expected_usd"),
            0.1,
            "workloads[0].expected_usd: expected a plain decimal as text, found the number 0.1",
        ),
        (
            ("workloads", 0, "parts", "verse"),
            1,
            'workloads[0].parts: expected the keys text, tools, schema, history, images, overhead, found "verse"',
        ),
        (
            ("workloads", 0, "volume", "period"),
            "year",
            'workloads[0].volume.period: expected one of minute, hour, day, week, month, found "year"',
        ),
        (
            ("workloads", 0, "rates_usd_per_million", "input"),
            "1e9",
            "workloads[0].rates_usd_per_million.input: expected a plain decimal as text, found text",
        ),
        (
            ("workloads", 0, "surcharged_rates_usd_per_million"),
            {},
            "workloads[0].surcharged_rates_usd_per_million.input: expected a plain decimal as text, found nothing",
        ),
        (
            ("workloads", 0, "surcharged", "cached_tokens"),
            400,
            "workloads[0].surcharged.cached_tokens: expected at most the input tokens (327), of which they are a part, found 400",
        ),
        (
            ("workloads", 0, "surcharged", "cached_tokens"),
            -1,
            "workloads[0].surcharged.cached_tokens: expected a whole number, 0 or more, found the number -1",
        ),
        (
            ("workloads", 0, "files", "a\x1b.md"),
            1,
            'workloads[0].files["a\\x1b.md"]: expected an object, found the number 1',
        ),
    ],
)
def test_what_is_not_a_report_is_reported_with_its_place(path: tuple[str | int, ...], value: object, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        loaded(changed(document(), path, value))
    assert str(caught.value) == f"base.json: {complaint}{NO_REPORT}"


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (3, "gpt41.check/3, which a newer gpt41 wrote: update gpt41"),
        (1, "gpt41.check/1, which an older gpt41 wrote; make it again with gpt41 check --format json"),
    ],
)
def test_a_report_of_another_version_is_not_guessed_at(version: int, found: str) -> None:
    with pytest.raises(InputError) as caught:
        loaded({"schema": f"gpt41.check/{version}"})
    assert str(caught.value) == f"base.json: expected gpt41.check/2, found {found}"


def test_a_deadline_is_saved_in_minutes_and_one_of_0_is_refused() -> None:
    soon = SavedReport(PLAIN.as_of, {"triage": TRIAGE._replace(requirements=Requirements(deadline=timedelta(minutes=1)))})
    found = document(soon)
    assert found["workloads"][0]["requirements"] == {"deadline_minutes": 1}
    assert loaded(found) == soon
    with pytest.raises(InputError) as caught:
        loaded(changed(found, ("workloads", 0, "requirements", "deadline_minutes"), 0))
    complaint = "workloads[0].requirements.deadline_minutes: expected a whole number, 1 or more, found the number 0"
    assert str(caught.value) == f"base.json: {complaint}{NO_REPORT}"


def test_a_workload_stands_in_a_report_once() -> None:
    found = document()
    found["workloads"] *= 2
    with pytest.raises(
        InputError, match=r"base.json: workloads\[1\].name: expected each workload once, found one a second time;"
    ):
        loaded(found)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"Sort the tickets.\n", "expected JSON, but at column 1: Expecting value"),
        (b"\xff", "expected UTF-8, found the byte 0xff at byte 1"),
        (b"[]", "report: expected an object, found a list"),
        (b"20417", "report: expected an object, found a single value"),
        (b'{"schema": "ghp_key"}', "schema: expected gpt41.check/2, found another"),
        (b"[" * 100_000, "expected JSON that is nested less deeply, found hundreds of levels"),
        (b'{"schema": "gpt41.check/2", "schema": "gpt41.check/2"}', 'expected each key once, found "schema" a second time'),
    ],
)
def test_what_is_not_a_json_object_is_reported(data: bytes, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        load_saved_report(data, "base.json")
    assert str(caught.value) == f"base.json: {complaint}{NO_REPORT}"


def places(value: object) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value but the whole of it."""
    if isinstance(value, dict):
        inside: list[tuple[Any, Any]] = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
    return [path for key, each in inside for path in ((key,), *((key, *rest) for rest in places(each)))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(LETTERS, max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(LETTERS, max_size=5), inside, max_size=3),
    max_leaves=5,
)


@given(st.data(), JSON)
def test_no_damage_to_a_report_is_more_than_an_error_of_one_line(data: st.DataObject, value: object) -> None:
    damaged = changed(document(), data.draw(st.sampled_from(places(document()))), value)
    try:
        assert loaded(damaged) == PLAIN
    except InputError as error:
        complaint = str(error)
    else:
        return
    assert complaint.startswith("base.json: ")
    assert "\n" not in complaint


@given(st.binary() | st.text('[]{}":,1e-').map(str.encode) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_else_is_taken_for_a_report(data: bytes) -> None:
    with pytest.raises(InputError, match="^base.json: ") as caught:
        load_saved_report(data, "base.json")
    assert "\n" not in str(caught.value)


def test_the_digest_does_not_depend_on_how_the_json_is_laid_out() -> None:
    found = document()
    found["workloads"] = [dict(reversed(each.items())) for each in found["workloads"]]
    assert load_saved_report(json.dumps(dict(reversed(found.items())), indent=4).encode(), "base.json") == PLAIN


def test_a_report_may_begin_with_a_mark_and_is_not_read_beyond_its_limit() -> None:
    data = json.dumps(document()).encode()
    assert load_saved_report(b"\xef\xbb\xbf" + data, "base.json") == load_saved_report(data, "base.json")
    with pytest.raises(InputError) as caught:
        load_saved_report(b" " * (MAX_REPORT_BYTES + 1), "base.json")
    assert str(caught.value) == f"base.json: expected a report of at most 20,000,000 bytes, found more{NO_REPORT}"


def test_findings_are_read_back_as_they_were_printed() -> None:
    place = {"path": "g.yaml", "line": 3, "column": 1}
    found = {"rule": "budget-monthly", "level": "error", "message": "Over.", "location": place}
    more = {"actual": "2", "allowed": "1", "subject": "a"}
    (finding,) = loaded(seal({**document(), "findings": [{**found, **more}]})).findings
    assert finding == Finding(rules.BUDGET_MONTHLY, "Over.", place=Place("g.yaml", 3), actual="2", allowed="1", subject="a")
    for key, value, expected in (
        ("rule", "::error::", "the id of a rule, found text"),
        ("level", "fatal", 'one of notice, warning, error, found "fatal"'),
    ):
        with pytest.raises(InputError, match=re.escape(f"findings[0].{key}: expected {expected}")):
            loaded({**document(), "findings": [{**found, key: value}]})
