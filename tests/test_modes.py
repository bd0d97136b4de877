"""Modes and debugging: no_grad, hooks, anomalies and source lines, data changed in place, nothing left alive."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction

import pytest

from tinygrad_lists import (
    AnomalyError,
    Value,
    check_grads,
    checkpoint,
    detect_anomaly,
    grad,
    hessian,
    hvp,
    jvp,
    max_pool2d,
    modes,
    no_grad,
    record_source,
    scope,
    vjp,
    where,
)
from tinygrad_lists.backward import gradients, reachable, seed_for

# -- modes ------------------------------------------------------------------------------------------------------------


def test_no_grad_records_nothing_even_after_an_exception():
    x = Value(2.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        assert not (x * x).requires_grad
        raise ZeroDivisionError
    assert (x * x).requires_grad
    assert modes.active == 0


def test_no_grad_as_decorator():
    @no_grad()
    def f(x):
        return x * x

    assert not f(Value(2.0)).requires_grad
    assert not f(Value(2.0)).requires_grad  # and again: a decorator is used many times


MODES = [
    (no_grad, "recording", False),
    (record_source, "source", True),
    (detect_anomaly, "anomaly", (True, True)),
    (lambda *function: scope("a")(*function) if function else scope("a"), "scope", ("a",)),
]


@pytest.mark.parametrize(("mode", "name", "inside"), MODES)
def test_every_mode_can_be_used_again_inside_itself_and_decorates(mode, name, inside):
    before = getattr(modes.state, name)
    kept = mode()
    for _ in range(2):
        with kept:
            assert getattr(modes.state, name) == inside
            with kept:
                pass
            assert getattr(modes.state, name) == inside
        assert getattr(modes.state, name) == before

    def look(times):
        "Looks."
        return [getattr(modes.state, name)] * times

    for decorated in (mode(look), mode()(look), kept(look)):
        assert decorated(2) == decorated(times=2) == [inside] * 2
        assert (decorated.__name__, decorated.__doc__) == ("look", "Looks.")
    assert modes.active == 0


def test_one_mode_in_two_threads_at_once():
    kept = no_grad()
    inside, leave = threading.Event(), threading.Event()

    def other():
        with kept:
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=other)
    with kept:
        thread.start()
        inside.wait(5)
    assert modes.state.recording
    leave.set()
    thread.join()
    assert (modes.state.recording, modes.active) == (True, 0)


def test_a_decorated_generator_runs_inside_and_its_caller_outside():
    closed = []

    @no_grad
    def numbers():
        try:
            while True:
                try:
                    yield (Value(2.0) * (yield modes.state.recording)).requires_grad
                except KeyError:
                    yield "caught"
        finally:
            closed.append(modes.state.recording)

    steps = numbers()
    assert next(steps) is False
    assert (Value(2.0) * 2).requires_grad
    assert steps.send(3.0) is False
    assert modes.state.recording
    assert steps.throw(KeyError()) == "caught"
    steps.close()
    assert (closed, modes.active) == ([False], 0)

    @no_grad
    def few():
        yield 1
        return 2

    def all_of_it():
        return (yield from few())

    steps = all_of_it()
    assert next(steps) == 1
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == 2


@pytest.mark.parametrize("name", ["no_grad", "record_source", "detect_anomaly", "scope"])
def test_modes_refuse_what_they_cannot_use(name):
    with pytest.raises(TypeError, match=f"^{name}: "):
        getattr(modes, name)(3)
    with pytest.raises(TypeError, match="scope: a name is text"):

        @scope
        def f():
            pass


def test_modes_belong_to_one_thread():
    seen = []
    entered, done = threading.Event(), threading.Event()

    def other():
        with no_grad(), scope("other"), detect_anomaly():
            entered.set()
            done.wait(5)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(5)
    y = Value(2.0) * 3
    seen.append((y.requires_grad, y.scope, y.source, (Value(0.0).log()).data))
    done.set()
    thread.join()
    assert seen == [(True, (), None, -float("inf"))]


def test_detached_values_stop_the_gradient():
    x = Value([1.0, 2.0])
    (x * x.detach()).sum().backward()
    assert x.grad == [1.0, 2.0]


# -- hooks ------------------------------------------------------------------------------------------------------------


def test_hook_sees_the_complete_gradient_once():
    x = Value([1.0, 2.0])
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.data))
    (y * y + y).sum().backward()  # three uses of y
    assert seen == [[5.0, 9.0]]


def test_hook_on_a_scalar_gets_a_value():
    x = Value(3.0)
    y = x * x
    seen = []
    y.register_hook(seen.append)
    (y * y).backward()
    assert type(seen[0]) is Value
    assert seen[0].data == 18.0
    assert x.grad == 108.0


def test_hooks_replace_in_order_and_can_be_removed():
    x = Value([1.0, 2.0])
    y = x * 1
    first = y.register_hook(lambda g: g + 1)
    second = y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert y.grad == [20.0, 20.0]
    assert x.grad == [20.0, 20.0]
    first.remove()
    first.remove()
    x.grad = y.grad = None
    y.sum().backward()
    assert x.grad == [10.0, 10.0]
    second.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad == [1.0, 1.0]


def test_a_hook_that_cannot_be_called_is_refused_at_once():
    with pytest.raises(TypeError, match="register_hook: the hook is a function of the gradient, not 3"):
        Value(1.0).register_hook(3)


def test_hook_on_a_leaf_changes_what_accumulates():
    x = Value(2.0)
    x.register_hook(lambda g: 100.0)
    (x * 3).backward()
    (x * 3).backward()
    assert x.grad == 200.0


def test_hook_is_differentiated_through():
    def f(x):
        y = x * x
        y.register_hook(lambda g: g * x)
        return y * 1

    assert grad(f)(3.0).data == 18.0  # 1 · x · 2x
    assert grad(grad(f))(3.0).data == 12.0


def test_hook_on_the_variable_of_a_transform_or_a_checkpoint():
    def f(a):
        a.register_hook(lambda g: g * 10)
        return a * a

    assert grad(f)(3.0).data == 60.0
    assert vjp(f, 3.0)[1](1.0)[0].data == 60.0
    x = Value(3.0)
    checkpoint(f, x).backward()
    assert x.grad == 60.0


def test_hook_on_what_a_checkpoint_captures_runs_once_when_the_gradient_is_complete():
    w, x, seen = Value(2.0), Value(3.0), []
    w.register_hook(lambda g: seen.append(g.data))
    (checkpoint(lambda a: a * w, x) + checkpoint(lambda a: a * w * 2, x)).backward()
    assert (w.grad, seen) == (9.0, [9.0])


@pytest.mark.parametrize("one", [1.0, [1.0]])
def test_hook_that_assigns_data_of_a_value_on_the_way_is_refused(one):
    """The gradient would end there: an assigned Value is a leaf."""
    x = Value(one)
    y = (x * 2).exp()
    u = x * 5
    out = (y * y + u).sum()
    handle = u.register_hook(lambda g: y.assign(y.detach() * 100))
    with pytest.raises(RuntimeError, match=r"backward: a hook assigned the data of a Value .* assign after backward"):
        out.backward()
    assert x.grad is None
    handle.remove()
    z = x * 2
    z.register_hook(lambda g: z.assign(z.detach()))
    with pytest.raises(RuntimeError, match="a hook assigned"):
        z.sum().backward()


def test_hook_may_assign_the_leaf_that_it_is_for():
    """An update in the middle of the backward pass, as some optimisers do it."""
    w = Value(2.0)

    def update(g):
        w.assign(w.detach() - 0.5 * g)

    w.register_hook(update)
    (w * w).backward()
    assert (w.data, w.grad) == (0.0, 4.0)


@pytest.mark.parametrize("one", [1.0, [1.0]])
def test_what_a_hook_returns_has_the_kind_of_the_value(one):
    x = Value(one)
    y = x * 2
    handle = y.register_hook(lambda g: 3 if one == 1.0 else [True])
    y.sum().backward()
    assert all(type(v) is float for v in (y.grad_value._flat()[0], x.grad_value._flat()[0]))
    handle.remove()
    for odd, kind in ((Fraction(1, 3), TypeError), ("a", TypeError)):
        handle = y.register_hook(lambda g, odd=odd: odd if one == 1.0 else [odd])
        with pytest.raises(kind, match="register_hook: "):
            y.sum().backward()
        handle.remove()


def test_hook_that_returns_another_shape_or_raises_changes_no_gradient():
    x = Value([1.0, 2.0])
    y = x * 2
    handle = y.register_hook(lambda g: [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"register_hook: .*shape \(3,\) for a Value of shape \(2,\)"):
        y.sum().backward()
    handle.remove()
    y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.sum().backward()
    assert x.grad is None
    assert y.grad is None


def test_hook_survives_assignment_but_not_a_copy():
    x = Value(2.0)
    x.register_hook(lambda g: g * 10)
    x.assign(3.0)
    x.name = "x"
    (x * 1).backward()
    assert x.grad == 10.0
    twin = copy.copy(x)
    twin.grad = None
    (twin * 1).backward()
    assert twin.grad == 1.0


def test_hook_on_a_constant_is_refused():
    with pytest.raises(RuntimeError, match="requires no gradient"):
        Value(1.0, requires_grad=False).register_hook(print)


# -- anomalies and source lines ---------------------------------------------------------------------------------------


def test_anomaly_names_operation_shapes_and_line_forward():
    x = Value([[1.0, 2.0], [0.0, 3.0]], name="x")
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        y = x * 2
        y.log()  # the line to be named
    error = caught.value
    assert str(error).startswith("log: -inf at [1][0] of the result, shape (2, 2), from finite inputs (2, 2)")
    assert "y.log()  # the line to be named" in str(error)
    assert (error.op, error.phase) == ("log", "forward")
    assert error.source.file == __file__
    assert error.source.function == "test_anomaly_names_operation_shapes_and_line_forward"


def test_anomaly_of_a_scalar():
    expected = r"^div: nan of the result, shape \(\), from finite inputs \(\), \(\)"
    with pytest.raises(AnomalyError, match=expected), detect_anomaly():
        Value(0.0) / Value(0.0)


def test_anomaly_says_which_input_held_it_already():
    x = Value([1.0, float("nan")], name="pixels")
    expected = r"mul: nan at \[1\] .* of which 'pixels' \(2,\) already held it"
    with pytest.raises(AnomalyError, match=expected), detect_anomaly():
        x * 2


def test_anomaly_backward_names_the_forward_line():
    x = Value([4.0, 0.0], name="x")
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        loss = x.sqrt().sum()  # sqrt'(0) = inf
        loss.backward()
    error = caught.value
    assert "backward of sqrt: inf at [1] of the gradient of 'x' (2,), with inputs 'x' (2,)" in str(error)
    assert "sqrt'(0) = inf" in str(error)
    assert (error.op, error.phase) == ("sqrt", "backward")
    assert x.grad is None


@pytest.mark.parametrize("depth", [1, 2])
def test_anomaly_backward_inside_a_checkpoint_names_what_is_inside(depth):
    def inner(x):
        return x.sqrt()

    def run(x):
        return checkpoint(inner, x) if depth == 1 else checkpoint(lambda x: checkpoint(inner, x), x)

    with detect_anomaly(), pytest.raises(AnomalyError, match="backward of sqrt: inf") as caught:
        run(Value([0.0])).sum().backward()
    assert caught.value.source.text == "return x.sqrt()"
    with detect_anomaly():
        run(Value([4.0])).sum().backward()


def test_anomaly_backward_of_scalars_and_of_the_given_gradient():
    x = Value(0.0)
    with pytest.raises(AnomalyError, match="backward of sqrt"), detect_anomaly():
        (x.sqrt() * 2).backward()
    with pytest.raises(AnomalyError, match=r"backward of mul: nan at \[0\] .*as a sum or as given"), detect_anomaly():
        (Value([1.0]) * 2).backward([float("nan")])


def test_anomaly_backward_of_a_graph_recorded_outside_says_so():
    y = Value(0.0).sqrt()
    with pytest.raises(AnomalyError, match="run the forward pass inside detect_anomaly"), detect_anomaly():
        y.backward()


def test_anomaly_in_a_layer_names_the_users_line_and_not_the_engines():
    def loss(x):
        return x.log_softmax() * where([1, 0], float("inf"), 0.0)

    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        loss(Value([1.0, 2.0]))
    assert caught.value.source.function == "loss"


def test_masks_with_infinities_can_be_allowed():
    scores = Value([1.0, 2.0])
    with detect_anomaly(inf=False):
        masked = where([1, 0], scores, -float("inf"))
        masked.softmax().sum().backward()
    assert masked.data == [1.0, -float("inf")]
    with pytest.raises(AnomalyError, match="nan"), detect_anomaly(inf=False):
        masked - masked


def test_anomalies_of_other_kinds_of_number():
    with detect_anomaly():
        assert (Value(Fraction(1, 3)) * 3).data == 1
        assert (Value(Decimal(2)) ** 2).data == 4
    with pytest.raises(AnomalyError, match="inf"), detect_anomaly():
        Value(1 + 1j) / 0


def test_no_anomaly_no_error_and_nothing_stays_on():
    with detect_anomaly():
        x = Value([1.0, 2.0])
        (x.log() * 2).sum().backward()
    assert x.grad == [2.0, 1.0]
    assert Value(0.0).log().data == -float("inf")
    assert modes.active == 0


def test_anomaly_error_can_be_pickled():
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        Value(0.0).log()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.source, again.phase) == (str(caught.value), caught.value.source, "forward")


def test_record_source_notes_file_line_and_function():
    with record_source():
        y = Value([1.0, 2.0]).softmax()
        z = y * 2
    assert y.source.file == __file__
    assert y.source.text == "y = Value([1.0, 2.0]).softmax()"
    assert z.source.line == y.source.line + 1
    assert all(node.source.line == y.source.line for node in reachable([y]) if node.op)
    assert (Value(1.0) * 2).source is None


# -- data changed in place --------------------------------------------------------------------------------------------


def test_assigning_between_forward_and_backward_is_detected():
    w, x = Value([1.0, 2.0], name="w"), Value(3.0, requires_grad=False)
    y = (w * x).sum()
    w.data = [5.0, 6.0]
    with pytest.raises(RuntimeError, match=r"the data of 'w' \(shape \(2,\)\) was assigned after mul had used it"):
        y.backward()
    y = (w * x).sum()
    x.data = 4.0
    with pytest.raises(RuntimeError, match="input 1"):
        y.backward()
    (w * x).sum().backward()
    assert w.grad == [4.0, 4.0]


def test_assigning_after_backward_is_how_one_trains():
    w = Value(1.0)
    for _ in range(3):
        w.grad = None
        (w * w).backward()
        w.data = w.data - 0.25 * w.grad
    assert w.data == 0.125


def test_lists_handed_in_and_out_are_not_shared():
    data = [1.0, 2.0]
    x = Value(data)
    y = (x * x).sum()
    x.data[0] = 99.0
    y.backward()
    x.grad[0] = 99.0
    assert x.data == [1.0, 2.0]
    assert x.grad == [2.0, 4.0]


# -- the backward pass itself -----------------------------------------------------------------------------------------


def test_backward_twice_over_one_graph_doubles_the_gradient():
    x = Value([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    y.backward()
    assert x.grad == [4.0, 8.0]


def test_an_error_in_a_rule_leaves_every_gradient_as_it_was(monkeypatch):
    x = Value([1.0, 2.0])
    x.grad = [7.0, 7.0]
    loss = (x.exp() * x).sum()
    monkeypatch.setattr(x.exp().op, "vjp", lambda g, out, x: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loss.backward()
    assert (x.grad, loss.grad) == ([7.0, 7.0], None)


def test_seed_of_a_zero_size_output():
    x = Value([[], []])
    with pytest.raises(ValueError, match=r"backward: a Value of shape \(2, 0\) is not a scalar"):
        (x * 2).backward()
    (x * 2).backward([[], []])
    assert x.grad == [[], []]


def test_seed_takes_the_kind_of_the_output():
    x = Value([Fraction(1, 3)])
    (x * x).backward([2])
    assert x.grad == [Fraction(4, 3)]
    with pytest.raises(TypeError, match="backward: float and Fraction do not mix"):
        (x * x).backward([0.5])
    z = Value([1 + 1j])
    (z * z).backward([1.0])
    assert z.grad == [2 + 2j]
    y = Value([2.0])
    assert type(seed_for(y, [1])._data[0]) is float


def test_where_takes_no_gradient_for_its_condition_even_if_that_could_have_one():
    c, x = Value([1.0, 0.0]), Value([3.0, 4.0])
    where(c * c, x, 0.0).sum().backward()
    assert x.grad == [1.0, 0.0]
    assert c.grad is None
    d, y = Value(1.0), Value(3.0)
    where(d * d, y, 0.0).backward()
    assert (y.grad, d.grad) == (1.0, None)


def test_targets_are_independent_variables():
    x = Value(2.0)
    y = x * x
    z = y * x + y
    found = gradients([z], [seed_for(z)], targets=[y])
    assert found[y] == 3.0
    assert x not in found
    found = gradients([z], [seed_for(z)], targets=[x, y])
    assert (found[x], found[y]) == (4.0, 3.0)  # x holds still inside y


def test_observer_sees_every_contribution_in_order():
    x = Value(3.0)
    y = x * x + x
    seen = []
    gradients(
        [y], [seed_for(y)], observe=lambda node, g, sent: seen.append((node.op.name, g.data, [c.data for c in sent]))
    )
    assert seen == [("add", 1.0, [1.0, 1.0]), ("mul", 1.0, [3.0, 3.0])]


# -- nothing stays alive ----------------------------------------------------------------------------------------------


@contextmanager
def nothing_left_alive():
    """Without the cyclic collector, every Value made inside must be gone at the end."""
    gc.collect()
    gc.disable()
    before = sum(1 for o in gc.get_objects() if type(o) is Value)
    try:
        yield
        assert sum(1 for o in gc.get_objects() if type(o) is Value) == before
    finally:
        gc.enable()


def test_the_check_for_leaks_sees_a_cycle():
    with pytest.raises(AssertionError), nothing_left_alive():
        x = Value(1.0)
        x.name = [x]  # type: ignore[assignment]
        del x


def _forward(x):
    h = (x @ x.T).relu().softmax()
    return max_pool2d(h.reshape(1, 1, 2, 2), 2).sum() + h.std() + h[0, 1] ** 2


@pytest.mark.parametrize(
    "use",
    [
        lambda x: _forward(x),
        lambda x: _forward(x).backward(),
        lambda x: grad(_forward)(x),
        lambda x: grad(lambda x: grad(_forward)(x).sum())(x),
        lambda x: hessian(_forward)(x),
        lambda x: hvp(_forward, x, [[1.0, 0.0], [0.0, 2.0]]),
        lambda x: jvp(_forward, x, [[1.0, 0.0], [0.0, 2.0]]),
        lambda x: vjp(_forward, x)[1](1.0),
        lambda x: check_grads(_forward, x, order=1, oracle="central"),
        lambda x: checkpoint(_forward, x).backward(),
        lambda x: (y := x * 2).register_hook(lambda g: g * 2) and y.sum().backward(),
    ],
)
def test_nothing_is_alive_after_use(use):
    with nothing_left_alive():
        use(Value([[1.0, 2.0], [3.0, -4.0]]))


def _anomaly(x):
    with detect_anomaly():
        (x * 0).log()


def _anomaly_backward(x):
    with detect_anomaly():
        (x * 0 + [[0.0, 1.0], [1.0, 1.0]]).sqrt().sum().backward()


def _stale(x):
    y = x * x
    x.assign(x + 1)
    y.sum().backward()


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x.exp() @ [1.0, 2.0, 3.0],
        lambda x: x.exp() + "text",
        lambda x: x.exp() * Value(Fraction(1, 3)),
        lambda x: Value(2.0) * Value(Fraction(1, 3)) * x,
        lambda x: Value([Fraction(1, 3)]).exp() * x,
        lambda x: x.exp().backward(),
        lambda x: grad(lambda x: x * 2)(x),
        lambda x: check_grads(lambda x: x.exp() * x.detach(), x),
        _anomaly,
        _anomaly_backward,
        _stale,
    ],
)
def test_nothing_is_alive_after_an_exception(use):
    with nothing_left_alive():
        try:
            use(Value([[1.0, 2.0], [3.0, -4.0]]))
        except (ValueError, TypeError, RuntimeError, ArithmeticError, AssertionError):
            pass
        else:
            pytest.fail("should have raised")


def test_a_graph_goes_when_its_last_user_lets_go():
    x = Value(1.0)
    y = x * 2
    middle = weakref.ref(y)
    y = y * 3
    assert middle() is not None
    del y
    assert middle() is None


def test_a_long_chain_is_freed_without_recursion():
    with nothing_left_alive():
        y = x = Value(1.0)
        for _ in range(100_000):
            y = y + 1e-6
        y.backward()
        assert x.grad == 1.0
        del x, y
