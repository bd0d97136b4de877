"""Lion: found by a search through programs, not by hand."""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_betas, check_not_negative
from .groups import ParameterGroup
from .optimizer import Optimizer, Parameters, zeros_like

__all__ = ["Lion"]


class Lion(Optimizer):
    """Evolved sign momentum (Chen et al., "Symbolic discovery of optimization algorithms", 2023, algorithm 2):

        c <- β1 · m + (1 - β1) · g
        θ <- θ - lr · (sign(c) + weight_decay · θ)
        m <- β2 · m + (1 - β2) · g                 (m starts at 0)

    Every weight moves by the same amount, so it wants a rate 3 to 10 times smaller than AdamW's, and a decay as much
    larger. It remembers one number for each weight, where Adam remembers two.

    Args:
        parameters: the Values to change, or groups of them.
        lr: learning rate, at least 0.
        betas: β1 and β2, at least 0 and below 1.
        weight_decay: decoupled, as in `AdamW`.

    Raises:
        ValueError: a setting out of its range. TypeError: one of another type. See `Optimizer` for the
            parameters.

    >>> w = Value([1.0, -1.0])
    >>> optimiser = Lion([w], lr=0.25)
    >>> (w * [8.0, -0.001]).sum().backward()
    >>> optimiser.step()
    >>> w.data
    [0.75, -0.75]
    """

    checks = {"lr": check_not_negative, "betas": check_betas, "weight_decay": check_not_negative}

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr=lr, betas=betas, weight_decay=weight_decay)

    def begin(self, parameter: Value, group: ParameterGroup) -> dict[str, Value]:
        """m."""
        return {"exp_avg": zeros_like(parameter, "exp_avg")}

    def update(self, parameter: Value, gradient: Value, group: ParameterGroup, state: dict[str, Any]) -> None:
        """The formulas above."""
        (beta1, beta2), m = group.pair("betas"), state["exp_avg"]
        step = functions.sign(beta1 * m + (1 - beta1) * gradient)
        if group.uses("weight_decay"):
            step = step + group.value("weight_decay") * parameter
        parameter.assign(parameter - group.value("lr") * step)
        m.assign(beta2 * m + (1 - beta2) * gradient)
