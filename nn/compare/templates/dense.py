"""A fully connected layer, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_dense.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One sample at a time: x is a list of numbers. (With `batch = True` in the class you get a list of samples instead, and
with `arrays = "numpy"` NumPy arrays.)
"""

from __future__ import annotations

from typing import Any


class MyDense:
    """Equation (2) of the paper: every output is a weighted sum of all inputs, and a bias.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    input               (in,)                                         argument of `forward`
    weight              (in, out)                                     self.weight[i][j]
    bias                (out,)                                        self.bias[j]
    output              (out,)                                        returned by `forward`
    gradient            that of the output                            argument of `backward`
    weight_gradient     that of weight                                set by `backward`
    bias_gradient       that of bias                                  set by `backward`
    gradient of input   that of the input                             returned by `backward`
    ==================  ============================================  ========================================
    """

    layer = "dense"

    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight = weight
        self.bias = bias

    def forward(self, x: Any) -> Any:
        """Return the output. Keep what `backward` will need."""
        self.x = x
        raise NotImplementedError("fill in the forward pass of the dense layer")

    def backward(self, gradient: Any) -> Any:
        """Set self.weight_gradient and self.bias_gradient; return the gradient of the input.

        `gradient[j]` says how much the loss grows if output j grows by 1. Which outputs does weight (i, j) have a part
        in? Which does input i? Do not change `gradient`.
        """
        raise NotImplementedError("fill in the backward pass of the dense layer")
