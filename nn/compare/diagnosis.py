"""Which mistake it looks like: a wrong tensor compared with what layers with known mistakes would have returned.

A hypothesis is believed only if it fits every element of the tensor on the batch and on the random numbers, to nine
digits. The two have different numbers of samples, and the random ones have no zeros, symmetries or equal numbers, so
that what fits by chance on one does not on the other. What the right tensor itself would nearly fit is not believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

from .automatic import Trace
from .mistakes import Hypothesis, mistakes, right
from .report import Diagnosis
from .symptoms import CLOSE, Case, after_all, before_all
from .tensors import Tensor, index_of

__all__ = ["Case", "diagnose"]

#: Tensors up to this size are kept between the steps of a diagnosis.
_SMALL = 20_000


def diagnose(cases: Sequence[Case]) -> Diagnosis | None:
    """The mistake that explains all cases of one tensor of one layer; None if nothing is suspicious."""
    suspicious = [case for case in cases if case.suspicious]
    if not suspicious:
        return None
    found = before_all(suspicious)
    if found is not None:
        return found
    ordered = sorted(cases, key=lambda case: (not case.suspicious, case.handwritten.size))
    first = ordered[0]
    catalogue = [[_kept(h, first) for h in part] for part in mistakes(first.trace.module, first.tensor)]
    fitting: list[Hypothesis] = []
    for hypotheses in catalogue:
        # What can be said of any tensor is said only if nothing more telling fits.
        fitting = fitting or [hypothesis for hypothesis in hypotheses if _fits(hypothesis, ordered)]
    if fitting:
        best, *others = fitting
        names = tuple(dict.fromkeys(h.name for h in others if h.name != best.name))
        return Diagnosis(best.name, best.sentence, 0.95 if names else 1.0, names)
    every = list(chain(*catalogue))
    return (
        _multiple(ordered, every)
        or _added(ordered)
        or after_all(suspicious)
        or _in_a_part(first, every)
        or Diagnosis("unknown", "It fits none of the known mistakes.", 0.0)
    )


def _kept(hypothesis: Hypothesis, case: Case) -> Hypothesis:
    """The same, but what it gives for one case is worked out once, if it is not too much to keep."""
    if case.right.size > _SMALL:
        return hypothesis
    results: list[Tensor | None] = []

    def make(trace: Trace) -> Tensor | None:
        if trace is not case.trace:
            return hypothesis.make(trace)
        if not results:
            results.append(hypothesis.make(trace))
        return results[0]

    return Hypothesis(hypothesis.name, hypothesis.sentence, make)


def _fits(hypothesis: Hypothesis, cases: Sequence[Case]) -> bool:
    """Whether a layer with this mistake would have returned just that, in every case."""
    return all(case.fits(hypothesis.make(case.trace)) for case in cases)


# -- combinations -----------------------------------------------------------------------------------------------------


def _factor(case: Case, h: Sequence[Any], t: Sequence[Any]) -> float | None:
    """The factor s for which s·t is h, by least squares; None if there is none."""
    norm = math.fsum(float(v) * float(v) for v in t)
    if not norm:
        return None
    s = math.fsum(float(p) * float(q) for p, q in zip(h, t, strict=True)) / norm
    return s if s and all(abs(p - s * q) <= case.tolerance for p, q in zip(h, t, strict=True)) else None


def _same_factor(factors: Sequence[float | None]) -> float | None:
    """The factor, if it is one in all cases."""
    known = [s for s in factors if s is not None]
    if len(known) < len(factors) or max(known) - min(known) > 1e-6 * abs(known[0]):
        return None
    return known[0]


def _multiple(cases: Sequence[Case], hypotheses: Sequence[Hypothesis]) -> Diagnosis | None:
    """A constant factor, on the right tensor or on top of another mistake."""
    tensor = cases[0].tensor
    lonely = all(case.right.size == 1 for case in cases)  # one number is some multiple of any other
    identity = Hypothesis("factor", "", lambda trace: right(trace, tensor))
    for hypothesis in (identity, *(() if lonely else hypotheses)):
        factors: list[float | None] = []
        for case in cases:
            t = hypothesis.make(case.trace)
            fitting = t is not None and t.shape == case.handwritten.shape
            factors.append(_factor(case, case.handwritten.flat, t.flat) if t is not None and fitting else None)
            if factors[-1] is None:
                break
        s = _same_factor(factors)
        if s is None:
            continue
        text, simple = _factor_text(s)
        if hypothesis is identity:
            return Diagnosis("factor", f"It is {text} times the right one.") if simple or not lonely else None
        if simple:
            return Diagnosis(hypothesis.name, f"{hypothesis.sentence} And it is {text} times that.", 0.9)
    return None


def _factor_text(s: float) -> tuple[str, bool]:
    """A number as the fraction or constant that it is, and whether it is one.

    >>> _factor_text(-0.375), _factor_text(1.4426950408889634), _factor_text(0.123456)
    (('-3/8', True), ('1.4427 (1 / log 2)', True), ('0.123456', False))
    """
    ratio = Fraction(s).limit_denominator(32)
    if ratio and abs(float(ratio) - s) <= CLOSE * abs(s):
        return str(ratio), True
    for value, name in ((math.log(2), "log 2"), (math.log(10), "log 10"), (math.pi, "pi"), (math.e, "e")):
        for number, text in ((value, name), (1 / value, f"1 / {name}")):
            if abs(s - number) <= CLOSE * number:
                return f"{s:.6g} ({text})", True
    return f"{s:.6g}", False


def _added(cases: Sequence[Case]) -> Diagnosis | None:
    """The right tensor plus a constant times another one that is at hand."""
    tensor = cases[0].tensor
    others = {"the input": "x", "the output": "y", "the upstream gradient": "g"}
    parameter = tensor.removesuffix(" gradient")
    for name in ("the parameter itself", *others):
        factors: list[float | None] = []
        for case in cases:
            t = case.trace.parameters.get(parameter) if name not in others else getattr(case.trace, others[name])
            if not isinstance(t, Tensor) or t.shape != case.right.shape or case.right.size < 2:
                factors.append(None)
                break
            rest = [h - a for h, a in zip(case.handwritten.flat, case.right.flat, strict=True)]
            factors.append(_factor(case, rest, t.flat))
        s = _same_factor(factors)
        if s is None and len(factors) == len(cases):  # once for each sample of the batch
            s = _same_factor([f and f / case.trace.samples for f, case in zip(factors, cases, strict=True)])
        if s is not None:
            which = "weights added" if name == "the parameter itself" else "something added"
            more = "; weight decay belongs to the optimiser" if which == "weights added" else ""
            return Diagnosis(which, f"It is the right one plus {_factor_text(s)[0]} times {name}{more}.", 0.9)
    return None


def _in_a_part(case: Case, hypotheses: Sequence[Hypothesis]) -> Diagnosis | None:
    """A known mistake in a part of the tensor, the rest right: the part keeps to some indices of an axis."""
    if not 1 < len(case.wrong) < case.right.size or not any(_parts(case)):
        return None
    for hypothesis in hypotheses:
        t = hypothesis.make(case.trace)
        if t is None or t.shape != case.right.shape:
            continue
        if all(abs(case.handwritten.flat[i] - t.flat[i]) <= case.tolerance for i in case.wrong):
            sentence = f"In a part of it: {hypothesis.sentence[0].lower()}{hypothesis.sentence[1:]}"
            return Diagnosis(hypothesis.name, sentence, 0.6)
    return None


def _parts(case: Case) -> Iterator[bool]:
    """For each axis, whether some of its indices have no wrong element."""
    indices = [index_of(i, case.right.shape) for i in case.wrong]
    for axis, size in enumerate(case.right.shape):
        yield len({index[axis] for index in indices}) < size
