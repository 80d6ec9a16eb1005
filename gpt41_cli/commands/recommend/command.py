"""`gpt41 recommend`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.inputs import InputOptions, read_input_workloads
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.notation import ONCE, PERIODS_PER_MONTH


def _complete_tasks(incomplete: str) -> list[tuple[str, str]]:
    tasks = parse.read_catalog(None).tasks.values()
    return [(name, task.summary) for task in tasks for name in (task.id, *task.aliases) if name.startswith(incomplete)]


def _list_preferences() -> Iterable[str]:
    from gpt41_cli.commands.recommend.choose import PREFERENCES

    return PREFERENCES


def recommend(
    paths: options.PathsArgument = None,
    text: options.TextOption = None,
    kind: options.InputKindOption = None,
    column: options.ColumnOption = None,
    image_size: options.ImageSizeOption = None,
    model: options.ModelNamesOption = None,
    input_tokens: options.InputTokensOption = None,
    cached: options.CachedOption = None,
    requests_per_minute: options.SendRateOption = None,
    lifetime: options.CacheLifetimeOption = None,
    output_tokens: options.OutputTokensOption = None,
    tools: options.ToolsOption = None,
    requests: options.RequestsOption = ONCE,
    per: options.PeriodOption = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            "--task",
            metavar="TASK",
            help="The kind of work; repeatable, and the choice must be good at all kinds.",
            show_default="general",
            autocompletion=_complete_tasks,
        ),
    ] = None,
    prefer: Annotated[
        str, typer.Option(metavar="WHAT", help="cost, quality or speed.", autocompletion=options.complete(_list_preferences))
    ] = "cost",
    deadline: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long the answers may take: 90m, 24h, 2d. Admits batch from 24h.")
    ] = None,
    needs: Annotated[
        list[str] | None,
        typer.Option(
            "--needs",
            metavar="NAMES",
            help="Features and tools it must have, separated by commas.",
            autocompletion=options.complete(lambda: sorted(parse.read_catalog(None).abilities)),
        ),
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="How far below the family's best a score may be: 10%.", show_default="the task's"),
    ] = None,
    min_score: Annotated[
        list[str] | None, typer.Option(metavar="METRIC=SCORE", help="A score it must reach; repeatable.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own evaluation (CSV: model,metric,score) instead of launch benchmarks."),
    ] = None,
    max_usd: Annotated[str | None, typer.Option(metavar="AMOUNT", help="The most that all requests may cost.")] = None,
    usage_tier: Annotated[
        int | None, typer.Option(metavar="N", help="Your usage tier; leaves out what its rate limits never let through.")
    ] = None,
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="The model must still run on that day.")] = None,
    platform: options.PlatformOption = "openai",
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Choose a variant and a mode for the work, with reasons, figures and sources.

    The cheapest variant wins whose score for the task is near enough to the family's best. Texts, pictures and numbers are
    one request; request bodies and Batch API files are taken as they are, whatever model they name.

    \b
    gpt41 recommend ticket.txt --task classification --output-tokens 20 --requests 100000 --deadline 24h
    gpt41 recommend --input-tokens 50000 --output-tokens 900 --task coding --prefer quality --max-usd 20
    gpt41 recommend batch.jsonl --task extraction --output-tokens 300
    gpt41 recommend prompt.txt --task extraction --needs structured-outputs --until 2026-12-31 -q
    """
    from dataclasses import replace

    from gpt41_cli import rules
    from gpt41_cli.catalog.evaluation import read_evaluation
    from gpt41_cli.commands.recommend.candidates import DEFAULT_TASK, Wishes
    from gpt41_cli.commands.recommend.choose import recommend as choose
    from gpt41_cli.commands.recommend.report import make_report

    catalog = parse.read_model_names(model, parse.read_catalog(pricing), None, "the whole family is weighed")
    wanted = read_output_options(output_format, quiet, outputs, paths, [scores, pricing])
    market = parse.read_market(catalog, platform, as_of)
    features = [need.strip() for names in needs or () for need in names.split(",")]
    wishes = Wishes(
        tasks=tuple({asked_task.id: asked_task for asked_task in map(catalog.task, task or [DEFAULT_TASK])}.values()),
        is_task_assumed=not task,
        prefer=prefer,
        tolerance=None if tolerance is None else parse.read_percent(tolerance, "--tolerance"),
        min_scores=parse.read_min_scores(min_score or []),
        needs=tuple(dict.fromkeys(features)),
        deadline=None if deadline is None else parse.read_duration(deadline, "--deadline"),
        usage_tier=usage_tier,
        until=None if until is None else parse.read_day(until, "--until"),
        max_usd=None if max_usd is None else parse.read_amount(max_usd, "--max-usd"),
        evaluation=None if scores is None else read_evaluation(scores, catalog),
    )
    asked = InputOptions.from_parameters(locals(), refuses_code=True)
    work = read_input_workloads(asked, catalog, catalog.family, catalog.family[0].id)
    named = [variant and variant.model.role for variant in map(catalog.find_variant, filter(None, work.models))]
    wishes = wishes._replace(has_left_family=bool(named) and {*named} == {"successor"} and None not in work.models)
    if period := work.combined.period:
        wishes = wishes._replace(times_a_day=PERIODS_PER_MONTH[period] / PERIODS_PER_MONTH["day"])
    combined = work.combined
    if wishes.has_left_family:  # what the family refuses doesn't matter any more
        combined = replace(combined, flaws=tuple(flaw for flaw in combined.flaws if flaw.rule is not rules.REFUSED_PARAMETER))
    recommendation = choose(market, combined, wishes)
    output.show_and_exit(work.add_gaps(make_report(catalog, combined, wishes, recommendation)), wanted)
