"""Primitives of the user's own, and checkpoints."""

from __future__ import annotations

import gc
import math
import tracemalloc

import pytest

from tinygrad_lists import (
    GradientError,
    Value,
    check_grads,
    checkpoint,
    detect_anomaly,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    modes,
    no_grad,
    primitive,
)

# -- primitives -------------------------------------------------------------------------------------------------------


@primitive(vjp=lambda g, out, x: (g * x * x * 3,))
def cube(x):
    """x to the third."""
    return x * x * x


@primitive(vjp=lambda g, out, x, y: (lambda: g * x / out, lambda: g * y / out))
def hypotenuse(x, y):
    return math.hypot(x, y)


def _sorted_rule(g, out, x):
    order = sorted(range(x.size), key=x.detach().data.__getitem__)  # does not change along the way
    return (Value([0.0] * x.size, requires_grad=False).scatter_add(order, g, axis=0),)


sort = primitive(lambda x, x_shape: sorted(x), shape=lambda x: x, vjp=_sorted_rule, name="sort")


def test_elementwise_on_scalars_tensors_and_numbers():
    assert cube(2.0).data == 8.0
    assert cube(Value([[1.0, -2.0]])).data == [[1.0, -8.0]]
    assert cube.__name__ == "cube"
    assert cube.__doc__ == "x to the third."
    assert cube(Value(2.0)).op.name == "cube"


def test_gradients_of_any_order_and_transforms():
    x = Value(2.0)
    (cube(x) * 5).backward()
    assert x.grad == 60.0
    assert grad(grad(cube))(2.0).data == 12.0
    assert grad(grad(grad(cube)))(2.0).data == 6.0
    assert jvp(cube, [1.0, 2.0], [1.0, 0.5])[1].data == [3.0, 6.0]
    assert hessian(lambda x: cube(x).sum())([1.0, 2.0]).data == [[6.0, 0.0], [0.0, 12.0]]


def test_check_grads_checks_them():
    check_grads(cube, [1.0, -2.0, 0.0], order=3)
    check_grads(hypotenuse, ([[3.0], [6.0]], [4.0, 8.0]))
    check_grads(sort, [3.0, 1.0, 2.0])
    with pytest.raises(GradientError) as caught:
        check_grads(primitive(math.sin, vjp=lambda g, out, x: (-g * x.cos(),)), [1.0, 2.0])
    assert caught.value.suspect == "sin"


def test_two_inputs_broadcast_and_their_gradients_are_summed():
    x, y = Value([[3.0], [6.0]]), Value([4.0, 8.0])
    out = hypotenuse(x, y)
    assert out.data == [[5.0, math.hypot(3, 8)], [math.hypot(6, 4), 10.0]]
    out.sum().backward()
    assert x.grad == [[3 / 5 + 3 / math.hypot(3, 8)], [6 / math.hypot(6, 4) + 0.6]]
    assert y.grad == pytest.approx([4 / 5 + 4 / math.hypot(6, 4), 8 / math.hypot(3, 8) + 0.8])


def test_kernel_on_lists():
    x = Value([3.0, 1.0, 2.0])
    y = sort(x)
    assert y.data == [1.0, 2.0, 3.0]
    (y * [1.0, 10.0, 100.0]).sum().backward()
    assert x.grad == [100.0, 1.0, 10.0]
    assert jacobian(sort)(x).data == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert x.data == [3.0, 1.0, 2.0]


def test_kernel_that_overwrites_its_input_does_no_harm():
    def in_place(x, x_shape):
        x.sort()
        return x

    x = Value([3.0, 1.0, 2.0])
    assert primitive(in_place, shape=lambda x: x)(x).data == [1.0, 2.0, 3.0]
    assert x.data == [3.0, 1.0, 2.0]


def test_parameters_reach_function_shape_and_rule():
    @primitive(
        shape=lambda x, times: (x[0] * times,),
        vjp=lambda g, out, x, times: (g.reshape(times, x.size).sum(axis=0),),
    )
    def again(x, x_shape, times):
        return x * times

    x = Value([1.0, 2.0])
    (again(x, times=3) * [1.0, 0.0, 10.0, 0.0, 100.0, 5.0]).sum().backward()
    assert x.grad == [111.0, 5.0]


def test_without_a_rule_no_gradient_is_silently_lost():
    """Whoever forgets the rule is told, and does not find a gradient without that part."""
    nearest = primitive(lambda x: float(round(x)), name="nearest")
    x = Value(1.7)
    y = nearest(x)
    assert y.data == 2.0
    for out in (y, x * y):
        with pytest.raises(RuntimeError, match="nearest has no rule for its gradient"):
            out.backward()
    (x * y.detach()).backward()
    assert x.grad == 2.0


def test_under_no_grad_and_anomaly_mode():
    with no_grad():
        assert not cube(Value(2.0)).requires_grad
    with pytest.raises(ArithmeticError, match="cube: inf"), detect_anomaly():
        cube(Value(1e200))


def test_a_rule_that_loses_the_graph_is_found_when_differentiated_again():
    careless = primitive(
        lambda x: x**3,
        vjp=lambda g, out, x: ([3 * v**2 * u for v, u in zip(x.data, g.data, strict=True)],),
        name="careless",
    )
    assert grad(lambda x: careless(x * 1).sum())([2.0]).data == [12.0]
    with pytest.raises(RuntimeError, match="careless: its rule reads the numbers of input 0, shape"):
        grad(lambda x: grad(lambda x: (careless(x) * x).sum())(x).sum())([2.0])
    unlinear = primitive(lambda x: x * 2, vjp=lambda g, out, x: (2.0,), name="unlinear")
    with pytest.raises(RuntimeError, match="unlinear: its rule gave plain numbers"):
        jvp(unlinear, (3.0,), (1.0,))


SQUARES = {
    "x.data": lambda g, out, x: (g * 2 * x.data,),
    "g.data": lambda g, out, x: (g.data * 2 * x,),
    "both": lambda g, out, x: (g.data * 2 * x.data,),
    "item": lambda g, out, x: (g * 2 * x.item(),),
    "tolist": lambda g, out, x: (g * 2 * x.tolist(),),
    "float": lambda g, out, x: (g * 2 * float(x),),
    "math": lambda g, out, x: (g * 2 * math.sqrt(out),),
    "of a result": lambda g, out, x: (g * (2 * x).data,),
    "truth": lambda g, out, x: (g * 2 * x if x else g * 0,),
    "later": lambda g, out, x: (lambda: g * 2 * x.data,),
}


@pytest.mark.parametrize("how", SQUARES)
def test_a_rule_that_reads_numbers_serves_first_derivatives_only(how):
    p = primitive(lambda x: x * x, vjp=SQUARES[how], name="p")
    assert grad(p)(3.0).data == 6.0
    x = Value(3.0)
    (p(x) * 2).backward()
    assert x.grad == 12.0
    with pytest.raises(RuntimeError, match=r"^p: its rule reads the numbers of .* x\.detach\(\)"):
        jvp(p, (3.0,), (1.0,))
    for twice in (
        lambda: grad(grad(lambda a: p(a) * a))(3.0),
        lambda: hvp(p, (3.0,), (1.0,)),
        lambda: hessian(p)(3.0),
    ):
        if how != "g.data":  # there g is a constant, and the derivative right
            with pytest.raises(RuntimeError, match="p: its rule reads the numbers"):
                twice()
    assert modes.active == 0


def test_a_rule_may_read_constants_shapes_comparisons_and_detached_values_and_print():
    def rule(g, out, x, index, weight):
        shown = f"{x!r} {x:.1f} {g}"
        assert "Value(" in shown
        places = [int(i) for i in index.data]
        sign = 1.0 if x > 0 else -1.0
        steps = round(x.detach().item())
        return (g.reshape(x.shape) * weight.item() * len(places) * sign * steps / steps, None, None)

    p = primitive(lambda x, xs, i, si, w, sw: [2 * x[0] * w[0]], shape=lambda x, i, w: x, vjp=rule, name="p")
    weight = Value(5.0)  # requires a gradient, and is no variable here

    def f(x):
        return p(x, [0, 1], weight.detach()) * x

    assert grad(grad(f))(3.0).data == 20.0
    assert jvp(f, (3.0,), (1.0,))[1].data == 60.0


def test_a_rule_may_take_a_gradient_of_its_own():
    """The rule of one primitive runs inside that of another, recorded and not."""
    inner = primitive(lambda x: x * x, vjp=SQUARES["x.data"], name="inner")
    p = primitive(lambda x: 2 * x, vjp=lambda g, out, x: (g * grad(inner)(x.detach()) / x.detach(),), name="p")
    assert grad(grad(lambda x: p(x) * x))(3.0).data == 4.0
    q = primitive(lambda x: x * x, vjp=lambda g, out, x: (g * grad(inner)(x),), name="q")
    with pytest.raises(RuntimeError, match="inner: its rule reads the numbers"):
        grad(grad(q))(3.0)


@pytest.mark.parametrize(
    ("rule", "error", "message"),
    [
        (lambda g, out, x, y: g, TypeError, "must return a tuple with one entry for each of the 2 inputs"),
        (lambda g, out, x, y: (g,), TypeError, "must return a tuple with one entry for each of the 2 inputs"),
        (lambda g, out, x, y: (g.T, g), ValueError, r"a gradient of shape \(3, 2\) for an input of shape \(2, 3\)"),
        (
            lambda g, out, x, y: (g, lambda: g.reshape(1, 6)),
            ValueError,
            r"a gradient of shape \(1, 6\) for an input of shape \(2, 3\)",
        ),
        (lambda g, out, x, y: (g, "text"), TypeError, "'text' is a str"),
    ],
)
def test_a_malformed_rule_is_named(rule, error, message):
    total = primitive(lambda x, y: x + y, vjp=rule, name="total")
    x = Value([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with pytest.raises(error, match=f"total: .*({message})"):
        total(x, x * 1).sum().backward()


def test_a_malformed_function_is_named():
    with pytest.raises(ValueError, match=r"short: shape \(3,\) takes a flat list of 3, not a list of 2"):
        primitive(lambda x, s: x[:2], shape=lambda x: x, name="short")([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=r"textual: 'a'.* is a str, not a number"):
        primitive(lambda x: "a", name="textual")([1.0])
    with pytest.raises(ValueError, match=r"hypotenuse: shapes \(2,\) and \(3,\) do not broadcast"):
        hypotenuse([1.0, 2.0], [1.0, 2.0, 3.0])


# -- checkpoints ------------------------------------------------------------------------------------------------------


def _layers(depth, width=6):
    return [
        Value([[math.sin(1.0 + 7 * d + 3 * i + i * j) / 2 for j in range(width)] for i in range(width)])
        for d in range(depth)
    ]


def _layer(w, x):
    return ((x @ w).tanh() * 1.5 + (x @ w).sin()).relu()


def _gradients(weights, x, wrap):
    for v in (*weights, x):
        v.grad = None
    h = x
    for w in weights:
        h = wrap(_layer, w, h)
    (h * h).sum().backward()
    return [v.grad for v in (*weights, x)]


def test_checkpointed_gradients_are_equal_to_the_bit():
    weights, x = _layers(4), Value([[0.1, -0.2, 0.3, 0.4, -0.5, 0.6]])
    plain = _gradients(weights, x, lambda f, *args: f(*args))
    assert _gradients(weights, x, checkpoint) == plain
    captured = _gradients(weights, x, lambda f, w, h: checkpoint(lambda h: f(w, h), h))
    assert captured == plain
    nested = _gradients(weights, x, lambda f, *args: checkpoint(lambda *a: checkpoint(f, *a), *args))
    assert nested == plain
    assert any(any(row) for row in plain[0])


def _peak(weights, x, wrap):
    gc.collect()
    tracemalloc.start()
    _gradients(weights, x, wrap)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_checkpoints_lower_the_peak_of_memory():
    """Twelve layers of seven nodes: the graph of one layer at a time, and what goes between them."""
    weights = _layers(12, 8)
    x = Value([[math.sin(i * j) for i in range(8)] for j in range(30)])
    plain = _peak(weights, x, lambda f, *args: f(*args))
    assert _peak(weights, x, checkpoint) < 0.6 * plain


def test_checkpoint_keeps_only_what_goes_in_and_out():
    x, w = Value([1.0, 2.0]), Value([3.0, 4.0])
    y = checkpoint(lambda x: (x * w).exp().log() * w, x)
    assert y.op.name == "checkpoint"
    assert y.inputs == (x, w)


def test_checkpoint_differentiates_again():
    f = lambda x: checkpoint(lambda x: x * x * x, x)  # noqa: E731
    assert grad(f)(2.0).data == 12.0
    assert grad(grad(f))(2.0).data == 12.0
    assert grad(grad(grad(f)))(2.0).data == 6.0
    assert jvp(f, 2.0, 0.5)[1].data == 6.0
    w = Value(3.0)
    slope = grad(lambda x: checkpoint(lambda x: x * x * w * w, x))(2.0)
    slope.backward()
    assert w.grad == 24.0  # d/dw 2 x w²


def test_checkpoint_of_trees_keywords_and_constants():
    def f(parameters, label, scale=1.0):
        assert label == "any object"
        a, b = parameters["a"], parameters["b"]
        return {"product": a * b * scale, "sum": [a + b], "which": a.argmax(), "constant": 7.0}

    a, b, scale = Value([1.0, 2.0]), Value([[3.0], [4.0]]), Value(10.0)
    out = checkpoint(f, {"a": a, "b": b}, "any object", scale=scale)
    assert out["product"].data == [[30.0, 60.0], [40.0, 80.0]]
    assert (out["which"].data, out["constant"].data) == (1, 7.0)
    (out["product"].sum() + (out["sum"][0] * [[1.0, 0.0], [0.0, 0.0]]).sum()).backward()
    assert a.grad == [71.0, 70.0]
    assert b.grad == [[31.0], [30.0]]
    assert scale.grad == 21.0


def test_captured_values_that_depend_on_each_other_count_once_each():
    x = Value(2.0)
    y = x * x

    def run(wrap):
        x.grad = None
        (wrap(lambda x: x * y + y, x) + x * y).backward()
        return x.grad

    assert run(checkpoint) == run(lambda f, x: f(x)) == 28.0  # 2x³ + x²


def test_checkpoint_without_gradient_is_a_plain_call():
    x = Value(2.0)
    with no_grad():
        y = checkpoint(lambda x: x * x, x)
    assert (y.data, y.op) == (4.0, None)
    assert checkpoint(lambda x: x * 2, 3.0).data == 6.0
    assert not checkpoint(lambda x: x.argmax(), Value([1.0, 2.0])).requires_grad


def test_checkpoint_notices_that_a_constant_was_assigned():
    """Also where the result would be the same: 0 times anything."""
    x, c = Value(0.0), Value(1.0, requires_grad=False, name="batch")
    y = checkpoint(lambda a: a * c, x)
    c.data = 2.0
    with pytest.raises(RuntimeError, match=r"checkpoint: the data of 'batch' .* was assigned after the function"):
        y.backward()
    assert x.grad is None


def test_checkpoint_of_a_function_that_does_not_repeat_itself():
    state = iter(range(10))
    y = checkpoint(lambda x: x * next(state), Value(2.0))
    with pytest.raises(RuntimeError, match="checkpoint: the function gave other numbers when it was run again"):
        y.backward()


def test_data_assigned_after_a_checkpoint_is_detected():
    x, w = Value(2.0), Value(3.0, name="w")
    y = checkpoint(lambda x: x * w, x)
    w.data = 4.0
    with pytest.raises(RuntimeError, match="the data of 'w'"):
        y.backward()


def test_hooks_inside_a_checkpoint_run_once():
    seen = []

    def f(x):
        y = x * x
        y.register_hook(lambda g: seen.append(g.data))
        return y * 3

    checkpoint(f, Value(2.0)).backward()
    assert seen == [3.0]
