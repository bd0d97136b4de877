"""Zeros have reasons: why the gradient of each node and edge is what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..value import Value
from .groups import Phases
from .model import Flow
from .replay import Replay

__all__ = ["GATES", "Flows"]

GATES = ("relu", "gate")


class Flows:
    """The Flow of each Value of a graph and of each of its edges.

    A zero counts as DEAD if every contribution that makes it up came through a ReLU that was closed wherever a gradient
    arrived, directly or further along the way.
    """

    def __init__(self, order: Sequence[Value], done: Replay | None, phases: Phases) -> None:
        self.gradients: dict[Value, Any] = {} if done is None else done.gradients
        self._phases = phases
        self._ran = done is not None
        self._nodes: dict[Value, Flow] = {}
        self._edges: dict[Value, list[Flow | None]] = {}
        self._cut_off = _cut_off(order)
        arrived: dict[Value, list[Flow]] = {}
        for v, contributions in [] if done is None else done.steps:
            of_v = self._nodes[v] = self._of_gradient(v, arrived.get(v, ()))
            sent: list[Flow | None] = []
            for x, c in zip(v.inputs, contributions, strict=True):
                if c is None:
                    sent.append(None)
                    continue
                nonzero = any(c.data) if x.shape else c.data
                flow = Flow.FLOWS if nonzero else _of_zero(v, of_v)
                sent.append(flow)
                if x in arrived:
                    arrived[x].append(flow)
                else:
                    arrived[x] = [flow]
            self._edges[v] = sent
        for v in order:
            if v not in self._nodes:
                self._nodes[v] = self._other(v, arrived.get(v, ()))

    def of_node(self, v: Value) -> Flow:
        """Why its gradient is what it is."""
        return self._nodes[v]

    def of_edge(self, v: Value, position: int) -> Flow:
        """The same of what `v` sent to its input number `position`."""
        sent = self._edges.get(v)
        if sent is not None and (flow := sent[position]) is not None:
            return flow
        x = v.inputs[position]
        if v in self._phases and x.requires_grad:
            return Flow.NOT_COMPUTED
        if self._ran and x.requires_grad:
            # x may have a gradient from other uses; this one gave none: it is an index or a condition.
            return Flow.UNREACHED if v.requires_grad and v not in self.gradients else Flow.INDEX
        return self._nodes[x]

    def _of_gradient(self, v: Value, arrived: Sequence[Flow]) -> Flow:
        g = self.gradients.get(v)
        if g is None:
            return Flow.UNREACHED
        if any(g) if v.shape else g:
            return Flow.FLOWS
        return Flow.DEAD if arrived and all(flow is Flow.DEAD for flow in arrived) else Flow.ZERO

    def _other(self, v: Value, arrived: Sequence[Flow]) -> Flow:
        """Of leaves, and of what no backward pass went through."""
        if not v.requires_grad:
            if v.op is not None:
                return Flow.INDEX
            return Flow.DETACHED if v in self._cut_off else Flow.CONSTANT
        return self._of_gradient(v, arrived) if self._ran and v not in self._phases else Flow.NOT_COMPUTED


def _of_zero(v: Value, of_v: Flow) -> Flow:
    """Of a contribution of 0."""
    if of_v is Flow.DEAD:
        return Flow.DEAD
    closed = v.op is not None and v.op.name in GATES and of_v is Flow.FLOWS
    return Flow.DEAD if closed else Flow.ZERO


def _cut_off(order: Sequence[Value]) -> set[Value]:
    """Constants that hold the very data of another node: detached copies.

    A tensor's data are one list, which only its copies share. A scalar's data are a number, and equal literals of a
    program may be one object; so scalars count only if an operation made the number, and not a 0 or 1, which operations
    hand out as well.
    """
    owners: dict[int, Value] = {}
    for v in order:
        if v.requires_grad and (v.shape or (v.op is not None and v._data not in (0, 1, -1))):
            owners.setdefault(id(v._data), v)
    return {v for v in order if v.op is None and not v.requires_grad and id(v._data) in owners}
