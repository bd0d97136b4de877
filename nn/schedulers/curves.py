"""Schedules with a formula of one line."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import pairwise

from ..checks import check_function, check_list, check_not_negative, check_whole
from ..errors import shown
from ..optim import Optimizer
from .base import Scheduler

__all__ = ["ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LambdaLR", "LinearLR", "MultiStepLR", "StepLR"]


class ConstantLR(Scheduler):
    """``initial · factor`` for the first `total_iters` steps, ``initial`` afterwards.

    Args:
        optimiser: whose rate it sets.
        factor: at least 0; 1 changes nothing.
        total_iters: how many steps, at least 0.

    Raises:
        ValueError: a number out of its range. TypeError: what is no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = ConstantLR(optimiser, factor=0.5, total_iters=1)
    >>> [schedule.rate(0.5, step) for step in range(3)]
    [0.25, 0.5, 0.5]
    """

    def __init__(self, optimiser: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self.factor: float = check_not_negative("ConstantLR", "factor", factor)
        self.total_iters: int = check_whole("ConstantLR", "total_iters", total_iters, at_least=0)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        return initial * self.factor if step < self.total_iters else initial


class LinearLR(Scheduler):
    """Warm-up, or a ramp down: from ``initial · start_factor`` in step 0 along a line to ``initial · end_factor`` in
    step `total_iters`, and constant from there (Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2):

        initial · (start_factor + (end_factor - start_factor) · min(t, total_iters) / total_iters)

    Raises:
        ValueError: a negative factor, or `total_iters` below 1. TypeError: what is no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = LinearLR(optimiser, start_factor=0.5, total_iters=2)
    >>> [schedule.rate(0.5, step) for step in range(4)]
    [0.25, 0.375, 0.5, 0.5]
    """

    def __init__(
        self, optimiser: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor: float = check_not_negative("LinearLR", "start_factor", start_factor)
        self.end_factor: float = check_not_negative("LinearLR", "end_factor", end_factor)
        self.total_iters: int = check_whole("LinearLR", "total_iters", total_iters, at_least=1)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        way = min(step, self.total_iters) / self.total_iters
        return initial * (self.start_factor + (self.end_factor - self.start_factor) * way)


class StepLR(Scheduler):
    """``initial · gamma ** (t // step_size)``: a step down at regular intervals (He et al., 2015, section 3.4).

    Raises:
        ValueError: `step_size` below 1, or a negative gamma. TypeError: what is no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = StepLR(optimiser, step_size=2, gamma=0.5)
    >>> [schedule.rate(0.5, step) for step in range(5)]
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, optimiser: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size: int = check_whole("StepLR", "step_size", step_size, at_least=1)
        self.gamma: float = check_not_negative("StepLR", "gamma", gamma)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        return initial * self.gamma ** (step // self.step_size)


class MultiStepLR(Scheduler):
    """``initial · gamma ** (number of milestones that t has reached)`` (Zagoruyko, Komodakis, "Wide residual
    networks", 2016, section 3).

    Raises:
        ValueError: milestones that do not rise, or a negative gamma. TypeError: what is no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = MultiStepLR(optimiser, milestones=[1, 3], gamma=0.5)
    >>> [schedule.rate(0.5, step) for step in range(5)]
    [0.5, 0.25, 0.25, 0.125, 0.125]
    """

    def __init__(self, optimiser: Optimizer, milestones: Iterable[int], gamma: float = 0.1) -> None:
        self.milestones = rising("MultiStepLR", milestones)
        self.gamma: float = check_not_negative("MultiStepLR", "gamma", gamma)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        return initial * self.gamma ** bisect_right(self.milestones, step)


class ExponentialLR(Scheduler):
    """``initial · gamma ** t``.

    The rates have a finite sum, so against the condition of Robbins and Monro (1951) it may stop short of a minimum.

    Raises:
        ValueError: a negative gamma. TypeError: what is no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = ExponentialLR(optimiser, gamma=0.5)
    >>> [schedule.rate(0.5, step) for step in range(3)]
    [0.5, 0.25, 0.125]
    """

    def __init__(self, optimiser: Optimizer, gamma: float) -> None:
        self.gamma: float = check_not_negative("ExponentialLR", "gamma", gamma)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        return initial * self.gamma**step


class CosineAnnealingLR(Scheduler):
    """Down along half a cosine (Loshchilov, Hutter, "SGDR", 2017, equation 5):

        eta_min + (initial - eta_min) · (1 + cos(pi · t / T_max)) / 2

    At `T_max` it is `eta_min`; behind that it goes up again as the cosine does, as in PyTorch.

    Raises:
        ValueError: `T_max` below 1, or a negative `eta_min`. TypeError: what is no number.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = CosineAnnealingLR(optimiser, T_max=2)
    >>> [round(schedule.rate(0.5, step), 12) for step in range(3)]
    [0.5, 0.25, 0.0]
    """

    def __init__(self, optimiser: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max: int = check_whole("CosineAnnealingLR", "T_max", T_max, at_least=1)
        self.eta_min: float = check_not_negative("CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        return self.eta_min + (initial - self.eta_min) * (1 + math.cos(math.pi * step / self.T_max)) / 2


class LambdaLR(Scheduler):
    """``initial · f(t)`` with a function of your own. Its state does not hold the function.

    Raises:
        ValueError: f gives a negative number. TypeError: f is no function.

    >>> import nn
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
    >>> schedule = LambdaLR(optimiser, lambda step: 1 / (1 + step))
    >>> [schedule.rate(0.5, step) for step in (0, 1, 3)]
    [0.5, 0.25, 0.125]
    """

    def __init__(self, optimiser: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = check_function("LambdaLR", "lr_lambda", lr_lambda, "a function of the step")
        super().__init__(optimiser)

    def rate(self, initial: float, step: int) -> float:
        """The formula."""
        return initial * self.lr_lambda(step)


def rising(op: str, milestones: Iterable[int]) -> list[int]:
    """Steps that rise from 1 on.

    >>> rising("MultiStepLR", (3, 5))
    [3, 5]
    """
    steps = check_list(op, "milestones", milestones, "a list of steps")
    steps = [check_whole(op, "a milestone", step, at_least=1) for step in steps]
    if any(a >= b for a, b in pairwise(steps)):
        raise ValueError(f"{op}: the milestones {shown(steps)} must rise")
    return steps
