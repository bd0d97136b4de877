"""Functions of one number that dispatch on its kind; `numeric` tells the rules and exports them."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from math import inf, nan
from typing import Any

from . import complex_functions, decimal_functions
from .number_kinds import convert, exactly, irrational, kind_name, not_holomorphic, one_like, to_float, zero_like

__all__ = [
    "absolute",
    "cos",
    "erf",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "relu",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
]

_exp, _log, _log1p, _expm1, _sqrt = math.exp, math.log, math.log1p, math.expm1, math.sqrt
_sin, _cos, _tan, _tanh, _erf = math.sin, math.cos, math.tan, math.tanh, math.erf


def exp(x: Any) -> Any:
    """Exponential function, e^x.

    >>> exp(1.0), exp(1000.0)
    (2.718281828459045, inf)
    """
    if type(x) is float:
        try:
            return _exp(x)
        except OverflowError:
            return inf
    return _other_kind(exp, x)


def log(x: Any) -> Any:
    """Natural logarithm; -inf at 0 and NaN below.

    >>> log(2.0), log(0.0), log(-1.0)
    (0.6931471805599453, -inf, nan)
    """
    if type(x) is float:
        try:
            return _log(x)
        except ValueError:
            return -inf if x == 0.0 else nan
    return _other_kind(log, x)


def log1p(x: Any) -> Any:
    """log(1 + x), precise near 0.

    >>> log1p(1e-20), log1p(-1.0)
    (1e-20, -inf)
    """
    if type(x) is float:
        try:
            return _log1p(x)
        except ValueError:
            return -inf if x == -1.0 else nan
    return _other_kind(log1p, x)


def expm1(x: Any) -> Any:
    """e^x - 1, precise near 0.

    >>> expm1(1e-20), expm1(1000.0)
    (1e-20, inf)
    """
    if type(x) is float:
        try:
            return _expm1(x)
        except OverflowError:
            return inf
    return _other_kind(expm1, x)


def sqrt(x: Any) -> Any:
    """Square root; NaN below 0. A Fraction has one only if numerator and denominator are perfect squares.

    >>> sqrt(2.0), sqrt(-1.0), sqrt(-1 + 0j), sqrt(Fraction(9, 4))
    (1.4142135623730951, nan, 1j, Fraction(3, 2))
    """
    if type(x) is float:
        try:
            return _sqrt(x)
        except ValueError:
            return nan
    return _other_kind(sqrt, x)


def sin(x: Any) -> Any:
    """Sine of an angle in radians; NaN at ±inf.

    >>> round(sin(1.0), 12), sin(inf)
    (0.841470984808, nan)
    """
    if type(x) is float:
        try:
            return _sin(x)
        except ValueError:
            return nan
    return _other_kind(sin, x)


def cos(x: Any) -> Any:
    """Cosine of an angle in radians; NaN at ±inf.

    >>> round(cos(1.0), 12), cos(inf)
    (0.540302305868, nan)
    """
    if type(x) is float:
        try:
            return _cos(x)
        except ValueError:
            return nan
    return _other_kind(cos, x)


def tan(x: Any) -> Any:
    """Tangent of an angle in radians; NaN at ±inf.

    >>> round(tan(0.5), 12), tan(inf)
    (0.546302489844, nan)
    """
    if type(x) is float:
        try:
            return _tan(x)
        except ValueError:
            return nan
    return _other_kind(tan, x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    >>> round(tanh(0.5), 12), tanh(-inf)
    (0.46211715726, -1.0)
    """
    if type(x) is float:
        return _tanh(x)
    return _other_kind(tanh, x)


def sigmoid(x: Any) -> Any:
    """Logistic function 1/(1 + e^-x); it keeps its digits where it is tiny.

    >>> sigmoid(0.0), sigmoid(800.0), sigmoid(-800.0)
    (0.5, 1.0, 0.0)
    """
    if type(x) is float:
        # The exponential of a number <= 0 cannot overflow.
        if x >= 0.0:
            return 1.0 / (1.0 + _exp(-x))
        e = _exp(x)
        return e / (1.0 + e)
    return _other_kind(sigmoid, x)


def softplus(x: Any) -> Any:
    """log(1 + e^x), a smooth relu, as max(x, 0) + log1p(e^-|x|), which cannot overflow.

    >>> softplus(0.0), softplus(800.0), softplus(-800.0)
    (0.6931471805599453, 800.0, 0.0)
    """
    if type(x) is float:
        if x > 0.0:
            return x + _log1p(_exp(-x))
        return _log1p(_exp(x))
    return _other_kind(softplus, x)


def erf(x: Any) -> Any:
    """Error function, 2/√π · ∫₀ˣ exp(-t²) dt; real kinds only.

    >>> round(erf(1.0), 12), erf(-inf)
    (0.84270079295, -1.0)
    """
    if type(x) is float:
        return _erf(x)
    return _other_kind(erf, x)


def absolute(x: Any) -> Any:
    """Absolute value |x|, for real kinds.

    >>> absolute(-2.5), absolute(-3), absolute(Fraction(-1, 2))
    (2.5, 3, Fraction(1, 2))
    """
    if type(x) is float:
        return abs(x)
    return _other_kind(absolute, x)


def sign(x: Any) -> Any:
    """-1, 0 or 1 in the kind of `x`; NaN for NaN.

    >>> sign(-2.5), sign(-0.0), sign(nan), sign(7)
    (-1.0, 0.0, nan, 1)
    """
    if type(x) is float:
        return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else x
    return _other_kind(sign, x)


def relu(x: Any) -> Any:
    """max(x, 0), the rectified linear unit; NaN stays NaN (PyTorch's convention).

    >>> relu(-2.5), relu(2.5), relu(nan), relu(Fraction(-1, 2))
    (0.0, 2.5, nan, Fraction(0, 1))
    """
    if type(x) is float:
        return 0.0 if x <= 0.0 else x
    return _other_kind(relu, x)


def floor(x: Any) -> Any:
    """Largest whole number ⌊x⌋ <= x, in the kind of `x`.

    >>> floor(-0.5), floor(inf), floor(Fraction(7, 2))
    (-1.0, inf, Fraction(3, 1))
    """
    if type(x) is float:
        whole = x // 1.0
        # inf // 1.0 is NaN in Python.
        return whole if whole == whole else x
    return _other_kind(floor, x)


def _fraction_sqrt(x: Fraction) -> Fraction:
    if x < 0:
        raise ValueError("not real")
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    if root * root != x:
        raise irrational("sqrt")
    return root


def _exact_sign(x: Any) -> Any:
    if x != x:
        return x
    return one_like(x) if x > 0 else -one_like(x) if x < 0 else zero_like(x)


def _exact_relu(x: Any) -> Any:
    return x if x != x or x > 0 else zero_like(x)


# The functions that each kind without infinities has, or has of its own.
_Table = dict[Callable[[Any], Any], Callable[[Any], Any]]
_EXACT: _Table = {absolute: abs, sign: _exact_sign, relu: _exact_relu}
_INT: _Table = {**_EXACT, floor: int}
_FRACTION: _Table = {**_EXACT, floor: lambda x: Fraction(math.floor(x)), sqrt: _fraction_sqrt}
_DECIMAL: _Table = {
    **_EXACT,
    floor: decimal_functions.floor,
    **{
        function: decimal_functions.FUNCTIONS[function.__name__]
        for function in (exp, log, log1p, expm1, sqrt, sin, cos, tan, tanh, sigmoid, softplus, erf)
    },
}
_TABLES = {"int": _INT, "Fraction": _FRACTION, "Decimal": _DECIMAL}


def _other_kind(function: Callable[[Any], Any], x: Any) -> Any:
    """`function(x)` for whatever is no plain float."""
    op = function.__name__
    apply = getattr(x, "__tinygrad_apply__", None)
    if apply is not None:
        return apply(op, x)
    kind = kind_name(x, op=op)
    if kind == "float" or (kind == "int" and function not in _INT):
        return function(to_float(op, x))
    if kind == "complex":
        if function is erf:
            raise TypeError("erf: not available for complex numbers; it is for float and Decimal")
        if op not in complex_functions.FUNCTIONS:
            raise not_holomorphic(op)
        return complex_functions.FUNCTIONS[op](complex(x))
    if kind == "Fraction" and function not in _FRACTION:
        raise irrational(op)
    return exactly(op, _TABLES[kind][function], convert(op, x, kind))
