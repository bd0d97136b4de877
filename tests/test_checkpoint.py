"""Checkpoints: the same run to the bit, and nothing but a clear error from a file that is damaged or hostile."""

from __future__ import annotations

import json
import os
import random
import re
import struct
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from nn_tools import close, flat, torch_or_skip
from training_tools import (
    digits,
    loader,
    network,
    state,
    trainer,
    with_compiled,
)

import nn
from nn.callbacks import BestWeights, Checkpoint, EarlyStopping
from nn.checkpoint import CheckpointError, load_checkpoint, load_weights, read_extra, save_checkpoint, save_weights
from nn.checkpoint.tensors import DESCRIPTION, MOST_HEADER, digest_of, read_tensors, write_tensors
from nn.trainer import Trainer
from tinygrad_lists import Value


class Stop(Exception):
    """As a crash would."""


class CrashAfter(nn.callbacks.Callback):
    """Breaks off after so many updates."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_update(self, trainer: Trainer, step: Any) -> None:
        if trainer.position.updates == self.updates:
            raise Stop


# -- the same run ----------


@with_compiled
@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize("crash", [1, 6, 9, 13])
def test_a_resumed_run_is_the_unbroken_one_to_the_bit(
    kind: type[Trainer], every: int, crash: int, tmp_path: Path
) -> None:
    """With dropout, running statistics, averages, a schedule, clipping, accumulation and early stopping."""
    path = tmp_path / "training.safetensors"
    settings: dict[str, Any] = {"clip_norm": 0.4, "accumulate": 2}
    data = {"test": digits(5, 1), "epochs": 5, "validation": digits(6, 2)}
    unbroken = trainer(kind, callbacks=[EarlyStopping(3)], **settings)
    unbroken.fit(loader(), **data)
    broken = trainer(kind, callbacks=[EarlyStopping(3), Checkpoint(path, every), CrashAfter(crash)], **settings)
    with pytest.raises(Stop):
        broken.fit(loader(), **data)
    resumed = trainer(kind, network(seed=9), callbacks=[EarlyStopping(3), Checkpoint(path, every)], **settings)
    load_checkpoint(resumed, path)
    assert resumed.position.updates == max(crash // every * every, crash // 3 * 3 if crash % 3 else crash - 3)
    resumed.fit(loader(), **data)
    assert state(resumed) == state(unbroken)
    # What the checkpoint holds is what the training is.
    again = trainer(kind, network(seed=9), callbacks=[EarlyStopping(3)], **settings)
    load_checkpoint(again, path)
    assert state(again) == state(unbroken)


def optimisers() -> dict[str, Callable[[Any], nn.optim.Optimizer]]:
    return {
        "sgd": lambda p: nn.optim.SGD(p, 0.1),
        "nesterov": lambda p: nn.optim.SGD(p, 0.1, 0.9, True, 0.1),
        "lion": lambda p: nn.optim.Lion(p, 0.01, weight_decay=0.1),
        "adagrad": lambda p: nn.optim.Adagrad(p, 0.1, 0.1),
        "rmsprop": lambda p: nn.optim.RMSprop(p, 0.01, momentum=0.5, centered=True),
        "amsgrad": lambda p: nn.optim.Adam(p, 0.05, amsgrad=True),
        "groups": lambda p: nn.optim.AdamW([{"params": p[:2]}, {"params": p[2:], "lr": 0.01}], lr=0.1),
    }


def schedules() -> list[Callable[[Any], Any]]:
    s = nn.schedulers
    return [
        lambda o: s.OneCycleLR(o, 0.1, 40, cycle_momentum=False),
        lambda o: s.ReduceLROnPlateau(o, factor=0.5, patience=1, threshold=0.5),
        lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.2, 1.0, 3), s.StepLR(o, 4)], [3]),
    ]


@pytest.mark.parametrize("name", optimisers())
def test_every_optimiser_and_schedule_goes_on(name: str, tmp_path: Path) -> None:
    """The schedules take turns among the optimisers."""
    schedule = schedules()[list(optimisers()).index(name) % 3]

    def build() -> Trainer:
        model = network()
        optimiser = optimisers()[name](model.parameters())
        return trainer(model=model, optimiser=optimiser, scheduler=schedule(optimiser))

    unbroken, first, second = build(), build(), build()
    unbroken.fit(loader(12), epochs=4, validation=digits(3, 1))
    first.fit(loader(12), epochs=2, validation=digits(3, 1))
    save_checkpoint(first, tmp_path / "c")
    load_checkpoint(second, tmp_path / "c")
    second.fit(loader(12), epochs=4, validation=digits(3, 1))
    assert state(second) == state(unbroken)


def test_best_weights_are_those_of_the_best_epoch(tmp_path: Path) -> None:
    run = trainer(callbacks=[BestWeights(tmp_path / "best.safetensors")], scheduler=None)
    run.optimiser.lr = 0.5  # wild
    validation = digits(9, 2)
    run.fit(loader(), epochs=5, validation=validation)
    losses = [epoch.validation_loss for epoch in run.history.epochs]
    assert min(losses) < losses[-1]
    load_weights(run.model, tmp_path / "best.safetensors")
    assert run.evaluate(validation).loss == min(losses)


def test_what_was_added_is_found_again(tmp_path: Path) -> None:
    run = trainer(callbacks=[Checkpoint(tmp_path / "c", extra={"config": {"lr": 0.1, "out": None}})])
    run.fit(loader(4), epochs=1)
    assert read_extra(tmp_path / "c") == {"config": {"lr": 0.1, "out": None}}


# -- numbers in files ----------


def test_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    data = {
        "doubles": [[0.1, -0.0, 5e-324], [float("inf"), 1e308, float("nan")]],
        "ints": [2**62, -1],
        "number": 0.3,
        "count": 7,
        "none": [[], []],
    }
    write_tensors(tmp_path / "t", data, {"text": "é", "list": [0.1, None]})
    tensors, description = read_tensors(tmp_path / "t", 1000)
    assert {name: repr(tensor.nested()) for name, tensor in tensors.items()} == {n: repr(d) for n, d in data.items()}
    assert description == {"text": "é", "list": [0.1, None]}


def types(path: Path) -> set[str]:
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}


def test_floats_of_single_precision_are_stored_as_such(tmp_path: Path) -> None:
    """All or none: a reader need not ask for each tensor."""
    save_weights(nn.Dense(3, 3), tmp_path / "d")
    assert types(tmp_path / "d") == {"F64"}
    layer = nn.BatchNorm1d(2)
    save_weights(layer, tmp_path / "f")
    assert types(tmp_path / "f") == {"F32", "I64"}
    layer.running_mean.data = [0.1, 0.5]
    save_weights(layer, tmp_path / "f")
    assert types(tmp_path / "f") == {"F64", "I64"}


def test_the_same_numbers_make_the_same_file(tmp_path: Path) -> None:
    for name in "abcdefgh":
        save_checkpoint(small(), tmp_path / name)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_kinds_that_the_format_does_not_know_are_refused(tmp_path: Path) -> None:
    layer = nn.Dense(1, 1)
    layer.weight.data = [[Fraction(1, 3)]]
    with pytest.raises(CheckpointError, match="weight holds Fractions"):
        save_weights(layer, tmp_path / "w")
    with pytest.raises(CheckpointError, match="big cannot be stored"):
        write_tensors(tmp_path / "w", {"big": 2**64}, {})
    assert not any(tmp_path.iterdir())


# -- PyTorch ----------


def torch_twin(torch: Any) -> Any:
    """The paper's network in PyTorch, with the layers at the same places in the sequence."""
    t = torch.nn
    return t.Sequential(
        t.Conv2d(1, 8, 3), t.ReLU(), t.MaxPool2d(2), t.Conv2d(8, 16, 3), t.ReLU(), t.MaxPool2d(2), t.Flatten(),
        t.Linear(400, 10),
    )  # fmt: skip


def recipe(title: str, names: dict[str, Any]) -> None:
    """Run a block of docs/training.md, which begins with this comment."""
    page = Path(__file__).parents[1] / "docs" / "training.md"
    (block,) = re.findall(rf"```python\n# {title}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    exec(block, {"nn": nn, **names})


def same_logits(torch: Any, ours: nn.Module, theirs: Any) -> None:
    images = [nn.data.mnist.load("test", subset="paper").image(i) for i in range(3)]
    close(theirs.double()(torch.tensor(images, dtype=torch.float64)).tolist(), ours(images).data)


def test_weights_go_to_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = torch_or_skip()
    monkeypatch.chdir(tmp_path)
    ours, theirs = nn.paper.network(random.Random(4)), torch_twin(torch).double()
    recipe("to PyTorch", {"torch": torch, "ours": ours, "theirs": theirs})
    same_logits(torch, ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_come_from_pytorch(dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = torch_or_skip()
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(5)
    ours, theirs = nn.paper.network(), torch_twin(torch).to(getattr(torch, dtype))
    recipe("from PyTorch", {"torch": torch, "ours": ours, "theirs": theirs})
    same_logits(torch, ours, theirs)


def test_batch_norm_goes_both_ways(tmp_path: Path) -> None:
    """Running statistics and the count of batches, an int, have PyTorch's names too."""
    torch = torch_or_skip()
    from safetensors.torch import load_file, save_file

    ours, theirs = nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2).double()
    x = [[0.3, 1.0], [0.1, -2.0], [4.0, 0.5]]
    ours(x)
    save_weights(ours, tmp_path / "w")
    theirs.load_state_dict(load_file(tmp_path / "w"))
    close(theirs.eval()(torch.tensor(x, dtype=torch.float64)).tolist(), ours.eval()(x).data)
    save_file(theirs.state_dict(), tmp_path / "v")
    assert load_weights(nn.BatchNorm1d(2), tmp_path / "v").state_dict() == ours.state_dict()


# -- files that are damaged, foreign or hostile ----------


def small(**settings: Any) -> Trainer:
    model = network()
    return trainer(model=model, optimiser=nn.optim.AdamW(model.parameters(), 0.02), callbacks=[EarlyStopping(3)])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint in the middle of the second epoch."""
    path = tmp_path_factory.mktemp("whole") / "c"
    run = trainer(callbacks=[EarlyStopping(3), Checkpoint(path, 1), CrashAfter(8)])
    with pytest.raises(Stop):
        run.fit(loader(), epochs=3, validation=digits(3, 1))
    return path.read_bytes()


def resumes(content: bytes, path: Path) -> bool:
    """Whether a checkpoint of this content is taken; if not, by CheckpointError, and the trainer is unchanged."""
    path.write_bytes(content)
    run = small()
    before = state(run)
    try:
        load_checkpoint(run, path)
    except CheckpointError as error:
        assert str(path) in str(error)
        assert len(str(error)) < 1000
        assert state(run) == before
        return False
    return True


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four bytes changed, a piece lost, doubled, moved or overwritten, or the end cut off."""
    data, kind = bytearray(content), rng.randrange(6)
    at, size = rng.randrange(len(data)), rng.randrange(1, 60)
    if kind == 0:
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del data[at : at + size]
    elif kind == 2:
        data[at:at] = data[at : at + size]
    elif kind == 3:
        data[at : at + size] = bytes(rng.randrange(256) for _ in range(size))
    elif kind == 4:
        del data[at:]
    else:  # the length of the header
        data[:8] = rng.choice([0, 1, 2**63, 2**64 - 1, len(data), rng.randrange(len(data))]).to_bytes(8, "little")
    return bytes(data)


def test_ten_thousand_mutations_give_checkpoint_errors_only(whole: bytes, tmp_path: Path) -> None:
    """A byte that is not what was written is found, wherever it stands."""
    assert resumes(whole, tmp_path / "c")
    rng, run, path = random.Random(0), small(), tmp_path / "m"
    path.write_bytes(whole)
    load_checkpoint(run, path)
    right, harmless = state(run), 0
    with path.open("wb", buffering=0) as file:
        for _ in range(10_000):
            content = mutated(whole, rng)
            file.seek(0)
            file.write(content)
            file.truncate()
            try:
                load_checkpoint(run, path)
            except CheckpointError:
                continue
            harmless += 1  # a space of the header has become a tab
            assert state(run) == right
    assert harmless < 100
    assert state(run) == right


def parts(content: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, the description of the training, and the numbers."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    description = json.loads(header["__metadata__"][DESCRIPTION])
    del description["sha256"]
    return header, description, content[end:]


def signed(header: dict[str, Any], training: Any, numbers: bytes) -> bytes:
    """A file with a right checksum, as an attacker would make it."""
    contents = []
    for name, entry in header.items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            code = {"F64": "d", "F32": "f", "I64": "q"}.get(entry["dtype"], "?")
            contents.append((name, tuple(entry["shape"]), code, numbers[low:high]))
    if isinstance(training, dict):
        training = {**training, "sha256": digest_of(contents, training)}
    text = json.dumps({**header, "__metadata__": {DESCRIPTION: json.dumps(training)}}).encode()
    return len(text).to_bytes(8, "little") + text + numbers


STRANGE: list[Any] = [
    None, True, -1, 2**70, 1.5, 1e400, float("nan"), "", "x" * 10**5, [], {}, [[]], {"a": 1}, [1.0] * 50,
]  # fmt: skip


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON tree."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(found for key, value in inside for found in places(value, (*path, key)))]


def changed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a place."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = changed(tree[path[0]], path[1:], value)
    return copy


def test_hostile_descriptions_are_refused_or_taken_whole(whole: bytes, tmp_path: Path) -> None:
    """Any value at any place of the description, without a checksum that would tell."""
    header, training, numbers = parts(whole)
    assert resumes(signed(header, training, numbers), tmp_path / "c")
    taken = 0
    for place in places(training):
        for value in random.Random(repr(place)).sample(STRANGE, 5):
            content = signed(header, changed(training, place, value), numbers)
            taken += resumes(content, tmp_path / "c")
    # Some strange values are right: 1.5 where a loss stands, say.
    assert taken < len(places(training)) * 5 / 3


def hostile(whole: bytes) -> dict[str, bytes]:
    header, training, numbers = parts(whole)
    name = next(n for n in header if n.startswith("model.") and len(header[n]["shape"]) == 2)
    tensor = header[name]

    def with_tensor(**new: Any) -> bytes:
        return signed({**header, name: {**tensor, **new}}, training, numbers)

    deep = "[" * 100_000
    text = json.dumps({**header, "__metadata__": {DESCRIPTION: deep}}).encode()
    return {
        "shape that overflows": with_tensor(shape=[2**40, 2**40]),
        "negative shape": with_tensor(shape=[-9, -5]),
        "shape of floats": with_tensor(shape=[9.0, 5.0]),
        "a million million empty rows": with_tensor(shape=[10**12, 0], data_offsets=[tensor["data_offsets"][0]] * 2),
        "transposed": with_tensor(shape=tensor["shape"][::-1]),
        "flat": with_tensor(shape=[tensor["shape"][0] * tensor["shape"][1]]),
        "unknown type": with_tensor(dtype="F128"),
        "half precision": with_tensor(dtype="BF16"),
        "ints": with_tensor(dtype="I64"),
        "outside of the file": with_tensor(data_offsets=[0, 2**63]),
        "backwards": with_tensor(data_offsets=tensor["data_offsets"][::-1]),
        "another name": signed({k.replace("weight", "wait"): v for k, v in header.items()}, training, numbers),
        "one more name": signed({**header, "optimiser.99.step": tensor}, training, numbers),
        "a name like a path": signed({**header, "../../etc/passwd": tensor}, training, numbers),
        "no numbers": signed(header, training, b""),
        "more numbers": signed(header, training, numbers + bytes(8)),
        "only a header's length": (2**62).to_bytes(8, "little"),
        "empty": b"",
        "deep": len(text).to_bytes(8, "little") + text + numbers,
        "deep header": (200_000).to_bytes(8, "little") + b'{"a":' * 40_000,
        "no dict": signed(header, [1, 2, 3], numbers),
        "weights alone": signed(header, {"format": "weights 1"}, numbers),
        "a long header": (MOST_HEADER + 1).to_bytes(8, "little") + b" " * (MOST_HEADER + 1),
        "a pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    }


def test_hostile_files_are_refused_with_little_memory(whole: bytes, tmp_path: Path) -> None:
    for name, content in hostile(whole).items():
        tracemalloc.start()
        assert not resumes(content, tmp_path / "c"), name
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * MOST_HEADER, name


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: no bytes on the disk
    for load in (lambda: load_checkpoint(small(), path), lambda: load_weights(network(), path)):
        with pytest.raises(CheckpointError, match="more than it can need"):
            load()


@pytest.mark.parametrize("what", ["fifo", "folder"])
def test_what_is_no_file_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.mkdir() if what == "folder" else os.mkfifo(path)
    with pytest.raises(CheckpointError, match="is not a file"):
        load_weights(network(), path)


def foreign() -> dict[str, tuple[Callable[[], Trainer], str]]:
    def with_model(model: nn.Module, **settings: Any) -> Trainer:
        return trainer(model=model, callbacks=[EarlyStopping(3)], **settings)

    def other_optimiser() -> Trainer:
        model = network()
        return with_model(model, optimiser=nn.optim.Adam(model.parameters(), 0.02))

    def no_schedule() -> Trainer:
        return with_model(network(), scheduler=None)

    wide = nn.Sequential(nn.Flatten(), nn.Dense(9, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(), nn.Dense(6, 3))
    return {
        "another shape": (lambda: with_model(wide), "1.weight has shape"),
        "other names": (lambda: with_model(network(norm=False)), "missing"),
        "another optimiser": (other_optimiser, "optimizer"),
        "no schedule": (no_schedule, "scheduler"),
        "other callbacks": (lambda: trainer(), "callbacks EarlyStopping"),
        "another monitor": (lambda: trainer(callbacks=[EarlyStopping(3, "test_loss")]), "monitor"),
    }


@pytest.mark.parametrize("name", foreign())
def test_the_checkpoint_of_another_training_is_refused(name: str, whole: bytes, tmp_path: Path) -> None:
    """And the trainer is as it was, whatever was taken over before the trouble was met."""
    build, words = foreign()[name]
    run = build()
    before = state(run)
    (tmp_path / "c").write_bytes(whole)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(run, tmp_path / "c")
    assert state(run) == before


def test_a_loader_with_other_batches_is_refused(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(whole)
    run = small()
    load_checkpoint(run, tmp_path / "c")
    with pytest.raises(ValueError, match=r"began with a loader of .*'batch_size': 4"):
        run.fit(loader(batch_size=5), epochs=3, validation=digits(3, 1))


# -- disks that are full, folders that cannot be written ----------


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the training ends with the system's words; nothing half-written stays."""
    path = tmp_path / "c"
    run = trainer(callbacks=[EarlyStopping(3), Checkpoint(path, 1)])
    run.fit(loader(), epochs=1, validation=digits(3, 1))
    before = path.read_bytes()

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        run.fit(loader(), epochs=2, validation=digits(3, 1))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_device_that_is_full(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        save_checkpoint(small(), "/dev/full/c")


def test_a_missing_folder_is_known_at_the_start(tmp_path: Path) -> None:
    run = trainer(callbacks=[Checkpoint(tmp_path / "nowhere" / "c")])
    with pytest.raises(FileNotFoundError):
        run.fit(loader(), epochs=1)
    assert run.position.updates == 0


def test_the_folder_is_synced_after_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stands for the new file must be on the disk too, not only the file's content."""
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        done.append("folder" if Path(f"/proc/self/fd/{handle}").is_dir() else "file")
        sync(handle)

    def renamed(self: Path, target: Any) -> Path:
        done.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    save_weights(nn.Dense(1, 1), tmp_path / "w")
    assert done == ["file", "rename", "folder"]


def test_weights_with_a_bit_flipped_are_damaged(tmp_path: Path) -> None:
    path = tmp_path / "w"
    save_weights(nn.Dense(3, 3), path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="damaged"):
        load_weights(nn.Dense(3, 3), path)


def test_weights_without_our_checksum_are_read(tmp_path: Path) -> None:
    """Those of other programs."""
    numbers = struct.pack("<2d", 0.25, 0.5)
    header = b'{"factor":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}'
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header + numbers)

    class Scale(nn.Module):
        def __init__(self) -> None:
            self.factor = Value([1.0, 1.0])

    assert flat(load_weights(Scale(), tmp_path / "w").factor.data) == [0.25, 0.5]
