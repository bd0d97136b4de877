"""The whole of MNIST in compiled steps: time, memory and accuracy, and what the compiler takes.

    python tests/benchmarks/jit_mnist.py FOLDER [--init sine|kaiming|xavier] [--seed 0] [--times 3]

FOLDER holds the four files of MNIST. Measured are, each in a process of its own:

- the paper's step of 8 images: recorded and compiled with an empty cache, and recorded and loaded from the cache;
- ``tinygrad-lists train --full --jit``, the paper's recipe: 60,000 images, 5 epochs of batches of 8, SGD with rate
  0.03, evaluation on all 10,000 test images after each epoch; reading the files and compiling included.

Times are by the clock and, since others may use the machine, of the processor; memory is the most at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from machine import describe
from processes import run_measured

STEP = """
import os, time
from nn.peers import compiled_step
before, start = sum(os.times()[:4]), time.perf_counter()
compiled_step(8)
print(time.perf_counter() - start, sum(os.times()[:4]) - before)
"""


def environment(cache: Path) -> dict[str, str]:
    """One thread, a cache of its own, and this checkout."""
    return {**os.environ, "XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def seconds_of_a_step(cache: Path) -> tuple[float, float]:
    """Recording and compiling the paper's step, or loading it: by the clock, and of the processor."""
    run = subprocess.run(
        [sys.executable, "-c", STEP], env=environment(cache), cwd=ROOT, capture_output=True, text=True, check=True
    )
    wall, processor = map(float, run.stdout.split())
    return wall, processor


def training(folder: Path, scratch: Path, options: list[str]) -> tuple[float, float, float, list[dict[str, float]]]:
    """Seconds by the clock, seconds of the processor, MB, and the epochs of the history."""
    out = scratch / "run"
    command = [sys.executable, "-m", "nn", "train", "--full", "--jit", "--data", str(folder), "--out", str(out)]
    used = run_measured([*command, "--no-plots", "--quiet", *options], environment(scratch / "cache"), ROOT)
    history = json.loads((out / "history.json").read_text())
    return *used, history["epochs"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--init", default="sine", choices=("sine", "kaiming", "xavier"))
    parser.add_argument("--seed", default="0")
    parser.add_argument("--times", type=int, default=3, help="how often the step is compiled")
    given = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if given.times:
            first = [seconds_of_a_step(scratch / f"empty{i}") for i in range(given.times)]
            again = [seconds_of_a_step(scratch / "empty0") for _ in range(given.times)]
            for what, found in (("recorded and compiled in", first), ("loaded from the cache in", again)):
                wall, processor = (median(times) for times in zip(*found, strict=True))
                print(f"step of 8 {what} {wall:.3f} s by the clock, {processor:.3f} s of the processor")
        options = ["--init", given.init, "--seed", given.seed]
        wall, processor, memory, epochs = training(given.folder, scratch, options)
    print(f"60,000 images, 5 epochs, {given.init}, seed {given.seed}:", end=" ")
    print(f"{wall:.1f} s by the clock, {processor:.1f} s of the processor, {memory:.0f} MB")
    print("accuracy on the 10,000:", " ".join(f"{epoch['test_accuracy']:.2%}" for epoch in epochs))


if __name__ == "__main__":
    main()
