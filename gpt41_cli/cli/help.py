"""Help in groups, `--json`, and hints for names that users guess."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.errors import InputError, find_nearest, quote_text

if TYPE_CHECKING:
    from typer._click import Command as AnyCommand
    from typer._click import Context, HelpFormatter, Parameter

_GROUPS = {
    "Input": "paths logs base head text kind column image_size configs config request_files skip_invalid",
    "Amount": "requests per input_tokens output_tokens reasoning_tokens cached requests_per_minute lifetime tools "
    "prediction accept",
    "Requirements": "task needs deadline until max_usd min_score max_tokens usage_tier retires_within",
    "Judging": "prefer scores tolerance explain",
    "Model and prices": "model leaving to mode platform as_of on pricing",
    "Options": "",
    "Output": "output_format json explain outputs quiet fail_on jobs help",
}
"""The groups of options in the order of help, and in each the parameters, the rarely used last. Others are under Options."""
_PLACES = {
    parameter: (group, place) for group, parameters in _GROUPS.items() for place, parameter in enumerate(parameters.split())
}

_COMMAND_WORDS = {
    "cost": "price estimate calculate calc quote forecast spend",
    "count": "tokens token tokenize tokenise encode length size",
    "recommend": "choose select suggest compare best pick advise optimize",
    "plan": "limits limit schedule rate-limits ratelimits time duration throughput",
    "models": "pricing prices list ls model info deprecations",
    "batch": "validate jsonl",
    "batch --split": "split",
    "cache": "caching replay simulate",
    "train": "finetune fine-tune fine-tuning training distill",
    "check": "budget budgets lint verify gate test ci",
    "check --init": "init new create setup config",
    "diff": "change changes delta pr",
    "scan": "find search grep detect audit",
    "report": "html page summary chart charts dashboard",
    "migrate": "upgrade switch move replace successor leave retire",
    "reconcile": "usage bill billing invoice logs actual history",
    "explain": "rule rules why finding",
    "--version": "version",
    "--install-completion": "completion completions",
}
"""What people type for a command before they have read the help, by what they mean."""

_PER_MONTH = "--requests N --per month, or volume: N / month in gpt41.yaml"
_OPTION_WORDS = {
    _PER_MONTH: "month monthly per-month",
    "--requests N --per day, or --per week": "day days daily per-day week weekly per-week",
    "--requests N --per month, times 12": "year yearly per-year annual",
    "--requests N/month, or volume: N / month in gpt41.yaml": "volume rate",
    "--requests N": "count calls number num-requests times",
    "gpt41 reconcile --by FIELD, which groups a bill by any field of the logs": "by group-by",
    "--input-tokens N": "tokens prompt-tokens",
    "--input-tokens N for a number, or the path of a file": "input",
    "--output-tokens N for the length of answers": "completion-tokens max-tokens maxtokens max-output-tokens answer-tokens",
    "gpt41 migrate --reasoning-tokens N": "reasoning reasoning-tokens reasoning-effort effort",
    "the path of a file, or --text TEXT": "prompt",
    "the path of a file without an option": "file path",
    "the path -": "stdin",
    "the path of a folder, which is read with all folders in it": "recursive r",
    "gpt41 recommend --max-usd, or gpt41 check with a budget in gpt41.yaml": "budget max-usd max-cost max-price limit",
    "--platform azure-global": "azure",
    "--platform NAME": "region provider cloud",
    "--usage-tier N with gpt41 plan or gpt41 recommend": "tier rate-limit rate-limits rpm tpm",
    "--image-size WIDTHxHEIGHT, and the path of a picture": "image images",
    "nothing, as streams cost the same": "stream",
    "nothing, as it needs no key": "api-key key token",
    "nothing: prices are US dollars": "currency eur usd",
    "the variable NO_COLOR=1 for text without colors": "color no-color colour colors",
    "--mode batch": "batch",
    "--cached SHARE": "cache cache-hit cache-hits cache-hit-rate cache-rate",
    "--pricing FILE": "prices price-file price-table discount rates",
    "--format csv": "csv",
    "--format json": "yaml",
    "--format junit": "xml",
    "--format markdown": "markdown md",
    "--output FILE.html": "html",
    "--output FILE": "out save save-to output-file",
    "--as-of DATE": "date today",
    "--jobs N": "parallel threads workers concurrency processes j",
    "--format json, which has everything": "verbose all",
    "-q": "silent short brief",
    "gpt41 --version, or --format json, which has everything": "v V",
}
"""What people type for an option, by what they look for."""

_SURE, _CLOSE = 85, 75
"""The similarity of two names, in percent, from which on one is surely, and perhaps, a misspelling of the other."""
_MAX_HINTS = 3
"""If more commands than this have an option, they aren't a useful hint."""

_NEXT_TO_ANSWER = ("text", "github")
"""The formats that go with -q: of the default it is the shortest form, and the other also writes a summary elsewhere."""
_SHORT_FORMATS = {"json": "", "explain": ": text with every reason and the sources of all figures"}
"""The formats that have an option of their own, and what help says of them."""


class Command(TyperCommand):
    """A command with its options in groups, and `--json` and `--explain` if it has `--format`."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.params.sort(key=lambda parameter: _find_place(parameter.name))
        if any(parameter.name == "output_format" for parameter in self.params):
            for short, meaning in _SHORT_FORMATS.items():
                described = f"The same as --format {short}{meaning}."
                self.params.append(TyperOption(param_decls=[f"--{short}"], is_flag=True, default=False, help=described))
            self.params.sort(key=lambda parameter: _find_place(parameter.name))

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Parse the arguments; `--json` becomes `--format json`. Raises a usage error if two formats are given."""
        rest = super().parse_args(ctx, args)
        source = ctx.get_parameter_source("output_format")
        given = [f"--format {ctx.params['output_format']}"] if source and source.name == "COMMANDLINE" else []
        short = [name for name in _SHORT_FORMATS if ctx.params.pop(name, False)]
        formats = given + [f"--{name}" for name in short]
        if ctx.params.get("quiet") and (short or ctx.params.get("output_format") not in _NEXT_TO_ANSWER):
            formats.append("-q")
        if len(formats) > 1:
            ctx.fail(f"expected one format, found {' and '.join(formats)}")
        if short:
            ctx.params["output_format"] = short[0]
        return rest

    def get_short_help_str(self, limit: int = 0) -> str:
        """Return the first sentence of the help, which shells show next to the name; it is never cut."""
        return " ".join((self.help or "").partition("\n\n")[0].split())

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the options in groups."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = make_help_record(parameter, ctx)
            if record is not None:
                groups.setdefault(_find_place(parameter.name)[2], []).append(record)
        _write_groups(formatter, groups)


class _LazyCommands(Mapping[str, "AnyCommand"]):
    """Commands by their names. A run imports only the one that it asks for: all of them take longer than a small run."""

    def __init__(self, names: Iterable[str], load: Callable[[str], Callable[..., object]]) -> None:
        self._commands: dict[str, AnyCommand | None] = dict.fromkeys(names)
        self._load = load

    def __getitem__(self, name: str) -> "AnyCommand":
        command = self._commands[name]
        if command is None:
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
            single.command(cls=Command)(self._load(name))
            self._commands[name] = command = typer.main.get_command(single)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


class CommandGroup(TyperGroup):
    """The commands in groups, with `gpt41 help COMMAND`.

    `groups` has the names and summaries of the commands in each group; `load` imports the function of a command.
    """

    groups: ClassVar[Mapping[str, Mapping[str, str]]]
    commands: Any  # typer declares a mutable mapping, and changes nothing in it

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _LazyCommands((name for group in self.groups.values() for name in group), self.load)

    @staticmethod
    def load(name: str) -> Callable[..., object]:
        """Import the function of a command."""
        raise NotImplementedError

    def list_commands(self, ctx: "Context") -> list[str]:
        """List the names of the commands."""
        return list(self.commands)

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Parse what comes before the command. Raises InputError with what to try here if there are no arguments at all."""
        if not args and not ctx.resilient_parsing:
            raise InputError(expected="a command", found="nothing", hint=_suggest_commands())
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the commands in groups, each with the whole first sentence of its help."""
        _write_groups(formatter, {group: list(summaries.items()) for group, summaries in self.groups.items()})

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, AnyCommand | None, list[str]]":
        """Find the command that the arguments start with; `help` takes the name of one, and prints its help."""
        if args[0] == "help" and not ctx.resilient_parsing:
            if not args[1:]:
                typer.echo(ctx.get_help())
                raise typer.Exit
            args = [args[1], "--help"]
        if args[0] not in self.commands and args[0][:1] != "-" and not ctx.resilient_parsing:
            raise InputError(expected="a command", found=quote_text(args[0]), hint=_suggest_command(args[0], self.commands))
        return super().resolve_command(ctx, args)


def _suggest_command(word: str, commands: Iterable[str]) -> str:
    """Return the command that a user who types `word` means, or say where all are listed."""
    guesses = {guess: meaning for meaning, words in _COMMAND_WORDS.items() for guess in words.split()}
    near = find_nearest(word.lower(), [*commands, *guesses], _CLOSE)
    return f"did you mean gpt41 {guesses.get(near[0], near[0])}?" if near else "gpt41 --help lists all"


def _suggest_commands() -> str:
    if any(os.path.lexists(folder / CONFIG_NAME) for folder in (Path.cwd(), *Path.cwd().parents)):
        return f"try gpt41 check, which checks {CONFIG_NAME}, or gpt41 migrate; gpt41 --help lists all"
    return 'try gpt41 scan, which finds calls to models that end, or gpt41 count "some text"; gpt41 --help lists all'


def find_hint(option: str, near: "Sequence[str]", commands: "Iterable[AnyCommand]") -> str:
    """Return what to use in place of an unknown option: its other name here, or a command that takes it; "" if there is none.

    `near` are the options that are spelled nearly so.
    """
    option = option.replace("_", "-")
    if not find_nearest(option, near, _SURE) and (meaning := _find_meaning(option.lstrip("-"), _OPTION_WORDS)):
        return f"use {meaning}"
    others = [f"gpt41 {command.name}" for command in commands if any(option in parameter.opts for parameter in command.params)]
    if 0 < len(others) <= _MAX_HINTS:
        return f"{' and '.join(others)} {'has' if len(others) == 1 else 'have'} it"
    close = find_nearest(option, near, _CLOSE) or [name for name in near if name.startswith(option)]
    return f"did you mean {' or '.join(close)}?" if close else ""


def explain_missing(parameter: "Parameter", command: "AnyCommand") -> str:
    """Return what to type for an argument that is missing, with the first example of the help."""
    name = str(parameter.metavar or parameter.name or "").upper()
    examples = (line.strip() for line in (command.help or "").splitlines())
    return f"expected {name}, found nothing; such as {next(line for line in examples if line.startswith('gpt41 '))}"


def _find_meaning(word: str, table: Mapping[str, str]) -> str:
    return next((meaning for meaning, words in table.items() if word in words.split()), "")


def make_help_record(parameter: "Parameter", ctx: "Context") -> tuple[str, str] | None:
    """Return the names of a parameter and its help; None if it is hidden."""
    record = parameter.get_help_record(ctx)
    return record and (record[0], re.sub(r"\[default: \((.*)\)\]$", r"[default: \1]", record[1]))


def _find_place(name: str | None) -> tuple[int, int, str]:
    """Return the sort key of a parameter: its group's place, its own, and the group's name."""
    group, place = _PLACES.get(name or "", ("Options", 0))
    return list(_GROUPS).index(group), place, group


def _write_groups(formatter: "HelpFormatter", groups: dict[str, list[tuple[str, str]]]) -> None:
    for name, records in groups.items():
        with formatter.section(name):
            formatter.write_dl(records)
