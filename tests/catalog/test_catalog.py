"""The price table: what it says, and how a wrong one is refused."""

from __future__ import annotations

import pickle
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from gpt41_cli.catalog import MODES, Catalog, parse_catalog, read_catalog
from gpt41_cli.errors import InputError, MissingPrice, TableError, UnknownModel, UnknownName
from gpt41_cli.pricing import Rates
from gpt41_cli.tokens.text.vocabulary import VOCABULARIES
from tests.builders import TABLE, market, position, section
from tests.conftest import ROOT

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    """pricing.yaml itself."""
    return read_catalog()


def rates(*prices: str | None) -> Rates:
    found = [None if price is None else Decimal(price) for price in prices]
    assert found[0] is not None
    assert found[2] is not None
    return Rates(found[0], found[1], found[2])


@pytest.mark.parametrize(
    ("model", "mode", "expected"),
    [
        ("gpt-4.1", "standard", rates("2.00", "0.50", "8.00")),
        ("gpt-4.1", "batch", rates("1.00", None, "4.00")),
        ("gpt-4.1", "priority", rates("3.50", "0.875", "14.00")),
        ("gpt-4.1-mini", "standard", rates("0.40", "0.10", "1.60")),
        ("gpt-4.1-mini", "batch", rates("0.20", None, "0.80")),
        ("gpt-4.1-mini", "priority", rates("0.70", "0.175", "2.80")),
        ("gpt-4.1-nano", "standard", rates("0.10", "0.025", "0.40")),
        ("gpt-4.1-nano", "batch", rates("0.05", None, "0.20")),
        ("gpt-4.1-nano", "priority", rates("0.20", "0.05", "0.80")),
        ("gpt-4o", "standard", rates("2.50", "1.25", "10.00")),
        ("gpt-4o-2024-05-13", "standard", rates("5.00", None, "15.00")),
        ("gpt-6-luna", "batch", rates("0.05", "0.005", "0.25")),
        ("ft:gpt-4.1-mini-2025-04-14:org::id", "standard", rates("0.80", "0.20", "3.20")),
        ("ft:gpt-4.1-mini:org::id", "batch", rates("0.40", None, "1.60")),
    ],
)
def test_the_price_of_a_model_in_a_mode(catalog: Catalog, model: str, mode: str, expected: Rates) -> None:
    offer = market(catalog, "openai", TODAY).offer(catalog.variant(model), mode)
    assert offer.row.rates == expected


def test_a_snapshot_is_its_model_and_a_fine_tune_keeps_its_id(catalog: Catalog) -> None:
    assert catalog.variant("gpt-4.1-2025-04-14") == catalog.variant("gpt-4.1")
    tuned = catalog.variant("ft:gpt-4.1-2025-04-14:org::id")
    assert tuned.id == "ft:gpt-4.1-2025-04-14:org::id"
    assert tuned.model == catalog.variant("gpt-4.1").model
    assert tuned.context_window == 128_000


def test_every_model_is_counted_with_a_vocabulary_that_ships(shipped: Catalog) -> None:
    assert {model.encoding.name for model in shipped.models.values()} <= set(VOCABULARIES)
    assert shipped.variant("ft:gpt-4.1-nano-2025-04-14:org::id").model.encoding.name == "o200k_base"


def test_the_price_of_a_day_is_the_last_row_before_it(catalog: Catalog) -> None:
    luna = catalog.variant("gpt-5.6-luna")
    assert market(catalog, as_of=date(2026, 7, 29)).offer(luna, "standard").row.rates.input == Decimal("1.00")
    assert market(catalog, as_of=date(2026, 7, 30)).offer(luna, "standard").row.rates.input == Decimal("0.20")
    with pytest.raises(MissingPrice, match="on 2026-07-08: the first known one is of 2026-07-09"):
        market(catalog, as_of=date(2026, 7, 8)).offer(luna, "standard")


def test_no_batch_row_of_the_family_discounts_the_cache(shipped: Catalog) -> None:
    """OpenAI's batch table prints no cached rate before its fifth generation (pricing page, 2026-07-15)."""
    for variant in shipped.family:
        assert variant.model.fine_tuned is not None
        for table in (variant.rate_table, variant.model.fine_tuned.rates):
            for modes in table.values():
                assert all(row.rates.cached_input is None for row in modes.get("batch", ()))


@pytest.mark.parametrize("name", ["gpt-4.1-mni", "ft:", "ft:gpt-9", ""])
def test_an_unknown_model_is_an_error(catalog: Catalog, name: str) -> None:
    with pytest.raises(UnknownName, match="unknown model|^model: expected "):
        catalog.variant(name)


def test_what_has_no_fine_tunes_cannot_be_one(catalog: Catalog) -> None:
    with pytest.raises(InputError) as error:
        catalog.variant("ft:gpt-6-luna:org::id")
    assert str(error.value) == 'model: expected a base model that can be fine-tuned, found "ft:gpt-6-luna:org::id"'


def test_an_unknown_mode_platform_and_task_are_errors(catalog: Catalog) -> None:
    with pytest.raises(UnknownName, match='^mode: expected one of standard, batch, flex, priority, found "turbo"$'):
        market(catalog, "openai", TODAY).offer(catalog.variant("gpt-4.1"), "turbo")
    with pytest.raises(UnknownName, match="^unknown platform .* did you mean openai"):
        catalog.platform("opnai")
    with pytest.raises(UnknownName, match="^unknown task .* did you mean coding"):
        catalog.task("codin")


FIRST_ROW = "{effective_from: 2025-04-14, input: 2.00, cached_input: 0.50, output: 8.00, source: pricing}"
ROW = "models.gpt-4.1.rates.openai.standard[0]"


WRONG_ROWS = [
    ("input: 2.00", "input: 2e0", f'{ROW}.input: expected a plain decimal such as 0.40, found "2e0"'),
    ("input: 2.00", "input: 1e999", f'{ROW}.input: expected a plain decimal such as 0.40, found "1e999"'),
    ("input: 2.00", "input: .nan", f'{ROW}.input: expected a plain decimal such as 0.40, found ".nan"'),
    ("input: 2.00", "input: -2.00", f'{ROW}.input: expected a plain decimal such as 0.40, found "-2.00"'),
    ("input: 2.00", 'input: "2.00"', f'{ROW}.input: expected a plain decimal such as 0.40, found "2.00" in quotes'),
    ("input: 2.00", "input: [2.00]", f"{ROW}.input: expected a plain decimal such as 0.40, found a list"),
    ("input: 2.00", "input: null", f'{ROW}.input: expected a plain decimal such as 0.40, found "null"'),
    ("cached_input: 0.50", "cached_input: 2.01", f'{ROW}.cached_input: expected at most the input rate (2.00), found "2.01"'),
    ("2025-04-14,", "2025-02-30,", f'{ROW}.effective_from: expected a date, YYYY-MM-DD, found "2025-02-30"'),
    ("2025-04-14,", "yesterday,", f'{ROW}.effective_from: expected a date, YYYY-MM-DD, found "yesterday"'),
    ("source: pricing}", "source: nobody}", f'{ROW}.source: expected the id of an entry of sources, found "nobody"'),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG_ROWS, ids=[new for _, new, _ in WRONG_ROWS])
def test_a_wrong_row_is_named_with_line_and_column(old: str, new: str, message: str) -> None:
    table = TABLE.replace(FIRST_ROW, FIRST_ROW.replace(old, new), 1)
    with pytest.raises(TableError) as error:
        parse_catalog(table.encode(), "mine.yaml")
    line = position(FIRST_ROW).split(":")[0]
    assert str(error.value).startswith(f"mine.yaml:{line}:")
    assert str(error.value).split(": ", 1)[1] == message
    value = new.rsplit(": ", maxsplit=1)[-1].rstrip(",}")
    column = table.splitlines()[int(line) - 1].index(value) + 1
    assert str(error.value).startswith(f"mine.yaml:{line}:{column}: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("output: 8.00, ", "", f"{ROW}: expected the key output, found none"),
        ("output: 8.00", "output: 8.00, flex: 1.00", 'the unknown key "flex"'),
        ("output: 8.00", "output: 8.00, output: 8.00", f"{ROW}.output: expected each key once, found it a second time"),
    ],
)
def test_missing_unknown_and_duplicate_keys(old: str, new: str, message: str) -> None:
    table = TABLE.replace(FIRST_ROW, FIRST_ROW.replace(old, new), 1)
    with pytest.raises(TableError, match=r"^mine\.yaml:\d+:\d+: ") as error:
        parse_catalog(table.encode(), "mine.yaml")
    assert message in str(error.value)


WRONG_TABLES = [
    ("schema: gpt41.pricing/1", "schema: gpt41.pricing/9", 'schema: expected gpt41.pricing/1, found "gpt41.pricing/9"'),
    ("currency: USD", "currency: EUR", 'currency: expected USD, found "EUR"'),
    ("date: 2026-07-15", "date: 2026-13", "expected a date: YYYY-MM-DD, YYYY-MM or YYYY"),
    ("date: 2026-07-15", "date: 1234567890123456", "expected a date: YYYY-MM-DD, YYYY-MM or YYYY"),
    ("date: 2026-07-15", "date: 999999999999999", "expected a date: YYYY-MM-DD, YYYY-MM or YYYY"),
    (
        "completion_window_hours: 24",
        "completion_window_hours: 999999999999",
        'limits.batch.completion_window_hours: expected at most 8,760, found "999999999999"',
    ),
    (
        re.findall(r"images: \{method: tiles.*\}", TABLE)[0],
        "images: null",
        "models.gpt-4.1.images: expected a rule, by which models without one of their own are priced, found ",
    ),
    ("role: family", "role: leader", 'models.gpt-4.1.role: expected one of family, predecessor, successor, found "leader"'),
    ("snapshots: [gpt-4.1-mini-2025-04-14]", "snapshots: [gpt-4.1-2025-04-14]", "expected snapshot gpt-4.1-2025-04-14 once"),
    ("context_window: 1047576", "context_window: 1047576.0", "expected a whole number from 1 to 1,000,000,000,000"),
    ("published: true", "published: perhaps", 'expected one of true, false, found "perhaps"'),
    ("        standard:\n", "        turbo:\n", "expected one of the modes standard, batch, flex, priority"),
    ("shutdown: 2027-01-14", "shutdown: 2026-01-14", "expected a day after the announcement (2026-10-14)"),
    ("method: tiles", "method: circles", 'expected one of tiles, patches, found "circles"'),
    ("tolerance_percent: 10", "tolerance_percent: 110", "expected at most 100"),
    ("aliases: [code, sql]", "aliases: [chat]", "tasks.coding: expected the alias chat once, found it under chat too"),
    (
        "tasks: [coding], source: launch",
        "tasks: [cooking], source: launch",
        "the task cooking, of which Qodo reports, found none",
    ),
    ("pictures: {models: [gpt-4o]", "pictures: {models: [gpt-4p]", "found the model gpt-4p"),
    ("{on: 2026-07-02", "{on: 2026-05-02", "expected closings in the order of their days, found 2026-05-02 after 2026-05-07"),
    ("    closings:\n      openai:", "    closings:\n      nobody:", "found the provider nobody"),
    ("epochs: {target: 3", "epochs: {target: 0", "expected a whole number from 1 to 1,000,000,000,000"),
    ("benchmarks: {MMLU: 1", "benchmarks: {MMMLU: 1", "found the benchmark MMMLU"),
    (
        "        1: {requests_per_minute",
        "        one: {requests_per_minute",
        "expected a usage tier: a whole number, found the key one",
    ),
    ("  openai: {name", "  [openai]: {name", "expected a name as the key"),
    ("checked_on: 2026-11-23", "checked_on: &day 2026-11-23\nstale: *day", "expected no aliases"),
    ("checked_on: 2026-11-23", "checked_on: !!python/object/apply:os.system [id]", "found a tag"),
    ("checked_on: 2026-11-23", "checked_on: [2026-11-23", "expected YAML, but "),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG_TABLES, ids=[new[:40].strip() for _, new, _ in WRONG_TABLES])
def test_a_wrong_table_is_refused(old: str, new: str, message: str) -> None:
    assert old in TABLE
    with pytest.raises(TableError, match=r"^mine\.yaml:\d+:\d+: ") as error:
        parse_catalog(TABLE.replace(old, new, 1).encode(), "mine.yaml")
    assert message in str(error.value)


SECOND_ROW = FIRST_ROW + "\n          - " + FIRST_ROW
EMPTY = [
    (section("platforms"), "platforms: {}\n", "platforms: expected at least one platform, found none"),
    (section("tasks"), "tasks: {}\n", "tasks: expected at least one task, found none"),
    ("role: family", "role: successor", "models: expected at least one model with the role family, found none"),
    ("benchmarks: {Multilingual MMLU: 1}", "benchmarks: {}", "expected at least one benchmark with its weight, found none"),
    (f"- {FIRST_ROW}", "[]", "models.gpt-4.1.rates.openai.standard: expected at least one row of rates, found none"),
    (FIRST_ROW, SECOND_ROW, "expected rows in the order of their dates, found 2025-04-14 after 2025-04-14"),
    (f"        standard:\n          - {FIRST_ROW}\n", "", "expected rates for the mode standard, found none"),
    ("images: {method: tiles, ", "images: {", "models.gpt-4.1.images: expected the key method, found none"),
    ("    provider: openai\n", "", "limits.usage_tiers: expected the key provider, found none"),
    ("group: academic, ", "", "evidence.benchmarks.scores.AIME 2024: expected the key group, found none"),
    ("definition: ", "definitions: ", "evidence.blended_usd_per_million: expected the key definition, found none"),
    ("date: 2025-04-14", "date: 2025-1", "sources.launch.date: expected a date: YYYY-MM-DD, YYYY-MM or YYYY"),
    ("summary: The most capable", "summary: {The most capable", "expected YAML, but "),
    ("snapshots: [gpt-4.1-2025-04-14]", "snapshots: none", 'snapshots: expected a list, found "none"'),
    ("snapshots: [gpt-4.1-2025-04-14]", "snapshots: [[]]", "snapshots[0]: expected text, found a list"),
    ("snapshots: [gpt-4.1-2025-04-14]", "snapshots: [{}]", "snapshots[0]: expected text, found a mapping"),
    ("title: Introducing GPT-4.1 in the API", "title:", "sources.launch.title: expected text, found nothing"),
]


@pytest.mark.parametrize(("old", "new", "message"), EMPTY, ids=[message[:60] for *_, message in EMPTY])
def test_an_empty_or_misshapen_part_is_refused(old: str, new: str, message: str) -> None:
    assert old in TABLE
    count = -1 if old == "role: family" else 1
    with pytest.raises(TableError, match=r"^mine\.yaml:\d+:\d+: ") as error:
        parse_catalog(TABLE.replace(old, new, count).encode(), "mine.yaml")
    assert message in str(error.value)


def test_no_usage_tier_and_no_platform_with_rates() -> None:
    tiers = re.sub(r"(?m)^    \d: \{paid_usd.*\n", "", TABLE)
    with pytest.raises(TableError, match=r"limits\.usage_tiers: expected at least one usage tier, found none"):
        parse_catalog(tiers.encode(), "mine.yaml")
    start = TABLE.index("    rates:\n      openai:\n        standard:\n          - " + FIRST_ROW)
    rates = TABLE[:start] + "    rates: {}\n" + TABLE[TABLE.index("    fine_tuned:", start) :]
    with pytest.raises(TableError, match=r"models\.gpt-4\.1\.rates: expected rates for at least one platform, found none"):
        parse_catalog(rates.encode(), "mine.yaml")


def test_a_tag_deep_inside_is_found_too() -> None:
    with pytest.raises(TableError, match="expected plain values, found a tag"):
        parse_catalog(
            TABLE.replace("snapshots: [gpt-4.1-2025-04-14]", "snapshots: [!mine gpt-4.1-2025-04-14]", 1).encode(), "mine.yaml"
        )
    # An exclamation mark in a text is none.
    assert parse_catalog(
        TABLE.replace("summary: The most capable", "summary: The (!) most capable", 1).encode(), "mine.yaml"
    ).models


def test_what_nests_too_deep_for_a_parser_in_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def compose(*_text: object, **_loader: object) -> None:
        raise RecursionError

    monkeypatch.setattr("yaml.compose", compose)
    with pytest.raises(TableError, match=r"^mine\.yaml: expected a table, found YAML that nests hundreds of levels deep$"):
        parse_catalog(b"[" * 500, "mine.yaml")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "mine.yaml: expected a mapping, found an empty document"),
        (b"- 1\n", "mine.yaml:1:1: the document: expected a mapping, found a list"),
        (b"just text", "mine.yaml:1:1: the document: expected a mapping, found text"),
        (b"ghp_key: 1\n", "mine.yaml:1:1: the document: expected one of the keys aliases, models, overrides, "),
        (b"ghp_key: 1\nghp_key: 2\n", "mine.yaml:2:1: the document: expected each key once, found it a second time"),
        (b"? [ghp_key]\n: 1\n", "mine.yaml:1:3: the document: expected a name as the key, found a list"),
        (b"!ghp_key 1\n", "mine.yaml:1:1: the document: expected plain values, found a tag"),
        (b"*ghp_key\n", "mine.yaml:1:1: expected YAML, but found undefined alias"),
        (b"a: &ghp_key 1\nb: &ghp_key 2\n", "mine.yaml:2:4: expected YAML, but "),
        (b"!ghp_key!a 1\n", "mine.yaml:1:1: expected YAML, but found undefined tag handle"),
        (b"\xff\xfe", "mine.yaml: expected UTF-8 text, found the byte 0xff"),
        (b"[" * 1_000_000, "mine.yaml: expected a table, found YAML that nests thousands of levels deep"),
        (b"- " * 1_000_000, "mine.yaml: expected a table, found YAML that nests thousands of levels deep"),
        (b"a: \x00", "mine.yaml: expected YAML, but "),
    ],
)
def test_what_is_not_a_table_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(TableError) as error:
        parse_catalog(data, "mine.yaml")
    assert str(error.value).startswith(message)
    assert "ghp_key" not in str(error.value), "it may be any file"


def test_an_exploding_anchor_is_refused_at_once() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30))
    with pytest.raises(TableError, match="expected no aliases, found an anchor that is used again"):
        parse_catalog(f"l0: &l0 [x]\n{levels}\n".encode(), "mine.yaml")


def test_a_table_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        read_catalog(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="expected a price table, found something else"):
        read_catalog(tmp_path)
    big = tmp_path / "big.yaml"
    big.write_bytes(b"#" * 5_000_001)
    with pytest.raises(TableError, match="expected at most 5,000,000 bytes, found more"):
        read_catalog(big)


def test_a_table_of_ones_own_is_used(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(TABLE.replace("input: 2.00, cached_input: 0.50", "input: 2.10, cached_input: 0.51", 1))
    catalog = read_catalog(mine)
    assert catalog.file == str(mine)
    offer = market(catalog, "openai", TODAY).offer(catalog.variant("gpt-4.1"), "standard")
    assert offer.row.rates == rates("2.10", "0.51", "8.00")


def test_every_family_member_has_every_mode_and_every_source_is_used(shipped: Catalog) -> None:
    for variant in shipped.family:
        assert set(variant.rate_table["openai"]) == {*MODES} - {"flex"}
    cited = (ROOT / "pricing.yaml").read_text().split("\nplatforms:")[1]
    assert [name for name in shipped.sources if f"source: {name}" not in cited] == []


def test_an_unknown_name_says_the_same_wherever_it_comes_from(catalog: Catalog) -> None:
    """What a worker raises is pickled on its way."""
    with pytest.raises(UnknownName) as error:
        catalog.variant("gpt-4.1:x")
    again = pickle.loads(pickle.dumps(error.value))
    assert (type(again), str(again)) == (UnknownModel, str(error.value))
    assert catalog.find_variant("gpt-4.1:x") is None
    assert catalog.find_variant("ft:gpt-6-luna:a:b") is None


REGIONS = {
    ("gpt-4.1", "azure-us"): ("2.20", "0.55", "8.80"),
    ("gpt-4.1", "azure-us-gov"): ("2.75", "0.688", "11.00"),
    ("gpt-4.1", "azure-sweden"): ("2.42", "0.605", "9.68"),
    ("gpt-4.1", "azure-north-europe"): ("2.64", "0.66", "10.56"),
    ("gpt-4.1-mini", "azure-us"): ("0.44", "0.11", "1.76"),
    ("gpt-4.1-mini", "azure-us-gov"): ("0.55", "0.138", "2.20"),
    ("gpt-4.1-mini", "azure-sweden"): ("0.484", "0.121", "1.936"),
    ("gpt-4.1-mini", "azure-north-europe"): ("0.528", "0.132", "2.112"),
    ("gpt-4.1-mini", "azure-west-europe"): ("0.528", "0.132", "2.112"),
    ("gpt-4.1-nano", "azure-us"): ("0.11", "0.028", "0.44"),
    ("gpt-4.1-nano", "azure-sweden"): ("0.121", "0.031", "0.484"),
    ("gpt-4.1-nano", "azure-north-europe"): ("0.132", "0.033", "0.528"),
}
"""The regional prices of the Azure Retail Prices API; it has no other meter of the family in these regions."""


def test_a_price_of_azure_is_that_of_the_region_or_a_named_gap(shipped: Catalog) -> None:
    regional = [name for name in shipped.platforms if name.startswith("azure-")][2:]
    for variant in (*shipped.family, *map(shipped.variant, ("gpt-6-luna", "ft:gpt-4.1:org::id"))):
        for platform in regional:
            for mode in MODES:
                place = market(shipped, platform, TODAY)
                if mode == "standard" and (known := REGIONS.get((variant.id, platform))):
                    assert place.offer(variant, mode).row.rates == rates(*known)
                else:
                    with pytest.raises(MissingPrice, match=f"^no price is known for {variant.id} in {mode} on {platform}: "):
                        place.offer(variant, mode)
