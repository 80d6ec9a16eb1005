"""`gpt41 plan`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.inputs import InputOptions, InputWorkloads, read_input_workloads
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.notation import ONCE, PERIODS_PER_MONTH

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant


def plan(
    paths: options.PathsArgument = None,
    text: options.TextOption = None,
    kind: options.InputKindOption = None,
    column: options.ColumnOption = None,
    image_size: options.ImageSizeOption = None,
    input_tokens: options.InputTokensOption = None,
    cached: options.CachedOption = None,
    requests_per_minute: options.SendRateOption = None,
    lifetime: options.CacheLifetimeOption = None,
    output_tokens: options.OutputTokensOption = None,
    tools: options.ToolsOption = None,
    requests: options.RequestsOption = ONCE,
    per: options.PeriodOption = None,
    model: options.ModelsOption = None,
    usage_tier: Annotated[
        int | None, typer.Option(metavar="N", help="Your usage tier.", show_default="all of them, side by side")
    ] = None,
    deadline: Annotated[str | None, typer.Option(metavar="TIME", help="How long all of the work may take: 90m, 24h, 2d.")] = None,
    platform: options.PlatformOption = "openai",
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Estimate how long the work takes in standard and in batch, and which rate limit decides.

    Without --model, it takes the model that all requests name, or compares the running models of the family. With -q each line is
    model, mode, tier and seconds, or never; with --deadline too, the line of the cheapest that meets it, or none.

    \b
    gpt41 plan batch.jsonl --usage-tier 2
    gpt41 plan prompt.txt --output-tokens 300 --requests 100000 --usage-tier 1 --deadline 24h
    gpt41 plan --input-tokens 50000 --requests 2000
    """
    from gpt41_cli.commands.plan.report import make_report
    from gpt41_cli.commands.plan.timings import plan as make

    catalog, variants = parse.read_models(model, parse.read_catalog(pricing))
    wanted = read_output_options(output_format, quiet, outputs, paths, [pricing])
    market = parse.read_market(catalog, platform, as_of)
    wait = None if deadline is None else parse.read_duration(deadline, "--deadline")
    if per is None and requests.period in ("minute", "hour"):
        per = "day"  # one answer alone may take longer than a minute
    asked = InputOptions.from_parameters(locals())
    work = read_input_workloads(asked, catalog, variants or catalog.family, variants[0].id if variants else None)
    if wait is None and (period := work.combined.period):
        wait = timedelta(days=float(PERIODS_PER_MONTH["day"] / PERIODS_PER_MONTH[period]))
    timings = make(market, work.combined, variants=variants or _find_named_model(catalog, work), tier=usage_tier, deadline=wait)
    output.show_and_exit(work.add_gaps(make_report(catalog, work.combined, timings)), wanted)


def _find_named_model(catalog: "Catalog", work: InputWorkloads) -> "list[Variant]":
    """Return the model that all requests name, as a list; empty if they name several or no model."""
    return [catalog.variant(name) for name in work.models if name is not None] if len(work.models) == 1 else []
