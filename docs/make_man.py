"""Make docs/gpt41.1, the man page, from the help of all commands: run it after a change of help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from typer.main import get_command

from gpt41_cli import app
from gpt41_cli.cli.help import make_help_record

if TYPE_CHECKING:
    from typer._click import Command as AnyCommand
    from typer._click import Context

    from gpt41_cli.cli.help import CommandGroup

PAGE = Path(__file__).with_name("gpt41.1")
_EXAMPLES = "\b\n"
_END = """\
.SH EXIT STATUS
.TP
.B 0
Done, and nothing failed.
.TP
.B 1
A check failed, nothing fits the requirements, or the answer is incomplete.
.TP
.B 2
Unusable input.
.TP
.B 3
A bug in gpt41.
.SH ENVIRONMENT
.TP
.B GPT41_PRICING
Another price table, as with \\-\\-pricing.
.TP
.B NO_COLOR
No colors, if it is set.
.SH FILES
.TP
.B gpt41.yaml
The workloads of a repository and their budgets; see gpt41 check.
"""


def make_page() -> str:
    """Return the man page in roff: each command with its examples and options."""
    group = cast("CommandGroup", get_command(app.app))
    context = group.make_context("gpt41", ["help"], resilient_parsing=True)
    summary, _, examples = (group.help or "").partition("\n\n")
    lines = ['.TH GPT41 1 "" gpt41 "User Commands"', ".SH NAME", "gpt41 \\- count tokens, price requests and choose models"]
    lines += [".SH SYNOPSIS", ".B gpt41", "COMMAND [OPTIONS] [ARGUMENTS]", ".SH DESCRIPTION", _escape(_join(summary))]
    lines += _make_examples(examples)
    for title, names in group.groups.items():
        lines.append(f".SH {_escape(title.upper())}")
        for name in names:
            lines += _make_command(name, group.commands[name], context)
    return "\n".join(lines) + "\n" + _END


def _make_command(name: str, command: AnyCommand, parent: Context) -> Iterator[str]:
    """Yield the usage of a command, its help, examples and options."""
    context = command.context_class(command, info_name=name, parent=parent)
    yield f".SS gpt41 {name}"
    yield f".B gpt41 {name}"
    yield _escape(" ".join(command.collect_usage_pieces(context)))
    for paragraph in (command.help or "").split("\n\n"):
        if paragraph.startswith(_EXAMPLES):
            yield from _make_examples(paragraph)
        else:
            yield from (".PP", _escape(_join(paragraph)))
    for parameter in command.get_params(context):
        if record := make_help_record(parameter, context):
            yield from (".TP", f".B {_escape(record[0])}", _escape(_join(record[1])))


def _make_examples(paragraph: str) -> list[str]:
    lines = paragraph.removeprefix(_EXAMPLES).splitlines()
    return [".PP", ".RS 4", ".nf", *(_escape(line.strip()) for line in lines), ".fi", ".RE"]


def _join(text: str) -> str:
    return " ".join(text.split())


def _escape(text: str) -> str:
    """Return text that roff prints as it is: hyphens can be copied, and no line begins a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped)


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
