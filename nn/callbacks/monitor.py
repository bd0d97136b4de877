"""A measure that should improve from epoch to epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..checks import check_kind, check_not_negative
from ..errors import shown
from ..results import Epoch

__all__ = ["Monitor"]

_MEASURES = [field.name for field in fields(Epoch) if field.name.endswith(("loss", "accuracy"))]


class Monitor:
    """Follows a measure of the epochs: the best so far, and how many epochs ago it was.

    >>> monitor = Monitor("example", "test_accuracy")
    >>> for accuracy in (0.5, 0.7, 0.6):
    ...     print(monitor.see(Epoch(1, 0.0, 0.0, 0.0, accuracy, 1.0, 1.0)), monitor.waited)
    True 0
    True 0
    False 1
    """

    def __init__(self, op: str, name: str, min_delta: float = 0.0) -> None:
        if check_kind(op, "monitor", name, str, "a word, such as 'validation_loss'") not in _MEASURES:
            raise ValueError(f"{op}: monitor is {shown(name)}; it can be {', '.join(_MEASURES)}")
        self.op, self.name, self.min_delta = op, name, check_not_negative(op, "min_delta", min_delta)
        self.best: float | None = None
        self.waited = 0

    def see(self, epoch: Epoch) -> bool:
        """Whether this epoch improved on the best by more than `min_delta`. ValueError for a measure that is nan."""
        measure: float = getattr(epoch, self.name)
        if math.isnan(measure):
            data = self.name.split("_")[0]
            raise ValueError(f"{self.op}: there is no {self.name.replace('_', ' ')}; give fit() {data} examples")
        gain = 0.0 if self.best is None else (measure - self.best) * (1 if "accuracy" in self.name else -1)
        better = self.best is None or gain > self.min_delta
        self.best, self.waited = (measure, 0) if better else (self.best, self.waited + 1)
        return better

    def state_dict(self) -> dict[str, Any]:
        """The best measure and how many epochs ago it was."""
        return {"monitor": self.name, "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave; ValueError for something else."""
        check_kind(self.op, "the state", state, Mapping, "a dict")
        best, waited = state.get("best"), state.get("waited")
        good = best is None or (isinstance(best, int | float) and not isinstance(best, bool))
        if set(state) != {"monitor", "best", "waited"} or state["monitor"] != self.name or not good:
            raise ValueError(f"{self.op}: {dict(state)!r:.100} is not the state of a monitor of {self.name}")
        if not isinstance(waited, int) or isinstance(waited, bool) or waited < 0:
            raise ValueError(f"{self.op}: waited is {waited!r:.40}; it must be an int of at least 0")
        self.best, self.waited = best, waited
