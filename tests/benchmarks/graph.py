"""Pictures of graphs: how long they take and how large they are.

Run it with ``python tests/benchmarks/graph.py`` from the repository; it takes about half a minute. Each time is the
best of a few runs on one core, with capture, backward pass, folding, layout and writing as named; behind it the time
that the processor itself spent, which is all of it unless the machine is busy with something else.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from machine import describe

import nn
from tinygrad_lists import Value, draw
from tinygrad_lists.graph import capture, capture_backward, fit, to_json, to_svg
from tinygrad_lists.graph.formats import html


class Time(NamedTuple):
    seconds: float
    processor: float

    def __add__(self, other: Time) -> Time:  # type: ignore[override]
        return Time(self.seconds + other.seconds, self.processor + other.processor)


def best(run: Callable[[], Any], repeats: int = 3) -> tuple[Time, Any]:
    times, result = [], None
    for _ in range(repeats):
        start, spent = time.perf_counter(), time.process_time()
        result = run()
        times.append(Time(time.perf_counter() - start, time.process_time() - spent))
    return min(times), result


def cnn() -> Value:
    data = nn.data.mnist.load("train", subset="paper")
    model = nn.paper.network()
    nn.paper.initialise(model)
    images = Value([data[i][0] for i in range(8)], requires_grad=False, name="images")
    return nn.CrossEntropyLoss()(model(images), [data[i][1] for i in range(8)])


def chain(count: int) -> Value:
    """So many nodes, one behind the other, with a leaf that is used by a third of them."""
    x = v = Value(0.5, name="x")
    for _ in range(count // 3):
        v = (v * x + v).tanh()
    return v


def tangle(count: int) -> Value:
    """At least so many nodes without any pattern, each made of two of the last twenty; one of five is never used."""
    rng = random.Random(0)
    values = [Value(rng.uniform(-1, 1), name=f"v{i}") for i in range(20)]
    unused = list(values)
    for _ in range(count + count // 4):
        a, b = rng.choice(values[-20:]), rng.choice(values[-20:])
        v = rng.choice([a + b, a * b, a - b])
        unused = [*[u for u in unused if u is not a and u is not b][-20:], v]
        values.append(v)
    total = unused[0]
    for v in unused[1:]:
        total = total + v
    return total


def mlp(layers: int) -> Value:
    model = nn.Sequential(*[layer for _ in range(layers) for layer in (nn.Dense(4, 4), nn.Tanh())])
    return model([[1.0] * 4]).sum()


def report(name: str, took: Time, limit: float, text: str) -> None:
    print(f"{name:<66} {took.seconds:6.2f} s {took.processor:6.2f} s  (limit {limit:g} s)  {text}")


def pictures_of_the_cnn() -> None:
    loss = cnn()
    took, svg = best(lambda: to_svg(capture(loss)))
    report("CNN, forward with gradients, captured, to SVG", took, 1, f"{len(svg):,} bytes")
    took, svg = best(lambda: to_svg(capture_backward(loss)))
    report("CNN, forward and backward operations, captured, to SVG", took, 1, f"{len(svg):,} bytes")
    took, svg = best(lambda: to_svg(draw(loss, depth=2)))
    report("CNN, collapsed to modules, to SVG", took, 1, f"{len(svg):,} bytes")
    took, text = best(lambda: to_json(capture(loss)))
    report("CNN, captured, to JSON", took, 1, f"{len(text):,} bytes")
    took, page = best(lambda: html(capture(loss)))
    report("CNN, forward with gradients, captured, to HTML", took, 2, f"{len(page):,} bytes (limit 1,000,000)")
    took, page = best(lambda: html(capture_backward(loss)))
    report("CNN, forward and backward operations, captured, to HTML", took, 2, f"{len(page):,} bytes")


def thousands() -> None:
    for name, make in (("chain", chain), ("tangle", tangle), ("MLP", lambda count: mlp(count // 6))):
        value = make(3000)
        whole = capture(value)
        count = len(whole.nodes)
        took, svg = best(lambda whole=whole: to_svg(whole), 1)  # type: ignore[misc]
        report(f"{name} of {count:,} nodes, every node laid out, to SVG", took, 15, f"{len(svg):,} bytes")
        took, graph = best(lambda value=value: draw(value), 1)  # type: ignore[misc]
        text = f"{len(graph.nodes)} nodes, {len(to_svg(graph)):,} bytes"
        report(f"{name} of {count:,} nodes, as draw folds it", took, 15, text)


def hundred_thousand() -> None:
    for name, make in (("chain", chain), ("tangle", tangle)):
        value = make(100_000)
        took, graph = best(lambda value=value: capture(value), 2)  # type: ignore[misc]
        folding, folded = best(lambda graph=graph: fit(graph), 2)  # type: ignore[misc]
        text = f"capture {took.seconds:.2f}, fold {folding.seconds:.2f}; {len(folded.nodes)} nodes left"
        report(f"{name} of {len(graph.nodes):,} nodes, backward pass, captured and folded", took + folding, 5, text)
        plain, graph = best(lambda value=value: fit(capture(value, gradients=False)), 2)  # type: ignore[misc]
        report("  the same without the backward pass", plain, 5, "")


if __name__ == "__main__":
    print(describe())
    pictures_of_the_cnn()
    thousands()
    hundred_thousand()
