"""The rules as reports: one in full, or all of them in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError, UnknownName, quote_text
from gpt41_cli.reports import Report, ReportLine
from gpt41_cli.reports.columns import Column, make_records
from gpt41_cli.rules import RULES, SECTIONS, Effect, Level, Rule

SCHEMA = "gpt41.explain/1"

LEVELS = {
    Level.ERROR: "error: it ends the run with exit code 1",
    Level.WARNING: "warning: it fails a run only with --fail-on warning",
    Level.NOTICE: "notice: it is information",
}
EFFECTS = {
    Effect.AT_LEAST: "the answer becomes a lower bound and says at least",
    Effect.INEXACT: "the answer is not called exact",
}

_TOPICS = {rule: topic for topic, rules in SECTIONS.items() for rule in rules}
_COLUMNS: Sequence[Column[Rule]] = (
    Column(None, "rule", lambda rule: rule.id),
    Column(None, "topic", lambda rule: _TOPICS[rule]),
    Column(None, "level", lambda rule: rule.level.label),
    Column(None, "effect", lambda rule: rule.effect.name.lower().replace("_", "-")),
    Column(None, "meaning", lambda rule: rule.sentence),
    Column(None, "why", lambda rule: rule.why),
    Column(None, "remedy", lambda rule: rule.remedy),
)


def find_rule(name: str) -> Rule:
    """Find the rule with that id. Raises UnknownName with the ids most like it, or InputError if there are none."""
    rule = RULES.get(name.strip("[]").lower().replace("_", "-"))
    if rule:
        return rule
    if get_close_matches(name.lower(), RULES):
        raise UnknownName("rule", name, RULES)
    raise InputError("RULE", "the id of a rule", quote_text(name), "gpt41 explain lists all rules")


def make_rule_report(rule: Rule) -> Report:
    """Make the report of one rule."""
    lines = [ReportLine("why", rule.why), ReportLine("do", rule.remedy), ReportLine("level", LEVELS[rule.level])]
    if rule.effect in EFFECTS:
        lines.append(ReportLine("effect", EFFECTS[rule.effect]))
    return _make_report([rule], f"{rule.id}: {rule.sentence}", lines, rule.sentence)


def make_rule_list() -> Report:
    """Make the report of all rules, by topic."""
    rules = list(RULES.values())
    headline = f"{format_int(len(rules))} rules; gpt41 explain RULE says why a rule matters and what to do"
    return _make_report(rules, headline, [ReportLine(rule.id, rule.sentence) for rule in rules], "\n".join(RULES))


def _make_report(rules: Sequence[Rule], headline: str, lines: Sequence[ReportLine], answer: str) -> Report:
    records = make_records(_COLUMNS, rules)
    return Report(SCHEMA, answer, headline, tuple(lines), (), (), (), {"rules": records}, records, None)
