"""gpt41.yaml: what it may say, and what is wrong with it, in which line and column."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.config.load import parse_config, read_aliases
from gpt41_cli.config.tables import AnswerTokens, CachedInput, RequestVolume, SpendingBudget, TotalBudget
from gpt41_cli.errors import TableError
from gpt41_cli.findings import Place

THE_RATE = "write workloads: {NAME: {volume: 40000 / month}}"
REQUESTS, VOLUME, TASK = (
    f"write {example}" for example in ("requests: prompts/*.json", "volume: 40000 / month", "require: {task: classification}")
)
WHOLE = """\
version: 1
defaults: {model: gpt-4.1-mini, platform: openai}
workloads:
  triage:
    requests: prompts/triage/*.json
    output_tokens: {expected: 120, high: 400}
    volume: 120000 / month
    cached: simulate
    requests_per_minute: 300
    lifetime: 24h
    mode: batch
    usage_tier: 2
    budget: {per_request_usd: 0.002, monthly_usd: 60, input_tokens: 8000, growth_percent: 10}
    require: {task: [classification, extraction], until: 2027-03-01, needs: [vision], tolerance_percent: 15, deadline: 2d}
    project: proj_support
budget: {monthly_usd: 500, growth_percent: 2.5}
"""


def test_everything_that_a_config_may_say(catalog: Catalog) -> None:
    config = parse_config(WHOLE.encode(), "gpt41.yaml", catalog)
    triage = config.workloads["triage"]
    assert (triage.requests, triage.prompt, triage.input_tokens) == (("prompts/triage/*.json",), (), None)
    assert (triage.model, triage.fallback_model) == (None, "gpt-4.1-mini")
    assert (triage.mode, triage.fallback_mode, triage.platform.id) == ("batch", "standard", "openai")
    assert triage.output_tokens == AnswerTokens(120, 400)
    assert triage.volume == RequestVolume(120_000, "month")
    assert triage.cached == CachedInput(is_simulated=True)
    assert (triage.requests_per_minute, triage.lifetime_minutes) == (300, 24 * 60)
    assert (triage.usage_tier, triage.project) == (2, "proj_support")
    assert triage.budget == SpendingBudget(Decimal("0.002"), Decimal(60), 8000, Decimal(10))
    assert [task.id for task in triage.require.tasks] == ["classification", "extraction"]
    assert (triage.require.until, triage.require.needs) == (date(2027, 3, 1), ("vision",))
    assert (triage.require.tolerance, triage.require.deadline) == (Decimal("0.15"), timedelta(days=2))
    assert config.budget == TotalBudget(Decimal(500), Decimal("2.5"))
    assert triage.locate("budget.monthly_usd") == Place("gpt41.yaml", 13, 38)
    assert triage.locate("") == triage.locate("model") == Place("gpt41.yaml", 4, 3)  # where the default is overridden
    assert config.locations["budget.monthly_usd"] == Place("gpt41.yaml", 16, 10)


def test_a_workload_goes_before_the_defaults(catalog: Catalog) -> None:
    text = """\
version: 1
defaults: {model: gpt-4.1, mode: batch, cached: 800, output_tokens: 5, usage_tier: 1, platform: openai}
workloads:
  as-said: {input_tokens: 10, model: gpt-4.1-mini, mode: standard, cached: 60%, output_tokens: {expected: 7}, usage_tier: 3}
  elsewhere: {prompt: [a.md, b.png], input_tokens: 10, platform: azure-global}
"""
    said, elsewhere = parse_config(text.encode(), "gpt41.yaml", catalog).workloads.values()
    assert (said.model, said.mode, said.cached.share, said.output_tokens) == (
        "gpt-4.1-mini",
        "standard",
        Decimal("0.6"),
        AnswerTokens(7, 7),
    )
    assert said.usage_tier == 3
    assert (elsewhere.model, elsewhere.fallback_model, elsewhere.fallback_mode) == (None, "gpt-4.1", "batch")
    assert (elsewhere.cached, elsewhere.output_tokens) == (CachedInput(800), AnswerTokens(5, 5))
    assert elsewhere.usage_tier is None  # a tier of OpenAI says nothing about another platform


@pytest.mark.parametrize(
    ("volume", "per_month"),
    [
        ("84 / week", Fraction(365)),
        ("12/day", Fraction(365)),
        ("1,200,000 / month", Fraction(1_200_000)),
        ("1_000 / day", Fraction(365_000, 12)),
    ],
)
def test_a_month_is_a_twelfth_of_a_year(catalog: Catalog, volume: str, per_month: Fraction) -> None:
    text = f"version: 1\nworkloads: {{a: {{input_tokens: 1, volume: '{volume}'}}}}\n"
    found = parse_config(text.encode(), "gpt41.yaml", catalog).workloads["a"].volume
    assert found is not None
    assert found.per_month == per_month


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (WHOLE, "- a\n", "1:1: the document: expected a mapping, found a list"),
        (WHOLE, "", " expected a mapping, found an empty document"),
        ("version: 1\n", "", "1:1: the document: expected the key version, found none; write version: 1"),
        ("version: 1", "version: 2", '1:10: version: expected 1, found "2"'),
        (
            "budget: {m",
            "budgets: {m",
            '16:1: budgets: unknown key "budgets"; write budget: {monthly_usd: 50}',
        ),
        (
            "monthly_usd: 500",
            "input_tokens: 5",
            (
                "16:10: budget.input_tokens: expected one of the keys growth_percent, monthly_usd, found the unknown "
                'key "input_tokens"'
            ),
        ),
        (
            "model: gpt-4.1-mini",
            "model: gpt-4.1-mni",
            (
                '2:19: defaults.model: unknown model "gpt-4.1-mni"; did you mean gpt-4.1-mini? '
                "--model NAME=MODEL, or models: in gpt41.yaml, says what a deployment or label is"
            ),
        ),
        (
            "platform: openai",
            "platform: opnai",
            '2:43: defaults.platform: unknown platform "opnai"; did you mean openai?',
        ),
        (
            "expected: 120",
            "expected: 1.5",
            '6:31: workloads.triage.output_tokens.expected: expected a whole number from 0 to 1,000,000,000,000, found "1.5"',
        ),
        ("high: 400", "high: 40", "6:42: workloads.triage.output_tokens.high: expected at least the expected 120, found 40"),
        (
            "{expected: 120, high: 400}",
            "many",
            '6:20: workloads.triage.output_tokens: expected a whole number from 0 to 1,000,000,000,000, found "many"',
        ),
        (
            "/ month",
            "/ year",
            (
                "7:13: workloads.triage.volume: expected requests per minute, hour, day, week or month, such as 120000 / month, "
                'found "120000 / year"'
            ),
        ),
        (
            "120000 / month",
            "0 / month",
            (
                "7:13: workloads.triage.volume: expected requests per minute, hour, day, week or month, such as 120000 / month, "
                'found "0 / month"'
            ),
        ),
        (
            "cached: simulate",
            "cached: 160%",
            ('8:13: workloads.triage.cached: expected tokens such as 800, a share such as 60%, or simulate, found "160%"'),
        ),
        (
            "cached: simulate",
            "cached: 60%",
            "9:26: workloads.triage.requests_per_minute: expected cached: simulate with it, found it alone",
        ),
        (
            "lifetime: 24h",
            "lifetime: long",
            '10:15: workloads.triage.lifetime: expected a time such as 90m, 24h or 2d, found "long"',
        ),
        (
            "mode: batch",
            "mode: bulk",
            '11:11: workloads.triage.mode: expected one of standard, batch, flex, priority, found "bulk"',
        ),
        ("usage_tier: 2", "usage_tier: 9", '12:17: workloads.triage.usage_tier: expected one of 1, 2, 3, 4, 5, found "9"'),
        (
            "usage_tier: 2",
            "usage_tier: 2\n    platform: azure-global",
            ("12:17: workloads.triage.usage_tier: expected a platform of openai with it, found azure-global, which has no tiers"),
        ),
        (
            "monthly_usd: 60",
            "monthly_usd: -6",
            '13:51: workloads.triage.budget.monthly_usd: expected a plain decimal such as 0.40, found "-6"',
        ),
        (
            "    volume: 120000 / month\n",
            "",
            "12:51: workloads.triage.budget.monthly_usd: expected a volume in the workload, found none",
        ),
        (
            "[classification",
            "[clasification",
            ('14:22: workloads.triage.require.task[0]: unknown task "clasification"; did you mean classification?'),
        ),
        (
            "needs: [vision]",
            "needs: [visoin]",
            '14:78: workloads.triage.require.needs[0]: unknown feature "visoin"; did you mean vision?',
        ),
        ("2027-03-01", "2027-02-30", '14:58: workloads.triage.require.until: expected a date, YYYY-MM-DD, found "2027-02-30"'),
        (
            "tolerance_percent: 15",
            "tolerance_percent: 150",
            '14:106: workloads.triage.require.tolerance_percent: expected at most 100, found "150"',
        ),
        *(
            (
                "deadline: 2d",
                f"deadline: {zero}",
                "14:120: workloads.triage.require.deadline: expected more than 0 minutes, such as 90m, 24h or 2d, found 0",
            )
            for zero in ("0m", "000h")
        ),
        (
            "requests: prompts/triage/*.json",
            "requests: []",
            "5:15: workloads.triage.requests: expected at least one, found an empty list",
        ),
        (
            "requests: prompts/triage/*.json",
            "request: a",
            '5:5: workloads.triage.request: unknown key "request"; write requests: prompts/*.json',
        ),
        (
            "requests: prompts/triage/*.json",
            "task: chat",
            '5:5: workloads.triage.task: unknown key "task"; write require: {task: classification}',
        ),
        (
            "budget: {per_request_usd: 0.002, monthly_usd: 60, input_tokens: 8000, growth_percent: 10}",
            "budget: 100",
            '13:13: workloads.triage.budget: expected a mapping, found "100"; write budget: {monthly_usd: 50}',
        ),
        (
            "    requests: prompts/triage/*.json\n",
            "",
            ("5:5: workloads.triage: expected requests, a prompt or input_tokens to say what is sent, found none of them"),
        ),
        (
            "    mode: batch\n",
            "    prompt: a.md\n",
            (
                "5:5: workloads.triage: expected requests, a prompt or input_tokens to say what is sent, found requests and "
                "prompt; the number of requests goes into volume"
            ),
        ),
    ],
)
def test_what_is_wrong_is_said_with_line_and_column(catalog: Catalog, before: str, after: str, message: str) -> None:
    assert before in WHOLE
    with pytest.raises(TableError) as raised:
        parse_config(WHOLE.replace(before, after, 1).encode(), "gpt41.yaml", catalog)
    assert str(raised.value) == f"gpt41.yaml:{message}"


def test_a_total_for_a_month_needs_every_volume(catalog: Catalog) -> None:
    text = "version: 1\nworkloads: {a: {input_tokens: 1}, b: {input_tokens: 1, volume: 1 / day}}\nbudget: {monthly_usd: 5}\n"
    with pytest.raises(TableError) as raised:
        parse_config(text.encode(), "gpt41.yaml", catalog)
    assert str(raised.value) == ("gpt41.yaml:3:23: budget.monthly_usd: expected a volume in every workload, found none in a")


def test_a_config_without_workloads(catalog: Catalog) -> None:
    with pytest.raises(TableError) as raised:
        parse_config(b"version: 1\nworkloads: {}\n", "gpt41.yaml", catalog)
    assert str(raised.value) == "gpt41.yaml:2:12: workloads: expected at least one workload, found none"


def test_all_mistakes_are_listed_by_their_place(catalog: Catalog) -> None:
    """What is missing only because a mistake was dropped isn't one."""
    text = (
        "version: 1\ndefaults: {modle: gpt-4.1, mode: standrd}\nworkloads:\n  a: {request: a.jsonl, volume: lots}\n"
        "  b: {input_tokens: many, budget: {per_request: 3}}\n  c: {requests: a.jsonl, prompt: x, require: {needs: [visoin]}}\n"
        "budgets: {}\n"
    )
    with pytest.raises(TableError) as raised:
        parse_config(text.encode(), "gpt41.yaml", catalog)
    errors = [raised.value, *raised.value.others]
    assert [(str(error.location and error.location.line), error.path, error.hint) for error in errors] == [
        ("2", "defaults.modle", "did you mean mode or model?"),
        ("2", "defaults.mode", ""),
        ("4", "workloads.a.request", "write requests: prompts/*.json"),
        ("4", "workloads.a.volume", ""),
        ("5", "workloads.b.input_tokens", ""),
        ("5", "workloads.b.budget.per_request", "write budget: {per_request_usd: 0.002}"),
        ("6", "workloads.c", "the number of requests goes into volume"),
        ("6", "workloads.c.require.needs[0]", "did you mean vision?"),
        ("7", "budgets", "write budget: {monthly_usd: 50}"),
    ]


def test_no_more_mistakes_are_listed_than_can_be_read(catalog: Catalog) -> None:
    workloads = "".join(f"  w{number}: {{requests: a.jsonl, volume: lots}}\n" for number in range(25))
    with pytest.raises(TableError) as raised:
        parse_config(f"version: 1\nworkloads:\n{workloads}".encode(), "gpt41.yaml", catalog)
    assert len(raised.value.others) == 19


def test_a_file_that_is_another_table_has_one_mistake(catalog: Catalog) -> None:
    with pytest.raises(TableError) as raised:
        parse_config(b"services: {web: {image: a}}\n", "gpt41.yaml", catalog)
    assert raised.value.others == []
    assert raised.value.hint == "gpt41 check --init prompts/ writes a first gpt41.yaml"


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("model: gpt-4.1", ["write defaults: {model: NAME}"]),
        ("task: chat", ["write workloads: {NAME: {require: {task: classification}}}"]),
        ("require: 1", ["write workloads: {NAME: {require: {task: classification}}}"]),
        ("zebra: 1", [""]),
        ("defaults: {max_tokens: 9, rate: 1}", ["write output_tokens: {expected: 120, high: 400}", THE_RATE]),
        ("defaults: {zebra: 9}", [""]),
        ("budget: 50", ["write budget: {monthly_usd: 50}"]),
        ("budget: {max: 50, growth: 10}", ["write budget: {monthly_usd: 50}", "write budget: {growth_percent: 10}"]),
    ],
)
def test_what_people_guess_is_answered_with_what_to_write(catalog: Catalog, text: str, hints: list[str]) -> None:
    """Without a version, too: it's one more mistake, and the others are still listed."""
    rest = "\nworkloads: {a: {input_tokens: 1}}\n"
    for version, before in (("", ["write version: 1"]), ("version: 1.0\n", [""]), ("version: 1\n", [])):
        with pytest.raises(TableError) as raised:
            parse_config((version + text + rest).encode(), "gpt41.yaml", catalog)
        assert sorted(error.hint for error in (raised.value, *raised.value.others)) == sorted(before + hints)


@pytest.mark.parametrize(
    ("workload", "hints"),
    [
        ("prompts/a.json", ["write triage: {requests: prompts/*.json}"]),
        (
            "{path: a.json, monthly_requests: 4, cache: 60%, Owner: me}",
            [REQUESTS, VOLUME, "write cached: 60%", "write # a comment"],
        ),
        ("{input_tokens: 1, output_tokens: {mean: 3, max: 4}}", ["write expected: 120", "write high: 400"]),
        ("{input_tokens: 1, budget: {monthly: 5}, require: chat}", ["write budget: {monthly_usd: 50}", TASK]),
        ("{input_tokens: 1, require: {tasks: chat}}", [TASK]),
        ("{input_tokens: 1, zebra: 2}", [""]),
    ],
)
def test_a_guess_in_a_workload_is_answered_with_what_to_write(catalog: Catalog, workload: str, hints: list[str]) -> None:
    with pytest.raises(TableError) as raised:
        parse_config(f"version: 1\nworkloads: {{triage: {workload}}}\n".encode(), "gpt41.yaml", catalog)
    assert [error.hint for error in (raised.value, *raised.value.others)] == hints


def test_a_model_may_have_its_short_name(catalog: Catalog) -> None:
    text = b"version: 1\nworkloads: {a: {input_tokens: 1, model: mini}}\n"
    assert parse_config(text, "gpt41.yaml", catalog).workloads["a"].model == "gpt-4.1-mini"


def test_the_models_of_deployments(catalog: Catalog) -> None:
    text = b"version: 1\nmodels: {prod-eu: gpt-4.1-mini}\nworkloads: {a: {input_tokens: 1, model: Prod-EU}}\n"
    assert read_aliases(text, "gpt41.yaml", catalog) == {"prod-eu": "gpt-4.1-mini"}
    assert read_aliases(b"version: 1\n", "gpt41.yaml", catalog) == {}
    config = parse_config(text, "gpt41.yaml", catalog)
    assert (config.models, config.workloads["a"].model) == ({"prod-eu": "gpt-4.1-mini"}, "gpt-4.1-mini")
