"""Draft the first gpt41.yaml of a repository from its files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.code.source_files import is_no_prompt, is_source_code
from gpt41_cli.commands.recommend.candidates import DEFAULT_TASK, Wishes
from gpt41_cli.commands.recommend.choose import recommend
from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.config.tables import CONFIG_VERSION, AnswerTokens, CachedInput, SharedSettings, WorkloadDeclaration
from gpt41_cli.display import list_first, sanitize
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files.globs import escape_wildcards
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import STDIN, Place
from gpt41_cli.work.workload import workload
from gpt41_cli.workloads.declared_files import ListedFiles
from gpt41_cli.workloads.reading import read_contents

if TYPE_CHECKING:
    from gpt41_cli.workloads.declared_files import FileLister
    from gpt41_cli.workloads.priced import CheckOptions

_PLAIN_YAML_PATTERN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_INVALID_NAME_CHARACTERS = re.compile(r"[^\w-]+", re.ASCII)

_HEAD_TEMPLATE = """\
# The calls of this repository and their budgets, for gpt41 check; paths are relative to this file. A workload may also say
#   cached: simulate                             or the share of the input that the prompt cache gives, such as 60%
#   mode: batch                                  or standard, or priority
#   budget: {{per_request_usd: 0.002, monthly_usd: 60, input_tokens: 8000, growth_percent: 10}}
#   require: {{task: classification}}            what the model must be good at; until, needs and deadline, too
# and more: gpt41 check --schema prints the schema, for completion in editors.
version: {version}
defaults: {{model: {model}}}  # for requests without a model; gpt41 recommend compares the family
workloads:
"""
_WORKLOAD_TEMPLATE = """\
  {name}:
    requests: {path}
{output}\
    volume: 1000 / month  # a guess: say how many you send per day, week or month
    budget: {{growth_percent: 10}}
"""
_GUESSED_OUTPUT_ENTRY = "    output_tokens: {{expected: {expected}, high: {high}}}  # a guess: say how long your answers are\n"
_GUESSED_OUTPUT = AnswerTokens(300, 1000)
_NO_PROMPT_ENTRY = "# Left out, as they aren't prompts: {names}\n"
_UNREAD_ENTRY = "# Left out, as they have no request or prompt that can be counted: {names}\n"
_MAX_NAMED = 10


class _DraftWorkload(NamedTuple):
    """One workload to write: its files, if some of its answers have a length that nothing states, and the smallest maximum that
    a request states. `is_partial`: files of a folder were left out.
    """

    paths: tuple[str, ...]
    has_guessed_output: bool
    least_maximum: int | None = None
    is_partial: bool = False


class DraftConfig(NamedTuple):
    """A gpt41.yaml to write, and how many files of the folders aren't in it; comments at its end name them."""

    text: str
    left_out: int


class _LeftOut(NamedTuple):
    """The files of folders that no workload has: texts that aren't prompts, and files that can't be counted."""

    no_prompts: list[str]
    unread: list[str]


def draft_config(paths: Sequence[str], file: Path, files: FileLister, conditions: CheckOptions) -> DraftConfig:
    """Draft a gpt41.yaml, to be written to `file`, with a workload for each path, or for each model and mode that its files name.

    Raises InputError for a file that can't be read or has several models.
    """
    model = _choose_default_model(conditions)
    drafts: dict[str, _DraftWorkload] = {}
    left_out = _LeftOut([], [])
    for path in paths:
        if path == STDIN:
            raise InputError("--init", "files or folders", "standard input, which can't be read again later")
        pattern = _make_pattern(os.path.relpath(path, file.parent).replace(os.sep, "/")) + "/" * Path(path).is_dir()
        try:
            sources, skipped = files(pattern)
        except InputError as error:
            raise InputError("--init", problem=error) from None
        unlisted = [f"{folder.path}: {folder.reason}" for folder in skipped if folder.is_unreadable]
        if unlisted:
            raise InputError("--init", "folders that can be listed", unlisted[0])
        try:
            groups = _group_files(sources, model, conditions, left_out)
        except InputError as error:
            raise InputError.from_error(error, f"--init: {path}") from None
        for (named, mode), draft in groups.items():
            name = Path(path).resolve().name.split(".")[0]
            if len(groups) > 1 or draft.is_partial:
                drafts[_make_unique_name(f"{name} {named} {mode}" if len(groups) > 1 else name, drafts)] = draft
            else:
                drafts[_make_unique_name(name, drafts)] = draft._replace(paths=(pattern,))
    head = _HEAD_TEMPLATE.format(version=CONFIG_VERSION, model=model)
    notes = _format_left_out(_NO_PROMPT_ENTRY, left_out.no_prompts) + _format_left_out(_UNREAD_ENTRY, left_out.unread)
    text = head + "".join(_format_workload(name, draft) for name, draft in drafts.items()) + notes
    return DraftConfig(text, sum(map(len, left_out)))


def _format_left_out(entry: str, names: Sequence[str]) -> str:
    return entry.format(names=list_first(list(map(sanitize, names)), _MAX_NAMED)) if names else ""


def _choose_default_model(conditions: CheckOptions) -> str:
    """Choose the model for files that name none: what `recommend` says about unknown work."""
    catalog = conditions.market.catalog
    # What the numbers are does not matter: the price of a token decides, and which models still run.
    work = workload(input_tokens=1, output_tokens=1, requests=1)
    choice = recommend(conditions.market, work, Wishes((catalog.task(DEFAULT_TASK),))).choice
    return choice.variant.id if choice else catalog.family[0].id


def _make_no_prompt_error(key: str) -> InputError:
    hint = "gpt41 scan finds the calls in code" if is_source_code(key) else "name the files with your prompts"
    return InputError(expected="requests or prompts", found=f"{quote_text(key)}, which is neither", hint=hint)


def _group_files(
    sources: Mapping[str, InputSource], model: str, conditions: CheckOptions, left_out: _LeftOut
) -> dict[tuple[str, str], _DraftWorkload]:
    """Group the files by the model and mode of their requests. `left_out` collects the files in folders that aren't taken.
    Raises InputError if nothing is left, or for such a file that the user named.
    """
    drafts: dict[tuple[str, str], _DraftWorkload] = {}
    refused: InputError | None = None
    skipped = len(left_out.no_prompts)
    for key, source in sources.items():
        declared = _declare_workload(key, model, conditions.market.catalog)
        try:
            lister = partial(_list_single_file, key, source)
            contents = read_contents(declared, lister, conditions.market.catalog, conditions.jobs)
        except InputError as error:
            if not source.is_from_folder:
                raise
            (left_out.no_prompts if is_no_prompt(key) else left_out.unread).append(key)
            refused = _make_no_prompt_error(key) if is_no_prompt(key) else error
            continue
        if contents.workload.text_tokens and is_no_prompt(key):
            raise _make_no_prompt_error(key)
        group = contents.variant.id, contents.mode
        is_guess = bool(contents.workload.requests_without_maximum or contents.workload.training_requests)
        before = drafts.get(group, _DraftWorkload((), False))
        maxima = (before.least_maximum, *(shape.max_output_tokens for shape in contents.workload.shapes))
        least = min((maximum for maximum in maxima if maximum is not None), default=None)
        drafts[group] = _DraftWorkload((*before.paths, _make_pattern(key)), before.has_guessed_output or is_guess, least)
    if refused and not drafts:
        raise refused
    return {group: draft._replace(is_partial=len(left_out.no_prompts) > skipped) for group, draft in drafts.items()}


def _declare_workload(path: str, model: str, catalog: Catalog) -> WorkloadDeclaration:
    """Declare a workload of one file; the length of its answers doesn't matter yet."""
    return WorkloadDeclaration(
        name=path,
        own=SharedSettings(),
        model=None,
        fallback_model=model,
        mode=None,
        fallback_mode=MODES[0],
        platform=next(iter(catalog.platforms.values())),
        output_tokens=AnswerTokens(0, 0),
        cached=CachedInput(),
        usage_tier=None,
        locations={"": Place(CONFIG_NAME)},
        requests=(path,),
    )


def _list_single_file(key: str, source: InputSource, pattern: str) -> ListedFiles:
    return {key: source}, []


def _format_workload(name: str, draft: _DraftWorkload) -> str:
    paths = [_format_yaml_scalar(path) for path in draft.paths]
    path = paths[0] if len(paths) == 1 else f"[{', '.join(paths)}]"
    high = min(_GUESSED_OUTPUT.high, draft.least_maximum or _GUESSED_OUTPUT.high)
    guess = _GUESSED_OUTPUT_ENTRY.format(expected=min(_GUESSED_OUTPUT.expected, high), high=high)
    return _WORKLOAD_TEMPLATE.format(name=name, path=path, output=guess if draft.has_guessed_output else "")


def _make_pattern(path: str) -> str:
    """Return a pattern that matches only this path."""
    # A name that begins with ~ would be taken for a home folder.
    return escape_wildcards(f"./{path}" if path.startswith("~") else path)


def _format_yaml_scalar(text: str) -> str:
    """Format text as a YAML scalar: plain if it can only be read as text, else in quotes.

    Raises InputError for a name that isn't Unicode, because YAML has no way to write it.
    """
    if _PLAIN_YAML_PATTERN.fullmatch(text):
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"--init: {quote_text(text)}", "a name in UTF-8", "another", "rename it, or name its folder") from None
    # Python's escapes are YAML's, too.
    quoted = re.sub(r'[\\"]', r"\\\g<0>", text)
    escaped = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in quoted)
    return f'"{"".join(escaped)}"'


def _make_unique_name(said: str, taken: Mapping[str, object]) -> str:
    """Make a name for a workload from its plain characters, with a number if it is taken."""
    base = _INVALID_NAME_CHARACTERS.sub("-", said).strip("-") or "requests"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
