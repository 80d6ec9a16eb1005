"""`pricing:` of gpt41.yaml: the prices of every run in its folder."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run

ASKED = (
    "cost",
    "-i",
    "1000000",
    "--output-tokens",
    "0",
    "--model",
    "gpt-4.1",
    "--mode",
    "standard",
    "--as-of",
    "2026-11-26",
    "-q",
)
CONFIG = "version: 1\npricing: prices/company.yaml\nworkloads: {a: {input_tokens: 1000000, output_tokens: 0, model: gpt-4.1}}\n"


def write(folder: Path, percent: int) -> None:
    (folder / "prices").mkdir(parents=True)
    (folder / "prices" / "company.yaml").write_text(f"overrides:\n- discount_percent: {percent}\n")
    (folder / "gpt41.yaml").write_text(CONFIG)


def test_a_config_names_the_prices_for_its_folder_and_those_below(run: Run, tmp_path: Path) -> None:
    write(tmp_path, 15)
    (tmp_path / "below").mkdir()
    assert run(*ASKED, cwd=tmp_path / "below", GPT41_PRICING="").out == "1.7\n"
    assert run(*ASKED).out == "2\n"  # the environment goes before it


def test_configs_of_one_run_have_the_same_prices(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a", 15)
    write(tmp_path / "b", 20)
    done = run("check", "--config", "a/gpt41.yaml", "--config", "b/gpt41.yaml", GPT41_PRICING="")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("gpt41: --config: expected configs with the same pricing, found a/prices/company.yaml, b/prices/")


def test_prices_that_are_missing_are_refused_and_a_broken_config_has_none(run: Run, tmp_path: Path) -> None:
    write(tmp_path, 15)
    (tmp_path / "prices" / "company.yaml").unlink()
    done = run(*ASKED, GPT41_PRICING="")
    assert done.code == 2
    assert "pricing: expected a price table or a file of overrides, found none at " in done.err
    (tmp_path / "gpt41.yaml").write_text("pricing: [")
    assert run(*ASKED, GPT41_PRICING="").out == "2\n"


def test_what_a_file_changes_is_asked_of_the_table_without_it(run: Run, tmp_path: Path) -> None:
    """The file is in use already, named by the config or by the environment; another one in use is what changes."""
    write(tmp_path, 15)
    (tmp_path / "more.yaml").write_text("overrides:\n- discount_percent: 20\n")
    asked = ("models", "--as-of", "2026-11-26", "--diff")
    file = "prices/company.yaml"
    for prices in ("", file):
        first = run(*asked, file, GPT41_PRICING=prices).out.splitlines()[0]
        assert first.startswith(f"{file} changes ")
        assert first.endswith(" models of pricing.yaml on 2026-11-26")
    first = run(*asked, "more.yaml", GPT41_PRICING=file).out.splitlines()[0]
    assert first.endswith(f" models of {file} on 2026-11-26")
