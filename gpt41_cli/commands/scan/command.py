"""`gpt41 scan`."""

from pathlib import Path
from typing import Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.config_file import add_config_aliases
from gpt41_cli.cli.options import complete_models
from gpt41_cli.cli.output_options import read_output_options


def scan(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders of source code.", show_default="this folder"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="MODEL", help="Look for this model only.", autocompletion=complete_models),
    ] = None,
    retires_within: options.RetiresWithinOption = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="GLOB", help="Files or folders to leave out, such as tests/**; repeatable."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="FILE", help="A scan saved with --format json: only calls that it doesn't have are reported."
        ),
    ] = None,
    fail_on: options.FailOnOption = "error",
    jobs: options.JobsOption = None,
    platform: options.PlatformOption = "openai",
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Find where source code calls models that end, and what has to change there.

    Folders are read as git would list them. A name in prose, in a comment or in recorded data isn't a call. A line with the
    comment "gpt41: ignore - the reason" is left out. A call to a model that is shut down fails the run.

    \b
    gpt41 scan
    gpt41 scan src/ --retires-within 90d
    gpt41 scan --format json > scan.json
    gpt41 scan --baseline scan.json --format sarif
    """
    from gpt41_cli.code.endings import find_ends
    from gpt41_cli.code.scan import scan_files
    from gpt41_cli.commands.scan.baseline import find_known, read_baseline
    from gpt41_cli.commands.scan.report import make_report
    from gpt41_cli.commands.scan.scan_findings import make_scan_findings
    from gpt41_cli.files.sources import find_sources
    from gpt41_cli.reports.findings import make_unreadable_findings

    catalog = add_config_aliases(parse.read_catalog(pricing))
    wanted = read_output_options(output_format, quiet, outputs, paths, [baseline, pricing])
    threshold = parse.read_level(fail_on)
    market = parse.read_market(catalog, platform, as_of)
    within = None if retires_within is None else parse.read_days(retires_within, "--retires-within")
    only = None if model is None else parse.read_variant(model, catalog)
    saved = None if baseline is None else read_baseline(baseline)
    sources, skipped = find_sources(paths or ["."], None, parse.open_standard_input)
    result = scan_files(sources, market, only=only, excluded=ignore or (), jobs=jobs)
    result.skipped[:0] = skipped
    known = find_known(result.uses, saved) if saved else set()
    ends = find_ends(market)
    findings = (*make_scan_findings(result, market, ends, known, within), *make_unreadable_findings(result.skipped))
    output.show_and_exit(make_report(result, market, ends, known, findings, within), wanted, threshold)
