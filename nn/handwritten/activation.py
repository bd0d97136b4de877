"""ReLU, and the flatten layer between the volumes and the dense layer."""

from __future__ import annotations

from nn.handwritten.layer import Layer
from nn.handwritten.nested import Nested, Vector, Volume, elementwise, shape_of, zero_of

__all__ = ["Flatten", "ReLU"]


class ReLU(Layer):
    """y = max(0, x), element by element, any shape. A NaN stays NaN.

    >>> relu = ReLU()
    >>> relu.forward([[-1, 0, 2]]), relu.backward([[5, 6, 7]])
    ([[0, 0, 2]], [[0, 0, 7]])
    """

    def forward(self, x: Nested) -> Nested:
        """Return x where it is positive, else 0."""
        self.checked_shape(x)
        zero = zero_of(x)
        return self.keep_forward(x, elementwise(lambda a: zero if a <= 0 else a, x))

    def backward(self, gradient: Nested) -> Nested:
        """Return dE/dx for `gradient` g = dE/dy.

        y = x for x > 0 and y = 0 for x < 0, so dy/dx = 1 or 0, and dE/dx = g where x > 0, else 0. At x = 0 there is a
        kink; every slope from 0 to 1 is a subgradient, and the usual choice is 0.
        """
        self.keep_upstream(gradient)
        zero = zero_of(gradient)
        self.input_gradient = elementwise(lambda a, g: zero if a <= 0 else g, self.input, gradient)
        return self.input_gradient


class Flatten(Layer):
    """Write a volume as one vector, channel by channel, row by row: v[(c H + i) W + j] = x[c,i,j].

    >>> flatten = Flatten()
    >>> flatten.forward([[[1, 2], [3, 4]], [[5, 6], [7, 8]]])
    [1, 2, 3, 4, 5, 6, 7, 8]
    >>> flatten.backward([10, 20, 30, 40, 50, 60, 70, 80])
    [[[10, 20], [30, 40]], [[50, 60], [70, 80]]]
    """

    def forward(self, x: Volume) -> Vector:
        """Return v: (C, H, W) -> (C H W,)."""
        self.checked_shape(x, ("channels", "height", "width"))
        v: Vector = self.keep_forward(x, [value for channel in x for row in channel for value in row])
        return v

    def backward(self, gradient: Vector) -> Volume:
        """Return dE/dx: each number only moved, so each gradient moves back: dE/dx[c,i,j] = g[(c H + i) W + j]."""
        self.keep_upstream(gradient)
        channels, height, width = shape_of(self.input)
        x_gradient = [
            [[gradient[(c * height + i) * width + j] for j in range(width)] for i in range(height)]
            for c in range(channels)
        ]
        self.input_gradient = x_gradient
        return x_gradient
