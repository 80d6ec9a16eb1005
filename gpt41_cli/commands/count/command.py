"""`gpt41 count`."""

from functools import cache, partial
from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.each import Drawn, finish_each
from gpt41_cli.cli.inputs import encoding_of, make_meter, make_reading, read_sources, refuse
from gpt41_cli.cli.options import _count, complete_models
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.cli.progress import watched
from gpt41_cli.errors import InputError

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="The model to count for; without it, the one that a request names.",
        autocompletion=complete_models,
    ),
]

MaxTokens = Annotated[
    int | None,
    typer.Option(
        metavar="N", parser=_count(1), help="Exit with 1 where a text, a picture or a request has more tokens, and name it."
    ),
]


def count(
    paths: options.Paths = None,
    text: options.Text = None,
    model: Model = None,
    kind: options.Kind = None,
    image_size: options.ImageSize = None,
    each: options.Each = False,
    show: Annotated[bool, typer.Option("--show", help="The text that the tokens of a request stand for, part by part.")] = False,
    max_tokens: MaxTokens = None,
    top: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the largest N.", show_default="20 to read")] = None,
    tree: Annotated[bool, typer.Option("--tree", help="As a tree of folders with subtotals.")] = False,
    skip_invalid: options.SkipInvalid = False,
    jobs: options.Jobs = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """How many tokens: of text, files and folders, of requests as they are billed, and of pictures.

    Folders are read as git would list them; ignored and binary files are left out, and said to be. Requests are bodies of
    Chat Completions and Responses, one or many, and files for the Batch API and for fine-tuning.

    \b
    gpt41 count README.md
    gpt41 count src/ --tree --top 5
    gpt41 count prompts/ --max-tokens 8000
    gpt41 count request.json --show
    gpt41 count batch.jsonl --each --format jsonl
    git diff | gpt41 count - -q
    """
    from gpt41_cli.commands.count import each_report
    from gpt41_cli.commands.count.count import Inputs
    from gpt41_cli.commands.count.count import count as count_all
    from gpt41_cli.commands.count.count import each as count_each
    from gpt41_cli.commands.count.over_limit import Over, max_tokens_findings, over
    from gpt41_cli.commands.count.report import report
    from gpt41_cli.reports import entries
    from gpt41_cli.tokens import DEFAULT_ENCODING

    wanted = read_wanted(output_format, quiet, outputs, paths, [pricing])
    read_catalog = cache(lambda: typed.read_catalog(pricing))
    # A bare count needs no figure of the price table, and does not pay for reading it.
    needs_table = model is not None or pricing is not None or wanted.draws("json")
    catalog = read_catalog() if needs_table else None
    variant = catalog.variant(model) if catalog and model else None

    if show and (each or quiet):
        raise InputError(f"--show: expected it alone, found {'--each' if each else '--quiet'}")
    sources, left_out = read_sources(paths, text)
    reading = make_reading(kind, jobs, sources)
    meter = cache(lambda: make_meter(read_catalog(), model, image_size, reading))
    encoding = encoding_of([variant]) if variant else DEFAULT_ENCODING
    with watched(sources, is_streamed=each) as seen:
        inputs = Inputs(seen, encoding, meter, left_out, reading, keeps_pieces=show)
        if each:
            large = Over(max_tokens) if max_tokens else None
            finish_each(
                large.watch(count_each(inputs)) if large else count_each(inputs),
                partial(each_report.report, catalog=catalog),
                entries.record,
                each_report.answer,
                Drawn(wanted, skip_invalid),
                lambda: max_tokens_findings(large),
            )
        found = count_all(inputs)
    if not (skip_invalid and found.inputs):
        refuse(found.tally.rejects, found.inputs)
    if found.tally.requests or found.pictures:
        catalog = read_catalog()  # what counted them
    large = over(found, max_tokens) if max_tokens else None
    shown = report(found, large, encoding=encoding, catalog=catalog, variant=variant, top=top, tree=tree)
    output.finish(shown, wanted)
