"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value

from ..checks import check_flag, check_not_negative
from .groups import ParameterGroup
from .optimizer import Optimizer, Parameters, zeros_like

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent, the paper's equation (5), with the usual additions.

        g <- gradient + weight_decay · θ
        v <- momentum · v + g                      (v starts at 0)
        g <- g + momentum · v  if nesterov, else v
        θ <- θ - lr · g

    Args:
        parameters: the Values to change, or groups of them.
        lr: learning rate η, at least 0 (paper: 0.03).
        momentum: 0 is the paper's plain descent (Polyak, 1964).
        nesterov: look ahead along the momentum (Sutskever et al., 2013). For all groups.
        weight_decay: L2 penalty ``weight_decay / 2 · |θ|**2``.

    Raises:
        ValueError: a negative number; nesterov without momentum. See `Optimizer` for the parameters.

    >>> w = Value(1.0)
    >>> optimiser = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> w.data
    0.8
    """

    checks = {"lr": check_not_negative, "momentum": check_not_negative, "weight_decay": check_not_negative}
    options = ("nesterov",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.nesterov = nesterov = check_flag(type(self).__name__, "nesterov", nesterov)
        super().__init__(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and not all(group["momentum"] for group in self.param_groups):
            raise ValueError("SGD: nesterov=True looks ahead along the momentum; give momentum > 0")

    def begin(self, parameter: Value, group: ParameterGroup) -> dict[str, Value]:
        """v."""
        return {"momentum_buffer": zeros_like(parameter, "momentum_buffer")} if group.uses("momentum") else {}

    def update(self, parameter: Value, gradient: Value, group: ParameterGroup, state: dict[str, Any]) -> None:
        """The formulas above."""
        g = gradient
        if group.uses("weight_decay"):
            g = g + group.value("weight_decay") * parameter
        if group.uses("momentum"):
            momentum, v = group.value("momentum"), state["momentum_buffer"]
            v.assign(momentum * v + g)
            g = g + momentum * v if self.nesterov else v
        parameter.assign(parameter - group.value("lr") * g)
