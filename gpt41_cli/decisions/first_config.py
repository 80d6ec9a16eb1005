"""The first gpt41.yaml of a repository, made from the files at hand."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gpt41_cli.config.load import VERSION, parse
from gpt41_cli.decisions.candidates import Wishes
from gpt41_cli.decisions.contents import read
from gpt41_cli.decisions.recommend import recommend
from gpt41_cli.decisions.workload import workload
from gpt41_cli.errors import InputError
from gpt41_cli.requests.sources import STDIN

if TYPE_CHECKING:
    from gpt41_cli.decisions.checks import Conditions
    from gpt41_cli.decisions.contents import Files

GENERAL = "general"
_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_NOT_IN_A_NAME = re.compile(r"[^\w-]+", re.ASCII)

_HEAD = """\
# What gpt41 check holds the calls of this repository against; paths count from the folder of this file. A workload may also say
#   volume: 120000 / month                       how many are sent in a day, week or month
#   cached: simulate                             or the share of the input that the prompt cache gives, such as 60%
#   mode: batch                                  or standard, or priority
#   budget: {{per_request_usd: 0.002, monthly_usd: 60, input_tokens: 8000, growth_percent: 10}}
#   require: {{task: classification}}            what the model must be good at; until, needs and deadline, too
# and more: gpt41 check --schema prints the schema, for completion in editors.
version: {version}
defaults: {{model: {model}}}  # for what names no model; gpt41 recommend weighs the family
workloads:
"""
_WORKLOAD = """\
  {name}:
    requests: {path}
{output}\
    budget: {{growth_percent: 10}}
"""
_GUESS = "    output_tokens: {expected: 300, high: 1000}  # a guess: put in how long your answers are\n"


def first_config(paths: Sequence[str], file: Path, files: Files, conditions: Conditions) -> str:
    """The text of a gpt41.yaml, to be written to `file`, with a workload for each of the paths.

    InputError for what cannot be read, or is of several models, so that it would have to be several workloads.
    """
    named: dict[str, str] = {}
    for path in paths:
        if path == STDIN:
            raise InputError("--init: expected files or folders, found standard input, which is not there the next time")
        relative = os.path.relpath(path, file.parent).replace(os.sep, "/") + "/" * Path(path).is_dir()
        named[_name(relative, named)] = relative
    catalog, platform = conditions.catalog, next(iter(conditions.catalog.platforms.values()))
    # What the numbers are does not matter: the price of a token decides, and which models still run.
    work = workload(input_tokens=1, output_tokens=1, requests=1)
    choice = recommend(catalog, work, Wishes((catalog.task(GENERAL),)), platform, conditions.as_of).choice
    model = choice.variant.id if choice else catalog.family[0].id
    guessed = _compose(model, dict.fromkeys(named, _GUESS), named)
    declared = parse(guessed.encode(), str(file), catalog).workloads
    contents = {name: read(each, files, catalog, conditions.jobs) for name, each in declared.items()}
    outputs = {name: _GUESS if each.work.unstated or each.work.training else "" for name, each in contents.items()}
    return _compose(model, outputs, named)


def _compose(model: str, outputs: dict[str, str], named: dict[str, str]) -> str:
    head = _HEAD.format(version=VERSION, model=model)
    entries = [_WORKLOAD.format(name=name, path=_yaml(path), output=outputs[name]) for name, path in named.items()]
    return head + "".join(entries)


def _yaml(text: str) -> str:
    """Text as a YAML scalar: plain where nothing in it could be read as anything else, else in quotes, as JSON has it."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _name(path: str, taken: dict[str, str]) -> str:
    """A name for the workload of a path: its own without the suffix, and a number where that is taken."""
    base = _NOT_IN_A_NAME.sub("-", Path(path.rstrip("/")).name.split(".")[0]).strip("-") or "requests"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
