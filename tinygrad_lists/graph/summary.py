"""What a picture tells about a tensor: a few numbers and a thumbnail.

A Summary holds a reference to the data of a Value (which are never changed in place) and works out the rest when it is
asked for: of a graph of 100,000 nodes most are never shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import Any, NamedTuple

from ..number_kinds import shown
from ..shapes import Shape, numel
from .thumbnail import Thumbnail, thumbnail

__all__ = ["SMALL", "Statistics", "Summary", "number", "short_number"]

#: Tensors of up to so many elements are told whole in JSON.
SMALL = 64

_LARGEST_EXACT_INT = 2**53  # beyond that JavaScript's numbers leave some out


class Statistics(NamedTuple):
    """About the finite elements: `low`, `high`, `mean` and the Euclidean `norm`, None if there are none.

    The others are counted. Complex numbers are told by their magnitudes.
    """

    low: float | None
    high: float | None
    mean: float | None
    norm: float | None
    zeros: int
    nan: int
    inf: int
    minus_inf: int


class Summary:
    """Numbers of one tensor (a flat row-major list) or scalar (a bare number).

    >>> Summary([3.0, -4.0], (2,)).statistics.norm
    5.0
    >>> Summary(2.5, ()).number
    2.5
    """

    __slots__ = ("_statistics", "data", "shape")

    def __init__(self, data: Any, shape: Shape) -> None:
        self.data = data
        self.shape = shape
        self._statistics: Statistics | None = None

    @property
    def flat(self) -> list[Any]:
        """The elements, row-major."""
        return self.data if self.shape else [self.data]

    @property
    def size(self) -> int:
        """Number of elements."""
        return numel(self.shape)

    @property
    def is_zero(self) -> bool:
        """Whether all elements are 0, and there is at least one."""
        return self.size > 0 and not any(self.flat)

    @property
    def number(self) -> float | int | str:
        """The one number of a scalar, as JSON has it; see `number`."""
        return number(self.data)

    @property
    def statistics(self) -> Statistics:
        """Worked out once."""
        if self._statistics is None:
            self._statistics = _statistics(self.flat)
        return self._statistics

    @property
    def magnitude(self) -> float:
        """Root mean square of the finite elements: how large a typical element is, for tensors of any size."""
        statistics = self.statistics
        count = self.size - statistics.nan - statistics.inf - statistics.minus_inf
        return statistics.norm / math.sqrt(count) if statistics.norm is not None else 0.0

    def thumbnail(self) -> Thumbnail | None:
        """A small picture; None of a scalar or of nothing."""
        return thumbnail(self.flat, self.shape) if self.shape and self.size else None

    def same_bits(self, other: Summary) -> bool:
        """Whether both hold the same numbers, to the sign of a zero; NaN is the same as NaN."""
        return self.shape == other.shape and list(map(repr, self.flat)) == list(map(repr, other.flat))

    def __repr__(self) -> str:
        return f"Summary({shown(self.data)}, shape={self.shape})"


def number(v: Any) -> float | int | str:
    """A number as JSON can hold it without loss: floats that are finite and ints up to 2**53 as they are, the rest as
    text.

    >>> from fractions import Fraction
    >>> number(0.1), number(float("-inf")), number(Fraction(1, 3))
    (0.1, '-inf', '1/3')
    """
    if type(v) is float:
        return v if v - v == 0 else str(v)
    if isinstance(v, int) and abs(v) <= _LARGEST_EXACT_INT:
        return int(v)
    return shown(v)


def short_number(v: Any, digits: int = 4) -> str:
    """A number in a few characters, for people.

    >>> short_number(1 / 3), short_number(-6.0), short_number(0.99999999), short_number(float("nan"))
    ('0.3333', '−6.0', '1.000', 'NaN')
    """
    if isinstance(v, float) and v - v != 0:
        return "NaN" if v != v else "∞" if v > 0 else "−∞"
    if isinstance(v, float):
        whole = v == int(v) and abs(v) < 10**digits
        text = f"{v:.1f}" if whole else f"{v:.{digits}g}"
        if not whole and not set(text) & set(".e"):
            text = f"{v:#.{digits}g}".rstrip(".")  # rounded to a whole number, which it is not
    else:
        text = f"{v:.{digits}g}" if isinstance(v, complex) else shown(v)
        text = text if len(text) <= 18 else f"{text[:16]}…"
    return text.replace("-", "−")


def _statistics(flat: Sequence[Any]) -> Statistics:
    reals: Sequence[float] = flat if set(map(type, flat)) == {float} else list(map(_real, flat))
    nan = inf = minus_inf = 0
    finite = reals
    if not math.isfinite(_plain_sum(reals)):
        finite = [v for v in reals if v - v == 0]
        nan = sum(v != v for v in reals)
        inf = reals.count(math.inf)
        minus_inf = reals.count(-math.inf)
    zeros = finite.count(0.0)
    if not finite:
        return Statistics(None, None, None, None, zeros, nan, inf, minus_inf)
    low, high = min(finite), max(finite)
    largest = max(-low, high)
    scale = largest if not 1e-140 < largest < 1e140 else 1.0
    if scale in (0.0, 1.0):
        # math.fsum rounds once, so that the last digit does not depend on the version of Python.
        norm, mean = math.sqrt(math.fsum(map(mul, finite, finite))), math.fsum(finite) / len(finite)
    else:
        scaled = [v / scale for v in finite]
        norm, mean = scale * math.sqrt(math.fsum(map(mul, scaled, scaled))), scale * (math.fsum(scaled) / len(scaled))
    return Statistics(low, high, mean, norm, zeros, nan, inf, minus_inf)


def _plain_sum(reals: Sequence[float]) -> float:
    total = sum(reals)
    return total if math.isfinite(total) or not all(map(math.isfinite, reals)) else 0.0


def _real(v: Any) -> float:
    try:
        return abs(v) if isinstance(v, complex) else float(v)
    except OverflowError:
        return math.inf if v > 0 else -math.inf
