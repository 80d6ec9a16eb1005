"""How tests run the program: as a user would, through the installed command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest

from gpt41_cli.catalog import TABLE_NAME, Catalog, parsed
from tests.warm import ask

ROOT = Path(__file__).resolve().parent.parent
FROZEN = ROOT / "tests" / "frozen" / "pricing.yaml"
"""A copy of pricing.yaml that stays as it is, so that a new price changes no test of something else."""

# No test has a time limit: a clock would measure the machine. The same examples come in every run, so that a test that passes
# keeps passing. `pytest --hypothesis-profile explore` looks for new ones; write what it finds down as an @example.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=500, print_blob=True)
hypothesis.settings.load_profile("same")

# Where a shell runs the tests in the background, it lets them ignore Ctrl-C, and all that they run, to which they send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the parsed copy of the price table, as the build of the package does."""
    if not hasattr(session.config, "workerinput") and parsed.read_parsed((ROOT / TABLE_NAME).read_bytes()) is None:
        parsed.write_parsed()


class Done(NamedTuple):
    """A finished run: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]

collect_ignore = ["scan"]  # files of a user to look into


def environment(*, is_measured: bool = True) -> dict[str, str]:
    """The environment of a run: the command of this interpreter first, nothing that changes its output.

    Measuring takes 0.1 s of each process that starts: what runs around gpt41, or again what others measure, needs none of it.
    """
    apart = ("GPT41_",) if is_measured else ("GPT41_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(apart)}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command of a run that need not load the vocabulary. Next to its socket is a table of models that never end."""
    from tests.builders import lasting_prices

    folder = tmp_path_factory.mktemp("warm")
    script, address = str(Path(__file__).with_name("warm.py")), str(folder / "socket")
    command = [sys.executable, script, address, str(FROZEN), str(lasting_prices(folder))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as server:
        assert server.stdout
        assert server.stdout.readline() == b"ready\n"
        yield [sys.executable, "-IS", script, address]


def run_warm(address: str, arguments: list[str], stdin: bytes, cwd: str, env: dict[str, str]) -> tuple[int, bytes, bytes]:
    """Return the exit code, the output and the errors of a warm run. Each of its streams is a pipe."""
    (theirs, stdin_end), (stdout_end, stdout), (stderr_end, stderr) = os.pipe(), os.pipe(), os.pipe()
    with ThreadPoolExecutor(3) as pool:
        pool.submit(write_all, stdin_end, stdin)
        out, err = pool.submit(read_all, stdout_end), pool.submit(read_all, stderr_end)
        try:
            code = ask(address, arguments, cwd, env, [theirs, stdout, stderr])
        finally:
            for end in (theirs, stdout, stderr):
                os.close(end)
        return code, out.result(), err.result()


def write_all(descriptor: int, data: bytes) -> None:
    with suppress(BrokenPipeError), open(descriptor, "wb") as stream:
        stream.write(data)


def read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


@pytest.fixture
def run(tmp_path: Path, warm: list[str]) -> Run:
    """Run `gpt41` with the frozen prices in an empty folder; `stdin` is text or bytes, by default nothing."""

    def run(*arguments: str, stdin: str | bytes = b"", cwd: Path = tmp_path, **env: str) -> Done:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        environ = {**environment(), "GPT41_PRICING": str(FROZEN), **env}
        if env:
            # The interpreter itself reads some of the environment, but only when it starts.
            command = [sys.executable, "-m", "gpt41_cli", *arguments]
            done = subprocess.run(command, input=given, capture_output=True, cwd=cwd, env=environ, timeout=120, check=False)
            code, out, err = done.returncode, done.stdout, done.stderr
        else:
            code, out, err = run_warm(warm[-1], list(arguments), given, str(cwd), environ)
        return Done(code, out.decode("utf-8", "surrogateescape"), err.decode())

    return run


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The frozen price table."""
    from tests.builders import CATALOG

    return CATALOG


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite recorded output instead of comparing it")
