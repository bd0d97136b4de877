"""The one-cycle policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..checks import (
    check_choice,
    check_flag,
    check_not_negative,
    check_number,
    check_share,
    check_whole,
    is_listed,
)
from ..optim import Optimizer
from .base import Scheduler, check_optimiser

__all__ = ["OneCycleLR"]


class _Phase(NamedTuple):
    """A stretch of the cycle: its last step (which may lie between two), and how the numbers at its ends are made."""

    end: float
    rates: tuple[float, float]  # in units of the initial rate
    momenta: tuple[float, float]


class OneCycleLR(Scheduler):
    """Up to a high rate and down again to almost nothing, once in the whole training, while the momentum goes the
    opposite way (Smith, Topin, "Super-convergence", 2018; as in PyTorch):

        step 0:                             max_lr / div_factor                         max_momentum
        step pct_start · total_steps - 1:   max_lr                                      base_momentum
        step total_steps - 1:               max_lr / div_factor / final_div_factor      max_momentum

    and between two of them ``end + (start - end) · (1 + cos(pi · way)) / 2``, or a line.

    Args:
        optimiser: whose rate it sets; the rates that it had do not matter.
        max_lr: the highest rate; one for each group, if it is a sequence.
        total_steps: length of the cycle; there is no step behind it.
        pct_start: share of the steps in which the rate rises.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether the momentum (of Adam: β1) moves; the optimiser must have one.
        base_momentum, max_momentum: its ends.
        div_factor, final_div_factor: how much lower the rate is at first, and then at last.
        three_phase: come down to the first rate as fast as it rose, then go on to the last.

    Raises:
        ValueError: a number out of its range, an optimiser without momentum; a step behind the cycle.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5, momentum=0.9)
    >>> schedule = OneCycleLR(optimiser, max_lr=1.0, total_steps=9, pct_start=5 / 9, div_factor=4.0)
    >>> for _ in range(4):
    ...     schedule.step()
    >>> optimiser.lr, optimiser.param_groups[0]["momentum"]
    (1.0, 0.85)
    """

    def __init__(
        self,
        optimiser: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        op = "OneCycleLR"
        self.total_steps = check_whole(op, "total_steps", total_steps, at_least=1)
        pct_start = float(check_number(op, "pct_start", pct_start, at_least=0, at_most=1))
        self.anneal_strategy = check_choice(op, "anneal_strategy", anneal_strategy, ("cos", "linear"))
        self.cycle_momentum = check_flag(op, "cycle_momentum", cycle_momentum)
        three_phase = check_flag(op, "three_phase", three_phase)
        base_momentum = float(check_share(op, "base_momentum", base_momentum))
        max_momentum = float(check_share(op, "max_momentum", max_momentum))
        div_factor = float(check_number(op, "div_factor", div_factor, at_least=1))
        final_div_factor = float(check_number(op, "final_div_factor", final_div_factor, at_least=1))
        down, up = (max_momentum, base_momentum), (base_momentum, max_momentum)
        last, still = 1 / final_div_factor, (max_momentum, max_momentum)
        first = _Phase(pct_start * total_steps - 1, (1.0, div_factor), down)
        if three_phase:
            middle = _Phase(2 * pct_start * total_steps - 2, (div_factor, 1.0), up)
            self._phases = [first, middle, _Phase(total_steps - 1, (1.0, last), still)]
        else:
            self._phases = [first, _Phase(total_steps - 1, (div_factor, last), up)]
        self._set_initial(optimiser, max_lr, div_factor)
        super().__init__(optimiser)

    def _set_initial(self, optimiser: Optimizer, max_lr: float | Sequence[float], div_factor: float) -> None:
        """Make the first rate of the cycle the initial one of every group."""
        check_optimiser("OneCycleLR", optimiser)
        groups = optimiser.param_groups
        given = max_lr if is_listed(max_lr) else [max_lr] * len(groups)
        highest = [float(check_not_negative("OneCycleLR", "max_lr", rate)) for rate in given]
        if len(highest) != len(groups):
            raise ValueError(f"OneCycleLR: max_lr has {len(highest)} rates for {len(groups)} groups")
        for group in groups:
            if self.cycle_momentum and "betas" not in group and not ("momentum" in group and group.uses("momentum")):
                raise ValueError(
                    "OneCycleLR: the optimiser has no momentum to move; give it one, or cycle_momentum=False"
                )
        for group, rate in zip(groups, highest, strict=True):
            group.initial_lr = rate / div_factor

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        phase, way = self._place(step)
        return initial * self._between(*phase.rates, way)

    def momentum(self, step: int) -> float:
        """The same for the momentum."""
        phase, way = self._place(step)
        return self._between(*phase.momenta, way)

    def apply(self, step: int) -> None:
        """Set rates and momenta."""
        super().apply(step)
        if self.cycle_momentum:
            momentum = self.momentum(step)
            for group in self.optimiser.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, group["betas"][1])
                else:
                    group["momentum"] = momentum

    def _place(self, step: int) -> tuple[_Phase, float]:
        """The phase of a step, and how much of it is behind."""
        if step >= self.total_steps:
            raise ValueError(f"OneCycleLR: step {step} is behind the cycle of {self.total_steps} steps")
        start = 0.0
        for phase in self._phases:
            if step <= phase.end:
                break
            start = phase.end
        return phase, (step - start) / (phase.end - start) if phase.end > start else 1.0

    def _between(self, start: float, end: float, way: float) -> float:
        if self.anneal_strategy == "linear":
            return start + (end - start) * way
        return end + (start - end) * (1 + math.cos(math.pi * way)) / 2
