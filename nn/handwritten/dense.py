"""The fully connected layer, equation (2)."""

from __future__ import annotations

from typing import ClassVar

from nn.handwritten.layer import Layer
from nn.handwritten.nested import Matrix, Vector, shape_of, zero_of, zeros

__all__ = ["Dense"]


class Dense(Layer):
    """z = v W + b, equation (2): v (in,) -> z (out,), with `weight` W (in, out) and `bias` b (out,). In indices::

        z[j] = sum_i v[i] W[i,j] + b[j]

    >>> dense = Dense(weight=[[1, 2], [3, 4], [5, 6]], bias=[10, 20])
    >>> dense.forward([1, 0, 2])
    [21, 34]
    >>> dense.backward([1, -1])
    [-1, -1, -1]
    >>> dense.gradients()
    {'weight': [[1, -1], [0, 0], [2, -2]], 'bias': [1, -1]}
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("weight", "bias")

    def __init__(self, weight: Matrix, bias: Vector) -> None:
        shape = shape_of(weight, "Dense: weight")
        if len(shape) != 2 or 0 in shape or shape_of(bias) != shape[1:]:
            raise ValueError(f"Dense: weight {shape}, bias {shape_of(bias)}: wanted (in, out) and (out,)")
        self.weight, self.bias = weight, bias

    def forward(self, v: Vector) -> Vector:
        """Return z, equation (2)."""
        (size,) = self.checked_shape(v, ("in",))
        inputs, outputs = shape_of(self.weight)
        if size != inputs:
            raise ValueError(f"{self}: ({size},) @ {(inputs, outputs)}: inner sizes {size} and {inputs} differ")
        z = []
        for j in range(outputs):
            total = self.bias[j]
            for i in range(inputs):
                total += v[i] * self.weight[i][j]
            z.append(total)
        self.keep_forward(v, z)
        return z

    def backward(self, gradient: Vector) -> Vector:
        """Return dE/dv and keep dE/dW, dE/db, for `gradient` g = dE/dz (out,).

        W[i,j] and b[j] stand in z[j] alone; v[i] stands in every z[j], so only its gradient is a sum::

            dz[j] / dW[i,j] = v[i]    =>  dE/dW[i,j] = v[i] g[j]
            dz[j] / db[j]   = 1       =>  dE/db[j]   = g[j]
            dz[j] / dv[i]   = W[i,j]  =>  dE/dv[i]   = sum_j g[j] W[i,j]
        """
        self.keep_upstream(gradient)
        inputs, outputs = shape_of(self.weight)
        zero = zero_of(gradient)
        weight_gradient: Matrix = zeros((inputs, outputs), zero)
        v_gradient: Vector = zeros((inputs,), zero)
        for i in range(inputs):
            for j in range(outputs):
                weight_gradient[i][j] = self.input[i] * gradient[j]
                v_gradient[i] += gradient[j] * self.weight[i][j]
        self.weight_gradient, self.bias_gradient = weight_gradient, list(gradient)
        self.input_gradient = v_gradient
        return v_gradient
