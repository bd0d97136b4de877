"""Comparing derivatives of one order with what an oracle says, place by place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from ..value import Value
from .oracles import ORACLES, Oracle
from .problem import Direction, Problem, directed, random_cotangent
from .report import GradientReport, Mismatch
from .rounding import largest_rounding
from .slopes import Scale, Slope, exponent, is_finite

__all__ = ["Comparison", "index_text"]


class Comparison:
    """The derivatives of one order of a problem, along one random projection.

    Level 0 of a problem is the function, level n its n-th gradient, each contracted with random `seeds`. This compares
    level `order` with the derivative of level ``order - 1``.
    """

    def __init__(self, problem: Problem, order: int, oracle: Oracle, random: Random, report: GradientReport) -> None:
        self.problem = problem
        self.order = order
        self.oracle = oracle
        self.convert = complex if oracle.name == "central" and problem.kind is complex else oracle.convert
        self.report = report
        outs = problem.level(problem.flats(problem.kind), [], 0, problem.kind)
        state = random.getstate()
        self.seeds = self._seeds(outs, random, self.convert)
        random.setstate(state)
        self.plain_seeds = self._seeds(outs, random, problem.kind)  # the same numbers, in the kind of the problem
        self.flats = problem.flats(self.convert)
        self.value = problem.projected(self.flats, self.seeds, order - 1, self.convert)
        if oracle.name == "complex":
            plain = problem.level(problem.flats(float), self.plain_seeds, order, float)
        else:
            plain = problem.level(self.flats, self.seeds, order, self.convert)
        self.automatic = [v._flat() for v in plain]
        largest = max((abs(a) for flat in self.automatic for a in flat), default=0)
        self._known_noise: float | None = None
        self.scale = as_float(max(largest, abs(self.value)))

    def _seeds(self, outs: Sequence[Value], random: Random, convert: Any) -> list[list[Value]]:
        levels: list[Any] = [outs] + [self.problem.variables] * (self.order - 1)
        return [random_cotangent(level, random, convert) for level in levels]

    def mismatches(self, max_coordinates: int, random: Random, strict: bool = False) -> Iterator[Mismatch]:
        """Every place that was looked at and found wrong; if `strict`, also what is outside of the slopes at a kink."""
        for n, leaf in enumerate(self.problem.variables):
            for direction in _directions(len(leaf.flat), len(self.problem.numbers), max_coordinates, random):
                slope = self.slope(n, direction)
                automatic = self.along(n, direction)
                if not self.right(automatic, slope, strict) and not self.rounded(n, direction, automatic, slope):
                    yield self.located(n, direction, strict)

    def along(self, n: int, direction: Direction) -> Any:
        """Automatic derivative along a direction in variable `n`."""
        convert = float if self.oracle.name == "complex" else self.convert
        terms = [self.automatic[n][i] * convert(v) for i, v in direction.items()]
        return sum(terms[1:], terms[0])

    def slope(self, n: int, direction: Direction, oracle: Oracle | None = None) -> Slope:
        """Numerical derivative along a direction in variable `n`."""
        oracle = oracle or self.oracle
        plain = oracle is not self.oracle
        convert = self.problem.kind if plain else self.convert
        seeds = self.plain_seeds if plain else self.seeds
        flats = self.problem.flats(convert) if plain else self.flats
        steps = {i: convert(v) for i, v in direction.items()}

        def phi(t: Any) -> Any:
            moved = list(flats)
            moved[n] = list(flats[n])
            for i, step in steps.items():
                moved[n][i] = flats[n][i] + t * step
            return self.problem.projected(moved, seeds, self.order - 1, convert)

        smallest, largest = self.problem.span
        powers = [exponent(v) for i in direction if (v := self.problem.variables[n].flat[i])] or [smallest]
        noise = self._noise() if oracle.name == "central" else 0.0
        return oracle.slope(phi, Scale(max(powers), min(0, *powers), smallest, largest, noise))

    def _noise(self) -> float:
        """How far rounding may have moved a value of the function that central differences are taken of."""
        if self._known_noise is None:
            kind = self.problem.kind
            self._known_noise = float(self._value_rounding(kind, self.problem.flats(kind), self.plain_seeds))
        return self._known_noise

    def _value_rounding(self, convert: Any, flats: Any, seeds: Any) -> Any:
        return largest_rounding(self.problem, flats, seeds[:-1], convert, seeds[-1])

    def right(self, automatic: Any, slope: Slope, strict: bool = False, oracle: Oracle | None = None) -> bool:
        """Whether the two agree, as far as the oracle can tell; counts it in the report."""
        oracle = oracle or self.oracle
        report = self.report
        if slope.sides is not None:
            report.kinks += 1
            return (is_finite(automatic) and not strict) or _between(automatic, *slope.sides)
        numerical = slope.value
        if numerical is None or not is_finite(numerical):
            report.undecided += 1
            return True
        error = 20 * abs(slope.error)
        size = max(abs(automatic), abs(numerical)) if is_finite(automatic) else abs(numerical)
        if oracle.name == "central" and error > 1e-3 * size + 1e-6 * self.scale:
            report.undecided += 1
            return True
        if not is_finite(automatic):
            return False
        difference = abs(automatic - numerical)
        if difference > oracle.tolerance * size + error:
            return False
        if difference > size / 1000:
            report.undecided += 1  # both are too small beside the others, or beside the value, to be told apart
            return True
        report.compared[self.order] = report.compared.get(self.order, 0) + 1
        report.worst = max(report.worst, float(difference / size) if size else 0.0)
        return True

    def rounded(self, n: int, direction: Direction, automatic: Any, slope: Slope, plain: bool = False) -> bool:
        """Whether rounding may explain that the automatic derivative differs; then counts it as undecided."""
        if slope.value is None or slope.sides is not None or not is_finite(automatic):
            return False
        convert: Any = self.problem.kind
        if plain or self.oracle.name == "complex":
            flats, seeds = self.problem.flats(convert), self.plain_seeds
        else:
            convert, flats, seeds = self.convert, self.flats, self.seeds
        bound = largest_rounding(self.problem, flats, seeds, convert, directed(self.problem, n, direction, convert))
        if slope.magnified:
            bound += self._value_rounding(convert, flats, seeds) * slope.magnified
        if not abs(automatic - slope.value) <= bound:
            return False
        self.report.undecided += 1
        return True

    def located(self, n: int, direction: Direction, strict: bool) -> Mismatch:
        """The mismatch at one index, found by halving the direction."""
        indices = list(direction)
        while len(indices) > 1:
            half = indices[: len(indices) // 2]
            part = {i: direction[i] for i in half}
            wrong = not self.right(self.along(n, part), self.slope(n, part), strict)
            indices = half if wrong else indices[len(half) :]
        unit = {indices[0]: 1.0}
        slope = self.slope(n, unit)
        leaf = self.problem.variables[n]
        return Mismatch(
            leaf.label,
            index_text(indices[0], leaf.shape),
            self.order,
            self.along(n, unit),
            slope.value if slope.sides is None else slope.sides,
            self.oracle.name,
            slope.error,
        )

    def doubtful_floats(self) -> Iterator[Mismatch]:
        """Where the derivative on the caller's own numbers differs from that on exact ones, and central differences
        take the side of the exact."""
        central = ORACLES["central"]
        plain = self.problem.level(self.problem.flats(float), self.plain_seeds, self.order, float)
        for n, (rough, exact) in enumerate(zip(plain, self.automatic, strict=True)):
            for i, (a, b) in enumerate(zip(rough._flat(), exact, strict=True)):
                near = as_float(b)
                if a == near or abs(a - near) <= 1e-6 * abs(near) + 1e-9 * self.scale:
                    continue
                slope = self.slope(n, {i: 1.0}, central)
                if not self.right(a, slope, oracle=central) and not self.rounded(n, {i: 1.0}, a, slope, plain=True):
                    leaf = self.problem.variables[n]
                    yield Mismatch(
                        leaf.label, index_text(i, leaf.shape), self.order, a, slope.value, "central", slope.error
                    )


def _between(automatic: Any, left: Any, right: Any) -> bool:
    """Whether a number lies between the one-sided derivatives; where one is infinite (a jump) anything does."""
    if isinstance(left, complex) or isinstance(right, complex) or math.inf in (left, right):
        return True
    margin = (abs(left) + abs(right)) / 10**5
    return bool(min(left, right) - margin <= automatic <= max(left, right) + margin)


def as_float(x: Any) -> float:
    """A real number as a float, infinite where it is too large for one.

    >>> from fractions import Fraction
    >>> as_float(-Fraction(10) ** 400)
    -inf
    """
    try:
        return float(x)
    except OverflowError:
        return -math.inf if x < 0 else math.inf


def _directions(size: int, total: int, limit: int, random: Random) -> Iterator[Direction]:
    """Along each coordinate while there are few; else along some, and along random signed directions through all."""
    share = min(size, max(2, limit * size // total))
    chosen = range(size) if total <= limit else sorted(random.sample(range(size), share))
    for i in chosen:
        yield {i: 1.0}
    if len(chosen) < size:
        for _ in range(4):
            yield {i: random.choice((-1, 1)) * random.randrange(32, 128) / 64 for i in range(size)}


def index_text(i: int, shape: Sequence[int]) -> str:
    """Index, as ``[2][0]``, of the i-th element in row-major order.

    >>> index_text(5, (2, 3))
    '[1][2]'
    """
    index: list[int] = []
    for size in reversed(shape):
        index.append(i % size)
        i //= size
    return "".join(f"[{j}]" for j in reversed(index))
