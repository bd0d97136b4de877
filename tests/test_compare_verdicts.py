"""Verdicts: where rounding ends, what a kink excuses, what was not tested, who is guilty first."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from test_compare_innocent import LastOfEqual, Steep, plain

import nn
from nn import handwritten
from nn.compare import Report, Row, Verdict, compare_gradients, compare_layer
from nn.compare.answers import StandIn
from nn.compare.automatic import ProbabilityCrossEntropy, Trace, run_layer, run_loss
from nn.compare.findings import Options, findings
from nn.compare.passes import random_tensor
from nn.compare.rounding import certify
from nn.compare.tensors import Tensor
from nn.handwritten.nested import elementwise


def trace_of(module: nn.Module, shape: tuple[int, ...], seed: int = 0, samples: int = 2) -> Trace:
    rng = random.Random(seed)
    for parameter in module.parameters():
        parameter.data = random_tensor(parameter.shape, rng, False).nested()
    x = random_tensor((samples, *shape), rng, False)
    if isinstance(module, nn.CrossEntropyLoss | ProbabilityCrossEntropy):
        if isinstance(module, ProbabilityCrossEntropy):
            x = Tensor.of(nn.Softmax()(x.nested()).data)
        labels = Tensor.of([[int(i == n % shape[0]) for i in range(shape[0])] for n in range(samples)])
        return run_loss("0", module, x, labels)
    return run_layer("0", module, x, random_tensor(Tensor.of(module(x.nested()).data).shape, rng, False))


LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "conv": (nn.Conv2d(2, 3, 3, stride=2, padding=1), (2, 7, 6)),
    "conv groups": (nn.Conv2d(4, 4, 2, groups=2, dilation=2), (4, 5, 5)),
    "dense": (nn.Dense(9, 4), (9,)),
    "average pooling": (nn.AvgPool2d(2), (2, 6, 4)),
    "tanh": (nn.Tanh(), (5,)),
    "gelu": (nn.GELU(), (5,)),
    "softmax": (nn.Softmax(), (6,)),
    "cross-entropy": (nn.CrossEntropyLoss(), (5,)),
    "cross-entropy of probabilities": (ProbabilityCrossEntropy(), (5,)),
}


def tensors_of(trace: Trace) -> Iterator[tuple[str, Tensor]]:
    yield ("loss" if trace.target is not None else "activation"), trace.y
    for name, t in trace.gradients.items():
        yield f"{name} gradient", t
    yield "input gradient", trace.gx


def verdict_with(trace: Trace, tensor: str, position: int, error: float) -> Row:
    """The row of a candidate that is right but for one element."""
    from nn.compare.answers import Answer

    parts = dict(tensors_of(trace))
    parts[tensor] = parts[tensor].like(v + error * (i == position) for i, v in enumerate(parts[tensor].flat))
    first = "loss" if trace.target is not None else "activation"
    gradients = {
        name.removesuffix(" gradient"): t for name, t in parts.items() if name not in (first, "input gradient")
    }
    given = Answer(parts[first], parts["input gradient"], gradients)
    found = findings(trace, given, "isolated", certify(trace), Options(oracle=False), lambda *_: set())
    (row,) = (f.row for f in found if f.row.tensor == tensor)
    return row


@pytest.mark.parametrize("name", LAYERS)
def test_rounding_ends_at_the_bound(name: str) -> None:
    """An error of one element just below its bound is rounding, one half as large again is wrong; the others stand."""
    module, shape = LAYERS[name]
    trace = trace_of(module, shape)
    certificate = certify(trace)
    for tensor, numbers in tensors_of(trace):
        bounds = {"activation": certificate.y, "loss": certificate.y, "input gradient": certificate.gx}
        bound = bounds[tensor] if tensor in bounds else certificate.gradients[tensor.removesuffix(" gradient")]
        for position in (0, numbers.size // 2, numbers.size - 1):
            step = math.ulp(numbers.flat[position])
            if bound[position] < 8 * step:  # the error itself would be rounded to nothing or to too much
                continue
            assert verdict_with(trace, tensor, position, 0.8 * bound[position]).verdict is Verdict.ROUNDING
            row = verdict_with(trace, tensor, position, 1.5 * bound[position])
            assert row.verdict is Verdict.WRONG
            assert row.outside == (position,)
            assert row.worst is not None and row.worst.bound == bound[position]


@pytest.mark.parametrize("name", LAYERS)
def test_bounds_are_worth_something(name: str) -> None:
    """They forgive no more than a few hundred last digits of the largest number."""
    module, shape = LAYERS[name]
    trace = trace_of(module, shape)
    certificate = certify(trace)
    for numbers, bound in ((trace.y, certificate.y), (trace.gx, certificate.gx)):
        assert max(bound) <= 1e-12 * max(map(abs, numbers.flat))


def test_where_no_bound_can_be_given_only_equal_is_good_enough() -> None:
    for logits, labels in (([[1e17, -1e17]], [0]), ([[1e300, 0.0, -1e300]], [1])):
        report = compare_layer("softmax-cross-entropy", handwritten.SoftmaxCrossEntropy(), logits, target=labels)
        assert report.ok
    layer = handwritten.Dense([[1e200], [1e200]], [0.0])
    report = compare_layer("dense", layer, [[1e200, -1e200]], [[1.0]])
    assert rows_of(report, "isolated")["activation"].metrics is not None
    assert not any(row.verdict is Verdict.WRONG for row in report.rows)


def test_a_number_to_which_only_zeros_contribute_is_forgiven_nothing() -> None:
    layer = nn.Dense(2, 2)
    trace = run_layer("0", layer, Tensor([0.0, 1.0], (1, 2)), Tensor([1.0, 1.0], (1, 2)))
    assert certify(trace).gradients["weight"][:2] == [0.0, 0.0]
    assert verdict_with(trace, "weight gradient", 0, 5e-324).verdict is Verdict.WRONG


def test_nan_where_the_engine_has_a_number_is_wrong() -> None:
    class Lost(handwritten.ReLU):
        def backward(self, gradient: Any) -> Any:
            return elementwise(lambda g: math.nan, gradient)

    report = compare_layer("relu", Lost(), [[1.0, 2.0]], [[1.0, 1.0]])
    guilty = report.first_guilty
    assert guilty is not None and guilty.diagnosis is not None
    assert guilty.diagnosis.name == "not finite"
    assert guilty.metrics is not None and guilty.metrics.handwritten_nan == 2


# -- kinks ------------------------------------------------------------------------------------------------------------


def rows_of(report: Report, mode: str) -> dict[str, Row]:
    return {row.tensor: row for row in report.rows if row.mode == mode}


def test_another_slope_at_zero_is_a_kink() -> None:
    report = compare_layer("relu", Steep(), [[0.0, 0.0, 1.0, -1.0]], [[2.0, -3.0, 1.0, 1.0]])
    row = rows_of(report, "isolated")["input gradient"]
    assert row.verdict is Verdict.KINK
    assert row.diagnosis is not None and row.diagnosis.name == "slope 1 at 0"
    assert report.ok and report.first_guilty is None


@pytest.mark.parametrize("slope", [-0.01, 1.01])
def test_no_slope_beyond_those_beside_a_kink_is_excused(slope: float) -> None:
    class Beyond(handwritten.ReLU):
        def backward(self, gradient: Any) -> Any:
            return elementwise(lambda a, g: g if a > 0 else slope * g if a == 0 else 0.0, self.input, gradient)

    report = compare_layer("relu", Beyond(), [[0.0, 1.0]], [[2.0, -3.0]])
    assert rows_of(report, "isolated")["input gradient"].verdict is Verdict.WRONG


TIED = [[[[5.0, 5.0, 1.0], [5.0, 0.0, 2.0]], [[1.0, 2.0, 3.0], [3.0, 3.0, 3.0]]]]


def test_another_of_equal_maxima_is_a_kink() -> None:
    report = compare_layer("maxpool2d", LastOfEqual(2, 1), TIED)
    row = rows_of(report, "isolated")["input gradient"]
    assert row.verdict is Verdict.KINK
    assert row.diagnosis is not None and row.diagnosis.name == "last of equal maxima"


@pytest.mark.parametrize("share", [(1.0, 1.0), (0.5, 0.4), (1.5, -0.5), (0.0, 0.0)])
def test_maxima_that_share_must_hand_out_all_of_the_gradient_and_no_more(share: tuple[float, float]) -> None:
    class Sharing(handwritten.MaxPool2d):
        def backward(self, gradient: Any) -> Any:
            g = gradient[0][0][0]
            return [[[share[0] * g, share[1] * g], [0.0, 0.0]]]

    module = nn.MaxPool2d(2)
    report = compare_layer(module, Sharing(2), [[[[7.0, 7.0], [1.0, 0.0]]]], [[[[3.0]]]])
    assert rows_of(report, "isolated")["input gradient"].verdict is Verdict.WRONG


def test_in_the_chain_a_kink_excuses_only_choices() -> None:
    """Equal maxima that get the gradient twice stay within what choosing otherwise could change, and are wrong."""

    class Twice(handwritten.MaxPool2d):
        def backward(self, gradient: Any) -> Any:
            super().backward(gradient)
            for c, i, j in ((c, i, j) for c in range(1) for i in range(2) for j in range(2)):
                for k in range(2):
                    for m in range(2):
                        place = (2 * i + k, 2 * j + m)
                        same = self.input[c][place[0]][place[1]] == self.output[c][i][j]
                        if same and place != self.argmax[c][i][j]:
                            self.input_gradient[c][place[0]][place[1]] += gradient[c][i][j]
            return self.input_gradient

    model = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Dense(4, 2))
    state = model.state_dict()
    x = [[[[float(j % 2) for j in range(4)] for _ in range(4)]]]
    for pool, verdict in ((Twice(2), Verdict.WRONG), (LastOfEqual(2), Verdict.KINK)):
        dense = handwritten.Dense(state["2.weight"], state["2.bias"])
        network = handwritten.Network([pool, handwritten.Flatten(), dense])
        report = compare_gradients(model, network, x, [1], mode="chained")
        (row,) = (row for row in report.rows if row.path == "0" and row.tensor == "input gradient")
        assert row.verdict is verdict
        assert report.ok is (verdict is Verdict.KINK)


# -- what was not tested ----------------------------------------------------------------------------------------------


def test_zeros_test_nothing_and_the_probe_makes_up_for_it() -> None:
    """A gradient of zeros lets any formula pass; here the upstream gradient is all zeros."""

    class Wrong(handwritten.Dense):
        def backward(self, gradient: Any) -> Any:
            super().backward(gradient)
            self.weight_gradient = elementwise(lambda v: -v, self.weight_gradient)
            return self.input_gradient

    layer = Wrong([[1.0, 2.0], [3.0, 4.0]], [0.5, 0.25])
    report = compare_layer("dense", layer, [[1.0, 2.0]], [[0.0, 0.0]])
    alone, random_numbers = rows_of(report, "isolated"), rows_of(report, "probe")
    assert alone["weight gradient"].verdict is Verdict.UNTESTED
    assert alone["activation"].verdict is Verdict.EXACT
    assert random_numbers["weight gradient"].verdict is Verdict.WRONG
    assert random_numbers["bias gradient"].verdict is Verdict.EXACT


def test_what_stays_untested_is_not_all_right() -> None:
    model = nn.Sequential(nn.Dense(2, 2))
    state = model.state_dict()
    network = handwritten.Network([handwritten.Dense(state["0.weight"], state["0.bias"])])
    report = compare_gradients(model, network, [[0.0, 0.0]], [1], mode="chained")
    row = rows_of(report, "chained")["weight gradient"]
    assert row.verdict is Verdict.UNTESTED and row.tested == 0.0
    assert not report.ok and report.first_guilty is None
    assert compare_gradients(model, network, [[0.0, 0.0]], [1]).ok  # the probe tests it


def test_a_hidden_bias_is_found_by_the_probe() -> None:
    """The paper's biases begin at 0, where forgetting them goes unnoticed."""

    class Forgetful(handwritten.Dense):
        def forward(self, v: Any) -> Any:
            bias, self.bias = self.bias, [0.0] * len(self.bias)
            z = super().forward(v)
            self.bias = bias
            return z

    layer = Forgetful([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0])
    report = compare_layer("dense", layer, [[1.0, 2.0]])
    assert rows_of(report, "isolated")["activation"].verdict is Verdict.EXACT
    row = rows_of(report, "probe")["activation"]
    assert row.verdict is Verdict.WRONG
    assert row.diagnosis is not None and row.diagnosis.name == "bias forgotten"
    assert layer.bias == [0.0, 0.0]  # the probe's own numbers are gone again


# -- networks ---------------------------------------------------------------------------------------------------------


def small(**replaced: Any) -> tuple[nn.Sequential, handwritten.Network, Any, list[int]]:
    """conv, ReLU, flatten, dense; layers can be replaced by classes of one's own."""
    rng = random.Random(3)
    model = nn.Sequential(nn.Conv2d(1, 2, 2, rng=rng), nn.ReLU(), nn.Flatten(), nn.Dense(18, 3, rng=rng))
    state = model.state_dict()
    conv = replaced.get("conv", handwritten.Conv2d)(state["0.weight"], state["0.bias"])
    dense = replaced.get("dense", handwritten.Dense)(state["3.weight"], state["3.bias"])
    layers = [conv, replaced.get("relu", handwritten.ReLU)(), handwritten.Flatten(), dense]
    return model, handwritten.Network(layers), plain((5, 1, 4, 4), rng), [0, 2, 1, 1, 0]


class NegativeWeights(handwritten.Conv2d):
    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        self.weight_gradient = elementwise(lambda v: -v, self.weight_gradient)
        return self.input_gradient


class DoubledInput(handwritten.Dense):
    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        self.input_gradient = elementwise(lambda v: 2 * v, self.input_gradient)
        return self.input_gradient


def test_a_right_network_is_right_in_every_mode() -> None:
    model, network, x, y = small()
    report = compare_gradients(model, network, x, y)
    assert report.ok and report.first_guilty is None and report.guilty == []
    assert {row.mode for row in report.rows} == {"isolated", "probe", "chained"}
    assert len(report.rows) == 3 * 14
    assert {v.verdict for v in report.rows} <= {Verdict.EXACT, Verdict.ROUNDING}


def test_alone_only_the_wrong_layer_is_accused_and_in_the_chain_those_behind_it_too() -> None:
    model, network, x, y = small(dense=DoubledInput)
    report = compare_gradients(model, network, x, y)
    wrong = {(row.path, row.tensor, row.mode) for row in report.rows if row.verdict is Verdict.WRONG}
    assert {w for w in wrong if w[2] != "chained"} == {
        ("3", "input gradient", "isolated"),
        ("3", "input gradient", "probe"),
    }
    assert {w[0] for w in wrong if w[2] == "chained"} == {"0", "1", "2", "3"}
    assert report.guilty == ["3"]


def test_the_first_guilty_is_the_one_nearest_the_loss() -> None:
    model, network, x, y = small(conv=NegativeWeights, dense=DoubledInput)
    report = compare_gradients(model, network, x, y)
    assert report.guilty == ["3", "0"]
    guilty = report.first_guilty
    assert guilty is not None and (guilty.path, guilty.tensor, guilty.mode) == ("3", "input gradient", "isolated")


def test_modes_can_be_asked_for() -> None:
    model, network, x, y = small(dense=DoubledInput)
    alone = compare_gradients(model, network, x, y, mode="isolated")
    assert {row.mode for row in alone.rows} == {"isolated", "probe"}
    chain = compare_gradients(model, network, x, y, mode="chained")
    assert {row.mode for row in chain.rows} == {"chained"}
    guilty = chain.first_guilty
    assert guilty is not None and (guilty.path, guilty.tensor) == ("3", "input gradient")
    assert guilty.diagnosis is not None and guilty.diagnosis.name == "factor 2"


def test_the_networks_own_average_is_tested() -> None:
    class Sum(handwritten.Network):
        def batch_gradients(self, images: Any, labels: Any) -> Any:
            batch = super().batch_gradients(images, labels)
            times = {name: elementwise(lambda v: len(images) * v, g) for name, g in batch.gradients.items()}
            return batch._replace(gradients=times)

    model, network, x, y = small()
    report = compare_gradients(model, Sum(list(network.layers.values())), x, y)
    guilty = report.first_guilty
    assert guilty is not None and guilty.mode == "chained" and report.guilty == []
    assert guilty.diagnosis is not None and guilty.diagnosis.name == "times N"
    assert "how the network puts them together" in str(report)


def test_the_network_is_left_as_it_was() -> None:
    model, network, x, y = small()
    layers, before = dict(network.layers), network.state()
    model.parameters()[0].grad = [[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]
    compare_gradients(model, network, x, y)
    assert network.layers == layers and network.state() == before
    assert model.parameters()[0].grad[0] == [[[1.0, 2.0], [3.0, 4.0]]]


def test_layers_can_be_handed_in_as_a_list_or_a_dict_and_some_not_at_all() -> None:
    model, network, x, y = small(dense=DoubledInput)
    layers = list(network.layers.values())
    some = compare_gradients(model, [None, *layers[1:]], x, y)
    missing = [row for row in some.rows if row.path == "0"]
    assert {row.verdict for row in missing} == {Verdict.UNTESTED}
    assert {row.note for row in missing} == {"not handed in"}
    assert some.guilty == ["3"] and not some.ok
    assert not any(row.path == "loss" for row in some.rows)
    assert compare_gradients(model, {"3": layers[3]}, x, y).guilty == ["3"]


def test_batched_layers_give_the_same_report() -> None:
    class Batched:
        """Takes all samples at once, with a layer of ours inside."""

        batched = True

        def __init__(self, layer: Any) -> None:
            self.layer = layer

        def forward(self, x: Any) -> Any:
            self.x = x
            return [self.layer.forward(v) for v in x]

        def backward(self, gradient: Any) -> Any:
            self.sums: dict[str, Any] = {}
            out = []
            for v, g in zip(self.x, gradient, strict=True):
                self.layer.forward(v)
                out.append(self.layer.backward(g))
                for name, d in self.layer.gradients().items():
                    self.sums[name] = elementwise(lambda a, b: a + b, self.sums[name], d) if name in self.sums else d
            return out

        def parameters(self) -> Any:
            return self.layer.parameters()

        def gradients(self) -> Any:
            return self.sums

    model, network, x, y = small(conv=NegativeWeights)
    layers = list(network.layers.values())
    for batched in ([Batched(layer) for layer in layers], [Batched(layers[0]), *layers[1:]]):
        report = compare_gradients(model, batched, x, y)
        assert report.guilty == ["0"] and report.remarks == []
        chained = {
            (row.path, row.tensor) for row in report.rows if row.mode == "chained" and row.verdict is Verdict.WRONG
        }
        assert chained == {("0", "weight gradient")}


def test_without_labels_both_sides_start_from_a_random_gradient() -> None:
    model, network, x, _ = small()
    report = compare_gradients(model, network, x)
    assert report.ok and all(row.path != "loss" for row in report.rows)


# -- exact numbers ----------------------------------------------------------------------------------------------------


def test_in_fractions_equal_means_equal() -> None:
    model, network, x, _ = small()
    report = compare_gradients(model, network, x, kind="fraction")
    assert report.ok
    assert {row.verdict for row in report.rows} == {Verdict.EXACT}
    tiny = small(conv=OneUnit)
    wrong = compare_gradients(tiny[0], tiny[1], x, kind="fraction")
    assert wrong.guilty == ["0"]
    guilty = wrong.first_guilty
    assert guilty is not None and guilty.worst is not None and isinstance(guilty.worst.handwritten, Fraction)
    assert guilty.worst.oracle == guilty.worst.automatic


class OneUnit(handwritten.Conv2d):
    """One element off by 2 to the -200: floats could not tell."""

    def backward(self, gradient: Any) -> Any:
        super().backward(gradient)
        self.weight_gradient[0][0][0][0] += Fraction(1, 2**200)
        return self.input_gradient


def test_floats_among_fractions_are_rounding_not_a_mistake() -> None:
    """``total = 0.0`` turns every sum into a float."""

    class FromFloat(handwritten.Dense):
        def backward(self, gradient: Any) -> Any:
            super().backward(gradient)
            self.input_gradient = elementwise(lambda v: v + 0.0, self.input_gradient)
            return self.input_gradient

    third = Fraction(1, 3)
    layer = FromFloat([[third, third]], [third, third])
    report = compare_layer(nn.Dense(1, 2), layer, [[Fraction(1, 7)]], kind="fraction")
    row = rows_of(report, "isolated")["input gradient"]
    assert row.verdict is Verdict.ROUNDING and "0.0" in row.note


# -- what is handed in wrongly ----------------------------------------------------------------------------------------


def test_other_numbers_in_the_parameters_are_refused() -> None:
    model, network, x, y = small()
    network.layers["3"].parameters()["bias"][1] += 0.5
    with pytest.raises(ValueError, match=r"3\.bias\[1\] is .*load the model's state_dict"):
        compare_gradients(model, network, x, y)


@pytest.mark.parametrize(
    ("layers", "message"),
    [([None], "1 layers handed in for the model's 4"), ({"9": None}, r"\['9'\] were handed in"), (7, "a int")],
)
def test_another_number_of_layers_is_refused(layers: Any, message: str) -> None:
    model, _, x, y = small()
    with pytest.raises(ValueError, match=message):
        compare_gradients(model, layers, x, y)


def test_bad_arguments_are_refused_in_one_line() -> None:
    model, network, x, y = small()
    with pytest.raises(ValueError, match="mode is 'alone'; known are 'isolated'"):
        compare_gradients(model, network, x, y, mode="alone")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not an nn\.Sequential"):
        compare_gradients(nn.ReLU(), network, x, y)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="give x, or input_shape"):
        compare_layer("relu", handwritten.ReLU())
    with pytest.raises(ValueError, match="unknown layer 'elu'; known are conv2d"):
        compare_layer("elu", handwritten.ReLU(), [[1.0]])
    with pytest.raises(ValueError, match="a loss needs target"):
        compare_layer("softmax-cross-entropy", handwritten.SoftmaxCrossEntropy(), [[1.0, 2.0]])


class Broken(handwritten.ReLU):
    """One fault at a time."""

    fault = ""

    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        if self.fault == "changes x":
            x[0] = -99.0
        if self.fault == "none":
            return None
        return "text" if self.fault == "text" else y

    def backward(self, gradient: Any) -> Any:
        if self.fault == "raises":
            return 1 // (len(gradient) - len(gradient))
        if self.fault == "changes g":
            result = super().backward(list(gradient))
            gradient[0] = 7.0
            return result
        if self.fault == "ragged":
            return [gradient[0], gradient]
        self.calls = getattr(self, "calls", 0) + 1
        found = super().backward(gradient)
        return [self.calls * v for v in found] if self.fault == "counts" else found


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("changes x", "changed its input"),
        ("changes g", "changed the gradient it is given"),
        ("none", "no answer"),
        ("text", "not a number"),
        ("raises", "raised"),
        ("ragged", "ragged"),
        ("counts", "different answers"),
    ],
)
def test_faults_are_reported_as_what_they_are(fault: str, kind: str) -> None:
    layer = Broken()
    layer.fault = fault
    report = compare_layer("relu", layer, [[1.0, 2.0, -3.0], [2.0, 1.0, 4.0]])
    assert kind in {remark.name for remark in report.remarks}
    assert not report.ok


def test_in_a_network_a_layer_that_raises_leaves_the_others_judged() -> None:
    class Raising(handwritten.ReLU):
        def backward(self, gradient: Any) -> Any:
            raise KeyError("cache")

    model, network, x, y = small(relu=Raising, conv=NegativeWeights)
    report = compare_gradients(model, network, x, y)
    alone = {(row.path, row.tensor): row for row in report.rows if row.mode == "isolated"}
    assert alone["1", "input gradient"].verdict is Verdict.WRONG
    assert "backward raised KeyError: 'cache'" in alone["1", "input gradient"].note
    assert alone["1", "activation"].verdict is Verdict.EXACT
    assert alone["0", "weight gradient"].verdict is Verdict.WRONG
    assert alone["3", "weight gradient"].verdict is Verdict.EXACT
    chained = {(row.path, row.tensor): row for row in report.rows if row.mode == "chained"}
    assert chained["0", "input gradient"].verdict is Verdict.UNTESTED


def test_a_gradient_that_is_not_handed_back_is_wrong() -> None:
    class Without(handwritten.Dense):
        def gradients(self) -> Any:
            return {"weight": self.weight_gradient}

    report = compare_layer("dense", Without([[1.0]], [2.0]), [[3.0]])
    row = rows_of(report, "isolated")["bias gradient"]
    assert row.verdict is Verdict.WRONG and "no such gradient" in row.note


def test_a_stand_in_replays_the_automatic_numbers() -> None:
    y, gx = Tensor([1.0, 2.0], (2, 1)), Tensor([3.0, 4.0], (2, 1))
    stand_in = StandIn(y, gx, divisor=2)
    assert [(stand_in.forward(None), stand_in.backward(None)) for _ in range(2)] == [([1.0], [6.0]), ([2.0], [8.0])]
