"""Matrix products on flat lists.

Each element is summed over k in order, from the first product on, by expressions that are written out for the size (see
`products`): 13 to 16 ns a multiply-add, where ``sum(map(mul, row, column))`` takes 17 for long rows and 40 for rows of
8.
"""

from __future__ import annotations

from typing import Any

from ..shapes import Shape, broadcast_shapes, numel
from .accumulate import zero_of
from .movement import broadcast_to
from .products import sums_of_products

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
    if not k * n * m:
        return [zero_of(x)] * (numel(batch) * n * m)
    x = broadcast_to(x, x_shape, shape=(*batch, n, k))
    y = broadcast_to(y, y_shape, shape=(*batch, k, m))
    out: Flat = []
    for b in range(numel(batch)):
        rows = [x[i : i + k] for i in range(b * n * k, (b + 1) * n * k, k)]
        columns = [y[i : (b + 1) * k * m : m] for i in range(b * k * m, b * k * m + m)]
        if n <= m:  # the longer of the two makes the better loop
            for row in sums_of_products(columns, rows):
                out += row
        else:
            product = [None] * (n * m)
            for i, column in enumerate(sums_of_products(rows, columns)):
                product[i::m] = column
            out += product
    return out
