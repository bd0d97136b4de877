"""Reverse-mode differentiation of a recorded graph, without recursion.

The chain rule for reverse mode: if ``L`` depends on ``x`` through the nodes ``v1, v2, ...`` that use it, then

    dL/dx  =  sum over the uses v of x   dL/dv · dv/dx.

So a node's gradient is complete once every node that uses it has been handled. A node is always younger than its
inputs, hence going through the nodes from the youngest to the oldest does it: no recursion limit.

Gradients travel as bare numbers through scalar arithmetic, and as Values elsewhere; there a rule runs on Values,
without recording in a plain backward, with recording where the gradient shall be differentiated again.

Complex numbers: the rules are those of calculus, so ``g * f'(z)`` is the holomorphic derivative, without conjugation.
A function without a complex derivative (abs, relu, maximum) raises TypeError on complex numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from types import FunctionType
from typing import Any

from . import modes
from .anomaly import watching
from .hooks import hooks_of, run_hooks
from .number_kinds import common_kind, convert, kind_name, one_like, zero_like
from .operations import apply, lift
from .primitives import PRIMITIVES
from .shapes import Shape
from .value import Value, constant
from .vjps import VJPS

__all__ = ["Observer", "backward", "gradients", "reachable", "seed_for", "unbroadcast"]

#: Called as ``observe(node, gradient, contributions)`` after each rule; a contribution is a Value, or None where no
#: gradient is wanted or flows.
Observer = Callable[[Value, Value, list[Value | None]], None]

for _name, _rule in VJPS.items():
    PRIMITIVES[_name].vjp = _rule

_ADD = PRIMITIVES["add"]
_serial = attrgetter("_serial")


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
    found = gradients([self], [seed_for(self, gradient)])
    if modes.active and (trace := modes.state.trace) is not None:
        trace.accumulate(found)
        return
    for node, g in found.items():
        if node._grad is not None or isinstance(g, Value):
            found[node] = _accumulated(node, g)
    for node, g in found.items():
        if g is not None:
            node._grad = g


def _accumulated(node: Value, g: Any) -> Any:
    """Bare gradient of `node` with `g` added."""
    if isinstance(g, Value):
        g = g._data
    before = node._grad
    if before is None or g is None:
        return before if g is None else g
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
    if not seed.size or type(seed._flat()[0]) is type(output._flat()[0]):
        return seed
    kind = common_kind(op, seed._flat()[0], output._flat()[0])
    if kind == kind_name(seed._flat()[0]):
        return seed
    flat = [convert(op, v, kind) for v in seed._flat()]
    return constant(flat if seed.shape else flat[0], seed.shape)


def reachable(outputs: Iterable[Value]) -> list[Value]:
    """Every Value that `outputs` depend on and that requires a gradient, youngest first: reverse topological order.

    Raises RuntimeError when an input is younger than the node that used it: its data was assigned since.

    >>> x = Value(2.0)
    >>> y = x * x
    >>> reachable([y]) == [y, x]
    True
    """
    return sorted(_ancestors(outputs, ()), key=_serial, reverse=True)


def _ancestors(outputs: Iterable[Value], stops: Iterable[Value]) -> dict[Value, Any]:
    """Keys: the Values that require a gradient and lead to `outputs`, not looking behind `stops`."""
    stack = [v for v in dict.fromkeys(outputs) if v.requires_grad]
    found: dict[Value, Any] = dict.fromkeys(stack)
    ends = set(stops)
    while stack:
        node = stack.pop()
        if node in ends:
            continue
        age = node._serial
        for x in node.inputs:
            if x._serial > age:
                raise RuntimeError(_stale(node, x))
            if x.requires_grad and x not in found:
                found[x] = None
                stack.append(x)
    return found


def _stale(node: Value, x: Value) -> str:
    op = node.op.name if node.op else "?"
    which = f"{x.name!r}" if x.name else f"input {node.inputs.index(x)}"
    return (
        f"backward: the data of {which} (shape {x.shape}) was assigned after {op} had used it, so the recorded graph "
        f"is out of date; run the forward pass again before backward"
    )


def gradients(
    outputs: Sequence[Value],
    seeds: Sequence[Value],
    create_graph: bool = False,
    targets: Sequence[Value] | None = None,
    observe: Observer | None = None,
    bare: bool = False,
) -> dict[Value, Any]:
    """Gradients of ``sum(output · seed)`` with respect to every Value that it depends on; nobody's ``.grad`` changes.

    Args:
        create_graph: give results that carry a graph of their own and can be differentiated again.
        targets: take these as the independent variables: nothing behind them is looked at, and only what leads from
            them to `outputs` is worked out.
        observe: called after each rule.
        bare: `observe` takes scalars as bare numbers, for which no Values have to be made.

    Returns:
        Bare numbers for scalars and constant Values for tensors; with `create_graph` Values for all. None where no
        gradient flows to.
    """
    found = _ancestors(outputs, targets or ())
    order = sorted(found, key=_serial, reverse=True)
    if targets is not None:
        order = _between(order, targets)
        found = dict.fromkeys([*order, *(t for t in targets if t in found)])
    watched = modes.state.anomaly
    with modes.setting(recording=create_graph, anomaly=None):
        as_values = create_graph or modes.state.trace is not None  # what is traced has no numbers yet
        for output, seed in zip(outputs, seeds, strict=True):
            if output in found:
                _add(found, output, seed if as_values or output.shape else seed._data)
        watch = observe if watched is None else watching(watched, observe)
        _walk(order, found, as_values, watch, bare and watched is None)
    return found


def _between(order: list[Value], targets: Sequence[Value]) -> list[Value]:
    """Those of `order` that depend on a target, without the targets."""
    ends = set(targets)
    leading = set(targets)
    for node in reversed(order):
        if node not in ends and not leading.isdisjoint(node.inputs):
            leading.add(node)
    return [node for node in order if node in leading and node not in ends]


def _walk(
    order: list[Value], found: dict[Value, Any], as_values: bool, observe: Observer | None, bare: bool = False
) -> None:
    """Run the rules from the youngest node to the oldest. Scalars, where one call costs as much as the arithmetic, have
    the loop body to themselves."""
    on_numbers = not as_values and (observe is None or bare)
    for node in order:
        g = found[node]
        if g is None:
            continue
        if node._meta is not None and hooks_of(node):
            g = found[node] = run_hooks(node, g)
        op, inputs = node.op, node.inputs
        if op is None:
            continue
        if not on_numbers or op.scalar is None or node.shape or len(inputs) > 2:
            _step(found, node, g if isinstance(g, Value) else constant(g, ()), as_values, observe)
            continue
        assert op.vjp is not None
        try:
            if len(inputs) == 2:
                x, y = inputs
                c, d = op.vjp(g, node._data, x._data, y._data)
                if d.__class__ is FunctionType:
                    d = d() if y in found else None
            else:
                (x,), d = inputs, None
                (c,) = op.vjp(g, node._data, x._data)
            if c.__class__ is FunctionType:
                c = c() if x in found else None
        except ArithmeticError:
            # Plain arithmetic gives up (1.0 / 0.0) where Values know the IEEE answer.
            _step(found, node, constant(g, ()), False, observe)
            continue
        if observe is not None:
            observe(
                node, g, [v if v is not None and x in found else None for x, v in zip(inputs, (c, d), strict=False)]
            )
        if c is not None and x in found:
            before = found[x]
            found[x] = c if before is None else before + c
        if d is not None and y in found:
            before = found[y]
            found[y] = d if before is None else before + d


def _step(found: dict[Value, Any], node: Value, g: Value, as_values: bool, observe: Observer | None) -> None:
    """One rule on Values, and each contribution summed down to the shape of its input."""
    assert node.op is not None
    if modes.active and (trace := modes.state.trace) is not None:
        trace.behind = node.scope
    if node.op.vjp is None:
        raise RuntimeError(
            f"backward: {node.op.name} has no rule for its gradient; give it a vjp, or detach its result"
        )
    contributions: list[Value | None] = []
    for x, c in zip(node.inputs, node.op.vjp(g, node, *node.inputs, **node.params), strict=True):
        if c is None or x not in found:
            contributions.append(None)
            continue
        if c.__class__ is FunctionType:
            c = c()
        if not g.size and x.size:
            c = zero_like(x)  # a gradient made of nothing would be the int 0
        contributions.append(c if c.shape == x.shape else unbroadcast(c, x.shape))
    if observe is not None:
        observe(node, g, contributions)
    for x, c in zip(node.inputs, contributions, strict=True):
        if c is not None:
            _add(found, x, c if as_values or x.shape else c._data)


def _add(found: dict[Value, Any], x: Value, c: Any) -> None:
    before = found[x]
    found[x] = c if before is None else before + c


def unbroadcast(g: Value, shape: Shape) -> Value:
    """The adjoint of broadcasting: `g` summed over the axes along which `shape` was stretched (or stretched, if
    smaller).

    >>> unbroadcast(Value([[1.0, 2.0], [3.0, 4.0]]), (1, 2)).data
    [[4.0, 6.0]]
    """
    if len(g.shape) > len(shape) or any(a != b for a, b in zip(g.shape[::-1], shape[::-1], strict=False)):
        extra = len(g.shape) - len(shape)
        axes = (*range(extra), *(a for a, size in enumerate(shape, extra) if size == 1 != g.shape[a]))
        if axes:
            g = apply(PRIMITIVES["sum"], g, axes=axes)
        if extra:
            g = apply(PRIMITIVES["reshape"], g, shape=g.shape[extra:])
    return g if g.shape == shape else apply(PRIMITIVES["broadcast_to"], g, shape=shape)


Value.backward = backward
