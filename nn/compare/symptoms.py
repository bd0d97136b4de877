"""What can be told of a wrong tensor without guessing at the mistake: shape, digits, and where its errors are."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

from ..layers import MaxPool2d
from .automatic import Trace
from .mistakes import right
from .mistakes.tools import permute
from .patterns import where
from .report import Diagnosis, Verdict
from .tensors import Tensor

__all__ = ["CLOSE", "Case", "after_all", "before_all"]

#: How close a hypothesis must come, relative to the tensor's largest number.
CLOSE = 1e-9


@dataclass(frozen=True)
class Case:
    """One tensor of one layer on one batch: what it should be and what came.

    Attributes:
        memory: "adds up", "stale" or "random" where the same numbers gave another answer on a second call; else "".
    """

    tensor: str
    trace: Trace
    handwritten: Tensor
    verdict: Verdict
    memory: str = ""

    @property
    def suspicious(self) -> bool:
        """Whether there is something to explain."""
        return self.verdict in (Verdict.WRONG, Verdict.KINK)

    @cached_property
    def right(self) -> Tensor:
        """The automatic tensor."""
        return right(self.trace, self.tensor)

    @cached_property
    def scale(self) -> float:
        """The largest number on either side."""
        sizes = (abs(v) for t in (self.right, self.handwritten) for v in t.flat)
        return max((float(v) for v in sizes if math.isfinite(v)), default=0.0)

    @cached_property
    def tolerance(self) -> float:
        """How close a hypothesis must come: close, and much closer than the right tensor does."""
        if not self.suspicious or self.handwritten.shape != self.right.shape:
            return CLOSE * self.scale
        pairs = zip(self.handwritten.flat, self.right.flat, strict=True)
        gap = max((float(abs(h - a)) for h, a in pairs if math.isfinite(h) and math.isfinite(a)), default=0.0)
        return max(min(CLOSE * self.scale, 1e-3 * gap), 1e-14 * self.scale)

    @cached_property
    def wrong(self) -> list[int]:
        """Positions that are not right."""
        pairs = enumerate(zip(self.handwritten.flat, self.right.flat, strict=True))
        return [i for i, (h, a) in pairs if not abs(h - a) <= self.tolerance]

    def fits(self, t: Tensor | None) -> bool:
        """Whether `t` is what came."""
        if t is None or t.shape != self.handwritten.shape:
            return False
        return all(abs(p - q) <= self.tolerance for p, q in zip(self.handwritten.flat, t.flat, strict=True))


def before_all(cases: Sequence[Case]) -> Diagnosis | None:
    """What makes looking for a mistake pointless: another shape, numbers that are none, fewer digits."""
    return _shape(cases[0]) or _not_finite(cases) or _few_digits(cases)


def after_all(cases: Sequence[Case]) -> Diagnosis | None:
    """What is left to say when no hypothesis fits."""
    return _memory(cases) or _part_missing(cases) or _one_element(cases) or _wrong_place(cases) or _imprecise(cases)


# -- before -----------------------------------------------------------------------------------------------------------


def _shape(case: Case) -> Diagnosis | None:
    """A wrong shape, and what is in it."""
    wanted, h = case.right, case.handwritten
    if h.shape == wanted.shape:
        return None
    said = f"It has shape {h.shape}, expected {wanted.shape}"
    for axes in permutations(range(len(wanted.shape))) if len(wanted.shape) == len(h.shape) else ():
        if case.fits(permute(wanted, axes)):
            return Diagnosis("transposed", f"{said}: the right numbers, but the axes are in another order.")
    if h.size == 1 < wanted.size and abs(h.flat[0] - sum(wanted.flat)) <= case.tolerance:
        return Diagnosis("summed over the outputs", f"{said}: it is the sum of all.")
    if [n for n in h.shape if n != 1] == [n for n in wanted.shape if n != 1]:
        return Diagnosis("shape", f"{said}: axes of length 1 too many or too few.")
    if h.shape == (case.trace.samples, *wanted.shape):
        return Diagnosis("missing sum over the batch", f"{said}: one for each sample, not summed over the batch.")
    if h.size == wanted.size:
        return Diagnosis("not reshaped", f"{said}: as many numbers in another shape.")
    if len(h.shape) > len(wanted.shape) and h.shape[-len(wanted.shape) :] == wanted.shape:
        return Diagnosis("missing sum over a broadcast axis", f"{said}: an axis is not summed over.")
    return Diagnosis("shape", f"{said}.")


def _not_finite(cases: Sequence[Case]) -> Diagnosis | None:
    for case in cases:
        bad = [v for v in case.handwritten.flat if isinstance(v, float) and not math.isfinite(v)]
        if bad and all(math.isfinite(v) for v in case.right.flat):
            what = "NaN" if any(math.isnan(v) for v in bad) else "infinite"
            sentence = f"{len(bad)} numbers are {what}: a division by 0, a logarithm of 0 or an exp that overflowed."
            return Diagnosis("not finite", sentence)
    return None


def _few_digits(cases: Sequence[Case]) -> Diagnosis | None:
    """Right as far as its digits go."""
    numbers = [v for case in cases for v in case.handwritten.flat if isinstance(v, float) and v]
    if not numbers or not all(_nearly_right(case, 1e-2) for case in cases):
        return None
    for code, name in (("e", "half"), ("f", "single")):
        if all(_survives(v, code) for v in numbers):
            return Diagnosis("precision", f"Its numbers are in {name} precision; both sides are to compute in double.")
    for digits in range(1, 13):
        if all(round(v, digits) == v for v in numbers):
            return Diagnosis("precision", f"Its numbers are rounded to {digits} decimals.")
        if all(float(f"{v:.{digits}g}") == v for v in numbers):
            return Diagnosis("precision", f"Its numbers are rounded to {digits} digits.")
    return None


def _nearly_right(case: Case, share: float) -> bool:
    pairs = zip(case.handwritten.flat, case.right.flat, strict=True)
    return all(abs(h - a) <= share * case.scale for h, a in pairs)


def _survives(v: float, code: str) -> bool:
    try:
        return bool(struct.unpack(code, struct.pack(code, v))[0] == v)
    except OverflowError:
        return False


# -- after ------------------------------------------------------------------------------------------------------------


def _memory(cases: Sequence[Case]) -> Diagnosis | None:
    """The layer remembers: told by calling it again."""
    memories = [case.memory for case in cases if case.memory]
    if not memories:
        return None
    if memories[0] == "adds up":
        return Diagnosis("not reset", "It adds up from call to call: it is not set to zero before a new one.")
    if memories[0] == "random":
        return Diagnosis("random", "It is another at each call with the same numbers: there is something random in it.")
    return Diagnosis("stale", "It is computed from numbers of an earlier pass: a second call gives another answer.")


def _part_missing(cases: Sequence[Case]) -> Diagnosis | None:
    """Zeros where there should be none, in whole rows, channels or the like."""
    if not all(
        case.wrong and all(abs(case.handwritten.flat[i]) <= case.tolerance for i in case.wrong) for case in cases
    ):
        return None
    case = cases[0]
    place = where(case.trace.kind, case.tensor, case.wrong, case.right.shape)
    if not place:
        return None
    return Diagnosis("part missing", f"A part of it is zero, as if it had been left out: {place}.", 0.9)


def _one_element(cases: Sequence[Case]) -> Diagnosis | None:
    for case in cases:
        batch = case.tensor in ("activation", "input gradient")
        size = case.right.size // (case.trace.samples if batch else 1)
        if size < 2 or len({i % size for i in case.wrong}) != 1:
            return None
    return Diagnosis("one element", "A single number is wrong, all others are right.", 0.9)


def _wrong_place(cases: Sequence[Case]) -> Diagnosis | None:
    """Max pooling that hands out the right sum, plane by plane, but to other elements."""
    for case in cases:
        if not isinstance(case.trace.module, MaxPool2d) or case.tensor != "input gradient":
            return None
        size = math.prod(case.right.shape[2:])
        for start in range(0, case.right.size, size):
            h, a = (math.fsum(map(float, t.flat[start : start + size])) for t in (case.handwritten, case.right))
            if abs(h - a) > CLOSE * case.scale * size:
                return None
    return Diagnosis("wrong place", "As much gradient as there should be, but at other elements than the maxima.", 0.8)


def _imprecise(cases: Sequence[Case]) -> Diagnosis | None:
    """Small differences nearly everywhere."""
    for case in cases:
        if not _nearly_right(case, 1e-5) or 2 * len(case.wrong) < case.right.size:
            return None
    largest = max(_relative_gap(case) for case in cases)
    sentence = (
        f"Small differences nearly everywhere, up to {largest:.0e} of its largest number, as of single precision."
    )
    return Diagnosis("precision", sentence, 0.6)


def _relative_gap(case: Case) -> float:
    pairs: Any = zip(case.handwritten.flat, case.right.flat, strict=True)
    return float(max(abs(h - a) for h, a in pairs)) / case.scale
