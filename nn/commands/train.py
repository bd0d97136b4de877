"""``tinygrad-lists train``: the paper's experiment (section IV), or one's own with other options."""

from __future__ import annotations

import argparse
import sys

from ..callbacks import Callback, CSVLog, EarlyStopping, Progress, StopOnInterrupt
from ..trainer import Trainer, TrainingError
from .train_options import add_arguments, settings_of
from .train_output import draw, output_folder, print_table, save
from .train_record import record_of
from .train_setup import (
    load_images,
    make_criterion,
    make_loader,
    make_model,
    make_optimiser,
    make_schedule,
    updates_an_epoch,
)

__all__ = ["add_arguments", "run"]

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


def run(arguments: argparse.Namespace) -> int:
    """Train, print table I, leave history, weights and figures in a folder. Returns the exit status."""
    settings = settings_of(arguments)
    images = load_images(settings)
    model = make_model(settings)
    optimiser = make_optimiser(settings, model)
    loader = make_loader(settings, images.train)
    schedule = make_schedule(settings, optimiser, updates_an_epoch(settings, loader))
    folder = output_folder(settings["out"], settings["overwrite"])
    callbacks: list[Callback] = [StopOnInterrupt(), Progress(settings["quiet"]), CSVLog(folder / "history.csv")]
    if settings["early_stopping"]:
        callbacks.append(EarlyStopping(settings["early_stopping"]))
    trainer = trainer_class(settings["jit"])(
        model,
        optimiser,
        make_criterion(settings),
        callbacks,
        scheduler=schedule,
        clip_norm=settings["clip_norm"],
        accumulate=settings["accumulate"],
    )
    error = ""
    try:
        trainer.fit(loader, images.test, settings["epochs"], images.validation)
    except TrainingError as problem:
        error = str(problem)
    history = trainer.history
    final = trainer.evaluation
    if final is None or images.validation is not None or history.interrupted or error:
        final = trainer.evaluate(images.test)  # the weights have moved on since, or it is of other images
    save(folder, model, history, final, record_of(settings, images) | {"error": error})
    print_table(history.epochs, settings, len(images.train), len(images.test))
    if settings["plots"]:
        draw(folder, history, images.test, final)
    print(f"results in {folder}")
    if error:
        print(f"tinygrad-lists train: {error}", file=sys.stderr)
        return 1
    if history.interrupted:
        print(f"stopped by Ctrl-C after {len(history.epochs)} whole epochs; what was learnt is kept", file=sys.stderr)
        return INTERRUPTED
    if history.stopped:
        print(f"stopped {history.stopped}")
    return 0


def trainer_class(compiled: bool) -> type[Trainer]:
    """How updates are made."""
    if not compiled:
        return Trainer
    from ..compiled import CompiledTrainer

    return CompiledTrainer
