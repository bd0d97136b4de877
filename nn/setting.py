"""Numbers that may change between training steps."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value

__all__ = ["Setting"]


class Setting:
    """A number that is no parameter and may still change between steps: a learning rate, a mode, a share to drop.

    It is held in a Value, because a compiled step takes plain Python numbers as they were when it was recorded. What
    computes with ``value`` sees every change of it; what reads ``number``, to decide something, makes the compiled step
    hold only as long as the number stays.

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
