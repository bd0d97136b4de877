"""The few things that nested lists need and do not have: a shape, zeros, and a function applied to every element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Matrix", "Nested", "Number", "Vector", "Volume", "elementwise", "shape_of", "zero_of", "zeros"]

Number: TypeAlias = Any  # int, float, Fraction or Decimal: Python has no static type for "any real number"
Vector: TypeAlias = list[Number]
Matrix: TypeAlias = list[Vector]
Volume: TypeAlias = list[Matrix]  # (channels, height, width)
Nested: TypeAlias = Any  # a number, or lists of any depth


def shape_of(x: Nested, what: str = "nested list") -> tuple[int, ...]:
    """Return the shape of a nested list; `ValueError`, which says `what` it is, if it is ragged.

    >>> shape_of([[[1, 2, 3], [4, 5, 6]]])
    (1, 2, 3)
    >>> shape_of([[1, 2], [3]])
    Traceback (most recent call last):
    ...
    ValueError: nested list is ragged: its parts have shapes (1,) and (2,)
    """
    if not isinstance(x, (list, tuple)):
        return ()
    if not {list, tuple} & set(map(type, x)):
        return (len(x),)
    shapes = sorted({shape_of(part, what) for part in x})
    if len(shapes) > 1:
        raise ValueError(f"{what} is ragged: its parts have shapes {' and '.join(map(str, shapes))}")
    return (len(x), *shapes[0])


def zero_of(x: Nested) -> Number:
    """Return the zero of the kind of number that `x` is made of, for 0 + Fraction is exact but 0.0 + Fraction is not.

    >>> from fractions import Fraction
    >>> zero_of([[Fraction(1, 3)]])
    Fraction(0, 1)
    """
    while isinstance(x, (list, tuple)):
        x = x[0]
    return type(x)(0)


def zeros(shape: tuple[int, ...], zero: Number) -> Nested:
    """Return nested lists of `shape` filled with `zero`.

    >>> zeros((2, 3), 0)
    [[0, 0, 0], [0, 0, 0]]
    """
    return [zeros(shape[1:], zero) for _ in range(shape[0])] if shape else zero


def elementwise(function: Callable[..., Number], *arguments: Nested) -> Nested:
    """Apply `function` to corresponding elements of nested lists of one shape.

    >>> elementwise(lambda a, b: a + b, [[1, 2], [3, 4]], [[10, 20], [30, 40]])
    [[11, 22], [33, 44]]
    """
    if isinstance(arguments[0], (list, tuple)):
        return [elementwise(function, *parts) for parts in zip(*arguments, strict=True)]
    return function(*arguments)
