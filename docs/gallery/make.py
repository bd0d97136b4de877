"""Draw every picture of the gallery: ``python docs/gallery/make.py``. The same code gives the same bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import nn  # noqa: E402
from nn.compare import compare_gradients  # noqa: E402
from nn.handwritten import Conv2d, paper_network  # noqa: E402
from tinygrad_lists import Graph, Value, draw  # noqa: E402
from tinygrad_lists.graph import capture_failure, diff  # noqa: E402


def expression() -> Value:
    """micrograd's first example."""
    a, b, c, f = (Value(v, name=n) for n, v in (("a", 2.0), ("b", -3.0), ("c", 10.0), ("f", -2.0)))
    e = a * b
    e.name = "e"
    d = e + c
    d.name = "d"
    return d * f


def zeros() -> Value:
    """A gradient that is 0 for every reason there is."""
    a, b, x = Value(-1.0, name="a"), Value(2.0, name="b"), Value([1.0, 2.0], name="x")
    chosen = Value([1.0, 0.0], name="condition")
    return (a * 2).relu() + b * 0 + (chosen.where(x, 0.0) * x.detach()).sum()


def mlp() -> Value:
    """Two layers on one sample."""
    model = nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 2))
    return nn.CrossEntropyLoss()(model(Value([[0.5, -1.0, 2.0]], requires_grad=False, name="x")), [1])


def batch() -> tuple[list[Any], list[int]]:
    """Eight digits."""
    data = nn.data.mnist.load("train", subset="paper")
    return [data[i][0] for i in range(8)], [data[i][1] for i in range(8)]


def cnn() -> Value:
    """The paper's network and its loss on eight digits."""
    images, labels = batch()
    model = nn.paper.network()
    nn.paper.initialise(model)
    return nn.CrossEntropyLoss()(model(Value(images, requires_grad=False, name="images")), labels)


class Residual(nn.Module):
    """A block that repeats."""

    def __init__(self) -> None:
        self.dense, self.relu = nn.Dense(4, 4), nn.ReLU()

    def forward(self, x: Any) -> Value:
        """``x + relu(dense(x))``."""
        return x + self.relu(self.dense(x))


class Flipped(Conv2d):
    """A convolution whose weight gradient was written down with the kernel the wrong way round."""

    def backward(self, gradient: Any) -> Any:
        """The right gradient, and then the mistake."""
        result = super().backward(gradient)
        self.weight_gradient = [
            [[row[::-1] for row in kernel[::-1]] for kernel in of_filter] for of_filter in self.weight_gradient
        ]
        return result


def comparison() -> Graph:
    """The verdicts on a network by hand whose second convolution has a mistake."""
    images, labels = batch()
    model = nn.paper.network()
    nn.paper.initialise(model)
    network = paper_network(model.state_dict())
    right = network.layers["3"]
    network.layers["3"] = Flipped(right.weight, right.bias)
    report = compare_gradients(model, network, images[:2], labels[:2])
    return draw(cnn(), depth=2, report=report)


def failure() -> Graph:
    """A forward pass that fails in the last layer."""
    try:
        nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dense(5, 2))(
            Value([[0.5, -1.0, 2.0]], requires_grad=False, name="x")
        )
    except ValueError as error:
        graph = capture_failure(error)
        assert graph is not None
        return graph
    raise AssertionError("the shapes fit")


def scalars() -> Graph:
    """A small product of matrices, each of its multiplications a node."""
    x = Value([[1.0, -2.0], [0.5, 1.5]], name="x")
    w = Value([[0.3], [0.7]], name="w")
    return draw((x @ w).relu().sum(), expand="matmul")


def repeats() -> Graph:
    """Twelve equal blocks."""
    model = nn.Sequential(nn.Dense(2, 4), *[Residual() for _ in range(12)], nn.Dense(4, 1))
    return draw(model([[1.0, 2.0]]).sum()).fold_repeats()


def backward(order: int) -> Graph:
    """Forward and backward operations."""
    p, q = Value(2.0, name="p"), Value(3.0, name="q")
    return draw(p * p * p, backward=2) if order == 2 else draw((p * q).tanh() + p, backward=1)


def difference() -> Graph:
    """A program before and after an operation was put into it."""
    p, q = Value(2.0, name="p"), Value(3.0, name="q")
    return diff(draw((p * q).exp() + p), draw((p * q).tanh().exp() + p))


#: How to make each picture, by name.
PICTURES: dict[str, Callable[[], Graph]] = {
    "expression": lambda: draw(expression()),
    "expression-across": lambda: draw(expression()),
    "zeros": lambda: draw(zeros()),
    "mlp": lambda: draw(mlp()),
    "cnn-collapsed": lambda: draw(cnn(), depth=2),
    "cnn-expanded": lambda: draw(cnn()),
    "matmul-scalars": scalars,
    "repeats": repeats,
    "backward": lambda: backward(1),
    "double-backward": lambda: backward(2),
    "difference": difference,
    "comparison": comparison,
    "failure": failure,
}


def picture(name: str) -> tuple[Graph, str]:
    """One of them: its graph, and the text of its file."""
    graph = PICTURES[name]()
    return graph, graph.to_svg(across=name.endswith("-across"))


def main() -> None:
    """Write them beside this file."""
    folder = Path(__file__).resolve().parent
    for name in PICTURES:
        graph, svg = picture(name)
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"{name}.svg: {len(graph.nodes)} nodes, {len(svg):,} bytes")


if __name__ == "__main__":
    main()
