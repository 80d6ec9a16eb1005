"""Errors about the value of a key of gpt41.yaml, with the place of that key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpt41_cli.config.tables import WorkloadDeclaration
from gpt41_cli.errors import Gpt41Error, InputError


@contextmanager
def errors_at(declared: WorkloadDeclaration, key: str) -> Iterator[None]:
    """Re-raise any error with the place of `key` in gpt41.yaml."""
    try:
        yield
    except Gpt41Error as error:
        at = declared.locate(key)
        path = ".".join(filter(None, ("workloads", declared.name, key)))
        if error.path == key and error.location is None:
            raise InputError.from_error(error, path, at) from None
        raise InputError(path, location=at, problem=error) from None
