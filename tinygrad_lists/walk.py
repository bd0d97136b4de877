"""The backward pass itself: rules run from the youngest Value that a gradient has reached to the oldest.

`backward` decides where it starts, where it ends and what becomes of the gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from heapq import heappop, heappush
from types import FunctionType
from typing import Any

from . import modes
from .hooks import hooks_of, in_kind_of, run_hooks
from .number_kinds import shown, zero_like
from .operations import apply, lift
from .primitives import PRIMITIVES
from .shapes import Shape
from .value import Value, constant

__all__ = ["Front", "Observer", "stale", "unbroadcast", "walk"]

#: Called as ``observe(node, gradient, contributions)`` after each rule; a contribution is a Value, or None where no
#: gradient is wanted or flows.
Observer = Callable[[Value, Value, list[Value | None]], None]


class Front:
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


def walk(
    front: Front,
    ends: Collection[Value],
    unfinished: Collection[Value],
    as_values: bool,
    observe: Observer | None,
    bare: bool = False,
) -> tuple[list[Value], list[Any]]:
    """Run the rules from the youngest node to the oldest. Scalars, where one call costs as much as the arithmetic, have
    the loop body to themselves: what `Front` does is written out there."""
    on_numbers = not as_values and (observe is None or bare)
    ages, nodes, slopes, wanted = front.ages, front.nodes, front.slopes, front.wanted
    done: list[Value] = []
    complete: list[Any] = []
    hooked = False
    while ages:
        age = heappop(ages)
        node, g = nodes.pop(age), slopes.pop(age)
        if node._meta is not None and hooks_of(node) and node not in unfinished:
            op, hooked = node.op, True
            g = run_hooks(node, g)
            if op is not None:
                _require_unchanged(node, age)
        elif hooked:
            _require_unchanged(node, age)
        on_number = on_numbers and not node.shape
        if on_number and g.__class__ is not node._data.__class__:
            g = in_kind_of("backward", lift(g, "backward"), node)._data
        done.append(node)
        complete.append(g)
        op = node.op
        if op is None or node in ends:
            continue
        x: Any = node._x  # not `inputs`, which would have to make a tuple
        y: Any = node._y
        if not on_number or op.scalar is None or x.__class__ is tuple:
            _step(front, node, g if isinstance(g, Value) else constant(g, ()), as_values, observe)
            continue
        x_age = -x._serial
        if x_age < age or (y is not None and y._serial > -age):
            raise RuntimeError(stale(node))
        rule: Any = op.vjp
        try:
            if y is None:
                (c,), d = rule(g, node._data, x._data), None
            else:
                c, d = rule(g, node._data, x._data, y._data)
                if not (y.requires_grad if wanted is None else y in wanted):
                    d = None
                    if y.op is not None:
                        _require_no_cut(y)
                elif d.__class__ is FunctionType:
                    d = d()
            if not (x.requires_grad if wanted is None else x in wanted):
                c = None
                if x.op is not None:
                    _require_no_cut(x)
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


def _require_no_cut(x: Value) -> None:
    """Raise RuntimeError for the result of an operation whose ``requires_grad`` was set to False."""
    if x.op is not None and x.op.differentiable and not x.requires_grad:
        raise RuntimeError(
            f"backward: requires_grad of a result of {x.op.name} (shape {x.shape}) was set to False; to let no "
            f"gradient through, compute with its detach()"
        )


def _require_unchanged(node: Value, age: int) -> None:
    """Raise RuntimeError if a hook has assigned data of a Value that the backward pass has still to go through."""
    if node._serial != -age:
        which = shown(node.name) if node.name else "a Value"
        raise RuntimeError(
            f"backward: a hook assigned the data of {which} (shape {node.shape}) while its gradient was on its way; "
            f"assign after backward()"
        )


def _step(front: Front, node: Value, g: Value, as_values: bool, observe: Observer | None) -> None:
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
            raise RuntimeError(stale(node))
    contributions: list[Value | None] = []
    for x, c in zip(node.inputs, node.op.vjp(g, node, *node.inputs, **node.params), strict=True):
        if c is None or not front.wants(x):
            if x.op is not None:
                _require_no_cut(x)
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


def stale(node: Value) -> str:
    """What to say of a node that is older than one of its inputs."""
    op = node.op.name if node.op else "?"
    i, x = next((i, x) for i, x in enumerate(node.inputs) if x._serial > node._serial)
    which = shown(x.name) if x.name else f"input {i}"
    return (
        f"backward: the data of {which} (shape {x.shape}) was assigned after {op} had used it, so the recorded graph "
        f"is out of date; run the forward pass again before backward"
    )
