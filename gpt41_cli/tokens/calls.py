"""Function calls in the history as the text that is billed, and the tokens that stand around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gpt41_cli.requests.request import Call, CallTurn
from gpt41_cli.tokens.pieces import HISTORY, Piece

_AROUND_CHAT_CALL = 12
_AROUND_PARALLEL_CALLS = 20
_AROUND_RESPONSES_CALL = 10
_AROUND_TEXT = 4
_ECHO = 3
_AWAITING = 4


def chat_calls(turn: CallTurn, *, escapes_results: bool) -> Iterator[Piece]:
    """The pieces of one turn of calls in Chat Completions: 957 of 1,001 recorded requests, 139 sets of tools.

    Of the 44 others, 40 come from one repository that rewrites the ids it records. Ids cost nothing.
    """
    if turn.text:
        yield Piece(HISTORY, "said beside the calls", turn.text, _AROUND_TEXT)  # thin: one recorded request
    if len(turn.calls) == 1:
        call = turn.calls[0]
        yield from _call(call, compact(call.arguments), _AROUND_CHAT_CALL, is_answered=bool(turn.results))
        yield from _results(turn)
    else:
        yield from _parallel_calls(turn, escapes_results)


def responses_calls(turn: CallTurn) -> Iterator[Piece]:
    """The pieces of one turn of calls in Responses: 184 of 214 recorded requests, 64 sets of tools.

    Parallel calls cost what single ones do. The server keeps tokens of its own of a call it made: sent back with its own id
    and status, a single one usually counts 3 more (83 of 102 recorded requests; else 0, 2 or 5).
    """
    for index, call in enumerate(turn.calls):
        yield from _call(call, call.arguments, _AROUND_RESPONSES_CALL, is_answered=bool(turn.results) or index > 0)
    yield from _results(turn)
    if len(turn.calls) == 1 and turn.calls[0].is_echo:
        yield Piece(HISTORY, "what the server keeps of its call", "", _ECHO)


def _call(call: Call, arguments: str, around: int, *, is_answered: bool) -> Iterator[Piece]:
    """Arguments, name and addressee of a call; one that awaits its result costs its name and 4 less."""
    yield Piece(HISTORY, "call: arguments", arguments)
    if is_answered:
        yield Piece(HISTORY, "call: name", call.name)
    yield Piece(HISTORY, "call: addressee", f"functions.{call.name}", around if is_answered else around - _AWAITING)


def _results(turn: CallTurn) -> Iterator[Piece]:
    for result in turn.results:
        yield Piece(HISTORY, "result", result)


def _parallel_calls(turn: CallTurn, escapes_results: bool) -> Iterator[Piece]:
    """Several calls at once are one call of a tool that takes them all, and their results one JSON list. (118/118)

    A result that is JSON itself enters as its value and so is spaced anew; any other enters as a string.
    """
    uses = ",".join(f'{{"recipient_name":"functions.{call.name}","parameters":{compact(call.arguments)}}}' for call in turn.calls)
    yield Piece(HISTORY, "parallel calls", f'{{"tool_uses":[{uses}]}}', _AROUND_PARALLEL_CALLS)
    results = json.dumps([_parsed(result) for result in turn.results], ensure_ascii=escapes_results)
    yield Piece(HISTORY, "their results", results)


def compact(arguments: str) -> str:
    """Arguments as JSON without blanks, characters as they are; text that is no JSON stays as it is.

    >>> compact('{"city": "Zürich", "days": [1, 2]}')
    '{"city":"Zürich","days":[1,2]}'
    """
    parsed = _parsed(arguments)
    return arguments if parsed is arguments else json.dumps(parsed, separators=(",", ":"), ensure_ascii=False)


def _parsed(text: str) -> Any:
    """The value of a text that is JSON; the very text where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
