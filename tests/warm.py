"""Runs of gpt41 that need not load its modules and the vocabulary, as a process that has loaded them forks for each of them.

Loading them is most of what a short run does, and the same in all of them. All else is as in a process of its own: the arguments,
the environment, the working directory, the three streams, the exit code.

    python warm.py SOCKET                   waits for runs, until its standard input is closed
    python -IS warm.py SOCKET ARGUMENT...   a run
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import sys
from contextlib import suppress


def serve(listener: socket.socket) -> None:
    """Run what is asked for; returns in each run when it has become one, and raises SystemExit at the end."""
    while True:
        sources: list[int | socket.socket] = [0, listener]
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready:
            raise SystemExit
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return attend(connection)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def attend(connection: socket.socket) -> None:
    """Fork for one run, and tell how it ended."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as sent:
        arguments, folder, environment = json.load(sent)
    run = os.fork()
    if run:
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(run, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    # The stream objects are made, and have held nothing yet.
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments


def ask(address: str, arguments: list[str]) -> int:
    """The exit code of a run with the arguments, and with the streams, folder and environment of this process."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [b"."], [0, 1, 2])
        connection.sendall(json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode())  # noqa: PTH109 - pathlib takes long to import
        connection.shutdown(socket.SHUT_WR)
        return int(connection.recv(16))


def main() -> None:
    address, *arguments = sys.argv[1:]
    if sys.flags.no_site:
        sys.exit(ask(address, arguments))

    import importlib
    import pkgutil

    import gpt41_cli
    from gpt41_cli.tokens import DEFAULT_ENCODING, engine
    from gpt41_cli.tokens.vocabulary import load_ranks

    for module in pkgutil.walk_packages(gpt41_cli.__path__, "gpt41_cli."):
        importlib.import_module(module.name)
    # What is frozen in a cycle is never given back: a run would copy all of that memory when it ends.
    forever: list[object] = [load_ranks(DEFAULT_ENCODING), engine._load_engine(DEFAULT_ENCODING)]
    forever.append(forever)
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
