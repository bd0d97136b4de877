"""How well the paper's network reads digits, by the recipes in ``examples/``: mean and spread over seeds.

    python tests/benchmarks/accuracy.py FOLDER [--recipe thousand|mnist] [--seeds 5] [--validate]

FOLDER holds the four files of MNIST. Each run is ``tinygrad-lists train --config examples/RECIPE.toml --full --jit`` in
a process of its own, on one core, reading the files and compiling included. Reported are the accuracy after the last
epoch on all 10,000 test images and on the first 200, and times by the clock and of the processor.

The recipes were chosen without any test image. ``--validate`` shows by what: it keeps 10,000 training images back and
reports the accuracy on those instead; ``thousand`` then trains on another thousand of the first 11,000.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe
from processes import run_measured
from sides import table

import nn

FIRST = 200


class Run(NamedTuple):
    accuracy: float
    first: float
    wall: float
    processor: float


def run(recipe: str, data: Path, seed: int, validate: bool) -> Run:
    """One training from the beginning to the end."""
    test = nn.data.mnist.load("test", folder=data)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "run")
        options = [
            "--config",
            str(ROOT / "examples" / f"{recipe}.toml"),
            "--data",
            str(data.resolve()),
            "--seed",
            str(seed),
        ]
        if validate:
            options += {"thousand": ["--images", "11000", "--validation", "10000"]}.get(
                recipe, ["--validation", "10000"]
            )
        command = [sys.executable, "-m", "nn", "train", "--full", "--jit", "--quiet", "--no-plots", "--out", str(out)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        used = run_measured([*command, *options], environment, Path(scratch), one_core=True)
        history = json.loads((out / "history.json").read_text())
    last = history["epochs"][-1]
    right = sum(p == test.label(i) for i, p in enumerate(history["predictions"][:FIRST]))
    accuracy = last["validation_accuracy" if validate else "test_accuracy"]
    return Run(accuracy, right / FIRST, used.wall, used.processor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", choices=("thousand", "mnist"), default="thousand")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--validate", action="store_true")
    given = parser.parse_args()
    print(describe())
    images = "validation images" if given.validate else "10,000 test images"
    rows: list[tuple[str, ...]] = [("seed", images, f"first {FIRST} test", "seconds", "of the processor")]
    runs = []
    for seed in range(given.seeds):
        runs.append(run(given.recipe, given.folder, seed, given.validate))
        one = runs[-1]
        rows.append((str(seed), f"{one.accuracy:.2%}", f"{one.first:.1%}", f"{one.wall:.0f}", f"{one.processor:.0f}"))
    columns = list(zip(*runs, strict=True))
    rows.append(
        ("mean", f"{mean(columns[0]):.2%}", f"{mean(columns[1]):.1%}", *(f"{mean(c):.0f}" for c in columns[2:]))
    )
    if len(runs) > 1:
        rows.append(("spread (standard deviation)", f"{stdev(columns[0]):.2%}", f"{stdev(columns[1]):.1%}", "", ""))
    print(table(rows))


if __name__ == "__main__":
    main()
