"""Small trainings for the tests: few pixels, few images, everything that a real one has."""

from __future__ import annotations

import random
import shutil
from typing import Any

import pytest

import nn
from nn.data import DataLoader, Dataset

__all__ = ["digits", "loader", "needs_compiler", "network", "state", "trainer", "with_compiled"]

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler (cc, gcc or clang)"
)


#: Both ways to train.
with_compiled = pytest.mark.parametrize(
    "kind", [nn.Trainer, pytest.param(nn.CompiledTrainer, marks=needs_compiler)], ids=["interpreted", "compiled"]
)


def digits(count: int = 22, seed: int = 0) -> Dataset:
    """Images of 3 x 3 pixels in 3 classes, of which the brightest row tells the class."""
    rng = random.Random(seed)
    labels = [rng.randrange(3) for _ in range(count)]
    pixels = [rng.randrange(100) + 120 * (row == label) for label in labels for row in range(3) for _ in range(3)]
    return Dataset(bytes(pixels), bytes(labels), 3, 3, 3, "small")


def network(dropout: float = 0.25, norm: bool = True, seed: int = 1) -> nn.Sequential:
    """Dense layers with dropout and batch normalisation between them."""
    rng = random.Random(seed)
    middle: list[nn.Module] = [nn.BatchNorm1d(5)] if norm else []
    last = nn.Dense(5, 3, rng=rng)
    return nn.Sequential(nn.Flatten(), nn.Dense(9, 5, rng=rng), *middle, nn.Tanh(), nn.Dropout(dropout, rng), last)


def trainer(kind: type[nn.Trainer] = nn.Trainer, model: nn.Module | None = None, **settings: Any) -> nn.Trainer:
    """AdamW under a cosine schedule, unless `settings` say otherwise."""
    model = model if model is not None else network()
    optimiser = settings.pop("optimiser", None) or nn.optim.AdamW(model.parameters(), 0.02)
    if "scheduler" not in settings:
        settings["scheduler"] = nn.schedulers.CosineAnnealingLR(optimiser, 24)
    return kind(model, optimiser, nn.CrossEntropyLoss(), settings.pop("callbacks", ()), **settings)


def loader(count: int = 22, batch_size: int = 4) -> DataLoader:
    return DataLoader(digits(count), batch_size, shuffle=True, seed=3)


def state(trainer: nn.Trainer) -> dict[str, Any]:
    """Everything that two runs must agree on, to the bit."""
    epochs = [{k: repr(v) for k, v in vars(e).items() if "second" not in k} for e in trainer.history.epochs]
    place = {k: repr(v) for k, v in vars(trainer.position).items() if k != "seconds"}
    schedule = trainer.scheduler.state_dict() if trainer.scheduler is not None else None
    return {
        "model": trainer.model.state_dict(),
        "optimiser": trainer.optimiser.state_dict(),
        "scheduler": schedule,
        "epochs": epochs,
        "position": place,
    }
