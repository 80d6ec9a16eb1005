"""`gpt41 batch`."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli import rules
from gpt41_cli.cli import files, options, output, parse
from gpt41_cli.cli.inputs import make_meter, make_reading, read_sources
from gpt41_cli.cli.output_options import OutputOptions, read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.display import pluralize
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt41_cli.commands.batch.check import BatchOptions
    from gpt41_cli.commands.batch.drop import DroppedLine
    from gpt41_cli.files.sources import InputSource


def batch(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Batch API input files; - is standard input.")
    ] = None,
    model: options.OneModelOption = None,
    image_size: options.ImageSizeOption = None,
    output_tokens: options.OutputTokensOption = None,
    usage_tier: Annotated[
        int | None, typer.Option(metavar="N", help="Your usage tier, for its queue.", show_default="all side by side")
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write the requests into DIR as files that pass every rule.")
    ] = None,
    drop_invalid: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="With --split: write the lines that can't pass into FILE, with the reasons, and split the rest."
        ),
    ] = None,
    requests_per_minute: options.SendRateOption = None,
    lifetime: options.CacheLifetimeOption = None,
    jobs: options.JobsOption = None,
    platform: options.PlatformOption = "openai",
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Check Batch API files, and say what they cost and how long they wait.

    Each file is checked against the rules for a file. A file that would be rejected ends the run with exit code 1. --split writes
    parts that pass: the same lines in the same order, one model and one endpoint a part, without blank lines and byte order
    marks. No file is ever overwritten, and either all parts are written or none.

    \b
    gpt41 batch batch.jsonl --usage-tier 1
    gpt41 batch big.jsonl.zst --split parts --usage-tier 2
    gpt41 batch big.jsonl --split parts --drop-invalid rejects.jsonl
    gpt41 batch azure.jsonl --platform azure-global --model NAME=MODEL
    zcat *.jsonl.gz | gpt41 batch - --output-tokens 300 -q
    """
    from gpt41_cli.commands.batch.check import BatchOptions, check_batch_files
    from gpt41_cli.commands.batch.report import make_report
    from gpt41_cli.work.workload import Assumptions

    catalog, variant = parse.read_one_model(model, parse.read_catalog(pricing))
    wanted = read_output_options(output_format, quiet, outputs, paths, [pricing])
    for path in paths or ():
        if Path(path).is_dir():
            raise InputError(quote_text(path), "Batch files", "a folder", "name the files in it")
    if split == "":
        raise InputError("--split", "a folder", "an empty name")
    if drop_invalid is not None and (split is None or os.path.lexists(drop_invalid)):
        stated = "it alone" if split is None else f"one at {quote_text(drop_invalid)}, and nothing is overwritten"
        raise InputError("--drop-invalid", "a new file with --split", stated)
    sources, _ = read_sources(paths, None, example="gpt41 batch requests.jsonl")
    meter = make_meter(catalog, variant and variant.id, image_size, make_reading(None, jobs, sources), needs_tokens=True)
    conditions = BatchOptions(
        parse.read_market(catalog, platform, as_of),
        meter,
        Assumptions(output_tokens),
        usage_tier,
        parse.read_replay_options(requests_per_minute, lifetime),
        jobs,
    )
    if split is None:
        with show_progress(sources) as seen:
            check = check_batch_files(seen, conditions)
        output.show_and_exit(make_report(catalog, check), wanted)

    _split_files(sources, conditions, Path(split), drop_invalid, wanted)


def _split_files(
    sources: "Sequence[InputSource]", conditions: "BatchOptions", folder: Path, drop_invalid: str | None, wanted: OutputOptions
) -> None:
    """Write the requests into `folder` as parts that pass, and the lines that can't pass into the file `drop_invalid`."""
    from gpt41_cli.commands.batch.check import check_batch_files
    from gpt41_cli.commands.batch.report import make_report
    from gpt41_cli.commands.batch.split import make_output_folder, plan_split, spool_source, write_parts

    catalog = conditions.market.catalog
    with ExitStack() as stack:
        directory = stack.enter_context(make_output_folder(folder))
        sources = [stack.enter_context(spool_source(source, directory)) for source in sources]
        dropped: list[DroppedLine] = []
        if drop_invalid is not None:
            kept, dropped = _drop_lines(sources, conditions, directory, stack)
            sources, dropped = (kept, dropped) if kept else (sources, [])
        with show_progress(sources) as seen:
            check = check_batch_files(seen, conditions, is_split=True)
        if check.broken_rules:
            output.show_and_exit(make_report(catalog, check), wanted)
        if dropped:
            message = f"left out {pluralize(len(dropped), 'line')}: {drop_invalid} has them, and the rules that they break"
            check = check._replace(findings=(Finding(rules.INVALID_REQUEST, message), *check.findings))
        planned = plan_split(check, catalog, conditions.usage_tier, directory)
        output.show_report(make_report(catalog, check, planned), wanted)
        write_parts(planned)
        rejects = ""
        if drop_invalid is not None:
            files.write_file("".join(line.format() for line in dropped), Path(drop_invalid), is_new=True)
            rejects = f", and {pluralize(len(dropped), 'rejected line')} into {drop_invalid}"
        output.print_to_stderr(f"wrote {pluralize(len(planned.part_files), 'part')} into {directory}{rejects}")


def _drop_lines(
    sources: "Sequence[InputSource]", conditions: "BatchOptions", directory: Path, stack: ExitStack
) -> "tuple[list[InputSource], list[DroppedLine]]":
    """Drop the lines of all sources that can't pass, and the sources of which nothing is left."""
    from gpt41_cli.commands.batch.drop import drop_invalid_lines

    kept: list[InputSource] = []
    dropped: list[DroppedLine] = []
    with show_progress(sources) as seen:
        for source in seen:
            rest, rejects = stack.enter_context(drop_invalid_lines(source, conditions, directory))
            kept += [rest] if rest.line_numbers else []
            dropped += rejects
    return kept, dropped
