"""`gpt41 migrate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.config_file import find_config, read_config_file, read_config_option
from gpt41_cli.cli.inputs import InputOptions, InputWorkloads, hold_logs, read_input_workloads, read_sources, refuse_invalid
from gpt41_cli.cli.options import complete_models
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.errors import InputError
from gpt41_cli.notation import ONCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gpt41_cli.catalog import Catalog, Market, Variant
    from gpt41_cli.files.sources import InputSource
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.reports import Report


def migrate(
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
    reasoning_tokens: Annotated[
        str | None,
        typer.Option(
            "--reasoning-tokens",
            metavar="N|EFFORT=N",
            help="Reasoning tokens that each request adds at the successor: 500, or by effort, low=200,high=900.",
        ),
    ] = None,
    requests: options.RequestsOption = ONCE,
    per: options.PeriodOption = None,
    leaving: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="The model that you leave.",
            show_default="the one that the requests name, else the first of the family",
            autocompletion=complete_models,
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="MODEL",
            help="A model to move to; repeatable, the first is the answer.",
            show_default="its official replacement",
            autocompletion=complete_models,
        ),
    ] = None,
    configs: options.ConfigOption = None,
    mode: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="standard, batch, flex or priority; repeatable, the first is the answer's.",
            show_default="standard and batch",
        ),
    ] = None,
    write_config: Annotated[
        bool, typer.Option("--write-config", help="Write the moved models into gpt41.yaml, and change nothing else there.")
    ] = False,
    platform: options.PlatformOption = "openai",
    fail_on: options.FailOnOption = "error",
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    on: Annotated[
        str | None,
        typer.Option("--on", "--as-of", metavar="DATE", help="Prices and end dates as of that day.", show_default="today"),
    ] = None,
    pricing: options.PricingOption = None,
    output_format: options.FormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Show what leaving a model costs, what breaks, and until when.

    Without inputs it moves the workloads of gpt41.yaml, if there is one; with logs, as reconcile reads them, it moves the answers
    in them at what they cost. Without --to it moves to the official replacement, with the other successors next to it. A model
    that is shut down on the day is an error, so that --on 2027-01-14 fails a pipeline before that day does.

    \b
    gpt41 migrate
    gpt41 migrate batch.jsonl --output-tokens 300 --reasoning-tokens low=200,high=900
    gpt41 migrate --input-tokens 1200 --cached 60% --output-tokens 400 --requests 5000
    gpt41 migrate requests.jsonl --cached simulate --fail-on warning
    gpt41 migrate usage.csv --reasoning-tokens 300
    gpt41 migrate batch.jsonl --on 2027-01-14 --platform azure-global
    """
    from gpt41_cli.commands.migrate.migrate import MigrationQuestion, plan_migration
    from gpt41_cli.commands.migrate.report import make_report
    from gpt41_cli.files.sources import read_twice

    config = read_config_option(configs)
    catalog = parse.read_model_names(
        model, parse.read_catalog(pricing, configs), config, "--from takes the model to leave, --to the next"
    )
    wanted = read_output_options(output_format, quiet, outputs, paths, [config, pricing])
    threshold = parse.read_level(fail_on)
    reasoning = parse.read_reasoning_tokens(reasoning_tokens, catalog.reasoning_efforts)
    successors = list({variant.id: variant for variant in (parse.read_variant(name, catalog) for name in to or ())}.values())
    market = parse.read_market(catalog, platform, on, "--on")
    about_work = {"--from": leaving, "--mode": mode, "--cached": cached, "--output-tokens": output_tokens}
    about_work |= {"--requests": requests != ONCE, "--per": per}
    has_inputs = bool(paths or text is not None or input_tokens is not None)
    if config and has_inputs:
        raise InputError("--config", "it alone, as it says what is sent", "inputs, too")
    if not has_inputs and (file := _find_config(config)):
        has_platform = platform != next(iter(catalog.platforms))
        parse.refuse_options({**about_work, "--platform": has_platform}, *_WHY_NOT_FOR_WORKLOADS)
        report = _move_workloads(file, market, successors, reasoning, jobs, writes=write_config)
        output.show_and_exit(report, wanted, threshold)
    if write_config:
        raise InputError(
            "--write-config", "no inputs, as it moves the workloads of a gpt41.yaml", "inputs" if has_inputs else "no gpt41.yaml"
        )
    may_be_logs = text is None and kind is None and (paths or input_tokens is None)
    listed = read_sources(paths, None, _NO_CONFIG_HINT, column=column) if may_be_logs else None
    listed = listed and ([read_twice(source) for source in listed[0]], listed[1])
    if listed and hold_logs(listed[0]):
        parse.refuse_options({**about_work, "--input-tokens": input_tokens}, *_WHY_NOT_FOR_LOGS)
        report = _move_traffic(*listed, market, successors, reasoning, skips_invalid=skip_invalid)
        output.show_and_exit(report, wanted, threshold)
    named = parse.read_variant(leaving, catalog) if leaving else None
    asked = InputOptions.from_parameters(locals(), refuses_code=True)
    work = read_input_workloads(asked, catalog, [named or catalog.family[0]], named and named.id, listed)
    modes = list(dict.fromkeys(mode or _choose_modes(work)))
    question = MigrationQuestion(named or _find_named_model(catalog, work), successors, modes, market, work.request_totals)
    migration = plan_migration(work.combined, question)
    output.show_and_exit(work.add_gaps(make_report(catalog, migration, reasoning)), wanted, threshold)


def _find_config(named: Path | None) -> Path | None:
    """Return the config that is named, or the nearest one; None if there is none."""
    try:
        return find_config(named)
    except InputError:
        if named:
            raise
        return None


_NO_CONFIG_HINT = "to move all calls of a repository, write a gpt41.yaml with gpt41 check --init prompts/"
_WHY_NOT_FOR_WORKLOADS = ("inputs, as gpt41.yaml says how its own workloads are sent", "none", "name the files, or -")
_WHY_NOT_FOR_LOGS = ("requests, texts or numbers, as logs say what was sent and answered", "logs")


def _move_traffic(
    sources: "Sequence[InputSource]",
    left_out: "Sequence[SkippedPath]",
    market: "Market",
    successors: "Sequence[Variant]",
    reasoning_tokens: "Mapping[str, int]",
    *,
    skips_invalid: bool,
) -> "Report":
    """Move the answers of logs."""
    from gpt41_cli.answers.logs import LogReader
    from gpt41_cli.commands.migrate.traffic import move_traffic
    from gpt41_cli.commands.migrate.traffic_report import make_report
    from gpt41_cli.commands.reconcile.bill import reconcile_logs
    from gpt41_cli.commands.reconcile.charge import BillingContext

    with show_progress(sources) as seen:
        logs = LogReader(seen, left_out)
        names = ", ".join(source.label for source in sources[:3])
        bill = reconcile_logs(logs.read(), BillingContext(market), names)
    if not bill.charges and not bill.unpriced:
        refuse_invalid(bill.rejects, 0, "answer")
    moved = move_traffic(bill, market, successors, reasoning_tokens)
    return make_report(bill, moved, logs.skipped, skips_invalid=skips_invalid)


def _move_workloads(
    path: Path,
    market: "Market",
    successors: "Sequence[Variant]",
    reasoning_tokens: "Mapping[str, int]",
    jobs: int | None,
    *,
    writes: bool,
) -> "Report":
    """Move the workloads of a gpt41.yaml; with `writes`, write the moved one."""
    from gpt41_cli.commands.migrate.rewrite import write_moved_config
    from gpt41_cli.commands.migrate.workloads import move_workloads
    from gpt41_cli.commands.migrate.workloads_report import make_report
    from gpt41_cli.workloads.code_calls import CodeCalls, find_code_calls
    from gpt41_cli.workloads.priced import CheckOptions, price_declared_workloads

    file = read_config_file(path, market.catalog, writes=writes)
    priced = price_declared_workloads(file.config, file.find_files, CheckOptions(market, jobs=jobs))
    moved = move_workloads(priced, successors, reasoning_tokens)
    if writes:
        write_moved_config(file, moved, jobs)
    calls = find_code_calls(file.config, file.find_files, market, jobs) if file.config.code else CodeCalls({})
    return make_report(file.config, market, moved, calls)


def _choose_modes(work: InputWorkloads) -> tuple[str, ...]:
    """Return the modes to compare, the requests' own first; empty if the requests only use the default modes.

    Raises InputError if they mix another mode with these, since such requests have no single price today, or use one that the
    price table can't have.
    """
    from gpt41_cli.catalog import MODES
    from gpt41_cli.commands.migrate.migrate import DEFAULT_MODES
    from gpt41_cli.files.fields import redact

    names = sorted(work.modes)
    unknown = [redact(name) for name in names if name not in MODES]
    if unknown:
        raise InputError("service_tier", f"requests in {', '.join(MODES)}", ", ".join(unknown), "--mode takes all of them in one")
    if set(names) <= set(DEFAULT_MODES):
        return ()
    if len(names) > 1:
        raise InputError(expected="requests in one mode", found=", ".join(names), hint="--mode takes all of them in one")
    return (*names, *DEFAULT_MODES)


def _find_named_model(catalog: "Catalog", work: InputWorkloads) -> "Variant":
    """Return the model that the requests name, or the family's first if they name no model. Raises InputError for several."""
    names = sorted(filter(None, work.models))
    if len(names) > 1:
        first = ", ".join(f"{name} ({place.label})" if (place := work.locate(name)) else name for name in names)
        raise InputError(expected="requests to one model", found=first, hint="--from takes all of them for one")
    return catalog.variant(catalog.translate(names[0])) if names else catalog.family[0]
