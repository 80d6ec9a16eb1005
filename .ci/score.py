"""Score the counts of gpt41 on requests whose bill is known: `python score.py FOLDER`.

FOLDER, and each folder in it that has the two files, has requests.jsonl, lines for the Batch API, and usage.jsonl, what was
billed for each. A request is counted as of the day when it was sent (`created`); one without a day is right if the rules of
some day make it so. Exits with 1 if a figure is below its floor, or if the table of evidence calls a shape confirmed that isn't.

What was read from the prompt cache is checked against its rules in the price table: the minimum, the steps, and no more than
there is.
"""

import collections
import json
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gpt41_cli import Meter, read_catalog, read_request
from gpt41_cli.commands.cache.divergence import count_cacheable_tokens
from gpt41_cli.requests.request import Request
from gpt41_cli.tokens.doubts.shapes import find_shapes

SUCCESSORS = "successors"
"""The folder of requests to the GPT-5 generation, all counted for SUCCESSOR, the only one of them in the price table."""
SUCCESSOR = "gpt-5.6-luna"
UNCOUNTED_KINDS = {"other", "image_url"}
"""Built-in tools, files, items that aren't messages, and pictures of unknown size."""
LEAST_RIGHT_OF_SUCCESSORS = 0.93
EXACT_SUCCESSORS = 0.98

FLOORS = {
    "are right to the token": 0.97,
    "that are called exact are right": 0.98,
    "are called exact": 0.88,
    "of the worst kind are right": 0.90,
    "that read from the cache read whole steps of it": 0.93,
}
OWN_FLOORS = {
    # Calls that Responses takes back are the worst kind of the first set: the server keeps tokens of its own of them.
    "groundtruth": {
        "are right to the token": 0.981,
        "that are called exact are right": 0.985,
        "of the worst kind are right": 0.87,
    }
}
MOST_RELATIVE_ERROR = 0.011
"""Of the 99th percentile."""
LEAST_OF_A_KIND = 20
LEAST_OF_A_SHAPE = 20
LEAST_SHARE_OF_A_SHAPE = 0.93
"""Below this share of right counts a confirmed shape is refuted. Its requests may be wrong for other reasons, too."""


class Scored(NamedTuple):
    """A recorded request: what was billed, its count as of its day, and by the rules of today."""

    bill: Mapping[str, Any]
    request: Request
    input_tokens: int
    tokens_today: int
    is_exact: bool

    @property
    def is_right(self) -> bool:
        """True if the count is what was billed."""
        return self.input_tokens == self.bill["input_tokens"]


CATALOG = read_catalog()
CHANGES = {
    day
    for model in CATALOG.models.values()
    for day in (model.prompt.charges_required_calls_until, model.prompt.escapes_parallel_results_until)
    if day
}
"""The last days of rules that are no longer in force."""


@cache
def make_meter(day: date | None) -> Meter:
    """Make the meter of a day; None: today."""
    return Meter(CATALOG, as_of=day)


def score_requests(folder: Path) -> Iterator[Scored]:
    """Count every request of a folder."""
    bills = {row["custom_id"]: row for row in map(json.loads, (folder / "usage.jsonl").open())}
    for line in (folder / "requests.jsonl").open():
        row = json.loads(line)
        sent, bill = read_request(row), bills[row["custom_id"]]
        created = bill.get("created")
        days = [datetime.fromtimestamp(created, UTC).date()] if created else [None, *CHANGES]
        counts = [make_meter(day).count(sent).input_tokens for day in days]
        tokens = bill["input_tokens"] if bill["input_tokens"] in counts else counts[0]
        today = make_meter(None).count(sent)
        yield Scored(bill, sent.request, tokens, today.input_tokens, today.is_exact)


def print_figures(folder: Path, scored: Sequence[Scored]) -> bool:
    """Print each figure of a folder with its floor; return True if all reach it."""
    kinds = collections.defaultdict(list)
    for one in scored:
        kinds[one.bill["endpoint"], one.bill["kind"]].append(one.is_right)
    worst = min((right for right in kinds.values() if len(right) >= LEAST_OF_A_KIND), key=statistics.mean)
    figures = (
        [one.is_right for one in scored],
        [one.is_right for one in scored if one.is_exact],
        [one.is_exact for one in scored],
    )
    shares = dict(zip(FLOORS, (*figures, worst, list(_check_cached(scored))), strict=True))
    floors = FLOORS | OWN_FLOORS.get(folder.name, {})
    for name, right in shares.items():
        print(f"{statistics.mean(right):7.2%} of {len(right):5,} {name} (at least {floors[name]:.1%})")
    today = [one.tokens_today == one.bill["input_tokens"] for one in scored]
    print(f"{statistics.mean(today):7.2%} of {len(today):5,} are right by the rules of today")
    errors = sorted(abs(one.input_tokens - one.bill["input_tokens"]) / one.bill["input_tokens"] for one in scored)
    relative = errors[int(0.99 * len(errors))]
    print(f"{relative:7.2%} is the 99th percentile of the relative error (at most {MOST_RELATIVE_ERROR:.1%})")
    is_near = relative <= MOST_RELATIVE_ERROR
    return is_near and all(statistics.mean(right) >= floors[name] for name, right in shares.items())


def _check_cached(scored: Iterable[Scored]) -> Iterator[bool]:
    """Check each request that read from the prompt cache: whole steps, and no more than its prompt has."""
    rules = CATALOG.limits.prompt_cache
    for one in scored:
        cached = one.bill["cached_tokens"]
        if cached:
            yield cached == count_cacheable_tokens(cached, rules) <= count_cacheable_tokens(one.input_tokens, rules)


def score_successors(folder: Path) -> bool:
    """Print how many requests of a folder the successor's rules count right; return True if that is enough.

    Other models count pictures by other rules.
    """
    meter = Meter(CATALOG, SUCCESSOR)
    bills = {row["custom_id"]: row for row in map(json.loads, (folder / "usage.jsonl").open())}
    right, sure = [], []
    for row in map(json.loads, (folder / "requests.jsonl").open()):
        bill = bills[row["custom_id"]]
        if bill["kind"] in UNCOUNTED_KINDS or (bill["kind"] == "image" and bill["model"] != SUCCESSOR):
            continue
        entry = meter.count(read_request(row))
        right.append(entry.input_tokens == bill["input_tokens"])
        sure += [right[-1]] if entry.is_exact else []
    print(f"{statistics.mean(right):7.2%} of {len(right):5,} are right to the token (at least {LEAST_RIGHT_OF_SUCCESSORS:.1%})")
    print(f"{statistics.mean(sure):7.2%} of {len(sure):5,} that are called exact are right (at least {EXACT_SUCCESSORS:.1%})")
    return statistics.mean(right) >= LEAST_RIGHT_OF_SUCCESSORS and statistics.mean(sure) >= EXACT_SUCCESSORS


def check_evidence(scored: Iterable[Scored]) -> bool:
    """Print each shape that the table of evidence calls confirmed and the recordings refute; return True if there is none."""
    seen = collections.defaultdict(list)
    for one in scored:
        for shape in {shape for shape, _ in find_shapes(one.request)}:
            evidence = shape.chat if one.request.is_chat else shape.responses
            if evidence.is_confirmed and one.is_exact:
                seen[shape.words, one.request.endpoint].append(one.is_right)
    refuted = [
        (words, endpoint, right)
        for (words, endpoint), right in seen.items()
        if len(right) >= LEAST_OF_A_SHAPE and statistics.mean(right) < LEAST_SHARE_OF_A_SHAPE
    ]
    print(f"\n{len(refuted)} of {len(seen)} confirmed shapes are refuted")
    for words, endpoint, right in refuted:
        print(f"{statistics.mean(right):7.2%} of {len(right):5,} with {words} in {endpoint}")
    return not refuted


def main() -> int:
    """Score every folder; return the exit code."""
    root = Path(sys.argv[1])
    folders = [path.parent for path in (root / "usage.jsonl", *sorted(root.glob("*/usage.jsonl"))) if path.exists()]
    every: list[Scored] = []
    is_good = True
    for folder in folders:
        print(f"\n{folder.name}")
        if folder.name == SUCCESSORS:
            is_good &= score_successors(folder)
        else:
            scored = list(score_requests(folder))
            is_good &= print_figures(folder, scored)
            every += scored
    return int(not (check_evidence(every) and is_good))


if __name__ == "__main__":
    sys.exit(main())
