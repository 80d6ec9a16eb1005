"""The house: which floor may import which, where a library may be used, and what may not stand in Python at all."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import gpt41_cli
from gpt41_cli.catalog import read_catalog
from tests.conftest import ROOT, environment

PACKAGE = ROOT / "gpt41_cli"
CATALOG = read_catalog()
MODULES = sorted(PACKAGE.rglob("*.py"))
COMMANDS = sorted(path.parent.name for path in PACKAGE.glob("commands/*/command.py"))

FLOORS = [
    {"pricing", "findings", "records", "rules", "errors", "display", "durations", "notation", "shipped", "totals"},
    {"catalog"},
    {"files"},
    {"requests"},
    {"tokens"},
    {"answers"},
    {"invoices"},
    {"work"},
    {"config"},
    {"constraints"},
    {"code"},
    {"prices"},
    {"workloads"},
    {"reports"},
    {"views"},
    {"cli"},
    {"commands"},
    {"app", "arrow"},
    {"__main__"},
]
"""The package from the ground up: a module imports only from its own floor and those below."""

COMMAND_EDGES = {
    ("check", "batch"),
    ("check", "recommend"),
    ("migrate", "reconcile"),
    ("report", "check"),
    ("report", "recommend"),
}
"""Which command may import which. What any other two share moves down to the folder of its noun."""

ROOM = 15
"""How many modules a folder holds at most."""

WALLS = {
    "typer": {"app.py", "cli", *(f"commands/{name}/command.py" for name in COMMANDS)},
    "rich": {"cli/progress.py"},
    "tiktoken": {"tokens"},
    "toktok": {"tokens/text/fast.py"},
    "regex": {"tokens"},
    "yaml": {"catalog", "config"},
    "backports": {"files/compressed.py"},
    "pyarrow": {"arrow", "cli/parquet_files.py", "files/object_storage.py", "files/parquet.py"},
    "vl_convert": {"views/svg.py"},
    "subprocess": {"files/trees.py", "files/revisions.py"},
    "multiprocessing": {"tokens/text/workers.py"},
}
NOWHERE = {"socket", "ssl", "http", "urllib", "requests"}


def place(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor(name: str) -> int:
    """The floor of a module, given as `tokens.prompt` or `tokens/prompt.py`."""
    room = name.replace("/", ".").split(".")[0]
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


def test_a_module_imports_only_from_its_own_floor_and_below() -> None:
    for path in MODULES:
        if place(path) in ("__init__.py", "__main__.py"):
            continue  # the public face and the console script stand above all floors
        for name in imports(path):
            if name.startswith("gpt41_cli."):
                target = name.removeprefix("gpt41_cli.")
                if target != "__version__":
                    assert floor(target) <= floor(place(path)), f"{place(path)} imports {name}"


def test_a_command_imports_another_only_where_the_table_says_so() -> None:
    edges = {
        (path.parent.name, target)
        for path in PACKAGE.glob("commands/*/*.py")
        for name in imports(path)
        if name.startswith("gpt41_cli.commands.")
        for target in [name.split(".")[2]]
        if target != path.parent.name
    }
    assert edges == COMMAND_EDGES


def test_no_modules_import_each_other_in_a_circle() -> None:
    """What only type checkers import doesn't count: a record of one module may hold those of another."""

    def name(path: Path) -> str:
        return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    known = {name(path) for path in MODULES}
    waiting = {
        name(path): {
            target
            for node in parse(path).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            for target in [f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in known else str(node.module)]
            if target in known
        }
        for path in MODULES
    }
    while ready := {module for module, targets in waiting.items() if not targets & waiting.keys()}:
        waiting = {module: targets for module, targets in waiting.items() if module not in ready}
    assert not waiting


def test_a_class_name_means_one_thing() -> None:
    names = [node.name for path in MODULES for node in parse(path).body if isinstance(node, ast.ClassDef)]
    public = [name for name in names if not name.startswith("_")]
    assert sorted(public) == sorted(set(public))


def test_no_test_module_imports_another() -> None:
    """Inputs that two of them need are made in tests/builders.py, so that a test can be moved or deleted alone."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name in imports(path):
            assert not re.match(r"tests\.(\w+\.)*test_", name), f"{path} imports {name}"


def test_no_folder_is_crowded_and_each_says_what_lives_there() -> None:
    for folder in {path.parent for path in MODULES}:
        assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= ROOM, folder
    for path in [*PACKAGE.glob("*/__init__.py"), *PACKAGE.glob("commands/*/__init__.py")]:
        assert ast.get_docstring(parse(path)), f"{place(path)} does not say what lives there"


def test_a_library_is_used_behind_its_wall_only() -> None:
    for path in MODULES:
        for name in {name.split(".")[0] for name in imports(path)}:
            assert name not in NOWHERE, f"{place(path)} imports {name}"
            assert any(place(path).startswith(wall) for wall in WALLS.get(name, {""})), f"{place(path)} imports {name}"


def test_the_lower_floors_never_print_exit_or_read_the_environment() -> None:
    for path in MODULES:
        if place(path) in ("__init__.py",) or floor(place(path)) >= floor("cli"):
            continue
        source = path.read_text().replace("_input(", "")
        if place(path) == "files/trees.py":
            source = source.replace("os.environ.items() if name not in hook", "")  # what git inherits, not what we obey
        assert not re.search(r"(?<![\w.])print\(", source), f"{place(path)} prints"
        for forbidden in ("sys.exit", "sys.argv", "os.environ", "getenv", "input("):
            assert forbidden not in source, f"{place(path)} has {forbidden}"


OUR_ERRORS = {
    "Gpt41Error",
    "InputError",
    "TableError",
    "UnknownName",
    "MissingPrice",
    "BadBody",
    "NotText",
    "DamagedVocabulary",
    "WorkerDied",
}
SENTENCES = {"message", "headline"}
"""The attributes of findings, rejected requests and reports that are sentences for the reader."""

TEXT_METHODS = {
    *("partition", "rpartition", "split", "rsplit", "removeprefix", "removesuffix", "startswith", "endswith", "find", "index"),
    *("replace", "strip", "lstrip", "rstrip", "match", "search", "fullmatch", "sub"),
}


def caught_errors(tree: ast.AST) -> set[str]:
    """The names by which a module catches errors of ours."""
    return {
        handler.name
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler) and handler.name and handler.type
        if OUR_ERRORS & {name.id for name in ast.walk(handler.type) if isinstance(name, ast.Name)}
    }


def dissected_sentences(tree: ast.AST) -> list[int]:
    """The lines where a sentence, or the message of an error of ours, is taken apart or looked into."""
    errors = caught_errors(tree)

    def is_sentence(node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr in SENTENCES or (
                node.attr == "args" and isinstance(node.value, ast.Name) and node.value.id in errors
            )
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "str"
            and any(isinstance(argument, ast.Name) and argument.id in errors for argument in node.args)
        )

    found = []
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TEXT_METHODS:
            parts = [node.func.value, *node.args]
        elif isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            parts = [node.value]
        if any(map(is_sentence, parts)):
            found.append(node.lineno)  # type: ignore[attr-defined]
    return found


def test_no_module_takes_a_sentence_apart() -> None:
    """An error or a finding has a field for what code needs of it: a changed word in its message must change nothing else."""
    assert {place(path): lines for path in MODULES if (lines := dissected_sentences(parse(path)))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "str(error).partition('expected ')[2]",
        "str(error).removeprefix(label)",
        "'url:' in str(error)",
        "error.args[0]",
        "finding.message not in said",
        "place in finding.message",
        "each.message.startswith('url:')",
        "re.match('url', each.message)",
        "each.message[:4]",
        "report.headline == 'Too slow'",
    ],
)
def test_a_sentence_that_is_taken_apart_is_seen(code: str) -> None:
    assert dissected_sentences(ast.parse(f"try:\n    act()\nexcept (BadBody, OSError) as error:\n    x = {code}\n")) == [4]


def constants(path: Path) -> list[object]:
    """Every constant of a module but its docstrings."""
    tree = parse(path)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs]


def test_no_model_price_or_date_stands_in_python() -> None:
    models = CATALOG.models.values()
    names = {*CATALOG.models, *(snapshot for model in models for snapshot in model.snapshots)}
    pattern = re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, names))})(?![\w.])")
    prices = {
        str(price)
        for model in models
        for modes in model.rates.values()
        for rows in modes.values()
        for row in rows
        for price in row.rates
        if price is not None
    }
    limits = {model.context_window for model in models} | {model.max_output_tokens for model in models}
    for path in MODULES:
        assert not pattern.findall(path.read_text()), f"{place(path)} names a model"
        for constant in constants(path):
            assert not isinstance(constant, float), f"{place(path)} has the float {constant}"
            if isinstance(constant, int) and constant > 100:
                assert constant not in limits, f"{place(path)} has the limit {constant}"
            if isinstance(constant, str) and "cli" not in place(path):
                assert not re.search(r"\b20\d\d-\d\d-\d\d\b", constant), f"{place(path)} has the date in {constant!r}"
                assert place(path) == "display.py" or constant not in prices, f"{place(path)} has the price {constant}"


def test_the_public_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    seen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gpt41_cli.")
        for alias in node.names
    }
    assert seen == set(gpt41_cli._HOME) == set(gpt41_cli.__all__) - {"__version__"} == set(dir(gpt41_cli)) - {"__version__"}
    for name in gpt41_cli.__all__:
        assert getattr(gpt41_cli, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'prize'"):
        gpt41_cli.__getattr__("prize")


HEAVY = {"backports", "pyarrow", "yaml", "rich", "tiktoken", "regex", "pydantic", "asyncio", "vl_convert"}


def imported_by(*arguments: str) -> set[str]:
    """What a run has imported of the heavy libraries and of the commands."""
    code = "import sys\nfrom gpt41_cli.app import run\nrun()\nprint('MODULES', *sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment(), cwd=ROOT, check=True
    )
    modules = done.stderr.split("MODULES", 1)[1].split()
    commands = {name.split(".")[2] for name in modules if re.fullmatch(r"gpt41_cli\.commands\.\w+\.command", name)}
    return HEAVY & set(modules) | commands


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], set()),
        (["cost", "--input-tokens", "5", "--format", "json"], {"cost"}),
        (["cost", "--input-tokens", "5"], {"cost"}),
        (["count", "--text", "x", "-q"], {"count"}),
        (["count", "--text", "é", "-q"], {"count", "regex"}),
        (["count", "--text", "x" * 1_000, "-q"], {"count", "tiktoken"}),
    ],
)
def test_start_up_imports_only_what_the_command_needs(arguments: list[str], expected: set[str]) -> None:
    """Start-up time, tested by what is imported: a clock would measure the machine."""
    assert imported_by(*arguments) == expected


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys; before = set(sys.modules); import gpt41_cli; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert [name for name in done.stdout.split() if name == "typing" or name.startswith("gpt41_cli.")] == []


def test_no_command_opens_a_socket() -> None:
    code = (
        "import sys\n"
        "def refuse(event, _):\n"
        "    if event.startswith('socket.'): raise RuntimeError('a socket was opened')\n"
        "sys.addaudithook(refuse)\n"
        "from gpt41_cli.app import run\n"
        "for line in sys.stdin:\n"
        "    sys.argv = ['gpt41', *line.split()]\n"
        "    assert run() == 0, line"
    )
    commands = (
        "count README.md gpt41_cli -q",
        "cost README.md",
        "recommend README.md",
        "plan README.md",
        "batch tests/data/batch.jsonl",
        "migrate tests/data/batch.jsonl",
        "train tests/training/tickets.jsonl",
        "models --check",
        "reconcile tests/logs/batch_output.jsonl --requests tests/data/batch.jsonl",
        "check --config tests/example/gpt41.yaml --fail-on never",
        "report tests/example/gpt41.yaml --fail-on never --format html",
        "diff tests/example/base.json HEAD --config tests/example/gpt41.yaml --fail-on never",
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="\n".join(commands),
        capture_output=True,
        text=True,
        env={**environment(), "TIKTOKEN_CACHE_DIR": "", "HOME": "/nonexistent"},
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
