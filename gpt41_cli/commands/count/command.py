"""`gpt41 count`."""

from functools import cache, partial
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.each import finish_each
from gpt41_cli.cli.inputs import find_encoding, make_meter, make_reading, read_sources, refuse_invalid
from gpt41_cli.cli.options import count_option
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.errors import InputError
from gpt41_cli.rules import Level
from gpt41_cli.views import RECORD_VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gpt41_cli.catalog import Market, Variant
    from gpt41_cli.findings import Finding
    from gpt41_cli.work.tally import Tally


def count(
    paths: options.PathsArgument = None,
    text: options.TextOption = None,
    model: options.OneModelOption = None,
    kind: options.InputKindOption = None,
    column: options.ColumnOption = None,
    image_size: options.ImageSizeOption = None,
    each: options.EachOption = False,
    show: Annotated[bool, typer.Option("--show", help="The text that the tokens of a request stand for, part by part.")] = False,
    max_tokens: Annotated[
        int | None, count_option("Exit with 1 if a text, a picture or a request has more tokens, and list it.", at_least=1)
    ] = None,
    top: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the largest N.", show_default="20 to read")] = None,
    tree: Annotated[bool, typer.Option("--tree", help="As a tree of folders with subtotals.")] = False,
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Count as the server did on that day.", show_default="today")
    ] = None,
    pricing: options.PricingOption = None,
    output_format: options.RecordFormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Count the tokens of texts, files, folders, requests and pictures.

    Folders are read as git would list them; ignored and binary files are left out, and the answer says so. Requests are bodies of
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
    from gpt41_cli.commands.count.count import CountInputs, count_each_input, count_inputs
    from gpt41_cli.commands.count.over_limit import OversizedInputs, find_oversized_inputs, make_max_tokens_findings
    from gpt41_cli.commands.count.report import make_report
    from gpt41_cli.tokens import DEFAULT_ENCODING

    wanted = read_output_options(output_format, quiet, outputs, paths, [pricing], formats=RECORD_VIEWS)
    read_catalog = cache(lambda: parse.read_one_model(model, parse.read_catalog(pricing))[0])
    # A bare count needs no figure of the price table, and does not pay for reading it.
    needs_table = model is not None or pricing is not None or wanted.has_format("json")
    catalog = read_catalog() if needs_table else None
    variant = parse.read_one_model(model, catalog)[1] if catalog else None

    if show and (each or quiet):
        raise InputError("--show", "it alone", "--each" if each else "--quiet")
    day = parse.read_day(as_of, "--as-of") if as_of else None
    sources, left_out = read_sources(paths, text, column=column)
    reading = make_reading(kind, jobs, sources)
    meter = cache(lambda: make_meter(read_catalog(), variant and variant.id, image_size, reading, as_of=day))
    encoding = find_encoding([variant]) if variant else DEFAULT_ENCODING
    read_market = cache(lambda: parse.read_market(read_catalog(), None, as_of))
    check_models = partial(_check_models, read_market, variant, Level.ERROR if quiet else Level.WARNING)
    with show_progress(sources, is_streamed=each) as seen:
        inputs = CountInputs(seen, encoding, meter, left_out, reading, keeps_pieces=show)
        if each:
            large = OversizedInputs(max_tokens) if max_tokens else None
            finish_each(
                large.track(count_each_input(inputs)) if large else count_each_input(inputs),
                each_report.COUNTED._replace(make_report=partial(each_report.make_report, catalog=catalog)),
                wanted,
                skip_invalid=skip_invalid,
                left_out=left_out,
                check_models=check_models,
                read_market=read_market,
                find_more=partial(make_max_tokens_findings, large) if large else None,
            )
        result = count_inputs(inputs)
    rejects = result.tally.rejects
    if not result.input_count or (rejects.named_count and not skip_invalid):
        refuse_invalid(rejects, result.input_count)
    if result.tally.requests or result.pictures:
        catalog = read_catalog()  # what counted them
    large = find_oversized_inputs(result, max_tokens) if max_tokens else None
    shown = make_report(
        result,
        large,
        encoding=encoding,
        catalog=catalog,
        variant=variant,
        top=top,
        tree=tree,
        skips_invalid=skip_invalid,
        ended=[*check_models(result.tally.models), *_check_features(read_market, result.tally)],
    )
    output.show_and_exit(shown, wanted)


def _check_features(read_market: "Callable[[], Market]", tally: "Tally") -> "Iterator[Finding]":
    """Warn of features that requests use and that end."""
    from gpt41_cli import rules

    for (rule, _), places in tally.places_by_doubt.items():
        if rule is rules.STORED_PROMPT:
            from gpt41_cli.constraints.lifecycle import make_feature_findings
            from gpt41_cli.requests.api_rules.settings import REUSABLE_PROMPTS

            yield from make_feature_findings(read_market(), {REUSABLE_PROMPTS: places})


def _check_models(
    read_market: "Callable[[], Market]", variant: "Variant | None", gone: Level, names: "Iterable[str]"
) -> "list[Finding]":
    """List the models that are shut down: the one that is asked for, or those of the requests. A bare number can't show that."""
    models = [variant.id] if variant else list(names)
    if not models:
        return []
    from gpt41_cli.constraints.lifecycle import check_ended_models

    return list(check_ended_models(read_market(), models, gone))
