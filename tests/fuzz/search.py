"""Try cases and keep those that break a property, each with the command that shows it again."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT
from tests.fuzz import process
from tests.fuzz.cases import TARGETS, Case, make_case
from tests.fuzz.corpus import copy_inputs
from tests.fuzz.process import NeverEndsError, Run
from tests.fuzz.properties import PROPERTIES

KEPT = ROOT / ".fuzz"
"""Where the inputs of failing cases are kept; git ignores it."""

REPEATED = 10
"""Every how many cases one runs twice."""

MOST_OF_A_KIND = 3
"""How many cases are kept that break the same property in the same way."""


class Problem(NamedTuple):
    """A case that broke a property."""

    case: Case
    sentence: str
    run: Run


def find_problems(numbers: Iterable[int], seed: int, folder: Path, targets: Iterable[str] = TARGETS) -> Iterator[Problem]:
    """Run the cases with these numbers of each target in `folder`, which is filled with what they read."""
    copy_inputs(folder)
    with process.many_runs(folder):
        for number in numbers:
            for target in targets:
                yield from try_case(make_case(target, seed, number), is_repeated=number % REPEATED == 0)


def try_case(case: Case, *, is_repeated: bool = False) -> Iterator[Problem]:
    """Run a case in the working directory and check what must hold."""
    path = Path(case.name)
    path.write_bytes(case.data)
    try:
        done = process.run(case.arguments, case.data if case.reads_stdin else b"")
        again = process.run(case.arguments, case.data if case.reads_stdin else b"") if is_repeated else done
    except NeverEndsError:
        yield Problem(case, f"a run that doesn't end within {process.MAX_SECONDS} seconds", Run(-1, b"", ""))
        return
    finally:
        path.unlink()
    for check in PROPERTIES:
        for sentence in check(case, done):
            yield Problem(case, sentence, done)
    if again != done:
        yield Problem(case, "a second run that prints something else", done)


def keep(problems: Iterable[Problem], folder: Path = KEPT) -> Iterator[str]:
    """Keep the inputs in `folder` and return for each the sentence and the command that shows it again."""
    kinds: Counter[str] = Counter()
    for problem in problems:
        kind = re.sub(r"\d+|[\"'].*", "", problem.sentence)
        kinds[kind] += 1
        if kinds[kind] > MOST_OF_A_KIND:
            continue
        copy_inputs(folder)
        case = problem.case
        (folder / case.name).write_bytes(case.data)
        stdin = f" < {case.name}" if case.reads_stdin else ""
        where = shlex.quote(str(folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder))
        command = f"(cd {where} && GPT41_PRICING=pricing.yaml gpt41 {shlex.join(case.arguments)}{stdin})"
        (folder / f"{case.name}.txt").write_text(
            f"{command}\n\n{problem.sentence}\n\n{problem.run.err}\n", errors="backslashreplace"
        )
        yield f"{problem.sentence}\n    {command}"
    for kind, number in kinds.items():
        if number > MOST_OF_A_KIND:
            yield f"{number - MOST_OF_A_KIND} more like this: {kind}"
