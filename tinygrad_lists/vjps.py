"""How gradients flow back: one reverse rule per primitive.

Let ``out = f(x, y, ...)`` and let ``g`` be the gradient of the loss with respect to ``out`` (the cotangent). A rule
``(g, out, x, y, ..., **params)`` returns the gradient with respect to each input: the vector-Jacobian product. For the
product, ``d(xy) = y dx + x dy``, hence ``(g * y, g * x)``.

Rules are written on numbers and stay ignorant of lists: they use operators and the functions of `numeric`, which
dispatch on the type of what they are handed. So the same row works on bare numbers (plain backward of scalars) and on
Values (tensors, and gradients that can be differentiated again). Three conventions:

* An entry that is worth avoiding stands behind ``lambda:`` and is worked out only if that input wants a gradient.
* ``None`` says that no gradient flows to that input: it is an index or a truth value.
* A gradient may come back in a broadcast shape; `backward` sums it down to the input's shape, for all rules in one
  place.

Ties and kinks follow PyTorch: relu'(0) = 0, abs'(0) = 0; maximum and max share the gradient equally among equals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .numeric import (
    cos,
    divide,
    equal,
    exp,
    floor_divide,
    gate,
    greater,
    less,
    log,
    one_like,
    pi_like,
    power,
    sigmoid,
    sign,
    sin,
    sqrt,
    where,
    zero_like,
)

__all__ = ["VJPS"]


def _call(name: str, *args: Any, **params: Any) -> Any:
    """The primitive called `name`, on Values."""
    return args[0].__tinygrad_apply__(name, *args, **params)


def _share(g: Any, x: Any, y: Any, x_loses: Any) -> Any:
    """Gradient of the winner of two: all of it, half of it in a tie, nothing for the loser. NaN never loses."""
    return where(x_loses, zero_like(g), where(equal(x, y), g / 2, g))


def _extreme(g: Any, out: Any, x: Any, axes: Any) -> tuple[Any]:
    """max and min over axes: equal elements share the gradient equally. No element equals NaN: 0 / 0 for all."""
    chosen = equal(x, out)
    count = _call("sum", chosen, axes=axes)
    return (where(chosen, divide(g, count), divide(zero_like(g), count)),)


def _concat(g: Any, out: Any, *parts: Any, axis: int) -> tuple[Any, ...]:
    rows, start = [], 0
    for part in parts:
        stop = start + part.shape[axis]
        bounds = tuple((start, stop, 1) if a == axis else (0, size, 1) for a, size in enumerate(g.shape))
        rows.append(lambda bounds=bounds: _call("crop", g, bounds=bounds))
        start = stop
    return tuple(rows)


def _cumsum(g: Any, out: Any, x: Any, axis: int) -> tuple[Any]:
    backwards = _call("cumsum", _call("flip", g, axes=(axis,)), axis=axis)
    return (_call("flip", backwards, axes=(axis,)),)


def _transposed(x: Any) -> Any:
    """Last two axes exchanged."""
    last = len(x.shape) - 1
    return _call("permute_dims", x, axes=(*range(last - 1), last, last - 1))


def _conv2d(g: Any, out: Any, x: Any, w: Any, *bias: Any, **window: Any) -> tuple[Any, ...]:
    return (
        lambda: _call("conv2d_input_grad", g, w, x_shape=x.shape, **window),
        lambda: _call("conv2d_weight_grad", x, g, w_shape=w.shape, **window),
        # The bias stands in every pixel of its filter's plane, in every image.
        *(lambda b=b: _call("reshape", _call("sum", g, axes=(0, 2, 3)), shape=b.shape) for b in bias),
    )


def _conv2d_input_grad(h: Any, out: Any, g: Any, w: Any, x_shape: Any, **window: Any) -> tuple[Any, Any]:
    return (
        lambda: _call("conv2d", h, w, **window),
        lambda: _call("conv2d_weight_grad", h, g, w_shape=w.shape, **window),
    )


def _conv2d_weight_grad(h: Any, out: Any, x: Any, g: Any, w_shape: Any, **window: Any) -> tuple[Any, Any]:
    return (
        lambda: _call("conv2d_input_grad", g, h, x_shape=x.shape, **window),
        lambda: _call("conv2d", x, h, **window),
    )


VJPS: dict[str, Callable[..., tuple[Any, ...]]] = {
    # Arithmetic
    "add": lambda g, out, x, y: (g, g),
    "sub": lambda g, out, x, y: (g, -g),
    "mul": lambda g, out, x, y: (g * y, g * x),
    "div": lambda g, out, x, y: (lambda: divide(g, y), lambda: divide(-g * out, y)),
    # x**y: y x^(y-1) and x^y log x. Where these are 0 by their limits, at x = 0, 0^0 stands for 0^-1 and log 1 for
    # log 0: 0 times infinity would be NaN, here or in the next derivative. There x^y is 0 or 1 unless y < 0. The one
    # makes the logarithm of an int base one of the kind that g has.
    "pow": lambda g, out, x, y: (
        lambda: g * y * power(x, y - 1 + equal(x, 0) * equal(y, 0)),
        lambda: g * out * log(x + equal(x, 0) * (equal(out, 0) + equal(out, 1)) * one_like(g)),
    ),
    "maximum": lambda g, out, x, y: (_share(g, x, y, less(x, y)), _share(g, y, x, less(y, x))),
    "minimum": lambda g, out, x, y: (_share(g, x, y, greater(x, y)), _share(g, y, x, greater(y, x))),
    "floor_divide": lambda g, out, x, y: (zero_like(g), zero_like(g)),
    "remainder": lambda g, out, x, y: (g, lambda: -g * floor_divide(x, y)),
    "neg": lambda g, out, x: (-g,),
    "abs": lambda g, out, x: (g * sign(x),),
    "sign": lambda g, out, x: (zero_like(g),),
    "floor": lambda g, out, x: (zero_like(g),),
    # Functions of one variable, by their own result where that is cheaper
    "exp": lambda g, out, x: (g * out,),
    "log": lambda g, out, x: (divide(g, x),),
    "log1p": lambda g, out, x: (divide(g, 1 + x),),
    "expm1": lambda g, out, x: (g * (out + 1),),
    "sqrt": lambda g, out, x: (divide(g, 2 * out),),
    "sin": lambda g, out, x: (g * cos(x),),
    "cos": lambda g, out, x: (-g * sin(x),),
    "tan": lambda g, out, x: (g * (1 + out * out),),
    "tanh": lambda g, out, x: (g * (1 - out * out),),
    "erf": lambda g, out, x: (g * divide(2, sqrt(pi_like(x))) * exp(-x * x),),
    "sigmoid": lambda g, out, x: (g * out * (1 - out),),
    "softplus": lambda g, out, x: (g * sigmoid(x),),
    "relu": lambda g, out, x: (gate(g, out),),
    # Choices
    "gate": lambda g, out, x, y: (gate(g, y), None),
    "where": lambda g, out, c, x, y: (
        None,
        lambda: where(c, g, zero_like(g)),
        lambda: where(c, zero_like(g), g),
    ),
    # Reductions (the axes stay, with size 1, so that g broadcasts against x)
    "sum": lambda g, out, x, axes: (_call("broadcast_to", g, shape=x.shape),),
    "max": _extreme,
    "min": _extreme,
    "cumsum": _cumsum,
    # Movement
    "reshape": lambda g, out, x, shape: (_call("reshape", g, shape=x.shape),),
    "permute_dims": lambda g, out, x, axes: (
        _call("permute_dims", g, axes=tuple(axes.index(a) for a in range(len(axes)))),
    ),
    "broadcast_to": lambda g, out, x, shape: (g,),
    "crop": lambda g, out, x, bounds: (_call("pad", g, bounds=bounds, shape=x.shape),),
    "pad": lambda g, out, x, bounds, shape: (_call("crop", g, bounds=bounds),),
    "flip": lambda g, out, x, axes: (_call("flip", g, axes=axes),),
    "concat": _concat,
    # Indexing
    "gather": lambda g, out, x, index: (_call("scatter_add", g, index, shape=x.shape), None),
    "scatter_add": lambda g, out, x, index, shape: (_call("gather", g, index), None),
    # Products: bilinear, so each rule is the same product with the cotangent in one place
    "matmul": lambda g, out, x, y: (
        lambda: _call("matmul", g, _transposed(y)),
        lambda: _call("matmul", _transposed(x), g),
    ),
    "conv2d": _conv2d,
    "conv2d_input_grad": _conv2d_input_grad,
    "conv2d_weight_grad": _conv2d_weight_grad,
    # Pooling
    "avg_pool2d": lambda g, out, x, **window: (_call("avg_pool2d_input_grad", g, x_shape=x.shape, **window),),
    "avg_pool2d_input_grad": lambda g, out, y, x_shape, **window: (_call("avg_pool2d", g, **window),),
}
