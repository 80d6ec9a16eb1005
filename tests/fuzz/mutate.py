"""Make odd inputs from real ones: values of another type or size, keys that are missing, twice or misspelt, damaged bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any

ODD_NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 10**9, 10**12, 10**15 - 1, 10**15, 10**18, 2**31, 2**63, 2**64, -(10**30), 10**400, 99991231, 1700000000),
    *(0.0, -0.0, 0.5, 1.5, 1e15, 1e22, 1e308, 1e-320, 1e11, -1e11, float("inf"), float("-inf"), float("nan")),
)
ODD_TEXTS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1.0",
        "1e5",
        "1,000",
        "1.000",
        "∞",
        "null",
        "true",
        "0x10",
        "٣",
        "60%",
        "simulate",
        "24h",
        "120 / day",
    ),
    *(
        "\0",
        "\ud800",
        "\udfff\ud800",
        "\x1b[31m",
        "::error::x",
        "##[error]x",
        "=1+1",
        "@x",
        "a" * 300,
        "é",
        "🚀",
        "\u202e",
        "\ufeff",
    ),
    *(
        "\u2028",
        "{}",
        "[]",
        "{",
        "[",
        '{"usage": {"prompt_tokens": 5, "completion_tokens": 2}}',
        "<b>",
        "|",
        "`",
        "%",
        "~",
        "../..",
    ),
    *(
        "2026-11-20",
        "2026-11-20T10:00:00Z",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59-14:00",
        "2026-13-45",
        "1700000000000",
    ),
    *(
        "gpt-4.1",
        "gpt-4.1-mini-2025-04-14",
        "gpt-4.1-nano",
        "ft:gpt-4.1-mini-2025-04-14:acme::x",
        "ft:gpt-4.1:\ud800",
        "ft:",
        "gpt-4o",
    ),
    *("gpt-6-luna", "gpt-5.6-luna", "unknown", "azure/gpt-4.1", "batch", "standard", "priority", "flex", "auto", "default"),
    *("data:image/png;base64,iVBORw0KGgo", "data:", "https://x/y.png", "/v1/chat/completions", "/v1/responses", "/v1/embeddings"),
)
ODD_SHAPES: tuple[Any, ...] = (None, True, False, [], {}, [[]], [{}], {"": ""}, [None], [1], [""], {"a": {"b": {"c": {}}}})
ODD: tuple[Any, ...] = (*ODD_NUMBERS, *ODD_TEXTS, *ODD_SHAPES)
ODD_BYTES = (
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\x1a",
    b"{",
    b"]",
    b'"',
    b",",
    b"\t",
    b"\\",
)


def copy(value: Any) -> Any:
    """A deep copy of a JSON value."""
    return json.loads(json.dumps(value))


def list_places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as its container and the key or index in it."""
    places, waiting = [], [value]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container)) if isinstance(container, list) else ()
        for key in keys:
            places.append((container, key))
            waiting.append(container[key])
    return places


class Mutator:
    """Changes inputs at random: the same `seed` makes the same changes. `corpus` is where keys and values are borrowed from."""

    def __init__(self, seed: str, corpus: Sequence[Any]) -> None:
        self.random = Random(seed)
        self.corpus = corpus

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def change_value(self, value: Any, changes: int | None = None) -> Any:
        """A copy of a JSON value with some changes, by default none to four."""
        value = copy(value)
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 4)) if changes is None else changes):
            places = list_places(value)
            if not places or self.chance(0.01):
                value = self.choose_odd()
            elif len(places) < 4_000:
                self._change_place(*self.random.choice(places))
        return value

    def _change_place(self, container: Any, key: Any) -> None:
        choice = self.random
        match choice.choices(
            ("replace", "delete", "add", "rename", "wrap", "quote", "borrow", "repeat"), (40, 12, 14, 8, 6, 5, 10, 5)
        )[0]:
            case "replace":
                container[key] = self._choose_like(container[key])
            case "delete":
                del container[key]
            case "add" if isinstance(container, dict):
                container[self._choose_key()] = self.choose_odd()
            case "rename" if isinstance(container, dict):
                container[self._choose_key()] = container.pop(key)
            case "quote":
                container[key] = json.dumps(container[key])
            case "borrow":
                container[key] = self._choose_part()
            case "repeat" if isinstance(container, list):
                container.extend(copy(container[:5]))
            case _:
                container[key] = choice.choice(([container[key]], {self._choose_key(): container[key]}))

    def _choose_like(self, value: Any) -> Any:
        """Mostly a value of the same type, which is refused less often."""
        if isinstance(value, str) and self.chance(0.7):
            return self.random.choice(ODD_TEXTS)
        if type(value) is int and self.chance(0.8):
            return self.random.choice((0, 1, value + 1, value * 1_000, self.random.randrange(10**6), 10**12))
        return self.choose_odd()

    def choose_odd(self) -> Any:
        """A value that hardly anybody writes, or another number or text."""
        choice = self.random.random()
        if choice < 0.8:
            return copy(self.random.choice(ODD))
        if choice < 0.9:
            return self.random.randrange(10 ** self.random.randint(1, 16))
        return self._choose_part()

    def _choose_part(self) -> Any:
        """A value out of any input of the corpus."""
        container, key = self.random.choice(list_places(self.random.choice(self.corpus)))
        return copy(container[key])

    def _choose_key(self) -> str:
        """A key that means something somewhere."""
        keys = [key for _, key in list_places(self.random.choice(self.corpus)) if isinstance(key, str)]
        return self.random.choice(keys or ["x"])

    def change_bytes(self, data: bytes) -> bytes:
        """`data` with some bytes replaced, lost, added or repeated, or cut off."""
        changed = bytearray(data)
        for _ in range(self.random.randint(1, 6)):
            at = self.random.randrange(len(changed) + 1)
            match self.random.randrange(5):
                case 0:
                    changed[at : at + 1] = self.random.randbytes(1)
                case 1:
                    del changed[at : at + self.random.randint(1, 20)]
                case 2:
                    changed[at:at] = self.random.choice(ODD_BYTES)
                case 3:
                    start = self.random.randrange(len(changed) + 1)
                    changed[at:at] = changed[start : start + self.random.randint(1, 50)]
                case _ if self.chance(0.2):
                    del changed[at:]
        return bytes(changed)

    def change_text(self, text: str, words: Sequence[str]) -> str:
        """`text` with some lines or words lost, repeated or replaced by others of it or of `words`."""
        for _ in range(self.random.randint(1, 3)):
            lines = text.split("\n")
            at = self.random.randrange(len(lines))
            match self.random.randrange(6):
                case 0:
                    del lines[at]
                case 1:
                    lines.insert(self.random.randrange(len(lines) + 1), lines[at])
                case 2:
                    start = self.random.randrange(len(lines[at]) + 1)
                    lines[at] = lines[at][:start] + self.random.choice(words) + lines[at][start:]
                case _:
                    found = list(re.finditer(r"[\w./%-]+", lines[at]))
                    if found:
                        word = self.random.choice(found)
                        lines[at] = lines[at][: word.start()] + self.random.choice(words) + lines[at][word.end() :]
            text = "\n".join(lines)
        return text

    def dump(self, values: Sequence[Any]) -> bytes:
        """The values as JSON Lines, as one JSON array or, if there is only one, as it is; sometimes with damaged bytes."""
        escaped = self.chance(0.7)
        texts = [json.dumps(value, ensure_ascii=escaped, indent=None if self.chance(0.9) else 1) for value in values]
        text = "[" + ",".join(texts) + "]" if self.chance(0.15) else "\n".join(texts) + "\n"
        data = text.encode("utf-8", "surrogatepass")
        choice = self.random.random()
        if choice < 0.07:
            return self.change_bytes(data)
        if choice < 0.09:
            return b"\xef\xbb\xbf" + data
        if choice < 0.11:
            return b"\n\n" + data.replace(b"\n", b"\r\n")
        return data
