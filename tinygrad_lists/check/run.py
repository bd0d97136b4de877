"""`check_grads`: whether the derivatives of a function are right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NoReturn

from ..evaluation import function_of
from ..trees import arguments
from ..value import Value
from .comparison import Comparison, index_text
from .diagnosis import candidates, diagnose, is_witness
from .growth import operations, rational_degree
from .oracles import ORACLES, Oracle
from .problem import RULE_ERRORS, Leaf, Problem, UnableError, directed, random_cotangent
from .report import GradientError, GradientReport, Mismatch
from .rounding import largest_rounding, lost_cotangent, relative_rounding
from .slopes import is_finite

__all__ = ["check_grads"]

#: Fractions of rational functions of a higher degree than this take too long.
_LARGEST_DEGREE = 200
#: Operations on single numbers in a whole check; two or three seconds' worth.
_MOST_OPERATIONS = {"fraction": 1_000_000, "decimal": 6_000_000}


def check_grads(
    f: Callable[..., Any],
    args: Any,
    order: int = 2,
    *,
    oracle: str = "auto",
    projections: int = 2,
    max_coordinates: int = 64,
    seed: int = 0,
) -> GradientReport:
    """Check the derivatives of `f` at `args`, up to `order`, against derivatives that use no rule.

    The output is contracted with random signed numbers (never with ones: many mistakes cancel in a plain sum), and each
    coordinate of the gradient is compared with an oracle; then the gradient, contracted again, with its own gradient;
    and so on. Besides: `f` gives the same twice, the gradient is linear in its cotangent and 0 for a cotangent of 0,
    from order 2 on it can be differentiated for its cotangent too, and nothing changes its inputs.

    Places where the function bends or jumps (relu at 0, equal maxima) have no derivative; they are recognised by
    one-sided differences and counted in the report. Undecided are places where rounding hides what is to be compared:
    where the derivative is so small beside the terms that it comes from (1 - tanh(60)^2), or floats so far apart (sine
    of 10^20, floor of 10^20) that steps are rounded more than the function changes. If no derivative of an order was
    compared, the report says so, and its `ok` is False.

    Args:
        f: returns a Value or a tree of Values.
        args: tuple or list of arguments; anything else, also a list of numbers, is the one argument. Checked are all
            Values, numbers and nested lists in them (also inside dicts, lists and tuples), except ints, which are
            labels or positions, and Values that require no gradient; if nothing else is there, these too.
        oracle: "fraction" (exact), "decimal" (50 digits), "complex", "central", or "auto": the first of them that `f`
            can be evaluated with.
        projections: how many random contractions are tried for each order.
        max_coordinates: up to so many numbers are checked one by one; of more, a sample, and random directions through
            all of them.
        seed: of the random numbers.

    Returns:
        A report of what was compared; print it, or assert its `ok`.

    Raises:
        GradientError: a gradient is wrong. It names the input, the index, both numbers, the oracle, and the suspected
            primitive, whose rule is then wrong by itself. ValueError: `args` or what `f` makes of them is not finite,
            or nothing in `args` can be checked. TypeError, ValueError, OverflowError: `f` cannot be evaluated with the
            oracle that was asked for.

    >>> print(check_grads(lambda x, y: (x * y).exp(), (0.5, [1.0, -2.0])))
    gradients right up to order 2: 12 derivatives compared (decimal), largest relative difference ...
    """
    if oracle not in ("auto", *ORACLES):
        raise ValueError(f"check_grads: oracle {oracle!r:.60} is none of auto, {', '.join(ORACLES)}")
    for name, count in (("order", order), ("projections", projections), ("max_coordinates", max_coordinates)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"check_grads: {name} is an int of at least 1, not {count!r:.60}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"check_grads: seed is an int, not {seed!r:.60}")
    problem = Problem(function_of("check_grads", f), arguments(args))
    if not problem.numbers:
        raise ValueError("check_grads: there is no number to check in the arguments")
    for leaf in problem.variables:
        for i, v in enumerate(leaf.flat):
            if not is_finite(v):
                place = _place(leaf, i)
                raise ValueError(f"check_grads: {place} is {v!r}, where there is no slope; choose other arguments")
    check = _Check(problem, order, Random(seed), projections, max_coordinates)
    check.behaviour()
    notes: list[str] = []
    choices = candidates(problem.kind) if oracle == "auto" else [ORACLES[oracle]]
    for chosen in choices:
        last = chosen is choices[-1]
        try:
            report = check.against(chosen, limited=oracle == "auto")
        except UnableError as error:
            if last:
                raise error.__cause__ or TypeError(f"check_grads: {chosen.name}: {error}") from None
            notes.append(f"{chosen.name}: {str(error)[:100]}")
            continue
        if last or report.comparisons or report.kinks:
            break
        notes.append(f"{chosen.name}: undecided everywhere")
    check.cotangents()
    report.notes += notes
    return report


class _Check:
    """One call of `check_grads`."""

    def __init__(self, problem: Problem, order: int, random: Random, projections: int, max_coordinates: int) -> None:
        self.problem = problem
        self.order = order
        self.random = random
        self.projections = projections
        self.max_coordinates = max_coordinates
        self.before = problem.flats(problem.kind)

    def behaviour(self) -> None:
        """What needs no oracle: determinism, linearity in the cotangent, zero for zero, inputs left alone."""
        problem, kind = self.problem, self.problem.kind
        outs, again = (problem.level(problem.flats(kind), [], 0, kind) for _ in range(2))
        for i, (a, b) in enumerate(zip(outs, again, strict=True)):
            if any(v - v != 0 for v in a._flat()):
                raise ValueError(f"check_grads: output {i} is not finite at these arguments; choose others")
            if a.shape != b.shape or a._flat() != b._flat():
                raise GradientError(f"check_grads: output {i} differs when the function is called a second time")
        one, two = (random_cotangent(outs, self.random, kind) for _ in range(2))
        combined = [o * 3 - t / 4 for o, t in zip(one, two, strict=True)]
        flats = problem.flats(kind)
        first, repeated, second, both, none = (
            self._gradient(flats, seeds) for seeds in (one, one, two, combined, [o * 0 for o in one])
        )
        self._untouched(flats)
        for n, leaf in enumerate(problem.variables):
            scale = max((abs(v) for g in (first, second) for v in g[n]), default=0)
            for i in range(len(leaf.flat)):
                a, b = first[n][i], second[n][i]
                place = _place(leaf, i)
                if a != repeated[n][i] and a == a:
                    raise GradientError(f"check_grads: the gradient for {place} differs when it is computed twice")
                if none[n][i] != 0 and a - a == 0:
                    self._accuse_behaviour(f"is {none[n][i]!r} for a cotangent of 0", place)
                difference = abs(both[n][i] - (3 * a - b / 4))
                if difference > relative_rounding(kind) * scale:
                    weights = directed(problem, n, {i: 1}, kind)
                    bounds = (largest_rounding(problem, flats, [s], kind, weights) for s in (combined, one, two))
                    if difference > 4 * sum(bounds):
                        self._accuse_behaviour("is not linear in the cotangent", place)

    def _gradient(self, flats: Sequence[list[Any]], seeds: Sequence[Value]) -> list[list[Any]]:
        kind = self.problem.kind
        try:
            return [v._flat() for v in self.problem.level(flats, [seeds], 1, kind)]
        except RULE_ERRORS as error:
            self._accuse_error(error, 1)

    def _untouched(self, flats: Sequence[list[Any]]) -> None:
        now = self.problem.flats(self.problem.kind)
        for leaf, before, after, given in zip(self.problem.variables, self.before, flats, now, strict=True):
            if before != after or before != given:
                raise GradientError(f"check_grads: the data of {leaf.label} changed in place while f or a rule ran")

    def cotangents(self) -> None:
        """Gradients that are to be differentiated depend on their cotangents too."""
        for order in range(2, self.order + 1):
            for _ in range(self.projections):
                try:
                    lost = lost_cotangent(self.problem, order, self.random)
                except RULE_ERRORS as error:
                    self._accuse_error(error, order)
                if lost is not None:
                    guilty = diagnose(self.problem, order, self.random)
                    suspect = f"the rule of {guilty.row!r} (vjps): {guilty.text}" if guilty.row else "a hook"
                    raise GradientError(f"check_grads: {lost}\n  suspect {suspect}", suspect=guilty.row)

    def against(self, oracle: Oracle, limited: bool) -> GradientReport:
        """Compare all orders with one oracle. Raises UnableError if the function does not run on its numbers."""
        if limited and oracle.name in _MOST_OPERATIONS:
            self._affordable(oracle)
        report = GradientReport(oracle.name, self.order)
        for order in range(1, self.order + 1):
            for _ in range(self.projections):
                self._compare(oracle, order, report)
        return report

    def _affordable(self, oracle: Oracle) -> None:
        """Raise UnableError where exact numbers would take too long."""
        problem = self.problem
        outs = problem.call(problem.values(problem.flats(problem.kind), requires_grad=True), problem.kind)
        # Numbers far from 1 have more digits, and those of a rational function as many times more as its degree is.
        smallest, largest = problem.span
        longer = 1 + (largest - smallest) / 150
        if oracle.name == "fraction" and (degree := rational_degree(outs)) * longer > _LARGEST_DEGREE:
            raise UnableError(f"as a rational function it has degree {degree}, too high for fractions of such numbers")
        places = min(len(problem.numbers), self.max_coordinates + 4 * len(problem.variables))
        # Seven evaluations a place; a gradient costs about three times its function.
        evaluations = 7 * places * self.projections * sum(3**n for n in range(self.order))
        if (work := operations(outs) * evaluations) * longer > _MOST_OPERATIONS[oracle.name]:
            raise UnableError(f"about {work:,} operations on single numbers would take too long")

    def _compare(self, oracle: Oracle, order: int, report: GradientReport) -> None:
        with oracle.context():
            try:
                comparison = Comparison(self.problem, order, oracle, self.random, report)
            except RULE_ERRORS as error:
                self._accuse_error(error, order)
            for mismatch in comparison.mismatches(self.max_coordinates, self.random):
                self._accuse(mismatch, comparison)
            if self.problem.kind is float and oracle.name in ("fraction", "decimal"):
                for mismatch in comparison.doubtful_floats():
                    self._accuse(mismatch, comparison)

    def _accuse(self, mismatch: Mismatch, comparison: Comparison) -> None:
        """Raise, unless the place proves to be a kink, or the oracle to be wrong about this function."""
        guilty = diagnose(self.problem, mismatch.order, self.random)
        if guilty.row is not None:
            suspect = f"suspect the rule of {guilty.row!r} (vjps), which is wrong by itself: {guilty.text}"
        elif guilty.at_kink:
            comparison.report.kinks += 1
            return
        elif isinstance(mismatch.numerical, tuple):
            comparison.report.notes.append(f"at a kink, not confirmed by any rule: {mismatch}")
            return
        elif mismatch.oracle == "complex" or (
            mismatch.oracle == "central"
            and not is_witness(ORACLES["central"], self.problem, mismatch.order, self.random)
        ):
            comparison.report.undecided += 1
            comparison.report.notes.append(f"{mismatch.oracle} disagrees, not confirmed by any rule: {mismatch}")
            return
        else:
            suspect = (
                "no rule is wrong by itself: suspect the function, which computes with .data or detached Values, or "
                "registers a hook, so that the rules see another function than the oracle"
            )
        raise GradientError(f"check_grads: {mismatch}\n  {suspect}", mismatch, guilty.row)

    def _accuse_error(self, error: BaseException, order: int) -> NoReturn:
        guilty = diagnose(self.problem, order, self.random)
        suspect = f"; suspect the rule of {guilty.row!r} (vjps): {guilty.text}" if guilty.row else ""
        raise GradientError(
            f"check_grads: the gradient of order {order} raises {type(error).__name__}: {error}{suspect}",
            suspect=guilty.row,
        ) from error

    def _accuse_behaviour(self, what: str, place: str) -> NoReturn:
        guilty = diagnose(self.problem, 1, self.random)
        suspect = f"; suspect the rule of {guilty.row!r} (vjps): {guilty.text}" if guilty.row else ""
        raise GradientError(f"check_grads: the gradient for {place} {what}{suspect}", suspect=guilty.row)


def _place(leaf: Leaf, i: int) -> str:
    index = index_text(i, leaf.shape)
    return f"{leaf.label} at {index}" if index else leaf.label
