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
from typing import Annotated, NoReturn

import typer

from gpt41_cli import __version__
from gpt41_cli.cli.output import is_stdout_read, print_to_stderr, print_traceback
from gpt41_cli.commands.batch import command as batch
from gpt41_cli.commands.cache import command as cache
from gpt41_cli.commands.check import command as check
from gpt41_cli.commands.cost import command as cost
from gpt41_cli.commands.count import command as count
from gpt41_cli.commands.diff import command as diff
from gpt41_cli.commands.explain import command as explain
from gpt41_cli.commands.migrate import command as migrate
from gpt41_cli.commands.models import command as models
from gpt41_cli.commands.plan import command as plan
from gpt41_cli.commands.recommend import command as recommend
from gpt41_cli.commands.reconcile import command as reconcile
from gpt41_cli.commands.report import command as report
from gpt41_cli.commands.scan import command as scan
from gpt41_cli.commands.train import command as train
from gpt41_cli.errors import Gpt41Error, InputError

EXIT_UNUSABLE, EXIT_BUG, EXIT_TERMINATED = 2, 3, 128 + signal.SIGTERM

app = typer.Typer(
    pretty_exceptions_enable=False,
    # Boxes and colours are for people; help on a pipe is plain, and does not pay for importing rich.
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
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
    gpt41 recommend ticket.txt --task classification --output-tokens 20 --requests 100000 --deadline 24h
    gpt41 cost --input-tokens 1200 --cached 60% --output-tokens 400 --requests 5000
    gpt41 plan batch.jsonl --usage-tier 2 --deadline 24h
    gpt41 count src/ --tree
    gpt41 cache requests.jsonl
    gpt41 batch batch.jsonl --usage-tier 1
    gpt41 train examples.jsonl --base-input-tokens 2400
    gpt41 check
    gpt41 diff main
    gpt41 scan src/ --retires-within 90d
    gpt41 migrate batch.jsonl --on 2027-01-14
    gpt41 reconcile batch_output.jsonl
    gpt41 report --output report.html
    gpt41 models
    gpt41 explain model-retires
    """


app.command()(recommend.recommend)
app.command()(cost.cost)
app.command()(count.count)
app.command()(cache.cache)
app.command()(plan.plan)
app.command()(batch.batch)
app.command()(train.train)
app.command()(check.check)
app.command()(diff.diff)
app.command()(scan.scan)
app.command()(migrate.migrate)
app.command()(reconcile.reconcile)
app.command()(report.report)
app.command()(models.models)
app.command()(explain.explain)


def _exit_on_sigterm(*_: object) -> NoReturn:
    sys.exit(EXIT_TERMINATED)


def run() -> int:
    """Run the command line and return its exit code; complaints have gone to standard error by then."""
    # SIGTERM becomes SystemExit, so that `finally` blocks stop workers and delete temporary files, as on Ctrl-C.
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    try:
        code = _run_app()
        is_stdout_read()  # typer writes help, the version and completions, and doesn't look
        return code
    except Gpt41Error as error:
        for each in (error, *error.others):
            print_to_stderr(str(each))
        return EXIT_UNUSABLE
    except MemoryError:
        print_to_stderr("expected more memory than the system gives; --jobs 1 takes the least")
        return EXIT_UNUSABLE
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of typer's; its class isn't public
            context = getattr(error, "ctx", None)
            command = context.command_path if context else "gpt41"
            print_to_stderr(f"{error.format_message().rstrip('.')}; see {command} --help")
            return EXIT_UNUSABLE
        return _report_bug(error)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of a library in Rust; it isn't an Exception, and its class isn't public
            raise
        return _report_bug(error)


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
