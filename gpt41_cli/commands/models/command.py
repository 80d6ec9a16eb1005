"""`gpt41 models`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.options import complete_models
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.views import RECORD_VIEWS

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog


def models(
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="One model, in full.", autocompletion=complete_models, show_default=False),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the price table and the vocabulary.")] = False,
    diff: Annotated[
        Path | None, typer.Option("--diff", metavar="FILE", help="Show what a price table or a file of overrides changes.")
    ] = None,
    platform: options.PlatformOption = "openai",
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.RecordFormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """List the prices, limits, scores and end dates of the models, or those of one in full.

    \b
    gpt41 models
    gpt41 models --format json
    gpt41 models --check --pricing my-prices.yaml
    gpt41 models --diff company.yaml
    """
    from gpt41_cli.commands.models.family_report import make_family_report, make_validation_report
    from gpt41_cli.commands.models.report import make_model_report

    wanted = read_output_options(output_format, quiet, outputs, [pricing, diff], formats=RECORD_VIEWS)
    catalog = _read_table_before(pricing, diff) if diff else parse.read_catalog(pricing)
    market = parse.read_market(catalog, platform, as_of)
    if check:
        from gpt41_cli.tokens.text.vocabulary import check_vocabularies

        check_vocabularies()
        report = make_validation_report(market)
    elif diff:
        from gpt41_cli.commands.models.diff_report import make_diff_report

        report = make_diff_report(market, parse.read_catalog(diff))
    elif model:
        report = make_model_report(market, parse.read_variant(model, catalog))
    else:
        report = make_family_report(market)
    output.show_and_exit(report, wanted)


def _read_table_before(pricing: Path | None, diff: Path) -> "Catalog":
    """Read the table that a file changes: the one of `--pricing`, or the one that ships. The file itself may be in use already,
    as `pricing` of a gpt41.yaml or in GPT41_PRICING.
    """
    from gpt41_cli.catalog import read_catalog

    return read_catalog(None if pricing is None or pricing.resolve() == diff.resolve() else pricing)
