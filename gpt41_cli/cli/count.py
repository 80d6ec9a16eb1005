"""`gpt41 count`."""

from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli.work import encoding_of


def count(
    paths: options.Paths = None,
    text: options.Text = None,
    model: options.Model = None,
    top: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the largest N.", show_default="20 to read")] = None,
    tree: Annotated[bool, typer.Option("--tree", help="As a tree of folders with subtotals.")] = False,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    quiet: options.Quiet = False,
) -> None:
    """How many tokens: exactly, of text, files, folders and standard input.

    Folders are read as git would list them; ignored and binary files are left out, and said to be.

    \b
    gpt41 count README.md
    gpt41 count src/ --tree --top 5
    git diff | gpt41 count - -q
    """
    from gpt41_cli.decisions.count import count as count_all
    from gpt41_cli.decisions.count import texts
    from gpt41_cli.reports.count import report
    from gpt41_cli.tokens import DEFAULT_ENCODING

    # A bare count needs no figure of the price table, and does not pay for reading it.
    needs_table = model is not None or pricing is not None or output_format == "json"
    catalog = options.read_catalog(pricing) if needs_table else None
    variant = catalog.variant(model) if catalog and model else None
    encoding = encoding_of([variant]) if variant else DEFAULT_ENCODING
    inputs, left_out = texts(options.read_paths(paths, text, optional=False), text, options.standard_input)
    found = count_all(inputs, encoding, left_out)
    output.finish(report(found, encoding=encoding, catalog=catalog, variant=variant, top=top, tree=tree), output_format, quiet)
