"""Find and read gpt41.yaml for a command."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.cli.files import check_writable, write_file
from gpt41_cli.config import find_nearest_config
from gpt41_cli.errors import Gpt41Error, InputError
from gpt41_cli.findings import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt41_cli.catalog import Catalog
    from gpt41_cli.config.roots import ConfigRoot
    from gpt41_cli.config.tables import Config
    from gpt41_cli.workloads.declared_files import FileLister
    from gpt41_cli.workloads.priced import OpenConfig


class ConfigFile(NamedTuple):
    """A gpt41.yaml: its path, its bytes, the parsed config, and the root that lists its files."""

    path: Path
    data: bytes
    config: "Config"
    find_files: "FileLister"

    def write(self, edited: str, meanwhile: str = "it was read") -> None:
        """Write the edited text in its place. Raises InputError if the file has changed in the meantime."""
        if self.path.read_bytes() != self.data:
            expected = f"no change while {meanwhile}"
            raise InputError(expected=expected, found="one", hint="nothing is written", location=self.config.file)
        write_file(edited, self.path)


def read_config_option(named: "Sequence[Path] | None") -> Path | None:
    """Return the file that `--config` names, if it is given. Raises InputError if it is given twice, so that no file is silently
    left out.
    """
    if named and len(named) > 1:
        raise InputError("--config", "one file", ", ".join(map(str, named)), "run the command once for each of them")
    return named[0] if named else None


def find_configs(named: "Sequence[Path] | None") -> list[Path]:
    """Return the configs that `--config` names, each once, or the nearest one. Raises InputError if there is none."""
    paths: dict[Path, Path] = {}
    for path in map(find_config, named or (None,)):
        paths.setdefault(path.resolve(), path)
    return list(paths.values())


def open_configs(paths: "Sequence[Path]", catalog: "Catalog") -> "list[OpenConfig]":
    """Read configs that exist. Raises TableError for the mistakes in all of them."""
    from gpt41_cli.config.roots import open_working_tree
    from gpt41_cli.errors import TableError
    from gpt41_cli.workloads.priced import OpenConfig

    opened, errors = [], []
    for root in map(open_working_tree, paths):
        try:
            config = read_config(root, catalog)
        except TableError as error:
            errors += [error, *error.others]
        else:
            assert config is not None
            opened.append(OpenConfig(config, root.find_files))
    if errors:
        errors[0].others = errors[1:]
        raise errors[0]
    return opened


def find_config(named: Path | None) -> Path:
    """Return the config that `--config` names, or the nearest one. Raises InputError if there is none."""
    if named is None:
        return find_nearest_config(Path.cwd(), "gpt41 check --init prompts/ writes one")
    if not named.is_file():
        raise InputError("--config", "a file", f"{'a folder' if named.is_dir() else 'none'} at {named}")
    return named


def add_config_aliases(catalog: "Catalog", named: Path | None = None) -> "Catalog":
    """Return the catalog with the aliases of the config that `--config` names, or of the nearest one if it can be read.

    Raises TableError or InputError for a config that is named.
    """
    try:
        path = find_config(named)
        # Imported here: most runs have no config, and need no YAML.
        from gpt41_cli.config.load import read_aliases
        from gpt41_cli.config.roots import open_working_tree

        root = open_working_tree(path)
        aliases = read_aliases(root.read_config() or b"", root.config_label, catalog)
    except Gpt41Error:  # a file that nobody asked for: names that only it knows are refused as unknown ones
        if named:
            raise
        return catalog
    return catalog.with_aliases(aliases) if aliases else catalog


def find_config_prices(named: "Sequence[Path] | None" = None) -> Path | None:
    """Return the price table or the overrides that the named configs, or the nearest one, give as `pricing`.

    Raises InputError if several configs give different ones, or if the file is missing. A config that can't be read has none:
    what reads it all says why.
    """
    price_files: dict[Path, Path] = {}
    try:
        paths = [find_config(config) for config in named or (None,)]
    except Gpt41Error:
        return None
    for path in paths:
        prices = _read_prices_path(path)
        if prices is not None:
            if not prices.is_file():
                raise InputError(
                    "pricing", "a price table or a file of overrides", f"none at {prices}", location=Place(str(path))
                )
            price_files[prices.resolve()] = prices
    if len(price_files) > 1:
        raise InputError("--config", "configs with the same pricing", ", ".join(map(str, price_files.values())))
    return next(iter(price_files.values()), None)


def _read_prices_path(config: Path) -> Path | None:
    try:
        data = config.read_bytes()
        if b"pricing" not in data:
            return None  # most configs have none, and need no YAML here
        from gpt41_cli.config.load import read_prices_path

        name = read_prices_path(data, str(config))
    except (OSError, Gpt41Error):
        return None
    return config.parent / name if name else None


def read_config(root: "ConfigRoot", catalog: "Catalog") -> "Config | None":
    """Read the config of `root`; None if it has none. Raises TableError for any mistake in it."""
    from gpt41_cli.config.load import parse_config

    data = root.read_config()
    return None if data is None else parse_config(data, root.config_label, catalog)


def read_config_file(path: Path, catalog: "Catalog", *, writes: bool) -> ConfigFile:
    """Read a config that exists, and with `writes`, check that it can be written. Raises TableError for any mistake in it."""
    from gpt41_cli.config.load import parse_config
    from gpt41_cli.config.roots import open_working_tree

    root = open_working_tree(path)
    data = root.read_config()
    assert data is not None
    config = parse_config(data, root.config_label, catalog)
    if writes:
        check_writable(Path(os.path.relpath(path)))
    return ConfigFile(path, data, config, root.find_files)
