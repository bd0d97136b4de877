"""Schedules made of schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from ..checks import check_list
from ..errors import shown
from ..optim import Optimizer
from .base import Scheduler, check_optimiser
from .curves import rising

__all__ = ["ChainedScheduler", "SequentialLR"]


class SequentialLR(Scheduler):
    """One schedule after the other: from each milestone on the next one, which begins there with its step 0.

    Args:
        optimiser: the same that the schedules have.
        schedulers: the schedules.
        milestones: the steps at which the second, third, ... begins.

    Raises:
        ValueError: milestones that do not rise, or are not one fewer than schedules; schedules of another optimiser.
            TypeError: something that has no formula, such as `ReduceLROnPlateau`.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> parts = [nn.schedulers.ConstantLR(optimiser, 0.25, 9), nn.schedulers.ExponentialLR(optimiser, 0.5)]
    >>> schedule = SequentialLR(optimiser, parts, milestones=[2])
    >>> [schedule.rate(0.5, step) for step in range(5)]
    [0.125, 0.125, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimiser: Optimizer, schedulers: Iterable[Scheduler], milestones: Iterable[int]) -> None:
        self.schedulers = _parts("SequentialLR", optimiser, schedulers)
        self.milestones = rising("SequentialLR", milestones)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedules need {len(self.schedulers) - 1} milestones, not "
                f"{len(self.milestones)}"
            )
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """That of the schedule whose turn it is."""
        turn = bisect_right(self.milestones, step)
        return self.schedulers[turn].rate(initial, step - (self.milestones[turn - 1] if turn else 0))


class ChainedScheduler(Scheduler):
    """Several schedules at once: each takes the rate of the one before as its initial rate. Where they are factors,
    the factors multiply.

    Args:
        optimiser: the same that the schedules have.
        schedulers: the schedules.

    Raises:
        ValueError: no schedules, or schedules of another optimiser. TypeError: something that has no formula.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> parts = [nn.schedulers.ConstantLR(optimiser, 0.25, 1), nn.schedulers.ExponentialLR(optimiser, 0.5)]
    >>> schedule = ChainedScheduler(optimiser, parts)
    >>> [schedule.rate(0.5, step) for step in range(3)]
    [0.125, 0.25, 0.125]
    """

    def __init__(self, optimiser: Optimizer, schedulers: Iterable[Scheduler]) -> None:
        self.schedulers = _parts("ChainedScheduler", optimiser, schedulers)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """One formula inside the other."""
        for scheduler in self.schedulers:
            initial = scheduler.rate(initial, step)
        return initial


def _parts(op: str, optimiser: Optimizer, schedulers: Iterable[Scheduler]) -> list[Scheduler]:
    parts = check_list(op, "schedulers", schedulers, "a list of schedules")
    check_optimiser(op, optimiser)
    if not parts:
        raise ValueError(f"{op}: no schedules to combine")
    for part in parts:
        if not isinstance(part, Scheduler):
            raise TypeError(f"{op}: {shown(part)} has no formula for each step; combine schedules that have one")
        if part.optimiser is not optimiser:
            raise ValueError(f"{op}: {shown(part)} belongs to another optimiser")
    return parts
