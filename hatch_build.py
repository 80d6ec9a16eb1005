"""Puts the parsed price table next to the code that reads it, in a wheel and in a source tree that is installed."""

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ParsedTable(BuildHookInterface[Any]):
    """Runs before a wheel is built, an editable one too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Parse pricing.yaml, and name the file to take along: git ignores it."""
        sys.path.insert(0, self.root)
        from gpt41_cli.catalog import parsed

        parsed.write_parsed()
        build_data["artifacts"].append("gpt41_cli/catalog/pricing.pickle")
