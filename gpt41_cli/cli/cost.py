"""`gpt41 cost`."""

from gpt41_cli.cli import options, output
from gpt41_cli.cli.work import read_work


def cost(
    paths: options.Paths = None,
    text: options.Text = None,
    input_tokens: options.InputTokens = None,
    cached: options.Cached = None,
    output_tokens: options.OutputTokens = 0,
    requests: options.Requests = 1,
    model: options.Models = None,
    mode: options.Modes = None,
    platform: options.PlatformName = "openai",
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    quiet: options.Quiet = False,
) -> None:
    """What it costs: every term of the price, and what caching and batch save.

    Texts and --input-tokens together are the input of one request.

    \b
    gpt41 cost --input-tokens 1200 --cached-tokens 800 --output-tokens 400
    gpt41 cost prompt.txt --output-tokens 300 --requests 5000 --mode standard --mode batch
    cat prompt.txt | gpt41 cost - --output-tokens 300 --format json
    """
    from gpt41_cli.decisions.estimate import estimate
    from gpt41_cli.reports.cost import report

    catalog = options.read_catalog(pricing)
    variants = list({variant.id: variant for variant in map(catalog.variant, model or ())}.values())
    work = read_work(
        paths,
        text,
        variants or catalog.family,
        input_tokens=input_tokens,
        cached=cached,
        output_tokens=output_tokens,
        requests=requests,
    )
    found = estimate(
        catalog,
        work,
        variants=variants,
        modes=list(dict.fromkeys(mode or ["standard"])),
        platform=catalog.platform(platform),
        as_of=options.read_day(as_of, "--as-of"),
    )
    output.finish(report(catalog, work, found), output_format, quiet)
