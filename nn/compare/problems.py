"""What can be wrong with somebody's code besides a wrong number, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "HomeworkError", "Problem"]

#: Kind -> whether nothing can be compared after it. The kinds that are not fatal cost marks (or, a print, none), and the
#: gradients are still compared.
KINDS = {
    "not loaded": True,
    "missing module": True,
    "not filled in": True,
    "raises": True,
    "hangs": True,
    "exits": True,
    "killed": True,
    "too much memory": True,
    "returns None": True,
    "wrong type": True,
    "wrong shape": True,
    "missing gradient": True,
    "not finite": False,
    "changes its input": False,
    "changes the gradient it is given": False,
    "changes its parameters": False,
    "different answers": False,
    "prints": False,
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its kind, a sentence, and where in the user's file it happened.

    >>> print(Problem("returns None", "forward returned None: is there a `return`?"))
    returns None: forward returned None: is there a `return`?
    """

    kind: str
    text: str
    trace: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Problem: unknown kind {self.kind!r}; known are {', '.join(KINDS)}")

    @property
    def fatal(self) -> bool:
        """Whether there is nothing left to compare."""
        return KINDS[self.kind]

    def __str__(self) -> str:
        return "\n".join([f"{self.kind}: {self.text}", *(f"    {line}" for line in self.trace)])

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"kind": self.kind, "text": self.text, "trace": list(self.trace)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Problem:
        """The inverse of `to_json`.

        >>> problem = Problem("raises", "forward raised ZeroDivisionError: division by zero", ("hw.py, line 3",))
        >>> Problem.from_json(problem.to_json()) == problem
        True
        """
        return cls(record["kind"], record["text"], tuple(record["trace"]))


class HomeworkError(ValueError):
    """Somebody's layer could not be run; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.kind}: {problem.text}")
        self.problem = problem

    @classmethod
    def of(cls, kind: str, text: str, trace: tuple[str, ...] = ()) -> HomeworkError:
        """The error of a problem of this kind."""
        return cls(Problem(kind, text, trace))
