"""Training by hand, and training in which every step is compared: the same numbers, and no mistake gets through."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from mutants.catalogue import CATALOGUE
from mutants.mutant import Mutant

import nn
from nn import handwritten
from nn.compare.counterpart import by_hand
from nn.compare.training import CheckedTrainer, GradientMismatch, HandwrittenTrainer
from nn.data import DataLoader, Dataset
from nn.updates import TrainingError

ROWS, COLUMNS = 8, 10


def pictures(count: int = 10) -> Dataset:
    """Images of which the brighter third of the columns tells the class."""
    rng = random.Random(5)
    labels = [rng.randrange(3) for _ in range(count)]
    pixels = [
        rng.randrange(100) + 120 * (column * 3 // COLUMNS == label)
        for label in labels
        for _ in range(ROWS)
        for column in range(COLUMNS)
    ]
    return Dataset(bytes(pixels), bytes(labels), ROWS, COLUMNS, 3, "pictures")


def network() -> nn.Sequential:
    rng = random.Random(2)
    layers = nn.Conv2d(1, 2, 3, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(24, 3, rng=rng)
    return nn.Sequential(*layers)


def sgd(model: nn.Sequential) -> nn.optim.Optimizer:
    return nn.optim.SGD(model.parameters(), lr=0.1)


def momentum(model: nn.Sequential) -> nn.optim.Optimizer:
    return nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)


Result = tuple[nn.Trainer, list[dict[str, Any]]]


def trained(kind: type[nn.Trainer], optimiser: Callable[[Any], Any] = sgd, **settings: Any) -> Result:
    """The trainer, and what its table holds; times are left out."""
    model = network()
    trainer = kind(model, optimiser(model), nn.CrossEntropyLoss(), **settings)
    trainer.fit(DataLoader(pictures(), batch_size=4, shuffle=True), pictures(4), epochs=2)
    epochs = [asdict(epoch) for epoch in trainer.history.epochs]
    for epoch in epochs:
        del epoch["seconds"], epoch["images_per_second"]
    return trainer, epochs


def flat(nested: Any) -> list[float]:
    return [v for part in nested for v in flat(part)] if isinstance(nested, list) else [nested]


def weights(trainer: nn.Trainer) -> list[float]:
    return [v for parameter in trainer.model.state_dict().values() for v in flat(parameter)]


def close(a: list[float], b: list[float]) -> bool:
    """Up to the rounding of a few steps, which adds up to no more than some hundred units in the last place."""
    return len(a) == len(b) and all(math.isclose(p, q, rel_tol=1e-13, abs_tol=1e-14) for p, q in zip(a, b, strict=True))


def numbers(epochs: list[dict[str, Any]]) -> list[float]:
    return [value for epoch in epochs for value in epoch.values() if value == value]


SETTINGS: list[dict[str, Any]] = [
    {},
    {"optimiser": momentum, "clip_norm": 0.5},
    {"accumulate": 2, "part_size": 3},
]


# -- the same numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", SETTINGS, ids=["plain", "momentum, clipped", "in parts"])
def test_training_by_hand_gives_the_automatic_table_up_to_rounding(settings: dict[str, Any]) -> None:
    automatic, table = trained(nn.Trainer, **settings)
    by_hand_, same = trained(HandwrittenTrainer, **settings)
    assert close(numbers(table), numbers(same))
    assert close(weights(automatic), weights(by_hand_))
    assert table[1]["loss"] < table[0]["loss"]


def test_compared_training_gives_the_automatic_numbers_to_the_bit() -> None:
    """In parts too, if they are shares that a float holds."""
    for settings in ({"optimiser": momentum}, {"part_size": 2}):
        automatic, table = trained(nn.Trainer, **settings)
        checked, same = trained(CheckedTrainer, **settings)
        assert numbers(table) == numbers(same)
        assert weights(automatic) == weights(checked)
        assert isinstance(checked, CheckedTrainer)
        assert checked.agreement.updates == 6
        assert 0 < checked.agreement.equal <= checked.agreement.numbers


def test_the_engine_has_no_part_in_training_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its gradients, its forward pass and its loss all raise here."""
    expected = trained(HandwrittenTrainer)[1]

    def no(*_: Any) -> Any:
        raise AssertionError("the automatic side was used")

    monkeypatch.setattr(nn.Sequential, "forward", no)
    monkeypatch.setattr(nn.CrossEntropyLoss, "forward", no)
    monkeypatch.setattr("tinygrad_lists.Value.backward", no)
    assert numbers(trained(HandwrittenTrainer)[1]) == numbers(expected)


def test_the_handwritten_optimiser_gives_the_same_weights_as_ours() -> None:
    """Equation (5) all by itself: network, gradients and updates of `nn.handwritten`, and nothing of the engine's."""
    trainer, _ = trained(HandwrittenTrainer)
    alone = by_hand(network())
    optimiser, loader = handwritten.SGD(alone, 0.1), DataLoader(pictures(), batch_size=4, shuffle=True)
    for epoch in range(2):
        loader.set_epoch(epoch)
        for images, labels in loader:
            rows = [handwritten.one_hot(label, 3) for label in labels]
            optimiser.step(alone.batch_gradients(images, rows).gradients)
    assert [v for p in alone.state().values() for v in flat(p)] == weights(trainer)


def test_one_hot_labels_and_no_count_of_right_answers() -> None:
    data = pictures(4)
    images, labels = next(iter(DataLoader(data, batch_size=4)))
    rows = [(x, handwritten.one_hot(y, 3)) for x, y in zip(images, labels, strict=True)]
    losses, every = list[float](), list[Any]([data, rows])
    for examples in every:
        for kind in (HandwrittenTrainer, CheckedTrainer):
            model = network()
            trainer = kind(model, sgd(model), nn.CrossEntropyLoss(), right=None)
            history = trainer.fit(DataLoader(examples, batch_size=2), examples, epochs=1)
            assert math.isnan(history.epochs[0].test_accuracy)
            losses.append(history.epochs[0].test_loss)
    assert close(losses, [losses[0]] * 4)


# -- no mistake gets through ------------------------------------------------------------------------------------------

POSITIONS = {"conv2d": 0, "relu": 1, "maxpool2d": 2, "flatten": 3, "dense": 4}


def with_mistake(mutant: Mutant) -> handwritten.Network:
    """The small network by hand with a mutant in its place."""
    layers = list(by_hand(network()).layers.values())
    place = POSITIONS[mutant.layer]
    right = layers[place]
    wrong: Any = object.__new__(mutant.build())
    wrong.__dict__.update(vars(right))
    layers[place] = wrong
    return handwritten.Network(layers)


def chosen(name: str) -> Mutant:
    return next(mutant for mutant in CATALOGUE if mutant.name == name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conv2d: sign of the weight gradient", "layer 0 (Conv2d), weight gradient"),
        ("relu: mask missing: the upstream gradient is returned", "layer 1 (ReLU), input gradient"),
        ("dense: input gradient zero", "layer 4 (Dense), input gradient"),
    ],
)
def test_a_mistake_stops_at_the_first_batch_and_is_named(name: str, words: str) -> None:
    with pytest.raises(GradientMismatch) as found:
        trained(CheckedTrainer, network=with_mistake(chosen(name)))
    message = str(found.value)
    assert f"epoch 1, batch 1, {words}" in message
    assert found.value.row.diagnosis is not None
    assert found.value.row.diagnosis.name in chosen(name).diagnosis
    assert found.value.row.diagnosis.name in message
    assert "\n" not in message


@pytest.mark.slow
def test_no_mistake_of_the_catalogue_gets_through() -> None:
    """But those that mix up channels, of which these pictures have one."""
    mistakes = [m for m in CATALOGUE if m.layer in POSITIONS and not m.settings and m.verdict == "wrong"]
    assert len(mistakes) > 100
    through = []
    for mutant in mistakes:
        try:
            trained(CheckedTrainer, network=with_mistake(mutant))
        except GradientMismatch as found:
            assert found.row.path == str(POSITIONS[mutant.layer]), mutant.name
        else:
            through.append(mutant.name)
    assert all("channels mixed up" in name for name in through), through
    assert len(through) == 2


class Late(handwritten.Dense):
    """Right for a while, then off by a billionth in one number."""

    calls = 0

    def backward(self, gradient: Any) -> Any:
        x_gradient = super().backward(gradient)
        self.calls += 1
        if self.calls > 16:  # 10 images an epoch, 4 a batch
            self.weight_gradient[3][1] *= 1 + 1e-9
        return x_gradient


def test_a_mistake_that_comes_late_is_named_where_it_comes_and_the_model_is_as_before() -> None:
    model, after = network(), list[list[float]]()
    layers = list(by_hand(model).layers.values())
    layers[4] = Late(layers[4].parameters()["weight"], layers[4].parameters()["bias"])
    hand = handwritten.Network(layers)

    class Watch(nn.callbacks.Callback):
        def on_update(self, trainer: nn.Trainer, step: Any) -> None:
            after.append(weights(trainer))

    trainer = CheckedTrainer(model, momentum(model), nn.CrossEntropyLoss(), [Watch()], network=hand)
    with pytest.raises(GradientMismatch, match=r"epoch 2, batch 2, layer 4 \(Dense\), weight gradient\[3, 1\]"):
        trainer.fit(DataLoader(pictures(), batch_size=4, shuffle=True), epochs=3)
    assert len(after) == trainer.agreement.updates == 4
    assert weights(trainer) == after[-1]
    assert len(trainer.history.epochs) == 1


def test_in_parts_the_part_is_named() -> None:
    class Second(Late):
        calls = 14

    layers = list(by_hand(network()).layers.values())
    layers[4] = Second(layers[4].parameters()["weight"], layers[4].parameters()["bias"])
    with pytest.raises(GradientMismatch, match=r"epoch 1, batch 1 \(part 2\), layer 4 \(Dense\)"):
        trained(CheckedTrainer, network=handwritten.Network(layers), part_size=2)


def test_the_mean_over_the_batch_is_compared_too() -> None:
    """Every layer is right here; their network forgets equation (5)'s 1/B."""

    class Sums(handwritten.Network):
        def batch_gradients(self, images: Any, labels: Any) -> handwritten.Batch:
            mean = super().batch_gradients(images, labels)
            twice = {name: scaled(gradient, len(images)) for name, gradient in mean.gradients.items()}
            return mean._replace(gradients=twice)

    with pytest.raises(GradientMismatch, match=r"batch 1, layer \d.* gradient.*times N"):
        trained(CheckedTrainer, network=Sums(list(by_hand(network()).layers.values())))


def scaled(nested: Any, factor: float) -> Any:
    return [scaled(part, factor) for part in nested] if isinstance(nested, list) else nested * factor


def test_a_wrong_loss_is_named() -> None:
    class Loss(handwritten.SoftmaxCrossEntropy):
        def forward(self, z: Any, label: Any) -> Any:
            return super().forward(z, label) * 1.5

    class Wrong(handwritten.Network):
        def forward(self, image: Any) -> Any:
            logits = super().forward(image)
            self.criterion = Loss()
            return logits

    hand = Wrong(list(by_hand(network()).layers.values()))
    hand.criterion = Loss()
    with pytest.raises(GradientMismatch, match="batch 1, the loss, loss"):
        trained(CheckedTrainer, network=hand)


def test_the_comparison_of_tables_rejects_a_mistake() -> None:
    """What the first tests of this page assert is not true of everything."""
    wrong = with_mistake(chosen("dense: input gradient zero"))
    assert not close(numbers(trained(nn.Trainer)[1]), numbers(trained(HandwrittenTrainer, network=wrong)[1]))


def test_a_loss_that_is_no_number_is_told_as_such() -> None:
    def wild(model: nn.Sequential) -> nn.optim.Optimizer:
        return nn.optim.SGD(model.parameters(), lr=1e300)

    for kind in (HandwrittenTrainer, CheckedTrainer):
        with pytest.raises(TrainingError, match=r"the (loss|gradient) is") as found:
            trained(kind, wild)
        assert not isinstance(found.value, GradientMismatch)


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Dropout(0.5), "layer 1 is Dropout"),
        (nn.Tanh(), "layer 1 is Tanh"),
        (nn.Dense(4, 3, bias=False), "layer 1 is Dense"),
        (nn.Conv2d(2, 2, 3, dilation=2), "layer 1 is Conv2d"),
        (nn.Conv2d(2, 2, 3, stride=(1, 2)), "layer 1 is Conv2d"),
        (nn.Conv2d(2, 2, 3, groups=2), "layer 1 is Conv2d"),
        (nn.MaxPool2d(2, padding=1), "layer 1 is MaxPool2d"),
        (nn.MaxPool2d((2, 3)), "layer 1 is MaxPool2d"),
    ],
    ids=str,
)
def test_what_has_no_handwritten_version_is_refused_by_name(layer: nn.Module, words: str) -> None:
    with pytest.raises(ValueError, match=r"nn\.handwritten has not") as found:
        by_hand(nn.Sequential(nn.ReLU(), layer))
    assert words in str(found.value)


class MyDense(nn.Dense):
    """Whatever it computes, it is not known."""


def test_somebodys_subclass_is_not_taken_for_its_base() -> None:
    with pytest.raises(ValueError, match="layer 0 is MyDense"):
        by_hand(nn.Sequential(MyDense(2, 2)))
    with pytest.raises(ValueError, match="is a Dense, not an"):
        by_hand(nn.Dense(2, 2))


def test_equal_pairs_are_the_same_as_one_size() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, (2, 3), stride=(2, 2), padding=(1, 1)), nn.MaxPool2d((2, 2), (1, 1)))
    x = [[[float((3 * i + j * j) % 7) for j in range(9)] for i in range(8)]]
    assert by_hand(model).forward(x) == model([x]).data[0]


@pytest.mark.parametrize(
    "criterion",
    [nn.MSELoss(), nn.CrossEntropyLoss(label_smoothing=0.1), nn.CrossEntropyLoss(reduction="sum")],
    ids=["MSE", "smoothing", "sum"],
)
def test_another_loss_is_refused(criterion: Any) -> None:
    model = network()
    for kind in (HandwrittenTrainer, CheckedTrainer):
        with pytest.raises(ValueError, match="the loss is plain cross-entropy"):
            kind(model, sgd(model), criterion)
