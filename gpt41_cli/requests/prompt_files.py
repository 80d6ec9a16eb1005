"""Read files that keep a prompt with its settings: only the messages or the template in them are the prompt.

- Prompty (https://www.prompty.ai/docs/prompty-file-spec): YAML between `---`, then a template with lines such as `system:`.
- Dotprompt, `.prompt` (https://google.github.io/dotprompt/reference/frontmatter/), and the prompt files of editors, `.prompt.md`
  (https://code.visualstudio.com/docs/copilot/customization/prompt-files): settings between `---`, then the template.
- Agents and prompts in Markdown: the same, if the settings name a `model`.
- GitHub Models, `.prompt.yml` (https://docs.github.com/github-models/use-github-models/storing-prompts-in-github-repositories).
- Semantic Kernel (https://learn.microsoft.com/semantic-kernel/concepts/prompts/yaml-schema): YAML with a `template`.
- promptfoo (https://www.promptfoo.dev/docs/configuration/guide): YAML with `prompts`, of which each is sent by itself.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gpt41_cli.errors import TableError
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue

FRONT_MATTER_ENDINGS = (".prompt", ".prompt.md", ".chatmode.md", ".agent.md", ".instructions.md")
_MARKDOWN = ".md"
PROMPT_ENDINGS = (*FRONT_MATTER_ENDINGS, ".prompty", ".yml", ".yaml", ".toml", _MARKDOWN)
MAX_BYTES = 1 << 20

PromptFile: TypeAlias = "str | Sequence[JsonObject]"
"""The template of a prompt, or requests."""

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)(.*)", re.DOTALL)
_MODEL_KEY = re.compile(r"^model:", re.MULTILINE)
_MODEL_NAME = re.compile(r"[\w.:/-]+", re.ASCII)
_DOCUMENT_START = re.compile(r"^---(?:[ \t]+#.*|[ \t]*)$", re.MULTILINE)
_TELLING_KEY = re.compile(r"^(?:messages|template|prompts):", re.MULTILINE)
_ROLE_LINE = re.compile(r"^\s*#?\s*(system|developer|user|assistant)(?:\[[^\]\n]*\])?\s*:[ \t]*$", re.MULTILINE)
_ROLE_HELPER = re.compile(r"\{\{\s*role\s+[\"'](system|user|model)[\"']\s*\}\}")
"""A line of Dotprompt that begins a message."""

_OTHER_FILE = re.compile(r"file://|\S+\.(?:txt|json|ya?ml|md|j2|csv|py|js|ts)$")

_MAXIMA = ("max_completion_tokens", "max_tokens", "maxCompletionTokens", "maxTokens")


def read_prompt_file(text: str, name: str) -> PromptFile | None:
    """Return the prompt in a file; None if it is in none of these forms. Raises BadBody if its prompts are in other files."""
    ending = next((suffix for suffix in PROMPT_ENDINGS if name.lower().endswith(suffix)), "")
    if ending in (*FRONT_MATTER_ENDINGS, ".prompty", _MARKDOWN):
        parts = _FRONT_MATTER.match(text.lstrip("\ufeff \t\n"))
        if parts is None or (ending == _MARKDOWN and not _MODEL_KEY.search(parts[1])):
            return None
        settings = _parse_yaml(parts[1]) or {}
        if ending == ".prompty":
            return _read_prompty(parts[2], settings)
        # What Markdown names is a model of an editor, in its words.
        return _read_dotprompt(parts[2], {} if ending.endswith(_MARKDOWN) else _read_model(settings, "model"))
    return _read_documents(text, name) if _TELLING_KEY.search(text) else None


def parse_toml(text: str) -> JsonValue:
    """Parse TOML that may have messages, as a value of JSON; None for any other."""
    if not ("messages" in text and "role" in text):
        return None
    try:
        return parse_json(json.dumps(tomllib.loads(text, parse_float=_read_float), default=str).encode())
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _read_float(text: str) -> float | str:
    """Return a number of TOML; its text if JSON can't have it, such as `nan`."""
    number = float(text)
    return number if math.isfinite(number) else text


def _read_documents(text: str, name: str) -> PromptFile | None:
    """Read YAML, which may have several documents. Raises BadBody if there is a prompt in one of several that isn't a request."""
    parts = [part for part in _DOCUMENT_START.split(text) if part.strip()]
    prompts = [prompt for prompt in (_read_document(part, name) for part in parts) if prompt is not None]
    if len(parts) < 2 or not prompts:
        return prompts[0] if prompts else None
    requests = [request for prompt in prompts if not isinstance(prompt, str) for request in prompt]
    if any(isinstance(prompt, str) for prompt in prompts):
        many = f"{len(parts)} YAML documents with templates"
        raise BadBody(expected="one prompt", found=many, hint="make a file of each", location=name)
    return requests


def _read_document(text: str, name: str) -> PromptFile | None:
    held = _parse_yaml(text)
    if held is None:
        return None
    if isinstance(held.get("messages"), list):
        return _read_messages(held)
    if isinstance(held.get("template"), str) and held.keys() & {"template_format", "input_variables", "execution_settings"}:
        return str(held["template"])
    if "prompts" in held and held.keys() & {"providers", "tests", "targets", "scenarios"}:
        return _read_promptfoo(held["prompts"], name)
    return None


def _read_prompty(body: str, settings: JsonObject) -> PromptFile:
    starts = list(_ROLE_LINE.finditer(body))
    if not starts:
        return body.strip()
    ends = [*(match.start() for match in starts[1:]), len(body)]
    messages = [{"role": match[1], "content": body[match.end() : end].strip()} for match, end in zip(starts, ends, strict=True)]
    model = _get_mapping(settings, "model")
    parameters = {**_get_mapping(model, "parameters"), **_get_mapping(model, "options")}
    named = _read_model(_get_mapping(model, "configuration"), "name", "model", "azure_deployment")
    return [{**named, **_read_model(model, "id"), "messages": messages, **_read_maximum(parameters)}]


def _read_model(settings: JsonObject, *keys: str) -> Mapping[str, str]:
    """Return the model that settings name under one of the keys, as a body has it; nothing for a placeholder."""
    names = (settings[key] for key in keys if isinstance(settings.get(key), str))
    name = next(filter(_MODEL_NAME.fullmatch, names), None)
    return {"model": name} if name else {}


def _read_dotprompt(body: str, model: Mapping[str, str]) -> PromptFile:
    """Read a template. It is one text if no model is named and nothing says where messages begin; else it is a request."""
    first, *rest = _ROLE_HELPER.split(body)
    if not rest and not model:
        return body.strip()
    pairs = [("user", first), *zip(rest[::2], rest[1::2], strict=True)]
    return [
        {
            **model,
            "messages": [
                {"role": "assistant" if role == "model" else role, "content": text.strip()}
                for role, text in pairs
                if text.strip()
            ],
        }
    ]


def _read_messages(held: JsonObject) -> PromptFile | None:
    messages = held["messages"]
    if not messages or not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in messages):
        return None
    model = {"model": held["model"]} if isinstance(held.get("model"), str) else {}
    return [{**model, "messages": messages, **_read_maximum(_get_mapping(held, "modelParameters"))}]


def _read_promptfoo(prompts: JsonValue, name: str) -> PromptFile:
    """Read the prompts that are written into the configuration. Raises BadBody if some are in other files."""
    listed = prompts if isinstance(prompts, list) else [prompts]
    texts = (prompt.get("raw") if isinstance(prompt, dict) else prompt for prompt in listed)
    own_prompts = [text for text in texts if isinstance(text, str) and not _OTHER_FILE.match(text)]
    if len(own_prompts) < len(listed) or not own_prompts:
        whose = "whose prompts are other files" if not own_prompts else f"with {len(own_prompts)} of {len(listed)} prompts in it"
        hint = "name these" if not own_prompts else "name the files of the others, with a copy that has only its own prompts"
        raise BadBody(expected="prompts", found=f"a promptfoo configuration {whose}", hint=hint, location=name)
    return [{"messages": [{"role": "user", "content": prompt}]} for prompt in own_prompts]


def _read_maximum(parameters: JsonObject) -> Mapping[str, int]:
    value = next((str(parameters[key]) for key in _MAXIMA if key in parameters), "")
    return {"max_completion_tokens": int(value)} if value.isdecimal() and 0 < int(value) < 10**9 else {}


def _get_mapping(owner: JsonObject, key: str) -> JsonObject:
    value = owner.get(key)
    return value if isinstance(value, dict) else {}


def _parse_yaml(text: str) -> JsonObject | None:
    """Parse a YAML mapping; its scalars are text. None for anything else."""
    from gpt41_cli.catalog.cursor import read_yaml

    try:
        value = read_yaml(text.encode(), "").plain()
    except TableError:
        return None
    return value if isinstance(value, dict) else None
