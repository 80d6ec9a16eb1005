"""List and read the files that a workload of gpt41.yaml names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from gpt41_cli.catalog import Variant
from gpt41_cli.config.tables import WorkloadDeclaration
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.work.sizing import count_text_tokens

ListedFiles: TypeAlias = tuple[Mapping[str, InputSource], list[SkippedPath]]
FileLister: TypeAlias = Callable[[str], ListedFiles]
"""The files that a path, folder or glob of gpt41.yaml means, by their path from its folder, and what was left out of folders.
Raises InputError if it means no file.
"""


def list_sources(
    declared: WorkloadDeclaration, key: str, patterns: Sequence[str], files: FileLister
) -> tuple[dict[str, InputSource], list[SkippedPath]]:
    """List what all patterns of a key match, each file once, to be read from the column that is declared for requests."""
    sources: dict[str, InputSource] = {}
    skipped: list[SkippedPath] = []
    with declared.errors_at(key):
        for pattern in patterns:
            try:
                matches, more = files(pattern)
            except InputError as error:
                if " " in pattern:
                    error.hint = error.hint or "put text into a file, and give the path of the file"
                raise
            column = declared.column if key == "requests" else None
            sources |= {name: source._replace(column=column) for name, source in matches.items() if name not in sources}
            skipped += more
    return sources, skipped


def count_prediction_tokens(declared: WorkloadDeclaration, files: FileLister, variant: Variant) -> int:
    """Count the tokens of the file that is predicted to be in the answer."""
    if declared.prediction is None or declared.prediction.file is None:
        return 0
    sources, _ = list_sources(declared, "prediction", [declared.prediction.file], files)
    with declared.errors_at("prediction"):
        return sum(count_text_tokens(source, variant.model.encoding.name) for source in sources.values())
