"""What ``tinygrad-lists train`` prints and leaves: the folder, table I, history, weights, figures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import paper
from ..checkpoint import save_weights
from ..data import Dataset
from ..files import write_whole
from ..metrics import confusion_matrix
from ..module import Module
from ..plots import have_matplotlib, plot_confusion, plot_curves, plot_predictions
from ..results import Epoch, Evaluation, History

__all__ = ["clear_partial", "draw", "output_folder", "print_table", "save"]


def output_folder(given: str | None, overwrite: bool) -> Path:
    """The folder for results, made now, so that an unwritable one is known before the training and not after."""
    if given is None:
        number = 1
        while (folder := Path("runs", f"train-{number}")).exists():
            number += 1
    else:
        folder = Path(given)
        if not overwrite and any((folder / name).exists() for name in ("history.json", "checkpoint.safetensors")):
            raise FileExistsError(
                f"{folder} holds the results of another run; choose another --out, or give --overwrite"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / ".writable", b"")
        (folder / ".writable").unlink()
        for name in ("checkpoint.safetensors", "best.safetensors"):  # of a run that --overwrite gives up
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OSError(f"cannot write to the output folder {folder}: {error.strerror}; choose another --out") from None
    return folder


def clear_partial(folder: Path) -> None:
    """Remove what a killed run was just writing."""
    for path in folder.glob(".*.partial*"):
        path.unlink(missing_ok=True)


def print_table(epochs: Sequence[Epoch], settings: Mapping[str, Any], images: int, test_images: int) -> None:
    """Table I with the paper's numbers beside ours, of the epochs that were tested."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    validated = any(epoch.validation_loss == epoch.validation_loss for epoch in epochs)
    table = Table(title="TABLE I: training metrics per epoch", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("Epoch", justify="right")
    for column in ("Average loss", "paper", "Test accuracy", "paper", *(["Validation loss"] if validated else [])):
        table.add_column(column, justify="right", style="dim" if column == "paper" else "")
    for epoch in epochs:
        if epoch.test_accuracy != epoch.test_accuracy:
            continue
        known = epoch.number <= len(paper.TABLE_I)
        loss, accuracy = paper.TABLE_I[epoch.number - 1] if known else (math.nan, math.nan)
        table.add_row(
            str(epoch.number),
            f"{epoch.loss:.4f}",
            f"{loss:.2f}" if known else "",
            f"{epoch.test_accuracy:.2%}",
            f"{accuracy:.1%}" if known else "",
            *([f"{epoch.validation_loss:.4f}"] if validated else []),
        )
    console = Console()
    console.print(table)
    start = (
        f"sine initialisation (alpha={settings['alpha']:g}, beta={settings['beta']:g}, gamma={settings['gamma']:g})"
        if settings["init"] == "sine"
        else f"{settings['init']} initialisation"
    )
    console.print(
        f"{images} training and {test_images} test images, {start}, {recipe(settings)}, "
        f"batch {settings['batch_size']}, seed {settings['seed']}. "
        "The paper does not say which test images it used.",
        style="dim",
        highlight=False,
    )


def recipe(settings: Mapping[str, Any]) -> str:
    """The optimiser and what differs from the paper, in words."""
    names = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad", "lion": "Lion"}
    rate = "" if settings["lr"] is None else f" {settings['lr']:g}"
    words = [f"{names[settings['optimiser']]}{rate}"]
    if settings["schedule"] != "constant":
        words.append(f"{settings['schedule']} schedule")
    for key, name in (("dropout", "dropout"), ("label_smoothing", "label smoothing")):
        if settings[key]:
            words.append(f"{name} {settings[key]:g}")
    return ", ".join(words)


def save(folder: Path, model: Module, history: History, final: Evaluation | None, record: Mapping[str, Any]) -> None:
    """History as JSON, with `record` (configuration, versions, data) beside the epochs; and the weights."""
    whole = {
        **record,
        "epochs": [plain(asdict(epoch)) for epoch in history.epochs],
        "paper": [{"loss": loss, "test_accuracy": accuracy} for loss, accuracy in paper.TABLE_I],
        "interrupted": history.interrupted,
        "stopped": history.stopped,
        "predictions": final.predictions if final is not None else [],
        "confusion": confusion_matrix(final.labels, final.predictions) if final is not None else [],
    }
    write_whole(folder / "history.json", (json.dumps(whole, indent=2) + "\n").encode())
    save_weights(model, folder / "weights.safetensors")


def plain(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no nan: what was not measured is null."""
    return {key: None if value != value else value for key, value in numbers.items()}


def draw(folder: Path, history: History, test: Dataset, final: Evaluation) -> None:
    """Figures 1 and 2, and the confusion matrix."""
    if not have_matplotlib():
        print("no figures: matplotlib is not installed (pip install 'tinygrad-lists[plots]')", file=sys.stderr)
        return
    plot_curves(history.epochs, folder / "figure1.png", paper.TABLE_I)
    plot_predictions(test, final.predictions, folder / "figure2.png")
    plot_confusion(confusion_matrix(final.labels, final.predictions), folder / "confusion.png")
