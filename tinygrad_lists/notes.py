"""What few Values carry beside their numbers, in a dict that is made only then: a name, the scope and the line in which
they were computed, and whether their numbers are truth values.

Truth values are the ints 0 and 1. That they are a *mask* is noted when a comparison makes them or a Value is made of
bools, and stays with them wherever they go unchanged: see `Primitive.picks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from .anomaly import Source
from .nested import is_boolean

__all__ = ["Notes", "are_masks", "as_mask", "is_mask", "keep_mask"]


class Notes:
    """What `Value` inherits to read them."""

    __slots__ = ("_meta",)

    _meta: dict[str, Any] | None

    if TYPE_CHECKING:
        requires_grad: bool

    @property
    def name(self) -> str | None:
        """What the user calls it; shown in pictures and messages.

        >>> from tinygrad_lists import Value
        >>> Value([1.0, 2.0], name="x").exp().inputs[0].name
        'x'
        """
        return self._meta.get("name") if self._meta else None

    @name.setter
    def name(self, name: str | None) -> None:
        self._meta = {**(self._meta or {}), "name": name}

    @property
    def scope(self) -> tuple[str, ...]:
        """Names of the modules inside which it was computed, outermost first."""
        return self._meta.get("scope", ()) if self._meta else ()

    @property
    def source(self) -> Source | None:
        """Line of the user's program that computed it; None unless that ran inside `record_source`."""
        return self._meta.get("source") if self._meta else None


V = TypeVar("V", bound=Notes)


def as_mask(x: V) -> V:
    """`x`, noted as truth values, so that ``v[v > 0]`` reads it as a mask and not as the positions 0 and 1.

    Masks are joined with ``& | ^ ~``, as in NumPy.

    >>> from tinygrad_lists import Value
    >>> x = Value([1.0, 2.0, 3.0])
    >>> x[(x > 1) & ~(x > 2)].data
    [2.0]
    """
    x._meta = {**(x._meta or {}), "mask": True}
    return x


def is_mask(x: Notes) -> bool:
    """Whether `x` consists of truth values: it is a comparison, made of bools, or of such numbers only.

    >>> from tinygrad_lists import Value
    >>> x = Value([[1.0], [2.0]])
    >>> is_mask(x > 1.5), is_mask((x > 1.5).T), is_mask((x > 1.5) * 1)
    (True, True, False)
    """
    return x._meta is not None and "mask" in x._meta


def are_masks(values: Iterable[Notes]) -> bool:
    """Whether all are."""
    return all(map(is_mask, values))


def keep_mask(x: V, data: Any) -> V:
    """`x`, a Value of which `data` have just become the numbers: a mask if they are, and it wants no gradient."""
    if not x.requires_grad and (is_mask(data) if isinstance(data, Notes) else is_boolean(data)):
        return as_mask(x)
    if x._meta is not None:
        x._meta.pop("mask", None)
    return x
