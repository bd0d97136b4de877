"""``tinygrad-lists predict``: what a trained network reads in images, one's own drawings among them."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinygrad_lists import JitError, Value, jit, no_grad

from .. import plots
from ..checkpoint import load_weights
from ..data import Dataset
from ..metrics import confusion_matrix
from ..module import Module
from ..results import Epoch
from .predict_input import PREPARE, Digits, read_digits
from .predict_output import as_json, print_digits, print_summary
from .train_settings import defaults
from .train_setup import make_model

__all__ = ["add_arguments", "probabilities_of", "run"]

CLASSES = 10
MOST_HISTORY = 1 << 26


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is not at least 0")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument(
        "run_folder", metavar="RUN", help="folder of a run of tinygrad-lists train, or one of its files of weights"
    )
    parser.add_argument(
        "what",
        nargs="*",
        default=[],
        metavar="WHAT",
        help="PNG files (drawings of any size, too), IDX files of images, folders of PNG files, folders with a folder "
        "of PNG files for each label, or folders with MNIST's test files; without it, the 200 test images of the "
        "package",
    )
    parser.add_argument("--labels", metavar="FILE", help="IDX file of labels, where it is not named as MNIST's is")
    parser.add_argument(
        "--prepare",
        choices=PREPARE,
        default="auto",
        help="make PNG images like MNIST's (light on black, in a box of 20 x 20, centre of mass in the middle): all "
        "but those that look so (auto), always, or never",
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="only the first N images")
    parser.add_argument("--show", type=_count, metavar="N", help="images to show in full (up to 8 all, of more 3)")
    parser.add_argument("--jit", action="store_true", help="compile the network to C")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--pictures", metavar="FOLDER", help="draw the images, what the layers see in them, and curves")


def run(arguments: argparse.Namespace) -> int:
    """Predict. Returns the exit status; ValueError and OSError for bad input."""
    given = Path(arguments.run_folder)
    weights = given if given.is_file() else given / "weights.safetensors"
    history = read_history(weights.with_name("history.json"))
    model = load_model(weights, history)
    try:
        digits = read_digits(arguments.what, arguments.labels, arguments.prepare)[: arguments.limit]
        if not len(digits.dataset):
            raise ValueError("--limit 0 leaves no images; give at least 1")
        probabilities = probabilities_of(model, digits.dataset, compiled=arguments.jit)
        if arguments.pictures:
            draw(Path(arguments.pictures), model, digits, probabilities, history)
    except (ImportError, JitError) as error:  # they name what to install
        raise ValueError(str(error)) from None
    if arguments.json:
        print(json.dumps(as_json(digits, probabilities), indent=2))
        return 0
    shown = arguments.show if arguments.show is not None else 8 if len(digits.dataset) <= 8 else 3
    print_digits(digits, probabilities, shown)
    print_summary(digits, probabilities)
    if arguments.pictures:
        print(f"pictures in {arguments.pictures}")
    return 0


def read_history(path: Path) -> dict[str, Any]:
    """What a run wrote about itself; nothing without such a file, as weights alone will do. ValueError if damaged."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_HISTORY)
    except FileNotFoundError:
        return {}
    try:
        history = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no history of a run: {error}") from None
    if not isinstance(history, dict) or not isinstance(history.get("config", {}), dict):
        raise ValueError(f"{path} is no history of a run of tinygrad-lists train")
    return history


def load_model(path: Path, history: dict[str, Any]) -> Module:
    """The network of a run, in evaluation mode. ValueError, OSError if there is none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give the folder of a run of tinygrad-lists train")
    dropout = history.get("config", {}).get("dropout", 0.0)
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise ValueError(f"{path.with_name('history.json')}: dropout is {dropout!r:.40}, not a share below 1")
    # A layer more has the numbers of the layers behind it moved on by one, and the names of the weights with them.
    return load_weights(make_model(defaults() | {"dropout": dropout}), path).eval()


def probabilities_of(
    model: Module, dataset: Dataset, batch_size: int = 50, compiled: bool = False
) -> list[list[float]]:
    """The probability of each class for each image: the softmax of the network's outputs.

    Args:
        compiled: by a compiled function, in float64 as well: many times as fast.

    Raises ValueError if the weights give no numbers; JitError if it cannot be compiled.

    >>> import nn
    >>> test = nn.data.mnist.load("test", subset="paper")[:2]
    >>> [round(sum(row), 6) for row in probabilities_of(nn.paper.network(), test)]
    [1.0, 1.0]
    """

    def read(images: Any) -> Value:
        return model(images).softmax(1)

    function: Callable[[Any], Value] = jit(dtype="float64")(read) if compiled else read
    probabilities: list[list[float]] = []
    with no_grad(), _progress(len(dataset)) as advance:
        for start in range(0, len(dataset), batch_size):
            images = [dataset.image(i) for i in range(start, min(start + batch_size, len(dataset)))]
            probabilities += function(images).tolist()
            advance(len(images))
    if not all(math.isfinite(share) for row in probabilities for share in row):
        raise ValueError("the weights give no probabilities (nan); did the training diverge?")
    return probabilities


@contextmanager
def _progress(images: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if someone watches and it takes more than a moment."""
    from rich.console import Console
    from rich.progress import Progress

    watched = images > 500 and sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not watched) as bar:
        task = bar.add_task("reading", total=images)
        yield lambda count: bar.advance(task, count)


def draw(
    folder: Path, model: Module, digits: Digits, probabilities: Sequence[Sequence[float]], history: dict[str, Any]
) -> None:
    """Every picture that these images and this run allow."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = digits.dataset
    plots.plot_readings(dataset, probabilities, folder / "readings.png", digits.names)
    plots.plot_filters(model, folder / "filters.png")
    plots.plot_features(model, dataset.image(0), folder / "features.png")
    prepared = [i for i, original in enumerate(digits.originals) if original is not None][:8]
    if prepared:
        originals = [original for i in prepared if (original := digits.originals[i]) is not None]
        names = [digits.names[i] for i in prepared]
        plots.plot_preparation(originals, [dataset.image(i) for i in prepared], folder / "preparation.png", names)
    if digits.labelled:
        predictions = [row.index(max(row)) for row in probabilities]
        plots.plot_predictions(dataset, predictions, folder / "predictions.png")
        plots.plot_confusion(confusion_matrix(dataset.labels, predictions, CLASSES), folder / "confusion.png")
        plots.plot_mistakes(dataset, probabilities, folder / "mistakes.png")
    if history.get("epochs"):
        plots.plot_curves(_epochs(history["epochs"]), folder / "curves.png")


def _epochs(raw: Any) -> list[Epoch]:
    """ValueError for anything but a run's epochs."""
    try:
        measured: list[dict[str, Any]] = [
            {key: math.nan if value is None else value for key, value in epoch.items()} for epoch in raw
        ]
        return [Epoch(**epoch) for epoch in measured]
    except (AttributeError, TypeError):
        raise ValueError("history.json: its epochs are not those of a run; there are no curves to draw") from None
