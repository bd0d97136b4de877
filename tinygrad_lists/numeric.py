"""Functions of numbers that dispatch on the number's kind: int, float, complex, Fraction, Decimal, and Values.

Python's operators already do so: ``x * y`` is right for every kind. The functions of `math` do not: ``math.exp`` makes
a float of a Decimal, and raises where IEEE 754 says inf. With the functions of this module one formula, such as the
reverse rule of the sine ``lambda g, out, x: (g * cos(x),)``, holds for numbers of every kind and for Values.

* **float**: IEEE 754, never an exception. ``exp(1000.0)`` is inf, ``log(0.0)`` is -inf, ``log(-1.0)`` is NaN.
* **int, bool**: promoted to float, unless the function leads from ints to ints (absolute, sign, relu, floor, maximum).
* **complex**: principal values, with inf and NaN parts instead of exceptions; TypeError for what is not holomorphic
  (absolute, sign, relu, floor, erf, maximum, less ...).
* **Decimal**: rounded to the current decimal context, with an error below one unit in the last place.
* **Fraction**: exact where the result is always rational, and for the square root of a perfect square. Else TypeError
  whatever the value: not even ``exp(Fraction(0))`` is allowed, so that no program works by luck.
* Decimal and Fraction have no infinity here: a pole is a ZeroDivisionError or ValueError that names the function.
* **Anything else** takes part through one method: if an argument has the attribute ``__tinygrad_apply__``, ``f(x, y)``
  is ``x.__tinygrad_apply__("f", x, y)``. That is how Values come in without an import of the engine.

`number_kinds` tells how two kinds meet. The functions stand in `numeric_unary`, `numeric_binary` and
`numeric_choice`; each tests for a plain float first, for scalar graphs call it once per node.

>>> from decimal import Decimal
>>> sin(1.0), sin(1j), sin(Decimal(1))
(0.8414709848078965, 1.1752011936438014j, Decimal('0.8414709848078965066525023216'))
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from .number_kinds import kind_name, one_like, pi_like, zero_like
from .numeric_binary import divide, floor_divide, power, remainder
from .numeric_choice import (
    equal,
    gate,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    not_equal,
    where,
)
from .numeric_unary import (
    absolute,
    cos,
    erf,
    exp,
    expm1,
    floor,
    log,
    log1p,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    tan,
    tanh,
)

__all__ = [
    "FLOAT_FUNCTIONS",
    "absolute",
    "cos",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "gate",
    "greater",
    "greater_equal",
    "kind_name",
    "less",
    "less_equal",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "not_equal",
    "one_like",
    "pi_like",
    "power",
    "relu",
    "remainder",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
    "where",
    "zero_like",
]

#: The C function behind a name, for lists of plain floats: ``list(map(FLOAT_FUNCTIONS["exp"], xs))``. It gives the same
#: bits as the function of this module, or raises ArithmeticError or ValueError where only that knows the IEEE answer.
#: Absent are those that C has not, or not quite: ``floor`` (gives an int), ``maximum`` (loses NaN), ``less`` (a bool).
FLOAT_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "log1p": math.log1p,
    "expm1": math.expm1,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
    "erf": math.erf,
    "absolute": math.fabs,
    "divide": operator.truediv,
    "power": math.pow,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
}
