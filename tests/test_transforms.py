"""Derivatives of functions: values by hand and by exact arithmetic, nesting, structure of results, bad input."""

from __future__ import annotations

import cmath
import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import pytest

from tinygrad_lists import Value, grad, hessian, hvp, jacobian, jvp, no_grad, stack, value_and_grad, vjp, where
from tinygrad_lists.trees import leaves, map_tree


def cubic(x):
    return (x * x * x).sum()


# -- grad -------------------------------------------------------------------------------------------------------------


def test_grad_of_a_number_a_list_and_a_value():
    assert grad(cubic)(2.0).data == 12.0
    assert grad(cubic)([1.0, 2.0]).data == [3.0, 12.0]
    assert grad(cubic)(Value([[1.0, 2.0]])).data == [[3.0, 12.0]]


def test_ints_become_floats():
    g = grad(cubic)(2)
    assert g.data == 12.0
    assert type(g.data) is float


@pytest.mark.parametrize(("kind", "x"), [(Fraction, Fraction(1, 3)), (Decimal, Decimal("0.3")), (complex, 1 + 2j)])
def test_the_kind_of_number_stays(kind, x):
    g = grad(cubic)(x).data
    assert type(g) is kind
    assert g == 3 * x * x


def test_complex_derivative_is_holomorphic_without_conjugation():
    z = 0.5 + 0.25j
    assert grad(lambda z: (z * z * 1j).exp())(z).item() == pytest.approx(2j * z * cmath.exp(1j * z * z))


def test_argnums_choose_arguments_and_the_others_arrive_untouched():
    def f(x, label, y):
        assert label == "any object"
        return x * x * y

    assert grad(f)(3.0, "any object", 5.0).data == 30.0
    assert grad(f, argnums=2)(3.0, "any object", 5.0).data == 9.0
    assert grad(f, argnums=-1)(3.0, "any object", 5.0).data == 9.0
    both = grad(f, argnums=(2, 0))(3.0, "any object", 5.0)
    assert [g.data for g in both] == [9.0, 30.0]


def test_keyword_arguments_are_handed_on():
    assert grad(lambda x, power: x**power)(2.0, power=3).data == pytest.approx(12.0)


def test_trees_of_dicts_lists_tuples_and_named_tuples():
    Layer = namedtuple("Layer", ["w", "b"])

    def f(params):
        (first, second), extra = params["layers"], params["extra"]
        return (first.w * [1.0, 2.0]).sum() * second["k"] + extra[0] * extra[1] + first.b * 0

    params = {"layers": (Layer(Value([3.0, 4.0]), 1.0), {"k": 2.0}), "extra": [Value(5.0), 7.0], "nothing": None}
    g = grad(f)(params)
    assert type(g["layers"][0]).__name__ == "Layer"
    assert g["layers"][0].w.data == [2.0, 4.0]
    assert g["layers"][0].b.data == 0.0
    assert g["layers"][1]["k"].data == 11.0
    assert [v.data for v in g["extra"]] == [7.0, 5.0]
    assert g["nothing"] is None


def test_an_argument_without_influence_has_zeros_of_its_shape_and_kind():
    g = grad(lambda x, y: Value(x).sum(), argnums=1)([1.0], [[2.0, 3.0]])
    assert g.data == [[0.0, 0.0]]
    exact = grad(lambda x, y: x * 1, argnums=1)(Fraction(1), Fraction(2)).data
    assert exact == 0
    assert type(exact) is Fraction


def test_an_argument_that_only_decides_has_zeros():
    """A condition gets no gradient; that must not end in an error inside the rules of what it was made of."""
    g = grad(lambda x: where(x * 2, 1.0, 0.0) + 0 * x)(3.0)
    assert g.data == 0.0


def test_zero_size_arguments():
    assert grad(lambda x: x.sum())(Value([[], []])).data == [[], []]


@pytest.mark.parametrize(
    "f",
    [lambda x: math.exp(x), lambda x: x.data**2, lambda x: x.item(), lambda x: 2 * float(x * x)],
    ids=["math", "data", "item", "float"],
)
def test_function_that_leaves_the_graph_is_refused(f):
    """A gradient of 0 would be wrong, in silence."""
    for transform in (grad, value_and_grad, jacobian, hessian, lambda f: lambda x: vjp(f, x)):
        with pytest.raises(TypeError, match=r"the function read numbers .*, through which no gradient flows"):
            transform(f)(1.0)
    with pytest.raises(TypeError, match="jacobian: the function read numbers"):
        jacobian(lambda x: [f(v) for v in x])([1.0, 2.0])
    with pytest.raises(TypeError, match="hvp: the function read numbers"):
        hvp(f, 1.0, 1.0)


def test_function_that_reads_numbers_for_a_decision():
    f = grad(lambda x: x * x if x.data > 0 else Value(0.0))
    assert (f(3.0).data, f(-3.0).data) == (6.0, 0.0)
    assert grad(lambda x: 0.0 if x > 0 else x)(2.0).data == 0.0  # a comparison is no number of x


def test_function_that_returns_a_constant():
    assert grad(lambda x: 5.0)(2.0).data == 0.0


def test_nobodys_grad_is_touched():
    x, w = Value(2.0), Value(3.0)
    w.grad = 7.0
    grad(lambda x: x * x * w)(x)
    hvp(lambda x: x * x * w, x, 1.0)
    jvp(lambda x: x * x * w, x, 1.0)
    assert (x.grad, w.grad) == (None, 7.0)


def test_value_and_grad_with_aux():
    def f(x):
        return x * x, {"seen": x.data}

    (value, aux), slope = value_and_grad(f, has_aux=True)(3.0)
    assert (value.data, aux, slope.data) == (9.0, {"seen": 3.0}, 6.0)
    slope, aux = grad(f, has_aux=True)(3.0)
    assert (slope.data, aux) == (6.0, {"seen": 3.0})


# -- nesting ----------------------------------------------------------------------------------------------------------


def test_any_order():
    f = lambda x: x**5  # noqa: E731
    expected = [5 * 3**4, 20 * 3**3, 60 * 3**2, 120 * 3, 120, 0]
    for order, value in enumerate(expected, 1):
        g = f
        for _ in range(order):
            g = grad(g)
        assert g(3.0).data == pytest.approx(value, abs=1e-9), order


def test_perturbations_are_not_confused():
    """d/dx (x · d/dy (x + y)) is 1; an engine that mixes the two variables up says 2."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0).data == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0).data == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0).data == 1.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(5.0).data == 20.0  # d/dx 2 x·x


def test_an_argument_that_is_also_captured_counts_once():
    x = Value(3.0)
    assert grad(lambda y: x * y)(x).data == 3.0
    assert grad(lambda y: y * y + x)(x).data == 6.0


def test_result_can_be_differentiated_with_backward():
    x, w = Value(3.0), Value(2.0)
    slope = grad(lambda x: w * x * x)(x)  # 2 w x
    slope.backward()
    assert (x.grad, w.grad) == (4.0, 6.0)


def test_result_is_a_constant_where_nobody_could_differentiate_it():
    assert not grad(cubic)(2.0).requires_grad
    value, slope = value_and_grad(cubic)(2.0)
    assert not value.requires_grad
    with no_grad():
        slope = grad(cubic)(Value(2.0))
    assert (slope.data, slope.requires_grad) == (12.0, False)


def test_jacobian_of_jvp_and_jvp_of_grad():
    f = lambda x: (x * x * x).sum()  # noqa: E731
    x, t = [1.0, 2.0], [1.0, -1.0]
    along = jvp(grad(f), Value(x), t)[1]
    assert along.data == [6.0, -12.0]
    assert along.data == hvp(f, x, t).data
    assert grad(lambda t: (jvp(grad(f), x, t)[1] * [1.0, 10.0]).sum())(t).data == [6.0, 120.0]
    assert jacobian(lambda x: jvp(f, x, t)[1])(x).data == [6.0, -12.0]


# -- vjp, jvp ---------------------------------------------------------------------------------------------------------


def test_vjp_of_several_arguments_may_be_pulled_often():
    value, pull = vjp(lambda x, y: x * y, Value([1.0, 2.0]), 10.0)
    assert value.data == [10.0, 20.0]
    assert [u.data for u in pull([1.0, 0.0])] == [[10.0, 0.0], 1.0]
    assert [u.data for u in pull([0.0, 1.0])] == [[0.0, 10.0], 2.0]


def test_vjp_of_a_tree_and_aux():
    value, pull, aux = vjp(lambda x: ({"a": x * 2, "b": [x.sum()]}, "aux"), [1.0, 2.0], has_aux=True)
    assert aux == "aux"
    (g,) = pull({"a": [1.0, 10.0], "b": [100.0]})
    assert g.data == [102.0, 120.0]
    assert value["b"][0].data == 3.0


def test_vjp_is_differentiable_in_its_cotangent():
    _, pull = vjp(lambda x: x * x, [3.0, 5.0])
    assert grad(lambda u: (pull(u)[0] * [1.0, 2.0]).sum())([0.5, 0.5]).data == [6.0, 20.0]


def test_the_same_output_twice():
    _, pull = vjp(lambda x: (y := x * 3, y), 2.0)
    assert pull((1.0, 10.0))[0].data == 33.0
    first, second = jacobian(lambda x: (y := x * [1.0, 2.0], y))(2.0)
    assert first.data == second.data == [1.0, 2.0]


def test_jvp_equals_the_jacobian_times_the_tangent():
    def f(x, y):
        return stack([x * y, x.sin() + y.exp(), x / y])

    value, moved = jvp(f, (0.5, 2.0), (1.0, -0.25))
    jx, jy = jacobian(f, argnums=(0, 1))(0.5, 2.0)
    assert moved.data == pytest.approx([a - 0.25 * b for a, b in zip(jx.data, jy.data, strict=True)])
    assert value.data == f(Value(0.5), Value(2.0)).data


def test_jvp_where_nothing_moves():
    value, moved = jvp(lambda x: x.sign() + 1, [1.0, -1.0], [1.0, 1.0])
    assert (value.data, moved.data) == ([2.0, 0.0], [0.0, 0.0])


def test_jvp_of_a_linear_function_is_the_function():
    weight = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    _, moved = jvp(lambda x: Value(weight) @ x, Value([0.0, 0.0]), [1.0, 10.0])
    assert moved.data == [21.0, 43.0, 65.0]


# -- jacobian, hessian, hvp -------------------------------------------------------------------------------------------


def test_jacobian_shapes():
    x = [[1.0, 2.0, 3.0]]
    j = jacobian(lambda x: x.T @ x)(x)
    assert j.shape == (3, 3, 1, 3)
    assert j.data[0][1][0] == [2.0, 1.0, 0.0]
    assert jacobian(lambda x: x.sum())(x).shape == (1, 3)
    assert jacobian(lambda x: x * [1.0, 2.0])(5.0).data == [1.0, 2.0]
    assert jacobian(lambda x: x[0:0])([1.0, 2.0]).shape == (0, 2)


def test_jacobian_of_a_tree_has_both_structures():
    j = jacobian(lambda p: {"s": p["a"] * p["b"], "d": p["a"]})({"a": 2.0, "b": 3.0})
    assert {k: {n: v.data for n, v in row.items()} for k, row in j.items()} == {
        "s": {"a": 3.0, "b": 2.0},
        "d": {"a": 1.0, "b": 0.0},
    }


def test_hessian_is_exact_on_fractions_and_symmetric():
    x = [Fraction(1, 2), Fraction(-2, 3), Fraction(3)]
    h = hessian(lambda x: x[0] * x[0] * x[1] + x[1] * x[2] * x[2] / x[0])(x).data
    a, b, c = x
    assert h[0] == [2 * b + 2 * b * c * c / a**3, 2 * a - c * c / a**2, -2 * b * c / a**2]
    assert [h[i][j] for i in range(3) for j in range(3)] == [h[j][i] for i in range(3) for j in range(3)]
    assert h[2][2] == 2 * b / a


def test_hessian_of_two_arguments_is_two_by_two():
    (hxx, hxy), (hyx, hyy) = hessian(lambda x, y: (x * x).sum() * y * y, argnums=(0, 1))([1.0, 2.0], 3.0)
    assert hxx.data == [[18.0, 0.0], [0.0, 18.0]]
    assert hxy.data == hyx.data == [12.0, 24.0]
    assert hyy.data == 10.0


def test_hvp_equals_the_hessian_times_the_vector():
    f = lambda x, y: (x * x * y).sum() + y.exp().sum()  # noqa: E731
    args, vector = ([1.0, 2.0], [0.5, -1.0]), ([1.0, 0.0], [2.0, 1.0])
    hx, hy = hvp(f, args, vector)
    assert hx.data == pytest.approx([2 * 0.5 * 1 + 2 * 1 * 2, 2 * -1 * 0 + 2 * 2 * 1])
    assert hy.data == pytest.approx([2 * 1.0 * 1 + math.exp(0.5) * 2, math.exp(-1.0)])


def test_arguments_come_as_a_tuple_or_a_list():
    f = lambda x, y: x * y  # noqa: E731
    x, y = Value(3.0), Value(4.0)
    assert jvp(f, [x, y], [1.0, 0.5])[1].data == jvp(f, (x, y), (1.0, 0.5))[1].data == 5.5
    assert [v.data for v in hvp(f, [x, y], [1.0, 0.5])] == [0.5, 1.0]
    assert hvp(cubic, [1.0, 2.0], [1.0, 1.0]).data == [6.0, 12.0]
    assert jvp(lambda x: x, 3.0, 2.0)[1].data == 2.0


def test_the_identity_and_a_constant():
    assert grad(lambda x: x)(3.0).data == 1.0
    assert jacobian(lambda x: x)([1.0, 2.0]).data == [[1.0, 0.0], [0.0, 1.0]]
    assert hessian(lambda x: x)(3.0).data == 0.0
    assert vjp(lambda x: Value(2.0), 3.0)[1](1.0)[0].data == 0.0


def test_hvp_can_be_differentiated_in_the_vector():
    v = Value([1.0, 2.0])
    hvp(cubic, [3.0, 4.0], v).sum().backward()
    assert v.grad == [18.0, 24.0]


def test_newton_step_of_a_quadratic_lands_on_the_minimum():
    f = lambda x: ((x - [1.0, -2.0]) ** 2 * [1.0, 3.0]).sum()  # noqa: E731
    x = [5.0, 5.0]
    g, h = grad(f)(x).data, hessian(f)(x).data
    assert [x[i] - g[i] / h[i][i] for i in range(2)] == pytest.approx([1.0, -2.0])


# -- bad input --------------------------------------------------------------------------------------------------------


def test_grad_of_a_non_scalar_names_the_shape():
    with pytest.raises(ValueError, match=r"grad: the function returned shape \(2,\), not a scalar"):
        grad(lambda x: x * 2)([1.0, 2.0])
    with pytest.raises(ValueError, match=r"value_and_grad: .*\(1,\)"):
        value_and_grad(lambda x: x * 2)([1.0])


def test_grad_of_a_function_that_returns_no_value():
    with pytest.raises(TypeError, match="grad: the function returned None"):
        grad(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="grad: the function returned 'text'"):
        grad(lambda x: "text")(1.0)
    with pytest.raises(TypeError, match=r"grad: the function returned .*must return a scalar"):
        grad(lambda x: (x, x))(1.0)


def test_argnums_that_name_nothing():
    for argnums in (2, -3, (0, 5), "x", True):
        with pytest.raises(ValueError, match="does not name one of the 2"):
            grad(lambda x, y: x, argnums)(1.0, 2.0)
    with pytest.raises(ValueError, match="twice"):
        grad(lambda x, y: x, (0, -2))(1.0, 2.0)


def test_tangents_must_have_the_shape_and_structure():
    with pytest.raises(ValueError, match=r"jvp: tangent has shape \(3,\)"):
        jvp(lambda x: x, [1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"jvp: expected a dict with the keys \['a'\]"):
        jvp(lambda p: p["a"], {"a": 1.0}, {"b": 1.0})
    with pytest.raises(ValueError, match=r"hvp: expected 2 entries"):
        hvp(lambda x, y: x * y, (1.0, 2.0), (1.0,))


def test_cotangent_must_have_the_shape():
    _, pull = vjp(lambda x: x * 2, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"vjp: cotangent has shape \(3,\) but the Value has shape \(2,\)"):
        pull([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"vjp: a Value of shape \(2,\) is not a scalar; .* pass cotangent="):
        pull()


def test_has_aux_wants_a_pair():
    with pytest.raises(TypeError, match="must return a pair"):
        grad(lambda x: x, has_aux=True)(1.0)


def test_argument_that_is_no_number():
    with pytest.raises(TypeError, match="'abc' is a str"):
        grad(lambda x: x)("abc")


# -- trees ------------------------------------------------------------------------------------------------------------


def test_nested_lists_of_numbers_are_one_leaf_and_lists_of_values_are_several():
    assert leaves([[1.0, 2.0], [3.0, 4.0]]) == [[[1.0, 2.0], [3.0, 4.0]]]
    v = Value(1.0)
    assert leaves([[1.0, 2.0], v]) == [[1.0, 2.0], v]
    assert leaves(([], {}, None)) == []
    assert map_tree(lambda leaf: 0, [(), {"a": 1.0}]) == [(), {"a": 0}]
