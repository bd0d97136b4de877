"""The traps of tracing compilers. Each docstring says what a user would expect; each test, that it is so or is said so.

The list is that of tinygrad's ``test_jit_footguns.py``, and some more.
"""

from __future__ import annotations

import functools
import random
import shutil
import sys
import threading
from fractions import Fraction
from typing import Any

import pytest

import nn
from tinygrad_lists import JitError, Value, checkpoint, detect_anomaly, grad, jit, no_grad, one_hot, primitive, where

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)


def jit64(function: Any) -> Any:
    return jit(function, dtype="float64")


# -- Reading numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda y: y.data,
        lambda y: y.sum().item(),
        lambda y: float(y.sum()),
        lambda y: int(y.sum()),
        lambda y: bool(y.sum() > 0),
        lambda y: y.tolist(),
        lambda y: f"{y.sum():.3f}",
        lambda y: y[y > 0],
        lambda y: y._data,
        lambda y: list(y._flat()),
    ],
    ids=["data", "item", "float", "int", "branch", "tolist", "format", "mask", "_data", "_flat"],
)
@pytest.mark.parametrize("given", [[1.0, 2.0], Value([1.0, 2.0])], ids=["list", "Value"])
def test_a_number_read_inside_is_refused_with_the_line(read: Any, given: Any) -> None:
    """The branch of the first call would be taken for ever; so reading is an error that names the line and a remedy."""

    def f(x: Value) -> Value:
        y = x * 2
        read(y)
        return y

    with pytest.raises(
        JitError, match=r"test_jit_footguns\.py:\d+ in .*: the numbers of a computed Value were read; .*"
    ):
        jit(f)(given)


def test_an_argument_cannot_be_read_either() -> None:
    """Its numbers are others at the next call."""
    with pytest.raises(JitError, match="the numbers of a computed Value were read"):
        jit(lambda x: x * float(x))(Value(2.0))
    with pytest.raises(JitError, match="the numbers of a computed Value were read"):
        jit(lambda x, rate: x * rate if rate > 0 else x)(Value(2.0), 0.5)


def test_where_is_the_remedy() -> None:
    f = jit64(lambda x: where(x > 0, x, x * 0.1))
    assert f([1.0, -1.0]).data == [1.0, -0.1]
    assert f([-2.0, 3.0]).data == [-0.2, 3.0]


def test_gradients_are_read_as_values() -> None:
    """`.grad` is plain numbers; in a jitted function it is grad_value."""
    w = Value(2.0)

    def step() -> None:
        w.grad = None
        (w * w).backward()
        w.data -= 0.1 * w.grad

    with pytest.raises(JitError):
        jit(step)()
    assert (w.data, w.grad) == (2.0, None)

    def other() -> None:
        w.grad = None
        (w * w).backward()
        assert w.grad is not None

    with pytest.raises(JitError, match=r"use \.grad_value"):
        jit(other)()


# -- What changes between calls ---------------------------------------------------------------------------------------


def test_a_number_in_a_closure_that_changes() -> None:
    """The eager answer: it is noticed, and the function is recorded again."""
    factor = 2.0
    f = jit64(lambda x: x * factor)
    assert f([1.0]).data == [2.0]
    factor = 3.0
    assert f([1.0]).data == [3.0]
    factor = 2.0
    assert f([1.0]).data == [2.0]
    assert f.programs == 2


SCALE = 2.0


def test_a_global_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same."""
    f = jit64(lambda x: x * SCALE)
    assert f(3.0).data == 6.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert f(3.0).data == 15.0


def test_an_attribute_that_changes() -> None:
    """A flag of a module, such as ``training``."""

    class Switch(nn.Module):
        def forward(self, x: Value) -> Value:
            return x * 2 if self.training else x * 1

    model = nn.Sequential(Switch())
    f = jit64(model)
    assert f([1.0]).data == [2.0]
    model.eval()
    assert f([1.0]).data == [1.0]
    model.train()
    assert f([1.0]).data == [2.0]


class Settings:
    scale = 2.0


def test_an_attribute_of_a_class_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, for settings that nobody makes an instance of."""
    f = jit64(lambda x: x * Settings.scale)
    assert f(3.0).data == 6.0
    monkeypatch.setattr(Settings, "scale", 5.0)
    assert f(3.0).data == 15.0


def test_a_helper_and_a_partial_function() -> None:
    """What a helper closes over counts as well."""
    factor = [2.0]

    def helper(x: Value, by: list[float]) -> Value:
        return x * by[0] + factor[0]

    other = [10.0]
    f = jit64(functools.partial(helper, by=other))
    assert f(Value(1.0)).data == 12.0
    factor[0], other[0] = 3.0, 20.0
    assert f(Value(1.0)).data == 23.0


def test_a_list_in_a_closure() -> None:
    """A changed list gives the eager answer."""
    weights = [1.0, 2.0]
    f = jit64(lambda x: x * Value(weights))
    assert f([1.0, 1.0]).data == [1.0, 2.0]
    weights[0] = 7.0
    assert f([1.0, 1.0]).data == [7.0, 2.0]
    weights.append(3.0)
    assert f([1.0, 1.0, 1.0]).data == [7.0, 2.0, 3.0]


def test_a_list_too_long_to_be_watched() -> None:
    """An error that says what to do."""
    table = [1.0] * 200_000
    with pytest.raises(JitError, match="can see table, a list of 200000 entries"):
        jit(lambda x: x * table[0])([1.0])


def test_a_value_outside_that_python_assigns() -> None:
    """A captured Value is read anew at each call."""
    w = Value(2.0)
    f = jit64(lambda x: x * w)
    assert f(3.0).data == 6.0
    w.data = 10.0
    assert f(3.0).data == 30.0


def test_another_value_under_the_same_name() -> None:
    w = Value(2.0)
    f = jit64(lambda x: x * w)
    assert f(3.0).data == 6.0
    w = Value(4.0)
    assert f(3.0).data == 12.0


def test_a_value_outside_whose_numbers_python_reads() -> None:
    """They may be read, for they come from outside; when they change, the function is recorded again."""
    order = Value([1, 0], requires_grad=False)
    f = jit64(lambda x: x[order])
    assert f([5.0, 6.0]).data == [6.0, 5.0]
    order.data = [0, 0]
    assert f([5.0, 6.0]).data == [5.0, 5.0]


def test_an_int_argument_is_part_of_the_function() -> None:
    f = jit64(lambda x, axis: x.sum(axis=axis))
    assert f([[1.0, 2.0], [3.0, 4.0]], 0).data == [4.0, 6.0]
    assert f([[1.0, 2.0], [3.0, 4.0]], 1).data == [3.0, 7.0]


def test_an_int_that_is_another_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a program for each of a thousand steps, but an error that says what to do."""
    monkeypatch.setattr(sys.modules["tinygrad_lists.compiler.jit"], "_MOST_PROGRAMS", 3)
    f = jit(lambda x, t: x * t)
    with pytest.raises(JitError, match=r"3 programs were made for .*Hand it over as a Value or a float"):
        for t in range(10):
            f([1.0], t)


def test_frozen_and_thawed_parameters() -> None:
    """requires_grad is a flag like others."""
    w = Value([1.0])

    def step() -> None:
        w.grad = None
        loss = (w * w).sum() + Value(1.0)
        loss.backward()

    f = jit64(step)
    f()
    assert w.grad == [2.0]
    w.requires_grad = False
    w.grad = None
    f()
    assert w.grad is None


# -- What a program cannot repeat -------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["module", "own"])
def test_random_numbers_inside(source: str) -> None:
    """They would be the same at every call: an error, and the generator stands where it stood."""
    rng: Any = random if source == "module" else random.Random(3)
    f = jit(lambda x: x * rng.random())
    before = rng.getstate()
    with pytest.raises(JitError, match=r"draws random numbers.*hand them over as an argument"):
        f([1.0])
    assert rng.getstate() == before


def test_a_list_that_grows() -> None:
    """Appending happens in the first call, which is interpreted; then it is refused, not forgotten."""
    losses: list[Value] = []

    def f(x: Value) -> Value:
        y = x * 2.0
        losses.append(y)
        return y

    compiled = jit(f)
    compiled(Value(1.0))
    assert [v.data for v in losses] == [2.0]
    with pytest.raises(JitError, match=r"changes losses at every call.*assign"):
        compiled(Value(1.0))
    assert len(losses) == 1


def test_a_counter() -> None:
    """Adam's t as a Python int would stand still."""

    class Counter:
        t = 0

    counter = Counter()
    counter.t = 0

    def f(x: Value) -> Value:
        counter.t += 1
        return x * counter.t

    compiled = jit64(f)
    assert compiled(Value(1.0)).data == 1.0
    with pytest.raises(JitError, match=r"counter\.t at every call"):
        compiled(Value(1.0))
    assert counter.t == 1


def test_a_counter_in_a_value() -> None:
    """The remedy."""
    t = Value(0.0, requires_grad=False)

    def f(x: Value) -> Value:
        t.assign(t + 1)
        return x * t

    compiled = jit64(f)
    assert [compiled(2.0).data for _ in range(3)] == [2.0, 4.0, 6.0]
    assert t.data == 3.0


def test_state_that_appears_at_the_first_call() -> None:
    """Made lazily, then kept: the eager answer."""
    memory: dict[str, Value] = {}

    def f(x: Value) -> Value:
        if "sum" not in memory:
            memory["sum"] = Value([0.0], requires_grad=False)
        memory["sum"].assign(memory["sum"] + x)
        return memory["sum"] * 1

    compiled = jit64(f)
    assert [compiled(Value([2.0], requires_grad=False)).data for _ in range(4)] == [[2.0], [4.0], [6.0], [8.0]]


def test_a_primitive_of_ones_own() -> None:
    double = primitive(lambda x: 2 * x, name="double")
    with pytest.raises(JitError, match="double is a primitive of your own, written in Python"):
        jit(lambda x: double(x))([1.0])


def test_other_kinds_of_number() -> None:
    """A program computes with floats; a Fraction would be rounded in silence."""
    third = Value(Fraction(1, 3))
    with pytest.raises(JitError, match="a Fraction takes part"):
        jit(lambda x: x * third)(Value(1))


@pytest.mark.parametrize("how", ["outside", "argument", "behind", "check"])
def test_a_gradient_hook_of_a_value_outside(how: str) -> None:
    """A hook is Python: it would be compiled in as it was at the first call, counted once, and stay when removed."""
    w = Value([1.0, 2.0])
    h = w * 1 if how == "behind" else w
    seen: list[Any] = []

    def step(v: Value, x: Any) -> None:
        w.grad = h.grad = None
        ((v if how == "argument" else h) * x).sum().backward()

    f = jit(step, dtype="float64", check=how == "check")
    f(w, [1.0, 1.0])
    assert w.grad == [1.0, 1.0]
    handle = w.register_hook(lambda g: seen.append(g.data) or g * 0)
    for _ in range(2):
        with pytest.raises(
            JitError, match=r"test_jit_footguns\.py:\d+ in step: .*has a gradient hook.*Remove the hook"
        ):
            f(w, [1.0, 1.0])
    assert (w.grad, seen) == ([1.0, 1.0], [])
    handle.remove()
    f(w, [3.0, 3.0])
    assert (w.grad, f.programs) == ([3.0, 3.0], 1)


def test_a_hook_that_no_gradient_passes_does_no_harm() -> None:
    w = Value([1.0, 2.0])
    handle = w.register_hook(lambda g: g * 10)
    f = jit64(lambda x: (w * x).sum())
    assert f([1.0, 1.0]).data == 3.0
    slope = jit64(lambda x: grad(lambda v: (v * w).sum())(x))  # w is no variable here
    assert slope([1.0, 1.0]).data == [1.0, 2.0]
    handle.remove()
    assert slope([5.0, 1.0]).data == [1.0, 2.0]


def test_a_hook_registered_inside_on_a_value_outside_is_refused() -> None:
    """Each call would add another one."""
    w = Value([1.0, 2.0])

    def f(x: Value) -> None:
        w.assign(w * 1)
        w.register_hook(lambda g: g * 10)

    with pytest.raises(JitError, match="has a gradient hook"):
        jit64(f)([1.0, 1.0])
    (w * 1).sum().backward()
    assert w.grad == [1.0, 1.0]


def test_a_hook_registered_inside_on_a_value_made_there_becomes_part_of_the_program() -> None:
    w = Value([1.0, 2.0])

    def step(x: Any) -> None:
        u = Value([2.0, 2.0])
        h = w * x
        h.register_hook(lambda g: g * h)
        u.register_hook(lambda g: g + 1)
        w.grad = None
        (h * u).sum().backward()
        w.grad = w.grad_value + u.grad_value

    f = jit64(step)
    for x in ([1.0, 1.0], [3.0, 0.5]):
        step(x)
        expected = w.grad
        f(x)
        assert w.grad == expected
    assert f.programs == 1


def test_a_leaf_made_inside_is_made_anew_at_each_call() -> None:
    """Its gradient starts from nothing, and it is no state of the program."""

    def f(x: Any) -> Value:
        u = Value([2.0, 2.0])
        (u * x).sum().backward()
        (u * u).sum().backward()
        u.assign(u + 1)
        return u.grad_value * u

    g = jit64(f)
    for x in ([1.0, 1.0], [3.0, 0.5], [3.0, 0.5]):
        assert g(x).data == f(x).data
    assert g.programs == 1


def test_a_hook_inside_that_changes_python_is_refused() -> None:
    w, seen = Value([1.0, 2.0]), []

    def step(x: Any) -> None:
        h = w * x
        h.register_hook(seen.append)
        h.sum().backward()

    f = jit64(step)
    f([1.0, 1.0])
    assert seen[0].data == [1.0, 1.0]  # what changes Python once only runs interpreted
    with pytest.raises(JitError, match="changes seen at every call"):
        f([1.0, 1.0])


# -- Aliases ----------------------------------------------------------------------------------------------------------


def test_the_argument_comes_back() -> None:
    """As in Python: the same object, not a copy."""
    f = jit(lambda x, y: (x, y, x + y))
    x, y = Value([1.0]), Value([2.0])
    out = f(x, y)
    assert out[0] is x
    assert out[1] is y
    assert out[2].data == [3.0]


def test_one_value_returned_twice() -> None:
    a, b = jit(lambda x: (y := x * 2, y))([1.0])
    assert a is b


def test_results_are_not_overwritten_by_the_next_call() -> None:
    """Each call has results of its own, large ones too."""
    f = jit64(lambda x: x * 2)
    first, small = f([1.0] * 100), f([1.0])
    f([5.0] * 100)
    f([5.0])
    assert first.data == [2.0] * 100
    assert small.data == [2.0]


def test_one_value_as_both_arguments() -> None:
    """Assigned through one name, read through the other."""

    def f(a: Value, b: Value) -> Value:
        a.assign(a + 1)
        return b * 10

    x, y, compiled = Value(1.0), Value(1.0), jit64(f)
    assert compiled(x, x).data == 20.0
    assert compiled(x, y).data == 10.0
    assert (x.data, y.data) == (3.0, 1.0)


def test_an_argument_that_is_also_captured() -> None:
    """And then another argument that is not."""
    w = Value(2.0)

    def f(x: Value) -> Value:
        w.assign(w + 1)
        return x * 10

    compiled = jit64(f)
    assert compiled(w).data == 30.0
    assert compiled(Value(1.0)).data == 10.0
    assert compiled(w).data == 50.0


def test_values_exchanged() -> None:
    """Each gets what the other had."""
    a, b = Value([1.0, 2.0]), Value([3.0, 4.0])

    def swap() -> None:
        old = a.detach()
        a.assign(b)
        b.assign(old)

    compiled = jit64(swap)
    compiled()
    assert (a.data, b.data) == ([3.0, 4.0], [1.0, 2.0])
    compiled()
    assert (a.data, b.data) == ([1.0, 2.0], [3.0, 4.0])


def test_data_that_python_holds_stays() -> None:
    """What was read before a call does not change under the reader's hands."""
    w = Value([1.0])
    f = jit64(lambda: w.assign(w * 2).detach())
    f()
    before, held = w.data, w._data
    f()
    assert (before, held, w.data) == ([2.0], [2.0], [4.0])


def test_gradients_accumulate() -> None:
    """Without zero_grad, as in Python: twice is twice."""
    w = Value([1.0])
    f = jit64(lambda: (w * 3.0).sum().backward())
    for _ in range(4):
        f()
    assert w.grad == [12.0]
    w.grad = None
    f()
    assert w.grad == [3.0]
    w.grad = [100.0]
    f()
    assert w.grad == [103.0]


# -- Nested, interrupted, elsewhere -----------------------------------------------------------------------------------


def test_nested_jit_becomes_part_of_the_outer() -> None:
    inner = jit64(lambda x: x * 2)
    outer = jit64(lambda x: inner(x) + 1)
    assert outer([1.0]).data == [3.0]
    assert inner.programs == 0


def test_jit_inside_grad_is_refused() -> None:
    """A gradient cannot flow through a compiled call; to be silently zero would be worse."""
    f = jit64(lambda x: x * x)
    with pytest.raises(JitError, match=r"grad\(\) inside the jitted function"):
        grad(f)(3.0)
    assert jit64(grad(lambda x: x * x))(3.0).data == 6.0
    with pytest.raises(JitError, match="inside the jitted function"):
        f(Value(3.0)).backward()
    with no_grad():
        assert not f(Value(3.0)).requires_grad


def test_an_exception_half_way_leaves_everything() -> None:
    """The parameters, their gradients and the list are as before."""
    w, seen = Value([1.0, 2.0]), [0]
    w.grad = [5.0, 5.0]

    def f(x: Value) -> Value:
        seen.append(1)
        w.grad = None
        w.assign(w * 2)
        return w @ x

    with pytest.raises(ValueError, match="matmul"):
        jit(f)(Value([1.0, 2.0, 3.0]))
    assert (w.data, w.grad, seen) == ([1.0, 2.0], [5.0, 5.0], [0])
    loss = (w * w).sum()
    loss.backward()  # graphs from before are not out of date


def test_what_a_step_assigns_are_several_values_to_backward() -> None:
    """`backward` knows Values by their serial numbers: no two may share one."""
    v, w = Value(2.0), Value(3.0)

    def step() -> None:
        v.assign(v * 2)
        w.assign(w * 3)

    jit64(step)()
    (v * w + w).backward()
    assert (v.data, w.data) == (4.0, 9.0)
    assert (v.grad, w.grad) == (9.0, 5.0)
    assert v._serial != w._serial


def test_a_label_out_of_range_is_found_at_every_call() -> None:
    """With the message of the interpreter, and before anything has changed."""
    model = nn.Sequential(nn.Dense(2, 3))
    optimiser, criterion = nn.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Value:
        optimiser.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimiser.step()
        return loss

    compiled = jit64(step)
    x = [[1.0, 2.0]] * 21
    compiled(x, [0, 1, 2] * 7)
    state, slopes = model.state_dict(), [p.grad for p in model.parameters()]
    with pytest.raises(ValueError) as interpreted:
        step(x, [0, 1, 2] * 6 + [0, 3, 1])
    with pytest.raises(ValueError) as ours:
        compiled(x, [0, 1, 2] * 6 + [0, 3, 1])
    assert str(ours.value) == str(interpreted.value)
    assert "label 3 at position 19" in str(ours.value)
    assert model.state_dict() == state
    for p, slope in zip(model.parameters(), slopes, strict=True):
        p.grad = slope
    with pytest.raises(ValueError, match="label -1 at position 0"):
        jit64(lambda y: one_hot(y, 3))([-1, 0])
    assert jit64(lambda y: one_hot(y, 3))([2, 0]).data == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


def test_ragged_lists_are_refused_as_ever() -> None:
    with pytest.raises(ValueError, match="ragged lists"):
        jit(lambda x: x * 2)([[1.0, 2.0], [1.0]])


def test_checkpoint_inside() -> None:
    f = jit64(grad(lambda x: checkpoint(lambda v: v * v * v, x)))
    assert f(2.0).data == 12.0


def test_anomaly_detection_runs_interpreted() -> None:
    f = jit(lambda x: x.log())
    assert f([0.0]).data == [float("-inf")]
    with detect_anomaly(), pytest.raises(ArithmeticError, match="log: -inf"):
        f(Value([0.0]))


def test_as_a_method() -> None:
    class Doubler:
        def __init__(self, by: float) -> None:
            self.by = by

        @jit(dtype="float64")
        def double(self, x: Value) -> Value:
            return x * self.by

    two, three = Doubler(2.0), Doubler(3.0)
    assert (two.double([1.0]).data, three.double([1.0]).data) == ([2.0], [3.0])
    two.by = 5.0
    assert two.double([1.0]).data == [5.0]


def test_trees_in_and_out() -> None:
    f = jit64(lambda p, k=2.0: {"sum": p["a"] + p["b"][0], "both": (p["a"] * k, None, "x")})
    out = f({"a": [1.0, 2.0], "b": [Value([3.0, 4.0])]}, k=10.0)
    assert out["sum"].data == [4.0, 6.0]
    assert out["both"][0].data == [10.0, 20.0]
    assert out["both"][1:] == (None, "x")


def test_threads_share_a_function() -> None:
    """Each call is whole."""
    f = jit64(lambda x: (x * x).sum())
    wrong: list[float] = []

    def work(k: float) -> None:
        wrong.extend(k for _ in range(200) if f([k] * 50).data != 50 * k * k)

    f([1.0] * 50)
    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_bad_arguments_of_jit_itself() -> None:
    with pytest.raises(ValueError, match="dtype is 'float32' or 'float64', not 'float16'"):
        jit(lambda x: x, dtype="float16")
    with pytest.raises(TypeError, match="is not a function"):
        jit(3)  # type: ignore[call-overload]
    with pytest.raises(JitError, match="call the function once"):
        jit(lambda x: x).source  # noqa: B018


def test_a_counter_of_ints_and_one_that_becomes_a_float() -> None:
    """Kinds stay as in Python: an int counts on as an int; what becomes a float does so in the first call."""
    count, half = Value(0, requires_grad=False), Value(8, requires_grad=False)

    def f(x: Value) -> Value:
        count.assign(count + 1)
        half.assign(half / 2)
        return x * count

    compiled = jit64(f)
    assert [compiled(1.0).data for _ in range(3)] == [1.0, 2.0, 3.0]
    assert (count.data, type(count.data)) == (3, int)
    assert (half.data, type(half.data)) == (1.0, float)


def test_whole_numbers_are_not_divided() -> None:
    """A divisor of 0 is an exception in Python and nothing in C."""
    with pytest.raises(JitError, match="remainder of ints has no result for a divisor of 0"):
        jit(lambda x, y: x % y)([4, 5], [2, 0])
    assert jit64(lambda x: x % 2.0)([4, 5]).data == [0.0, 1.0]
