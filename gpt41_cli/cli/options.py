"""The options that commands share, and the reading of what was typed into them."""

import re
import sys
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gpt41_cli import notation
from gpt41_cli.errors import InputError, UnknownName, quoted
from gpt41_cli.findings import Level
from gpt41_cli.views import VIEWS

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog
    from gpt41_cli.decisions.replay import Traffic
    from gpt41_cli.pricing import Tools as UsedTools

FAIL_ON = {"error": Level.ERROR, "warning": Level.WARNING, "never": None}
"""From which level on a finding fails a run."""

# Far above any bill, and low enough for every figure to stay readable.
MAX_COUNT = 1_000_000_000_000


def complete_models(incomplete: str) -> list[str]:
    """The models of the price table that begin so."""
    return [name for name in read_catalog(None).models if name.startswith(incomplete)]


def _complete_tasks(incomplete: str) -> list[tuple[str, str]]:
    return [(task.id, task.summary) for task in read_catalog(None).tasks.values() if task.id.startswith(incomplete)]


def _complete_platforms(incomplete: str) -> list[str]:
    return [name for name in read_catalog(None).platforms if name.startswith(incomplete)]


def _complete_needs(incomplete: str) -> list[str]:
    return [name for name in sorted(read_catalog(None).abilities) if name.startswith(incomplete)]


def _complete_modes(incomplete: str) -> list[str]:
    from gpt41_cli.catalog import MODES

    return [name for name in MODES if name.startswith(incomplete)]


def _complete_formats(incomplete: str) -> list[str]:
    return [name for name in VIEWS if name.startswith(incomplete)]


def _complete_levels(incomplete: str) -> list[str]:
    return [name for name in FAIL_ON if name.startswith(incomplete)]


def _complete_tools(incomplete: str) -> list[str]:
    from gpt41_cli.pricing import Tools as Used

    return [f"{name}=" for name in Used._fields if name.startswith(incomplete)]


def _complete_preferences(incomplete: str) -> list[str]:
    from gpt41_cli.decisions.recommend import PREFERENCES

    return [name for name in PREFERENCES if name.startswith(incomplete)]


def _complete_kinds(incomplete: str) -> list[str]:
    from gpt41_cli.requests.readers import KINDS

    return [name for name in KINDS if name.startswith(incomplete)]


def _count(at_least: int) -> Callable[[str], int]:
    """A reader of whole numbers, with or without thousands separators."""

    def read(value: str) -> int:
        digits = str(value).replace(",", "").replace("_", "")  # a default comes as a number
        if not re.fullmatch(r"[0-9]{1,13}", digits) or not at_least <= int(digits) <= MAX_COUNT:
            expected = f"expected a whole number from {at_least} to {MAX_COUNT:,}"
            raise typer.BadParameter(f"{expected}, found {quoted(value)}")
        return int(digits)

    return read


Paths = Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Files and folders; - is standard input.")]
Text = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="Text given literally.")]
InputTokens = Annotated[
    int | None, typer.Option(metavar="N", parser=_count(0), help="Input tokens of one request, cached ones included.")
]
Cached = Annotated[
    str | None,
    typer.Option(
        "--cached",
        "--cached-tokens",
        metavar="N|SHARE|simulate",
        help="How much of the input of one request is read from the prompt cache: 800, or 60%; simulate replays requests.",
    ),
]
RequestsPerMinute = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=_count(1),
        help="How fast requests are sent, for the prompt cache.",
        show_default="as fast as one machine takes",
    ),
]
CacheLifetime = Annotated[
    str | None,
    typer.Option(
        "--lifetime",
        metavar="TIME",
        help="How long the prompt cache keeps what nobody asks for: 10m, or 24h where a model offers it.",
        show_default="the least that is published",
    ),
]
OutputTokens = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        parser=_count(0),
        help="Output tokens of one answer.",
        show_default="0; for requests, their own maximum",
    ),
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        metavar="NAME=N",
        help="Built-in tools that one request uses, such as web_searches=2,file_searches=1; names and prices: gpt41 cost --help.",
        autocompletion=_complete_tools,
    ),
]
Prediction = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A text that the answer is predicted to hold, for a predicted output; with --accept."),
]
Accept = Annotated[
    str | None,
    typer.Option(metavar="SHARE", help="How much of a prediction the answer holds: 70%; the rest is billed as output."),
]
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
Requests = Annotated[int, typer.Option(metavar="N", parser=_count(1), help="How many times it is sent.")]
PlatformName = Annotated[
    str,
    typer.Option("--platform", metavar="NAME", help="Where the model is bought.", autocompletion=_complete_platforms),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Model, snapshot or ft: id; repeatable. Without it: the family side by side.",
        autocompletion=complete_models,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="The model to count for; without it, the one that a request names.",
        autocompletion=complete_models,
    ),
]
ModelArgument = Annotated[
    str | None,
    typer.Argument(metavar="[MODEL]", help="One model, in full.", autocompletion=complete_models, show_default=False),
]
Modes = Annotated[
    list[str] | None,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="standard, batch or priority; repeatable.",
        show_default="standard",
        autocompletion=_complete_modes,
    ),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="What the work is; repeatable, and the choice must be good at all of them.",
        show_default="general",
        autocompletion=_complete_tasks,
    ),
]
Prefer = Annotated[str, typer.Option(metavar="WHAT", help="cost, quality or speed.", autocompletion=_complete_preferences)]
Needs = Annotated[
    list[str] | None,
    typer.Option(
        "--needs",
        metavar="NAMES",
        help="Features and tools it must have, with commas.",
        autocompletion=_complete_needs,
    ),
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="Prices and lifecycle of that day.", show_default="today")
]
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
PricingFile = Annotated[
    Path | None, typer.Option("--pricing", metavar="FILE", envvar="GPT41_PRICING", help="Another price table.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The workloads.", show_default="gpt41.yaml, here or in a folder above"),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="LEVEL",
        help="From which level a finding ends the run with exit code 1: error, warning or never.",
        autocompletion=_complete_levels,
    ),
]
Format = Annotated[
    str,
    typer.Option("--format", metavar="FORMAT", help=f"{', '.join(VIEWS)}.", autocompletion=_complete_formats),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="Write the result into FILE too, in the format that its ending tells, or as FORMAT=FILE; repeatable.",
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="KIND",
        help="What the inputs are: text, image, chat, responses, batch or fine-tuning.",
        show_default="told from their content",
        autocompletion=_complete_kinds,
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        metavar="N", parser=_count(1), help="Exit with 1 where a text, a picture or a request has more tokens, and name it."
    ),
]
ImageSize = Annotated[
    str | None,
    typer.Option(metavar="WxH", help="The size of pictures that are only linked.", show_default="the dearest"),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", parser=_count(1), help="How many processes read and count.", show_default="one for each core"),
]
Each = Annotated[bool, typer.Option("--each", help="One entry for each request; with --format jsonl, as they come.")]
SkipInvalid = Annotated[bool, typer.Option("--skip-invalid", help="Leave out lines that are no request, and say so.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the bare answer and nothing else.")]

_SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_catalog(path: Path | None) -> "Catalog":
    """The price table to use: the one named, or the one that comes with the package."""
    from gpt41_cli.catalog import read

    return read(path)


def read_paths(paths: list[str] | None, text: str | None) -> list[str]:
    """The paths to read: those named, else `-` when something is piped in. InputError at a terminal with nothing named."""
    if paths or text is not None:
        return paths or []
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("expected a file, a folder, - or --text, found nothing to read; see --help")
    return ["-"]


def standard_input() -> BinaryIO:
    """The bytes of standard input. InputError when it is closed."""
    if sys.stdin is None:
        raise InputError("-: expected standard input, found it closed")
    return sys.stdin.buffer


def read_kind(value: str | None) -> str | None:
    """A kind of input; UnknownName for any that there is not."""
    if value is None:
        return None
    from gpt41_cli.requests.readers import KINDS

    if value not in KINDS:
        raise UnknownName("as", value, KINDS)
    return value


def read_image_size(value: str | None) -> tuple[int, int] | None:
    """A size in pixels, as width and height."""
    if value is None:
        return None
    match = _SIZE.fullmatch(value)
    if not match:
        raise InputError(f"--image-size: expected a size in pixels such as 1024x768, found {quoted(value)}")
    return int(match[1]), int(match[2])


def read_day(value: str | None, option: str) -> date:
    """A date typed as YYYY-MM-DD; today when there is none."""
    if value is None:
        return date.today()
    if _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise InputError(f"{option}: expected a date such as 2025-06-01, found {quoted(value)}")


def read_level(value: str) -> Level | None:
    """`--fail-on` as the least level that fails a run; None: none does."""
    if value not in FAIL_ON:
        raise UnknownName("--fail-on", value, FAIL_ON)
    return FAIL_ON[value]


def read_percent(value: str, option: str) -> Decimal:
    """A percentage as a share of one."""
    found = notation.share(value)
    if found is None:
        raise InputError(f"{option}: expected a share from 0% to 100%, found {quoted(value)}")
    return found


def read_cached(value: str | None) -> tuple[int, Decimal | None]:
    """`--cached` as tokens, or as a share of the input."""
    if value is None or value == notation.SIMULATE:
        return 0, None
    if value.endswith("%"):
        return 0, read_percent(value, "--cached")
    found = notation.tokens(value)
    if found is None:
        expected = f"expected tokens such as 800, a share such as 60%, or {notation.SIMULATE}"
        raise InputError(f"--cached: {expected}, found {quoted(value)}")
    return found, None


def read_traffic(requests_per_minute: int | None, lifetime: str | None) -> "Traffic":
    """`--requests-per-minute` and `--lifetime`, in whole minutes."""
    from gpt41_cli.decisions.replay import Traffic

    kept = None if lifetime is None else read_duration(lifetime, "--lifetime")
    return Traffic(requests_per_minute, None if kept is None else kept // timedelta(minutes=1))


def read_duration(value: str, option: str) -> timedelta:
    """A time to wait: minutes, hours or days."""
    found = notation.duration(value)
    if found is None:
        raise InputError(f"{option}: expected a time such as 90m, 24h or 2d, found {quoted(value)}")
    return found


def read_days(value: str, option: str) -> timedelta:
    """A time in whole days."""
    found = notation.duration(value)
    if found is None or not value.endswith("d"):
        raise InputError(f"{option}: expected days such as 90d, found {quoted(value)}")
    return found


def read_amount(value: str, option: str) -> Decimal:
    """An amount of US dollars."""
    found = notation.amount(value)
    if found is None:
        raise InputError(f"{option}: expected an amount of dollars such as 12.50, found {quoted(value)}")
    return found


def read_tools(values: "Iterable[str]") -> "UsedTools":
    """`--tools` as what one request uses: names and whole numbers, each name once."""
    from gpt41_cli.pricing import BESIDE
    from gpt41_cli.pricing import Tools as Used

    used: dict[str, int] = {}
    for value in (each for one in values for each in one.split(",")):
        name, _, amount = value.strip().partition("=")
        if name not in Used._fields:
            raise UnknownName("--tools", name, Used._fields)
        if name in used or not re.fullmatch(r"[0-9]{1,9}", amount):
            expected = "each name once" if name in used else f"{name}=N with a whole number"
            raise InputError(f"--tools: expected {expected}, found {quoted(value)}")
        used[name] = int(amount)
    for name, other in {**BESIDE, "storage_gb": "storage_days"}.items():
        if name in used and other not in used:
            raise InputError(f"--tools: expected {other} beside {name}, found it alone")
    return Used(**used)


def read_min_scores(values: list[str]) -> dict[str, Decimal]:
    """`METRIC=SCORE` pairs."""
    scores = {}
    for value in values:
        metric, _, score = value.rpartition("=")
        found = None if score.startswith("$") else notation.amount(score)
        if not metric or found is None:
            raise InputError(f"--min-score: expected METRIC=SCORE such as IFEval=80, found {quoted(value)}")
        scores[metric.strip()] = found
    return scores
