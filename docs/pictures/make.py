"""Draw the pictures of a training: ``python docs/pictures/make.py``. Needs matplotlib, and a C compiler for speed.

The paper's network learns the paper's 1,000 images for 5 epochs from Kaiming's weights; the pictures are of
all 200 test images, and of digits drawn here with a few strokes. Three more are those of examples.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import nn  # noqa: E402
from nn import plots  # noqa: E402
from nn.data.drawing import prepare_drawing  # noqa: E402
from nn.data.images import GreyImage  # noqa: E402
from nn.metrics import confusion_matrix  # noqa: E402
from nn.results import evaluate  # noqa: E402
from tinygrad_lists import no_grad  # noqa: E402

#: Strokes of a pen, as corners in a square of 100 x 100.
STROKES = {
    "2": [[(30, 40), (45, 18), (75, 22), (78, 45), (35, 90), (85, 88)]],
    "3": [[(30, 25), (55, 15), (75, 28), (55, 50), (78, 68), (60, 90), (28, 85)]],
    "4": [[(60, 15), (25, 62), (85, 62)], [(68, 38), (64, 95)]],
    "7": [[(25, 20), (80, 20), (45, 92)]],
}


def drawing(digit: str, pen: float, ink: int, paper: int) -> GreyImage:
    """A digit by strokes, 100 x 100."""
    pixels = bytearray([paper]) * 10_000
    for stroke in STROKES[digit]:
        for (x0, y0), (x1, y1) in itertools.pairwise(stroke):
            for i, (x, y) in enumerate((x, y) for y in range(100) for x in range(100)):
                length = (x1 - x0) ** 2 + (y1 - y0) ** 2
                along = min(max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0), 1)
                if math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) < pen / 2:
                    pixels[i] = ink
    return GreyImage(bytes(pixels), 100, 100)


def photograph(image: GreyImage, seed: int = 0) -> GreyImage:
    """The same under a lamp from the left, with a camera's noise."""
    rng = random.Random(seed)
    lit = (p * (1 - 0.45 * (i % 100) / 100) + rng.gauss(0, 5) for i, p in enumerate(image.pixels))
    return GreyImage(bytes(min(255, max(0, round(level))) for level in lit), 100, 100)


def main(folder: Path, epochs: int = 5, images: int = 1000, compiled: bool = True) -> None:
    """Train, and draw everything into `folder`."""
    train, test = (nn.data.mnist.load(split, subset="paper") for split in ("train", "test"))
    model = nn.paper.network()
    nn.paper.initialise(model, "kaiming")
    optimiser = nn.optim.SGD(model.parameters(), lr=nn.paper.LEARNING_RATE)
    trainer = (nn.CompiledTrainer if compiled else nn.Trainer)(model, optimiser, nn.CrossEntropyLoss())
    trainer.fit(nn.data.DataLoader(train[:images], 8, shuffle=True), test, epochs)
    result = evaluate(model, test, nn.CrossEntropyLoss())
    model.eval()
    with no_grad():
        probabilities = model([image for image, _ in test]).softmax(1).tolist()
    plots.plot_curves(trainer.history.epochs, folder / "curves.png")
    plots.plot_predictions(test, result.predictions, folder / "predictions.png")
    plots.plot_confusion(confusion_matrix(result.labels, result.predictions, 10), folder / "confusion.png")
    plots.plot_filters(model, folder / "filters.png")
    plots.plot_features(model, test.image(0), folder / "features.png")
    plots.plot_mistakes(test, probabilities, folder / "mistakes.png")
    drawings = {
        "pen on paper": drawing("3", 8, 0, 255),
        "hairline": drawing("2", 1.5, 60, 255),
        "photograph": photograph(drawing("4", 6, 60, 190)),
        "chalk": drawing("7", 12, 240, 40),
    }
    sheets = list(drawings.values())
    ready = b"".join(prepare_drawing(sheet, name) for name, sheet in drawings.items())
    own = nn.data.Dataset(ready, bytes(len(sheets)), 28, 28)
    digits = [image for image, _ in own]
    with no_grad():
        answers = model(digits).softmax(1).tolist()
    plots.plot_readings(own, answers, folder / "readings.png", list(drawings), columns=2)
    for example in ("moons", "autoencoder", "adversarial"):
        script = runpy.run_path(str(HERE.parents[1] / "examples" / f"{example}.py"))
        script["main"](picture=str(folder / f"{example}.png"))
    plots.plot_preparation(sheets, digits, folder / "preparation.png", list(drawings))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE)
    main(parser.parse_args().out)
