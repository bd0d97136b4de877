"""The contestants of ``tinygrad-lists bench``: the paper's training step here and in other people's libraries."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import Any

from . import paper
from .data import mnist
from .losses import CrossEntropyLoss
from .optim import SGD

__all__ = ["PEERS", "Step", "compiled_step"]

Step = Callable[[], object]


def _images(batch: int) -> tuple[list[Any], list[int]]:
    data = mnist.load("train", subset="paper")
    pairs = [data[i] for i in range(batch)]
    return [image for image, _ in pairs], [label for _, label in pairs]


def _step(batch: int) -> tuple[Callable[[Any, Any], Any], Any, Any]:
    from tinygrad_lists import Value

    model = paper.network(random.Random(0))
    optimiser, criterion = SGD(model.parameters(), paper.LEARNING_RATE), CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        optimiser.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimiser.step()
        return loss

    x, y = _images(batch)
    return step, Value(x, requires_grad=False), Value(y, requires_grad=False)


def compiled_step(batch: int) -> Step:
    """Ours, compiled: recorded and compiled already, when this returns."""
    from tinygrad_lists import jit

    step, x, y = _step(batch)
    compiled = jit(step)
    compiled(x, y)
    return lambda: compiled(x, y).data


def _python(batch: int) -> Step:
    step, x, y = _step(batch)
    return lambda: step(x, y).data


def _torch_step(batch: int, compiled: bool = False) -> Step:
    torch: Any = importlib.import_module("torch")

    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers = torch.nn
    model = layers.Sequential(
        layers.Conv2d(1, 8, 3),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Conv2d(8, 16, 3),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Flatten(),
        layers.Linear(400, 10),
    )
    optimiser, criterion = torch.optim.SGD(model.parameters(), lr=paper.LEARNING_RATE), layers.CrossEntropyLoss()
    images, labels = _images(batch)
    x, y = torch.tensor(images), torch.tensor(labels)

    def loss_of(x: Any, y: Any) -> Any:
        return criterion(model(x), y)

    if compiled:  # forward and backward; reading the loss would break the graph
        loss_of = torch.compile(loss_of)

    def step() -> float:
        optimiser.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        optimiser.step()
        return float(loss.item())

    step()
    return step


def _torch_compiled(batch: int) -> Step:
    step = _torch_step(batch, compiled=True)
    for _ in range(3):
        step()
    return step


def _jax(batch: int) -> Step:
    jax: Any = importlib.import_module("jax")
    jnp: Any = importlib.import_module("jax.numpy")

    images, labels = _images(batch)
    x, y = jnp.array(images), jnp.array(labels)
    keys = jax.random.split(jax.random.PRNGKey(0), 3)
    weights = {
        "w1": jax.random.normal(keys[0], (8, 1, 3, 3)) * 0.3,
        "b1": jnp.zeros(8),
        "w2": jax.random.normal(keys[1], (16, 8, 3, 3)) * 0.1,
        "b2": jnp.zeros(16),
        "w3": jax.random.normal(keys[2], (400, 10)) * 0.05,
        "b3": jnp.zeros(10),
    }

    def block(x: Any, w: Any, b: Any) -> Any:
        z = jax.lax.conv(x, w, (1, 1), "VALID") + b[:, None, None]
        return jax.lax.reduce_window(jax.nn.relu(z), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss_of(p: Any, x: Any, y: Any) -> Any:
        v = block(block(x, p["w1"], p["b1"]), p["w2"], p["b2"]).reshape(x.shape[0], -1)
        scores = jax.nn.log_softmax(v @ p["w3"] + p["b3"])
        return -jnp.take_along_axis(scores, y[:, None], 1).mean()

    @jax.jit  # type: ignore[untyped-decorator]
    def update(p: Any, x: Any, y: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(p, x, y)
        return loss, jax.tree.map(lambda a, g: a - paper.LEARNING_RATE * g, p, slopes)

    def step() -> float:
        nonlocal weights
        loss, weights = update(weights, x, y)
        return float(loss)

    step()
    return step


def _tinygrad(batch: int) -> Step:
    tinygrad: Any = importlib.import_module("tinygrad")
    Tensor, nn = tinygrad.Tensor, tinygrad.nn
    context = importlib.import_module("tinygrad.helpers").Context

    images, labels = _images(batch)
    x, y = Tensor(images).realize(), Tensor(labels).realize()
    first, second, dense = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3), nn.Linear(400, 10)
    optimiser = nn.optim.SGD([p for m in (first, second, dense) for p in (m.weight, m.bias)], lr=paper.LEARNING_RATE)

    @tinygrad.TinyJit  # type: ignore[untyped-decorator]
    def update() -> Any:
        optimiser.zero_grad()
        v = second(first(x).relu().max_pool2d()).relu().max_pool2d().flatten(1)
        loss = dense(v).sparse_categorical_crossentropy(y).backward()
        return loss.realize(*optimiser.schedule_step())

    def step() -> float:
        with context(TRAINING=1):
            return float(update().item())

    for _ in range(3):
        step()
    return step


#: name -> what the table calls it, the package that it needs, and what makes its step.
PEERS: dict[str, tuple[str, str, Callable[[int], Step]]] = {
    "python": ("pure Python", "", _python),
    "torch": ("PyTorch eager", "torch", _torch_step),
    "torch-compile": ("PyTorch compile", "torch", _torch_compiled),
    "jax": ("JAX jit", "jax", _jax),
    "tinygrad": ("tinygrad TinyJit", "tinygrad", _tinygrad),
}
