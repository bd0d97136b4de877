"""The training loop, interpreted and compiled, and its callbacks."""

from __future__ import annotations

import csv
import math
import signal
from array import array
from pathlib import Path
from typing import Any

import pytest
from nn_tools import close, flat
from training_tools import (
    digits,
    loader,
    needs_compiler,
    network,
    state,
    trainer,
    with_compiled,
)

import nn
from nn.callbacks import Callback, Checkpoint, CSVLog, EarlyStopping, Metrics, Progress, StopOnInterrupt
from nn.metrics import class_scores, confusion_matrix
from nn.results import Epoch
from nn.trainer import Trainer, TrainingError
from tinygrad_lists import Value


class StopAfter(Callback):
    """Stops after so many updates."""

    def __init__(self, updates: int) -> None:
        self.updates = updates

    def on_update(self, trainer: Trainer, step: Any) -> None:
        if trainer.position.updates == self.updates:
            trainer.stop("asked")


class Recorder(Callback):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.rates: list[float] = []
        self.norms: list[float] = []

    def on_start(self, trainer: Trainer) -> None:
        self.told.append("start")

    def on_update(self, trainer: Trainer, step: Any) -> None:
        self.told.append("update")
        self.rates.append(trainer.optimiser.lr)
        self.norms.append(step.norm)

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        self.told.append(f"epoch {epoch.number}")

    def on_end(self, trainer: Trainer) -> None:
        self.told.append("end")


def plain_loop(model: nn.Module, optimiser: nn.optim.Optimizer, batch_size: int, epochs: int) -> list[float]:
    """The same training as anyone would write it."""
    batches, losses = loader(batch_size=batch_size), []
    for _ in range(epochs):
        for x, y in batches:
            loss = nn.CrossEntropyLoss()(model(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses


def test_the_trainer_is_the_plain_loop_to_the_bit() -> None:
    ours, plain = network(), network()
    run = Trainer(ours, nn.optim.Adam(ours.parameters(), 0.02), nn.CrossEntropyLoss())
    run.fit(loader(), epochs=2)
    losses = plain_loop(plain, nn.optim.Adam(plain.parameters(), 0.02), 4, 2)
    assert ours.state_dict() == plain.state_dict()
    assert len(losses) == 12
    assert run.history.epochs[1].loss == pytest.approx(
        sum(v * n for v, n in zip(losses[6:], [4] * 5 + [2], strict=True)) / 22
    )


def test_callbacks_are_told_in_order() -> None:
    recorder = Recorder()
    trainer(callbacks=[recorder]).fit(loader(8), digits(3, 1), epochs=2)
    assert recorder.told == ["start", "update", "update", "epoch 1", "update", "update", "epoch 2", "end"]


@with_compiled
@pytest.mark.parametrize("updates", [1, 6, 7, 11])
def test_a_fit_that_was_stopped_goes_on_where_it_was(kind: type[Trainer], updates: int) -> None:
    """In the middle of an epoch, at its last batch, and with dropout, running statistics, averages and a schedule."""
    unbroken, broken = trainer(kind), trainer(kind, callbacks=[StopAfter(updates)])
    unbroken.fit(loader(), digits(5, 1), epochs=3)
    broken.fit(loader(), digits(5, 1), epochs=3)
    assert broken.position.updates == updates
    assert broken.history.stopped == "asked"
    broken.fit(loader(), digits(5, 1), epochs=3)
    assert state(broken) == state(unbroken)
    assert broken.position.epoch == 3
    assert not broken.history.stopped


@needs_compiler
def test_compiled_and_interpreted_agree_on_everything() -> None:
    """Accumulation, parts, clipping and a schedule, with one program for each shape of an update."""
    settings: dict[str, Any] = {"accumulate": 2, "part_size": 3, "clip_norm": 0.5, "clip_value": 0.3}
    runs = [
        trainer(model=network(norm=False), **settings),
        trainer(lambda *a, **k: nn.CompiledTrainer(*a, dtype="float64", **k), network(norm=False), **settings),  # type: ignore[arg-type]
    ]
    for run in runs:
        run.fit(loader(), digits(5, 1), epochs=3, validation=digits(6, 2))
    for name, numbers in runs[0].model.state_dict().items():
        close(runs[1].model.state_dict()[name], numbers, 1e-11)
    for a, b in zip(runs[0].history.epochs, runs[1].history.epochs, strict=True):
        assert (a.loss, a.validation_loss) == (pytest.approx(b.loss), pytest.approx(b.validation_loss))
        assert (a.test_accuracy, a.train_accuracy) == (b.test_accuracy, b.train_accuracy)
    assert isinstance(runs[1], nn.CompiledTrainer)
    assert (runs[1]._update.programs, runs[1]._apply.programs) == (0, 1)
    assert runs[1]._add.programs == 4  # parts of 3, 1 and 2 images, and of 3 as the first of an update


@with_compiled
@pytest.mark.parametrize("settings", [{"accumulate": 2}, {"part_size": 2}])
def test_batches_in_parts_have_the_gradient_of_the_whole(kind: type[Trainer], settings: dict[str, int]) -> None:
    """Weighted by their sizes: the last batch of two has two images."""
    whole, parts = network(0.0, norm=False), network(0.0, norm=False)
    plain_loop(whole, nn.optim.SGD(whole.parameters(), 0.5), 8, 2)
    run = kind(parts, nn.optim.SGD(parts.parameters(), 0.5), nn.CrossEntropyLoss(), **settings)  # type: ignore[arg-type]
    run.fit(loader(batch_size=8 // settings.get("accumulate", 1)), epochs=2)
    tolerance = 1e-12 if kind is Trainer else 1e-5
    for name, numbers in whole.state_dict().items():
        close(parts.state_dict()[name], numbers, tolerance)


def test_dropout_in_parts_drops_what_the_whole_batch_would() -> None:
    whole, parts = network(0.5, norm=False), network(0.5, norm=False)
    runs = [
        Trainer(m, nn.optim.SGD(m.parameters(), 0.5), nn.CrossEntropyLoss(), part_size=p)
        for m, p in ((whole, None), (parts, 2))
    ]
    for run in runs:
        run.fit(loader(), epochs=1)
    for name, numbers in whole.state_dict().items():
        close(parts.state_dict()[name], numbers, 1e-12)


@with_compiled
def test_gradients_are_clipped(kind: type[Trainer]) -> None:
    recorder, model = Recorder(), network(0.0)
    before = [flat(p.data) for p in model.parameters()]
    run = kind(model, nn.optim.SGD(model.parameters(), 1.0), nn.CrossEntropyLoss(), [recorder], clip_norm=0.01)
    run.fit(loader(4), epochs=1)
    moved = [a - b for p, old in zip(model.parameters(), before, strict=True) for a, b in zip(flat(p.data), old)]  # noqa: B905
    assert math.hypot(*moved) == pytest.approx(0.01, rel=1e-3)
    assert recorder.norms[0] > 0.05


@pytest.mark.parametrize(("by", "rates"), [("update", [0.5, 0.25, 0.125, 0.0625]), ("epoch", [1.0, 1.0, 0.5, 0.5])])
def test_schedules_step_by_update_or_epoch(by: str, rates: list[float]) -> None:
    """A callback sees the rate of the next update."""
    model, recorder = network(), Recorder()
    optimiser = nn.optim.SGD(model.parameters(), 1.0)
    schedule = nn.schedulers.ExponentialLR(optimiser, 0.5)
    trainer(model=model, optimiser=optimiser, scheduler=schedule, schedule_by=by, callbacks=[recorder]).fit(
        loader(8), epochs=2
    )
    assert recorder.rates == rates


def test_plateau_sees_the_validation_loss() -> None:
    model = network()
    optimiser = nn.optim.SGD(model.parameters(), 1e-9)
    schedule = nn.schedulers.ReduceLROnPlateau(optimiser, factor=0.5, patience=1, threshold=0.5, eps=0.0)
    run = trainer(model=model, optimiser=optimiser, scheduler=schedule)
    run.fit(loader(8), epochs=4, validation=digits(4, 1))
    assert optimiser.lr == 0.5e-9
    assert schedule.best == run.history.epochs[0].validation_loss


# -- what is no number ----------


class Breaking(nn.Module):
    """Infinite from an update on."""

    def __init__(self, after: float) -> None:
        self.calls = Value(0.0, requires_grad=False)
        self.after = after

    def forward(self, x: Value) -> Value:
        from tinygrad_lists import functions

        self.calls.assign(self.calls + 1.0)
        return x * functions.where(self.calls > self.after, math.inf, 1.0)


@with_compiled
@pytest.mark.parametrize("size", [None, 2], ids=["whole", "parts"])
def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(kind: type[Trainer], size: int | None) -> None:
    """Parameters, running statistics, random numbers, averages: as after the third update. And it is said where."""
    passes = 3.0 if size is None else 6.0

    def build(last: int) -> nn.Trainer:
        model = nn.Sequential(network(), Breaking(passes))
        return trainer(kind, model, callbacks=[StopAfter(last)], part_size=size)

    good, bad = build(3), build(99)
    good.fit(loader(), epochs=2)
    where = r"the loss is nan in epoch 1, batch 4 \(first in the output of 1 Breaking\)"
    with pytest.raises(TrainingError, match=where):
        bad.fit(loader(), epochs=2)
    assert state(bad) == state(good)
    assert bad.model.state_dict()["1.calls"] == passes


@with_compiled
def test_a_gradient_that_is_no_number_stops_too(kind: type[Trainer]) -> None:
    """The loss is 0 and finite; its gradient is 0 / 0."""
    model = nn.Sequential(nn.Flatten(), nn.Dense(9, 3))
    run = kind(
        model, nn.optim.SGD(model.parameters(), 0.1), lambda z, y: ((z - z.detach()) ** 2).sum() ** 0.5, right=None
    )
    before = flat(model.state_dict()["1.weight"])
    where = r"the gradient is no number in epoch 1, batch 1 \(the gradient of 1.weight"
    with pytest.raises(TrainingError, match=where):
        run.fit(loader(), epochs=1)
    # A compiled program takes the numbers over as float32.
    assert flat(model.state_dict()["1.weight"]) == (before if kind is Trainer else list(array("f", before)))


def test_an_evaluation_that_is_no_number_stops() -> None:
    """What the model has learnt fits the training images, and overflows on others."""
    data = [([[1e200] * 3] * 3, 0)] * 2
    model = nn.Sequential(nn.Flatten(), nn.Dense(9, 3))
    run = Trainer(model, nn.optim.SGD(model.parameters(), 0.1), lambda z, y: (z * z).sum())
    with pytest.raises(TrainingError, match="the loss is inf on the 2 examples of the evaluation after epoch 1"):
        run.fit(loader(4), data, epochs=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [False, True], ids=["classes", "one-hot rows"])
def test_labels_may_be_one_hot_rows(rows: bool) -> None:
    images = digits(12)
    data = [(images.image(i), images.one_hot(i) if rows else images.label(i)) for i in range(12)]
    run = trainer()
    run.fit(nn.data.DataLoader(data, 4), data, epochs=1)  # type: ignore[arg-type]
    plain = trainer()
    plain.fit(nn.data.DataLoader(images, 4), images, epochs=1)
    assert run.evaluation is not None
    assert plain.evaluation is not None
    assert (run.evaluation.labels, run.evaluation.accuracy) == (images.labels, plain.evaluation.accuracy)
    assert run.history.epochs[0].train_accuracy == plain.history.epochs[0].train_accuracy


# -- callbacks ----------


def epochs(name: str, values: list[float]) -> list[Epoch]:
    base = dict.fromkeys(("loss", "train_accuracy", "test_loss", "test_accuracy", "seconds", "images_per_second"), 0.0)
    return [Epoch(number=i + 1, **{**base, name: value}) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("monitor", "values", "stops"),
    [
        ("validation_loss", [1.0, 0.9, 0.95, 0.91], 4),
        ("validation_loss", [1.0, 0.9, 0.95, 0.8, 0.8, 0.81], 6),
        ("validation_accuracy", [0.5, 0.4, 0.6, 0.6, 0.5], 5),
        ("validation_loss", [1.0, 0.9, 0.8, 0.7], None),
    ],
)
def test_early_stopping(monitor: str, values: list[float], stops: int | None) -> None:
    stopping, run, seen = EarlyStopping(2, monitor), trainer(), None
    for epoch in epochs(monitor, values):
        # In the middle through a checkpoint: what it remembers is all that it needs.
        after = EarlyStopping(2, monitor)
        after.load_state_dict(stopping.state_dict())
        stopping = after
        stopping.on_epoch(run, epoch)
        if run.history.stopped and seen is None:
            seen = epoch.number
    assert seen == stops


def test_what_has_started_is_ended_when_another_cannot_start(tmp_path: Path) -> None:
    """Ctrl-C works as before, and the bar is gone."""
    recorder, before = Recorder(), signal.getsignal(signal.SIGINT)
    callbacks = [StopOnInterrupt(), Progress(), recorder, Checkpoint(tmp_path / "nowhere" / "c"), Recorder()]
    with pytest.raises(FileNotFoundError):
        trainer(callbacks=callbacks).fit(loader(), epochs=1)
    assert recorder.told == ["start", "end"]
    assert signal.getsignal(signal.SIGINT) is before


def test_early_stopping_ends_a_fit() -> None:
    model = network()
    optimiser = nn.optim.SGD(model.parameters(), 0.0)
    run = trainer(model=model, optimiser=optimiser, scheduler=None, callbacks=[EarlyStopping(2, min_delta=0.5)])
    run.fit(loader(8), epochs=50, validation=digits(4, 1))
    assert len(run.history.epochs) == 3
    assert run.history.stopped.startswith("early: validation loss has not been better than")
    assert not run.history.interrupted


def test_early_stopping_without_a_validation_set_says_so() -> None:
    with pytest.raises(ValueError, match="no validation loss; give fit"):
        trainer(callbacks=[EarlyStopping()]).fit(loader(4), epochs=1)


@pytest.mark.parametrize("bad", [{"monitor": "luck"}, {"patience": 0}, {"patience": 1.5}, {"min_delta": -1.0}])
def test_early_stopping_refuses(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="EarlyStopping"):
        EarlyStopping(**bad)


@pytest.mark.parametrize("bad", [{"accumulate": 0}, {"part_size": 0}, {"schedule_by": "day"}])
def test_the_trainer_refuses(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Trainer"):
        trainer(**bad)


def test_the_csv_log_agrees_with_the_history(tmp_path: Path) -> None:
    run = trainer(callbacks=[CSVLog(tmp_path / "log.csv")])
    run.fit(loader(8), digits(3, 1), epochs=2)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["1", "2"]
    for row, epoch in zip(rows, run.history.epochs, strict=True):
        assert float(row["loss"]) == epoch.loss
        assert float(row["learning_rate"]) == epoch.learning_rate
        assert row["validation_loss"] == ""


def test_metrics_count_by_class() -> None:
    metrics = Metrics()
    run = trainer(callbacks=[metrics])
    run.fit(loader(), digits(9, 1), epochs=2, validation=digits(12, 2))
    evaluation = run.evaluate(digits(12, 2))
    assert metrics.confusion == confusion_matrix(evaluation.labels, evaluation.predictions)
    assert sum(row[i] for i, row in enumerate(metrics.confusion)) / 12 == evaluation.accuracy
    assert [score.support for score in metrics.scores] == [evaluation.labels.count(c) for c in range(3)]


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    never, always = class_scores(confusion_matrix([0, 1, 1], [1, 1, 1]))
    assert math.isnan(never.precision)
    assert (never.recall, never.f1) == (0.0, 0.0)
    assert always == (2 / 3, 1.0, 0.8, 2)


@pytest.mark.parametrize("bad", [([0, 1], [0]), ([0, 7], [0, 1]), ([0, -1], [0, 1])])
def test_bad_classes_are_refused(bad: tuple[list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match="confusion_matrix"):
        confusion_matrix(*bad, classes=3)


def test_tests_come_as_often_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    t = trainer(callbacks=[Progress()], test_every=2)
    epochs = t.fit(loader(), digits(5, seed=9), epochs=5, validation=digits(6, seed=8)).epochs
    assert [math.isnan(epoch.test_accuracy) for epoch in epochs] == [True, False, True, False, False]
    assert not any(math.isnan(epoch.validation_loss) for epoch in epochs)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert [line.split(":")[0] for line in lines] == ["epoch 2", "epoch 4", "epoch 5"]


def test_progress_leaves_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    run = trainer(callbacks=[Progress()])
    run.fit(loader(8), digits(4, 1), epochs=2, validation=digits(4, 2))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert [line.split(":")[0] for line in lines] == ["epoch 1", "epoch 2"]
    assert f"loss {run.history.epochs[0].loss:.4f}" in lines[0]
    assert "validation loss" in lines[0]
    assert "test accuracy" in lines[0]


def test_a_model_that_is_no_classifier(capsys: pytest.CaptureFixture[str]) -> None:
    """An autoencoder: there is a loss, and no accuracy to show."""
    data = [(x, x[0][0]) for x, _ in digits(8)]
    model = nn.Sequential(nn.Flatten(), nn.Dense(9, 3))
    run = Trainer(model, nn.optim.SGD(model.parameters(), 0.5), nn.MSELoss(), [Progress()], right=None)
    run.fit(nn.data.DataLoader(data, 4), data, epochs=3)  # type: ignore[arg-type]
    assert run.history.epochs[-1].test_loss < run.history.epochs[0].test_loss
    assert math.isnan(run.history.epochs[0].train_accuracy)
    assert "accuracy" not in capsys.readouterr().out


def test_what_is_no_model_loader_or_list_is_named() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dense(784, 10))
    optimiser, criterion = nn.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()
    with pytest.raises(TypeError, match="the model is a list, no Module"):
        Trainer(model.parameters(), optimiser, criterion)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the optimiser is a CrossEntropyLoss, no Optimizer"):
        Trainer(model, criterion, optimiser)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"callbacks is a Progress; give a list"):
        Trainer(model, optimiser, criterion, Progress())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"fit: a Dataset is no DataLoader; make one: DataLoader\(images"):
        Trainer(model, optimiser, criterion).fit(nn.data.mnist.load("test", subset="paper"))  # type: ignore[arg-type]
