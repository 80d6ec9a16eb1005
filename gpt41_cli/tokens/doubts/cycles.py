"""Find the nodes of a graph that lead back to themselves: the schemas that contain themselves."""

from __future__ import annotations

from collections.abc import Mapping


def find_cycles(graph: Mapping[int, set[int]]) -> set[int]:
    """Return the nodes of a graph that lead back to themselves: its strongly connected components (Kosaraju's algorithm)."""
    backwards: dict[int, list[int]] = {node: [] for node in graph}
    for node, following in graph.items():
        for successor in following:
            backwards[successor].append(node)
    in_cycles = {node for node, following in graph.items() if node in following}
    visited: set[int] = set()
    for start in reversed(_sort_by_finish(graph)):
        component = []
        pending = [start]
        while pending:
            node = pending.pop()
            if node not in visited:
                visited.add(node)
                component.append(node)
                pending += backwards[node]
        if len(component) > 1:
            in_cycles.update(component)
    return in_cycles


def _sort_by_finish(graph: Mapping[int, set[int]]) -> list[int]:
    """List the nodes of a graph, each after all that it leads to unless that leads back to it."""
    finished: list[int] = []
    visited: set[int] = set()
    pending = [(node, False) for node in graph]
    while pending:
        node, is_done = pending.pop()
        if is_done:
            finished.append(node)
        elif node not in visited:
            visited.add(node)
            pending.append((node, True))
            pending += ((successor, False) for successor in graph[node])
    return finished
