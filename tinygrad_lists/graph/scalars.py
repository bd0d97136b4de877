"""Tensor operations written out on single numbers: flat lists of scalar Values in, a flat list of them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from ..kernels import movement
from ..operations import apply
from ..primitives import PRIMITIVES
from ..shapes import Shape, numel, strides_of
from ..value import Value, constant

__all__ = ["EXPANDED", "expansion"]

Scalars = list[Value]

#: ``rule(inputs, their shapes, shape of the result, **params)``
Rule = Callable[..., Scalars]


def expansion(op: str) -> Rule | None:
    """The rule for an operation, if there is one."""
    if op in _RULES:
        return _RULES[op]
    row = PRIMITIVES.get(op)
    return None if row is None or row.scalar is None else _elementwise(op)


def _elementwise(name: str) -> Rule:
    op = PRIMITIVES[name]

    def rule(inputs: Sequence[Scalars], shapes: Sequence[Shape], shape: Shape, /) -> Scalars:
        columns = [movement.broadcast_to(x, x_shape, shape=shape) for x, x_shape in zip(inputs, shapes, strict=True)]
        return [apply(op, *elements) for elements in zip(*columns, strict=True)]

    return rule


def _moved(kernel: Callable[..., list[int]]) -> Rule:
    """A movement: the kernel says which element goes where; 0 stands for a zero that is put in."""

    def rule(inputs: Sequence[Scalars], shapes: Sequence[Shape], out: Shape, /, **params: Any) -> Scalars:
        (x,), (x_shape,) = inputs, shapes
        places = kernel(list(range(1, len(x) + 1)), x_shape, **params)
        zero = type(x[0].data)()
        return [x[place - 1] if place else constant(zero, ()) for place in places]

    return rule


def _concat(inputs: Sequence[Scalars], shapes: Sequence[Shape], shape: Shape, axis: int) -> Scalars:
    flat = [value for x in inputs for value in x]
    starts = [sum(len(x) for x in inputs[:i]) for i in range(len(inputs))]
    places = [list(range(start, start + len(x))) for start, x in zip(starts, inputs, strict=True)]
    return [flat[place] for place in movement.concat(places, shapes, axis=axis)]


def _gather(inputs: Sequence[Scalars], shapes: Sequence[Shape], shape: Shape) -> Scalars:
    x, index = inputs
    return [x[int(i.data)] for i in index]


def _total(terms: Sequence[Value]) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _sum(inputs: Sequence[Scalars], shapes: Sequence[Shape], shape: Shape, axes: Shape) -> Scalars:
    (x,), (x_shape,) = inputs, shapes
    strides = [0 if axis in axes else stride for axis, stride in enumerate(strides_of(shape))]
    terms: list[Scalars] = [[] for _ in range(numel(shape))]
    for value, place in zip(x, product(*map(range, x_shape)), strict=True):
        terms[sum(i * stride for i, stride in zip(place, strides, strict=True))].append(value)
    return [_total(part) for part in terms]


def _matmul(inputs: Sequence[Scalars], shapes: Sequence[Shape], shape: Shape) -> Scalars:
    (x, y), (x_shape, y_shape) = inputs, shapes
    *batch, rows, columns = shape
    inner = x_shape[-1]
    xs = movement.broadcast_to(x, x_shape, shape=(*batch, rows, inner))
    ys = movement.broadcast_to(y, y_shape, shape=(*batch, inner, columns))
    out: Scalars = []
    for n in range(numel(batch)):
        for i, j in product(range(rows), range(columns)):
            row, column = n * rows * inner + i * inner, n * inner * columns + j
            out.append(_total([xs[row + k] * ys[column + k * columns] for k in range(inner)]))
    return out


def _conv2d(
    inputs: Sequence[Scalars],
    shapes: Sequence[Shape],
    shape: Shape,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> Scalars:
    x, w, *biases = inputs
    (_, channels, height, width), (filters, own, tall, wide) = shapes[0], shapes[1]
    out: Scalars = []
    for n, f, i, j in product(*map(range, shape)):
        terms = [biases[0][f]] if biases else []
        first = f // (filters // groups) * own
        for c, k, m in product(range(own), range(tall), range(wide)):
            y = i * stride[0] + k * dilation[0] - padding[0]
            z = j * stride[1] + m * dilation[1] - padding[1]
            if 0 <= y < height and 0 <= z < width:
                pixel = x[((n * channels + first + c) * height + y) * width + z]
                terms.append(pixel * w[((f * own + c) * tall + k) * wide + m])
        out.append(_total(terms) if terms else constant(type(x[0].data)(), ()))
    return out


_RULES: dict[str, Rule] = {
    "sum": _sum,
    "matmul": _matmul,
    "conv2d": _conv2d,
    "gather": _gather,
    "concat": _concat,
    "reshape": _moved(lambda x, x_shape, shape: x),
    "permute_dims": _moved(movement.permute_dims),
    "broadcast_to": _moved(movement.broadcast_to),
    "crop": _moved(movement.crop),
    "pad": _moved(movement.pad),
    "flip": _moved(movement.flip),
}

EXPANDED = ", ".join(_RULES)
