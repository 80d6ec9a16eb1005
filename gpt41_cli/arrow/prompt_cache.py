"""The replay of the prompt cache as a grouped map: requests of one model and routing share a cache with no others.

The routing is a digest of the first tokens and of the `prompt_cache_key`, which decide the machine. So groups can be replayed
anywhere, in any order, and each request reads what it reads when all are replayed one after the other.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from gpt41_cli import __version__
from gpt41_cli.arrow.column import make_catalog
from gpt41_cli.arrow.rows import FIELDS
from gpt41_cli.errors import InputError
from gpt41_cli.tokens.prefix import CachePrefix
from gpt41_cli.work.prompt_cache import CacheReplay, PromptCache, ReplayOptions


class ArrowReplay:
    """A function from a table of whole groups to the same table with `cached_tokens`. Made by `gpt41_cli.arrow.replay`.

    The table has a column of structs as `prefixes` makes them, and the number of requests that were sent before each, to any
    model. A request with an error, or without a struct, reads null.
    """

    def __init__(self, table: bytes, table_name: str, options: ReplayOptions, column: str, order: str) -> None:
        """Raises InputError for an impossible lifetime."""
        self._catalog = table, table_name, __version__
        self._options, self._column, self._order = options, column, order
        self._make_replay()

    def _make_replay(self) -> CacheReplay:
        return CacheReplay(make_catalog(*self._catalog), self._options)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Replay the requests of a table in their order. Raises InputError if it lacks a column, or has one of another type."""
        column, order = self._column, self._order
        for name in (column, order):
            if name not in table.schema.names:
                raise InputError(expected=f"a column named {name}", found=", ".join(table.schema.names) or "no columns")
        prefixes, numbers = table.column(column), table.column(order)
        if not pa.types.is_struct(prefixes.type) or not {field.name for field in prefixes.type} >= FIELDS["prefixes"].keys():
            raise InputError(expected=f"{column} as gpt41_cli.arrow.prefixes makes it", found=str(prefixes.type))
        if not pa.types.is_integer(numbers.type) or numbers.null_count:
            nulls = f" with {numbers.null_count} nulls" if numbers.null_count else ""
            raise InputError(expected=f"whole numbers in {order}", found=f"{numbers.type}{nulls}")
        replay = self._make_replay()
        caches: dict[tuple[str, int], PromptCache] = {}
        rows: list[dict[str, Any] | None] = prefixes.to_pylist()
        sent: list[int] = numbers.to_pylist()
        cached: list[int | None] = [None] * len(rows)
        for index in sorted(range(len(rows)), key=sent.__getitem__):
            row = rows[index]
            if row and row["error"] is None:
                group = row["model"], row["routing"]
                cache = caches.get(group) or caches.setdefault(group, replay.make_cache(row["model"]))
                read = cache.send(CachePrefix(row["model"], row["ends"], row["digests"], row["routing"]), sent[index])
                cached[index] = min(read, row["input_tokens"])
        return table.append_column("cached_tokens", pa.array(cached, pa.int64()))
