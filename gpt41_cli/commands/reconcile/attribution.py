"""Find the workload of gpt41.yaml that an answer belongs to, without guessing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.config.tables import Config, WorkloadDeclaration
from gpt41_cli.errors import InputError
from gpt41_cli.requests.inputs import RequestInput
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.work.measuring import find_mode
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.work.workload import ModelAndMode
from gpt41_cli.workloads.declared_files import FileLister, list_sources


class RequestKey(NamedTuple):
    """What identifies the workload of a request."""

    custom_id: str | None
    group: ModelAndMode


class WorkloadOwners:
    """The workloads by `custom_id`, and by model and mode. Memory grows with the ids."""

    def __init__(self) -> None:
        self.by_id: dict[str, frozenset[str]] = {}
        self.by_group: dict[ModelAndMode, frozenset[str]] = {}

    def add(self, name: str, asked: RequestKey) -> None:
        """Add a request of a workload."""
        if asked.custom_id is not None:
            self.by_id[asked.custom_id] = self.by_id.get(asked.custom_id, frozenset()) | {name}
        self.by_group[asked.group] = self.by_group.get(asked.group, frozenset()) | {name}

    def find_workloads(self, custom_id: str | None, group: ModelAndMode) -> frozenset[str]:
        """Find the workloads that an answer may belong to.

        These are the workloads with a request of its id, and of them those of its model and mode; if none has the id, those of
        its model and mode.
        """
        alike = self.by_group.get(group, frozenset())
        named = self.by_id.get(custom_id, frozenset()) if custom_id is not None else frozenset()
        return named & alike or named or alike


def find_owners(config: Config, files: FileLister, catalog: Catalog, jobs: int | None = None) -> WorkloadOwners:
    """Find the owners of requests. Raises InputError, with the place in gpt41.yaml, for unreadable files; unreadable requests
    have no owner.
    """
    owners = WorkloadOwners()
    for declared in config.workloads.values():
        for asked in _read_request_keys(declared, files, catalog, jobs):
            owners.add(declared.name, asked)
    return owners


def _read_request_keys(
    declared: WorkloadDeclaration, files: FileLister, catalog: Catalog, jobs: int | None
) -> Iterator[RequestKey]:
    """Read the requests of a workload. A text is a request that names nothing, and so are numbers."""
    unnamed = RequestKey(None, _resolve_model_and_mode(declared, catalog, None, MODES[0]))
    if not declared.requests:
        yield unnamed
        return

    def asked(sent: ParsedRequest) -> RequestKey:
        mode = find_mode(sent, names_mode=False)
        return RequestKey(sent.custom_id, _resolve_model_and_mode(declared, catalog, sent.request.model, mode))

    sources, _ = list_sources(declared, "requests", declared.requests, files)
    reading = ReadingOptions(jobs=jobs)
    for source in sources.values():
        with declared.errors_at("requests"):
            try:
                with open_input(source, reading.kind) as content:
                    if isinstance(content, RequestInput):
                        for some in map_chunks(source, content, reading, asked, list):
                            yield from (key for key in some if isinstance(key, RequestKey))
                    else:
                        yield unnamed
            except InputError as error:
                skip_or_raise(source, error)


def _resolve_model_and_mode(declared: WorkloadDeclaration, catalog: Catalog, model: str | None, mode: str) -> ModelAndMode:
    """Return the model, as the table names it, and the mode of a request of the workload."""
    name = declared.model or model or declared.fallback_model
    variant = catalog.find_named_variant(name) if name else None
    return ModelAndMode(variant.id if variant else name, declared.mode or (mode if mode != MODES[0] else declared.fallback_mode))
