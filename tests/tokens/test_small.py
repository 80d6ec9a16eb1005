"""Small texts, looked up in the index of the vocabulary: the tokens are those of tiktoken."""

from __future__ import annotations

import os
import random
import sys
import unicodedata
from array import array
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gpt41_cli.tokens import DEFAULT_ENCODING
from gpt41_cli.tokens.text import engine, fast, index, small, vocabulary
from gpt41_cli.tokens.text.small import SmallTextEncoder
from gpt41_cli.tokens.text.workers import map_in_order

FRAGMENTS = [
    *(" ", "  ", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x1c", "\x1f", "\0", "\x7f"),
    *("a", "B", "ab", "Hello", "WORLD", "McDonald", "don't", "'S", "'LL", "it'sy", "'", "1", "23", "4567"),
    *(".", "...", ",", "/", "//", "_", "-", "://", "<|endoftext|>", '{"', "\\n"),
    *(
        "\u00a0",
        "\u3000",
        "\x85",
        "\u2028",
        "é",
        "e\u0301",
        "字",
        "か",
        "ß",
        "Ǆ",
        "ſ",
        "’s",
        "٣",
        "²",
        "😀",
        "👩\u200d🚀",
        "\ud800",
        "\ufeff",
    ),
]
TOKENS = vocabulary.load_index(DEFAULT_ENCODING)
RANDOM_TEXTS = int(os.environ.get("GPT41_RANDOM_TEXTS", "3000"))
"""How many random texts are tried; `make texts` tries more, and other ones each time."""
SEED = os.environ.get("GPT41_SEED", "41")


def encode_alike(text: str) -> None:
    """Check that a text has the tokens of tiktoken, or is left to it."""
    tokens, right = SmallTextEncoder(DEFAULT_ENCODING).encode(text), engine.load_engine(DEFAULT_ENCODING).encode_ordinary(text)
    assert tokens is None or list(tokens) == right
    assert not fast.can_count(text) or fast.encode(text, DEFAULT_ENCODING) == array("I", right).tobytes()


def test_the_index_holds_the_published_vocabulary() -> None:
    vocabulary.check_vocabularies()
    tokens = TOKENS.list_tokens()
    assert [TOKENS.find(token) for token in tokens] == list(range(len(tokens)))
    assert index.build_index(tokens) == Path(vocabulary.__file__).with_name("o200k_base.index").read_bytes()
    assert TOKENS.find(b"no token at all") is None


def test_another_vocabulary_is_not_a_published_one(monkeypatch: pytest.MonkeyPatch) -> None:
    other = vocabulary.VOCABULARIES[DEFAULT_ENCODING]._replace(published_sha256="00")
    monkeypatch.setitem(vocabulary.VOCABULARIES, DEFAULT_ENCODING, other)
    with pytest.raises(vocabulary.DamagedVocabulary, match="the vocabulary o200k_base as published, SHA-256 00, found 446a9538"):
        vocabulary.check_vocabularies()


def test_numbers_are_read_alike_on_machines_of_either_byte_order(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [b"a", b"b", b"ab"]
    monkeypatch.setattr(sys, "byteorder", "big")
    swapped = index.build_index(tokens)
    assert [index.TokenIndex(swapped).find(token) for token in (*tokens, b"ba")] == [0, 1, 2, None]
    monkeypatch.undo()
    assert swapped != index.build_index(tokens)


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=60).map("".join))
@example("'ſ don't DON'T 'Sx")
def test_a_small_text_has_the_tokens_of_tiktoken(text: str) -> None:
    encode_alike(text)


@given(st.lists(st.sampled_from([f for f in FRAGMENTS if f.isascii()]) | st.text(st.characters(max_codepoint=127)), max_size=60))
def test_so_has_ascii_with_its_own_pattern(fragments: list[str]) -> None:
    encode_alike("".join(fragments))


def make_random_texts(chance: random.Random) -> Iterator[str]:
    """Yield texts without end: of fragments, of neighbouring characters anywhere in Unicode, of tokens, and of what repeats."""
    tokens = TOKENS.list_tokens()
    while True:
        parts = []
        for _ in range(chance.randint(1, 12)):
            start = chance.randrange(sys.maxunicode - 40) if chance.random() < 0.2 else chance.randrange(0x3100)
            some = b"".join(chance.choices(tokens, k=chance.randint(1, 4)))
            parts.append(
                chance.choice(
                    (
                        "".join(chance.choices(FRAGMENTS, k=chance.randint(1, 8))),
                        "".join(chr(start + chance.randrange(40)) for _ in range(chance.randint(1, 8))),
                        some[chance.randrange(2) :].decode(errors="replace"),
                        chance.choice(FRAGMENTS) * chance.randint(1, 40),
                    )
                )
            )
        yield "".join(parts)


def test_random_texts_have_the_tokens_of_tiktoken() -> None:
    texts = make_random_texts(random.Random(SEED))
    encode = engine.load_engine(DEFAULT_ENCODING).encode_ordinary
    looked_up = 0
    for _ in range(RANDOM_TEXTS // 1000):
        encoder = SmallTextEncoder(DEFAULT_ENCODING)  # its memo and its budget are those of one run
        for text in islice(texts, 1000):
            tokens = encoder.encode(text)
            assert tokens is None or list(tokens) == encode(text), f"{text!a} of seed {SEED}"
            looked_up += tokens is not None
    assert looked_up > RANDOM_TEXTS // 3


def test_every_character_is_cut_alike() -> None:
    # Of the many thousand ideographs and syllables in a row, every 50th.
    codes = [*range(0x3400), *range(0x3400, 0xD800, 50), *range(0xD800, 0x20000), *range(0x20000, sys.maxunicode + 1, 50)]
    known = [chr(code) for code in codes if unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")]
    text = "".join(f"a{character}B {character}1" for character in known)
    step = small.MAX_CHARACTERS // 2
    for start in range(0, len(text), step):
        encode_alike(text[start : start + step])


@pytest.mark.parametrize("text", ["a" * 150, "=" * 199, "ab" * 99, "\n" * 190, " " * 150 + "x", "é" * 90, "0" * 500, "aB" * 400])
def test_so_is_what_repeats_itself(text: str) -> None:
    assert SmallTextEncoder(DEFAULT_ENCODING).encode(text) is not None
    encode_alike(text)


def test_what_is_too_much_too_long_or_too_new_is_left_to_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "MAX_CHARACTERS", 600)
    encoder = SmallTextEncoder(DEFAULT_ENCODING)
    assert encoder.encode("xq" * 150) is None
    assert encoder.encode("one \u0378") is None
    assert encoder.encode("one two") == [690, 1920]
    assert encoder.encode("one " * 100) is None


def test_workers_share_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_engines", {})
    monkeypatch.setattr(engine, "_small_encoders", {})
    assert engine.count("one two", DEFAULT_ENCODING) == 2
    assert not engine._engines
    assert list(map_in_order(str, range(3), jobs=2)) == ["0", "1", "2"]
    assert list(engine._engines) == [DEFAULT_ENCODING]
