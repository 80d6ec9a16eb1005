"""How many tokens are in these texts, each and together?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.requests import text, trees
from gpt41_cli.tokens import count_stream

STDIN = "-"

BINARY = "binary"


class Item(NamedTuple):
    """One counted text; `path` is as the user named it."""

    path: str
    input_tokens: int


class Count(NamedTuple):
    """Counted texts, largest first, and what was left out of folders."""

    items: tuple[Item, ...]
    left_out: tuple[trees.LeftOut, ...]

    @property
    def input_tokens(self) -> int:
        """The sum over all items."""
        return sum(item.input_tokens for item in self.items)


class Text(NamedTuple):
    """A text to count: its name, and where its characters come from. `required`: named by the user, so it must be text."""

    name: str
    chunks: Callable[[], Iterable[str]]
    required: bool = True


def texts(paths: Sequence[str], literal: str | None, stdin: BinaryIO) -> tuple[list[Text], list[trees.LeftOut]]:
    """What the command line names: files, folders (their files), `-` for `stdin`, and text given literally.

    InputError for a path that does not exist, a folder without files, or `-` given twice.
    """
    found: list[Text] = []
    left_out: list[trees.LeftOut] = []
    if literal is not None:
        try:
            literal.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"--text: expected text, found bytes that are none at character {error.start + 1}") from None
        found.append(Text("--text", lambda: (literal,)))
    for path in paths:
        if path == STDIN:
            if any(each.name == STDIN for each in found):
                raise InputError("-: expected standard input once, found it twice")
            found.append(Text(STDIN, lambda: text.decode(stdin, "standard input")))
        elif Path(path).is_dir():
            listing = trees.list_files(Path(path))
            if not listing.files:
                raise InputError(f"{printable(path)}: expected a folder with text, found {_nothing_but(listing.left_out)}")
            left_out += listing.left_out
            found += (Text(str(file), _reader(file), required=False) for file in listing.files)
        else:
            found.append(Text(path, _reader(Path(path))))
    return found, left_out


def count(inputs: Sequence[Text], encoding: str, left_out: Iterable[trees.LeftOut] = ()) -> Count:
    """The tokens of each input in the vocabulary `encoding`, on all cores.

    A file of a folder that is binary or no text joins `left_out`; an input that the user named must be text, else
    InputError. So must at least one file of a folder.
    """
    workers = min(os.cpu_count() or 1, len(inputs))
    if workers > 1:
        pool = ThreadPoolExecutor(workers)
        try:
            results = list(pool.map(lambda each: _count_one(each, encoding), inputs))
        finally:
            pool.shutdown(cancel_futures=True)  # so that an error or Ctrl-C does not wait for a thousand files
    else:
        results = [_count_one(each, encoding) for each in inputs]
    items = [result for result in results if isinstance(result, Item)]
    skipped = [*left_out, *(result for result in results if isinstance(result, trees.LeftOut))]
    if inputs and not items:
        raise InputError(f"expected a folder with text, found {_nothing_but(skipped)}")
    return Count(tuple(sorted(items, key=lambda item: (-item.input_tokens, item.path))), tuple(skipped))


def _count_one(each: Text, encoding: str) -> Item | trees.LeftOut:
    if each.required:
        return Item(each.name, count_stream(each.chunks(), encoding))
    try:
        if text.looks_binary(Path(each.name)):
            return trees.LeftOut(each.name, BINARY)
        return Item(each.name, count_stream(each.chunks(), encoding))
    except OSError as error:
        return trees.LeftOut(each.name, f"unreadable: {error.strerror}")
    except InputError as error:
        return trees.LeftOut(each.name, str(error).partition(": ")[2])


def _reader(path: Path) -> Callable[[], Iterator[str]]:
    return lambda: text.read(path)


def _nothing_but(left_out: Sequence[trees.LeftOut]) -> str:
    if not left_out:
        return "no file at all"
    reasons = sorted({each.reason for each in left_out})
    return f"nothing but what is left out ({', '.join(reasons)})"
