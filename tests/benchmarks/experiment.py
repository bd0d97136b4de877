"""The paper's training step against plain nested loops, and the whole experiment's time and memory.

    python tests/benchmarks/experiment.py [--rounds 5] [--no-experiment]

Both sides compute the same thing on the same real images: forward, backward and update of the paper's network, batch 8.
"Nested loops" is `nn.handwritten`, the network written as the paper describes it. The sides take turns, so that a
change of the machine's speed meets both; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe

import nn
from nn import handwritten, paper
from nn.data import DataLoader

BATCH = paper.BATCH_SIZE


def steps() -> tuple[Callable[[], float], Callable[[], float]]:
    """(ours, nested loops): each call is one step on the next batch and returns its loss."""
    images = nn.data.mnist.load("train", subset="paper")
    model = paper.network()
    paper.initialise(model)
    optimiser = nn.optim.SGD(model.parameters(), paper.LEARNING_RATE)
    criterion = nn.CrossEntropyLoss()
    ours = iter(DataLoader(images, BATCH))
    network = handwritten.paper_network(alpha=paper.ALPHA, beta=paper.BETA, gamma=paper.GAMMA)
    by_hand = handwritten.SGD(network, paper.LEARNING_RATE)
    theirs = iter(DataLoader(images, BATCH))

    def automatic() -> float:
        x, labels = next(ours)
        loss = criterion(model(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.item())

    def nested_loops() -> float:
        x, labels = next(theirs)
        batch = network.batch_gradients(x, [handwritten.one_hot(label, 10) for label in labels])
        by_hand.step(batch.gradients)
        return float(batch.loss)

    return automatic, nested_loops


def timed(function: Callable[[], float]) -> tuple[float, float]:
    """(result, milliseconds an image)."""
    start = time.perf_counter()
    result = function()
    return result, (time.perf_counter() - start) * 1e3 / BATCH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-experiment", action="store_true", help="only the ratio of the steps")
    arguments = parser.parse_args()
    print(describe())
    ours, nested = steps()
    ours_ms, nested_ms = [], []
    for _ in range(arguments.rounds):
        (loss, a), (same, b) = timed(ours), timed(nested)
        assert abs(loss - same) < 1e-9 * abs(same), (loss, same)
        ours_ms.append(a)
        nested_ms.append(b)
    a, b = median(ours_ms), median(nested_ms)
    print(f"training step, milliseconds an image (median of {arguments.rounds}, batch {BATCH}, same losses):")
    print(f"  this package {a:8.2f}    nested loops {b:8.2f}    ratio {b / a:.1f}    (asked: at least 15)")
    if arguments.no_experiment:
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "nn", "train", "--quiet", "--no-plots", "--out", folder, "--overwrite"]
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"whole experiment, one core: {seconds:.1f} s (asked: within 60), peak memory {peak:.0f} MB (asked: under 150)"
    )


if __name__ == "__main__":
    main()
