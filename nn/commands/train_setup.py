"""From settings to what a training needs: images, model, optimiser, schedule, loss."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .. import optim, paper, schedulers
from ..data import DataLoader, Dataset, mnist
from ..layers import Dropout, Sequential
from ..losses import CrossEntropyLoss
from ..optim import Optimizer

__all__ = [
    "Images",
    "load_images",
    "make_criterion",
    "make_loader",
    "make_model",
    "make_optimiser",
    "make_schedule",
    "updates_an_epoch",
]

OPTIMISERS: dict[str, Any] = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "rmsprop": optim.RMSprop,
    "adagrad": optim.Adagrad,
    "lion": optim.Lion,
}


@dataclass(frozen=True)
class Images:
    """Images to train on, to decide by (or None), and to report."""

    train: Dataset
    validation: Dataset | None
    test: Dataset


def load_images(settings: Mapping[str, Any]) -> Images:
    """The images that the settings ask for. ValueError if there are not that many."""
    subset: Literal["paper"] | None = None if settings["full"] else "paper"
    folder, quiet = settings["data"], settings["quiet"]
    train = _first(mnist.load("train", subset=subset, folder=folder, quiet=quiet), settings["images"])
    test = _first(mnist.load("test", subset=subset, folder=folder, quiet=quiet), settings["test_images"])
    asked = settings["validation"]
    kept = round(asked * len(train)) if asked < 1 else int(asked)
    if kept != asked and asked >= 1:
        raise ValueError(f"--validation: {asked} images; give a whole number, or a share below 1")
    if asked and not 0 < kept < len(train):
        raise ValueError(f"--validation: {asked:g} of {len(train)} images leaves none to train on, or none to validate")
    if settings["early_stopping"] and not kept:
        raise ValueError("--early-stopping: it decides by the validation loss; give --validation too")
    if not kept:
        return Images(train, None, test)
    return Images(train[: len(train) - kept], train[len(train) - kept :], test)


def _first(dataset: Dataset, count: int | None) -> Dataset:
    if count is not None and count > len(dataset):
        raise ValueError(f"{count} images asked for, but {dataset.name} has {len(dataset)}")
    return dataset if count is None else dataset[:count]


def make_model(settings: Mapping[str, Any]) -> Sequential:
    """The paper's network with its first weights, and with dropout before its last layer if that is asked for."""
    seed = settings["seed"]
    model = paper.network(random.Random(seed))
    paper.initialise(model, settings["init"], settings["alpha"], settings["beta"], settings["gamma"], seed)
    if not settings["dropout"]:
        return model
    *before, last = model
    return Sequential(*before, Dropout(settings["dropout"], random.Random(f"dropout {seed}")), last)


def make_loader(settings: Mapping[str, Any], train: Dataset) -> DataLoader:
    """Batches in an order of the seed's."""
    return DataLoader(train, settings["batch_size"], shuffle=True, seed=settings["seed"])


def make_criterion(settings: Mapping[str, Any]) -> CrossEntropyLoss:
    """Cross-entropy."""
    return CrossEntropyLoss(label_smoothing=settings["label_smoothing"])


def make_optimiser(settings: Mapping[str, Any], model: Sequential) -> Optimizer:
    """The optimiser. ValueError for a momentum that it has not."""
    name = settings["optimiser"]
    given = {"lr": settings["lr"], "weight_decay": settings["weight_decay"]}
    if name in ("sgd", "rmsprop"):
        given["momentum"] = settings["momentum"]
    elif settings["momentum"]:
        raise ValueError(f"--momentum: {name} has none to set; leave it out, or use sgd or rmsprop")
    optimiser: Optimizer = OPTIMISERS[name](model.parameters(), **given)
    return optimiser


def make_schedule(
    settings: Mapping[str, Any], optimiser: Optimizer, updates_an_epoch: int
) -> schedulers.Scheduler | schedulers.ReduceLROnPlateau | None:
    """The schedule, in updates; a warm-up comes before it and is part of the whole."""
    name, warmup = settings["schedule"], settings["warmup"]
    total: int = settings["epochs"] * updates_an_epoch
    if warmup and (name in ("plateau", "one-cycle") or warmup >= total):
        raise ValueError(
            "--warmup: one-cycle warms up by itself, and plateau cannot; use another --schedule"
            if name in ("plateau", "one-cycle")
            else f"--warmup: {warmup} updates, but the whole training has {total}"
        )
    every, decay = settings["decay_every"], settings["decay"]
    main: schedulers.Scheduler | None = None
    if name == "plateau":
        return schedulers.ReduceLROnPlateau(optimiser, factor=decay, patience=every)
    if name == "step":
        main = schedulers.StepLR(optimiser, every * updates_an_epoch, decay)
    elif name == "exponential":
        main = schedulers.ExponentialLR(optimiser, decay ** (1 / updates_an_epoch))
    elif name == "cosine":
        main = schedulers.CosineAnnealingLR(optimiser, total - warmup)
    elif name == "one-cycle":
        momentum = "betas" in optimiser.param_groups[0] or bool(settings["momentum"])
        # One more, since the rate is set once more after the last update.
        main = schedulers.OneCycleLR(optimiser, settings["lr"], total + 1, cycle_momentum=momentum)
    if not warmup:
        return main
    rising = schedulers.LinearLR(optimiser, start_factor=1 / (warmup + 1), total_iters=warmup)
    if main is None:
        return rising
    return schedulers.SequentialLR(optimiser, [rising, main], milestones=[warmup])


def updates_an_epoch(settings: Mapping[str, Any], loader: DataLoader) -> int:
    """How many updates of the model an epoch makes."""
    batches: int = settings["accumulate"]
    return -(-len(loader) // batches)
