"""Optimisers that give each weight a learning rate of its own, from the size of its gradients so far."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_flag, check_not_negative, check_share
from ..init import constant
from .groups import ParameterGroup
from .optimizer import Optimizer, Parameters, zeros_like

__all__ = ["Adagrad", "RMSprop"]


class Adagrad(Optimizer):
    """Adaptive gradients (Duchi, Hazan, Singer, 2011): the more a weight has moved, the less it moves.

        g <- gradient + weight_decay · θ
        s <- s + g²                                (s starts at initial_accumulator_value)
        θ <- θ - lr / (1 + (t - 1) · lr_decay) · g / (sqrt(s) + eps)         in step t = 1, 2, ...

    Args:
        parameters: the Values to change, or groups of them.
        lr: learning rate, at least 0.
        lr_decay: how fast it falls beside that; 0 in the paper.
        weight_decay: L2 penalty.
        initial_accumulator_value: s at first, for all groups.
        eps: keeps the first step finite where the gradient is 0.

    Raises:
        ValueError: a negative number. See `Optimizer` for the parameters.

    >>> w = Value([1.0, 1.0])
    >>> optimiser = Adagrad([w], lr=0.5, eps=0.0)
    >>> (w * [100.0, 0.01]).sum().backward()
    >>> optimiser.step()
    >>> w.data
    [0.5, 0.5]
    """

    checks = {
        "lr": check_not_negative,
        "lr_decay": check_not_negative,
        "weight_decay": check_not_negative,
        "eps": check_not_negative,
    }

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        self._first = check_not_negative("Adagrad", "initial_accumulator_value", initial_accumulator_value)
        super().__init__(parameters, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)

    def begin(self, parameter: Value, group: ParameterGroup) -> dict[str, Value]:
        """t and s."""
        first = zeros_like(parameter, "sum")
        if self._first:
            first.assign(constant(parameter.shape, self._first))
        return {"step": Value(0, requires_grad=False, name="step"), "sum": first}

    def update(self, parameter: Value, gradient: Value, group: ParameterGroup, state: dict[str, Any]) -> None:
        """The formulas above."""
        g, t, s = gradient, state["step"], state["sum"]
        if group.uses("weight_decay"):
            g = g + group.value("weight_decay") * parameter
        rate = group.value("lr")
        if group.uses("lr_decay"):
            rate = rate / (1 + t * group.value("lr_decay"))
        t.assign(t + 1)
        s.assign(s + g * g)
        parameter.assign(parameter - rate * (g / (functions.sqrt(s) + group.value("eps"))))


class RMSprop(Optimizer):
    """Division by a running root mean square (Hinton, Coursera lecture 6e, 2012):

        g <- gradient + weight_decay · θ
        s <- alpha · s + (1 - alpha) · g²          (s starts at 0)
        a <- alpha · a + (1 - alpha) · g           if centered (Graves, 2013), else a = 0
        d <- g / (sqrt(s - a²) + eps)
        v <- momentum · v + d                      if momentum, else v = d
        θ <- θ - lr · v

    Args:
        parameters: the Values to change, or groups of them.
        lr: learning rate, at least 0.
        alpha: how much of the average stays in a step, at least 0 and below 1.
        eps: keeps the division finite; outside of the root, as in PyTorch.
        weight_decay: L2 penalty.
        momentum: of the divided gradients.
        centered: divide by the deviation instead of the root mean square. For all groups.

    Raises:
        ValueError: a setting out of its range. TypeError: one of another type. See `Optimizer` for the
            parameters.

    >>> w = Value([1.0, 1.0])
    >>> optimiser = RMSprop([w], lr=0.5, alpha=0.75, eps=0.0)
    >>> (w * [100.0, 0.01]).sum().backward()
    >>> optimiser.step()
    >>> w.data
    [0.0, 0.0]
    """

    checks = {
        "lr": check_not_negative,
        "alpha": check_share,
        "eps": check_not_negative,
        "weight_decay": check_not_negative,
        "momentum": check_not_negative,
    }
    options = ("centered",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        self.centered = check_flag(type(self).__name__, "centered", centered)
        super().__init__(parameters, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum)

    def begin(self, parameter: Value, group: ParameterGroup) -> dict[str, Value]:
        """s, and what else is in use of a and v."""
        names = ["square_avg"]
        names += ["grad_avg"] if self.centered else []
        names += ["momentum_buffer"] if group.uses("momentum") else []
        return {name: zeros_like(parameter, name) for name in names}

    def update(self, parameter: Value, gradient: Value, group: ParameterGroup, state: dict[str, Any]) -> None:
        """The formulas above."""
        g, s, alpha = gradient, state["square_avg"], group.value("alpha")
        if group.uses("weight_decay"):
            g = g + group.value("weight_decay") * parameter
        s.assign(alpha * s + (1 - alpha) * (g * g))
        spread: Value = s
        if self.centered:
            a = state["grad_avg"]
            a.assign(alpha * a + (1 - alpha) * g)
            spread = s - a * a
        step = g / (functions.sqrt(spread) + group.value("eps"))
        if group.uses("momentum"):
            v = state["momentum_buffer"]
            step = v.assign(group.value("momentum") * v + step)
        parameter.assign(parameter - group.value("lr") * step)
