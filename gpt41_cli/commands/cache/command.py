"""`gpt41 cache`."""

from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.inputs import make_meter, make_reading, read_sources, refuse
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.cli.progress import watched
from gpt41_cli.errors import InputError


def cache(
    paths: options.Paths = None,
    kind: options.Kind = None,
    image_size: options.ImageSize = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The model they all go to.", show_default="the one that each names"),
    ] = None,
    requests_per_minute: options.RequestsPerMinute = None,
    lifetime: options.CacheLifetime = None,
    skip_invalid: options.SkipInvalid = False,
    jobs: options.Jobs = None,
    platform: options.PlatformName = "openai",
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """What the prompt cache would give these requests, what that saves, and what keeps it from giving more.

    The requests are replayed in their order, as exact prefixes of tokens: tools and schemas first, then the messages.

    \b
    gpt41 cache requests.jsonl
    gpt41 cache requests.jsonl --requests-per-minute 120 --lifetime 10m
    gpt41 cost requests.jsonl --cached simulate
    """
    from gpt41_cli.commands.cache.report import report
    from gpt41_cli.commands.cache.savings import values
    from gpt41_cli.commands.cache.study import study

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, paths, [pricing])
    place, day = catalog.platform(platform), typed.read_day(as_of, "--as-of")
    variant = None if model is None else catalog.variant(model)
    traffic = typed.read_traffic(requests_per_minute, lifetime)
    sources, left_out = read_sources(paths, None)
    reading = make_reading(kind, jobs, sources)
    meter = make_meter(catalog, variant and variant.id, image_size, reading, needs_tokens=True)
    with watched(sources) as seen:
        found = study(seen, reading, meter, traffic, left_out)
    if not (skip_invalid and found.requests):
        refuse(found.rejects, found.requests)
    if not found.requests:
        raise InputError("expected requests, found none in what is named")
    output.finish(report(catalog, found, values(catalog, found, place, day), place, day, left_out), wanted)
