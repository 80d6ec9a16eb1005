"""The output options: the format or the bare answer, and the files to write as well."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from gpt41_cli.cli.files import check_writable
from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.errors import InputError, UnknownName, quote_text
from gpt41_cli.findings import is_url
from gpt41_cli.notation import parse_count
from gpt41_cli.views import BILL_VIEWS, VIEWS, find_format

Formats: TypeAlias = Mapping[str, tuple[str, ...]]

_WRITERS = {"focus": "reconcile writes", "parquet": "count, cost, models and reconcile write"}
_FORMAT_NAME_PATTERN = re.compile(r"[A-Za-z]+")


class OutputFile(NamedTuple):
    """A file and its format."""

    format: str
    path: Path


class OutputOptions(NamedTuple):
    """The output options; `format` and `quiet` are for standard output."""

    format: str
    quiet: bool
    files: tuple[OutputFile, ...]

    def has_format(self, name: str) -> bool:
        """Return True if any output is in that format."""
        return name in (self.format, *(file.format for file in self.files))


def read_output_options(
    output_format: str,
    quiet: bool,
    outputs: list[str] | None,
    *paths: Sequence[str | Path | None] | None,
    formats: Formats = VIEWS,
) -> OutputOptions:
    """Read `--format`, `--quiet` and each `--output`. Outputs that can't be written in one of `formats` are refused before any
    work.

    Raises UnknownName for an unknown format; InputError for a file with an unknown ending, in a missing folder, named twice, or
    among `paths`, which are read, or for a gpt41.yaml.
    """
    files = [_read_output_file(output, formats) for output in outputs or ()]
    places = [Path(os.path.realpath(file.path)) for file in files]
    read = {Path(os.path.realpath(path)) for some in paths for path in some or () if path}
    for file, place in zip(files, places, strict=True):
        if (place in read or place.name == CONFIG_NAME) and place.is_file():  # a terminal may be read and written
            raise InputError("--output", "a file that is not read", quote_text(str(file.path)))
        if places.count(place) > 1:
            raise InputError("--output", "each file once", f"{quote_text(str(file.path))} twice")
    return OutputOptions(_check_format(output_format, formats), quiet, tuple(files))


def _check_format(name: str, formats: Formats) -> str:
    if name in BILL_VIEWS and name not in formats:
        raise InputError("--format", f"one of {', '.join(formats)}", quote_text(name), f"gpt41 {_WRITERS[name]} {name}")
    if name not in formats:
        raise UnknownName("format", name, formats)
    if name == "parquet":
        from gpt41_cli.cli.parquet_files import require_pyarrow

        require_pyarrow("--format parquet")
    return name


def _read_output_file(output: str, formats: Formats) -> OutputFile:
    """Parse `FILE`, whose ending tells the format, or `FORMAT=FILE`. `./` keeps an equals sign in a name."""
    name, is_pair, path = output.partition("=")
    if is_pair and _FORMAT_NAME_PATTERN.fullmatch(name):
        return OutputFile(_check_format(name, formats), check_output_path(path))
    by_ending = find_format(output, formats)
    if by_ending is None:
        endings = ", ".join(next(iter(endings)) for endings in formats.values() if endings)
        expected = f"a file that ends in {endings}, or FORMAT=FILE"
        hint = f"--output-tokens {output} is the length of answers" if parse_count(output) else ""
        raise InputError("--output", expected, quote_text(output), hint)
    return OutputFile(_check_format(by_ending, formats), check_output_path(output))


def check_output_path(name: str, option: str = "--output") -> Path:
    """Return the path of a file that can probably be written: what can be checked beforehand is checked. Raises InputError for
    any other.
    """
    path = Path(name)
    if name in ("", "-"):
        raise InputError(option, "a file", quote_text(name), "--format is for standard output" if option == "--output" else "")
    if is_url(name):
        raise InputError(option, "a file on this machine", quote_text(name))
    try:
        with suppress(FileNotFoundError):
            path.stat()  # a loop of links is an OSError
        if path.is_dir():
            raise InputError(f"{option}: {quote_text(name)}", "a file", "a folder")
        if not path.parent.is_dir():
            raise InputError(f"{option}: {quote_text(name)}", "a folder that exists", quote_text(str(path.parent)))
        check_writable(path)
    except OSError as error:
        raise InputError(f"{option}: {quote_text(name)}", "a file", error) from None
    return path
