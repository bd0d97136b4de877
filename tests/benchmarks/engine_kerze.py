"""An MLP 784-32-10 on a batch of 8, forward and backward, beside kerze, the nearest tensor library in pure Python.

Run it with ``python tests/benchmarks/engine_kerze.py`` from the repository; it takes about ten seconds and needs
``pip install kerze``. The aim is thirty times the speed.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from machine import describe
from sides import in_turns, table

from tinygrad_lists import Value

BATCH, INPUTS, HIDDEN, CLASSES = 8, 784, 32, 10


def main() -> None:
    """Measure and print."""
    try:
        from kerze import Tensor, nn
    except ImportError:
        sys.exit("kerze is not installed; install it with: pip install kerze")
    print(describe("kerze"))
    rng = random.Random(0)
    images = [[rng.random() for _ in range(INPUTS)] for _ in range(BATCH)]
    labels = [rng.randrange(CLASSES) for _ in range(BATCH)]

    model = nn.Sequential(nn.Linear(INPUTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
    criterion = nn.CrossEntropyLoss()
    theirs = list(model.parameters())
    ours = [Value(Value(p.data.data).reshape(p.shape).data) for p in theirs]  # weights stand as (out, in) in kerze
    x = Value(images, requires_grad=False)
    rows = list(range(BATCH))

    def kerze_step() -> Any:
        for p in theirs:
            p.grad = None
        loss = criterion(model(Tensor(images)), labels)
        loss.backward()
        return loss

    def our_step() -> Value:
        for p in ours:
            p.grad = None
        w, b, v, c = ours
        logits = (x @ w.T + b).relu() @ v.T + c
        loss = -logits.log_softmax()[rows, labels].mean()
        loss.backward()
        return loss

    their_loss = kerze_step().data.data[0]
    assert math.isclose(our_step().data, their_loss, rel_tol=1e-9)
    for p, q in zip(ours, theirs, strict=True):
        for a, b in zip(Value(p.grad).flatten().data, q.grad.data, strict=True):
            assert math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12)
    seconds = in_turns({"kerze": kerze_step, "tinygrad_lists": our_step}, repeats=5)
    base = seconds["kerze"]
    print(
        table(
            [("", "ms a step", "times as fast")]
            + [(name, f"{s * 1e3:.1f}", f"{base / s:.1f}") for name, s in seconds.items()]
        )
    )


if __name__ == "__main__":
    main()
