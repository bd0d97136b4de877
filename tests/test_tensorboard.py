"""The log for TensorBoard, read back by a parser of its own, and by TensorBoard's where that is installed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from training_tools import (
    digits,
    loader,
    trainer,
)

from nn.callbacks import TensorBoardLog
from nn.callbacks.tensorboard import crc32c
from nn.cli import main


def castagnoli(data: bytes) -> int:
    """The checksum by its definition: the remainder of a polynomial over two elements, bit by bit."""
    bits = 0
    for byte in data:
        bits = bits << 8 | int(f"{byte:08b}"[::-1], 2)
    bits = (bits << 32) ^ (0xFFFFFFFF << (8 * len(data)))
    while bits.bit_length() > 32:
        bits ^= 0x11EDC6F41 << (bits.bit_length() - 33)
    return int(f"{bits ^ 0xFFFFFFFF:032b}"[::-1], 2)


def records(content: bytes) -> list[bytes]:
    """The records of a file, with their checksums checked."""

    def check(data: bytes, stored: bytes) -> None:
        crc = castagnoli(data)
        masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32
        assert struct.unpack("<I", stored) == (masked,)

    found = []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        check(content[:8], content[8:12])
        data, rest = content[12 : 12 + length], content[12 + length :]
        check(data, rest[:4])
        found.append(data)
        content = rest[4:]
    return found


def fields(message: bytes) -> list[tuple[int, Any]]:
    """(number, value) of the fields of a protobuf message: ints, bytes, and floats of 4 or 8 bytes."""

    def varint(place: int) -> tuple[int, int]:
        number = shift = 0
        while True:
            byte = message[place]
            number |= (byte & 127) << shift
            place, shift = place + 1, shift + 7
            if byte < 128:
                return number, place

    found: list[tuple[int, Any]] = []
    place = 0
    while place < len(message):
        key, place = varint(place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = varint(place)
            found.append((number, value))
        elif kind == 1:
            found.append((number, struct.unpack("<d", message[place : place + 8])[0]))
            place += 8
        elif kind == 2:
            length, place = varint(place)
            found.append((number, message[place : place + length]))
            place += length
        else:
            assert kind == 5
            found.append((number, struct.unpack("<f", message[place : place + 4])[0]))
            place += 4
    return found


def events(path: Path) -> list[dict[str, Any]]:
    found = []
    for message in records(path.read_bytes()):
        event: dict[str, Any] = {}
        for number, value in fields(message):
            if number == 5:
                for _, inner in fields(value):
                    tag = dict(fields(inner))
                    event.setdefault("scalars", {})[tag[1].decode()] = tag[2]
            else:
                event[{1: "time", 2: "step", 3: "version", 7: "session"}[number]] = value
        found.append(event)
    return found


def test_both_checksums_are_the_standards() -> None:
    """RFC 3720, appendix B.4, and the catalogue's check value."""
    vectors = {
        b"123456789": 0xE3069283,
        bytes(32): 0x8A9136AA,
        b"\xff" * 32: 0x62A8AB43,
        bytes(range(32)): 0x46DD794E,
        b"": 0,
    }
    for data, value in vectors.items():
        assert crc32c(data) == castagnoli(data) == value


def test_a_log_holds_updates_and_epochs(tmp_path: Path) -> None:
    run = trainer(callbacks=[TensorBoardLog(tmp_path, every=2)])
    run.fit(loader(), digits(5, 1), epochs=2)
    (path,) = tmp_path.iterdir()
    first, start, *rest = events(path)
    assert first["version"] == b"brain.Event:2"
    assert start["step"] == 1
    updates = [event for event in rest if "update/loss" in event["scalars"]]
    epochs = [event for event in rest if "epoch/loss" in event["scalars"]]
    assert [event["step"] for event in updates] == [2, 4, 6, 8, 10, 12]
    assert [event["step"] for event in epochs] == [6, 12]
    assert set(updates[0]["scalars"]) == {"update/loss", "update/gradient_norm", "update/learning_rate"}
    for event, epoch in zip(epochs, run.history.epochs, strict=True):
        scalars = event["scalars"]
        assert scalars["epoch/test_loss"] == pytest.approx(epoch.test_loss, rel=1e-6)
        assert scalars["epoch/train_accuracy"] == pytest.approx(epoch.train_accuracy, rel=1e-6)
        assert "epoch/validation_loss" not in scalars
    times = [event["time"] for event in [first, *rest]]
    assert times == sorted(times)
    assert 1.7e9 < times[0] < 1e10


def test_a_training_that_goes_on_voids_later_steps_of_the_first_file(tmp_path: Path) -> None:
    run = trainer(callbacks=[TensorBoardLog(tmp_path, every=1)])
    run.fit(loader(8), epochs=1)
    run.fit(loader(8), epochs=2)
    first, second = (events(path) for path in sorted(tmp_path.iterdir()))
    assert [event["step"] for event in first if "session" in event] == [1]
    assert second[1]["step"] == 3
    assert dict(fields(second[1]["session"])) == {1: 1}
    assert [event["step"] for event in second[2:]] == [3, 4, 4]


def test_the_command_writes_one(tmp_path: Path) -> None:
    recipe = ["train", "--images", "8", "--test-images", "2", "--epochs", "1", "--quiet", "--no-plots"]
    assert main([*recipe, "--tensorboard", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("events.out.tfevents.*")
    assert "epoch/test_accuracy" in events(path)[-1]["scalars"]


def test_tensorboard_reads_it(tmp_path: Path) -> None:
    """Its own reader, with the later steps of the first file forgotten."""
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard is an optional oracle"
    )
    first = trainer(callbacks=[TensorBoardLog(tmp_path, every=1)])
    first.fit(loader(8), epochs=2)
    again = trainer(callbacks=[TensorBoardLog(tmp_path, every=1)])
    again.fit(loader(8), epochs=1)
    again.fit(loader(8), epochs=3)
    log = reader.EventAccumulator(str(tmp_path), size_guidance={reader.SCALARS: 0}, purge_orphaned_data=True)
    log.Reload()
    assert "update/loss" in log.Tags()["scalars"]
    assert [event.step for event in log.Scalars("update/loss")] == [1, 2, 3, 4, 5, 6]
    last = log.Scalars("epoch/loss")[-1]
    assert last.value == pytest.approx(again.history.epochs[-1].loss, rel=1e-6)


def test_every_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="every is 0"):
        TensorBoardLog(tmp_path, every=0)
