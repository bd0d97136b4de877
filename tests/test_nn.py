"""nn: modules, layers, losses, optimisers, initial weights."""

from __future__ import annotations

import copy
import math
import random
from fractions import Fraction
from typing import Any

import pytest

import nn
from nn import init, paper
from tinygrad_lists import Value, no_grad


def flat(data: Any) -> list[Any]:
    return [v for row in data for v in flat(row)] if isinstance(data, list) else [data]


def small_model() -> nn.Sequential:
    rng = random.Random(3)
    return nn.Sequential(nn.Conv2d(1, 2, 3, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(8, 3, rng=rng))


def images(count: int = 2, size: int = 6, seed: int = 0) -> list[Any]:
    rng = random.Random(seed)
    return [[[[rng.random() for _ in range(size)] for _ in range(size)]] for _ in range(count)]


# -- modules
# ------------------------------------------------------------------------------------------------------------


def test_names_of_parameters_are_the_paths_of_the_attributes() -> None:
    assert [name for name, _ in small_model().named_parameters()] == ["0.weight", "0.bias", "4.weight", "4.bias"]
    names = [(name, p.shape) for name, p in paper.network().named_parameters()]
    assert names == [
        ("0.weight", (8, 1, 3, 3)),
        ("0.bias", (8,)),
        ("3.weight", (16, 8, 3, 3)),
        ("3.bias", (16,)),
        ("7.weight", (400, 10)),
        ("7.bias", (10,)),
    ]


def test_a_module_used_twice_has_its_parameters_once() -> None:
    layer = nn.Dense(3, 3)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert len(model.parameters()) == 2


def test_buffers_are_saved_but_not_learnt() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.weight = Value([1.0, 2.0])
            self.mean = Value([0.5, 0.5], requires_grad=False)

    module = Scaled()
    assert [name for name, _ in module.named_parameters()] == ["weight"]
    assert module.state_dict() == {"weight": [1.0, 2.0], "mean": [0.5, 0.5]}


def test_state_dict_round_trip_gives_the_same_outputs() -> None:
    one, other = small_model(), nn.Sequential(*(copy.deepcopy(layer) for layer in small_model()))
    other[4].bias.data = [9.0, 9.0, 9.0]  # type: ignore[union-attr]
    other.load_state_dict(one.state_dict())
    assert other(images()).data == one(images()).data


def test_loading_is_all_or_nothing() -> None:
    model = small_model()
    before = model.state_dict()
    wrong = {**before, "0.weight": [[[[1.0] * 3] * 3]] * 2, "4.bias": [1.0]}
    with pytest.raises(ValueError, match=r"4\.bias has shape \(1,\), the model wants \(3,\)"):
        model.load_state_dict(wrong)
    with pytest.raises(KeyError, match=r"missing \['4.bias'\], unknown \['5.bias'\]"):
        model.load_state_dict({**{k: v for k, v in before.items() if k != "4.bias"}, "5.bias": [1.0]})
    assert model.state_dict() == before


def test_train_and_eval_reach_every_module() -> None:
    model = nn.Sequential(nn.Sequential(nn.ReLU()))
    model.eval()
    assert [m.training for _, m in model.named_modules()] == [False, False, False]
    model.train()
    assert all(m.training for _, m in model.named_modules())


def test_nodes_know_the_module_that_made_them() -> None:
    out = small_model()(images())
    assert out.scope == ("Sequential", "4 Dense")


def test_repr_shows_the_structure() -> None:
    text = repr(small_model())
    assert "(0): Conv2d(1, 2, (3, 3))" in text
    assert "(4): Dense(8, 3)" in text


def test_a_slice_of_a_sequential_is_a_view_of_it() -> None:
    model = small_model()
    assert model[3:](model[:3](images())).data == model(images()).data
    assert model[4].weight is model.parameters()[2]  # type: ignore[union-attr]


# -- layers
# -------------------------------------------------------------------------------------------------------------


def convolve(x: Any, w: Any, b: Any, stride: int, padding: int, dilation: int, groups: int) -> Any:
    """Equation (1) by definition, on nested lists."""
    filters, per_group, kernel = len(w), len(w[0]), len(w[0][0])
    size = len(x[0][0])
    out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1

    def pixel(n: int, c: int, i: int, j: int) -> Any:
        return x[n][c][i][j] if 0 <= i < size and 0 <= j < size else 0

    def y(n: int, f: int, i: int, j: int) -> Any:
        first = f // (filters // groups) * per_group
        return b[f] + sum(
            w[f][c][k][m]
            * pixel(n, first + c, i * stride + k * dilation - padding, j * stride + m * dilation - padding)
            for c in range(per_group)
            for k in range(kernel)
            for m in range(kernel)
        )

    return [[[[y(n, f, i, j) for j in range(out)] for i in range(out)] for f in range(filters)] for n in range(len(x))]


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"), [(1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1), (3, 1, 2, 4)]
)
def test_conv2d_is_equation_1_exactly(stride: int, padding: int, dilation: int, groups: int) -> None:
    rng = random.Random(stride)

    def numbers(*shape: int) -> Any:
        if not shape:
            return Fraction(rng.randrange(-9, 10), rng.randrange(1, 5))
        return [numbers(*shape[1:]) for _ in range(shape[0])]

    layer = nn.Conv2d(4, 4, 3, stride, padding, dilation, groups)
    layer.weight = Value(numbers(4, 4 // groups, 3, 3))
    layer.bias = Value(numbers(4))
    x = numbers(2, 4, 7, 7)
    expected = convolve(x, layer.weight.data, layer.bias.data, stride, padding, dilation, groups)
    assert layer(x).data == expected


def test_dense_is_equation_2() -> None:
    layer = nn.Dense(2, 3)
    layer.weight.data = [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]
    layer.bias.data = [0.5, 0.0, -0.5]  # type: ignore[union-attr]
    assert layer([[1.0, 1.0], [2.0, 0.0]]).data == [[11.5, 22.0, 32.5], [2.5, 4.0, 5.5]]


def test_pooling_leaves_out_what_does_not_fill_a_window() -> None:
    assert nn.MaxPool2d(2)(images(1, 11)).shape == (1, 1, 5, 5)
    assert nn.AvgPool2d(2)(images(1, 11)).shape == (1, 1, 5, 5)


def test_softmax_rows_are_probabilities() -> None:
    rows = nn.Softmax()([[1000.0, 0.0, -1000.0], [0.1, 0.2, 0.3]]).data
    assert rows[0] == [1.0, 0.0, 0.0]
    assert math.isclose(sum(rows[1]), 1.0, rel_tol=1e-15)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Conv2d(0, 8, 3), "Conv2d: in_channels is 0; it must be a whole number of at least 1"),
        (lambda: nn.Conv2d(3, 8, 3, groups=2), "groups=2 does not divide 3 channels"),
        (lambda: nn.Dense(4, 0), "Dense: out_features is 0; it must be a whole number of at least 1"),
        (lambda: nn.Conv2d(1, 8, 3)([[[[1.0]]]]), "does not fit into 1"),
        (lambda: nn.Conv2d(3, 8, 3)(images()), "the input has 1"),
        (lambda: nn.Dense(4, 2)([[1.0, 2.0]]), r"\(1, 2\) @ \(4, 2\): inner sizes 2 and 4 differ"),
        (lambda: nn.MaxPool2d(0)(images()), "kernel_size"),
        (lambda: nn.Conv2d(1, 2, 3)([[[[1.0, 2.0], [3.0]]]]), "ragged"),
    ],
)
def test_bad_shapes_are_named(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_sequential_takes_modules_only() -> None:
    with pytest.raises(TypeError, match="argument 1 is a function"):
        nn.Sequential(nn.ReLU(), lambda x: x)  # type: ignore[arg-type]


# -- cross-entropy
# ------------------------------------------------------------------------------------------------------


def test_class_indices_and_one_hot_rows_give_the_same_loss_and_gradient() -> None:
    logits = [[0.5, -1.0, 2.0], [3.0, 0.0, 0.1]]
    gradients, losses = [], []
    for target in ([2, 1], [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]):
        z = Value(logits)
        loss = nn.CrossEntropyLoss()(z, target)
        loss.backward()
        losses.append(loss.data)
        gradients.append(z.grad)
    assert losses[0] == losses[1]
    assert gradients[0] == gradients[1]


def test_gradient_of_cross_entropy_is_probability_minus_label() -> None:
    z = Value([[0.5, -1.0, 2.0]])
    nn.CrossEntropyLoss()(z, [2]).backward()
    p = nn.Softmax()(z).data[0]
    for got, want in zip(z.grad[0], [p[0], p[1], p[2] - 1], strict=True):
        assert math.isclose(got, want, rel_tol=1e-14, abs_tol=1e-16)


def test_extreme_logits_stay_finite() -> None:
    """A probability that rounds to 0 is no infinite loss, and an impossible class is no nan."""
    z = Value([[1000.0, -1000.0]])
    loss = nn.CrossEntropyLoss()(z, [1])
    loss.backward()
    assert loss.data == 2000.0
    assert z.grad == [[1.0, -1.0]]
    assert nn.CrossEntropyLoss()([[0.0, -math.inf]], [0]).data == 0.0


def test_reductions_of_the_loss() -> None:
    logits, labels = [[0.5, -1.0], [3.0, 0.0]], [1, 0]
    each = nn.CrossEntropyLoss("none")(logits, labels).data
    assert math.isclose(nn.CrossEntropyLoss("sum")(logits, labels).data, sum(each))
    assert math.isclose(nn.CrossEntropyLoss()(logits, labels).data, sum(each) / 2)


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        ([[0.0, 1.0]], [2], "label 2 at position 0 is not a class from 0 to 1"),
        ([[0.0, 1.0], [0.0, 1.0]], [0, -1], "label -1 at position 1"),
        ([[0.0, 1.0]], [0.5], "label 0.5 at position 0"),
        ([[0.0, 1.0]], [0, 1], r"\(1, 2\) need targets of shape \(1,\)"),
        ([0.0, 1.0], [0], r"logits have shape \(2,\); expected \(N, C\)"),
        ([[0.0, 1.0]], [math.nan], "label nan"),
    ],
)
def test_bad_labels_are_named(logits: Any, labels: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        nn.CrossEntropyLoss()(logits, labels)


def test_unknown_reduction_is_named() -> None:
    with pytest.raises(ValueError, match="'average'"):
        nn.CrossEntropyLoss("average")


# -- optimisers
# ---------------------------------------------------------------------------------------------------------


def test_sgd_is_equation_5() -> None:
    """The update subtracts lr times the mean of the per-sample gradients."""
    model = nn.Dense(2, 2)
    x, labels = [[1.0, -2.0], [0.5, 3.0]], [0, 1]
    before = flat(model.weight.data)
    each = []
    for sample, label in zip(x, labels, strict=True):
        model.zero_grad()
        nn.CrossEntropyLoss()(model([sample]), [label]).backward()
        each.append(flat(model.weight.grad))
    model.zero_grad()
    nn.CrossEntropyLoss()(model(x), labels).backward()
    nn.optim.SGD(model.parameters(), lr=0.1).step()
    for new, old, one, two in zip(flat(model.weight.data), before, *each, strict=True):
        assert math.isclose(new, old - 0.1 * (one + two) / 2, rel_tol=1e-13)


@pytest.mark.parametrize(("nesterov", "weight_decay"), [(False, 0.0), (True, 0.0), (False, 0.25), (True, 0.25)])
def test_momentum_by_its_formula(nesterov: bool, weight_decay: float) -> None:
    """On L = w**2 in exact arithmetic, step by step."""
    w = Value(Fraction(1))
    lr, momentum, decay = Fraction(1, 10), Fraction(1, 2), Fraction(weight_decay)
    optimiser = nn.optim.SGD([w], lr, momentum, nesterov, decay)  # type: ignore[arg-type]
    x, v = Fraction(1), None
    for _ in range(4):
        optimiser.zero_grad()
        (w * w).backward()
        optimiser.step()
        g = 2 * x + decay * x
        v = g if v is None else momentum * v + g
        x -= lr * (g + momentum * v if nesterov else v)
        assert w.data == x


def test_parameters_without_gradient_stay() -> None:
    a, b = Value(1.0), Value(2.0)
    optimiser = nn.optim.SGD([a, b], lr=0.5)
    (a * 3).backward()
    optimiser.step()
    assert (a.data, b.data) == (-0.5, 2.0)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.optim.SGD([], lr=0.1), ValueError, "no parameters"),
        (lambda: nn.optim.SGD([Value(1.0)], lr=-0.1), ValueError, "lr is -0.1"),
        (lambda: nn.optim.SGD([Value(1.0)], lr=math.nan), ValueError, "lr is nan"),
        (lambda: nn.optim.SGD([Value(1.0)], 0.1, momentum=-1), ValueError, "momentum"),
        (lambda: nn.optim.SGD([Value(1.0)], 0.1, nesterov=True), ValueError, "nesterov"),
        (lambda: nn.optim.SGD([1.0], lr=0.1), TypeError, "not a Value"),  # type: ignore[list-item]
        (lambda: nn.optim.SGD([Value(1.0, requires_grad=False)], 0.1), TypeError, "requires a gradient"),
    ],
)
def test_bad_arguments_of_optimisers(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


# -- initial weights
# ----------------------------------------------------------------------------------------------------


def test_sine_is_equation_3_with_running_indices() -> None:
    model = paper.network()
    init.sine_module(model, 1.5, 0.25, 0.5)
    weights = [w for p in model.parameters() if p.ndim > 1 for w in flat(p.data)]
    assert weights == [math.sin(1.5 * i + 0.25) * 0.5 for i in range(72 + 1152 + 4000)]
    assert all(b == 0.0 for p in model.parameters() if p.ndim == 1 for b in p.data)


@pytest.mark.parametrize(
    ("scheme", "deviation"),
    [
        (init.kaiming_uniform, math.sqrt(2 / 200)),
        (init.kaiming_normal, math.sqrt(2 / 200)),
        (init.xavier_uniform, math.sqrt(2 / 300)),
        (init.xavier_normal, math.sqrt(2 / 300)),
    ],
)
def test_random_schemes_have_their_spread_and_their_seed(scheme: Any, deviation: float) -> None:
    numbers = flat(scheme((200, 100), random.Random(5)))
    measured = math.sqrt(sum(v * v for v in numbers) / len(numbers))
    assert abs(measured / deviation - 1) < 0.02  # 20,000 draws: the spread is known to about 0.5 %
    assert abs(sum(numbers) / len(numbers)) < 4 * deviation / math.sqrt(len(numbers))
    assert numbers == flat(scheme((200, 100), random.Random(5)))
    assert numbers != flat(scheme((200, 100), random.Random(6)))


def test_unknown_scheme_is_named() -> None:
    with pytest.raises(ValueError, match=r"'he'.*sine, kaiming, xavier"):
        paper.initialise(paper.network(), "he")


# -- against PyTorch
# ----------------------------------------------------------------------------------------------------


def test_the_papers_step_equals_pytorchs() -> None:
    """Loss and every gradient of the paper's network on real images, in float64."""
    torch = pytest.importorskip(
        "torch", reason="PyTorch is an optional oracle; exact arithmetic covers the same elsewhere"
    )
    f = torch.nn.functional
    model = paper.network()
    paper.initialise(model)
    train = nn.data.mnist.load("train", subset="paper")[:8]
    x, labels = next(iter(nn.data.DataLoader(train, 8)))
    loss = nn.CrossEntropyLoss()(model(x), labels)
    loss.backward()
    w1, b1, w2, b2, w3, b3 = theirs = [
        torch.tensor(p.data, dtype=torch.float64, requires_grad=True) for p in model.parameters()
    ]
    h = f.max_pool2d(f.relu(f.conv2d(torch.tensor(x, dtype=torch.float64), w1, b1)), 2)
    h = f.max_pool2d(f.relu(f.conv2d(h, w2, b2)), 2)
    expected = f.cross_entropy(h.flatten(1) @ w3 + b3, torch.tensor(labels))
    expected.backward()
    assert math.isclose(loss.item(), expected.item(), rel_tol=1e-13)
    for (name, ours), other in zip(model.named_parameters(), theirs, strict=True):
        scale = other.grad.abs().max().item()
        worst = max(abs(a - b) for a, b in zip(flat(ours.grad), other.grad.flatten().tolist(), strict=True))
        assert worst <= 1e-13 * scale, name


def test_no_gradient_is_recorded_in_evaluation() -> None:
    with no_grad():
        out = small_model()(images())
    assert not out.requires_grad
    assert out.inputs == ()
