"""Long flat graphs cut into sections, so that the page can open them bit by bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..model import Graph, Group, Node, Role

__all__ = ["MOST", "with_sections"]

#: A group with more operations and groups directly inside is cut into sections.
MOST = 64


def with_sections(graph: Graph, most: int = MOST) -> Graph:
    """The same graph, in which no group holds more than `most` operations and groups directly.

    What follows each other in topological order is put into groups of its own, on as many levels as needed. Such a run
    is convex (a way that leaves it has left it behind), so closing it makes no cycle. A leaf moves along if all of its
    uses are in one section.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> x = Value(1.0)
    >>> for _ in range(100):
    ...     x = x * 2.0
    >>> [group.label for group in with_sections(capture(x)).groups][:2]
    ['1–10', '11–20']
    """
    wide = {parent: units for parent, units in _units(graph).items() if len(units) > most}
    if not wide:
        return graph
    sections = _Sections(graph)
    for parent, units in wide.items():
        sections.cut(parent, units, most)
    return sections.result()


def _units(graph: Graph) -> dict[str | None, list[str]]:
    """For each group, and None for the whole, the ids of the operations and groups directly inside, in order."""
    computed = {edge.target for edge in graph.edges}
    units: dict[str | None, dict[str, None]] = {}
    for node in graph.nodes:
        if node.id in computed:
            inside = node.id
            for group in (*reversed(graph.ancestors(node.group)), None):
                units.setdefault(group, {})[inside] = None
                inside = group or ""
    return {group: list(found) for group, found in units.items()}


class _Sections:
    """A graph and the sections that are being added to it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.parents: dict[str, str | None] = {group.id: group.parent for group in graph.groups}
        self.moved: dict[str, str] = {}
        self.labels: dict[str, str] = {}

    def cut(self, parent: str | None, units: Sequence[str], most: int) -> None:
        """Sections of about equal length; sections of sections until few enough are left."""
        total = len(units)
        span = 1  # operations and groups that one unit of this level stands for
        while len(units) > most:
            size = min(most, math.ceil(math.sqrt(len(units))))
            level = []
            for start in range(0, len(units), size):
                id = f"s{len(self.labels)}"
                first, last = start * span + 1, min((start + size) * span, total)
                self.labels[id] = f"{first:,}–{last:,}"
                self.parents[id] = parent
                for unit in units[start : start + size]:
                    self.moved[unit] = id
                    if unit in self.parents:
                        self.parents[unit] = id
                level.append(id)
            units = level
            span *= size

    def result(self) -> Graph:
        """The graph with the sections in it."""
        around: dict[str | None, tuple[str, ...]] = {None: ()}
        for id in self.parents:
            path = [id]
            while path[-1] not in around and (outer := self.parents[path[-1]]) is not None:
                path.append(outer)
            for inner in reversed(path):
                around.setdefault(inner, (*around[self.parents[inner]], inner))
        known = {group.id: group for group in self.graph.groups}
        groups = []
        for id in sorted(self.parents, key=lambda id: len(around[id])):
            if id in known:
                groups.append(replace(known[id], parent=self.parents[id]))
                continue
            modules = [outer for outer in around[id] if outer in known]
            path_of = known[modules[-1]].path if modules else ()
            groups.append(Group(id, (*path_of, self.labels[id]), self.labels[id], self.parents[id]))
        return replace(self.graph, nodes=self._nodes(around), groups=groups)

    def _nodes(self, around: dict[str | None, tuple[str, ...]]) -> list[Node]:
        group_of = {node.id: self.moved.get(node.id, node.group) for node in self.graph.nodes}
        inputs, uses = self.graph.inputs(), self.graph.uses()
        for node in self.graph.nodes:
            if inputs[node.id] or node.role is Role.INPUT:
                continue
            # A leaf of the forward pass goes by its uses there, as when modules are captured.
            users = [edge.target for edge in uses[node.id] if node.phase or not self.graph.node(edge.target).phase]
            chains = [around[group_of[user]] for user in users]
            shared = chains[0] if chains else ()
            for chain in chains[1:]:
                shared = tuple(a for a, b in zip(shared, chain, strict=False) if a == b)
            if shared:
                group_of[node.id] = shared[-1]
        return [
            node if group_of[node.id] == node.group else replace(node, group=group_of[node.id])
            for node in self.graph.nodes
        ]
