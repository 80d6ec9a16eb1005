"""Write the moved gpt41.yaml: only models and modes change, no other character."""

from __future__ import annotations

from collections.abc import Sequence

from gpt41_cli.cli import output
from gpt41_cli.cli.config_file import ConfigFile
from gpt41_cli.commands.migrate.workloads import MovedWorkload
from gpt41_cli.config.edit import replace_settings
from gpt41_cli.config.load import parse_config
from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.workloads.reading import read_contents


def write_moved_config(file: ConfigFile, workloads: Sequence[MovedWorkload], jobs: int | None) -> None:
    """Write the models and modes that workloads move to into gpt41.yaml, and print what changed; a file in which nothing changes
    stays as it is. Raises InputError if the file has changed since it was read.
    """
    name, moving = file.config.file, [moved for moved in workloads if moved.path]
    if not moving:
        output.print_to_stderr(f"{name}: left as it is: nothing has to move to a model with a price")
        return
    settings = _choose_settings(workloads)
    edited = replace_settings(file.data, name, settings)
    named = [moved for moved in moving if not _has_moved(file, moved, edited, jobs)]
    for moved in named:
        settings.setdefault(moved.name, {}).update(_get_own_settings(moved))
    edited = replace_settings(file.data, name, settings)
    file.write(edited)
    for moved in moving:
        assert moved.path
        was = f"{moved.priced.quote.model} in {moved.priced.quote.mode}"
        too = "; its requests also name a model: change it there" if moved in named else ""
        now = f"{moved.path.variant.id} in {moved.path.quote.mode}"
        output.print_to_stderr(f"{name}: {sanitize(moved.name)}: {now}, was {was}{too}")


def _has_moved(file: ConfigFile, moved: MovedWorkload, edited: str, jobs: int | None) -> bool:
    """Return False if the requests of a workload name another model than it has in the edited config."""
    assert moved.path
    catalog = moved.priced.market.catalog
    declared = parse_config(edited.encode(), file.config.file, catalog).workloads[moved.name]
    try:
        return read_contents(declared, file.find_files, catalog, jobs).variant.id == moved.path.variant.id
    except InputError:  # some of them name a model and others have that of the defaults
        return False


def _choose_settings(workloads: Sequence[MovedWorkload]) -> dict[str | None, dict[str, str]]:
    """Choose where to write the changes: in the defaults, if all workloads that take their model from there move to the same one;
    otherwise in each workload.
    """
    settings: dict[str | None, dict[str, str]] = {moved.name: _get_own_settings(moved) for moved in workloads if moved.path}
    heirs = [moved for moved in workloads if _inherits_model(moved)]
    targets = {moved.path.variant.id if moved.path else None for moved in heirs}
    if len(targets) == 1 and None not in targets:
        for moved in heirs:
            del settings[moved.name]["model"]
        settings[None] = {"model": str(targets.pop())}
    return settings


def _inherits_model(moved: MovedWorkload) -> bool:
    declared = moved.priced.declaration
    return declared.model is None and declared.fallback_model is not None


def _get_own_settings(moved: MovedWorkload) -> dict[str, str]:
    """Return the model and, if it differs, the mode that a workload moves to."""
    assert moved.path
    settings = {"model": moved.path.variant.id}
    if moved.path.quote.mode != moved.priced.quote.mode:
        settings["mode"] = moved.path.quote.mode
    return settings
