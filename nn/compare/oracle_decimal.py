"""The oracle's functions that need exp: Decimal numbers of 50 digits, and difference quotients of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from typing import Any

from ..layers import ELU, GELU, LeakyReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from ..losses import CrossEntropyLoss
from .automatic import ProbabilityCrossEntropy, Trace

__all__ = ["decimal_opinion"]

Index = tuple[int, ...]
Row = list[Decimal]

_DIGITS = 50
_STEP = Decimal("1e-15")


def decimal_opinion(trace: Trace, tensor: str, index: Index) -> Decimal | None:
    """The number at an index of "activation", "loss" or "input gradient", to about 30 digits; None if there is no
    formula."""
    with localcontext() as context:
        context.prec = _DIGITS
        context.Emax, context.Emin = 10**9, -(10**9)
        if isinstance(trace.module, CrossEntropyLoss | ProbabilityCrossEntropy):
            return _loss_opinion(trace, tensor, index)
        if isinstance(trace.module, Softmax):
            return _softmax_opinion(trace, tensor, index)
        build = _FUNCTIONS.get(type(trace.module))
        if build is None:
            return None
        f, position = build(trace.module), _position(index, trace.x.shape)
        v = Decimal(trace.x.flat[position])
        if tensor == "activation":
            return +f(v)
        if v == 0 and isinstance(trace.module, LeakyReLU | ELU):
            return None
        return Decimal(trace.g.flat[position]) * _slope(f, v)


def _slope(f: Callable[[Decimal], Decimal], v: Decimal) -> Decimal:
    h = _STEP * max(abs(v), Decimal(1)) if v == 0 else min(_STEP, abs(v) / 2)
    return (f(v + h) - f(v - h)) / (2 * h)


def _position(index: Sequence[int], shape: Sequence[int]) -> int:
    position = 0
    for i, size in zip(index, shape, strict=True):
        position = position * size + i
    return position


def _row(flat: Sequence[Any], n: int, size: int) -> Row:
    return [Decimal(v) for v in flat[n * size : (n + 1) * size]]


def _probabilities(z: Row) -> Row:
    powers = [v.exp() for v in z]
    return [v / sum(powers) for v in powers]


def _moved(row: Row, i: int, h: Decimal) -> Row:
    return [*row[:i], row[i] + h, *row[i + 1 :]]


def _softmax_opinion(trace: Trace, tensor: str, index: Index) -> Decimal:
    *outer, j = index
    size = trace.x.shape[-1]
    n = _position(outer, trace.x.shape[:-1])
    z, g = _row(trace.x.flat, n, size), _row(trace.g.flat, n, size)
    if tensor == "activation":
        return _probabilities(z)[j]
    above, below = (_probabilities(_moved(z, j, h)) for h in (_STEP, -_STEP))
    return sum(((a - b) * u for a, b, u in zip(above, below, g, strict=True)), Decimal(0)) / (2 * _STEP)


def _loss_opinion(trace: Trace, tensor: str, index: Index) -> Decimal | None:
    """Equation (4), and its mean or sum over the batch."""
    target = trace.target
    assert target is not None
    samples, size = trace.x.shape
    divisor = samples if getattr(trace.module, "reduction", "mean") == "mean" else 1
    to_probabilities = _probabilities if isinstance(trace.module, CrossEntropyLoss) else list

    def sample(z: Row, n: int) -> Decimal:
        p = to_probabilities(z)
        if len(target.shape) == 1:
            return -p[int(target.flat[n])].ln()
        return -sum((Decimal(t) * q.ln() for t, q in zip(_row(target.flat, n, size), p, strict=True) if t), Decimal(0))

    if tensor == "loss":
        return sum((sample(_row(trace.x.flat, n, size), n) for n in range(samples)), Decimal(0)) / divisor
    n, j = index
    z = _row(trace.x.flat, n, size)
    h = _STEP if isinstance(trace.module, CrossEntropyLoss) else _STEP * z[j]
    if h == 0:
        return None
    return (sample(_moved(z, j, h), n) - sample(_moved(z, j, -h), n)) / (2 * h) / divisor


def _sigmoid(v: Decimal) -> Decimal:
    return 1 / (1 + (-v).exp())


def _tanh(v: Decimal) -> Decimal:
    return 2 * _sigmoid(2 * v) - 1


def _erf(v: Decimal) -> Decimal:
    """Its Taylor series, 2/sqrt(pi) Σ (-1)^n v^(2n+1) / (n! (2n+1)); beyond 15 it is ±1 to 50 digits."""
    if abs(v) > 15:
        return Decimal(1).copy_sign(v)
    with localcontext() as context:
        context.prec = _DIGITS + 110  # terms grow to exp(15²) before they fall
        term, total, n = v, v, 0
        while abs(term) > Decimal(10) ** -(_DIGITS + 5):
            n += 1
            term *= -v * v / n
            total += term / (2 * n + 1)
        return total * 2 / _pi().sqrt()


def _pi() -> Decimal:
    """Machin's formula, pi = 16 arctan(1/5) - 4 arctan(1/239)."""

    def arctan_of_inverse(n: int) -> Decimal:
        power, total, k = Decimal(1) / n, Decimal(1) / n, 1
        while abs(power) > Decimal(10) ** -170:
            power /= -n * n
            k += 2
            total += power / k
        return total

    return 16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)


_FUNCTIONS: dict[type, Callable[[Any], Callable[[Decimal], Decimal]]] = {
    Sigmoid: lambda module: _sigmoid,
    Tanh: lambda module: _tanh,
    SiLU: lambda module: lambda v: v * _sigmoid(v),
    Softplus: lambda module: lambda v: (1 + v.exp()).ln(),
    ELU: lambda module: lambda v: v if v > 0 else Decimal(module.alpha) * (v.exp() - 1),
    LeakyReLU: lambda module: lambda v: v if v > 0 else Decimal(module.negative_slope) * v,
    GELU: lambda module: lambda v: v * (1 + _erf(v / Decimal(2).sqrt())) / 2,
}
