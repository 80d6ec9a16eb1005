"""`gpt41 diff`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.config_file import find_config, read_config
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError, quoted

if TYPE_CHECKING:
    from gpt41_cli.commands.diff.compare import Side
    from gpt41_cli.config.roots import Root
    from gpt41_cli.config.tables import Config
    from gpt41_cli.files.trees import LeftOut
    from gpt41_cli.findings import Location
    from gpt41_cli.workloads.priced import Conditions


class _Read(NamedTuple):
    """One side, and what was left out of the folders that it names."""

    side: "Side"
    left_out: "Sequence[LeftOut]" = ()


def diff(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="A report of gpt41 check --format json, or a git revision such as main.")
    ],
    head: Annotated[
        str | None,
        typer.Argument(metavar="[HEAD]", help="The same for what it is compared with.", show_default="the working tree"),
    ] = None,
    config: options.ConfigFile = None,
    fail_on: options.FailOn = "error",
    jobs: options.Jobs = None,
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """What does a change of the workloads of gpt41.yaml cost, and what makes it so?

    Both sides are priced by the same table, so that a price that has changed is never blamed on the work. Budgets of
    growth_percent act here. A revision is read through git; the working tree is not touched. With -q it is the change in dollars
    of a month or, without volumes, of a request.

    \b
    gpt41 diff main
    gpt41 diff base.json
    gpt41 diff v1.0 HEAD --format markdown
    """
    from gpt41_cli.commands.diff.compare import compare
    from gpt41_cli.commands.diff.report import report
    from gpt41_cli.workloads.priced import Conditions

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, [base, head, config, pricing])
    threshold = typed.read_level(fail_on)
    conditions = Conditions(catalog, typed.read_day(as_of, "--as-of"), jobs=jobs)
    if head is None:
        config = find_config(config)
    before, after = (_read(each, config, conditions) for each in (base, head))
    if not after.side.has_config:
        wanted_file = printable(str(config)) if config else "a gpt41.yaml"
        raise InputError(f"{after.side.label}: expected {wanted_file} to compare with, found none")
    found = compare(before.side, after.side, catalog, conditions.as_of)
    output.finish(report(catalog, found, after.left_out), wanted, threshold)


def _read(name: str | None, config: Path | None, conditions: "Conditions") -> _Read:
    """The side called `name`: a file, or what is named like one, is a saved report, anything else a revision, which has
    `config` where the working tree need not; None is the working tree.
    """
    from gpt41_cli.config import roots

    if name is not None and _is_report(name):
        return _Read(_saved(name))
    path = config or roots.find(Path.cwd(), "--config FILE names one that only commits have")
    here = roots.working_tree(path)
    if name is None:
        return _priced(here, here.file, conditions)
    with roots.commit(path, name) as root:
        return _priced(root, here.file, conditions)


def _is_report(name: str) -> bool:
    """Whether a saved report is meant. InputError for a folder: where a branch has its name, nobody can know which is meant."""
    with suppress(OSError, ValueError):  # a name that no file can have
        if name and Path(name).is_dir():
            raise InputError(f"{quoted(name)}: expected a saved report or a git revision, found a folder{_or_branch(name)}")
        if name and Path(name).exists():
            return True
    return name.endswith(".json")


def _or_branch(name: str) -> str:
    """What to say beside where a file or a folder is none that was meant; nothing where no branch can have its name."""
    if name.startswith((".", "/")) or name.endswith(".json"):
        return ""
    return f"; a branch of that name is refs/heads/{printable(name)}"


def _saved(name: str) -> "Side":
    from gpt41_cli.commands.diff.compare import Side
    from gpt41_cli.files.sources import open_file, readable
    from gpt41_cli.workloads.saved import MAX_BYTES, load

    label = printable(name)
    try:
        with readable(label), open_file(Path(name)) as stream:
            found = load(stream.read(MAX_BYTES + 1), label)
    except InputError as error:
        raise InputError(f"{error}{_or_branch(name)}") from None
    return Side(f"{label} ({found.as_of})", found.costings, found.growth_percent)


def _priced(root: "Root", file: str, conditions: "Conditions") -> _Read:
    """A side that is priced now; `file` is the config of the working tree, in which a finding has its place."""
    from gpt41_cli.commands.diff.compare import Side
    from gpt41_cli.workloads.priced import price_all

    config = read_config(root, conditions.catalog)
    if config is None:
        return _Read(Side(root.label, {}, has_config=False))
    found = price_all(config, root.files, conditions)
    costings = {each.costing.name: each.costing for each in found}
    left_out = [each for priced in found for each in priced.contents.left_out]
    return _Read(Side(root.label, costings, config.budget.growth_percent, _places(config, file)), left_out)


def _places(config: "Config", file: str) -> "Mapping[str, Location]":
    """Where the budgets for growth stand; that of all workloads is under the empty name."""
    key = "budget.growth_percent"
    found = {name: declared.place(key) for name, declared in config.workloads.items()}
    found |= {"": config.places[key]} if key in config.places else {}
    return {name: place._replace(path=file) for name, place in found.items()}
