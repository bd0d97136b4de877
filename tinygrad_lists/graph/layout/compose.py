"""The layout of a whole graph, from the innermost groups outwards.

Each group is laid out by itself and is then one box in the layout of what is around it, so that its nodes stay
together. An edge that crosses a group's border passes through a port, an item of no size above or below all others of
that group; so edges go around the nodes of every group that they cross. No `dot`, and no recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Protocol

from ..model import Edge, Graph, Node
from .container import Container, Wire

__all__ = ["Box", "Layout", "Measure", "lay_out"]

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class Measure(Protocol):
    """How much room a renderer needs, in pixels (width, height)."""

    def node(self, node: Node) -> tuple[float, float]:
        """Of a node."""

    def label(self, edge: Edge) -> tuple[float, float] | None:
        """Of what is written at an edge, if anything is."""

    def header(self, label: str, count: int) -> tuple[float, float]:
        """Of the title of a group."""


@dataclass
class Layout:
    """Where everything stands. `paths` are points from the source's border to the target's, by edge."""

    width: float = 0.0
    height: float = 0.0
    nodes: dict[str, Box] = field(default_factory=dict)
    groups: dict[str, Box] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    paths: dict[str, list[Point]] = field(default_factory=dict)


#: Free space inside of a group's border, and around the picture.
PADDING, MARGIN = 14.0, 20.0


def lay_out(graph: Graph, measure: Measure, across: bool = False) -> Layout:
    """Lay out a graph from the top down; with `across`, from left to right."""
    first = _Composition(graph, measure, across, {})
    layout = first.layout()
    if not graph.groups:
        return layout
    # Ports of one node may stand in any order as far as their group knows; now it is known where they lead.
    return _Composition(graph, measure, across, first.leads(layout)).layout()


class _Composition:
    """One layout. Inside, "y" is the direction in which data flow and "x" the other; `across` exchanges them."""

    def __init__(self, graph: Graph, measure: Measure, across: bool, leads: dict[str, float]) -> None:
        self.graph = graph
        self.across = across
        self.measure = measure
        self.chains: dict[str | None, tuple[str | None, ...]] = {None: (None,)}
        for group in graph.groups:
            self.chains[group.id] = (*self.chains[group.parent], group.id)
        self.containers: dict[str | None, Container] = {id: Container(leads) for id in self.chains}
        self.wires: dict[str, list[tuple[str | None, Wire]]] = {}

    def layout(self) -> Layout:
        """Wire everything up, lay out from the inside, and place from the outside."""
        self._fill()
        for edge in self.graph.edges:
            self._wire(edge)
        deepest_first = sorted(self.containers, key=lambda id: -len(self.chains[id]))
        for id in deepest_first:
            container = self.containers[id]
            container.settle()
            if id is not None:
                self._close(id, container)
        return self._placed(sorted(self.containers, key=lambda id: len(self.chains[id])))

    def leads(self, layout: Layout) -> dict[str, float]:
        """Where the line of each port leads to, across the direction of flow."""
        at = int(self.across)
        found: dict[str, float] = {}
        for edge in self.graph.edges:
            key = self._key(edge)
            path = layout.paths[edge.id]
            found[f"in {key}"] = path[0][at]
            found[f"out {key}"] = path[-1][at]
        return found

    def _key(self, edge: Edge) -> str:
        """Edges from one node share their wires as long as they have no labels."""
        return edge.source if self.measure.label(edge) is None else edge.id

    def _turned(self, size: tuple[float, float]) -> tuple[float, float]:
        return (size[1], size[0]) if self.across else size

    def _fill(self) -> None:
        """Nodes and groups, each in the container that it stands in; groups among the nodes by their first one."""
        waiting = {group.id for group in self.graph.groups}
        arity: dict[str, int] = {}
        for edge in self.graph.edges:
            arity[edge.target] = arity.get(edge.target, 0) + 1
        self.arity = arity
        for node in self.graph.nodes:
            chain = self.chains[node.group]
            for outer, inner in pairwise(chain):
                if inner in waiting and inner is not None:
                    waiting.discard(inner)
                    self.containers[outer].add(inner)
            self.containers[node.group].add(node.id, self._turned(self.measure.node(node)))

    def _wire(self, edge: Edge) -> None:
        """Take an edge apart into wires, one for each container that it passes."""
        size = self.measure.label(edge)
        label = None if size is None else self._turned(size)
        key = self._key(edge)
        source, target = self.graph.node(edge.source), self.graph.node(edge.target)
        ups, downs = self.chains[source.group], self.chains[target.group]
        common = sum(1 for _ in _same(ups, downs))
        legs: list[tuple[str | None, str, str, bool]] = []
        inner = edge.source
        for id in reversed(ups[common:]):
            legs.append((id, inner, f"out {key}", False))
            inner = str(id)
        end = edge.target
        inward: list[tuple[str | None, str, str, bool]] = []
        for id in reversed(downs[common:]):
            inward.append((id, f"in {key}", end, False))
            end = str(id)
        legs.append((ups[common - 1], inner, end, True))
        legs += reversed(inward)
        count = self.arity[edge.target]
        shift = (edge.position + 0.5) / max(count, edge.position + 1) - 0.5
        self.wires[edge.id] = [
            (
                id,
                self.containers[id].connect(
                    a, b, key, label if is_top else None, shift * 0.7 if b == edge.target else None
                ),
            )
            for id, a, b, is_top in legs
        ]

    def _close(self, id: str, container: Container) -> None:
        """The box of a group that is laid out."""
        group = self.graph.group(id)
        width, height = self.measure.header(group.label, group.count)
        if self.across:
            container.frame(PADDING, PADDING, PADDING + height, PADDING, 0.0, width + 2 * PADDING)
        else:
            container.frame(PADDING + height, PADDING, PADDING, PADDING, width + 2 * PADDING, 0.0)
        outer = self.containers[self.chains[id][-2]]
        if id in outer.index:
            outer.resize(id, (container.width, container.height), container.ports())

    def _placed(self, parents_first: Iterable[str | None]) -> Layout:
        layout = Layout()
        corners: dict[str | None, Point] = {None: (MARGIN, MARGIN)}
        turn: Callable[[float, float], Point] = (lambda x, y: (y, x)) if self.across else (lambda x, y: (x, y))
        for id in parents_first:
            container = self.containers[id]
            if id is not None:
                outer = self.chains[id][-2]
                if id not in self.containers[outer].index:
                    continue
                left, top = self.containers[outer].corner(id)
                corners[id] = (corners[outer][0] + left, corners[outer][1] + top)
                layout.groups[id] = Box(*turn(*corners[id]), *turn(container.width, container.height))
            for name, (left, top, width, height) in container.boxes():
                x, y = corners[id][0] + left, corners[id][1] + top
                layout.nodes[name] = Box(*turn(x, y), *turn(width, height))
        for edge, legs in self.wires.items():
            path: list[Point] = []
            for id, wire in legs:
                left, top = corners[id]
                container = self.containers[id]
                path += [turn(left + x, top + y) for x, y in container.path(wire)]
                if wire.label is not None:
                    x, y, width, height = container.box(wire.label)
                    layout.labels[edge] = Box(*turn(left + x, top + y), *turn(width, height))
            layout.paths[edge] = _simplified(path)
        root = self.containers[None]
        width, height = turn(root.width + 2 * MARGIN, root.height + 2 * MARGIN)
        layout.width, layout.height = width, height
        return layout


def _simplified(path: list[Point]) -> list[Point]:
    """Without points that stand twice or in the middle of a straight piece."""
    kept: list[Point] = []
    for x, y in path:
        if kept and kept[-1] == (x, y):
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == x or kept[-2][1] == kept[-1][1] == y):
            kept.pop()
        kept.append((x, y))
    return kept


def _same(a: tuple[str | None, ...], b: tuple[str | None, ...]) -> Iterable[str | None]:
    for x, y in zip(a, b, strict=False):
        if x != y:
            return
        yield x
