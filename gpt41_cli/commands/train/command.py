"""`gpt41 train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.inputs import find_encoding, make_meter, make_reading, read_sources, refuse_invalid
from gpt41_cli.cli.options import count_option
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.errors import InputError, quote_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt41_cli.catalog import Variant
    from gpt41_cli.commands.train.fine_tune import ServiceOptions, TrainingResult
    from gpt41_cli.commands.train.training import TrainingOptions


def train(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Training files, JSON lines; - is standard input.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="MODEL", help="The model to train; repeatable.", show_default="each of the family"),
    ] = None,
    epochs: Annotated[
        int | None, count_option("The number of epochs.", at_least=1, show_default="OpenAI's published default")
    ] = None,
    input_tokens: Annotated[
        int | None,
        count_option("Input tokens of one request to the fine-tune.", "--input-tokens", show_default="the examples' mean"),
    ] = None,
    output_tokens: Annotated[
        int | None,
        count_option(
            "Output tokens of one answer.", "--output-tokens", show_default="the examples' mean; for --prompts, their own maximum"
        ),
    ] = None,
    cached: Annotated[
        str | None, typer.Option(metavar="SHARE", help="How much of every input is read from the prompt cache, such as 60%.")
    ] = None,
    base_input_tokens: Annotated[
        int | None,
        count_option("Input tokens of the same request to the model that answers today.", show_default="as for the fine-tune"),
    ] = None,
    instead_of: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="The model of today.", show_default="the same without training, and the family's first"
        ),
    ] = None,
    requests: Annotated[
        int | None, count_option("Total requests to serve, to show what is saved.", "--requests", "-n", at_least=1)
    ] = None,
    distill_from: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The teacher that answers --prompts; its answers are the examples.")
    ] = None,
    prompts: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Requests for the teacher, with --distill-from; repeatable.")
    ] = None,
    image_size: options.ImageSizeOption = None,
    jobs: options.JobsOption = None,
    platform: options.PlatformOption = "openai",
    fail_on: options.FailOnOption = "error",
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Price fine-tuning, and check whether OpenAI would take the file.

    A fine-tune costs more per token than its base. It pays off if requests get shorter, or if it answers instead of a
    larger model. Without --input-tokens and --output-tokens, a request in service is the mean of the examples: everything before
    the last answer, and that answer. --distill-from prices all of it: a teacher's answers, the training on them, and the student
    in service.

    \b
    gpt41 train examples.jsonl --base-input-tokens 2400
    gpt41 train examples.jsonl --epochs 2 --requests 500000 --format markdown
    gpt41 train --distill-from MODEL --prompts prompts.jsonl --output-tokens 120
    """
    from gpt41_cli.commands.train.fine_tune import ServiceOptions, find_trainable_models
    from gpt41_cli.commands.train.report import make_report
    from gpt41_cli.commands.train.training import TrainingOptions

    catalog = parse.read_catalog(pricing)
    wanted = read_output_options(output_format, quiet, outputs, paths, prompts, [pricing])
    threshold = parse.read_level(fail_on)
    conditions = TrainingOptions(parse.read_market(catalog, platform, as_of), epochs, requests)
    share = None if cached is None else parse.read_percent(cached, "--cached")
    variants = find_trainable_models(catalog, [catalog.expand_short_name(name) for name in model or ()])
    service = ServiceOptions(input_tokens, output_tokens, share, base_input_tokens)
    if distill_from is not None:
        about_files = {"FILE": paths, "--input-tokens": input_tokens is not None, "--instead-of": instead_of}
        about_files["--base-input-tokens"] = base_input_tokens is not None
        parse.refuse_options(about_files, "none with --distill-from, which learns from --prompts", "some")
        teacher = parse.read_variant(distill_from, catalog)
        students = variants if model else tuple(variant for variant in variants if variant != teacher)
        result = _price_prompts(prompts, teacher, students, service, image_size, jobs, conditions)
    elif prompts:
        raise InputError("--prompts", "--distill-from with it", "it alone")
    else:
        today = catalog.family[0] if instead_of is None else parse.read_variant(instead_of, catalog)
        result = _price_training_files(paths, variants, service, today, image_size, jobs, conditions)
    output.show_and_exit(make_report(result, conditions), wanted, threshold)


def _price_training_files(
    paths: list[str] | None,
    variants: "Sequence[Variant]",
    service: "ServiceOptions",
    today: "Variant",
    image_size: str | None,
    jobs: int | None,
    conditions: "TrainingOptions",
) -> "TrainingResult":
    """Price the training on files, next to the model of today."""
    from gpt41_cli.commands.train.fine_tune import price_training
    from gpt41_cli.commands.train.training_file import TrainingTargets, read_training_files

    for path in paths or ():
        if Path(path).is_dir():
            raise InputError(quote_text(path), "training files", "a folder", "name the files in it")
    find_encoding(variants)  # one count is for all of them
    sources, _ = read_sources(paths, None, example="gpt41 train examples.jsonl")
    meter = make_meter(conditions.market.catalog, variants[0].id, image_size, make_reading(None, jobs, sources))
    with show_progress(sources) as seen:
        files = read_training_files(seen, TrainingTargets(meter, tuple(variants), conditions.rules), jobs)
    return price_training(files, variants, service, (today,), conditions)


def _price_prompts(
    paths: list[str] | None,
    teacher: "Variant",
    students: "Sequence[Variant]",
    service: "ServiceOptions",
    image_size: str | None,
    jobs: int | None,
    conditions: "TrainingOptions",
) -> "TrainingResult":
    """Price the training on the answers of a teacher to requests."""
    from gpt41_cli.commands.train.fine_tune import price_distillation
    from gpt41_cli.work import sizing
    from gpt41_cli.work.workload import Assumptions

    if not paths:
        raise InputError("--prompts", "requests that the teacher answers", "none")
    sources, left_out = read_sources(paths, None, example="gpt41 train examples.jsonl")
    reading = make_reading(None, jobs, sources)
    encoding = find_encoding((teacher, *students))
    meter = make_meter(conditions.market.catalog, teacher.id, image_size, reading)
    with show_progress(sources) as seen:
        totals = sizing.measure_sources(seen, reading, lambda: meter, encoding, left_out)
    if isinstance(totals, sizing.RequestTotals):
        refuse_invalid(totals.rejects, totals.requests)
    if not isinstance(totals, sizing.RequestTotals) or not totals.requests:
        raise InputError("--prompts", "requests that the teacher answers", "text or pictures")
    terms = Assumptions(service.output_tokens, cached_share=service.cached_share)
    return price_distillation(sizing.merge_into_workload(totals, terms, 1), teacher, students, meter, conditions)
