"""Reverse-mode differentiation of a recorded graph, without recursion.

The chain rule for reverse mode: if ``L`` depends on ``x`` through the nodes ``v1, v2, ...`` that use it, then

    dL/dx  =  sum over the uses v of x   dL/dv · dv/dx.

So a node's gradient is complete once every node that uses it has been handled. A node is always younger than its
inputs, hence taking always the youngest of those that a gradient has reached does it. They wait in a heap; nothing
recurses, each node is looked at once, and no list of the graph is made first.

Gradients travel as bare numbers through scalar arithmetic, and as Values elsewhere; there a rule runs on Values,
without recording in a plain backward, with recording where the gradient shall be differentiated again.

Complex numbers: the rules are those of calculus, so ``g * f'(z)`` is the holomorphic derivative, without conjugation.
A function without a complex derivative (abs, relu, maximum) raises TypeError on complex numbers.

>>> x = Value(3.0)
>>> (x * x + x).backward()  # two ways from the sum to x: 2 x from the product, and 1
>>> x.grad
7.0
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Any

from . import modes
from .anomaly import watching
from .hooks import in_kind_of
from .number_kinds import one_like
from .operations import apply, lift
from .primitives import PRIMITIVES
from .value import Value, constant
from .vjps import VJPS
from .walk import Front, Observer, stale, walk

__all__ = ["backward", "gradients", "reachable", "seed_for"]

for _name, _rule in VJPS.items():
    PRIMITIVES[_name].vjp = _rule

_ADD = PRIMITIVES["add"]
_serial = attrgetter("_serial")
_writing = threading.RLock()  # graphs of several threads may meet in their leaves


def backward(self: Value, gradient: Any = None) -> None:
    """Add the gradient of `self` to ``.grad`` of every Value that it was computed from, and its own.

    Running it twice over one graph doubles the gradients: they accumulate until someone resets them. If anything raises
    on the way, no ``.grad`` has changed.

    Args:
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
    nodes, slopes = _flow([self], [seed_for(self, gradient)])
    if modes.active and (trace := modes.state.trace) is not None:
        trace.accumulate(zip(nodes, slopes, strict=True))
        return
    with _writing:
        # All sums first: where one raises, nothing has been written.
        for i, node in enumerate(nodes):
            if node.shape or node._grad is not None:
                slopes[i] = _accumulated(node, slopes[i])
        for node, g in zip(nodes, slopes, strict=True):
            node._grad = g


def _accumulated(node: Value, g: Any) -> Any:
    """Bare gradient of `node` with `g` added."""
    if isinstance(g, Value):
        g = g._data
    before = node._grad
    if before is None:
        return g
    if node.shape:
        return apply(_ADD, constant(before, node.shape), constant(g, node.shape))._data
    return before + g


def seed_for(output: Value, gradient: Any = None, *, op: str = "backward", what: str = "gradient") -> Value:
    """The cotangent with which to start at `output`: `gradient`, checked, or 1 for a scalar."""
    if modes.active and (trace := modes.state.trace) is not None and (gradient is not None or output.size == 1):
        return trace.seed(output, gradient, op, what)  # type: ignore[no-any-return]
    if gradient is None:
        if output.size != 1:
            raise ValueError(
                f"{op}: a Value of shape {output.shape} is not a scalar; reduce it first (.sum(), .mean()) or pass "
                f"{what}= in its shape"
            )
        one = one_like(output._flat()[0])
        return constant([one] if output.shape else one, output.shape)
    seed = lift(gradient, op)
    if seed.shape != output.shape:
        raise ValueError(f"{op}: {what} has shape {seed.shape} but the Value has shape {output.shape}")
    return in_kind_of(op, seed, output)


def reachable(outputs: Iterable[Value]) -> list[Value]:
    """Every Value that `outputs` depend on and that requires a gradient, youngest first: reverse topological order.

    Raises RuntimeError when an input is younger than the node that used it: its data was assigned since.

    >>> x = Value(2.0)
    >>> y = x * x
    >>> reachable([y]) == [y, x]
    True
    """
    return sorted(_ancestors(outputs, ()), key=_serial, reverse=True)


def _ancestors(outputs: Iterable[Value], ends: Collection[Value]) -> set[Value]:
    """The Values that require a gradient and lead to `outputs`, not looking behind `ends`."""
    stack = [v for v in outputs if v.requires_grad]
    found = set(stack)
    while stack:
        node = stack.pop()
        if node in ends:
            continue
        age = node._serial
        for x in node.inputs:
            if x._serial > age:
                raise RuntimeError(stale(node))
            if x.requires_grad and x not in found:
                found.add(x)
                stack.append(x)
    return found


def gradients(
    outputs: Sequence[Value],
    seeds: Sequence[Value],
    create_graph: bool = False,
    targets: Sequence[Value] | None = None,
    observe: Observer | None = None,
    bare: bool = False,
    unfinished: Collection[Value] = (),
) -> dict[Value, Any]:
    """Gradients of ``sum(output · seed)`` with respect to every Value that it depends on; nobody's ``.grad`` changes.

    Args:
        create_graph: give results that carry a graph of their own and can be differentiated again.
        targets: take these as the independent variables: nothing behind them is looked at, and only what leads from
            them to `outputs` is worked out.
        observe: called after each rule.
        bare: `observe` takes scalars as bare numbers, for which no Values have to be made.
        unfinished: targets whose gradients the caller completes, so that it is not the time for their hooks.

    Returns:
        Bare numbers for scalars and constant Values for tensors; with `create_graph` Values for all. Only Values that a
        gradient flows to are in it.
    """
    nodes, slopes = _flow(outputs, seeds, create_graph, targets, observe, bare, unfinished)
    return dict(zip(nodes, slopes, strict=True))


def _between(outputs: Iterable[Value], targets: Collection[Value]) -> set[Value]:
    """The Values on the ways from `targets` to `outputs`, with both."""
    found = _ancestors(outputs, targets)
    leading = {t for t in targets if t in found}
    for node in sorted(found, key=_serial):
        if not leading.isdisjoint(node.inputs):
            leading.add(node)
    return leading


def _flow(
    outputs: Sequence[Value],
    seeds: Sequence[Value],
    create_graph: bool = False,
    targets: Sequence[Value] | None = None,
    observe: Observer | None = None,
    bare: bool = False,
    unfinished: Collection[Value] = (),
) -> tuple[list[Value], list[Any]]:
    """What `gradients` returns, as Values and their gradients in the order in which they became complete."""
    ends: Collection[Value] = () if targets is None else set(targets)
    wanted = None if targets is None else _between(outputs, ends)
    watched = modes.state.anomaly
    observe = observe if watched is None else watching(watched, observe)
    with modes.setting(recording=create_graph, anomaly=None, watched=watched):
        as_values = create_graph or modes.state.trace is not None  # what is traced has no numbers yet
        front = Front(wanted)
        for output, seed in zip(outputs, seeds, strict=True):
            if front.wants(output):
                front.add(output, seed if as_values or output.shape else seed._data)
        return walk(front, ends, unfinished, as_values, observe, bare and watched is None)


Value.backward = backward
