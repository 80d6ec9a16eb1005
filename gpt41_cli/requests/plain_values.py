"""Convert Python objects, as the SDK takes them, to the plain values that a JSON parser returns."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli.files.fields import BadBody, JsonValue, join_path

_OMITTED = ("NotGiven", "Omit")
"""The classes that stand for no value in OpenAI's Python SDK (openai/_types.py of version 3.57.0)."""


def convert_to_plain(value: object) -> JsonValue:
    """Convert mappings to dicts, tuples to lists, and the SDK's own objects (anything with `model_dump`) to what they send.

    Fields that the SDK is told to leave out (NOT_GIVEN, omit) are left out, and so is `timeout`, which it keeps to itself.

    Raises BadBody, with the path, for anything else that JSON does not have.
    """
    try:
        return _convert(value, "")
    except RecursionError:
        raise BadBody("", "values that are nested less deeply", "hundreds of levels, or a value that contains itself") from None


def _convert(value: object, path: str) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # a member of an enum, too, is its text
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {
            _require_key(key, path): _convert(inner, join_path(path, key))
            for key, inner in value.items()
            if type(inner).__name__ not in _OMITTED and (path or key != "timeout")
        }
    if isinstance(value, list | tuple):
        return [_convert(item, f"{path}[{index}]") for index, item in enumerate(value)]
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        try:
            dumped = dump()
        except Exception as error:  # whatever it raises, it is no bug of ours
            raise BadBody(path or "the request", "an object that can be dumped", f"{type(error).__name__}: {error}") from None
        return _convert(dumped, path)
    raise BadBody(path or "the request", "text, a number, a list, a mapping or an object of the SDK", f"a {type(value).__name__}")


def _require_key(key: object, path: str) -> str:
    if isinstance(key, str):
        return key
    raise BadBody(path or "the request", "keys that are text", f"a {type(key).__name__}")
