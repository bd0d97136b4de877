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
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from heapq import heappop, heappush
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
    nodes, slopes = _flow([self], [seed_for(self, gradient)])
    if modes.active and (trace := modes.state.trace) is not None:
        trace.accumulate(zip(nodes, slopes, strict=True))
        return
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
                raise RuntimeError(_stale(node))
            if x.requires_grad and x not in found:
                found.add(x)
                stack.append(x)
    return found


def _stale(node: Value) -> str:
    op = node.op.name if node.op else "?"
    i, x = next((i, x) for i, x in enumerate(node.inputs) if x._serial > node._serial)
    which = f"{x.name!r}" if x.name else f"input {i}"
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
        Bare numbers for scalars and constant Values for tensors; with `create_graph` Values for all. Only Values that a
        gradient flows to are in it.
    """
    nodes, slopes = _flow(outputs, seeds, create_graph, targets, observe, bare)
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
) -> tuple[list[Value], list[Any]]:
    """What `gradients` returns, as Values and their gradients in the order in which they became complete."""
    ends: Collection[Value] = () if targets is None else set(targets)
    wanted = None if targets is None else _between(outputs, ends)
    watched = modes.state.anomaly
    observe = observe if watched is None else watching(watched, observe)
    with modes.setting(recording=create_graph, anomaly=None):
        as_values = create_graph or modes.state.trace is not None  # what is traced has no numbers yet
        front = _Front(wanted)
        for output, seed in zip(outputs, seeds, strict=True):
            if front.wants(output):
                front.add(output, seed if as_values or output.shape else seed._data)
        return _walk(front, ends, as_values, observe, bare and watched is None)


class _Front:
    """The Values that a gradient has reached and whose rules have not run yet: where the backward pass stands.

    Attributes:
        ages: a heap of negative serial numbers, so that the youngest comes out first.
        nodes, slopes: by age, the Value and the sum of the contributions to its gradient so far.
        wanted: the Values that a gradient may reach; None for all that require one.
    """

    __slots__ = ("ages", "nodes", "slopes", "wanted")

    def __init__(self, wanted: set[Value] | None) -> None:
        self.ages: list[int] = []
        self.nodes: dict[int, Value] = {}
        self.slopes: dict[int, Any] = {}
        self.wanted = wanted

    def wants(self, x: Value) -> bool:
        """Whether a gradient may reach `x`."""
        return x.requires_grad if self.wanted is None else x in self.wanted

    def add(self, x: Value, c: Any) -> None:
        """One more contribution to the gradient of `x`."""
        age = -x._serial
        if age in self.nodes:
            self.slopes[age] = self.slopes[age] + c
        else:
            self.nodes[age], self.slopes[age] = x, c
            heappush(self.ages, age)


def _walk(
    front: _Front, ends: Collection[Value], as_values: bool, observe: Observer | None, bare: bool = False
) -> tuple[list[Value], list[Any]]:
    """Run the rules from the youngest node to the oldest. Scalars, where one call costs as much as the arithmetic, have
    the loop body to themselves: what `_Front` does is written out there."""
    on_numbers = not as_values and (observe is None or bare)
    ages, nodes, slopes, wanted = front.ages, front.nodes, front.slopes, front.wanted
    done: list[Value] = []
    complete: list[Any] = []
    while ages:
        age = heappop(ages)
        node, g = nodes.pop(age), slopes.pop(age)
        if node in ends:
            done.append(node)
            complete.append(g)
            continue
        if node._meta is not None and hooks_of(node):
            g = run_hooks(node, g)
        done.append(node)
        complete.append(g)
        op = node.op
        if op is None:
            continue
        x: Any = node._x  # not `inputs`, which would have to make a tuple
        y: Any = node._y
        if not on_numbers or node.shape or op.scalar is None or x.__class__ is tuple:
            _step(front, node, g if isinstance(g, Value) else constant(g, ()), as_values, observe)
            continue
        x_age = -x._serial
        if x_age < age or (y is not None and y._serial > -age):
            raise RuntimeError(_stale(node))
        rule: Any = op.vjp
        try:
            if y is None:
                (c,), d = rule(g, node._data, x._data), None
            else:
                c, d = rule(g, node._data, x._data, y._data)
                if not (y.requires_grad if wanted is None else y in wanted):
                    d = None
                elif d.__class__ is FunctionType:
                    d = d()
            if not (x.requires_grad if wanted is None else x in wanted):
                c = None
            elif c.__class__ is FunctionType:
                c = c()
        except ArithmeticError:
            # Plain arithmetic gives up (1.0 / 0.0) where Values know the IEEE answer.
            _step(front, node, constant(g, ()), False, observe)
            continue
        if observe is not None:
            observe(node, g, [c] if y is None else [c, d])
        if c is not None:
            if x_age in nodes:
                slopes[x_age] += c
            else:
                nodes[x_age], slopes[x_age] = x, c
                heappush(ages, x_age)
        if d is not None:
            y_age = -y._serial
            if y_age in nodes:
                slopes[y_age] += d
            else:
                nodes[y_age], slopes[y_age] = y, d
                heappush(ages, y_age)
    return done, complete


def _step(front: _Front, node: Value, g: Value, as_values: bool, observe: Observer | None) -> None:
    """One rule on Values, and each contribution summed down to the shape of its input."""
    assert node.op is not None
    if modes.active and (trace := modes.state.trace) is not None:
        trace.behind = node.scope
    if node.op.vjp is None:
        raise RuntimeError(
            f"backward: {node.op.name} has no rule for its gradient; give it a vjp, or detach its result"
        )
    for x in node.inputs:
        if x._serial > node._serial:
            raise RuntimeError(_stale(node))
    contributions: list[Value | None] = []
    for x, c in zip(node.inputs, node.op.vjp(g, node, *node.inputs, **node.params), strict=True):
        if c is None or not front.wants(x):
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
            front.add(x, c if as_values or x.shape else c._data)


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
