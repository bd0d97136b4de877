"""Tracing: a function is run once on Values without numbers, and what it does becomes a `Program`.

While a `Trace` is the trace of the moment (``modes.state.trace``), the engine hands every operation, assignment and
gradient to it instead of computing. Nothing outside changes: parameters keep their numbers and gradients, so a trace
that fails leaves no trace. A Value that has no number yet cannot be read, so Python cannot branch on it by accident.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import modes
from ..nested import flatten
from ..notes import keep_mask
from ..operations import lift
from ..primitives import PRIMITIVES, Primitive
from ..shapes import Shape
from ..value import NO_PARAMS, Value, constant, next_serial
from .errors import JitError
from .program import Check, Node, Program, in_order, kind_of_result
from .traced import HOOK, REMEDY, Numbers, Traced, where

__all__ = ["Trace"]

_KINDS = {float: "f", int: "i"}


class Trace:
    """Records a program.

    Attributes:
        state: Values outside that it reads or changes, in the order in which they were met; their place is their slot.
        frozen: numbers of Values outside that Python read, so that the program holds only as long as they stay.
        graded: for Values outside, whether they had a gradient when the program first asked.
    """

    def __init__(self) -> None:
        self.start = next_serial()
        self.nodes: dict[Value, Node] = {}
        self.state: list[Value] = []
        self.slots: dict[Value, int] = {}
        self.kinds: dict[int, str] = {}
        self.given: set[Value] = set()
        self.assigned: dict[Value, Node] = {}
        self.grads: dict[Value, Value | None] = {}
        self.graded: dict[Value, bool] = {}
        self.frozen: dict[Value, Any] = {}
        self.checks: list[Check] = []
        self.serials: dict[Value, int] = {}
        self.detached: dict[Value, Value] = {}
        self.behind: tuple[str, ...] = ()  # scope of the operation whose rule runs, set by `backward`

    # -- leaves -------------------------------------------------------------------------------------------------------

    def argument(self, slot: int, shape: Shape, kind: str) -> Value:
        """A new Value that stands for numbers handed over at each call."""
        value = self._traced(Node("", (), {}, shape, kind, f"argument {slot}", "argument", slot))
        self.given.add(value)
        return value

    def given_value(self, value: Value) -> None:
        """A Value handed over is like one outside, only that another may stand in its place at the next call."""
        self.slot(value)
        self.given.add(value)

    def node(self, value: Value) -> Node:
        """The node that `value` is at this moment."""
        found = self.nodes.get(value)
        if found is not None:
            return found
        if value._serial > self.start and value.op is None:
            flat = value._data if value.shape else [value._data]
            node = self.constant(list(flat), value.shape)
        else:
            slot, kind = self.slot(value), self._kind(value)
            self.kinds[slot] = kind
            node = Node("", (), {}, value.shape, kind, value.name or "", "state", slot)
        self.nodes[value] = node
        return node

    def slot(self, value: Value) -> int:
        """Number of a Value outside."""
        slot = self.slots.get(value)
        if slot is None:
            slot = self.slots[value] = len(self.state)
            self.state.append(value)
        return slot

    def constant(self, flat: list[Any], shape: Shape) -> Node:
        """Numbers that become part of the program."""
        kind = "i"
        for v in flat:
            if type(v) is not int:
                kind = self._kind_of(v)
                break
        return Node("", (), {}, shape, kind, origin="constant", data=flat)

    def _kind(self, value: Value) -> str:
        data = value._data if value.shape else [value._data]
        return self._kind_of(data[0]) if value.size else "f"

    def _kind_of(self, number: Any) -> str:
        kind = _KINDS.get(type(number))
        if kind is None:
            raise JitError(
                f"jit: {where()}: a {type(number).__name__} takes part, but compiled programs compute with floats; "
                f"run it without jit, or convert with float()"
            )
        return kind

    def _traced(self, node: Node) -> Value:
        value: Value = object.__new__(Traced)
        self._make_leaf(value, node)
        value.requires_grad = False
        value._meta = None
        return value

    def _make_leaf(self, value: Value, node: Node) -> None:
        value.shape = node.shape
        value._grad = None
        value._serial = next_serial()
        value.op, value.inputs, value.params = None, (), NO_PARAMS
        self.nodes[value] = node
        self.grads[value] = None

    # -- what the engine calls ----------------------------------------------------------------------------------------

    def operation(self, op: Primitive, inputs: tuple[Value, ...], params: dict[str, Any], shape: Shape) -> Value:
        """The result of an operation, recorded."""
        if PRIMITIVES.get(op.name) is not op:
            raise JitError(
                f"jit: {where()}: {op.name} is a primitive of your own, written in Python; call it outside of the "
                f"jitted function, or compose it of Values"
            )
        nodes = tuple(map(self.node, inputs))
        if op.name in ("floor_divide", "remainder") and all(node.kind == "i" for node in nodes):
            raise JitError(f"jit: {where()}: {op.name} of ints has no result for a divisor of 0; use floats")
        node = Node(op.name, nodes, params, shape, kind_of_result(op.name, nodes), self._label())
        value = self._traced(node)
        if modes.state.scope:
            value._meta = {"scope": modes.state.scope}
        if modes.state.recording and any(x.requires_grad for x in inputs):
            value.op, value.inputs, value.params = op, inputs, params
            value.requires_grad = op.differentiable
        return value

    def _label(self) -> str:
        """Modules inside which the moment's operation runs, or whose derivative it works out."""
        if modes.state.scope or not self.behind:
            return " / ".join(modes.state.scope)
        return f"gradient of {' / '.join(self.behind)}"

    def copy(self, new: Value, data: Value, requires_grad: bool, name: str | None) -> None:
        """``Value(data)`` of another Value."""
        node = self.node(data)
        new.__class__ = Traced
        self._make_leaf(new, node)
        new.requires_grad = requires_grad
        new._meta = {"name": name} if name is not None else None
        keep_mask(new, data)

    def detach(self, value: Value) -> Value:
        """``value.detach()``. What has numbers keeps them, to be read under the same conditions."""
        node = self.node(value)
        if isinstance(value, Traced) or value in self.assigned or value in self.given:
            return keep_mask(self._traced(node), value)
        new = keep_mask(constant(value._data, value.shape), value)
        self.nodes[new] = node
        self.detached[new] = self.detached.get(value, value)
        return new

    def reading(self, value: Value) -> None:
        """Python looks at numbers: allowed where they come from outside, and then the program depends on them."""
        value = self.detached.get(value, value)
        if isinstance(value, Traced) or value in self.assigned or value in self.given:
            raise JitError(f"jit: {where()}: the numbers of a computed Value were read; {REMEDY}")
        if value._serial < self.start or value.op is not None:
            self.slot(value)
            self.frozen.setdefault(value, value._data)

    def numbers(self, value: Value) -> Any:
        """``value._flat()``: a stand-in that tells the kind, or the numbers of a constant made in the function."""
        if not isinstance(value, Traced) and value._serial > self.start and value not in self.assigned:
            return value._data if value.shape else [value._data]
        return Numbers(self, value)

    def assign(self, target: Value, new: Any) -> None:
        """``target.assign(new)``: from here on `target` stands for `new`."""
        value = new if isinstance(new, Value) else self._lifted(new, target)
        if value.shape != target.shape:
            raise ValueError(f"data: cannot assign shape {value.shape} to a Value of shape {target.shape}")
        node = self.node(value)
        if not isinstance(target, Traced):
            self.node(target)
            self.serials.setdefault(target, target._serial)
        elif target not in self.given:
            target.op, target.inputs, target.params = None, (), NO_PARAMS
        self.assigned[target] = self.nodes[target] = node
        target._serial = next_serial()

    def _lifted(self, new: Any, like: Value) -> Value:
        flat, shape = flatten(new, op="data")
        if like.requires_grad and flat and type(flat[0]) is int:
            flat = list(map(float, flat))
        return constant(flat if shape else flat[0], shape)

    def check_labels(self, labels: Value, classes: int, op: str, strict: bool = False) -> None:
        """Let the program test, at every call, that `labels` are classes."""
        node = self.node(labels)
        if strict and node.kind != "i":
            raise ValueError(f"{op}: label 1.0 at position 0 is not an int from 0 to {classes - 1}")
        self.checks.append(Check(node, classes, op))

    # -- gradients ----------------------------------------------------------------------------------------------------

    def grad_of(self, value: Value) -> Value | None:
        """``value.grad_value``."""
        if value not in self.grads:
            self.node(value)
            present = self.graded[value] = value._grad is not None
            leaf = None
            if present:
                node = Node("", (), {}, value.shape, "f", "gradient", "gradient", self.slot(value))
                leaf = self._traced(node)
            self.grads[value] = leaf
        return self.grads[value]

    def read_grad(self, value: Value) -> Any:
        """``value.grad`` as plain numbers."""
        if self.grad_of(value) is None:
            return None
        raise JitError(f"jit: {where()}: .grad was read; use .grad_value, which is a Value, in a jitted function")

    def set_grad(self, value: Value, new: Any) -> None:
        """``value.grad = new``."""
        self.node(value)
        gradient = None if new is None else new if isinstance(new, Value) else self._lifted(new, value)
        if gradient is not None and gradient.shape != value.shape:
            raise ValueError(f"grad: cannot assign shape {gradient.shape} to a Value of shape {value.shape}")
        self.grads[value] = None if gradient is None else self.detach(gradient)

    def accumulate(self, found: Iterable[tuple[Value, Any]]) -> None:
        """What `backward` does with the gradients that it found."""
        self.behind = ()
        with modes.no_grad():
            for value, g in found:
                before = self.grad_of(value)
                self.grads[value] = self.detach(g if before is None else before + g)

    def seed(self, output: Value, gradient: Any, op: str, what: str) -> Value:
        """What backward starts with."""
        if gradient is None:
            return constant([1.0] if output.shape else 1.0, output.shape)
        seed = lift(gradient, op)
        if seed.shape != output.shape:
            raise ValueError(f"{op}: {what} has shape {seed.shape} but the Value has shape {output.shape}")
        return seed

    def hooked(self, value: Value) -> None:
        """A hook of `value` runs, or is registered: part of the program where each call makes the Value anew."""
        if self._outside(value):
            raise JitError(f"jit: {where()}: {HOOK}")

    # -- the end ------------------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Give Values outside the serial numbers back that they had."""
        for value, serial in self.serials.items():
            value._serial = serial

    def program(self, results: list[Value]) -> Program:
        """Everything that was recorded and matters."""
        outs = [self.node(v) for v in results]
        assigned = {self.slot(v): node for v, node in self.assigned.items() if self._outside(v)}
        grads = {
            self.slot(v): self.node(g) for v, g in self.grads.items() if g is not None and self._changed_grad(v, g)
        }
        program = Program([], outs, assigned, grads, self.checks)
        program.nodes = in_order(program.roots())
        return program

    def becomes_float(self) -> bool:
        """Whether an int outside is replaced by a float: then it has to be one first."""
        return any(
            node.kind == "f" and self.kinds.get(self.slots.get(v, -1)) == "i" for v, node in self.assigned.items()
        )

    def cleared(self) -> list[int]:
        """Slots of the Values outside that have no gradient afterwards."""
        return [self.slot(v) for v, g in self.grads.items() if g is None and self._outside(v)]

    def _outside(self, value: Value) -> bool:
        return not isinstance(value, Traced) and self.serials.get(value, value._serial) < self.start

    def _changed_grad(self, value: Value, g: Value) -> bool:
        return self._outside(value) and not (
            self.nodes[g].origin == "gradient" and self.nodes[g].slot == self.slots[value]
        )
