"""How far two tensors are apart: what a report says of each pair."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Metrics"]


@dataclass(frozen=True)
class Metrics:
    """What can be said of two tensors without judging them. Differences are handwritten minus automatic.

    Numbers that need equal shapes are None where the shapes differ; those that need finite numbers look at the
    positions where both are finite.

    Attributes:
        handwritten_shape, automatic_shape: strict, no broadcasting: (10,) is not (1, 10).
        max_abs: largest ``|h - a|``.
        max_rel: largest ``|h - a| / max(|h|, |a|)``, at most 2.
        rel_l2: ``‖h - a‖ / ‖a‖``; infinite where a is all zeros and h is not.
        cosine: ``<h, a> / (‖h‖ ‖a‖)``: 1 for the same direction, -1 for the opposite; None if one is all zeros.
        norm_ratio: ``‖h‖ / ‖a‖``; None if a is all zeros.
        max_ulp, median_ulp: how many floats lie between the two, over the elements that differ; None for Fractions.
        handwritten_nan, automatic_nan, handwritten_inf, automatic_inf: how many.
        share_equal: share of elements equal to the bit (0.0 and -0.0 differ).
    """

    handwritten_shape: tuple[int, ...]
    automatic_shape: tuple[int, ...]
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
