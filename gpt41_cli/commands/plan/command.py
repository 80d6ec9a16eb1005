"""`gpt41 plan`."""

from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.inputs import Asked, Work, read_work
from gpt41_cli.cli.output_options import read_wanted

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant


def plan(
    paths: options.Paths = None,
    text: options.Text = None,
    kind: options.Kind = None,
    image_size: options.ImageSize = None,
    input_tokens: options.InputTokens = None,
    cached: options.Cached = None,
    requests_per_minute: options.RequestsPerMinute = None,
    lifetime: options.CacheLifetime = None,
    output_tokens: options.OutputTokens = None,
    tools: options.Tools = None,
    requests: options.Requests = 1,
    model: options.Models = None,
    usage_tier: Annotated[
        int | None, typer.Option(metavar="N", help="Your usage tier.", show_default="all of them, side by side")
    ] = None,
    deadline: Annotated[str | None, typer.Option(metavar="TIME", help="When all of it must be done: 90m, 24h, 2d.")] = None,
    platform: options.PlatformName = "openai",
    skip_invalid: options.SkipInvalid = False,
    jobs: options.Jobs = None,
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """How long it takes in standard and in batch, what binds, and how to spread the requests.

    Without --model it is the model that all requests name, else the running family side by side. With -q each line is model,
    mode, tier and seconds, or never; with --deadline too, the line of the cheapest that meets it, or none.

    \b
    gpt41 plan batch.jsonl --usage-tier 2
    gpt41 plan prompt.txt --output-tokens 300 --requests 100000 --usage-tier 1 --deadline 24h
    gpt41 plan --input-tokens 50000 --requests 2000
    """
    from gpt41_cli.commands.plan.report import report
    from gpt41_cli.commands.plan.timings import plan as make

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, paths, [pricing])
    variants = list({variant.id: variant for variant in map(catalog.variant, model or ())}.values())
    place, day = catalog.platform(platform), typed.read_day(as_of, "--as-of")
    wait = None if deadline is None else typed.read_duration(deadline, "--deadline")
    asked = Asked(
        paths=paths,
        text=text,
        kind=kind,
        image_size=image_size,
        input_tokens=input_tokens,
        cached=cached,
        output_tokens=output_tokens,
        requests=requests,
        skip_invalid=skip_invalid,
        jobs=jobs,
        requests_per_minute=requests_per_minute,
        lifetime=lifetime,
        tools=tools or (),
    )
    work = read_work(asked, catalog, variants or catalog.family, variants[0].id if variants else None)
    found = make(
        catalog,
        work.together,
        variants=variants or _named(catalog, work),
        tier=usage_tier,
        deadline=wait,
        platform=place,
        as_of=day,
    )
    output.finish(report(catalog, work.together, found, work.rejects, work.left_out), wanted)


def _named(catalog: "Catalog", work: Work) -> "list[Variant]":
    """The model that all requests name; nothing where they name several, or none."""
    names = {model for model, _ in work.parts(None, None)} if work.parts else set()
    return [catalog.variant(name) for name in names if name is not None] if len(names) == 1 else []
