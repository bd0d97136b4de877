"""A small program for every primitive that has a rule: what the catalogue of wrong rules is tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..functions import avg_pool2d, concat, conv2d, max_pool2d, maximum, minimum, where
from ..value import Value, constant

__all__ = ["PROGRAMS", "call"]


def call(name: str, x: Any, *others: Any, **params: Any) -> Any:
    """The primitive called `name`, on Values."""
    return x.__tinygrad_apply__(name, x, *others, **params)


_UNARY = "exp log log1p expm1 sqrt sin cos tan tanh erf sigmoid softplus sign floor"
_A = [[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]]
_B = [[1.0, 0.25, -0.75], [-2.0, 1.25, 0.375]]
_POSITIVE = [[0.5, 1.25, 2.0], [1.5, 0.75, 0.25]]
_SQUARE = ([[1.0, 2.0], [-0.5, 0.75]], [[0.25, -1.0], [1.5, 0.5]])
_CUBE = [[[1.0, 2.0], [3.0, -4.0]], [[0.5, -1.5], [2.5, 0.25]]]
_IMAGE = [[[[0.5, -1.0, 2.0, 0.25], [1.5, 0.75, -0.5, 1.0], [0.125, 2.5, -2.0, 0.375]]]]
_GRADIENT = [[[[0.5, -1.5, 2.0], [1.0, 0.25, -0.5]], [[1.25, 0.5, 0.75], [-2.0, 1.5, 1.0]]]]
_WINDOW = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
_KERNEL = [[[[1.0, -0.5], [0.25, 2.0]]], [[[0.5, 1.5], [-1.0, 0.75]]]]


def _unary(name: str) -> tuple[Callable[..., Value], Any]:
    return lambda x: call(name, x), _POSITIVE


#: For each row, a function and arguments that use it.
PROGRAMS: dict[str, tuple[Callable[..., Value], Any]] = {
    **{name: _unary(name) for name in _UNARY.split()},
    "add": (lambda x, y: x + y, (_A, [1.0, 2.0, -3.0])),
    "sub": (lambda x, y: x - y, (_A, 0.5)),
    "mul": (lambda x, y: x * y, (_A, [[2.0], [-1.5]])),
    "div": (lambda x, y: (x - x.max()).exp() / (y + (x - x.max()).exp().sum()), (_A, 0.5)),  # a softmax
    "pow": (lambda x, y: x**y, (_POSITIVE, [2.0, -1.5, 0.5])),
    "maximum": (maximum, (_A, _B)),
    "minimum": (minimum, (_A, _B)),
    "remainder": (lambda x, y: x % y, (_A, [[0.75], [2.5]])),
    "floor_divide": (lambda x, y: x // y, (_A, [[0.75], [2.5]])),
    "neg": (lambda x: -x, _A),
    "abs": (lambda x: abs(x), _A),
    "relu": (lambda x: x.relu(), _A),
    "gate": (lambda x: call("gate", x, Value([2.0, -1.0, 0.5], requires_grad=False)), _A),
    "where": (lambda x, y: where([1, 0, 1], x, y), (_A, _B)),
    "sum": (lambda x: x.sum(axis=1), _A),
    "max": (lambda x: x.max(axis=1), _A),
    "min": (lambda x: x.min(axis=1), _A),
    "cumsum": (lambda x: x.cumsum(axis=1), _A),
    "reshape": (lambda x: x.reshape(4), _SQUARE[0]),
    "permute_dims": (lambda x: x.permute_dims(1, 2, 0), _CUBE),
    "broadcast_to": (lambda x: x.broadcast_to(2, 3), [1.0, -2.0, 0.5]),
    "crop": (lambda x: x[:, 1:], _A),
    "pad": (lambda x: x.pad(1), _A),
    "flip": (lambda x: x.flip(axis=1), _A),
    "concat": (lambda x, y: concat([x, y]), _SQUARE),
    "gather": (lambda x: max_pool2d(x, 2, stride=1), _IMAGE),
    "scatter_add": (lambda x: call("scatter_add", x, constant([2, 0, 2], (3,)), shape=(4,)), [1.0, -2.0, 0.5]),
    "matmul": (lambda x, y: x @ y, _SQUARE),
    "conv2d": (lambda x, w, b: conv2d(x, w, b), (_IMAGE, _KERNEL, [0.5, -0.25])),
    "conv2d_input_grad": (
        lambda g, w: call("conv2d_input_grad", g, w, x_shape=(1, 1, 3, 4), **_WINDOW),
        (_GRADIENT, _KERNEL),
    ),
    "conv2d_weight_grad": (
        lambda x, g: call("conv2d_weight_grad", x, g, w_shape=(2, 1, 2, 2), **_WINDOW),
        (_IMAGE, _GRADIENT),
    ),
    "avg_pool2d": (lambda x: avg_pool2d(x, 2), _IMAGE),
    "avg_pool2d_input_grad": (
        lambda y: call(
            "avg_pool2d_input_grad",
            y,
            x_shape=(1, 1, 3, 4),
            kernel=(2, 2),
            stride=(1, 2),
            padding=(0, 0),
            count_include_pad=True,
        ),
        [[[[0.5, -1.0], [2.0, 0.25]]]],
    ),
}
