"""Counts equal tiktoken's, wherever the text comes from, however it is cut, and where tiktoken itself gives up."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest
import regex
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gpt41_cli.errors import UnknownName
from gpt41_cli.tokens import DEFAULT_ENCODING, TextCounter, count, count_stream, make_count_memo, make_token_memo
from gpt41_cli.tokens.text import blocks, engine, fast, vocabulary
from gpt41_cli.tokens.text.engine import BYTES_PER_TOKEN

# What the pattern treats differently: blanks of several kinds, line ends, cases, contractions, digits, punctuation that
# does and does not take line ends with it, marks, scripts without case, and characters of every length in UTF-8.
FRAGMENTS = [
    *(" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\x1c", "\x85", "\0"),
    *("a", "B", "ab", "Hello", "WORLD", "don't", "'S", "'ll", "’s", "ſ", "é", "e\u0301", "字", "か", "ß", "Ǆ"),
    *("1", "23", "٣", "²", ".", "...", ",", "/", "//", "_", "-", "。", "、", "—", "<|endoftext|>", "😀", "👩\u200d🚀", "\ufeff"),
]
PATTERN = vocabulary.VOCABULARIES[DEFAULT_ENCODING].pattern
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=60).map("".join)


@pytest.fixture(scope="module")
def reference() -> tiktoken.Encoding:
    """tiktoken with its own pattern and a vocabulary unpacked here, independently of the code under test."""
    ranks = {token: rank for rank, token in enumerate(vocabulary.load_index(DEFAULT_ENCODING).list_tokens())}
    pattern = "|".join(
        [
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    )
    return tiktoken.Encoding("reference", pat_str=pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 199_999})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("hello world", 2), ("<|endoftext|>", 7), ("a\0b", 3), (" " * 128, 1), ("Übergrößenträger", 5)],
)
def test_known_counts(text: str, expected: int) -> None:
    assert count(text, DEFAULT_ENCODING) == expected


@given(texts)
def test_a_count_is_tiktokens(reference: tiktoken.Encoding, text: str) -> None:
    assert count(text, DEFAULT_ENCODING) == len(reference.encode_ordinary(text))


@pytest.fixture
def tiny_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is made for megabytes happens within a sentence."""
    monkeypatch.setattr(blocks, "BLOCK_CHARACTERS", 30)
    monkeypatch.setattr(blocks, "_SEAM_WINDOW", 10)
    monkeypatch.setattr(engine, "_MAX_BLANK_RUN", 6)
    monkeypatch.setattr(engine, "_PART_BYTES", 9)


@pytest.mark.usefixtures("tiny_blocks")
@settings(max_examples=300)
@given(chunks=st.lists(texts, max_size=4))
def test_cutting_changes_no_count(reference: tiktoken.Encoding, chunks: list[str]) -> None:
    assert count_stream(chunks, DEFAULT_ENCODING) == len(reference.encode_ordinary("".join(chunks)))


runs = st.builds(str.__mul__, st.sampled_from([*FRAGMENTS, *"zAZ'sre!ʰ字\u0301\r"]), st.sampled_from([1, 2, 3, 10, 40, 150]))
alike = st.sampled_from(["ab", "aA", " \t\n", "=-", "!a", "a'rE", "字A", "字a", "!\u0301", "1a", "\n/!", "\0"]).flatmap(
    lambda alphabet: st.text(alphabet, max_size=300)
)


@pytest.mark.usefixtures("tiny_blocks")
@settings(max_examples=300)
@given(parts=st.lists(runs | alike, max_size=6), size=st.sampled_from([1, 7, 1_000]))
@example(parts=["字", "A" * 200, "b"], size=1)
@example(parts=["!", "\n" * 200, "/"], size=1)
@example(parts=["!\n" * 40], size=1_000)
def test_text_without_a_seam_is_counted_as_it_comes(reference: tiktoken.Encoding, parts: list[str], size: int) -> None:
    text = "".join(parts)
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    assert count_stream(chunks, DEFAULT_ENCODING) == len(reference.encode_ordinary(text))


@pytest.mark.usefixtures("tiny_blocks")
@given(parts=st.lists(runs | alike, max_size=6))
def test_what_is_cut_off_is_pieces_of_the_whole(parts: list[str]) -> None:
    text = "".join(parts)
    found: list[str] = []
    begun = ""
    for block in blocks.split_blocks(text, PATTERN):
        if block.is_open or begun:
            begun += block.text
            if not block.is_open:
                found, begun = [*found, begun], ""
        else:
            found += [match.group() for match in regex.finditer(PATTERN, block.text)]
    assert found == [match.group() for match in regex.finditer(PATTERN, text)]


@pytest.mark.parametrize("text", ["0a9F" * 40_000, "ab" * 80_000, "\0" * 160_000, "ACGT" * 40_000, "aB" * 80_000, "字" * 160_000])
def test_text_without_a_seam_is_never_held_as_a_whole(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(blocks, "BLOCK_CHARACTERS", 1_000)
    found = list(blocks.split_blocks((text[start : start + 500] for start in range(0, len(text), 500)), PATTERN))
    assert max(len(block.text) for block in found) <= 3_000
    assert "".join(block.text for block in found) == text


@pytest.mark.usefixtures("tiny_blocks")
@settings(max_examples=200)
@given(st.text("ab", max_size=200) | st.text(" \t\n", max_size=200) | st.text("=-", max_size=200) | st.text("a\0", min_size=300))
def test_a_piece_of_any_length_is_counted_in_parts(reference: tiktoken.Encoding, text: str) -> None:
    assert count(text, DEFAULT_ENCODING) == len(reference.encode_ordinary(text))
    assert count(text * 5, DEFAULT_ENCODING) == len(reference.encode_ordinary(text * 5))


@pytest.mark.usefixtures("tiny_blocks")
@pytest.mark.parametrize("refusals", [1, 3, 10_000])
def test_what_is_not_settled_is_encoded_again(
    reference: tiktoken.Encoding, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    answers = iter([False] * refusals)
    are_neighbours = engine._are_neighbours
    monkeypatch.setattr(engine, "_are_neighbours", lambda *tokens: next(answers, True) and are_neighbours(*tokens))
    text = "".join("abc"[number * number % 7 % 3] for number in range(5_000))
    assert count(text, DEFAULT_ENCODING) == len(reference.encode_ordinary(text))
    assert next(answers, None) is not False or refusals == 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" " * 1_000_000, 7_813),
        ("x" + " " * 1_000_000 + "y", 7_815),
        ("\t" * 1_000_000, 62_500),
        ("1" * 3_000_000, 1_000_000),
        ("ab" * 1_500_000, 750_000),
    ],
)
def test_text_on_which_tiktoken_gives_up_is_counted_quietly(text: str, expected: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert count(text, DEFAULT_ENCODING) == expected
    assert capfd.readouterr() == ("", "")


def test_lone_surrogates_count_as_in_tiktoken(reference: tiktoken.Encoding, tiny_blocks: None) -> None:
    for text in ("a\ud800b", "a\ud800" * 100, "\udfff" + " " * 50):
        assert count(text, DEFAULT_ENCODING) == len(reference.encode_ordinary(text))


@given(texts, texts)
def test_more_text_never_counts_less(first: str, second: str) -> None:
    """Up to the one token that may merge at the joint; adding text after a seam adds its tokens exactly."""
    joined = count(f"{first}x\n{second}", DEFAULT_ENCODING)
    assert joined >= count(f"{first}x", DEFAULT_ENCODING)


def test_a_memo_forgets_and_counts_the_same(reference: tiktoken.Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MEMO_CHARACTERS", 50)
    memo = make_count_memo(DEFAULT_ENCODING)
    for text in ["one two", "three four five", "x" * 200, "one two", "word " * 9, "three four five", "", "one two"]:
        assert memo(text) == len(reference.encode_ordinary(text))


@settings(max_examples=300)
@given(st.lists(texts | st.text(st.characters(), max_size=20), max_size=5))
def test_the_faster_engine_counts_and_encodes_as_tiktoken(reference: tiktoken.Encoding, some: list[str]) -> None:
    memo, tokens = make_count_memo(DEFAULT_ENCODING, is_much=True), make_token_memo(DEFAULT_ENCODING, is_much=True)
    memo.fill(some)
    right = [array("I", reference.encode_ordinary(text)) for text in some]
    assert [memo(text) for text in some] == list(map(len, right))
    assert [tokens(text) for text in some] == [each.tobytes() for each in right]


def test_characters_that_are_new_to_the_faster_engine_are_left_to_tiktoken(reference: tiktoken.Encoding) -> None:
    new = ["\u1ae0\u10fb", "plain", "\U00032fe1\u0541", "na\u00efve", "\U000321a1\u0551\U0001094b"]
    right = [array("I", reference.encode_ordinary(text)) for text in new]
    assert fast.count_many(new, DEFAULT_ENCODING) != list(map(len, right))
    memo, tokens = make_count_memo(DEFAULT_ENCODING, is_much=True), make_token_memo(DEFAULT_ENCODING, is_much=True)
    memo.fill(new)
    assert [memo(text) for text in new] == list(map(len, right))
    assert [tokens(text) for text in new] == [each.tobytes() for each in right]


@pytest.mark.parametrize("is_much", [False, True])
def test_what_a_memo_learns_is_what_it_counts(is_much: bool) -> None:
    some = ["a", "Hello\ud800 world", " " * 1_000_000, "a", "<|endoftext|>"]
    memo = make_count_memo(DEFAULT_ENCODING, is_much=is_much)
    memo.fill(some[:3])
    assert [memo(text) for text in some] == [1, 3, 7_813, 1, 7]
    tokens = make_token_memo(DEFAULT_ENCODING, is_much=is_much)
    assert [len(tokens(text)) // BYTES_PER_TOKEN for text in some] == [1, 3, 7_813, 1, 7]
    with TextCounter(DEFAULT_ENCODING, jobs=1, is_much=is_much) as counter:
        assert counter.add(some)() == count("".join(some), DEFAULT_ENCODING)


def test_without_the_extra_much_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = make_token_memo(DEFAULT_ENCODING, is_much=True)("hello world")
    monkeypatch.setattr(fast, "is_installed", lambda: False)
    monkeypatch.setattr(fast, "can_encode", lambda: False)
    assert make_count_memo(DEFAULT_ENCODING, is_much=True)("hello world") == 2
    assert make_token_memo(DEFAULT_ENCODING, is_much=True)("hello world") == with_it


def test_only_shipped_encodings_count() -> None:
    with pytest.raises(UnknownName, match="encoding: expected one of o200k_base"):
        count("x", "cl100k")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"another file", "expected SHA-256 152d2821"),
        (b"", "expected the vocabulary o200k_base, found: cannot mmap an empty file"),
        (None, "expected the vocabulary o200k_base, found: No such file or directory"),
    ],
)
def test_a_damaged_vocabulary_counts_nothing(
    data: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if data is not None:
        (tmp_path / "o200k_base.index").write_bytes(data)
    monkeypatch.setattr(vocabulary, "__file__", str(tmp_path / "vocabulary.py"))
    with pytest.raises(vocabulary.DamagedVocabulary) as error:
        vocabulary.load_index.__wrapped__("o200k_base")
    assert message in str(error.value)
    assert str(error.value).endswith("reinstall gpt41")


def test_tokens_are_the_same_whether_there_is_much_text_or_little() -> None:
    text = "Lima at noon. " * 20
    assert make_token_memo(DEFAULT_ENCODING, is_much=True)(text) == make_token_memo(DEFAULT_ENCODING)(text)


def test_a_memo_forgets_what_was_not_asked_for_in_a_whole_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MEMO_CHARACTERS", 8)
    asked: list[str] = []

    def measure(texts: Sequence[str]) -> list[int]:
        asked.extend(texts)
        return [len(text) for text in texts]

    memo = engine.Memo(measure)
    for text in ("sy", "a", "bb", "sy", "ccc", "sy", "dd", "a"):
        assert memo(text) == len(text)
    assert asked == ["sy", "a", "bb", "ccc", "dd", "a"]
    memo.fill(["sy", "ee"])
    assert asked[6:] == ["ee"]
    assert memo("too long to keep") == memo("too long to keep") == 16
