"""check_grads: the catalogue of wrong rules is caught and named, right rules are not accused, oracles and edges."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_arrays import draws
from op_table import ROWS, Row

from tinygrad_lists import GradientError, Value, check_grads, conv2d, jvp, max_pool2d, primitive, where
from tinygrad_lists.check import ORACLES
from tinygrad_lists.check.growth import operations, rational_degree
from tinygrad_lists.check.programs import PROGRAMS
from tinygrad_lists.check.slopes import Scale, exponent
from tinygrad_lists.check.wrong_rules import WRONG_RULES, planted
from tinygrad_lists.nested import flatten, nest
from tinygrad_lists.trees import map_tree
from tinygrad_lists.vjps import VJPS

# -- the catalogue ----------------------------------------------------------------------------------------------------


def test_every_rule_has_a_program_and_something_wrong_to_plant():
    assert set(PROGRAMS) == set(VJPS)
    assert {wrong.row for wrong in WRONG_RULES} == set(VJPS)
    assert len(WRONG_RULES) >= 80
    assert max(Counter((wrong.row, wrong.mistake) for wrong in WRONG_RULES).values()) == 1


@pytest.mark.parametrize("wrong", WRONG_RULES, ids=lambda wrong: f"{wrong.row}: {wrong.mistake}")
def test_every_wrong_rule_is_caught_and_named(wrong):
    with planted(wrong), pytest.raises(GradientError) as caught:
        check_grads(*PROGRAMS[wrong.row])
    assert caught.value.suspect == wrong.row
    assert repr(wrong.row) in str(caught.value)


@pytest.mark.parametrize("name", ["exp", "tanh", "mul", "matmul", "relu", "conv2d", "gather", "max"])
def test_wrong_rules_are_caught_by_central_differences_too(name):
    for wrong in WRONG_RULES:
        if wrong.row == name:
            with planted(wrong), pytest.raises(GradientError) as caught:
                check_grads(*PROGRAMS[name], oracle="central")
            assert caught.value.suspect == name


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_right_rule_passes(name):
    report = check_grads(*PROGRAMS[name])
    assert report.ok
    assert report.comparisons + report.kinks >= 8
    assert report.undecided == 0


def test_a_planted_rule_is_taken_out_again():
    wrong = WRONG_RULES[0]
    with pytest.raises(ZeroDivisionError), planted(wrong):
        raise ZeroDivisionError
    check_grads(*PROGRAMS[wrong.row])


# -- no right rule is accused -----------------------------------------------------------------------------------------

_POSITIVE = {"exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "erf", "sigmoid", "softplus"}


def _arguments(name, seed):
    """Other numbers in the shapes of a program: many ties and kinks, or plain, or of very different sizes."""
    rng = random.Random(seed)

    def number():
        if name in _POSITIVE | {"pow", "div"}:
            return rng.randrange(1, 6) / 4 if seed % 3 == 0 else rng.uniform(0.2, 2.5)
        if seed % 3 == 0:
            return rng.randrange(-3, 4) / 2 or (1.0 if name in ("remainder", "floor_divide") else 0.0)
        return rng.gauss(0, 1) * (1 if seed % 3 == 1 else 10 ** rng.uniform(-3, 2))

    def redrawn(leaf):
        flat, shape = flatten(leaf)
        return nest([number() for _ in flat], shape)

    args = PROGRAMS[name][1]
    return tuple(map_tree(redrawn, arg) for arg in (args if isinstance(args, tuple) else (args,)))


#: Constant between their jumps, next to which central differences see nothing.
_STEPS = {"sign", "floor", "floor_divide"}


def _check_seeds(seeds, oracle):
    for seed, name in zip(seeds, itertools.cycle(PROGRAMS)):
        try:
            report = check_grads(PROGRAMS[name][0], _arguments(name, seed), oracle=oracle, seed=seed)
        except GradientError as error:
            pytest.fail(f"{name} accused with seed {seed}: {error}")
        assert report.ok or name in _STEPS, f"{name} not compared with seed {seed}: {report}"


@pytest.mark.parametrize("oracle", ["auto", "central"])
def test_no_right_rule_is_accused(oracle):
    _check_seeds(range(len(PROGRAMS)), oracle)


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ["auto", "central"])
def test_no_right_rule_is_accused_for_long(oracle):
    _check_seeds(range(100, 1100), oracle)


_SMOOTH = [row for row in ROWS if row.differentiable and "float" in row.kinds]


@pytest.mark.parametrize("row", _SMOOTH, ids=lambda row: row.name)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_operation_is_accused(row: Row, data: st.DataObject):
    arrays, params = row.sample(data.draw(draws("float", empty=False)))
    args = tuple(nest(list(a.flat), a.shape) for a in arrays)
    if all(a.flat for a in arrays) and any(type(a.flat[0]) is float for a in arrays):
        report = check_grads(
            lambda *values: row.call(*values, **params), args, oracle="central", projections=1, max_coordinates=6
        )
        assert report.comparisons + report.kinks + report.undecided > 0


# -- what the message says --------------------------------------------------------------------------------------------


def _wrong(name, mistake):
    return next(w for w in WRONG_RULES if (w.row, w.mistake) == (name, mistake))


def test_error_names_input_index_both_numbers_oracle_and_rule():
    with planted(_wrong("tanh", "x in place of out")), pytest.raises(GradientError) as caught:
        check_grads(lambda p: (p["w"].tanh() * p["v"]).sum(), {"v": Value([[1.0], [2.0]]), "w": [0.0, 0.5]})
    mismatch = caught.value.mismatch
    assert (mismatch.input, mismatch.index, mismatch.order) == ("argument 0['w']", "[1]", 1)
    slope = 1 - math.tanh(0.5) ** 2
    assert float(mismatch.automatic) / float(mismatch.numerical) == pytest.approx(0.75 / slope)
    assert mismatch.oracle == "decimal"
    text = str(caught.value)
    assert "gradient for argument 0['w'] at [1]: automatic" in text
    assert re.search(r"\(decimal, error about \de-(59|6\d)\)", text)
    with pytest.raises(GradientError, match=r"automatic 14, numerical 7 \(fraction, exact\)"):
        check_grads(primitive(lambda x: x * x, vjp=lambda g, out, x: (g * 4 * x,)), (Fraction(2),), order=1, seed=3)
    assert "suspect the rule of 'tanh' (vjps), which is wrong by itself: on inputs (2,), gradient for input 0" in text


def test_error_in_a_second_derivative_says_so():
    with planted(_wrong("exp", "second derivative lost")), pytest.raises(GradientError, match="second derivative for"):
        check_grads(lambda x: x.exp(), 0.5)
    with planted(_wrong("exp", "second derivative lost")):
        check_grads(lambda x: x.exp(), 0.5, order=1)


def test_one_wrong_index_among_many_is_found():
    """A mistake at one of 600 places is met by the random directions and then located by halving."""

    def spoiled(g, out, x):
        flat = (g * 2).data
        flat[417] *= 1.5
        return (Value(flat),)

    double = primitive(lambda x, x_shape: [v * 2 for v in x], shape=lambda x: x, vjp=spoiled, name="double")
    with pytest.raises(GradientError) as caught:
        check_grads(double, [0.01 * i for i in range(600)], order=1, max_coordinates=5)
    assert caught.value.mismatch.index == "[417]"
    assert caught.value.suspect == "double"


def test_a_wrong_value_of_the_quick_float_kernel_alone_is_found(monkeypatch):
    """Exact numbers go through other code than floats; the float gradient is compared as well."""
    half = primitive(
        lambda x: x / 2, vjp=lambda g, out, x: (g * (0.75 if type(x.data) is float else Fraction(1, 2)),), name="half"
    )
    with pytest.raises(GradientError, match=r"automatic .*, numerical .* \(central"):
        check_grads(half, 2.0, order=1)


# -- mistakes that are in no rule -------------------------------------------------------------------------------------


def test_detached_data_is_no_rules_fault():
    with pytest.raises(GradientError, match=r"no rule is wrong by itself: suspect the function, which computes"):
        check_grads(lambda x: x * x.detach(), [1.0, 2.0])
    with pytest.raises(GradientError, match="automatic 0"):
        check_grads(lambda x: Value(x.data) * 1, [1.0, 2.0])


def test_a_hook_that_changes_the_gradient_is_noticed():
    def f(x):
        y = x * x
        y.register_hook(lambda g: g * 2)
        return y * 1

    with pytest.raises(GradientError, match="registers a hook"):
        check_grads(f, 3.0)


def test_a_function_that_does_not_repeat_itself():
    state = itertools.count()
    with pytest.raises(GradientError, match="differs when the function is called a second time"):
        check_grads(lambda x: x * next(state), 1.0)


def test_a_gradient_that_does_not_repeat_itself():
    state = itertools.count(1)
    moody = primitive(lambda x: x, vjp=lambda g, out, x: (g * next(state),), name="moody")
    with pytest.raises(GradientError, match="gradient for argument 0 differs when it is computed twice"):
        check_grads(moody, 1.0)


def test_data_changed_in_place_is_noticed():
    def careless(g, out, x):
        x._data[0] += 1.0
        return (g,)

    same = primitive(lambda x, x_shape: list(x), shape=lambda x: x, vjp=careless, name="same")
    with pytest.raises(GradientError, match=r"the data of argument 0 changed in place|called a second time"):
        check_grads(same, [1.0, 2.0])


def test_a_rule_that_is_not_linear_or_not_zero():
    squared = primitive(lambda x: x, vjp=lambda g, out, x: (g * g,), name="squared")
    with pytest.raises(GradientError, match="is not linear in the cotangent; suspect the rule of 'squared'"):
        check_grads(squared, 1.0)
    shifted = primitive(lambda x: x, vjp=lambda g, out, x: (g + 1,), name="shifted")
    with pytest.raises(GradientError, match=r"is 1\.0 for a cotangent of 0; suspect the rule of 'shifted'"):
        check_grads(shifted, 1.0)


def test_a_rule_that_raises():
    broken = primitive(lambda x, y: x + y, vjp=lambda g, out, x, y: (g,), name="broken")
    with pytest.raises(GradientError, match="raises TypeError: broken: its rule must return a tuple") as caught:
        check_grads(lambda x: broken(x, x).exp(), 1.0)
    assert caught.value.suspect == "broken"


# -- kinks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oracle", ["fraction", "central"])
def test_kinks_are_counted_and_not_accused(oracle):
    assert check_grads(lambda x: x.relu(), [1.0, 0.0], order=1, projections=1, oracle=oracle).kinks == 1
    assert check_grads(lambda x: abs(x), [0.0, 0.0], order=1, projections=1, oracle=oracle).kinks == 2
    assert check_grads(lambda x: x.max(), [2.0, 2.0, 1.0], order=1, projections=1, oracle=oracle).kinks == 2
    assert check_grads(lambda x: x.sign(), [0.0, 1.0], order=1, projections=1, oracle=oracle).kinks == 1
    assert check_grads(lambda x: x * x, [0.0], order=1, projections=1, oracle=oracle).kinks == 0


def test_kinks_that_cancel_are_not_accused():
    """relu(x) - relu(-x) is x, but the convention relu'(0) = 0 gives 0 at 0: no rule is wrong, the point is a kink."""
    report = check_grads(lambda x: x.relu() - (-x).relu(), [0.0, 1.0], order=1)
    assert report.kinks >= 1


def test_a_comparison_at_its_threshold_is_a_kink():
    assert check_grads(lambda x: where(x > 1, x * 2, x * 3), [1.0, 2.0], order=1).kinks >= 1


def test_a_slope_outside_of_those_on_both_sides_is_accused_at_a_kink():
    def rule(g, out, x):
        return (g * (x.sign() + 5 * (1 - x.sign() * x.sign())),)  # 5 at 0, where anything from -1 to 1 would do

    steep = primitive(lambda x: abs(x), vjp=rule, name="steep")
    check_grads(steep, [0.0, 1.0], order=1)  # at a kink of the function nothing is compared ...
    with pytest.raises(GradientError) as caught:  # ... but this one is smooth: |x| - |-x| = 0
        check_grads(lambda x: steep(x) + steep(-x) * -1 + x, [0.0, 1.0], order=1)
    assert caught.value.suspect == "steep"


def test_a_kink_nearby_does_not_spoil_central_differences():
    report = check_grads(lambda x: (x - 1).relu() * x, [1.0001, 0.9999, 1.003], oracle="central")
    assert (report.kinks, report.undecided) == (0, 0)


@pytest.mark.parametrize("oracle", ["auto", "central"])
def test_where_nothing_was_compared_the_report_says_so(oracle):
    """A checker that could not look at anything must not say that all is right."""
    report = check_grads(lambda x: x.relu(), 0.0, oracle=oracle)
    assert not report.ok
    assert report.comparisons == 0
    assert str(report).startswith("NOTHING COMPARED up to order 2")
    assert "right" not in str(report)
    assert "4 at kinks" in str(report)
    half = check_grads(lambda x: x.relu() * x, 0.0, order=2, oracle=oracle)  # its second derivative jumps
    assert not half.ok
    assert "NOTHING COMPARED of order 2" in str(half) or "NOTHING COMPARED up to order 2" in str(half)
    assert check_grads(lambda x: x.relu(), [0.0, 1.0], oracle=oracle).ok


@pytest.mark.parametrize("oracle", ["auto", "central"])
@pytest.mark.parametrize("scale", [1e-3, 1e-7, 1e-12])
def test_a_strongly_curved_place_is_no_kink(scale, oracle):
    wrong = primitive(lambda x: 1 / x, vjp=lambda g, out, x: (g * out * out,), name="wrong")
    with pytest.raises(GradientError, match="'wrong'"):
        check_grads(wrong, scale, oracle=oracle)
    right = primitive(lambda x: 1 / x, vjp=lambda g, out, x: (-g * out * out,), name="right")
    report = check_grads(right, scale, oracle=oracle)
    assert (report.kinks, report.undecided, report.ok) == (0, 0, True)


@pytest.mark.parametrize("gap", [1e-3, 1e-9, 1e-12, 1e-15])
def test_a_kink_next_to_the_point_is_not_at_it(gap):
    for f, x in [
        (abs, -gap),
        (lambda x: (x - 1).relu(), 1 + gap),
        (lambda x: x.max(), [1.0, 1 + gap, 1 - gap]),
        (lambda x: x[0].maximum(x[1]), [1.0, 1 + gap]),
    ]:
        report = check_grads(f, (x,))
        assert (report.kinks, report.undecided, report.ok) == (0, 0, True)


def test_a_gradient_that_is_nan_or_infinite_is_wrong_where_the_slope_is_finite():
    for factor in (math.inf, -math.inf, math.nan):
        wild = primitive(lambda x: x * x, vjp=lambda g, out, x, by=factor: (g * by,), name="wild")
        for x in (2.0, [2.0, -1.0], 0.0):
            for oracle in ("auto", "central"):
                with pytest.raises(GradientError, match="'wild'"):
                    check_grads(wild, (x,), order=1, oracle=oracle)
    wild = primitive(lambda x: abs(x), vjp=lambda g, out, x: (g * x / abs(x),), name="wild")  # 0/0, also at a kink
    with pytest.raises(GradientError, match="automatic nan"):
        check_grads(wild, 0.0, order=1, oracle="central")


def test_a_smooth_point_without_a_third_derivative():
    odd = lambda extra: primitive(  # noqa: E731
        lambda x: x * abs(x), vjp=lambda g, out, x: (g * (2 * abs(x) + extra * x.equal(0)),), name="odd"
    )
    check_grads(odd(0), 0.0, order=1)
    with pytest.raises(GradientError, match="'odd'"):
        check_grads(odd(1), 0.0, order=1)


# -- cotangents -------------------------------------------------------------------------------------------------------


def test_a_detached_cotangent_is_found_at_order_two():
    """The gradient is right, and all that goes through it is wrong: jvp gives 0, grad of grad loses a term."""
    rule = lambda g, out, x: (g.detach() * 2 * x,)  # noqa: E731
    detached = primitive(lambda x: x * x, vjp=rule, name="detached")
    assert jvp(detached, (3.0,), (1.0,))[1].data == 0.0  # what the check is for
    check_grads(detached, 3.0, order=1)
    with pytest.raises(GradientError, match="linear in its cotangent, but its derivative for that") as caught:
        check_grads(lambda x: detached(x).sin(), [3.0, 1.0])
    assert caught.value.suspect == "detached"


def test_a_hook_that_detaches_is_no_rules_fault():
    def f(x):
        y = x * x
        y.register_hook(lambda g: g.detach())
        return y * 1

    with pytest.raises(GradientError, match="suspect a hook") as caught:
        check_grads(f, 3.0)
    assert caught.value.suspect is None


# -- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oracle", ["auto", "complex", "central"])
@pytest.mark.parametrize("x", [10.0, 20.0, 30.0, 60.0])
def test_saturated_functions_are_not_accused(x, oracle):
    """1 - tanh(x)^2 and out (1 - out) lose all digits; the rules are right nevertheless."""
    for f, at in [
        (lambda x: x.tanh(), x),
        (lambda x: x.sigmoid(), x),
        # Complex numbers have no order, so no largest of them to shift by.
        *([(lambda x: x.elu(), -x), (lambda x: x.softmax(), [x, -x])] if oracle != "complex" else []),
    ]:
        check_grads(f, (at,), oracle=oracle)


def test_saturated_rules_that_are_wrong_are_accused():
    with planted(_wrong("tanh", "square forgotten")), pytest.raises(GradientError) as caught:
        check_grads(lambda x: x.tanh(), 20.0)
    assert caught.value.suspect == "tanh"
    shift = primitive(lambda x: x, vjp=lambda g, out, x: (g + g * g / 10**7,), name="shift")
    with pytest.raises(GradientError, match="not linear in the cotangent"):
        check_grads(lambda x: shift(x.softmax()), ([10.0, -10.0],))


# -- oracles ----------------------------------------------------------------------------------------------------------


def test_the_best_oracle_is_chosen_and_the_report_says_why_not_a_better_one():
    assert check_grads(lambda x: x * x / (1 + x), 0.5).oracle == "fraction"
    report = check_grads(lambda x: x.exp(), 0.5)
    assert report.oracle == "decimal"
    assert "fraction: exp: the result for a Fraction is irrational" in str(report)
    assert check_grads(lambda x: x.exp() * 0.5, 0.5).oracle == "complex"
    report = check_grads(lambda x: x.relu() * 0.5, 0.5)
    assert (report.oracle, len(report.notes)) == ("central", 3)


def test_polynomials_are_exactly_equal_on_fractions():
    report = check_grads(lambda x, y: (x @ y * x).sum(), ([[0.1, 0.2], [0.3, 0.4]], [[1.7, 2.0], [-0.3, 1.1]]))
    assert (report.oracle, report.worst) == ("fraction", 0.0)


@pytest.mark.parametrize(("name", "digits"), [("fraction", 60), ("decimal", 60), ("complex", 15), ("central", 11)])
def test_oracles_know_known_slopes(name, digits):
    oracle = ORACLES[name]
    with oracle.context():
        x = oracle.convert(Fraction(3, 2))
        slope = oracle.slope(lambda t: 1 / (1 + (x + t) * (x + t)), Scale(moved=1))
        exact = slope.value.__class__(-48) / 169
        assert abs(slope.value - exact) * 10**digits < 1
        assert slope.sides is None


def test_central_differences_are_not_deceived_by_steps():
    """Coarse differences of floor agree by chance on a slope of 1; finer ones do not."""
    for x in (17.76374317141647, 0.868927106110305, 19.270226039176446, 17.362676342694737):
        slope = ORACLES["central"].slope(lambda t, x=x: float(math.floor(x + t)), Scale(exponent(x)))
        assert slope.value in (None, 0.0)


def test_central_differences_near_the_edge_of_a_domain():
    slope = ORACLES["central"].slope(lambda t: math.log(0.003 + t) if t > -0.003 else math.nan, Scale())
    assert slope.value == pytest.approx(1 / 0.003, rel=1e-9)
    assert ORACLES["central"].slope(lambda t: math.nan, Scale()).value is None


@pytest.mark.parametrize(
    ("x", "oracle"),
    [
        ([Fraction(1, 3), Fraction(-2)], "fraction"),
        ([Decimal("0.3"), Decimal(2)], "decimal"),
        ([1 + 2j, -0.5j], "central"),
    ],
)
def test_other_kinds_of_number_are_checked_as_they_are(x, oracle):
    report = check_grads(lambda x: (x * x * x).sum() / x[0], (x,))
    assert report.oracle == oracle
    wrong = _wrong("div", "denominator not squared")
    with planted(wrong), pytest.raises(GradientError) as caught:
        check_grads(lambda x: (x * x * x).sum() / x[0], (x,))
    assert caught.value.suspect == "div"


def test_third_order():
    assert check_grads(lambda x: x.sin() * x, [0.3, 1.2], order=3).order == 3
    frozen = primitive(
        lambda x: x * x * x,
        vjp=lambda g, out, x: (g * x.detach() * (6 * x - 3 * x.detach()),),
        name="frozen",
    )
    check_grads(frozen, 2.0, order=2, oracle="fraction", projections=1)
    with pytest.raises(GradientError, match="derivative of order 3"):
        check_grads(frozen, 2.0, order=3, oracle="fraction")


def test_large_exact_computations_are_left_to_floats():
    def many_squares(x):
        for _ in range(30):
            x = x * x / 2
        return x

    report = check_grads(many_squares, 1.5, order=1)
    assert report.oracle == "decimal"
    assert "degree" in report.notes[0]
    big = [[math.sin(i * j) for i in range(20)] for j in range(20)]
    assert check_grads(lambda x: x @ x, (big,), order=1).oracle == "complex"


def test_growth_is_told_from_the_graph():
    x, y = Value(2.0), Value([1.0, 2.0])
    assert rational_degree([x * x + x]) == 2
    assert rational_degree([(1 / y).sum()]) == 3  # 1/a + 1/b = (a + b)/ab
    assert rational_degree([x**5]) == 5
    assert operations([conv2d(Value([[[[1.0, 2.0, 3.0]]]]), [[[[1.0, 2.0]]]])]) == 6


# -- arguments --------------------------------------------------------------------------------------------------------


def test_ints_and_constants_are_not_moved():
    labels = [2, 0]
    weight = Value([0.5, -0.5, 1.0], requires_grad=False)
    report = check_grads(
        lambda x, labels, weight, mode: (x * weight).log_softmax()[list(range(2)), labels].sum(),
        ([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]], labels, weight, "any object"),
        order=1,
        projections=1,
    )
    assert report.comparisons == 6
    assert labels == [2, 0]
    assert weight.data == [0.5, -0.5, 1.0]


def test_ints_alone_are_numbers():
    assert check_grads(lambda x: x * x, 3, order=1, projections=1).comparisons == 1


def test_arguments_come_as_a_tuple_or_a_list():
    x, y = Value([1.0, 2.0]), Value(3.0)
    for args in ((x, y), [x, y]):
        assert check_grads(lambda x, y: x * y, args, order=1, projections=1).comparisons == 3
    assert check_grads(lambda x: x * x, [1.0, 2.0], order=1, projections=1).comparisons == 2


def test_trees_in_and_out():
    report = check_grads(
        lambda p: {"a": p["w"] * p["b"][0], "b": (p["w"].sum(), p["b"][0].argmax())},
        {"w": Value([1.0, 2.0]), "b": [Value([0.5, 0.25])]},
        order=1,
        projections=1,
    )
    assert report.comparisons == 4


def test_nobodys_grad_is_touched():
    x = Value([1.0, 2.0])
    check_grads(lambda x: (x * x).sum(), x)
    assert x.grad is None


def test_a_network_passes():
    def network(x, w, v):
        h = max_pool2d(conv2d(x, w).relu(), 2)
        return (h.flatten(1) @ v).log_softmax()[0, 1]

    rng = random.Random(1)
    draw = lambda *shape: nest([rng.gauss(0, 1) for _ in range(math.prod(shape))], shape)  # noqa: E731
    report = check_grads(network, (draw(1, 1, 6, 6), draw(2, 1, 3, 3), draw(8, 3)), max_coordinates=20)
    assert report.comparisons > 100


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_grads(lambda x: x.log(), 0.0), ValueError, "output 0 is not finite at these arguments"),
        (lambda: check_grads(lambda x: Value(1.0), "text"), ValueError, "no number to check"),
        (lambda: check_grads(lambda x: 1 / x, [1.0, math.inf]), ValueError, r"argument 0 at \[1\] is inf, where there"),
        (lambda: check_grads(lambda x: Value(1.0), math.nan), ValueError, "argument 0 is nan, where there is no slope"),
        (lambda: check_grads(lambda x: x, 1.0, oracle="guess"), ValueError, "none of auto, fraction, decimal"),
        (lambda: check_grads(lambda x: x, 1.0, order=0), ValueError, "order is an int of at least 1"),
        (lambda: check_grads(lambda x: x.exp(), 1.0, oracle="fraction"), TypeError, "exp: the result for a Fraction"),
        (lambda: check_grads(lambda x: x.relu(), 1.0, oracle="complex"), TypeError, "relu: not holomorphic"),
        (lambda: check_grads(lambda x: None, 1.0), TypeError, "None"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
