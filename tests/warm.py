"""Runs of gpt41 that need not load its modules and the vocabulary, as a process that has loaded them forks for each of them.

Loading them is most of what a short run does, and the same in all of them. All else is as in a process of its own: the arguments,
the environment, the working directory, the three streams, the exit code.

    python warm.py SOCKET TABLE...          waits for runs, until its standard input is closed; these price tables are parsed
    python -IS warm.py SOCKET ARGUMENT...   a run
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress


def serve(listener: socket.socket) -> None:
    """Run what is asked for; returns in each run when it has become one, and raises SystemExit at the end."""
    ended, end = socket.socketpair()
    end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(end.fileno())
    running: dict[int, socket.socket] = {}
    while True:
        sources: list[int | socket.socket] = [0, listener, ended]
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready:
            raise SystemExit
        if ended in ready:
            ended.recv(4096)
            report_ends(running)
        if listener in ready:
            connection, _ = listener.accept()
            _, streams, _, _ = socket.recv_fds(connection, 1, 3)
            with connection.makefile("rb") as sent:
                arguments, folder, environment = json.load(sent)
            run = os.fork()
            if run == 0:
                break
            running[run] = connection
            for stream in streams:
                os.close(stream)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for other in (listener, ended, end, connection, *running.values()):
        other.close()
    # The stream objects are made, and have held nothing yet.
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


def report_ends(running: dict[int, socket.socket]) -> None:
    """Send the exit codes of the runs that have ended to who asked for them."""
    while running:
        run, status = os.waitpid(-1, os.WNOHANG)
        if run == 0:
            return
        with running.pop(run) as connection, suppress(BrokenPipeError):
            connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def ask(address: str, arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> int:
    """Return the exit code of a run with these arguments, in this folder, with this environment and these three streams."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        connection.connect(address)
        socket.send_fds(connection, [b"."], streams)
        connection.sendall(json.dumps([arguments, folder, environment]).encode())
        connection.shutdown(socket.SHUT_WR)
        return int(connection.recv(16))


def main() -> None:
    address, *arguments = sys.argv[1:]
    if sys.flags.no_site:
        sys.exit(ask(address, arguments, os.getcwd(), dict(os.environ), [0, 1, 2]))  # noqa: PTH109 - pathlib takes long to import

    import importlib
    import pkgutil
    from functools import cache
    from typing import Any
    from unittest import mock

    import typer.main

    import gpt41_cli
    from gpt41_cli import app, catalog
    from gpt41_cli.catalog import parsed
    from gpt41_cli.tokens import DEFAULT_ENCODING
    from gpt41_cli.tokens.text import engine
    from gpt41_cli.tokens.text.vocabulary import load_ranks

    for module in pkgutil.walk_packages(gpt41_cli.__path__, "gpt41_cli."):
        if not module.name.startswith("gpt41_cli.arrow"):  # no command imports it, and what it needs starts threads
            importlib.import_module(module.name)
    # A table is what its bytes say, and a command is the same in every run: both are made once.
    mock.patch.object(catalog, "parse_catalog", cache(catalog.parse_catalog)).start()
    mock.patch.object(parsed, "read_parsed", cache(parsed.read_parsed)).start()
    for table in (None, *arguments):
        catalog.read_catalog(table)
    command: Any = typer.main.get_command(app.app)
    dict(command.commands)  # a command is made when it is looked up
    mock.patch.object(app, "app", command).start()
    # What is frozen in a cycle is never given back: a run would copy all of that memory when it ends.
    forever: list[object] = [load_ranks(DEFAULT_ENCODING), engine.load_engine(DEFAULT_ENCODING)]
    forever.append(forever)
    if "coverage" in sys.modules:
        # A run writes what was measured in it, not the loading of the modules again.
        coverage = sys.modules["coverage"].Coverage.current()
        coverage.save()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"ready\n")
        serve(listener)
    from gpt41_cli.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
