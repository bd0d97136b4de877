"""Elementwise kernels with broadcasting, written out per operation.

A list comprehension whose expression stands in its own text (``[x * y for x, y in zip(X, Y)]``) is the fastest loop
that
Python has: no call per element. So each operation brings its formula as text, and the loops around it are generated
here once per formula and kept. Four ways in which a smaller operand can stretch are told apart, because they
need no expanded copy:

======== ============================================ =============================================
name     operand ``y`` beside ``x`` of shape S          loop
======== ============================================ =============================================
same     shape S                                        over pairs
scalar   one element                                    over ``x`` alone
tiled    the last axes of S, as a bias ``(K,)``         over pairs, ``y`` repeated as a whole
blocked  axes in the middle, as a bias ``(F, 1, 1)``    over ``y``, inside it over a block of ``x``
======== ============================================ =============================================

Anything else is expanded first. Formulas may raise on the edges of their domain (``1.0 / 0.0``); the loop then starts
again with the operation's scalar function, which knows the IEEE answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..shapes import Shape, broadcast_shapes, numel
from .movement import broadcast_to

__all__ = ["Formula", "binary", "ternary", "unary"]

Flat = list[Any]

#: What formulas may name: the C functions of `math`, which raise where `numeric` knows the IEEE answer.
NAMES = {
    name: getattr(math, name)
    for name in ["exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "erf", "floor"]
}

#: How the loops bind x and y, by the way in which operands meet.
LOOPS = {
    "unary": "lambda X: [{} for x in X]",
    "same": "lambda X, Y: [{} for x, y in zip(X, Y)]",
    "ternary": "lambda X, Y, Z: [{} for x, y, z in zip(X, Y, Z)]",
    "x scalar": "lambda x, Y: [{} for y in Y]",
    "y scalar": "lambda X, y: [{} for x in X]",
    "x blocked": "lambda X, Y, b: [{} for i, x in enumerate(X) for y in Y[i * b : i * b + b]]",
    "y blocked": "lambda X, Y, b: [{} for i, y in enumerate(Y) for x in X[i * b : i * b + b]]",
}


class Formula:
    """One elementwise operation: `scalar`, right for every kind of number, and `text`, quick for floats.

    `text` is a Python expression in x (and y) that gives the same bits as `scalar` on floats, or raises an
    ArithmeticError or ValueError where only `scalar` knows the answer. The one of `where`, in x, y and z, is right for
    y and z of any one kind.
    """

    __slots__ = ("loops", "name", "scalar", "text")

    def __init__(self, name: str, scalar: Callable[..., Any], text: str | None) -> None:
        self.name = name
        self.scalar = scalar
        self.text = text
        self.loops: dict[str, Callable[..., Flat]] = {}

    def run(self, way: str, *operands: Any) -> Flat:
        """Run the loop called `way`, generated at its first use."""
        loop = self.loops.get(way)
        if loop is None:
            source = compile(LOOPS[way].format(self.text), f"<generated {self.name}, {way}>", "eval")
            loop = self.loops[way] = eval(source, dict(NAMES))
        return loop(*operands)


def unary(formula: Formula, x: Flat) -> Flat:
    """``[f(x) for x in X]``."""
    if formula.text is not None and x and type(x[0]) is float:
        try:
            return formula.run("unary", x)
        except (ArithmeticError, ValueError):
            pass
    return list(map(formula.scalar, x))


def binary(formula: Formula, x: Flat, x_shape: Shape, y: Flat, y_shape: Shape) -> Flat:
    """``f(x, y)`` over the broadcast shape, as a flat list."""
    if formula.text is not None and x and y and type(x[0]) is float and type(y[0]) is float:
        try:
            return _binary_floats(formula, x, x_shape, y, y_shape)
        except (ArithmeticError, ValueError):
            pass
    shape = broadcast_shapes(x_shape, y_shape, op=formula.name)
    out = list(map(formula.scalar, broadcast_to(x, x_shape, shape=shape), broadcast_to(y, y_shape, shape=shape)))
    if out and type(x[0]) is type(y[0]) is int and float in set(map(type, out)):
        return list(map(float, out))  # some powers of ints are ints and some are not; a list has one kind
    return out


def ternary(formula: Formula, x: Flat, x_shape: Shape, y: Flat, y_shape: Shape, z: Flat, z_shape: Shape) -> Flat:
    """``f(x, y, z)`` over the broadcast shape, as a flat list."""
    shape = broadcast_shapes(x_shape, y_shape, z_shape, op=formula.name)
    operands = ((x, x_shape), (y, y_shape), (z, z_shape))
    x, y, z = (broadcast_to(v, v_shape, shape=shape) for v, v_shape in operands)
    if formula.text is not None and x and type(y[0]) is type(z[0]):
        return formula.run("ternary", x, y, z)
    return list(map(formula.scalar, x, y, z))


def _binary_floats(formula: Formula, x: Flat, x_shape: Shape, y: Flat, y_shape: Shape) -> Flat:
    if x_shape == y_shape:
        return formula.run("same", x, y)
    if len(y) == 1 and len(y_shape) <= len(x_shape):
        return formula.run("y scalar", x, y[0])
    if len(x) == 1 and len(x_shape) <= len(y_shape):
        return formula.run("x scalar", x[0], y)
    shape = broadcast_shapes(x_shape, y_shape, op=formula.name)
    if x_shape == shape:
        outer, inner = _stretch(y_shape, shape)
        if inner == 1:
            return formula.run("same", x, y * outer)
        if inner:
            return formula.run("y blocked", x, y * outer, inner)
    elif y_shape == shape:
        outer, inner = _stretch(x_shape, shape)
        if inner == 1:
            return formula.run("same", x * outer, y)
        if inner:
            return formula.run("x blocked", x * outer, y, inner)
    return formula.run("same", broadcast_to(x, x_shape, shape=shape), broadcast_to(y, y_shape, shape=shape))


@cache
def _stretch(small: Shape, shape: Shape) -> tuple[int, int]:
    """(times the whole repeats, times each element repeats) when the axes that do not stretch are neighbours; else (0,
    0)."""
    small = (1,) * (len(shape) - len(small)) + small
    kept = [axis for axis, (a, b) in enumerate(zip(small, shape, strict=True)) if a == b != 1]
    if not kept or numel(shape) == 0 or _any_stretched(small, shape, kept):
        return 0, 0
    return numel(shape[: kept[0]]), numel(shape[kept[-1] + 1 :])


def _any_stretched(small: Shape, shape: Shape, kept: Sequence[int]) -> bool:
    return any(small[axis] != shape[axis] for axis in range(kept[0], kept[-1] + 1))
