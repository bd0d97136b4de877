"""Odd things as every argument of every public function: whatever is refused is refused by name, briefly, and by the
right kind of exception. A new function is in these tests by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_lists
from tinygrad_lists import Value, check_grads, checkpoint, functions, jit

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
    calls += [(f"{place}: {odd!r}", lambda place=place, odd=odd: call(place, odd)) for place in places for odd in ODD]
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
    for odd in ODD:
        try:
            call(odd)
        except REFUSALS as error:
            refused += 1
            assert str(error).startswith(f"{name}: "), (odd, error)
            assert len(str(error)) <= LONGEST, odd
    assert refused > 3


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
