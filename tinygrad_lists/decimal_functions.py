"""Elementary functions of a Decimal, to the precision of the current decimal context.

The decimal module has exp, ln and sqrt, correctly rounded. The others are built here on those three and on power
series, with a dozen digits more than asked for, and rounded once at the end: the error stays below one unit in the last
place. Series are used where they keep the *relative* error small (log1p, expm1 and erf near zero, sin near a multiple
of π).

>>> from decimal import localcontext
>>> with localcontext() as context:
...     context.prec = 50
...     print(FUNCTIONS["erf"](Decimal(1)))
0.84270079294971486934122063508260925929606699796630
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    getcontext,
    localcontext,
)
from functools import lru_cache, wraps

__all__ = ["FUNCTIONS", "floor", "floor_divide", "pi", "power", "remainder"]

DecimalFunction = Callable[[Decimal], Decimal]

# Reducing 1E+n by multiples of π takes n digits of π: half a second for this many, minutes for ten times as many.
_LARGEST_ANGLE_DIGITS = 10_000


def _working_context(digits: int) -> Context:
    """Widest exponents and no Inexact traps: what the user's context asks for is applied once, to the result."""
    return Context(
        prec=digits,
        rounding=ROUND_HALF_EVEN,
        Emin=MIN_EMIN,
        Emax=MAX_EMAX,
        clamp=0,
        traps=[InvalidOperation, DivisionByZero, Overflow],
    )


def _with_guard_digits(function: DecimalFunction) -> DecimalFunction:
    """Run `function` with extra digits, then round its result to the caller's precision; NaN stays NaN."""

    @wraps(function)
    def rounded(x: Decimal) -> Decimal:
        if x.is_nan():
            return +x
        digits = getcontext().prec
        with localcontext(_working_context(digits + len(str(digits)) + 10)):
            result = function(x)
        return +result

    return rounded


def _log(x: Decimal) -> Decimal:
    if x == 0:
        # Decimal(0).ln() is -Infinity without a signal.
        raise ValueError("not finite")
    return x.ln()


@_with_guard_digits
def _log1p(x: Decimal) -> Decimal:
    if x == 0:
        return x
    if x.adjusted() >= -1:
        # Near -1 nothing is lost either: decimal sums are rounded once, from exact operands.
        return _log(1 + x)
    # log(1 + x) = 2·artanh(z) = 2·(z + z³/3 + z⁵/5 + ...) with z = x/(2 + x).
    total = power_of_z = x / (2 + x)
    squared = total * total
    n = 1
    while True:
        power_of_z *= squared
        n += 2
        larger = total + power_of_z / n
        if larger == total:
            return 2 * total
        total = larger


@_with_guard_digits
def _expm1(x: Decimal) -> Decimal:
    if x == 0:
        return x
    if x.adjusted() >= -1:
        return x.exp() - 1
    # x + x²/2! + x³/3! + ...
    total = term = x
    n = 1
    while True:
        n += 1
        term *= x / n
        larger = total + term
        if larger == total:
            return total
        total = larger


@lru_cache(maxsize=64)
def _pi(digits: int) -> Decimal:
    """π by the Gauss-Legendre iteration, which doubles the number of right digits each time."""
    with localcontext(_working_context(digits + 10)):
        a, b, t, p = Decimal(1), 1 / Decimal(2).sqrt(), Decimal("0.25"), 1
        for _ in range(digits.bit_length()):
            mean = (a + b) / 2
            b = (a * b).sqrt()
            t -= p * (a - mean) ** 2
            a, p = mean, 2 * p
        return (a + b) ** 2 / (4 * t)


def pi() -> Decimal:
    """π to the precision of the current context.

    >>> pi()
    Decimal('3.141592653589793238462643383')
    """
    return +_pi(getcontext().prec)


def _reduced(x: Decimal) -> tuple[int, Decimal]:
    """k modulo 4 and r of x = k·π/2 + r with |r| <= π/4, where r has all digits of the current context right."""
    if x.adjusted() > _LARGEST_ANGLE_DIGITS:
        raise ValueError("too large an angle")
    digits = getcontext().prec
    work = digits + max(0, x.adjusted()) + 3
    while True:
        with localcontext() as context:
            context.prec = work
            half_pi = _pi(work) / 2
            k = (x / half_pi).to_integral_value()
            r = x - k * half_pi
        # The absolute error of r is about 10^(x.adjusted() - work): near a multiple of π/2, r has too few digits.
        if k == 0 or r.adjusted() - x.adjusted() + work > digits + 1:
            return int(k) % 4, r
        work += digits


def _alternating_series(first: Decimal, n: int, r: Decimal) -> Decimal:
    """Sum of the terms that start at `first` = r^n/n! and go on with -r²/((n + 1)(n + 2)) times the last one."""
    squared = r * r
    total = term = first
    while True:
        term *= -squared / ((n + 1) * (n + 2))
        n += 2
        closer = total + term
        if closer == total:
            return total
        total = closer


def _sine_of_quadrant(k: int, r: Decimal) -> Decimal:
    """sin(k·π/2 + r)."""
    value = _alternating_series(Decimal(1), 0, r) if k % 2 else _alternating_series(r, 1, r)
    return -value if k % 4 >= 2 else value


@_with_guard_digits
def _sin(x: Decimal) -> Decimal:
    return _sine_of_quadrant(*_reduced(x))


@_with_guard_digits
def _cos(x: Decimal) -> Decimal:
    k, r = _reduced(x)
    return _sine_of_quadrant(k + 1, r)


@_with_guard_digits
def _tan(x: Decimal) -> Decimal:
    k, r = _reduced(x)
    return _sine_of_quadrant(k, r) / _sine_of_quadrant(k + 1, r)


@_with_guard_digits
def _tanh(x: Decimal) -> Decimal:
    # tanh|x| = -t/(t + 2) with t = exp(-2|x|) - 1: nothing cancels, nothing overflows.
    t = _expm1(-2 * x.copy_abs())
    return (-t / (t + 2)).copy_sign(x)


@_with_guard_digits
def _sigmoid(x: Decimal) -> Decimal:
    e = x.copy_abs().copy_negate().exp()
    return (e if x < 0 else 1) / (1 + e)


@_with_guard_digits
def _softplus(x: Decimal) -> Decimal:
    return max(x, Decimal(0)) + _log1p(x.copy_abs().copy_negate().exp())


@_with_guard_digits
def _erf(x: Decimal) -> Decimal:
    if x == 0:
        return x
    # erfc(x) < exp(-x²), so from here on the result rounds to 1.
    if x.is_infinite() or x * x > Decimal("2.303") * getcontext().prec:
        return Decimal(1).copy_sign(x)
    # erf(x) = 2/√π · exp(-x²) · Σ 2^n x^(2n+1)/(1·3·5···(2n+1)): all terms have one sign (Abramowitz & Stegun 7.1.6).
    twice_squared = 2 * x * x
    total = term = x
    n = 1
    while True:
        n += 2
        term *= twice_squared / n
        larger = total + term
        if larger == total:
            return 2 * total * (-x * x).exp() / _pi(getcontext().prec).sqrt()
        total = larger


FUNCTIONS: dict[str, DecimalFunction] = {
    "exp": Decimal.exp,
    "log": _log,
    "log1p": _log1p,
    "expm1": _expm1,
    "sqrt": Decimal.sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "erf": _erf,
}


def power(a: Decimal, b: Decimal) -> Decimal:
    """a^b with 0⁰ = 1, as for the other kinds. Raises ZeroDivisionError for zero to a negative power.

    >>> power(Decimal(2), Decimal("0.5"))
    Decimal('1.414213562373095048801688724')
    """
    if b == 0:
        return Decimal(1)
    if a == 0 and b < 0:
        raise ZeroDivisionError
    return a**b


def floor(x: Decimal) -> Decimal:
    """Largest whole number that is not above `x`.

    >>> floor(Decimal("-0.5"))
    Decimal('-1')
    """
    return x.to_integral_value(ROUND_FLOOR)


def floor_divide(a: Decimal, b: Decimal) -> Decimal:
    """⌊a/b⌋; Decimal's own // rounds towards zero instead.

    >>> floor_divide(Decimal(-7), Decimal(2))
    Decimal('-4')
    """
    quotient, rest = divmod(a, b)
    return quotient - 1 if rest and rest.is_signed() != b.is_signed() else quotient


def remainder(a: Decimal, b: Decimal) -> Decimal:
    """a - b·⌊a/b⌋, with the sign of `b`; Decimal's own % takes the sign of `a` instead.

    >>> remainder(Decimal(-7), Decimal(2))
    Decimal('1')
    """
    rest = a % b
    return rest + b if rest and rest.is_signed() != b.is_signed() else rest
