"""Which workload of gpt41.yaml does an answer belong to? What cannot be told is not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.config.places import placed
from gpt41_cli.config.tables import Config, Declaration
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import Done
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.recognise import Requests
from gpt41_cli.work.sizing import mode_of
from gpt41_cli.work.stream import Reading, gathered, left_out, opened
from gpt41_cli.work.workload import Group
from gpt41_cli.workloads.contents import Files, listed


class Asked(NamedTuple):
    """What of a request says whose answer it gets."""

    custom_id: str | None
    group: Group


class Owners:
    """Who sends what: the workloads by the `custom_id` of a request, and by model and mode, in memory that grows with the ids."""

    def __init__(self) -> None:
        self.by_id: dict[str, frozenset[str]] = {}
        self.by_group: dict[Group, frozenset[str]] = {}

    def add(self, name: str, asked: Asked) -> None:
        """Add a request of a workload."""
        if asked.custom_id is not None:
            self.by_id[asked.custom_id] = self.by_id.get(asked.custom_id, frozenset()) | {name}
        self.by_group[asked.group] = self.by_group.get(asked.group, frozenset()) | {name}

    def of(self, custom_id: str | None, group: Group) -> frozenset[str]:
        """The workloads that an answer may belong to: those with a request by its id, of them those of its model and mode; where
        none has it, those of its model and mode.
        """
        alike = self.by_group.get(group, frozenset())
        named = self.by_id.get(custom_id, frozenset()) if custom_id is not None else frozenset()
        return named & alike or named or alike


def owners(config: Config, files: Files, catalog: Catalog, jobs: int | None = None) -> Owners:
    """Who sends what. InputError, with the place in gpt41.yaml, for files that cannot be read; single requests that cannot are
    nobody's.
    """
    found = Owners()
    for declared in config.workloads.values():
        for asked in _requests(declared, files, catalog, jobs) if declared.requests else [_alone(declared, catalog)]:
            found.add(declared.name, asked)
    return found


def _requests(declared: Declaration, files: Files, catalog: Catalog, jobs: int | None) -> Iterator[Asked]:
    """The requests of a workload, and a text as a request that names nothing."""

    def asked(sent: Sent) -> Asked:
        return Asked(sent.custom_id, _group(declared, catalog, sent.request.model, mode_of(sent, names_mode=False)))

    sources, _ = listed(declared, "requests", declared.requests, files)
    reading = Reading(jobs=jobs)
    for source in sources.values():
        with placed(declared, "requests"):
            try:
                with opened(source, reading.kind) as found:
                    if isinstance(found, Requests):
                        for some in gathered(source, found, reading, asked, list):
                            yield from (each.result for each in some if isinstance(each, Done))
                    else:
                        yield _alone(declared, catalog)
            except InputError as error:
                left_out(source, error)


def _alone(declared: Declaration, catalog: Catalog) -> Asked:
    return Asked(None, _group(declared, catalog, None, MODES[0]))


def _group(declared: Declaration, catalog: Catalog, model: str | None, mode: str) -> Group:
    """The model, as the table calls it, and the mode in which a request of the workload is sent."""
    name = declared.model or model or declared.fallback_model
    variant = catalog.known(name) if name else None
    return Group(variant.id if variant else name, declared.mode or (mode if mode != MODES[0] else declared.fallback_mode))
