"""The result to standard output, everything else to standard error; a closed pipe is not an error."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from gpt41_cli import __version__
from gpt41_cli.cli import files
from gpt41_cli.cli.output_options import Wanted
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.findings import Finding, Level

if TYPE_CHECKING:
    from gpt41_cli.reports import Report
    from gpt41_cli.views import Screen

EXIT_FAILED_CHECK = 1

SUMMARY_BYTES = 1 << 20
"""What GitHub takes of the summary of a step; it drops all of one that is longer."""

LACKS = ("invalid-request", "not-text", "usage-missing", "model-missing", "unknown-model", "missing-price", "tool-price")
"""Rules of findings about what an answer leaves out although it was asked for it; notices are about what is beside it."""

FROM_THE_TOP = ("github", "junit", "sarif", "gitlab")
"""Formats whose readers look for files from the top of the repository, wherever a command ran."""

RECORDS = ("jsonl", "csv")
"""Formats that have room for the records of a report only, and none for findings."""


def finish(report: "Report", wanted: Wanted, fail_on: Level | None = Level.ERROR) -> NoReturn:
    """Show the report as it is wanted, and exit: 1 when it has a finding of level `fail_on` or above, else 0."""
    show(report._replace(fails_at=fail_on), wanted)
    leave(report.findings, wanted, fail_on)


def leave(findings: Sequence[Finding], wanted: Wanted, fail_on: Level | None = Level.ERROR) -> NoReturn:
    """Exit: 1 when one of the findings is of level `fail_on` or above, else 0."""
    failed = [finding for finding in findings if fail_on and finding.level >= fail_on]
    # Neither a bare answer nor records can say why a run fails, or what they lack.
    if wanted.quiet or wanted.format in RECORDS:
        lacking = [finding for finding in findings if finding.rule in LACKS and finding.level > Level.NOTICE]
        for finding in dict.fromkeys((*failed, *lacking)):
            complain(finding.message)
    raise typer.Exit(EXIT_FAILED_CHECK if failed else 0)


def show(report: "Report", wanted: Wanted) -> None:
    """Print the report, whole or as its bare answer, and write it into the files that are wanted."""
    if wanted.quiet and not wanted.files:
        write(report.answer + "\n")
        return
    from gpt41_cli.views import render

    # The files first: they are whole whatever becomes of standard output.
    for file in wanted.files:
        files.save(render(_placed(report, file.format), file.format, _no_screen()), file.path)
    if wanted.quiet:
        write(report.answer + "\n")
        return
    write(render(_placed(report, wanted.format), wanted.format, _screen()))
    if wanted.format == "github":
        _summarize(report)


def _placed(report: "Report", name: str) -> "Report":
    """The report with paths as the readers of a format take them: from the top of the repository, or as they are."""
    if name not in FROM_THE_TOP or not any(finding.location for finding in report.findings):
        return report
    from gpt41_cli.files.revisions import top
    from gpt41_cli.files.sources import LITERAL, STDIN

    here = Path.cwd().resolve()
    above = top(here)
    if above is None:
        return report
    folder = os.path.relpath(here, above)
    return report.moved(lambda path: path if path in (STDIN, LITERAL) else os.path.normpath(Path(folder, path)))


def _summarize(report: "Report") -> None:
    """Add the report to the summary of the job, where GitHub runs one: what it says at length beside the annotations."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    from gpt41_cli.views import render

    try:
        files.append(render(report, "markdown", _no_screen()), Path(summary), SUMMARY_BYTES)
    except InputError as error:
        complain(f"GITHUB_STEP_SUMMARY: {error}")


def write(text: str) -> bool:
    """Write all of `text` to standard output at once; False when nobody reads it. InputError when it cannot be written."""
    if sys.stdout is None:
        return True
    # A name that is no text, or a terminal without Unicode, must not keep the answer from being printed.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
        return False
    except OSError as error:
        discard_stdout()
        raise InputError(f"standard output: expected to be able to write, found: {error.strerror}") from None
    return True


def stream(lines: Iterable[str]) -> None:
    """Write line by line, as they come; a closed pipe ends it."""
    for line in lines:
        if not write(line):
            return


def complain(message: str) -> None:
    """One line to standard error."""
    print(f"gpt41: {printable(message)}", file=sys.stderr)


def discard_stdout() -> None:
    """Keep the interpreter from flushing what is left into a stream that takes nothing any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _no_screen() -> "Screen":
    """What a file is drawn for."""
    from gpt41_cli.views import Screen

    return Screen(width=None, colour=False, version=__version__)


def _screen() -> "Screen":
    import shutil

    from gpt41_cli.views import can_draw

    if not sys.stdout:
        return _no_screen()
    draws = can_draw(sys.stdout.encoding or "utf-8")  # a stream in memory has no encoding
    if not sys.stdout.isatty():
        return _no_screen()._replace(draws=draws)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _no_screen()._replace(width=shutil.get_terminal_size().columns, colour=colour, draws=draws)
