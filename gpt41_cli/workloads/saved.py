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

from gpt41_cli.config.tables import PERIODS, Range, Volume
from gpt41_cli.display import decimal, exact
from gpt41_cli.errors import InputError, quoted
from gpt41_cli.files.documents import parse
from gpt41_cli.files.fields import (
    BadBody,
    Json,
    Object,
    as_list,
    as_object,
    as_text,
    choice_at,
    fail,
    join,
    list_at,
    name_at,
    object_at,
    optional_object,
    text_at,
    told,
)
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.pricing import Rates, Tools, Usage
from gpt41_cli.tokens.pieces import PARTS
from gpt41_cli.workloads.costing import NO_REQUIREMENTS, Costing, FileTokens, Requirements, Usd

SCHEMA = "gpt41.check/1"

MAX_BYTES = 20_000_000
"""Far above any report, and little enough to be read at once."""

_KIND, _, _VERSION = SCHEMA.rpartition("/")
_ANY_VERSION = re.compile(re.escape(_KIND) + r"/([1-9][0-9]{0,5})")
_DECIMAL = re.compile(r"(0|[1-9]\d{0,39})(\.\d{1,40})?", re.ASCII)
_RULE = re.compile(r"[a-z0-9-]{1,60}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Above any figure of this program, and low enough for the arithmetic to stay exact.
_MOST = 10**24
# Far above any tier and any deadline, and a time that can still be told.
_MOST_OPTIONAL = 10**9
_MINUTE = timedelta(minutes=1)


class Saved(NamedTuple):
    """All workloads at their prices of the day `as_of`; `growth_percent` is the budget for the growth of all together. `findings`
    are what was found on that day, as it was printed; they are no part of the digest.
    """

    as_of: date
    costings: Mapping[str, Costing]
    growth_percent: Decimal | None = None
    findings: tuple[Finding, ...] = ()


def dump(saved: Saved) -> dict[str, Json]:
    """The JSON that `load` reads back: `as_of`, `workloads`, `budget` and `digest`; money and rates as exact decimal strings.

    Each workload has its price a request and a month beside, rounded to 12 places: they are to be read, and not read back.
    """
    core = _core(saved)
    beside = [_figures(each) for each in saved.costings.values()]
    workloads = [{**workload, **figures} for workload, figures in zip(core["workloads"], beside, strict=True)]
    return {**core, "workloads": workloads, "digest": _digest(core)}


def load(data: bytes, file: str) -> Saved:
    """The report in `data`, the bytes of a file called `file`, as it was dumped.

    InputError, with the path of the value, for what is no such report, is one of another version, or was changed since.
    """
    try:
        if len(data) > MAX_BYTES:
            raise BadBody(f"expected a report of at most {MAX_BYTES:,} bytes, found more")
        top = as_object(parse(data.removeprefix(BOM_UTF8)), "report")
        _check_schema(top, file)
        saved = _saved(top)
        digest = name_at(top, "digest", "")
    except BadBody as error:
        raise InputError(f"{file}: {error}; a saved report is what gpt41 check --format json prints") from None
    if digest != _digest(_core(saved)):
        raise InputError(
            f"{file}: expected a report as gpt41 check wrote it, found one that was changed since: edited by hand? "
            "make it again with gpt41 check --format json"
        )
    return saved


def _digest(core: Mapping[str, Json]) -> str:
    """The SHA-256 of all that is read back."""
    return hashlib.sha256(json.dumps(core, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _core(saved: Saved) -> dict[str, Json]:
    return {
        "as_of": str(saved.as_of),
        "workloads": [_workload(each) for each in saved.costings.values()],
        "budget": {"growth_percent": _maybe(saved.growth_percent)},
    }


def _workload(costing: Costing) -> dict[str, Json]:
    """A workload; what came later than the format is left out where it says nothing, so that older reports keep their digest."""
    used = {name: amount for name, amount in costing.tools._asdict().items() if amount}
    tools = {"tools": used, "storage_usd_per_day": exact(costing.storage_usd_per_day)} if used else {}
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
        "rates_usd_per_million": _rates(costing.rates),
        "surcharged": {name: getattr(costing.surcharged, name) for name in Usage.__slots__},
        "surcharged_rates_usd_per_million": costing.surcharged_rates and _rates(costing.surcharged_rates),
        "expected_usd": exact(costing.expected_usd),
        "high_usd": exact(costing.high_usd),
        "files": {path: tokens._asdict() for path, tokens in costing.files.items()},
        "growth_percent": _maybe(costing.growth_percent),
        **tools,
        **ceiling,
        **_required(costing.requirements),
    }


def _required(must: Requirements) -> dict[str, Json]:
    said = {
        "tasks": list(must.tasks),
        "needs": list(must.needs),
        "until": must.until and str(must.until),
        "tolerance": _maybe(must.tolerance),
        "deadline_minutes": must.deadline and must.deadline // _MINUTE,
        "usage_tier": must.usage_tier,
    }
    kept = {key: value for key, value in said.items() if value not in (None, [])}
    return {"requirements": kept} if kept else {}


def _figures(costing: Costing) -> dict[str, Json]:
    monthly = costing.monthly_usd
    return {
        "input_tokens": costing.input_tokens,
        "each_usd": _usd(costing.each_usd),
        "monthly_usd": monthly and _usd(monthly),
    }


def _usd(amount: Usd) -> dict[str, Json]:
    return {"expected": exact(decimal(amount.expected)), "high": exact(decimal(amount.high))}


def _rates(rates: Rates) -> dict[str, Json]:
    return {"input": exact(rates.input), "cached_input": _maybe(rates.cached_input), "output": exact(rates.output)}


def _maybe(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)


def _check_schema(top: Object, file: str) -> None:
    found = top.get("schema")
    if not isinstance(found, str):
        fail("schema", SCHEMA, found)
    version = _ANY_VERSION.fullmatch(found)
    if version and int(version[1]) > int(_VERSION):
        raise InputError(f"{file}: expected {SCHEMA}, found {found}, which a newer gpt41 wrote: update gpt41")
    if found != SCHEMA:
        raise BadBody(f"schema: expected {SCHEMA}, found {told(found)}")


def _saved(top: Object) -> Saved:
    costings: dict[str, Costing] = {}
    for index, value in enumerate(as_list(top.get("workloads"), "workloads")):
        path = f"workloads[{index}]"
        costing = _costing(as_object(value, path), path)
        if costing.name in costings:
            raise BadBody(f"{path}.name: expected each workload once, found one a second time")
        costings[costing.name] = costing
    growth_percent = _optional_amount_at(object_at(top, "budget", ""), "growth_percent", "budget")
    findings = enumerate(list_at(top, "findings", ""))
    found = tuple(_finding(as_object(each, f"findings[{index}]"), f"findings[{index}]") for index, each in findings)
    return Saved(_day_at(top, "as_of"), costings, growth_percent, found)


def _finding(at: Object, path: str) -> Finding:
    place, rule = optional_object(at, "location", path), name_at(at, "rule", path)
    if not _RULE.fullmatch(rule):
        raise BadBody(f"{path}.rule: expected the id of a rule, found {told(rule)}")
    return Finding(
        rule,
        Level[choice_at(at, "level", path, tuple(level.label for level in Level)).upper()],
        text_at(at, "message", path),
        None if place is None else Location(text_at(place, "path", f"{path}.location"), _optional_line(place)),
        *(text_at(at, key, path) or None for key in ("actual", "allowed", "subject")),
    )


def _optional_line(place: Object) -> int | None:
    line = place.get("line")
    return line if isinstance(line, int) and not isinstance(line, bool) and line > 0 else None


def _costing(at: Object, path: str) -> Costing:
    costing = Costing(
        name=name_at(at, "name", path),
        model=name_at(at, "model", path),
        mode=name_at(at, "mode", path),
        platform=name_at(at, "platform", path),
        requests=whole_at(at, "requests", path, at_least=1),
        parts=_parts_at(at, path),
        cached_tokens=whole_at(at, "cached_tokens", path),
        output_tokens=_range_at(at, "output_tokens", path),
        volume=_volume_at(at, path),
        rates=_rates_at(at, "rates_usd_per_million", path),
        surcharged=_usage_at(at, "surcharged", path),
        surcharged_rates=_optional_rates_at(at, "surcharged_rates_usd_per_million", path),
        expected_usd=amount_at(at, "expected_usd", path),
        high_usd=amount_at(at, "high_usd", path),
        files=_files_at(at, path),
        growth_percent=_optional_amount_at(at, "growth_percent", path),
        tools=_tools_at(at, path),
        storage_usd_per_day=_optional_amount_at(at, "storage_usd_per_day", path) or Decimal(0),
        is_ceiling=at.get("is_ceiling") is True,
        requirements=_requirements_at(at, path),
    )
    if costing.cached_tokens > costing.input_tokens:
        fail(f"{path}.cached_tokens", f"at most the input tokens ({costing.input_tokens:,})", costing.cached_tokens)
    return costing


def _parts_at(at: Object, path: str) -> dict[str, int]:
    found = object_at(at, "parts", path)
    for part in found:
        if part not in PARTS:
            raise BadBody(f"{path}.parts: expected the keys {', '.join(PARTS)}, found {told(part)}")
    return {part: whole_at(found, part, f"{path}.parts") for part in found}


def _tools_at(at: Object, path: str) -> Tools:
    found, inside = optional_object(at, "tools", path) or {}, join(path, "tools")
    for name in found:
        if name not in Tools._fields:
            raise BadBody(f"{inside}: expected the keys {', '.join(Tools._fields)}, found {told(name)}")
    return Tools(**{name: whole_at(found, name, inside) for name in found})


def _requirements_at(at: Object, path: str) -> Requirements:
    found, inside = optional_object(at, "requirements", path), join(path, "requirements")
    if found is None:
        return NO_REQUIREMENTS
    minutes = _optional_whole_at(found, "deadline_minutes", inside)
    return Requirements(
        tasks=_names_at(found, "tasks", inside),
        needs=_names_at(found, "needs", inside),
        until=None if found.get("until") is None else _day_at(found, "until", inside),
        tolerance=_optional_amount_at(found, "tolerance", inside),
        deadline=None if minutes is None else minutes * _MINUTE,
        usage_tier=_optional_whole_at(found, "usage_tier", inside),
    )


def _names_at(at: Object, key: str, path: str) -> tuple[str, ...]:
    inside = join(path, key)
    return tuple(as_text(each, f"{inside}[{index}]") for index, each in enumerate(list_at(at, key, path)))


def _range_at(at: Object, key: str, path: str) -> Range:
    found, inside = object_at(at, key, path), join(path, key)
    return Range(whole_at(found, "expected", inside), whole_at(found, "high", inside))


def _volume_at(at: Object, path: str) -> Volume | None:
    found, inside = optional_object(at, "volume", path), join(path, "volume")
    if found is None:
        return None
    return Volume(whole_at(found, "requests", inside), choice_at(found, "period", inside, tuple(PERIODS)))


def _rates_at(at: Object, key: str, path: str) -> Rates:
    found, inside = object_at(at, key, path), join(path, key)
    cached_input = _optional_amount_at(found, "cached_input", inside)
    return Rates(amount_at(found, "input", inside), cached_input, amount_at(found, "output", inside))


def _optional_rates_at(at: Object, key: str, path: str) -> Rates | None:
    return None if at.get(key) is None else _rates_at(at, key, path)


def _usage_at(at: Object, key: str, path: str) -> Usage:
    found, inside = object_at(at, key, path), join(path, key)
    try:
        return Usage(*(whole_at(found, name, inside) for name in Usage.__slots__))
    except BadBody:
        raise
    except InputError as error:
        raise BadBody(f"{inside}.{error}") from None


def _files_at(at: Object, path: str) -> dict[str, FileTokens]:
    found, inside = object_at(at, "files", path), join(path, "files")
    return {file: _file(tokens, f"{inside}[{quoted(file)}]") for file, tokens in found.items()}


def _file(value: Json, path: str) -> FileTokens:
    found = as_object(value, path)
    return FileTokens(whole_at(found, "requests", path), whole_at(found, "input_tokens", path))


def whole_at(owner: Object, key: str, path: str, *, at_least: int = 0, most: int = _MOST) -> int:
    """A whole number that must be there."""
    value = owner.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= most:
        fail(join(path, key), f"a whole number, {at_least} or more", value)
    return value


def _optional_whole_at(owner: Object, key: str, path: str) -> int | None:
    return None if owner.get(key) is None else whole_at(owner, key, path, most=_MOST_OPTIONAL)


def amount_at(owner: Object, key: str, path: str) -> Decimal:
    """A decimal as text, with every digit."""
    value = owner.get(key)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        fail(join(path, key), "a plain decimal as text", value)
    return Decimal(value)


def _optional_amount_at(owner: Object, key: str, path: str) -> Decimal | None:
    """The same, or null."""
    return None if owner.get(key) is None else amount_at(owner, key, path)


def _day_at(owner: Object, key: str, path: str = "") -> date:
    value = owner.get(key)
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    return fail(join(path, key), "a date, YYYY-MM-DD", value)
