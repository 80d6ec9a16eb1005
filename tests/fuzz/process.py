"""Run the command line in this process: thousands of runs, none of which loads its modules and the vocabulary anew."""

from __future__ import annotations

import functools
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from unittest import mock

from typer.main import get_command

import gpt41_cli.catalog
from gpt41_cli import app

ENVIRONMENT = {"GPT41_PRICING": "pricing.yaml", "COLUMNS": "80"}

MAX_SECONDS = 60
"""After this a run counts as one that never ends. No case takes a second, so a loaded machine doesn't matter."""


class Run(NamedTuple):
    """A finished run: exit code, standard output, standard error; `--debug` has put the traceback of a bug there."""

    code: int
    out: bytes
    err: str


class NeverEndsError(BaseException):
    """A run took more than MAX_SECONDS. Not an Exception, so that the program doesn't catch it."""


def _stop(*_: object) -> NoReturn:
    raise NeverEndsError


@contextmanager
def many_runs(folder: Path) -> Iterator[None]:
    """Make `folder` the working directory of all runs, and read a price table that comes again only once."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM)}
    here = Path.cwd()
    command = get_command(app.app)
    with (
        mock.patch.dict(os.environ, ENVIRONMENT),
        mock.patch.object(app, "app", command),
        mock.patch.object(gpt41_cli.catalog, "parse_catalog", functools.lru_cache(2)(gpt41_cli.catalog.parse_catalog)),
    ):
        os.environ.pop("GITHUB_STEP_SUMMARY", None)
        signal.signal(signal.SIGALRM, _stop)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)
            for number, handler in signals.items():
                signal.signal(number, handler)


def run(arguments: Sequence[str], stdin: bytes = b"") -> Run:
    """Run `gpt41` with these arguments. Raises NeverEndsError."""
    out, err = io.BytesIO(), io.BytesIO()
    replaced: dict[str, Any] = {
        "argv": ["gpt41", "--debug", *arguments],
        "stdin": io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
        "stdout": io.TextIOWrapper(out, encoding="utf-8", write_through=True),
        "stderr": io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace", write_through=True),
    }
    signal.alarm(MAX_SECONDS)
    try:
        with mock.patch.multiple(sys, **replaced):
            code = app.run()
    finally:
        signal.alarm(0)
    return Run(code, out.getvalue(), err.getvalue().decode())
