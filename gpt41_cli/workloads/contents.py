"""The requests of a workload of gpt41.yaml, as a Workload and as tokens part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.config.tables import WorkloadDeclaration
from gpt41_cli.constraints.batch_lines import BatchLines
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.tokens.pieces import PARTS, Entry
from gpt41_cli.work.sizing import RequestTotals
from gpt41_cli.work.tally import Tally
from gpt41_cli.work.workload import Assumptions, Workload
from gpt41_cli.workloads.costing import FileTokens


class WorkloadContents(NamedTuple):
    """The requests of one workload, as `variant` in `mode` counts them; `workload` assumes the expected answers.

    `tallies_by_file` sum up the requests per file, `tally` all of them. `batch_files` hold only requests for the Batch API, with
    their lines as the API sees them; empty if no check needs them. `request_totals` are None for a prompt.
    """

    variant: Variant
    mode: str
    workload: Workload
    tally: Tally
    tallies_by_file: Mapping[str, Tally]
    batch_files: Mapping[InputSource, BatchLines] = {}
    skipped_files: tuple[SkippedPath, ...] = ()
    request_totals: RequestTotals | None = None

    @property
    def tokens_by_file(self) -> dict[str, FileTokens]:
        """The tokens that each file adds."""
        return {key: FileTokens(tally.requests, tally.input_tokens) for key, tally in self.tallies_by_file.items()}

    def with_output_tokens(self, output_tokens: int | None) -> Workload:
        """Return the work with answers of this length; None: as long as each request allows."""
        return replace(self.workload, terms=self.workload.terms._replace(output_tokens=output_tokens), _loads={})


def make_assumptions(declared: WorkloadDeclaration) -> Assumptions:
    """Make the assumptions for every request, with expected answers."""
    output = declared.output_tokens.expected if declared.output_tokens else None
    accepted = declared.prediction.accepted_share if declared.prediction else None
    reasoning = declared.output_tokens.reasoning if declared.output_tokens else 0
    return Assumptions(output, declared.cached.tokens, declared.cached.share, declared.tools, accepted, reasoning)


def find_variant(declared: WorkloadDeclaration, catalog: Catalog, name: str | None) -> Variant:
    """Find the model of this name. Raises InputError, with the place of the workload, if it is None."""
    if name is None:
        with declared.errors_at(""):
            raise InputError(expected="a model in the workload, in defaults or in every request", found="none")
    return catalog.variant(name)


def make_entry(parts: Mapping[str, int], place: Place) -> Entry:
    """Make an entry of these parts; the others are zero."""
    return Entry({**dict.fromkeys(PARTS, 0), **parts}, place=place)
