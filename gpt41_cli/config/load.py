"""gpt41.yaml -> Config. Every complaint says in which line and column, what was expected there, and what was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import NamedTuple, TypeVar

from gpt41_cli import notation
from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.catalog import cursor as yaml_cursor
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.config.tables import (
    PERIODS_PER_MONTH,
    CachedInput,
    Config,
    DeclaredRequirements,
    PredictedOutput,
    RequestVolume,
    SpendingBudget,
    TokenRange,
    WorkloadDeclaration,
)
from gpt41_cli.errors import Gpt41Error, UnknownName
from gpt41_cli.findings import Location
from gpt41_cli.pricing import PAIRED_TOOL_FIELDS, ToolUse

T = TypeVar("T")

CONFIG_VERSION = "1"

_INPUT_KEYS = ("requests", "prompt", "input_tokens")
_SHARED_KEYS = "model mode platform output_tokens cached usage_tier"
_WORKLOAD_KEYS = (
    f"requests prompt input_tokens tools prediction volume requests_per_minute lifetime budget require {_SHARED_KEYS}"
)
_TOOL_KEYS = [name for name in ToolUse._fields if name != "storage_days"]  # a workload is what there is all the time
_BUDGET_KEYS = "per_request_usd monthly_usd input_tokens growth_percent"
_VOLUME_PATTERN = re.compile(rf"(\d{{1,3}}(?:[,_]\d{{3}}){{1,3}}|\d{{1,12}}) ?/ ?({'|'.join(PERIODS_PER_MONTH)})", re.ASCII)


class _SharedSettings(NamedTuple):
    """What defaults and workloads alike may say."""

    model: str | None
    mode: str | None
    platform: str | None
    output_tokens: TokenRange | None
    cached: str | None
    usage_tier: int | None


def parse_config(data: bytes, file: str, catalog: Catalog) -> Config:
    """The config in `data`, the bytes of a file called `file`. TableError, with line and column, when it is wrong."""
    top = yaml_cursor.read_yaml(data, file).fields(["version", "workloads"], ["defaults", "budget"])
    top["version"].choice(CONFIG_VERSION)
    defaults = _read_shared_settings(top["defaults"].fields((), _SHARED_KEYS.split()) if "defaults" in top else {}, catalog)
    entries = top["workloads"].entries()
    if not entries:
        top["workloads"].fail("at least one workload", "none")
    workloads = {name: _read_workload(name, at, defaults, catalog) for name, at in entries.items()}
    if "budget" not in top:
        return Config(file, workloads, SpendingBudget(), {})
    total = top["budget"].fields((), ["monthly_usd", "growth_percent"])
    without = [name for name, each in workloads.items() if each.volume is None]
    if "monthly_usd" in total and without:
        total["monthly_usd"].fail("a volume in every workload beside it", f"none in {', '.join(without)}")
    return Config(file, workloads, _read_budget(total), {f"budget.{key}": at.location for key, at in total.items()})


def _read_shared_settings(at: Mapping[str, Cursor], catalog: Catalog) -> _SharedSettings:
    return _SharedSettings(
        _read_optional(at, "model", lambda each: _look_up_name(each, lambda name: (catalog.variant(name), name)[1])),
        _read_optional(at, "mode", lambda each: each.choice(*MODES)),
        _read_optional(at, "platform", lambda each: _look_up_name(each, catalog.platform).id),
        _read_optional(at, "output_tokens", _read_token_range),
        _read_optional(at, "cached", _read_cached_text),
        _read_optional(at, "usage_tier", lambda each: int(each.choice(*map(str, catalog.limits.usage_tiers.tiers)))),
    )


def _read_workload(name: str, root: Cursor, defaults: _SharedSettings, catalog: Catalog) -> WorkloadDeclaration:
    at = root.fields((), _WORKLOAD_KEYS.split())
    said = [key for key in _INPUT_KEYS if key in at]
    if len(said) != 1 and said != ["prompt", "input_tokens"]:
        found = f"{' and '.join(said)}" if said else "none of them"
        root.fail("requests, a prompt or input_tokens to say what is sent", found)
    own = _read_shared_settings(at, catalog)
    platform = catalog.platform(own.platform or defaults.platform or next(iter(catalog.platforms)))
    provider = catalog.limits.usage_tiers.provider
    has_tiers = platform.provider == provider
    if own.usage_tier is not None and not has_tiers:
        at["usage_tier"].fail(f"a platform of {provider} beside it", f"{platform.id}, which has no tiers")
    volume = _read_optional(at, "volume", _read_volume)
    budget = at["budget"].fields((), _BUDGET_KEYS.split()) if "budget" in at else {}
    if "monthly_usd" in budget and volume is None:
        budget["monthly_usd"].fail("a volume in the workload beside it", "none")
    tools = at["tools"].fields((), _TOOL_KEYS) if "tools" in at else {}
    if "storage_gb" in tools and volume is None:
        tools["storage_gb"].fail("a volume in the workload beside it, which is of a month as well", "none")
    require = at["require"].fields((), ["task", "needs", "until", "tolerance_percent", "deadline"]) if "require" in at else {}
    return WorkloadDeclaration(
        name,
        requests=_read_optional(at, "requests", _read_texts) or (),
        prompt=_read_optional(at, "prompt", _read_texts) or (),
        input_tokens=_read_optional(at, "input_tokens", Cursor.integer),
        model=own.model,
        fallback_model=defaults.model,
        mode=own.mode,
        fallback_mode=defaults.mode or MODES[0],
        platform=platform,
        output_tokens=own.output_tokens or defaults.output_tokens,
        volume=volume,
        cached=_parse_cached_input(at, own.cached or defaults.cached),
        usage_tier=(own.usage_tier or defaults.usage_tier) if has_tiers else None,
        budget=_read_budget(budget),
        require=_read_requirements(require, catalog),
        locations=_locate_keys(root, at, budget=budget, require=require),
        tools=_read_tool_use(tools),
        prediction=_read_prediction(at),
    )


def _locate_keys(root: Cursor, at: Mapping[str, Cursor], **inner: Mapping[str, Cursor]) -> Mapping[str, Location]:
    places = {"": root.location, **{key: each.location for key, each in at.items()}}
    for outer, entries in inner.items():
        places |= {f"{outer}.{key}": each.location for key, each in entries.items()}
    return places


def _read_optional(at: Mapping[str, Cursor], key: str, read: Callable[[Cursor], T]) -> T | None:
    return read(at[key]) if key in at else None


def _look_up_name(at: Cursor, look_up: Callable[[str], T]) -> T:
    """What the price table has under a name; its own complaint, with the place, where it has nothing."""
    try:
        return look_up(at.text())
    except Gpt41Error as error:
        expected, _, found = str(error).partition("expected ")[2].partition(", found ")
        at.fail(expected, found)


def _read_texts(at: Cursor) -> tuple[str, ...]:
    """One text or a list of them."""
    found = tuple(each.text() for each in at.items_or_self())
    if not found:
        at.fail("at least one", "an empty list")
    return found


def _read_token_range(at: Cursor) -> TokenRange:
    if at.is_scalar:
        return TokenRange(at.integer(), at.integer())
    fields = at.fields(["expected"], ["high"])
    expected = fields["expected"].integer()
    high = fields["high"].integer() if "high" in fields else expected
    if high < expected:
        fields["high"].fail(f"at least the expected {expected:,}", f"{high:,}")
    return TokenRange(expected, high)


def _read_volume(at: Cursor) -> RequestVolume:
    match = _VOLUME_PATTERN.fullmatch(at.text())
    requests = int(re.sub("[,_]", "", match[1])) if match else 0
    if match is None or not requests:
        at.fail("requests in a day, week or month, such as 120000 / month")
    return RequestVolume(requests, match[2])


def _read_cached_text(at: Cursor) -> str:
    text = at.text()
    if text != notation.SIMULATE and notation.parse_token_count(text) is None and notation.parse_share(text) is None:
        at.fail(f"tokens such as 800, a share such as 60%, or {notation.SIMULATE}")
    return text


def _parse_cached_input(at: Mapping[str, Cursor], said: str | None) -> CachedInput:
    if said == notation.SIMULATE:
        lifetime = _read_optional(at, "lifetime", _read_duration)
        minutes = None if lifetime is None else lifetime // timedelta(minutes=1)
        return CachedInput(0, None, True, _read_optional(at, "requests_per_minute", lambda each: each.integer(1)), minutes)
    for key in ("requests_per_minute", "lifetime"):
        if key in at:
            at[key].fail(f"cached: {notation.SIMULATE} beside it", "it alone")
    if said is None:
        return CachedInput()
    tokens = notation.parse_token_count(said)
    return CachedInput(share=notation.parse_share(said)) if tokens is None else CachedInput(tokens)


def _read_duration(at: Cursor) -> timedelta:
    found = notation.parse_duration(at.text())
    if found is None:
        at.fail("a time such as 90m, 24h or 2d")
    return found


def _read_tool_use(at: Mapping[str, Cursor]) -> ToolUse:
    for name, other in PAIRED_TOOL_FIELDS.items():
        if name in at and other not in at:
            at[name].fail(f"{other} beside it", "it alone")
    return ToolUse(**{name: each.integer() for name, each in at.items()})


def _read_prediction(at: Mapping[str, Cursor]) -> PredictedOutput | None:
    if "prediction" not in at:
        return None
    own = at["prediction"].fields(["accept"], ["file"])
    accepted = notation.parse_share(own["accept"].text())
    if accepted is None:
        own["accept"].fail("a share from 0% to 100%")
    if "tools" in at:
        at["prediction"].fail("none beside tools: predictions are of Chat Completions, which has none of them")
    if ("file" in own) == ("requests" in at):
        at["prediction"].fail("a file with a prompt or input_tokens, and none with requests, which state their own")
    return PredictedOutput(accepted, _read_optional(own, "file", Cursor.text))


def _read_budget(at: Mapping[str, Cursor]) -> SpendingBudget:
    return SpendingBudget(
        _read_optional(at, "per_request_usd", Cursor.decimal),
        _read_optional(at, "monthly_usd", Cursor.decimal),
        _read_optional(at, "input_tokens", Cursor.integer),
        _read_optional(at, "growth_percent", Cursor.decimal),
    )


def _read_requirements(at: Mapping[str, Cursor], catalog: Catalog) -> DeclaredRequirements:
    tasks = at["task"].items_or_self() if "task" in at else ()
    tolerance = _read_optional(at, "tolerance_percent", Cursor.decimal)
    if tolerance is not None and tolerance > 100:
        at["tolerance_percent"].fail("at most 100")
    return DeclaredRequirements(
        tasks=tuple(_look_up_name(each, catalog.task) for each in tasks),
        needs=tuple(_read_ability(each, catalog) for each in at["needs"].items()) if "needs" in at else (),
        until=_read_optional(at, "until", Cursor.day),
        tolerance=None if tolerance is None else tolerance / 100,
        deadline=_read_optional(at, "deadline", _read_duration),
    )


def _read_ability(at: Cursor, catalog: Catalog) -> str:
    def look_up(name: str) -> str:
        if name not in catalog.abilities:
            raise UnknownName("needs", name, sorted(catalog.abilities))
        return name

    return _look_up_name(at, look_up)
