"""The methods of Value that `operations`, `functions` and `backward` define.

`Value` knows how to hold, record and print; what can be done to it is written as functions, each of them also a method.
They are attached where they are defined, because they build on the class; this list says which, for readers and for
type checkers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["METHODS", "Methods"]

METHODS = [
    "abs",
    "argmax",
    "argmin",
    "avg_pool2d",
    "broadcast_to",
    "clip",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cos",
    "cumsum",
    "elu",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flatten",
    "flip",
    "floor",
    "gather",
    "gelu",
    "getitem",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "not_equal",
    "pad",
    "permute_dims",
    "prod",
    "reciprocal",
    "relu",
    "repeat",
    "reshape",
    "roll",
    "scatter_add",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "std",
    "sum",
    "take",
    "tan",
    "tanh",
    "tile",
    "transpose",
    "tril",
    "triu",
    "var",
    "where",
]


class Methods:
    """What `Value` inherits, for type checkers; nothing at run time."""

    __slots__ = ()

    if TYPE_CHECKING:
        from . import backward as _b
        from . import functions as _f
        from . import hooks as _h
        from .value import Value

        abs = _f.abs
        argmax = _f.argmax
        argmin = _f.argmin
        avg_pool2d = _f.avg_pool2d
        broadcast_to = _f.broadcast_to
        clip = _f.clip
        conv1d = _f.conv1d
        conv2d = _f.conv2d
        conv_transpose2d = _f.conv_transpose2d
        cos = _f.cos
        cumsum = _f.cumsum
        elu = _f.elu
        equal = _f.equal
        erf = _f.erf
        exp = _f.exp
        expand_dims = _f.expand_dims
        expm1 = _f.expm1
        flatten = _f.flatten
        flip = _f.flip
        floor = _f.floor
        gather = _f.gather
        gelu = _f.gelu
        getitem = _f.getitem
        leaky_relu = _f.leaky_relu
        log = _f.log
        log1p = _f.log1p
        log_softmax = _f.log_softmax
        logsumexp = _f.logsumexp
        matmul = _f.matmul
        max = _f.max
        max_pool2d = _f.max_pool2d
        maximum = _f.maximum
        mean = _f.mean
        min = _f.min
        minimum = _f.minimum
        not_equal = _f.not_equal
        pad = _f.pad
        permute_dims = _f.permute_dims
        prod = _f.prod
        reciprocal = _f.reciprocal
        relu = _f.relu
        repeat = _f.repeat
        reshape = _f.reshape
        roll = _f.roll
        scatter_add = _f.scatter_add
        sigmoid = _f.sigmoid
        sign = _f.sign
        silu = _f.silu
        sin = _f.sin
        softmax = _f.softmax
        softplus = _f.softplus
        split = _f.split
        sqrt = _f.sqrt
        square = _f.square
        squeeze = _f.squeeze
        std = _f.std
        sum = _f.sum
        take = _f.take
        tan = _f.tan
        tanh = _f.tanh
        tile = _f.tile
        transpose = _f.transpose
        matrix_transpose = _f.matrix_transpose
        tril = _f.tril
        triu = _f.triu
        var = _f.var
        where = _f.where
        backward = _b.backward
        register_hook = _h.register_hook

        def __add__(self, other: Any) -> Value: ...
        def __radd__(self, other: Any) -> Value: ...
        def __sub__(self, other: Any) -> Value: ...
        def __rsub__(self, other: Any) -> Value: ...
        def __mul__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __rtruediv__(self, other: Any) -> Value: ...
        def __pow__(self, other: Any) -> Value: ...
        def __rpow__(self, other: Any) -> Value: ...
        def __floordiv__(self, other: Any) -> Value: ...
        def __rfloordiv__(self, other: Any) -> Value: ...
        def __mod__(self, other: Any) -> Value: ...
        def __rmod__(self, other: Any) -> Value: ...
        def __lt__(self, other: Any) -> Value: ...
        def __le__(self, other: Any) -> Value: ...
        def __gt__(self, other: Any) -> Value: ...
        def __ge__(self, other: Any) -> Value: ...
        def __and__(self, other: Any) -> Value: ...
        def __rand__(self, other: Any) -> Value: ...
        def __or__(self, other: Any) -> Value: ...
        def __ror__(self, other: Any) -> Value: ...
        def __xor__(self, other: Any) -> Value: ...
        def __rxor__(self, other: Any) -> Value: ...
        def __invert__(self) -> Value: ...
        def __neg__(self) -> Value: ...
        def __pos__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def __tinygrad_apply__(self, name: str, *args: Any, **params: Any) -> Value: ...
