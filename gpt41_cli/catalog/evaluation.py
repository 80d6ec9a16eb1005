"""The reader's own evaluation in place of the launch benchmarks: a CSV file of model, metric, score."""

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

EVALUATION_COLUMNS = ["model", "metric", "score"]
MAX_EVALUATION_BYTES = 5_000_000

_SCORE = re.compile(r"\d{1,12}(\.\d{1,12})?")


class Evaluation(NamedTuple):
    """Scores by metric and model; higher is better. `name` is the file, as answers cite it."""

    name: str
    scores: Mapping[str, Mapping[str, Decimal]]


def read_evaluation(path: Path, catalog: Catalog) -> Evaluation:
    """The scores in the CSV file at `path`, under a header of model, metric, score. InputError names the line."""
    name = sanitize(str(path))
    try:
        if not S_ISREG(path.stat().st_mode):
            raise InputError(f"{name}: expected a CSV file, found something else")
        with path.open("rb") as file:
            data = file.read(MAX_EVALUATION_BYTES + 1)
        if len(data) > MAX_EVALUATION_BYTES:
            raise InputError(f"{name}: expected at most {MAX_EVALUATION_BYTES:,} bytes, found more")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{name}: expected a readable CSV file, found: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected UTF-8 text, found the byte 0x{error.object[error.start]:02x}") from None
    scores: dict[str, dict[str, Decimal]] = {}
    lines = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        header = next(lines, [])
        if [cell.strip().lower() for cell in header] != EVALUATION_COLUMNS:
            raise InputError(
                f"{name}:1: expected the header {','.join(EVALUATION_COLUMNS)}, found {quote_text(','.join(header))}"
            )
        for cells in lines:
            if cells:
                _add_score(scores, cells, f"{name}:{lines.line_num}", catalog)
    except csv.Error as error:
        raise InputError(f"{name}:{lines.line_num}: expected CSV, found: {error}") from None
    if not scores:
        raise InputError(f"{name}: expected at least one line of model,metric,score, found none")
    return Evaluation(sanitize(path.name), scores)


def _add_score(scores: dict[str, dict[str, Decimal]], cells: list[str], where: str, catalog: Catalog) -> None:
    if len(cells) != len(EVALUATION_COLUMNS):
        raise InputError(
            f"{where}: expected {len(EVALUATION_COLUMNS)} cells ({','.join(EVALUATION_COLUMNS)}), found {len(cells)}"
        )
    given, metric, score = (cell.strip() for cell in cells)
    try:
        variant = catalog.variant(given)
    except Gpt41Error as error:
        raise InputError(f"{where}: {error}") from None
    if variant.fine_tuned:
        raise InputError(f"{where}: expected a base model, found the fine-tuned {quote_text(given)}")
    model = variant.model.id
    if not metric:
        raise InputError(f"{where}: expected the name of a metric, found nothing")
    if not _SCORE.fullmatch(score):
        raise InputError(f"{where}: expected a score, 0 or more, such as 87.5, found {quote_text(score)}")
    row = scores.setdefault(metric, {})
    if model in row:
        raise InputError(f"{where}: expected one {quote_text(metric)} score for {model}, found a second")
    row[model] = Decimal(score)
