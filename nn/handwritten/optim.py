"""Mini-batch stochastic gradient descent, equation (5)."""

from __future__ import annotations

import math
import random

from nn.handwritten.nested import Nested, Number, Vector, Volume
from nn.handwritten.network import Network, State

__all__ = ["SGD", "train_epoch"]


class SGD:
    """theta_new = theta_old - eta (1/B) sum_b dE_b/d(theta), equation (5), with eta the learning rate.

    >>> from nn.handwritten import Dense
    >>> network = Network([Dense([[1.0]], [0.0])])
    >>> SGD(network, learning_rate=0.5).step({"0.weight": [[4.0]], "0.bias": [1.0]})
    >>> network.state()
    {'0.weight': [[-1.0]], '0.bias': [-0.5]}
    """

    def __init__(self, network: Network, learning_rate: Number = 0.03) -> None:
        if not 0 <= learning_rate < math.inf:
            raise ValueError(f"SGD: learning rate {learning_rate}: wanted a finite number of at least 0")
        self.network, self.learning_rate = network, learning_rate

    def step(self, gradients: State) -> None:
        """Update every parameter in place, once, with the mean gradient of a batch."""
        self.network.check_state("SGD.step", gradients)
        for name, parameter in self.network.parameters().items():
            self.descend(parameter, gradients[name])

    def descend(self, parameter: Nested, gradient: Nested) -> None:
        """Take eta times the gradient from each number of a nested list."""
        for i in range(len(parameter)):
            if isinstance(parameter[i], list):
                self.descend(parameter[i], gradient[i])
            else:
                parameter[i] -= self.learning_rate * gradient[i]


def train_epoch(
    optimizer: SGD, images: list[Volume], labels: list[Vector], batch_size: int, rng: random.Random
) -> Number:
    """Train on every image once, section IV: shuffle, cut into mini-batches, one update a batch. Return the mean loss.

    >>> from nn.handwritten import Dense
    >>> optimizer = SGD(Network([Dense([[0.0, 0.0]], [0.0, 0.0])]), learning_rate=1.0)
    >>> x, y = [[1.0], [-1.0]], [[1, 0], [0, 1]]
    >>> [round(train_epoch(optimizer, x, y, batch_size=2, rng=random.Random(0)), 3) for epoch in range(3)]
    [0.693, 0.313, 0.195]
    """
    if batch_size < 1 or not images or len(images) != len(labels):
        raise ValueError(
            f"train_epoch: {len(images)} images, {len(labels)} labels, batch size {batch_size}: wanted at least one "
            "image, a label for each and a batch size of at least 1"
        )
    order = list(range(len(images)))
    rng.shuffle(order)
    loss: Number = 0
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        batch = optimizer.network.batch_gradients([images[n] for n in chosen], [labels[n] for n in chosen])
        optimizer.step(batch.gradients)
        loss += batch.loss * len(chosen)
    return loss / len(images)
