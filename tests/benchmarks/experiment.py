"""The paper's training step against plain nested loops, and the whole experiment's time and memory.

    python tests/benchmarks/experiment.py [--rounds 5] [--no-experiment]

Both sides compute the same thing on the same real images: forward, backward and update of the paper's network, batch 8.
"Nested loops" is `nn.handwritten`, the network written as the paper describes it. Each side runs in a process of its
own, as it would in use: in one process the millions of numbers that one side makes and drops scatter the memory that
the other one works in. The two take turns, a few steps at a time, so that a change of the machine's speed meets both;
the ratio is that of the medians. Both compute on one core without a pause, so the processor's time is what is counted:
what else the machine runs would meet the longer steps more often.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe

import nn
from nn import handwritten, paper
from nn.data import DataLoader

BATCH = paper.BATCH_SIZE
STEPS = 4  # in a turn


def automatic() -> Callable[[], float]:
    """Our side: each call is one step on the next batch and returns its loss."""
    model = paper.network()
    paper.initialise(model)
    optimiser = nn.optim.SGD(model.parameters(), paper.LEARNING_RATE)
    criterion = nn.CrossEntropyLoss()
    batches = iter(DataLoader(nn.data.mnist.load("train", subset="paper"), BATCH))

    def step() -> float:
        x, labels = next(batches)
        loss = criterion(model(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.item())

    return step


def nested_loops() -> Callable[[], float]:
    """The other side, in the same way."""
    network = handwritten.paper_network(alpha=paper.ALPHA, beta=paper.BETA, gamma=paper.GAMMA)
    optimiser = handwritten.SGD(network, paper.LEARNING_RATE)
    batches = iter(DataLoader(nn.data.mnist.load("train", subset="paper"), BATCH))

    def step() -> float:
        x, labels = next(batches)
        batch = network.batch_gradients(x, [handwritten.one_hot(label, 10) for label in labels])
        optimiser.step(batch.gradients)
        return float(batch.loss)

    return step


SIDES = {"this package": automatic, "nested loops": nested_loops}


def take_turns(name: str, pipe: Connection) -> None:
    """A side's process: for every number of steps that arrives, the loss and milliseconds an image of each step."""
    step = SIDES[name]()
    while count := pipe.recv():
        measured = []
        for _ in range(count):
            start = time.process_time()
            loss = step()
            measured.append((loss, (time.process_time() - start) * 1e3 / BATCH))
        pipe.send(measured)


def compare(rounds: int) -> dict[str, float]:
    """Milliseconds an image of each side, the median over all steps but the first turn's, which warm up."""
    spawn = multiprocessing.get_context("spawn")
    pipes, times = {}, {}
    for name in SIDES:
        pipes[name], theirs = spawn.Pipe()
        spawn.Process(target=take_turns, args=(name, theirs), daemon=True).start()
        times[name] = list[float]()
    for turn in range(rounds + 1):
        losses = []
        for name, pipe in pipes.items():
            pipe.send(STEPS if turn else 1)
            measured = pipe.recv()
            losses.append([loss for loss, _ in measured])
            times[name] += [milliseconds for _, milliseconds in measured] if turn else []
        assert all(abs(a - b) < 1e-9 * abs(b) for a, b in zip(*losses, strict=True)), losses
    for pipe in pipes.values():
        pipe.send(0)
    return {name: median(milliseconds) for name, milliseconds in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-experiment", action="store_true", help="only the ratio of the steps")
    arguments = parser.parse_args()
    print(describe())
    ours, nested = compare(arguments.rounds).values()
    print(
        f"training step, core milliseconds an image (median of {arguments.rounds * STEPS}, batch {BATCH}, same losses):"
    )
    print(
        f"  this package {ours:8.2f}    nested loops {nested:8.2f}    ratio {nested / ours:.1f}    (asked: at least 15)"
    )
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
