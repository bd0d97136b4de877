"""Convolution, equation (1)."""
# ruff: noqa: E741 (l is the column index of equation (1))

from __future__ import annotations

from typing import ClassVar

from nn.handwritten.layer import Layer
from nn.handwritten.nested import Vector, Volume, shape_of, zero_of, zeros

__all__ = ["Conv2d"]


class Conv2d(Layer):
    """Slide F filters over a volume: x (C, H, W) -> y (F, H', W').

    Equation (1), with its sums counted from 0, channels first, and f for the filter that the paper leaves out::

        y[f,i,j] = sum_c sum_k sum_l w[f,c,k,l] x[c, i+k, j+l] + b[f]

    With stride s and padding p (the paper has s = 1, p = 0) x is first framed by p zeros, and the window of y[f,i,j]
    begins at (s i, s j) instead of (i, j), so H' = (H + 2p - K) // s + 1, and W' likewise.

    Args:
        weight: Filters (F, C, K, L).
        bias: One number per filter (F,).
        stride: Step of the window, at least 1.
        padding: Zeros on each side of the input, at least 0.

    >>> conv = Conv2d(weight=[[[[1, 2], [3, 4]]]], bias=[10])
    >>> conv.forward([[[1, 0, 0], [0, 1, 0], [0, 0, 1]]])
    [[[15, 13], [12, 15]]]
    >>> conv.backward([[[1, 0], [0, 0]]])
    [[[1, 2, 0], [3, 4, 0], [0, 0, 0]]]
    >>> conv.gradients()
    {'weight': [[[[1, 0], [0, 1]]]], 'bias': [1]}
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("weight", "bias")

    def __init__(self, weight: list[Volume], bias: Vector, stride: int = 1, padding: int = 0) -> None:
        shape = shape_of(weight, "Conv2d: weight")
        if len(shape) != 4 or 0 in shape or shape_of(bias) != shape[:1]:
            raise ValueError(f"Conv2d: weight {shape}, bias {shape_of(bias)}: wanted (F, C, K, L) and (F,)")
        if stride < 1 or padding < 0:
            raise ValueError(f"Conv2d: stride {stride}, padding {padding}: wanted at least 1 and at least 0")
        self.weight, self.bias, self.stride, self.padding = weight, bias, stride, padding

    def forward(self, x: Volume) -> Volume:
        """Return y, equation (1): (C, H, W) -> (F, H', W')."""
        filters, channels, rows, columns = shape_of(self.weight)
        depth, height, width = self.checked_shape(x, ("channels", "height", "width"))
        if depth != channels:
            raise ValueError(
                f"{self}: input {(depth, height, width)} has {depth} channels, the filters have {channels}"
            )
        out_height = (height + 2 * self.padding - rows) // self.stride + 1
        out_width = (width + 2 * self.padding - columns) // self.stride + 1
        if out_height < 1 or out_width < 1:
            raise ValueError(
                f"{self}: kernel {(rows, columns)} does not fit input {(height, width)} with padding {self.padding}"
            )
        padded, weight = self.pad(x), self.weight
        y: Volume = zeros((filters, out_height, out_width), zero_of(self.bias))
        for f in range(filters):
            for i in range(out_height):
                for j in range(out_width):
                    top, left = i * self.stride, j * self.stride
                    total = self.bias[f]
                    for c in range(channels):
                        for k in range(rows):
                            for l in range(columns):
                                total += weight[f][c][k][l] * padded[c][top + k][left + l]
                    y[f][i][j] = total
        self.padded = padded
        self.keep_forward(x, y)
        return y

    def backward(self, gradient: Volume) -> Volume:
        """Return dE/dx and keep dE/dw, dE/db, for `gradient` g = dE/dy (F, H', W').

        In (1) the product w[f,c,k,l] x[c,i+k,j+l] stands in y[f,i,j], for every i, j, so the chain rule gives (for
        s = 1, p = 0, and a weight outside the kernel counts as 0)::

            dy[f,i,j] / dw[f,c,k,l]    = x[c,i+k,j+l]   =>  dE/dw[f,c,k,l] = sum_i sum_j g[f,i,j] x[c,i+k,j+l]
            dy[f,i,j] / db[f]          = 1              =>  dE/db[f]       = sum_i sum_j g[f,i,j]
            dy[f,i,j] / dx[c,i+k,j+l]  = w[f,c,k,l]     =>  dE/dx[c,m,n]   = sum_f sum_i sum_j g[f,i,j] w[f,c,m-i,n-j]

        A weight is used once for every output, and a pixel once for every window that covers it: hence the sums.
        Instead of asking for each w and x which outputs used it, go once through all the products, in the order of
        `forward`, and add to either factor g times the other.
        """
        self.keep_upstream(gradient)
        filters, channels, rows, columns = shape_of(self.weight)
        padded, weight, zero = self.padded, self.weight, zero_of(gradient)
        weight_gradient = zeros(shape_of(weight), zero)
        bias_gradient = zeros((filters,), zero)
        padded_gradient = zeros(shape_of(padded), zero)
        for f in range(filters):
            for i in range(len(gradient[f])):
                for j in range(len(gradient[f][i])):
                    top, left = i * self.stride, j * self.stride
                    g = gradient[f][i][j]
                    bias_gradient[f] += g
                    for c in range(channels):
                        for k in range(rows):
                            for l in range(columns):
                                weight_gradient[f][c][k][l] += g * padded[c][top + k][left + l]
                                padded_gradient[c][top + k][left + l] += g * weight[f][c][k][l]
        self.weight_gradient, self.bias_gradient = weight_gradient, bias_gradient
        x_gradient = self.crop(padded_gradient)
        self.input_gradient = x_gradient
        return x_gradient

    def pad(self, x: Volume) -> Volume:
        """Frame every channel with `padding` zeros."""
        p, (channels, height, width) = self.padding, shape_of(x)
        padded: Volume = zeros((channels, height + 2 * p, width + 2 * p), zero_of(x))
        for c in range(channels):
            for i in range(height):
                padded[c][p + i][p : p + width] = x[c][i]
        return padded

    def crop(self, padded: Volume) -> Volume:
        """Take the frame off again. The padded zeros are constants: their gradient goes nowhere."""
        p = self.padding
        return [[row[p : len(row) - p] for row in channel[p : len(channel) - p]] for channel in padded]
