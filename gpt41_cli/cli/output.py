"""Write results to standard output, and everything else to standard error. A closed pipe or a lost message isn't an error."""

import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from gpt41_cli import __version__
from gpt41_cli.cli import files
from gpt41_cli.cli.output_options import OutputOptions
from gpt41_cli.cli.streams import find_failure
from gpt41_cli.display import sanitize, shorten
from gpt41_cli.errors import InputError
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Effect, Level

if TYPE_CHECKING:
    from gpt41_cli.reports import Report
    from gpt41_cli.views import Screen

EXIT_CHECK_FAILED = 1

SUMMARY_BYTES = 1 << 20
"""The most that GitHub takes as the summary of a step; it drops a longer one entirely."""

REPOSITORY_PATH_FORMATS = ("github", "junit", "sarif", "gitlab")
"""Formats whose readers expect paths from the top of the repository, wherever the command ran."""

RECORD_FORMATS = ("jsonl", "csv", "focus", "parquet")
"""Formats that hold only the records of a report, without findings."""


def show_and_exit(report: "Report", wanted: OutputOptions, fail_on: Level | None = Level.ERROR) -> NoReturn:
    """Print the report and exit with 1 if a finding is at `fail_on` or above, else with 0."""
    if report.catalog and report.catalog.overlay:
        note = f"Prices are those of {report.catalog.file} with the overrides of {report.catalog.overlay.file}."
        report = report._replace(notes=(*report.notes, note))
    show_report(report._replace(fails_at=fail_on), wanted)
    if wanted.quiet and report.bound and not any(map(_is_lacking, report.findings)):
        print_to_stderr(report.bound)
    exit_with_findings(report.findings, wanted, fail_on)


def _is_lacking(finding: Finding) -> bool:
    """Return True if a finding says why an answer is a lower bound."""
    return finding.rule.effect is Effect.AT_LEAST and finding.level > Level.NOTICE


def exit_with_findings(findings: Sequence[Finding], wanted: OutputOptions, fail_on: Level | None = Level.ERROR) -> NoReturn:
    """Exit with 1 if one of the findings is at `fail_on` or above, else with 0."""
    failed = [finding for finding in findings if fail_on and finding.level >= fail_on]
    code = EXIT_CHECK_FAILED if failed else 0
    # A bare answer or records can't say why a run fails or what is missing.
    if wanted.quiet or wanted.format in RECORD_FORMATS:
        lacking = filter(_is_lacking, findings)
        for finding in dict.fromkeys((*failed, *lacking)):
            print_to_stderr(finding.message)
    raise typer.Exit(code)


def show_report(report: "Report", wanted: OutputOptions) -> None:
    """Print the report or its bare answer, and write it to the requested files."""
    answer = "\n".join(map(sanitize, report.answer.split("\n"))) + "\n"
    if wanted.quiet and not wanted.files:
        write_stdout(answer)
        return
    # Files first: they are complete whatever happens to standard output.
    for file in wanted.files:
        files.write_file(_draw(report, file.format, _make_file_screen()), file.path)
    if wanted.quiet:
        write_stdout(answer)
        return
    write_stdout(_draw(report, wanted.format, _detect_screen()))
    if wanted.format == "github":
        _append_job_summary(report)


def _draw(report: "Report", name: str, screen: "Screen") -> str | bytes:
    """Draw the report in a format."""
    from gpt41_cli.views import render

    if name == "parquet":
        from gpt41_cli.cli.parquet_files import make_parquet

        return make_parquet(report)
    return render(_move_paths(report, name), name, screen)


def _move_paths(report: "Report", name: str) -> "Report":
    """Return the report with paths as the readers of a format expect them: from the top of the repository, or unchanged."""
    if name not in REPOSITORY_PATH_FORMATS or not any(finding.place for finding in report.findings):
        return report
    from gpt41_cli.files.revisions import find_repository_top
    from gpt41_cli.files.sources import LITERAL_NAME
    from gpt41_cli.findings import STDIN, is_url

    here = Path.cwd().resolve()
    above = find_repository_top(here)
    if above is None:
        return report
    folder = os.path.relpath(here, above)

    def move(path: str) -> str:
        return path if path in (STDIN, LITERAL_NAME) or is_url(path) else os.path.normpath(Path(folder, path))

    return report.with_moved_paths(move)


def _append_job_summary(report: "Report") -> None:
    """Append the report to GitHub's job summary, if there is one; it has room for what annotations don't say."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    from gpt41_cli.views import render

    try:
        files.append_to_file(render(report, "markdown", _make_file_screen()), Path(summary), SUMMARY_BYTES)
    except InputError as error:
        print_to_stderr(f"GITHUB_STEP_SUMMARY: {error}")


def write_stdout(content: str | bytes) -> bool:
    """Write text or bytes to standard output at once; return False if nobody reads it. Raises InputError if they can't be
    written, or are bytes for a terminal.
    """
    if isinstance(content, str):
        sys.stdout.write(content)
    elif sys.stdout.isatty():
        raise InputError("--format parquet", "a file or a pipe to write to", "a terminal", "--output FILE.parquet writes a file")
    else:
        sys.stdout.buffer.write(content)
    sys.stdout.flush()
    return is_stdout_read()


def is_stdout_read() -> bool:
    """Return False if the reader of standard output has gone. Raises InputError if the output is lost in another way."""
    failure = find_failure(sys.stdout)
    if failure and not isinstance(failure, BrokenPipeError):
        raise InputError("standard output", "to be able to write", failure)
    return failure is None


def stream_lines(lines: Iterable[str], *, needs_all: bool) -> None:
    """Write lines as they come. A closed pipe ends it, unless all are needed: then the others are made, and dropped."""
    for line in lines:
        if not write_stdout(line) and not needs_all:
            return


def print_to_stderr(message: str) -> None:
    """Print one line to standard error. A failure to write it is ignored."""
    print(f"gpt41: {shorten(sanitize(message))}", file=sys.stderr)


def print_traceback() -> None:
    """Print the traceback of the exception that is handled to standard error. Its lines may quote text from a file."""
    for line in traceback.format_exc().splitlines():
        print(sanitize(line), file=sys.stderr)


def _make_file_screen() -> "Screen":
    """Return the screen for output to a file."""
    from gpt41_cli.views import Screen

    return Screen(width=None, has_colour=False, version=__version__)


def _detect_screen() -> "Screen":
    import shutil

    from gpt41_cli.views import can_draw

    draws = can_draw(sys.stdout.encoding or "utf-8")  # a stream in memory has no encoding
    if not sys.stdout.isatty():
        return _make_file_screen()._replace(can_draw_bars=draws)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return _make_file_screen()._replace(width=shutil.get_terminal_size().columns, has_colour=colour, can_draw_bars=draws)
