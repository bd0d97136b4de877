"""Numbers that change between training steps."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value

__all__ = ["Setting"]


class Setting:
    """A number that is not learnt and still changes from step to step: a learning rate, a share to drop.

    It is held in a Value. A compiled step that computes with ``value`` sees every change of it, while a plain number of
    Python would make it record anew at each. What reads ``number`` in a step, to decide something, does just that.

    >>> rate = Setting(0.1, "lr")
    >>> rate.number /= 2
    >>> rate.value.data
    0.05
    """

    __slots__ = ("value",)

    def __init__(self, number: Any, name: str | None = None) -> None:
        self.value = Value(number, requires_grad=False, name=name)

    @property
    def number(self) -> Any:
        """The number; can be set."""
        return self.value.data

    @number.setter
    def number(self, number: Any) -> None:
        self.value.data = number

    def __repr__(self) -> str:
        return f"Setting({self.number!r})"
