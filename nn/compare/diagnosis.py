"""Which mistake it looks like: a wrong tensor compared with what layers with known mistakes would have returned.

A hypothesis is believed only if it fits every element of the tensor on the batch and on the random numbers, to nine
digits. The two have different numbers of samples, and the random ones have no zeros, symmetries or equal numbers, so
that what fits by chance on one does not on the other.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, permutations
from typing import Any

from .automatic import Trace
from .mistakes import Hypothesis, mistakes, right
from .mistakes.tools import permute
from .report import Diagnosis, Verdict
from .tensors import Tensor, index_of

__all__ = ["Case", "diagnose"]

#: How close a hypothesis must come, relative to the tensor's largest number.
CLOSE = 1e-9


@dataclass(frozen=True)
class Case:
    """One wrong, or right, tensor: what it should be and what came."""

    trace: Trace
    handwritten: Tensor
    verdict: Verdict

    @property
    def suspicious(self) -> bool:
        """Whether there is something to explain."""
        return self.verdict in (Verdict.WRONG, Verdict.KINK)


def diagnose(tensor: str, cases: Sequence[Case]) -> Diagnosis | None:
    """The mistake that explains all cases of one tensor of one layer; None if nothing is suspicious."""
    suspicious = [case for case in cases if case.suspicious]
    if not suspicious:
        return None
    ordered = sorted(cases, key=lambda case: (not case.suspicious, case.handwritten.size))
    special = _shapes(tensor, suspicious) or _not_finite(tensor, suspicious) or _imprecise(tensor, suspicious)
    if special is not None:
        return special
    found: list[Hypothesis] = []
    for hypotheses in mistakes(ordered[0].trace.module, tensor):
        # What can be said of any tensor is said only if nothing more telling fits.
        found = found or [hypothesis for hypothesis in hypotheses if _fits(hypothesis, ordered)]
    if found:
        others = dict.fromkeys(h.name for h in found if h.name != found[0].name)
        return Diagnosis(found[0].name, found[0].sentence, 1.0 if not others else 0.95, tuple(others))
    return _scaled(tensor, ordered) or _mixed(tensor, ordered) or Diagnosis("unknown", _UNKNOWN, 0.0)


_UNKNOWN = "It fits none of the known mistakes."


def _close(h: Sequence[Any], t: Sequence[Any]) -> bool:
    tolerance = CLOSE * max(map(abs, t), default=0)
    return all(abs(p - q) <= tolerance for p, q in zip(h, t, strict=True))


def _fits(hypothesis: Hypothesis, cases: Sequence[Case]) -> bool:
    """Whether a layer with this mistake would have returned just that, in every case."""
    for case in cases:
        t = hypothesis.make(case.trace)
        if t is None or t.shape != case.handwritten.shape or not _close(case.handwritten.flat, t.flat):
            return False
    return True


# -- what is told before any hypothesis -------------------------------------------------------------------------------


def _shapes(tensor: str, cases: Sequence[Case]) -> Diagnosis | None:
    """A wrong shape, and what is in it."""
    case = cases[0]
    wanted = right(case.trace, tensor)
    h = case.handwritten
    if h.shape == wanted.shape:
        return None
    said = f"It has shape {h.shape}, expected {wanted.shape}"
    for axes in permutations(range(len(wanted.shape))) if len(wanted.shape) == len(h.shape) else ():
        turned = permute(wanted, axes)
        if turned.shape == h.shape and _close(h.flat, turned.flat):
            return Diagnosis("transposed", f"{said}: the right numbers, but the axes are in another order.")
    if tuple(n for n in h.shape if n != 1) == tuple(n for n in wanted.shape if n != 1):
        return Diagnosis("shape", f"{said}: axes of length 1 too many or too few.")
    if h.shape == (case.trace.samples, *wanted.shape):
        return Diagnosis("missing sum over the batch", f"{said}: one for each sample, not summed over the batch.")
    if h.size == wanted.size:
        return Diagnosis("not reshaped", f"{said}: as many numbers in another shape.")
    if len(h.shape) > len(wanted.shape) and h.shape[-len(wanted.shape) :] == wanted.shape:
        return Diagnosis("missing sum over a broadcast axis", f"{said}: an axis is not summed over.")
    return Diagnosis("shape", f"{said}.")


def _not_finite(tensor: str, cases: Sequence[Case]) -> Diagnosis | None:
    for case in cases:
        bad = [v for v in case.handwritten.flat if isinstance(v, float) and not math.isfinite(v)]
        if bad and all(math.isfinite(v) for v in right(case.trace, tensor).flat):
            what = "NaN" if any(math.isnan(v) for v in bad) else "infinite"
            sentence = f"{len(bad)} numbers are {what}: a division by 0, a logarithm of 0 or an exp that overflowed."
            return Diagnosis("not finite", sentence)
    return None


def _imprecise(tensor: str, cases: Sequence[Case]) -> Diagnosis | None:
    """Right but for the last digits: computed in single precision, or rounded."""
    for case in cases:
        wanted = right(case.trace, tensor).flat
        largest = max(map(abs, wanted), default=0)
        if not all(abs(h - a) <= 1e-2 * largest for h, a in zip(case.handwritten.flat, wanted, strict=True)):
            return None
    numbers = [v for case in cases for v in case.handwritten.flat if isinstance(v, float)]
    if not numbers:
        return None
    for code, name in (("e", "half"), ("f", "single")):
        if all(_survives(v, code) for v in numbers):
            return Diagnosis("precision", f"Its numbers are in {name} precision; both sides are to compute in double.")
    for digits in range(1, 13):
        if all(round(v, digits) == v for v in numbers):
            return Diagnosis("precision", f"Its numbers are rounded to {digits} decimals.")
    return None


def _survives(v: float, code: str) -> bool:
    try:
        return bool(struct.unpack(code, struct.pack(code, v))[0] == v)
    except OverflowError:
        return False


# -- combinations -----------------------------------------------------------------------------------------------------


def _scale(h: Sequence[Any], t: Sequence[Any]) -> float | None:
    """The factor s for which s·t is h, by least squares; None if there is none."""
    norm = math.fsum(float(v) * float(v) for v in t)
    if not norm:
        return None
    s = math.fsum(float(p) * float(q) for p, q in zip(h, t, strict=True)) / norm
    tolerance = CLOSE * max(abs(s) * max(map(abs, t)), 1e-300)
    return s if all(abs(p - s * q) <= tolerance for p, q in zip(h, t, strict=True)) else None


def _scaled(tensor: str, cases: Sequence[Case]) -> Diagnosis | None:
    """A constant factor, on the right tensor or on top of another mistake."""
    identity = Hypothesis("factor", "It is", lambda trace: right(trace, tensor))
    for hypothesis in chain([identity], *mistakes(cases[0].trace.module, tensor)):
        factors = []
        for case in cases:
            t = hypothesis.make(case.trace)
            s = None if t is None or t.shape != case.handwritten.shape else _scale(case.handwritten.flat, t.flat)
            if s is None or not s:
                break
            factors.append(s)
        else:
            if max(factors) - min(factors) > CLOSE * abs(factors[0]):
                continue
            text = _factor_text(factors[0])
            if hypothesis is identity:
                return Diagnosis("factor", f"It is {text} times the right one.", 1.0)
            return Diagnosis(hypothesis.name, f"{hypothesis.sentence} And it is {text} times that.", 0.9)
    return None


def _factor_text(s: float) -> str:
    """A number as the fraction or constant that it is.

    >>> _factor_text(-0.375), _factor_text(1.4426950408889634), _factor_text(0.123456)
    ('-3/8', '1.4427 (1 / log 2)', '0.123456')
    """
    ratio = Fraction(s).limit_denominator(1000)
    if abs(float(ratio) - s) <= 1e-9 * abs(s):
        return str(ratio)
    for value, name in ((math.log(2), "log 2"), (math.log(10), "log 10"), (math.pi, "pi"), (math.e, "e")):
        for number, text in ((value, name), (1 / value, f"1 / {name}")):
            if abs(s - number) <= 1e-9 * number:
                return f"{s:.6g} ({text})"
    return f"{s:.6g}"


def _mixed(tensor: str, cases: Sequence[Case]) -> Diagnosis | None:
    """A known mistake in a part of the tensor, the rest right: the parts are the indices along one axis."""
    case = cases[0]
    wanted = right(case.trace, tensor)
    if wanted.shape != case.handwritten.shape or not wanted.shape:
        return None
    tolerance = CLOSE * max(map(abs, wanted.flat), default=0)
    wrong = [
        i
        for i, (h, a) in enumerate(zip(case.handwritten.flat, wanted.flat, strict=True))
        if not abs(h - a) <= tolerance
    ]
    if not wrong or len(wrong) == wanted.size:
        return None
    part = next(_parts(wrong, wanted.shape), None)
    if part is None:
        return None
    for hypothesis in chain(*mistakes(case.trace.module, tensor)):
        t = hypothesis.make(case.trace)
        if t is None or t.shape != wanted.shape:
            continue
        limit = CLOSE * max(map(abs, t.flat), default=0)
        if all(abs(case.handwritten.flat[i] - t.flat[i]) <= limit for i in wrong):
            sentence = f"In a part of it: {hypothesis.sentence[0].lower()}{hypothesis.sentence[1:]}"
            return Diagnosis(hypothesis.name, sentence, 0.6)
    return None


def _parts(wrong: Sequence[int], shape: tuple[int, ...]) -> Iterator[tuple[int, list[int]]]:
    """Axes of which some indices have no wrong element."""
    indices = [index_of(i, shape) for i in wrong]
    for axis, size in enumerate(shape):
        used = sorted({index[axis] for index in indices})
        if len(used) < size:
            yield axis, used
