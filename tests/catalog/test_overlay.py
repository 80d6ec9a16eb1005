"""A file of overrides on top of the price table: discounts, rates, own models and names, and every mistake with its place."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from gpt41_cli.catalog import Catalog, parse_catalog, read_catalog
from gpt41_cli.errors import TableError
from tests.conftest import Run

SHIPPED = read_catalog()
MODEL = """models:
  gpt-own:
    role: successor
    summary: Own.
    snapshots: []
    encoding: {name: o200k_base, published: true, source: mine}
    released: null
    context_window: 1000
    max_input_tokens: null
    max_output_tokens: null
    knowledge_cutoff: null
    input_modalities: [text]
    output_modalities: [text]
    endpoints: []
    features: []
    tools: []
    source: mine
    rates: {openai: {standard: [{effective_from: 2026-01-01, input: 1.00, cached_input: null, output: 2.00, source: mine}]}}
    images: null
    prompt: {confirmed: false, source: mine}
    lifecycle: {}
sources:
  mine: {title: Contract, url: "https://example.com", date: 2026}
"""


OWN_RATES = "overrides:\n- {rates: {input: 1, cached_input: null, output: 2}, models: [gpt-4.1]"


def parse(text: str) -> Catalog:
    return parse_catalog(text.encode(), "company.yaml")


def list_prices(catalog: Catalog, model: str, platform: str = "openai", mode: str = "standard") -> list[tuple[str, str]]:
    rows = catalog.models[model].rates[platform][mode]
    return [(str(row.effective_from), str(row.rates.input.normalize())) for row in rows]


def test_a_discount_holds_for_its_models_modes_and_days() -> None:
    found = parse(
        "overrides:\n- {discount_percent: 15, models: [gpt-4.1], modes: [standard], from: 2026-10-01, until: 2026-10-31}"
    )
    assert list_prices(found, "gpt-4.1") == [("2025-04-14", "2"), ("2026-10-01", "1.7"), ("2026-11-01", "2")]
    assert list_prices(found, "gpt-4.1", mode="batch") == list_prices(SHIPPED, "gpt-4.1", mode="batch")
    assert found.models["gpt-4.1-mini"] == SHIPPED.models["gpt-4.1-mini"]
    assert found.models["gpt-4.1"].rates["openai"]["standard"][1].note == "company.yaml overrides this price."
    tuned = found.models["gpt-4.1"].fine_tuned
    assert tuned
    assert [str(row.rates.input.normalize()) for row in tuned.rates["openai"]["standard"]][-2:] == ["2.55", "3"]
    assert (found.overlay and found.overlay.file, found.sha256, found.file) == ("company.yaml", SHIPPED.sha256, "pricing.yaml")


def test_overrides_add_up_in_their_order() -> None:
    found = parse(
        "overrides:\n- {rates: {input: 1.00, cached_input: 0.25, output: 4.00}, models: [gpt-4.1], modes: [standard]}\n"
        "- {regional_uplift_percent: 10, platforms: [openai]}\n"
    )
    assert list_prices(found, "gpt-4.1") == [("2025-04-14", "1.1")]
    assert list_prices(found, "gpt-4.1", "azure-global") == [("2025-04-14", "1")]
    assert list_prices(found, "gpt-4.1-mini") == [("2025-04-14", "0.44")]
    write = SHIPPED.models["gpt-6-luna"].rates["openai"]["standard"][0].cache_write_30m
    changed = found.models["gpt-6-luna"].rates["openai"]["standard"][0].cache_write_30m
    assert write
    assert changed == write * 11 / 10


def test_a_discount_comes_off_the_price_with_its_uplift() -> None:
    found = parse("overrides:\n- {discount_percent: 10, regional_uplift_percent: 10, models: [gpt-4.1]}")
    assert list_prices(found, "gpt-4.1") == [("2025-04-14", "1.98")]


def test_a_file_may_add_models_alone() -> None:
    assert list_prices(parse(MODEL), "gpt-own") == [("2026-01-01", "1")]


def test_before_the_first_price_there_is_none_to_change() -> None:
    found = parse("overrides:\n- {discount_percent: 50, models: [gpt-4.1], from: 2020-01-01}")
    assert list_prices(found, "gpt-4.1") == [("2025-04-14", "1")]


def test_rates_fill_in_what_a_platform_has_no_price_for() -> None:
    found = parse(f"{OWN_RATES}, modes: [standard, batch], platforms: [azure-west-europe, azure-us]}}")
    for platform, mode, first in (
        ("azure-west-europe", "standard", "2025-04-14"),
        ("azure-west-europe", "batch", "2025-04-14"),
        ("azure-us", "batch", "2025-04-14"),
        ("azure-us", "standard", "2026-08-11"),
    ):
        assert list_prices(found, "gpt-4.1", platform, mode) == [(first, "1")]
    row = found.models["gpt-4.1"].rates["azure-west-europe"]["standard"][0]
    assert (row.source.label, row.note) == ("company.yaml 2025-04-14", "company.yaml overrides this price.")
    dated = parse(f"{OWN_RATES}, modes: [standard], platforms: [azure-west-europe], from: 2026-11-01}}")
    assert list_prices(dated, "gpt-4.1", "azure-west-europe") == [("2026-11-01", "1")]


def test_an_hour_of_provisioned_throughput_has_the_stated_price() -> None:
    units = parse("ptu_usd_per_hour: {azure-sweden: 0.35}").limits.provisioned
    assert units
    assert {name: str(usd) for name, usd in units.usd_per_hour.items()} == {"azure-sweden": "0.35"}


def test_own_models_and_names_are_known() -> None:
    found = parse(f"{MODEL}aliases: {{prod: gpt-own}}\noverrides:\n- {{discount_percent: 50, models: [gpt-own]}}")
    assert list_prices(found, "gpt-own") == [("2026-01-01", "0.5")]
    variant = found.find_named_variant("prod")
    assert variant
    assert variant.id == "gpt-own"
    assert parse("aliases: {prod: gpt-4.1}").translate("prod") == "gpt-4.1"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "overrides:\n- discount_percent: 120",
            'company.yaml:2:21: overrides[0].discount_percent: expected a percentage from 0 to 100, found "120"',
        ),
        (
            "overrides:\n- regional_uplift_percent: 1200",
            'company.yaml:2:28: overrides[0].regional_uplift_percent: expected a percentage from 0 to 1000, found "1200"',
        ),
        (
            "overrides:\n- {models: [gpt-4.1]}",
            "company.yaml:2:3: overrides[0]: expected discount_percent, regional_uplift_percent or",
        ),
        (
            "overrides:\n- {discount_percent: 5, modes: []}",
            "company.yaml:2:32: overrides[0].modes: expected at least one name, or no such key, found none",
        ),
        (
            "overrides:\n- {discount_percent: 5, modes: [slow]}",
            "company.yaml:2:33: overrides[0].modes[0]: expected one of the modes standard, batch, flex, priority, found",
        ),
        (
            "overrides:\n- {discount_percent: 5, rates: {input: 1, cached_input: null, output: 2}, models: [gpt-4.1]}",
            "company.yaml:2:32: overrides[0].rates: expected rates or a percentage, found both",
        ),
        (
            "overrides:\n- {rates: {input: 1, cached_input: null, output: 2}}",
            "company.yaml:2:11: overrides[0].rates: expected rates together with models, found them alone",
        ),
        (
            "overrides:\n- {rates: {input: 1, cached_input: null, output: 2}, models: [gpt-4.1]}",
            "company.yaml:2:11: overrides[0].rates: expected rates together with modes, found them alone",
        ),
        (
            f"{OWN_RATES}, modes: [standard], platforms: [azure-west-europe], until: 2026-12-31}}",
            "company.yaml:2:131: overrides[0].until: expected no last day for rates if the price table has no price that could",
        ),
        (
            f"{OWN_RATES}, modes: [batch], platforms: [azure-west-europe]}}",
            "company.yaml:2:3: overrides[0]: expected models, platforms, modes and days that the price table has",
        ),
        (
            "override:\n- discount_percent: 5",
            "company.yaml:1:1: the document: expected one of the keys aliases, models, overrides, ptu_usd_per_hour, ",
        ),
        (
            "aliases: {gpt-4.1: gpt-4.1-mini}",
            "company.yaml:1:20: aliases.gpt-4.1: expected a name that isn't a model of the price table, found gpt-4.1",
        ),
        (
            "ptu_usd_per_hour: {openai: 1}",
            "company.yaml:1:28: ptu_usd_per_hour.openai: expected a platform that sells provisioned throughput (azure-global, ",
        ),
        (
            "ptu_usd_per_hour: {azure-us: 0}",
            'company.yaml:1:30: ptu_usd_per_hour.azure-us: expected more than 0, found "0"',
        ),
        (
            "overrides:\n- discount_percent: -5",
            'company.yaml:2:21: overrides[0].discount_percent: expected a plain decimal such as 0.40, found "-5"',
        ),
        (
            "overrides:\n- {discount_percent: 5, from: 2026-02-01, until: 2026-01-01}",
            'company.yaml:2:50: overrides[0].until: expected a day from 2026-02-01 on, found "2026-01-01"',
        ),
        (
            "overrides:\n- {discount_percent: 5, models: [gpt-4.1-nano], modes: [flex]}",
            "company.yaml:2:3: overrides[0]: expected models, platforms, modes and days that the price table has",
        ),
        (
            "overrides: []\ndiscount: 5",
            "company.yaml:2:1: discount: expected one of the keys aliases, models, overrides, ptu_usd_per_hour, sources",
        ),
        (
            "overrides: []\nmodels: {gpt-4.1: {}}",
            "company.yaml:2:19: models.gpt-4.1: expected models that the price table doesn't have: overrides change the others",
        ),
    ],
)
def test_mistakes_have_their_place(text: str, error: str) -> None:
    with pytest.raises(TableError) as raised:
        parse(text)
    assert str(raised.value).startswith(error)


def test_an_unknown_model_is_a_mistake() -> None:
    with pytest.raises(TableError) as raised:
        parse("overrides:\n- {discount_percent: 5, models: [gpt-9]}")
    assert str(raised.value).startswith("company.yaml:2:34: overrides[0].models[0]: expected a model of this table (gpt-4.1, ")
    assert str(raised.value).endswith("found the model gpt-9")
    with pytest.raises(TableError, match=r"found the model gpt-4\.1-mni; did you mean gpt-4\.1-mini\?$"):
        parse("overrides:\n- {discount_percent: 5, models: [gpt-4.1-mni]}")
    with pytest.raises(TableError, match=r"found the platform sweden; did you mean azure-sweden\?$"):
        parse("overrides:\n- {discount_percent: 5, platforms: [sweden]}")


def test_a_run_says_which_files_its_prices_are_from(run: Run, tmp_path: Path) -> None:
    where = "platforms: [openai, azure-global, azure-data-zone]"
    (tmp_path / "company.yaml").write_text(
        f"overrides:\n- {{discount_percent: 15, models: [gpt-4.1], modes: [standard], {where}}}"
    )
    asked = ("cost", "-i", "1000000", "--output-tokens", "0", "--model", "gpt-4.1", "--as-of", "2026-11-26")
    document = json.loads(run(*asked, "--pricing", "company.yaml", "--format", "json").out)
    assert document["pricing"]["overlay"]["file"] == "company.yaml"
    assert len(document["pricing"]["overlay"]["sha256"]) == len(document["pricing"]["sha256"])
    assert document["notes"][-1] == "Prices are those of pricing.yaml with the overrides of company.yaml."
    assert "with the overrides of company.yaml (SHA-256 " in run(*asked, "--pricing", "company.yaml", "--format", "html").out
    done = run("models", "--diff", "company.yaml", "--as-of", "2026-11-26", GPT41_PRICING="")
    assert done.out.splitlines()[:4] == [
        "company.yaml changes 18 prices of 2 models of pricing.yaml on 2026-11-26",
        "",
        "  model       platform         mode      tokens  before    after  change",
        "  gpt-4.1     openai           standard  input    $2.00    $1.70   -15 %",
    ]


def test_the_check_of_a_table_says_that_it_is_old_and_how_to_update(run: Run, tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text("overrides:\n- {discount_percent: 15}")
    done = run(
        "models", "--check", "--as-of", f"{SHIPPED.checked_on.year + 1}-{SHIPPED.checked_on:%m-%d}", "--pricing", "company.yaml"
    )
    assert done.code == 0
    assert "  overrides  company.yaml, SHA-256 " in done.out
    assert "[price-table-stale]" in done.out
    assert "gpt41 never goes online" in done.out
    assert "price-table-stale" not in run("models", "--check", "--as-of", str(date(2026, 11, 30))).out
