"""A model's numbers in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

from tinygrad_lists import Value

from ..checks import check_kind, check_path
from ..module import Module
from ..nested import kind_of
from .tensors import CheckpointError, Stored, read_tensors, write_tensors

__all__ = ["as_state", "load_weights", "save_weights", "values_of"]

M = TypeVar("M", bound=Module)


def save_weights(model: Module, path: str | os.PathLike[str]) -> None:
    """Write all parameters and buffers as safetensors, whole or not at all.

    Numbers are stored exactly: as float64, or as float32 if all of them are float32 already; ints as int64.

    Raises CheckpointError for a model of other kinds of numbers, such as Fractions. OSError if it cannot be written.

    >>> import nn, tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "w.safetensors")
    ...     save_weights(nn.Dense(2, 1), path)
    ...     model = load_weights(nn.Dense(2, 1), path)
    >>> model.weight.shape
    (2, 1)
    """
    check_kind("save_weights", "model", model, Module, "a Module")
    write_tensors(check_path("save_weights", "path", path), model.state_dict(), {"format": "weights 1"})


def load_weights(model: M, path: str | os.PathLike[str]) -> M:
    """Read weights written by `save_weights`, or any safetensors file with the model's names and shapes in F64 or F32.
    Returns the model.

    Raises CheckpointError for a damaged or foreign file; the model is unchanged then.
    """
    check_kind("load_weights", "model", model, Module, "a Module")
    path = check_path("load_weights", "path", path)
    values = values_of(model)
    tensors, _ = read_tensors(path, sum(8 * value.size for value in values.values()))
    try:
        return model.load_state_dict(as_state(tensors, values))
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"load_weights: {path}: {error.args[0]}") from None


def values_of(model: Module) -> dict[str, Value]:
    """Parameters and buffers by name."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def as_state(tensors: Mapping[str, Stored], wanted: Mapping[str, Value]) -> dict[str, Any]:
    """The state that `tensors` are, for Values of these names, shapes and kinds. ValueError for anything else."""
    missing, unknown = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    if missing or unknown:
        raise ValueError(f"missing {_some(missing)}, unknown {_some(unknown)}; the state of another model?")
    for name, value in wanted.items():
        stored = tensors[name]
        if stored.shape != value.shape:  # before lists are made: a shape such as (10**12, 0) takes no bytes in a file
            raise ValueError(f"{name} has shape {stored.shape}, the model wants {value.shape}")
        if stored.kind is int and kind_of(value.data) is not int:
            raise ValueError(f"{name} has type I64, and the model holds floats")
    return {name: tensors[name].nested() for name in wanted}


def _some(names: list[str]) -> str:
    shown = ", ".join(f"{name:.40}" for name in names[:8]) or "nothing"
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
