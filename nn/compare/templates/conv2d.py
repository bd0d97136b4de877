"""A convolutional layer, written by you.

Save this as a file, replace every `raise NotImplementedError` by your own code, and run

    tinygrad-lists compare my_conv2d.py

as often as you like: it says which gradient is wrong, where, and what kind of mistake it looks like.

One image at a time, in nested lists: x[c][i][j] is the number of channel c in row i and column j. (With `batch = True`
in the class you get a list of images instead, and with `arrays = "numpy"` NumPy arrays.)
"""

from __future__ import annotations

from typing import Any


class MyConv2d:
    """Equation (1) of the paper: every filter slides over the image, and gives one number for each place.

    ==================  ============================================  ========================================
    what                shape                                         where
    ==================  ============================================  ========================================
    input               (channels, height, width)                     argument of `forward`
    weight              (filters, channels, kernel, kernel)           self.weight[f][c][k][l]
    bias                (filters,)                                    self.bias[f]
    output              (filters, out_height, out_width)              returned by `forward`
    gradient            that of the output                            argument of `backward`
    weight_gradient     that of weight                                set by `backward`
    bias_gradient       that of bias                                  set by `backward`
    gradient of input   that of the input                             returned by `backward`
    ==================  ============================================  ========================================

    The window moves by `stride`, over an image with a frame of `padding` zeros. Begin with stride 1 and padding 0; the
    others are compared only if the constructor takes them.
    """

    layer = "conv2d"

    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight = weight
        self.bias = bias

    def forward(self, x: Any) -> Any:
        """Return the output. Keep what `backward` will need.

        How many places are there for a window in a row of the image? Which numbers does one output depend on?
        """
        self.x = x
        raise NotImplementedError("fill in the forward pass of the convolution")

    def backward(self, gradient: Any) -> Any:
        """Set self.weight_gradient and self.bias_gradient; return the gradient of the input.

        `gradient[f][i][j]` says how much the loss grows if output (f, i, j) grows by 1. Which outputs does one weight
        have a part in? Which does one bias? Which does one pixel? Do not change `gradient`.
        """
        raise NotImplementedError("fill in the backward pass of the convolution")
