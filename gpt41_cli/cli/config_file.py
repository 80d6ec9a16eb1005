"""gpt41.yaml as commands find and read it."""

from pathlib import Path
from typing import TYPE_CHECKING

from gpt41_cli.errors import InputError

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog
    from gpt41_cli.config.roots import ConfigRoot
    from gpt41_cli.config.tables import Config


def find_config(named: Path | None) -> Path:
    """The config that `--config` names, or the nearest one. InputError where there is none."""
    from gpt41_cli.config.roots import find_nearest_config

    if named is None:
        return find_nearest_config(Path.cwd(), "gpt41 check --init FILES... writes one")
    if not named.is_file():
        raise InputError("--config", "a file", f"{'a folder' if named.is_dir() else 'none'} at {named}")
    return named


def read_config(root: "ConfigRoot", catalog: "Catalog") -> "Config | None":
    """The config as `root` has it; None where it has none. TableError when it is wrong."""
    from gpt41_cli.config.load import parse_config

    data = root.read_config()
    return None if data is None else parse_config(data, root.config_label, catalog)
