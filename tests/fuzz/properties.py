"""What holds of every run, whatever it was given. A new property is a function here and its line in PROPERTIES."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.fuzz.cases import Case
from tests.fuzz.process import Run

PARTS = ("uncached_input_usd", "cached_input_usd", "output_usd", "cache_write_usd", "tools_usd")
"""What a total is made of, in a quote and in a charge."""

SIGNED = {
    *("change_usd", "change_percent", "change_tokens", "growth_percent", "causes_usd", "added_usd"),
    *("days_left", "invoice", "saved_usd", "caching_saved_usd", "batch_saved_usd"),
}
"""The keys of figures that are negative if something became or is less."""


def exits_as_documented(case: Case, done: Run) -> Iterator[str]:
    """The exit code is 0, 1 or 2, never that of a bug, and there is no traceback."""
    if done.code not in (0, 1, 2) or "Traceback" in done.err:
        frames = re.findall(r'File "[^"]*(gpt41_cli/[^"]+)", line (\d+)', done.err)
        where = ":".join(frames[-1]) if frames else "nowhere in the package"
        lines = [
            line for line in done.err.splitlines() if re.match(r"[\w.]+(Error|Exception|Inexact|Overflow|Operation)\b", line)
        ]
        yield f"exit code {done.code} at {where}: {lines[-1] if lines else done.err.strip()}"


def complains_in_sentences(case: Case, done: Run) -> Iterator[str]:
    """Each line on standard error is a complaint of the program's own."""
    for line in done.err.splitlines():
        if done.code != 3 and not line.startswith("gpt41: "):
            yield f"a line on standard error that isn't the program's: {line}"


def names_a_place(case: Case, done: Run) -> Iterator[str]:
    """An error of input names what is wrong: the file, or an option or argument that was given."""
    if done.code == 2 and not any(name in done.err for name in _list_places(case)):
        yield f"an error without a place: {done.err.strip()}"


def _list_places(case: Case) -> Iterator[str]:
    """The names by which an error may say where it is: the input, an argument, an option as `--its-name` or `its name:`, or the
    example for an argument that is missing.
    """
    yield from (case.name, "--", "gpt41: -:", "standard input", f"found nothing; such as gpt41 {case.arguments[0]}")
    for argument in case.arguments[1:]:
        option, _, value = argument.partition("=")
        yield option.removeprefix("--").replace("-", " ") + ":"
        # A path is printed without its second slash, cut to a sane length, and with escapes for what a terminal obeys.
        yield ascii(str(Path(value or option)))[1:-1][:60]
        yield value or option
        if argument.endswith("="):
            yield 'gpt41: "":'


def draws_no_control_characters(case: Case, done: Run) -> Iterator[str]:
    """What is printed holds no characters that a terminal obeys."""
    found = re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", done.out.replace(b"\r\n", b"\n"))
    if found:
        yield f"a control character on standard output: {found[0]!r}"


def walk(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a document with the keys that lead to it."""
    yield keys, value
    children = value.items() if isinstance(value, dict) else (("", each) for each in value) if isinstance(value, list) else ()
    for key, child in children:
        yield from walk(child, (*keys, key))


def _read_documents(case: Case, done: Run) -> list[Any]:
    """The JSON documents on standard output, if it was asked for them."""
    if done.code > 1 or any(option in ("-q", "--quiet", "--schema") for option in case.arguments):
        return []
    formats = [option.partition("=")[2] for option in case.arguments if option.startswith("--format=")]
    text = done.out.decode()
    if formats[-1:] == ["json"]:
        return [json.loads(text)]
    return [json.loads(line) for line in text.splitlines()] if formats[-1:] == ["jsonl"] else []


def prints_sound_figures(case: Case, done: Run) -> Iterator[str]:
    """JSON can be read, no figure is negative, parts add up to their totals, and tokens cost 0 dollars only at a rate of 0."""
    try:
        documents = _read_documents(case, done)
    except ValueError as error:
        yield f"what was printed isn't JSON: {error}"
        return
    for document in documents:
        for keys, value in walk(document):
            yield from _find_negative(keys, value)
            if isinstance(value, dict):
                yield from _find_wrong_sum(keys, value)
                yield from _find_free_tokens(keys, value)
        yield from _find_wrong_total(document)


PROPERTIES: tuple[Callable[[Case, Run], Iterator[str]], ...] = (
    exits_as_documented,
    complains_in_sentences,
    names_a_place,
    draws_no_control_characters,
    prints_sound_figures,
)


def _find_negative(keys: tuple[str, ...], value: Any) -> Iterator[str]:
    name = next((key for key in reversed(keys) if key), "")
    is_figure = (name.endswith(("_usd", "_tokens", "_percent")) and isinstance(value, str)) or type(value) is int
    if is_figure and str(value).startswith("-") and not SIGNED & set(keys):
        yield f"a negative figure at {'.'.join(keys)}: {value}"


def _find_wrong_sum(keys: tuple[str, ...], value: dict[str, Any]) -> Iterator[str]:
    if "total_usd" not in value or "uncached_input_usd" not in value:
        return
    parts = [key for key in PARTS if key in value]
    if sum(Decimal(value[key]) for key in parts) != Decimal(value["total_usd"]):
        yield f"parts that aren't their total at {'.'.join(keys)}: {[value[key] for key in parts]}, {value['total_usd']}"


def _find_free_tokens(keys: tuple[str, ...], value: dict[str, Any]) -> Iterator[str]:
    usage, rates = value.get("usage"), value.get("rates_usd_per_million")
    if not usage or not rates or "total_usd" not in value:
        return
    costs = (usage["input_tokens"] - usage["cached_tokens"], "input"), (usage["output_tokens"], "output")
    if any(tokens and Decimal(rates[rate]) for tokens, rate in costs) and not Decimal(value["total_usd"]):
        yield f"tokens at 0 dollars at {'.'.join(keys)}: {usage}"


def _find_wrong_total(document: Any) -> Iterator[str]:
    """Compare the total of a document with the sum of its quotes or charges."""
    parts = document.get("quotes") or document.get("charges") if isinstance(document, dict) else None
    if parts and document.get("total_usd") is not None:
        total = sum(Decimal(part["total_usd"]) for part in parts)
        if total != Decimal(document["total_usd"]):
            yield f"a total of {document['total_usd']} that isn't the sum of its parts, {total}"
