"""YAML as plain values, typed as YAML 1.1 types them: for files of other tools, which aren't tables of ours."""

from __future__ import annotations

import yaml

from gpt41_cli.errors import TableError

_MAX_DEPTH = 200


class _ValueLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """A safe loader that leaves times as the text that they are."""


_ValueLoader.add_constructor("tag:yaml.org,2002:timestamp", _ValueLoader.construct_yaml_str)


def read_yaml_values(text: str, file: str) -> object:
    """Parse a document into dictionaries, lists, text, numbers and bytes. Raises TableError if it isn't YAML, or nests too
    deep.
    """
    try:
        _check_depth(text, file)
        return yaml.load(text, Loader=_ValueLoader)  # noqa: S506 - it is a safe loader
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise TableError(location=file, problem=f"expected YAML, found a mistake{where}") from None


def _check_depth(text: str, file: str) -> None:
    """Raise TableError if a document nests deeper than the composer can follow, which recurses once per level."""
    depth = 0
    for event in yaml.parse(text, Loader=_ValueLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise TableError(expected="YAML that is nested less deeply", found="hundreds of levels", location=file)
