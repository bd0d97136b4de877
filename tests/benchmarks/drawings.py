"""How much is lost between a sheet of paper and the network: ``python tests/benchmarks/drawings.py RUN``.

MNIST's 200 test images of the package are enlarged, turned dark on light, put under a lamp from one side and given a
camera's noise; then `prepare_drawing` makes digits of them again, and a network reads both. RUN is a folder of
`tinygrad-lists train`.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "benchmarks")]

from machine import describe
from PIL import Image

import nn
from nn.commands.predict import load_model, probabilities_of, read_history
from nn.data.drawing import prepare_drawing
from nn.data.images import GreyImage


def photograph(pixels: bytes, rng: random.Random, side: int = 160) -> GreyImage:
    """Ink of level 60 on paper of level 200, a light that falls by 45% from left to right, noise of deviation 8."""
    digit = Image.frombytes("L", (28, 28), pixels).resize((side, side), Image.Resampling.BICUBIC).tobytes()
    light = [1 - 0.45 * column / side for column in range(side)]
    levels = ((200 - 140 * ink / 255) * light[i % side] + rng.gauss(0, 8) for i, ink in enumerate(digit))
    return GreyImage(bytes(min(255, max(0, round(level))) for level in levels), side, side)


def main(run: Path) -> None:
    test = nn.data.mnist.load("test", subset="paper")
    model = load_model(run / "weights.safetensors", read_history(run / "history.json"))
    rng = random.Random(0)
    sheets = [photograph(test.stored([i])[0], rng) for i in range(len(test))]
    start = time.perf_counter()
    pixels = b"".join(prepare_drawing(sheet) for sheet in sheets)
    taken = (time.perf_counter() - start) / len(sheets)
    again = nn.data.Dataset(pixels, bytes(test.labels), 28, 28)
    first, second = ([row.index(max(row)) for row in probabilities_of(model, data)] for data in (test, again))
    right = [sum(map(int.__eq__, answers, test.labels)) / len(test) for answers in (first, second)]
    same = sum(map(int.__eq__, first, second)) / len(test)
    print(f"{describe('pillow')}; {len(test)} test images")
    print(f"as MNIST has them      {right[0]:.1%} right")
    print(f"photographed, prepared {right[1]:.1%} right, {same:.1%} read as before, {1000 * taken:.0f} ms a drawing")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
