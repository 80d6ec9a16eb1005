"""The command line: flags in, one call into the core, a Report out, an exit code.

| code | when |
|--:|---|
| 0 | done, no finding of level error |
| 1 | a check failed: a limit is broken, or nothing fits |
| 2 | unusable input: a flag, a file, an unknown model, a missing price |
| 3 | a bug in gpt41 |
| 130 | Ctrl-C |
"""

import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gpt41_cli import __version__
from gpt41_cli.__main__ import EXIT_INTERRUPTED
from gpt41_cli.cli import cost, count, models, recommend
from gpt41_cli.cli.output import complain
from gpt41_cli.errors import Gpt41Error

EXIT_UNUSABLE, EXIT_BUG = 2, 3


class Group(TyperGroup):
    """The commands, with every way a run can fail turned into its exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; typer handles its own exceptions (usage errors exit with 2) outside of this."""
        try:
            return super().invoke(ctx)
        except Gpt41Error as error:
            complain(str(error))
            raise typer.Exit(EXIT_UNUSABLE) from None
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None  # typer itself would call it an error, with code 1
        except Exception as error:
            if hasattr(error, "exit_code"):  # typer's own exceptions know theirs
                raise
            if ctx.params["debug"]:
                traceback.print_exc()
            complain(f"a bug in gpt41, please report it: {type(error).__name__}: {error} (--debug shows the traceback)")
            raise typer.Exit(EXIT_BUG) from None


app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Boxes and colours are for people; help on a pipe is plain, and does not pay for importing rich.
    rich_markup_mode="rich" if sys.stdout is not None and sys.stdout.isatty() else None,
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
    gpt41 count src/ --tree
    gpt41 models
    """


app.command()(recommend.recommend)
app.command()(cost.cost)
app.command()(count.count)
app.command()(models.models)
