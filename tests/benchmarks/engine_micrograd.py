"""micrograd's MLP on the moons: the same scalar program on both engines, and on tensors.

Run it with ``python tests/benchmarks/engine_micrograd.py`` from the repository; it takes about ten seconds and needs
``pip install micrograd``. One step is the forward and backward pass of the 2-16-16-1 network on 100 points with the
hinge loss and L2 term of micrograd's demo. The aims are twice the speed, half the memory of a node, and fifty
times the speed on tensors.
"""

from __future__ import annotations

import gc
import math
import random
import sys
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from machine import describe
from sides import in_turns, table

from tinygrad_lists import Value

SIZES = (2, 16, 16, 1)


def moons(points: int = 100, seed: int = 1) -> tuple[list[list[float]], list[int]]:
    """Two interleaved half circles with noise, labelled -1 and 1."""
    rng = random.Random(seed)
    xs, ys = [], []
    for i in range(points):
        angle = math.pi * (i // 2) / (points // 2 - 1)
        upper = i % 2 == 0
        x, y = (math.cos(angle), math.sin(angle)) if upper else (1 - math.cos(angle), 0.5 - math.sin(angle))
        xs.append([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)])
        ys.append(-1 if upper else 1)
    return xs, ys


def weights(seed: int = 0) -> list[tuple[list[list[float]], list[float]]]:
    """For each layer, a row of weights per neuron, and the biases."""
    rng = random.Random(seed)
    return [([[rng.uniform(-1, 1) for _ in range(n)] for _ in range(m)], [0.0] * m) for n, m in pairwise(SIZES)]


class ScalarMLP:
    """The network neuron by neuron, on the Values of either engine."""

    def __init__(self, value: Callable[[float], Any]) -> None:
        self.value = value
        self.layers = [([[value(w) for w in row] for row in rows], [value(b) for b in bs]) for rows, bs in weights()]

    def parameters(self) -> list[Any]:
        return [p for rows, bs in self.layers for row, b in zip(rows, bs, strict=True) for p in (*row, b)]

    def __call__(self, x: list[Any]) -> Any:
        for depth, (rows, biases) in enumerate(self.layers):
            sums = [sum((w * v for w, v in zip(row, x, strict=True)), b) for row, b in zip(rows, biases, strict=True)]
            x = sums if depth == len(self.layers) - 1 else [s.relu() for s in sums]
        return x[0]

    def loss(self, xs: list[list[float]], ys: list[int]) -> Any:
        scores = [self([self.value(v) for v in x]) for x in xs]
        hinge = sum((1 + -y * score).relu() for y, score in zip(ys, scores, strict=True)) * (1.0 / len(scores))
        return hinge + 1e-4 * sum(p * p for p in self.parameters())


class TensorMLP:
    """The same network on tensors."""

    def __init__(self) -> None:
        self.layers = [(Value(rows).T.detach(), Value(bs)) for rows, bs in weights()]
        for w, _ in self.layers:
            w.requires_grad = True

    def loss(self, xs: list[list[float]], ys: list[int]) -> Value:
        x = Value(xs, requires_grad=False)
        for w, b in self.layers[:-1]:
            x = (x @ w + b).relu()
        w, b = self.layers[-1]
        score = (x @ w + b).reshape(len(ys))
        hinge = (1 - score * Value(ys, requires_grad=False)).relu().mean()
        penalty = sum(((p * p).sum() for layer in self.layers for p in layer), Value(0.0, requires_grad=False))
        return hinge + 1e-4 * penalty


def nodes_of(root: Any) -> int:
    """How many Values a graph has, of either engine."""
    seen, stack = {id(root)}, [root]
    while stack:
        node = stack.pop()
        for x in node.inputs if isinstance(node, Value) else node._prev:
            if id(x) not in seen:
                seen.add(id(x))
                stack.append(x)
    return len(seen)


def bytes_per_node(model: ScalarMLP, xs: list[list[float]], ys: list[int]) -> tuple[float, float]:
    """Memory of the graph after the forward pass, and the peak until the backward pass is done, over its nodes."""
    gc.collect()
    tracemalloc.start()
    loss = model.loss(xs, ys)
    held = tracemalloc.get_traced_memory()[0]
    loss.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    count = nodes_of(loss)
    return held / count, peak / count


def main() -> None:
    """Measure and print."""
    try:
        from micrograd.engine import Value as MicrogradValue
    except ImportError:
        sys.exit("micrograd is not installed; install it with: pip install micrograd")
    print(describe("micrograd"))
    sys.setrecursionlimit(100_000)  # micrograd sorts recursively
    xs, ys = moons()
    ours, theirs, tensors = ScalarMLP(Value), ScalarMLP(MicrogradValue), TensorMLP()

    def step(model: ScalarMLP | TensorMLP) -> Any:
        loss = model.loss(xs, ys)
        loss.backward()
        return loss

    reference = step(theirs)
    for model in (ours, tensors):
        assert math.isclose(step(model).data, reference.data, rel_tol=1e-12)
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert math.isclose(a.grad, b.grad, rel_tol=1e-9, abs_tol=1e-12)
    del reference
    seconds = in_turns(
        {"micrograd": lambda: step(theirs), "scalars": lambda: step(ours), "tensors": lambda: step(tensors)}
    )
    memory = {"micrograd": bytes_per_node(theirs, xs, ys), "scalars": bytes_per_node(ours, xs, ys)}
    base = seconds["micrograd"]
    rows = [("", "ms a step", "times as fast", "bytes a node", "peak")]
    for name, s in seconds.items():
        held, peak = memory.get(name, (math.nan, math.nan))
        cells = ("-", "-") if math.isnan(held) else (f"{held:.0f}", f"{peak:.0f}")
        rows.append((name, f"{s * 1e3:.1f}", f"{base / s:.2f}", *cells))
    print(table(rows))
    print(f"memory of a node: {memory['scalars'][0] / memory['micrograd'][0]:.2f} of micrograd's")


if __name__ == "__main__":
    main()
