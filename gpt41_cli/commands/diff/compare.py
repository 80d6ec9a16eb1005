"""What does a change cost? The workloads of two sides compared: what moved each price, which files did, what grew too far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.diff.causes import ADDED, PRICES, REMOVED, STORAGE, VOLUME, Amount, Cause, Market, Repriced, causes
from gpt41_cli.commands.diff.growth import Grown, Growth, growths
from gpt41_cli.display import printable
from gpt41_cli.errors import Gpt41Error, MissingPrice, quoted
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.workloads.costing import Costing

MONTH, REQUEST = "month", "request"

_MOST_FILES = 5


class Side(NamedTuple):
    """One side of a comparison: what to call it, its workloads at their prices, and the budget for the growth of them all.

    `places` tell where a workload is declared, and under the empty name that budget. `has_config` False: there was no gpt41.yaml.
    """

    label: str
    costings: Mapping[str, Costing]
    growth_percent: Decimal | None = None
    places: Mapping[str, Location] = {}
    has_config: bool = True


NOTHING = Amount(Fraction(0), Fraction(0), Fraction(0), Fraction(0))


class Compared(NamedTuple):
    """One workload on both sides, None where a side lacks it. Amounts are of a `unit`: a request, or a month where a side has a
    volume. A side without one has nothing in it.

    `was` is the price before, `repriced` the same work at the prices of today, `now` the price after, of today too. The
    `causes` add up to what lies between `was` and `now`; those that move nothing are left out.
    """

    name: str
    before: Repriced | None
    after: Repriced | None
    unit: str
    was: Amount
    repriced: Amount
    now: Amount
    causes: tuple[Cause, ...]

    @property
    def is_unchanged(self) -> bool:
        """Whether neither the price nor the mean request has moved."""
        if not (self.before and self.after) or self.gained_volume is not None:
            return False
        return self.before.mean == self.after.mean and self.was == self.now

    @property
    def gained_volume(self) -> bool | None:
        """Whether only the side after has a volume, or only that before; None where the sides are alike."""
        if not (self.before and self.after) or bool(self.before.costing.volume) == bool(self.after.costing.volume):
            return None
        return self.before.costing.volume is None


class Total(NamedTuple):
    """Workloads together: of a month those that have a volume on a side; where none has, one request of each. `apart` are the
    others.
    """

    unit: str
    was: Amount
    repriced: Amount
    now: Amount
    causes: tuple[Cause, ...]
    apart: tuple[str, ...]


class Moved(NamedTuple):
    """A file that adds other tokens to `workloads` than before; None on the side that lacks it there."""

    path: str
    workloads: tuple[str, ...]
    before: int | None
    after: int | None

    @property
    def tokens(self) -> int:
        """By how many."""
        return (self.after or 0) - (self.before or 0)


class Diff(NamedTuple):
    """Two sides compared at the prices of the day `as_of`. `files` are those that moved most, of `files_moved`."""

    before: Side
    after: Side
    as_of: date
    workloads: tuple[Compared, ...]
    total: Total
    files: tuple[Moved, ...]
    files_moved: int
    growth: tuple[Growth, ...]
    findings: tuple[Finding, ...]


def compare(before: Side, after: Side, catalog: Catalog, as_of: date) -> Diff:
    """The workloads of two sides compared, each by its name. Both are priced by `catalog` for the day `as_of`, so that a price
    that has changed since is never blamed on the work. MissingPrice, with side and workload, where one has no price then.
    """
    market = Market(catalog, as_of)
    names = dict.fromkeys((*after.costings, *before.costings))
    workloads = tuple(_compared(name, _priced(before, name, market), _priced(after, name, market), market) for name in names)
    total = total_of(workloads)
    moved = _moved(before.costings, after.costings)
    checked = growths(list(_grown(before, after, workloads, total, as_of)))
    return Diff(
        before,
        after,
        as_of,
        workloads,
        total,
        tuple(moved[:_MOST_FILES]),
        len(moved),
        checked,
        (*_first_time(before), *(each.finding for each in checked if each.finding)),
    )


def _first_time(before: Side) -> Iterator[Finding]:
    if not before.has_config:
        message = f"{before.label} declares no workloads: every one is new, and none has grown"
        yield Finding("base-without-config", Level.NOTICE, message)


def _priced(side: Side, name: str, market: Market) -> Repriced | None:
    if name not in side.costings:
        return None
    try:
        return market.price(side.costings[name])
    except Gpt41Error as error:
        raise MissingPrice(f"{side.label}: {quoted(name)}: {error}") from None


def _compared(name: str, before: Repriced | None, after: Repriced | None, market: Market) -> Compared:
    volumes = [each.costing.volume for each in (before, after) if each]
    unit = MONTH if any(volumes) else REQUEST
    many_before, many_after = (_many(each, unit) for each in (before, after))
    stored_before, stored_after = (_stored(each and each.storage_usd, unit) for each in (before, after))
    stored_then = _stored(before and before.costing.storage_monthly_usd, unit)
    repriced = before.each.times(many_before).plus(stored_before) if before else NOTHING
    was = _saved(before).times(many_before).plus(stored_then) if before else NOTHING
    now = after.each.times(many_after).plus(stored_after) if after else NOTHING
    found = [Cause(PRICES, repriced.expected_usd - was.expected_usd)]
    if before and after:
        found += (Cause(each.name, each.usd * many_before) for each in causes(before, after, market))
        found.append(Cause(VOLUME, after.each.expected_usd * (many_after - many_before)))
        found.append(Cause(STORAGE, stored_after - stored_before))
    else:
        found.append(Cause(ADDED if after else REMOVED, now.expected_usd - repriced.expected_usd))
    return Compared(name, before, after, unit, was, repriced, now, tuple(each for each in found if each.usd))


def _saved(priced: Repriced) -> Amount:
    """What a request cost at the prices of its side."""
    usd = priced.costing.each_usd
    return priced.each._replace(expected_usd=usd.expected, high_usd=usd.high)


def _stored(monthly_usd: Fraction | None, unit: str) -> Fraction:
    """What is stored, in a unit: it is of no request."""
    return monthly_usd if monthly_usd and unit == MONTH else Fraction(0)


def _many(priced: Repriced | None, unit: str) -> Fraction:
    """How many requests there are in a unit."""
    if unit == REQUEST:
        return Fraction(1)
    volume = priced and priced.costing.volume
    return volume.per_month if volume else Fraction(0)


def total_of(workloads: Sequence[Compared]) -> Total:
    """All of them together, its causes by their size."""
    unit = MONTH if any(each.unit == MONTH for each in workloads) else REQUEST
    inside = [each for each in workloads if each.unit == unit]
    moved: dict[str, Fraction] = {}
    for cause in chain.from_iterable(each.causes for each in inside):
        moved[cause.name] = moved.get(cause.name, Fraction(0)) + cause.usd
    by_size = sorted((Cause(*each) for each in moved.items() if each[1]), key=lambda cause: -abs(cause.usd))
    return Total(
        unit,
        _sum(each.was for each in inside),
        _sum(each.repriced for each in inside),
        _sum(each.now for each in inside),
        tuple(by_size),
        tuple(each.name for each in workloads if each.unit != unit),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    return Amount(*(sum(each, Fraction(0)) for each in zip(NOTHING, *amounts, strict=True)))


def _moved(before: Mapping[str, Costing], after: Mapping[str, Costing]) -> list[Moved]:
    """The files that moved, those first that moved most. What a file adds to several workloads alike is told once."""
    sides = [
        {(name, path): tokens.input_tokens for name, each in side.items() for path, tokens in each.files.items()}
        for side in (before, after)
    ]
    workloads: dict[tuple[str, int | None, int | None], list[str]] = {}
    for name, path in dict.fromkeys(chain(*sides)):
        tokens = [side.get((name, path)) for side in sides]
        if (tokens[0] or 0) != (tokens[1] or 0):
            workloads.setdefault((path, tokens[0], tokens[1]), []).append(name)
    found = [Moved(path, tuple(names), *tokens) for (path, *tokens), names in workloads.items()]
    return sorted(found, key=lambda each: (-abs(each.tokens), each.path))


def _grown(before: Side, after: Side, workloads: Iterable[Compared], total: Total, as_of: date) -> Iterator[Grown]:
    """The budgets for growth: of workloads on both sides, and of all together. What a price table has made dearer is none."""

    def base(was: Amount, repriced: Amount) -> str:
        return before.label if was == repriced else f"{before.label} at the prices of {as_of}"

    for each in workloads:
        allowed = each.after and each.after.costing.growth_percent
        if each.before and each.after and allowed is not None:
            unit, was, repriced, now = each.unit, each.was, each.repriced, each.now
            if each.gained_volume is not None:  # of a month, there is nothing to have grown from
                unit, was, repriced, now = REQUEST, _saved(each.before), each.before.each, each.after.each
            what = (each.name, f"{printable(each.name)}:", f"a {unit}", base(was, repriced))
            yield Grown(*what, repriced, now, allowed, after.places.get(each.name))
    if after.growth_percent is not None and before.has_config:
        unit = "a month" if total.unit == MONTH else "for a request of each workload"
        what = ("", "all of it together", unit, base(total.was, total.repriced))
        yield Grown(*what, total.repriced, total.now, after.growth_percent, after.places.get(""))
