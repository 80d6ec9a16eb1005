"""`gpt41 models`."""

from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.options import complete_models
from gpt41_cli.cli.output_options import read_wanted

ModelArgument = Annotated[
    str | None,
    typer.Argument(metavar="[MODEL]", help="One model, in full.", autocompletion=complete_models, show_default=False),
]


def models(
    model: ModelArgument = None,
    check: Annotated[bool, typer.Option("--check", help="Only validate the price table.")] = False,
    platform: options.PlatformName = "openai",
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """The family side by side, or one model in full: prices, limits, evidence, lifecycle, sources.

    \b
    gpt41 models
    gpt41 models --format json
    gpt41 models --check --pricing my-prices.yaml
    """
    from gpt41_cli.commands.models.family_report import checked, side_by_side
    from gpt41_cli.commands.models.report import in_full

    wanted = read_wanted(output_format, quiet, outputs, [pricing])
    catalog = typed.read_catalog(pricing)
    day = typed.read_day(as_of, "--as-of")
    place = catalog.platform(platform)
    if check:
        report = checked(catalog)
    elif model:
        report = in_full(catalog, catalog.variant(model), place, day)
    else:
        report = side_by_side(catalog, place, day)
    output.finish(report, wanted)
