"""`gpt41 reconcile`."""

from pathlib import Path
from typing import Annotated

import typer

from gpt41_cli.cli import options, output, parse
from gpt41_cli.cli.config_file import read_config_option
from gpt41_cli.cli.inputs import read_sources, refuse_invalid
from gpt41_cli.cli.output_options import read_output_options
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.errors import InputError
from gpt41_cli.views import BILL_VIEWS


def reconcile(
    logs: Annotated[list[str] | None, typer.Argument(metavar="[LOG]...", help="Files and folders; - is standard input.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="[NAME=]MODEL",
            help="The model of answers that don't name one, or NAME=MODEL for a deployment or label. Repeatable.",
            autocompletion=options.complete_models,
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN,...",
            help="What columns and fields with unknown names contain: input=in,cached=cache.reads; fields as dotted paths.",
            show_default=False,
        ),
    ] = None,
    platform: options.PlatformOption = "openai",
    request_files: Annotated[
        list[str] | None,
        typer.Option(
            "--requests", metavar="FILE", help="The requests that were sent: counted, and matched by custom_id; repeatable."
        ),
    ] = None,
    estimate: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What was predicted: the JSON of cost, count --each or check.", show_default=False),
    ] = None,
    invoice: Annotated[
        list[str] | None,
        typer.Option(
            "--invoice",
            metavar="FILE",
            help="What was charged: pages of the costs API, a cost CSV, an Azure cost export; without logs it is compared "
            "with gpt41.yaml. Repeatable.",
        ),
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Exit with 1 if the bill differs from the prediction, or the invoice from the expected costs, by more: 5%.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD",
            help="Group by model, mode, day, hour, or any column or field of the logs, such as project_id or metadata.team; "
            "repeatable.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        int | None, options.count_option("How many groups the table shows.", at_least=1, show_default="20, or all days")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only answers from that day on.", show_default=False)] = None,
    last_day: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Only answers up to that day.", show_default=False)
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the change from the period of the same length before it; needs --since.")
    ] = False,
    billing_account: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The organization that pays, for --format focus.", show_default="organization_id in logs"
        ),
    ] = None,
    save_misses: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one anonymised request for each kind of miss to attach to a report."),
    ] = None,
    configs: options.ConfigOption = None,
    workload: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The workload that all the answers belong to.",
            show_default="found by custom_id, or model and mode",
        ),
    ] = None,
    write_config: Annotated[
        bool,
        typer.Option("--write-config", help="Write the lengths of the answers into gpt41.yaml, and change nothing else there."),
    ] = False,
    skip_invalid: options.SkipInvalidOption = False,
    jobs: options.JobsOption = None,
    as_of: options.AsOfOption = None,
    pricing: options.PricingOption = None,
    fail_on: options.FailOnOption = "error",
    output_format: options.BillFormatOption = "text",
    outputs: options.OutputFilesOption = None,
    quiet: options.QuietOption = False,
) -> None:
    """Price the usage in logs and exports as it was billed.

    Logs are answers of Chat Completions and Responses, events of their streams, Batch output and error files, batch objects,
    usage objects, as JSON or JSON Lines, or a CSV with columns such as model, input_tokens, cached_tokens, output_tokens.

    \b
    gpt41 reconcile batch_output.jsonl
    gpt41 reconcile logs/
    gpt41 reconcile usage.csv --format csv
    gpt41 reconcile calls.jsonl --columns input=tokens.in,output=tokens.out,model=engine
    gpt41 reconcile batch_output.jsonl --requests batch.jsonl --tolerance 5%
    gpt41 reconcile logs/ --requests sent.jsonl --save-misses misses.jsonl
    gpt41 reconcile logs/ --write-config
    gpt41 reconcile usage.json --invoice costs.json --tolerance 1%
    gpt41 reconcile --invoice costs.json --config gpt41.yaml
    gpt41 reconcile logs/ --by project_id --since 2026-11-01 --until 2026-11-30 --compare
    gpt41 reconcile usage.json --format focus --billing-account org-abc
    """
    from gpt41_cli.answers.logs import LogReader
    from gpt41_cli.commands.reconcile.charge import BillingContext, find_longest_short
    from gpt41_cli.commands.reconcile.invoice.options import read_invoice
    from gpt41_cli.commands.reconcile.report import make_report
    from gpt41_cli.commands.reconcile.spending.focus import add_focus_rows
    from gpt41_cli.commands.reconcile.spending.options import prepare_spending, read_period

    config = read_config_option(configs)
    wanted = read_output_options(
        output_format, quiet, outputs, logs, request_files, [estimate, config, pricing], formats=BILL_VIEWS
    )
    catalog, variant = parse.read_one_model(model, parse.read_catalog(pricing, configs), config)
    threshold = parse.read_level(fail_on)
    named = parse.read_columns(columns)
    share = None if tolerance is None else parse.read_percent(tolerance, "--tolerance")
    conditions = BillingContext(parse.read_market(catalog, platform, as_of), variant and variant.id)
    has_focus = wanted.has_format("focus")
    if has_focus and not logs:
        raise InputError("--format focus", "logs, whose usage it lists", "none")
    if invoice and not logs:
        about_logs = {"--requests": request_files, "--estimate": estimate, "--workload": workload, "--columns": columns}
        parse.refuse_options({**about_logs, "--by": by, "--write-config": write_config}, "logs", "--invoice alone")
        if compare:
            parse.refuse_options({"--config": configs, "--tolerance": tolerance}, "one comparison", "another with --compare")
        periods = read_period(since, last_day, conditions.market.as_of, compares=compare)
        alone = read_invoice(invoice, conditions.market, share, *periods, skips_invalid=skip_invalid)
        output.show_and_exit(alone.make_report(configs, jobs), wanted, threshold)
    spending = prepare_spending(by, top, since, last_day, conditions, compares=compare, needs_costs=bool(invoice) or has_focus)
    if share is not None and not (request_files or estimate is not None or invoice):
        raise InputError("--tolerance", "--requests, --estimate or --invoice to compare with", "it alone")
    sources, left_out = read_sources(logs, None, example="gpt41 reconcile usage.csv")
    extras = None
    if any((request_files, estimate is not None, config, workload is not None, write_config, save_misses)):
        # Imported here: most bills are compared with nothing, and need nothing that counts requests.
        from gpt41_cli.commands.reconcile.prediction.options import ReconcileOptions, prepare_extras

        asked = ReconcileOptions(request_files, estimate, share, config, workload, write_config, save_misses, skip_invalid, jobs)
        extras = prepare_extras(asked, conditions, [source.name for source in sources])
    period = spending.days.period if spending.days else None
    charged = read_invoice(invoice, conditions.market, share, period, skips_invalid=skip_invalid) if invoice else None
    with show_progress(sources) as seen:
        found_logs = LogReader(seen, left_out, None if extras else find_longest_short(catalog), named, spending.labels)
        names = ", ".join(source.label for source in sources[:3])
        bill = spending.reconcile_logs(found_logs.read(), extras.observed.observe if extras else iter, names)
    if not bill.charges and not bill.unpriced:
        refuse_invalid(bill.rejects, 0, "answer")
    report = spending.add_to_report(
        make_report(bill, found_logs.skipped, change=spending.describe_change(bill), skips_invalid=skip_invalid), bill
    )
    if extras:
        report = extras.add_to_report(report, bill)
    if charged and spending.expected:
        report = charged.add_to_report(report, bill, spending.expected)
    if has_focus and spending.expected:
        report = add_focus_rows(report, spending.expected, billing_account)
    output.show_and_exit(report, wanted, threshold)
