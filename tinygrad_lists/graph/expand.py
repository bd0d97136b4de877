"""A small tensor operation taken apart into the scalar operations that it consists of."""

from __future__ import annotations

from ast import literal_eval
from dataclasses import replace

from .. import modes
from ..shapes import Shape, numel, strides_of
from ..value import Value
from .capture import capture
from .flows import GATES
from .model import Edge, Flow, Graph, Group, Node, OpText, Role, Step
from .scalars import EXPANDED, expansion

__all__ = ["LARGEST", "expand"]

#: Operations are expanded to at most so many scalars.
LARGEST = 400

_WITHOUT_GRADIENT = (Flow.CONSTANT, Flow.INDEX, Flow.DETACHED)


def expand(graph: Graph, node_id: str) -> Graph:
    """The graph with one tensor operation as a group of scalar operations: one node for each element of its inputs and
    its result, and what is between, each with data, gradient, local derivatives and contributions.

    Gradients start at the gradient that the operation's result has. Elementwise operations, sums, movements, indexing,
    matmul and conv2d can be expanded. Sums run from left to right, as in the engine, so that the numbers are the same
    up to rounding.

    Raises:
        KeyError: there is no such node. ValueError: it is no such operation, or has too many elements.

    >>> x = Value([[1.0, 2.0]], name="x")
    >>> graph = capture((x @ [[3.0], [4.0]]).sum())
    >>> larger = expand(graph, graph.find("matmul").id)
    >>> [node.op for node in larger.nodes if node.group == "x0" and node.op]
    ['element', 'element', 'element', 'element', 'mul', 'mul', 'add', 'matmul']
    """
    node = graph.find(node_id)
    sources = [graph.node(edge.source) for edge in graph.inputs()[node.id]]
    scalar_rule = expansion(node.op)
    if scalar_rule is None:
        raise ValueError(f"expand: {node.title} cannot be taken apart; elementwise operations, {EXPANDED} can")
    _check_size(node, sources)
    with modes.setting(recording=True, scope=(), source=False, anomaly=None):
        leaves = [_leaves(source, number) for number, source in enumerate(sources)]
        params = {name: literal_eval(text) for name, text in node.params.items()}
        outs = scalar_rule(leaves, [source.shape for source in sources], node.shape, **params)
    seeds = None if node.grad is None else node.grad.flat
    scalars = capture(
        outs,
        gradient=seeds[0] if seeds is not None and len(outs) == 1 else seeds,
        gradients=seeds is not None,
    )
    if len(scalars.nodes) > 4 * LARGEST:
        raise ValueError(f"expand: {node.title} {node.shape} consists of {len(scalars.nodes)} scalars; too many")
    return _Splice(graph, node, sources, _with_reasons(scalars, _dead_elements(graph, node))).result()


def _check_size(node: Node, sources: list[Node]) -> None:
    if node.data is None or any(source.data is None for source in sources):
        raise ValueError(f"expand: the numbers of {node.title} are not known")
    total = node.data.size + sum(source.data.size for source in sources if source.data is not None)
    if not node.data.size or total > LARGEST:
        raise ValueError(
            f"expand: {node.title} {node.shape} has {total} elements with its inputs; it takes 1 to {LARGEST}"
        )


def _leaves(source: Node, number: int) -> list[Value]:
    """The elements of input `number`, each as a leaf whose name tells where it is from."""
    assert source.data is not None
    wanted = source.flow not in _WITHOUT_GRADIENT
    return [
        Value(v, requires_grad=wanted and type(v) is not int, name=f"{number} {i}")
        for i, v in enumerate(source.data.flat)
    ]


def _dead_elements(graph: Graph, node: Node) -> list[bool]:
    """For each element of a tensor whether its gradient is 0 because closed ReLUs stand on all its ways on.

    Elementwise operations are looked through, as far as they keep the shape.
    """
    uses = graph.uses()
    dead: dict[str, list[bool]] = {}
    for v in reversed(graph.nodes):
        if v.shape == node.shape and v.grad is not None:
            used = [edge for edge in uses[v.id] if edge.contribution is not None]
            ways = [_closed(edge, graph.node(edge.target), dead) for edge in used]
            zero = [not g for g in v.grad.flat]
            dead[v.id] = [z and bool(ways) and all(way[i] for way in ways) for i, z in enumerate(zero)]
        if v is node:
            break
    return dead.get(node.id, [False] * numel(node.shape))


def _closed(edge: Edge, target: Node, dead: dict[str, list[bool]]) -> list[bool]:
    """For each element whether a ReLU closes this way, here or further on."""
    if edge.local is None or target.id not in dead or target.grad is None or edge.local.shape != target.shape:
        return [False] * numel(target.shape)
    gate = target.op in GATES
    here = [gate and not local and bool(g) for local, g in zip(edge.local.flat, target.grad.flat, strict=True)]
    return [closed or further for closed, further in zip(here, dead[target.id], strict=True)]


def _with_reasons(scalars: Graph, dead: list[bool]) -> Graph:
    """The graph of scalars, with zeros that come from its dead outputs called dead as well."""
    alive = {out for out, is_dead in zip(scalars.outputs, dead, strict=False) if not is_dead}
    ends = set(scalars.outputs)
    inputs, uses = scalars.inputs(), scalars.uses()
    for node in reversed(scalars.nodes):
        arrived = [edge.flow is Flow.DEAD for edge in uses[node.id] if edge.contribution is not None]
        if node.id in ends:
            arrived.append(node.id not in alive)
        if node.flow is Flow.ZERO and arrived and all(arrived):
            node.flow = Flow.DEAD
        if node.flow is Flow.DEAD:
            for edge in inputs[node.id]:
                if edge.contribution is not None:
                    edge.flow = Flow.DEAD
    return scalars


def _index(i: int, shape: Shape) -> str:
    if not shape:
        return ""
    places = [i // stride % size for stride, size in zip(strides_of(shape), shape, strict=True)]
    return f"[{', '.join(map(str, places))}]"


class _Splice:
    """A graph of scalars put in front of the node that it explains: its leaves become elements of the tensors that they
    come from, and the node becomes what its elements make up."""

    def __init__(self, graph: Graph, node: Node, sources: list[Node], scalars: Graph) -> None:
        self.graph = graph
        self.node = node
        self.scalars = scalars
        self.group = f"x{sum(group.id.startswith('x') for group in graph.groups)}"
        self.ids = {inner.id: f"{node.id}.{i}" for i, inner in enumerate(scalars.nodes)}
        #: For each leaf the tensor that it is an element of, and its index.
        self.origins: dict[str, tuple[Node, str]] = {}
        for inner in scalars.nodes:
            if not inner.op and inner.name:
                number, i = map(int, inner.name.split())
                self.origins[inner.id] = sources[number], _index(i, sources[number].shape)

    def result(self) -> Graph:
        """The larger graph."""
        graph, node = self.graph, self.node
        label = f"{node.title}, element by element"
        path = (*(graph.group(node.group).path if node.group else ()), label)
        place = graph.nodes.index(node)
        inner = [self._inner(inner, path) for inner in self.scalars.nodes]
        whole = replace(node, group=self.group)
        at = next((i for i, edge in enumerate(graph.edges) if edge.target == node.id), len(graph.edges))
        kept = [edge for edge in graph.edges if edge.target != node.id]
        elements, scalars, parts = self._elements(), self._scalars(), self._parts()
        return replace(
            graph,
            nodes=[*graph.nodes[:place], *inner, whole, *graph.nodes[place + 1 :]],
            edges=[*kept[:at], *elements, *scalars, *parts, *kept[at:]],
            groups=[*graph.groups, Group(self.group, path, label, node.group)],
            steps=self._steps(elements, parts),
            ops=graph.ops | self.scalars.ops | {"element": OpText("x[index]", ("1",))},
        )

    def _inner(self, inner: Node, path: tuple[str, ...]) -> Node:
        moved = replace(inner, id=self.ids[inner.id], group=self.group, scope=path)
        if inner.op:
            return replace(moved, role=Role.OPERATION)
        if inner.id not in self.origins:
            return moved
        source, index = self.origins[inner.id]
        return replace(moved, op="element", name=f"{source.name or source.op or 'x'}{index}", role=Role.OPERATION)

    def _elements(self) -> list[Edge]:
        """From the tensors to their elements."""
        edges: list[Edge] = []
        for inner in self.scalars.nodes:
            if inner.id in self.origins:
                source, _ = self.origins[inner.id]
                id = f"{self.node.id}.i{len(edges)}"
                edge = Edge(id, source.id, self.ids[inner.id], 0, contribution=inner.grad, flow=inner.flow)
                edges.append(edge)
        return edges

    def _scalars(self) -> list[Edge]:
        return [
            replace(edge, id=f"{self.node.id}.{edge.id}", source=self.ids[edge.source], target=self.ids[edge.target])
            for edge in self.scalars.edges
        ]

    def _parts(self) -> list[Edge]:
        """From the last scalars to the node that they make up."""
        edges: list[Edge] = []
        for i, out in enumerate(self.scalars.outputs):
            flow, seed = self.scalars.node(out).flow, self.scalars.seeds.get(out)
            id = f"{self.node.id}.o{i}"
            edges.append(Edge(id, self.ids[out], self.node.id, i, contribution=seed, flow=flow))
        return edges

    def _steps(self, elements: list[Edge], parts: list[Edge]) -> list[Step]:
        """The node hands its gradient to its elements, these run backwards, and the tensors get theirs."""
        own = [Step(self.node.id, tuple(edge.id for edge in parts if edge.contribution is not None))]
        for step in self.scalars.steps:
            own.append(Step(self.ids[step.node], tuple(f"{self.node.id}.{edge}" for edge in step.edges)))
        own += [Step(edge.target, (edge.id,)) for edge in elements if edge.contribution is not None]
        steps: list[Step] = []
        for step in self.graph.steps:
            steps += own if step.node == self.node.id else [step]
        return steps
