"""How long a comparison takes: the paper's network on real images, and exact comparison of small layers.

    python tests/benchmarks/compare.py

The first is `compare_gradients` on the paper's network and one batch of 8 images: every tensor, every metric, alone, on
random numbers and in the chain, with the oracle. The second is `compare_layer` in Fractions, where equal means equal.
The third is training: a step of the paper's network on 8 images with automatic gradients, with handwritten ones, and
with both compared, in turns. All of it is pure Python on one core.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe
from sides import in_turns

import nn
from nn import handwritten, paper
from nn.compare import CheckedTrainer, HandwrittenTrainer, Report, compare_gradients, compare_layer


def papers_network() -> Report:
    """One batch of 8 training images."""
    images = nn.data.mnist.load("train", subset="paper")
    model = paper.network()
    paper.initialise(model)
    by_hand = handwritten.paper_network(model.state_dict())
    batch = [images[i] for i in range(paper.BATCH_SIZE)]
    return compare_gradients(model, by_hand, [image for image, _ in batch], [label for _, label in batch])


def exact(kind: str) -> Report:
    """A layer on small shapes, in Fractions."""
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1)
    dense = nn.Dense(24, 6)
    by_hand = {
        "conv": handwritten.Conv2d(conv.weight.data, conv.state_dict()["bias"], stride=2, padding=1),
        "pool": handwritten.MaxPool2d(2, stride=1),
        "dense": handwritten.Dense(dense.weight.data, dense.state_dict()["bias"]),
    }
    shapes = {"conv": (2, 9, 8), "pool": (3, 8, 8), "dense": (24,)}
    layers = {"conv": conv, "pool": nn.MaxPool2d(2, stride=1), "dense": dense}
    return compare_layer(layers[kind], by_hand[kind], input_shape=shapes[kind], kind="fraction")


def said(report: Report) -> str:
    counts = Counter(row.verdict.value for row in report.rows)
    return f"{len(report.rows)} rows: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))


def timed(name: str, run: Callable[[], Report]) -> None:
    """Print how long it took: on the wall, and of the processor (which others may be using too)."""
    wall, processor = time.perf_counter(), time.process_time()
    report = run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{name:28} {wall:6.2f} s, {processor:6.2f} s of the processor; {said(report)}")
    if not report.ok:
        raise SystemExit(f"{report}")


def step(kind: type[nn.Trainer]) -> Callable[[], object]:
    """An update on a batch of real images."""
    model = paper.network()
    paper.initialise(model)
    trainer = kind(model, nn.optim.SGD(model.parameters(), lr=paper.LEARNING_RATE), nn.CrossEntropyLoss())
    images = nn.data.mnist.load("train", subset="paper")
    batches = list(nn.data.DataLoader(images[: paper.BATCH_SIZE], paper.BATCH_SIZE))
    return partial(trainer.update, batches)


def main() -> None:
    print(describe())
    timed("paper's network, 8 images", papers_network)
    for kind in ("conv", "pool", "dense"):
        timed(f"exact, {kind}", partial(exact, kind))
    steps = {"automatic": step(nn.Trainer), "handwritten": step(HandwrittenTrainer), "both": step(CheckedTrainer)}
    taken = in_turns(steps, repeats=3)
    for name, seconds in taken.items():
        ratio = seconds / taken["automatic"]
        print(f"step, {name:22} {seconds:6.2f} s, {paper.BATCH_SIZE / seconds:6.1f} images/s, {ratio:5.1f} x automatic")


if __name__ == "__main__":
    main()
