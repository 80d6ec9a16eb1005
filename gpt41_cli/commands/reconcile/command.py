"""`gpt41 reconcile`."""

from typing import Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.inputs import read_sources, refuse
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.cli.progress import watched


def reconcile(
    logs: Annotated[list[str] | None, typer.Argument(metavar="[LOG]...", help="Files and folders; - is standard input.")] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The model of answers that name none.", autocompletion=options.complete_models),
    ] = None,
    platform: options.PlatformName = "openai",
    requests: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="The requests that were sent: counted, and matched by custom_id; repeatable."),
    ] = None,
    estimate: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What was predicted: the JSON of cost, count --each or check.", show_default=False),
    ] = None,
    tolerance: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Exit with 1 where the bill is further than that from the prediction: 5%.")
    ] = None,
    config: options.ConfigFile = None,
    workload: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose answers they all are.", show_default="told by custom_id, or model and mode"),
    ] = None,
    write_config: Annotated[
        bool, typer.Option("--write-config", help="Put how long answers are into gpt41.yaml, and change nothing else there.")
    ] = False,
    skip_invalid: options.SkipInvalid = False,
    jobs: options.Jobs = None,
    as_of: options.AsOf = None,
    pricing: options.PricingFile = None,
    fail_on: options.FailOn = "error",
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """What did it cost? The tokens that the API reported, priced as they were billed, and what the discounts saved.

    Logs are answers of Chat Completions and Responses, events of their streams, Batch output and error files, batch objects,
    usage objects, as JSON or JSON Lines, or a CSV with columns such as model, input_tokens, cached_tokens, output_tokens.

    \b
    gpt41 reconcile batch_output.jsonl
    gpt41 reconcile logs/
    gpt41 reconcile usage.csv --format csv
    gpt41 reconcile batch_output.jsonl --requests batch.jsonl --tolerance 5%
    gpt41 reconcile logs/ --write-config
    """
    from gpt41_cli.answers.logs import Logs
    from gpt41_cli.commands.reconcile.bill import reconcile as reconcile_all
    from gpt41_cli.commands.reconcile.charge import Conditions
    from gpt41_cli.commands.reconcile.prediction_options import Asked, prepare
    from gpt41_cli.commands.reconcile.report import report

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, logs, requests, [estimate, config, pricing])
    threshold = typed.read_level(fail_on)
    named = None if model is None else catalog.variant(model).id
    conditions = Conditions(catalog, catalog.platform(platform), typed.read_day(as_of, "--as-of"), named)
    asked = Asked(requests, estimate, tolerance, config, workload, write_config, skip_invalid, jobs)
    beside = prepare(asked, conditions)
    sources, left_out = read_sources(logs, None)
    with watched(sources) as seen:
        found_logs = Logs(seen, left_out)
        found = reconcile_all(beside.watch(found_logs.read()), conditions)
    if not skip_invalid or not found.charges:
        refuse(found.rejects, found.usage.requests, "answers")
    output.finish(beside.add_to(report(found, found_logs.left_out), found), wanted, threshold)
