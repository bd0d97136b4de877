"""A catalogue of mistakes: reverse rules that are wrong, each with a program that uses them.

It is the proof that `check_grads` works (the tests plant every one and see it caught, with the right row named) and a
collection of how gradients go wrong: the sign, a factor, a missing term, inputs exchanged, a transpose forgotten, the
input used in place of the output, a sum over a broadcast axis that became a mean, a second derivative that is lost.

>>> from tinygrad_lists.check import GradientError, check_grads
>>> wrong = next(w for w in WRONG_RULES if w.row == "tanh")
>>> wrong.mistake
'x in place of out'
>>> with planted(wrong):
...     try:
...         check_grads(*PROGRAMS["tanh"])
...     except GradientError as error:
...         print(error.suspect)
tanh
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..numeric import cos, divide, exp, gate, greater, less, log, power, sigmoid, sign, sin, where, zero_like
from ..primitives import PRIMITIVES, Rule
from ..value import Value, constant
from .programs import PROGRAMS, call

__all__ = ["PROGRAMS", "WRONG_RULES", "WrongRule", "planted"]

V = Any


class WrongRule(NamedTuple):
    """A rule that is wrong: the primitive it is for, and what is wrong about it."""

    row: str
    mistake: str
    rule: Rule


@contextmanager
def planted(wrong: WrongRule) -> Iterator[None]:
    """Inside, the engine uses the wrong rule."""
    row = PRIMITIVES[wrong.row]
    right = row.vjp
    row.vjp = wrong.rule
    try:
        yield
    finally:
        row.vjp = right


def _frozen(x: V) -> V:
    """Without its graph: right in value, but its derivative is lost."""
    return x.detach() if isinstance(x, Value) else x


def _t(x: V) -> V:
    return call("permute_dims", x, axes=(1, 0))


def _turned(w: V) -> V:
    """Kernels turned by half a turn: where correlation is mistaken for convolution."""
    return call("flip", w, axes=(2, 3))


def _shifted(bounds: Any) -> Any:
    return tuple((a - 1, b - 1, step) if a else (a, b, step) for a, b, step in bounds)


def _last_use(index: V) -> V:
    """1 where a position is read for the last time, 0 elsewhere."""
    flat = index._flat()
    return constant([0.0 if flat[i] in flat[i + 1 :] else 1.0 for i in range(len(flat))], index.shape)


def _next_position(index: V, size: int) -> V:
    return constant([(i + 1) % size for i in index._flat()], index.shape)


def _halves(g: V) -> tuple[V, V]:
    rows = g.shape[0] // 2
    rest = tuple((0, n, 1) for n in g.shape[1:])
    return tuple(call("crop", g, bounds=((a, a + rows, 1), *rest)) for a in (0, rows))


WRONG_RULES: tuple[WrongRule, ...] = tuple(
    WrongRule(*entry)
    for entry in (
        ("add", "second input forgotten", lambda g, out, x, y: (g, None)),
        ("add", "gradient shared instead of copied", lambda g, out, x, y: (g / 2, g / 2)),
        ("add", "mean over the broadcast axis", lambda g, out, x, y: (g, g / (out.size / y.size))),
        ("sub", "sign forgotten", lambda g, out, x, y: (g, g)),
        ("sub", "inputs exchanged", lambda g, out, x, y: (-g, g)),
        ("mul", "inputs exchanged", lambda g, out, x, y: (g * x, g * y)),
        ("mul", "cotangent forgotten", lambda g, out, x, y: (y, x)),
        ("mul", "second input forgotten", lambda g, out, x, y: (g * y, None)),
        ("mul", "absolute value of the cotangent", lambda g, out, x, y: (abs(g) * y, abs(g) * x)),
        ("mul", "second derivative lost", lambda g, out, x, y: (g * _frozen(y), g * _frozen(x))),
        ("div", "sign forgotten", lambda g, out, x, y: (divide(g, y), divide(g * out, y))),
        ("div", "denominator not squared", lambda g, out, x, y: (divide(g, y), divide(-g * x, y))),
        ("div", "quotient by the wrong input", lambda g, out, x, y: (divide(g, y), divide(-g * out, x))),
        ("pow", "exponent not lowered", lambda g, out, x, y: (g * y * out, g * out * log(x))),
        ("pow", "factor y forgotten", lambda g, out, x, y: (g * power(x, y - 1), g * out * log(x))),
        ("pow", "exponent taken as a constant", lambda g, out, x, y: (g * y * power(x, y - 1), None)),
        ("pow", "factor out forgotten", lambda g, out, x, y: (g * y * power(x, y - 1), g * log(x))),
        ("neg", "sign forgotten", lambda g, out, x: (g,)),
        ("abs", "sign forgotten", lambda g, out, x: (g,)),
        ("abs", "sign of the output", lambda g, out, x: (g * sign(out),)),
        ("maximum", "both inputs get it", lambda g, out, x, y: (g, g)),
        ("maximum", "the smaller gets it", lambda g, out, x, y: (g * less(x, y), g * greater(x, y))),
        ("minimum", "shared even without a tie", lambda g, out, x, y: (g / 2, g / 2)),
        ("remainder", "divisor forgotten", lambda g, out, x, y: (g, None)),
        ("remainder", "quotient not rounded down", lambda g, out, x, y: (g, -g * divide(x, y))),
        ("floor_divide", "not rounded down", lambda g, out, x, y: (divide(g, y), divide(-g * x, y * y))),
        ("floor", "straight through", lambda g, out, x: (g,)),
        ("sign", "straight through", lambda g, out, x: (g,)),
        ("exp", "x in place of out", lambda g, out, x: (g * x,)),
        ("exp", "second derivative lost", lambda g, out, x: (g * _frozen(out),)),
        ("log", "out in place of x", lambda g, out, x: (divide(g, out),)),
        ("log", "multiplied instead of divided", lambda g, out, x: (g * x,)),
        ("log1p", "one forgotten", lambda g, out, x: (divide(g, x),)),
        ("expm1", "out in place of out + 1", lambda g, out, x: (g * out,)),
        ("sqrt", "factor two forgotten", lambda g, out, x: (divide(g, out),)),
        ("sqrt", "x in place of out", lambda g, out, x: (divide(g, 2 * x),)),
        ("sin", "sign wrong", lambda g, out, x: (-g * cos(x),)),
        ("sin", "derivative not taken", lambda g, out, x: (g * out,)),
        ("cos", "sign forgotten", lambda g, out, x: (g * sin(x),)),
        ("tan", "x in place of out", lambda g, out, x: (g * (1 + x * x),)),
        ("tanh", "x in place of out", lambda g, out, x: (g * (1 - x * x),)),
        ("tanh", "square forgotten", lambda g, out, x: (g * (1 - out),)),
        ("erf", "factor two over root pi forgotten", lambda g, out, x: (g * exp(-x * x),)),
        ("erf", "sign in the exponent", lambda g, out, x: (g * divide(2, 3.141592653589793**0.5) * exp(x * x),)),
        ("sigmoid", "second factor forgotten", lambda g, out, x: (g * out,)),
        ("sigmoid", "x in place of out", lambda g, out, x: (g * x * (1 - x),)),
        ("softplus", "out in place of its derivative", lambda g, out, x: (g * out,)),
        ("softplus", "second derivative lost", lambda g, out, x: (g * _frozen(sigmoid(x)),)),
        ("relu", "gate forgotten", lambda g, out, x: (g,)),
        ("relu", "gate turned round", lambda g, out, x: (gate(g, -x),)),
        ("relu", "gate on the cotangent", lambda g, out, x: (gate(g, g),)),
        ("relu", "output in place of the step", lambda g, out, x: (g * out,)),
        ("gate", "gate forgotten", lambda g, out, x, y: (g, None)),
        ("where", "condition ignored", lambda g, out, c, x, y: (None, g, g)),
        ("where", "branches exchanged", lambda g, out, c, x, y: (None, where(c, zero_like(g), g), where(c, g, 0))),
        ("sum", "mean in place of the sum", lambda g, out, x, axes: (g / (x.size / out.size),)),
        ("max", "every element gets it", lambda g, out, x, axes: (g,)),
        ("max", "shared by all elements", lambda g, out, x, axes: (g / (x.size / out.size),)),
        ("min", "the others get it", lambda g, out, x, axes: (g * greater(x, out),)),
        ("cumsum", "not reversed", lambda g, out, x, axis: (call("cumsum", g, axis=axis),)),
        ("cumsum", "only the own element", lambda g, out, x, axis: (g,)),
        ("reshape", "transposed on the way", lambda g, out, x, shape: (_t(call("reshape", g, shape=x.shape)),)),
        ("permute_dims", "axes not inverted", lambda g, out, x, axes: (call("permute_dims", g, axes=axes),)),
        ("broadcast_to", "mean over the copies", lambda g, out, x, shape: (g / (out.size / x.size),)),
        (
            "crop",
            "put back one off",
            lambda g, out, x, bounds: (call("pad", g, bounds=_shifted(bounds), shape=x.shape),),
        ),
        ("pad", "cut out one off", lambda g, out, x, bounds, shape: (call("crop", g, bounds=_shifted(bounds)),)),
        ("flip", "not flipped back", lambda g, out, x, axes: (g,)),
        ("concat", "parts exchanged", lambda g, out, x, y, axis: _halves(g)[::-1]),
        ("concat", "second part forgotten", lambda g, out, x, y, axis: (_halves(g)[0], None)),
        (
            "gather",
            "overwritten where read twice",
            lambda g, out, x, i: (call("scatter_add", g * _last_use(i), i, shape=x.shape), None),
        ),
        (
            "gather",
            "index off by one",
            lambda g, out, x, i: (call("scatter_add", g, _next_position(i, x.size), shape=x.shape), None),
        ),
        (
            "scatter_add",
            "index off by one",
            lambda g, out, x, i, shape: (call("gather", g, _next_position(i, out.size)), None),
        ),
        ("matmul", "transposes forgotten", lambda g, out, x, y: (call("matmul", g, y), call("matmul", x, g))),
        ("matmul", "order exchanged", lambda g, out, x, y: (call("matmul", _t(y), g), call("matmul", g, _t(x)))),
        (
            "matmul",
            "second transpose forgotten",
            lambda g, out, x, y: (call("matmul", g, _t(y)), call("matmul", x, g)),
        ),
        (
            "conv2d",
            "kernel turned",
            lambda g, out, x, w, *b, **window: (
                call("conv2d_input_grad", g, _turned(w), x_shape=x.shape, **window),
                call("conv2d_weight_grad", x, g, w_shape=w.shape, **window),
                *(call("reshape", call("sum", g, axes=(0, 2, 3)), shape=v.shape) for v in b),
            ),
        ),
        (
            "conv2d",
            "gradient of the kernel turned",
            lambda g, out, x, w, *b, **window: (
                call("conv2d_input_grad", g, w, x_shape=x.shape, **window),
                _turned(call("conv2d_weight_grad", x, g, w_shape=w.shape, **window)),
                *(call("reshape", call("sum", g, axes=(0, 2, 3)), shape=v.shape) for v in b),
            ),
        ),
        (
            "conv2d",
            "mean over the image for the bias",
            lambda g, out, x, w, *b, **window: (
                call("conv2d_input_grad", g, w, x_shape=x.shape, **window),
                call("conv2d_weight_grad", x, g, w_shape=w.shape, **window),
                *(call("reshape", call("sum", g, axes=(0, 2, 3)), shape=v.shape) * v.size / g.size for v in b),
            ),
        ),
        (
            "conv2d_input_grad",
            "sign wrong",
            lambda h, out, g, w, x_shape, **window: (
                -call("conv2d", h, w, **window),
                call("conv2d_weight_grad", h, g, w_shape=w.shape, **window),
            ),
        ),
        (
            "conv2d_weight_grad",
            "second input forgotten",
            lambda h, out, x, g, w_shape, **window: (
                call("conv2d_input_grad", g, h, x_shape=x.shape, **window),
                None,
            ),
        ),
        (
            "avg_pool2d",
            "not divided by the area",
            lambda g, out, x, **window: (call("avg_pool2d_input_grad", g * 4, x_shape=x.shape, **window),),
        ),
        (
            "avg_pool2d_input_grad",
            "divided twice",
            lambda g, out, y, x_shape, **window: (call("avg_pool2d", g / 4, **window),),
        ),
    )
)
