"""Everything that can be done to a Value, by subject. Each function is also a method of Value (see `methods`).

They take Values, numbers and nested lists, and raise TypeError for what is no number, ValueError for ragged lists and
for shapes that do not fit. What else each of them refuses it says itself; kinds of number are in docs/conventions.md.

>>> softmax([[0.0, 0.0]]).data, Value([0.0, 0.0]).softmax().data
([[0.5, 0.5]], [0.5, 0.5])
"""

from __future__ import annotations

from ..methods import METHODS
from ..value import Value
from .einsum import einsum
from .elementwise import (
    abs,
    clip,
    cos,
    elu,
    equal,
    erf,
    exp,
    expm1,
    floor,
    gelu,
    leaky_relu,
    log,
    log1p,
    maximum,
    minimum,
    not_equal,
    reciprocal,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    softplus,
    sqrt,
    square,
    tan,
    tanh,
    where,
)
from .indexing import gather, getitem, scatter_add, take
from .joining import concat, repeat, roll, split, stack, tile
from .labels import check_labels, one_hot
from .movement import (
    broadcast_to,
    expand_dims,
    flatten,
    flip,
    matrix_transpose,
    pad,
    permute_dims,
    reshape,
    squeeze,
    transpose,
    tril,
    triu,
)
from .products import avg_pool2d, conv1d, conv2d, conv_transpose2d, matmul, max_pool2d
from .reductions import argmax, argmin, cumsum, log_softmax, logsumexp, max, mean, min, prod, softmax, std, sum, var

__all__ = [
    "abs",
    "argmax",
    "argmin",
    "avg_pool2d",
    "broadcast_to",
    "check_labels",
    "clip",
    "concat",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cos",
    "cumsum",
    "einsum",
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
    "one_hot",
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
    "stack",
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

for _name in METHODS:
    setattr(Value, _name, globals()[_name])
