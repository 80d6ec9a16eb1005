"""`gpt41 report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import files, options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.config_file import find_config, read_config
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError, quoted

if TYPE_CHECKING:
    from gpt41_cli.commands.report.overview import Input
    from gpt41_cli.reports import Report
    from gpt41_cli.workloads.priced import Conditions


def report(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CONFIG|SAVED]...",
            help="Files of workloads, or reports that gpt41 check --format json saved; - is one on standard input.",
            show_default="gpt41.yaml, here or in a folder above",
        ),
    ] = None,
    charts: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every chart into this folder as an SVG file too.")
    ] = None,
    fail_on: options.FailOn = "error",
    jobs: options.Jobs = None,
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """What to use for every workload, what it saves, and what speaks for it: a page to pass on.

    The page is one file that loads nothing from elsewhere. It needs pip install 'gpt41[report]', as do charts.

    \b
    gpt41 report --output report.html
    gpt41 report gpt41.yaml --output report.html --charts charts/
    gpt41 check --format json | gpt41 report - --output report.html
    """
    from gpt41_cli.commands.report.overview import examine
    from gpt41_cli.commands.report.report import report as told
    from gpt41_cli.workloads.priced import Conditions

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, paths, [pricing])
    threshold = typed.read_level(fail_on)
    if charts or wanted.draws("html"):
        from gpt41_cli.views.svg import converter

        converter()  # refused before any work is done
    conditions = Conditions(catalog, typed.read_day(as_of, "--as-of"), jobs=jobs)
    # One file is one input, however often and in whatever way it is named.
    named = paths or [str(find_config(None))]
    names = list({name if name == "-" else str(Path(name).resolve()): name for name in named}.values())
    inputs = [_read(name, conditions) for name in names]
    if len(inputs) > 1:
        inputs = [each.named(_label(name)) for name, each in zip(names, inputs, strict=True)]
    subjects = [subject for each in inputs for subject in each.subjects]
    found = told(catalog, examine(subjects, catalog, conditions.as_of), inputs)
    if charts:
        _write_charts(found, charts)
    output.finish(found, wanted, threshold)


def _label(name: str) -> str:
    return "standard input" if name == "-" else printable(name)


def _read(name: str, conditions: "Conditions") -> "Input":
    """What one argument names: a saved report by its ending or on standard input, else a gpt41.yaml."""
    from gpt41_cli.commands.report.overview import checked_input, saved_input
    from gpt41_cli.files.sources import open_file, readable
    from gpt41_cli.workloads.saved import MAX_BYTES, load

    if name == "-" or name.lower().endswith(".json"):
        label = _label(name)
        with readable(label):
            if name == "-":
                data = typed.standard_input().read(MAX_BYTES + 1)
            else:
                with open_file(Path(name)) as stream:
                    data = stream.read(MAX_BYTES + 1)
        return saved_input(load(data, label), label, conditions.catalog, conditions.as_of)
    from gpt41_cli.commands.check.check import check
    from gpt41_cli.config.roots import working_tree

    path = Path(name)
    if not path.is_file():
        what = "a folder" if path.is_dir() else "none"
        raise InputError(f"{quoted(name)}: expected a gpt41.yaml or a report that gpt41 check --format json saved, found {what}")
    root = working_tree(path)
    config = read_config(root, conditions.catalog)
    assert config is not None
    return checked_input(check(config, root.files, conditions), conditions.catalog, conditions.as_of)


def _write_charts(found: "Report", folder: Path) -> None:
    """Each chart as a file of its own, under its name."""
    from gpt41_cli.views.svg import draw_alone

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--charts: {quoted(str(folder))}: expected a folder to write into, found: {error.strerror}") from None
    for chart in found.all_charts:
        files.save(draw_alone(chart), folder / f"{chart.name}.svg")
