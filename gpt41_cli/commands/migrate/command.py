"""`gpt41 migrate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from gpt41_cli.cli import options, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.inputs import Asked, Work, read_work
from gpt41_cli.cli.options import complete_models
from gpt41_cli.cli.output_options import read_wanted
from gpt41_cli.errors import InputError

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="The model that is left.",
        show_default="the one that the requests name, else the first of the family",
        autocompletion=complete_models,
    ),
]

To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="MODEL",
        help="A model to move to; repeatable, the first is the answer.",
        show_default="what is named in its place",
        autocompletion=complete_models,
    ),
]

On = Annotated[
    str | None,
    typer.Option("--on", "--as-of", metavar="DATE", help="Prices and lifecycle of that day.", show_default="today"),
]


if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant


def migrate(
    paths: options.Paths = None,
    text: options.Text = None,
    kind: options.Kind = None,
    image_size: options.ImageSize = None,
    input_tokens: options.InputTokens = None,
    cached: options.Cached = None,
    requests_per_minute: options.RequestsPerMinute = None,
    lifetime: options.CacheLifetime = None,
    output_tokens: options.OutputTokens = None,
    requests: options.Requests = 1,
    leaving: From = None,
    to: To = None,
    mode: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="standard, batch or priority; repeatable, the first is the answer's.",
            show_default="standard and batch",
        ),
    ] = None,
    platform: options.PlatformName = "openai",
    fail_on: options.FailOn = "error",
    skip_invalid: options.SkipInvalid = False,
    jobs: options.Jobs = None,
    on: On = None,
    pricing: options.PricingFile = None,
    output_format: options.Format = "text",
    outputs: options.Outputs = None,
    quiet: options.Quiet = False,
) -> None:
    """The way out of a model: the same work before and after, what breaks, and how much reasoning keeps it below today's price.

    Without --to it leads to what is named in place of the model; the other successors are shown beside it. A model that is
    shut down on the day is an error, so that --on 2027-01-14 fails a pipeline before that day does.

    \b
    gpt41 migrate batch.jsonl --output-tokens 300
    gpt41 migrate --input-tokens 1200 --cached 60% --output-tokens 400 --requests 5000
    gpt41 migrate requests.jsonl --cached simulate --fail-on warning
    gpt41 migrate batch.jsonl --on 2027-01-14 --platform azure-global
    """
    from gpt41_cli.commands.migrate.migrate import Plan
    from gpt41_cli.commands.migrate.migrate import migrate as compare
    from gpt41_cli.commands.migrate.report import report

    catalog = typed.read_catalog(pricing)
    wanted = read_wanted(output_format, quiet, outputs, paths, [pricing])
    threshold = typed.read_level(fail_on)
    named = catalog.variant(leaving) if leaving else None
    successors = list({variant.id: variant for variant in map(catalog.variant, to or ())}.values())
    place, day = catalog.platform(platform), typed.read_day(on, "--on")
    asked = Asked(
        paths=paths,
        text=text,
        kind=kind,
        image_size=image_size,
        input_tokens=input_tokens,
        cached=cached,
        output_tokens=output_tokens,
        requests=requests,
        skip_invalid=skip_invalid,
        jobs=jobs,
        requests_per_minute=requests_per_minute,
        lifetime=lifetime,
    )
    work = read_work(asked, catalog, [named or catalog.family[0]], named and named.id)
    modes = list(dict.fromkeys(mode or _own_modes(work)))
    plan = Plan(named or _named(catalog, work), successors, modes, place, day, work.uses)
    found = compare(catalog, work.together, plan)
    output.finish(report(catalog, found, work.rejects, work.left_out), wanted, threshold)


def _own_modes(work: Work) -> tuple[str, ...]:
    """The modes to be compared, that of the requests first; none where they ask for no other than what is compared anyway.

    InputError where some ask for another one and some do not: they are not one price today.
    """
    from gpt41_cli.commands.migrate.migrate import MODES

    names = sorted({mode for _, mode in work.parts(None, None)} if work.parts else ())
    if set(names) <= set(MODES):
        return ()
    if len(names) > 1:
        raise InputError(f"expected requests in one mode, found {', '.join(names)}; --mode takes all of them in one")
    return (*names, *MODES)


def _named(catalog: "Catalog", work: Work) -> "Variant":
    """The model that the requests name; the first of the family where none does. InputError where they name several."""
    names = sorted({model for model, _ in work.parts(None, None) if model} if work.parts else ())
    if len(names) > 1:
        raise InputError(f"expected requests to one model, found {', '.join(names)}; --from takes all of them for one")
    return catalog.variant(names[0]) if names else catalog.family[0]
