"""What can be wrong with somebody's code besides a wrong number, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .candidates import CandidateError

__all__ = ["KINDS", "HomeworkError", "Problem"]

#: Kind -> whether nothing can be compared after it. After the others the gradients are still compared.
KINDS = {
    "not found": True,
    "not loaded": True,
    "missing module": True,
    "not filled in": True,
    "raised": True,
    "time limit": True,
    "exited": True,
    "crashed": True,
    "memory": True,
    "no answer": True,
    "not a number": True,
    "ragged": True,
    "wrong shape": True,
    "no gradient": True,
    "not finite": False,
    "changed its input": False,
    "changed the gradient it is given": False,
    "changed its parameters": False,
    "different answers": False,
    "wired differently": False,
    "printed": False,
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: its kind, a sentence, and where in the user's file it happened.

    >>> print(Problem("no answer", "forward returned None: is there a `return`?"))
    no answer: forward returned None: is there a `return`?
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

    @property
    def account(self) -> str:
        """The sentence, and a line for each place in the user's file."""
        return "\n".join([self.text, *(f"    {line}" for line in self.trace)])

    def __str__(self) -> str:
        return f"{self.kind}: {self.account}"

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"kind": self.kind, "text": self.text, "trace": list(self.trace)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Problem:
        """The inverse of `to_json`.

        >>> problem = Problem("raised", "forward raised ZeroDivisionError: division by zero", ("hw.py, line 3",))
        >>> Problem.from_json(problem.to_json()) == problem
        True
        """
        return cls(record["kind"], record["text"], tuple(record["trace"]))


class HomeworkError(CandidateError):
    """Somebody's layer could not be run; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.kind, str(problem))
        self.problem = problem

    @classmethod
    def of(cls, kind: str, text: str, trace: tuple[str, ...] = ()) -> HomeworkError:
        """The error of a problem of this kind."""
        return cls(Problem(kind, text, trace))
