"""Adversarial digits: a change of a few grey levels, and the network reads something else.

    python examples/adversarial.py
    python examples/adversarial.py --picture adversarial.png        (needs matplotlib)

The gradient of the loss with respect to the weights says how to change them so that the answers become better. The same
backward pass gives the gradient with respect to the image: how to change each pixel so that the answer becomes worse.
The fast gradient sign method (Goodfellow, Shlens and Szegedy, "Explaining and harnessing adversarial examples", 2015)
moves every pixel by the same small amount e to the worse side,

    x' = x + e sign(dL/dx),

which people hardly see: 784 small changes, all of which pull in the same direction, add up.
"""

from __future__ import annotations

import argparse
import itertools
import random

import nn
from nn.plots import have_matplotlib
from tinygrad_lists import Value, no_grad

LEVELS = (0, 4, 8, 16, 32, 64)  # of 255
Image = list[list[list[float]]]  # (1, 28, 28)


def signs(model: nn.Module, images: list[Image], labels: list[int]) -> list[Image]:
    """-1, 0 or 1 for each pixel: the side on which the loss grows."""
    x = Value(images)
    nn.CrossEntropyLoss()(model(x), labels).backward()
    return [[[[(g > 0) - (g < 0) for g in row] for row in image[0]]] for image in x.grad]


def attacked(images: list[Image], sides: list[Image], level: int) -> list[Image]:
    """Each pixel moved by `level` of 255 grey levels, as far as there are brighter and darker ones."""

    def moved(row: list[float], side: list[float]) -> list[float]:
        return [min(max(p + level / 255 * s, 0.0), 1.0) for p, s in zip(row, side, strict=True)]

    pairs = zip(images, sides, strict=True)
    return [[[moved(row, side) for row, side in zip(a[0], b[0], strict=True)]] for a, b in pairs]


def answers(model: nn.Module, images: list[Image]) -> list[int]:
    with no_grad():
        return model(images).argmax(1).tolist()


def main(quick: bool = False, picture: str | None = None) -> tuple[float, float]:
    """Train, attack, print. Returns the accuracy before the attack and under the strongest."""
    train = nn.data.mnist.load("train", subset="paper")[: 150 if quick else 1000]
    test = nn.data.mnist.load("test", subset="paper")[: 40 if quick else 200]
    rng = random.Random(0)
    model = nn.Sequential(nn.Flatten(), nn.Dense(784, 32, rng=rng), nn.ReLU(), nn.Dense(32, 10, rng=rng))
    trainer = nn.Trainer(model, nn.optim.Adam(model.parameters(), lr=0.005), nn.CrossEntropyLoss())
    trainer.fit(nn.data.DataLoader(train, batch_size=20, shuffle=True), epochs=2 if quick else 5)

    images, labels = [image for image, _ in test], test.labels
    sides = signs(model, images, labels)
    changed = {level: attacked(images, sides, level) for level in LEVELS}
    read = {level: answers(model, changed[level]) for level in LEVELS}
    right = {level: sum(map(int.__eq__, read[level], labels)) / len(labels) for level in LEVELS}
    print("grey levels, of 255, by which each pixel may change, and how many digits are still read right:")
    for level in LEVELS:
        print(f"  {level:3}   {'█' * round(40 * right[level]):40} {right[level]:5.0%}")

    flips = [
        (level, i)  # a digit that was read right, and the smallest change after which it is not
        for less, level in itertools.pairwise(LEVELS)
        for i, label in enumerate(labels)
        if read[level][i] != label and all(read[other][i] == label for other in LEVELS if other <= less)
    ]
    level, i = flips[len(flips) // 2]
    print("\nThe digit in the middle of all: half of the others need a smaller change, half a larger one.")
    print(f"Left: read as {labels[i]}. Middle: changed by {level} levels, read as {read[level][i]}.")
    print("Right: where the change is ink (+), or takes ink away (-).")
    for line in zip(text(images[i]), text(changed[level][i]), text(sides[i], "- +", -1), strict=True):
        print("  " + " ".join(line).rstrip())
    if picture:
        some = flips[:: max(len(flips) // 6, 1)][:6]
        draw([(images[i], sides[i], changed[n][i], labels[i], n, read[n][i]) for n, i in some], picture)
    return right[0], right[LEVELS[-1]]


def text(image: Image, shades: str = " .:-=+*#%@", lowest: float = 0) -> list[str]:
    """An image as 14 lines, each character the mean of two pixels."""
    pairs = zip(image[0][::2], image[0][1::2], strict=True)
    means = [[(a + b) / 2 for a, b in zip(upper, lower, strict=True)] for upper, lower in pairs]
    return ["".join(shades[round((m - lowest) / (1 - lowest) * (len(shades) - 1))] for m in row) for row in means]


def draw(rows: list[tuple[Image, Image, Image, int, int, int]], path: str) -> None:
    """Several digits, each with its change and what comes out."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 * len(rows), 5.2), dpi=150, layout="constrained")
    for column, (image, side, after, label, level, said) in enumerate(rows):
        for row, (shown, low, words) in enumerate(
            ((image, 0, f"read as {label}"), (side, -1, f"± {level} levels"), (after, 0, f"read as {said}"))
        ):
            axes = figure.add_subplot(3, len(rows), row * len(rows) + column + 1)
            axes.imshow(shown[0], cmap="PuOr" if low else "gray_r", vmin=1.7 * low, vmax=1 - 0.7 * low)
            axes.set(xticks=[], yticks=[])
            axes.set_title(words, fontsize=9)
    title = "A digit, the change of its 255 grey levels (violet adds ink, orange takes it away), and the sum"
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    figure.savefig(path)
    print(f"picture in {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer images")
    parser.add_argument("--picture", metavar="FILE", help="draw some of the digits, too")
    arguments = parser.parse_args()
    if arguments.picture and not have_matplotlib():
        parser.error("--picture needs matplotlib: pip install 'tinygrad-lists[plots]'")
    main(arguments.quick, arguments.picture)
