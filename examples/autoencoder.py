"""An autoencoder: digits squeezed through sixteen numbers, and drawn again from these.

    python examples/autoencoder.py
    python examples/autoencoder.py --picture autoencoder.png        (needs matplotlib)

A network that is asked for what it was given has nothing to learn, unless its middle is too narrow to let everything
through. Then it must find out what digits have in common (Hinton and Salakhutdinov, "Reducing the dimensionality of
data with neural networks", 2006). There are no labels: each image is its own answer. What it gives back is shown for
images that it never saw.
"""

from __future__ import annotations

import argparse
import random

import nn
from nn.plots import have_matplotlib
from tinygrad_lists import no_grad

Pixels = list[float]
CODE = 16


def flat(images: nn.data.Dataset) -> list[Pixels]:
    """Each image as its 784 pixels, row after row."""
    return [[pixel for row in image[0] for pixel in row] for image, _ in images]


def error(images: list[Pixels], others: list[Pixels]) -> float:
    """Mean squared difference of the pixels, from 0 to 1."""
    pairs = ((p, q) for image, other in zip(images, others, strict=True) for p, q in zip(image, other, strict=True))
    return sum((p - q) ** 2 for p, q in pairs) / (784 * len(images))


def text(image: Pixels) -> list[str]:
    """An image as 14 lines: each character two by two pixels."""
    grey = [[sum(image[28 * y + x + d] for d in (0, 1, 28, 29)) / 4 for x in range(0, 28, 2)] for y in range(0, 28, 2)]
    return ["".join(" .:*#"[round(4 * min(max(g, 0), 1))] for g in row) for row in grey]


def main(quick: bool = False, picture: str | None = None) -> float:
    """Train, and print digits beside their copies. Returns the copies' error as a share of the mean image's."""
    images = flat(nn.data.mnist.load("train", subset="paper")[: 60 if quick else 1000])
    others = flat(nn.data.mnist.load("test", subset="paper")[: 10 if quick else 200])
    rng, width = random.Random(0), 16 if quick else 128
    encoder = nn.Sequential(nn.Dense(784, width, rng=rng), nn.ReLU(), nn.Dense(width, CODE, rng=rng))
    decoder = nn.Sequential(nn.Dense(CODE, width, rng=rng), nn.ReLU(), nn.Dense(width, 784, rng=rng))
    model = nn.Sequential(encoder, decoder)

    # A pixel from 0 to 1 is taken as the chance of ink, so the loss is that of 784 yes-or-no questions.
    optimiser = nn.optim.Adam(model.parameters(), lr=0.01 if quick else 0.002)
    kind = nn.Trainer if quick else nn.CompiledTrainer
    trainer = kind(model, optimiser, nn.BCEWithLogitsLoss(), right=None)
    loader = nn.data.DataLoader([(image, image) for image in images], batch_size=20, shuffle=True)
    for epochs in (1, 7) if quick else (1, 3, 10, 30):
        print(f"epoch {epochs:2}: loss {trainer.fit(loader, epochs=epochs).epochs[-1].loss:.4f}")

    with no_grad():
        copies = model(others).sigmoid().tolist()
    mean = [sum(column) / len(images) for column in zip(*images, strict=True)]
    ours, simplest = error(others, copies), error(others, [mean] * len(others))
    print(f"\nmean squared error of a pixel: {ours:.4f}; of the mean image as everyone's copy: {simplest:.4f}")
    print("\nAbove: digits never seen before. Below: what came back through sixteen numbers.")
    for row in (others, copies):
        for parts in zip(*map(text, row[:5]), strict=True):
            print("  " + " ".join(parts).rstrip())
    if picture:
        draw(others[:10], copies[:10], picture)
    return ours / simplest


def draw(images: list[Pixels], copies: list[Pixels], path: str) -> None:
    """The same as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(len(images), 2.6), dpi=150, layout="constrained")
    for place, image in enumerate([*images, *copies], 1):
        axes = figure.add_subplot(2, len(images), place)
        axes.imshow([image[row : row + 28] for row in range(0, 784, 28)], cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    title = f"Above: digits never seen before. Below: what came back through {CODE} numbers"
    figure.suptitle(title, x=0.02, ha="left", fontsize=11)
    figure.savefig(path)
    print(f"picture in {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a small network, few images")
    parser.add_argument("--picture", metavar="FILE", help="draw the digits, too")
    arguments = parser.parse_args()
    if arguments.picture and not have_matplotlib():
        parser.error("--picture needs matplotlib: pip install 'tinygrad-lists[plots]'")
    main(arguments.quick, arguments.picture)
