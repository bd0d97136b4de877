"""micrograd's programs run here with one line changed: ``from tinygrad_lists import Value``.

The expressions of its README and of its test, and a network and training loop written as in its demo: a class per
neuron, layer and network on scalars, ``p.grad = 0``, ``p.data -= rate * p.grad``. Where micrograd is installed the same
programs run on it as well.
"""

from __future__ import annotations

import importlib.util
import math
import random

import pytest

from tinygrad_lists import Value

ENGINES = [Value]
if importlib.util.find_spec("micrograd"):
    from micrograd.engine import Value as MicrogradValue

    ENGINES.append(MicrogradValue)


@pytest.mark.parametrize("value", ENGINES, ids=lambda v: v.__module__)
def test_readme(value):
    a, b = value(-4.0), value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


@pytest.mark.parametrize("value", ENGINES, ids=lambda v: v.__module__)
def test_sanity_check(value):
    x = value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def neuron(value, rng, inputs, nonlinear):
    w, b = [value(rng.uniform(-1, 1)) for _ in range(inputs)], value(0)

    def run(x):
        act = sum((wi * xi for wi, xi in zip(w, x, strict=True)), b)
        return act.relu() if nonlinear else act

    return run, [*w, b]


def network(value, sizes, seed):
    rng = random.Random(seed)
    layers = [
        [neuron(value, rng, sizes[i], i != len(sizes) - 2) for _ in range(sizes[i + 1])] for i in range(len(sizes) - 1)
    ]

    def run(x):
        for layer in layers:
            x = [neuron(x) for neuron, _ in layer]
        return x[0]

    return run, [p for layer in layers for _, parameters in layer for p in parameters]


def moons(points, seed):
    rng = random.Random(seed)
    for i in range(points):
        t = math.pi * rng.random()
        x, y = (math.cos(t), math.sin(t)) if i % 2 else (1 - math.cos(t), 0.5 - math.sin(t))
        yield [x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)], 1 if i % 2 else -1


def train(value, steps, points=40):
    model, parameters = network(value, [2, 8, 8, 1], seed=1337)
    data = list(moons(points, seed=1))
    history = []
    for k in range(steps):
        scores = [model([value(v) for v in x]) for x, _ in data]
        losses = [(1 + -y * score).relu() for (_, y), score in zip(data, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)
        accuracy = [(y > 0) == (score.data > 0) for (_, y), score in zip(data, scores, strict=True)]
        for p in parameters:
            p.grad = 0
        loss.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in parameters:
            p.data -= rate * p.grad
        history.append((loss.data, sum(accuracy) / len(accuracy)))
    return history


def test_moons_demo_learns():
    history = train(Value, 25)
    assert history[-1][0] < history[0][0] / 3
    assert history[-1][1] >= 0.9


@pytest.mark.skipif(len(ENGINES) == 1, reason="micrograd is not installed (pip install micrograd)")
def test_moons_demo_goes_the_same_way_as_on_micrograd():
    ours, theirs = (train(engine, 4) for engine in ENGINES)
    for (a, accuracy), (b, same) in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-9)
        assert accuracy == same
