"""Losses: by their definitions, beside PyTorch's, far out, and with wrong arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from nn_tools import close, flat, fractions, normal, torch_or_skip

import nn
from tinygrad_lists import Value, check_grads


def probabilities(shape: tuple[int, int], seed: int) -> Any:
    return nn.Softmax()(normal(shape, seed)).data


def between(shape: tuple[int, int], seed: int) -> Any:
    return nn.Sigmoid()(normal(shape, seed)).data


@dataclass
class Case:
    """A loss of ours, and the same of PyTorch's, with tensors where we take lists."""

    name: str
    arguments: dict[str, Any]
    inputs: Any = field(default_factory=lambda: normal((4, 3), 1))
    targets: Any = field(default_factory=lambda: normal((4, 3), 2))
    lists: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"

    def ours(self) -> nn.Module:
        made: nn.Module = getattr(nn, self.name)(**self.arguments)
        return made

    def theirs(self, torch: Any) -> Any:
        def tensor(name: str, value: Any) -> Any:
            return torch.tensor(value, dtype=torch.float64) if name in self.lists else value

        return getattr(torch.nn, self.name)(**{k: tensor(k, v) for k, v in self.arguments.items()})


ROWS = probabilities((4, 3), 3)
HOT = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
LABELS = [2, 0, 2, 1]
WEIGHT = {"weight": [0.5, 2.0, 0.25]}
LOGS = nn.LogSoftmax()(normal((4, 3), 4)).data
CASES = [
    *(
        Case(name, {**more, "reduction": reduction})
        for name, more in (("MSELoss", {}), ("L1Loss", {}), ("HuberLoss", {"delta": 0.7}))
        for reduction in ("mean", "sum", "none")
    ),
    *(
        Case("CrossEntropyLoss", {**more, "reduction": reduction}, targets=targets, lists=("weight",))
        for more in ({}, {"label_smoothing": 0.2}, WEIGHT, {**WEIGHT, "label_smoothing": 0.3}, {"label_smoothing": 1.0})
        for targets in (LABELS, ROWS, HOT)
        for reduction in ("mean", "sum", "none")
    ),
    *(
        Case("BCEWithLogitsLoss", {**more, "reduction": reduction}, targets=between((4, 3), 5), lists=tuple(more))
        for more in ({}, {"pos_weight": [0.5, 2.0, 3.0]}, {"weight": [0.5, 2.0, 3.0]}, {"pos_weight": 2.5})
        for reduction in ("mean", "sum", "none")
    ),
    *(Case("KLDivLoss", {"reduction": r}, LOGS, ROWS) for r in ("mean", "batchmean", "sum", "none")),
    Case("KLDivLoss", {"reduction": "sum"}, LOGS, HOT),
    Case("KLDivLoss", {"reduction": "mean", "log_target": True}, LOGS, nn.LogSoftmax()(normal((4, 3), 6)).data),
]


@pytest.mark.filterwarnings("ignore:reduction")  # PyTorch says that its own "mean" is no true divergence
@pytest.mark.parametrize("case", CASES, ids=str)
def test_losses_and_gradients_are_pytorchs(case: Case) -> None:
    torch = torch_or_skip()
    x = Value(case.inputs)
    loss = case.ours()(x, case.targets)
    theirs_x = torch.tensor(case.inputs, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor(case.targets, dtype=None if case.targets is LABELS else torch.float64)
    expected = case.theirs(torch)(theirs_x, targets)
    assert loss.shape == tuple(expected.shape)
    close(loss.data, expected.tolist())
    loss.sum().backward()
    expected.sum().backward()
    close(x.grad, theirs_x.grad.tolist())


@pytest.mark.parametrize("case", [c for c in CASES if c.arguments["reduction"] == "sum"], ids=str)
def test_gradients_are_those_of_the_formula(case: Case) -> None:
    """Of the predictions, and of soft targets as well."""
    loss = case.ours()
    targets = case.targets if case.targets in (LABELS, HOT) else Value(case.targets)
    arguments = (Value(case.inputs),) if targets is case.targets else (Value(case.inputs), targets)
    check_grads(lambda x, y=targets: loss(x, y), arguments, order=1)


# -- by definition, exactly -------------------------------------------------------------------------------------------


def test_regression_losses_on_fractions() -> None:
    x, y = fractions((3, 4), 1), fractions((3, 4), 2)
    errors = [a - b for a, b in zip(flat(x), flat(y), strict=True)]
    half = Fraction(1, 2)
    delta = Fraction(3, 2)
    huber = [d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2) for d in errors]
    assert nn.MSELoss()(x, y).data == sum(d * d for d in errors) / 12
    assert nn.L1Loss("sum")(x, y).data == sum(map(abs, errors))
    assert flat(nn.HuberLoss("none", delta)(x, y).data) == huber  # type: ignore[arg-type]
    z = Value(x)
    nn.HuberLoss("sum", delta)(z, y).backward()  # type: ignore[arg-type]
    assert flat(z.grad) == [max(min(d, delta), -delta) for d in errors]
    z = Value([half, -half, Fraction(0)])
    nn.L1Loss("sum")(z, [Fraction(0)] * 3).backward()
    assert z.grad == [1, -1, 0]


def test_cross_entropy_by_equation_4_to_45_digits() -> None:
    """With smoothing and weights, for class indices and for the rows that mean the same."""
    with localcontext() as context:
        context.prec = 60
        logits = [[Decimal("0.5"), Decimal("-1.25"), Decimal(2)], [Decimal(3), Decimal(0), Decimal("0.125")]]
        weight, smoothing = [Decimal("0.5"), Decimal(2), Decimal("0.25")], Decimal("0.2")
        labels = [2, 1]
        losses = []
        for row, label in zip(logits, labels, strict=True):
            total = sum(z.exp() for z in row)
            y = [(1 - smoothing) * (i == label) + smoothing / 3 for i in range(3)]
            losses.append(-sum(w * p * (z.exp() / total).ln() for w, p, z in zip(weight, y, row, strict=True)))
        criterion = nn.CrossEntropyLoss("none", smoothing, weight)  # type: ignore[arg-type]
        hot = [[Decimal(int(i == label)) for i in range(3)] for label in labels]
        for targets in (labels, hot):
            for got, want in zip(criterion(logits, targets).data, losses, strict=True):
                assert abs(got - want) < Decimal("1e-45")
        mean = nn.CrossEntropyLoss("mean", smoothing, weight)  # type: ignore[arg-type]
        assert abs(mean(logits, labels).data - sum(losses) / (weight[2] + weight[1])) < Decimal("1e-45")
        assert abs(mean(logits, hot).data - sum(losses) / 2) < Decimal("1e-45")


def test_binary_cross_entropy_by_definition_to_45_digits() -> None:
    with localcontext() as context:
        context.prec = 60
        for x, y in (("0.5", "1"), ("-3", "0.25"), ("40", "0"), ("-40", "1")):
            z, t = Decimal(x), Decimal(y)
            p = 1 / (1 + (-z).exp())
            want = -3 * t * p.ln() - (1 - t) * (1 - p).ln()
            got = nn.BCEWithLogitsLoss(pos_weight=Decimal(3))(z, t).data
            assert abs(got - want) < Decimal("1e-40")


def test_divergence_by_definition_to_45_digits() -> None:
    with localcontext() as context:
        context.prec = 60
        p, q = [Decimal("0.2"), Decimal("0.5"), Decimal("0.3")], [Decimal("0.6"), Decimal("0.4"), Decimal(0)]
        want = sum(b * (b / a).ln() for a, b in zip(p, q, strict=True) if b)
        got = nn.KLDivLoss("batchmean")([[a.ln() for a in p]], [q]).data
        assert abs(got - want) < Decimal("1e-45")
        logs = [[a.ln() for a in p[:2]]], [[b.ln() for b in q[:2]]]  # the third is impossible
        assert abs(nn.KLDivLoss("batchmean", log_target=True)(*logs).data - want) < Decimal("1e-45")


# -- far out ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "loss"), [(800.0, 1.0, 0.0), (-800.0, 0.0, 0.0), (800.0, 0.0, 800.0), (-9e9, 1.0, 9e9)]
)
def test_binary_cross_entropy_stays_finite(x: float, y: float, loss: float) -> None:
    logit = Value(x)
    found = nn.BCEWithLogitsLoss()(logit, y)
    found.backward()
    assert found.data == loss
    assert abs(logit.grad) == (1.0 if loss else 0.0)


def test_binary_cross_entropy_keeps_all_digits_of_small_losses() -> None:
    """``log(1 + exp(-40))``, which a subtraction of 40 from 40.000... would round to 0."""
    assert math.isclose(nn.BCEWithLogitsLoss()(40.0, 1.0).data, math.exp(-40), rel_tol=1e-14)
    assert math.isclose(nn.BCEWithLogitsLoss()(-40.0, 0.0).data, math.exp(-40), rel_tol=1e-14)


def test_impossible_outcomes_cost_nothing_and_give_no_nan() -> None:
    x, y = Value([[-math.inf, 0.0]]), Value([[0.0, 1.0]])
    loss = nn.KLDivLoss("sum")(x, y)
    loss.backward()
    assert loss.data == 0.0
    assert x.grad == [[0.0, -1.0]]
    assert not any(math.isnan(g) for g in y.grad[0])
    assert nn.KLDivLoss("sum")([[-math.inf, 0.0]], [[0.5, 0.5]]).data == math.inf


def test_an_impossible_class_gives_no_nan_with_weights() -> None:
    assert nn.CrossEntropyLoss(weight=[2.0, 1.0])([[0.0, -math.inf]], [0]).data == 0.0


def test_losses_are_modules_with_buffers() -> None:
    assert nn.CrossEntropyLoss(weight=[1.0, 2.0]).state_dict() == {"weight": [1.0, 2.0]}
    assert nn.CrossEntropyLoss().parameters() == []
    assert (
        repr(nn.CrossEntropyLoss("sum", 0.1, [1.0]))
        == "CrossEntropyLoss(reduction='sum', label_smoothing=0.1, weighted)"
    )
    assert repr(nn.HuberLoss(delta=2.0)) == "HuberLoss(reduction='mean', delta=2.0)"
    assert repr(nn.KLDivLoss("sum", True)) == "KLDivLoss(reduction='sum', log_target=True)"


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.MSELoss("average"), r"MSELoss: reduction is 'mean', 'sum' or 'none', not 'average'"),
        (lambda: nn.L1Loss("batchmean"), "L1Loss: reduction"),
        (lambda: nn.KLDivLoss("average"), "KLDivLoss: reduction is 'mean', 'batchmean', 'sum' or 'none'"),
        (lambda: nn.MSELoss()([[1.0], [2.0]], [1.0, 2.0]), r"MSELoss: predictions \(2, 1\) and targets \(2,\)"),
        (lambda: nn.L1Loss()([1.0], 1.0), r"L1Loss: predictions \(1,\) and targets \(\)"),
        (lambda: nn.HuberLoss()([1.0], [1.0, 2.0]), r"HuberLoss: predictions \(1,\)"),
        (lambda: nn.BCEWithLogitsLoss()([1.0], [[1.0]]), r"BCEWithLogitsLoss: predictions \(1,\) and targets \(1, 1\)"),
        (lambda: nn.KLDivLoss()([1.0], [1.0, 2.0]), r"KLDivLoss: predictions \(1,\)"),
        (lambda: nn.KLDivLoss("batchmean")(-1.0, 0.5), "KLDivLoss: 'batchmean' needs a batch"),
        (lambda: nn.HuberLoss(delta=0.0), r"HuberLoss: delta is 0\.0"),
        (lambda: nn.HuberLoss(delta=math.nan), "HuberLoss: delta is nan"),
        (lambda: nn.BCEWithLogitsLoss(pos_weight=[[1.0], [2.0]])([1.0], [0.0]), r"from \(1,\) to \(2, 1\)"),
        (lambda: nn.CrossEntropyLoss(label_smoothing=1.5), r"CrossEntropyLoss: label_smoothing is 1\.5"),
        (lambda: nn.CrossEntropyLoss(weight=[[1.0]]), r"CrossEntropyLoss: weight has shape \(1, 1\)"),
        (lambda: nn.CrossEntropyLoss(weight=[1.0, -1.0]), r"the weight of class 1 is -1\.0"),
        (lambda: nn.CrossEntropyLoss(weight=[1.0])([[1.0, 2.0]], [0]), "1 weights for 2 classes"),
    ],
)
def test_bad_arguments_are_named(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
