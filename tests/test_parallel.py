"""Training in several processes: the same numbers to the bit, and no process left over."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from test_trainer import Breaking
from training_tools import (
    digits,
    loader,
    network,
    state,
    trainer,
)

import nn
from nn.checkpoint import load_checkpoint, save_checkpoint
from nn.parallel import ParallelTrainer, WorkerError
from nn.parallel_worker import packed, unpacked
from nn.trainer import Trainer, TrainingError
from tinygrad_lists import Value


def parallel(workers: int, **settings: Any) -> Trainer:
    settings.setdefault("model", network(norm=False))
    return trainer(ParallelTrainer, workers=workers, part_size=2, **settings)


def test_any_number_of_workers_gives_the_same_bits() -> None:
    """With dropout, averages, a schedule, clipping, two batches an update, and a last batch of two images."""
    settings: dict[str, Any] = {"accumulate": 2, "clip_norm": 0.4}
    data: dict[str, Any] = {"test": digits(60, 1), "epochs": 2, "validation": digits(6, 2)}
    plain = trainer(model=network(norm=False), part_size=2, **settings)
    plain.fit(loader(), **data)
    for workers in (1, 2, 3, 5):
        run = parallel(workers, **settings)
        run.fit(loader(), **data)
        assert state(run) == state(plain), workers
        assert run.evaluation == plain.evaluation
    assert not multiprocessing.active_children()


def test_dropout_is_that_of_the_whole_batch() -> None:
    """Only rounding tells parts from the whole."""
    whole, parts = trainer(model=network(norm=False)), parallel(2)
    for run in (whole, parts):
        run.fit(loader(), epochs=1)
    assert parts.history.epochs[0].loss == pytest.approx(whole.history.epochs[0].loss, rel=1e-12)
    generator = "3.generator"
    assert parts.model.state_dict()[generator] == whole.model.state_dict()[generator]


def test_a_run_goes_on_with_another_number_of_workers(tmp_path: Path) -> None:
    unbroken, first, second = parallel(1), parallel(3), parallel(2)
    unbroken.fit(loader(), epochs=3)
    first.fit(loader(), epochs=1)
    save_checkpoint(first, tmp_path / "c")
    load_checkpoint(second, tmp_path / "c")
    second.fit(loader(), epochs=3)
    assert state(second) == state(unbroken)


def test_nothing_is_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Connection, thing: Any) -> None:
        raise AssertionError("an object was sent, not bytes")

    monkeypatch.setattr(Connection, "send", refuse)
    monkeypatch.setattr(Connection, "recv", refuse)
    parallel(2).fit(loader(8), digits(3, 1), epochs=1)


def test_where_forking_is_not_safe_workers_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    forked, spawned = parallel(1), parallel(2)
    for run in (forked, spawned):
        run.fit(loader(8), epochs=1)
    assert state(spawned) == state(forked)


def test_messages_keep_every_bit() -> None:
    values = [[[0.1, -0.0]], 5e-324, [1, 2**62], [[], []], float("inf")]
    header, found = unpacked(packed({"a": [1, None]}, values))
    assert header == {"a": [1, None]}
    assert [repr(value.data) for value in found] == [repr(value) for value in values]


def test_a_loss_that_is_no_number_stops_all() -> None:
    with pytest.raises(TrainingError, match="epoch 1, batch 1"):
        model = nn.Sequential(network(norm=False), nn.Dense(3, 3))
        model[1].weight.data = [[1e308] * 3] * 3
        parallel(2, model=model).fit(loader(), epochs=1)
    assert not multiprocessing.active_children()


def test_an_error_in_a_worker_is_the_users_error() -> None:
    """A label out of range, in the part of the other process."""
    data = [(digits(4).image(i), label) for i, label in enumerate([7, 1, 1, 1])]
    with pytest.raises(ValueError, match="label 7"):
        parallel(2).fit(nn.data.DataLoader(data, 4), epochs=1)
    assert not multiprocessing.active_children()


class KillsAWorker(nn.callbacks.Callback):
    """As the system does when memory is short."""

    def on_update(self, trainer: Trainer, step: Any) -> None:
        (child,) = multiprocessing.active_children()
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join(5)


def test_a_worker_that_was_killed_is_missed() -> None:
    with pytest.raises(WorkerError, match="has ended"):
        parallel(2, callbacks=[KillsAWorker()]).fit(loader(), epochs=1)
    assert not multiprocessing.active_children()


class TellsWorkers(nn.callbacks.Callback):
    """Writes the ids of all workers to a file, and dies."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_update(self, trainer: Trainer, step: Any) -> None:
        self.path.write_text(" ".join(str(child.pid) for child in multiprocessing.active_children()))
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_workers_end_with_the_main_process_however_it_died(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        parallel(3, callbacks=[TellsWorkers(tmp_path / "ids")]).fit(loader(), epochs=9)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    workers = [int(number) for number in (tmp_path / "ids").read_text().split()]
    assert len(workers) == 2
    end = time.monotonic() + 10
    while (alive := [worker for worker in workers if is_running(worker)]) and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive


def is_running(process: int) -> bool:
    """Not one that is dead and whose new parent has not looked yet."""
    path = Path(f"/proc/{process}/stat")
    return path.exists() and " Z " not in path.read_text()


def test_what_depends_on_the_whole_batch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2.running_mean, shape \(5,\), depends on whole batches"):
        parallel(2, model=network(norm=True))
    with pytest.raises(ValueError, match=r"1\.calls, shape \(\), depends on whole batches"):
        parallel(2, model=nn.Sequential(network(norm=False), Breaking(1.0)))
    layer = nn.Dense(1, 1)
    layer.weight.data = [[Fraction(1, 3)]]
    with pytest.raises(ValueError, match="weight is of Fractions; use floats"):
        ParallelTrainer(layer, nn.optim.SGD(layer.parameters(), 0.1), nn.MSELoss())
    with pytest.raises(ValueError, match="workers is 0"):
        parallel(0)


def test_inputs_may_be_of_any_shape_and_labels_rows() -> None:
    """An embedding of ints, and targets that are no classes."""

    class Words:
        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> tuple[list[int], list[float]]:
            return [index, 5 - index], [0.1 * index, 1.0]

    def run(workers: int) -> Any:
        model = nn.Sequential(nn.Embedding(6, 3), nn.Flatten(), nn.Dense(6, 2))
        trainer = ParallelTrainer(
            model, nn.optim.SGD(model.parameters(), 0.1), nn.MSELoss(), right=None, workers=workers, part_size=1
        )
        trainer.fit(nn.data.DataLoader(Words(), 3), Words(), epochs=2)  # type: ignore[arg-type]
        return state(trainer)

    assert run(1) == run(2)
    assert isinstance(run(2)["model"]["0.weight"][0][0], float)


def test_values_that_no_part_touches_have_no_gradient() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            self.used, self.unused = nn.Dense(9, 3), Value([1.0])

        def forward(self, x: Any) -> Value:
            return self.used(nn.Flatten()(x))

    run = parallel(2, model=Half())
    run.fit(loader(8), epochs=1)
    assert run.model.unused.grad is None  # type: ignore[attr-defined]
