"""The layout of what stands side by side in one group: nodes, boxes of groups inside, ports and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from .ordering import reduce_crossings
from .placing import Tie, place
from .ranks import ranks

__all__ = ["Container", "Wire"]

#: Free space between two layers, between items of a layer, beside lines, and inside of ports.
LAYER_GAP, ITEM_GAP, LINE_GAP, PORT_GAP = 34.0, 22.0, 9.0, 8.0

#: So many bends of lines are laid out; lines that pass the most layers are drawn straight if there are more.
_BENDS = 12_000


@dataclass(eq=False)
class Wire:
    """A line from one item to another of a container; `shift` is where it meets the target, as a share of its width.

    `bends` are the items of no size, one on each layer between, `label` the one among them that is written at.
    """

    source: int
    target: int
    key: str
    shift: float | None
    size: tuple[float, float] | None
    bends: list[int] = field(default_factory=list)
    label: int | None = None
    straight: bool = False


class Container:
    """Items by number: first what was added by name, then labels and bends."""

    def __init__(self, leads: dict[str, float]) -> None:
        """`leads` tells, for each port, where its line leads to, if that is known."""
        self.leads = leads
        self.index: dict[str, int] = {}
        self.widths: list[float] = []
        self.heights: list[float] = []
        self.gaps: list[float] = []
        self.wires: dict[tuple[object, ...], Wire] = {}
        self.attached: dict[tuple[int, str], float] = {}  # where a wire of this key meets a group, from its centre
        self.plain: set[str] = set()  # names of nodes
        self.width = self.height = 0.0
        self.left = self.top = 0.0

    # -- filling ------------------------------------------------------------------------------------------------------

    def add(self, name: str, size: tuple[float, float] | None = None) -> int:
        """A node, or with no size yet a group or port."""
        if size is not None:
            self.plain.add(name)
        self.index[name] = len(self.widths)
        return self._item(size or (0.0, 0.0), ITEM_GAP if size else LINE_GAP)

    def _item(self, size: tuple[float, float], gap: float) -> int:
        self.widths.append(size[0])
        self.heights.append(size[1])
        self.gaps.append(gap)
        return len(self.widths) - 1

    def connect(
        self, source: str, target: str, key: str, size: tuple[float, float] | None, shift: float | None
    ) -> Wire:
        """A wire, the same again for the same ends and key; ports are added as they are needed."""
        a = self.index[source] if source in self.index else self.add(source)
        b = self.index[target] if target in self.index else self.add(target)
        return self.wires.setdefault((a, b, key, shift), Wire(a, b, key, shift, size))

    def resize(self, name: str, size: tuple[float, float], ports: dict[str, float]) -> None:
        """The size of a group that has been laid out, and where wires meet its border, from its left."""
        i = self.index[name]
        self.widths[i], self.heights[i] = size
        self.gaps[i] = ITEM_GAP
        for key, x in ports.items():
            self.attached[i, key] = x - size[0] / 2

    # -- layout -------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Layers, order and places; the size is known afterwards."""
        self._rank()
        self._bend()
        layers: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            layers[rank].append(item)
        for layer in (layers[0], layers[-1]) if layers else ():
            if self.are_ports.issuperset(layer):
                names = {i: name for name, i in self.index.items()}
                layer.sort(key=lambda i: self.leads.get(names[i], 0.0))
        ties = self._ties()
        share = [1 / w if w else 0.0 for w in self.widths]
        links = [(t.above, t.below, t.at_above * share[t.above] * 0.9, t.at_below * share[t.below] * 0.9) for t in ties]
        reduce_crossings(layers, links)
        self.x = place(layers, self.widths, self.gaps, ties, self.chains)
        self._stack(layers)
        self.width = max((self.x[i] + self.widths[i] / 2 for i in range(len(self.widths))), default=0.0)

    def _rank(self) -> None:
        first = {i for name, i in self.index.items() if name.startswith("in ")}
        last = {i for name, i in self.index.items() if name.startswith("out ")}
        self.are_ports = first | last
        rank = ranks(len(self.widths), [(wire.source, wire.target) for wire in self.wires.values()], first, last)
        self.doubled = any(wire.size for wire in self.wires.values())
        if self.doubled:  # a layer for labels between every two, but not beside the ports
            start = int(bool(first))
            rank = [2 * r - start for r in rank]
            top, bottom = min(rank), max(rank)
            rank = [top + 1 if i in first and top < 0 else bottom - 1 if i in last else r for i, r in enumerate(rank)]
        self.rank = rank

    def _bend(self) -> None:
        """Items on the layers that wires pass; wires of one source and key share them."""
        longest: dict[tuple[int, str], int] = {}
        for wire in self.wires.values():
            net = (wire.source, wire.key)
            longest[net] = max(longest.get(net, 0), self.rank[wire.target] - self.rank[wire.source] - 1)
        limit = spent = 0
        for length in sorted(longest.values()):
            spent += length
            if spent <= _BENDS:
                limit = length
        chains: dict[tuple[int, str], list[int]] = {}
        self.passing: Counter[int] = Counter()  # how many wires pass each bend
        for wire in self.wires.values():
            net = (wire.source, wire.key)
            if longest[net] > max(limit, 3):
                wire.straight = True
                continue
            chain = chains.setdefault(net, [])
            length = self.rank[wire.target] - self.rank[wire.source] - 1
            while len(chain) < length:
                chain.append(self._item((0.0, 0.0), LINE_GAP))
                self.rank.append(self.rank[wire.source] + len(chain))
            wire.bends = chain[:length]
            self.passing.update(wire.bends)
            if wire.size is not None and wire.bends:
                wire.label = wire.bends[-1]
                self.widths[wire.label], self.heights[wire.label] = wire.size
        self.chains = list(chains.values())

    def _ties(self) -> list[Tie]:
        ties: dict[tuple[int, int, float, float], Tie] = {}
        for wire in self.wires.values():
            if wire.straight:
                continue
            stops = [wire.source, *wire.bends, wire.target]
            for i, (a, b) in enumerate(pairwise(stops)):
                start = self._start(wire) if not i else 0.0
                end = self._end(wire) if i == len(stops) - 2 else 0.0
                inner = (i > 0) + (i < len(stops) - 2)
                ties.setdefault((a, b, start, end), Tie(a, b, start, end, (1.0, 2.0, 8.0)[inner]))
        return list(ties.values())

    def _start(self, wire: Wire) -> float:
        return self.attached.get((wire.source, f"out {wire.key}"), 0.0)

    def _end(self, wire: Wire) -> float:
        if wire.shift is not None:
            return wire.shift * self.widths[wire.target]
        return self.attached.get((wire.target, f"in {wire.key}"), 0.0)

    def _stack(self, layers: list[list[int]]) -> None:
        """Where each layer begins and ends."""
        usual = LAYER_GAP / 2 if self.doubled else LAYER_GAP
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        y = 0.0
        for n, layer in enumerate(layers):
            self.tops.append(y)
            y += max((self.heights[i] for i in layer), default=0.0)
            self.bottoms.append(y)
            at_ports = any(i in self.are_ports for i in (*layer, *(layers[n + 1] if n + 1 < len(layers) else ())))
            y += PORT_GAP if at_ports else usual
        self.height = self.bottoms[-1] if layers else 0.0

    def frame(
        self, top: float, bottom: float, left: float, right: float, least_width: float, least_height: float
    ) -> None:
        """Leave space around everything, which is centred in at least so much."""
        self.left = left + max(0.0, least_width - self.width - left - right) / 2
        self.top = top + max(0.0, least_height - self.height - top - bottom) / 2
        self.width = max(self.width + left + right, least_width)
        self.height = max(self.height + top + bottom, least_height)

    # -- afterwards ---------------------------------------------------------------------------------------------------

    def ports(self) -> dict[str, float]:
        """Where each port stands, from the left, by name."""
        return {name: self.left + self.x[i] for name, i in self.index.items() if name.startswith(("in ", "out "))}

    def box(self, item: int) -> tuple[float, float, float, float]:
        """Left, top, width and height of an item, in the middle of its layer."""
        middle = (self.tops[self.rank[item]] + self.bottoms[self.rank[item]]) / 2
        width, height = self.widths[item], self.heights[item]
        return self.left + self.x[item] - width / 2, self.top + middle - height / 2, width, height

    def boxes(self) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
        """The nodes."""
        return ((name, self.box(i)) for name, i in self.index.items() if name in self.plain)

    def corner(self, name: str) -> tuple[float, float]:
        """Upper left corner of a group."""
        left, top, _, _ = self.box(self.index[name])
        return left, top

    def path(self, wire: Wire) -> list[tuple[float, float]]:
        """Points of a wire: down from its source, through its bends, down to its target."""
        points = []
        _, top, _, height = self.box(wire.source)
        x = self.left + self.x[wire.source] + self._start(wire)
        points.append((x, self._border(wire.source, top + height, 0.0)))
        if not wire.straight:
            points.append((x, self.top + self.bottoms[self.rank[wire.source]]))
        first = len(points)
        for bend in wire.bends:
            at = self.left + self.x[bend]
            points += [(at, self.top + self.tops[self.rank[bend]]), (at, self.top + self.bottoms[self.rank[bend]])]
        _, top, _, _ = self.box(wire.target)
        x = self.left + self.x[wire.target] + self._end(wire)
        if not wire.straight:
            points.append((x, self.top + self.tops[self.rank[wire.target]]))
        points.append((x, self._border(wire.target, top, self.height)))
        for i, bend in enumerate(wire.bends):
            if self.passing[bend] == 1:
                _slant(points, first + 2 * i, max(LINE_GAP, self.widths[bend] / 2) - 2)
        return points

    def _border(self, item: int, y: float, border: float) -> float:
        """A port stands at the border of its group."""
        return border if item in self.are_ports else y


def _slant(points: list[tuple[float, float]], i: int, room: float) -> None:
    """Let a line that goes on to the same side pass a layer, from point `i` to the next, aslant instead of in a step.

    It may leave the middle of its lane by `room`, which is half of the label that it passes behind, if it has one.
    """
    (x, y), (at, top), (_, bottom), (to_x, to_y) = points[i - 1 : i + 3]
    if (at - x) * (to_x - at) <= 0:
        return
    middle = (top + bottom) / 2
    points[i] = (at - min(max((at - x) * (middle - top) / (middle - y), -room), room), top)
    points[i + 1] = (at + min(max((to_x - at) * (bottom - middle) / (to_y - middle), -room), room), bottom)
