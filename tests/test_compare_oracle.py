"""The third opinion: the engine's numbers on Fractions, its own floats to the last digits, and nobody else's code."""

from __future__ import annotations

import ast
import math
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from test_compare_verdicts import tensors_of, trace_of

import nn
from nn.compare import oracle, oracle_decimal
from nn.compare.automatic import ProbabilityCrossEntropy, run_layer
from nn.compare.inputs import in_kind
from nn.compare.oracle import third_opinion
from nn.compare.passes import random_tensor
from nn.compare.tensors import Tensor, index_of

RATIONAL: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "conv": (nn.Conv2d(2, 3, (2, 3), stride=(2, 1), padding=(1, 0)), (2, 5, 4)),
    "conv dilation groups": (nn.Conv2d(4, 2, 2, dilation=2, groups=2), (4, 4, 5)),
    "conv without bias": (nn.Conv2d(1, 2, 2, bias=False), (1, 3, 3)),
    "dense": (nn.Dense(4, 3), (4,)),
    "dense of rows": (nn.Dense(3, 2), (2, 3)),
    "max pooling": (nn.MaxPool2d(2, stride=1), (2, 4, 4)),
    "max pooling padding": (nn.MaxPool2d(3, stride=2, padding=1), (1, 5, 4)),
    "average pooling": (nn.AvgPool2d(2, stride=1), (2, 3, 4)),
    "average pooling padding": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (1, 4, 5)),
    "relu": (nn.ReLU(), (3, 4)),
    "flatten": (nn.Flatten(), (2, 3, 2)),
}


@pytest.mark.parametrize("name", RATIONAL)
def test_on_fractions_every_element_is_the_engines(name: str) -> None:
    module, shape = RATIONAL[name]
    rng = random.Random(5)
    module = in_kind(module, exact=True)
    count = 2 * math.prod(shape)
    pool = [n for n in range(-3 * count, 3 * count) if n]
    x = Tensor([Fraction(n, 64) for n in rng.sample(pool, count)], (2, *shape))  # all distinct: no kinks
    g = random_tensor(Tensor.of(module(x.nested()).data).shape, rng, exact=True)
    trace = run_layer("0", module, x, g)
    for tensor, numbers in tensors_of(trace):
        for position, number in enumerate(numbers.flat):
            assert third_opinion(trace, tensor, index_of(position, numbers.shape)) == number


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Sigmoid(), (4,)),
        (nn.Tanh(), (4,)),
        (nn.SiLU(), (4,)),
        (nn.Softplus(), (4,)),
        (nn.GELU(), (4,)),
        (nn.ELU(), (4,)),
        (nn.LeakyReLU(), (4,)),
        (nn.Softmax(), (5,)),
        (nn.CrossEntropyLoss(), (4,)),
        (nn.CrossEntropyLoss("sum"), (4,)),
        (ProbabilityCrossEntropy(), (4,)),
    ],
    ids=repr,
)
def test_functions_with_exp_agree_to_the_last_digits(module: nn.Module, shape: tuple[int, ...]) -> None:
    trace = trace_of(module, shape)
    for tensor, numbers in tensors_of(trace):
        for position, number in enumerate(numbers.flat):
            opinion = third_opinion(trace, tensor, index_of(position, numbers.shape))
            assert isinstance(opinion, Decimal)
            assert abs(opinion - Decimal(number)) <= Decimal("1e-14") * max(abs(opinion), Decimal("0.01"))


def test_at_a_kink_there_is_no_opinion() -> None:
    relu = run_layer("0", nn.ReLU(), Tensor([0.0, 1.0], (1, 2)), Tensor([1.0, 1.0], (1, 2)))
    assert third_opinion(relu, "input gradient", (0, 0)) is None
    assert third_opinion(relu, "input gradient", (0, 1)) == 1
    tied = run_layer("0", nn.MaxPool2d(2), Tensor([1.0, 1.0, 0.0, 0.5], (1, 1, 2, 2)), Tensor([3.0], (1, 1, 1, 1)))
    assert third_opinion(tied, "input gradient", (0, 0, 0, 1)) is None
    assert third_opinion(tied, "input gradient", (0, 0, 1, 0)) == 0


def test_it_is_exact_where_floats_cancel() -> None:
    trace = run_layer("0", nn.Dense(3, 1), Tensor([1e16, 1.0, -1e16], (1, 3)), Tensor([1.0], (1, 1)))
    trace.parameters["weight"].flat[:] = [1.0, 1.0, 1.0]
    trace.parameters["bias"].flat[:] = [0.0]
    assert third_opinion(trace, "activation", (0, 0)) == Fraction(1)


def test_not_finite_numbers_and_unknown_layers_have_no_opinion() -> None:
    class Twice(nn.Module):
        def forward(self, x: object) -> object:  # type: ignore[override]
            return x + x  # type: ignore[operator]

    trace = run_layer("0", nn.ReLU(), Tensor([float("inf")], (1, 1)), Tensor([1.0], (1, 1)))
    assert third_opinion(trace, "activation", (0, 0)) is None
    unknown = run_layer("0", Twice(), Tensor([1.0], (1, 1)), Tensor([1.0], (1, 1)))
    assert third_opinion(unknown, "activation", (0, 0)) is None


def test_the_oracle_shares_code_with_neither_side() -> None:
    """It imports layer classes to ask for their settings, and calls nothing of the engine or of `nn.handwritten`."""
    for module in (oracle, oracle_decimal):
        assert module.__file__ is not None
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        imported = {
            (node.module or "") for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 0
        }
        assert imported <= {"layers", "losses", "automatic", "oracle_decimal", "tensors"}
        absolute = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0}
        assert not any(str(name).startswith(("nn", "tinygrad")) for name in absolute)
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"run_layer", "run_loss", "Value"}
