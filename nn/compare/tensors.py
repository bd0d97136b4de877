"""A flat list with a shape: what both sides' nested lists are brought to before they are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import add
from typing import Any

__all__ = ["Shape", "Tensor", "index_of", "stack", "total"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    """Numbers in row-major order and their shape.

    >>> t = Tensor.of([[1, 2, 3], [4, 5, 6]])
    >>> t.shape, t.nested(), t.part(1).flat
    ((2, 3), [[1, 2, 3], [4, 5, 6]], [4, 5, 6])
    """

    flat: list[Any]
    shape: Shape

    @classmethod
    def of(cls, nested: Any) -> Tensor:
        """From regular nested lists (they are not checked) or a number."""
        shape: list[int] = []
        probe = nested
        while isinstance(probe, list | tuple):
            shape.append(len(probe))
            probe = probe[0] if probe else None
        flat = nested if shape else [nested]
        for _ in shape[1:]:
            flat = list(chain.from_iterable(flat))
        return cls(list(flat), tuple(shape))

    def nested(self) -> Any:
        """Fresh nested lists, or the number."""
        if not self.shape:
            return self.flat[0]
        rows: list[Any] = list(self.flat)
        for size in reversed(self.shape[1:]):
            rows = [rows[start : start + size] for start in range(0, len(rows), size)]
        return rows

    def part(self, i: int) -> Tensor:
        """The i-th along the first axis: one sample of a batch."""
        size = math.prod(self.shape[1:])
        return Tensor(self.flat[i * size : (i + 1) * size], self.shape[1:])

    def like(self, flat: Iterable[Any]) -> Tensor:
        """Other numbers in the same shape."""
        return Tensor(list(flat), self.shape)

    def scaled(self, divisor: int) -> Tensor:
        """Divided by a number."""
        return self if divisor == 1 else self.like(v / divisor for v in self.flat)

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.flat)


def stack(parts: Sequence[Tensor]) -> Tensor:
    """Tensors of one shape along a new first axis.

    >>> stack([Tensor([1, 2], (2,)), Tensor([3, 4], (2,))])
    Tensor(flat=[1, 2, 3, 4], shape=(2, 2))
    """
    return Tensor([v for part in parts for v in part.flat], (len(parts), *parts[0].shape))


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape, from the first to the last.

    >>> total([Tensor([1, 2], (2,)), Tensor([3, 4], (2,))]).flat
    [4, 6]
    """
    flat = parts[0].flat
    for part in parts[1:]:
        flat = list(map(add, flat, part.flat))
    return Tensor(flat, parts[0].shape)


def index_of(position: int, shape: Shape) -> tuple[int, ...]:
    """Index of the element at a position of the flat list.

    >>> index_of(5, (2, 3))
    (1, 2)
    """
    index = []
    for size in reversed(shape):
        index.append(position % size)
        position //= size
    return tuple(reversed(index))
