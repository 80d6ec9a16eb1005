"""A priced gpt41.yaml as JSON, and back: what `gpt41 check --format json` prints is what a later run compares with."""

from __future__ import annotations

import hashlib
import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.config.tables import PERIODS_PER_MONTH, RequestVolume, TokenRange
from gpt41_cli.display import format_exact, to_decimal
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import (
    BadBody,
    JsonObject,
    JsonValue,
    fail,
    get_choice,
    get_list,
    get_name,
    get_object,
    get_optional_object,
    get_text,
    join_path,
    redact,
    require_list,
    require_object,
    require_text,
)
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.pricing import Rates, ToolUse, Usage
from gpt41_cli.tokens.pieces import PARTS
from gpt41_cli.workloads.costing import NO_REQUIREMENTS, FileTokens, Requirements, UsdRange, WorkloadCost

CHECK_SCHEMA = "gpt41.check/1"

MAX_REPORT_BYTES = 20_000_000
"""Far above any report, and little enough to be read at once."""

_SCHEMA_NAME, _, _SCHEMA_VERSION = CHECK_SCHEMA.rpartition("/")
_SCHEMA_PATTERN = re.compile(re.escape(_SCHEMA_NAME) + r"/([1-9][0-9]{0,5})")
_DECIMAL_PATTERN = re.compile(r"(0|[1-9]\d{0,39})(\.\d{1,40})?", re.ASCII)
_RULE_PATTERN = re.compile(r"[a-z0-9-]{1,60}")
_DATE_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Above any figure of this program, and low enough for the arithmetic to stay exact.
_MAX_NUMBER = 10**24
# Far above any tier and any deadline, and a time that can still be told.
_MAX_OPTIONAL_NUMBER = 10**9
_ONE_MINUTE = timedelta(minutes=1)


class SavedReport(NamedTuple):
    """All workloads at their prices of the day `as_of`; `max_growth_percent` is the budget for the growth of all together.
    `findings` are what was found on that day, as it was printed; they are no part of the digest.
    """

    as_of: date
    costs: Mapping[str, WorkloadCost]
    max_growth_percent: Decimal | None = None
    findings: tuple[Finding, ...] = ()


def dump_saved_report(saved: SavedReport) -> dict[str, JsonValue]:
    """The JSON that `load_saved_report` reads back: `as_of`, `workloads`, `budget` and `digest`; money and rates as exact decimal
    strings.

    Each workload has its price a request and a month beside, rounded to 12 places: they are to be read, and not read back.
    """
    core = _dump_core(saved)
    beside = [_dump_figures(each) for each in saved.costs.values()]
    workloads = [{**workload, **figures} for workload, figures in zip(core["workloads"], beside, strict=True)]
    return {**core, "workloads": workloads, "digest": _hash_core(core)}


def load_saved_report(data: bytes, file: str) -> SavedReport:
    """The report in `data`, the bytes of a file called `file`, as it was dumped.

    InputError, with the path of the value, for what is no such report, is one of another version, or was changed since.
    """
    try:
        if len(data) > MAX_REPORT_BYTES:
            raise BadBody(expected=f"a report of at most {MAX_REPORT_BYTES:,} bytes", found="more")
        top = require_object(parse_json(data.removeprefix(BOM_UTF8)), "report")
        _check_schema(top, file)
        saved = _read_report(top)
        digest = get_name(top, "digest", "")
    except BadBody as error:
        hint = "a saved report is what gpt41 check --format json prints"
        raise InputError(location=file, problem=error, hint=hint) from None
    if digest != _hash_core(_dump_core(saved)):
        raise InputError(
            expected="a report as gpt41 check wrote it",
            found="one that was changed since: edited by hand? make it again with gpt41 check --format json",
            location=file,
        )
    return saved


def _hash_core(core: Mapping[str, JsonValue]) -> str:
    """The SHA-256 of all that is read back."""
    return hashlib.sha256(json.dumps(core, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _dump_core(saved: SavedReport) -> dict[str, JsonValue]:
    return {
        "as_of": str(saved.as_of),
        "workloads": [_dump_workload(each) for each in saved.costs.values()],
        "budget": {"growth_percent": _dump_optional_amount(saved.max_growth_percent)},
    }


def _dump_workload(costing: WorkloadCost) -> dict[str, JsonValue]:
    """A workload; what came later than the format is left out where it says nothing, so that older reports keep their digest."""
    used = {name: amount for name, amount in costing.tools._asdict().items() if amount}
    tools = {"tools": used, "storage_usd_per_day": format_exact(costing.storage_usd_per_day)} if used else {}
    ceiling = {"is_ceiling": True} if costing.is_ceiling else {}
    return {
        "name": costing.name,
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": costing.requests,
        "parts": dict(costing.parts),
        "cached_tokens": costing.cached_tokens,
        "output_tokens": costing.output_tokens._asdict(),
        "volume": costing.volume and costing.volume._asdict(),
        "rates_usd_per_million": _dump_rates(costing.rates),
        "surcharged": {name: getattr(costing.surcharged_usage, name) for name in Usage.__slots__},
        "surcharged_rates_usd_per_million": costing.surcharged_rates and _dump_rates(costing.surcharged_rates),
        "expected_usd": format_exact(costing.expected_usd),
        "high_usd": format_exact(costing.high_usd),
        "files": {path: tokens._asdict() for path, tokens in costing.tokens_by_file.items()},
        "growth_percent": _dump_optional_amount(costing.max_growth_percent),
        **tools,
        **ceiling,
        **_dump_requirements(costing.requirements),
    }


def _dump_requirements(must: Requirements) -> dict[str, JsonValue]:
    said = {
        "tasks": list(must.tasks),
        "needs": list(must.needs),
        "until": must.until and str(must.until),
        "tolerance": _dump_optional_amount(must.tolerance),
        "deadline_minutes": must.deadline and must.deadline // _ONE_MINUTE,
        "usage_tier": must.usage_tier,
    }
    kept = {key: value for key, value in said.items() if value not in (None, [])}
    return {"requirements": kept} if kept else {}


def _dump_figures(costing: WorkloadCost) -> dict[str, JsonValue]:
    monthly = costing.monthly_usd
    return {
        "input_tokens": costing.input_tokens,
        "each_usd": _dump_usd(costing.usd_per_request),
        "monthly_usd": monthly and _dump_usd(monthly),
    }


def _dump_usd(amount: UsdRange) -> dict[str, JsonValue]:
    return {"expected": format_exact(to_decimal(amount.expected)), "high": format_exact(to_decimal(amount.high))}


def _dump_rates(rates: Rates) -> dict[str, JsonValue]:
    return {
        "input": format_exact(rates.input),
        "cached_input": _dump_optional_amount(rates.cached_input),
        "output": format_exact(rates.output),
    }


def _dump_optional_amount(amount: Decimal | None) -> str | None:
    return None if amount is None else format_exact(amount)


def _check_schema(top: JsonObject, file: str) -> None:
    found = top.get("schema")
    if not isinstance(found, str):
        fail("schema", CHECK_SCHEMA, found)
    version = _SCHEMA_PATTERN.fullmatch(found)
    if version and int(version[1]) > int(_SCHEMA_VERSION):
        raise InputError(expected=CHECK_SCHEMA, found=f"{found}, which a newer gpt41 wrote: update gpt41", location=file)
    if found != CHECK_SCHEMA:
        raise BadBody("schema", CHECK_SCHEMA, redact(found))


def _read_report(top: JsonObject) -> SavedReport:
    costings: dict[str, WorkloadCost] = {}
    for index, value in enumerate(require_list(top.get("workloads"), "workloads")):
        path = f"workloads[{index}]"
        costing = _read_workload_cost(require_object(value, path), path)
        if costing.name in costings:
            raise BadBody(f"{path}.name", "each workload once", "one a second time")
        costings[costing.name] = costing
    growth_percent = _read_optional_decimal(get_object(top, "budget", ""), "growth_percent", "budget")
    findings = enumerate(get_list(top, "findings", ""))
    found = tuple(_read_finding(require_object(each, f"findings[{index}]"), f"findings[{index}]") for index, each in findings)
    return SavedReport(_read_date(top, "as_of"), costings, growth_percent, found)


def _read_finding(at: JsonObject, path: str) -> Finding:
    place, rule = get_optional_object(at, "location", path), get_name(at, "rule", path)
    if not _RULE_PATTERN.fullmatch(rule):
        raise BadBody(f"{path}.rule", "the id of a rule", redact(rule))
    return Finding(
        rule,
        Level[get_choice(at, "level", path, tuple(level.label for level in Level)).upper()],
        get_text(at, "message", path),
        None if place is None else Location(get_text(place, "path", f"{path}.location"), _read_optional_line(place)),
        *(get_text(at, key, path) or None for key in ("actual", "allowed", "subject")),
    )


def _read_optional_line(place: JsonObject) -> int | None:
    line = place.get("line")
    return line if isinstance(line, int) and not isinstance(line, bool) and line > 0 else None


def _read_workload_cost(at: JsonObject, path: str) -> WorkloadCost:
    costing = WorkloadCost(
        name=get_name(at, "name", path),
        model=get_name(at, "model", path),
        mode=get_name(at, "mode", path),
        platform=get_name(at, "platform", path),
        requests=read_whole_number(at, "requests", path, at_least=1),
        parts=_read_parts(at, path),
        cached_tokens=read_whole_number(at, "cached_tokens", path),
        output_tokens=_read_range(at, "output_tokens", path),
        volume=_read_volume(at, path),
        rates=_read_rates(at, "rates_usd_per_million", path),
        surcharged_usage=_read_usage(at, "surcharged", path),
        surcharged_rates=_read_optional_rates(at, "surcharged_rates_usd_per_million", path),
        expected_usd=read_decimal(at, "expected_usd", path),
        high_usd=read_decimal(at, "high_usd", path),
        tokens_by_file=_read_files(at, path),
        max_growth_percent=_read_optional_decimal(at, "growth_percent", path),
        tools=_read_tools(at, path),
        storage_usd_per_day=_read_optional_decimal(at, "storage_usd_per_day", path) or Decimal(0),
        is_ceiling=at.get("is_ceiling") is True,
        requirements=_read_requirements(at, path),
    )
    if costing.cached_tokens > costing.input_tokens:
        fail(f"{path}.cached_tokens", f"at most the input tokens ({costing.input_tokens:,})", costing.cached_tokens)
    return costing


def _read_parts(at: JsonObject, path: str) -> dict[str, int]:
    found = get_object(at, "parts", path)
    for part in found:
        if part not in PARTS:
            raise BadBody(f"{path}.parts", f"the keys {', '.join(PARTS)}", redact(part))
    return {part: read_whole_number(found, part, f"{path}.parts") for part in found}


def _read_tools(at: JsonObject, path: str) -> ToolUse:
    found, inside = get_optional_object(at, "tools", path) or {}, join_path(path, "tools")
    for name in found:
        if name not in ToolUse._fields:
            raise BadBody(inside, f"the keys {', '.join(ToolUse._fields)}", redact(name))
    return ToolUse(**{name: read_whole_number(found, name, inside) for name in found})


def _read_requirements(at: JsonObject, path: str) -> Requirements:
    found, inside = get_optional_object(at, "requirements", path), join_path(path, "requirements")
    if found is None:
        return NO_REQUIREMENTS
    minutes = _read_optional_whole_number(found, "deadline_minutes", inside)
    return Requirements(
        tasks=_read_names(found, "tasks", inside),
        needs=_read_names(found, "needs", inside),
        until=None if found.get("until") is None else _read_date(found, "until", inside),
        tolerance=_read_optional_decimal(found, "tolerance", inside),
        deadline=None if minutes is None else minutes * _ONE_MINUTE,
        usage_tier=_read_optional_whole_number(found, "usage_tier", inside),
    )


def _read_names(at: JsonObject, key: str, path: str) -> tuple[str, ...]:
    inside = join_path(path, key)
    return tuple(require_text(each, f"{inside}[{index}]") for index, each in enumerate(get_list(at, key, path)))


def _read_range(at: JsonObject, key: str, path: str) -> TokenRange:
    found, inside = get_object(at, key, path), join_path(path, key)
    return TokenRange(read_whole_number(found, "expected", inside), read_whole_number(found, "high", inside))


def _read_volume(at: JsonObject, path: str) -> RequestVolume | None:
    found, inside = get_optional_object(at, "volume", path), join_path(path, "volume")
    if found is None:
        return None
    return RequestVolume(
        read_whole_number(found, "requests", inside), get_choice(found, "period", inside, tuple(PERIODS_PER_MONTH))
    )


def _read_rates(at: JsonObject, key: str, path: str) -> Rates:
    found, inside = get_object(at, key, path), join_path(path, key)
    cached_input = _read_optional_decimal(found, "cached_input", inside)
    return Rates(read_decimal(found, "input", inside), cached_input, read_decimal(found, "output", inside))


def _read_optional_rates(at: JsonObject, key: str, path: str) -> Rates | None:
    return None if at.get(key) is None else _read_rates(at, key, path)


def _read_usage(at: JsonObject, key: str, path: str) -> Usage:
    found, inside = get_object(at, key, path), join_path(path, key)
    try:
        return Usage(*(read_whole_number(found, name, inside) for name in Usage.__slots__))
    except BadBody:
        raise
    except InputError as error:
        raise BadBody.from_error(error, join_path(inside, error.path)) from None


def _read_files(at: JsonObject, path: str) -> dict[str, FileTokens]:
    found, inside = get_object(at, "files", path), join_path(path, "files")
    return {file: _read_file_tokens(tokens, f"{inside}[{quote_text(file)}]") for file, tokens in found.items()}


def _read_file_tokens(value: JsonValue, path: str) -> FileTokens:
    found = require_object(value, path)
    return FileTokens(read_whole_number(found, "requests", path), read_whole_number(found, "input_tokens", path))


def read_whole_number(owner: JsonObject, key: str, path: str, *, at_least: int = 0, most: int = _MAX_NUMBER) -> int:
    """A whole number that must be there."""
    value = owner.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= most:
        fail(join_path(path, key), f"a whole number, {at_least} or more", value)
    return value


def _read_optional_whole_number(owner: JsonObject, key: str, path: str) -> int | None:
    return None if owner.get(key) is None else read_whole_number(owner, key, path, most=_MAX_OPTIONAL_NUMBER)


def read_decimal(owner: JsonObject, key: str, path: str) -> Decimal:
    """A decimal as text, with every digit."""
    value = owner.get(key)
    if not isinstance(value, str) or not _DECIMAL_PATTERN.fullmatch(value):
        fail(join_path(path, key), "a plain decimal as text", value)
    return Decimal(value)


def _read_optional_decimal(owner: JsonObject, key: str, path: str) -> Decimal | None:
    """The same, or null."""
    return None if owner.get(key) is None else read_decimal(owner, key, path)


def _read_date(owner: JsonObject, key: str, path: str = "") -> date:
    value = owner.get(key)
    if isinstance(value, str) and _DATE_PATTERN.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    return fail(join_path(path, key), "a date, YYYY-MM-DD", value)
