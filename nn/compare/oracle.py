"""A third opinion that shares code with neither side: single numbers from the forward formulas, in exact arithmetic.

An activation is its formula, written once more, on exact integers: every float is an integer times a power of two. A
gradient is a symmetric difference,

    d/dv Σ g y  =  Σ g (y(v + h) - y(v - h)) / 2h,

which for a sum of products is exact for any h, and on a linear piece for any h that stays on it. No derivative is
derived here, so no mistake in deriving one can be repeated. Softmax, cross-entropy and the activations made of exp are
computed in Decimal with 50 digits; there h = 10^-15, and its square is the relative error.

Only one element is asked for at a time (the worst of a tensor), so nothing needs to be fast, but only outputs that
depend on v are summed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..layers import AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, ReLU
from .automatic import Trace
from .oracle_decimal import decimal_opinion
from .tensors import Shape, Tensor, index_of

__all__ = ["third_opinion"]

Index = tuple[int, ...]


def third_opinion(trace: Trace, tensor: str, index: Index) -> Fraction | Decimal | None:
    """The exact number at an index of "activation", "input gradient" or "<parameter> gradient"; None at a kink, for
    kinds of layer without a formula here, and where a number is not finite.

    >>> from nn import Dense
    >>> from nn.compare.automatic import run_layer
    >>> from nn.compare.tensors import Tensor
    >>> trace = run_layer("0", Dense(2, 1), Tensor([3.0, 5.0], (1, 2)), Tensor([0.5], (1, 1)))
    >>> third_opinion(trace, "weight gradient", (1, 0))
    Fraction(5, 2)
    """
    used = (trace.x, trace.g, *trace.parameters.values())
    if not all(math.isfinite(v) for t in used for v in t.flat):
        return None
    solve = _SOLVERS.get(type(trace.module))
    if solve is None:
        return decimal_opinion(trace, tensor, index)
    return solve(trace, tensor.removesuffix(" gradient"), index)


class _Exact:
    """The numbers of a tensor as nested lists of ints over one denominator."""

    def __init__(self, t: Tensor) -> None:
        ratios = [v.as_integer_ratio() for v in t.flat]
        self.denominator = math.lcm(*(d for _, d in ratios))
        self.ints: Any = t.like(n * (self.denominator // d) for n, d in ratios).nested()

    def over(self, denominator: int) -> None:
        """Expand to a multiple of the denominator."""
        self.ints = _times(self.ints, denominator // self.denominator)
        self.denominator = denominator

    def add(self, index: Index, h: int) -> None:
        """Move one number by h units."""
        row = self.ints
        for i in index[:-1]:
            row = row[i]
        row[index[-1]] += h


def _times(ints: Any, factor: int) -> Any:
    return [_times(part, factor) for part in ints] if isinstance(ints, list) else ints * factor


# An output of a layer that is a sum of products, as a function of its operands; in units of 1 / (x · weight).
_Formula = Callable[[Trace, Any, Any, Any, Index], int]


def _sum_of_products(
    formula: _Formula, touched: Callable[[Trace, str, Index], Iterator[Index]]
) -> Callable[[Trace, str, Index], Fraction]:
    """A solver for a layer y = w x + b, from its formula and from which outputs depend on a number."""

    def solve(trace: Trace, what: str, index: Index) -> Fraction:
        operands = {"input": _Exact(trace.x), **{name: _Exact(t) for name, t in trace.parameters.items()}}
        x, w, b = operands["input"], operands["weight"], operands.get("bias")
        if b is not None:  # to the unit of the products
            common = math.lcm(b.denominator, x.denominator * w.denominator)
            w.over(common // x.denominator)
            b.over(common)
        unit = x.denominator * w.denominator

        def outputs(places: Iterable[Index]) -> list[int]:
            return [formula(trace, x.ints, w.ints, b and b.ints, place) for place in places]

        if what == "activation":
            return Fraction(outputs([index])[0], unit)
        places, g = list(touched(trace, what, index)), _numbers(trace.g)
        operands[what].add(index, 1)
        above = outputs(places)
        operands[what].add(index, -2)
        below = outputs(places)
        rise = sum((g(place) * (p - q) for place, p, q in zip(places, above, below, strict=True)), Fraction(0))
        return rise / unit / Fraction(2, operands[what].denominator)

    return solve


# -- convolution, equation (1) ----------------------------------------------------------------------------------------


def _pair(size: int | Sequence[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def _conv_output(trace: Trace, x: Any, w: Any, b: Any, place: Index) -> int:
    module = trace.module
    assert isinstance(module, Conv2d)
    (n, f, i, j), (filters, depth, rows, columns) = place, trace.parameters["weight"].shape
    height, width = trace.x.shape[2:]
    stride, padding, dilation = _pair(module.stride), _pair(module.padding), _pair(module.dilation)
    first = f // (filters // module.groups) * depth
    total: int = 0 if b is None else b[f]
    for c in range(depth):
        for k in range(rows):
            for m in range(columns):
                row = stride[0] * i + dilation[0] * k - padding[0]
                column = stride[1] * j + dilation[1] * m - padding[1]
                if 0 <= row < height and 0 <= column < width:
                    total += w[f][c][k][m] * x[n][first + c][row][column]
    return total


def _conv_touched(trace: Trace, what: str, index: Index) -> Iterator[Index]:
    """The outputs that a number may enter: all of its filter; of a pixel, those whose window could cover it."""
    samples, filters, height, width = trace.y.shape
    if what != "input":
        yield from ((n, index[0], i, j) for n in range(samples) for i in range(height) for j in range(width))
        return
    module = trace.module
    assert isinstance(module, Conv2d)
    stride, padding, dilation = _pair(module.stride), _pair(module.padding), _pair(module.dilation)
    kernel = trace.parameters["weight"].shape[2:]
    reach = [dilation[a] * (kernel[a] - 1) for a in (0, 1)]
    rows, columns = (
        [i for i in range(size) if 0 <= index[2 + a] + padding[a] - stride[a] * i <= reach[a]]
        for a, size in ((0, height), (1, width))
    )
    yield from ((index[0], f, i, j) for f in range(filters) for i in rows for j in columns)


# -- dense, equation (2) ----------------------------------------------------------------------------------------------


def _dense_output(trace: Trace, x: Any, w: Any, b: Any, place: Index) -> int:
    *row, j = place
    for i in row:
        x = x[i]
    total: int = 0 if b is None else b[j]
    for i in range(len(w)):
        total += x[i] * w[i][j]
    return total


def _dense_touched(trace: Trace, what: str, index: Index) -> Iterator[Index]:
    outputs = trace.y.shape[-1]
    if what == "input":
        yield from ((*index[:-1], j) for j in range(outputs))
        return
    for position in range(trace.y.size // outputs):
        yield (*index_of(position, trace.y.shape[:-1]), index[-1])


# -- pooling, ReLU, flatten -------------------------------------------------------------------------------------------


def _window(trace: Trace, place: Index) -> list[Index]:
    """The indices of the input that an output of a pooling layer looks at."""
    module = trace.module
    assert isinstance(module, MaxPool2d | AvgPool2d)
    kernel = _pair(module.kernel_size)
    stride = kernel if module.stride is None else _pair(module.stride)
    padding = _pair(module.padding)
    dilation = _pair(getattr(module, "dilation", 1))
    n, c, i, j = place
    found: list[Index] = []
    for k in range(kernel[0]):
        for m in range(kernel[1]):
            row = stride[0] * i + dilation[0] * k - padding[0]
            column = stride[1] * j + dilation[1] * m - padding[1]
            if 0 <= row < trace.x.shape[2] and 0 <= column < trace.x.shape[3]:
                found.append((n, c, row, column))
    return found


def _numbers(t: Tensor) -> Callable[[Index], Fraction]:
    strides = [math.prod(t.shape[axis + 1 :]) for axis in range(len(t.shape))]
    return lambda index: Fraction(t.flat[sum(i * s for i, s in zip(index, strides, strict=True))])


def _pooling(trace: Trace, what: str, index: Index) -> Fraction | None:
    """Max or mean of a window; the gradient by moving one number by less than what decides."""
    module, x, g = trace.module, _numbers(trace.x), _numbers(trace.g)

    def pooled(values: Sequence[Fraction]) -> Fraction:
        if isinstance(module, MaxPool2d):
            return max(values)
        assert isinstance(module, AvgPool2d)
        area = math.prod(_pair(module.kernel_size)) if module.count_include_pad else len(values)
        return sum(values) / Fraction(area)

    if what == "activation":
        return pooled([x(place) for place in _window(trace, index)])
    total = Fraction(0)
    for position in range(math.prod(trace.y.shape[2:])):
        place = (*index[:2], *index_of(position, trace.y.shape[2:]))
        window = _window(trace, place)
        if index not in window:
            continue
        others = [x(p) for p in window if p != index]
        gap = min((abs(x(index) - v) for v in others), default=Fraction(1))
        if isinstance(module, MaxPool2d) and others and x(index) == max(others):
            return None
        h = gap / 2 or Fraction(1)
        total += g(place) * (pooled([*others, x(index) + h]) - pooled([*others, x(index) - h])) / (2 * h)
    return total


def _relu(trace: Trace, what: str, index: Index) -> Fraction | None:
    v = _numbers(trace.x)(index)
    if what == "activation":
        return v if v > 0 else Fraction(0)
    if v == 0:
        return None
    h = abs(v) / 2
    rise = max(v + h, Fraction(0)) - max(v - h, Fraction(0))
    return _numbers(trace.g)(index) * rise / (2 * h)


def _flatten(trace: Trace, what: str, index: Index) -> Fraction:
    """Row by row: the same position in the list of all numbers."""
    own, other = (trace.y, trace.x) if what == "activation" else (trace.x, trace.g)
    position = _position(index, own.shape)
    return Fraction(other.flat[position])


def _position(index: Index, shape: Shape) -> int:
    position = 0
    for i, size in zip(index, shape, strict=True):
        position = position * size + i
    return position


_SOLVERS: dict[type, Callable[[Trace, str, Index], Fraction | None]] = {
    Conv2d: _sum_of_products(_conv_output, _conv_touched),
    Dense: _sum_of_products(_dense_output, _dense_touched),
    MaxPool2d: _pooling,
    AvgPool2d: _pooling,
    ReLU: _relu,
    Flatten: _flatten,
}
