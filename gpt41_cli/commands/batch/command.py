"""`gpt41 batch`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.inputs import make_meter, make_reading, read_sources
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.display import pluralize
from gpt41_cli.errors import InputError, quote_text


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

    Each file is held against the rules for one; a file that would be rejected ends the run with exit code 1. --split writes
    parts that pass: the same lines in the same order, one model and one endpoint a part, without blank lines and byte order
    marks. No file is ever overwritten, and either all parts are written or none.

    \b
    gpt41 batch batch.jsonl --usage-tier 1
    gpt41 batch big.jsonl.zst --split parts --usage-tier 2
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
    sources, _ = read_sources(paths, None)
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
            found = check_batch_files(seen, conditions)
        output.show_and_exit(make_report(catalog, found), wanted)

    from gpt41_cli.commands.batch.split import make_output_folder, plan_split, spool_source, write_parts

    with ExitStack() as stack:
        directory = stack.enter_context(make_output_folder(Path(split)))
        sources = [stack.enter_context(spool_source(source, directory)) for source in sources]
        with show_progress(sources) as seen:
            found = check_batch_files(seen, conditions, is_split=True)
        if found.broken_rules:
            output.show_and_exit(make_report(catalog, found), wanted)
        planned = plan_split(found, catalog, usage_tier, directory)
        output.show_report(make_report(catalog, found, planned), wanted)
        write_parts(planned)
        output.print_to_stderr(f"wrote {pluralize(len(planned.part_files), 'part')} into {directory}")
