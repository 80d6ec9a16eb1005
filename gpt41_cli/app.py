"""The command line: flags in, one call into the core, a Report out, an exit code.

| code | when |
|--:|---|
| 0 | done, no finding of level error, or of the level that --fail-on says |
| 1 | a check failed: a budget, a limit or a requirement is broken, or nothing fits |
| 2 | unusable input: a flag, a file, an unknown model, a missing price; or standard output that can't be written |
| 3 | a bug in gpt41 |
| 130 | Ctrl-C |
| 143 | ended by SIGTERM |
"""

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer

from gpt41_cli import __version__
from gpt41_cli.cli.help import CommandGroup, explain_missing, find_hint
from gpt41_cli.cli.output import is_stdout_read, print_to_stderr, print_traceback
from gpt41_cli.errors import Gpt41Error, InputError

EXIT_UNUSABLE, EXIT_BUG, EXIT_TERMINATED = 2, 3, 128 + signal.SIGTERM

_COMMANDS = {
    "Price": {
        "recommend": "Choose a variant and a mode for the work, with reasons, figures and sources.",
        "cost": "Price requests, files or token counts, and show what caching and batch save.",
        "count": "Count the tokens of texts, files, folders, requests and pictures.",
        "plan": "Estimate how long the work takes in standard and in batch, and which rate limit decides.",
        "models": "List the prices, limits, scores and end dates of the models, or those of one in full.",
    },
    "Files": {
        "batch": "Check Batch API files, and say what they cost and how long they wait.",
        "cache": "Replay requests with the prompt cache: what it saves, and what keeps it from saving more.",
        "train": "Price fine-tuning, and check whether OpenAI would take the file.",
    },
    "Repository": {
        "check": "Check the workloads of gpt41.yaml against their budgets, limits and requirements.",
        "diff": "Show what a change to prompts or gpt41.yaml costs, and why.",
        "scan": "Find where source code calls models that end, and what has to change there.",
        "report": "Make a page of all workloads: what to do, what it costs, and why.",
    },
    "Leave GPT-4.1 and look back": {
        "migrate": "Show what leaving a model costs, what breaks, and until when.",
        "reconcile": "Price the usage in logs and exports as it was billed.",
    },
    "Help": {"explain": "Explain a rule: what it means, why it matters, and what to do."},
}
"""The commands by the groups of help, each with the first sentence of its own help."""
_NAMES = {name for summaries in _COMMANDS.values() for name in summaries}


class _Commands(CommandGroup):
    groups = _COMMANDS

    @staticmethod
    def load(name: str) -> Callable[..., object]:
        function: Callable[..., object] = getattr(import_module(f"gpt41_cli.commands.{name}.command"), name)
        return function


app = typer.Typer(
    cls=_Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help looks the same everywhere, and doesn't pay for importing rich
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"gpt41 {__version__}")
        raise typer.Exit


@app.callback()
def gpt41(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a bug.")] = False,
) -> None:
    """Which GPT-4.1 variant should do this work, and what does it cost? Exact, with reasons, offline.

    \b
    gpt41 count "How many tokens is this?"
    gpt41 cost prompt.txt -m mini -n 40000 --output-tokens 200
    gpt41 recommend ticket.txt --task classification --output-tokens 20 -n 100k --deadline 24h
    gpt41 check --init prompts/
    gpt41 migrate
    gpt41 help cost
    """


def _exit_on_sigterm(*_: object) -> NoReturn:
    sys.exit(EXIT_TERMINATED)


def run() -> int:
    """Run the command line and return its exit code; complaints have gone to standard error by then."""
    # SIGTERM becomes SystemExit, so that `finally` blocks stop workers and delete temporary files, as on Ctrl-C.
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    try:
        code = _run_app()
        is_stdout_read()  # typer writes help, the version and completions, and doesn't look
        if code == 0 and "--install-completion" in sys.argv[1:2]:
            print_to_stderr("bash and zsh load it by a line that was added to ~/.bashrc or ~/.zshrc; fish finds it by itself")
        return code
    except Gpt41Error as error:
        for failure in (error, *error.others):
            print_to_stderr(str(failure))
        return EXIT_UNUSABLE
    except MemoryError:
        print_to_stderr("expected more memory than the system gives; --jobs 1 takes the least")
        return EXIT_UNUSABLE
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of typer's; its class isn't public
            print_to_stderr(_explain_usage_error(error))
            return EXIT_UNUSABLE
        return _report_bug(error)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of a library in Rust; it isn't an Exception, and its class isn't public
            raise
        return _report_bug(error)


def _explain_usage_error(error: Any) -> str:
    """Return the message of a usage error, and what to do: of an unknown option, what has its meaning."""
    command = error.ctx.command_path if error.ctx else " ".join(["gpt41", *(name for name in sys.argv[1:2] if name in _NAMES)])
    if type(error).__name__ == "NoSuchOption" and error.ctx:
        commands = error.ctx.find_root().command.commands.values()
        hint = find_hint(error.option_name, error.possibilities or (), commands)
        return f"{command} has no option {error.option_name}; {hint or f'see {command} --help'}"
    if type(error).__name__ == "MissingParameter" and error.param:
        return explain_missing(error.param, error.ctx.command)
    message = error.format_message().rstrip(".")
    return message if message.endswith("?") else f"{message}; see {command} --help"


def _report_bug(error: BaseException) -> int:
    if "--debug" in sys.argv:
        print_traceback()
    print_to_stderr(f"a bug in gpt41, please report it: {type(error).__name__}: {error} (--debug shows the traceback)")
    return EXIT_BUG


def _run_app() -> int:
    """Run the command line and return its exit code. Raises what a command raises."""
    try:
        return app(prog_name="gpt41", standalone_mode=False) or 0
    except SystemExit as leaving:
        # Typer takes any broken pipe for that of a closed standard output. Ours doesn't raise, so it's another one.
        if leaving.code == 1 and isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        return int(leaving.code or 0)
    except typer.Abort as aborted:
        # Typer takes the end of any file for that of a person at a prompt. There are no prompts.
        raise aborted.__cause__ or aborted from None
    except OSError as error:
        # Commands translate their own; --install-completion writes where the shell looks.
        if error.filename is None:
            raise
        raise InputError(problem=error.strerror or "", location=os.fsdecode(error.filename)) from None
