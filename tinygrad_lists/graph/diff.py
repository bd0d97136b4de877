"""The difference of two graphs: what both have, what changed, what only one has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace

from .layout.ranks import topological
from .model import Edge, Graph, Group, Mark, Node
from .summary import Summary, short_number

__all__ = ["diff", "pairs"]


def diff(before: Graph, after: Graph) -> Graph:
    """Both graphs in one picture, each node marked "same", "numbers" (the same operation on other numbers), "changed"
    (same place, other operation or shape), "added" (only in `after`) or "removed" (only in `before`).

    Nodes belong together if they were computed in the same way from the same kind of leaves, or are used in the same
    way; names and modules help, numbers do not.

    >>> from tinygrad_lists import Value
    >>> from tinygrad_lists.graph import capture
    >>> x = Value(2.0, name="x")
    >>> both = diff(capture((x * x).exp()), capture((x * x).tanh().exp()))
    >>> [(node.title, node.mark.verdict) for node in both.nodes]
    [('x', 'numbers'), ('mul', 'numbers'), ('tanh', 'added'), ('exp', 'numbers')]
    """
    try:
        return _merged(before, after, pairs(before, after))
    except ValueError:
        # Nodes were exchanged, so that one picture of both would run in a circle: pair only what was made alike.
        return _merged(before, after, pairs(before, after, ("both", "made")))


def _merged(before: Graph, after: Graph, matched: dict[str, str]) -> Graph:
    back = {b: a for a, b in matched.items()}
    nodes: list[Node] = []
    groups = {group.id: group for group in after.groups}
    for node in after.nodes:
        twin = before.node(back[node.id]) if node.id in back else None
        nodes.append(replace(node, mark=_mark(twin, node)))
    ids = {node.id: matched.get(node.id, f"-{node.id}") for node in before.nodes}
    own_groups = {group.id: f"-{group.id}" for group in before.groups}
    removed = []
    for node in before.nodes:
        if node.id not in matched:
            place = own_groups.get(node.group or "")
            removed.append(replace(node, id=ids[node.id], group=place, mark=Mark("removed"), of=None))
    edges = list(after.edges)
    known = {(edge.source, edge.target, edge.position) for edge in edges}
    for edge in before.edges:
        source, target = ids[edge.source], ids[edge.target]
        is_new = source.startswith("-") or target.startswith("-")
        if is_new and (source, target, edge.position) not in known:
            edges.append(replace(edge, id=f"-{edge.id}", source=source, target=target, order=None))
    merged = _ordered(nodes + removed, edges)
    used = {group for node in removed for group in before.ancestors(_plain(node.group))}
    for group in before.groups:
        if group.id in used:
            parent = None if group.parent is None else own_groups[group.parent]
            groups[own_groups[group.id]] = replace(group, id=own_groups[group.id], parent=parent, mark=Mark("removed"))
    return _assembled(before, after, merged, edges, list(groups.values()))


def _plain(group: str | None) -> str | None:
    return None if group is None else group.removeprefix("-")


def _assembled(before: Graph, after: Graph, nodes: list[Node], edges: list[Edge], groups: list[Group]) -> Graph:
    order = {node.id: i for i, node in enumerate(nodes)}
    edges.sort(key=lambda edge: (order[edge.target], edge.position, edge.id))
    counts: dict[str, int] = {}
    for node in nodes:
        if node.mark is not None:
            counts[node.mark.verdict] = counts.get(node.mark.verdict, 0) + 1
    words = {"numbers": "with other numbers", "same": "the same"}
    note = ", ".join(f"{count} {words.get(verdict, verdict)}" for verdict, count in sorted(counts.items()))
    return replace(
        after,
        nodes=nodes,
        edges=edges,
        groups=groups,
        ops=before.ops | after.ops,
        notes=[*after.notes, f"difference: {note}"],
    )


def pairs(
    before: Graph, after: Graph, by: Sequence[str] = ("both", "made", "used", "name", "own", "place")
) -> dict[str, str]:
    """Which node of `after` is which of `before`: by id, for those that have a counterpart.

    A node is described by how it was computed (what it does to what, down to the leaves) and by how it is used (up to
    the outputs). Nodes are paired if both descriptions agree, then if one does, always in the order of the program;
    then nodes of one name; then the only ones left that do the same; last, nodes in the same place: with the same
    inputs, or the same single use.
    """
    numbers: dict[Hashable, int] = {}
    one, other = _Described(before, numbers), _Described(after, numbers)
    found: dict[str, str] = {}
    for describe in by:
        if describe == "place":
            _pair_by_place(before, after, found)
        else:
            _pair(one.keys(describe), other.keys(describe), found, only_ones=describe == "own")
    return found


class _Described:
    """Two numbers for each node; equal ones mean that nodes were made, or are used, in the same way."""

    def __init__(self, graph: Graph, numbers: dict[Hashable, int]) -> None:
        self.graph = graph
        inputs, uses = graph.inputs(), graph.uses()

        def number(key: Hashable) -> int:
            return numbers.setdefault(key, len(numbers))

        self.made: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.own = own = {
            node.id: number((node.op, str(node.role), node.shape, node.name, node.scope, *sorted(node.params.items())))
            for node in graph.nodes
        }
        for node in graph.nodes:
            sources = tuple((edge.position, self.made[edge.source]) for edge in inputs[node.id])
            self.made[node.id] = number(("made", own[node.id], sources))
        for node in reversed(graph.nodes):
            targets = tuple(sorted((edge.position, self.used[edge.target]) for edge in uses[node.id]))
            self.used[node.id] = number(("used", own[node.id], targets))

    def keys(self, describe: str) -> dict[str, Hashable]:
        """The description of each node; None for those that it does not describe."""
        if describe == "name":
            return {n.id: (n.name, n.scope, n.op) if n.name else None for n in self.graph.nodes}
        return {
            node.id: {
                "both": (self.made[node.id], self.used[node.id]),
                "made": self.made[node.id],
                "used": self.used[node.id],
                "own": self.own[node.id],
            }[describe]
            for node in self.graph.nodes
        }


def _pair(one: dict[str, Hashable], other: dict[str, Hashable], found: dict[str, str], only_ones: bool) -> None:
    taken = set(found.values())
    waiting: dict[Hashable, list[str]] = {}
    for id, key in other.items():
        if id not in taken and key is not None:
            waiting.setdefault(key, []).append(id)
    for candidates in waiting.values():
        candidates.reverse()
    if only_ones:
        counts = Counter(key for id, key in one.items() if id not in found)
        waiting = {key: ids for key, ids in waiting.items() if len(ids) == 1 == counts[key]}
    for id, key in one.items():
        if id not in found and waiting.get(key):
            found[id] = waiting[key].pop()


def _pair_by_place(before: Graph, after: Graph, found: dict[str, str]) -> None:
    """Pair what is left where all inputs are paired and the same, or where it is the same input of the same node."""
    taken = set(found.values())
    inputs = after.inputs()
    by_inputs: dict[Hashable, str] = {}
    by_use: dict[Hashable, str] = {}
    for node in after.nodes:
        if node.id in taken:
            continue
        if inputs[node.id]:
            by_inputs.setdefault(tuple(edge.source for edge in inputs[node.id]), node.id)
    for edge in after.edges:
        if edge.source not in taken:
            by_use.setdefault((edge.target, edge.position), edge.source)
    inputs_before, uses_before = before.inputs(), before.uses()
    for node in before.nodes:
        if node.id in found:
            continue
        sources = tuple(found.get(edge.source, "") for edge in inputs_before[node.id])
        candidate = by_inputs.get(sources) if sources else None
        if candidate is None and len(uses_before[node.id]) == 1:
            use = uses_before[node.id][0]
            candidate = by_use.get((found.get(use.target, ""), use.position))
        if candidate is not None and candidate not in taken:
            twin = after.node(candidate)
            if bool(twin.op) == bool(node.op):
                found[node.id] = candidate
                taken.add(candidate)


def _mark(before: Node | None, after: Node) -> Mark:
    if before is None:
        return Mark("added")
    if (before.op, before.shape, before.params) != (after.op, after.shape, after.params):
        old = " ".join([before.op or str(before.role), *(f"{k}={v}" for k, v in before.params.items())])
        shape = f" {before.shape}" if before.shape != after.shape else ""
        return Mark("changed", f"was {old}{shape}")
    told = []
    for what, x, y in (("data", before.data, after.data), ("grad", before.grad, after.grad)):
        if x is not None and y is not None and not x.same_bits(y):
            told.append(f"{what} was {_told(x)}")
    return Mark("numbers", ", ".join(told)) if told else Mark("same")


def _told(summary: Summary) -> str:
    norm = summary.statistics.norm
    return short_number(summary.data) if not summary.shape else f"‖{short_number(norm)}‖" if norm is not None else "?"


def _ordered(nodes: list[Node], edges: list[Edge]) -> list[Node]:
    """Topological order; removed nodes as early as they can stand."""
    index = {node.id: i for i, node in enumerate(nodes)}
    links = [(index[edge.source], index[edge.target]) for edge in edges]
    return [nodes[i] for i in topological(len(nodes), links)]
