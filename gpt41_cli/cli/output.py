"""The result to standard output, everything else to standard error; a closed pipe is not an error."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from gpt41_cli import __version__
from gpt41_cli.cli import files
from gpt41_cli.cli.output_options import OutputOptions
from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Effect, Level

if TYPE_CHECKING:
    from gpt41_cli.reports import Report
    from gpt41_cli.views import Screen

EXIT_CHECK_FAILED = 1

SUMMARY_BYTES = 1 << 20
"""What GitHub takes of the summary of a step; it drops all of one that is longer."""

REPOSITORY_PATH_FORMATS = ("github", "junit", "sarif", "gitlab")
"""Formats whose readers look for files from the top of the repository, wherever a command ran."""

RECORD_FORMATS = ("jsonl", "csv")
"""Formats that have room for the records of a report only, and none for findings."""


def show_and_exit(report: "Report", wanted: OutputOptions, fail_on: Level | None = Level.ERROR) -> NoReturn:
    """Show the report as it is wanted, and exit: 1 when it has a finding of level `fail_on` or above, else 0."""
    show_report(report._replace(fails_at=fail_on), wanted)
    exit_with_findings(report.findings, wanted, fail_on)


def exit_with_findings(findings: Sequence[Finding], wanted: OutputOptions, fail_on: Level | None = Level.ERROR) -> NoReturn:
    """Exit: 1 when one of the findings is of level `fail_on` or above, else 0."""
    failed = [finding for finding in findings if fail_on and finding.level >= fail_on]
    # Neither a bare answer nor records can say why a run fails, or what they lack.
    if wanted.quiet or wanted.format in RECORD_FORMATS:
        lacking = [finding for finding in findings if finding.rule.effect is Effect.AT_LEAST and finding.level > Level.NOTICE]
        for finding in dict.fromkeys((*failed, *lacking)):
            print_to_stderr(finding.message)
    raise typer.Exit(EXIT_CHECK_FAILED if failed else 0)


def show_report(report: "Report", wanted: OutputOptions) -> None:
    """Print the report, whole or as its bare answer, and write it into the files that are wanted."""
    if wanted.quiet and not wanted.files:
        write_stdout(report.answer + "\n")
        return
    from gpt41_cli.views import render

    # The files first: they are whole whatever becomes of standard output.
    for file in wanted.files:
        files.write_file(render(_move_paths(report, file.format), file.format, _make_file_screen()), file.path)
    if wanted.quiet:
        write_stdout(report.answer + "\n")
        return
    write_stdout(render(_move_paths(report, wanted.format), wanted.format, _detect_screen()))
    if wanted.format == "github":
        _append_job_summary(report)


def _move_paths(report: "Report", name: str) -> "Report":
    """The report with paths as the readers of a format take them: from the top of the repository, or as they are."""
    if name not in REPOSITORY_PATH_FORMATS or not any(finding.location for finding in report.findings):
        return report
    from gpt41_cli.files.revisions import find_repository_top
    from gpt41_cli.files.sources import LITERAL_NAME, STDIN

    here = Path.cwd().resolve()
    above = find_repository_top(here)
    if above is None:
        return report
    folder = os.path.relpath(here, above)
    return report.with_moved_paths(lambda path: path if path in (STDIN, LITERAL_NAME) else os.path.normpath(Path(folder, path)))


def _append_job_summary(report: "Report") -> None:
    """Add the report to the summary of the job, where GitHub runs one: what it says at length beside the annotations."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    from gpt41_cli.views import render

    try:
        files.append_to_file(render(report, "markdown", _make_file_screen()), Path(summary), SUMMARY_BYTES)
    except InputError as error:
        print_to_stderr(f"GITHUB_STEP_SUMMARY: {error}")


def write_stdout(text: str) -> bool:
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
        raise InputError("standard output", "to be able to write", error) from None
    return True


def stream_lines(lines: Iterable[str]) -> None:
    """Write line by line, as they come; a closed pipe ends it."""
    for line in lines:
        if not write_stdout(line):
            return


def print_to_stderr(message: str) -> None:
    """One line to standard error."""
    print(f"gpt41: {sanitize(message)}", file=sys.stderr)


def discard_stdout() -> None:
    """Keep the interpreter from flushing what is left into a stream that takes nothing any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _make_file_screen() -> "Screen":
    """What a file is drawn for."""
    from gpt41_cli.views import Screen

    return Screen(width=None, has_colour=False, version=__version__)


def _detect_screen() -> "Screen":
    import shutil

    from gpt41_cli.views import can_draw

    if not sys.stdout:
        return _make_file_screen()
    draws = can_draw(sys.stdout.encoding or "utf-8")  # a stream in memory has no encoding
    if not sys.stdout.isatty():
        return _make_file_screen()._replace(can_draw_bars=draws)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _make_file_screen()._replace(width=shutil.get_terminal_size().columns, has_colour=colour, can_draw_bars=draws)
