"""The content of a message: text and its parts, pictures, and what has tokens that nobody outside can count."""

from __future__ import annotations

from typing import NamedTuple

from gpt41_cli.files import pictures
from gpt41_cli.files.fields import Json, Object, as_object, as_text, choice_at, fail, join, name_at, text_at
from gpt41_cli.requests.request import Doubt, Image, Turn

_TEXTS = ("text", "input_text", "output_text", "summary_text")
_IMAGES = ("image_url", "input_image")
_REFUSAL = "refusal"
_UNCOUNTED = {"input_audio": "audio", "file": "a file", "input_file": "a file"}
_PARTS = (*_TEXTS, *_IMAGES, _REFUSAL, *_UNCOUNTED)

SOUNDS = ("audio", "input-audio")
"""The rules of the doubts about what is spoken."""

_DETAILS = ("auto", "low", "high")


class Gathered(NamedTuple):
    """What a request holds, collected while it is read."""

    turns: list[Turn]
    images: list[Image]
    doubts: list[Doubt]
    needs: set[str]


def read_text(
    owner: Object, key: str, path: str, gathered: Gathered, *, in_result: bool = False, may_be_missing: bool = False
) -> str:
    """The text of a content field: text as it is, the text parts of a list with nothing between them."""
    content = owner.get(key)
    if isinstance(content, str):
        return content
    if content is None and may_be_missing:
        return ""
    at = join(path, key)
    if not isinstance(content, list):
        fail(at, "text or a list of parts", content)
    text = ""
    for index, part in enumerate(content):
        text += _read_part(part, f"{at}[{index}]", gathered, in_result, len(text))
    return text


def _read_part(value: Json, path: str, gathered: Gathered, in_result: bool, offset: int) -> str:
    part = as_object(value, path)
    kind = choice_at(part, "type", path, _PARTS)
    if kind in _TEXTS:
        return as_text(part.get("text"), join(path, "text"))
    if kind == _REFUSAL:
        return as_text(part.get(_REFUSAL), join(path, _REFUSAL))
    if kind in _IMAGES:
        image = _read_image(part, path, in_result)
        gathered.images.append(image._replace(turn=len(gathered.turns), offset=offset))
        gathered.needs.add("vision")
    else:
        message = f"{_UNCOUNTED[kind]} has tokens that are not counted"
        gathered.doubts.append(Doubt(kind.replace("_", "-"), path, message, is_missing=True))
    return ""


def _read_image(part: Object, path: str, in_result: bool) -> Image:
    """A picture of either endpoint: Chat Completions nests its address and detail under `image_url`, Responses does not."""
    nested = part.get("image_url")
    owner, at, key = (nested, join(path, "image_url"), "url") if isinstance(nested, dict) else (part, path, "image_url")
    detail = "auto" if owner.get("detail") is None else choice_at(owner, "detail", at, _DETAILS)
    if nested is None and part.get("file_id") is not None:
        return Image(None, None, detail, path, in_result, text_at(part, "file_id", path))
    address = name_at(owner, key, at)
    width, height = pictures.size_of_url(address, join(at, key)) or (None, None)
    return Image(width, height, detail, path, in_result, address)
