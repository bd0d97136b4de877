"""Derivatives without any rule: four ways to differentiate a function of one number by evaluating it.

=========  ==================  ==========================================================================
oracle     numbers             how
=========  ==================  ==========================================================================
fraction   Fraction            six-point central difference with the step 2^-40. No rounding at all: the estimate is
                               *equal* to the derivative for polynomials up to degree 6, else right to about 70 digits
decimal    Decimal, 90 digits  the same with the step 10^-12: right to more than 50 digits
complex    complex             complex step, Im f(x + ih) / h with h = 10^-20: no subtraction, so no cancellation; for
                               functions that are analytic
central    float, complex      central differences for steps from 0.1 to 10^-7, extrapolated (Richardson), with an
                               estimate of the error (Ridders 1982): for every function
=========  ==================  ==========================================================================

Each also looks whether the function bends or jumps just there: then the one-sided derivatives differ, and no derivative
exists to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, localcontext
from fractions import Fraction
from operator import itemgetter
from typing import Any, NamedTuple

__all__ = ["ORACLES", "Oracle", "Slope"]

Phi = Callable[[Any], Any]


class Slope(NamedTuple):
    """What an oracle says about ``d phi / dt`` at 0.

    Attributes:
        value: the derivative; None where it cannot tell.
        error: estimate of its absolute error.
        sides: the one-sided derivatives (left, right) if they differ, else None.
    """

    value: Any
    error: Any
    sides: tuple[Any, Any] | None = None


class Oracle(NamedTuple):
    """A way to differentiate: `slope` of a function of one number, on numbers of `kind`.

    `convert` makes such a number of a float or Fraction; estimates are right to `tolerance`, relative. `digits` is the
    precision for Decimal.
    """

    name: str
    kind: type
    convert: Callable[[Any], Any]
    slope: Callable[[Phi, float], Slope]
    tolerance: Any
    digits: int | None = None

    @contextmanager
    def context(self) -> Iterator[None]:
        """Inside, numbers have the precision that the oracle needs."""
        if self.digits is None:
            yield
        else:
            with localcontext() as context:
                context.prec = self.digits
                yield


def _six_points(step: Any, phi: Phi) -> Slope:
    """``(45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60h``; its error is ``h^6 f^(7) / 140``."""
    zero, one, two, three = (phi(k * step) for k in range(4))
    minus_one, minus_two, minus_three = (phi(-k * step) for k in range(1, 4))
    value = (45 * (one - minus_one) - 9 * (two - minus_two) + (three - minus_three)) / (60 * step)
    left, right = (zero - minus_one) / step, (one - zero) / step
    # Where the function is smooth the sides differ by h·f'', which is tiny because h is.
    bends = abs(right - left) > max(abs(left), abs(right), abs(zero), 1) * 10**6 * step
    # And f(h) - f(0) grows with h; at a jump it does not, and the slopes are about 1/h.
    steep = max(abs(left), abs(right)) > 10**6 * max(abs(zero), 1)
    jumps = steep and (_stays(one - zero, two - zero) or _stays(minus_one - zero, minus_two - zero))
    return Slope(value, 0 * value, (left, right) if bends or jumps else None)


def _stays(near: Any, far: Any) -> bool:
    """Whether the change at twice the distance is not about twice the change."""
    return bool(abs(far - 2 * near) * 10 > abs(near) + abs(far))


def _fraction_slope(phi: Phi, scale: float) -> Slope:
    return _six_points(Fraction(1, 2**40), phi)


def _decimal_slope(phi: Phi, scale: float) -> Slope:
    return _six_points(Decimal("1e-12"), phi)


def _complex_slope(phi: Phi, scale: float) -> Slope:
    step = 1e-20
    value = phi(complex(0.0, step)).imag / step
    return Slope(value if math.isfinite(value) else None, 1e-15 * abs(value))


def _central_slope(phi: Phi, scale: float) -> Slope:
    levels = [_level(phi, 0.1 * scale / 4**k) for k in range(11)]
    at_zero = phi(0.0)
    rows: list[list[Any]] = []
    guesses: list[tuple[float, int, Any]] = []
    for k, (*_, noise, plain) in enumerate(levels):
        row = [plain]
        for j, older in enumerate(rows[-1] if rows else []):
            factor = 16 ** (j + 1)
            row.append((factor * row[j] - older) / (factor - 1))
            error = max(abs(row[j + 1] - row[j]), abs(row[j + 1] - older)) + noise
            if math.isfinite(error):
                guesses.append((error, k, row[j + 1]))
        rows.append(row)
    sides = _bend(levels, at_zero)
    for error, k, value in sorted(guesses, key=itemgetter(0)):
        # Chance agreement of two coarse steps is no convergence: all finer steps must come as near.
        reach = 2 * abs(rows[k][0] - value) + 10 * error
        if all(abs(plain - value) <= reach + 4 * noise for *_, noise, plain in levels[k + 1 :]):
            return Slope(value, error, sides)
    return Slope(None, math.inf, sides)


def _level(phi: Phi, h: float) -> tuple[float, Any, Any, float, Any]:
    """Step, value behind and ahead, what rounding of these makes of the difference quotient, and that."""
    behind, ahead = phi(-h), phi(h)
    return h, behind, ahead, 4e-16 * (abs(ahead) + abs(behind)) / h, (ahead - behind) / (2 * h)


def _bend(levels: list[tuple[float, Any, Any, float, Any]], at_zero: Any) -> tuple[Any, Any] | None:
    """Left and right derivative if their difference does not shrink with the step, as it does for smooth functions, or
    if either grows as one over the step, as at a jump."""
    (left, right), (fine_left, fine_right) = (
        ((at_zero - behind) / h, (ahead - at_zero) / h) for h, behind, ahead, *_ in (levels[5], levels[8])
    )
    noise = 1e-14 * abs(at_zero) / levels[8][0] + 1e-7 * (abs(fine_left) + abs(fine_right))
    gap = abs(fine_right - fine_left)
    bends = gap > noise and gap > 0.3 * abs(right - left)
    jumps = any(abs(fine) > 16 * abs(coarse) + noise for coarse, fine in ((left, fine_left), (right, fine_right)))
    return (fine_left, fine_right) if bends or jumps else None


def _exact_fraction(x: Any) -> Fraction:
    return Fraction(x)


def _exact_decimal(x: Any) -> Decimal:
    if isinstance(x, Fraction):
        return Decimal(x.numerator) / Decimal(x.denominator)
    return Decimal(x)


#: Best first.
ORACLES = {
    oracle.name: oracle
    for oracle in (
        Oracle("fraction", Fraction, _exact_fraction, _fraction_slope, Fraction(1, 10**50)),
        Oracle("decimal", Decimal, _exact_decimal, _decimal_slope, Decimal("1e-50"), digits=90),
        Oracle("complex", complex, complex, _complex_slope, 1e-9),
        Oracle("central", float, float, _central_slope, 1e-6),
    )
}
