"""Softmax and cross-entropy, equation (4): in two steps as the formulas say, and in one step as it is computed.

>>> logits, label = [1.0, 2.0, 4.0], one_hot(2, 3)
>>> step1, step2, both = Softmax(), CrossEntropy(), SoftmaxCrossEntropy()
>>> loss = step2.forward(step1.forward(logits), label)
>>> math.isclose(loss, both.forward(logits, label))
True
>>> two_steps, one_step = step1.backward(step2.backward()), both.backward()
>>> all(math.isclose(a, b) for a, b in zip(two_steps, one_step))
True
"""

from __future__ import annotations

import math
from decimal import Decimal

from nn.handwritten.layer import Layer
from nn.handwritten.nested import Number, Vector, shape_of

__all__ = ["CrossEntropy", "Softmax", "SoftmaxCrossEntropy", "one_hot", "softmax"]


def one_hot(label: int, classes: int) -> list[int]:
    """Return `classes` zeros with a 1 at `label`; `ValueError` if there is no such class.

    >>> one_hot(2, 4)
    [0, 0, 1, 0]
    """
    if label not in range(classes):
        raise ValueError(f"one_hot: label {label} is not one of the {classes} classes 0 to {classes - 1}")
    return [1 if i == label else 0 for i in range(classes)]


def exp(x: Number) -> Number:
    """Return e to the x, a `Decimal` to the digits of its context, anything else as a float."""
    return x.exp() if isinstance(x, Decimal) else math.exp(x)


def log(x: Number) -> Number:
    """Return the natural logarithm; log 0 is minus infinity, the limit, and not an error."""
    if isinstance(x, Decimal):
        return x.ln()
    return math.log(x) if x != 0 else -math.inf


def shifted_powers(z: Vector) -> tuple[Vector, Number]:
    """Return exp(z[i] - m) for every i, and their sum. With m = max z no exponent is positive: nothing overflows."""
    m = max(z)
    powers = [exp(value - m) for value in z]
    total: Number = 0
    for power in powers:  # not sum(): since Python 3.12 it rounds floats differently
        total += power
    return powers, total


def softmax(z: Vector) -> Vector:
    """Return p[i] = exp(z[i]) / sum_j exp(z[j]) = exp(z[i] - m) / sum_j exp(z[j] - m): a common factor cancels.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    powers, total = shifted_powers(z)
    return [power / total for power in powers]


def check_label(owner: str, scores: Vector, label: Vector) -> None:
    """Refuse a label that is not a one-hot vector as long as the scores."""
    if shape_of(label) != (len(scores),):
        raise ValueError(f"{owner}: label {label!r} is not a one-hot vector of length {len(scores)}: use one_hot()")
    if any(y not in (0, 1) for y in label) or sum(label) != 1:
        raise ValueError(f"{owner}: label {label!r} is not one-hot: wanted a single 1 among 0s")


class Softmax(Layer):
    """p = softmax(z) as a layer of its own: (C,) -> (C,).

    >>> layer = Softmax()
    >>> layer.forward([0.0, 0.0]), layer.backward([1.0, 0.0])
    ([0.5, 0.5], [0.25, -0.25])
    """

    def forward(self, z: Vector) -> Vector:
        """Return the probabilities p."""
        self.checked_shape(z, ("classes",))
        p: Vector = self.keep_forward(z, softmax(z))
        return p

    def backward(self, gradient: Vector) -> Vector:
        """Return dE/dz for `gradient` g = dE/dp.

        p[i] = e_i / s with e_i = exp(z[i]), s = sum_j e_j. As de_i/dz[j] = e_i if i = j else 0, and ds/dz[j] = e_j, the
        quotient rule gives the Jacobian. It is full, not diagonal: each logit moves every probability::

            dp[i] / dz[j] = (e_i [i = j] s - e_i e_j) / s^2 = p[i] ([i = j] - p[j])
            dE/dz[j] = sum_i g[i] p[i] ([i = j] - p[j])
        """
        self.keep_upstream(gradient)
        p = self.output
        z_gradient = []
        for j in range(len(p)):
            total = 0
            for i in range(len(p)):
                total += gradient[i] * p[i] * ((1 if i == j else 0) - p[j])
            z_gradient.append(total)
        self.input_gradient = z_gradient
        return z_gradient


class CrossEntropy:
    """E = - sum_i y[i] log p[i], equation (4), of probabilities p and a one-hot label y.

    Only the term of the true class counts; the others are 0 even where p[i] = 0 (0 log 0 = 0, its limit).

    >>> loss = CrossEntropy()
    >>> loss.forward([0.5, 0.25, 0.25], [1, 0, 0]) == math.log(2)
    True
    >>> loss.backward()
    [-2.0, 0.0, 0.0]
    """

    def forward(self, p: Vector, label: Vector) -> Number:
        """Return E, equation (4)."""
        check_label("CrossEntropy", p, label)
        total: Number = 0
        for i in range(len(p)):
            if label[i] != 0:
                total -= label[i] * log(p[i])
        self.input, self.label, self.output = p, label, total
        return total

    def backward(self, gradient: Number = 1) -> Vector:
        """Return dE/dp: dE/dp[i] = -y[i] / p[i]; `ZeroDivisionError` where the softmax underflowed to p[i] = 0."""
        if "output" not in vars(self):
            raise RuntimeError("CrossEntropy: backward before forward: call forward(p, label) first")
        p, y = self.input, self.label
        if p[list(y).index(1)] == 0:
            raise ZeroDivisionError("CrossEntropy: p = 0 for the true class: use SoftmaxCrossEntropy on the logits")
        self.input_gradient = [gradient * (-y[i] / p[i] if y[i] != 0 else 0 * p[i]) for i in range(len(p))]
        return self.input_gradient


class SoftmaxCrossEntropy:
    """Softmax and equation (4) in one step, from logits z: the two formulas together are simpler than each alone.

    With m = max z, and t the true class (y[t] = 1)::

        E = -log p[t] = -log( exp(z[t] - m) / sum_j exp(z[j] - m) ) = m - z[t] + log sum_j exp(z[j] - m)

    The sum is at least 1, so the logarithm never meets a 0 and E is right for logits of any size.

    >>> loss = SoftmaxCrossEntropy()
    >>> loss.forward([1000.0, 0.0], [0, 1]), loss.backward()
    (1000.0, [1.0, -1.0])
    """

    def forward(self, z: Vector, label: Vector) -> Number:
        """Return E; keep `input` (z), `label`, `probabilities` and `output` (E)."""
        check_label("SoftmaxCrossEntropy", z, label)
        powers, total = shifted_powers(z)
        self.input, self.label, self.probabilities = z, label, [power / total for power in powers]
        self.output = max(z) - z[list(label).index(1)] + log(total)
        return self.output

    def backward(self, gradient: Number = 1) -> Vector:
        """Return dE/dz = p - y.

        From the formula of E: dE/dz[j] = exp(z[j] - m) / sum - [j = t] = p[j] - y[j] (m cancels, as it must). The same
        by the two steps, dE/dp[i] = -y[i] / p[i] and the Jacobian of `Softmax.backward`::

            dE/dz[j] = sum_i -y[i]/p[i] p[i] ([i = j] - p[j]) = -y[j] + p[j] sum_i y[i] = p[j] - y[j]
        """
        if "output" not in vars(self):
            raise RuntimeError("SoftmaxCrossEntropy: backward before forward: call forward(logits, label) first")
        self.input_gradient = [gradient * (p - y) for p, y in zip(self.probabilities, self.label, strict=True)]
        return self.input_gradient
