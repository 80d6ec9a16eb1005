"""`gpt41 train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.inputs import encoding_of, make_meter, make_reading, read_sources, refuse
from gpt41_cli.cli.options import _count
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.cli.progress import watched
from gpt41_cli.errors import InputError, quoted

ServedInputTokens = Annotated[
    int | None,
    typer.Option(
        "--input-tokens",
        metavar="N",
        parser=_count(0),
        help="Input tokens of one request to the fine-tune.",
        show_default="the examples' mean",
    ),
]

ServedOutputTokens = Annotated[
    int | None,
    typer.Option(
        "--output-tokens",
        metavar="N",
        parser=_count(0),
        help="Output tokens of one answer.",
        show_default="the examples' mean; for --prompts, their own maximum",
    ),
]

BaseInputTokens = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=_count(0),
        help="Input tokens of the same request to the model that answers today.",
        show_default="as for the fine-tune",
    ),
]

Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N", parser=_count(1), help="How often the examples are gone through.", show_default="the published heuristic"
    ),
]

Served = Annotated[
    int | None,
    typer.Option(
        "--requests", metavar="N", parser=_count(1), help="How many requests will be served in all: what is saved then."
    ),
]


if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt41_cli.catalog import Variant
    from gpt41_cli.commands.train.fine_tune import Service, Tuning
    from gpt41_cli.commands.train.training import Conditions


def train(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Training files, JSON lines; - is standard input.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="MODEL", help="The model to train; repeatable.", show_default="each of the family"),
    ] = None,
    epochs: Epochs = None,
    input_tokens: ServedInputTokens = None,
    output_tokens: ServedOutputTokens = None,
    cached: Annotated[
        str | None, typer.Option(metavar="SHARE", help="How much of every input is read from the prompt cache, such as 60%.")
    ] = None,
    base_input_tokens: BaseInputTokens = None,
    instead_of: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="The model of today.", show_default="the same without training, and the family's first"
        ),
    ] = None,
    requests: Served = None,
    distill_from: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The teacher that answers --prompts; its answers are the examples.")
    ] = None,
    prompts: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Requests for the teacher, with --distill-from; repeatable.")
    ] = None,
    image_size: options.ImageSize = None,
    jobs: options.Jobs = None,
    platform: options.PlatformName = "openai",
    fail_on: options.FailOn = "error",
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """What fine-tuning costs, when it pays, and whether the platform would take the file.

    A fine-tune is dearer by the token than its base: it pays where the request gets shorter, or where it answers in place of a
    larger model. Where --input-tokens and --output-tokens do not say what a request in service is, it is the mean of the
    examples: what stands before the last answer, and that answer. --distill-from prices the whole road: a teacher's answers,
    the training on them, and the student in service.

    \b
    gpt41 train examples.jsonl --base-input-tokens 2400
    gpt41 train examples.jsonl --epochs 2 --requests 500000 --format markdown
    gpt41 train --distill-from MODEL --prompts prompts.jsonl --output-tokens 120
    """
    from gpt41_cli.commands.train.fine_tune import Service, students_of
    from gpt41_cli.commands.train.report import report
    from gpt41_cli.commands.train.training import Conditions

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, paths, prompts, [pricing])
    threshold = typed.read_level(fail_on)
    conditions = Conditions(catalog, catalog.platform(platform), typed.read_day(as_of, "--as-of"), epochs, requests)
    share = None if cached is None else typed.read_percent(cached, "--cached")
    variants = students_of(catalog, model or ())
    service = Service(input_tokens, output_tokens, share, base_input_tokens)
    if distill_from is not None:
        given = {
            "FILE": paths,
            "--input-tokens": input_tokens,
            "--base-input-tokens": base_input_tokens,
            "--instead-of": instead_of,
        }
        for option, value in given.items():
            if value is not None:
                raise InputError(f"{option}: expected none with --distill-from, which learns from --prompts, found some")
        teacher = catalog.variant(distill_from)
        students = variants if model else tuple(each for each in variants if each != teacher)
        found = _distil(prompts, teacher, students, service, image_size, jobs, conditions)
    elif prompts:
        raise InputError("--prompts: expected it with --distill-from, found it alone")
    else:
        today = catalog.family[0] if instead_of is None else catalog.variant(instead_of)
        found = _train(paths, variants, service, today, image_size, jobs, conditions)
    output.finish(report(found, conditions), wanted, threshold)


def _train(
    paths: list[str] | None,
    variants: "Sequence[Variant]",
    service: "Service",
    today: "Variant",
    image_size: str | None,
    jobs: int | None,
    conditions: "Conditions",
) -> "Tuning":
    """The training on files, beside the model of today."""
    from gpt41_cli.commands.train.fine_tune import train as train_on
    from gpt41_cli.commands.train.training_file import Trained, read

    for path in paths or ():
        if Path(path).is_dir():
            raise InputError(f"{quoted(path)}: expected training files, found a folder; name the files in it")
    encoding_of(variants)  # one count is for all of them
    sources, _ = read_sources(paths, None)
    meter = make_meter(conditions.catalog, variants[0].id, image_size, make_reading(None, jobs, sources))
    with watched(sources) as seen:
        files = read(seen, Trained(meter, tuple(variants), conditions.rules), jobs)
    return train_on(files, variants, service, (today,), conditions)


def _distil(
    paths: list[str] | None,
    teacher: "Variant",
    students: "Sequence[Variant]",
    service: "Service",
    image_size: str | None,
    jobs: int | None,
    conditions: "Conditions",
) -> "Tuning":
    """The training on what a teacher answers to requests."""
    from gpt41_cli.commands.train.fine_tune import distil
    from gpt41_cli.work import sizing
    from gpt41_cli.work.workload import Terms

    if not paths:
        raise InputError("--prompts: expected requests that the teacher answers, found none")
    sources, left_out = read_sources(paths, None)
    reading = make_reading(None, jobs, sources)
    encoding = encoding_of((teacher, *students))
    meter = make_meter(conditions.catalog, teacher.id, image_size, reading)
    with watched(sources) as seen:
        found = sizing.read(seen, reading, lambda: meter, encoding, left_out).sizing
    refuse(found.rejects, found.requests)
    if not found.requests:
        raise InputError("--prompts: expected requests that the teacher answers, found text or pictures")
    terms = Terms(service.output_tokens, cached_share=service.cached_share)
    return distil(sizing.together(found, terms, 1), teacher, students, meter, conditions)
