"""Central differences of floats, extrapolated, with a look for bends and jumps: the oracle for every function."""

from __future__ import annotations

import math
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from .slopes import UNDERFLOW, Phi, Scale, Slope

__all__ = ["central_slope"]


def central_slope(phi: Phi, scale: Scale) -> Slope:
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
    rounding = max(4e-16 * (abs(ahead) + abs(behind)), scale.noise, UNDERFLOW)
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
