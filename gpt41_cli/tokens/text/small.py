"""Count small texts without loading an engine, which takes longer than the whole run does otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpt41_cli.tokens.text.blocks import compile_pattern, replace_surrogates
from gpt41_cli.tokens.text.fast import can_count
from gpt41_cli.tokens.text.vocabulary import VOCABULARIES, load_index

MAX_CHARACTERS = 1_200_000
"""How much text of a run is looked up in the index: this much takes as long as loading the engine and encoding it there."""


class SmallTextEncoder:
    """Encodes texts up to MAX_CHARACTERS in all, as tiktoken does."""

    def __init__(self, encoding: str) -> None:
        self._index = load_index(encoding)
        self._vocabulary = VOCABULARIES[encoding]
        self._ascii_pattern = re.compile(self._vocabulary.ascii_pattern, re.ASCII)
        self._known: dict[str, Sequence[int]] = {}
        self._free_characters = MAX_CHARACTERS

    def encode(self, text: str) -> Sequence[int] | None:
        """Return the tokens of a text; None if it is for the engine: too much, a piece too long, or a character too new."""
        self._free_characters -= len(text)
        if self._free_characters < 0 or not can_count(text):
            return None
        if text.isascii():
            pieces = self._ascii_pattern.findall(text)
        else:
            pieces = compile_pattern(self._vocabulary.pattern).findall(replace_surrogates(text))
        tokens: list[int] = []
        for piece in pieces:
            known = self._known.get(piece)
            if known is None:
                known = self._index.encode_piece(piece.encode())
                if known is None:
                    return None
                self._known[piece] = known
            tokens += known
        return tokens
