"""Divide a request into the pieces that it is billed for: what its messages cost, where the tools and the schema are, what
choices add.

The rules are those of the models whose table entry says `prompt: {confirmed: true}`. They were found by comparing recorded
requests with the tokens billed for them; each says how many of the recordings it explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from gpt41_cli.requests.request import CallTurn, Message, Request, Turn
from gpt41_cli.tokens.calls import build_chat_calls, build_responses_calls
from gpt41_cli.tokens.declarations import CHAT_LAYOUT, RESPONSES_LAYOUT, format_functions
from gpt41_cli.tokens.generations import FAMILY, PromptRules
from gpt41_cli.tokens.pieces import OVERHEAD, SCHEMA, TEXT, TOOLS, PromptPiece
from gpt41_cli.tokens.schema import format_response_format

_MESSAGE_OVERHEAD = 3
_FRONT_ROLES = ("system", "developer")


def build_prompt(request: Request, rules: PromptRules = FAMILY) -> list[PromptPiece]:
    """Build the pieces of `request`, in the order of the prompt; pictures are counted in `gpt41_cli.tokens.images`."""
    blocks = build_declarations(request, rules)
    front = blocks if request.is_chat and _has_front_message(request) else []
    pieces = [] if front else [*blocks]
    for turn in request.turns:
        pieces += build_turn(request, turn, rules)
        pieces += front
        front = []
    pieces += build_ending(request, rules)
    return pieces


def build_turn(request: Request, turn: Turn, rules: PromptRules = FAMILY) -> Iterable[PromptPiece]:
    """Build the pieces of one turn of `request`."""
    if request.is_text and isinstance(turn, Message):
        return (PromptPiece(TEXT, "text", turn.text),)
    if isinstance(turn, CallTurn):
        if request.is_chat:
            return build_chat_calls(turn, rules)
        effort = request.reasoning_effort
        return build_responses_calls(turn, rules, reasons=rules.reasons_by_default if effort is None else effort != "none")
    if turn.role == "assistant" and rules.answer_in_history:
        return (*build_message(turn), PromptPiece(OVERHEAD, "an answer in the history", "", rules.answer_in_history))
    if rules.names_format and request.response_format and request.is_chat and turn.role == "assistant":
        name = _build_schema_name(request.response_format.name, "schema name, for an answer in the history")
        return (*build_message(turn), name)
    return build_message(turn)


def build_ending(request: Request, rules: PromptRules = FAMILY) -> Iterable[PromptPiece]:
    """Build the pieces after the turns. A text, and functions alone, have none."""
    if request.is_text or (request.is_chat and not request.turns):
        return ()
    answer = PromptPiece(OVERHEAD, "the answer begins", "", rules.answer)
    return (*_build_tool_choice(request, rules), answer) if request.functions and rules.charges_choice else (answer,)


def build_message(turn: Message) -> tuple[PromptPiece, ...]:
    """A message: 3 tokens around it, its role and its text. (text of Chat Completions 948/950, of Responses 239/239)

    A `name` adds the tokens of `:NAME` (11 messages). Empty content costs nothing more (1,100 messages).
    """
    role, text = _build_role(turn.role), PromptPiece(TEXT, turn.role, turn.text)
    return (role, PromptPiece(OVERHEAD, "name", f":{turn.name}"), text) if turn.name else (role, text)


@cache
def _build_role(role: str) -> PromptPiece:
    return PromptPiece(OVERHEAD, "role", role, _MESSAGE_OVERHEAD)


def build_declarations(request: Request, rules: PromptRules = FAMILY) -> list[PromptPiece]:
    """Build the tools and the schema where the endpoint places them; in Chat Completions without a system message, they are a
    separate one.
    """
    if not (request.functions or request.response_format):
        return []
    return list((_build_chat_blocks if request.is_chat else _build_responses_blocks)(request, rules))


def _has_front_message(request: Request) -> bool:
    """Return True if the first message is the system's: only then do the blocks join it; one further down never receives them."""
    first = request.turns[0] if request.turns else None
    return isinstance(first, Message) and first.role in _FRONT_ROLES


def _build_chat_blocks(request: Request, rules: PromptRules) -> Iterator[PromptPiece]:
    """Build the tools and the schema of Chat Completions, joined to the system message and tokenised with it. (423/431, 192/192)
    Without a system message, the first of them begins a separate message. The name of the schema is charged again for the final
    answer, unless tools are sent too.
    """
    is_joined = _has_front_message(request)
    if request.functions:
        extra = (rules.tools_joined if is_joined else rules.tools_alone) + _count_undescribed(request, rules)
        yield _build_block(TOOLS, "declared functions", format_functions(request.functions, CHAT_LAYOUT), extra, is_joined)
    if request.response_format:
        is_second = bool(request.functions)
        extra = 0 if is_joined or is_second else rules.format_alone
        yield _build_block(
            SCHEMA, "structured output", format_response_format(request.response_format), extra, is_joined or is_second
        )
        if rules.names_format and not request.functions:
            yield _build_schema_name(request.response_format.name, "schema name, for the answer")


def _build_block(part: str, label: str, text: str, extra: int, is_joined: bool) -> PromptPiece:
    return PromptPiece(part, label, "\n\n" + text if is_joined else text, extra, joins_previous=is_joined)


def _count_undescribed(request: Request, rules: PromptRules) -> int:
    return rules.undescribed_function * sum(not function.description for function in request.functions)


def _build_schema_name(name: str, label: str) -> PromptPiece:
    """Build the name of the format of an answer, and 2 tokens around it: once for each assistant text in the history (39/39)."""
    return PromptPiece(SCHEMA, label, name, 2)


def _build_responses_blocks(request: Request, rules: PromptRules) -> Iterator[PromptPiece]:
    """Build the tools and the schema of Responses, which are separate: the tools count 3 less than their text (162/173), the
    schema 1 more (66/66).
    """
    if request.functions:
        extra = rules.tools_in_responses + _count_undescribed(request, rules)
        yield PromptPiece(TOOLS, "declared functions", format_functions(request.functions, RESPONSES_LAYOUT), extra)
    if request.response_format:
        text = format_response_format(request.response_format)
        yield PromptPiece(SCHEMA, "structured output", text, rules.format_in_responses)


def _build_tool_choice(request: Request, rules: PromptRules) -> Iterator[PromptPiece]:
    """Build what `tool_choice` and `parallel_tool_calls` add if functions are declared. A forced function: 6 and its addressee
    `functions.NAME`, in both endpoints; the name alone and 7 would be wrong for names that tokenise differently (21/21). `auto`
    and, in Chat Completions since 2024-10-24, `required`: nothing (130/130). `none`: 1 (Chat Completions 49/49, Responses 6/6).
    `required` in Responses: 9, one less with `instructions` (35/38). Parallel calls switched off in Responses: 3 (4/4, thin).
    """
    if request.forced_function:
        yield PromptPiece(TOOLS, "the function that is forced", f"functions.{request.forced_function}", 6)
    if request.tool_choice == "none":
        yield PromptPiece(TOOLS, "no tool may be chosen", "", 1)
    if request.tool_choice == "required" and request.is_chat and rules.charges_required:
        yield PromptPiece(TOOLS, "a tool must be chosen", "", 2)
    if request.tool_choice == "required" and not request.is_chat:
        yield PromptPiece(TOOLS, "a tool must be chosen", "", 8 if request.has_instructions else 9)
    if not request.allows_parallel_calls and not request.is_chat:
        yield PromptPiece(TOOLS, "no parallel calls", "", 3)
