"""The kinds of number that Values are made of, and how two kinds meet.

======== ======================= =========================================================
kind     Python types            results
======== ======================= =========================================================
int      int, bool               exact where the result is an int, else promoted to float
float    float, numpy.float64    IEEE 754: inf and NaN, never an exception
complex  complex                 inf and NaN parts; TypeError where a function is not holomorphic
Fraction fractions.Fraction      exact, or TypeError where the result is irrational
Decimal  decimal.Decimal         rounded to the precision of the current decimal context
======== ======================= =========================================================

Two kinds meet only where nothing is lost: an int takes the kind of what stands beside it, a float beside a complex
becomes complex. Any other pair (a Fraction or a Decimal beside a float, say) is a TypeError that names both.
"""

from __future__ import annotations

import decimal
import math
import reprlib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from numbers import Number
from typing import Any

from . import decimal_functions

__all__ = [
    "common_kind",
    "convert",
    "exactly",
    "hook_of",
    "in_kind",
    "irrational",
    "kind_name",
    "not_holomorphic",
    "one_like",
    "pi_like",
    "require_flag",
    "shown",
    "to_float",
    "zero_like",
]

_KIND_OF_TYPE: dict[type, str] = {
    float: "float",
    int: "int",
    bool: "int",
    complex: "complex",
    Fraction: "Fraction",
    Decimal: "Decimal",
}


def kind_name(x: Any, *, op: str = "kind_name") -> str:
    """Kind of the number `x`: "int", "float", "complex", "Fraction" or "Decimal"; a subclass counts as its base.

    Raises TypeError naming `op` when `x` is none of them.

    >>> kind_name(0.5), kind_name(True), kind_name(Fraction(1, 3))
    ('float', 'int', 'Fraction')
    """
    kind = _KIND_OF_TYPE.get(type(x))
    if kind is not None:
        return kind
    for base, kind in _KIND_OF_TYPE.items():
        if isinstance(x, base):
            return kind
    raise TypeError(
        f"{op}: a number is an int, float, complex, Fraction or Decimal, not {type(x).__name__} "
        f"({shown(x)}); convert it first, e.g. with float(x)"
    )


class _Short(reprlib.Repr):
    """Numbers as they are written, and the first entries of containers."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxdict = 8
        self.maxstring = self.maxother = LONGEST

    def repr1(self, x: Any, level: int) -> str:
        if not isinstance(x, Number):
            return super().repr1(x, level)
        try:
            return str(x)
        except ValueError:  # Python refuses to print an int of more than 4,300 digits
            return f"{'an' if isinstance(x, int) else 'a'} {type(x).__name__} of thousands of digits"


LONGEST = 60

_SHORT = _Short()


def shown(x: Any) -> str:
    """Whatever was given, for a message: on one line and of at most 60 characters.

    >>> shown(Fraction(1, 3)), shown("ab"), shown(10**5000), shown([1] * 1000)
    ('1/3', "'ab'", 'an int of thousands of digits', '[1, 1, 1, 1, 1, 1, 1, 1, ...]')
    """
    text = " ".join(_SHORT.repr(x).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def hook_of(*args: Any) -> Callable[..., Any] | None:
    """The method `__tinygrad_apply__` of the first argument that has one (a Value), else None.

    >>> hook_of(1.0, Fraction(1, 2)) is None
    True
    """
    for x in args:
        apply: Callable[..., Any] | None = getattr(x, "__tinygrad_apply__", None)
        if apply is not None:
            return apply
    return None


def zero_like(x: Any) -> Any:
    """Zero in the kind of `x`.

    >>> zero_like(2.5), zero_like(Fraction(1, 2))
    (0.0, Fraction(0, 1))
    """
    return 0.0 if type(x) is float else _constant("zero_like", x, 0)


def one_like(x: Any) -> Any:
    """One in the kind of `x`.

    >>> one_like(2.5), one_like(3j)
    (1.0, (1+0j))
    """
    return 1.0 if type(x) is float else _constant("one_like", x, 1)


def pi_like(x: Any) -> Any:
    """π in the kind of `x`; a float for an int, TypeError for a Fraction.

    >>> pi_like(1.0), pi_like(Decimal(1))
    (3.141592653589793, Decimal('3.141592653589793238462643383'))
    """
    return math.pi if type(x) is float else _constant("pi_like", x, math.pi)


def _constant(op: str, x: Any, value: float) -> Any:
    apply = hook_of(x)
    if apply is not None:
        return apply(op, x)
    kind = kind_name(x, op=op)
    if value == math.pi:
        if kind == "Fraction":
            raise irrational(op)
        if kind == "Decimal":
            return decimal_functions.pi()
        kind = "complex" if kind == "complex" else "float"
    return convert(op, value, kind)


def common_kind(op: str, a: Any, b: Any) -> str:
    """Kind of the result of a function of `a` and `b`. Raises TypeError when the two do not mix.

    >>> common_kind("maximum", 1, Fraction(1, 2)), common_kind("maximum", 1j, 0.5)
    ('Fraction', 'complex')
    """
    first, second = kind_name(a, op=op), kind_name(b, op=op)
    if first == second:
        return first
    if "int" in (first, second):
        return second if first == "int" else first
    if {first, second} == {"float", "complex"}:
        return "complex"
    raise TypeError(
        f"{op}: {first} and {second} do not mix without loss ({shown(a)} and {shown(b)}); "
        f"convert one of them, e.g. with {first}(x) or {second}(x)"
    )


def in_kind(op: str, flat: list[Any], like: Any) -> list[Any]:
    """Numbers of one kind in the kind of `like`, as far as they fit into that. TypeError for kinds that do not mix.

    >>> in_kind("grad", [1, 2], 0.5), in_kind("grad", [1j], 0.5)
    ([1.0, 2.0], [1j])
    """
    if not flat or type(flat[0]) is type(like) or (kind := common_kind(op, flat[0], like)) == kind_name(flat[0]):
        return flat
    return [convert(op, v, kind) for v in flat]


def to_float(op: str, x: Any) -> float:
    """`x` as a plain float. Raises OverflowError naming `op` when an int or a Fraction is too large for one.

    >>> to_float("exp", 2)
    2.0
    """
    try:
        return float(x)
    except OverflowError:
        bits = int(x).bit_length()
        raise OverflowError(f"{op}: a number of {bits} bits does not fit a float; use Decimal(x)") from None


def convert(op: str, x: Any, kind: str) -> Any:
    """`x` in a kind that is not below its own.

    >>> convert("where", 2, "Decimal")
    Decimal('2')
    """
    if kind == "float":
        return to_float(op, x)
    if kind == "complex":
        return complex(x) if isinstance(x, complex) else complex(to_float(op, x))
    if kind == "Decimal":
        return Decimal(x)
    return int(x) if kind == "int" else Fraction(x)


def require_flag(op: str, name: str, value: Any, hint: str = "") -> None:
    """Raise TypeError naming `op` if `value` is neither True nor False; `hint` ends the message.

    >>> require_flag("sum", "keepdims", 1)
    Traceback (most recent call last):
    TypeError: sum: keepdims is True or False, not 1
    """
    if value is not True and value is not False:
        raise TypeError(f"{op}: {name} is True or False, not {shown(value)}{hint}")


def irrational(op: str) -> TypeError:
    """The error for a function whose value at a fraction is, in general, no fraction.

    >>> print(irrational("exp"))
    exp: the result for a Fraction is irrational; use Decimal or float, e.g. Value(float(x))
    """
    return TypeError(f"{op}: the result for a Fraction is irrational; use Decimal or float, e.g. Value(float(x))")


def not_holomorphic(op: str) -> TypeError:
    """The error for a function that complex numbers do not have, or that has no complex derivative.

    >>> print(not_holomorphic("relu"))
    relu: not holomorphic, so not defined for complex numbers; apply it to the real or imaginary part
    """
    return TypeError(
        f"{op}: not holomorphic, so not defined for complex numbers; apply it to the real or imaginary part"
    )


def exactly(op: str, function: Callable[..., Any], *args: Any) -> Any:
    """`function(*args)` on a kind without inf and NaN, its failures turned into errors that name `op` and the numbers.

    >>> exactly("divide", Fraction, 1, 3)
    Fraction(1, 3)
    >>> exactly("log", Decimal.ln, Decimal(-1))
    Traceback (most recent call last):
    ValueError: log: not defined at -1 for Decimal; use float for the IEEE result, or complex
    """
    try:
        return function(*args)
    except (ZeroDivisionError, ValueError, decimal.InvalidOperation, decimal.Overflow) as error:
        kind = kind_name(args[0])
        given = " and ".join(map(shown, args))
        if isinstance(error, decimal.Overflow):
            raise OverflowError(f"{op}: the result at {given} exceeds the exponents of the decimal context") from None
        if isinstance(error, ZeroDivisionError) or (op != "power" and len(args) == 2 and args[1] == 0):
            raise ZeroDivisionError(
                f"{op}: {given}: division by zero, and {kind} has no infinity; use float for the IEEE result"
            ) from None
        reason = str(error) if isinstance(error, ValueError) else "not defined"
        raise ValueError(f"{op}: {reason} at {given} for {kind}; use float for the IEEE result, or complex") from None
