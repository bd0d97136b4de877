"""Smaller graphs that say the same: modules folded into one node each, down to a depth, or as far as needed to fit.

Every function gives a new Graph and leaves the old one alone. What is folded is convex (no way leads out of it and
back), so the result is free of cycles again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import add

from .collector import pause_collector
from .marks import worst
from .model import Edge, Flow, Graph, Group, Node, Role, Step
from .repeats import fold_repeats
from .summary import Summary, short_number

__all__ = ["READABLE", "chunk", "collapse", "fit"]

#: So many nodes can still be read in one picture.
READABLE = 150


def collapse(graph: Graph, depth: int | None = None, groups: Iterable[str] = ()) -> Graph:
    """Fold groups into one node each.

    Args:
        depth: how many levels of modules stay visible, at least 1: modules at this level are folded, and so are those
            above that consist of operations only. None: as `groups` says.
        groups: ids of groups to fold.

    >>> from tinygrad_lists import Value, scope
    >>> from tinygrad_lists.graph import capture
    >>> x = Value(2.0, name="x")
    >>> with scope("0 Square"):
    ...     y = (x * x).exp()
    >>> [node.title for node in collapse(capture(y.log()), depth=1).nodes]
    ['0 Square', 'log']
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
        raise ValueError(f"draw: depth is an int of at least 1, None, or 'all', not {depth!r}")
    chosen = set(groups)
    unknown = chosen - {group.id for group in graph.groups}
    if unknown:
        raise KeyError(f"graph: there is no group {', '.join(sorted(unknown))}")
    if depth is not None:
        parents = {group.parent for group in graph.groups}
        for group in graph.groups:
            level = len(graph.ancestors(group.id))
            if level == depth or (level < depth and group.id not in parents):
                chosen.add(group.id)
    if not chosen:
        return graph
    folded = _outermost(graph, chosen)
    place = {node.id: folded[node.group] for node in graph.nodes if node.group in folded}
    return _Folding(graph, place, [graph.group(id) for id in chosen], set(folded)).result()


def fit(graph: Graph, limit: int = READABLE) -> Graph:
    """The graph, folded until it has about `limit` nodes; a note says what was done.

    A graph that is small enough stays as it is. Else repeated blocks are folded, then modules, as few levels as needed,
    then operations that follow each other.
    """
    if len(graph.nodes) <= limit:
        return graph
    with pause_collector():
        return _fitted(graph, limit)


def _fitted(graph: Graph, limit: int) -> Graph:
    smaller = fold_repeats(graph, limit)
    how = "repeated blocks"
    deepest = max((len(smaller.ancestors(group.id)) for group in smaller.groups), default=0)
    for depth in range(deepest, 0, -1):
        if len(smaller.nodes) <= limit:
            break
        candidate = collapse(smaller, depth)
        if len(candidate.nodes) < len(smaller.nodes) and (len(candidate.nodes) <= limit or depth == 1):
            how = f"modules to depth {depth}" + (", repeated blocks" if len(smaller.nodes) < len(graph.nodes) else "")
            smaller = candidate
    if len(smaller.nodes) > limit:
        smaller = chunk(smaller, limit)
        how = "operations in a row"
    note = f"{len(graph.nodes):,} nodes folded to {len(smaller.nodes):,} ({how}); depth='all' shows every one"
    return replace(smaller, notes=[*graph.notes, note])


def chunk(graph: Graph, limit: int) -> Graph:
    """Operations that follow each other folded into nodes, so that about `limit` are left. Modules are taken apart."""
    operations = [node for node in graph.nodes if node.op or node.inside]
    size = -(-len(operations) // max(1, limit // 2))
    groups: list[Group] = []
    place: dict[str, str] = {}
    for start in range(0, len(operations), size):
        part = operations[start : start + size]
        id = f"c{len(groups)}"
        label = f"{len(part):,} operations" if len(part) > 1 else part[0].title
        groups.append(Group(id, (label,), label))
        place.update((node.id, id) for node in part)
    uses = graph.uses()
    for node in graph.nodes:
        if node.id not in place:
            around = {place[edge.target] for edge in uses[node.id] if edge.target in place}
            if len(around) == 1 and not (node.role is Role.INPUT or node.name):
                place[node.id] = around.pop()
    return _Folding(graph, place, groups, {group.id for group in graph.groups}).result()


def _outermost(graph: Graph, chosen: set[str]) -> dict[str, str]:
    """For each group that is folded, itself or inside another, the id of the outermost."""
    found: dict[str, str] = {}
    for group in graph.groups:  # parents before children
        if group.parent in found:
            found[group.id] = found[group.parent]
        elif group.id in chosen:
            found[group.id] = group.id
    return found


class _Folding:
    """One folding of groups into nodes."""

    def __init__(self, graph: Graph, place: dict[str, str], groups: Iterable[Group], gone: set[str]) -> None:
        """Nodes named in `place` become part of one of `groups`; `gone` are the groups that vanish."""
        self.graph = graph
        self.gone = gone
        self.groups = {group.id: group for group in groups}
        self.place = {node.id: place.get(node.id, node.id) for node in graph.nodes}

    def result(self) -> Graph:
        """The folded graph. A folded group stands where the last of its nodes stood."""
        graph = self.graph
        members: dict[str, list[Node]] = {}
        last: dict[str, str] = {}
        for node in graph.nodes:
            members.setdefault(self.place[node.id], []).append(node)
            last[self.place[node.id]] = node.id
        edges, renamed = self._edges()
        results = self._results(members)
        nodes = []
        for node in graph.nodes:
            place = self.place[node.id]
            if place == node.id:
                nodes.append(replace(node, group=None) if node.group in self.gone else node)
            elif last[place] == node.id:
                nodes.append(self._folded(self.groups[place], members[place], results[place]))
        order = {node.id: i for i, node in enumerate(nodes)}
        edges.sort(key=lambda edge: (order[edge.target], edge.position))
        return replace(
            graph,
            nodes=nodes,
            edges=edges,
            groups=[group for group in graph.groups if group.id not in self.gone],
            steps=self._steps(renamed),
            outputs=list(dict.fromkeys(self.place[id] for id in graph.outputs)),
            seeds={self.place[id]: seed for id, seed in graph.seeds.items()},
        )

    def _edges(self) -> tuple[list[Edge], dict[str, str]]:
        """Edges between what is left, and the id of the edge that each of the old ones became part of."""
        kept: dict[tuple[str, ...], Edge] = {}
        renamed: dict[str, str] = {}
        positions: dict[str, int] = {}
        for edge in self.graph.edges:
            source, target = self.place[edge.source], self.place[edge.target]
            if source == target:
                continue
            if source == edge.source and target == edge.target:
                key: tuple[str, ...] = (edge.id,)
            else:  # uses of one node by one folded group run together
                key = (edge.source, target) if target != edge.target else (edge.source, target, str(edge.position))
            before = kept.get(key)
            if before is not None:
                renamed[edge.id] = before.id
                kept[key] = _together(before, edge)
                continue
            position = edge.position
            if target != edge.target:
                position = positions.get(target, 0)
                positions[target] = position + 1
            same = source == edge.source and target == edge.target
            kept[key] = edge if same else replace(edge, source=source, target=target, position=position, local=None)
            renamed[edge.id] = edge.id
        return list(kept.values()), renamed

    def _results(self, members: dict[str, list[Node]]) -> dict[str, Node]:
        """The node that stands for each folded group: the last one that is used outside or drawn."""
        outside = set(self.graph.outputs)
        outside |= {edge.source for edge in self.graph.edges if self.place[edge.source] != self.place[edge.target]}
        return {
            place: next((node for node in reversed(nodes) if node.id in outside), nodes[-1])
            for place, nodes in members.items()
        }

    def _folded(self, group: Group, members: list[Node], result: Node) -> Node:
        params: dict[str, str] = {}
        for node in members:
            if node.role is Role.PARAMETER:
                params[_unused(params, node.name or "parameter")] = _parameter(node)
        return Node(
            group.id,
            "",
            result.shape,
            name=group.label,
            scope=group.path,
            group=group.parent,
            role=Role.GROUP,
            params=params,
            data=result.data,
            grad=result.grad,
            flow=result.flow,
            phase=result.phase,
            of=result.of,
            hooked=any(node.hooked for node in members),
            mark=worst([group.mark, *(node.mark for node in members)]),
            count=group.count,
            inside=sum(max(1, node.inside) for node in members),
        )

    def _steps(self, renamed: dict[str, str]) -> list[Step]:
        """A folded group takes one step, when the last of its nodes does."""
        sent: dict[str, list[str]] = {}
        last: dict[str, int] = {}
        for i, step in enumerate(self.graph.steps):
            place = self.place[step.node]
            last[place] = i
            edges = sent.setdefault(place, [])
            for edge in step.edges:
                if edge in renamed:
                    edges.append(renamed[edge])
        return [Step(place, tuple(dict.fromkeys(sent[place]))) for place in sorted(last, key=lambda p: last[p])]


def _together(a: Edge, b: Edge) -> Edge:
    """Two uses of one node as one edge; contributions are added."""
    contribution = a.contribution or b.contribution
    if a.contribution is not None and b.contribution is not None:
        x, y = a.contribution, b.contribution
        contribution = Summary(list(map(add, x.data, y.data)) if x.shape else x.data + y.data, x.shape)
    flow = a.flow if a.flow is b.flow or b.flow is not Flow.FLOWS else b.flow
    return replace(a, count=a.count + b.count, contribution=contribution, flow=flow, local=None, total=None)


def _parameter(node: Node) -> str:
    """Shape and gradient of a parameter that is folded away."""
    shape = " × ".join(map(str, node.shape)) if node.shape else "scalar"
    if node.flow is not Flow.FLOWS or node.grad is None or node.grad.statistics.norm is None:
        return f"{shape}, grad {node.flow}"
    return f"{shape}, grad ‖{short_number(node.grad.statistics.norm, 3)}‖"


def _unused(params: dict[str, str], name: str) -> str:
    number = 2
    unused = name
    while unused in params:
        unused, number = f"{name} {number}", number + 1
    return unused
