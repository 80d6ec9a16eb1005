"""Which workload of gpt41.yaml does an answer belong to? What cannot be told is not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.config.places import errors_at
from gpt41_cli.config.tables import Config, WorkloadDeclaration
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import Located
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.requests.recognise import RequestInput
from gpt41_cli.work.sizing import find_mode
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.work.workload import ModelAndMode
from gpt41_cli.workloads.contents import FileLister, list_sources


class RequestKey(NamedTuple):
    """What of a request says whose answer it gets."""

    custom_id: str | None
    group: ModelAndMode


class WorkloadOwners:
    """Who sends what: the workloads by the `custom_id` of a request, and by model and mode, in memory that grows with the ids."""

    def __init__(self) -> None:
        self.by_id: dict[str, frozenset[str]] = {}
        self.by_group: dict[ModelAndMode, frozenset[str]] = {}

    def add(self, name: str, asked: RequestKey) -> None:
        """Add a request of a workload."""
        if asked.custom_id is not None:
            self.by_id[asked.custom_id] = self.by_id.get(asked.custom_id, frozenset()) | {name}
        self.by_group[asked.group] = self.by_group.get(asked.group, frozenset()) | {name}

    def find_workloads(self, custom_id: str | None, group: ModelAndMode) -> frozenset[str]:
        """The workloads that an answer may belong to: those with a request by its id, of them those of its model and mode; where
        none has it, those of its model and mode.
        """
        alike = self.by_group.get(group, frozenset())
        named = self.by_id.get(custom_id, frozenset()) if custom_id is not None else frozenset()
        return named & alike or named or alike


def find_owners(config: Config, files: FileLister, catalog: Catalog, jobs: int | None = None) -> WorkloadOwners:
    """Who sends what. InputError, with the place in gpt41.yaml, for files that cannot be read; single requests that cannot are
    nobody's.
    """
    found = WorkloadOwners()
    for declared in config.workloads.values():
        for asked in (
            _read_request_keys(declared, files, catalog, jobs) if declared.requests else [_make_default_key(declared, catalog)]
        ):
            found.add(declared.name, asked)
    return found


def _read_request_keys(
    declared: WorkloadDeclaration, files: FileLister, catalog: Catalog, jobs: int | None
) -> Iterator[RequestKey]:
    """The requests of a workload, and a text as a request that names nothing."""

    def asked(sent: ParsedRequest) -> RequestKey:
        return RequestKey(
            sent.custom_id, _resolve_model_and_mode(declared, catalog, sent.request.model, find_mode(sent, names_mode=False))
        )

    sources, _ = list_sources(declared, "requests", declared.requests, files)
    reading = ReadingOptions(jobs=jobs)
    for source in sources.values():
        with errors_at(declared, "requests"):
            try:
                with open_input(source, reading.kind) as found:
                    if isinstance(found, RequestInput):
                        for some in map_chunks(source, found, reading, asked, list):
                            yield from (each.result for each in some if isinstance(each, Located))
                    else:
                        yield _make_default_key(declared, catalog)
            except InputError as error:
                skip_or_raise(source, error)


def _make_default_key(declared: WorkloadDeclaration, catalog: Catalog) -> RequestKey:
    return RequestKey(None, _resolve_model_and_mode(declared, catalog, None, MODES[0]))


def _resolve_model_and_mode(declared: WorkloadDeclaration, catalog: Catalog, model: str | None, mode: str) -> ModelAndMode:
    """The model, as the table calls it, and the mode in which a request of the workload is sent."""
    name = declared.model or model or declared.fallback_model
    variant = catalog.find_variant(name) if name else None
    return ModelAndMode(variant.id if variant else name, declared.mode or (mode if mode != MODES[0] else declared.fallback_mode))
