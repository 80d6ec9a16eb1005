"""Options that several commands share."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from gpt41_cli.cli import parse
from gpt41_cli.errors import quote_text
from gpt41_cli.notation import MAX_COUNT, PERIODS_PER_MONTH, Rate, parse_count, parse_rate
from gpt41_cli.views import BILL_VIEWS, RECORD_VIEWS, VIEWS


def complete(list_names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Return a function that completes the beginning of a name; names are listed only when a shell asks."""
    return lambda incomplete: [name for name in list_names() if name.startswith(incomplete)]


def _list_modes() -> Iterable[str]:
    from gpt41_cli.catalog import MODES

    return MODES


def _list_tools() -> Iterable[str]:
    from gpt41_cli.pricing import ToolUse

    return [f"{name}=" for name in ToolUse._fields]


def _list_kinds() -> Iterable[str]:
    from gpt41_cli.requests.readers import INPUT_KINDS

    return INPUT_KINDS


complete_models = complete(lambda: parse.read_catalog(None).models)


def _make_count_parser(at_least: int) -> Callable[[str], int]:
    """Return a parser of whole numbers, with or without thousands separators."""

    def read(value: str) -> int:
        count = parse_count(str(value))  # typer passes a default as a number
        if count is None or count < at_least:
            expected = f"expected a whole number from {at_least} to {MAX_COUNT:,}"
            raise typer.BadParameter(f"{expected}, found {quote_text(value)}")
        return count

    return read


def count_option(description: str, *names: str, at_least: int = 0, show_default: bool | str = True) -> OptionInfo:
    """Return an option that takes a whole number."""
    parser = _make_count_parser(at_least)
    option: OptionInfo = typer.Option(*names, metavar="N", parser=parser, help=description, show_default=show_default)
    return option


def _read_requests(value: str | Rate) -> Rate:
    """Parse a number of requests, with or without a period."""
    if isinstance(value, Rate):  # typer passes a default as it is
        return value
    if "/" not in value:
        return Rate(_make_count_parser(1)(value))
    if rate := parse_rate(value):
        return rate
    raise typer.BadParameter(
        f"expected requests per {', '.join(PERIODS_PER_MONTH)}, such as 40k/month, found {quote_text(value)}"
    )


def _make_format_option(formats: Iterable[str]) -> OptionInfo:
    names = f"{', '.join(formats)}."
    option: OptionInfo = typer.Option("--format", "-f", metavar="FORMAT", help=names, autocompletion=complete(lambda: formats))
    return option


PathsArgument = Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Files and folders; - is standard input.")]
TextOption = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The text itself, instead of a file.")]
InputTokensOption = Annotated[
    int | None, count_option("Input tokens of one request, cached ones included: 1200 or 1.2k.", "--input-tokens", "-i")
]
CachedOption = Annotated[
    str | None,
    typer.Option(
        "--cached",
        "--cached-tokens",
        metavar="N|SHARE|simulate",
        help="How much of the input of one request is read from the prompt cache: 800, or 60%; simulate replays requests.",
    ),
]
SendRateOption = Annotated[
    int | None,
    count_option(
        "How many requests are sent per minute, for the prompt cache.", at_least=1, show_default="as many as one prompt may have"
    ),
]
CacheLifetimeOption = Annotated[
    str | None,
    typer.Option(
        "--lifetime",
        metavar="TIME",
        help="How long the prompt cache keeps a prompt that isn't used: 10m, or 24h if the model offers it.",
        show_default="the shortest that is published",
    ),
]
OutputTokensOption = Annotated[
    int | None, count_option("Output tokens of one answer.", show_default="0; for requests, their own maximum")
]
ToolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        metavar="NAME=N",
        help="Built-in tools that one request uses, such as web_searches=2,file_searches=1; gpt41 cost --help has all names.",
        autocompletion=complete(_list_tools),
    ),
]
TimesOption = Annotated[int, count_option("How many times it is sent: 40000 or 40k.", "--requests", "-n", at_least=1)]
RequestsOption = Annotated[
    Rate,
    typer.Option(
        "--requests",
        "-n",
        metavar="N[/PERIOD]",
        parser=_read_requests,
        help="How many times it is sent: 40000, 40k, or 40k/month.",
        show_default="1",
    ),
]
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--per",
        metavar="PERIOD",
        help="The period of the price: minute, hour, day, week or month; with --requests.",
        show_default="the one of --requests",
        autocompletion=complete(lambda: PERIODS_PER_MONTH),
    ),
]
PlatformOption = Annotated[
    str,
    typer.Option(
        "--platform",
        metavar="NAME",
        help="Where you buy the model.",
        autocompletion=complete(lambda: parse.read_catalog(None).platforms),
    ),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="[NAME=]MODEL",
        help="Model, snapshot or ft: id, or short: mini, nano, 4.1; NAME=MODEL for a deployment. Repeatable; default: all three.",
        autocompletion=complete_models,
    ),
]
ModelNamesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME=MODEL",
        help="The model behind a deployment or label; repeatable.",
        autocompletion=complete_models,
    ),
]
OneModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="[NAME=]MODEL",
        help="The model of all requests, or NAME=MODEL for a deployment or label; repeatable.",
        show_default="the one that each request names",
        autocompletion=complete_models,
    ),
]
ModesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="standard, batch, flex or priority; repeatable.",
        show_default="standard",
        autocompletion=complete(_list_modes),
    ),
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="Prices and end dates as of that day.", show_default="today")
]
PricingOption = Annotated[
    Path | None, typer.Option("--pricing", metavar="FILE", envvar="GPT41_PRICING", help="Another price table.")
]
ConfigOption = Annotated[
    list[Path] | None,
    typer.Option("--config", metavar="FILE", help="The workloads.", show_default="gpt41.yaml, here or in a folder above"),
]
FailOnOption = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="LEVEL",
        help="The lowest level of a finding that ends the run with exit code 1: error, warning or never.",
        autocompletion=complete(lambda: parse.FAIL_ON_LEVELS),
    ),
]
RetiresWithinOption = Annotated[
    str | None,
    typer.Option(
        metavar="DAYS", help="Treat it as an error if a model ends within this time, such as 90d.", show_default="a warning"
    ),
]
FormatOption = Annotated[str, _make_format_option(VIEWS)]
RecordFormatOption = Annotated[str, _make_format_option(RECORD_VIEWS)]
BillFormatOption = Annotated[str, _make_format_option(BILL_VIEWS)]
OutputFilesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Also write the result to FILE, in the format of its ending or as FORMAT=FILE; repeatable.",
    ),
]
InputKindOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="KIND",
        help="What the inputs are: text, image, chat, responses, batch, fine-tuning, tools, or text-lines: each line is a text.",
        show_default="detected",
        autocompletion=complete(_list_kinds),
    ),
]
ColumnOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The column of a Parquet file that holds the requests.",
        show_default="request, body, or the one with JSON",
    ),
]
ImageSizeOption = Annotated[
    str | None,
    typer.Option(metavar="WxH", help="The size of pictures given by URL; without it the most expensive one is assumed."),
]
JobsOption = Annotated[int | None, count_option("How many processes read and count.", at_least=1, show_default="one per core")]
EachOption = Annotated[bool, typer.Option("--each", help="One entry per request; with --format jsonl, as they are read.")]
SkipInvalidOption = Annotated[bool, typer.Option("--skip-invalid", help="Leave out lines that aren't requests, and list them.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print the bare answer and nothing else.")]
