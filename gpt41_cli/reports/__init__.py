"""Report: the shape of every answer. Every command makes one, and every format draws one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from gpt41_cli.findings import Finding, sort_worst_first
from gpt41_cli.rules import Level

if TYPE_CHECKING:  # a bare count must not import the price table, nor a price the readers of requests
    from datetime import date
    from decimal import Decimal
    from fractions import Fraction

    from gpt41_cli.catalog import Catalog
    from gpt41_cli.reports.chart import Chart

Json: TypeAlias = "str | int | bool | Decimal | Fraction | date | Sequence[Json] | Mapping[str, Json] | None"
"""The values of JSON and CSV, still exact: `views.dump_exact` makes text of decimals, ratios and days."""


class ReportLine(NamedTuple):
    """A labelled sentence below the headline, with the source it cites.

    `share`: the part of the whole that it is about, as a bar. `is_detail`: the answer can be understood without it.
    """

    label: str
    text: str
    citation: str = ""
    share: Fraction | None = None
    is_detail: bool = False


class Row(NamedTuple):
    """The cells of a row as text; `tone` is chosen, faint or empty. `is_detail`: the answer can be understood without it."""

    cells: tuple[str, ...]
    tone: str = ""
    is_detail: bool = False


class Heading(NamedTuple):
    """The heading of a column.

    `is_name`: the cells are names from outside, which a format may set apart from prose. `is_bar`: they are shares of one, as
    fractions, that a format of fixed width may draw. `spare_rank`: columns with 1 go first if the width isn't enough, then those
    with more; those with 0 stay.
    """

    title: str
    is_right_aligned: bool = False
    is_name: bool = False
    is_bar: bool = False
    spare_rank: int = 0


class Table(NamedTuple):
    """Rows under headings. `is_detail`: the answer can be understood without it, so a format may fold it."""

    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    title: str = ""
    is_detail: bool = False

    @property
    def without_details(self) -> Table:
        """The same table without the rows that are details."""
        return self._replace(rows=tuple(row for row in self.rows if not row.is_detail))

    @property
    def without_bars(self) -> Table:
        """The same table without bars."""
        return self.without_columns([index for index, heading in enumerate(self.headings) if heading.is_bar])

    def without_columns(self, dropped: Collection[int]) -> Table:
        """Return the table without the columns at some positions."""
        kept = [index for index in range(len(self.headings)) if index not in dropped]
        rows = tuple(row._replace(cells=tuple(row.cells[index] for index in kept)) for row in self.rows)
        return self._replace(headings=tuple(self.headings[index] for index in kept), rows=rows)

    def with_cells(self, make: Callable[[Heading, str], str]) -> Table:
        """Return the table with what `make` makes of each cell."""
        rows = (row._replace(cells=tuple(map(make, self.headings, row.cells))) for row in self.rows)
        return self._replace(rows=tuple(rows))


class CheckCase(NamedTuple):
    """One check, with or without findings, for formats that also list passed checks."""

    group: str
    name: str
    findings: tuple[Finding, ...] = ()


class TextBlock(NamedTuple):
    """Text from outside, shown as it is under a title."""

    title: str
    text: str


def make_lines(label: str, findings: Iterable[Finding]) -> Iterator[ReportLine]:
    """Make a line of each finding."""
    return (ReportLine(label, finding.message, finding.citation) for finding in findings)


def make_headings(*titles: str) -> tuple[Heading, ...]:
    """Make headings from titles with marks before them: `>` aligns to the right, a backtick marks names from outside, `|` a bar,
    `~` what may be left out on a narrow screen, `~~` what is left out after that.
    """

    def make(title: str) -> Heading:
        plain = title.lstrip(">`|~")
        marks = title[: len(title) - len(plain)]
        return Heading(plain, ">" in marks, "`" in marks, "|" in marks, marks.count("~"))

    return tuple(map(make, titles))


class Report(NamedTuple):
    """An answer. People read `headline`, `lines`, `tables` and `blocks`; programs read `answer`, `data` and `records`, which are
    exact.

    `data` is what JSON holds beyond the common keys, `records` what CSV holds, `answer` what `-q` prints. `catalog` is None if no
    figure of the price table was needed. `cases` are the checks of a report of checks. A finding at `fails_at` or above fails the
    run; None means that none does. `charts` and `parts`, each a report on a part, are for formats that have room for them.
    `mentioned` are the findings that the headline or a line already says. `bound` says what `answer` alone can't show: that it is
    the most, the least, or near the true figure, or a default choice. `focus_rows` are the lines of a bill in the columns of
    `views/focus.py`.
    """

    schema: str
    answer: str
    headline: str
    lines: tuple[ReportLine, ...]
    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    data: Mapping[str, Json]
    records: tuple[Mapping[str, Json], ...]
    catalog: Catalog | None
    blocks: tuple[TextBlock, ...] = ()
    cases: tuple[CheckCase, ...] = ()
    fails_at: Level | None = Level.ERROR
    charts: tuple[Chart, ...] = ()
    parts: tuple[Report, ...] = ()
    mentioned: Collection[Finding] = ()
    bound: str = ""
    focus_rows: tuple[Mapping[str, Json], ...] = ()

    def fails(self, finding: Finding) -> bool:
        """Return True if a finding fails the run."""
        return self.fails_at is not None and finding.level >= self.fails_at

    def with_moved_paths(self, move: Callable[[str], str]) -> Report:
        """Return the report with the paths of its findings changed by `move`."""

        def placed(finding: Finding) -> Finding:
            place = finding.place
            return finding._replace(place=place._replace(path=move(place.path))) if place else finding

        cases = tuple(case._replace(findings=tuple(map(placed, case.findings))) for case in self.cases)
        findings, mentioned = (tuple(map(placed, group)) for group in (self.findings, self.mentioned))
        return self._replace(findings=findings, cases=cases, mentioned=mentioned)

    @property
    def all_charts(self) -> tuple[Chart, ...]:
        """The charts of the report and of its parts."""
        return (*self.charts, *(chart for part in self.parts for chart in part.all_charts))

    @property
    def unmentioned_findings(self) -> tuple[Finding, ...]:
        """The findings that neither the headline nor a line mentions, the worst first."""
        return tuple(finding for finding in sort_worst_first(self.findings) if finding not in self.mentioned)
