"""Errors carry their parts as fields; their message is made of these, and both survive the way out of a worker."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Iterator

import pytest

from gpt41_cli.errors import Gpt41Error, InputError, MissingPrice, TableError, UnknownName
from gpt41_cli.files.fields import BadBody, fail
from gpt41_cli.files.text import NotText
from gpt41_cli.findings import Place
from gpt41_cli.tokens.text.vocabulary import DamagedVocabulary
from gpt41_cli.tokens.text.workers import map_in_order

PLACE = Place("gpt41.yaml", 3, 5)
ERRORS = [
    (InputError("--requests", "1 or more", "0"), "--requests: expected 1 or more, found 0"),
    (InputError(expected="requests", found="nothing"), "expected requests, found nothing"),
    (InputError("--output", "a file, not a folder"), "--output: expected a file, not a folder"),
    (InputError("", "a file", "a folder", "name its files", "logs"), "logs: expected a file, found a folder; name its files"),
    (TableError("budget", "a decimal", "text", location=PLACE), "gpt41.yaml:3:5: budget: expected a decimal, found text"),
    (InputError("a", "a file", PermissionError(13, "Permission denied", "a")), "a: expected a file, found: Permission denied"),
    (InputError("a", "CSV", ValueError("a NUL")), "a: expected CSV, found: a NUL"),
    (InputError(problem="3 of 4 requests cannot be read", hint="see above"), "3 of 4 requests cannot be read; see above"),
    (InputError("requests", location=PLACE, problem=BadBody("n", "1", "2")), "gpt41.yaml:3:5: requests: n: expected 1, found 2"),
    (UnknownName("task", "codng", ["coding", "vision"]), 'unknown task "codng"; did you mean coding?'),
    (
        UnknownName("platform", "Azure", ["openai", "azure-global", "azure-us", "azure-us-gov"]),
        'unknown platform "Azure"; did you mean azure-global, azure-us or azure-us-gov?',
    ),
    (
        UnknownName("platform", "us-gov", ["openai", "azure-global", "azure-us", "azure-us-gov"]),
        'unknown platform "us-gov"; did you mean azure-us-gov?',
    ),
    (UnknownName("mode", "x", iter(("batch", "flex"))), 'mode: expected one of batch, flex, found "x"'),
    (MissingPrice(problem="no price is known for it"), "no price is known for it"),
    (DamagedVocabulary(expected="SHA-256 1", found="2", location="a"), "a: expected SHA-256 1, found 2"),
    (NotText(problem="expected text; found a byte", location="a"), "a: expected text; found a byte"),
    (InputError("a\nb", "x", "\x1b[31m", location="::error"), "\\x3a:error: a\\nb: expected x, found \\x1b[31m"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_an_error_survives_pickling_with_its_fields_and_its_message(error: Gpt41Error, message: str) -> None:
    assert str(error) == message
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == message
        assert {name: str(value) for name, value in vars(again).items()} == {
            name: str(value) for name, value in vars(error).items()
        }


def refuse(number: int) -> int:
    if number == 3:
        fail("body.model", "a name", number)
    return number


def test_an_error_of_a_worker_arrives_with_its_fields() -> None:
    with pytest.raises(BadBody) as caught:
        list(map_in_order(refuse, range(9), 2))
    assert (caught.value.path, caught.value.expected, caught.value.found) == ("body.model", "a name", "the number 3")


def test_an_error_within_a_file_that_is_known_does_not_name_it_again() -> None:
    error = InputError(expected="text", found="a picture", location="a.log")
    assert error.describe_within("a.log") == "expected text, found a picture"
    assert error.describe_within("b.log") == str(error)
    assert InputError(problem="no", location=Place("a.log", 3)).describe_within("a.log") == "a.log:3: no"


def test_an_error_of_another_class_says_the_same() -> None:
    unknown = UnknownName("model", "gpt-5", ["gpt-4"])
    assert str(BadBody.from_error(unknown)) == str(unknown)
    moved = InputError.from_error(unknown, "workloads.x.model", PLACE)
    assert str(moved) == f"gpt41.yaml:3:5: workloads.x.model: {unknown}"
    quoted = InputError("a", "a file", OSError(2, "No such file"))
    assert str(InputError.from_error(quoted, "b")) == "b: expected a file, found: No such file"


def test_an_error_in_a_traceback_is_its_message() -> None:
    def lines() -> Iterator[str]:
        try:
            fail("model", "text", 5)
        except BadBody as error:
            yield from traceback.format_exception_only(error)

    assert list(lines()) == ["gpt41_cli.files.fields.BadBody: model: expected text, found the number 5\n"]
