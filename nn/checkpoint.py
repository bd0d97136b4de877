"""Weights in files: safetensors, the field's format for tensors without executable content."""

from __future__ import annotations

import math
import os
import sys
from array import array
from pathlib import Path
from typing import Any, TypeVar

from .files import write_whole
from .module import Module

__all__ = ["CheckpointError", "load_weights", "save_weights"]

M = TypeVar("M", bound=Module)

_TYPES = {"F64": "d", "F32": "f"}


class CheckpointError(ValueError):
    """A file of weights that cannot be used; the message names it and what is wrong."""


def save_weights(model: Module, path: str | os.PathLike[str]) -> None:
    """Write all parameters and buffers as float64 safetensors, whole or not at all.

    >>> import nn, tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "w.safetensors")
    ...     save_weights(nn.Dense(2, 1), path)
    ...     model = load_weights(nn.Dense(2, 1), path)
    >>> model.weight.shape
    (2, 1)
    """
    from safetensors import TensorSpec, serialize

    tensors, alive = {}, []
    for name, data in model.state_dict().items():
        flat, shape = _flat(data)
        numbers = array("d", flat)
        if sys.byteorder == "big":
            numbers.byteswap()
        alive.append(numbers)  # serialize reads their memory
        address, length = numbers.buffer_info()
        tensors[name] = TensorSpec(dtype="float64", shape=shape, data_ptr=address, data_len=length * numbers.itemsize)
    write_whole(path, serialize(tensors, {"format": "tinygrad_lists"}))


def load_weights(model: M, path: str | os.PathLike[str]) -> M:
    """Read weights written by `save_weights` (or any safetensors file with the model's names and shapes). Returns the
    model.

    Raises CheckpointError for a damaged or foreign file; the model is unchanged then.
    """
    from safetensors import SafetensorError, deserialize

    try:
        entries: list[tuple[str, dict[str, Any]]] = deserialize(Path(path).read_bytes())  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise CheckpointError(f"load_weights: {path} is not a whole safetensors file: {error}") from None
    state: dict[str, Any] = {}
    for name, entry in entries:
        code = _TYPES.get(entry["dtype"])
        if code is None:
            raise CheckpointError(f"load_weights: {path}: {name} has type {entry['dtype']}; expected F64 or F32")
        numbers: array[float] = array(code, bytes(entry["data"]))
        if sys.byteorder == "big":
            numbers.byteswap()
        state[name] = _nested(numbers.tolist(), list(entry["shape"]))
    try:
        return model.load_state_dict(state)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"load_weights: {path}: {error.args[0]}") from None


def _flat(data: Any) -> tuple[list[float], list[int]]:
    shape: list[int] = []
    rows = data
    while isinstance(rows, list):
        shape.append(len(rows))
        rows = rows[0] if rows else None
    flat = data if shape else [data]
    for _ in shape[1:]:
        flat = [v for row in flat for v in row]
    return flat, shape


def _nested(flat: list[float], shape: list[int]) -> Any:
    if not shape:
        return flat[0]
    rows: list[Any] = flat
    for size in reversed(shape[1:]):
        count = len(rows) // size if size else math.prod(shape[:-1])
        rows = [rows[i * size : (i + 1) * size] for i in range(count)]
    return rows
