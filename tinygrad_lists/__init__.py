"""Autograd on plain Python lists.

>>> from tinygrad_lists import Value
>>> w = Value([[1.0, -2.0], [3.0, 0.5]])
>>> loss = (Value([1.0, 2.0]) @ w).relu().sum()
>>> loss.backward()
>>> w.grad
[[1.0, 0.0], [2.0, 0.0]]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import functions
from .anomaly import AnomalyError
from .check import GradientError, check_grads
from .custom import primitive
from .functions import avg_pool2d, concat, conv1d, conv2d, conv_transpose2d, max_pool2d, one_hot, stack, where
from .modes import detect_anomaly, no_grad, record_source, scope
from .recompute import checkpoint
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .value import Value

if TYPE_CHECKING:
    from .compiler import JitError, jit
    from .graph import Graph, draw

__all__ = [
    "AnomalyError",
    "GradientError",
    "Graph",
    "JitError",
    "Value",
    "avg_pool2d",
    "check_grads",
    "checkpoint",
    "concat",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "detect_anomaly",
    "draw",
    "functions",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "max_pool2d",
    "no_grad",
    "one_hot",
    "primitive",
    "record_source",
    "scope",
    "stack",
    "value_and_grad",
    "vjp",
    "where",
]


def __getattr__(name: str) -> Any:
    """Drawing and compiling are imported when they are first used: computing does not need them."""
    if name in ("Graph", "draw"):
        from . import graph

        return getattr(graph, name)
    if name in ("JitError", "jit"):
        from . import compiler

        return getattr(compiler, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
