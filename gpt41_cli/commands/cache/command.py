"""`gpt41 cache`."""

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.inputs import make_meter, make_reading, read_sources, refuse_invalid
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.errors import InputError
from gpt41_cli.rules import Level


def cache(
    paths: options.PathsArgument = None,
    kind: options.InputKindOption = None,
    column: options.ColumnOption = None,
    image_size: options.ImageSizeOption = None,
    model: options.OneModelOption = None,
    requests: options.TimesOption = 1,
    requests_per_minute: options.SendRateOption = None,
    lifetime: options.CacheLifetimeOption = None,
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    platform: options.PlatformOption = "openai",
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Replay requests with the prompt cache: what it saves, and what keeps it from saving more.

    The requests are replayed in their order, as exact prefixes of tokens: tools and schemas first, then the messages.

    \b
    gpt41 cache requests.jsonl
    gpt41 cache requests.jsonl --requests-per-minute 120 --lifetime 10m
    gpt41 cache request.json --requests 40000
    gpt41 cost requests.jsonl --cached simulate
    """
    from gpt41_cli.commands.cache.report import make_report
    from gpt41_cli.commands.cache.savings import compute_savings
    from gpt41_cli.commands.cache.study import replay_requests

    catalog, variant = parse.read_one_model(model, parse.read_catalog(pricing))
    wanted = read_output_options(output_format, quiet, outputs, paths, [pricing])
    market = parse.read_market(catalog, platform, as_of)
    traffic = parse.read_replay_options(requests_per_minute, lifetime)
    sources, left_out = read_sources(paths, None, example="gpt41 cache requests.jsonl", column=column)
    reading = make_reading(kind, jobs, sources)
    meter = make_meter(catalog, variant and variant.id, image_size, reading, needs_tokens=True)
    with show_progress(sources) as seen:
        study = replay_requests(seen, reading, meter, traffic, left_out, requests)
    if not (skip_invalid and study.requests):
        refuse_invalid(study.rejects, study.requests)
    if not study.requests:
        raise InputError(expected="requests", found="none in these files")
    gone = Level.ERROR if quiet else Level.WARNING  # a bare share can't say that the model is gone
    output.show_and_exit(make_report(market, study, compute_savings(market, study), left_out, gone), wanted)
