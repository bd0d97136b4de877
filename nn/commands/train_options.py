"""The options of ``tinygrad-lists train``: one table for the command line, for TOML files and for what a run records.

A new option is a row here, and is read where its setting is used (`train_setup`).
"""

from __future__ import annotations

import argparse
import math
from typing import Any, NamedTuple

from .. import paper

__all__ = ["GROUPS", "LEARNING_RATES", "OPTIONS", "WEIGHT_DECAYS", "Option", "add_arguments"]


def positive(text: str) -> int:
    """An int of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


def count(text: str) -> int:
    """An int of at least 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value} is not at least 0")
    return value


def not_negative(text: str) -> float:
    """A finite number of at least 0."""
    value = float(text)
    if not (value >= 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 0")
    return value


def above_zero(text: str) -> float:
    """A finite number above 0."""
    value = not_negative(text)
    if value == 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def share(text: str) -> float:
    """A number of at least 0 and below 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 0 and below 1")
    return value


def finite(text: str) -> float:
    """A finite number."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def whole(text: str) -> int:
    """An int."""
    return int(text)


class Option(NamedTuple):
    """One option: what it is called, how its text becomes a setting, and what it is without."""

    name: str
    kind: Any  # a converter from text, a tuple of choices, `str`, or `bool` for --name and --no-name
    default: Any
    help: str
    metavar: str | None = None

    @property
    def key(self) -> str:
        """Its name in Python and among the settings."""
        return self.name.replace("-", "_")


#: Optimisers, and their usual rates: that of the paper, and those of their authors.
LEARNING_RATES = {
    "sgd": paper.LEARNING_RATE,
    "adam": 1e-3,
    "adamw": 1e-3,
    "rmsprop": 1e-2,
    "adagrad": 1e-2,
    "lion": 1e-4,
}
WEIGHT_DECAYS = dict.fromkeys(LEARNING_RATES, 0.0) | {"adamw": 1e-2}
OPTIMISERS = tuple(LEARNING_RATES)
GRADIENTS = ("automatic", "handwritten", "both")
SCHEDULES = ("constant", "step", "exponential", "cosine", "one-cycle", "plateau")

GROUPS: dict[str, list[Option]] = {
    "recipe (defaults: the paper, section IV)": [
        Option("epochs", positive, paper.EPOCHS, "passes over the images (5)", "N"),
        Option("batch-size", positive, paper.BATCH_SIZE, "images a batch (8)", "N"),
        Option("accumulate", positive, 1, "batches an update (1)", "N"),
        Option("optimiser", OPTIMISERS, "sgd", "how the weights follow the gradient (sgd)"),
        Option(
            "lr",
            not_negative,
            None,
            "learning rate (0.03 for sgd, the usual for others)",
            "X",
        ),
        Option("momentum", share, 0.0, "momentum of sgd and rmsprop (0)", "X"),
        Option(
            "weight-decay", not_negative, None, "L2 penalty, decoupled for adamw and lion (adamw 0.01, others 0)", "X"
        ),
        Option("schedule", SCHEDULES, "constant", "of the learning rate (constant)"),
        Option("warmup", count, 0, "updates in which the rate first rises in a line (0)", "N"),
        Option("decay", above_zero, None, "factor of step and plateau (0.1), of exponential an epoch (0.9)", "X"),
        Option(
            "decay-every", positive, 1, "epochs between the steps of step, or without improvement of plateau (1)", "N"
        ),
        Option("clip-norm", above_zero, None, "largest norm of the gradient", "X"),
        Option("dropout", share, 0.0, "share of the features before the last layer to drop (0)", "P"),
        Option("label-smoothing", share, 0.0, "share of each label to spread over all classes (0)", "P"),
        Option("early-stopping", positive, None, "stop after N epochs without a better validation loss", "N"),
        Option(
            "gradients", GRADIENTS, "automatic", "by the engine, by nn.handwritten, or both and compared (automatic)"
        ),
        Option("jit", bool, False, "compile each step to C (needs a C compiler; float32)"),
        Option("threads", positive, 1, "threads of a compiled step; each number rounds in its own way (1)", "N"),
        Option("workers", positive, 1, "processes that share each batch, with the same numbers to the bit (1)", "N"),
        Option("seed", whole, 0, "seed of shuffling and everything random (0)", "N"),
    ],
    "initial weights": [
        Option("init", ("sine", "kaiming", "xavier"), "sine", "equation (3), or random"),
        Option("alpha", finite, paper.ALPHA, f"of equation (3) ({paper.ALPHA})", "X"),
        Option("beta", finite, paper.BETA, f"of equation (3) ({paper.BETA})", "X"),
        Option("gamma", finite, paper.GAMMA, f"of equation (3) ({paper.GAMMA})", "X"),
    ],
    "data": [
        Option("dataset", ("mnist", "fashion", "csv"), "mnist", "MNIST, Fashion-MNIST, or your own as csv (mnist)"),
        Option("full", bool, False, "all 60,000 and 10,000 images instead of the first 1,000 and 200"),
        Option("data", str, None, "folder with the IDX files (else --full may download them), or csv file", "PATH"),
        Option("test-data", str, None, "csv file with the test images", "FILE"),
        Option("images", positive, None, "use only the first N training images", "N"),
        Option("test-images", positive, None, "use only the first N test images", "N"),
        Option("test-every", positive, 1, "epochs from one test to the next; the last is tested (1)", "N"),
        Option("validation", not_negative, 0.0, "training images to validate by: N, or a share below 1 (0)", "N"),
        Option("prefetch", count, 0, "processes that prepare the same batches ahead of time (0)", "N"),
    ],
    "augmentation, another for each image and epoch": [
        Option("shift", not_negative, 0.0, "at most so many pixels each way, whole ones if X is whole (0)", "X"),
        Option("rotate", not_negative, 0.0, "at most so many degrees (0)", "X"),
        Option("slant", not_negative, 0.0, "rows sideways, by at most X times their distance from the middle (0)", "X"),
        Option("scale", share, 0.0, "height and width by at most this share, larger or smaller (0)", "X"),
        Option("elastic", not_negative, 0.0, "elastic distortion, alpha of Simard et al., 2003, such as 34 (0)", "X"),
    ],
    "output": [
        Option("out", str, None, "where results go (runs/train-1, -2, ...)", "FOLDER"),
        Option("overwrite", bool, False, "replace results that stand in --out"),
        Option("checkpoint-every", positive, None, "updates between checkpoints (after each epoch only)", "N"),
        Option("plots", bool, True, "draw pictures (where matplotlib is installed)"),
        Option("tensorboard", bool, False, "write a log for TensorBoard, too"),
        Option("quiet", bool, False, "no progress bar"),
    ],
}

OPTIONS: dict[str, Option] = {option.key: option for options in GROUPS.values() for option in options}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, and ``--config``. What is not given is not set."""
    parser.add_argument("--config", metavar="FILE", help="TOML file with options; the command line wins over it")
    parser.add_argument("--resume", metavar="FOLDER", help="go on with the run in this folder, to the bit")
    for title, options in GROUPS.items():
        group = parser.add_argument_group(title)
        for option in options:
            given: dict[str, Any] = {"help": option.help, "default": argparse.SUPPRESS}
            if option.kind is bool:
                given["action"] = argparse.BooleanOptionalAction
            elif isinstance(option.kind, tuple):
                given["choices"] = option.kind
            else:
                given["type"], given["metavar"] = option.kind, option.metavar
            group.add_argument(f"--{option.name}", **given)
