"""What a run must write to be repeated: its settings, the versions it ran on, and fingerprints of its images."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from ..data import Dataset
from .train_setup import Images

__all__ = ["fingerprint", "record_of"]


def record_of(settings: Mapping[str, Any], images: Images) -> dict[str, Any]:
    """Everything that the numbers of a run depend on."""
    sets = {"train": images.train, "validation": images.validation, "test": images.test}
    return {
        "config": dict(settings),
        "python": platform.python_version(),
        "version": version("tinygrad-lists"),
        "platform": platform.platform(),
        "data": {name: fingerprint(data) for name, data in sets.items() if data is not None},
    }


def version(package: str) -> str:
    """Of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Name, size and SHA-256 of the pixels and labels of a dataset, in its order.

    >>> fingerprint(Dataset(b"abc", labels=bytes([0, 1, 2]), rows=1, columns=1))["sha256"][:16]
    '975a0642219b50a7'
    """
    pixels, labels = dataset.stored(range(len(dataset)))
    digest = hashlib.sha256(pixels)
    digest.update(labels)
    shape = [len(dataset), dataset.rows, dataset.columns]
    return {"name": dataset.name, "shape": shape, "sha256": digest.hexdigest()}
