"""Arithmetic of two numbers of any kind; `numeric` tells the rules and exports them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import copysign, fmod, inf, nan
from math import pow as _pow
from typing import Any

from . import complex_functions, decimal_functions
from .number_kinds import common_kind, convert, exactly, hook_of, not_holomorphic, shown, to_float

__all__ = ["divide", "floor_divide", "power", "remainder"]

# An exact power of this many bits takes two seconds; without a limit, a slip such as 10**10**10 would never end.
_LARGEST_POWER_BITS = 1 << 24


def divide(a: Any, b: Any) -> Any:
    """a / b. On floats ±inf for a number over zero and NaN for 0/0; ZeroDivisionError on Fraction and Decimal.

    Two ints give a float.

    >>> divide(1.0, 4.0), divide(-1.0, 0.0), divide(0.0, 0.0), divide(1, Fraction(3))
    (0.25, -inf, nan, Fraction(1, 3))
    """
    # A plain int beside a float is common (the n of a mean, the 2 of a square), and Python promotes it.
    if type(a) is float and (type(b) is float or type(b) is int):
        try:
            return a / b
        except ZeroDivisionError:
            # Zero and NaN times infinity are NaN.
            return a * copysign(inf, b)
        except OverflowError:
            return a / to_float("divide", b)
    return _other_kinds(divide, a, b)


def power(a: Any, b: Any) -> Any:
    """a^b; 0⁰ and NaN⁰ are 1. On floats inf for 0 to a negative power and NaN for a root of a negative number.

    An int to a power >= 0 is an int, else a float. A Fraction takes integral exponents only.

    >>> power(2.0, 0.5), power(0.0, -1.0), power(-8.0, 1 / 3), power(Fraction(2, 3), -2)
    (1.4142135623730951, inf, nan, Fraction(9, 4))
    """
    if type(a) is float and (type(b) is float or type(b) is int):
        try:
            return _pow(a, b)
        except (OverflowError, ValueError):
            return _infinite_power(a, to_float("power", b))
    return _other_kinds(power, a, b)


def floor_divide(a: Any, b: Any) -> Any:
    """⌊a/b⌋, as ``//`` on floats, but as `divide` over zero. The kind stays: a Fraction for Fractions.

    >>> floor_divide(-7.0, 2.0), floor_divide(-7.0, 0.0), floor_divide(Fraction(7, 2), 1)
    (-4.0, -inf, Fraction(3, 1))
    """
    if type(a) is float and type(b) is float:
        try:
            return a // b
        except ZeroDivisionError:
            return a * copysign(inf, b)
    return _other_kinds(floor_divide, a, b)


def remainder(a: Any, b: Any) -> Any:
    """a - b·⌊a/b⌋, as ``%`` on floats: it has the sign of `b`; NaN for b = 0.

    >>> remainder(-7.0, 2.0), remainder(7.0, 0.0), remainder(-7, 3)
    (1.0, nan, 2)
    """
    if type(a) is float and type(b) is float:
        try:
            return a % b
        except ZeroDivisionError:
            return nan
    return _other_kinds(remainder, a, b)


def _infinite_power(a: float, b: float) -> float:
    """a^b where `math.pow` raises: it overflows, `a` is zero, or the power of a negative number is not real."""
    if a < 0.0 and b % 1.0:
        return nan
    return copysign(inf, a) if fmod(b, 2.0) in (1.0, -1.0) else inf


def _integral_power(a: Any, b: Any) -> Any:
    """An int or a Fraction to an integral power."""
    exponent = int(b)
    if exponent != b:
        raise TypeError(
            f"power: {shown(a)} to the {shown(b)} is irrational in general; "
            f"use an integral exponent, Decimal or float, e.g. Value(float(x))"
        )
    if isinstance(a, int) and exponent < 0:
        return power(to_float("power", a), to_float("power", b))
    bits = max(abs(a.numerator), a.denominator).bit_length() - 1
    if bits * abs(exponent) > _LARGEST_POWER_BITS:
        raise OverflowError(f"power: the exact result would have over {_LARGEST_POWER_BITS} bits; use Decimal or float")
    return a**exponent


def _int_divide(a: int, b: int) -> Any:
    """Correctly rounded for ints of any size."""
    if b == 0:
        return divide(to_float("divide", a), 0.0)
    try:
        return a / b
    except OverflowError:
        raise OverflowError(
            "divide: the quotient of these ints does not fit a float; use Fraction or Decimal"
        ) from None


_PAIR_FUNCTIONS: dict[str, dict[Callable[..., Any], Callable[[Any, Any], Any]]] = {
    "int": {
        divide: _int_divide,
        power: _integral_power,
        floor_divide: operator.floordiv,
        remainder: operator.mod,
    },
    "complex": {divide: complex_functions.divide, power: complex_functions.power},
    "Fraction": {
        divide: operator.truediv,
        power: _integral_power,
        floor_divide: lambda a, b: Fraction(a // b),
        remainder: operator.mod,
    },
    "Decimal": {
        divide: operator.truediv,
        power: decimal_functions.power,
        floor_divide: decimal_functions.floor_divide,
        remainder: decimal_functions.remainder,
    },
}


def _other_kinds(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """`function(a, b)` for whatever is no pair of plain floats."""
    op = function.__name__
    apply = hook_of(a, b)
    if apply is not None:
        return apply(op, a, b)
    kind = common_kind(op, a, b)
    if kind == "float":
        return function(to_float(op, a), to_float(op, b))
    if function not in _PAIR_FUNCTIONS[kind]:
        raise not_holomorphic(op)
    implementation = _PAIR_FUNCTIONS[kind][function]
    return exactly(op, implementation, convert(op, a, kind), convert(op, b, kind))
