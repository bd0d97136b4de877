"""What a run must write to be repeated: its settings, the versions it ran on, and fingerprints of its images."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from ..data import Dataset
from .train_settings import as_toml
from .train_setup import Images

__all__ = ["fingerprint", "fingerprints", "record_of", "toml_of"]


def record_of(settings: Mapping[str, Any], images: Images) -> dict[str, Any]:
    """Everything that the numbers of a run depend on."""
    return {
        "config": dict(settings),
        "python": platform.python_version(),
        "version": version("tinygrad-lists"),
        "platform": platform.platform(),
        "data": fingerprints(images),
    }


def toml_of(record: Mapping[str, Any]) -> str:
    """The record as a file that ``train --config`` reads: what cannot be set is comment."""
    lines = [
        "# tinygrad-lists train --config THIS_FILE does the same again.",
        f"# tinygrad-lists {record['version']}, Python {record['python']}, {record['platform']}",
    ]
    for use, data in record["data"].items():
        lines.append(f"# {use}: {data['name']}, {' x '.join(map(str, data['shape']))}, sha256 {data['sha256']}")
    settings = {key: value for key, value in record["config"].items() if key not in ("out", "overwrite")}
    return "\n".join([*lines, "", as_toml(settings)])


def fingerprints(images: Images) -> dict[str, Any]:
    """Of every set of images in use."""
    sets = {"train": images.train, "validation": images.validation, "test": images.test}
    return {use: fingerprint(data) for use, data in sets.items() if data is not None}


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
