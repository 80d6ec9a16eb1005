"""Write function calls in the history as the text that is billed, with the tokens around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gpt41_cli.requests.request import CallTurn, FunctionCall
from gpt41_cli.tokens.generations import PromptRules
from gpt41_cli.tokens.pieces import HISTORY, PromptPiece


def build_chat_calls(turn: CallTurn, rules: PromptRules) -> Iterator[PromptPiece]:
    """Build the pieces of one turn of calls in Chat Completions: right for 957 of 1,001 recorded requests, 139 sets of tools.

    Of the 44 others, 40 come from one repository that rewrites the ids it records. Ids cost nothing. The `name` of the message
    adds the tokens of `:NAME` (26/26). Text next to calls is a message of its own (12/12), which has the name again (6/6).
    """
    if turn.name:
        yield PromptPiece(HISTORY, "name", f":{turn.name}")
    if turn.text:
        yield PromptPiece(HISTORY, "text next to the calls", turn.text, rules.calls.text)
        if turn.name:
            yield PromptPiece(HISTORY, "name", f":{turn.name}")
    if len(turn.calls) == 1:
        call = turn.calls[0]
        discount = None if turn.results else rules.calls.awaiting_discount
        yield from _build_call(call, compact_json(call.arguments), rules.calls.single, discount)
        yield from _build_results(turn)
    else:
        yield from _build_parallel_calls(turn, rules)


def build_responses_calls(turn: CallTurn, rules: PromptRules, *, reasons: bool) -> Iterator[PromptPiece]:
    """Build the pieces of one turn of calls in Responses: right for 184 of 214 recorded requests, 64 sets of tools.

    Parallel calls cost what single ones do; those of the GPT-5 generation cost what they do in Chat Completions if the model
    doesn't reason. The server keeps tokens of its own for a call it made: sent back with its own id and status, a single one of
    the family usually counts 3 more (83 of 102 recorded requests; else 0, 2 or 5).
    """
    if len(turn.calls) > 1 and rules.has_parallel_calls_in_responses and not reasons:
        yield from _build_parallel_calls(turn, rules)
        return
    overhead = rules.calls.in_responses if reasons else rules.calls.without_reasoning
    for index, call in enumerate(turn.calls):
        discount = None if turn.results or index > 0 else rules.calls.awaiting_discount
        yield from _build_call(call, call.arguments, overhead, discount)
    yield from _build_results(turn)
    if rules.calls.echo and len(turn.calls) == 1 and turn.calls[0].is_echo:
        yield PromptPiece(HISTORY, "what the server keeps of its call", "", rules.calls.echo)


def _build_call(call: FunctionCall, arguments: str, overhead: int, awaiting_discount: int | None) -> Iterator[PromptPiece]:
    """Build arguments, name and addressee of a call. One that awaits its result costs a discount and its name less."""
    yield PromptPiece(HISTORY, "call: arguments", arguments)
    if awaiting_discount is None:
        yield PromptPiece(HISTORY, "call: name", call.name)
    yield PromptPiece(HISTORY, "call: addressee", f"functions.{call.name}", overhead - (awaiting_discount or 0))


def _build_results(turn: CallTurn) -> Iterator[PromptPiece]:
    for result in turn.results:
        yield PromptPiece(HISTORY, "result", result)


def _build_parallel_calls(turn: CallTurn, rules: PromptRules) -> Iterator[PromptPiece]:
    """Build several calls at once as one call of a tool that takes them all; their results are one JSON list. (118/118)

    A result that is JSON itself enters as its value, so its spacing changes; any other enters as a string.
    """
    uses = ",".join(
        f'{{"recipient_name":"functions.{call.name}","parameters":{compact_json(call.arguments)}}}' for call in turn.calls
    )
    yield PromptPiece(HISTORY, "parallel calls", f'{{"tool_uses":[{uses}]}}', rules.calls.parallel)
    results = json.dumps([_parse_or_keep(result) for result in turn.results], ensure_ascii=rules.escapes_results)
    yield PromptPiece(HISTORY, "their results", results)


def compact_json(arguments: str) -> str:
    """Format arguments as JSON without blanks, with characters as they are. Text that isn't JSON stays as it is.

    >>> compact_json('{"city": "Zürich", "days": [1, 2]}')
    '{"city":"Zürich","days":[1,2]}'
    """
    parsed = _parse_or_keep(arguments)
    return arguments if parsed is arguments else json.dumps(parsed, separators=(",", ":"), ensure_ascii=False)


def _parse_or_keep(text: str) -> Any:
    """Return the value of a JSON text, or the text itself if it isn't JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
