"""Markdown as GitHub reads it: whatever text is in a report, it stays text, and all of it fits into a comment."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt41_cli.display import sanitize
from gpt41_cli.findings import Finding, Place
from gpt41_cli.reports import CheckCase, Report, ReportLine, Row, Table, TextBlock, make_headings
from gpt41_cli.reports.places import format_unmentioned_place
from gpt41_cli.rules import Level
from gpt41_cli.views import render
from tests.builders import FINDINGS, HOSTILE_TEXTS, SCREEN, make_finding, make_findings_report
from tests.readers import TAGS, MarkdownPage

NAMES = make_headings("`file", "", ">tokens")
TABLES = st.lists(
    st.builds(
        Table,
        st.just(NAMES),
        st.lists(
            st.builds(Row, st.tuples(HOSTILE_TEXTS, HOSTILE_TEXTS, HOSTILE_TEXTS), st.sampled_from(["", "chosen", "faint"])),
            max_size=4,
        ).map(tuple),
        HOSTILE_TEXTS,
        st.booleans(),
    ),
    max_size=3,
).map(tuple)


def spaced(*texts: str) -> str:
    """Texts as a browser shows them beside each other."""
    return " ".join(" ".join(map(sanitize, texts)).replace("\u200b", "").split())


@given(
    HOSTILE_TEXTS,
    st.lists(st.builds(ReportLine, st.just("why"), HOSTILE_TEXTS, HOSTILE_TEXTS), max_size=3).map(tuple),
    FINDINGS,
    TABLES,
    HOSTILE_TEXTS,
)
def test_any_text_stays_text(
    headline: str, lines: tuple[ReportLine, ...], findings: tuple[Finding, ...], tables: tuple[Table, ...], text: str
) -> None:
    blocks = (
        TextBlock(f"x{text}", text),
        TextBlock(text, ""),
        TextBlock(f"- {text}", ""),
        TextBlock("1. a", ""),
        TextBlock("---", ""),
        TextBlock("+ b", ""),
    )
    given = make_findings_report(*findings, headline=f"x{headline}", lines=lines, tables=tables, blocks=blocks, notes=(text,))
    drawn = render(given, "markdown", SCREEN)
    page = MarkdownPage(drawn)
    assert {tag for tag, _ in page.texts} <= TAGS
    assert page.all("strong")[0] == spaced(f"x{headline}")
    assert page.all("li") == [
        *(spaced("why", each.text, each.citation) for each in lines),
        *(
            spaced(each.level.label, each.rule.id, each.message, format_unmentioned_place(each))
            for each in given.unmentioned_findings
        ),
    ]
    cells = [cell for table in tables for cells in [("file", "", "tokens"), *(row.cells for row in table.rows)] for cell in cells]
    assert [cell.replace(" ", "") for cell in page.all("td", "th")] == [spaced(cell).replace(" ", "") for cell in cells]
    folded = [spaced(table.title or "Details") for table in tables if table.is_detail]
    assert page.all("summary") == folded
    assert len([tag for tag, _ in page.texts if tag == "details"]) == len(folded)


CELLS = st.sampled_from(["`" * 1000, "|" * 1000, "@" * 1000, "word " * 200, "\x1b" * 1000, "short"])


@settings(max_examples=15)
@given(st.integers(0, 40), st.integers(0, 6), st.integers(1, 3), st.data())
def test_it_always_fits_into_a_comment_and_is_cut_between_lines(many: int, rows: int, tables: int, data: st.DataObject) -> None:
    cell, message, line = data.draw(CELLS), data.draw(CELLS), data.draw(CELLS)
    table = Table(make_headings(*("`a", "b") * 8), (Row((cell,) * 16),) * rows, message, data.draw(st.booleans()))
    given = make_findings_report(
        *(make_finding(f"{index} {message}", Level.WARNING) for index in range(many)),
        headline=cell,
        lines=(ReportLine("why", line, cell),) * many,
        tables=(table,) * tables,
        notes=(line,) * many,
        blocks=(TextBlock(cell, f"{line}\n" * rows),) * tables,
    )
    drawn = render(given, "markdown", SCREEN)
    assert len(drawn) < 65_000
    assert {tag for tag, _ in MarkdownPage(drawn).texts} <= TAGS


def test_what_is_cut_is_counted_and_the_worst_is_kept() -> None:
    findings = [make_finding(f"notice {index} {'x' * 80}", Level.NOTICE) for index in range(5000)]
    table = Table(make_headings("n"), tuple(Row((str(index),)) for index in range(5000)), "Numbers")
    drawn = render(
        make_findings_report(*findings, make_finding("the worst", at=Place("gpt41.yaml", 7)), tables=(table,)),
        "markdown",
        SCREEN,
    ).splitlines()
    assert drawn[2] == "- **error** `batch-bytes` the worst <sub>gpt41.yaml:7</sub>"
    shown = sum(line.startswith("- **") for line in drawn)
    assert f"- and {5001 - shown:,} more findings" in drawn
    rows = [line for line in drawn if line.startswith("| ")][2:]
    assert rows == [f"| {index} |" for index in range(len(rows))]
    assert drawn[-1] == f"and {5000 - len(rows):,} more rows"
    assert 100 < shown == len(rows)


def test_a_detail_is_folded_and_what_fits_is_not_cut() -> None:
    table = Table(make_headings("a"), (Row(("1",)),), "Files & <folders>", is_detail=True)
    shown: Report = make_findings_report(tables=(table, table._replace(is_detail=False, title="1. All")))
    assert render(shown, "markdown", SCREEN) == (
        "**Rejected**\n\n<details><summary>Files &amp; &lt;folders&gt;</summary>\n\n| a |\n| --- |\n| 1 |\n\n</details>\n\n"
        "1\\. All\n\n| a |\n| --- |\n| 1 |\n"
    )
    assert "Files & <folders>\n  a\n  1" in render(shown, "text", SCREEN)


def test_a_check_shows_its_verdict_what_fails_it_and_its_table_and_folds_the_rest() -> None:
    table = Table(make_headings("a"), (Row(("1",)),))
    files = table._replace(title="Files", is_detail=True)
    found = make_finding("too much"), make_finding("may be too much", Level.WARNING)
    given = make_findings_report(*found, lines=(ReportLine("at most", "$2"),), tables=(files, table))
    drawn = render(given._replace(cases=(CheckCase("triage", "budget", found[:1]),)), "markdown", SCREEN)
    grid = "| a |\n| --- |\n| 1 |"
    assert drawn == (
        f"**Rejected**\n\n- **error** `batch-bytes` too much\n\n{grid}\n\n"
        "<details><summary>Details: 1 warning</summary>\n\n- **warning** `batch-bytes` may be too much\n- *at most* \\$2\n\n"
        f"</details>\n\n<details><summary>Files</summary>\n\n{grid}\n\n</details>\n"
    )


COMMIT = "0123456789abcdef0123456789abcdef01234567"
REFERENCES = [
    COMMIT,
    COMMIT[8:15],
    COMMIT.upper(),
    f"a{COMMIT[:39]}",
    f"team@{COMMIT}",
    ":tada:",
    ":stuck_out_tongue:",
    ":+1:",
    ":100:",
    "x::tada:",
]
REFERENCES += ["@team", "@org/team", "#12", "owner/repo#12", "GH-12", "https://example.org", "www.example.org", "a@example.org"]
LINKED = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])|:(?!2:)[\w+-]+:|@\w|#\d|\bgh-\d|://|\bwww\.", re.IGNORECASE)
"""What GitHub makes links, mentions and emoji of, outside of code."""


@pytest.mark.parametrize("text", REFERENCES)
@pytest.mark.parametrize("around", ["{}", "x {} y", "({})", "_{}_", "a, {}."])
def test_no_name_is_a_link_a_mention_or_an_emoji_on_github(text: str, around: str) -> None:
    assert LINKED.search(text)
    said = around.format(text)
    table = Table(make_headings("why"), (Row((said,)),), said, is_detail=True)
    lines = (ReportLine("why", said, said),)
    finding = make_finding(said, at=Place(said))
    drawn = render(make_findings_report(finding, headline=said, lines=lines, tables=(table,), notes=(said,)), "markdown", SCREEN)
    page = MarkdownPage(drawn)
    shown = [shown for _, shown in page.texts]
    assert sum(said in one.replace("\u200b", "") for one in shown) >= 7
    assert not [one for tag, one in page.texts if tag != "code" and LINKED.search(one)]


@pytest.mark.parametrize(
    "text", ["$1,234,567.89", "0.0002956", "1234567", "ft:gpt-4.1-mini:o.rg::id", "2026-11-23", "a.yaml:2: b"]
)
def test_a_figure_can_be_copied(text: str) -> None:
    assert text in render(make_findings_report(headline=text), "markdown", SCREEN).replace("\\", "")
