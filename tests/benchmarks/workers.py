"""Interpreted training by one process and by several: how much faster, and whether the numbers are the same to the bit.

    python tests/benchmarks/workers.py [--workers 2] [--batch 8 64] [--images 256] [--repeats 3]

The paper's network on real digits, SGD as in the paper; and AdamW with dropout. Each side trains for an epoch, in
turns. Times are medians: of the clock on the wall, without the start of the processes; and of the processor, for the
busiest process of a side. On a machine that has nothing else to do the two are the same; where others use the cores,
the second tells what the first would be.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe
from sides import table

import nn
from nn.parallel import PART_SIZE


def full() -> nn.Sequential:
    *before, last = nn.paper.network(random.Random(1))
    return nn.Sequential(*before, nn.Dropout(0.3), last)


RECIPES: dict[str, tuple[Any, Any]] = {
    "SGD": (lambda: nn.paper.network(random.Random(1)), lambda p: nn.optim.SGD(p, 0.03)),
    "AdamW, dropout": (full, lambda p: nn.optim.AdamW(p, 0.002)),
}


class Clock(nn.callbacks.Callback):
    """Seconds from the first update to the last."""

    def on_update(self, trainer: nn.Trainer, step: Any) -> None:
        now = time.perf_counter()
        if trainer.position.updates == 1:
            self.start = now
        self.seconds = now - self.start


def of_children() -> float:
    """Seconds of the processor that ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(workers: int | None, recipe: str, batch: int, images: int) -> tuple[float, float, dict[str, Any]]:
    """Milliseconds an image, on the wall and of the busiest process, and the weights."""
    make, optimiser_of = RECIPES[recipe]
    model, clock = make(), Clock()
    arguments = (model, optimiser_of(model.parameters()), nn.CrossEntropyLoss(), [clock])
    trainer = nn.Trainer(*arguments) if workers is None else nn.ParallelTrainer(*arguments, workers=workers)
    data = nn.data.mnist.load("train", subset="paper")[:images]
    here, there = time.process_time(), of_children()
    trainer.fit(nn.data.DataLoader(data, batch, shuffle=True), epochs=1)
    others = max((workers or 1) - 1, 1)
    busiest = max(time.process_time() - here, (of_children() - there) / others)
    return clock.seconds * 1e3 / (images - batch), busiest * 1e3 / images, model.state_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 64])
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(describe())
    print(f"training, milliseconds an image, medians of {arguments.repeats}; parts of {PART_SIZE} images")
    several = f"{arguments.workers} workers"
    sides = {"Trainer": None, "1 worker": 1, several: arguments.workers}
    head = ("recipe", "batch", "time", *sides, "1 worker / " + several, "Trainer / " + several, "same bits")
    rows: list[tuple[str, ...]] = [head]
    for recipe in RECIPES:
        for batch in arguments.batch:
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
            weights = {}
            for turn in range(arguments.repeats + 1):
                for name, workers in sides.items():
                    *taken, weights[name] = train(workers, recipe, batch, arguments.images)
                    if turn:  # the first turn writes out the kernels
                        times[name].append((taken[0], taken[1]))
            same = weights["1 worker"] == weights[several]
            for i, which in enumerate(("wall", "processor")):
                plain, one, many = (statistics.median(pair[i] for pair in times[name]) for name in sides)
                numbers = (f"{plain:.2f}", f"{one:.2f}", f"{many:.2f}", f"{one / many:.2f}", f"{plain / many:.2f}")
                rows.append((recipe, str(batch), which, *numbers, "yes" if same else "NO"))
    print(table(rows))


if __name__ == "__main__":
    main()
