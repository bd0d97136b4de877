"""Graphs of backward passes: the operations that work out the gradients, and those that differentiate them again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from ..backward import seed_for
from ..value import Value, next_serial
from .capture import Outputs, ancestors, build, named_outputs
from .groups import Grouping, Phase
from .model import Graph, dotted
from .replay import Replay, replay

__all__ = ["capture_backward"]

_NAMES = ("forward", "backward", "double backward")


def capture_backward(
    outputs: Outputs,
    *,
    order: int = 1,
    gradient: Any = None,
    names: Mapping[str, Value] | None = None,
    title: str = "",
) -> Graph:
    """The graph of a scalar and of its gradients with respect to all parameters.

    Operations of the backward pass stand in groups that mirror the modules whose gradients they work out, and know the
    forward node that they belong to.

    Args:
        outputs: one Value.
        order: 1 for the backward pass; 2 also for the backward pass of that, which starts from the sum of all elements
            of all first gradients (a Hessian times a vector of ones).
        gradient: as for `capture`.
        names: as for `capture`.

    Raises:
        ValueError: another order, several outputs, or an output that requires a `gradient`. RuntimeError: the output
            requires no gradient, or data were assigned after they had been used.

    >>> x = Value(3.0, name="x")
    >>> graph = capture_backward(x * x)
    >>> [(node.op, node.phase, node.of) for node in graph.nodes if node.phase and node.op]
    [('mul', 1, 'n1'), ('mul', 1, 'n1'), ('add', 1, 'n0')]
    >>> graph.node(graph.outputs[1]).name, graph.node(graph.outputs[1]).data.number
    ('∂/∂x', 6.0)
    """
    if order not in (1, 2):
        raise ValueError(f"draw: backward is 0, 1 or 2, not {order!r}")
    found, labels = named_outputs(outputs)
    if len(found) != 1:
        raise ValueError(f"draw: the graph of a backward pass starts at one Value, not at {len(found)}")
    (out,) = found.values()
    if not out.requires_grad:
        raise RuntimeError("draw: this Value depends on nothing that requires a gradient, so it has no backward pass")
    labels.update({v: name for name, v in (names or {}).items()})
    nodes, stale = ancestors([out])
    if stale:
        raise RuntimeError(f"draw: {stale}")
    phases: dict[Value, Phase] = {}
    first = _Pass(1, out, phases)
    done = first.run([out], [_seed(labels, out, gradient)])
    leaves = [v for v in nodes if v.op is None and v.requires_grad and v in done.found]
    ends = [out]
    slopes = [done.found[v] for v in leaves]
    ends += slopes
    nodes = first.note(ends)
    called = _called(nodes, phases, leaves, labels)
    _label(labels, called, slopes, "∂")
    if order == 2 and any(slope.requires_grad for slope in slopes):
        second = _Pass(2, out, phases)
        again = second.run(slopes, [_seed(labels, slope, _ones(slope)) for slope in slopes])
        reached = [v for v in leaves if v in again.found]
        curvatures = [again.found[v] for v in reached]
        ends += curvatures
        nodes = second.note(ends)
        _label(labels, [called[leaves.index(v)] for v in reached], curvatures, "∂²")
    return build(nodes, list(dict.fromkeys(ends)), done, labels, phases, [], title)


def _seed(labels: dict[Value, str], v: Value, gradient: Any) -> Value:
    seed = seed_for(v, gradient, op="draw")
    labels.setdefault(seed, "seed")
    return seed


def _ones(v: Value) -> Value:
    return v.detach() * 0 + 1


def _called(
    nodes: list[Value], phases: dict[Value, Phase], leaves: list[Value], labels: Mapping[Value, str]
) -> list[str]:
    """What to call the parameters: their paths."""
    grouping = Grouping(nodes, phases)
    return [labels.get(v) or dotted(grouping.path(grouping.group_of(v)), v.name or "x") for v in leaves]


def _label(labels: dict[Value, str], called: list[str], slopes: list[Value], sign: str) -> None:
    """Call each gradient by its parameter; one Value may be the gradient of several."""
    for name, slope in zip(called, slopes, strict=True):
        label = f"{sign}/{sign[0]}{name}{sign[1:]}"
        labels[slope] = f"{labels[slope]}, {label}" if "/" in labels.get(slope, "") else label


class _Pass:
    """One recorded backward pass, which knows for which node each operation was done.

    Serial numbers tell: after the rule of a node has run, its contributions are added up, each with one addition unless
    it is the first; then the next rule runs.
    """

    def __init__(self, number: int, out: Value, phases: dict[Value, Phase]) -> None:
        self.number = number
        self.phases = phases
        self.starts = [next_serial()]
        self.owners: list[Value] = []
        self.seen: set[Value] = {out}
        self.additions: list[Value] = []

    def run(self, outputs: list[Value], seeds: list[Value]) -> Replay:
        """The pass itself."""
        self.seen = set(outputs)
        return replay(outputs, seeds, create_graph=True, watch=self._watch)

    def _watch(self, node: Value, g: Value, contributions: list[Value | None]) -> None:
        self._close(node)
        for x, c in zip(node.inputs, contributions, strict=True):
            if c is not None:
                self.additions += [x] if x in self.seen else []
                self.seen.add(x)

    def _close(self, owner: Value) -> None:
        """Give the serial numbers since the last time to the additions that were pending, and to `owner`."""
        last = self.starts[-1]
        for i, x in enumerate(self.additions, 1):
            self.starts.append(last + i)
            self.owners.append(x)
        self.additions = []
        self.owners.append(owner)
        self.starts.append(next_serial())

    def note(self, ends: list[Value]) -> list[Value]:
        """Write down the phase of every node that this pass made; returns all nodes in topological order."""
        nodes, _ = ancestors(ends)
        self._close(ends[0])
        for v in nodes:
            if v._serial > self.starts[0] and v not in self.phases:
                of = self.owners[min(bisect_right(self.starts, v._serial - 1) - 1, len(self.owners) - 1)]
                base = self.phases[of].scope[1:] if of in self.phases else of.scope
                self.phases[v] = Phase(self.number, of, (_NAMES[self.number], *base))
        return nodes
