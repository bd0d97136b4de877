"""What `check_grads` says: a report when all is well, an error that names the place when it is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["GradientError", "GradientReport", "Mismatch"]


@dataclass
class Mismatch:
    """One place where two numbers should be equal and are not.

    Attributes:
        input: which argument, as ``argument 0['w']``.
        index: place in it, as ``[1][2]``; empty for a scalar.
        order: 1 for the gradient, 2 for the gradient of the gradient, and so on.
        automatic: the number that the rules give.
        numerical: the number that the oracle gives.
        oracle: name of the oracle.
        error: the oracle's own estimate of its error.
    """

    input: str
    index: str
    order: int
    automatic: Any
    numerical: Any
    oracle: str
    error: Any = 0

    def __str__(self) -> str:
        what = {1: "gradient", 2: "second derivative"}.get(self.order, f"derivative of order {self.order}")
        exactness = f"error about {float(abs(self.error)):.0e}" if self.error else "exact"
        return (
            f"{what} for {self.input}{' at ' + self.index if self.index else ''}: automatic {_short(self.automatic)}, "
            f"numerical {_short(self.numerical)} ({self.oracle}, {exactness})"
        )


class GradientError(AssertionError):
    """A gradient is wrong.

    Attributes:
        mismatch: the place and both numbers, if two numbers differ.
        suspect: name of the primitive whose rule is wrong by itself; None if no rule is.

    >>> from tinygrad_lists import check_grads, primitive
    >>> half = primitive(lambda x: x * x, vjp=lambda g, out, x: (g * x,), name="half")
    >>> try:
    ...     report = check_grads(half, 3.0)
    ... except GradientError as error:
    ...     error.suspect
    'half'
    """

    def __init__(self, message: str, mismatch: Mismatch | None = None, suspect: str | None = None) -> None:
        super().__init__(message)
        self.mismatch = mismatch
        self.suspect = suspect


@dataclass
class GradientReport:
    """What was checked.

    Attributes:
        oracle: name of the oracle that the numbers were compared with.
        order: highest order of derivative checked.
        compared: how many derivatives of each order were compared.
        kinks: how many were not, because the function bends or jumps at that point.
        undecided: how many were not, because the oracle's own error was too large.
        worst: largest relative difference seen (0 means that all were exactly equal).
        notes: why better oracles could not be used, and the like.
    """

    oracle: str
    order: int
    compared: dict[int, int] = field(default_factory=dict)
    kinks: int = 0
    undecided: int = 0
    worst: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def comparisons(self) -> int:
        """How many derivatives were compared, of all orders."""
        return sum(self.compared.values())

    @property
    def ok(self) -> bool:
        """Whether derivatives of every order were compared; all were right, as a wrong one raises `GradientError`.

        False says that nothing is known about an order: at a kink, or where the numbers are too large or too small,
        there is nothing to compare with.
        """
        return all(self.compared.get(order) for order in range(1, self.order + 1))

    def __str__(self) -> str:
        unknown = [order for order in range(1, self.order + 1) if not self.compared.get(order)]
        rest = f"{self.kinks} at kinks, {self.undecided} undecided"
        if not self.comparisons:
            first = f"NOTHING COMPARED up to order {self.order} ({self.oracle}): {rest}; choose other arguments"
        else:
            right = (
                f"up to order {self.order}"
                if not unknown
                else f"of order {' and '.join(map(str, sorted(self.compared)))}"
            )
            first = (
                f"gradients right {right}: {self.comparisons} derivatives compared ({self.oracle}), largest relative "
                f"difference {self.worst:.1e}, {rest}"
            )
            if unknown:
                first += f"; NOTHING COMPARED of order {' and '.join(map(str, unknown))}"
        return "\n".join([first] + [f"  {note}" for note in self.notes])


def _short(x: Any) -> str:
    if isinstance(x, float | complex | int):
        return f"{x!r}"
    text = str(x)
    return text if len(text) <= 40 else f"{float(x)!r}"
