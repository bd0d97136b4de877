"""Convolution and pooling kernels on the paper's shapes, against nested loops and the best plain idioms.

Run it with ``python tests/benchmarks/kernels_conv.py`` from the repository; it takes a few seconds. Times are
the best of several runs on one core, and all ratios are from this one run. Multiply-adds are counted as if the gradient
were dense, so skipping zeros shows as fewer nanoseconds.
"""

from __future__ import annotations

import platform
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from itertools import chain
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tinygrad_lists.kernels.conv import conv2d, conv2d_input_grad, conv2d_weight_grad
from tinygrad_lists.kernels.pool import avg_pool2d, avg_pool2d_input_grad, gather, max_pool2d_argmax, scatter_add

Flat = list[float]
BATCH = 8
OPTIONS: dict[str, Any] = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
POOL: dict[str, Any] = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0)}


class Layer(NamedTuple):
    name: str
    channels: int
    size: int
    filters: int

    @property
    def out(self) -> int:
        return self.size - 2

    @property
    def taps(self) -> int:
        return self.channels * 9

    @property
    def multiply_adds(self) -> int:
        """Of one image."""
        return self.filters * self.out**2 * self.taps


LAYERS = [Layer("conv1", 1, 28, 8), Layer("conv2", 8, 13, 16)]


def seconds(run: Callable[[], object], repeats: int = 7) -> float:
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def pooled_gradient(rng: random.Random, size: int) -> Flat:
    """What comes back through 2 x 2 max-pooling and ReLU: at most one nonzero a window, most of them alive."""
    plane = [0.0] * size**2
    for i in range(0, size - 1, 2):
        for j in range(0, size - 1, 2):
            if rng.random() < 0.8:
                plane[(i + rng.randrange(2)) * size + j + rng.randrange(2)] = rng.uniform(-1, 1)
    return plane


# Plain nested loops over nested lists, as in the paper: one image, (C, H, W).

Nested = list[list[list[float]]]


def nested(values: Flat, height: int, width: int) -> Nested:
    rows = [values[i : i + width] for i in range(0, len(values), width)]
    return [rows[i : i + height] for i in range(0, len(rows), height)]


def flat(planes: Nested) -> Flat:
    return [value for plane in planes for row in plane for value in row]


def loop_forward(layer: Layer, x: Nested, w: list[Nested]) -> Nested:
    y = []
    for f in range(layer.filters):
        plane = []
        for i in range(layer.out):
            row = []
            for j in range(layer.out):
                total = 0.0
                for c in range(layer.channels):
                    for k in range(3):
                        for m in range(3):
                            total += w[f][c][k][m] * x[c][i + k][j + m]
                row.append(total)
            plane.append(row)
        y.append(plane)
    return y


def loop_input_grad(layer: Layer, g: Nested, w: list[Nested]) -> Nested:
    grad = nested([0.0] * (layer.channels * layer.size**2), layer.size, layer.size)
    for f in range(layer.filters):
        for i in range(layer.out):
            for j in range(layer.out):
                for c in range(layer.channels):
                    for k in range(3):
                        for m in range(3):
                            grad[c][i + k][j + m] += g[f][i][j] * w[f][c][k][m]
    return grad


def loop_weight_grad(layer: Layer, x: Nested, g: Nested) -> list[Nested]:
    grad = [nested([0.0] * layer.taps, 3, 3) for _ in range(layer.filters)]
    for f in range(layer.filters):
        for i in range(layer.out):
            for j in range(layer.out):
                for c in range(layer.channels):
                    for k in range(3):
                        for m in range(3):
                            grad[f][c][k][m] += g[f][i][j] * x[c][i + k][j + m]
    return grad


# The best plain idioms: what one would write by hand for a 3 x 3 kernel, stride 1, without skipping zeros.


def written_out(terms: int) -> Callable[[list[Flat], Flat], Flat]:
    """One comprehension over zip(*shifted planes) with its expression written out, made once."""
    names = ", ".join(f"a{t}" for t in range(terms))
    weights = ", ".join(f"w{t}" for t in range(terms))
    products = " + ".join(f"w{t}*a{t}" for t in range(terms))
    namespace: dict[str, Any] = {}
    exec(f"def run(planes, w):\n    return [{products} for {weights} in (w,) for {names} in zip(*planes)]", namespace)
    run: Callable[[list[Flat], Flat], Flat] = namespace["run"]
    return run


def shifted(planes: Flat, count: int, size: int, out: int) -> list[Flat]:
    """For each plane and tap the elements under that tap, window by window."""
    return [
        [v for i in range(out) for v in planes[(c * size + i + k) * size + m : (c * size + i + k) * size + m + out]]
        for c in range(count)
        for k in range(3)
        for m in range(3)
    ]


def idiom_forward(layer: Layer, x: Flat, w: Flat, run: Callable[[list[Flat], Flat], Flat]) -> Flat:
    planes = shifted(x, layer.channels, layer.size, layer.out)
    y: Flat = []
    for f in range(layer.filters):
        y += run(planes, w[f * layer.taps : (f + 1) * layer.taps])
    return y


def idiom_input_grad(layer: Layer, g: Flat, w: Flat, run: Callable[[list[Flat], Flat], Flat]) -> Flat:
    """Correlation of the gradient, padded by two, with the kernels turned round."""
    out, wide = layer.out, layer.size + 2
    padded: Flat = []
    for f in range(layer.filters):
        padded += [0.0] * (2 * wide)
        for i in range(f * out, (f + 1) * out):
            padded += [0.0, 0.0, *g[i * out : (i + 1) * out], 0.0, 0.0]
        padded += [0.0] * (2 * wide)
    planes = shifted(padded, layer.filters, wide, layer.size)
    grad: Flat = []
    for c in range(layer.channels):
        starts = [(f * layer.channels + c) * 9 for f in range(layer.filters)]
        grad += run(planes, [v for start in starts for v in reversed(w[start : start + 9])])
    return grad


def idiom_weight_grad(layer: Layer, x: Flat, g: Flat) -> Flat:
    planes, windows = shifted(x, layer.channels, layer.size, layer.out), layer.out**2
    rows = [g[f * windows : (f + 1) * windows] for f in range(layer.filters)]
    return [sum(map(mul, row, plane)) for row in rows for plane in planes]


def report(name: str, layer: Layer, ours: float, loops: float, idiom: float) -> None:
    nanoseconds = ours * 1e9 / layer.multiply_adds
    print(
        f"{name:34s} {ours * 1e3:8.3f} {nanoseconds:9.1f} {loops * 1e9 / layer.multiply_adds:9.0f} "
        f"{idiom * 1e9 / layer.multiply_adds:9.1f} {loops / ours:9.1f} {idiom / ours:9.2f}"
    )


def close(ours: Flat, others: Flat) -> None:
    """The baselines compute the same thing, or the ratios mean nothing."""
    if not all(abs(a - b) < 1e-9 for a, b in zip(ours, others, strict=True)):
        raise AssertionError("a baseline disagrees with the kernel")


def bench_convolution(layer: Layer, rng: random.Random) -> None:
    c, size, f, out = layer.channels, layer.size, layer.filters, layer.out
    x_shape, w_shape, y_shape = (BATCH, c, size, size), (f, c, 3, 3), (BATCH, f, out, out)
    x = [rng.random() for _ in range(BATCH * c * size**2)]
    w = [rng.uniform(-1, 1) for _ in range(f * layer.taps)]
    one_x, one_y = c * size**2, f * out**2
    x_nested = nested(x[:one_x], size, size)
    w_nested = [nested(w[start : start + layer.taps], 3, 3) for start in range(0, len(w), layer.taps)]
    run, run_back = written_out(layer.taps), written_out(f * 9)

    loops = seconds(lambda: loop_forward(layer, x_nested, w_nested))
    idiom = seconds(lambda: idiom_forward(layer, x, w, run))
    ours = seconds(lambda: conv2d(x, x_shape, w, w_shape, **OPTIONS)) / BATCH
    close(conv2d(x, x_shape, w, w_shape, **OPTIONS)[:one_y], idiom_forward(layer, x, w, run))
    close(idiom_forward(layer, x, w, run), flat(loop_forward(layer, x_nested, w_nested)))
    report(f"{layer.name} conv2d", layer, ours, loops, idiom)
    if c == 1:
        picture = [v if 7 <= i % size < 20 and 7 <= i // size % size < 21 else 0.0 for i, v in enumerate(x)]
        ours = seconds(lambda: conv2d(picture, x_shape, w, w_shape, **OPTIONS)) / BATCH
        close(conv2d(picture, x_shape, w, w_shape, **OPTIONS)[:one_y], idiom_forward(layer, picture, w, run))
        report(f"{layer.name} conv2d, 64% blank", layer, ours, loops, idiom)

    dense = [rng.uniform(-1, 1) for _ in range(BATCH * one_y)]
    pooled = [v for _ in range(BATCH * f) for v in pooled_gradient(rng, out)]
    for name, g in (("dense", dense), (f"{1 - sum(map(bool, pooled)) / len(pooled):.0%} zeros", pooled)):

        def input_grad(g: Flat = g) -> Flat:
            return conv2d_input_grad(g, y_shape, w, w_shape, x_shape=x_shape, **OPTIONS)

        def weight_grad(g: Flat = g, batch: int = BATCH) -> Flat:
            shapes = (batch, *x_shape[1:]), (batch, *y_shape[1:])
            here = x[: batch * one_x], g[: batch * one_y]
            return conv2d_weight_grad(here[0], shapes[0], here[1], shapes[1], w_shape=w_shape, **OPTIONS)

        g_nested = nested(g[:one_y], out, out)
        loops = seconds(lambda g=g_nested: loop_input_grad(layer, g, w_nested))  # type: ignore[misc]
        idiom = seconds(lambda g=g: idiom_input_grad(layer, g, w, run_back))  # type: ignore[misc]
        close(input_grad()[:one_x], flat(loop_input_grad(layer, g_nested, w_nested)))
        close(input_grad()[:one_x], idiom_input_grad(layer, g, w, run_back))
        report(f"{layer.name} conv2d_input_grad, {name}", layer, seconds(input_grad) / BATCH, loops, idiom)

        loops = seconds(lambda g=g_nested: loop_weight_grad(layer, x_nested, g))  # type: ignore[misc]
        idiom = seconds(lambda g=g: idiom_weight_grad(layer, x, g))  # type: ignore[misc]
        close(weight_grad(batch=1), list(chain.from_iterable(map(flat, loop_weight_grad(layer, x_nested, g_nested)))))
        close(weight_grad(batch=1), idiom_weight_grad(layer, x, g[:one_y]))
        report(f"{layer.name} conv2d_weight_grad, {name}", layer, seconds(weight_grad) / BATCH, loops, idiom)


def loop_argmax(x: Flat, planes: int, size: int) -> list[int]:
    result = []
    for p in range(planes):
        for i in range(size // 2):
            for j in range(size // 2):
                best, at = float("-inf"), 0
                for k in range(2):
                    for m in range(2):
                        place = (p * size + 2 * i + k) * size + 2 * j + m
                        if x[place] > best:
                            best, at = x[place], place
                result.append(at)
    return result


def idiom_argmax(x: Flat, planes: int, size: int) -> list[int]:
    starts = [
        (p * size + i) * size + j for p in range(planes) for i in range(0, size - 1, 2) for j in range(0, size - 1, 2)
    ]
    key = x.__getitem__
    return [max(start, start + 1, start + size, start + size + 1, key=key) for start in starts]


def bench_pooling(layer: Layer, rng: random.Random) -> None:
    planes, size = BATCH * layer.filters, layer.out
    shape, small = (BATCH, layer.filters, size, size), (BATCH, layer.filters, size // 2, size // 2)
    x = [max(0.0, rng.uniform(-1, 1)) for _ in range(planes * size**2)]
    places = max_pool2d_argmax(x, shape, **POOL, dilation=(1, 1))
    if not places == loop_argmax(x, planes, size) == idiom_argmax(x, planes, size):
        raise AssertionError("a baseline disagrees with the kernel")
    values = gather(x, places)
    per_image = 1e6 / BATCH
    loops, idiom = seconds(lambda: loop_argmax(x, planes, size), 3), seconds(lambda: idiom_argmax(x, planes, size), 3)
    ours = seconds(lambda: max_pool2d_argmax(x, shape, **POOL, dilation=(1, 1)))
    print(
        f"{layer.name} pool argmax {ours * per_image:.0f}, nested loops {loops * per_image:.0f}, "
        f"max(..., key=) {idiom * per_image:.0f}; "
        f"gather {seconds(lambda: gather(x, places)) * per_image:.0f}, "
        f"scatter_add {seconds(lambda: scatter_add(values, places, len(x))) * per_image:.0f}, "
        f"avg_pool2d {seconds(lambda: avg_pool2d(x, shape, **POOL)) * per_image:.0f}, its adjoint "
        f"{seconds(lambda: avg_pool2d_input_grad(values, small, x_shape=shape, **POOL)) * per_image:.0f}"
    )


def peak_memory(layer: Layer) -> float:
    """Megabytes of lists and tuples that conv2d_weight_grad takes at most beside its arguments, for a batch."""
    # Whole numbers, most of them zero, as tracing takes microseconds for every number that is made.
    x = [1] * (BATCH * layer.channels * layer.size**2)
    g = [0 if i % 16 else 1 for i in range(BATCH * layer.filters * layer.out**2)]
    shapes = (BATCH, layer.channels, layer.size, layer.size), (BATCH, layer.filters, layer.out, layer.out)
    tracemalloc.start()
    conv2d_weight_grad(x, shapes[0], g, shapes[1], w_shape=(layer.filters, layer.channels, 3, 3), **OPTIONS)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def main() -> None:
    rng = random.Random(0)
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}, {platform.machine()}"
    )
    print(f"batch of {BATCH}; loops and idiom on its first image\n")
    heads = ["ms/image", "ns/madd", "loops ns", "idiom ns", "x loops", "x idiom"]
    print(f"{'kernel':34s} {heads[0]:>8s} " + " ".join(f"{head:>9s}" for head in heads[1:]))
    for layer in LAYERS:
        bench_convolution(layer, rng)
    print("\nmicroseconds an image:")
    for layer in LAYERS:
        bench_pooling(layer, rng)
    print("\npeak memory of conv2d_weight_grad, MB: " + ", ".join(f"{v.name} {peak_memory(v):.1f}" for v in LAYERS))


if __name__ == "__main__":
    main()
