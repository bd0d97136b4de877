"""What schedules share: the step, the rates from which they start, and saving both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import name_error, shown
from ..nested import as_ints
from ..optim import Optimizer

__all__ = ["Scheduler", "check_optimiser", "check_state"]


class Scheduler:
    """A formula for the learning rate in each step. Define `rate`.

    The rate from which it starts is that of each group at the first schedule of its optimiser (``initial_lr``); so
    several schedules of one optimiser have the same start.

    Attributes:
        optimiser: whose rates are set.
        last_step: the step whose rates are set now; 0 at first.

    Raises:
        TypeError: what is no optimiser. ValueError: a number out of its range.

    >>> import nn
    >>> class Harmonic(Scheduler):
    ...     def rate(self, initial, step):
    ...         return initial / (1 + step)
    >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.6)
    >>> schedule = Harmonic(optimiser)
    >>> schedule.step()
    >>> schedule.step()
    >>> round(optimiser.lr, 9)
    0.2
    """

    def __init__(self, optimiser: Optimizer) -> None:
        check_optimiser(type(self).__name__, optimiser)
        self.optimiser, self.last_step = optimiser, 0
        self._go_to(0)

    def rate(self, initial: float, step: int) -> float:
        """Learning rate in a step, for a group that started with `initial`."""
        raise NotImplementedError(f"{type(self).__name__}: define rate(initial, step)")

    def apply(self, step: int) -> None:
        """Set everything as it is in a step."""
        groups = self.optimiser.param_groups
        for group in groups:
            if group.initial_lr is None:
                group.initial_lr = group["lr"]  # it was added since
        rates = [self.rate(group.initial_lr, step) for group in groups if group.initial_lr is not None]
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate

    def step(self) -> None:
        """On to the next step."""
        self._go_to(self.last_step + 1)
        self.last_step += 1

    def _go_to(self, step: int) -> None:
        try:
            self.apply(step)
        except (TypeError, ValueError) as error:  # such as a float factor of a rate that is a Decimal
            name_error(type(self).__name__, error)
            raise

    @property
    def last_lr(self) -> list[float]:
        """Learning rate of each group now."""
        return [group["lr"] for group in self.optimiser.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """The step and the initial rates, as plain numbers.

        >>> import nn
        >>> optimiser = nn.optim.SGD(nn.Dense(1, 1).parameters(), lr=0.5)
        >>> nn.schedulers.StepLR(optimiser, step_size=3).state_dict()
        {'scheduler': 'StepLR', 'last_step': 0, 'initial_lrs': [0.5]}
        """
        initial = [group.initial_lr for group in self.optimiser.param_groups]
        return {"scheduler": type(self).__name__, "last_step": self.last_step, "initial_lrs": initial}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved step, with the rates of that step; all or nothing.

        Raises ValueError for the state of something else.
        """
        op = f"{type(self).__name__}.load_state_dict"
        check_state(op, state, self.state_dict())
        step = as_ints(state["last_step"], f"{op}: last_step")
        if step < 0:
            raise ValueError(f"{op}: last_step is {step}; it must be at least 0")
        groups = self.optimiser.param_groups
        before = [group.initial_lr for group in groups]
        try:
            for group, initial in zip(groups, state["initial_lrs"], strict=True):
                group.check("lr", initial)
                group.initial_lr = initial
            self.apply(step)
        except (TypeError, ValueError) as error:
            for group, initial in zip(groups, before, strict=True):
                group.initial_lr = initial
            self.apply(self.last_step)
            raise ValueError(f"{op}: {error}") from None
        self.last_step = step

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step={self.last_step}, lr={self.last_lr})"


def check_optimiser(op: str, optimiser: Any) -> None:
    """Raise TypeError naming `op` for what is no optimiser."""
    if not isinstance(optimiser, Optimizer):
        raise TypeError(f"{op}: {shown(optimiser)} is not an optimiser")


def check_state(op: str, state: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise ValueError unless a state has the names of `own`, numbers where it has numbers, lists as long as its."""
    if not isinstance(state, Mapping) or set(state) != set(own):
        raise ValueError(f"{op}: expected a dict with {', '.join(own)}; the state of something else?")
    if state["scheduler"] != own["scheduler"]:
        raise ValueError(f"{op}: the state is that of {state['scheduler']!s:.60}")
    for name, like in own.items():
        value = state[name]
        if isinstance(like, list):
            if not isinstance(value, list) or len(value) != len(like):
                raise ValueError(f"{op}: {name} is {shown(value)}; expected a list of {len(like)}, one for each group")
        elif not isinstance(like, str) and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{op}: {name} is {shown(value)}; it must be a number")
