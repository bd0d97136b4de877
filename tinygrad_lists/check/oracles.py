"""Derivatives without any rule: four ways to differentiate a function of one number by evaluating it.

=========  ================  ============================================================================
oracle     numbers           how
=========  ================  ============================================================================
fraction   Fraction          six-point central difference with a step 2^-100 times the numbers. No rounding at all: the
                             estimate is *equal* to the derivative for polynomials up to degree 6, else right to more
                             than 100 digits
decimal    Decimal, 90       the same with a step 10^-30 times the numbers, and more digits where they are far from 1:
           digits and more   right to more than 50 digits
complex    complex           complex step, Im f(x + ih) / h with h = 2^-200 times x: no subtraction, so no cancellation;
                             for functions that are analytic
central    float, complex    central differences for steps from a tenth of x to 10^-7 of it, extrapolated (Richardson),
                             with an estimate of the error (Ridders 1982): for every function
=========  ================  ============================================================================

No step is small by itself: 10^-12 is far too large beside 10^-10, and 10^-100 too small beside 1. So steps are
relative to the numbers, and an estimate counts only where it no longer changes: the exact oracles compare the
four-point and the six-point estimate and try a far smaller step before they give up, the others compare several steps.

Each also looks whether the function bends or jumps just there: then the one-sided derivatives differ, by as much for
twice the step, and no derivative exists to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

from .central import central_slope
from .slopes import UNDERFLOW, Phi, Scale, Slope

__all__ = ["ORACLES", "Oracle"]


class Oracle(NamedTuple):
    """A way to differentiate: `slope` of a function of one number, on numbers of `kind`.

    `convert` makes such a number of a float or Fraction; estimates are right to `tolerance`, relative. `digits` is the
    precision for Decimal.
    """

    name: str
    kind: type
    convert: Callable[[Any], Any]
    slope: Callable[[Phi, Scale], Slope]
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


def _six_points(step: Any, phi: Phi, rounding: Any = 0, lost: int = 0, last: bool = False) -> tuple[Slope, bool]:
    """``(45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60h``, whose error is ``h^6 f^(7) / 140``; and whether the step
    was small enough. `rounding` is the relative error of a value of `phi`, more by up to `lost` digits where terms of
    it cancel; that has to be far below the slope, unless it is the `last` try."""
    zero, one, two, three = (phi(k * step) for k in range(4))
    minus_one, minus_two, minus_three = (phi(-k * step) for k in range(1, 4))
    near, middle, far = one - minus_one, two - minus_two, three - minus_three
    value = (45 * near - 9 * middle + far) / (60 * step)
    error = abs(value - (8 * near - middle) / (12 * step))  # of the four points; that of six is far smaller
    left, right = (zero - minus_one) / step, (one - zero) / step
    noise = rounding * max(map(abs, (zero, three, minus_three))) / step
    margin = noise * 10**lost
    # Where the function is smooth the sides differ by h f'', for the double step by twice as much.
    gap, wide = abs(right - left), abs(two - 2 * zero + minus_two) / (2 * step)
    bends = gap > (abs(left) + abs(right)) / 10**40 + margin and 2 * wide < 3 * gap
    settled = not bends and error <= abs(value) / 10**40 + margin
    # No change at all is a slope of 0 only if there is none for a large step either: 1 - erf(14) is 10^-87.
    if settled and (last or margin * 10**10 <= abs(value) or near == far == 0 == phi(step * 10**25) - zero):
        return Slope(value, error + 10 * noise), True
    # f(h) - f(0) grows with h; at a jump it does not, and the slopes are about 1/h.
    jumps = _stays(minus_one - zero, minus_two - zero), _stays(one - zero, two - zero)
    sides = (math.inf if jumps[0] else left, math.inf if jumps[1] else right)
    return Slope(value, error, sides if bends or any(jumps) else None), False


def _finer(coarse: Slope, fine: Slope) -> Slope:
    """What two steps say of which neither was small enough."""
    if fine.sides is not None:
        return fine
    # As for x|x| at 0: no third derivative, but the estimate goes to its limit with the step.
    converges = fine.error * 10**20 <= coarse.error
    return fine._replace(value=fine.value if converges else None, error=abs(fine.value) + fine.error)


def _stays(near: Any, far: Any) -> bool:
    """Whether the change at twice the distance is about the same, not twice as large."""
    return bool(abs(far - near) * 10 < abs(near) + abs(far))


def _fraction_slope(phi: Phi, scale: Scale) -> Slope:
    coarse, settled = _six_points(Fraction(1, 2 ** (100 - scale.least)), phi)
    if settled:
        return coarse
    fine, settled = _six_points(Fraction(1, 2 ** (300 - scale.smallest)), phi)
    return fine if settled else _finer(coarse, fine)


def _decimal_slope(phi: Phi, scale: Scale) -> Slope:
    least, moved, smallest, largest = (
        math.floor(e * math.log10(2)) for e in (scale.least, max(scale.moved, 0), scale.smallest, scale.largest)
    )

    def slope(digits: int, right: int, lost: int, low: int, high: int) -> tuple[Slope, bool]:
        """With a step of so many digits, after which so many of a difference are right but for what is lost."""
        with localcontext() as context:
            context.prec = digits + right + high - low
            rounding = Decimal(1).scaleb(-context.prec)
            found, settled = _six_points(Decimal(1).scaleb(low - digits), phi, rounding, lost, last=digits > 30)
            return found._replace(magnified=Decimal(1).scaleb(90 - right)), settled

    coarse, settled = slope(30, 60, 10, least, moved)
    if settled:
        return coarse
    fine, settled = slope(90, 150, 90, smallest, largest)
    return fine if settled else _finer(coarse, fine)


def _complex_slope(phi: Phi, scale: Scale) -> Slope:
    # Smaller numbers than 2^-800 leave too little room above the smallest float.
    first = max(min(scale.moved, 0) - 200, -800)
    value, finer = (phi(complex(0.0, h)).imag / h for h in (2.0**first, 2.0 ** (first - 20)))
    # At a branch point (sqrt at 0) the quotient grows without end.
    agrees = math.isfinite(value) and abs(value - finer) <= 1e-12 * abs(value)
    return Slope(value if agrees else None, 1e-15 * abs(value) + UNDERFLOW / 2.0**first)


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
        Oracle("central", float, float, central_slope, 1e-7),
    )
}
