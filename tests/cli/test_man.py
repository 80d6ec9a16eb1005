"""The man page: made from the help, and roff that groff has nothing to say about."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest

from docs.make_man import PAGE, make_page
from tests.conftest import ROOT


def test_the_man_page_is_that_of_the_help() -> None:
    assert PAGE.read_text() == make_page(), "run docs/make_man.py"
    commands = (ROOT / "gpt41_cli" / "commands").glob("*/command.py")
    assert sorted(line.removeprefix(".SS gpt41 ") for line in make_page().splitlines() if line[:3] == ".SS") == sorted(
        path.parent.name for path in commands
    )


def test_the_wheel_has_the_man_page_where_man_looks() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["shared-data"] == {str(PAGE.relative_to(ROOT)): "share/man/man1/gpt41.1"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_groff_has_no_complaint() -> None:
    shown = subprocess.run(["groff", "-man", "-ww", "-Tascii", PAGE], capture_output=True, text=True, check=True)
    assert shown.stderr == ""
    assert "What leaving a model costs".lower() in " ".join(shown.stdout.lower().split())
