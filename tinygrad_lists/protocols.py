"""What Python itself asks of a Value, and the array API: how it prints, how long it is, whether it is true, its axes.

The operators stand in `operations`; what a Value holds in `value`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import modes
from .methods import Methods
from .notes import Notes
from .printing import short
from .shapes import Shape, numel

if TYPE_CHECKING:
    from .primitives import Primitive
    from .value import Value

__all__ = ["Protocols"]


class Protocols(Methods, Notes):
    """What `Value` inherits beside the functions in `methods`."""

    __slots__ = ()

    if TYPE_CHECKING:
        _grad: Any
        data: Any
        grad: Any
        item: Callable[[], Any]
        op: Primitive | None
        shape: Shape

    @property
    def T(self) -> Value:
        """All axes reversed: the transpose of a matrix.

        >>> from tinygrad_lists import Value
        >>> Value([[1.0, 2.0]]).T.shape
        (2, 1)
        """
        return self.transpose()

    @property
    def mT(self) -> Value:
        """Last two axes exchanged, those before kept. ValueError for fewer than two axes.

        >>> from tinygrad_lists import Value
        >>> Value([[[1.0, 2.0]]]).mT.shape
        (1, 2, 1)
        """
        return self.matrix_transpose()

    @property
    def ndim(self) -> int:
        """Number of axes; 0 for a scalar.

        >>> from tinygrad_lists import Value
        >>> Value([[1.0, 2.0]]).ndim, Value(1.0).ndim
        (2, 0)
        """
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements: the product of the shape, 1 for a scalar.

        >>> from tinygrad_lists import Value
        >>> Value([[1.0, 2.0]]).size, Value(1.0).size
        (2, 1)
        """
        return numel(self.shape)

    def __repr__(self) -> str:
        with modes.looking():
            return self._text()

    def _text(self) -> str:
        parts = [short(self.data)]
        if self.name:
            parts.append(f"name={self.name!r}")
        if self.shape:
            parts.append(f"shape={self.shape}")
        if self._grad is not None:
            parts.append(f"grad={short(self.grad)}")
        elif not self.requires_grad:
            parts.append("requires_grad=False")
        if self.op is not None:
            parts.append(f"op={self.op.name}")
        return f"Value({', '.join(parts)})"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len: a scalar Value has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Value]:
        if not self.shape:
            raise TypeError("iter: a scalar Value cannot be iterated over")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, x: Any) -> bool:
        # Python would go through the elements with ==, which for Values is identity, and never find anything.
        raise TypeError("in: a Value is not searched for a number; use equal(v, x).max(), or x in v.data")

    def __bool__(self) -> bool:
        if numel(self.shape) != 1:
            raise ValueError(
                f"bool: the truth of a Value of shape {self.shape} is not clear; use .sum(), .max() or .min()"
            )
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        """``f"{loss:.4f}"`` formats the number of a Value that has one element."""
        with modes.looking():
            return format(self._one("format"), spec) if spec else str(self)

    def __float__(self) -> float:
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def _one(self, op: str) -> Any:
        if numel(self.shape) != 1:
            raise ValueError(
                f"{op}: a Value of shape {self.shape} has {numel(self.shape)} elements, not one; use .data"
            )
        return self.item()

    def __matmul__(self, other: Any) -> Value:
        return self.matmul(other)

    def __getitem__(self, index: Any) -> Value:
        return self.getitem(index)
