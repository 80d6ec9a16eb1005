"""`gpt41 batch`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.inputs import make_meter, make_reading, read_sources
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.cli.progress import watched
from gpt41_cli.display import plural
from gpt41_cli.errors import InputError, quoted


def batch(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Batch API input files; - is standard input.")
    ] = None,
    image_size: options.ImageSize = None,
    output_tokens: options.OutputTokens = None,
    usage_tier: Annotated[
        int | None, typer.Option(metavar="N", help="Your usage tier, for its queue.", show_default="all side by side")
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write the requests into DIR as files that pass every rule.")
    ] = None,
    requests_per_minute: options.RequestsPerMinute = None,
    lifetime: options.CacheLifetime = None,
    jobs: options.Jobs = None,
    platform: options.PlatformName = "openai",
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """Will these Batch files be accepted, what will they cost, and how long will they queue?

    Each file is held against the rules for one; a file that would be rejected ends the run with exit code 1. --split writes
    parts that pass: the same lines in the same order, one model and one endpoint a part, without blank lines and byte order
    marks. No file is ever overwritten, and either all parts are written or none.

    \b
    gpt41 batch batch.jsonl --usage-tier 1
    gpt41 batch big.jsonl.zst --split parts --usage-tier 2
    zcat *.jsonl.gz | gpt41 batch - --output-tokens 300 -q
    """
    from gpt41_cli.commands.batch.check import Conditions, check
    from gpt41_cli.commands.batch.report import report
    from gpt41_cli.work.workload import Terms

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, paths, [pricing])
    for path in paths or ():
        if Path(path).is_dir():
            raise InputError(f"{quoted(path)}: expected Batch files, found a folder; name the files in it")
    if split == "":
        raise InputError("--split: expected a folder, found an empty name")
    sources, _ = read_sources(paths, None)
    meter = make_meter(catalog, None, image_size, make_reading(None, jobs, sources), needs_tokens=True)
    conditions = Conditions(
        meter,
        Terms(output_tokens),
        catalog.platform(platform),
        typed.read_day(as_of, "--as-of"),
        usage_tier,
        typed.read_traffic(requests_per_minute, lifetime),
        jobs,
    )
    if split is None:
        with watched(sources) as seen:
            found = check(seen, conditions)
        output.finish(report(catalog, found), wanted)

    from gpt41_cli.commands.batch.split import folder, plan, spooled, write

    with ExitStack() as stack:
        directory = stack.enter_context(folder(Path(split)))
        sources = [stack.enter_context(spooled(source, directory)) for source in sources]
        with watched(sources) as seen:
            found = check(seen, conditions, is_split=True)
        if found.broken:
            output.finish(report(catalog, found), wanted)
        planned = plan(found, catalog, usage_tier, directory)
        output.show(report(catalog, found, planned), wanted)
        write(planned)
        output.complain(f"wrote {plural(len(planned.parts), 'part')} into {directory}")
