"""Complaints about what a key of gpt41.yaml leads to, with the place of that key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpt41_cli.config.tables import Declaration
from gpt41_cli.display import printable
from gpt41_cli.errors import Gpt41Error, InputError


@contextmanager
def placed(declared: Declaration, key: str) -> Iterator[None]:
    """Whatever is wrong, said as wrong with the value of a key."""
    try:
        yield
    except Gpt41Error as error:
        at = declared.place(key)
        path = ".".join(filter(None, ("workloads", declared.name, key)))
        what = str(error).removeprefix(f"{key}: ")
        raise InputError(f"{printable(at.path)}:{at.line}:{at.column}: {printable(path)}: {what}") from None
