"""Max pooling, section II.A.2."""
# ruff: noqa: E741 (k, l run over the window as in equation (1))

from __future__ import annotations

from nn.handwritten.layer import Layer
from nn.handwritten.nested import Volume, shape_of, zero_of, zeros

__all__ = ["MaxPool2d"]


class MaxPool2d(Layer):
    """Keep the largest number of every K x K window: x (C, H, W) -> y (C, H', W'), H' = (H - K) // s + 1.

    With window origin (s i, s j), and s = K unless given::

        y[c,i,j] = max over 0 <= k, l < K of x[c, s i + k, s j + l]

    Rows and columns that fill no whole window are left out, so 11 x 11 becomes 5 x 5. `argmax[c][i][j]` is the (row,
    column) that won. In a tie the first one, row by row, wins. A comparison with NaN is false, so a NaN wins only where
    it comes first.

    >>> pool = MaxPool2d(2)
    >>> pool.forward([[[1, 5, 9], [5, 2, 9], [9, 9, 9]]])
    [[[5]]]
    >>> pool.argmax
    [[[(0, 1)]]]
    >>> pool.backward([[[7]]])
    [[[0, 7, 0], [0, 0, 0], [0, 0, 0]]]
    """

    def __init__(self, size: int, stride: int | None = None) -> None:
        self.size, self.stride = size, size if stride is None else stride
        if self.size < 1 or self.stride < 1:
            raise ValueError(f"MaxPool2d: size {self.size}, stride {self.stride}: wanted at least 1")

    def forward(self, x: Volume) -> Volume:
        """Return the maxima and store where they were."""
        channels, height, width = self.checked_shape(x, ("channels", "height", "width"))
        if height < self.size or width < self.size:
            raise ValueError(f"{self}: window {(self.size, self.size)} does not fit input {(height, width)}")
        shape = (channels, (height - self.size) // self.stride + 1, (width - self.size) // self.stride + 1)
        y: Volume = zeros(shape, zero_of(x))
        self.argmax: list[list[list[tuple[int, int]]]] = zeros(shape, (0, 0))
        for c in range(channels):
            for i in range(shape[1]):
                for j in range(shape[2]):
                    top, left = i * self.stride, j * self.stride
                    best, where = x[c][top][left], (top, left)
                    for k in range(self.size):
                        for l in range(self.size):
                            if x[c][top + k][left + l] > best:
                                best, where = x[c][top + k][left + l], (top + k, left + l)
                    y[c][i][j], self.argmax[c][i][j] = best, where
        self.keep_forward(x, y)
        return y

    def backward(self, gradient: Volume) -> Volume:
        """Return dE/dx for `gradient` g = dE/dy: all of it goes to the winner, nothing to the others.

        Near x the winner stays the winner, so y[c,i,j] = x[c,m,n] with (m, n) = argmax[c][i][j], and::

            dy[c,i,j] / dx[c,m,n] = 1 if (m, n) = argmax[c][i][j], else 0
            dE/dx[c,m,n] = sum of g[c,i,j] over the windows (i, j) that (m, n) won

        The sum has more than one term only where windows overlap (stride < size).
        """
        self.keep_upstream(gradient)
        x_gradient: Volume = zeros(shape_of(self.input), zero_of(gradient))
        for c in range(len(gradient)):
            for i in range(len(gradient[c])):
                for j in range(len(gradient[c][i])):
                    m, n = self.argmax[c][i][j]
                    x_gradient[c][m][n] += gradient[c][i][j]
        self.input_gradient = x_gradient
        return x_gradient
