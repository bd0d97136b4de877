"""check_grads from 10^-30 to 10^30: right rules are never accused, wrong ones never pass as right."""

from __future__ import annotations

import math

import pytest

from tinygrad_lists import GradientError, Value, check_grads
from tinygrad_lists.check.programs import PROGRAMS, call
from tinygrad_lists.check.wrong_rules import WrongRule, planted
from tinygrad_lists.primitives import PRIMITIVES

UNARY = [name for name, (_, args) in PROGRAMS.items() if name in PRIMITIVES and args == PROGRAMS["exp"][1]]
UNARY += ["neg", "abs", "relu"]

#: Compositions, for which also the sizes of the numbers in between matter.
COMPOSED = {
    "1/x": lambda x: 1 / x,
    "x*x": lambda x: x * x,
    "x**2.5": lambda x: x**2.5,
    "x**-1.5": lambda x: x**-1.5,
    "gelu": lambda x: x.gelu(),
    "silu": lambda x: x.silu(),
    "elu": lambda x: x.elu(),
    "softsign": lambda x: x / (1 + abs(x)),
}
#: Of three numbers.
REDUCED = {
    "softmax": lambda x: x.softmax(),
    "log_softmax": lambda x: x.log_softmax(),
    "logsumexp": lambda x: x.logsumexp(),
    "std": lambda x: x.std(),
    "var": lambda x: x.var(),
    "prod": lambda x: x.prod(),
    "max": lambda x: x.max(),
}

#: Ways to be evaluated: on exact numbers where possible; with a float constant, which leaves complex or central; and
#: by central differences alone.
WAYS = {
    "exact": (lambda f: f, "auto"),
    "floats": (lambda f: lambda x: f(x) * 0.7, "auto"),
    "central": (lambda f: f, "central"),
}

WRONG = {
    "sign": lambda g, right: -right,
    "factor two": lambda g, right: right * 2,
    "factor 1 + 1e-6": lambda g, right: right + right / 10**6,
    "0.001 more": lambda g, right: right + g / 1000,
    "nothing": lambda g, right: g * 0,
    "straight through": lambda g, right: g,
}


def _magnitudes(step, shift):
    return [s * 1.37 * 10.0**k for k in range(-30 + shift, 31, step) for s in (1, -1)]


def _passes(f, x, oracle, order=2):
    try:
        return check_grads(f, (x,), order=order, projections=1, oracle=oracle)
    except ValueError as error:
        assert "is not finite at these arguments" in str(error)
        return None


def _right(names, step, shift):
    told = 0
    for name in names:
        for make, oracle in WAYS.values():
            f = make(COMPOSED.get(name) or REDUCED.get(name) or (lambda x, name=name: call(name, x)))
            for x in _magnitudes(step, shift):
                try:
                    report = _passes(f, [x, 0.31 * x, -0.8 * x] if name in REDUCED else x, oracle)
                except GradientError as error:
                    pytest.fail(f"{name} accused at {x}: {error}")
                told += report is not None and report.ok
    return told


def _wrong(names, step, shift):
    """Every wrong gradient is caught unless the report says that nothing could be compared."""
    caught = 0
    for name in names:
        right = PRIMITIVES[name].vjp
        for way, (make, oracle) in WAYS.items():
            f = make(lambda x, name=name: call(name, x))
            for mistake, change in WRONG.items():
                rule = WrongRule(name, mistake, lambda g, out, x, c=change, right=right: (c(g, right(g, out, x)[0]),))
                for at in _magnitudes(step, shift):
                    if not _visible(name, change, at, way):
                        continue
                    with planted(rule):
                        try:
                            report = check_grads(f, (at,), order=1, projections=1, oracle=oracle)
                        except GradientError:
                            caught += 1
                            continue
                    assert not report.ok, f"{name} with {mistake} passes at {at} ({way}): {report}"
    return caught


def _visible(name, change, at, way):
    """Whether a rule makes a difference that floats can show."""
    x = Value(at)
    out = call(name, x)
    out.backward()
    right, wrong = x.grad, change(1.0, x.grad)
    if not all(map(math.isfinite, (out.data, right, wrong))) or right == wrong:
        return False
    if way == "exact":
        return True
    if name == "floor" and abs(at) > 1e13:
        return False  # all floats are whole, or nearly: floor is the identity among them
    # Relative to the derivative itself, and as a change of the function beside its value. Central differences of a
    # sine of 10^8 have an error of 10^-4, as steps beside it are rounded to 10^-8.
    difference, size = abs(right - wrong), max(abs(right), abs(wrong))
    fine = 5e-7 if way == "floats" else 1e-5 if abs(at) < 1e5 else 1e-3
    return difference > fine * size and max(size * abs(at), size) > 1e-5 * abs(out.data)


def test_right_rules_are_not_accused_at_any_magnitude():
    assert _right([*UNARY, *COMPOSED, *REDUCED], 20, 9) > 200


def test_wrong_rules_do_not_pass_at_any_magnitude():
    assert _wrong(UNARY, 18, 4) > 500


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 1])
def test_right_rules_are_not_accused_at_all_magnitudes(shift):
    assert _right([*UNARY, *COMPOSED, *REDUCED], 2, shift) > 4000


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 1])
def test_wrong_rules_do_not_pass_at_all_magnitudes(shift):
    assert _wrong(UNARY, 2, shift) > 8000


@pytest.mark.parametrize("x", [1e-3, 1e-4, 1e-6, 1e-12, 1e-18, 1e-30, 1e-300])
def test_steps_are_small_beside_small_numbers(x):
    for f in (lambda x: x.log(), lambda x: 1 / x, lambda x: x.sqrt(), abs, lambda x: x.relu()):
        report = check_grads(f, (x,))
        assert (report.ok, report.kinks, report.undecided) == (True, 0, 0)


@pytest.mark.parametrize("x", [1e-6, 1e-18, 1e-30])
def test_complex_steps_are_too(x):
    for f in (lambda x: x.log() * 1.5, lambda x: 1.5 / x, lambda x: x.sqrt() * 1.5):
        report = check_grads(f, (x,))
        assert (report.oracle, report.ok, report.undecided) == ("complex", True, 0)


def test_one_small_number_among_others():
    for f in (lambda x: x.std(), lambda x: x.exp().sum(), lambda x: (x * x).sum()):
        assert check_grads(f, ([-3.1e-5, -5.4e-5, 5.9e-5],)).ok
        assert check_grads(f, ([1.0, 1e-30, -2.0],)).ok
