"""The user's own evaluation, in place of the launch benchmarks: a CSV file of model, metric, score."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from gpt41_cli.catalog.lookup import Catalog
from gpt41_cli.display import sanitize
from gpt41_cli.errors import Gpt41Error, InputError, quote_text
from gpt41_cli.findings import Place

EVALUATION_COLUMNS = ["model", "metric", "score"]
MAX_EVALUATION_BYTES = 5_000_000

_SCORE = re.compile(r"\d{1,12}(\.\d{1,12})?")


class Evaluation(NamedTuple):
    """Scores by metric and model; higher is better. `name` is the file, as answers cite it."""

    name: str
    scores: Mapping[str, Mapping[str, Decimal]]


def read_evaluation(path: Path, catalog: Catalog) -> Evaluation:
    """Read scores from the CSV file at `path`, under a header of model, metric, score. Raises InputError with the line."""
    name = sanitize(str(path))
    text = _read_text(path, name)
    scores: dict[str, dict[str, Decimal]] = {}
    lines = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        header = next(lines, [])
        columns = [cell.strip().lower() for cell in header]
        if columns != EVALUATION_COLUMNS:
            actual = quote_text(",".join(header)) if set(columns) & {*EVALUATION_COLUMNS} else "another"  # this may be any file
            raise InputError(expected=f"the header {','.join(EVALUATION_COLUMNS)}", found=actual)
        for cells in lines:
            if cells:
                _add_score(scores, cells, catalog)
    except csv.Error as error:
        raise InputError(expected="CSV", found=error, location=Place(name, lines.line_num)) from None
    except Gpt41Error as error:
        raise InputError(location=Place(name, lines.line_num or 1), problem=error) from None
    if not scores:
        raise InputError(expected="at least one line of model,metric,score", found="none", location=name)
    return Evaluation(sanitize(path.name), scores)


def _read_text(path: Path, name: str) -> str:
    try:
        if not S_ISREG(path.stat().st_mode):
            raise InputError(expected="a CSV file", found="something else", location=name)
        with path.open("rb") as file:
            data = file.read(MAX_EVALUATION_BYTES + 1)
        if len(data) > MAX_EVALUATION_BYTES:
            raise InputError(expected=f"at most {MAX_EVALUATION_BYTES:,} bytes", found="more", location=name)
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(expected="a readable CSV file", found=error, location=name) from None
    except UnicodeDecodeError as error:
        raise InputError(expected="UTF-8 text", found=f"the byte 0x{error.object[error.start]:02x}", location=name) from None


def _add_score(scores: dict[str, dict[str, Decimal]], cells: list[str], catalog: Catalog) -> None:
    """Add a row. Raises InputError or UnknownName if the row can't be used."""
    if len(cells) != len(EVALUATION_COLUMNS):
        expected = f"{len(EVALUATION_COLUMNS)} cells ({','.join(EVALUATION_COLUMNS)})"
        raise InputError(expected=expected, found=str(len(cells)))
    given, metric, score = (cell.strip() for cell in cells)
    variant = catalog.variant(given)
    if variant.fine_tuned:
        raise InputError(expected="a base model", found=f"the fine-tuned {quote_text(given)}")
    model = variant.model.id
    if not metric:
        raise InputError(expected="the name of a metric", found="nothing")
    if not _SCORE.fullmatch(score):
        raise InputError(expected="a score, 0 or more, such as 87.5", found=quote_text(score))
    row = scores.setdefault(metric, {})
    if model in row:
        raise InputError(expected=f"one {quote_text(metric)} score for {model}", found="a second")
    row[model] = Decimal(score)
