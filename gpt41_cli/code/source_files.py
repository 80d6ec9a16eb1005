"""Decide which files of a repository are searched, and as what: code, configuration, prose, or recorded data."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePath

from gpt41_cli.code.records import count_figures
from gpt41_cli.files.text import detect_byte_order_mark, is_binary

MAX_BYTES = 20_000_000
"""Larger files hold data, not calls."""

GENERATED = "generated or minified"
BINARY = "binary"
TOO_LARGE = "over 20 MB"

_LOCK_FILES = re.compile(
    r"(?:.*\.lock|.*[-.]lock\.(?:json|yaml)|npm-shrinkwrap\.json|go\.sum|.*\.min\.\w+|.*\.map|.*[._]generated\.\w+)",
    re.IGNORECASE,
)
_GENERATED_MARK = re.compile(rb"@generated\b|\bgenerated\b.{0,200}?\bdo not (?:edit|modify)\b", re.IGNORECASE | re.DOTALL)
_MINIFIED_LINE_BYTES = 5_000

_PROSE = frozenset((".md", ".mdx", ".mdc", ".markdown", ".rst", ".rd", ".txt", ".adoc", ".org", ".tex"))
_PROSE_FOLDERS = frozenset(("issue_template", "discussion_template", "pull_request_template"))
_DATA = frozenset((".jsonl", ".ndjson", ".csv", ".tsv", ".log", ".har", ".httprr", ".snap", ".traj"))
_RECORDING_FOLDERS = frozenset(
    ("cassettes", "vcr_cassettes", "_vcr", "recordings", "sessionrecords", "__snapshots__", "snapshots", "_snaps")
)
_CODE_WITH_HASHES = frozenset((".py", ".pyi", ".rb", ".r", ".rmd", ".qmd", ".pl", ".jl", ".ex", ".exs", ".nix", ".cr", ".coffee"))
_CODE_SUFFIXES = frozenset(
    (
        *_CODE_WITH_HASHES,
        *(".c", ".cc", ".cjs", ".clj", ".cpp", ".cs", ".css", ".dart", ".el", ".elm", ".erl", ".fs", ".go", ".groovy", ".h"),
        *(".hpp", ".hs", ".html", ".ipynb", ".java", ".js", ".jsx", ".kt", ".kts", ".lisp", ".lua", ".m", ".mjs", ".ml", ".php"),
        *(".rs", ".scala", ".scm", ".sql", ".svelte", ".swift", ".ts", ".tsx", ".vb", ".vue", ".zig", ".sh", ".bash", ".ps1"),
    )
)
_REPOSITORY_NAMES = re.compile(
    r"(?i:licen[sc]e|copying|readme|changelog|contributing|code_of_conduct|codeowners|requirements|pyproject|package|makefile"
    r"|dockerfile|procfile|gemfile)(?:-\w{1,4})*(?:\.\w+)*"
    r"|(?:LICEN[SC]E|COPYING|NOTICE|README|CHANGES|HISTORY|SECURITY|SUPPORT|AUTHORS|CONTRIBUTORS|MAINTAINERS|TODO|VERSION)"
    r"(?:[-.]\w+)*"
)
"""Names of files that are about a repository. Some are also names of prompts (support.md), so only their capitals count."""

_SLASHED_SETTINGS = (".tf", ".tfvars", ".hcl", ".cue", ".baml")
"""Settings that may have comments behind slashes."""

_SETTINGS = (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".prompty", *_SLASHED_SETTINGS)
_SCRIPTS = (".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".mk", ".service", ".nomad")
_TEMPLATES = (".j2", ".jinja", ".tmpl", ".tpl")
_CONFIG = frozenset((*_SETTINGS, *_SCRIPTS, *_TEMPLATES))
_CONFIG_NAMES = re.compile(
    r"(?:\.env.*|.*\.env\.\w+|.*dockerfile.*|containerfile|.*makefile|procfile|justfile|jenkinsfile|\.\w+rc)"
)
_EXAMPLE = re.compile(r"(?<=.)\.(?:example|sample|dist|template)$")
_DASH_COMMENTS = frozenset((".sql", ".lua", ".hs", ".elm"))
_SEMICOLON_COMMENTS = frozenset((".ini", ".clj", ".el", ".lisp", ".scm"))
_RECORDED_NAME = re.compile(r"(?:.*[-_.])?(?:record(?:ed|ings?)|cache|results?|traces?|transcripts?|history)(?:[-_.].*)?\.json$")
# An answer of the API, or a report of this program.
_RECORDED = re.compile(
    r'"(?:object"\s*:\s*"(?:chat\.completion|response)"|schema"\s*:\s*"gpt41\.|(?:trace_id|span_id|http_status)"\s*:|(?:completion|total)_tokens"\s*:\s*\d)'
)
# JSON Lines.
_RECORDED_LINES = re.compile(r"\{[^\n]*\}\r?\n\{[^\n]*\}\r?\n")
# A part of a description of an API, which others refer to.
_API_FOLDER = re.compile(r"(?:^|[-_.])(?:openapi|swagger)(?:[-_.]|$)", re.IGNORECASE)
_API_PART = re.compile(r"^[ ]*[\"']?(?:operationId|x-oaiMeta)[\"']?[ ]*:|\$ref[\"']?[ ]*:[ ]*[\"']?#/components/", re.MULTILINE)
# What a recorder of HTTP writes, and a description of an API, whose models are examples.
_RECORDED_HEAD = re.compile(r"^\s*[\"']?(?:(?:http_)?interactions|(?:openapi|swagger)[\"']?\s*:\s*[\"']?[23]\.)", re.MULTILINE)
_HEAD = 2_000

# A file of many models and their prices is a table, which calls none.
_TABLE_SUFFIXES = (".json", ".yaml", ".yml", ".toml")
_TABLE_MODELS = 5
_DESCRIPTION_SUFFIXES = (".json", ".yaml", ".yml")


class FileKind(Enum):
    """The kind of a file, which decides how a name in it is read."""

    CODE = "code"
    CONFIG = "configuration"
    PROSE = "prose"
    DATA = "data"
    NOTEBOOK = "notebook"


def find_skip_reason(path: PurePath, data: bytes) -> str | None:
    """Return why a file isn't searched; None if it is."""
    if len(data) > MAX_BYTES:
        return TOO_LARGE
    if is_binary(data):
        return BINARY
    if _LOCK_FILES.fullmatch(path.name) or _GENERATED_MARK.search(data[:2_000]):
        return GENERATED
    if path.suffix.lower() in (".js", ".css", ".mjs", ".cjs") and len(data) > _MINIFIED_LINE_BYTES * (data.count(b"\n") + 1):
        return GENERATED
    return None


def decode(data: bytes) -> str:
    """Decode a file that may have a byte order mark; what isn't text in its encoding is replaced, as no name has it."""
    mark, encoding = detect_byte_order_mark(data[:4])
    return data[len(mark) :].decode(encoding, "replace")


def find_file_kind(path: PurePath, text: str) -> FileKind:
    """Return the kind of a file by its name, and by its content if the name fits several."""
    name = _EXAMPLE.sub("", path.name.lower())
    suffix = PurePath(name).suffix
    folders = [part.lower() for part in path.parts[:-1]]
    if suffix == ".ipynb":
        return FileKind.NOTEBOOK
    if suffix in _DATA or _RECORDED_NAME.match(name) or not _RECORDING_FOLDERS.isdisjoint(folders):
        return FileKind.DATA
    if suffix in _TABLE_SUFFIXES and (
        _RECORDED_HEAD.search(text, 0, _HEAD) or (suffix == ".json" and (_RECORDED.search(text) or _RECORDED_LINES.match(text)))
    ):
        return FileKind.DATA
    if suffix in _DESCRIPTION_SUFFIXES and (any(map(_API_FOLDER.search, path.parts)) or _API_PART.search(text)):
        return FileKind.DATA
    if not _PROSE_FOLDERS.isdisjoint(folders):
        return FileKind.PROSE
    if suffix in _CONFIG or _CONFIG_NAMES.fullmatch(name):
        return FileKind.CONFIG
    if suffix in _PROSE or (not suffix and name.isalpha() and path.name.isupper()):  # README, LICENSE
        return FileKind.PROSE
    return FileKind.CODE


def is_source_code(name: str) -> bool:
    """Return True for the name of a file of code, by its ending."""
    return PurePath(name).suffix.lower() in _CODE_SUFFIXES


def is_no_prompt(name: str) -> bool:
    """Return True for the name of a text that isn't a prompt: code, settings, hidden files, and what is about the repository."""
    path = PurePath(name)
    kind = find_file_kind(path, "")
    is_settings = kind is FileKind.CONFIG and path.suffix.lower() not in (*_TEMPLATES, ".prompty", ".yaml", ".yml")
    return is_source_code(name) or is_settings or path.name.startswith(".") or bool(_REPOSITORY_NAMES.fullmatch(path.name))


def is_model_table(path: PurePath, text: str, models: int) -> bool:
    """Return True if a file of data that names this many different models is a table of them with prices."""
    return (
        path.suffix.lower() in _TABLE_SUFFIXES
        and models >= _TABLE_MODELS
        and count_figures(text, is_json=path.suffix.lower() == ".json") >= models
    )


def find_comment_marks(path: PurePath, kind: FileKind) -> tuple[str, ...]:
    """Return the marks that begin a comment in a file of this name."""
    suffix = path.suffix.lower()
    if suffix in _DASH_COMMENTS:
        return ("--", "/*")
    if suffix in _SEMICOLON_COMMENTS:
        return (";", "#")
    if kind is FileKind.NOTEBOOK or suffix in _CODE_WITH_HASHES:
        return ("#",)
    if kind is FileKind.CONFIG:
        return ("#", "//") if suffix in _SLASHED_SETTINGS else ("#",)
    return ("//", "/*", "<!--", "{#")
