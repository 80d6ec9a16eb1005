"""`gpt41 check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gpt41_cli.cli import files, options, output, parse
from gpt41_cli.cli.config_file import find_configs, open_configs, read_config_option
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.display import pluralize
from gpt41_cli.errors import InputError

if TYPE_CHECKING:
    from gpt41_cli.reports import Report
    from gpt41_cli.workloads.priced import CheckOptions


def check(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="With --init: files and folders to write a gpt41.yaml for.")
    ] = None,
    init: Annotated[bool, typer.Option("--init", help="Write a first gpt41.yaml for these files, and check it.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of gpt41.yaml, for completion in editors.")
    ] = False,
    configs: options.ConfigOption = None,
    retires_within: options.RetiresWithinOption = None,
    fail_on: options.FailOnOption = "error",
    jobs: options.JobsOption = None,
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Check the workloads of gpt41.yaml against their budgets, limits and requirements.

    It takes the nearest gpt41.yaml, from the working directory upwards. If output_tokens is a range, a budget that the expected
    figure breaks is an error, and one that only the high end breaks is a warning.

    \b
    gpt41 check --init prompts/
    gpt41 check
    gpt41 check --retires-within 90d --fail-on warning
    gpt41 check --format json > base.json
    """
    if schema:
        _print_schema()
    from gpt41_cli.workloads.priced import CheckOptions

    catalog = parse.read_catalog(pricing, configs)
    wanted = read_output_options(output_format, quiet, outputs, paths, configs, [pricing])
    threshold = parse.read_level(fail_on)
    within = None if retires_within is None else parse.read_days(retires_within, "--retires-within")
    conditions = CheckOptions(parse.read_market(catalog, None, as_of), within, jobs)
    if init:
        configs = [read_config_option(configs) or Path(CONFIG_NAME)]
        _write_config(paths, configs[0], conditions)
    elif paths:
        raise InputError(expected="files only with --init, as gpt41.yaml says what is checked", found="some")
    output.show_and_exit(_make_check_report(find_configs(configs), conditions), wanted, threshold)


def _print_schema() -> NoReturn:
    from gpt41_cli.shipped import read_schema

    output.write_stdout(read_schema("config"))
    raise typer.Exit


def _make_check_report(paths: list[Path], conditions: "CheckOptions") -> "Report":
    from gpt41_cli.commands.check.check import check_workloads
    from gpt41_cli.commands.check.report import make_report

    opened = open_configs(paths, conditions.market.catalog)
    return make_report([open_config.config for open_config in opened], check_workloads(opened, conditions), conditions)


def _write_config(paths: list[str] | None, file: Path, conditions: "CheckOptions") -> None:
    """Write a new gpt41.yaml for the named files and folders."""
    from gpt41_cli.commands.check.init import draft_config
    from gpt41_cli.config.roots import open_working_tree

    if not paths:
        raise InputError("--init", "files or folders to write a gpt41.yaml for", "none", "such as gpt41 check --init prompts/")
    if file.exists():
        raise InputError("--init", f"no {file} yet", "one, which is left as it is")
    files.check_writable(file)
    draft = draft_config(paths, file, open_working_tree(file).find_files, conditions)
    files.write_file(draft.text, file, is_new=True)
    left_out = f", which leaves out {pluralize(draft.left_out, 'file')}: its end names them" if draft.left_out else ""
    output.print_to_stderr(f"wrote {file}{left_out}; its volumes are guesses: replace them")
