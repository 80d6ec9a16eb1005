"""`gpt41 explain`."""

from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.rules import RULES


def explain(
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="[RULE]",
            help="The id of a rule, as findings print it.",
            autocompletion=options.complete(lambda: RULES),
            show_default=False,
        ),
    ] = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Explain a rule: what it means, why it matters, and what to do.

    Findings print the id of their rule in brackets. Without an id, all rules are listed.

    \b
    gpt41 explain model-retires
    gpt41 explain
    """
    from gpt41_cli.commands.explain.report import find_rule, make_rule_list, make_rule_report

    wanted = read_output_options(output_format, quiet, outputs, [])
    output.show_and_exit(make_rule_report(find_rule(rule)) if rule else make_rule_list(), wanted)
