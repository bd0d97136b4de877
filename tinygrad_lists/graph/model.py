"""The one model of a computation graph, from which every picture is made: plain data, no Values.

Nodes stand in topological order, inputs before what is made of them, and their ids are their positions in it: the same
program gives the same graph in any process. Nothing here is worked out by a renderer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ..shapes import Shape
from .summary import Summary
from .views import Views

__all__ = ["Edge", "Flow", "Graph", "Group", "Line", "Mark", "Node", "OpText", "Role", "Step", "dotted"]


class Role(StrEnum):
    """What a node is for.

    A leaf that wants a gradient is a parameter; a leaf that does not is an input if it is a named or plain tensor, and
    else (literals, computed masks, detached copies) a constant.
    """

    INPUT = "input"
    PARAMETER = "parameter"
    CONSTANT = "constant"
    OPERATION = "operation"
    OUTPUT = "output"
    GROUP = "group"  # several nodes folded into one
    FAILED = "failed"  # the operation that raised an error


class Flow(StrEnum):
    """Why a gradient is what it is: zeros have reasons."""

    FLOWS = "flows"  # some element is not 0
    ZERO = "zero"  # worked out, and 0
    DEAD = "dead"  # 0 because every way to the output goes through a closed ReLU
    UNREACHED = "unreached"  # wants a gradient, but the backward pass brought none
    DETACHED = "detached"  # a copy that was cut off
    CONSTANT = "constant"  # wants none
    INDEX = "index"  # an index or a truth value has none
    NOT_COMPUTED = "not computed"  # no backward pass was run for this picture


class Line(NamedTuple):
    """A line of the user's program; `file` is the file's name without its folder."""

    file: str
    line: int
    function: str
    text: str


class Mark(NamedTuple):
    """A verdict from outside: of a comparison of gradients, or of the difference of two graphs.

    `text` says more, such as the worst element.
    """

    verdict: str
    text: str = ""


class OpText(NamedTuple):
    """What an operation computes, its derivative with respect to each input, and the rule as the source has it."""

    formula: str
    derivatives: tuple[str, ...] = ()
    rule: str = ""


@dataclass(slots=True)
class Node:
    """A leaf, or the result of an operation.

    Attributes:
        op: name of the operation; "" for a leaf.
        group: id of the innermost group that it stands in.
        phase: 0 for the forward pass, 1 for the backward pass, 2 for the backward pass of that.
        of: id of the node whose gradient it belongs to, in phases above 0.
        grad: gradient that the replayed backward pass gives.
        held: what the Value's ``.grad`` held when it was drawn, if not None.
        hooked: a hook of the user's saw, and may have replaced, the gradient.
        count: how many such nodes it stands for, if repeated blocks were folded.
        inside: how many nodes were folded into it, if it stands for a group.
    """

    id: str
    op: str
    shape: Shape
    name: str = ""
    scope: tuple[str, ...] = ()
    group: str | None = None
    role: Role = Role.OPERATION
    params: dict[str, str] = field(default_factory=dict)
    data: Summary | None = None
    grad: Summary | None = None
    held: Summary | None = None
    flow: Flow = Flow.NOT_COMPUTED
    source: Line | None = None
    phase: int = 0
    of: str | None = None
    hooked: bool = False
    mark: Mark | None = None
    count: int = 1
    inside: int = 0

    @property
    def title(self) -> str:
        """What to call it: its name, else its operation, else its role."""
        return self.name or self.op or str(self.role)


@dataclass(slots=True)
class Edge:
    """That `target` was computed from `source`, which is its input number `position`.

    Attributes:
        local: derivative of the target with respect to the source, element by element, for elementwise operations.
        contribution: what the target's rule sent to the source; None where no gradient flows.
        total: the source's gradient with this contribution added, if it was not the first.
        order: place among all contributions in the order in which the engine added them; None as `contribution`.
        count: how many edges it stands for, if folded.
    """

    id: str
    source: str
    target: str
    position: int
    local: Summary | None = None
    contribution: Summary | None = None
    total: Summary | None = None
    order: int | None = None
    flow: Flow = Flow.NOT_COMPUTED
    count: int = 1


@dataclass(slots=True)
class Group:
    """Nodes of one call of a module, or of a fold.

    `path` is the names of the modules from the outermost on; the last is `label`. `count` is how many equal blocks in a
    row it stands for.
    """

    id: str
    path: tuple[str, ...]
    label: str
    parent: str | None = None
    count: int = 1
    mark: Mark | None = None


class Step(NamedTuple):
    """One step of the backward pass: the rule of `node` turns its gradient into a contribution along each of `edges`
    (ids, by position; only those that carry one)."""

    node: str
    edges: tuple[str, ...]


@dataclass(repr=False)
class Graph(Views):
    """A computation graph: what `draw` gives, and what all renderers read.

    Attributes:
        nodes: in topological order.
        edges: sorted by target, then by position.
        groups: parents before children.
        steps: the backward pass, in the order in which the engine ran it; empty if none was run.
        outputs: ids of the nodes that were drawn.
        seeds: the gradient with which the backward pass starts, for each output; empty if none was run.
        ops: what is to be said about each operation.
        notes: what a reader should know, such as why there are no gradients.

    >>> from tinygrad_lists import Value, draw
    >>> graph = draw(Value(2.0, name="x") * 3)
    >>> graph
    Graph(3 nodes, 2 edges)
    >>> [node.title for node in graph.nodes]
    ['x', 'constant', 'mul']
    """

    nodes: list[Node]
    edges: list[Edge]
    groups: list[Group] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    seeds: dict[str, Summary] = field(default_factory=dict)
    ops: dict[str, OpText] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        self._nodes = {node.id: node for node in self.nodes}
        self._groups = {group.id: group for group in self.groups}

    def __repr__(self) -> str:
        title = f"{self.title!r}, " if self.title else ""
        return f"Graph({title}{len(self.nodes):,} nodes, {len(self.edges):,} edges)"

    def node(self, id: str) -> Node:
        """The node with this id. KeyError if there is none; `find` looks by name."""
        return self._nodes[id]

    def group(self, id: str) -> Group:
        """The group with this id. KeyError if there is none."""
        return self._groups[id]

    def inputs(self) -> dict[str, list[Edge]]:
        """For each node the edges that lead to it, by position.

        >>> from tinygrad_lists import Value, draw
        >>> [edge.source for edge in draw(Value(2.0) * 3).inputs()["n2"]]
        ['n0', 'n1']
        """
        return _by(self.nodes, ((edge.target, edge) for edge in self.edges))

    def uses(self) -> dict[str, list[Edge]]:
        """For each node the edges that start at it: none at an output.

        >>> from tinygrad_lists import Value, draw
        >>> [edge.target for edge in draw(Value(2.0) * 3).uses()["n0"]]
        ['n2']
        """
        return _by(self.nodes, ((edge.source, edge) for edge in self.edges))

    def ancestors(self, group: str | None) -> list[str]:
        """Ids of a group and the groups around it, outermost first; none for None. KeyError if it is not there.

        >>> from tinygrad_lists import Value, draw, scope
        >>> with scope("net"), scope("layer"):
        ...     graph = draw(Value(2.0).exp())
        >>> [graph.group(id).label for id in graph.ancestors(graph.find("exp").group)]
        ['net', 'layer']
        """
        path: list[str] = []
        while group is not None:
            path.append(group)
            group = self._groups[group].parent
        return path[::-1]

    def find(self, name: str) -> Node:
        """The first node with this id, name or operation, or this dotted path such as ``"0.weight"``.

        Raises KeyError that lists some that there are.

        >>> from tinygrad_lists import Value, draw
        >>> draw(Value(2.0, name="x") * 3).find("mul").id
        'n2'
        """
        for matches in (_by_id, _by_path, _by_name, _by_op):
            for node in self.nodes:
                if matches(node, name):
                    return node
        known = list(dict.fromkeys(node.title for node in self.nodes))
        raise KeyError(f"graph: no node is called {name!r}; there are {', '.join(known[:12])}")


def dotted(scope: Iterable[str], name: str = "") -> str:
    """Path of a node or module as parameters are named: ``("Sequential", "0 Conv2d"), "weight"`` is ``"0.weight"``.

    A scope is an attribute's name and a class; a model's own has the class only and is left out.

    >>> dotted(("Sequential", "0 Conv2d"), "weight")
    '0.weight'
    """
    parts = [label.rpartition(" ")[0] for label in scope]
    return ".".join(part for part in [*parts, name] if part)


def _by_id(node: Node, name: str) -> bool:
    return node.id == name


def _by_path(node: Node, name: str) -> bool:
    return bool(node.name) and dotted(node.scope, node.name) == name


def _by_name(node: Node, name: str) -> bool:
    return node.name == name


def _by_op(node: Node, name: str) -> bool:
    return node.op == name


def _by(nodes: Sequence[Node], pairs: Iterable[tuple[str, Edge]]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {node.id: [] for node in nodes}
    for id, edge in pairs:
        found[id].append(edge)
    return found
