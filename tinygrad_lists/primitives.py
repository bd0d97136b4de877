"""The closed table of primitives: every operation that the engine records is one row here.

A row knows three things: its name, the shape of its result, and a kernel that works on flat lists. Elementwise rows
bring one more: a function of bare numbers, so that scalars need no list at all, and a formula as text for quick loops
over floats. How gradients flow back through a row stands in `vjps`, one rule per row, under the same name.

The table is closed under differentiation: the rules use only rows of this table, so any gradient can be differentiated
again. Families that are each other's adjoints:

* broadcast_to / sum, reshape / reshape, permute_dims / permute_dims, flip / flip, crop / pad, concat / crop
* gather / scatter_add (with max_pool2d_argmax and argmax they make max-pooling and max)
* conv2d / conv2d_input_grad / conv2d_weight_grad, avg_pool2d / avg_pool2d_input_grad, matmul, relu / gate

To add an operation: a row here, its rule in `vjps`, a method in `functions`, a row in the tests' op table.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from . import numeric as n
from .kernels import conv, elementwise, matmul, movement, pool, reduce
from .number_kinds import shown
from .shapes import MOST_AXES, Shape, broadcast_shapes, checked_shape, numel, reduced_shape

__all__ = ["PRIMITIVES", "Primitive"]

Flat = list[Any]
Pair = tuple[int, int]
Rule = Callable[..., tuple[Any, ...]]


class Primitive:
    """One row: ``shape(*input_shapes, **params)`` and ``kernel(x, x_shape, y, y_shape, ..., **params)``.

    `scalar` is set for elementwise rows only. `differentiable` is False where the result is an index or a truth value.
    `picks` says which inputs the elements of the result are from, if it only hands elements on: where they are truth
    values, so is the result. `vjp` is the row of the same name in `vjps`.
    """

    __slots__ = ("differentiable", "kernel", "name", "picks", "scalar", "shape", "vjp")

    def __init__(
        self,
        name: str,
        shape: Callable[..., Shape],
        kernel: Callable[..., Flat],
        *,
        scalar: Callable[..., Any] | None = None,
        differentiable: bool = True,
    ) -> None:
        self.name = name
        self.shape = shape
        self.kernel = kernel
        self.scalar = scalar
        self.differentiable = differentiable
        self.picks: slice | None = None
        self.vjp: Rule | None = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], Primitive], tuple[str]]:
        return _named, (self.name,)


def _unary(name: str, scalar: Callable[[Any], Any], text: str | None = None, differentiable: bool = True) -> Primitive:
    formula = elementwise.Formula(name, scalar, text)
    return Primitive(
        name,
        lambda x: x,
        lambda x, x_shape: elementwise.unary(formula, x),
        scalar=scalar,
        differentiable=differentiable,
    )


def _binary(name: str, scalar: Callable[[Any, Any], Any], text: str | None, differentiable: bool = True) -> Primitive:
    formula = elementwise.Formula(name, scalar, text)
    return Primitive(
        name,
        lambda x, y: x if x == y else broadcast_shapes(x, y, op=name),
        lambda x, x_shape, y, y_shape: elementwise.binary(formula, x, x_shape, y, y_shape),
        scalar=scalar,
        differentiable=differentiable,
    )


def _where() -> Primitive:
    formula = elementwise.Formula("where", n.where, "y if x else z")
    return Primitive(
        "where",
        lambda c, x, y: broadcast_shapes(c, x, y, op="where"),
        lambda *arrays: elementwise.ternary(formula, *arrays),
        scalar=n.where,
    )


def _reshaped(x_shape: Shape, shape: Shape) -> Shape:
    if numel(x_shape) != numel(shape):
        raise ValueError(
            f"reshape: {x_shape} has {numel(x_shape)} elements and {shown(shape)} has {shown(numel(shape))}; the "
            f"numbers must agree"
        )
    return shape if len(shape) <= MOST_AXES else checked_shape(shape, op="reshape")


def _broadcastable(x_shape: Shape, shape: Shape) -> Shape:
    if broadcast_shapes(x_shape, shape, op="broadcast_to") != shape:
        raise ValueError(f"broadcast_to: {x_shape} does not stretch to {shown(shape)}: only axes of size 1 do")
    return checked_shape(shape, op="broadcast_to")


def _concatenated(*shapes: Shape, axis: int) -> Shape:
    first = shapes[0]
    for shape in shapes:
        if len(shape) != len(first) or shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ValueError(
                f"concat: {first} and {shape} differ on another axis than {axis}, along which they are joined"
            )
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def _avg_pool2d_shape(x: Shape, kernel: Pair, stride: Pair, padding: Pair, count_include_pad: bool) -> Shape:
    return pool.pool2d_shape(x, kernel, stride, padding, op="avg_pool2d")


def _without(x: Shape, axis: int) -> Shape:
    return reduced_shape(x, (axis,), keepdims=False)


_ROWS = (
    # Arithmetic. Formulas are texts in x and y; see kernels.elementwise.
    _binary("add", operator.add, "x + y"),
    _binary("sub", operator.sub, "x - y"),
    _binary("mul", operator.mul, "x * y"),
    _binary("div", n.divide, "x / y"),
    _binary("pow", n.power, None),
    _binary("maximum", n.maximum, "x if x >= y or x != x else y"),
    _binary("minimum", n.minimum, "x if x <= y or x != x else y"),
    _binary("floor_divide", n.floor_divide, None),
    _binary("remainder", n.remainder, None),
    _unary("neg", operator.neg, "-x"),
    _unary("abs", n.absolute, "abs(x)"),
    _unary("sign", n.sign),
    _unary("floor", n.floor),
    # Functions of one variable
    _unary("exp", n.exp, "exp(x)"),
    _unary("log", n.log, "log(x)"),
    _unary("log1p", n.log1p, "log1p(x)"),
    _unary("expm1", n.expm1, "expm1(x)"),
    _unary("sqrt", n.sqrt, "sqrt(x)"),
    _unary("sin", n.sin, "sin(x)"),
    _unary("cos", n.cos, "cos(x)"),
    _unary("tan", n.tan, "tan(x)"),
    _unary("tanh", n.tanh, "tanh(x)"),
    _unary("erf", n.erf, "erf(x)"),
    _unary("sigmoid", n.sigmoid, "1.0 / (1.0 + exp(-x)) if x >= 0.0 else (e := exp(x)) / (1.0 + e)"),
    _unary("softplus", n.softplus),
    _unary("relu", n.relu, "0.0 if x <= 0.0 else x"),
    # Choices. gate(x, y) is x where y > 0 and 0 elsewhere: relu(x) = gate(x, x), and relu's derivative is a gate.
    _binary("gate", n.gate, "0.0 if y <= 0.0 else x"),
    _where(),
    # Truth values 0 and 1; no gradient
    _binary("less", n.less, "1 if x < y else 0", differentiable=False),
    _binary("less_equal", n.less_equal, "1 if x <= y else 0", differentiable=False),
    _binary("greater", n.greater, "1 if x > y else 0", differentiable=False),
    _binary("greater_equal", n.greater_equal, "1 if x >= y else 0", differentiable=False),
    _binary("equal", n.equal, "1 if x == y else 0", differentiable=False),
    _binary("not_equal", n.not_equal, "1 if x != y else 0", differentiable=False),
    # Reductions: `axes` are sorted and non-negative, and stay with size 1; `reshape` drops them
    Primitive("sum", lambda x, axes: reduced_shape(x, axes, keepdims=True), reduce.sum_over),
    Primitive("max", lambda x, axes: reduced_shape(x, axes, keepdims=True), reduce.max_over),
    Primitive("min", lambda x, axes: reduced_shape(x, axes, keepdims=True), reduce.min_over),
    Primitive("argmax", _without, reduce.argmax, differentiable=False),
    Primitive("argmin", _without, reduce.argmin, differentiable=False),
    Primitive("cumsum", lambda x, axis: x, reduce.cumsum),
    # Movement
    Primitive("reshape", _reshaped, lambda x, x_shape, shape: x),
    Primitive("permute_dims", lambda x, axes: tuple(x[a] for a in axes), movement.permute_dims),
    Primitive("broadcast_to", _broadcastable, movement.broadcast_to),
    Primitive("crop", lambda x, bounds: tuple(len(range(*b)) for b in bounds), movement.crop),
    Primitive("pad", lambda x, bounds, shape: shape, movement.pad),
    Primitive("flip", lambda x, axes: x, movement.flip),
    Primitive("concat", _concatenated, lambda *arrays, axis: movement.concat(arrays[::2], arrays[1::2], axis=axis)),
    # Indexing by flat positions: gather(x, i)[...] = x.flatten()[i[...]], scatter_add is its adjoint
    Primitive("gather", lambda x, index: index, lambda x, xs, index, i_shape: pool.gather(x, index)),
    Primitive(
        "scatter_add",
        lambda x, index, shape: shape,
        lambda x, xs, index, i_shape, shape: pool.scatter_add(x, index, numel(shape)),
    ),
    # Products
    Primitive("matmul", matmul.matmul_shape, matmul.matmul),
    Primitive("conv2d", conv.conv2d_shape, conv.conv2d),
    Primitive("conv2d_input_grad", lambda g, w, x_shape, **_: x_shape, conv.conv2d_input_grad),
    Primitive("conv2d_weight_grad", lambda x, g, w_shape, **_: w_shape, conv.conv2d_weight_grad),
    # Pooling
    Primitive(
        "max_pool2d_argmax", partial(pool.pool2d_shape, op="max_pool2d"), pool.max_pool2d_argmax, differentiable=False
    ),
    Primitive("avg_pool2d", _avg_pool2d_shape, pool.avg_pool2d),
    Primitive("avg_pool2d_input_grad", lambda g, x_shape, **_: x_shape, pool.avg_pool2d_input_grad),
)


def _named(name: str) -> Primitive:
    return PRIMITIVES[name]


PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _ROWS}

for _name in ("reshape", "permute_dims", "broadcast_to", "crop", "pad", "flip", "concat"):
    PRIMITIVES[_name].picks = slice(0, None)
for _name in ("max", "min", "maximum", "minimum"):  # of truth values: any and all, or and and
    PRIMITIVES[_name].picks = slice(0, None)
PRIMITIVES["gather"].picks = slice(0, 1)  # not from its index
PRIMITIVES["where"].picks = slice(1, None)  # nor from a condition
