"""A ReLU layer, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_relu.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

The input is a nested list of any depth: a row of numbers behind a dense layer, x[c][i][j] behind a convolution. (With
`arrays = "numpy"` in the class you get a NumPy array.)
"""

from __future__ import annotations

from typing import Any


class MyReLU:
    """Positive numbers pass, negative ones become 0.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    input               any                                           argument of `forward`
    output              that of the input                             returned by `forward`
    gradient            that of the output                            argument of `backward`
    gradient of input   that of the input                             returned by `backward`
    ==================  ============================================  ========================================
    """

    layer = "relu"

    def forward(self, x: Any) -> Any:
        """Return the output. Keep what `backward` will need. Do not change `x`."""
        self.x = x
        raise NotImplementedError("fill in the forward pass of ReLU")

    def backward(self, gradient: Any) -> Any:
        """Return the gradient of the input.

        Whose sign decides: that of the gradient, or that of something that `forward` saw? At exactly 0 use slope 0.
        Do not change `gradient`.
        """
        raise NotImplementedError("fill in the backward pass of ReLU")
