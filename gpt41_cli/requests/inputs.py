"""An input as it is read: a text, a picture, or requests in chunks that can be worked on apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from gpt41_cli.files import documents
from gpt41_cli.files.documents import FileLine, FileSpan, LineBlock, LineChunks
from gpt41_cli.files.fields import JsonValue
from gpt41_cli.files.parquet import RowChunk
from gpt41_cli.findings import Place
from gpt41_cli.requests import kinds

if TYPE_CHECKING:  # the readers are imported when there is a request: texts do not pay for them
    from gpt41_cli.requests.readers import ParsedRequest


class TextInput(NamedTuple):
    """Text, in pieces, and the placeholders at its beginning if it may be the template of a prompt."""

    pieces: Iterator[str]
    placeholders: Sequence[str] = ()


class PictureInput(NamedTuple):
    """The size of a picture in pixels, and if it moves."""

    width: int
    height: int
    is_animated: bool = False


class DocumentValue(NamedTuple):
    """One value of a document; `position` is its index if the document is a list."""

    position: int | None
    value: JsonValue

    def locate(self, path: str) -> Place:
        """Where it is, in the file at `path`."""
        return Place(path, position=self.position)


class DocumentValues(NamedTuple):
    """Some values of a document."""

    values: list[DocumentValue]


RequestItem: TypeAlias = FileLine | DocumentValue


RequestChunk: TypeAlias = LineBlock | FileSpan | RowChunk | DocumentValues
"""Some requests of an input, to be worked on together."""


class RequestInput(NamedTuple):
    """Requests to read in chunks: `list_items` lists the items of a chunk, and `read_item` reads the request of an item.

    `holds_sizes`: the lines are rows of a table of sizes instead, which `work.sizes_table` reads.
    """

    chunks: LineChunks | Iterator[RowChunk] | Iterator[DocumentValues]
    holds_sizes: bool = False


RecognisedInput: TypeAlias = TextInput | PictureInput | RequestInput


def list_items(chunk: RequestChunk) -> Iterable[RequestItem]:
    """List the items of a chunk in order."""
    return chunk.values if isinstance(chunk, DocumentValues) else chunk.iterate_lines()


def read_item(item: RequestItem, kind: str | None, place: Place) -> ParsedRequest:
    """Read the request in one line or value, which is at `place`. Raises BadBody."""
    from gpt41_cli.requests import readers

    if not isinstance(item, FileLine):
        return readers.read_json_request(item.value, kind)._replace(place=place)
    if kind == kinds.TEXT_LINES_KIND:
        return readers.read_text_line(item.data)._replace(place=place)
    return readers.read_json_request(documents.parse_json(item.data), kind)._replace(place=place, line_bytes=len(item.data))
