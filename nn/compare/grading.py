"""Marks for homework: so many for each layer, shared by its output, its gradients and its conduct."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .hints import hint
from .kinds import KINDS
from .report import HARMLESS, Row, Verdict
from .runner import Outcome

__all__ = ["MARKS", "Marks", "Test", "check_weights", "grade"]

#: Marks of a layer unless something else is said.
MARKS = 10

CONDUCT = "conduct"


@dataclass(frozen=True)
class Test:
    """One thing that gives marks: all of them, or none."""

    name: str
    score: Fraction
    max_score: Fraction
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether it has its marks."""
        return self.score == self.max_score


@dataclass(frozen=True)
class Marks:
    """The marks of everything that was handed in."""

    tests: tuple[Test, ...]
    printed: tuple[str, ...] = ()

    @property
    def score(self) -> Fraction:
        """Marks that were reached."""
        return sum((test.score for test in self.tests), Fraction(0))

    @property
    def max_score(self) -> Fraction:
        """Marks that can be reached."""
        return sum((test.max_score for test in self.tests), Fraction(0))

    def to_json(self) -> str:
        """JSON for an autograder, in the fields of Gradescope's `results.json`."""
        record: dict[str, Any] = {
            "score": _number(self.score),
            "output": "\n".join(self.printed),
            "output_format": "text",
            "tests": [
                {
                    "name": test.name,
                    "score": _number(test.score),
                    "max_score": _number(test.max_score),
                    "status": "passed" if test.passed else "failed",
                    "output": test.hint,
                    "output_format": "text",
                }
                for test in self.tests
            ],
            "extra_data": {"max_score": _number(self.max_score)},
        }
        return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _number(value: Fraction) -> float | int:
    return int(value) if value == int(value) else round(float(value), 4)


def check_weights(weights: Any) -> dict[str, Fraction]:
    """The marks of each layer, from a JSON object {"conv2d": 30, "MyReLU": 10}; ValueError for anything else.

    >>> check_weights({"conv2d": 2.5})
    {'conv2d': Fraction(5, 2)}
    """
    if not isinstance(weights, dict) or not weights:
        raise ValueError('weights: wanted a JSON object of marks by layer, as {"conv2d": 30, "relu": 10}')
    for name, value in weights.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
            raise ValueError(f"weights: {name!r} has {value!r} marks; wanted a number of at least 0")
    return {name: Fraction(str(value)) for name, value in weights.items()}


def grade(outcomes: Sequence[Outcome], weights: Mapping[str, Fraction] | None = None) -> Marks:
    """Marks for outcomes.

    Args:
        weights: marks by the name of a class or function, or by the kind of layer. What is named there but was not
            handed in gets none of them; what was handed in but is not named is not graded. Left out: 10 for each.

    The marks of a layer are shared equally by its output, each of its gradients, and its conduct: that it changes
    nothing it is given, answers the same twice, and raises nothing.
    """
    if weights is None:
        chosen = [(outcome.name, outcome, Fraction(MARKS)) for outcome in outcomes]
        return Marks(_all_tests(chosen), _printed(outcomes))
    graded: list[tuple[str, Outcome | None, Fraction]] = []
    for key, marks in weights.items():
        found = [outcome for outcome in outcomes if key in (outcome.name, outcome.kind)]
        best = max(found, key=lambda o: sum(t.score for t in _tests(o.name, o, marks)), default=None)
        graded.append((key, best, marks))
    # A file that does not load hands in nothing, and its author must be told why.
    unread = [f"{o.name}, {o.problem.kind}: {o.problem.text}" for o in outcomes if o.problem is not None and not o.kind]
    return Marks(_all_tests(graded, " ".join(["Not handed in.", *unread])), _printed(outcomes))


def _printed(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    return tuple(f"{outcome.name} printed: {outcome.printed}" for outcome in outcomes if outcome.printed)


def _all_tests(graded: Sequence[tuple[str, Outcome | None, Fraction]], absent: str = "") -> tuple[Test, ...]:
    tests: list[Test] = []
    for name, outcome, marks in graded:
        if outcome is None:
            tests.append(Test(name, Fraction(0), marks, absent))
        else:
            tests += _tests(name, outcome, marks)
    return tuple(tests)


def _tests(name: str, outcome: Outcome, marks: Fraction) -> list[Test]:
    if not outcome.report.rows:
        problem = outcome.problem
        text = f"{problem.kind}: {problem.text}" if problem is not None else "Nothing was found."
        return [Test(name, Fraction(0), marks, text)]
    groups = _groups(outcome)
    return [test for group in groups for test in _layer(group, outcome, groups[group], marks / len(groups))]


def _groups(outcome: Outcome) -> dict[str, list[Row]]:
    """Rows by layer: one for a layer with all its settings, one for each layer of a network. Rows of the chain do not
    count: there a wrong layer accuses all that stand before it."""
    groups: dict[str, list[Row]] = {}
    for row in outcome.report.rows:
        if row.mode != "chained":
            title = row.path if outcome.kind not in KINDS else outcome.name
            groups.setdefault(title, []).append(row)
    return groups


def _layer(title: str, outcome: Outcome, rows: Sequence[Row], marks: Fraction) -> list[Test]:
    paths = {row.path for row in rows}
    bad = [r for r in outcome.report.remarks if r.path in paths and r.name not in HARMLESS and r.name != "wrong shape"]
    tensors = list(dict.fromkeys(row.tensor for row in rows))
    share = marks / (len(tensors) + 1)
    tests = []
    for tensor in tensors:
        mine = [row for row in rows if row.tensor == tensor]
        wrong = [row for row in mine if row.verdict is Verdict.WRONG]
        tested = any(row.verdict is not Verdict.UNTESTED for row in mine)
        text = _setting(wrong[0], mine) + hint(wrong[0]) if wrong else "" if tested else "It could not be tested."
        if wrong and wrong[0].metrics is None and bad:
            text = f"There is nothing to judge: see {CONDUCT}."
        tests.append(Test(f"{title}: {_TITLES.get(tensor, tensor)}", share if not text else Fraction(0), share, text))
    text = "\n".join(dict.fromkeys(f"{remark.name}: {remark.sentence}" for remark in bad))
    tests.append(Test(f"{title}: {CONDUCT}", share if not bad else Fraction(0), share, text))
    return tests


def _setting(wrong: Row, rows: Sequence[Row]) -> str:
    """Under which settings a layer is wrong, if it is right under the usual ones: "With stride 2: "."""
    _, _, settings = wrong.path.partition(", ")
    return f"With {settings}: " if settings and wrong.path != rows[0].path else ""


_TITLES = {"activation": "output"}
