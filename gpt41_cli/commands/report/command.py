"""`gpt41 report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import files, options, output, parse
from gpt41_cli.cli.config_file import find_config, open_configs
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError, quote_text

if TYPE_CHECKING:
    from gpt41_cli.commands.report.inputs import ReportInput
    from gpt41_cli.reports import Report
    from gpt41_cli.workloads.priced import CheckOptions


def report(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CONFIG|SAVED]...",
            help="Files of workloads, or reports that gpt41 check --format json saved; - is one on standard input.",
            show_default="gpt41.yaml, here or in a folder above",
        ),
    ] = None,
    configs: options.ConfigOption = None,
    charts: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every chart into this folder as an SVG file too.")
    ] = None,
    fail_on: options.FailOnOption = "error",
    jobs: options.JobsOption = None,
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Make a page of all workloads: what to do, what it costs, and why.

    The page is one file that loads nothing from elsewhere. It needs pip install 'gpt41[report]', and so do charts.

    \b
    gpt41 report --output report.html
    gpt41 report --config services/gpt41.yaml --output report.html --charts charts/
    gpt41 check --format json | gpt41 report - --output report.html
    """
    from gpt41_cli.commands.report.overview import examine_workloads
    from gpt41_cli.commands.report.report import make_report
    from gpt41_cli.workloads.priced import CheckOptions

    catalog = parse.read_catalog(pricing)
    paths = [*(paths or ()), *map(str, configs or ())]
    wanted = read_output_options(output_format, quiet, outputs, paths, [pricing])
    threshold = parse.read_level(fail_on)
    if charts or wanted.has_format("html"):
        from gpt41_cli.views.svg import import_converter

        import_converter()  # refused before any work is done
    conditions = CheckOptions(parse.read_market(catalog, None, as_of), jobs=jobs)
    # One file is one input, however often and in whatever way it is named.
    named = paths or [str(find_config(None))]
    names = list({name if name == "-" else str(Path(name).resolve()): name for name in named}.values())
    inputs = [_read_input(name, conditions) for name in names]
    if len(inputs) > 1:
        inputs = [source.named(_name_input(name)) for name, source in zip(names, inputs, strict=True)]
    subjects = [subject for source in inputs for subject in source.subjects]
    document = make_report(catalog, examine_workloads(subjects, conditions.market), inputs)
    if charts:
        _write_charts(document, charts)
    output.show_and_exit(document, wanted, threshold)


def _name_input(name: str) -> str:
    return "standard input" if name == "-" else sanitize(name)


def _read_input(name: str, conditions: "CheckOptions") -> "ReportInput":
    """Read one argument: a saved report, by its ending or on standard input, else a gpt41.yaml."""
    from gpt41_cli.commands.report.inputs import make_checked_input, make_saved_input
    from gpt41_cli.files.sources import open_file, wrap_os_errors
    from gpt41_cli.workloads.saved import MAX_REPORT_BYTES, load_saved_report

    if name == "-" or name.lower().endswith(".json"):
        label = _name_input(name)
        with wrap_os_errors(label):
            if name == "-":
                data = parse.open_standard_input().read(MAX_REPORT_BYTES + 1)
            else:
                with open_file(Path(name)) as stream:
                    data = stream.read(MAX_REPORT_BYTES + 1)
        return make_saved_input(load_saved_report(data, label), label, conditions.market)
    from gpt41_cli.commands.check.check import check_workloads

    path = Path(name)
    wanted = "a gpt41.yaml or a report that gpt41 check --format json saved"
    if not path.is_file():
        raise InputError(quote_text(name), wanted, "a folder" if path.is_dir() else "none")
    if path.suffix in (".jsonl", ".parquet"):
        hint = "the key requests in gpt41.yaml names a file of requests, or of their sizes"
        raise InputError(quote_text(name), wanted, f"a file that ends in {path.suffix}", hint)
    return make_checked_input(check_workloads(open_configs([path], conditions.market.catalog), conditions))


def _write_charts(document: "Report", folder: Path) -> None:
    """Write each chart to a separate file, under its name."""
    from gpt41_cli.views.svg import draw_svg_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--charts: {quote_text(str(folder))}", "a folder to write into", error) from None
    for chart in document.all_charts:
        files.write_file(draw_svg_file(chart), folder / f"{chart.name}.svg")
