"""A recorded program: nodes in the order in which they ran, and what goes in and comes out.

The list of nodes *is* the program: every node names a primitive, the nodes that it works on and its parameters, exactly
as `Value` does, but without numbers. Leaves have no primitive; their `origin` says where their numbers come from:

========== ===================================================================================
origin      the numbers are
========== ===================================================================================
"argument"  handed over at each call
"state"     those of a Value outside (a parameter, a learning rate), read at each call
"gradient"  the gradient that a Value outside had before the call
"constant"  written into the program
========== ===================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..shapes import Shape, numel

__all__ = ["Check", "Node", "Program", "kind_of_result"]


class Node:
    """One operation, or a leaf.

    Attributes:
        op: name of the primitive; "" for a leaf.
        inputs, params: as in `Value`.
        shape: of the result.
        kind: "f" for floats, "i" for ints (labels, positions, truth values).
        origin, slot: where a leaf's numbers come from: which argument, which Value of the state.
        data: a constant's numbers, flat.
        label: modules inside which it was computed, and names.
    """

    __slots__ = ("data", "inputs", "kind", "label", "number", "op", "origin", "params", "shape", "slot")

    def __init__(
        self,
        op: str,
        inputs: tuple[Node, ...],
        params: dict[str, Any],
        shape: Shape,
        kind: str,
        label: str = "",
        origin: str = "",
        slot: int = 0,
        data: list[Any] | None = None,
    ) -> None:
        self.op, self.inputs, self.params, self.shape, self.kind = op, inputs, params, shape, kind
        self.label, self.origin, self.slot, self.data = label, origin, slot, data
        self.number = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        return numel(self.shape)

    def __repr__(self) -> str:
        what = self.op or f"{self.origin} {self.slot}"
        return f"<{what} {self.shape}>"


@dataclass(frozen=True)
class Check:
    """Labels that must be classes from 0 to ``classes - 1``; `number` is the status that tells so."""

    labels: Node
    classes: int
    op: str


@dataclass
class Program:
    """What a traced call computes.

    Attributes:
        nodes: in order of execution; every node stands behind its inputs.
        results: nodes that the call returns, one entry a Value of the result.
        assigned: new data of Values of the state, by slot.
        gradients: new gradients of Values of the state, by slot.
        checks: what must hold, tested first.
    """

    nodes: list[Node]
    results: list[Node]
    assigned: dict[int, Node] = field(default_factory=dict)
    gradients: dict[int, Node] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    def roots(self) -> list[Node]:
        """Every node whose numbers leave the program."""
        return [
            *self.results,
            *self.assigned.values(),
            *self.gradients.values(),
            *(check.labels for check in self.checks),
        ]

    def replace(self, new: dict[Node, Node]) -> Program:
        """The program with other roots; nodes are found from the roots again."""
        return Program(
            in_order([new.get(n, n) for n in self.roots()]),
            [new.get(n, n) for n in self.results],
            {slot: new.get(n, n) for slot, n in self.assigned.items()},
            {slot: new.get(n, n) for slot, n in self.gradients.items()},
            [Check(new.get(c.labels, c.labels), c.classes, c.op) for c in self.checks],
        )


def in_order(roots: list[Node]) -> list[Node]:
    """Every node that `roots` depend on, inputs first; without recursion, and always in the same order."""
    order: list[Node] = []
    done: set[Node] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        if ready:
            done.add(node)
            node.number = len(order)
            order.append(node)
            continue
        stack.append((node, True))
        stack.extend((x, False) for x in reversed(node.inputs) if x not in done)
    return order


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Primitives whose result is a position or a truth value.
INTS = frozenset(
    ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "argmax", "argmin", "max_pool2d_argmax"]
)
#: Primitives that lead from ints to ints.
KEEP_INTS = _names(
    """
    add sub mul maximum minimum floor_divide remainder neg abs sign floor relu gate sum max min cumsum reshape
    permute_dims broadcast_to crop pad flip concat gather scatter_add where
    """
)


def kind_of_result(op: str, inputs: tuple[Node, ...]) -> str:
    """Kind of number that a primitive gives."""
    if op in INTS:
        return "i"
    if op not in KEEP_INTS:
        return "f"
    chosen = inputs[1:] if op == "where" else inputs[:1] if op in ("gather", "scatter_add", "gate") else inputs
    return "i" if all(x.kind == "i" for x in chosen) else "f"
