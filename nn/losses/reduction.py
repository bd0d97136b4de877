"""From the losses of all elements to one."""

from __future__ import annotations

from typing import Any, Self

from tinygrad_lists import Value

from ..checks import check_choice
from ..errors import shown
from ..module import Module
from ..nested import as_value

__all__ = ["Loss", "pair_of"]


class Loss(Module):
    """A module with a reduction: "mean", "sum" or "none"."""

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse outputs in place of the reduction: PyTorch also has functions that take them at once.

        It is done here, since of two arguments for one Python would only say that they are too many. Classes of users
        have arguments of their own.
        """
        reduction = args[0] if args else kwargs.get("reduction", "mean")
        if not isinstance(reduction, str) and cls.__init__.__module__.startswith(f"{__package__}."):
            raise TypeError(
                f"{cls.__name__}: the reduction is a word, not {shown(reduction)}; make the loss first, then call it: "
                f"nn.{cls.__name__}()(outputs, targets)"
            )
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = check_choice(type(self).__name__, "reduction", reduction, self.reductions)

    def reduce(self, losses: Value) -> Value:
        """The losses put together."""
        return losses if self.reduction == "none" else losses.mean() if self.reduction == "mean" else losses.sum()

    def extra_repr(self) -> str:
        """How losses are put together."""
        return f"reduction={self.reduction!r}"


def pair_of(op: str, predictions: Any, targets: Any) -> tuple[Value, Value]:
    """Both as Values of one shape; ValueError naming `op` where the shapes differ, even if they would broadcast.

    >>> pair_of("MSELoss", [[1.0], [2.0]], [1.0, 2.0])
    Traceback (most recent call last):
    ValueError: MSELoss: predictions (2, 1) and targets (2,) must have one shape; reshape one of them
    """
    x, y = as_value(predictions, "predictions"), as_value(targets, "targets")
    if x.shape != y.shape:
        raise ValueError(f"{op}: predictions {x.shape} and targets {y.shape} must have one shape; reshape one of them")
    return x, y
