"""Save a priced gpt41.yaml as JSON, and read it back: a later run compares with what `gpt41 check --format json` prints."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, TypeAlias

from gpt41_cli.display import format_exact, to_decimal
from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import digest_document, parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, redact
from gpt41_cli.files.json_cursor import JsonCursor
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from gpt41_cli.records import Default, Key, Read, Seen, build, get_keys
from gpt41_cli.rules import Level, Rule, get_rule
from gpt41_cli.workloads.costing import Name, UsdRange, WorkloadCost

CHECK_SCHEMA = "gpt41.check/2"
"""The digest of version 1 covered the workloads only: such a report is refused."""

MAX_REPORT_BYTES = 20_000_000
"""Far above any report, and little enough to be read at once."""

CHECK_NAME, _, _SCHEMA_VERSION = CHECK_SCHEMA.rpartition("/")
_SCHEMA_PATTERN = re.compile(re.escape(CHECK_NAME) + r"/([1-9][0-9]{0,5})")
_RULE_PATTERN = re.compile(r"[a-z0-9-]{1,60}")


class SavedReport(NamedTuple):
    """All workloads at their prices of the day `as_of`; `max_growth_percent` is the budget for the growth of all together.

    `findings` are those of that day as printed.
    """

    as_of: date
    costs: Mapping[str, WorkloadCost]
    max_growth_percent: Decimal | None = None
    findings: tuple[Finding, ...] = ()


def dump_saved_report(saved: SavedReport) -> dict[str, JsonValue]:
    """Return the JSON that `load_saved_report` reads: `as_of`, `workloads`, `budget` and a place for the `digest` of the whole
    document, with money as exact decimal strings.

    The prices per request and per month are rounded to 12 places for readers; they aren't read back.
    """
    return {
        "as_of": str(saved.as_of),
        "workloads": [{**_dump_workload(cost), **_dump_figures(cost)} for cost in saved.costs.values()],
        "budget": {"growth_percent": _dump(saved.max_growth_percent)},
        "digest": "",
    }


def load_saved_report(data: bytes, file: str) -> SavedReport:
    """Read the report in `data`, the bytes of a file called `file`.

    Raises InputError, with the path of the value, if it isn't such a report, has another version, or was changed.
    """
    try:
        if len(data) > MAX_REPORT_BYTES:
            raise BadBody(expected=f"a report of at most {MAX_REPORT_BYTES:,} bytes", found="more")
        written = _require_report(parse_json(data.removeprefix(BOM_UTF8)))
        top = JsonCursor(written)
        _check_schema(top.at("schema"), file)
        document = build(_Document, top)
    except BadBody as error:
        hint = "a saved report is what gpt41 check --format json prints"
        raise InputError(location=file, problem=error, hint=hint) from None
    costs = {cost.name: cost for cost in document.workloads}
    findings = tuple(Finding(*saved[:7], names_place=saved.names_place) for saved in document.findings)
    if document.digest != digest_document(written):
        raise InputError(
            expected="a report as gpt41 check wrote it",
            found="one that was changed since: edited by hand? make it again with gpt41 check --format json",
            location=file,
        )
    return SavedReport(document.as_of, costs, document.budget.growth_percent, findings)


def _require_report(value: JsonValue) -> JsonObject:
    """Return the object of a report. Raises BadBody, which doesn't quote the value: it may be of any file."""
    if not isinstance(value, dict):
        raise BadBody("report", "an object", "a list" if isinstance(value, list) else "a single value")
    return value


def _dump_workload(cost: WorkloadCost) -> dict[str, JsonValue]:
    """Dump a workload without empty tools and requirements."""
    dumped: dict[str, JsonValue] = _dump(cost)
    dumped["tools"] = {name: amount for name, amount in dumped["tools"].items() if amount}
    dumped["requirements"] = {key: value for key, value in dumped["requirements"].items() if value not in (None, [])}
    if not dumped["tools"]:
        del dumped["storage_usd_per_day"]
    return {key: value for key, value in dumped.items() if value or key not in ("tools", "is_ceiling", "requirements")}


def _dump(value: Any) -> JsonValue:
    """Dump a record and everything in it by the keys that it is read from."""
    if isinstance(value, Decimal):
        return format_exact(value)
    if isinstance(value, date):
        return str(value)
    if isinstance(value, timedelta):
        return value // timedelta(minutes=1)
    if isinstance(value, Usage):
        return asdict(value)
    if hasattr(value, "_fields"):
        return {key: _dump(field) for key, field in zip(get_keys(type(value)), value, strict=True)}
    if isinstance(value, Mapping):
        return {key: _dump(item) for key, item in value.items()}
    return [_dump(item) for item in value] if isinstance(value, tuple) else value


def _dump_figures(costing: WorkloadCost) -> dict[str, JsonValue]:
    monthly = costing.monthly_usd
    return {
        "input_tokens": costing.input_tokens,
        "each_usd": _dump_usd(costing.usd_per_request),
        "monthly_usd": monthly and _dump_usd(monthly),
    }


def _dump_usd(amount: UsdRange) -> dict[str, JsonValue]:
    return {"expected": format_exact(to_decimal(amount.expected)), "high": format_exact(to_decimal(amount.high))}


def _check_schema(at: JsonCursor, file: str) -> None:
    if not isinstance(at.value, str):
        at.fail(CHECK_SCHEMA)
    version = _SCHEMA_PATTERN.fullmatch(at.value)
    if version and int(version[1]) > int(_SCHEMA_VERSION):
        raise InputError(expected=CHECK_SCHEMA, found=f"{at.value}, which a newer gpt41 wrote: update gpt41", location=file)
    if version and int(version[1]) < int(_SCHEMA_VERSION):
        hint = "make it again with gpt41 check --format json"
        raise InputError(expected=CHECK_SCHEMA, found=f"{at.value}, which an older gpt41 wrote", hint=hint, location=file)
    if at.value != CHECK_SCHEMA:
        at.fail(CHECK_SCHEMA, redact(at.value) if at.value.startswith("gpt41.") else "another")


def _check_input(cost: WorkloadCost, at: JsonCursor, _: Seen) -> None:
    if cost.cached_tokens > cost.input_tokens:
        at.at("cached_tokens").fail(f"at most the input tokens ({cost.input_tokens:,})")


def _check_names(costs: Sequence[WorkloadCost], at: JsonCursor, _: Seen) -> None:
    names: set[str] = set()
    for cost, item in zip(costs, at.items(), strict=True):
        if cost.name in names:
            item.at("name").fail("each workload once", "one a second time")
        names.add(cost.name)


def _read_rule(at: JsonCursor, _: Seen) -> Rule:
    rule_id = at.word()
    if not _RULE_PATTERN.fullmatch(rule_id):
        at.fail("the id of a rule", redact(rule_id))
    return get_rule(rule_id)


def _read_level(at: JsonCursor, _: Seen) -> Level:
    return Level[at.choice(*(level.label for level in Level)).upper()]


def _read_location(at: JsonCursor, _: Seen) -> Place:
    path, line = at.at("path"), at.at("line").value
    is_number = isinstance(line, int) and not isinstance(line, bool) and line > 0
    return Place("" if path.is_null else path.text(), line if is_number else None)


MaybeText: TypeAlias = Annotated[str | None, Read(lambda at, _: at.text() or None)]


class _SavedFinding(NamedTuple):
    """The fields of a Finding."""

    rule: Annotated[Rule, Read(_read_rule)]
    message: Annotated[str, Default("")]
    level: Annotated[Level, Read(_read_level)]
    location: Annotated[Place | None, Read(_read_location)] = None
    actual: MaybeText = None
    allowed: MaybeText = None
    subject: MaybeText = None
    # Only a place in gpt41.yaml has a column, and what is found there is said without it.
    names_place: Annotated[bool, Key("location"), Read(lambda at, _: at.at("column").is_null)] = False


class _SavedBudget(NamedTuple):
    """The part of the total budget that is read back."""

    growth_percent: Decimal | None = None


class _Document(NamedTuple):
    """The part of a report that is read back."""

    workloads: Annotated[tuple[Annotated[WorkloadCost, _check_input], ...], _check_names]
    budget: _SavedBudget
    as_of: date
    digest: Name
    findings: tuple[_SavedFinding, ...] = ()
