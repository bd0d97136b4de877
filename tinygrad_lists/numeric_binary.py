"""Functions of two and three numbers that dispatch on their kinds; `numeric` tells the rules and exports them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import copysign, fmod, inf, nan
from math import pow as _pow
from typing import Any

from . import complex_functions, decimal_functions
from .number_kinds import common_kind, convert, exactly, kind_name, not_holomorphic, to_float, zero_like

__all__ = [
    "divide",
    "equal",
    "floor_divide",
    "gate",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "maximum",
    "minimum",
    "not_equal",
    "power",
    "remainder",
    "where",
]

# An int of this many bits takes about a second to raise to a power, and longer than anyone waits beyond.
_LARGEST_POWER_BITS = 1 << 24


def divide(a: Any, b: Any) -> Any:
    """a / b. On floats ±inf for a number over zero and NaN for 0/0; ZeroDivisionError on Fraction and Decimal.

    Two ints give a float.

    >>> divide(1.0, 4.0), divide(-1.0, 0.0), divide(0.0, 0.0), divide(1, Fraction(3))
    (0.25, -inf, nan, Fraction(1, 3))
    """
    if type(a) is float and type(b) is float:
        try:
            return a / b
        except ZeroDivisionError:
            # Zero and NaN times infinity are NaN.
            return a * copysign(inf, b)
    return _other_kinds(divide, a, b)


def power(a: Any, b: Any) -> Any:
    """a^b; 0⁰ and NaN⁰ are 1. On floats inf for 0 to a negative power and NaN for a root of a negative number.

    An int to a power >= 0 is an int, else a float. A Fraction takes integral exponents only.

    >>> power(2.0, 0.5), power(0.0, -1.0), power(-8.0, 1 / 3), power(Fraction(2, 3), -2)
    (1.4142135623730951, inf, nan, Fraction(9, 4))
    """
    if type(a) is float and type(b) is float:
        try:
            return _pow(a, b)
        except OverflowError:
            return copysign(inf, a) if fmod(b, 2.0) in (1.0, -1.0) else inf
        except ValueError:
            if a == 0.0:
                return copysign(inf, a) if fmod(b, 2.0) in (1.0, -1.0) else inf
            return nan
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


def maximum(a: Any, b: Any) -> Any:
    """The larger of two numbers, in their common kind; NaN if either is NaN.

    >>> maximum(1.0, 2.0), maximum(nan, 2.0), maximum(3, 2.0)
    (2.0, nan, 3.0)
    """
    if type(a) is float and type(b) is float:
        return a if a >= b or a != a else b
    return _other_kinds(maximum, a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two numbers, in their common kind; NaN if either is NaN.

    >>> minimum(1.0, 2.0), minimum(nan, 2.0), minimum(1, 2.0)
    (1.0, nan, 1.0)
    """
    if type(a) is float and type(b) is float:
        return a if a <= b or a != a else b
    return _other_kinds(minimum, a, b)


def gate(g: Any, x: Any) -> Any:
    """`g` where x > 0 or `x` is NaN, zero in the kind of `g` where x <= 0: the derivative of relu times `g`.

    >>> gate(5.0, 0.1), gate(5.0, 0.0), gate(Fraction(5), -1)
    (5.0, 0.0, Fraction(0, 1))
    """
    if type(g) is float and type(x) is float:
        return 0.0 if x <= 0.0 else g
    return _other_kinds(gate, g, x)


def where(c: Any, a: Any, b: Any) -> Any:
    """`a` if the condition `c` is not zero, else `b`; in the common kind of `a` and `b`.

    >>> where(1, 2.0, 3.0), where(0, 2.0, 3.0), where(True, 2, 3.0)
    (2.0, 3.0, 2.0)
    """
    if type(a) is float and type(b) is float and type(c) is int:
        return a if c else b
    for x in (c, a, b):
        apply = getattr(x, "__tinygrad_apply__", None)
        if apply is not None:
            return apply("where", c, a, b)
    kind_name(c, op="where")
    return convert("where", a if c else b, common_kind("where", a, b))


def less(a: Any, b: Any) -> Any:
    """1 if a < b, else 0; 0 if either is NaN.

    >>> less(1.0, 2.0), less(2.0, 2.0), less(nan, 2.0)
    (1, 0, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a < b else 0
    return _compare(less, a, b)


def less_equal(a: Any, b: Any) -> Any:
    """1 if a <= b, else 0; 0 if either is NaN.

    >>> less_equal(2.0, 2.0), less_equal(Fraction(1, 2), 0)
    (1, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a <= b else 0
    return _compare(less_equal, a, b)


def greater(a: Any, b: Any) -> Any:
    """1 if a > b, else 0; 0 if either is NaN.

    >>> greater(2.0, 1.0), greater(2, 2)
    (1, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a > b else 0
    return _compare(greater, a, b)


def greater_equal(a: Any, b: Any) -> Any:
    """1 if a >= b, else 0; 0 if either is NaN.

    >>> greater_equal(2.0, 2.0), greater_equal(1, 2)
    (1, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a >= b else 0
    return _compare(greater_equal, a, b)


def equal(a: Any, b: Any) -> Any:
    """1 if a = b, else 0; 0 if either is NaN. Complex numbers can be compared so.

    >>> equal(2.0, 2.0), equal(nan, nan), equal(1j, 1j)
    (1, 0, 1)
    """
    if type(a) is float and type(b) is float:
        return 1 if a == b else 0
    return _compare(equal, a, b)


def not_equal(a: Any, b: Any) -> Any:
    """1 if a ≠ b, else 0; 1 if either is NaN. Complex numbers can be compared so.

    >>> not_equal(2.0, 2.0), not_equal(nan, nan), not_equal(1j, 2j)
    (0, 1, 1)
    """
    if type(a) is float and type(b) is float:
        return 1 if a != b else 0
    return _compare(not_equal, a, b)


_COMPARISONS: dict[Callable[..., Any], Callable[[Any, Any], Any]] = {
    less: operator.lt,
    less_equal: operator.le,
    greater: operator.gt,
    greater_equal: operator.ge,
    equal: operator.eq,
    not_equal: operator.ne,
}


def _compare(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """A comparison of whatever is no pair of plain floats; unconverted, so that it is exact for ints of any size."""
    op = function.__name__
    for x in (a, b):
        apply = getattr(x, "__tinygrad_apply__", None)
        if apply is not None:
            return apply(op, a, b)
    kind = common_kind(op, a, b)
    if kind == "complex" and function not in (equal, not_equal):
        raise not_holomorphic(op)
    if a != a or b != b:
        # Decimal raises when asked to order NaN.
        return int(function is not_equal)
    return int(_COMPARISONS[function](a, b))


def _larger(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return a if a != a else b
    return a if a >= b else b


def _smaller(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return a if a != a else b
    return a if a <= b else b


def _gated(g: Any, x: Any) -> Any:
    return g if x != x or x > 0 else zero_like(g)


def _integral_power(a: Any, b: Any) -> Any:
    """An int or a Fraction to an integral power."""
    exponent = int(b)
    if exponent != b:
        raise TypeError(
            f"power: {a} to the {b} is irrational in general; "
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


_CHOICES: dict[Callable[..., Any], Callable[[Any, Any], Any]] = {maximum: _larger, minimum: _smaller}
_PAIR_FUNCTIONS: dict[str, dict[Callable[..., Any], Callable[[Any, Any], Any]]] = {
    "int": {
        **_CHOICES,
        divide: _int_divide,
        power: _integral_power,
        floor_divide: operator.floordiv,
        remainder: operator.mod,
    },
    "complex": {divide: complex_functions.divide, power: complex_functions.power},
    "Fraction": {
        **_CHOICES,
        divide: operator.truediv,
        power: _integral_power,
        floor_divide: lambda a, b: Fraction(a // b),
        remainder: operator.mod,
    },
    "Decimal": {
        **_CHOICES,
        divide: operator.truediv,
        power: decimal_functions.power,
        floor_divide: decimal_functions.floor_divide,
        remainder: decimal_functions.remainder,
    },
}


def _other_kinds(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """`function(a, b)` for whatever is no pair of plain floats."""
    op = function.__name__
    for x in (a, b):
        apply = getattr(x, "__tinygrad_apply__", None)
        if apply is not None:
            return apply(op, a, b)
    kind = common_kind(op, a, b)
    if function is gate:
        # Only the kind of g matters: x decides, it does not enter the result.
        if kind_name(b) == "complex":
            raise not_holomorphic(op)
        return _gated(convert(op, a, kind_name(a)), b)
    if kind == "float":
        return function(to_float(op, a), to_float(op, b))
    if function not in _PAIR_FUNCTIONS[kind]:
        raise not_holomorphic(op)
    implementation = _PAIR_FUNCTIONS[kind][function]
    return exactly(op, implementation, convert(op, a, kind), convert(op, b, kind))
