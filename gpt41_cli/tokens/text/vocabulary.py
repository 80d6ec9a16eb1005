"""The vocabularies. They ship in the package: no download, no cache folder, no network."""

from __future__ import annotations

import gc
import hashlib
import mmap
from binascii import b2a_base64
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gpt41_cli.errors import Gpt41Error, UnknownName
from gpt41_cli.tokens.text.index import TokenIndex


class Vocabulary(NamedTuple):
    """One published encoding: the SHA-256 of its file and of our index of it, and the pattern that cuts text before merging.

    `ascii_pattern` cuts text that is ASCII in the same places, for a quicker engine that knows no classes of Unicode.
    """

    published_sha256: str
    index_sha256: str
    pattern: str
    ascii_pattern: str


DEFAULT_ENCODING = "o200k_base"
"""The encoding for text when no model is given: that of every model this program recommends."""

VOCABULARIES = {
    # Both as tiktoken publishes them (MIT, see NOTICE next to this file): tiktoken_ext/openai_public.py, 0.14.0.
    "o200k_base": Vocabulary(
        published_sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        index_sha256="152d2821f22df492c285be383d3d070e0273995b8a3d07abd79fa02e40259737",
        pattern=(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            r"\p{N}{1,3}|"
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*|"
            r"\s*[\r\n]+|"
            r"\s+(?!\S)|"
            r"\s+"
        ),
        ascii_pattern=(
            r"[^\r\nA-Za-z0-9]?[A-Z]*[a-z]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            r"[^\r\nA-Za-z0-9]?[A-Z]+[a-z]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            r"[0-9]{1,3}|"
            r" ?[^\sA-Za-z0-9]+[\r\n/]*|"
            r"\s*[\r\n]+|"
            r"\s+(?!\S)|"
            r"\s+"
        ),
    ),
}


class DamagedVocabulary(Gpt41Error):
    """The vocabulary in the package isn't the published one, so no count could be trusted."""


@cache
def load_index(name: str) -> TokenIndex:
    """Open the index of an encoding.

    Raises UnknownName if there is no such encoding, DamagedVocabulary if the file is damaged or isn't ours.
    """
    if name not in VOCABULARIES:
        raise UnknownName("encoding", name, VOCABULARIES)
    path = Path(__file__).with_name(f"{name}.index")
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise DamagedVocabulary(
            expected=f"the vocabulary {name}", found=error, hint="reinstall gpt41", location=str(path)
        ) from None
    digest, expected = hashlib.sha256(data).hexdigest(), VOCABULARIES[name].index_sha256
    if digest != expected:
        raise DamagedVocabulary(expected=f"SHA-256 {expected}", found=digest, hint="reinstall gpt41", location=str(path))
    return TokenIndex(data)


def format_published_file(name: str) -> bytes:
    """Return the vocabulary as OpenAI publishes it: in each line a token in base64 and its rank."""
    tokens = load_index(name).list_tokens()
    return b"".join(b"%b %d\n" % (b2a_base64(token, newline=False), rank) for rank, token in enumerate(tokens))


def check_vocabularies() -> None:
    """Check that the vocabularies are the published ones. Raises DamagedVocabulary."""
    for name, vocabulary in VOCABULARIES.items():
        digest = hashlib.sha256(format_published_file(name)).hexdigest()
        if digest != vocabulary.published_sha256:
            expected = f"the vocabulary {name} as published, SHA-256 {vocabulary.published_sha256}"
            raise DamagedVocabulary(expected=expected, found=digest, hint="reinstall gpt41")


@cache
def load_ranks(name: str) -> dict[bytes, int]:
    """Read the map from token bytes to rank of an encoding. Raises what `load_index` raises."""
    index = load_index(name)
    # This makes 200,000 objects that all stay: garbage collection in between would double the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        tokens = index.list_tokens()
        return dict(zip(tokens, range(len(tokens)), strict=True))
    finally:
        if collecting:
            gc.enable()
