"""Find placeholders of templates in a request, which is counted as written, not as sent once they are filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gpt41_cli import rules
from gpt41_cli.display import list_first
from gpt41_cli.requests.request import Doubt, Message, Turn

_PLACEHOLDER = re.compile(
    r"(?<!\$)\{\{[-~#/^>&]?\s*\.?[A-Za-z_$][\w.\[\]'\"|:() -]{0,80}?\s*[-~]?\}\}"
    r"|\{%-?\s*(?:if|elif|else|for|endif|endfor|set|include|block|macro|raw)\b[^%\n]{0,120}%\}"
    r"|\$\{[A-Za-z_][\w.]{0,80}\}"
)
"""`{{x}}` of Jinja, Mustache and Handlebars, `{{ .x }}` of Go, `{% if x %}` of Jinja and Liquid, and `${x}` of JavaScript and
shells.
"""

_FORMAT_FIELD = re.compile(r"(?<![\w\\$}{/^@#%&])\{[A-Za-z_]\w{1,40}\}(?![}{\w/])", re.ASCII)
"""`{x}` of LangChain and of Python's `str.format`."""

_MARKS = ("{{", "{%", "${")
_MAX_NAMED = 5
_PROMPT_ROLES = ("system", "developer", "user")


def find_placeholders(text: str) -> list[str]:
    """List the different placeholders in a text, in order."""
    may_have_any = "{" in text and any(mark in text for mark in _MARKS)
    return list(dict.fromkeys(_PLACEHOLDER.findall(text))) if may_have_any else []


def find_file_placeholders(text: str) -> list[str]:
    """List the different placeholders in a file that is a prompt. There `{x}` is one, too; what is sent has such words for the
    model, as DSPy and BAML write them, in 5 % of the recorded requests.
    """
    return [*find_placeholders(text), *dict.fromkeys(_FORMAT_FIELD.findall(text))]


def find_template_doubts(turns: Sequence[Turn], path: str) -> list[Doubt]:
    """Return the doubt about a request with placeholders in its prompts; none if there are none. A result isn't a prompt."""
    texts = (turn.text for turn in turns if isinstance(turn, Message) and turn.role in _PROMPT_ROLES)
    names = list(dict.fromkeys(name for text in texts for name in find_placeholders(text)))
    return [Doubt(rules.TEMPLATE, path, describe_placeholders(names))] if names else []


def describe_placeholders(names: Sequence[str]) -> str:
    """Say which placeholders a template has, and that it is the template that is counted."""
    return f"a template with {list_first(names, _MAX_NAMED)}: it counts as written, not as filled in"
