"""The parsed copy of the price table: it is what the YAML says, or it isn't used."""

from __future__ import annotations

import pickle
from pathlib import Path
from unittest.mock import Mock

import pytest

from gpt41_cli import catalog as catalogs
from gpt41_cli.app import app
from gpt41_cli.catalog import parse_catalog, parsed, read_catalog, tables
from tests.conftest import ROOT

DATA = (ROOT / "pricing.yaml").read_bytes()
SHIPPED = parse_catalog(DATA, "pricing.yaml")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "pricing.pickle"
    monkeypatch.setattr(parsed, "PARSED_TABLE", path)
    parsed.write_parsed()
    return path


@pytest.mark.usefixtures("copy")
def test_the_copy_is_the_table() -> None:
    assert repr(parsed.read_parsed(DATA)) == repr(SHIPPED)


def test_the_table_that_ships_is_parsed_only_without_a_copy(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = Mock(return_value=SHIPPED)
    monkeypatch.setattr(catalogs, "parse_catalog", parse)
    assert read_catalog() == SHIPPED
    parse.assert_not_called()
    copy.unlink()
    assert read_catalog() is SHIPPED
    parse.assert_called_once_with(DATA, "pricing.yaml")


@pytest.mark.usefixtures("copy")
def test_a_copy_of_another_table_isnt_used() -> None:
    assert parsed.read_parsed(DATA.replace(b"0.40", b"0.41", 1)) is None
    assert parsed.read_parsed(DATA + b"\n") is None


@pytest.mark.usefixtures("copy")
def test_a_copy_of_other_records_isnt_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables.Platform, "_fields", ("name", "id", "provider", "provider_name"))
    assert parsed.read_parsed(DATA) is None
    monkeypatch.delattr(tables, "Platform")
    assert parsed.read_parsed(DATA) is None


def test_a_damaged_copy_isnt_used(copy: Path) -> None:
    whole = copy.read_bytes()
    for damaged in (b"", whole[:-100], b"no pickle", pickle.dumps(None)):
        copy.write_bytes(damaged)
        assert parsed.read_parsed(DATA) is None


@pytest.mark.parametrize(
    "command",
    [
        "cost --input-tokens 5",
        "count tests/data/batch.jsonl",
        "recommend tests/data/ticket.txt --task classification --output-tokens 20",
        "plan tests/data/batch.jsonl",
        "batch tests/data/batch.jsonl",
        "cache tests/data/batch.jsonl",
        "check --config tests/example/gpt41.yaml --fail-on never",
        "diff HEAD --config tests/example/gpt41.yaml --fail-on never",
        "migrate tests/data/batch.jsonl",
        "models",
    ],
)
def test_a_run_reads_the_table_at_most_once(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Mock(side_effect=read_catalog)
    monkeypatch.setattr(catalogs, "read_catalog", read)
    monkeypatch.chdir(ROOT)
    app([*command.split(), "--quiet"], prog_name="gpt41", standalone_mode=False)
    assert read.call_count == 1
