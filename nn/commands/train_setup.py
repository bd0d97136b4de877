"""From settings to what a training needs: images, model, optimiser, schedule, loss."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .. import optim, paper, schedulers
from ..data import DataLoader, Dataset, augmentation, csv, fashion_mnist, mnist, split
from ..data.source import Split
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

SPLITS: tuple[Split, Split] = ("train", "test")

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
    train, test = _sets(settings)
    train, test = _first(train, settings["images"]), _first(test, settings["test_images"])
    asked = settings["validation"]
    if settings["early_stopping"] and not asked:
        raise ValueError("--early-stopping: it decides by the validation loss; give --validation too")
    if not asked:
        return Images(train, None, test)
    if asked >= 1 and asked != int(asked):
        raise ValueError(f"--validation: {asked} images; give a whole number, or a share below 1")
    kept = split(train, int(asked) if asked >= 1 else asked, settings["seed"], stratified=True)
    return Images(*kept, test)


def _sets(settings: Mapping[str, Any]) -> tuple[Dataset, Dataset]:
    """Training and test images."""
    name, path, full, quiet = (settings[key] for key in ("dataset", "data", "full", "quiet"))
    if name == "csv":
        if path is None or settings["test_data"] is None:
            raise ValueError("--dataset csv: name the files, by --data FILE and --test-data FILE")
        return csv.load(path), csv.load(settings["test_data"])
    if settings["test_data"] is not None:
        raise ValueError(f"--test-data: {name} has its test images in the folder of --data; leave it out")
    if name == "fashion":
        limits = (None, None) if full else (mnist.PAPER_SUBSET["train"], mnist.PAPER_SUBSET["test"])
        train, test = (fashion_mnist.load(s, path, n, quiet=quiet) for s, n in zip(SPLITS, limits, strict=True))
        return train, test
    subset: Literal["paper"] | None = None if full else "paper"
    train, test = (mnist.load(s, subset=subset, folder=path, quiet=quiet) for s in SPLITS)
    return train, test


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
    """Batches in an order of the seed's, augmented."""
    seed = settings["seed"]
    return DataLoader(
        train,
        settings["batch_size"],
        shuffle=True,
        seed=seed,
        augment=make_augmentation(settings),
        workers=settings["prefetch"],
    )


def make_augmentation(settings: Mapping[str, Any]) -> augmentation.Augmentation | None:
    """What is done to each image anew in each epoch; None if nothing is."""
    scale, parts = settings["scale"], list[augmentation.Augmentation]()
    if settings["rotate"]:
        parts.append(augmentation.Rotation(settings["rotate"]))
    if settings["slant"]:
        parts.append(augmentation.Shear(settings["slant"]))
    if scale:
        parts.append(augmentation.Scale(1 - scale, 1 + scale, each_axis=True))
    if settings["elastic"]:
        parts.append(augmentation.Elastic(settings["elastic"]))
    if settings["shift"]:
        parts.append(augmentation.Shift(settings["shift"], subpixel=settings["shift"] % 1 != 0))
    return augmentation.Compose(*parts, seed=settings["seed"]) if parts else None


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
