"""Tensors in a file: safetensors, the field's format for tensors without executable content.

Numbers come back as they were, to the bit: float64 (F64), or float32 (F32) if all of a file's floats are float32
already, as those of a compiled training are; ints as I64. A file of ours carries a SHA-256 of its content, so that a
damaged one is known; files of others are read without.

What is read is not trusted. A file larger than what it is read for is refused before it is read, and no list is made
for a shape that was not asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..nested import kind_of

__all__ = ["DESCRIPTION", "MOST_HEADER", "CheckpointError", "Stored", "digest_of", "read_tensors", "write_tensors"]

_CODES = {"F64": "d", "F32": "f", "I64": "q"}
_NAMES = {"d": "float64", "f": "float32", "q": "int64"}

#: Bytes of names, shapes and metadata that are read at most.
MOST_HEADER = 4 << 20

#: The text in the metadata of a file of ours, JSON.
DESCRIPTION = "tinygrad_lists"


class CheckpointError(ValueError):
    """A file of weights or of a training that cannot be used; the message names it and what is wrong."""


@dataclass(frozen=True)
class Stored:
    """A tensor as it stands in a file."""

    shape: tuple[int, ...]
    numbers: array[Any]

    @property
    def kind(self) -> type:
        """int or float."""
        return int if self.numbers.typecode == "q" else float

    def nested(self) -> Any:
        """As number or nested lists."""
        rows: list[Any] = self.numbers.tolist()
        if not self.shape:
            return rows[0]
        for size in reversed(self.shape[1:]):
            count = len(rows) // size if size else prod(self.shape[:-1])
            rows = [rows[i * size : (i + 1) * size] for i in range(count)]
        return rows


def write_tensors(path: str | os.PathLike[str], tensors: Mapping[str, Any], description: Mapping[str, Any]) -> None:
    """Write numbers and nested lists by name, and a description of JSON's types, to one file: whole or not at all.

    Raises CheckpointError for what the format cannot hold: Fractions, say, or ints beyond 64 bits. OSError if it cannot
    be written.
    """
    from safetensors import TensorSpec, serialize

    arrays = {name: _as_array(path, name, data) for name, data in tensors.items()}
    if all(_is_float32(numbers) for numbers, _ in arrays.values()):
        arrays = {n: (a if a.typecode == "q" else array("f", a), shape) for n, (a, shape) in arrays.items()}
    specs = {}
    for name, (numbers, shape) in arrays.items():
        if sys.byteorder == "big":
            numbers.byteswap()
        address, length = numbers.buffer_info()
        dtype = _NAMES[numbers.typecode]
        specs[name] = TensorSpec(dtype=dtype, shape=shape, data_ptr=address, data_len=length * numbers.itemsize)
    contents = ((name, shape, numbers.typecode, numbers.tobytes()) for name, (numbers, shape) in arrays.items())
    text = json.dumps({**description, "sha256": digest_of(contents, description)})
    # One text and not several: the library writes them in an order that changes from run to run.
    write_whole(path, serialize(specs, {DESCRIPTION: text}))


def read_tensors(path: str | os.PathLike[str], most: int) -> tuple[dict[str, Stored], dict[str, Any]]:
    """Tensors and description of a file that holds at most `most` bytes of numbers; those of others have none.

    Raises CheckpointError for a file that is damaged, too large, or of types that are not read. OSError if there is
    none.
    """
    from safetensors import SafetensorError, deserialize

    content = _bounded(path, most + MOST_HEADER)
    if int.from_bytes(content[:8], "little") > MOST_HEADER:
        raise CheckpointError(f"{path} is not a whole safetensors file: its header is too long")
    try:
        entries: list[tuple[str, dict[str, Any]]] = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise CheckpointError(f"{path} is not a whole safetensors file: {error}") from None
    description = _description(path, content)
    tensors, contents = {}, []
    for name, entry in entries:
        code, shape = _CODES.get(entry["dtype"]), tuple(entry["shape"])
        if code is None:
            raise CheckpointError(f"{path}: {name:.80} has type {entry['dtype']}; expected F64, F32 or I64")
        data = bytes(entry["data"])
        numbers: array[Any] = array(code, data)
        contents.append((name, shape, code, data))
        if sys.byteorder == "big":
            numbers.byteswap()
        tensors[name] = Stored(shape, numbers)
    if description and description.pop("sha256", None) != digest_of(contents, description):
        raise CheckpointError(f"{path} is damaged: its content does not have the checksum that it carries")
    return tensors, description


def _bounded(path: str | os.PathLike[str], most: int) -> bytes:
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):  # a pipe would keep us waiting
        raise CheckpointError(f"{path} is not a file")
    if status.st_size > most:
        raise CheckpointError(f"{path} has {status.st_size:,} bytes, more than it can need; that of another model?")
    with Path(path).open("rb") as file:
        return file.read(most)


def _description(path: str | os.PathLike[str], content: bytes) -> dict[str, Any]:
    """What a file of ours says about itself, in the header that `deserialize` has checked and keeps to itself."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        text = (header.get("__metadata__") or {}).get(DESCRIPTION)
        description = {} if text is None else json.loads(text)
    except (ValueError, RecursionError, AttributeError) as error:
        raise CheckpointError(f"{path}: its description is no JSON: {str(error)[:100]}") from None
    if not isinstance(description, dict) or (text is not None and "sha256" not in description):
        raise CheckpointError(f"{path}: its description is {description!r:.60}, without a checksum")
    return description


def digest_of(contents: Iterable[tuple[str, Sequence[int], str, bytes]], description: Mapping[str, Any]) -> str:
    """SHA-256 of everything: names, shapes, types, numbers and the description, each with its length before it."""
    digest = hashlib.sha256()
    for name, shape, code, data in sorted(contents):
        for part in (json.dumps([name, list(shape), code]).encode(), data):
            digest.update(len(part).to_bytes(8, "little") + part)
    digest.update(json.dumps(description).encode())
    return digest.hexdigest()


def _as_array(path: Any, name: str, data: Any) -> tuple[array[Any], list[int]]:
    """Numbers as an array of doubles or of 64-bit ints, and their shape."""
    shape: list[int] = []
    rows = data
    while isinstance(rows, list):
        shape.append(len(rows))
        rows = rows[0] if rows else None
    flat = data if shape else [data]
    for _ in shape[1:]:
        flat = [v for row in flat for v in row]
    kind = kind_of(data)
    if kind not in (int, float):
        raise CheckpointError(f"{path}: {name} holds {kind.__name__}s, and the format knows floats and ints only")
    try:
        return array("q" if kind is int else "d", flat), shape
    except (OverflowError, TypeError) as error:
        raise CheckpointError(f"{path}: {name} cannot be stored: {error}") from None


def _is_float32(numbers: array[Any]) -> bool:
    """Whether float32 holds these floats exactly; ints do not matter."""
    return numbers.typecode == "q" or array("d", array("f", numbers)).tobytes() == numbers.tobytes()
