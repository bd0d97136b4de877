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
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

__all__ = ["ORACLES", "Oracle", "Scale", "Slope", "exponent", "is_finite"]

Phi = Callable[[Any], Any]

#: What is lost where floats become too small, with room for factors that this is multiplied by.
_UNDERFLOW = 1e-315


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
    """

    value: Any
    error: Any
    sides: tuple[Any, Any] | None = None


class Oracle(NamedTuple):
    """A way to differentiate: `slope` of a function of one number, on numbers of `kind`.

    `convert` makes such a number of a float or Fraction; estimates are right to `tolerance`, relative. `digits` is the
    precision for Decimal. `magnified` is how many times larger than the rounding error of a value of the function, in
    these digits, that of the slope is; where `slope` does not know it already.
    """

    name: str
    kind: type
    convert: Callable[[Any], Any]
    slope: Callable[[Phi, Scale], Slope]
    tolerance: Any
    digits: int | None = None
    magnified: int = 0

    @contextmanager
    def context(self) -> Iterator[None]:
        """Inside, numbers have the precision that the oracle needs."""
        if self.digits is None:
            yield
        else:
            with localcontext() as context:
                context.prec = self.digits
                yield


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


def _six_points(step: Any, phi: Phi, noise: Any = 0) -> tuple[Slope, bool]:
    """``(45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60h``, whose error is ``h^6 f^(7) / 140``; and whether the step
    was small enough. `noise` is the relative error of a value of `phi`, larger where terms of phi cancel."""
    zero, one, two, three = (phi(k * step) for k in range(4))
    minus_one, minus_two, minus_three = (phi(-k * step) for k in range(1, 4))
    near, middle, far = one - minus_one, two - minus_two, three - minus_three
    value = (45 * near - 9 * middle + far) / (60 * step)
    error = abs(value - (8 * near - middle) / (12 * step))  # of the four points; that of six is far smaller
    left, right = (zero - minus_one) / step, (one - zero) / step
    margin = noise * max(map(abs, (zero, three, minus_three))) / step
    # Where the function is smooth the sides differ by h f'', for the double step by twice as much.
    gap, wide = abs(right - left), abs(two - 2 * zero + minus_two) / (2 * step)
    bends = gap > (abs(left) + abs(right)) / 10**40 + margin and 2 * wide < 3 * gap
    settled = not bends and error <= abs(value) / 10**40 + margin
    if settled and (margin * 10**10 <= abs(value) or near == middle == far == 0):
        return Slope(value, error + margin / 10**9), True
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
    return Slope(fine.value if converges else None, abs(fine.value) + fine.error)


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

    def slope(digits: int, right: int, cancelled: int, low: int, high: int) -> tuple[Slope, bool]:
        """With a step of so many digits, after which so many of a difference are right but for what terms cancel."""
        with localcontext() as context:
            context.prec = digits + right + high - low
            noise = Decimal(1).scaleb(cancelled - context.prec)
            return _six_points(Decimal(1).scaleb(low - digits), phi, noise)

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
    return Slope(value if agrees else None, 1e-15 * abs(value) + _UNDERFLOW / 2.0**first)


def _central_slope(phi: Phi, scale: Scale) -> Slope:
    """Steps beside the number or 1, whichever is larger; where they tell nothing, smaller ones. Below 2^-22 of the
    number, steps would be rounded themselves."""
    if scale.moved > 1000:
        return Slope(None, math.inf)  # no room for steps beside the largest floats
    own = max(scale.moved, -990)
    finest = own - 22
    if own > 7:
        powers = [own, *([0] if finest <= 0 else [own - 11])]
    else:
        powers = [max(own, 0), *([own] if own < -4 else [])]
    found: list[Slope] = []
    kink = None
    for i, power in enumerate((*powers, max(powers[-1] - 12, finest))):
        if i == len(powers) and kink is None and found:
            break
        slope, bend = _extrapolated(phi, 2.0**power, scale)
        if kink and not bend.sides and bend.noise < 0.3 * kink.gap_at(bend.step):
            kink = None  # it was a curve that the larger steps could not resolve
        kink = kink or (bend if bend.sides else None)
        if kink is None and slope.value is not None and slope.error <= 1e-8 * abs(slope.value):
            return slope
        if slope.value is not None:
            found.append(slope)
    best = min(found, key=attrgetter("error"), default=Slope(None, math.inf))
    if kink:
        return best._replace(sides=kink.sides)
    # The smallest steps must agree; for the sine of a number whose neighbours are periods away they cannot.
    disagree = any(abs(other.value - best.value) > 20 * (other.error + best.error) for other in found)
    return Slope(None, math.inf) if slope.value is None or disagree else best


def _extrapolated(phi: Phi, size: float, scale: Scale) -> tuple[Slope, _Bend]:
    levels = [_level(phi, 0.1 * size / 4**k, scale) for k in range(11)]
    at_zero = phi(0.0)
    rows: list[list[Any]] = []
    guesses: list[tuple[float, int, Any]] = []
    for k, (*_, noise, plain) in enumerate(levels):
        row = [plain]
        for j, older in enumerate(rows[-1] if rows else []):
            factor = 16 ** (j + 1)
            row.append((factor * row[j] - older) / (factor - 1))
            error = max(abs(row[j + 1] - row[j]), abs(row[j + 1] - older)) + noise
            if math.isfinite(error) and k < len(levels) - 2:
                guesses.append((error, k, row[j + 1]))
        rows.append(row)
    bend = _bend(levels, at_zero, scale.noise)
    for error, k, value in sorted(guesses, key=itemgetter(0)):
        # Chance agreement of two steps is no convergence: all finer steps, of which there are two, must come as near.
        reach = 2 * abs(rows[k][0] - value) + 3 * error
        if all(abs(plain - value) <= reach + 4 * noise for *_, noise, plain in levels[k + 1 :]):
            return Slope(value, error), bend
    return Slope(None, math.inf), bend


def _level(phi: Phi, h: float, scale: Scale) -> tuple[float, Any, Any, float, Any]:
    """Step, value behind and ahead, what rounding of these and of the step makes of the difference quotient, and it."""
    behind, ahead = phi(-h), phi(h)
    quotient = (ahead - behind) / (2 * h)
    rounding = max(4e-16 * (abs(ahead) + abs(behind)), scale.noise, _UNDERFLOW)
    rounding += 1e-16 * abs(quotient) * 2.0 ** min(scale.moved, 1023)
    return h, behind, ahead, rounding / h, quotient


class _Bend(NamedTuple):
    """The one-sided derivatives, if they differ by more than the step explains; how much they differ, and how much they
    may by rounding, for a step."""

    sides: tuple[Any, Any] | None
    gap: float
    noise: float
    step: float

    def gap_at(self, step: float) -> float:
        """The difference to expect with another step: the same at a bend, inversely as large at a jump."""
        return self.gap * (self.step / step if self.sides and math.inf in self.sides else 1)


def _bend(levels: list[tuple[float, Any, Any, float, Any]], at_zero: Any, rounding: float) -> _Bend:
    """Left and right derivative if their difference does not shrink with the step, as it does for smooth functions, or
    if either grows as one over the step, as at a jump."""
    step = levels[8][0]
    (left, right), (fine_left, fine_right) = (
        ((at_zero - behind) / h, (ahead - at_zero) / h) for h, behind, ahead, *_ in (levels[5], levels[8])
    )
    noise = max(1e-14 * abs(at_zero), 4 * rounding) / step + 1e-7 * (abs(fine_left) + abs(fine_right))
    gap = abs(fine_right - fine_left)
    jumps = [abs(fine) > 16 * abs(coarse) + noise for coarse, fine in ((left, fine_left), (right, fine_right))]
    sides = tuple(math.inf if jump else fine for jump, fine in zip(jumps, (fine_left, fine_right), strict=True))
    bends = gap > noise and gap > 0.3 * abs(right - left)
    return _Bend((sides[0], sides[1]) if bends or any(jumps) else None, gap, noise, step)


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
        Oracle("decimal", Decimal, _exact_decimal, _decimal_slope, Decimal("1e-50"), digits=90, magnified=10**30),
        Oracle("complex", complex, complex, _complex_slope, 1e-9),
        Oracle("central", float, float, _central_slope, 1e-7),
    )
}
