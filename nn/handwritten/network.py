"""The network: layers in a row, the chain rule backwards through them, and the mean gradient of a mini-batch."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from nn.handwritten.activation import Flatten, ReLU
from nn.handwritten.conv import Conv2d
from nn.handwritten.dense import Dense
from nn.handwritten.init import sine
from nn.handwritten.layer import Layer
from nn.handwritten.loss import SoftmaxCrossEntropy
from nn.handwritten.nested import Nested, Number, Vector, Volume, elementwise, shape_of
from nn.handwritten.pool import MaxPool2d

__all__ = ["Batch", "Network", "State", "paper_network"]

State: TypeAlias = dict[str, Nested]  # "0.weight" -> nested list


class Batch(NamedTuple):
    """One mini-batch: mean loss, mean gradient by parameter name, and the logits of every image."""

    loss: Number
    gradients: State
    logits: list[Vector]


class Network:
    """Layers applied one after another, y = f_n( ... f_1(x)), and a softmax cross-entropy on top.

    Layers are named by position, as in `nn.Sequential`.

    >>> network = Network([Flatten(), Dense([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])])
    >>> network.loss([[[3.0, 3.0]]], [1, 0])
    0.6931471805599453
    >>> network.backward()
    [[[-0.5, 0.5]]]
    >>> network.gradients()
    {'1.weight': [[-1.5, 1.5], [-1.5, 1.5]], '1.bias': [-0.5, 0.5]}
    """

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = {str(position): layer for position, layer in enumerate(layers)}
        for name, layer in self.layers.items():
            layer.name = name
        self.criterion = SoftmaxCrossEntropy()

    def forward(self, image: Nested) -> Vector:
        """Return the logits of one image (channels, height, width)."""
        x: Vector = image
        for layer in self.layers.values():
            x = layer.forward(x)
        self.criterion = SoftmaxCrossEntropy()  # or backward() might use the loss of an earlier image
        return x

    def loss(self, image: Nested, label: Vector) -> Number:
        """Return the cross-entropy of one image and its one-hot label, equation (4)."""
        logits = self.forward(image)
        return self.criterion.forward(logits, label)

    def backward(self, gradient: Vector | None = None) -> Nested:
        """Return dE/d(image), by the chain rule from the last layer to the first; each layer keeps its own gradients.

        E is the last `loss`. A `gradient` = dE/d(logits) of your own takes its place: with `Fraction` numbers, and no
        softmax, the whole pass is then exact.
        """
        g = self.criterion.backward() if gradient is None else gradient
        for layer in reversed(self.layers.values()):
            g = layer.backward(g)
        return g

    def parameters(self) -> State:
        """Return the parameters themselves, by name."""
        return {f"{name}.{key}": p for name, layer in self.layers.items() for key, p in layer.parameters().items()}

    def gradients(self) -> State:
        """Return dE/d(parameter) of the last backward pass, by name."""
        return {f"{name}.{key}": g for name, layer in self.layers.items() for key, g in layer.gradients().items()}

    def state(self) -> State:
        """Return a copy of the parameters, which later training does not change."""
        return {name: elementwise(lambda p: p, parameter) for name, parameter in self.parameters().items()}

    def check_state(self, owner: str, state: State) -> None:
        """Refuse what does not have exactly the names and shapes of the parameters."""
        current = self.parameters()
        if set(state) != set(current):
            raise ValueError(f"{owner}: given {sorted(state)}, the network has {sorted(current)}")
        for name, given in state.items():
            if shape_of(given, f"{owner}: {name}") != shape_of(current[name]):
                raise ValueError(f"{owner}: {name} is {shape_of(given)}, the network has {shape_of(current[name])}")

    def load(self, state: State) -> None:
        """Copy parameters in; `ValueError`, and nothing changed, unless names and shapes are those of this network."""
        self.check_state("Network.load", state)
        for name, layer in self.layers.items():
            for key in layer.parameters():
                setattr(layer, key, elementwise(lambda p: p, state[f"{name}.{key}"]))

    def batch_gradients(self, images: list[Volume], labels: list[Vector]) -> Batch:
        """Return mean loss and mean gradient, (1/B) sum_b dE_b/d(parameter) of equation (5), and all logits."""
        if not images or len(images) != len(labels):
            raise ValueError(f"Network.batch_gradients: {len(images)} images and {len(labels)} labels: wanted one each")
        loss: Number = 0
        total: State = {}
        logits = []
        for image, label in zip(images, labels, strict=True):
            loss += self.loss(image, label)
            logits.append(self.criterion.input)
            self.backward()
            for name, gradient in self.gradients().items():
                total[name] = elementwise(lambda a, b: a + b, total[name], gradient) if name in total else gradient
        mean = {name: elementwise(lambda g: g / len(images), gradient) for name, gradient in total.items()}
        return Batch(loss / len(images), mean, logits)


def paper_network(weights: State | None = None, alpha: float = 1.0, beta: float = 0.0, gamma: float = 0.1) -> Network:
    """Return the network of section II for images (1, 28, 28), with weights by equation (3) and zero biases.

    ======== ===================== ============= =====================
    name     layer                 output        parameters
    ======== ===================== ============= =====================
    0, 1, 2  conv 3x3, ReLU, pool  (8, 13, 13)   (8, 1, 3, 3), (8,)
    3, 4, 5  conv 3x3, ReLU, pool  (16, 5, 5)    (16, 8, 3, 3), (16,)
    6, 7     flatten, dense        (400,), (10,) (400, 10), (10,)
    ======== ===================== ============= =====================

    Args:
        weights: Take these parameters (as of `state()`) instead of equation (3).
        alpha: Angle from one weight to the next, in radians. The paper does not tell its constants.
        beta: Angle of the first weight.
        gamma: Largest weight.

    >>> {name: shape_of(p) for name, p in paper_network().parameters().items()}
    {'0.weight': (8, 1, 3, 3), '0.bias': (8,), '3.weight': (16, 8, 3, 3), '3.bias': (16,), '7.weight': (400, 10),
    '7.bias': (10,)}
    """
    conv1 = Conv2d(sine((8, 1, 3, 3), alpha, beta, gamma), [0.0] * 8)
    conv2 = Conv2d(sine((16, 8, 3, 3), alpha, beta, gamma, start=72), [0.0] * 16)
    dense = Dense(sine((400, 10), alpha, beta, gamma, start=72 + 1152), [0.0] * 10)
    network = Network([conv1, ReLU(), MaxPool2d(2), conv2, ReLU(), MaxPool2d(2), Flatten(), dense])
    if weights is not None:
        network.load(weights)
    return network
