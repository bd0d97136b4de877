"""Lower the rate when nothing gets better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..checks import check_choice, check_not_negative, check_share, check_whole
from ..errors import shown
from ..nested import as_ints
from ..optim import Optimizer
from .base import check_optimiser, check_state

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau:
    """Multiply the rate by `factor` once a measure has not improved for more than `patience` steps (by hand in
    Krizhevsky, Sutskever, Hinton, 2012, section 5; the rules are PyTorch's).

    An improvement is a measure below ``best · (1 - threshold)`` ("rel", mode "min"), above ``best · (1 + threshold)``
    ("rel", "max"), below ``best - threshold`` or above ``best + threshold`` ("abs").

    Args:
        optimiser: whose rate it sets.
        mode: "min" for a loss, "max" for an accuracy.
        factor: below 1.
        patience: how many steps without improvement are let pass.
        threshold, threshold_mode: what counts as one.
        cooldown: how many steps after a reduction do not count.
        min_lr: the rate does not go below.
        eps: a smaller change of the rate is not made.

    Raises:
        ValueError: a number out of its range. TypeError: what is no optimiser, or no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = ReduceLROnPlateau(optimiser, factor=0.5, patience=1)
    >>> for loss in (1.0, 0.9, 0.9, 0.9, 0.9):
    ...     schedule.step(loss)
    >>> optimiser.lr
    0.25
    """

    def __init__(
        self,
        optimiser: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        op = "ReduceLROnPlateau"
        check_optimiser(op, optimiser)
        self.optimiser, self.mode = optimiser, check_choice(op, "mode", mode, ("min", "max"))
        self.threshold_mode = check_choice(op, "threshold_mode", threshold_mode, ("rel", "abs"))
        self.factor = check_share(op, "factor", factor)  # with 1 the rate would not fall
        self.patience = check_whole(op, "patience", patience, at_least=0)
        self.cooldown = check_whole(op, "cooldown", cooldown, at_least=0)
        self.threshold = check_not_negative(op, "threshold", threshold)
        self.min_lr = check_not_negative(op, "min_lr", min_lr)
        self.eps = check_not_negative(op, "eps", eps)
        self.best: float | None = None
        self.num_bad_steps = self.cooldown_left = self.last_step = 0

    def step(self, metric: Any) -> None:
        """On to the next step, with the measure of this one: a number, or a Value with one element."""
        try:
            measure = float(metric)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(
                f"ReduceLROnPlateau: the measure is {shown(metric)}; it must be a number, or a Value with one"
            ) from None
        self.last_step += 1
        if not math.isnan(measure) and (self.best is None or self._is_better(measure, self.best)):
            self.best, self.num_bad_steps = measure, 0
        else:
            self.num_bad_steps += 1
        if self.cooldown_left > 0:
            self.cooldown_left -= 1
            self.num_bad_steps = 0
        if self.num_bad_steps > self.patience:
            for group in self.optimiser.param_groups:
                lower = max(group["lr"] * self.factor, self.min_lr)
                if group["lr"] - lower > self.eps:
                    group["lr"] = lower
            self.cooldown_left, self.num_bad_steps = self.cooldown, 0

    def _is_better(self, measure: float, best: float) -> bool:
        margin = self.threshold * best if self.threshold_mode == "rel" else self.threshold
        better: bool = measure > best + margin if self.mode == "max" else measure < best - margin
        return better

    def state_dict(self) -> dict[str, Any]:
        """What it has seen, and the rates, as plain numbers; `best` is a list, empty at first.

        >>> import nn
        >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
        >>> schedule = ReduceLROnPlateau(optimiser)
        >>> schedule.step(0.75)
        >>> schedule.state_dict()["best"], schedule.state_dict()["lrs"]
        ([0.75], [0.5])
        """
        return {
            "scheduler": "ReduceLROnPlateau",
            "last_step": self.last_step,
            "best": [] if self.best is None else [self.best],
            "num_bad_steps": self.num_bad_steps,
            "cooldown_left": self.cooldown_left,
            "lrs": [group["lr"] for group in self.optimiser.param_groups],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved step, with the rates of that step; all or nothing.

        Raises ValueError for the state of something else.
        """
        op = "ReduceLROnPlateau.load_state_dict"
        own = self.state_dict()
        if isinstance(state, Mapping) and isinstance(state.get("best"), list) and len(state["best"]) < 2:
            own["best"] = state["best"]
        check_state(op, state, own)
        for number in state["best"]:
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ValueError(f"{op}: best is {shown(number)}; it must be a number")
        names = ("last_step", "num_bad_steps", "cooldown_left")
        counts = [check_whole(op, n, as_ints(state[n], f"{op}: {n}"), at_least=0) for n in names]
        try:
            for rate in state["lrs"]:
                check_not_negative(op, "lrs", rate)
        except TypeError as error:
            raise ValueError(str(error)) from None
        self.last_step, self.num_bad_steps, self.cooldown_left = counts
        self.best = state["best"][0] if state["best"] else None
        for group, rate in zip(self.optimiser.param_groups, state["lrs"], strict=True):
            group["lr"] = rate

    def __repr__(self) -> str:
        return f"ReduceLROnPlateau(step={self.last_step}, best={self.best}, bad={self.num_bad_steps})"
