"""The engine as a whole: graphs, accumulation, memory, growth, threads, what goes in and what is refused."""

from __future__ import annotations

import array
import copy
import gc
import math
import pickle
import random
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_lists import Value, concat, no_grad, stack, where
from tinygrad_lists.backward import gradients, reachable
from tinygrad_lists.value import constant

# -- Graphs -----------------------------------------------------------------------------------------------------------


def test_micrograd_readme() -> None:
    """The example of micrograd's README, unchanged."""
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_micrograd_training_step() -> None:
    """Its loop: set gradients to 0, backward, change data in place."""
    w = [Value(0.5), Value(-0.25)]
    losses = []
    for _ in range(20):
        for p in w:
            p.grad = 0
        loss = sum((wi * xi for wi, xi in zip(w, [1.0, 2.0], strict=True)), -1.0) ** 2
        loss.backward()
        for p in w:
            p.data -= 0.05 * p.grad
            assert type(p.data) is float
        losses.append(loss.data)
    assert losses[-1] < 1e-3 < losses[0]
    assert sorted(losses, reverse=True) == losses


def test_the_same_input_twice_is_two_edges() -> None:
    a = Value(3.0)
    for y, expected in ((a + a, 2.0), (a * a, 6.0), (a - a, 0.0), (a / a, 0.0)):
        assert y.inputs == (a, a)
        a.grad = None
        y.backward()
        assert a.grad == expected


def test_inputs_of_any_number() -> None:
    """None, one and two inputs have slots of their own, more are a tuple; from outside there is no difference."""
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    for y, expected in ((a.exp(), (a,)), (a * b, (a, b)), (where(a, b, c), (a, b, c)), (stack([a] * 4)[0], None)):
        assert y.op is not None
        assert expected is None or y.inputs == expected
        y.assign(5.0)
        assert (y.op, y.inputs, y.params) == (None, (), {})
    assert a.inputs == (a * 2).detach().inputs == ()
    for n in range(5):
        a.inputs = (b, c, b, c)[:n]
        assert a.inputs == (b, c, b, c)[:n]


@pytest.mark.parametrize("one", [1.0, [1.0]], ids=["scalars", "tensors"])
def test_backward_goes_from_the_youngest_to_the_oldest(one: Any) -> None:
    """Whatever the shape of the graph: each node once, when all that use it are done."""
    rng = random.Random(7)
    nodes = [Value(one) for _ in range(5)]
    for _ in range(200):
        x, y = rng.choices(nodes, k=2)
        nodes.append(x + y if rng.random() < 0.8 else x * 0.5)
    end = sum(nodes[-5:])
    order: list[int] = []
    for i, node in enumerate(nodes):
        node.register_hook(lambda g, i=i: order.append(i))  # type: ignore[misc]
    end.backward(one)
    assert len(order) > 20
    assert order == sorted(set(order), reverse=True)
    assert {i for i, v in enumerate(nodes) if v.grad is not None} == set(order)
    assert [v for v in reachable([end]) if v in nodes] == [nodes[i] for i in order]


def test_diamond() -> None:
    x = Value([2.0, 3.0])
    left, right = x * 3, x * x
    (left * right).sum().backward()
    assert x.grad == [3 * 3 * 4.0, 3 * 3 * 9.0]
    assert left.grad == [4.0, 9.0]
    assert right.grad == [6.0, 9.0]


def test_gradients_accumulate() -> None:
    """Backward twice doubles the leaves, as in PyTorch; a second graph adds to them."""
    x, w = Value([1.0, 2.0]), Value(3.0)
    loss = (x * w).sum()
    loss.backward()
    loss.backward()
    assert (x.grad, w.grad) == ([6.0, 6.0], 6.0)
    (w * 10).backward()
    assert w.grad == 16.0
    w.grad, x.grad = None, None
    loss.backward()
    assert (x.grad, w.grad) == ([3.0, 3.0], 3.0)


def test_grad_can_be_assigned() -> None:
    x = Value([1.0, 2.0])
    x.grad = [1, 2]
    assert x.grad == [1.0, 2.0]
    assert type(x.grad[0]) is float
    x.sum().backward()
    assert x.grad == [2.0, 3.0]
    with pytest.raises(ValueError, match=r"grad: cannot assign shape \(\) to a Value of shape \(2,\)"):
        x.grad = 0.0
    exact = Value(Decimal(1))
    exact.grad = 0
    assert type(exact.grad) is Decimal


def test_what_backward_does_not_reach_stays_none() -> None:
    x, unused, condition = Value(2.0), Value(3.0), Value(1.0)
    c = Value(5.0, requires_grad=False)
    unused * 2
    (x * c).backward()
    assert (x.grad, unused.grad, c.grad) == (5.0, None, None)
    choice = (condition * 2).relu()  # it is computed, and leads to the loss, but no gradient flows through a condition
    x.grad = None
    where(choice, x, 0.0).backward()
    assert (x.grad, choice.grad, condition.grad) == (1.0, None, None)


def test_intermediate_values_have_gradients_too() -> None:
    x = Value(2.0)
    y = x * 3
    (y * y).backward()
    assert (y.grad, x.grad) == (12.0, 36.0)


def test_constants() -> None:
    x = Value([1, 2], requires_grad=False)
    assert x.data == [1, 2]
    assert (x * 2).data == [2, 4]
    assert not (x * 2).requires_grad
    assert (x * 2).op is None
    for loss in ((x * 2).sum(), Value(1.0).detach(), Value(1.0) > 0):
        with pytest.raises(RuntimeError, match="backward: this Value depends on nothing that requires a gradient"):
            loss.backward()
    with no_grad():
        y = Value(2.0) * 3
    with pytest.raises(RuntimeError, match="made under no_grad"):
        y.backward()


def test_detach_stops_gradients() -> None:
    x = Value(3.0)
    (x * x.detach()).backward()
    assert x.grad == 3.0
    assert not x.detach().requires_grad


@pytest.mark.parametrize("make", [lambda: Value(2.0), lambda: Value([2.0, 3.0]), lambda: Value([[1.0]])])
def test_data_assigned_between_forward_and_backward_is_detected(make: Callable[[], Value]) -> None:
    """The recorded operations used the old numbers: a gradient from the new ones would be silently wrong."""
    x = make()
    x.name = "w"
    y = (x * x).sum()
    x.data = x.data
    with pytest.raises(RuntimeError, match=r"the data of 'w' \(shape .*\) was assigned after mul had used it"):
        y.backward()
    assert x.grad is None
    (x * x).sum().backward()
    assert x.grad is not None


def test_assigned_constants_and_intermediates_are_detected_too() -> None:
    x, c = Value(2.0), Value(3.0, requires_grad=False)
    y = x * c
    c.data = 4.0
    with pytest.raises(RuntimeError, match="input 1"):
        y.backward()
    c.data = 3.0
    with pytest.raises(RuntimeError, match="input 1"):
        (y * 2).sum().backward()  # found on the way, and nothing has been written
    assert (x.grad, y.grad) == (None, None)
    middle = x * 2
    z = middle * middle
    middle.assign(7.0)
    with pytest.raises(RuntimeError, match="out of date"):
        z.backward()
    (middle * 3).backward()  # it is a leaf now
    assert (middle.grad, x.grad, middle.op) == (3.0, None, None)


@pytest.mark.parametrize("one", [3.0, [3.0]])
def test_a_result_that_is_told_to_need_no_gradient_is_detected(one: Any) -> None:
    """Its gradient would be missing in silence; PyTorch refuses to set the flag."""
    x = Value(one)
    square = x * x
    cube = (square * x).sum()
    square.requires_grad = False
    with pytest.raises(RuntimeError, match=r"requires_grad of a result of mul .* False; .* detach\(\)"):
        cube.backward()
    assert x.grad is None


def test_gradients_have_the_kind_of_the_number() -> None:
    """On scalars, whose rules run on bare numbers, as on tensors."""
    for exact in (Value(Fraction(3)), Value([Fraction(3)])):
        with pytest.raises(TypeError, match="log: the result for a Fraction is irrational"):
            (2**exact).sum().backward()
        assert exact.grad is None
    for decimal in (Value(Decimal("1.5")), Value([Decimal("1.5")])):
        (2**decimal).sum().backward()
        expected = Decimal(2) ** Decimal("1.5") * Decimal(2).ln()
        assert abs(decimal.grad_value.sum().data - expected) < Decimal("1e-26")  # type: ignore[union-attr]
    x = Value([1.0, 2.0])
    x.assign(Value([1, 2], requires_grad=False))
    assert all(type(v) is float for v in x.data)
    x.assign(Value([Fraction(1), Fraction(2)]))  # of another kind from now on, as after assigning a list of Fractions
    assert x.data == [Fraction(1), Fraction(2)]
    assert all(type(v) is Fraction for v in x.data)


def test_backward_twice_over_one_graph_after_a_new_leaf_value() -> None:
    """Assigning a Value that the graph does not use is no reason to complain."""
    x, other = Value(2.0), Value(1.0)
    y = x * x
    other.data = 5.0
    y.backward()
    assert x.grad == 4.0


def test_a_gradient_must_be_given_for_what_is_no_scalar() -> None:
    x = Value([1.0, 2.0])
    y = x * x
    with pytest.raises(ValueError, match=r"backward: a Value of shape \(2,\) is not a scalar; .* pass gradient="):
        y.backward()
    with pytest.raises(ValueError, match=r"backward: gradient has shape \(\) but the Value has shape \(2,\)"):
        y.backward(1.0)
    with pytest.raises(ValueError, match=r"gradient has shape \(1, 2\)"):
        y.backward([[1.0, 2.0]])
    with pytest.raises(TypeError, match="'a' is a str"):
        y.backward("a")
    y.backward([1, -1])
    assert x.grad == [2.0, -4.0]
    one = Value([[3.0]])
    (one * one).backward()
    assert one.grad == [[6.0]]


def test_a_scalar_broadcast_in_every_way() -> None:
    """Un-broadcasting: the gradient of a stretched operand is the sum over where it was stretched."""
    shapes = [(), (1,), (3,), (2, 1), (2, 3), (1, 1, 1), (4, 1, 3)]
    for a in shapes:
        for b in shapes:
            x, y = (Value(1.0).broadcast_to(s).detach() for s in (a, b))
            x.requires_grad = y.requires_grad = True
            z = x * 2 + y
            z.sum().backward()
            size = math.prod(max(m, n) for m, n in zip((1,) * (3 - len(a)) + a, (1,) * (3 - len(b)) + b, strict=True))
            assert z.size == size
            assert x.sum().data * size * 2 / x.size == Value(x.grad).sum().data
            assert Value(y.grad).shape == y.shape
            assert Value(y.grad).sum().data == size


# -- Memory -----------------------------------------------------------------------------------------------------------


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """With the collector off: as many Values afterwards as before, so nothing waited in a cycle."""
    gc.collect()
    before = alive()
    gc.disable()
    try:
        yield
        assert alive() == before
    finally:
        gc.enable()


def alive() -> int:
    return sum(type(o) is Value for o in gc.get_objects())


def network() -> tuple[Value, Value]:
    x = Value([[1.0, -2.0], [0.5, 3.0]], name="x")
    h = (x @ [[1.0, 2.0], [3.0, 4.0]]).relu()
    y = concat([h, h * 2]).max(axis=1) + h[[0, 0, 1, 1], [0, 1, 1, 0]].exp() / 10
    return x, stack([y, y]).sum()


def run_forward() -> None:
    network()


def run_backward() -> None:
    x, loss = network()
    loss.backward()
    loss.backward()
    assert x.grad is not None


def run_twice() -> None:
    x, loss = network()
    g = gradients([loss], [constant(1.0, ())], create_graph=True)[x]
    (g * g).sum().backward()


def fail_forward() -> None:
    _, loss = network()
    loss * [[1.0, 2.0], [3.0, 4.0, 5.0]]


def fail_in_a_kernel() -> None:
    x, _ = network()
    x.exp() + Value([[Decimal(1)]])


def fail_with_a_named_error() -> None:
    Value([Fraction(1, 2)]).exp()


def fail_scalar() -> None:
    Value(Fraction(1, 2)) ** Value(Fraction(1, 2))


def fail_stale() -> None:
    x, loss = network()
    x.data = x.data
    loss.backward()


def fail_in_a_rule() -> None:
    x = Value(Decimal(0))
    (x.sqrt() + 1).backward()


@pytest.mark.parametrize("run", [run_forward, run_backward, run_twice])
def test_nothing_is_alive_after_the_scope(run: Callable[[], None]) -> None:
    run()
    with nothing_left_behind():
        run()


@pytest.mark.parametrize(
    "run",
    [fail_forward, fail_in_a_kernel, fail_with_a_named_error, fail_scalar, fail_stale, fail_in_a_rule],
)
def test_nothing_is_alive_after_an_exception(run: Callable[[], None]) -> None:
    with nothing_left_behind():
        try:
            run()
        except (ValueError, TypeError, RuntimeError, ArithmeticError):
            pass
        else:
            raise AssertionError(f"{run.__name__} did not fail")


def test_the_leak_counter_sees_a_cycle() -> None:
    """The checker itself: a Value in a cycle is found."""

    def leak() -> None:
        held: list[Any] = [Value(1.0)]
        held.append(held)

    with pytest.raises(AssertionError), nothing_left_behind():
        leak()
    gc.collect()


def test_a_graph_dies_with_its_last_user() -> None:
    x = Value(2.0)
    middle = x * 3
    seen = weakref.ref(middle)
    y = middle.exp()
    del middle
    assert seen() is not None
    y.backward()
    del y
    assert seen() is None


def test_no_grad_keeps_no_graph() -> None:
    with no_grad():
        x = Value(2.0)
        middle = x * 3
        seen = weakref.ref(middle)
        y = middle.exp()
        del middle
        assert seen() is None
    assert not y.requires_grad


@pytest.mark.parametrize("scalar", [True, False])
def test_a_long_chain(scalar: bool) -> None:
    """200,000 nodes (20,000 tensors): forward, backward and release, without recursion."""
    x = Value(0.5) if scalar else Value([0.5, 1.0])
    y, n = x, 200_000 if scalar else 20_000
    for _ in range(n):
        y = y + x
    y.backward(None if scalar else [1.0, 1.0])
    assert x.grad == (n + 1 if scalar else [n + 1, n + 1])
    x.grad = None
    with nothing_left_behind_but(n):
        del y


@contextmanager
def nothing_left_behind_but(fewer: int) -> Iterator[None]:
    before = alive()
    yield
    assert alive() <= before - fewer


def test_work_grows_linearly_with_the_graph() -> None:
    """Calls, counted by the profiler: twice the nodes, twice the calls, forward and backward; no clock."""

    def calls(n: int, width: int) -> int:
        count = 0

        def count_calls(frame: Any, event: str, arg: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(count_calls)
        try:
            x = Value([1.0] * width) if width else Value(1.0)
            y = x
            for _ in range(n):
                y = y * x + x
            y.sum().backward()
        finally:
            sys.setprofile(None)
        return count

    for width in (0, 3):
        calls(10, width)
        few, some, many = calls(100, width), calls(200, width), calls(400, width)
        assert many - some == pytest.approx(2 * (some - few), rel=0.01)


def test_a_diamond_of_diamonds_is_walked_once() -> None:
    """2^60 paths, 120 nodes: a walk along paths would never end."""
    x = Value(Fraction(1))
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2**60


# -- Copies, keys, printing -------------------------------------------------------------------------------------------


def test_pickle_and_copy_keep_the_numbers_and_not_the_graph() -> None:
    x = Value([[1.0, 2.0]], name="w")
    (x * 3).sum().backward()
    middle = x * 2
    for value in (x, middle, Value(Fraction(1, 3)), Value(2, requires_grad=False)):
        for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert again is not value
            assert (again.data, again.grad, again.name, again.shape) == (
                value.data,
                value.grad,
                value.name,
                value.shape,
            )
            assert again.requires_grad == value.requires_grad
            assert again.inputs == ()
    again = copy.deepcopy(x)
    again.data = [[5.0, 6.0]]
    assert x.data == [[1.0, 2.0]]
    chain = x.sum()
    for _ in range(5000):
        chain = chain + 1
    assert len(pickle.dumps(chain)) < 1000


def test_values_are_keys_and_equality_is_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    table = {a: "a", b: "b"}
    assert (table[a], table[b]) == ("a", "b")
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    assert [a, b].index(b) == 1


def test_searching_a_value_is_refused() -> None:
    """``2.0 in v`` would compare identities and always be False."""
    with pytest.raises(TypeError, match="in: a Value is not searched for a number"):
        _ = 2.0 in Value([1.0, 2.0])


def test_truth_and_conversion() -> None:
    assert Value(1.0)
    assert not Value(0.0)
    assert Value([[3.0]])
    assert (float(Value([2.5])), int(Value(2.9)), Value([[7.0]]).item()) == (2.5, 2, 7.0)
    assert f"{Value(0.12345):.2f}" == "0.12"
    assert f"{Value(2.0)}" == "Value(2.0)"
    for call in (bool, float, Value.item, lambda v: f"{v:.2f}"):
        with pytest.raises(ValueError, match=r"shape \(2,\)"):
            call(Value([1.0, 2.0]))
    assert Value(2.0) < Value(3.0)
    assert max(Value(2.0), Value(3.0)).data == 3.0
    assert sum([Value(2.0), Value(3.0)]).data == 5.0


REPRS = [
    (Value(2.0), "Value(2.0)"),
    (Value(math.nan), "Value(nan)"),
    (Value(-math.inf), "Value(-inf)"),
    (Value(-0.0), "Value(-0.0)"),
    (Value(1e300), "Value(1e+300)"),
    (Value(1 / 3), "Value(0.33333)"),
    (Value(1 + 2j), "Value((1+2j))"),
    (Value(Fraction(1, 3)), "Value(Fraction(1, 3))"),
    (Value(Decimal("0.1")), "Value(Decimal('0.1'))"),
    (Value(3, requires_grad=False), "Value(3, requires_grad=False)"),
    (Value([1.0, 2.0], name="w"), "Value([1.0, 2.0], name='w', shape=(2,))"),
    (Value([]), "Value([], shape=(0,))"),
    (Value([[], []]), "Value([[], []], shape=(2, 0))"),
    (Value(2.0) * 3, "Value(6.0, op=mul)"),
    (Value([[[[0.5, 1.0, 2.0]]] * 2]), "Value([[[[0.5, 1.0, 2.0]], [[0.5, 1.0, 2.0]]]], shape=(1, 2, 1, 3))"),
    (Value([float(i) for i in range(10)]), f"Value({[float(i) for i in range(10)]}, shape=(10,))"),
    (Value([0.0] * 1000), "Value([0.0, 0.0, 0.0, ..., 0.0, 0.0], shape=(1000,))"),
    (Value(Fraction(10**5000, 3)), "Value(<Fraction of thousands of digits>)"),
    (Value(10**5000, requires_grad=False), "Value(<int of thousands of digits>, requires_grad=False)"),
]


@pytest.mark.parametrize(("value", "text"), REPRS, ids=[text[:30] for _, text in REPRS])
def test_repr(value: Value, text: str) -> None:
    assert repr(value) == text


def test_repr_is_short_at_any_size() -> None:
    for shape in ((10**5,), (300, 300), (40, 40, 40), (9, 9, 9, 9), (5,) * 6, (2,) * 12):
        x = Value(-1 / 3).broadcast_to(shape)
        assert 10 < len(repr(x)) < 1000, shape
    x = Value(Fraction(10**60, 7))
    x.backward()
    assert repr(x) == f"Value({repr(x.data)[:61]}..., grad=Fraction(1, 1))"


# -- What goes in -----------------------------------------------------------------------------------------------------


class Colour(IntEnum):
    RED = 2


def test_bools_and_ints_are_promoted_where_a_gradient_is_wanted() -> None:
    for number, wanted in ((True, 1.0), (2, 2.0), (Colour.RED, 2.0)):
        assert (Value(number).data, type(Value(number).data)) == (wanted, float)
        kept = Value(number, requires_grad=False).data
        assert (kept, type(kept)) == (wanted, int)
    assert Value([1, 2.5, True]).data == [1.0, 2.5, 1.0]
    assert Value([1, Fraction(1, 2)]).data == [Fraction(1), Fraction(1, 2)]
    assert Value([1, Decimal("0.5")]).data == [Decimal(1), Decimal("0.5")]
    assert Value([1, 2.0, 3j]).data == [1 + 0j, 2 + 0j, 3j]
    assert {type(v) for v in Value([1, 2.0, 3j]).data} == {complex}
    assert (Value(3, requires_grad=False) / 2).data == 1.5
    assert type((Value(3, requires_grad=False) * 2).data) is int


def test_ints_of_any_size() -> None:
    huge = 10**400
    assert (Value(huge, requires_grad=False) * 2).data == 2 * huge
    assert (Value(Fraction(huge)) / 3).data == Fraction(huge, 3)
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: Value(huge), "Value: an int is too large for a float; use Fraction"),
        (lambda: Value([1.0, huge]), "Value: an int is too large for a float; use Fraction"),
        (lambda: Value(2.0) * huge, "mul: .* use Fraction or Decimal"),
        (lambda: Value([2.0]) + huge, "add: .* use Fraction or Decimal"),
        (lambda: Value(huge, requires_grad=False).exp(), "exp: .* does not fit a float"),
    ]
    for call, pattern in calls:
        with pytest.raises(OverflowError, match=pattern):
            call()


REFUSED: list[tuple[Any, type[Exception], str]] = [
    ("abc", TypeError, "Value: 'abc' is a str, not a number"),
    (None, TypeError, "Value: None is a NoneType, not a number"),
    ({1: 2.0}, TypeError, "Value: .* is a dict"),
    ({1.0}, TypeError, "Value: .* is a set"),
    (range(3), TypeError, "Value: .* is a range"),
    (object(), TypeError, "Value: .* is a object"),
    ([1.0, "a"], TypeError, r"Value: 'a' at \[1\] is a str"),
    ([[1.0, 2.0], [3.0, None]], TypeError, r"Value: None at \[1\]\[1\] is a NoneType"),
    ([[1.0, 2.0], [3.0]], ValueError, r"Value: ragged lists: a list of 1 at \[1\] but a list of 2 at \[0\]"),
    ([1.0, [2.0]], ValueError, r"Value: ragged lists: a list of 1 at \[1\] but a number at \[0\]"),
    ([[1.0], 2.0], ValueError, r"Value: ragged lists: a number at \[1\] but a list of 1 at \[0\]"),
    ([[[1.0]], [[]]], ValueError, r"Value: ragged lists: a list of 0 at \[1\]\[0\] but a list of 1 at \[0\]\[0\]"),
    ([1.0, Decimal(1)], TypeError, "Value: Decimal and float stand in one list and do not mix"),
    ([1.0, Fraction(1)], TypeError, "Value: Fraction and float stand in one list"),
    ([Value(1.0)], TypeError, r"Value: a Value stands inside a list at \[0\]; join Values with stack"),
    (["abc"], TypeError, "Value: 'abc' at"),
]


@pytest.mark.parametrize(("data", "exception", "pattern"), REFUSED)
def test_refused_data(data: Any, exception: type[Exception], pattern: str) -> None:
    with pytest.raises(exception, match=f"^{pattern}"):
        Value(data)
    with pytest.raises(exception, match=pattern.removeprefix("Value")):
        Value([1.0]) * data


def test_a_list_that_contains_itself() -> None:
    """Opening its brackets would never end."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="more than 64 lists inside each other; does a list contain itself"):
        Value(endless)


def test_powers_of_ints_are_of_one_kind() -> None:
    powers = Value([2, 3], requires_grad=False) ** [-1, 2]
    assert (powers.data, {type(v) for v in powers.data}) == ([0.5, 9.0], {float})
    assert {type(v) for v in (Value([2, 3], requires_grad=False) ** 2).data} == {int}


def test_data_is_copied_in_and_out() -> None:
    given = [1.0, 2.0]
    x = Value(given)
    given[0] = 99.0
    x.data[1] = 99.0
    assert x.data == [1.0, 2.0]
    x.sum().backward()
    x.grad[0] = 99.0
    assert x.grad == [1.0, 1.0]
    new = [[5.0], [6.0]]
    y = Value([[0.0], [0.0]])
    y.data = new
    new[0][0] = 99.0
    assert y.data == [[5.0], [6.0]]
    again = Value(x)
    again.data = [7.0, 8.0]
    assert x.data == [1.0, 2.0]


def test_assigning_data_keeps_shape_and_kind() -> None:
    x = Value([1.0, 2.0], name="x")
    x.grad = [3.0, 4.0]
    x.data = [5, 6]
    assert (x.data, type(x.data[0]), x.grad, x.name) == ([5.0, 6.0], float, [3.0, 4.0], "x")
    with pytest.raises(ValueError, match=r"data: cannot assign shape \(3,\) to a Value of shape \(2,\)"):
        x.data = [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="data: ragged lists"):
        x.data = [[1.0], 2.0]
    exact = Value(Fraction(1, 3))
    exact.data = 2
    assert type(exact.data) is Fraction


def test_the_buffer_protocol() -> None:
    assert Value(array.array("d", [1.0, 2.0])).data == [1.0, 2.0]
    assert Value(array.array("i", [1, 2]), requires_grad=False).data == [1, 2]
    assert Value(memoryview(array.array("d", range(6))).cast("B").cast("d", (2, 3))).shape == (2, 3)
    assert Value([array.array("d", [1.0]), array.array("d", [2.0])]).shape == (2, 1)
    assert Value(b"\x01\xff", requires_grad=False).data == [1, 255]


def test_numpy_arrays() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed; array.array checks the protocol")
    a = np.arange(24.0).reshape(2, 3, 4)
    for array_ in (
        a,
        a[:, ::2],
        a[::-1, 1:],
        a.transpose(2, 0, 1),
        np.asfortranarray(a),
        np.float64(2.5),
        np.array(3.0),
    ):
        assert Value(array_).data == array_.tolist()
        assert Value(array_).shape == array_.shape
    for dtype in ("float32", "float16", "int8", "uint64", "bool", ">f8", "complex64", "complex128", "O"):
        x = Value(np.array([0, 1], dtype=dtype))
        assert x.data == [0, 1]
        assert type(x.data[0]) is (complex if "complex" in dtype else float)
    assert Value(np.zeros((0, 3))).shape == (0, 3)
    assert Value([np.float32(0.5), np.int64(2)]).data == [0.5, 2.0]
    assert Value([np.array([1.0, 2.0]), np.array([3.0, 4.0])]).shape == (2, 2)
    assert Value(np.bool_(True), requires_grad=False).data == 1
    assert type(Value([np.bool_(True)], requires_grad=False).data[0]) is int
    for bad in (np.array(["a"]), np.array(["2020-01-01"], dtype="datetime64[D]"), np.zeros(2, dtype=np.longdouble)):
        if bad.dtype != np.float64:  # where long double is double there is nothing to lose
            with pytest.raises(TypeError, match=r"Value: .* at \[0\] is a .*, not a number"):
                Value(bad)


def test_numpy_on_the_left_asks_the_value() -> None:
    """Without `__array_ufunc__ = None`, NumPy would make an array of objects, one Value each."""
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    x = Value([1.0, 2.0])
    a = np.array([3.0, 4.0])
    for ours, theirs in (
        (a + x, a + np.array([1, 2])),
        (a - x, a - [1, 2]),
        (a * x, a * [1, 2]),
        (a / x, a / [1, 2]),
        (a @ x, 11.0),
    ):
        assert type(ours) is Value
        assert Value(theirs).data == ours.data
    assert (np.float64(2) * x).data == [2.0, 4.0]
    assert (np.float32(2) ** x).data == [2.0, 4.0]
    assert (a > x).data == [1, 1]
    (a * x).sum().backward()
    assert x.grad == [3.0, 4.0]


def test_lists_on_the_left() -> None:
    x = Value([1.0, 2.0])
    numbers = [3.0, 4.0]
    assert (numbers + x).data == [4.0, 6.0]  # type: ignore[operator]
    assert (numbers * x).data == [3.0, 8.0]
    assert ([[1.0, 0.0], [0.0, 2.0]] @ x).data == [1.0, 4.0]
    assert (2 - x).data == [1.0, 0.0]
    assert (2**x).data == [2.0, 4.0]
    assert (1 / x).data == [1.0, 0.5]
    assert (7 // x).data == [7.0, 3.0]
    assert (7 % x).data == [0.0, 1.0]


def test_foreign_objects_may_answer_themselves() -> None:
    class Foreign:
        def __radd__(self, other: Any) -> str:
            return "mine"

    assert Value(1.0) + Foreign() == "mine"


def test_division_by_zero() -> None:
    """IEEE 754 on floats, scalars and tensors alike; an error that names both numbers where there is no infinity."""
    for x, y, wanted in ((1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf), (1.0, -0.0, -math.inf)):
        assert (Value(x) / y).data == wanted
        assert (Value([x, 1.0]) / [y, 1.0]).data == [wanted, 1.0]
    assert math.isnan((Value(0.0) / 0).data)
    assert (Value(1, requires_grad=False) / 0).data == math.inf
    assert (Value(0.0) ** -1).data == math.inf
    x = Value(0.0)
    (1 / x).backward()
    assert x.grad == -math.inf
    for exact in (Fraction(1), Decimal(1)):
        for call in (
            lambda v=exact: Value(v) / 0,
            lambda v=exact: Value([v]) / 0,
            lambda v=exact: Value(v) / Value(0 * v),
        ):
            with pytest.raises(ZeroDivisionError):
                call()
        with pytest.raises(ZeroDivisionError, match=r"divide: 1 and 0: division by zero, and .* has no infinity"):
            Value(exact) / 0


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v]], ids=["scalar", "tensor"])
def test_decimals_without_a_result_say_where(wrap: Callable[[Any], Any]) -> None:
    infinite, large = Value(wrap(Decimal("Infinity"))), Value(wrap(Decimal("9e999999")))
    with pytest.raises(ValueError, match=r"mul: not defined.* for Decimal; use float for the IEEE result"):
        infinite * 0
    with pytest.raises(OverflowError, match=r"mul: the result.* exceeds the exponents of the decimal context"):
        large * 10
    with pytest.raises(ValueError, match="sub: not defined"):
        infinite - infinite


def test_zero_size_axes() -> None:
    x = Value([[], []])
    assert (x.shape, x.size, x.data) == ((2, 0), 0, [[], []])
    assert (x * 2 + [[1.0], [2.0]]).shape == (2, 0)
    assert x.sum(axis=1).data == [0, 0]
    assert (x.T @ x).shape == (0, 0)
    assert (x @ x.T).data == [[0, 0], [0, 0]]
    (x * Value([[1.0], [2.0]])).sum().backward()
    assert x.grad == [[], []]
    for name in ("max", "min", "argmax", "argmin"):
        with pytest.raises(ValueError, match=rf"{name}: axes \(1,\) of shape \(2, 0\) are empty"):
            getattr(x, name)(axis=1)
    y = Value([Fraction(1, 2), Fraction(1, 3)])
    (y[:0].sum() + y.sum()).backward()
    assert y.grad == [Fraction(1), Fraction(1)]
    assert {type(v) for v in y.grad} == {Fraction}
    z = Value([0.5])
    z[:0].sum().backward()
    assert (z.grad, type(z.grad[0])) == ([0.0], float)


# -- Threads ----------------------------------------------------------------------------------------------------------


def test_no_grad_in_one_thread_leaves_others_alone() -> None:
    inside, done = threading.Event(), threading.Event()
    found: list[bool] = []

    def other() -> None:
        with no_grad():
            found.append((Value(1.0) * 2).requires_grad)
            inside.set()
            done.wait(10)
            found.append((Value(1.0) * 2).requires_grad)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    x = Value(3.0)
    y = x * x
    y.backward()
    with no_grad():
        pass
    done.set()
    thread.join()
    assert (y.requires_grad, x.grad, found) == (True, 6.0, [False, False])


def test_threads_share_a_leaf() -> None:
    """Several backward passes at once add to one gradient; none is lost."""
    w = Value([1.0] * 1000)

    def work() -> None:
        for _ in range(200):
            (w * 1.0).sum().backward()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert w.grad == [800.0] * 1000


def test_threads_work_side_by_side() -> None:
    results: list[Any] = [None] * 4

    def work(n: int) -> None:
        x = Value(float(n))
        y = x
        for _ in range(500):
            y = y + x * x
        y.backward()
        results[n] = x.grad

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1 + 500 * 2 * n for n in range(4)]


# -- Random programs --------------------------------------------------------------------------------------------------


class Dual(NamedTuple):
    """Value and derivatives by forward mode, second order: f, f', f'' along one direction. An independent oracle."""

    v: Fraction
    d: Fraction = Fraction(0)
    dd: Fraction = Fraction(0)

    def plus(self, other: Dual) -> Dual:
        return Dual(self.v + other.v, self.d + other.d, self.dd + other.dd)

    def times(self, other: Dual) -> Dual:
        return Dual(
            self.v * other.v,
            self.d * other.v + self.v * other.d,
            self.dd * other.v + 2 * self.d * other.d + self.v * other.dd,
        )

    def inverse(self) -> Dual:
        r = 1 / self.v
        return Dual(r, -self.d * r**2, (2 * self.d**2 * r - self.dd) * r**2)

    def scaled(self, factor: int) -> Dual:
        return Dual(self.v * factor, self.d * factor, self.dd * factor)


STEPS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Dual, Dual], Dual]]] = {
    "add": (lambda a, b: a + b, lambda a, b: a.plus(b)),
    "sub": (lambda a, b: a - b, lambda a, b: a.plus(b.scaled(-1))),
    "mul": (lambda a, b: a * b, lambda a, b: a.times(b)),
    "div": (lambda a, b: a / (b * b + 1), lambda a, b: a.times(b.times(b).plus(Dual(Fraction(1))).inverse())),
    "neg": (lambda a, b: -a, lambda a, b: a.scaled(-1)),
    "square": (lambda a, b: a**2, lambda a, b: a.times(a)),
    "relu": (lambda a, b: a.relu(), lambda a, b: a if a.v > 0 else Dual(Fraction(0))),
    "abs": (lambda a, b: abs(a), lambda a, b: a if a.v > 0 else a.scaled(-1) if a.v < 0 else Dual(Fraction(0))),
    "where": (
        lambda a, b: where(a > b, a * 2, b),
        lambda a, b: a.scaled(2) if a.v > b.v else b,
    ),
    "reflected": (lambda a, b: 3 - 2 * a, lambda a, b: a.scaled(-2).plus(Dual(Fraction(3)))),
}
programs = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12
)


def run_program(program: list[tuple[str, int, int]], inputs: list[Any], column: int) -> Any:
    """Every step takes any two earlier results; the last result comes out."""
    results = list(inputs)
    for name, i, j in program:
        a, b = results[i % len(results)], results[j % len(results)]
        results.append(STEPS[name][column](a, b))
    return results[-1]


@settings(max_examples=150, deadline=None)
@given(
    program=programs,
    numbers=st.lists(st.fractions(-3, 3, max_denominator=7), min_size=2, max_size=3),
    data=st.data(),
)
def test_random_programs_agree_exactly_with_dual_numbers(
    program: list[tuple[str, int, int]], numbers: list[Fraction], data: st.DataObject
) -> None:
    """First and second derivative along a direction, on scalars and on tensors of one element, without a rounding."""
    u = [data.draw(st.integers(-2, 2)) for _ in numbers]
    duals = [Dual(x, Fraction(d)) for x, d in zip(numbers, u, strict=True)]
    oracle = run_program(program, duals, 1)
    for wrap in (lambda x: x, lambda x: [[x]]):
        inputs = [Value(wrap(x)) for x in numbers]
        y = run_program(program, inputs, 0).sum()
        assert y.data == oracle.v
        if not y.requires_grad:
            assert oracle.d == 0
            continue
        y.backward()
        grads = [0 if x.grad is None else Value(x.grad).item() for x in inputs]
        assert sum(g * d for g, d in zip(grads, u, strict=True)) == oracle.d
        found = gradients([y], [constant(Fraction(1), ())], create_graph=True)
        along = sum(
            (found[x] * d for x, d in zip(inputs, u, strict=True) if found.get(x) is not None), Value(Fraction(0))
        )
        along = along.sum()
        second = gradients([along], [constant(Fraction(1), ())])
        seconds = [0 if second.get(x) is None else Value(second[x]).item() for x in inputs]
        assert sum(g * d for g, d in zip(seconds, u, strict=True)) == oracle.dd


# -- Odds and ends ----------------------------------------------------------------------------------------------------


def test_primitives_know_their_names_and_pickle_by_them() -> None:
    op = (Value(1.0) * 2).op
    assert repr(op) == "<primitive mul>"
    assert pickle.loads(pickle.dumps(op)) is op


def test_numbers_of_other_makes() -> None:
    class Metres(float):
        pass

    class Phase(complex):
        pass

    assert type(Value(Metres(2.0)).data) is float
    assert type(Value([Phase(2j)]).data[0]) is complex
    assert Value([[1.0, 2.0], [3.0, 4.0]]).mT.data == [[1.0, 3.0], [2.0, 4.0]]
    assert Value([1.0]).tolist() == [1.0]


def test_names_and_gradients_as_values() -> None:
    x = Value([1.0, 2.0])
    assert (x.name, x.grad_value) == (None, None)
    x.name = "weights"
    (x * x).sum().backward()
    g = x.grad_value
    assert g is not None
    assert (g.data, g.requires_grad, x.name) == ([2.0, 4.0], False, "weights")
    x.assign(x - g * 0.5)
    assert (x.data, x.name, x.grad) == ([0.0, 0.0], "weights", [2.0, 4.0])
    with pytest.raises(ValueError, match=r"item: a Value of shape \(2,\) has 2 elements, not one"):
        x.item()
