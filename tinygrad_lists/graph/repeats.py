"""Blocks that repeat, one behind the other, folded into one that says how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .model import Edge, Graph, Group, Role, Step
from .runs import Run, Runs

__all__ = ["fold_repeats"]

#: Blocks inside of blocks are folded as well; so many times at most.
_ROUNDS = 4

#: A round is worth while if it spares at least this share of the nodes.
_WORTHWHILE = 0.02


def fold_repeats(graph: Graph, limit: int | None = None) -> Graph:
    """The graph with repeated blocks folded; the same graph if there are none.

    Args:
        limit: leave a graph alone that has next to no repeats and would keep more than so many nodes.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> x = Value(1.0, name="x")
    >>> for _ in range(12):
    ...     x = (x * 2).tanh()
    >>> folded = fold_repeats(capture(x))
    >>> [(node.title, node.count) for node in folded.nodes], folded.groups[0].label, folded.groups[0].count
    ([('x', 1), ('constant', 12), ('mul', 12), ('tanh', 12)], 'mul, tanh', 12)
    """
    for _ in range(_ROUNDS):
        smaller = _Repeats(graph).folded(limit)
        spared = 1 - len(smaller.nodes) / len(graph.nodes)
        graph = smaller
        if spared < _WORTHWHILE:
            break
    return graph


class _Repeats:
    """One round of folding."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found = Runs(graph)
        self.operations = self.found.operations

    def folded(self, limit: int | None) -> Graph:
        """The graph with only the first block of each run; the same graph if there are none, or too few."""
        runs = self.found.chosen()
        count = len(self.graph.nodes)
        spared = sum(run.period * (run.times - 1) for run in runs)
        too_few = limit is not None and spared < _WORTHWHILE * count and count - spared > limit
        return self._without(runs) if runs and not too_few else self.graph

    def _without(self, runs: Sequence[Run]) -> Graph:
        """The graph with only the first block of each run."""
        graph = self.graph
        stands_for: dict[str, str] = {node.id: node.id for node in graph.nodes}
        counts: dict[str, int] = {}
        for run in runs:
            for i in range(run.start, run.stop):
                first = self.operations[run.start + (i - run.start) % run.period].id
                stands_for[self.operations[i].id] = first
                counts[first] = counts.get(first, 0) + 1
        edges = self._edges(stands_for)
        used = {edge.source for edge in edges} | set(graph.outputs)
        kept = [
            node
            for node in graph.nodes
            if stands_for[node.id] == node.id and (node.id in self.found.index or node.id in used)
        ]
        self._count_leaves(runs, counts)
        nodes = [
            replace(node, count=node.count * counts[node.id]) if counts.get(node.id, 1) > 1 else node for node in kept
        ]
        groups, place = self._groups(runs, {node.group for node in nodes})
        nodes = [replace(node, group=place[node.id]) if node.id in place else node for node in nodes]
        present = {node.id for node in nodes}
        sent = {edge.id for edge in edges}
        steps = [
            Step(step.node, tuple(edge for edge in step.edges if edge in sent))
            for step in graph.steps
            if step.node in present
        ]
        outputs = list(dict.fromkeys(stands_for[id] for id in graph.outputs))
        nodes = [
            replace(node, role=Role.OUTPUT) if node.id in outputs and node.role is Role.OPERATION else node
            for node in nodes
        ]
        seeds = {id: seed for id, seed in graph.seeds.items() if id in present}
        return replace(graph, nodes=nodes, edges=edges, groups=groups, steps=steps, outputs=outputs, seeds=seeds)

    def _edges(self, stands_for: dict[str, str]) -> list[Edge]:
        """Edges of the first blocks; those that start in a later block start in the first."""
        edges: list[Edge] = []
        merged: dict[tuple[str, str], int] = {}
        order = {node.id: i for i, node in enumerate(self.graph.nodes)}
        for edge in self.graph.edges:
            if stands_for[edge.target] != edge.target:
                continue
            source = stands_for[edge.source]
            if source == edge.source:
                edges.append(edge)
            elif order[source] < order[edge.target]:
                key = (source, edge.target)
                if key in merged:
                    before = edges[merged[key]]
                    edges[merged[key]] = replace(before, count=before.count + edge.count)
                else:
                    merged[key] = len(edges)
                    edges.append(replace(edge, source=source))
        return edges

    def _count_leaves(self, runs: Sequence[Run], counts: dict[str, int]) -> None:
        """A leaf that only one block uses, while the other blocks have their own, counts as often as the block."""
        users: dict[str, set[str]] = {}
        for edge in self.graph.edges:
            if edge.source in self.found.leaves:
                users.setdefault(edge.source, set()).add(edge.target)
        for run in runs:
            block = range(run.start, run.start + run.period)
            members = {self.operations[i].id for i in block}
            own: dict[str, bool] = {}
            for i in block:
                for x, y in zip(self.found.inputs[i], self.found.inputs[i + run.period], strict=True):
                    if isinstance(x, str):
                        own[x] = own.get(x, True) and isinstance(y, str) and x != y
            counts.update((leaf, run.times) for leaf, is_own in own.items() if is_own and users[leaf] <= members)

    def _groups(self, runs: Sequence[Run], used: set[str | None]) -> tuple[list[Group], dict[str, str]]:
        """The groups that are left, with blocks that are no module as new ones; and the nodes that change place."""
        needed = {id for group in used for id in self.graph.ancestors(group)}
        groups = {group.id: replace(group) for group in self.graph.groups if group.id in needed}
        place: dict[str, str] = {}
        added = 0
        for run in runs:
            block = range(run.start, run.start + run.period)
            depth = self.found.depth_of_cuts(run) or 0
            tops = list(dict.fromkeys(self.found.around[i][depth] for i in block if len(self.found.around[i]) > depth))
            loose = [i for i in block if len(self.found.around[i]) == depth]
            if len(tops) == 1 and not loose:
                groups[tops[0]].count *= run.times
                continue
            parent = self.found.around[run.start][depth - 1] if depth else None
            while f"r{added}" in groups:
                added += 1
            names = [groups[top].label.rpartition(" ")[2] for top in tops] or [self.operations[i].title for i in block]
            shown = list(dict.fromkeys(names))
            label = ", ".join(shown[:3]) + (", …" if len(shown) > 3 else "")
            path = (*(groups[parent].path if parent else ()), label)
            groups[f"r{added}"] = Group(f"r{added}", path, label, parent, run.times)
            for top in tops:
                groups[top].parent = f"r{added}"
            members = {self.operations[i].id for i in loose}
            place.update((id, f"r{added}") for id in members)
            place.update((leaf, f"r{added}") for leaf in self._own_leaves(members))
        return _parents_first(groups), place

    def _own_leaves(self, members: set[str]) -> Iterator[str]:
        """Leaves that only these operations use."""
        users: dict[str, set[str]] = {}
        for edge in self.graph.edges:
            if edge.source in self.found.leaves:
                users.setdefault(edge.source, set()).add(edge.target)
        yield from (leaf for leaf, targets in users.items() if targets <= members)


def _parents_first(groups: dict[str, Group]) -> list[Group]:
    levels: dict[str, int] = {}
    for group in groups.values():
        level, parent = 0, group.parent
        while parent is not None:
            level, parent = level + 1, groups[parent].parent
        levels[group.id] = level
    return sorted(groups.values(), key=lambda group: levels[group.id])
