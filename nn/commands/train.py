"""``tinygrad-lists train``: the paper's experiment (section IV), or one's own with other options."""

from __future__ import annotations

import argparse
import json
import math
import platform
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from .. import paper
from ..checkpoint import save_weights
from ..data import DataLoader, Dataset, mnist
from ..files import write_whole
from ..layers import Sequential
from ..losses import CrossEntropyLoss
from ..optim import SGD
from ..plots import have_matplotlib, plot_curves, plot_predictions
from ..trainer import Epoch, Evaluation, History, Progress, Trainer, TrainingError

__all__ = ["add_arguments", "run"]

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not (value >= 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 0")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; every default is the paper's."""
    recipe = parser.add_argument_group("recipe (defaults: the paper, section IV)")
    recipe.add_argument(
        "--epochs", type=_positive, default=paper.EPOCHS, metavar="N", help="passes over the images (5)"
    )
    recipe.add_argument(
        "--batch-size", type=_positive, default=paper.BATCH_SIZE, metavar="N", help="images a batch (8)"
    )
    recipe.add_argument(
        "--lr", type=_not_negative, default=paper.LEARNING_RATE, metavar="X", help="learning rate (0.03)"
    )
    recipe.add_argument("--momentum", type=_not_negative, default=0.0, metavar="X", help="momentum of SGD (0)")
    recipe.add_argument("--weight-decay", type=_not_negative, default=0.0, metavar="X", help="L2 penalty (0)")
    recipe.add_argument("--jit", action="store_true", help="compile each step to C (needs a C compiler; float32)")
    recipe.add_argument("--seed", type=int, default=0, metavar="N", help="seed of shuffling and random weights (0)")
    weights = parser.add_argument_group("initial weights")
    weights.add_argument(
        "--init", choices=("sine", "kaiming", "xavier"), default="sine", help="equation (3), or random"
    )
    for name, value in (("alpha", paper.ALPHA), ("beta", paper.BETA), ("gamma", paper.GAMMA)):
        weights.add_argument(f"--{name}", type=_finite, default=value, metavar="X", help=f"of equation (3) ({value})")
    data = parser.add_argument_group("data")
    data.add_argument("--full", action="store_true", help="all 60,000 and 10,000 images instead of the paper's subset")
    data.add_argument(
        "--data", metavar="FOLDER", help="folder with the four IDX files; without it --full may download them"
    )
    data.add_argument("--images", type=_positive, metavar="N", help="use only the first N training images")
    data.add_argument("--test-images", type=_positive, metavar="N", help="use only the first N test images")
    output = parser.add_argument_group("output")
    output.add_argument("--out", metavar="FOLDER", help="where results go (runs/train-1, -2, ...)")
    output.add_argument("--overwrite", action="store_true", help="replace results that stand in --out")
    output.add_argument("--no-plots", action="store_true", help="draw no pictures")
    output.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Train, print table I, leave history, weights and figures in a folder. Returns the exit status."""
    subset: Literal["paper"] | None = None if arguments.full else "paper"
    train = _first(mnist.load("train", subset=subset, folder=arguments.data, quiet=arguments.quiet), arguments.images)
    test = _first(
        mnist.load("test", subset=subset, folder=arguments.data, quiet=arguments.quiet), arguments.test_images
    )
    folder = _output_folder(arguments.out, arguments.overwrite)
    model = paper.network(random.Random(arguments.seed))
    paper.initialise(model, arguments.init, arguments.alpha, arguments.beta, arguments.gamma, arguments.seed)
    optimiser = SGD(model.parameters(), arguments.lr, arguments.momentum, weight_decay=arguments.weight_decay)
    loader = DataLoader(train, arguments.batch_size, shuffle=True, seed=arguments.seed)
    criterion = CrossEntropyLoss()
    error = ""
    with _interruptible() as stopped, _display(arguments, len(train)) as display:
        trainer = _trainer(arguments.jit)(model, optimiser, criterion, display.batch, stopped)
        try:
            trainer.fit(loader, test, arguments.epochs, display.epoch)
        except TrainingError as problem:
            error = str(problem)
    history = trainer.history
    final = trainer.evaluation
    if history.interrupted or error:  # the weights have moved on since the last evaluation
        final = trainer.evaluate(test)
    _save(folder, arguments, model, history, final, error)
    print_table(history.epochs, arguments, len(train), len(test))
    if final is not None and not arguments.no_plots:
        _draw(folder, history, test, final)
    print(f"results in {folder}")
    if error:
        print(f"tinygrad-lists train: {error}", file=sys.stderr)
        return 1
    if history.interrupted:
        print(f"stopped by Ctrl-C after {len(history.epochs)} whole epochs; what was learnt is kept", file=sys.stderr)
        return INTERRUPTED
    return 0


def _trainer(compiled: bool) -> type[Trainer]:
    if not compiled:
        return Trainer
    from ..compiled import CompiledTrainer

    return CompiledTrainer


def _first(dataset: Dataset, count: int | None) -> Dataset:
    if count is not None and count > len(dataset):
        raise ValueError(f"{count} images asked for, but {dataset.name} has {len(dataset)}")
    return dataset if count is None else dataset[:count]


def _output_folder(given: str | None, overwrite: bool) -> Path:
    """The folder for results, made now, so that an unwritable one is known before the training and not after."""
    if given is None:
        number = 1
        while (folder := Path("runs", f"train-{number}")).exists():
            number += 1
    else:
        folder = Path(given)
        if not overwrite and (folder / "history.json").exists():
            raise FileExistsError(
                f"{folder} holds the results of another run; choose another --out, or give --overwrite"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / ".writable", b"")
        (folder / ".writable").unlink()
    except OSError as error:
        raise OSError(f"cannot write to the output folder {folder}: {error.strerror}; choose another --out") from None
    return folder


@contextmanager
def _interruptible() -> Iterator[Any]:
    """Ctrl-C asks the training to stop after its batch; a second one stops at once."""
    asked = False

    def handler(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


class _Display:
    """Progress bar with loss, accuracy, images per second and time left."""

    def __init__(self, bar: Any, task: Any, images: int) -> None:
        self.bar, self.task, self.images = bar, task, images
        self.shown = 0.0

    def batch(self, progress: Progress) -> None:
        """After a batch, at most ten times a second: a compiled step is faster than a screen."""
        now = time.monotonic()
        if now - self.shown < 0.1 and progress.images < self.images:
            return
        self.shown = now
        self.bar.update(
            self.task,
            completed=(progress.epoch - 1) * self.images + progress.images,
            epoch=progress.epoch,
            loss=f"{progress.loss:.3f}",
            accuracy=f"{progress.accuracy:.1%}",
        )

    def epoch(self, epoch: Epoch) -> None:
        """After an epoch: a line that stays."""
        self.bar.console.print(
            f"epoch {epoch.number}: loss {epoch.loss:.4f}, training accuracy {epoch.train_accuracy:.1%}, "
            f"test accuracy {epoch.test_accuracy:.1%}, {epoch.images_per_second:.0f} images/s",
            highlight=False,
        )


@contextmanager
def _display(arguments: argparse.Namespace, images: int) -> Iterator[_Display]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("epoch {task.fields[epoch]}/" + str(arguments.epochs)),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}  accuracy {task.fields[accuracy]}  {task.fields[rate]} images/s"),
        TimeRemainingColumn(),
    )

    class Rated(Bar):
        """A bar that writes its speed into a field."""

        def get_renderables(self) -> Any:
            for task in self.tasks:
                task.fields["rate"] = f"{task.speed:.0f}" if task.speed else "-"
            return super().get_renderables()

    with Rated(*columns, disable=arguments.quiet, transient=True) as bar:
        task = bar.add_task("", total=images * arguments.epochs, epoch=1, loss="-", accuracy="-", rate="-")
        yield _Display(bar, task, images)


def print_table(epochs: list[Epoch], arguments: argparse.Namespace, images: int, test_images: int) -> None:
    """Table I with the paper's numbers beside ours."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title="TABLE I: training metrics per epoch", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("Epoch", justify="right")
    for column in ("Average loss", "paper", "Test accuracy", "paper"):
        table.add_column(column, justify="right", style="dim" if column == "paper" else "")
    for epoch in epochs:
        known = epoch.number <= len(paper.TABLE_I)
        loss, accuracy = paper.TABLE_I[epoch.number - 1] if known else (math.nan, math.nan)
        table.add_row(
            str(epoch.number),
            f"{epoch.loss:.4f}",
            f"{loss:.2f}" if known else "",
            f"{epoch.test_accuracy:.2%}",
            f"{accuracy:.1%}" if known else "",
        )
    console = Console()
    console.print(table)
    start = (
        f"sine initialisation (alpha={arguments.alpha:g}, beta={arguments.beta:g}, gamma={arguments.gamma:g})"
        if arguments.init == "sine"
        else f"{arguments.init} initialisation"
    )
    console.print(
        f"{images} training and {test_images} test images, {start}, SGD {arguments.lr:g}, "
        f"batch {arguments.batch_size}, seed {arguments.seed}. The paper does not say which test images it used.",
        style="dim",
        highlight=False,
    )


def _save(
    folder: Path,
    arguments: argparse.Namespace,
    model: Sequential,
    history: History,
    final: Evaluation | None,
    error: str,
) -> None:
    config = {name: value for name, value in sorted(vars(arguments).items()) if name not in ("command", "run")}
    record = {
        "config": config,
        "python": platform.python_version(),
        "epochs": [asdict(epoch) for epoch in history.epochs],
        "paper": [{"loss": loss, "test_accuracy": accuracy} for loss, accuracy in paper.TABLE_I],
        "interrupted": history.interrupted,
        "error": error,
        "predictions": final.predictions if final is not None else [],
    }
    write_whole(folder / "history.json", (json.dumps(record, indent=2) + "\n").encode())
    save_weights(model, folder / "weights.safetensors")


def _draw(folder: Path, history: History, test: Dataset, final: Evaluation) -> None:
    if not have_matplotlib():
        print("no figures: matplotlib is not installed (pip install 'tinygrad-lists[plots]')", file=sys.stderr)
        return
    plot_curves(history.epochs, folder / "figure1.png", paper.TABLE_I)
    plot_predictions(test, final.predictions, folder / "figure2.png")
