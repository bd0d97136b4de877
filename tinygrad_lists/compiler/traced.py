"""What stands for numbers while a function is recorded: Values that have none yet, and errors when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..anomaly import user_line
from ..value import Value
from .errors import JitError

if TYPE_CHECKING:
    from .trace import Trace

__all__ = ["HOOK", "REMEDY", "Numbers", "Traced", "where"]

HOOK = (
    "a Value from outside has a gradient hook, which is Python and would run once, while the function is recorded. "
    "Remove the hook, compute what it does inside the function, or run without jit"
)

REMEDY = (
    "a compiled function has no numbers while it is recorded. Use Values throughout (where() for a branch), return "
    "what you want to look at, or move this line out of the jitted function"
)


class Traced(Value):
    """A Value of a program that is being recorded: it has a shape and a history, but no number."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name == "_data":
            raise JitError(f"jit: {where()}: the numbers of a computed Value were read; {REMEDY}")
        raise AttributeError(f"Value has no attribute {name!r}", name=name, obj=self)

    def __repr__(self) -> str:
        return f"Value(shape={self.shape}, traced by jit, op={self.op.name if self.op else None})"


def where() -> str:
    """The line of the user's program that is running."""
    line = user_line()
    return str(line) if line else "somewhere"


class Numbers:
    """Stands for the numbers of a Value while a function is traced: of which kind they are may be asked freely."""

    def __init__(self, trace: Trace, value: Value) -> None:
        self.trace, self.value = trace, value

    def __len__(self) -> int:
        return self.value.size

    def __getitem__(self, index: int) -> Any:
        kind = self.trace.node(self.value).kind
        return 1 if kind == "i" else 1.0

    def __iter__(self) -> Iterator[Any]:
        self.trace.reading(self.value)
        return iter(self.value._data if self.value.shape else [self.value._data])
