"""Index arithmetic: where in a buffer the element lies that a loop is at.

Every movement except pad, concat and some reshapes is a change of index: the element ``(i, j)`` of a transposed tensor
is the element ``(j, i)`` of the other. Indices here are affine, ``constant + sum of step · loop variable``, and so stay
affine through any chain of such movements, which then cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Affine", "Loop", "coalesce", "nest"]


@dataclass(frozen=True)
class Affine:
    """``constant + sum of step · variable``."""

    constant: int = 0
    steps: tuple[tuple[str, int], ...] = ()

    @staticmethod
    def of(variable: str) -> Affine:
        """The variable itself."""
        return Affine(0, ((variable, 1),))

    def __add__(self, other: Affine) -> Affine:
        steps = dict(self.steps)
        for name, step in other.steps:
            steps[name] = steps.get(name, 0) + step
        return Affine(self.constant + other.constant, tuple((n, s) for n, s in steps.items() if s))

    def times(self, factor: int, plus: int = 0) -> Affine:
        """``plus + factor · self``."""
        return Affine(plus + factor * self.constant, tuple((n, s * factor) for n, s in self.steps if factor))

    def step(self, variable: str) -> int:
        """By how much it grows with a variable."""
        return dict(self.steps).get(variable, 0)

    def without(self, *variables: str) -> Affine:
        """The rest."""
        return Affine(self.constant, tuple((n, s) for n, s in self.steps if n not in variables))

    def text(self) -> str:
        """As C.

        >>> (Affine.of("i").times(28) + Affine.of("j").times(1, 3)).text()
        '28 * i + j + 3'
        """
        parts = [name if step == 1 else f"{step} * {name}" for name, step in self.steps]
        if self.constant or not parts:
            parts.append(str(self.constant))
        return " + ".join(parts).replace("+ -", "- ")


@dataclass(frozen=True)
class Loop:
    """``for (int name = 0; name < size; name++)``."""

    name: str
    size: int


def coalesce(loops: Sequence[Loop], addresses: Iterable[Affine]) -> list[Loop]:
    """Neighbouring loops that walk on evenly in every address made into one (which keeps the inner one's name).

    >>> a = Affine.of("i").times(3) + Affine.of("j")
    >>> coalesce([Loop("i", 2), Loop("j", 3)], [a])
    [Loop(name='j', size=6)]
    """
    addresses = list(addresses)
    result: list[Loop] = []
    for loop in loops:
        if loop.size == 1:
            continue
        if result and all(a.step(result[-1].name) == a.step(loop.name) * loop.size for a in addresses):
            loop = Loop(loop.name, loop.size * result.pop().size)
        result.append(loop)
    return result


def nest(loops: Sequence[Loop], lines: Sequence[str]) -> list[str]:
    """`lines` inside `loops`."""
    text = []
    for depth, loop in enumerate(loops):
        text.append("  " * depth + f"for (int {loop.name} = 0; {loop.name} < {loop.size}; {loop.name}++)")
    pad = "  " * len(loops)
    if len(lines) == 1:
        return [*text, pad + lines[0]]
    return [*text, pad + "{", *[pad + "  " + line for line in lines], pad + "}"]
