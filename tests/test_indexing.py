"""Indexing: what NumPy gives for the same index, gradients that land where the elements came from, and clear errors."""

from __future__ import annotations

import copy
import pickle
import random
import shutil
from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_lists import JitError, Value, checkpoint, concat, jit, stack, where
from tinygrad_lists.backward import gradients
from tinygrad_lists.functions import equal, getitem, maximum, minimum, take
from tinygrad_lists.notes import is_mask
from tinygrad_lists.value import constant


def counted(*shape: int) -> Value:
    """0, 1, 2, ... in a shape: every element tells where it was."""
    value = constant([float(i) for i in range(prod(shape))] if shape else 0.0, shape)
    value.requires_grad = True
    return value


def slices(size: int) -> st.SearchStrategy[slice]:
    bound = st.none() | st.integers(-size - 2, size + 2)
    return st.builds(slice, bound, bound, st.sampled_from([None, 1, 2, -1, -2, 3]))


@st.composite
def shapes_and_indices(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """A shape and an index of every sort that fits it."""
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    index: list[Any] = []
    axis = 0
    broadcast = draw(st.integers(1, 3))  # lists of one length go together
    while axis < len(shape) and draw(st.integers(0, 9)):
        size = shape[axis]
        sorts = ["slice", "slice", "none", "mask"] + ["int", "list", "list", "matrix"] * (size > 0)
        sort = draw(st.sampled_from(sorts))
        place = st.integers(-size, size - 1)
        if sort == "none":
            index.append(None)
            continue
        if sort == "slice":
            index.append(draw(slices(size)))
        elif sort == "int":
            index.append(draw(place))
        elif sort == "list":
            index.append(draw(st.lists(place, min_size=broadcast, max_size=broadcast)))
        elif sort == "matrix":
            row = st.lists(place, min_size=broadcast, max_size=broadcast)
            index.append(draw(st.lists(row, min_size=2, max_size=2)))
        else:
            covered = shape[axis : axis + draw(st.integers(1, 2))]
            true = draw(st.sets(st.integers(0, max(prod(covered) - 1, 0)), min_size=1, max_size=1)) if size else set()
            index.append(nested([i in true for i in range(prod(covered))], covered))
            axis += len(covered) - 1
        axis += 1
    if draw(st.booleans()):
        index.insert(draw(st.integers(0, len(index))), ...)
    return shape, tuple(index)


def nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    if len(shape) == 1:
        return flat
    size = prod(shape[1:])
    return [nested(flat[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def as_numpy(np: Any, item: Any) -> Any:
    return np.array(item, dtype=bool if is_truth(item) else int) if isinstance(item, list) else item


def is_truth(item: Any) -> bool:
    while isinstance(item, list):
        if not item:
            return True  # only masks of nothing are empty here
        item = item[0]
    return isinstance(item, bool)


@settings(max_examples=200, deadline=None)
@given(case=shapes_and_indices())
def test_like_numpy(case: tuple[tuple[int, ...], tuple[Any, ...]]) -> None:
    """Shape, elements, and the gradient, which adds up where an element was read twice."""
    np = pytest.importorskip("numpy", reason="NumPy is not installed; the tests below check by definition")
    shape, index = case
    x, a = counted(*shape), np.arange(prod(shape), dtype=float).reshape(shape)
    # An empty list of truths must be an array, to be known from an empty list of positions.
    index = tuple(as_numpy(np, item) if isinstance(item, list) and 0 in np.shape(item) else item for item in index)
    theirs = tuple(as_numpy(np, item) for item in index)
    try:
        expected = a[theirs]
    except IndexError:
        with pytest.raises((IndexError, ValueError), match=r"^getitem: "):
            x[index]
        return
    try:
        got = x[index]
    except IndexError:
        assert not expected.size, "NumPy looks at no position where the result is empty; we always do"
        return
    assert got.shape == expected.shape
    assert got._flat() == expected.ravel().tolist()
    g = [float(random.randint(-3, 3)) for _ in range(got.size)]
    if got is not x:
        found = gradients([got], [constant(g if got.shape else g[0], got.shape)])[x]
        landed = np.zeros(shape)
        np.add.at(landed, theirs, np.array(g).reshape(expected.shape))
        assert (found._flat() if isinstance(found, Value) else [found]) == landed.ravel().tolist()


def test_by_definition() -> None:
    """Against plain nested lists."""
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    x = Value(rows)
    assert x[1].data == rows[1]
    assert x[-1, -2].data == rows[-1][-2]
    assert x[:, 1].data == [row[1] for row in rows]
    assert x[::-1, ::2].data == [row[::2] for row in rows[::-1]]
    assert x[..., None].data == [[[v] for v in row] for row in rows]
    assert x[[1, 0, 1]].data == [rows[i] for i in (1, 0, 1)]
    assert x[[0, 1], [2, 0]].data == [rows[0][2], rows[1][0]]
    assert x[[[0], [1]], [[2, 0]]].data == [[row[2], row[0]] for row in rows]
    assert x[()] is x
    assert x[[]].shape == (0, 3)


def test_ints_beside_lists_count_as_lists() -> None:
    """As in NumPy: apart from each other, their axes come first."""
    x = counted(2, 3, 4)
    assert x[0, :, [1, 2]].shape == (2, 3)
    assert x[0, [1, 2]].shape == (2, 4)
    assert x[[0, 1], None, [0, 2]].shape == (2, 1, 4)
    assert x[0, :, [1, 2]].data == [[1.0, 5.0, 9.0], [2.0, 6.0, 10.0]]


def test_comparisons_are_masks() -> None:
    """The 0s and 1s of ``x > 0`` are truth values, and not the positions 0 and 1."""
    x = Value([3.0, -1.0, 2.0])
    positive = x[x > 0]
    assert positive.data == [3.0, 2.0]
    positive.backward([10.0, 20.0])
    assert x.grad == [10.0, 0.0, 20.0]
    assert x[equal(x, -1.0)].data == [-1.0]
    matrix = counted(2, 3)
    assert matrix[matrix > 3.5].data == [4.0, 5.0]
    assert matrix[:, x > 0].data == [[0.0, 2.0], [3.0, 5.0]]
    assert matrix[:, [True, False, True]].data == [[0.0, 2.0], [3.0, 5.0]]
    assert matrix[..., [True, False, True]].shape == (2, 2)
    assert x[Value([0, 1], requires_grad=False)].data == [3.0, -1.0]
    assert not is_mask((x > 0) * 1)


def test_masks_are_joined_as_in_numpy() -> None:
    x = counted(6)
    assert x[(x > 1) & (x < 4)].data == [2.0, 3.0]
    assert x[(x < 1) | (x > 4)].data == [0.0, 5.0]
    assert x[(x > 1) ^ (x > 3)].data == [2.0, 3.0]
    assert x[~(x > 1)].data == [0.0, 1.0]
    assert (~equal(x, 0.0) & (x < 2)).data == [0, 1, 0, 0, 0, 0]
    assert ((x.reshape(6, 1) > 4) | (x < 1)).shape == (6, 6)
    for join in (lambda: x & (x > 1), lambda: (x > 1) | True, lambda: [1] ^ (x > 1), lambda: ~x):
        with pytest.raises(TypeError, match=r"[&|^~]: joins comparisons"):
            join()


#: What moves elements without changing them.
MOVES: dict[str, Any] = {
    "flatten": lambda v: v.flatten(),
    "T": lambda v: v.T,
    "mT": lambda v: v.mT,
    "permute_dims": lambda v: v.permute_dims(1, 0),
    "reshape": lambda v: v.reshape(3, 2),
    "expand_dims": lambda v: v.expand_dims(1),
    "squeeze": lambda v: v.expand_dims(0).squeeze(),
    "broadcast_to": lambda v: v.broadcast_to(2, 2, 3),
    "concat": lambda v: concat([v, v]),
    "stack": lambda v: stack([v, v], axis=1),
    "split": lambda v: v.split([1], axis=1)[1],
    "flip": lambda v: v.flip(1),
    "roll": lambda v: v.roll(1, axis=1),
    "repeat": lambda v: v.repeat(2),
    "repeat each": lambda v: v.repeat([2, 0, 1], axis=1),
    "tile": lambda v: v.tile(2),
    "tril": lambda v: v.tril(),
    "triu": lambda v: v.triu(1),
    "pad": lambda v: v.pad(1),
    "take": lambda v: v.take([1, 0, 1], axis=1),
    "gather": lambda v: v.gather([[0, 1, 0]], 0),
    "row": lambda v: v[1],
    "slice": lambda v: v[:, ::-2],
    "rows": lambda v: v[[1, 1, 0]],
    "masked": lambda v: v[Value([[True, False, True]] * 2, requires_grad=False)],
    "where": lambda v: where([1, 0, 1], v, v.flip()),
    "where, Values": lambda v: where(Value([1.0, 0.0, 1.0]), v, v.flip()),
    "detach": lambda v: v.detach(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda v: pickle.loads(pickle.dumps(v)),
    "Value": lambda v: Value(v, requires_grad=False),
    "assign": lambda v: Value([[0] * 3] * 2, requires_grad=False).assign(v),
    "checkpoint": lambda v: checkpoint(lambda u: u.T, v),
    "jit": lambda v: jit(lambda u: u.T)(v),
    "jit, made there": lambda v: jit(lambda u: (u * 1).T > 0.5)(v),
}


@pytest.mark.parametrize("how", MOVES)
def test_a_mask_stays_a_mask_where_it_is_moved(how: str) -> None:
    if "jit" in how and not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("needs a C compiler")
    move = MOVES[how]
    x = Value([[5.0, 1.0, 4.0], [2.0, 6.0, 3.0]])
    m = x > 2.5
    moved = move(m)
    assert is_mask(moved)
    y = Value([float(i) for i in range(moved.size)]).reshape(moved.shape)
    assert y[moved].data == [v for v, yes in zip(y._flat(), moved._flat(), strict=True) if yes]
    assert (moved & ~moved).data == (moved * 0).data
    numbers = move((x > 2.5) * 1)
    assert how == "jit, made there" or not is_mask(numbers)
    assert numbers.data == moved.data


def test_extremes_of_masks_are_masks_and_arithmetic_is_not() -> None:
    """Any and all, as in NumPy."""
    m = Value([[1.0, 3.0], [4.0, 2.0]]) > 1.5
    x = Value([10.0, 20.0])
    assert x[m.min(axis=0)].data == [20.0]
    assert x[m.max(axis=0)].data == [10.0, 20.0]
    assert is_mask(maximum(m, m[0])) and is_mask(minimum(m, m[0]))
    for numbers in (m * m, m + m, m - m, m.sum(0), m.cumsum(), -m, abs(m), m / 1, m @ m, m.prod(0), m.argmax(0)):
        assert not is_mask(numbers)
    mixed = [concat([m, [[1, 0]]]), where([True, False], m, 1), m.pad(1, value=1), stack([m, m * 1]), maximum(m, 0)]
    for numbers in mixed:
        assert not is_mask(numbers)


def test_a_value_of_bools_is_a_mask() -> None:
    x = Value([10.0, 20.0])
    for bools in ([True, False], (True, False), array_of_bools(), [[True], [False]]):
        m = Value(bools, requires_grad=False)
        assert is_mask(m)
        assert m._flat() == [1, 0]
        assert x[m.flatten()].data == [10.0]
    assert x[where([1, 0], True, False)].data == [10.0]
    for numbers in ([True, 0], [1, 0], [], [1.0, 0.0]):
        assert not is_mask(Value(numbers, requires_grad=False))
    assert x[Value([1, 0], requires_grad=False)].data == [20.0, 10.0]
    with pytest.raises(TypeError, match="getitem: a single truth value is no index"):
        x[Value(True, requires_grad=False)]
    with pytest.raises(TypeError, match=r"getitem: an index is .* not float; .* make it with requires_grad=False"):
        x[Value([True, False])]  # wants a gradient, so these are floats
    with pytest.raises(TypeError, match="getitem: bools and other things"):
        x[[True, 0]]


def array_of_bools() -> memoryview:
    return memoryview(bytes([1, 0])).cast("?")


def test_new_data_are_a_mask_or_not_by_themselves() -> None:
    x = Value([10.0, 20.0])
    m = x > 15
    m.name = "m"
    m.data = [1, 0]
    assert x[m].data == [20.0, 10.0]
    m.data = [True, False]
    assert x[m].data == [10.0]
    assert m.assign(x > 15).name == "m"
    assert x[m].data == [20.0]
    w = Value([1.0, 0.0])
    w.assign(x > 15)
    assert (w.data, is_mask(w)) == ([0.0, 1.0], False)


def test_masks_stay_masks_while_a_program_is_traced() -> None:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("needs a C compiler")
    x = Value([[5.0, 1.0], [2.0, 6.0]])

    @jit
    def f(x: Value, m: Value) -> Value:
        return where(~m.T & (x > 1.5).flip(0).detach(), x, 0.0)

    m = x > 4.0
    assert f(x, m).data == where(~m.T & (x > 1.5).flip(0), x, 0.0).data
    with pytest.raises(TypeError, match="~: joins comparisons"):
        f(x, m * 1)
    with pytest.raises(JitError, match="numbers of a computed Value were read"):
        jit(lambda x: x.flatten()[(x > 2).flatten()])(x)


def test_take_reads_positions() -> None:
    """As in NumPy: only an index in brackets can be a mask."""
    x = Value([10.0, 20.0, 30.0])
    assert take(Value([-1.0, 1.0]), x > 15).data == [-1.0, 1.0, 1.0]


def test_masks_and_positions_from_arrays() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    x = Value([3.0, -1.0, 2.0])
    assert x[np.array([True, False, True])].data == [3.0, 2.0]
    assert x[[np.True_, np.False_, np.True_]].data == [3.0, 2.0]
    assert x[np.array([2, 0])].data == [2.0, 3.0]
    assert x[np.int64(2)].data == 2.0
    assert x[np.array([], dtype=int)].shape == (0,)


def test_positions_of_values() -> None:
    x = Value([[1.0, 5.0], [7.0, 2.0]])
    best = x.argmax(axis=1)
    assert take(x, best, axis=1).data == [[5.0, 1.0], [2.0, 7.0]]
    assert x[[0, 1], best].data == [5.0, 7.0]
    assert x[x.argmax(axis=1)[0]].data == [7.0, 2.0]
    with pytest.raises(TypeError, match=r"getitem: an index is made of ints, slices or bools, not float"):
        x[Value([0, 1])]  # requires a gradient, so it holds floats


def test_the_gradient_of_a_gradient_goes_through_an_index() -> None:
    x = Value([2.0, 3.0])
    y = (x[[0, 0, 1]] ** 3).sum()
    (g,) = [gradients([y], [constant(1.0, ())], create_graph=True)[x]]
    assert g.data == [24.0, 27.0]
    g.backward([1.0, 10.0])
    assert x.grad == [24.0, 180.0]


def test_elements_cannot_be_assigned() -> None:
    with pytest.raises(TypeError, match="item assignment"):
        counted(2)[0] = 1.0  # type: ignore[index]


def test_iteration_and_length() -> None:
    x = counted(2, 2)
    assert [row.data for row in x] == [[0.0, 1.0], [2.0, 3.0]]
    assert len(x) == 2
    first, second = x[0]
    (first * second * 3).backward()
    assert x.grad == [[3.0, 0.0], [0.0, 0.0]]
    for call, word in ((len, "len"), (iter, "iter")):
        with pytest.raises(TypeError, match=f"{word}: a scalar Value"):
            call(Value(1.0))


def test_errors_name_the_axis_of_the_given_value() -> None:
    x = counted(2, 3)
    for index, axis in (((0, 3), 1), ((None, slice(None), 5), 1), ((..., [0, -4]), 1), (([0], 3), 1), ((2,), 0)):
        with pytest.raises(
            IndexError, match=rf"getitem: index -?\d is out of range for axis {axis} of size {2 + axis}"
        ):
            getitem(x, index)
