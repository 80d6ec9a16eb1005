"""Read the content of a message: text and its parts, pictures, and content whose tokens nobody outside OpenAI can count."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli import rules
from gpt41_cli.files import fields, pictures
from gpt41_cli.files.fields import JsonObject, JsonValue
from gpt41_cli.requests.request import ORIGINAL_DETAIL, Doubt, Image, Message, Turn

_TEXT_TYPES = ("text", "input_text", "output_text", "summary_text")
_IMAGE_TYPES = ("image_url", "input_image")
_REFUSAL_TYPE = "refusal"
_UNCOUNTED_TYPES = {
    "input_audio": (rules.INPUT_AUDIO, "audio"),
    "file": (rules.FILE, "a file"),
    "input_file": (rules.INPUT_FILE, "a file"),
}
_PART_TYPES = (*_TEXT_TYPES, *_IMAGE_TYPES, _REFUSAL_TYPE, *_UNCOUNTED_TYPES)

_DETAIL_LEVELS = ("auto", "low", "high", ORIGINAL_DETAIL)


class RequestDraft:
    """The parts of a request, collected while it is read."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.images: list[Image] = []
        self.doubts: list[Doubt] = []
        self.needs: set[str] = set()

    def add_result(self, results_of: Mapping[str | None, list[str]], call_id: str | None, result: Message, path: str) -> None:
        """Add the result of a tool to those of the call that it answers. One that answers no call is a separate message."""
        if call_id in results_of:
            results_of[call_id].append(result.text)
        else:
            self.doubts.append(Doubt(rules.RESULT_WITHOUT_CALL, path, "this result answers no call in the request"))
            self.turns.append(result)


def read_content_text(
    owner: JsonObject, key: str, path: str, gathered: RequestDraft, *, in_result: bool = False, may_be_missing: bool = False
) -> str:
    """Read the text of a content field: plain text, or the text parts of a list joined without a separator."""
    content = owner.get(key)
    if isinstance(content, str):
        return content
    if content is None and may_be_missing:
        return ""
    at = fields.join_path(path, key)
    if not isinstance(content, list):
        fields.fail(at, "text or a list of parts", content)
    text = ""
    for index, part in enumerate(content):
        text += _read_part(part, f"{at}[{index}]", gathered, in_result, len(text))
    return text


def _read_part(value: JsonValue, path: str, gathered: RequestDraft, in_result: bool, offset: int) -> str:
    part = fields.require_object(value, path)
    kind = fields.get_choice(part, "type", path, _PART_TYPES)
    if kind in _TEXT_TYPES:
        return fields.require_text(part.get("text"), fields.join_path(path, "text"))
    if kind == _REFUSAL_TYPE:
        return fields.require_text(part.get(_REFUSAL_TYPE), fields.join_path(path, _REFUSAL_TYPE))
    if kind in _IMAGE_TYPES:
        image = _read_image(part, path, in_result)
        gathered.images.append(image._replace(turn=len(gathered.turns), offset=offset))
        gathered.needs.add("vision")
    else:
        rule, what = _UNCOUNTED_TYPES[kind]
        gathered.doubts.append(Doubt(rule, path, f"{what} has tokens that are not counted"))
    return ""


def _read_image(part: JsonObject, path: str, in_result: bool) -> Image:
    """Read a picture. Chat Completions nests its address and detail under `image_url`, Responses doesn't."""
    nested = part.get("image_url")
    owner, at, key = (
        (nested, fields.join_path(path, "image_url"), "url") if isinstance(nested, dict) else (part, path, "image_url")
    )
    detail = "auto" if owner.get("detail") is None else fields.get_choice(owner, "detail", at, _DETAIL_LEVELS)
    if nested is None and part.get("file_id") is not None:
        return Image(None, None, detail, path, in_result, fields.get_text(part, "file_id", path))
    address = fields.get_name(owner, key, at)
    width, height = pictures.read_data_url_size(address, fields.join_path(at, key)) or (None, None)
    return Image(width, height, detail, path, in_result, address)
