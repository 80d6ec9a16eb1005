"""Help in groups, `--json`, and the right name for what somebody guessed."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.errors import InputError, quote_text

if TYPE_CHECKING:
    from typer._click import Command as AnyCommand
    from typer._click import Context, HelpFormatter, Parameter

_GROUPS = {
    "Input": "paths logs base head text kind image_size configs config request_files skip_invalid",
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

_GUESSES = {
    "price": "cost",
    "estimate": "cost",
    "pricing": "models",
    "prices": "models",
    "tokens": "count",
    "tokenize": "count",
    "choose": "recommend",
    "select": "recommend",
    "compare": "recommend",
    "usage": "reconcile",
    "bill": "reconcile",
    "invoice": "reconcile",
    "finetune": "train",
    "fine-tune": "train",
    "limits": "plan",
    "schedule": "plan",
    "init": "check --init",
    "validate": "batch",
    "caching": "cache",
    "find": "scan",
    "rule": "explain",
    "upgrade": "migrate",
}
"""What people type for a command before they have read the help."""
_OPTION_GUESSES = {
    "--month": "--requests N --per month, or volume: N / month in gpt41.yaml",
    "--monthly": "--requests N --per month, or volume: N / month in gpt41.yaml",
    "--per-month": "--requests N --per month, or volume: N / month in gpt41.yaml",
    "--volume": "--requests N/month, or volume: N / month in gpt41.yaml",
    "--by": "gpt41 reconcile --by FIELD, which groups a bill by any field of the logs",
    "--tokens": "--input-tokens N",
    "--input": "--input-tokens N for a number, or the path of a file",
    "--prompt": "the path of a file, or --text TEXT",
    "--file": "the path of a file without an option",
    "--count": "--requests N",
    "--budget": "gpt41 recommend --max-usd, or gpt41 check with a budget in gpt41.yaml",
    "--max-usd": "gpt41 recommend --max-usd, or gpt41 check with a budget in gpt41.yaml",
    "--max-cost": "gpt41 recommend --max-usd, or gpt41 check with a budget in gpt41.yaml",
    "--azure": "--platform azure-global",
    "--stream": "nothing, as streams cost the same",
    "--batch": "--mode batch",
    "--cache": "--cached SHARE",
    "--csv": "--format csv",
    "--html": "--output FILE.html",
    "--markdown": "--format markdown",
    "--date": "--as-of DATE",
    "--verbose": "--format json, which has everything",
}
"""What people type for an option, and what they look for."""


_MAX_HINTS = 3
"""More commands than that have nothing in common with what somebody looked for."""

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
        if len(formats := given + [f"--{name}" for name in short]) > 1:
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
        """Parse what stands before the command. Raises InputError with what to try here if there is nothing at all."""
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
        if args[0] in _GUESSES and not ctx.resilient_parsing:
            raise InputError(expected="a command", found=quote_text(args[0]), hint=f"did you mean gpt41 {_GUESSES[args[0]]}?")
        return super().resolve_command(ctx, args)


def _suggest_commands() -> str:
    if any(os.path.lexists(folder / CONFIG_NAME) for folder in (Path.cwd(), *Path.cwd().parents)):
        return f"try gpt41 check, which checks {CONFIG_NAME}, or gpt41 migrate; gpt41 --help lists all"
    return 'try gpt41 scan, which finds calls of models that end, or gpt41 count "some text"; gpt41 --help lists all'


def find_hint(option: str, near: "Sequence[str]", commands: "Iterable[AnyCommand]") -> str:
    """Return what to use in place of an unknown option: its other name here, or a command that takes it; "" if there is none."""
    if option in _OPTION_GUESSES:
        return f"use {_OPTION_GUESSES[option]}"
    others = [f"gpt41 {command.name}" for command in commands if any(option in parameter.opts for parameter in command.params)]
    if 0 < len(others) <= _MAX_HINTS:
        return f"{', '.join(others)} {'has' if len(others) == 1 else 'have'} it"
    close = [name for name in near if name.startswith(option) or len(name) > 4]
    return f"did you mean {' or '.join(close)}?" if close else ""


def make_help_record(parameter: "Parameter", ctx: "Context") -> tuple[str, str] | None:
    """Return the names of a parameter and what help says of it; None if it is hidden."""
    record = parameter.get_help_record(ctx)
    return record and (record[0], re.sub(r"\[default: \((.*)\)\]$", r"[default: \1]", record[1]))


def _find_place(name: str | None) -> tuple[int, int, str]:
    """Return what a parameter is sorted by: its group's place, its own, and the group's name."""
    group, place = _PLACES.get(name or "", ("Options", 0))
    return list(_GROUPS).index(group), place, group


def _write_groups(formatter: "HelpFormatter", groups: dict[str, list[tuple[str, str]]]) -> None:
    for name, records in groups.items():
        with formatter.section(name):
            formatter.write_dl(records)
