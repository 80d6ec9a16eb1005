"""Read gpt41.yaml into a Config: build its records, fill in the defaults, and check the rules between its keys."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli import notation
from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.catalog.cursor import THE_DOCUMENT, Cursor, read_yaml
from gpt41_cli.config import CONFIG_NAME, tables
from gpt41_cli.config.guesses import find_example, find_mapping_example
from gpt41_cli.errors import TableError, UnknownKey, quote_text
from gpt41_cli.findings import Place
from gpt41_cli.records import build

_MAX_ERRORS = 20
_A_START = f"gpt41 check --init prompts/ writes a first {CONFIG_NAME}"
_INPUT_KEYS = ("requests", "prompt", "input_tokens")
_VERSION_KEY = "version"


def parse_config(data: bytes, file: str, catalog: Catalog) -> tables.Config:
    """Read the config from `data`, the bytes of a file called `file`. Raises TableError with line and column, and with further
    mistakes as `others`: what is wrong is dropped, and the rest is read again.
    """
    root = read_yaml(data, file)
    errors: list[TableError] = []
    dropped: list[str] = []
    if _lacks_only_version(root):
        hint = f"write {_VERSION_KEY}: {tables.CONFIG_VERSION}"
        errors.append(TableError(THE_DOCUMENT, f"the key {_VERSION_KEY}", "none", hint, root.location))
        root.put(_VERSION_KEY, tables.CONFIG_VERSION)
    while len(errors) < _MAX_ERRORS:
        try:
            config = _parse(root, file, catalog)
        except TableError as error:
            _add_hint(error)
            if not any(_may_explain(path, error) for path in dropped):
                errors.append(error)
            if not root.drop(error.path):
                break
            dropped.append(error.path)
            if error.path == _VERSION_KEY:
                root.put(_VERSION_KEY, tables.CONFIG_VERSION)
        else:
            if not errors:
                return config
            break
    first, *others = sorted(errors, key=lambda error: error.location or Place(file))
    first.others = others
    raise first


def _add_hint(error: TableError) -> None:
    """Add what to write instead of a key that people guess, or of an amount or a name in place of a mapping."""
    path = error.path.split(".")
    if isinstance(error, UnknownKey):
        if error.path == THE_DOCUMENT:
            error.hint = _A_START
        elif example := find_example(path):
            error.problem, error.hint = f"unknown key {quote_text(path[-1])}", f"write {example}"
    elif error.expected == "a mapping" and (example := find_mapping_example(path)):
        error.hint = f"write {example}"


def _lacks_only_version(root: Cursor) -> bool:
    """Return True if a document has keys of ours, but doesn't say of which version."""
    entries = root.entries() if root.is_mapping else {}
    return _VERSION_KEY not in entries and not entries.keys().isdisjoint(tables.Document._fields)


def _may_explain(path: str, error: TableError) -> bool:
    """Return True if an error may be there only because the value at `path` was dropped: something is missing around it."""
    is_around = error.path == THE_DOCUMENT or path.startswith((f"{error.path}.", f"{error.path}["))
    return is_around and str(error.found).startswith(("none", "an empty"))


def _parse(root: Cursor, file: str, catalog: Catalog) -> tables.Config:
    catalog = catalog.with_aliases(_read_aliases(root, catalog))
    document = build(tables.Document, root, catalog=catalog)
    top = _get_entries(root, "budget")
    entries = top["workloads"].entries()
    workloads = {
        name: _fill_in(entries[name], declared, document.defaults, catalog) for name, declared in document.workloads.items()
    }
    without = [name for name, declared in workloads.items() if declared.volume is None]
    if document.budget.monthly_usd is not None and without:
        top["budget.monthly_usd"].fail("a volume in every workload", f"none in {', '.join(without)}")
    locations = {key: at.location for key, at in top.items() if key == "code" or key.startswith("budget.")}
    return tables.Config(file, workloads, document.budget, document.models, locations, document.code)


def read_aliases(data: bytes, file: str, catalog: Catalog) -> Mapping[str, str]:
    """Read `models` alone, the models of aliases, from a config. Raises TableError with line and column."""
    return _read_aliases(read_yaml(data, file), catalog)


def read_prices_path(data: bytes, file: str) -> str | None:
    """Read `pricing` alone, the path of a price table or of overrides, from a config. Raises TableError with line and column."""
    entries = read_yaml(data, file).entries()
    return entries["pricing"].text() if "pricing" in entries else None


def _read_aliases(root: Cursor, catalog: Catalog) -> Mapping[str, str]:
    entries = root.entries()
    if "models" not in entries:
        return {}
    return build(tables.ModelAliases, root, catalog=catalog).models


def _get_entries(at: Cursor, *inner: str) -> dict[str, Cursor]:
    """Return the entries of a mapping, and those of the `inner` ones under both keys, such as `budget.monthly_usd`."""
    entries = at.entries()
    for outer in inner:
        if outer in entries:
            entries |= {f"{outer}.{key}": entry for key, entry in entries[outer].entries().items()}
    return entries


def _fill_in(
    root: Cursor, declared: tables.WorkloadDeclaration, defaults: tables.SharedSettings, catalog: Catalog
) -> tables.WorkloadDeclaration:
    at, own = _get_entries(root, "budget", "require"), declared.own
    provider = catalog.limits.usage_tiers.provider
    platform = own.platform or defaults.platform or next(iter(catalog.platforms.values()))
    filled = declared._replace(
        model=own.model,
        fallback_model=defaults.model,
        mode=own.mode,
        fallback_mode=defaults.mode or MODES[0],
        platform=platform,
        output_tokens=own.output_tokens or defaults.output_tokens,
        cached=own.cached or defaults.cached or tables.CachedInput(),
        usage_tier=(own.usage_tier or defaults.usage_tier) if platform.provider == provider else None,
        locations={"": root.location, **{key: entry.location for key, entry in at.items()}},
    )
    _check(root, at, filled, provider)
    return filled


def _check(root: Cursor, at: Mapping[str, Cursor], declared: tables.WorkloadDeclaration, provider: str) -> None:
    """Check what must hold between the keys of a workload."""
    said = [key for key in _INPUT_KEYS if key in at]
    if len(said) != 1 and said != ["prompt", "input_tokens"]:
        hint = "the number of requests goes into volume" if "requests" in said else ""
        root.fail("requests, a prompt or input_tokens to say what is sent", " and ".join(said) or "none of them", hint)
    if "column" in at and "requests" not in at:
        at["column"].fail("requests with it, the tables that have this column", "none")
    if "usage_tier" in at and declared.platform.provider != provider:
        at["usage_tier"].fail(f"a platform of {provider} with it", f"{declared.platform.id}, which has no tiers")
    if "budget.monthly_usd" in at and declared.volume is None:
        at["budget.monthly_usd"].fail("a volume in the workload", "none")
    if "tools" in at and declared.volume is None and "storage_gb" in (tools := at["tools"].entries()):
        tools["storage_gb"].fail("a volume in the workload, as storage is priced per month", "none")
    if declared.prediction and "tools" in at:
        at["prediction"].fail("none with tools: only Chat Completions has predictions, and it has no such tools")
    if declared.prediction and (declared.prediction.file is not None) == ("requests" in at):
        at["prediction"].fail("a file with a prompt or input_tokens, and none with requests, which state their own")
    for key in ("requests_per_minute", "lifetime"):
        if key in at and not declared.cached.is_simulated:
            at[key].fail(f"cached: {notation.SIMULATE} with it", "it alone")
