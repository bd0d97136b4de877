"""Optimisers: from gradients to new parameters. In order of increasing complexity."""

from __future__ import annotations

from collections.abc import Iterable

from tinygrad_lists import Value, no_grad

__all__ = ["SGD", "Optimizer"]


class Optimizer:
    """What all optimisers share: the parameters, the learning rate, and forgetting the gradients.

    The learning rate is held as a Value, ``rate``, with which `step` computes; ``lr`` reads and sets its number. So a
    compiled step sees every change of it.

    Raises ValueError if there are no parameters or the learning rate is negative, TypeError for what is not a Value
    that requires a gradient.
    """

    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = list(dict.fromkeys(parameters))
        name = type(self).__name__
        if not self.parameters:
            raise ValueError(f"{name}: no parameters to optimise")
        for parameter in self.parameters:
            if not isinstance(parameter, Value) or not parameter.requires_grad:
                raise TypeError(f"{name}: {parameter!r} is not a Value that requires a gradient")
        self.rate = Value(_not_negative(name, "lr", lr), requires_grad=False, name="lr")

    @property
    def lr(self) -> float:
        """Learning rate, at least 0; can be set between steps.

        >>> optimiser = SGD([Value(1.0)], lr=0.1)
        >>> optimiser.lr /= 2
        >>> optimiser.lr
        0.05
        """
        number: float = self.rate.data
        return number

    @lr.setter
    def lr(self, lr: float) -> None:
        self.rate.data = _not_negative(type(self).__name__, "lr", lr)

    def zero_grad(self) -> None:
        """Forget the gradients, before the next backward adds to them."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Replace every parameter that has a gradient by a better one; to be defined by each optimiser."""
        raise NotImplementedError(f"{type(self).__name__}: define step()")


class SGD(Optimizer):
    """Stochastic gradient descent, the paper's equation (5), with the usual additions.

        g <- gradient + weight_decay · θ
        v <- momentum · v + g                      (v starts as g)
        g <- g + momentum · v  if nesterov, else v
        θ <- θ - lr · g

    Args:
        parameters: the Values to change.
        lr: learning rate η, at least 0 (paper: 0.03).
        momentum: 0 is the paper's plain descent.
        nesterov: look ahead along the momentum (Sutskever et al., 2013).
        weight_decay: L2 penalty ``weight_decay / 2 · |θ|**2``.

    >>> w = Value(1.0)
    >>> optimiser = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> w.data
    0.8
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = _not_negative("SGD", "momentum", momentum)
        self.weight_decay = _not_negative("SGD", "weight_decay", weight_decay)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov=True looks ahead along the momentum; give momentum > 0")
        self.nesterov = nesterov
        self.velocity: dict[Value, Value] = {}

    def step(self) -> None:
        """One update of every parameter that has a gradient."""
        with no_grad():
            for parameter in self.parameters:
                g = parameter.grad_value
                if g is None:
                    continue
                if self.weight_decay:
                    g = g + self.weight_decay * parameter
                if self.momentum:
                    v = self.velocity.get(parameter)
                    # The same Value for good, so that a compiled step finds it again.
                    v = self.velocity[parameter] = g if v is None else v.assign(self.momentum * v + g)
                    g = g + self.momentum * v if self.nesterov else v
                parameter.assign(parameter - self.rate * g)


def _not_negative(op: str, name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"{op}: {name} is {value}; it must be a number of at least 0")
    return value
