"""Activations: functions of each element. All take any shape and give the same shape.

A constant that is no number is a TypeError, one out of its range a ValueError. It may be a scalar Value, to be learnt.
"""

from __future__ import annotations

from typing import Any

from tinygrad_lists import Value, functions

from ..checks import check_number, check_size
from ..errors import shown
from ..module import Module
from ..nested import as_value

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Hardtanh",
    "LeakyReLU",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Tanh",
]


class ReLU(Module):
    """``max(x, 0)``; the derivative at 0 is 0 (paper, section II; Nair, Hinton, 2010).

    >>> import nn
    >>> nn.ReLU()([-1.0, 2.0]).data
    [0.0, 2.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.relu(x)


class LeakyReLU(Module):
    """x for x > 0, ``negative_slope · x`` elsewhere; the derivative at 0 is the slope (Maas, Hannun, Ng, 2013).

    >>> import nn
    >>> nn.LeakyReLU(0.1)([-1.0, 2.0]).data
    [-0.1, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = check_number(type(self).__name__, "negative_slope", negative_slope, tensor=True)

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """Constant."""
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x for x > 0, ``alpha · (exp(x) - 1)`` elsewhere (Clevert, Unterthiner, Hochreiter, 2015).

    >>> import nn
    >>> nn.ELU()([0.0, 2.0]).data
    [0.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number(type(self).__name__, "alpha", alpha, tensor=True)

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.elu(x, self.alpha)

    def extra_repr(self) -> str:
        """Constant."""
        return f"alpha={self.alpha}"


class SELU(Module):
    """``scale · x`` for x > 0, ``scale · alpha · (exp(x) - 1)`` elsewhere, with the two constants for which activations
    of mean 0 and variance 1 keep both from layer to layer (Klambauer et al., 2017, equation 14).

    >>> import nn
    >>> nn.SELU()([0.0, 1.0]).data
    [0.0, 1.0507009873554805]
    """

    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.elu(x, self.alpha) * self.scale


class PReLU(Module):
    """`LeakyReLU` whose slope is learnt: x for x > 0, ``weight · x`` elsewhere (He et al., 2015).

    Args:
        num_parameters: 1 for one slope for all, or the number of channels (axis 1) for one each.
        init: slope at first.

    Shapes: any for one slope; (N, C, ...) for C of them; the same out.

    >>> import nn
    >>> nn.PReLU()([-2.0, 2.0]).data
    [-0.5, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        op = type(self).__name__
        count, slope = check_size(op, "num_parameters", num_parameters), check_number(op, "init", init)
        self.weight = Value([slope] * count, name="weight")

    def forward(self, x: Any) -> Value:
        """The same shape."""
        value = as_value(x)
        slope = self.weight
        if slope.size > 1:
            if value.ndim < 2 or value.shape[1] != slope.size:
                raise ValueError(
                    f"PReLU: the input has shape {value.shape}; {slope.size} slopes need (N, {slope.size}, ...)"
                )
            slope = functions.reshape(slope, (slope.size, *[1] * (value.ndim - 2)))
        return functions.where(value > 0, value, value * slope)

    def extra_repr(self) -> str:
        """How many slopes."""
        return f"{self.weight.size}"


class GELU(Module):
    """``x · Phi(x)`` with the normal distribution function ``Phi(x) = (1 + erf(x / sqrt(2))) / 2`` (Hendrycks, Gimpel,
    2016).

    >>> import nn
    >>> nn.GELU()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.gelu(x)


class SiLU(Module):
    """``x · sigmoid(x)``, also called swish (Elfwing, Uchibe, Doya, 2017).

    >>> import nn
    >>> nn.SiLU()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.silu(x)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``, without overflow: the logistic function (Verhulst, 1845).

    >>> import nn
    >>> nn.Sigmoid()([0.0]).data
    [0.5]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.sigmoid(x)


class Softplus(Module):
    """``log(1 + exp(x))``, without overflow (Dugas et al., 2000).

    >>> import nn
    >>> nn.Softplus()([1000.0]).data
    [1000.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.softplus(x)


class Mish(Module):
    """``x · tanh(log(1 + exp(x)))`` (Misra, 2019).

    >>> import nn
    >>> nn.Mish()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        value = as_value(x)
        return value * functions.tanh(functions.softplus(value))


class Softsign(Module):
    """``x / (1 + |x|)`` (Bergstra et al., 2009).

    >>> import nn
    >>> nn.Softsign()([-1.0, 3.0]).data
    [-0.5, 0.75]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        value = as_value(x)
        return value / (1 + functions.abs(value))


class Hardtanh(Module):
    """x limited to ``[min_val, max_val]`` (Collobert, 2004); the derivative is 0 where it is limited, ends included.

    >>> import nn
    >>> nn.Hardtanh()([-7.0, 0.5, 7.0]).data
    [-1.0, 0.5, 1.0]
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        op = type(self).__name__
        for name, limit in (("min_val", min_val), ("max_val", max_val)):
            check_number(op, name, limit, tensor=True, infinite=True)
        if not min_val < max_val:
            raise ValueError(f"{op}: min_val={shown(min_val)} must be below max_val={shown(max_val)}")
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Value:
        """Any shape."""
        value = as_value(x)
        above = functions.where(value <= self.min_val, self.min_val, value)  # so that NaN stays
        return functions.where(value >= self.max_val, self.max_val, above)

    def extra_repr(self) -> str:
        """Limits."""
        return f"min_val={self.min_val}, max_val={self.max_val}"


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)`` (Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010).

    >>> import nn
    >>> nn.ReLU6()([-1.0, 2.0, 9.0]).data
    [0.0, 2.0, 6.0]
    """

    def __init__(self) -> None:
        super().__init__(0.0, 6.0)

    def extra_repr(self) -> str:
        """Nothing: the limits are in the name."""
        return ""


class Tanh(Module):
    """Hyperbolic tangent, ``(exp(x) - exp(-x)) / (exp(x) + exp(-x))`` (LeCun et al., "Efficient backprop", 1998).

    >>> import nn
    >>> nn.Tanh()([0.0]).data
    [0.0]
    """

    def forward(self, x: Any) -> Value:
        """Any shape."""
        return functions.tanh(x)
