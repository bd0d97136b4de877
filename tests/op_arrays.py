"""What the op table draws and computes with: flat lists with a shape, on plain loops, knowing nothing of the engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, NamedTuple

from hypothesis import strategies as st

__all__ = ["KINDS", "Array", "Source", "broadcast", "draws", "make", "number", "pick", "reduced"]

Shape = tuple[int, ...]
KINDS: dict[str, type] = {"float": float, "complex": complex, "Fraction": Fraction, "Decimal": Decimal}


class Array(NamedTuple):
    """Row-major numbers and a shape: nested lists that can also say (0, 3)."""

    flat: list[Any]
    shape: Shape

    def at(self, index: Sequence[int]) -> Any:
        """The element at one index per axis."""
        place = 0
        for i, size in zip(index, self.shape, strict=True):
            assert 0 <= i < size
            place = place * size + i
        return self.flat[place]


def indices(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return product(*map(range, shape))


def make(shape: Sequence[int], element: Callable[[tuple[int, ...]], Any]) -> Array:
    """The array whose element at every index is what the function says."""
    return Array([element(index) for index in indices(shape)], tuple(shape))


def broadcast(function: Callable[..., Any], *arrays: Array) -> Array:
    """`function` on corresponding elements; axes are aligned at the right, and those of size 1 stretch."""
    ndim = max(len(a.shape) for a in arrays)
    padded = [Array(a.flat, (1,) * (ndim - len(a.shape)) + a.shape) for a in arrays]
    sizes = [[a.shape[axis] for a in padded] for axis in range(ndim)]
    shape = tuple(next((size for size in axis if size != 1), 1) for axis in sizes)
    return make(
        shape,
        lambda index: function(
            *(a.at([0 if size == 1 else i for i, size in zip(index, a.shape, strict=True)]) for a in padded)
        ),
    )


def pick(a: Array, shape: Sequence[int], where: Callable[[tuple[int, ...]], Sequence[int]]) -> Array:
    """The array of `shape` whose element at an index is the element of `a` at ``where(index)``."""
    return make(shape, lambda index: a.at(where(index)))


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    given = range(ndim) if axis is None else axis if isinstance(axis, Iterable) else (axis,)
    return tuple(sorted(a % ndim for a in given))


def reduced(function: Callable[[list[Any]], Any], a: Array, axis: Any, keepdims: bool = False) -> Array:
    """`function` of the elements (row-major) along the axes that vanish."""
    axes = axes_of(axis, len(a.shape))
    kept = [1 if i in axes else size for i, size in enumerate(a.shape)]
    runs = [range(size) if i in axes else range(1) for i, size in enumerate(a.shape)]

    def element(index: tuple[int, ...]) -> Any:
        return function([a.at([i + j for i, j in zip(index, step, strict=True)]) for step in product(*runs)])

    out = make(kept, element)
    return out if keepdims else Array(out.flat, tuple(size for i, size in enumerate(a.shape) if i not in axes))


def number(value: Fraction, kind: str, imaginary: Fraction = Fraction(0)) -> Any:
    """A rational number in another kind."""
    if kind == "Fraction":
        return value
    if kind == "Decimal":
        return Decimal(value.numerator) / Decimal(value.denominator)
    return complex(value, imaginary) if kind == "complex" else float(value)


class Source:
    """Random inputs: shapes and choices from Hypothesis, which shrinks them; numbers from a seed.

    `empty` says whether sizes of 0 may come.
    """

    def __init__(self, draw: st.DrawFn, kind: str, empty: bool = True) -> None:
        self.draw = draw
        self.kind = kind
        self.least = 0 if empty and draw(st.integers(0, 3)) == 0 else 1
        self.random = random.Random(draw(st.integers(0, 2**32)))

    def size(self, low: int = 1, high: int = 3) -> int:
        return self.draw(st.integers(low, high))

    def choice(self, options: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def shape(self, low: int = 0, high: int = 3, most: int = 3, empty: bool = True) -> Shape:
        least = self.least if empty else 1
        return tuple(self.draw(st.lists(st.integers(least, most), min_size=low, max_size=high)))

    def numbers(self, shape: Sequence[int], low: float = -2, high: float = 2, apart: bool = False) -> Array:
        """Numbers from `low` to `high`, never a multiple of 1/8; all different if they are to be `apart`.

        Imaginary parts are small: the poles of tanh lie at ±πi/2.
        """
        count = prod(shape)
        steps = range(round(low * 8) * 20, round(high * 8) * 20)
        allowed = [step for step in steps if 3 <= step % 20 <= 17]
        drawn = self.random.sample(allowed, count) if apart else self.random.choices(allowed, k=count)
        imaginary = self.random.choices(allowed, k=count)
        values = [number(Fraction(a, 160), self.kind, Fraction(b, 640)) for a, b in zip(drawn, imaginary, strict=True)]
        return Array(values, tuple(shape))

    def one(self, low: float = -2, high: float = 2) -> Any:
        return self.numbers((), low, high).flat[0]

    def broadcastable(self, count: int) -> list[Shape]:
        """Shapes that broadcast together: each with some axes thinned to 1 and some missing in front."""
        whole = self.shape()
        shapes = []
        for _ in range(count):
            thin = [1 if self.draw(st.booleans()) else size for size in whole]
            shapes.append(tuple(thin[self.draw(st.integers(0, len(whole))) :]))
        return shapes

    def axis(self, ndim: int, several: bool = True) -> Any:
        """None, or one axis counted from either end, or a tuple of axes."""
        options: list[Any] = [None]
        if ndim:
            options += [0, -1, ndim - 1]
        if ndim > 1 and several:
            options += [(0, 1), (-1, 0), (1,)]
        return self.choice(options)

    def one_axis(self, ndim: int) -> int:
        return self.draw(st.integers(-ndim, ndim - 1))


@st.composite
def draws(draw: st.DrawFn, kind: str, empty: bool = True) -> Source:
    """A source of inputs of one kind of number."""
    return Source(draw, kind, empty)
