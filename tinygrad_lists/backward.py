"""Reverse-mode differentiation of a recorded graph, without recursion.

The chain rule for reverse mode: if ``L`` depends on ``x`` through the nodes ``v1, v2, ...`` that use it, then

    dL/dx  =  sum over the uses v of x   dL/dv · dv/dx.

So a node's gradient is complete once every node that uses it has been handled. A node is always younger than its
inputs, hence
going through the nodes from the youngest to the oldest does it: no sorting by depth-first search, no recursion limit.

Gradients travel as bare numbers through scalar arithmetic, and as Values elsewhere; there a rule runs on Values,
without recording in a plain backward, with recording where the gradient shall be differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from types import FunctionType
from typing import Any

from . import modes
from .operations import apply, lift
from .primitives import PRIMITIVES
from .shapes import Shape
from .value import Value, constant
from .vjps import VJPS

__all__ = ["backward", "gradients", "reachable", "unbroadcast"]

for _name, _rule in VJPS.items():
    PRIMITIVES[_name].vjp = _rule

_serial = attrgetter("_serial")


def backward(self: Value, gradient: Any = None) -> None:
    """Add the gradient of `self` to ``.grad`` of every Value that it was computed from, and its own.

    Running it twice over one graph doubles the gradients: they accumulate until someone resets them.

    Args:
        self: usually a loss.
        gradient: gradient of some final loss with respect to `self`, in its shape. May be left out for a scalar: 1.

    Raises:
        ValueError: `self` is not a scalar and no `gradient` is given, or its shape differs. RuntimeError: `self` does
            not depend on anything that requires a gradient, or the data of a Value was assigned after it had been used.

    >>> x = Value([1.0, 2.0])
    >>> (x * x).backward(gradient=[1.0, 10.0])
    >>> x.grad
    [2.0, 40.0]
    """
    if not self.requires_grad:
        raise RuntimeError(
            "backward: this Value depends on nothing that requires a gradient (constants only, or made under no_grad)"
        )
    for node, found in gradients([self], [seed_for(self, gradient)]).items():
        g = found._data if isinstance(found, Value) else found
        if node._grad is None:
            node._grad = g
        elif node.shape:
            node._grad = apply(_ADD, constant(node._grad, node.shape), constant(g, node.shape))._data
        else:
            node._grad = node._grad + g


_ADD = PRIMITIVES["add"]


def seed_for(output: Value, gradient: Any = None, *, op: str = "backward") -> Value:
    """The cotangent with which to start at `output`: `gradient`, checked, or 1 for a scalar."""
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"{op}: a Value of shape {output.shape} is not a scalar; reduce it first (.sum(), .mean()) or pass "
                f"gradient= in its shape"
            )
        one = _one_like(output._flat()[0])
        return constant([one] if output.shape else one, output.shape)
    seed = lift(gradient, op)
    if seed.shape != output.shape:
        raise ValueError(f"{op}: gradient has shape {seed.shape} but the Value has shape {output.shape}")
    kind = type(output._flat()[0]) if output.size else float
    if seed.size and type(seed._flat()[0]) is int and kind is not int:
        flat = list(map(kind, seed._flat()))
        seed = constant(flat if seed.shape else flat[0], seed.shape)
    return seed


def _one_like(x: Any) -> Any:
    return x.__class__(1)


def reachable(outputs: Iterable[Value]) -> list[Value]:
    """Every Value that `outputs` depend on and that requires a gradient, youngest first: reverse topological order.

    Raises RuntimeError when an input is younger than the node that used it: its data was assigned since.
    """
    order = list(dict.fromkeys(v for v in outputs if v.requires_grad))
    seen = set(order)
    for node in order:  # grows while it is walked
        age = node._serial
        for x in node.inputs:
            if x._serial > age:
                raise RuntimeError(_stale(node, x))
            if x.requires_grad and x not in seen:
                seen.add(x)
                order.append(x)
    order.sort(key=_serial, reverse=True)
    return order


def _stale(node: Value, x: Value) -> str:
    op = node.op.name if node.op else "?"
    which = f"{x.name!r}" if x.name else f"input {node.inputs.index(x)}"
    return (
        f"backward: the data of {which} (shape {x.shape}) was assigned after {op} had used it, so the recorded graph "
        f"is out of date; run the forward pass again before backward"
    )


def gradients(outputs: Sequence[Value], seeds: Sequence[Value], create_graph: bool = False) -> dict[Value, Any]:
    """Gradients of ``sum(output · seed)`` with respect to every Value that it depends on, youngest first.

    Scalars get a bare number and tensors a constant Value; with `create_graph` all get Values that carry a graph of
    their own and can be differentiated again.
    """
    order = reachable(outputs)
    with modes.recording() if create_graph else modes.no_grad():
        found: dict[Value, Any] = dict.fromkeys(order)
        for output, seed in zip(outputs, seeds, strict=True):
            if output.requires_grad:
                _add(found, output, seed if create_graph or output.shape else seed._data)
        for node in order:
            g = found[node]
            op = node.op
            if op is None:
                continue
            inputs = node.inputs
            if op.scalar is not None and not node.shape and not create_graph:
                _scalar_step(found, node, g, inputs)
            else:
                _tensor_step(found, node, g if isinstance(g, Value) else constant(g, ()), inputs, create_graph)
    return found


def _scalar_step(found: dict[Value, Any], node: Value, g: Any, inputs: tuple[Value, ...]) -> None:
    """One rule on bare numbers. Where plain arithmetic gives up (1.0 / 0.0), Values know the IEEE answer."""
    try:
        contributions = node.op.vjp(g, node._data, *[x._data for x in inputs])  # type: ignore[union-attr, misc]
        contributions = [c() if c.__class__ is FunctionType else c for c in contributions]
    except ArithmeticError:
        _tensor_step(found, node, constant(g, ()), inputs, False)
        return
    for x, c in zip(inputs, contributions, strict=True):
        if x.requires_grad and c is not None:
            before = found[x]
            found[x] = c if before is None else before + c


def _tensor_step(found: dict[Value, Any], node: Value, g: Value, inputs: tuple[Value, ...], create_graph: bool) -> None:
    """One rule on Values, and each contribution summed down to the shape of its input."""
    assert node.op is not None
    if node.op.vjp is None:
        raise RuntimeError(f"backward: the operation {node.op.name} has no rule; see vjps")
    for x, c in zip(inputs, node.op.vjp(g, node, *inputs, **node.params), strict=True):
        if x.requires_grad and c is not None:
            if c.__class__ is FunctionType:
                c = c()
            if c.shape != x.shape:
                c = unbroadcast(c, x.shape)
            _add(found, x, c if create_graph or x.shape else c._data)


def _add(found: dict[Value, Any], x: Value, c: Any) -> None:
    before = found[x]
    found[x] = c if before is None else before + c


def unbroadcast(g: Value, shape: Shape) -> Value:
    """The adjoint of broadcasting: `g` summed over the axes along which `shape` was stretched (or stretched, if
    smaller)."""
    if len(g.shape) > len(shape) or any(a != b for a, b in zip(g.shape[::-1], shape[::-1], strict=False)):
        extra = len(g.shape) - len(shape)
        axes = (*range(extra), *(a for a, size in enumerate(shape, extra) if size == 1 != g.shape[a]))
        if axes:
            g = apply(PRIMITIVES["sum"], g, axes=axes)
        if extra:
            g = apply(PRIMITIVES["reshape"], g, shape=g.shape[extra:])
    return g if g.shape == shape else apply(PRIMITIVES["broadcast_to"], g, shape=shape)


Value.backward = backward
