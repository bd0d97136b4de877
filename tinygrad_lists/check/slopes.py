"""What oracles are told and what they say: sizes of numbers, and slopes."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

__all__ = ["UNDERFLOW", "Phi", "Scale", "Slope", "exponent", "is_finite"]

Phi = Callable[[Any], Any]

#: What is lost where floats become too small, with room for factors that this is multiplied by.
UNDERFLOW = 1e-315


class Scale(NamedTuple):
    """How large the numbers are, as powers of two; what steps are relative to.

    Attributes:
        moved: of the largest number that moves.
        least: of the smallest number that moves, zeros left out; at most 0.
        smallest: of the smallest number of all, zeros left out; at most 0.
        largest: of the largest number of all; at least 0.
        noise: how far rounding may move a float value of the function; this one is no power of two.
    """

    moved: int = 0
    least: int = 0
    smallest: int = 0
    largest: int = 0
    noise: float = 0.0


class Slope(NamedTuple):
    """What an oracle says about ``d phi / dt`` at 0.

    Attributes:
        value: the derivative; None where it cannot tell.
        error: estimate of its absolute error.
        sides: the one-sided derivatives (left, right) if they differ, else None. Infinite on a side where it jumps.
        magnified: how many times larger than the rounding error of a value of the function, in the digits of the
            oracle, that of the slope is; where `error` does not cover it.
    """

    value: Any
    error: Any
    sides: tuple[Any, Any] | None = None
    magnified: Any = 0


def exponent(x: Any) -> int:
    """The e for which ``2**(e - 1) <= abs(x) < 2**e``, or one beside it.

    >>> exponent(0.75), exponent(Fraction(1, 8)), exponent(Decimal("1e-400"))
    (0, -2, -1328)
    """
    if isinstance(x, Fraction):
        return x.numerator.bit_length() - x.denominator.bit_length() + 1
    if isinstance(x, Decimal):
        return math.floor(x.adjusted() / math.log10(2)) + 1
    return math.frexp(abs(x))[1]


def is_finite(x: Any) -> bool:
    """Whether a number of any kind is neither infinite nor NaN."""
    if isinstance(x, Decimal):
        return x.is_finite()
    return isinstance(x, Fraction) or (math.isfinite(x.real) and math.isfinite(x.imag))
