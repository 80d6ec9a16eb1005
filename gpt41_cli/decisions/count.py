"""How many tokens are in these texts, each and together?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.requests import text, trees
from gpt41_cli.tokens import Counter

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


def texts(paths: Sequence[str], literal: str | None, stdin: Callable[[], BinaryIO]) -> tuple[list[Text], list[trees.LeftOut]]:
    """What the command line names: files, folders (their files), `-` for `stdin`, and text given literally.

    InputError for a folder without files, `-` given twice, or a literal that is no text.
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
        if not path:
            raise InputError('"": expected a file, a folder or -, found an empty name')
        if path == STDIN:
            if any(each.name == STDIN for each in found):
                raise InputError("-: expected standard input once, found it twice")
            found.append(Text(STDIN, lambda: text.decode(stdin(), "standard input")))
        elif _is_folder(path):
            listing = trees.list_files(Path(path))
            if not listing.files:
                raise InputError(f"{printable(path)}: expected a folder with text, found {_nothing_but(listing.left_out)}")
            left_out += listing.left_out
            found += (Text(str(file), partial(text.read, file), required=False) for file in listing.files)
        else:
            found.append(Text(path, partial(text.read, Path(path))))
    return found, left_out


def _is_folder(path: str) -> bool:
    """Whether `path` is a folder; a name that no file can have is none, and is refused when it is read."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def count(inputs: Sequence[Text], encoding: str, left_out: Iterable[trees.LeftOut] = ()) -> Count:
    """The tokens of each input in the vocabulary `encoding`, on all cores.

    A file of a folder that is binary or no text joins `left_out`; an input that the user named must be text, else
    InputError. So must at least one file of a folder.
    """
    skipped = list(left_out)
    with Counter(encoding) as counter:
        running: list[tuple[str, Callable[[], int]]] = []
        for each in inputs:
            try:
                if not each.required and text.looks_binary(Path(each.name)):
                    skipped.append(trees.LeftOut(each.name, BINARY))
                else:
                    running.append((each.name, counter.add(each.chunks())))
            except (InputError, OSError) as error:
                if each.required:
                    raise
                skipped.append(trees.LeftOut(each.name, _reason(error)))
        items = [Item(name, tokens()) for name, tokens in running]
    if inputs and not items:
        raise InputError(f"expected text in what is named, found {_nothing_but(skipped)}")
    return Count(tuple(sorted(items, key=lambda item: (-item.input_tokens, item.path))), tuple(skipped))


def _reason(error: InputError | OSError) -> str:
    """Why a file is left out, without its name, which the report gives."""
    return f"unreadable: {error.strerror}" if isinstance(error, OSError) else str(error).partition(": ")[2]


def _nothing_but(left_out: Sequence[trees.LeftOut]) -> str:
    if not left_out:
        return "no file at all"
    shown = ", ".join(f"{printable(each.path)}: {each.reason}" for each in left_out[:3])
    return f"nothing but what is left out ({shown}{', ...' if len(left_out) > 3 else ''})"
