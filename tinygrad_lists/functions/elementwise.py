"""Functions that act on each element by itself; two or three operands broadcast.

Every function takes Values, numbers or nested lists and is also a method: ``exp(x)`` is ``x.exp()``. The result of one
operand has its shape; of several, the shape they broadcast to, as (2, 1) and (3,) to (2, 3), else ValueError. Text and
None are a TypeError, ragged lists a ValueError, kinds of number that do not mix (float and Fraction) a TypeError.

Floats follow IEEE 754: ``log(0) = -inf``, ``sqrt(-1) = nan``, ``exp(1000) = inf``. Decimals raise ValueError where no
number is the result, and OverflowError past their exponents. On Fraction a function whose result is irrational raises
TypeError; so does one that needs an order, or has no complex derivative, on complex numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import numeric
from ..notes import as_mask, is_mask
from ..number_kinds import common_kind
from ..operations import apply, lift, unary
from ..primitives import PRIMITIVES
from ..shapes import broadcast_shapes
from ..value import Value
from .composed import composed

__all__ = [
    "abs",
    "clip",
    "cos",
    "elu",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "gelu",
    "leaky_relu",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "not_equal",
    "reciprocal",
    "relu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softplus",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "where",
]


Function = Callable[[Any], Value]


def _function(name: str, formula: str, derivative: str, example: str, note: str = "") -> Function:
    """A function of one variable that is a primitive, with its page of the book."""
    op = PRIMITIVES[name]

    def function(x: Any) -> Value:
        return unary(op, lift(x, name))

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = f"{formula}; derivative {derivative}.{' ' + note if note else ''}\n\n{example}\n"
    return function


exp: Function = _function(
    "exp", "``e**x``", "``exp(x)``", ">>> exp(Value(0.0)).data\n1.0", "OverflowError for Decimal past its exponents."
)
log: Function = _function(
    "log",
    "Natural logarithm",
    "``1 / x``",
    ">>> log(Value(1.0)).data\n0.0",
    "-inf at 0, nan below; ValueError for Decimal.",
)
log1p: Function = _function(
    "log1p", "``log(1 + x)``, exact near 0", "``1 / (1 + x)``", ">>> log1p(Value(1e-20)).data\n1e-20"
)
expm1: Function = _function(
    "expm1", "``exp(x) - 1``, exact near 0", "``exp(x)``", ">>> expm1(Value(1e-20)).data\n1e-20"
)
sqrt: Function = _function(
    "sqrt",
    "Square root",
    "``1 / (2 sqrt(x))``",
    ">>> sqrt(Value(9.0)).data\n3.0",
    "At 0 the derivative is inf. Below 0 a float gives nan, Decimal and Fraction ValueError. Only irrational roots "
    "of a Fraction are a TypeError.",
)
sin: Function = _function("sin", "Sine of an angle in radians", "``cos(x)``", ">>> sin(Value(0.0)).data\n0.0")
cos: Function = _function("cos", "Cosine of an angle in radians", "``-sin(x)``", ">>> cos(Value(0.0)).data\n1.0")
tan: Function = _function("tan", "Tangent of an angle in radians", "``1 + tan(x)**2``", ">>> tan(Value(0.0)).data\n0.0")
tanh: Function = _function("tanh", "Hyperbolic tangent", "``1 - tanh(x)**2``", ">>> tanh(Value(0.0)).data\n0.0")
erf: Function = _function(
    "erf",
    "Error function ``2/sqrt(pi) * integral of exp(-t**2) from 0 to x``",
    "``2/sqrt(pi) exp(-x**2)``",
    ">>> erf(Value(0.0)).data\n0.0",
    "TypeError for Fraction and complex numbers.",
)
sigmoid: Function = _function(
    "sigmoid", "``1 / (1 + exp(-x))``, without overflow", "``s (1 - s)``", ">>> sigmoid(Value(0.0)).data\n0.5"
)
softplus: Function = _function(
    "softplus", "``log(1 + exp(x))``, without overflow", "``sigmoid(x)``", ">>> softplus(Value(1000.0)).data\n1000.0"
)
relu: Function = _function(
    "relu",
    "``max(x, 0)``",
    "1 for x > 0, else 0",
    ">>> relu(Value([-1.0, 2.0])).data\n[0.0, 2.0]",
    "At the kink x = 0 the derivative is 0, as in PyTorch. Complex numbers, which have no order, are a TypeError.",
)
abs: Function = _function(
    "abs", "``|x|``", "``sign(x)``", ">>> abs(Value(-2.0)).data\n2.0", "At the kink it is 0. TypeError for complex."
)
sign: Function = _function(
    "sign", "-1, 0 or 1", "0", ">>> sign(Value(-3.0)).data\n-1.0", "NaN stays. TypeError for complex numbers."
)
floor: Function = _function(
    "floor", "Largest integer not above x", "0", ">>> floor(Value(2.7)).data\n2.0", "TypeError for complex numbers."
)


@composed
def square(x: Any) -> Value:
    """``x * x``; derivative ``2 x``.

    >>> square(Value(3.0)).data
    9.0
    """
    value = lift(x, "square")
    return value * value


@composed
def reciprocal(x: Any) -> Value:
    """``1 / x``; derivative ``-1 / x**2``. Of a float 0 it is inf; Fraction and Decimal raise ZeroDivisionError.

    >>> reciprocal(Value(4.0)).data
    0.25
    """
    return 1 / lift(x, "reciprocal")


def _fitting(op: str, setting: Any, x: Value) -> Value:
    """A setting of `op` as a Value that broadcasts with `x`, so that no operation inside has to complain of it."""
    value = lift(setting, op)
    if value.shape:
        broadcast_shapes(x.shape, value.shape, op=op)
    if x.size and value.size:
        a, b = x._flat()[0], value._flat()[0]
        if type(a) is not type(b) and int not in (type(a), type(b)):
            common_kind(op, a, b)
    return value


@composed
def leaky_relu(x: Any, negative_slope: Any = None) -> Value:
    """x for x > 0, ``negative_slope * x`` elsewhere; derivative 1 and the slope, at 0 the slope, as in PyTorch.

    Args:
        negative_slope: 1/100 if left out, in the kind of number of x; a Value of it can be learnt (PReLU, He et al.,
            2015). ValueError where its shape does not broadcast with x, TypeError for another kind of number.

    >>> leaky_relu(Value([-1.0, 2.0])).data
    [-0.01, 2.0]
    """
    x = lift(x, "leaky_relu")
    if negative_slope is None:
        negative_slope = numeric.one_like(x._flat()[0]) / 100 if x.size else 0.01
    return where(x > 0, x, x * _fitting("leaky_relu", negative_slope, x))


@composed
def elu(x: Any, alpha: Any = 1) -> Value:
    """x for x > 0, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al., 2015); derivative 1 and ``alpha * exp(x)``.

    TypeError on Fraction and complex, and for an `alpha` of another kind of number; ValueError if it does not
    broadcast.

    >>> elu(Value([0.0, 2.0])).data
    [0.0, 2.0]
    """
    x = lift(x, "elu")
    positive = x > 0
    # The unused branch must stay finite, or its zero share of the gradient would be 0 * inf = nan.
    return where(positive, x, expm1(where(positive, 0, x)) * _fitting("elu", alpha, x))


@composed
def gelu(x: Any) -> Value:
    """``x * Phi(x)`` with the normal distribution function ``Phi(x) = (1 + erf(x / sqrt(2))) / 2`` (Hendrycks, Gimpel,
    2016); derivative ``Phi(x) + x * exp(-x**2 / 2) / sqrt(2 pi)``. TypeError on Fraction and complex.

    >>> gelu(Value(0.0)).data
    0.0
    """
    value = lift(x, "gelu")
    root_two = numeric.sqrt(2 * numeric.one_like(value._flat()[0])) if value.size else 1.0
    return value * (1 + erf(value / root_two)) / 2


@composed
def silu(x: Any) -> Value:
    """``x * s`` with ``s = sigmoid(x)``, also called swish (Ramachandran et al., 2017); derivative ``s (1 + x (1 -
    s))``. TypeError on Fraction.

    >>> silu(Value(0.0)).data
    0.0
    """
    value = lift(x, "silu")
    return value * sigmoid(value)


def maximum(x: Any, y: Any) -> Value:
    """The larger of two, element by element; NaN wins. In a tie each gets half of the gradient, as in PyTorch.

    ValueError for shapes that do not broadcast; TypeError for complex numbers, which have no order.

    >>> maximum(Value([1.0, 5.0]), 3.0).data
    [3.0, 5.0]
    """
    return apply(PRIMITIVES["maximum"], lift(x, "maximum"), lift(y, "maximum"))


def minimum(x: Any, y: Any) -> Value:
    """The smaller of two, element by element; NaN wins. In a tie each gets half of the gradient, as in PyTorch. Errors
    as in `maximum`.

    >>> minimum(Value([1.0, 5.0]), 3.0).data
    [1.0, 3.0]
    """
    return apply(PRIMITIVES["minimum"], lift(x, "minimum"), lift(y, "minimum"))


@composed
def clip(x: Any, min: Any = None, max: Any = None) -> Value:
    """x limited to ``[min, max]``; either may be None. The gradient passes where ``min <= x <= max``, ends included;
    elsewhere it goes to the limit, if that is a Value. NaN stays, and where ``min > max`` the result is `max`.

    ValueError for limits that do not broadcast with x; TypeError for complex numbers, and kinds that do not mix.

    >>> clip(Value([-2.0, 0.5, 7.0]), 0, 1).data
    [0.0, 0.5, 1.0]
    """
    value = lift(x, "clip")
    if min is not None:
        low = _fitting("clip", min, value)
        value = where(value < low, low, value)
    if max is not None:
        high = _fitting("clip", max, value)
        value = where(value > high, high, value)
    return value


def where(condition: Any, x: Any, y: Any) -> Value:
    """x where `condition` is true (not 0), y elsewhere; the three broadcast to one shape, else ValueError. Only the
    chosen side gets the gradient.

    Raises TypeError when only the second argument is made of truth values (a comparison, a list of bools beside
    floats): as a method this is ``condition.where(x, y)``, and not PyTorch's ``x.where(condition, y)``.

    >>> where([1, 0], [10.0, 20.0], -1).data
    [10.0, -1.0]
    """
    as_value = isinstance(x, Value)
    condition, x, y = lift(condition, "where"), lift(x, "where"), lift(y, "where")
    floats = condition.size and type(condition._flat()[0]) is float  # ints may well be meant as truth values
    if is_mask(x) and (as_value or floats) and not is_mask(condition) and not is_mask(y):
        raise TypeError("where: the condition comes first, where(condition, x, y), but the second is the comparison")
    return apply(PRIMITIVES["where"], condition, x, y)


def equal(x: Any, y: Any) -> Value:
    """1 where x = y, else 0, and 0 for NaN; no gradient. (``==`` itself compares identity.) TypeError for kinds of
    number that do not mix, ValueError for shapes that do not broadcast.

    >>> equal([1.0, 2.0], 2.0).data
    [0, 1]
    """
    return as_mask(apply(PRIMITIVES["equal"], lift(x, "equal"), lift(y, "equal")))


def not_equal(x: Any, y: Any) -> Value:
    """1 where x and y differ, else 0, and 1 for NaN; no gradient. Errors as in `equal`.

    >>> not_equal([1.0, 2.0], 2.0).data
    [1, 0]
    """
    return as_mask(apply(PRIMITIVES["not_equal"], lift(x, "not_equal"), lift(y, "not_equal")))
