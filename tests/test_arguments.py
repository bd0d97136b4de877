"""Odd things as every argument of every public function: whatever is refused is refused by name, briefly, and by the
right kind of exception. A new function is in these tests by itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import tinygrad_lists
from tinygrad_lists import Value, check_grads, checkpoint, functions, jit, primitive
from tinygrad_lists.number_kinds import shown

ODD: list[Any] = [
    "abc",
    b"ab",
    None,
    [1, 2, 3],
    [[1], [2, 3]],
    [None],
    [["a"]],
    (),
    {},
    object(),
    True,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    Value([1.0, 2.0]),
    # what must not be printed whole
    [1] * 5000,
    list(range(5000, 0, -1)),
    {str(i): i for i in range(5000)},
    "n" * 5000,
    10**5000,  # more digits than Python prints
    -(10**5000),
    [10**5000],
    Value([1.0] * 5000, name="n" * 5000),
]
REFUSALS = (TypeError, ValueError, IndexError)
LONGEST = 300


def matrix() -> Value:
    return Value([[1.0, 2.0], [3.0, 4.0]])


def images() -> Value:
    return Value([[[[1.0, 2.0], [3.0, 4.0]]]])


#: Arguments by name with which a function runs; whatever is not here is a matrix.
RIGHT: dict[str, Callable[[], Any]] = {
    "axis": lambda: 0,
    "classes": lambda: 5,
    "index": lambda: [[0, 1], [1, 0]],
    "indices": lambda: [0, 1],
    "kernel_size": lambda: 1,
    "labels": lambda: [0, 1],
    "repeats": lambda: 2,
    "sections": lambda: 2,
    "shift": lambda: 1,
    "subscripts": lambda: "ij,jk->ik",
    "values": lambda: [matrix(), matrix()],
    "width": lambda: 1,
}
RIGHT_OF: dict[str, dict[str, Callable[[], Any]]] = {
    "conv1d": {"x": lambda: Value([[[1.0, 2.0]]]), "weight": lambda: Value([[[1.0]]])},
    "conv2d": {"x": images, "weight": images},
    "conv_transpose2d": {"x": images, "weight": images},
    "avg_pool2d": {"x": images},
    "max_pool2d": {"x": images},
    "getitem": {"index": lambda: 0},
}
#: Sizes, axes and operands given one by one.
VARIADIC: dict[str, list[Any]] = {
    "reshape": [4],
    "permute_dims": [1, 0],
    "broadcast_to": [2, 2],
    "einsum": [matrix(), matrix()],
}
#: check_labels is for the losses, whose name it is given.
FUNCTIONS = [name for name in functions.__all__ if name != "check_labels"]


def slope(v: Any) -> Any:
    return (v * v).sum()


def odd_calls(name: str) -> list[tuple[str, Callable[[], Any]]]:
    """Calls of a function with one odd argument each, and the right call as the first."""
    function = getattr(functions, name)
    parameters = list(inspect.signature(function).parameters.values())
    required = [p for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    makers = [RIGHT_OF.get(name, {}).get(p.name) or RIGHT.get(p.name) or matrix for p in required]
    rest = VARIADIC.get(name, [])

    def call(place: int | str | None = None, odd: Any = None) -> Any:
        arguments = [odd if i == place else make() for i, make in enumerate(makers)]
        more = [odd if i == place else v for i, v in enumerate(rest, len(makers))]
        return function(*arguments, *more, **({place: odd} if isinstance(place, str) else {}))

    places: list[int | str] = [*range(len(makers) + len(rest))]
    places += [p.name for p in parameters if p.default is not p.empty]
    calls = [("the right call", call)]
    for place in places:
        calls += [(f"{place}: {shown(odd)}", lambda place=place, odd=odd: call(place, odd)) for odd in ODD]
    return calls  # type: ignore[return-value]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_refuse_by_name(name: str) -> None:
    (_, right), *odd = odd_calls(name)
    right()
    refused = 0
    for what, call in odd:
        try:
            call()
        except REFUSALS as error:
            refused += 1
            assert str(error).startswith(f"{name}: "), (what, error)
            assert len(str(error)) <= LONGEST, what
        except OverflowError as error:  # of the operation inside that met the number
            assert "fit a float" in str(error) or "too large" in str(error), (what, error)
            assert len(str(error)) <= LONGEST, what
    assert refused > 3


X = Value([1.0, 2.0])
OTHERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "Value": ("Value", Value),
    "Value, requires_grad": ("Value", lambda odd: Value(1.0, odd)),
    "data": ("data", lambda odd: setattr(Value([1.0, 2.0]), "data", odd)),
    "grad of a Value": ("grad", lambda odd: setattr(Value([1.0, 2.0]), "grad", odd)),
    "backward": ("backward", lambda odd: slope(X).backward(odd)),
    "register_hook": ("register_hook", lambda odd: X.register_hook(odd)),
    "checkpoint": ("checkpoint", lambda odd: checkpoint(odd, X)),
    "jit": ("jit", lambda odd: jit(odd, dtype="float64") if odd is not None else jit(3)),
    "jit, dtype": ("jit", lambda odd: jit(slope, dtype=odd)),
    "jit, threads": ("jit", lambda odd: jit(slope, threads=odd)),
    "check_grads": ("check_grads", lambda odd: check_grads(odd, X)),
    **{
        f"check_grads, {name}": ("check_grads", lambda odd, name=name: check_grads(slope, X, **{name: odd}))
        for name in ("order", "oracle", "projections", "max_coordinates", "seed")
    },
    **{
        f"{name}{what}": (name, lambda odd, name=name, of=of: of(getattr(tinygrad_lists, name), odd))
        for name in ("grad", "value_and_grad", "jacobian", "hessian")
        for what, of in {"": lambda f, odd: f(odd), ", argnums": lambda f, odd: f(slope, odd)(X)}.items()
    },
    "vjp": ("vjp", lambda odd: tinygrad_lists.vjp(odd, X)),
    "vjp, cotangent": ("vjp", lambda odd: tinygrad_lists.vjp(slope, X)[1](odd)),
    "jvp": ("jvp", lambda odd: tinygrad_lists.jvp(odd, X, X)),
    "jvp, tangents": ("jvp", lambda odd: tinygrad_lists.jvp(slope, X, odd)),
    "hvp": ("hvp", lambda odd: tinygrad_lists.hvp(odd, X, X)),
    "hvp, tangents": ("hvp", lambda odd: tinygrad_lists.hvp(slope, X, odd)),
}


@pytest.mark.parametrize("what", OTHERS)
def test_the_rest_refuses_by_name(what: str) -> None:
    name, call = OTHERS[what]
    refused = 0
    # check_grads with so many orders or projections would only take long
    for odd in ODD[:16] if what.startswith("check_grads,") else ODD:
        try:
            call(odd)
        except (*REFUSALS, OverflowError) as error:
            refused += 1
            assert str(error).startswith(f"{name}: "), (odd, error)
            assert len(str(error)) <= LONGEST, odd
    assert refused > 3


class Three:
    """An int of another library, such as NumPy's."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


def cubes() -> Value:
    return Value([[[1.0, 4.0], [2.0, 3.0]]])


def ints_of_others(make: Callable[[int], Any]) -> list[tuple[Any, Any]]:
    """What a function gives for ints of another library, and for ours."""
    x, image = cubes(), images()
    v = Value([1.0, 2.0])
    calls: list[Callable[[Callable[[int], Any]], Any]] = [
        *(lambda n, name=name: getattr(x, name)(axis=n(-1)) for name in ("sum", "mean", "max", "std", "prod")),
        *(lambda n, name=name: getattr(x, name)(axis=n(1)) for name in ("argmax", "softmax", "cumsum", "flip")),
        lambda n: x.sum(axis=(n(0), n(2))),
        lambda n: x.squeeze(n(0)),
        lambda n: x.expand_dims(n(1)),
        lambda n: x.permute_dims(n(2), n(0), n(1)),
        lambda n: x.reshape(n(2), n(-1)),
        lambda n: x.roll(n(1), n(1)),
        lambda n: x.split(n(2), n(1))[n(1)],
        lambda n: x.repeat(n(2), n(1)),
        lambda n: x.take([1, 0], n(1)),
        lambda n: x.pad(n(1)),
        lambda n: x.pad([(n(0), n(1))] * 3),
        lambda n: x.tril(n(0)),
        lambda n: tinygrad_lists.stack([v, v], n(1)),
        lambda n: tinygrad_lists.concat([v, v], n(0)),
        lambda n: tinygrad_lists.one_hot([1], n(3)),
        lambda n: image.max_pool2d(n(1), n(1)),
        lambda n: image.conv2d(image, stride=(n(1), n(2)), groups=n(1)),
        lambda n: functions.conv1d(x.reshape(1, 1, 4), [[[1.0]]], stride=n(2)),
    ]
    return [(call(make), call(int)) for call in calls]


def test_ints_of_other_libraries_are_ints() -> None:
    for theirs, ours in ints_of_others(Three):
        assert (theirs.shape, theirs.data) == (ours.shape, ours.data)


def test_ints_and_axes_of_numpy() -> None:
    np = pytest.importorskip("numpy", reason="NumPy is not installed")
    for make in (np.int64, np.array):
        for theirs, ours in ints_of_others(make):
            assert (theirs.shape, theirs.data) == (ours.shape, ours.data)
    assert cubes().sum(axis=np.array([0, 2])).data == cubes().sum(axis=(0, 2)).data
    for odd in (np.bool_(True), np.float64(1.0), True):
        with pytest.raises(TypeError, match="sum: an axis is an int, not"):
            matrix().sum(axis=odd)


def test_the_default_slope_is_exact_in_every_kind() -> None:
    for kind in (float, Fraction, Decimal):
        x = Value([kind(-3), kind(2)])
        y = x.leaky_relu()
        assert (y.data, type(y.data[0])) == ([kind(-3) * (kind(1) / 100), kind(2)], kind)
        y.sum().backward()
        assert x.grad == [kind(1) / 100, kind(1)]
    for call in (
        lambda: Value([Fraction(1, 3)]).leaky_relu(0.01),
        lambda: Value(Decimal(1)).elu(0.5),
        lambda: Value([Fraction(1, 3)]).clip(0.5),
        lambda: Value(Decimal(1)).clip(max=0.5),
    ):
        with pytest.raises(TypeError, match=r"^(leaky_relu|elu|clip): (Fraction|Decimal) and float do not mix"):
            call()


def test_what_no_memory_holds_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="broadcast_to: no memory holds the elements of shape"):
        Value([1.0]).broadcast_to(10**15)
    with pytest.raises(MemoryError, match="broadcast_to: no memory for a result from inputs of shapes"):
        Value([1.0]).broadcast_to(10**14)
    with pytest.raises(ValueError, match="one_hot: no memory holds"):
        tinygrad_lists.one_hot([0], 10**20)


def test_whose_error_it_is() -> None:
    """The remedy for a kind of number only where kinds are the trouble."""

    def second(x: float, y: float) -> float:
        return y

    p = primitive(second, name="p")
    with pytest.raises(TypeError) as caught:
        p(1.0)
    assert str(caught.value).startswith("p: ")
    assert str(caught.value).endswith("missing 1 required positional argument: 'y'")
    own = primitive(lambda x: [].sort(x), name="own")
    with pytest.raises(TypeError, match=r"^own: .*sort\(\) takes no positional arguments$") as caught:
        own(1.0)
    assert caught.traceback[-1].name == "<lambda>"  # the line of the user's function is there
    with pytest.raises(TypeError, match=r"^text: 'a'.* is a str, not a number$"):
        primitive(lambda x: "a", name="text")(1.0)
    with pytest.raises(TypeError, match=r"^real: complex: must be real number.*; convert to a kind that has it$"):
        primitive(math.erf, name="real")(1j)
    with pytest.raises(TypeError, match=r"^pow: a modulus is for whole numbers"):
        pow(Value(2.0), 2, 3)
    assert pow(Value(2.0), 3).data == 8.0
    for convert, name in ((float, "float"), (int, "int"), (lambda v: f"{v:.2f}", "format")):
        with pytest.raises(ValueError, match=rf"^{name}: a Value of shape \(2, 2\) has 4 elements, not one"):
            convert(matrix())


LONG: dict[str, Callable[[], Any]] = {
    "trees": lambda: tinygrad_lists.vjp(lambda x: {str(i): x for i in range(5000)}, 1.0)[1]({}),
    "deep trees": lambda: tinygrad_lists.vjp(lambda x: nested_dicts(x, 200), 1.0)[1](nested_dicts(None, 100)),
    "axes": lambda: matrix().sum((0,) * 5000),
    "permuted": lambda: matrix().permute_dims([0, 1] * 2500),
    "many axes": lambda: Value([1.0]).reshape([1] * 2000 + [2]),
    "more axes": lambda: Value([1.0]).reshape([1] * 2000),
    "broadcast": lambda: Value([1.0]).broadcast_to([1] * 2000),
    "rolled": lambda: Value([1.0]).roll(tuple(range(5000)), (0,)),
    "repeated": lambda: Value([1.0]).tile([-1] * 5000),
    "split": lambda: Value([1.0, 2.0]).split(list(range(5000, 0, -1))),
    "digits": lambda: Value([1.0]).reshape(10**5000),
    "digits of an axis": lambda: Value([1.0]).sum(-(10**5000)),
    "digits of an index": lambda: Value([1.0])[10**5000],
    "digits of a new axis": lambda: Value([1.0]).expand_dims(10**5000),
    "classes": lambda: tinygrad_lists.one_hot(["a" * 5000], 3),
    "label": lambda: tinygrad_lists.one_hot([10**5000], 3),
    "name": lambda: stale(Value(1.0, name="n" * 5000)),
    "name of an anomaly": lambda: tinygrad_lists.detect_anomaly(lambda: Value([0.0], name="n" * 5000).log())(),
    "words of the user's own function": lambda: primitive(lambda x: len(x, "a" * 5000, x=1), name="p")(1.0),
    "number": lambda: primitive(lambda x: "a" * 5000, name="p")(1.0),
}


def nested_dicts(leaf: Any, depth: int) -> Any:
    for _ in range(depth):
        leaf = {"k" * 100: leaf}
    return leaf


def stale(x: Value) -> None:
    y = x * x
    x.assign(2.0)
    y.backward()


@pytest.mark.parametrize("what", LONG)
def test_no_message_is_long(what: str) -> None:
    with pytest.raises((TypeError, ValueError, IndexError, RuntimeError, ArithmeticError)) as caught:
        LONG[what]()
    assert len(str(caught.value)) <= LONGEST
    assert "set_int_max_str_digits" not in str(caught.value)  # Python's own words about too many digits


def test_a_gradient_with_respect_to_nothing_is_refused() -> None:
    for nothing in (None, {}, (), [None]):
        with pytest.raises(ValueError, match="grad: there is no number in the arguments to differentiate with"):
            tinygrad_lists.grad(lambda v: Value(1.0))(nothing)


def test_shapes_and_axes_by_the_names_of_the_array_api() -> None:
    x = matrix()
    assert functions.reshape(x, shape=(4, 1)).shape == x.reshape(4, 1).shape == (4, 1)
    assert functions.permute_dims(x, axes=(1, 0)).data == x.T.data
    assert functions.broadcast_to(x, shape=(3, 2, 2)).shape == (3, 2, 2)
    assert functions.concat([x, Value(5.0)], axis=None).data == [1.0, 2.0, 3.0, 4.0, 5.0]
    for call in (lambda: x.reshape(4, shape=4), lambda: x.permute_dims(0, axes=0), lambda: x.broadcast_to(4, shape=4)):
        with pytest.raises(TypeError, match="is given twice"):
            call()


@pytest.mark.parametrize("name", ["elu", "gelu", "silu", "softmax", "log_softmax", "logsumexp"])
def test_composed_functions_put_their_name_first(name: str) -> None:
    """Who calls elu has not called expm1."""
    with pytest.raises(TypeError, match=rf"^{name}: \w+: the result for a Fraction is irrational"):
        getattr(functions, name)([Fraction(-1, 2)])
    with pytest.raises(TypeError, match=r"^max_pool2d: complex numbers have no order; pool their real or imaginary"):
        functions.max_pool2d([[[[1j]]]], 1)
    with pytest.raises(ValueError, match=r"^conv1d: conv2d: .* 2 channels per group"):
        functions.conv1d([[[1.0, 2.0]]], [[[1.0], [2.0]]])
