"""``tinygrad-lists train --resume FOLDER``: the settings of the run, and the proof that it is the same run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..checkpoint import read_extra
from .train_options import OPTIONS
from .train_record import fingerprints
from .train_settings import checked, defaults
from .train_setup import Images

__all__ = ["CHECKPOINT", "check_images", "resumed_settings"]

CHECKPOINT = "checkpoint.safetensors"

#: Options that change no number of a run: how it looks, how fast it goes, where its images lie.
FREE = {"quiet", "plots", "checkpoint_every", "data", "epochs", "workers", "prefetch"}

#: Schedules that do not depend on how long the training will be.
ENDLESS = ("constant", "step", "exponential", "plateau")


def resumed_settings(folder: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the run in a folder, with those few of the command line that change no number so far.

    Raises ValueError for an option that would make it another run; CheckpointError for a damaged checkpoint. OSError if
    there is none.
    """
    path = Path(folder, CHECKPOINT)
    if not path.exists():
        raise FileNotFoundError(f"--resume: {folder} holds no {CHECKPOINT}; there is nothing to go on from")
    config = read_extra(path).get("config")
    if not isinstance(config, dict) or not set(config) <= set(OPTIONS):
        raise ValueError(f"{path}: it was not made by this command, or by another version of it")
    usual = defaults()
    saved = {
        key: value if value is None and usual[key] is None else checked(OPTIONS[key], value, str(path))
        for key, value in config.items()
    }
    settings = {**usual, **saved, "out": folder, "overwrite": False}
    for key, value in given.items():
        name, was = OPTIONS[key].name, settings[key]
        if value == was:
            continue
        if key not in FREE:
            raise ValueError(f"--resume: the run has --{name} {was}; another one would make it another run")
        if key == "epochs" and settings["schedule"] not in ENDLESS:
            raise ValueError(f"--resume: the {settings['schedule']} schedule was made for {was} epochs; keep --epochs")
        settings[key] = value
    return settings


def check_images(folder: str, images: Images) -> None:
    """Raise ValueError if the images are not those with which the run in a folder began."""
    before = read_extra(Path(folder, CHECKPOINT)).get("data")
    if before != fingerprints(images):
        raise ValueError(f"--resume: the images are not those with which the run in {folder} began; give their --data")
