"""Blocks that repeat, one behind the other, folded into one that says how often.

Operations are looked at in the order of the program. With a period p, operation i + p repeats operation i if both do
the same on the same shapes inside modules of the same classes, and each input of the one is the input of the other
moved by p, or the very same node, or a leaf like it; the first block may take from outside what the others take from
the block before. At least three such blocks in a row are folded; what is shown is the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import eq
from typing import NamedTuple

from .model import Edge, Graph, Group, Step

__all__ = ["FEWEST", "fold_repeats"]

#: Blocks are folded from so many on.
FEWEST = 3

#: So many periods are tried, the most frequent distances between equal operations, and none longer than this.
_PERIODS, _LONGEST = 24, 2000

#: Blocks inside of blocks are folded as well; so many times at most.
_ROUNDS = 4

#: Another round is made if the last one spared at least this share of the nodes.
_WORTHWHILE = 0.02


class _Run(NamedTuple):
    """Operations ``start ... start + times * period - 1`` are `times` equal blocks."""

    start: int
    period: int
    times: int

    @property
    def stop(self) -> int:
        return self.start + self.period * self.times


def fold_repeats(graph: Graph) -> Graph:
    """The graph with repeated blocks folded; the same graph if there are none.

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
        smaller = _Repeats(graph).folded()
        spared = 1 - len(smaller.nodes) / len(graph.nodes)
        graph = smaller
        if spared < _WORTHWHILE:
            break
    return graph


class _Repeats:
    """One round of folding."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operations = [node for node in graph.nodes if node.op or node.inside]
        self.index = {node.id: i for i, node in enumerate(self.operations)}
        around = {group.id: tuple(graph.ancestors(group.id)) for group in graph.groups}
        self.around = [around[node.group] if node.group else () for node in self.operations]
        self.inputs = [list[int | str]() for _ in self.operations]
        for edge in graph.edges:
            self.inputs[self.index[edge.target]].append(self.index.get(edge.source, edge.source))
        self.signatures = self._signatures()
        self.leaves = {node.id: (node.role, node.shape) for node in graph.nodes if node.id not in self.index}

    def _signatures(self) -> list[int]:
        """The same number for operations that do the same inside modules of the same classes."""
        numbers: dict[tuple[object, ...], int] = {}
        signatures = []
        classes = {group.id: group.label.rpartition(" ")[2] for group in self.graph.groups}
        for node, around, inputs in zip(self.operations, self.around, self.inputs, strict=True):
            what = node.name.rpartition(" ")[2] if node.inside else node.op
            key = (what, node.inside, node.shape, node.phase, tuple(node.params.items()) if node.op else ())
            full = (*key, tuple(classes[id] for id in around), len(inputs), node.count)
            signatures.append(numbers.setdefault(full, len(numbers)))
        return signatures

    def folded(self) -> Graph:
        """The graph with the runs folded that spare most, none of which overlap."""
        runs = sorted(self._runs(), key=lambda run: (-run.period * (run.times - 1), run.period, run.start))
        taken = bytearray(len(self.operations))
        chosen = []
        for run in runs:
            if not any(taken[run.start : run.stop]):
                taken[run.start : run.stop] = b"\1" * (run.stop - run.start)
                chosen.append(run)
        return self._without(sorted(chosen)) if chosen else self.graph

    def _runs(self) -> Iterator[_Run]:
        for period in self._periods():
            alike = bytes(map(eq, self.signatures, self.signatures[period:]))
            for stretch in re.finditer(b"\1{%d,}" % ((FEWEST - 2) * period), alike):
                start = stretch.start()
                for i in range(start, stretch.end() + 1):
                    if i == stretch.end() or not self._continues(i, period):
                        run = self._aligned(start, i + period, period)
                        if run is not None:
                            yield run
                        start = i + 1

    def _periods(self) -> list[int]:
        """Distances at which sequences of equal operations recur, the most frequent first."""
        counts: Counter[int] = Counter()
        signatures = self.signatures
        for sequences in (signatures, zip(signatures, signatures[1:], signatures[2:], signatures[3:], strict=False)):
            last: dict[object, int] = {}
            for i, key in enumerate(sequences):
                before = last.get(key)
                last[key] = i
                if before is not None:
                    counts[i - before] += 1
        for distance in [distance for distance in counts if distance > _LONGEST]:
            del counts[distance]
        return [period for period, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_PERIODS]]

    def _continues(self, i: int, period: int) -> bool:
        """Whether the inputs of operation ``i + period`` are those of operation `i`, moved or the same."""
        return all(self._moved(x, y, period) for x, y in zip(self.inputs[i], self.inputs[i + period], strict=True))

    def _moved(self, x: int | str, y: int | str, period: int) -> bool:
        if isinstance(x, int):
            return y == x or y == x + period
        return y == x or (isinstance(y, str) and self.leaves[x] == self.leaves[y])

    def _begins(self, first: int, period: int) -> bool:
        """Whether the block at `first` is like the next one, but takes from outside what the next one takes from it."""
        if first < 0:
            return False
        for i in range(first, first + period):
            j = i + period
            if self.signatures[i] != self.signatures[j]:
                return False
            for x, y in zip(self.inputs[i], self.inputs[j], strict=True):
                outside = isinstance(x, str) or x < first
                handed_on = outside and isinstance(y, int) and first <= y < first + period
                if not handed_on and not self._moved(x, y, period):
                    return False
        return True

    def _aligned(self, start: int, stop: int, period: int) -> _Run | None:
        """The run moved so that its blocks begin where modules begin; None if they would cut a module apart."""
        best: tuple[int, int, _Run] | None = None
        for offset in range(max(0, min(period, stop - start - (FEWEST - 1) * period + 1))):
            first = start + offset
            run = _Run(first, period, (stop - first) // period)
            depth = self._depth_of_cuts(run)
            if depth is None or (best is not None and (depth, -run.times - 1) >= best[:2]):
                continue
            if self._begins(first - period, period):
                longer = _Run(first - period, period, run.times + 1)
                if self._depth_of_cuts(longer) == depth:
                    run = longer
            if run.times >= FEWEST and (best is None or (depth, -run.times) < best[:2]):
                best = (depth, -run.times, run)
        return None if best is None else best[2]

    def _depth_of_cuts(self, run: _Run) -> int | None:
        """How many groups hold the whole run, if no border between two blocks lies inside of a smaller group."""
        common = self.around[run.start]
        if not common and not any(self.around[run.start : run.stop]):
            return 0
        for around in self.around[run.start : run.stop]:
            common = _common(common, around)
        for border in range(run.start + run.period, run.stop, run.period):
            if len(_common(self.around[border - 1], self.around[border])) > len(common):
                return None
        return len(common)

    def _without(self, runs: Sequence[_Run]) -> Graph:
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
            if stands_for[node.id] == node.id and (node.id in self.index or node.id in used)
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

    def _count_leaves(self, runs: Sequence[_Run], counts: dict[str, int]) -> None:
        """A leaf that only one block uses, while the other blocks have their own, counts as often as the block."""
        users: dict[str, set[str]] = {}
        for edge in self.graph.edges:
            if edge.source in self.leaves:
                users.setdefault(edge.source, set()).add(edge.target)
        for run in runs:
            block = range(run.start, run.start + run.period)
            members = {self.operations[i].id for i in block}
            own: dict[str, bool] = {}
            for i in block:
                for x, y in zip(self.inputs[i], self.inputs[i + run.period], strict=True):
                    if isinstance(x, str):
                        own[x] = own.get(x, True) and isinstance(y, str) and x != y
            counts.update((leaf, run.times) for leaf, is_own in own.items() if is_own and users[leaf] <= members)

    def _groups(self, runs: Sequence[_Run], used: set[str | None]) -> tuple[list[Group], dict[str, str]]:
        """The groups that are left, with blocks that are no module as new ones; and the nodes that change place."""
        needed = {id for group in used for id in self.graph.ancestors(group)}
        groups = {group.id: replace(group) for group in self.graph.groups if group.id in needed}
        place: dict[str, str] = {}
        added = 0
        for run in runs:
            block = range(run.start, run.start + run.period)
            depth = self._depth_of_cuts(run) or 0
            tops = list(dict.fromkeys(self.around[i][depth] for i in block if len(self.around[i]) > depth))
            loose = [i for i in block if len(self.around[i]) == depth]
            if len(tops) == 1 and not loose:
                groups[tops[0]].count *= run.times
                continue
            parent = self.around[run.start][depth - 1] if depth else None
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
            if edge.source in self.leaves:
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


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return a[:count]
