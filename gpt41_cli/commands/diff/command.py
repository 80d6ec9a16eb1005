"""`gpt41 diff`."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.config_file import find_config, read_config, read_config_option
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.config import CONFIG_NAME, find_nearest_config
from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError, quote_text

if TYPE_CHECKING:
    from gpt41_cli.commands.diff.code import CodeComparison
    from gpt41_cli.commands.diff.compare import DiffSide
    from gpt41_cli.config.roots import ConfigRoot
    from gpt41_cli.config.tables import Config
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.findings import Finding, Place
    from gpt41_cli.workloads.priced import CheckOptions, PricedWorkload


class _LoadedSide(NamedTuple):
    """One side, and what was skipped in its folders. `root` is None for a saved report, which contains no code."""

    side: "DiffSide"
    left_out: "Sequence[SkippedPath]" = ()
    root: "ConfigRoot | None" = None
    config: "Config | None" = None
    workloads: "Sequence[PricedWorkload]" = ()

    def list_templates(self) -> "list[Finding]":
        """List the workloads whose prompts are templates, which are filled in before they are sent."""
        from gpt41_cli import rules

        flaws = ((priced.declaration.name, flaw) for priced in self.workloads for flaw in priced.workload.flaws)
        templates = [(name, flaw) for name, flaw in flaws if flaw.rule is rules.TEMPLATE]
        return [flaw._replace(message=f"{name}: {flaw.message}", subject=name) for name, flaw in templates]


def diff(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="A report of gpt41 check --format json, or a git revision such as main.")
    ],
    head: Annotated[
        str | None,
        typer.Argument(metavar="[HEAD]", help="The same for what it is compared with.", show_default="the working tree"),
    ] = None,
    configs: options.ConfigOption = None,
    fail_on: options.FailOnOption = "error",
    jobs: options.JobsOption = None,
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Show what a change to prompts or gpt41.yaml costs, and why.

    Both sides are priced by the same table, so that a price that has changed is never blamed on the work. Budgets of
    growth_percent act here. A revision is read through git; the working tree is not touched. With -q it is the change in dollars
    of a month or, without volumes, of a request.

    \b
    gpt41 diff main
    gpt41 diff base.json
    gpt41 diff v1.0 HEAD --format markdown
    """
    from gpt41_cli.commands.diff.compare import compare_sides
    from gpt41_cli.commands.diff.report import make_report
    from gpt41_cli.workloads.priced import CheckOptions

    config = read_config_option(configs)
    catalog = parse.read_catalog(pricing, configs)
    wanted = read_output_options(output_format, quiet, outputs, [base, head, config, pricing])
    threshold = parse.read_level(fail_on)
    conditions = CheckOptions(parse.read_market(catalog, None, as_of), jobs=jobs)
    if head is None:
        config = find_config(config)
    with ExitStack() as opened:
        before, after = (_load_side(revision, config, conditions, opened) for revision in (base, head))
        if not after.side.has_config:
            raise InputError(after.side.label, f"{config or 'a gpt41.yaml'} to compare with", "none")
        code = _compare_code(before, after, conditions)
    comparison = compare_sides(before.side, after.side, conditions.market, code)
    output.show_and_exit(make_report(catalog, comparison, after.left_out, after.list_templates()), wanted, threshold)


def _compare_code(before: _LoadedSide, after: _LoadedSide, conditions: "CheckOptions") -> "CodeComparison":
    """Compare the calls in the code that the config after names. Before, the code may not have been there."""
    from gpt41_cli.commands.diff.code import NO_CODE, CodeComparison
    from gpt41_cli.workloads.code_calls import find_code_calls, find_code_changes

    config, market, jobs = after.config, conditions.market, conditions.jobs
    if config is None or after.root is None or not config.code:
        return NO_CODE
    if before.root is None:
        return CodeComparison(is_unknown_before=True)
    # The files of a commit come through one pipe, which workers can't share.
    was, now = (
        find_code_calls(config, side.root.find_files, market, 1 if side.root.is_commit else jobs, may_lack=side is before)
        for side in (before, after)
        if side.root
    )
    return CodeComparison(tuple(find_code_changes(was, now, after.workloads, market)), now.unreadable)


def _load_side(name: str | None, config: Path | None, conditions: "CheckOptions", opened: ExitStack) -> _LoadedSide:
    """Load the side called `name`: a saved report or a revision; None is the working tree.

    A revision may have `config` even if the working tree doesn't. Its files can be read until `opened` ends.
    """
    from gpt41_cli.config import roots

    if name is not None and _is_saved_report(name, config):
        return _LoadedSide(_load_saved_side(name))
    path = config or find_nearest_config(Path.cwd(), "--config FILE names one that only commits have")
    here = roots.open_working_tree(path)
    if name is None:
        return _price_side(here, here.config_label, conditions)
    return _price_side(opened.enter_context(roots.open_commit(path, name)), here.config_label, conditions)


def _is_saved_report(name: str, config: Path | None) -> bool:
    """Return True if a saved report is meant: a path that begins with `.` or `/`, or a name in .json. All else is a revision.

    A change may add a file of any name, so a file never replaces a revision. Raises InputError if `name` could be either.
    """
    place = Path(name)
    with suppress(OSError, ValueError):  # a name that no file can have
        if name.startswith(".") or place.is_absolute():
            if place.is_dir():
                raise InputError(quote_text(name), "a saved report or a git revision", "a folder")
            return True
        if name and place.exists():
            _refuse_other_meaning(name, config)
    return name.endswith(".json")


def _refuse_other_meaning(name: str, config: Path | None) -> None:
    """Raise InputError for the name of a file or folder that also is a revision, or that looks like one."""
    from gpt41_cli.config import roots

    with suppress(InputError):
        config = config or find_nearest_config(Path.cwd(), "")
    kind = "folder" if Path(name).is_dir() else "file"
    if roots.has_commit(config or Path(CONFIG_NAME), name):
        hint = f"write {name}^{{commit}} for the revision" + f", ./{name} for the file" * (kind == "file")
        raise InputError(quote_text(name), "one meaning", f"a {kind} and a git revision of that name", hint)
    if kind == "folder":
        raise InputError(quote_text(name), "a saved report or a git revision", "a folder")
    if not name.endswith(".json"):
        hint = f"write ./{name} for the file, or fetch the revision (git fetch)"
        raise InputError(quote_text(name), "a git revision, or a saved report whose name ends in .json", "a file", hint)


def _load_saved_side(name: str) -> "DiffSide":
    from gpt41_cli.commands.diff.compare import DiffSide
    from gpt41_cli.files.sources import open_file, wrap_os_errors
    from gpt41_cli.workloads.saved import MAX_REPORT_BYTES, load_saved_report

    label = sanitize(name)
    with wrap_os_errors(label), open_file(Path(name)) as stream:
        saved = load_saved_report(stream.read(MAX_REPORT_BYTES + 1), label)
    return DiffSide(f"{label} ({saved.as_of})", saved.costs, saved.max_growth_percent)


def _price_side(root: "ConfigRoot", file: str, conditions: "CheckOptions") -> _LoadedSide:
    """Price a side now. `file` is the config of the working tree, which findings point to."""
    from gpt41_cli.commands.diff.compare import DiffSide
    from gpt41_cli.workloads.priced import price_declared_workloads

    config = read_config(root, conditions.market.catalog)
    if config is None:
        return _LoadedSide(DiffSide(root.label, {}, has_config=False), root=root)
    workloads = price_declared_workloads(config, root.find_files, conditions)
    costings = {priced.cost.name: priced.cost for priced in workloads}
    left_out = [skipped_file for priced in workloads for skipped_file in priced.contents.skipped_files]
    side = DiffSide(root.label, costings, config.budget.growth_percent, _find_budget_places(config, file))
    return _LoadedSide(side, left_out, root, config, workloads)


def _find_budget_places(config: "Config", file: str) -> "Mapping[str, Place]":
    """Find the places of the growth budgets; the one of all workloads is under the empty name."""
    key = "budget.growth_percent"
    places = {name: declared.locate(key) for name, declared in config.workloads.items()}
    places |= {"": config.locations[key]} if key in config.locations else {}
    return {name: place._replace(path=file) for name, place in places.items()}
