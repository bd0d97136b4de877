"""Two moons: a curved decision boundary, learnt by a small network and shown as text.

python examples/moons.py
python examples/moons.py --picture moons.png        (needs matplotlib)
"""

from __future__ import annotations

import argparse
import math
import random

import nn
from nn.plots import have_matplotlib
from tinygrad_lists import no_grad

Points = list[list[float]]


def moons(count: int, rng: random.Random, noise: float = 0.12) -> tuple[Points, list[int]]:
    """Points on two half circles that reach into each other, and which of the two each is on."""
    points, labels = [], []
    for i in range(count):
        angle, label = rng.uniform(0, math.pi), i % 2
        x, y = math.cos(angle), math.sin(angle)
        if label:
            x, y = 1 - x, 0.5 - y
        points.append([x + rng.gauss(0, noise), y + rng.gauss(0, noise)])
        labels.append(label)
    return points, labels


def probabilities(model: nn.Module, points: Points) -> list[float]:
    """That each point is on the second moon."""
    with no_grad():
        return [second for _, second in model(points).softmax(1).tolist()]


def accuracy(model: nn.Module, points: Points, labels: list[int]) -> float:
    said = probabilities(model, points)
    return sum((p > 0.5) == (label == 1) for p, label in zip(said, labels, strict=True)) / len(labels)


def grid(columns: int, rows: int) -> list[Points]:
    """Points all over the plane, the upper rows first."""
    return [
        [[-1.6 + 4.2 * column / (columns - 1), 1.5 - 2.5 * row / (rows - 1)] for column in range(columns)]
        for row in range(rows)
    ]


def main(quick: bool = False, picture: str | None = None) -> float:
    """Train, and print the plane. Returns the accuracy on points that were not trained on."""
    rng = random.Random(0)
    points, labels = moons(120, rng)
    others = moons(200, rng)
    model = nn.Sequential(
        nn.Dense(2, 16, rng=rng), nn.Tanh(), nn.Dense(16, 16, rng=rng), nn.Tanh(), nn.Dense(16, 2, rng=rng)
    )
    criterion = nn.CrossEntropyLoss()
    optimiser = nn.optim.AdamW(model.parameters(), lr=0.02)
    steps = 100 if quick else 200
    for step in range(1, steps + 1):
        loss = criterion(model(points), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step in (1, 10, 30, 100, steps):
            right = accuracy(model, points, labels)
            print(f"step {step:3}: loss {loss.item():.4f}, {right:.0%} of the training points right")

    print("\nThe plane, lined where the network says lower moon; training points of the upper are o, of the lower X:")
    plane = grid(63, 21)
    shown = [[" .:-"[int(p * 3.999)] for p in probabilities(model, row)] for row in plane]
    for (x, y), label in zip(points, labels, strict=True):
        row, column = round((1.5 - y) * 20 / 2.5), round((x + 1.6) * 62 / 4.2)
        if 0 <= row < 21 and 0 <= column < 63:
            shown[row][column] = "oX"[label]
    print("\n".join("  " + "".join(line) for line in shown))
    result = accuracy(model, *others)
    print(f"{result:.1%} of 200 other points right")
    if picture:
        draw(model, points, labels, picture)
    return result


def draw(model: nn.Module, points: Points, labels: list[int], path: str) -> None:
    """The same as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    plane = [probabilities(model, row) for row in grid(105, 63)]
    shown = axes.imshow(plane, extent=(-1.6, 2.6, -1.0, 1.5), cmap="PuOr", vmin=-0.7, vmax=1.7, aspect="auto")
    across, up = [x for x, _ in grid(105, 63)[0]], [row[0][1] for row in grid(105, 63)]
    axes.contour(across, up, plane, levels=[0.5], colors="black", linewidths=1.5)
    for label, marker, colour, name in ((0, "o", "#b35806", "upper moon"), (1, "X", "#542788", "lower moon")):
        mine = [point for point, other in zip(points, labels, strict=True) if other == label]
        axes.scatter(*zip(*mine, strict=True), marker=marker, c=colour, edgecolors="white", s=50, label=name)
    axes.legend(loc="upper left")
    axes.set_title("Two moons, and where the network draws the line between them", loc="left", fontsize=11)
    bar = figure.colorbar(shown, ax=axes)
    bar.ax.set_ylim(0, 1)
    bar.set_label("probability of the lower moon")
    figure.savefig(path)
    print(f"picture in {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer steps")
    parser.add_argument("--picture", metavar="FILE", help="draw the plane, too")
    arguments = parser.parse_args()
    if arguments.picture and not have_matplotlib():
        parser.error("--picture needs matplotlib: pip install 'tinygrad-lists[plots]'")
    main(arguments.quick, arguments.picture)
