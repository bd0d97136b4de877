"""``tinygrad-lists train``: the paper's experiment (section IV), or one's own with other options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..callbacks import (
    BestWeights,
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    Progress,
    StopOnInterrupt,
    TensorBoardLog,
)
from ..checkpoint import load_checkpoint
from ..compare.training import CheckedTrainer, HandwrittenTrainer
from ..files import write_whole
from ..parallel import PART_SIZE, ParallelTrainer
from ..trainer import Trainer, TrainingError
from .train_options import add_arguments
from .train_output import clear_partial, draw, output_folder, print_table, save
from .train_record import record_of, toml_of
from .train_resume import CHECKPOINT, check_images, resumed_settings
from .train_settings import given_options, settings_of
from .train_setup import (
    Images,
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
    resume = arguments.resume
    if resume and arguments.config:
        raise ValueError("--resume: the run has its settings already; leave out --config")
    settings = resumed_settings(resume, given_options(arguments)) if resume else settings_of(arguments)
    images = load_images(settings)
    if resume:
        check_images(resume, images)
    record = record_of(settings, images)
    trainer = make_trainer(settings, images)
    folder = Path(resume) if resume else output_folder(settings["out"], settings["overwrite"])
    clear_partial(folder)
    write_whole(folder / "run.toml", toml_of(record).encode())
    trainer.callbacks += make_callbacks(settings, folder, record)
    if resume:
        load_checkpoint(trainer, folder / CHECKPOINT)
    error, before = "", trainer.position.updates
    try:
        if not trainer.history.stopped.startswith("early"):
            trainer.fit(make_loader(settings, images.train), images.test, settings["epochs"], images.validation)
    except TrainingError as problem:
        error = str(problem)
    if resume and not error and trainer.position.updates == before:
        print(f"nothing was left to train: the run in {folder} had its {len(trainer.history.epochs)} epochs already")
    return finish(trainer, images, settings, folder, {**record, "error": error})


def make_trainer(settings: Mapping[str, Any], images: Images) -> Trainer:
    """A trainer as the settings want it, without callbacks."""
    model = make_model(settings)
    optimiser = make_optimiser(settings, model)
    updates = updates_an_epoch(settings, make_loader(settings, images.train))
    kind, more = trainer_class(settings)
    return kind(
        model,
        optimiser,
        make_criterion(settings),
        scheduler=make_schedule(settings, optimiser, updates),
        clip_norm=settings["clip_norm"],
        accumulate=settings["accumulate"],
        test_every=settings["test_every"],
        **more,
    )


def trainer_class(settings: Mapping[str, Any]) -> tuple[type[Trainer], dict[str, Any]]:
    """How updates are made: compiled; by hand; or interpreted, by one process or several, with the same numbers."""
    workers, threads = settings["workers"], settings["threads"]
    if settings["gradients"] != "automatic":
        if settings["jit"] or max(workers, threads) > 1:
            raise ValueError("--gradients: by hand they are plain Python; leave out --jit, --threads and --workers")
        kind = CheckedTrainer if settings["gradients"] == "both" else HandwrittenTrainer
        return kind, {"part_size": PART_SIZE}  # the parts of a ParallelTrainer, so that sums are the same
    if not settings["jit"]:
        if threads > 1:
            raise ValueError("--threads: only compiled steps have threads; give --jit, or use --workers")
        return ParallelTrainer, {"workers": workers}
    if workers > 1:
        raise ValueError("--workers: a compiled step is one program in one process; use --threads, or leave out --jit")
    from ..compiled import CompiledTrainer

    return CompiledTrainer, {"threads": threads}


def make_callbacks(settings: Mapping[str, Any], folder: Path, record: Mapping[str, Any]) -> list[Callback]:
    """What watches the training."""
    callbacks: list[Callback] = [StopOnInterrupt(), Progress(settings["quiet"]), CSVLog(folder / "history.csv")]
    if settings["tensorboard"]:
        callbacks.append(TensorBoardLog(folder))
    if settings["validation"]:
        callbacks.append(BestWeights(folder / "best.safetensors"))
    if settings["early_stopping"]:
        callbacks.append(EarlyStopping(settings["early_stopping"]))
    callbacks.append(Checkpoint(folder / CHECKPOINT, settings["checkpoint_every"], record))
    return callbacks


def finish(
    trainer: Trainer, images: Images, settings: Mapping[str, Any], folder: Path, record: Mapping[str, Any]
) -> int:
    """Write and print the results. Returns the exit status."""
    history, error = trainer.history, record["error"]
    final = trainer.evaluation
    if final is None or images.validation is not None or history.interrupted or error:
        final = trainer.evaluate(images.test)  # the weights have moved on since, or it is of other images
    save(folder, trainer.model, history, final, record)
    print_table(history.epochs, settings, len(images.train), len(images.test))
    if settings["plots"]:
        draw(folder, history, images.test, final)
    if images.validation is not None and history.epochs:
        best = min(history.epochs, key=lambda epoch: epoch.validation_loss)
        print(
            f"best.safetensors: epoch {best.number}, validation loss {best.validation_loss:.4f}, validation accuracy "
            f"{best.validation_accuracy:.2%}"
            + (f", test accuracy {best.test_accuracy:.2%}" if best.test_accuracy == best.test_accuracy else "")
        )
    if isinstance(trainer, CheckedTrainer) and trainer.agreement.updates:
        print(trainer.agreement)
    print(f"results in {folder}")
    if error:
        print(f"tinygrad-lists train: {error}", file=sys.stderr)
        return 1
    if history.interrupted:
        print(
            f"stopped by Ctrl-C after {len(history.epochs)} whole epochs; what was learnt is kept, and "
            f"tinygrad-lists train --resume {folder} goes on",
            file=sys.stderr,
        )
        return INTERRUPTED
    if history.stopped:
        print(f"stopped {history.stopped}")
    return 0
