"""The vocabularies. They ship in the package: no download, no cache folder, no network."""

from __future__ import annotations

import gc
import gzip
import hashlib
from binascii import a2b_base64
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gpt41_cli.errors import Gpt41Error, UnknownName


class Vocabulary(NamedTuple):
    """One published encoding: the SHA-256 of its decompressed file, and the pattern that cuts text before merging."""

    sha256: str
    pattern: str


DEFAULT_ENCODING = "o200k_base"
"""The encoding for text when no model is given: that of every model this program recommends."""

VOCABULARIES = {
    # Both as tiktoken publishes them (MIT, see NOTICE next to this file): tiktoken_ext/openai_public.py, 0.14.0.
    "o200k_base": Vocabulary(
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        pattern=(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
            r"\p{N}{1,3}|"
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*|"
            r"\s*[\r\n]+|"
            r"\s+(?!\S)|"
            r"\s+"
        ),
    ),
}


class DamagedVocabulary(Gpt41Error):
    """The vocabulary in the package isn't the published one, so no count could be trusted."""


@cache
def load_ranks(name: str) -> dict[bytes, int]:
    """Read the map from token bytes to rank of an encoding.

    Raises UnknownName if there is no such encoding, DamagedVocabulary if the file is damaged or isn't the published one.
    """
    if name not in VOCABULARIES:
        raise UnknownName("encoding", name, VOCABULARIES)
    path = Path(__file__).with_name(f"{name}.tiktoken.gz")
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise DamagedVocabulary(
            expected=f"the vocabulary {name}", found=error, hint="reinstall gpt41", location=str(path)
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != VOCABULARIES[name].sha256:
        expected = VOCABULARIES[name].sha256
        raise DamagedVocabulary(expected=f"SHA-256 {expected}", found=found, hint="reinstall gpt41", location=str(path))
    # This makes 200,000 objects that all stay: garbage collection in between would double the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        fields = data.split()
        # The hash vouches for the order of the file: every line's rank is its number.
        return dict(zip(map(a2b_base64, fields[::2]), range(len(fields) // 2), strict=True))
    finally:
        if collecting:
            gc.enable()
