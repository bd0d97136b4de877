"""Every call beside the interpreter: ``jit(check=True)``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..value import Value, constant
from .errors import JitError

__all__ = ["TOLERANCE", "compare"]

#: Largest difference that is put down to rounding, relative to the largest number of the tensor (or 1).
TOLERANCE = {"float32": 1e-3, "float64": 1e-9}


def compare(
    function: Callable[..., Any],
    args: Any,
    kwargs: Any,
    native: Callable[[], Any],
    values: Sequence[Value],
    dtype: str,
) -> Any:
    """What the program returns, once it is found to be what the interpreter gives.

    The interpreter's results stay in the Values outside, so that each call is compared by itself and differences of
    rounding do not add up.
    """
    before = [(v._data, v._grad) for v in values]
    out = native()
    ours = [(v._data, v._grad) for v in values]
    for value, (data, grad) in zip(values, before, strict=True):
        if value._data is not data:
            value.assign(constant(data, value.shape))
        value._grad = grad
    expected = function(*args, **kwargs)
    for number, (a, b) in enumerate(zip(_values(out), _values(expected), strict=True)):
        _same(a._flat(), b._flat(), f"result {number}", dtype)
    for value, (data, grad) in zip(values, ours, strict=True):
        name = value.name or f"a Value of shape {value.shape}"
        _same(_list(data), _list(value._data), f"the data of {name}", dtype)
        if (grad is None) != (value._grad is None):
            raise JitError(f"jit: check: {name} has a gradient in only one of program and interpreter")
        if grad is not None:
            _same(_list(grad), _list(value._grad), f"the gradient of {name}", dtype)
    return out


def _values(tree: Any) -> list[Value]:
    if isinstance(tree, Value):
        return [tree]
    if isinstance(tree, dict):
        tree = list(tree.values())
    return [v for part in tree for v in _values(part)] if isinstance(tree, list | tuple) else []


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]


def _same(ours: list[Any], theirs: list[Any], what: str, dtype: str) -> None:
    finite = [abs(v) for v in theirs if math.isfinite(v)]
    scale = max([1.0, *finite])
    for place, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a != b and not (a != a and b != b) and not abs(a - b) <= TOLERANCE[dtype] * scale:
            raise JitError(
                f"jit: check: {what} differs at {place}: {a!r} compiled, {b!r} interpreted. Please report this, with "
                f"the function"
            )
