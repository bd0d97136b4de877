"""Matrix products on flat lists."""

from __future__ import annotations

from typing import Any

from ..shapes import Shape, broadcast_shapes, numel
from .accumulate import dot
from .movement import broadcast_to, permute_dims

__all__ = ["matmul", "matmul_shape"]

Flat = list[Any]


def matmul_shape(x_shape: Shape, y_shape: Shape) -> Shape:
    """Shape of ``x @ y`` for ``(..., N, K) @ (..., K, M)``; leading axes broadcast.

    >>> matmul_shape((5, 1, 2, 3), (4, 3, 7))
    (5, 4, 2, 7)
    """
    if len(x_shape) < 2 or len(y_shape) < 2:
        raise ValueError(f"matmul: {x_shape} @ {y_shape}: both need at least two axes, (..., N, K) @ (..., K, M)")
    if x_shape[-1] != y_shape[-2]:
        raise ValueError(f"matmul: {x_shape} @ {y_shape}: inner sizes {x_shape[-1]} and {y_shape[-2]} differ")
    return (*broadcast_shapes(x_shape[:-2], y_shape[:-2], op="matmul"), x_shape[-2], y_shape[-1])


def matmul(x: Flat, x_shape: Shape, y: Flat, y_shape: Shape) -> Flat:
    """``z[..., n, m] = sum over k of x[..., n, k] * y[..., k, m]``.

    >>> matmul([1, 2, 3, 4], (2, 2), [5, 6, 7, 8], (2, 2))
    [19, 22, 43, 50]
    """
    *batch, n, m = matmul_shape(x_shape, y_shape)
    k = x_shape[-1]
    zero = type(x[0])() if x else 0.0
    x = broadcast_to(x, x_shape, shape=(*batch, n, k))
    y = permute_dims(y, y_shape, axes=(*range(len(y_shape) - 2), len(y_shape) - 1, len(y_shape) - 2))
    y = broadcast_to(y, (*y_shape[:-2], m, k), shape=(*batch, m, k))
    if not k:
        return [zero] * (numel(batch) * n * m)
    out: Flat = []
    for b in range(numel(batch)):
        rows = [x[i : i + k] for i in range(b * n * k, (b + 1) * n * k, k)]
        columns = [y[i : i + k] for i in range(b * m * k, (b + 1) * m * k, k)]
        out += [dot(row, column, zero) for row in rows for column in columns]
    return out
