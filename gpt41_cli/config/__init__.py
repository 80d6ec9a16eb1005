"""Read gpt41.yaml into a Config: the workloads of a repository, what they may cost, and what they require."""

import os
from pathlib import Path

from gpt41_cli.errors import InputError

CONFIG_NAME = "gpt41.yaml"


def find_nearest_config(start: Path, otherwise: str) -> Path:
    """Find gpt41.yaml in the folder `start` or the nearest one above. Raises InputError, with the hint `otherwise`, if there is
    none.
    """
    folder = Path(os.path.realpath(start))
    for candidate in (folder, *folder.parents):
        if os.path.lexists(candidate / CONFIG_NAME):
            return candidate / CONFIG_NAME
    raise InputError(CONFIG_NAME, "one here or in a folder above", "none", otherwise)
