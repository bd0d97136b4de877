"""Finding blocks of operations that repeat, one behind the other.

Operations are looked at in the order of the program. With a period p, operation i + p repeats operation i if both do
the same on the same shapes inside modules of the same classes, and each input of the one is the input of the other
moved by p, or the very same node, or a leaf like it; the first block may take from outside what the others take from
the block before. Fewer than three are no repetition.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from operator import eq
from typing import NamedTuple

from .model import Graph

__all__ = ["FEWEST", "Run", "Runs"]

#: Blocks are folded from so many on.
FEWEST = 3

#: So many periods are tried, the most frequent distances between equal operations, and none longer than this.
_PERIODS, _LONGEST = 24, 2000


class Run(NamedTuple):
    """Operations ``start ... start + times * period - 1`` are `times` equal blocks."""

    start: int
    period: int
    times: int

    @property
    def stop(self) -> int:
        """The operation after the last."""
        return self.start + self.period * self.times


class Runs:
    """The operations of a graph, and the blocks of them that repeat."""

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

    def chosen(self) -> list[Run]:
        """Those runs that spare most, none of which overlap, in the order of the program."""
        runs = sorted(self._runs(), key=lambda run: (-run.period * (run.times - 1), run.period, run.start))
        taken = bytearray(len(self.operations))
        chosen = []
        for run in runs:
            if not any(taken[run.start : run.stop]):
                taken[run.start : run.stop] = b"\1" * (run.stop - run.start)
                chosen.append(run)
        return sorted(chosen)

    def _runs(self) -> Iterator[Run]:
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

    def _aligned(self, start: int, stop: int, period: int) -> Run | None:
        """The run moved so that its blocks begin where modules begin; None if they would cut a module apart."""
        best: tuple[int, int, Run] | None = None
        for offset in range(max(0, min(period, stop - start - (FEWEST - 1) * period + 1))):
            first = start + offset
            run = Run(first, period, (stop - first) // period)
            depth = self.depth_of_cuts(run)
            if depth is None or (best is not None and (depth, -run.times - 1) >= best[:2]):
                continue
            if self._begins(first - period, period):
                longer = Run(first - period, period, run.times + 1)
                if self.depth_of_cuts(longer) == depth:
                    run = longer
            if run.times >= FEWEST and (best is None or (depth, -run.times) < best[:2]):
                best = (depth, -run.times, run)
        return None if best is None else best[2]

    def depth_of_cuts(self, run: Run) -> int | None:
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


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    count = 0
    while count < min(len(a), len(b)) and a[count] == b[count]:
        count += 1
    return a[:count]
