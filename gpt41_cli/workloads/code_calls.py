"""Find the calls in the code that gpt41.yaml names: which models are called, and which calls have changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog, Market
from gpt41_cli.code.calls import UseKind
from gpt41_cli.code.scan import scan_files
from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.config.tables import Config
from gpt41_cli.errors import Gpt41Error, InputError
from gpt41_cli.findings import Place
from gpt41_cli.workloads.priced import PricedWorkload, price_declared_workload

if TYPE_CHECKING:
    from gpt41_cli.code.uses import CodeUse
    from gpt41_cli.files.sources import InputSource
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.workloads.declared_files import FileLister


class CodeCalls(NamedTuple):
    """The calls in the code of one side, by the key of their file, and what can't be read. `display_path` is for messages."""

    by_file: dict[str, list[CodeUse]]
    unreadable: tuple[SkippedPath, ...] = ()

    @property
    def uses(self) -> Iterator[CodeUse]:
        """All calls, in the order of the files."""
        for uses in self.by_file.values():
            yield from uses


def find_code_calls(
    config: Config, files: FileLister, market: Market, jobs: int | None = None, *, may_lack: bool = False
) -> CodeCalls:
    """Find the calls to models in the files and folders that `code` of gpt41.yaml names; gpt41.yaml itself doesn't count.

    Raises InputError if there is nothing of that name, unless this side `may_lack` it.
    """
    sources: dict[str, InputSource] = {}
    skipped: list[SkippedPath] = []
    for pattern in config.code:
        try:
            listed, left_out = files(pattern)
        except InputError as error:
            if may_lack:
                continue
            raise InputError("code", location=config.locations["code"], problem=error) from None
        sources |= listed
        skipped += left_out
    market = market._replace(catalog=market.catalog.with_aliases(config.models))
    shown = {key: source.name for key, source in sources.items()}
    keyed = [source._replace(name=key) for key, source in sources.items() if key.rsplit("/", 1)[-1] != CONFIG_NAME]
    scan = scan_files(keyed, market, jobs=jobs)
    by_file: dict[str, list[CodeUse]] = {}
    for use in scan.uses:
        if use.kind is UseKind.CALL and use.entry in market.catalog.models:
            place = use.place._replace(path=shown[use.place.path], column=None)
            by_file.setdefault(use.place.path, []).append(use._replace(place=place))
    unreadable = [skip._replace(path=shown[skip.path]) for skip in scan.skipped if skip.is_unreadable]
    return CodeCalls(by_file, (*(skip for skip in skipped if skip.is_unreadable), *unreadable))


def get_declared_model(catalog: Catalog, priced: PricedWorkload) -> str:
    """Return the model of a workload as a scan names it."""
    return catalog.variant(priced.cost.model).id


class WorkloadEffect(NamedTuple):
    """How much more a workload would cost, per `unit`, if it were sent to another model; None if that has no price for it."""

    workload: str
    unit: str
    change_usd: Fraction | None
    exceeds_growth: bool


class CodeChange(NamedTuple):
    """A call that names another model than before, and what that means for each workload that declares the model before."""

    place: Place
    before: str
    after: str
    effects: tuple[WorkloadEffect, ...]


def find_code_changes(
    before: CodeCalls, after: CodeCalls, workloads: Sequence[PricedWorkload], market: Market
) -> Iterator[CodeChange]:
    """Yield the calls that name another model than before. In a file, the calls that are gone and those that are new make pairs
    in their order. The calls of files that are gone make pairs with those of new files.

    `workloads` are those of the side after. A change that they follow isn't reported: they declare the new model, and not the old
    one.
    """
    gone = [use for key, uses in before.by_file.items() if key not in after.by_file for use in uses]
    new = [use for key, uses in after.by_file.items() if key not in before.by_file for use in uses]
    pairs = list(_pair(gone, new))
    for key, uses in after.by_file.items():
        pairs += _pair(before.by_file.get(key, ()), uses) if key in before.by_file else ()
    declared = {get_declared_model(market.catalog, workload) for workload in workloads}
    for old, use in pairs:
        if old.subject in declared or use.subject not in declared:
            moved = (workload for workload in workloads if get_declared_model(market.catalog, workload) == old.subject)
            effects = tuple(_price_effect(workload, use.subject, market) for workload in moved)
            yield CodeChange(use.place, old.subject, use.subject, effects)


def _pair(before: Sequence[CodeUse], after: Sequence[CodeUse]) -> Iterator[tuple[CodeUse, CodeUse]]:
    """Pair the calls that only one side has, in their order."""
    kept = Counter(use.subject for use in before) & Counter(use.subject for use in after)
    yield from zip(_drop(before, kept), _drop(after, kept), strict=False)


def _drop(uses: Sequence[CodeUse], kept: Counter[str]) -> Iterator[CodeUse]:
    """Yield all but the first uses of each model that both sides have."""
    left = kept.copy()
    for use in uses:
        left[use.subject] -= 1
        if left[use.subject] < 0:
            yield use


def _price_effect(priced: PricedWorkload, model: str, market: Market) -> WorkloadEffect:
    """Price a workload at another model, as it is sent now."""
    contents = priced.contents._replace(variant=market.catalog.variant(model))
    unit = "month" if priced.cost.volume else "request"
    try:
        moved = price_declared_workload(priced.declaration, contents, market).cost
    except Gpt41Error:
        return WorkloadEffect(priced.declaration.name, unit, None, exceeds_growth=False)
    was, now = (cost.monthly_usd or cost.usd_per_request for cost in (priced.cost, moved))
    change = now.expected - was.expected
    allowed = priced.declaration.budget.growth_percent
    exceeds = allowed is not None and change > was.expected * Fraction(allowed) / 100
    return WorkloadEffect(priced.declaration.name, unit, change, exceeds)
