"""python -m tests.mutants [MODULE...]: change a module in small ways, and show each change that its tests don't notice.

cosmic-ray changes the files in place, so `make mutants` runs this in a clone. That suits tests that start processes: all of them
read the changed file. Exits with 1 if a change survives.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_MONEY = "tests/fuzz/test_money.py"
MODULES: dict[str, tuple[str, ...]] = {
    "gpt41_cli/pricing.py": ("gpt41_cli/pricing.py", "tests/test_pricing.py", _MONEY),
    "gpt41_cli/prices/quote.py": ("tests/commands/cost", "tests/prices", _MONEY),
    "gpt41_cli/commands/reconcile/charge.py": ("tests/commands/reconcile/test_bill.py", "tests/commands/reconcile", _MONEY),
    "gpt41_cli/work/prompt_cache.py": ("tests/work/test_prompt_cache.py", "tests/commands/cache"),
    "gpt41_cli/display.py": (
        *("gpt41_cli/display.py", "tests/test_pricing.py", "tests/prices", "tests/views/test_formats.py"),
        *("tests/views/test_markdown.py", "tests/views/test_bars.py", "tests/commands/plan", "tests/test_golden.py"),
    ),
    "gpt41_cli/tokens/declarations.py": ("tests/tokens/test_declarations.py", "tests/tokens/test_prompt.py", "tests/requests"),
    "gpt41_cli/config/tables.py": ("tests/config", "tests/commands/check"),
}
"""The modules that are worth it, with the tests that should notice a change, quick ones first."""

EXCLUDED = [
    r"core/ReplaceBinaryOperator_(?!Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|Pow_Mul)",
    r"core/ReplaceComparisonOperator_(?!Lt_LtE|LtE_Lt$|Gt_GtE|GtE_Gt$|Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)",
    r"core/ReplaceUnaryOperator_(?!USub_UAdd|Delete_Not)",
    r"core/RemoveDecorator",
]
"""Of the changes to one operator, all but the one that is hardest to notice."""


def write_config(path: Path, module: str, tests: tuple[str, ...]) -> None:
    """Write the configuration of cosmic-ray for one module."""
    command = f"{sys.executable} -m pytest -n0 -x -q -p no:cacheprovider {' '.join(tests)}"
    path.write_text(
        "[cosmic-ray]\n"
        f"module-path = {json.dumps([module])}\n"
        "timeout = 600.0\n"
        "excluded-modules = []\n"
        f"test-command = {json.dumps(command)}\n"
        '[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(EXCLUDED)}\n"
    )


def report_survivors(module: str) -> str:
    """Try every change of a module and return those that survive, as differences."""
    config, session = Path("mutants.toml"), Path("mutants.sqlite")
    session.unlink(missing_ok=True)
    write_config(config, module, MODULES[module])
    programs = Path(sys.executable).parent

    def run(program: str, *arguments: str | Path) -> str:
        return subprocess.run([programs / program, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout

    run("cosmic-ray", "baseline", config)
    run("cosmic-ray", "init", config, session)
    run("cr-filter-operators", session, config)
    run("cosmic-ray", "exec", config, session)
    return run("cr-report", "--surviving-only", "--show-diff", session)


def main() -> int:
    survived = False
    for module in sys.argv[1:] or MODULES:
        report = report_survivors(module)
        survived = survived or "test outcome: TestOutcome.SURVIVED" in report
        print(f"== {module}\n{report}", flush=True)
    return int(survived)


if __name__ == "__main__":
    sys.exit(main())
