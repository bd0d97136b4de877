"""XOR: the smallest problem that a straight line cannot solve, and one hidden layer can.

    python examples/xor.py

The four corners of a square, of which two opposite ones belong together. Minsky and Papert ("Perceptrons", 1969) showed
that no network without a hidden layer tells them apart; Rumelhart, Hinton and Williams ("Learning representations by
back-propagating errors", 1986) let one with a hidden layer learn it.
"""

from __future__ import annotations

import random
import sys

import nn
from tinygrad_lists import no_grad

CORNERS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
ANSWERS = [[0.0], [1.0], [1.0], [0.0]]


def main(quick: bool = False) -> float:
    """Train, and print how the network divides the plane. Returns the share of corners that it gets right."""
    rng = random.Random(1)
    model = nn.Sequential(nn.Dense(2, 4, rng=rng), nn.Tanh(), nn.Dense(4, 1, rng=rng))
    criterion = nn.BCEWithLogitsLoss()
    optimiser = nn.optim.Adam(model.parameters(), lr=0.1)
    steps = 60 if quick else 200
    for step in range(1, steps + 1):
        loss = criterion(model(CORNERS), ANSWERS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step in (1, 10, steps):
            print(f"step {step:3}: loss {loss.item():.4f}")

    with no_grad():
        outputs = model(CORNERS).tolist()
        # The plane from -0.5 to 1.5: '#' where the network says 1. The corners show what it should say.
        for row in range(15):
            points = [[-0.5 + column / 15, 1.5 - row / 7] for column in range(31)]
            line = ["#" if logit > 0 else "." for (logit,) in model(points).tolist()]
            for (x, y), (answer,) in zip(CORNERS, ANSWERS, strict=True):
                if round((1.5 - y) * 7) == row:
                    line[round((x + 0.5) * 15)] = str(int(answer))
            print("  " + "".join(line))
    right = sum((logit > 0) == (answer == 1) for (logit,), (answer,) in zip(outputs, ANSWERS, strict=True))
    print(f"{right} of 4 corners right")
    return right / 4


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
