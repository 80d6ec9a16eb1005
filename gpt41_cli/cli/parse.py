"""Parse option values. An error says what was expected."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from gpt41_cli import notation
from gpt41_cli.cli.config_file import add_config_aliases
from gpt41_cli.cli.output import print_to_stderr
from gpt41_cli.errors import InputError, UnknownName, quote_text, suggest
from gpt41_cli.rules import Level

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Market, Variant
    from gpt41_cli.pricing import ToolUse
    from gpt41_cli.work.prompt_cache import ReplayOptions

T = TypeVar("T")

FAIL_ON_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "never": None}
"""The level from which a finding fails a run."""

_SIZE_PATTERN = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")
_FILE_ENDING_PATTERN = re.compile(r"\.\w{1,8}$")
_DATE_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_catalog(path: Path | None, configs: "Sequence[Path] | None" = None) -> "Catalog":
    """Read the given price table, that of the named configs or of the nearest one, or the one that ships with the package."""
    from gpt41_cli.catalog import read_catalog
    from gpt41_cli.cli.config_file import find_config_prices

    return read_catalog(path or find_config_prices(configs))


def read_market(catalog: "Catalog", platform: str | None, as_of: str | None, option: str = "--as-of") -> "Market":
    """Return the market of a platform, by default the table's first one, on a day, by default today."""
    from gpt41_cli.catalog import Market

    place = next(iter(catalog.platforms.values())) if platform is None else catalog.platform(platform)
    return Market(catalog, place, read_day(as_of, option))


def read_variant(name: str, catalog: "Catalog") -> "Variant":
    """Look up a model by its id or a short name: mini, nano, 4.1. Raises UnknownName for any other name."""
    return catalog.variant(catalog.expand_short_name(name))


def read_models(values: list[str] | None, catalog: "Catalog", config: Path | None = None) -> "tuple[Catalog, list[Variant]]":
    """Parse `--model`: the models given, each once, and the catalog with the aliases of each NAME=MODEL and of gpt41.yaml, which
    is `config` or the nearest one.

    Raises UnknownName for an unknown model, InputError for a name without a model or with two.
    """
    catalog = add_config_aliases(catalog, config)
    variants: dict[str, Variant] = {}
    aliases: dict[str, str] = {}
    for value in values or ():
        name, equals, model = (part.strip() for part in value.rpartition("="))
        variant = read_variant(model, catalog)
        if not equals:
            variants[variant.id] = variant
        elif not name or aliases.setdefault(name, variant.id) != variant.id:
            raise InputError("--model", "NAME=MODEL, each name once", quote_text(value))
    return (catalog.with_aliases(aliases) if aliases else catalog), list(variants.values())


def read_model_names(values: list[str] | None, catalog: "Catalog", config: Path | None, instead: str) -> "Catalog":
    """Parse `--model` of a command that takes only NAME=MODEL; else as `read_models`. Raises InputError, with the hint `instead`,
    for a model alone.
    """
    catalog, variants = read_models(values, catalog, config)
    if variants:
        raise InputError("--model", "NAME=MODEL, which says what a deployment or label is", f"{variants[0].id} alone", instead)
    return catalog


def read_one_model(values: list[str] | None, catalog: "Catalog", config: Path | None = None) -> "tuple[Catalog, Variant | None]":
    """Parse `--model` of a command that takes one model; else as `read_models`. Raises InputError for several."""
    catalog, variants = read_models(values, catalog, config)
    if len(variants) > 1:
        raise InputError("--model", "one model, and NAME=MODEL for other names", ", ".join(variant.id for variant in variants))
    return catalog, variants[0] if variants else None


NUMBERS_HINT = "numbers do, too: -i 1200 --output-tokens 300"
"""The hint of commands that price work, if they have nothing to price."""


def read_paths(paths: list[str] | None, text: str | None, hint: str = "", example: str = "") -> tuple[list[str], str | None]:
    """Return the paths and the literal text: `-` if input is piped in, and as text one argument that can't be a path.

    Raises InputError at a terminal without either, with `hint` as one more way; with `example` if the command takes only files.
    """
    if text is None and paths and len(paths) == 1 and _is_text(paths[0]):
        print_to_stderr(f"no file has the name {quote_text(paths[0])}, so it is taken as text")
        return [], paths[0]
    if paths or text is not None:
        return paths or [], text
    if sys.stdin is None or sys.stdin.isatty():
        if example:
            raise InputError(expected="a file, a folder or -", found="nothing to read", hint=f"such as {example}")
        hint = "; ".join(filter(None, ("name one, such as prompt.txt, or write the text in quotes", hint)))
        raise InputError(expected="a file, a folder, - or --text", found="nothing to read", hint=hint)
    return ["-"], None


def _is_text(argument: str) -> bool:
    """Return True for words with blanks between them, unless they are the path of a file or look like one."""
    is_like_path = "/" in argument or os.sep in argument or _FILE_ENDING_PATTERN.search(argument)
    return len(argument.split()) > 1 and not is_like_path and not os.path.lexists(argument)


def open_standard_input() -> BinaryIO:
    """Open standard input. Raises InputError if it is closed, as it is after it was read for something else."""
    if sys.stdin is None:
        raise InputError("-", "standard input", "it closed")
    if sys.stdin.closed:
        raise InputError("-", "standard input once", "it twice")
    return sys.stdin.buffer


def refuse_options(given: Mapping[str, object], expected: str, found: str, hint: str = "") -> None:
    """Raise InputError for the first option that is given, if any is."""
    for option, value in given.items():
        if value:
            raise InputError(option, expected, found, hint)


def read_kind(value: str | None) -> str | None:
    """Parse a kind of input. Raises UnknownName for an unknown one."""
    if value is None:
        return None
    from gpt41_cli.requests.readers import INPUT_KINDS

    if value not in INPUT_KINDS:
        raise UnknownName("--as", value, INPUT_KINDS, "kind")
    return value


def read_image_size(value: str | None) -> tuple[int, int] | None:
    """Parse a size in pixels into width and height."""
    if value is None:
        return None
    match = _SIZE_PATTERN.fullmatch(value)
    if not match:
        raise InputError("--image-size", "a size in pixels such as 1024x768", quote_text(value))
    return int(match[1]), int(match[2])


def read_day(value: str | None, option: str) -> date:
    """Parse a date, YYYY-MM-DD; today if there is none."""
    if value is None:
        return date.today()
    if _DATE_PATTERN.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise InputError(option, "a date such as 2025-06-01", quote_text(value))


def read_level(value: str) -> Level | None:
    """Parse `--fail-on` into the least level that fails a run; None if none does."""
    if value not in FAIL_ON_LEVELS:
        raise UnknownName("--fail-on", value, FAIL_ON_LEVELS, "level")
    return FAIL_ON_LEVELS[value]


def read_percent(value: str, option: str) -> Decimal:
    """Parse a percentage into a share of one."""
    return _parse(value, option, notation.parse_share, "a share from 0% to 100%")


def _parse(value: str, option: str, parse: Callable[[str], T | None], expected: str) -> T:
    """Parse the value of an option. Raises InputError if `parse` returns None."""
    result = parse(value)
    if result is None:
        raise InputError(option, expected, quote_text(value))
    return result


def read_cached(value: str | None) -> tuple[int, Decimal | None]:
    """Parse `--cached` into tokens or a share of the input."""
    if value is None or value == notation.SIMULATE:
        return 0, None
    if value.endswith("%"):
        return 0, read_percent(value, "--cached")
    tokens = notation.parse_count(value)
    if tokens is None:
        expected = f"tokens such as 800, a share such as 60%, or {notation.SIMULATE}"
        raise InputError("--cached", expected, quote_text(value))
    return tokens, None


def read_replay_options(requests_per_minute: int | None, lifetime: str | None) -> "ReplayOptions":
    """Parse `--requests-per-minute` and `--lifetime`, in whole minutes."""
    from gpt41_cli.work.prompt_cache import ReplayOptions

    kept = None if lifetime is None else read_duration(lifetime, "--lifetime")
    return ReplayOptions(requests_per_minute, None if kept is None else kept // timedelta(minutes=1))


def read_duration(value: str, option: str) -> timedelta:
    """Parse a duration in minutes, hours or days."""
    return _parse(value, option, notation.parse_duration, "a time such as 90m, 24h or 2d")


def read_days(value: str, option: str) -> timedelta:
    """Parse a duration in whole days."""
    return _parse(value, option, lambda text: notation.parse_duration(text) if text.endswith("d") else None, "days such as 90d")


def read_amount(value: str, option: str) -> Decimal:
    """Parse an amount of US dollars."""
    return _parse(value, option, notation.parse_amount, "an amount of dollars such as 12.50")


def read_tools(values: "Iterable[str]") -> "ToolUse":
    """Parse `--tools`, the tools that one request uses: names and whole numbers, each name once."""
    from gpt41_cli.pricing import PAIRED_TOOL_FIELDS, ToolUse

    used: dict[str, int] = {}
    for value in (part for one in values for part in one.split(",")):
        name, _, amount = value.strip().partition("=")
        if name not in ToolUse._fields:
            raise UnknownName("--tools", name, ToolUse._fields, "tool")
        count = notation.parse_count(amount)
        if name in used or count is None:
            expected = "each name once" if name in used else f"{name}=N with a whole number"
            if notation.parse_amount(amount) is not None and "." in amount:
                expected += ": price requests that use it apart from the others"
            raise InputError("--tools", expected, quote_text(value))
        used[name] = count
    for name, other in {**PAIRED_TOOL_FIELDS, "storage_gb": "storage_days"}.items():
        if name in used and other not in used:
            raise InputError("--tools", f"{other} with {name}", "it alone")
    return ToolUse(**used)


def read_reasoning_tokens(value: str | None, efforts: "Iterable[str]") -> dict[str, int]:
    """Parse `--reasoning-tokens`: tokens by effort, or one number, which has no effort and is under an empty name."""
    if value is None:
        return {}
    alone = notation.parse_count(value)
    if alone is not None:
        return {"": alone}
    counts: dict[str, int] = {}
    for part in value.split(","):
        effort, _, amount = part.strip().partition("=")
        tokens = notation.parse_count(amount)
        if tokens is None:
            raise InputError(
                "--reasoning-tokens", "tokens such as 500, or by effort, such as low=200,high=900", quote_text(value)
            )
        if effort not in efforts:
            raise UnknownName("--reasoning-tokens", effort, sorted(efforts), "effort")
        if effort in counts:
            raise InputError("--reasoning-tokens", "each effort once", quote_text(value))
        counts[effort] = tokens
    return counts


def read_min_scores(values: list[str]) -> dict[str, Decimal]:
    """Parse `METRIC=SCORE` pairs."""
    scores = {}
    for value in values:
        metric, _, score = value.rpartition("=")
        amount = None if score.startswith("$") else notation.parse_amount(score)
        if not metric or amount is None:
            raise InputError("--min-score", "METRIC=SCORE such as IFEval=80", quote_text(value))
        scores[metric.strip()] = amount
    return scores


def read_columns(given: list[str] | None) -> dict[str, str]:
    """Return the columns and fields that `input=NAME,cached=NAME` names, by the fields in which they are read."""
    from gpt41_cli.answers.named_columns import FIELDS_BY_NAME

    fields = {**FIELDS_BY_NAME, **{field: field for field in FIELDS_BY_NAME.values()}}
    columns: dict[str, str] = {}
    for pair in (part for value in given or () for part in value.split(",")):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not column:
            raise InputError("--columns", "NAME=COLUMN, such as input=promptTokens", quote_text(pair))
        if name not in fields:
            expected = f"one of {', '.join(FIELDS_BY_NAME)}, before the ="
            raise InputError("--columns", expected, quote_text(name), suggest(name, FIELDS_BY_NAME))
        if (other := columns.get(fields[name], column)) != column:
            raise InputError("--columns", f"one column for {name}", f"{quote_text(other)} and {quote_text(column)}")
        if column in columns.values() and fields[name] not in columns:
            raise InputError("--columns", "each column for one thing", f"{quote_text(column)} a second time")
        columns[fields[name]] = column
    return columns
