"""Elementary functions of a complex number that return inf and NaN parts where cmath raises.

Principal branches, as in cmath. A result that overflows has infinite parts with the right signs; a function without a
limit at an infinite argument gives NaN parts; division by zero divides each part: ``1/0 = inf + nan·j``.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

__all__ = ["FUNCTIONS", "divide", "power"]

_UNDEFINED = complex(math.nan, math.nan)


def _scaled(factor: float, exponent: float) -> float:
    """factor·exp(exponent), infinite only when the product is: zero times an overflowing exponential stays zero."""
    half = math.exp(min(exponent, 1400.0) / 2)
    return factor * half * half


def _exp(z: complex) -> complex:
    try:
        return cmath.exp(z)
    except OverflowError:
        return complex(_scaled(math.cos(z.imag), z.real), _scaled(math.sin(z.imag), z.real))
    except ValueError:
        return _UNDEFINED


def _log(z: complex) -> complex:
    return cmath.log(z) if z else complex(-math.inf, cmath.phase(z))


def _log1p(z: complex) -> complex:
    x, y = z.real, z.imag
    if abs(x) < 0.3 and abs(y) < 0.3:
        # |1 + z|² = 1 + x·(2 + x) + y²: keeps the digits of a small z that 1 + z would lose.
        return complex(math.log1p(x * (2 + x) + y * y) / 2, math.atan2(y, 1 + x))
    return _log(1 + z)


def _expm1(z: complex) -> complex:
    x, y = z.real, z.imag
    if abs(x) < 1 and math.isfinite(y):
        # cos y = 1 - 2·sin²(y/2): keeps the digits of a small result that exp(z) - 1 would lose.
        return complex(math.expm1(x) * math.cos(y) - 2 * math.sin(y / 2) ** 2, math.exp(x) * math.sin(y))
    return _exp(z) - 1


def _sin(z: complex) -> complex:
    x, y = z.real, z.imag
    try:
        return cmath.sin(z)
    except OverflowError:
        # cosh y and |sinh y| are exp|y|/2 here.
        return complex(_scaled(math.sin(x) / 2, abs(y)), math.copysign(1.0, y) * _scaled(math.cos(x) / 2, abs(y)))
    except ValueError:
        return _UNDEFINED


def _cos(z: complex) -> complex:
    x, y = z.real, z.imag
    try:
        return cmath.cos(z)
    except OverflowError:
        return complex(_scaled(math.cos(x) / 2, abs(y)), -math.copysign(1.0, y) * _scaled(math.sin(x) / 2, abs(y)))
    except ValueError:
        return _UNDEFINED


def _tan(z: complex) -> complex:
    try:
        return cmath.tan(z)
    except ValueError:
        return _UNDEFINED


def _tanh(z: complex) -> complex:
    try:
        return cmath.tanh(z)
    except ValueError:
        return _UNDEFINED


def _sigmoid(z: complex) -> complex:
    if z.real >= 0:
        return divide(1 + 0j, 1 + _exp(-z))
    e = _exp(z)
    return divide(e, 1 + e)


def _softplus(z: complex) -> complex:
    if z.real <= 0:
        return _log1p(_exp(z))
    w = z + _log1p(_exp(-z))
    # log(1 + exp(z)) has period 2πi; its principal value has an imaginary part in [-π, π].
    return complex(w.real, math.remainder(w.imag, 2 * math.pi)) if math.isfinite(w.imag) else w


FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "exp": _exp,
    "log": _log,
    "log1p": _log1p,
    "expm1": _expm1,
    "sqrt": cmath.sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
}


def divide(a: complex, b: complex) -> complex:
    """a / b; by zero, each part of `a` is divided by the zero as IEEE 754 has it.

    >>> divide(1 + 1j, 2j), divide(1 + 0j, 0j)
    ((0.5-0.5j), (inf+nanj))
    """
    try:
        return a / b
    except ZeroDivisionError:
        infinite = math.copysign(math.inf, b.real)
        # Zero and NaN times infinity are NaN, anything else is infinite with the product's sign.
        return complex(a.real * infinite, a.imag * infinite)


def power(a: complex, b: complex) -> complex:
    """Principal value of a^b = exp(b·log a); 0⁰ = 1, and zero to a negative power has inf and NaN parts.

    >>> power(2j, 2 + 0j), power(0j, 0j)
    ((-4+0j), (1+0j))
    """
    try:
        return complex(a**b)
    except (ZeroDivisionError, OverflowError):
        return _exp(b * _log(a))
