"""Initial weights: the paper's deterministic sine, and the random schemes of the field.

All return nested lists, to be assigned to a parameter's ``data``. Random ones take a ``random.Random`` so that the seed
is the caller's. ``fan_in`` and ``fan_out`` count the inputs and outputs of one unit: for a dense weight ``(in, out)``
its two sizes, for filters ``(F, C, KH, KW)`` C·KH·KW and F·KH·KW.

All raise TypeError for what is no list of sizes, no number or no generator, and ValueError for a negative size.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .checks import check_kind, check_real, check_rng, check_shape, check_whole
from .module import Module

__all__ = [
    "constant",
    "fans",
    "kaiming_normal",
    "kaiming_uniform",
    "sine",
    "sine_module",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


def _fill(shape: Sequence[int], draw: Callable[[], float]) -> Any:
    """Nested lists of `shape`, filled in row-major order by calling `draw`."""
    if not shape:
        return draw()
    return [_fill(shape[1:], draw) for _ in range(shape[0])]


def sine(shape: Sequence[int], alpha: float, beta: float, gamma: float, start: int = 0) -> Any:
    """``w_i = sin(alpha · index_i + beta) · gamma`` with index ``start, start + 1, ...`` (paper, equation 3).

    Deterministic, without a random library. Beware what it is: by ``sin(a + b) = sin a cos b + cos a sin b`` every
    weight matrix made so has rank 2 at most, whatever the constants; the filters start out alike and training has to
    pull them apart.

    >>> sine((2, 2), alpha=1.0, beta=0.0, gamma=0.5)
    [[0.0, 0.42073549240394825], [0.45464871341284085, 0.0705600040299336]]
    """
    shape, start = check_shape("sine", "shape", shape), check_whole("sine", "start", start, at_least=-sys.maxsize)
    alpha, beta, gamma = _constants("sine", alpha, beta, gamma)
    indices = iter(range(start, start + math.prod(shape)))
    return _fill(shape, lambda: math.sin(alpha * next(indices) + beta) * gamma)


def _constants(op: str, *constants: float) -> Iterator[float]:
    return (check_real(op, name, number) for name, number in zip(("alpha", "beta", "gamma"), constants, strict=True))


def sine_module(module: Module, alpha: float, beta: float, gamma: float) -> None:
    """`sine` for all weights of a module, with indices running on from layer to layer; biases become 0.

    A weight is a parameter with more than one axis.

    >>> import nn
    >>> dense = nn.Dense(2, 1)
    >>> sine_module(dense, 1.0, 0.0, 1.0)
    >>> dense.weight.data, dense.bias.data
    ([[0.0], [0.8414709848078965]], [0.0])
    """
    check_kind("sine_module", "module", module, Module, "a Module")
    alpha, beta, gamma = _constants("sine_module", alpha, beta, gamma)
    start = 0
    for _, parameter in module.named_parameters():
        if parameter.ndim > 1:
            parameter.data = sine(parameter.shape, alpha, beta, gamma, start)
            start += parameter.size
        else:
            parameter.data = zeros(parameter.shape)


def zeros(shape: Sequence[int]) -> Any:
    """Nested zeros.

    >>> zeros((2, 1))
    [[0.0], [0.0]]
    """
    return _fill(check_shape("zeros", "shape", shape), lambda: 0.0)


def constant(shape: Sequence[int], value: Any) -> Any:
    """`value` everywhere.

    >>> constant((2, 1), 1.0)
    [[1.0], [1.0]]
    """
    return _fill(check_shape("constant", "shape", shape), lambda: value)


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a dense weight (in, out) or of filters (F, C, KH, KW).

    >>> fans((400, 10)), fans((16, 8, 3, 3))
    ((400, 10), (72, 144))
    """
    return _fans("fans", check_shape("fans", "shape", shape))


def _fans(op: str, shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) < 2:
        raise ValueError(f"{op}: shape {shape} has no inputs and outputs; it needs two axes or more")
    if len(shape) == 2:
        return shape[0], shape[1]
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps


def _checked(
    op: str, shape: Sequence[int], rng: random.Random | None, draws: str, gain: float
) -> tuple[tuple[int, ...], int, int, random.Random, float]:
    """Shape, fan_in and fan_out (where they are 0 there is nothing to draw), generator and gain of a random scheme."""
    checked = check_shape(op, "shape", shape)
    fan_in, fan_out = _fans(op, checked)
    return checked, fan_in or 1, fan_out, check_rng(op, rng, draws), check_real(op, "gain", gain)


def kaiming_uniform(shape: Sequence[int], rng: random.Random | None = None, gain: float = math.sqrt(2)) -> Any:
    """Uniform in ``±gain · sqrt(3 / fan_in)``; the default gain is ReLU's (He et al., 2015).

    >>> max(map(abs, kaiming_uniform((6, 1), random.Random(0))[0])) <= 1.0
    True
    """
    shape, fan_in, _, generator, gain = _checked("kaiming_uniform", shape, rng, "uniform", gain)
    bound = gain * math.sqrt(3 / fan_in)
    return _fill(shape, lambda: generator.uniform(-bound, bound))


def kaiming_normal(shape: Sequence[int], rng: random.Random | None = None, gain: float = math.sqrt(2)) -> Any:
    """Normal with standard deviation ``gain / sqrt(fan_in)`` (He et al., 2015).

    >>> len(kaiming_normal((3, 2), random.Random(0)))
    3
    """
    shape, fan_in, _, generator, gain = _checked("kaiming_normal", shape, rng, "gauss", gain)
    deviation = gain / math.sqrt(fan_in)
    return _fill(shape, lambda: generator.gauss(0.0, deviation))


def xavier_uniform(shape: Sequence[int], rng: random.Random | None = None, gain: float = 1.0) -> Any:
    """Uniform in ``±gain · sqrt(6 / (fan_in + fan_out))`` (Glorot, Bengio, 2010).

    >>> len(xavier_uniform((3, 2), random.Random(0)))
    3
    """
    shape, fan_in, fan_out, generator, gain = _checked("xavier_uniform", shape, rng, "uniform", gain)
    bound = gain * math.sqrt(6 / (fan_in + fan_out))
    return _fill(shape, lambda: generator.uniform(-bound, bound))


def xavier_normal(shape: Sequence[int], rng: random.Random | None = None, gain: float = 1.0) -> Any:
    """Normal with standard deviation ``gain · sqrt(2 / (fan_in + fan_out))`` (Glorot, Bengio, 2010).

    >>> len(xavier_normal((3, 2), random.Random(0)))
    3
    """
    shape, fan_in, fan_out, generator, gain = _checked("xavier_normal", shape, rng, "gauss", gain)
    deviation = gain * math.sqrt(2 / (fan_in + fan_out))
    return _fill(shape, lambda: generator.gauss(0.0, deviation))
