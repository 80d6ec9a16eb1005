"""`gpt41 cost`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.each import finish_each
from gpt41_cli.cli.inputs import InputOptions, InputWorkloads, make_meter, make_reading, read_input_workloads, read_sources
from gpt41_cli.cli.output_options import OutputOptions, read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.errors import InputError
from gpt41_cli.notation import ONCE, SIMULATE
from gpt41_cli.rules import Level
from gpt41_cli.views import RECORD_VIEWS

if TYPE_CHECKING:
    from gpt41_cli.catalog import Market, Variant
    from gpt41_cli.commands.cost.estimate import Estimate


def cost(
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
    prediction: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A text that the answer is expected to repeat (a predicted output); with --accept."),
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="How much of the prediction the answer uses: 70%; the rest is billed as output."),
    ] = None,
    requests: options.RequestsOption = ONCE,
    per: options.PeriodOption = None,
    each: options.EachOption = False,
    model: options.ModelsOption = None,
    mode: options.ModesOption = None,
    platform: options.PlatformOption = "openai",
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.RecordFormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Price requests, files or token counts, and show what caching and batch save.

    Texts, pictures and --input-tokens together are the input of one request. Request bodies and Batch API files are priced
    as they are, each at its own model and mode unless --model and --mode say otherwise. --tools takes web_searches,
    web_search_tokens (what one finds), web_search_previews, file_searches, container_gb with container_minutes, each of one
    request, and storage_gb with storage_days, once.

    \b
    gpt41 cost --input-tokens 1200 --cached-tokens 800 --output-tokens 400
    gpt41 cost prompt.txt --output-tokens 300 --requests 5000 --mode standard --mode batch
    gpt41 cost prompt.txt --output-tokens 300 --tools web_searches=2,web_search_tokens=3000
    gpt41 cost code.py --output-tokens 900 --prediction code.py --accept 70%
    gpt41 cost batch.jsonl --output-tokens 300
    gpt41 cost batch.jsonl --each --format jsonl
    cat prompt.txt | gpt41 cost - --output-tokens 300 --format json
    """
    from gpt41_cli.commands.cost.report import make_report

    catalog, variants = parse.read_models(model, parse.read_catalog(pricing))
    wanted = read_output_options(output_format, quiet, outputs, paths, [prediction, pricing], formats=RECORD_VIEWS)
    modes = list(dict.fromkeys(mode or ()))
    market = parse.read_market(catalog, platform, as_of)
    asked = InputOptions.from_parameters(locals(), names_mode=not modes)
    if each:
        _price_each_request(asked, market, variants, modes, wanted)
    work = read_input_workloads(asked, catalog, variants or catalog.family, variants[0].id if variants else None)
    # A bare price can't say that its model is gone.
    estimate = _estimate_work(market, work, variants, modes, Level.ERROR if quiet else Level.WARNING)
    output.show_and_exit(work.add_gaps(make_report(catalog, work.combined, estimate)), wanted)


def _estimate_work(
    market: "Market", work: InputWorkloads, variants: "list[Variant]", modes: list[str], ended: Level
) -> "Estimate":
    """Price the parts of the work at the models and modes that they name, or at a given one; compare several side by side."""
    from gpt41_cli.commands.cost.estimate import estimate, estimate_parts

    if work.request_totals is None:
        return estimate(market, work.combined, variants=variants, modes=modes or ["standard"], ended=ended)
    parts = work.split(variants[0].id if len(variants) == 1 else None, modes[0] if len(modes) == 1 else None)
    named = {model for model, _ in parts}
    if len(variants) < 2 and len(modes) < 2 and None not in named:
        return estimate_parts(market, parts, work.combined, ended)
    if not variants and named != {None}:
        if None in named:
            raise InputError(
                expected="a model in every request, or --model", found="some that name none", location=work.locate(None)
            )
        raise InputError("--mode", "one with requests that name their models", "several", "--model compares them")
    own_modes = sorted({mode for _, mode in parts})
    return estimate(market, work.combined, variants=variants, modes=modes or own_modes, ended=ended)


def _price_each_request(
    asked: InputOptions, market: "Market", variants: "list[Variant]", modes: list[str], wanted: OutputOptions
) -> NoReturn:
    """Print every request with its own price."""
    from gpt41_cli.commands.cost import each_report
    from gpt41_cli.commands.cost.each import RequestPricer, price_requests
    from gpt41_cli.constraints.lifecycle import check_ended_models

    if len(variants) > 1 or len(modes) > 1:
        raise InputError("--each", "at most one --model and one --mode", "several")
    if asked.input_tokens is not None or asked.requests != ONCE or asked.per:
        raise InputError("--each", "requests as they are", "--input-tokens or --requests")
    if asked.prediction or asked.assumptions.tools.storage_gb:
        raise InputError("--each", "requests as they are", "--prediction or storage, which belong to no single request")
    if asked.cached == SIMULATE:
        raise InputError("--each", "--cached with tokens or a share", "simulate, which has an answer for all of them")
    sources, left_out = read_sources(asked.paths, asked.text, column=asked.column)
    reading = make_reading(asked.kind, asked.jobs, sources)
    variant = variants[0] if variants else None
    pricer = RequestPricer(
        market,
        make_meter(market.catalog, variant and variant.id, asked.image_size, reading),
        asked.assumptions,
        variant,
        modes[0] if modes else None,
    )
    make_report = partial(each_report.make_report, catalog=market.catalog, is_ceiling=asked.output_tokens is None)
    with show_progress(sources, is_streamed=True) as seen:
        finish_each(
            price_requests(seen, reading, pricer, left_out),
            each_report.PRICED._replace(make_report=make_report),
            wanted,
            skip_invalid=asked.skip_invalid,
            left_out=left_out,
            check_models=partial(check_ended_models, market, gone=Level.ERROR if wanted.quiet else Level.WARNING),
            read_market=lambda: market,
        )
