"""A log that TensorBoard reads, written without TensorFlow or protobuf.

The file is a row of records (TensorFlow's ``record_writer.h``):

    uint64 length | uint32 masked CRC-32C of the length | data | uint32 masked CRC-32C of the data

and each piece of data is an Event (``event.proto``), of which a scalar needs five fields: wall time, step, and in a
summary its tag and its number.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import asdict
from functools import lru_cache
from typing import BinaryIO

from ..checks import check_path, check_size
from ..results import Epoch, Step
from ..trainer import Trainer
from .base import Callback

__all__ = ["TensorBoardLog", "crc32c", "record", "scalars", "session_start"]


class TensorBoardLog(Callback):
    """Loss, gradient norm and rate of the updates, and all measures of the epochs, for ``tensorboard --logdir FOLDER``.

    A training that goes on, or is begun anew, writes another file beside the first. It begins with a mark that lets
    TensorBoard forget what others have of later steps.

    Args:
        folder: where the file goes; made if it is not there.
        every: log each so many updates.

    Raises:
        ValueError: `every` below 1. TypeError: a path or number that is none.
    """

    def __init__(self, folder: str | os.PathLike[str], every: int = 10) -> None:
        op = "TensorBoardLog"
        self.folder, self.every = check_path(op, "folder", folder), check_size(op, "every", every)
        self._file: BinaryIO | None = None

    def on_start(self, trainer: Trainer) -> None:
        """Open a new file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = (self.folder / f"events.out.tfevents.{time.time_ns()}.{os.getpid()}").open("wb")
        now = time.time()
        self._file.write(record(_double(1, now) + _bytes(3, b"brain.Event:2")))
        self._file.write(record(session_start(now, trainer.position.updates + 1)))
        self._file.flush()

    def on_update(self, trainer: Trainer, step: Step) -> None:
        """Some of the updates."""
        updates = trainer.position.updates
        if updates % self.every == 0:
            rate = trainer.optimiser.param_groups[0]["lr"]
            numbers = {"loss": step.loss, "gradient_norm": step.norm, "learning_rate": rate}
            self._write(updates, {f"update/{name}": number for name, number in numbers.items()})

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """All that was measured, at the update that ended the epoch."""
        measured = {f"epoch/{name}": v for name, v in asdict(epoch).items() if name != "number" and v == v}
        self._write(trainer.position.updates, measured)
        if self._file is not None:
            self._file.flush()

    def on_end(self, trainer: Trainer) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, step: int, numbers: dict[str, float]) -> None:
        if self._file is not None:
            self._file.write(record(scalars(time.time(), step, numbers)))


def scalars(now: float, step: int, numbers: dict[str, float]) -> bytes:
    """An Event with a summary of numbers by tag."""
    values = b"".join(
        _bytes(1, _bytes(1, tag.encode()) + _key(2, 5) + struct.pack("<f", number)) for tag, number in numbers.items()
    )
    return _double(1, now) + _key(2, 0) + _varint(step) + _bytes(5, values)


def session_start(now: float, step: int) -> bytes:
    """An Event that says: from this step on, what other files have is void."""
    return _double(1, now) + _key(2, 0) + _varint(step) + _bytes(7, _key(1, 0) + _varint(1))


def record(data: bytes) -> bytes:
    """Data with its length and both checksums."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), as in RFC 3720.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@lru_cache(maxsize=1)
def _table() -> list[int]:
    """The remainder of each byte."""
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


def _masked(data: bytes) -> int:
    """Turned and moved, so that the checksum of data with checksums in it is none of theirs."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


# -- protobuf's wire format ----------


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first.

    >>> _varint(300).hex()
    'ac02'
    """
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, 2) + _varint(len(content)) + content


def _double(field: int, number: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", number)
