"""From two tensors and their bounds to a verdict, with the worst element and what the oracle says of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .metrics import measure, same
from .report import Row, Verdict, Worst
from .tensors import Tensor, index_of

__all__ = ["Evidence", "judge"]

#: Which of the positions that lie outside of their bounds another choice at a kink explains.
Explain = Callable[[list[int]], set[int]]

FLOATS = "returned floats where Fractions were given: start sums from the int 0, not from 0.0, to be exact"


@dataclass(frozen=True)
class Evidence:
    """What a tensor is judged by.

    Attributes:
        bound: by how much each element may differ.
        terms: sums of absolute terms; all 0: nothing was tested.
        explain: asked about positions outside of their bounds.
        opinion: the oracle's number at an index.
        exact: the numbers are Fractions; `bound` counts only for floats among them.
    """

    bound: Sequence[float]
    terms: Sequence[float]
    explain: Explain | None = None
    opinion: Callable[[tuple[int, ...]], Any] | None = None
    exact: bool = False


def judge(
    path: str, kind: str, tensor: str, mode: str, handwritten: Tensor, automatic: Tensor, evidence: Evidence
) -> Row:
    """One row of a report, not yet diagnosed."""
    metrics = measure(handwritten, automatic)
    if handwritten.shape != automatic.shape:
        note = f"has shape {handwritten.shape}, expected {automatic.shape}"
        return Row(path, kind, tensor, mode, Verdict.WRONG, metrics, note=note)
    h, a = handwritten.flat, automatic.flat
    tested = 1 - list(evidence.terms).count(0) / len(a) if a else 0.0
    differing = [] if h == a else [i for i, (p, q) in enumerate(zip(h, a, strict=True)) if not same(p, q)]
    floats = evidence.exact and any(isinstance(v, float) for v in h)
    note = FLOATS if floats else ""
    if not differing:
        verdict = Verdict.EXACT if any(evidence.terms) else Verdict.UNTESTED
        note = note or ("" if verdict is Verdict.EXACT else "nothing but zeros: any formula would have passed")
        return Row(path, kind, tensor, mode, verdict, metrics, note=note, tested=tested)
    distances = [_distance(h[i], a[i]) for i in differing]
    forgiven = evidence.bound if floats or not evidence.exact else [0.0] * len(a)
    outside = [i for i, d in zip(differing, distances, strict=True) if not d <= forgiven[i]]
    explained = evidence.explain(outside) if outside and evidence.explain is not None else set()
    wrong = [i for i in outside if i not in explained]
    verdict = Verdict.WRONG if wrong else Verdict.KINK if outside else Verdict.ROUNDING
    suspects = wrong or outside or differing
    position = max(suspects, key=lambda i: _rank(_distance(h[i], a[i])))
    index = index_of(position, automatic.shape)
    opinion = evidence.opinion(index) if evidence.opinion is not None else None
    worst = Worst(index, h[position], a[position], opinion, float(forgiven[position]))
    errors = [0.0] * len(a)
    for i, d in zip(differing, distances, strict=True):
        errors[i] = _rank(d)
    return Row(
        path,
        kind,
        tensor,
        mode,
        verdict,
        metrics,
        worst,
        note=note,
        tested=tested,
        outside=tuple(wrong),
        errors=Tensor(errors, automatic.shape),
        scale=_rank(max(map(abs, a), default=0.0)),
    )


def _distance(p: Any, q: Any) -> Any:
    if isinstance(p, Fraction) or isinstance(q, Fraction):
        if not (math.isfinite(p) and math.isfinite(q)):
            return math.nan
        return abs(Fraction(p) - Fraction(q))
    return abs(p - q)


def _rank(distance: Any) -> float:
    """NaN counts as infinitely far."""
    try:
        value = float(distance)
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(value) else value
