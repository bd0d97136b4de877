"""How far two tensors are apart: what a report says of each pair."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from statistics import median
from typing import Any

from .tensors import Shape, Tensor

__all__ = ["Metrics", "measure", "same", "ulps_between"]


@dataclass(frozen=True)
class Metrics:
    """What can be said of two tensors without judging them. Differences are handwritten minus automatic.

    Numbers that need equal shapes are None where the shapes differ; those that need finite numbers look at the
    positions where both are finite.

    Attributes:
        handwritten_shape, automatic_shape: strict, no broadcasting: (10,) is not (1, 10).
        max_abs: largest ``|h - a|``.
        max_rel: largest ``|h - a| / max(|h|, |a|)``; 2 where the signs are opposite.
        rel_l2: ``‖h - a‖ / ‖a‖``; infinite where a is all zeros and h is not.
        cosine: ``<h, a> / (‖h‖ ‖a‖)``: 1 for the same direction, -1 for the opposite; None if one is all zeros.
        norm_ratio: ``‖h‖ / ‖a‖``; None if a is all zeros.
        max_ulp, median_ulp: how many steps from float to float lie between the two, over the elements that differ;
            None for Fractions.
        handwritten_nan, automatic_nan, handwritten_inf, automatic_inf: how many.
        share_equal: share of elements equal to the bit (0.0 and -0.0 differ).
    """

    handwritten_shape: Shape
    automatic_shape: Shape
    max_abs: float | None = None
    max_rel: float | None = None
    rel_l2: float | None = None
    cosine: float | None = None
    norm_ratio: float | None = None
    max_ulp: int | None = None
    median_ulp: float | None = None
    handwritten_nan: int = 0
    automatic_nan: int = 0
    handwritten_inf: int = 0
    automatic_inf: int = 0
    share_equal: float | None = None


def measure(handwritten: Tensor, automatic: Tensor) -> Metrics:
    """All metrics of two tensors.

    >>> m = measure(Tensor([2.0, 4.0], (2,)), Tensor([1.0, 2.0], (2,)))
    >>> m.max_abs, m.max_rel, m.rel_l2, m.norm_ratio, m.max_ulp == 2**52, m.share_equal
    (2.0, 0.5, 1.0, 2.0, True, 0.0)
    """
    h, a = handwritten.flat, automatic.flat
    counts = {
        "handwritten_nan": _count(math.isnan, h),
        "automatic_nan": _count(math.isnan, a),
        "handwritten_inf": _count(math.isinf, h),
        "automatic_inf": _count(math.isinf, a),
    }
    if handwritten.shape != automatic.shape:
        return Metrics(handwritten.shape, automatic.shape, **counts)
    floats = _all_floats(h) and _all_floats(a)
    shares = _differing(h, a, floats)
    share = 1 - len(shares) / len(h) if h else 1.0
    if any(counts.values()):
        finite = [i for i, (p, q) in enumerate(zip(h, a, strict=True)) if math.isfinite(p) and math.isfinite(q)]
        h, a = [h[i] for i in finite], [a[i] for i in finite]
        shares = _differing(h, a, floats)
    pairs = [(h[i], a[i]) for i in shares]
    differences = [abs(p - q) for p, q in pairs]
    steps = [ulps_between(p, q) for p, q in pairs] if floats else []
    p, q = (h, a) if floats else (list(map(_float, h)), list(map(_float, a)))
    norm, other = _norm(q), _norm(p)
    return Metrics(
        handwritten.shape,
        automatic.shape,
        max_abs=_float(max(differences, default=0.0)),
        max_rel=max((_ratio(d, x, y) for d, (x, y) in zip(differences, pairs, strict=True)), default=0.0),
        rel_l2=_relative(_norm([_float(d) for d in differences]), norm),
        cosine=_cosine(p, q, other, norm),
        norm_ratio=other / norm if norm else None,
        max_ulp=max(steps, default=0) if floats else None,
        median_ulp=float(median(steps)) if steps else 0.0 if floats else None,
        share_equal=share,
        **counts,
    )


def same(p: Any, q: Any) -> bool:
    """Equal as numbers; NaN equals NaN.

    >>> same(0.0, -0.0), same(float("nan"), float("nan")), same(1.0, 1.0 + 2**-52)
    (True, True, False)
    """
    return bool(p == q) or (p != p and q != q)


def ulps_between(p: float, q: float) -> int:
    """How many steps to the next float lead from p to q; both finite.

    >>> ulps_between(1.0, 1.0 + 2**-52), ulps_between(-5e-324, 5e-324), ulps_between(0.0, -0.0)
    (1, 2, 0)
    """
    return abs(_ordinal(p) - _ordinal(q))


def _ordinal(x: float) -> int:
    """The bits of a float as an int that counts floats from 0.0 on: neighbours are neighbours."""
    (bits,) = array("q", array("d", [x]).tobytes())
    return bits if bits >= 0 else -(bits + 2**63)


def _differing(h: Sequence[Any], a: Sequence[Any], floats: bool) -> list[int]:
    """Positions that are not equal to the bit."""
    if not floats:
        return [i for i, (p, q) in enumerate(zip(h, a, strict=True)) if p != q]
    left, right = array("d", h).tobytes(), array("d", a).tobytes()
    if left == right:  # one comparison in C for the most frequent case
        return []
    pairs = enumerate(zip(array("q", left), array("q", right), strict=True))
    return [i for i, (p, q) in pairs if p != q]


def _all_floats(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {float}


def _count(test: Any, values: Sequence[Any]) -> int:
    if not _all_floats(values):
        values = [v for v in values if isinstance(v, float)]
    return sum(map(test, values))


def _float(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:  # a Fraction beyond all floats
        return math.inf


def _norm(values: Sequence[float]) -> float:
    return math.hypot(*values)  # scales by itself: no overflow in the squares


def _ratio(difference: Any, p: Any, q: Any) -> float:
    largest = max(abs(p), abs(q))
    return _float(difference / largest) if largest else 0.0


def _relative(distance: float, norm: float) -> float:
    return distance / norm if norm else (math.inf if distance else 0.0)


def _cosine(p: Sequence[float], q: Sequence[float], p_norm: float, q_norm: float) -> float | None:
    if not (0 < p_norm < math.inf and 0 < q_norm < math.inf):
        return None
    if p_norm > 1e150 or q_norm > 1e150 or min(p_norm, q_norm) < 1e-150:
        p, q = [v / p_norm for v in p], [v / q_norm for v in q]
        p_norm = q_norm = 1.0
    product: float = sum(map(mul, p, q)) / p_norm / q_norm
    return max(-1.0, min(1.0, product))
