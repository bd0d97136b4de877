"""Adam and AdamW."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygrad_lists import Value, functions

from ..checks import check_betas, check_flag, check_not_negative
from .groups import ParameterGroup
from .optimizer import Optimizer, Parameters, zeros_like

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adaptive moments (Kingma, Ba, 2015, algorithm 1): in step t = 1, 2, ... of a parameter

        g <- gradient + weight_decay · θ
        m <- β1 · m + (1 - β1) · g                 (m and v start at 0)
        v <- β2 · v + (1 - β2) · g²
        θ <- θ - lr · m / (1 - β1**t) / (sqrt(v / (1 - β2**t)) + eps)

    The divisions by ``1 - β**t`` correct the bias towards the zeros at which the averages start.

    Args:
        parameters: the Values to change, or groups of them.
        lr: learning rate α, at least 0.
        betas: β1 and β2, at least 0 and below 1.
        eps: keeps the division finite.
        weight_decay: L2 penalty ``weight_decay / 2 · |θ|**2``, whose gradient is averaged with the rest; see `AdamW`.
        amsgrad: divide by the largest v so far, so that rates never grow (Reddi, Kale, Kumar, 2018). For all groups.

    Raises:
        ValueError: a setting out of its range. TypeError: one of another type. See `Optimizer` for the
            parameters.

    >>> w = Value([1.0, 1.0])
    >>> optimiser = Adam([w], lr=0.5, eps=0.0)
    >>> (w * [100.0, 0.01]).sum().backward()
    >>> optimiser.step()
    >>> [round(v, 12) for v in w.data]
    [0.5, 0.5]
    """

    checks = {
        "lr": check_not_negative,
        "betas": check_betas,
        "eps": check_not_negative,
        "weight_decay": check_not_negative,
    }
    options = ("amsgrad",)

    #: Whether weights decay by themselves instead of through the gradient.
    decoupled: ClassVar[bool] = False

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        self.amsgrad = check_flag(type(self).__name__, "amsgrad", amsgrad)
        super().__init__(parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def begin(self, parameter: Value, group: ParameterGroup) -> dict[str, Value]:
        """t, m and v."""
        names = ["exp_avg", "exp_avg_sq"] + (["max_exp_avg_sq"] if self.amsgrad else [])
        return {
            "step": Value(0, requires_grad=False, name="step"),
            **{name: zeros_like(parameter, name) for name in names},
        }

    def update(self, parameter: Value, gradient: Value, group: ParameterGroup, state: dict[str, Any]) -> None:
        """The formulas above."""
        g, t, m, v = gradient, state["step"], state["exp_avg"], state["exp_avg_sq"]
        (beta1, beta2), lr = group.pair("betas"), group.value("lr")
        start: Value = parameter
        if group.uses("weight_decay"):
            decay = group.value("weight_decay")
            if self.decoupled:
                start = parameter - lr * decay * parameter
            else:
                g = g + decay * parameter
        t.assign(t + 1)
        m.assign(beta1 * m + (1 - beta1) * g)
        v.assign(beta2 * v + (1 - beta2) * (g * g))
        if self.amsgrad:
            largest = state["max_exp_avg_sq"]
            v = largest.assign(functions.maximum(largest, v))
        # The roots apart, so that the correction is one number and not one for each weight.
        divisor = functions.sqrt(v) / functions.sqrt(1 - beta2**t) + group.value("eps")
        parameter.assign(start - lr / (1 - beta1**t) * (m / divisor))


class AdamW(Adam):
    """`Adam` with decoupled weight decay (Loshchilov, Hutter, 2019, algorithm 2): weights shrink by themselves, each by
    the same share, whatever their gradients.

        θ <- θ - lr · weight_decay · θ             before the step of Adam without weight decay

    Args:
        parameters, lr, betas, eps, amsgrad: as for `Adam`.
        weight_decay: share, in units of the learning rate.

    Raises:
        ValueError: a setting out of its range. TypeError: one of another type. See `Optimizer` for the
            parameters.

    >>> w = Value([1.0, 1.0])
    >>> optimiser = AdamW([w], lr=0.5, eps=0.0, weight_decay=0.25)
    >>> (w * [100.0, 0.01]).sum().backward()
    >>> optimiser.step()
    >>> [round(v, 12) for v in w.data]
    [0.375, 0.375]
    """

    decoupled = True

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad)
