"""Comparisons of two numbers of any kind, and choices between numbers; `numeric` tells the rules and exports them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .number_kinds import common_kind, convert, hook_of, kind_name, not_holomorphic, zero_like

__all__ = [
    "equal",
    "gate",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "maximum",
    "minimum",
    "not_equal",
    "where",
]


def less(a: Any, b: Any) -> Any:
    """1 if a < b, else 0; 0 if either is NaN.

    >>> from math import nan
    >>> less(1.0, 2.0), less(2.0, 2.0), less(nan, 2.0)
    (1, 0, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a < b else 0
    return _compare(less, operator.lt, a, b)


def less_equal(a: Any, b: Any) -> Any:
    """1 if a <= b, else 0; 0 if either is NaN.

    >>> less_equal(2.0, 2.0), less_equal(2, 1.5)
    (1, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a <= b else 0
    return _compare(less_equal, operator.le, a, b)


def greater(a: Any, b: Any) -> Any:
    """1 if a > b, else 0; 0 if either is NaN.

    >>> greater(2.0, 1.0), greater(2, 2)
    (1, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a > b else 0
    return _compare(greater, operator.gt, a, b)


def greater_equal(a: Any, b: Any) -> Any:
    """1 if a >= b, else 0; 0 if either is NaN.

    >>> greater_equal(2.0, 2.0), greater_equal(1, 2)
    (1, 0)
    """
    if type(a) is float and type(b) is float:
        return 1 if a >= b else 0
    return _compare(greater_equal, operator.ge, a, b)


def equal(a: Any, b: Any) -> Any:
    """1 if a = b, else 0; 0 if either is NaN. Complex numbers can be compared so.

    >>> from math import nan
    >>> equal(2.0, 2.0), equal(nan, nan), equal(1j, 1j)
    (1, 0, 1)
    """
    if type(a) is float and type(b) is float:
        return 1 if a == b else 0
    return _compare(equal, operator.eq, a, b)


def not_equal(a: Any, b: Any) -> Any:
    """1 if a ≠ b, else 0; 1 if either is NaN. Complex numbers can be compared so.

    >>> from math import nan
    >>> not_equal(2.0, 2.0), not_equal(nan, nan), not_equal(1j, 2j)
    (0, 1, 1)
    """
    if type(a) is float and type(b) is float:
        return 1 if a != b else 0
    return _compare(not_equal, operator.ne, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two numbers, in their common kind; NaN if either is NaN.

    >>> from math import nan
    >>> maximum(1.0, 2.0), maximum(nan, 2.0), maximum(3, 2.0)
    (2.0, nan, 3.0)
    """
    if type(a) is float and type(b) is float:
        return a if a >= b or a != a else b
    return _extreme(maximum, operator.ge, a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two numbers, in their common kind; NaN if either is NaN.

    >>> from math import nan
    >>> minimum(1.0, 2.0), minimum(nan, 2.0), minimum(1, 2.0)
    (1.0, nan, 1.0)
    """
    if type(a) is float and type(b) is float:
        return a if a <= b or a != a else b
    return _extreme(minimum, operator.le, a, b)


def gate(g: Any, x: Any) -> Any:
    """`g` where x > 0 or `x` is NaN, zero in the kind of `g` where x <= 0: the derivative of relu times `g`.

    >>> from fractions import Fraction
    >>> gate(5.0, 0.1), gate(5.0, 0.0), gate(Fraction(5), -1)
    (5.0, 0.0, Fraction(0, 1))
    """
    if type(g) is float and type(x) is float:
        return 0.0 if x <= 0.0 else g
    apply = hook_of(g, x)
    if apply is not None:
        return apply("gate", g, x)
    common_kind("gate", g, x)
    if kind_name(x) == "complex":
        raise not_holomorphic("gate")
    return convert("gate", g, kind_name(g)) if x != x or x > 0 else zero_like(g)


def where(c: Any, a: Any, b: Any) -> Any:
    """`a` if the condition `c` is not zero, else `b`; in the common kind of `a` and `b`.

    >>> where(1, 2.0, 3.0), where(0, 2.0, 3.0), where(True, 2, 3.0)
    (2.0, 3.0, 2.0)
    """
    if type(a) is float and type(b) is float and type(c) is int:
        return a if c else b
    apply = hook_of(c, a, b)
    if apply is not None:
        return apply("where", c, a, b)
    kind_name(c, op="where")
    return convert("where", a if c else b, common_kind("where", a, b))


def _compare(function: Callable[..., Any], compare: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """A comparison of whatever is no pair of plain floats; unconverted, so that it is exact for ints of any size."""
    op = function.__name__
    apply = hook_of(a, b)
    if apply is not None:
        return apply(op, a, b)
    if common_kind(op, a, b) == "complex" and function not in (equal, not_equal):
        raise not_holomorphic(op)
    if a != a or b != b:
        # Decimal raises when asked to order NaN.
        return 1 if function is not_equal else 0
    return 1 if compare(a, b) else 0


def _extreme(function: Callable[..., Any], wins: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """maximum or minimum of whatever is no pair of plain floats."""
    op = function.__name__
    apply = hook_of(a, b)
    if apply is not None:
        return apply(op, a, b)
    kind = common_kind(op, a, b)
    if kind == "complex":
        raise not_holomorphic(op)
    if a != a or b != b:
        winner = a if a != a else b
    else:
        winner = a if wins(a, b) else b
    return convert(op, winner, kind)
