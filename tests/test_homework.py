"""Somebody's own layers: in any of the usual styles, and with everything that can be wrong besides the numbers."""

from __future__ import annotations

import inspect
import json
import math
import textwrap
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import nn
from nn import handwritten
from nn.compare import CandidateError, compare_gradients, compare_layer
from nn.compare.examples import example
from nn.compare.grading import check_weights, grade
from nn.compare.hints import HINTS
from nn.compare.homework import split_target
from nn.compare.kinds import KINDS, kind_of_name
from nn.compare.problems import KINDS as PROBLEMS
from nn.compare.problems import HomeworkError, Problem
from nn.compare.process import Worker
from nn.compare.recognition import adapt
from nn.compare.remote import Session
from nn.compare.report import Report, Verdict
from nn.compare.runner import Outcome, compare_homework, merged
from nn.compare.templates import names, text
from nn.compare.values import read

CLASSES = {
    "conv2d": handwritten.Conv2d,
    "maxpool2d": handwritten.MaxPool2d,
    "relu": handwritten.ReLU,
    "flatten": handwritten.Flatten,
    "dense": handwritten.Dense,
    "softmax": handwritten.Softmax,
    "cross-entropy": handwritten.CrossEntropy,
    "softmax-cross-entropy": handwritten.SoftmaxCrossEntropy,
}


def compared(handed_in: Any, kind: str | None = None, **settings: Any) -> tuple[Any, Report]:
    layer = adapt(handed_in, kind, **settings)
    usual = example(layer.kind.name, batch=3, parameters=layer.parameters() or None, settings=layer.settings)
    return layer, compare_layer(layer.kind.name, layer, usual.x, usual.gradient, target=usual.labels)


def wrong(report: Report) -> set[str]:
    return {row.tensor for row in report.rows if row.verdict is Verdict.WRONG}


# -- styles of writing a layer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_layers_pass_as_anybodys(kind: str) -> None:
    layer, report = compared(CLASSES[kind], kind)
    assert report.ok
    assert layer.problems == []


class ShapesInConstructor:
    """Weights are made inside, (out, in); the bias is a column; gradients are called dW and db."""

    def __init__(self, n_in: int, n_out: int) -> None:
        self.W = [[0.0] * n_in for _ in range(n_out)]
        self.b = [[0.0] for _ in range(n_out)]

    def forward(self, v: Any) -> Any:
        self.v = v
        return [b[0] + sum(p * q for p, q in zip(row, v, strict=True)) for row, b in zip(self.W, self.b, strict=True)]

    def backward(self, dout: Any) -> Any:
        self.dW = [[g * p for p in self.v] for g in dout]
        self.db = [[g] for g in dout]
        return [sum(g * row[i] for g, row in zip(dout, self.W, strict=True)) for i in range(len(self.v))]


def dense_forward(x: Any, weight: Any, bias: Any) -> Any:
    return handwritten.Dense(weight, bias).forward(x)


def dense_backward(gradient: Any, x: Any, weight: Any, bias: Any) -> Any:
    layer = handwritten.Dense(weight, bias)
    layer.forward(x)
    return layer.backward(gradient), layer.weight_gradient, layer.bias_gradient


def other_names(dz: Any, a_prev: Any, W: Any, b: Any) -> Any:
    return dense_backward(dz, a_prev, W, b)


def with_dict(gradient: Any, x: Any, weight: Any, bias: Any) -> Any:
    dx, dw, db = dense_backward(gradient, x, weight, bias)
    return {"dx": dx, "dW": dw, "db": db}


class InDicts:
    """Parameters and gradients in dicts, as many courses do."""

    def __init__(self) -> None:
        self.params = {"W": [[0.5] * 3 for _ in range(5)], "b": [0.0] * 3}
        self.grads: dict[str, Any] = {}

    def forward(self, inputs: Any) -> Any:
        self.layer = handwritten.Dense(self.params["W"], self.params["b"])
        return self.layer.forward(inputs)

    def backward(self, grad_output: Any) -> Any:
        dx = self.layer.backward(grad_output)
        self.grads = {"W": self.layer.weight_gradient, "b": self.layer.bias_gradient}
        return dx


class AddsUp:
    """Gradients add up until zero_grad() is called, as in PyTorch."""

    def __init__(self, weight: Any, bias: Any) -> None:
        self.weight, self.bias = weight, bias
        self.zero_grad()

    def zero_grad(self) -> None:
        self.weight_grad = [[0.0] * len(self.bias) for _ in self.weight]
        self.bias_grad = [0.0] * len(self.bias)

    def forward(self, x: Any) -> Any:
        self.layer = handwritten.Dense(self.weight, self.bias)
        return self.layer.forward(x)

    def backward(self, gradient: Any) -> Any:
        dx = self.layer.backward(gradient)
        for i, row in enumerate(self.layer.weight_gradient):
            for j, value in enumerate(row):
                self.weight_grad[i][j] += value
        for j, value in enumerate(self.layer.bias_gradient):
            self.bias_grad[j] += value
        return dx


class KeepsAll:
    """Returns nothing, keeps everything in attributes, as in some books."""

    def __init__(self, n_inputs: int, n_neurons: int) -> None:
        self.weights = [[0.0] * n_neurons for _ in range(n_inputs)]
        self.biases = [[0.0] * n_neurons]

    def forward(self, inputs: Any) -> None:
        self.layer = handwritten.Dense(self.weights, self.biases[0])
        self.output = self.layer.forward(inputs)

    def backward(self, dvalues: Any) -> None:
        self.dinputs = self.layer.backward(dvalues)
        self.dweights, self.dbiases = self.layer.weight_gradient, [self.layer.bias_gradient]


class Tuples:
    """Tuples for lists, everywhere."""

    layer = "relu"

    def forward(self, x: Any) -> Any:
        self.x = x
        return self._map(lambda a, _: max(a, 0.0), x, x)

    def backward(self, gradient: Any) -> Any:
        return self._map(lambda a, g: g if a > 0 else 0.0, self.x, gradient)

    def _map(self, f: Callable[..., float], a: Any, b: Any) -> Any:
        return tuple(self._map(f, p, q) for p, q in zip(a, b, strict=True)) if isinstance(a, list) else f(a, b)


STYLES: list[tuple[Any, str | None]] = [
    (ShapesInConstructor, "dense"),
    (ShapesInConstructor(4, 6), "dense"),
    ((dense_forward, dense_backward), None),
    ((dense_forward, other_names), "dense"),
    ((dense_forward, with_dict), "dense"),
    (InDicts, "dense"),
    (InDicts(), "dense"),
    (AddsUp, "dense"),
    (KeepsAll, "dense"),
    (Tuples, None),
]


@pytest.mark.parametrize(("handed_in", "kind"), STYLES)
def test_styles(handed_in: Any, kind: str | None) -> None:
    layer, report = compared(handed_in, kind)
    assert report.ok, str(report)
    assert layer.problems == []


def test_an_objects_own_numbers_are_compared() -> None:
    own = ShapesInConstructor(2, 3)
    own.W = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert adapt(own, "dense").parameters() == {"weight": [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]], "bias": [0.0, 0.0, 0.0]}


def test_a_class_of_one_size_keeps_it(tmp_path: Path) -> None:
    """A layer with its sizes written into it, as for one exercise, is compared at that size."""
    assert [len(row) for row in adapt(InDicts, "dense").parameters()["weight"]] == [3] * 5
    source = inspect.getsource(InDicts).replace("class InDicts:", "class FixedDense:")
    (outcome,) = compare_homework(write(tmp_path, f"from typing import Any\nfrom nn import handwritten\n{source}"))
    assert outcome.ok, merged_problem(outcome)


def test_settings_reach_the_constructor_and_the_automatic_layer() -> None:
    layer, report = compared(handwritten.Conv2d, "conv2d", stride=2, padding=1)
    assert (layer.stride, layer.padding) == (2, 1)
    assert report.ok
    shape = next(r for r in report.rows if r.tensor == "activation").metrics
    assert shape is not None
    assert shape.automatic_shape == (3, 4, 4, 5)


def test_exact_numbers_stay_exact() -> None:
    layer = adapt(handwritten.Dense([[Fraction(1, 3)], [Fraction(1, 7)]], [Fraction(1, 2)]), "dense")
    assert layer.forward([Fraction(1, 5), Fraction(2)]) == [Fraction(1, 2) + Fraction(1, 15) + Fraction(2, 7)]
    assert layer.backward([Fraction(3)]) == [Fraction(1), Fraction(3, 7)]
    assert compare_layer("dense", layer, input_shape=(2,), kind="fraction").ok


NUMPY = """
import numpy as np

class Linear:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.zeros((n_in, n_out)), np.zeros((1, n_out))
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0, keepdims=True)
        return dout @ self.W.T

class Convolution:
    arrays, batch = "numpy", True
    def __init__(self, weight, bias, stride=1, padding=0):
        self.w, self.b, self.s, self.p = weight, bias, stride, padding
    def forward(self, x):
        p, s, (F, C, K, L) = self.p, self.s, self.w.shape
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        rows, columns = ((n - k) // s + 1 for n, k in zip(self.x.shape[2:], (K, L)))
        y = np.zeros((len(x), F, rows, columns))
        for i in range(rows):
            for j in range(columns):
                part = self.x[:, :, i * s : i * s + K, j * s : j * s + L]
                y[:, :, i, j] = np.tensordot(part, self.w, ([1, 2, 3], [1, 2, 3])) + self.b
        return y
    def backward(self, g):
        p, s, (F, C, K, L) = self.p, self.s, self.w.shape
        dx, dw = np.zeros_like(self.x), np.zeros_like(self.w)
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                part = self.x[:, :, i * s : i * s + K, j * s : j * s + L]
                dw += np.tensordot(g[:, :, i, j], part, ([0], [0]))
                dx[:, :, i * s : i * s + K, j * s : j * s + L] += np.tensordot(g[:, :, i, j], self.w, ([1], [0]))
        return dx[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p], dw, g.sum((0, 2, 3))

class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask
    def backward(self, g):
        return g * self.mask

def pool_forward(x, size):
    N, C, H, W = x.shape
    x = x[:, :, : H // size * size, : W // size * size]
    windows = x.reshape(N, C, H // size, size, W // size, size)
    return windows.max(axis=(3, 5)), (windows, H, W)

def pool_backward(dout, cache):
    windows, H, W = cache
    N, C, h, size, w, _ = windows.shape
    flat = windows.transpose(0, 1, 2, 4, 3, 5).reshape(N, C, h, w, size * size)
    mask = np.arange(size * size) == flat.argmax(axis=-1)[..., None]
    spread = (mask * dout[..., None]).reshape(N, C, h, w, size, size).transpose(0, 1, 2, 4, 3, 5)
    dx = np.zeros((N, C, H, W))
    dx[:, :, : h * size, : w * size] = spread.reshape(N, C, h * size, w * size)
    return dx

class SoftmaxCrossEntropy:
    def forward(self, z, y):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.log(self.p[np.arange(len(y)), y]).mean()
    def backward(self):
        d = self.p.copy()
        d[np.arange(len(self.y)), self.y] -= 1
        return d / len(self.y)
"""


def test_numpy_in_batches_with_its_own_conventions(tmp_path: Path) -> None:
    """What courses with NumPy hand in: batches, caches, class indices, (1, out) biases."""
    pytest.importorskip("numpy", reason="arrays need numpy")
    path = tmp_path / "homework.py"
    path.write_text(NUMPY)
    outcomes = compare_homework(path)
    assert [(o.name, o.kind) for o in outcomes] == [
        ("Linear", "dense"),
        ("Convolution", "conv2d"),
        ("ReLU", "relu"),
        ("pool", "maxpool2d"),
        ("SoftmaxCrossEntropy", "softmax-cross-entropy"),
    ]
    assert {o.name: str(merged_problem(o)) for o in outcomes if not o.ok} == {}
    tried = {row.path for row in outcomes[1].report.rows}
    assert "Convolution, stride 2, padding 1" in tried


def merged_problem(outcome: Outcome) -> str:
    return str(outcome.problem or outcome.report)


def test_buffers_are_read_and_narrow_ones_refused() -> None:
    from array import array

    assert read(array("d", [1.0, 2.0]), "forward") == [1.0, 2.0]
    assert read([array("d", [1.0]), array("d", [2.0])], "forward") == [[1.0], [2.0]]
    assert read(memoryview(bytes(16)).cast("d", (1, 2)), "forward") == [[0.0, 0.0]]
    with pytest.raises(HomeworkError, match="float32"):
        read(array("f", [1.0]), "forward")
    numpy = pytest.importorskip("numpy", reason="arrays need numpy")
    assert read([numpy.float64(1.5), numpy.int64(2)], "forward") == [1.5, 2]
    assert {type(v) for v in read(numpy.ones((2, 2)), "forward")[0]} == {float}
    with pytest.raises(HomeworkError, match="float32"):
        read(numpy.ones(3, dtype="float32"), "forward")


NONSENSE: list[tuple[Any, str, str]] = [
    (None, "no answer", "None"),
    ({"y": 1.0}, "not a number", "dict"),
    ("1.0", "not a number", "str"),
    ([1.0, None], "not a number", "None"),
    ([1.0, "2"], "not a number", "str"),
    (1j, "not a number", "complex"),
    ([True, False], "not a number", "bool"),
    ((v for v in [1.0]), "not a number", "generator"),
    ([[1.0, 2.0], [3.0]], "ragged", "lists of 1 and lists of 2"),
    ([1.0, [2.0]], "ragged", "numbers and lists of 1"),
    ([1 << 100_000], "not a number", "bits"),
    ([Decimal(1), object()], "not a number", "object"),
]


@pytest.mark.parametrize(("value", "kind", "words"), NONSENSE, ids=[words for _, _, words in NONSENSE])
def test_what_is_no_tensor_is_refused(value: Any, kind: str, words: str) -> None:
    with pytest.raises(HomeworkError, match=words) as caught:
        read(value, "forward")
    assert caught.value.problem.kind == kind


def test_lists_that_contain_themselves_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(HomeworkError, match="16 deep"):
        read(endless, "forward")


def test_names_tell_kinds_and_the_longest_meaning_wins() -> None:
    told = {name: kind_of_name(name) for name in ("Conv2D", "max_pool", "MyReLU", "FC", "affine", "SoftmaxLoss", "RNN")}
    assert told == {
        "Conv2D": "conv2d",
        "max_pool": "maxpool2d",
        "MyReLU": "relu",
        "FC": "dense",
        "affine": "dense",
        "SoftmaxLoss": "softmax-cross-entropy",
        "RNN": None,
    }
    with pytest.raises(ValueError, match="what kind of layer is this"):
        adapt(object())


def test_an_argument_that_nobody_has_a_value_for_is_named() -> None:
    class Dense:
        def __init__(self, weight: Any, colour: str) -> None:
            self.weight = weight

        def forward(self, x: Any) -> Any:
            return x

        def backward(self, gradient: Any) -> Any:
            return gradient

    with pytest.raises(CandidateError, match="'colour'"):
        adapt(Dense).forward([1.0] * 6)


# -- bad homework -----------------------------------------------------------------------------------------------------

GOOD = """
class ReLU:
    def forward(self, x):
        self.x = x
        return self.each(lambda a, g: a if a > 0 else 0.0, x, x)
    def backward(self, gradient):
        return self.each(lambda a, g: g if a > 0 else 0.0, self.x, gradient)
    def each(self, f, a, b):
        return [self.each(f, p, q) for p, q in zip(a, b)] if isinstance(a, list) else f(a, b)
"""

# name | kind of problem | words of it, and methods that spoil a ReLU which would be right without them.
SPOILT = """
# raises | raised | IndexError: list index out of range (bad.py, line
def backward(self, g):
    return g[1000]
# not filled in | not filled in | later
def backward(self, g):
    raise NotImplementedError("later")
# returns nothing | no answer | forward returned None
def forward(self, x):
    self.x = x
# returns nothing back | no answer | backward returned None
def backward(self, g):
    pass
# wrong shape | wrong shape | shape (3, 4), expected (2, 3, 4)
def backward(self, g):
    return g[0]
# wrong shape of y | wrong shape | expected (2, 3, 4)
def forward(self, x):
    self.x = x
    return x[0]
# wrong type | not a number | a str
def backward(self, g):
    return "g"
# wrong type inside | not a number | inside
def backward(self, g):
    return [[[None] * 4] * 3] * 2
# ragged | ragged | lists of 2 and lists of 3
def backward(self, g):
    return [g[0], g[1][:2]]
# nan | not finite | nan at [0, 0, 0]
def backward(self, g):
    return [[[float("nan")] * 4] * 3] * 2
# changes x | changed its input | copy it first
def forward(self, x):
    y = super().forward(x)
    x[0][0][0] = 7.0
    return y
# changes x late | changed its input | backward
def backward(self, g):
    y = super().backward(g)
    self.x[0][0][0] = 7.0
    return y
# changes g | changed the gradient it is given | copy it first
def backward(self, g):
    y = super().backward(g)
    g[0][0][0] = 7.0
    return y
# dice | different answers | second call
def backward(self, g):
    import random
    return self.each(lambda a, g: g + random.random(), self.x, g)
# exits | exited | exit(4)
def forward(self, x):
    exit(4)
# exits hard | exited | status 5
def forward(self, x):
    import os
    os._exit(5)
# dies | crashed | SIGKILL
def forward(self, x):
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
# recursion | raised | RecursionError
def forward(self, x):
    return self.forward(x)
# talks on our line | crashed | wrote on the connection
def forward(self, x):
    import os
    for fd in range(3, 20):
        try:
            os.write(fd, b"score: 100")
        except OSError:
            pass
    return super().forward(x)
# closes our line | crashed | closed the connection
def forward(self, x):
    import os
    os.closerange(3, 20)
    while True:
        pass
# missing module | missing module | no_such_module_of_mine
def forward(self, x):
    import no_such_module_of_mine
# argument | not loaded | 'flavour'
def forward(self, x, flavour):
    return x
"""
BAD = {
    name: (kind, words, textwrap.indent(body, "    "))
    for block in SPOILT.split("\n# ")[1:]
    for head, _, body in [block.partition("\n")]
    for name, kind, words in [head.split(" | ")]
}


@pytest.fixture(scope="module")
def bad_outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """All of them in one file, with a good one at the end that must be compared nevertheless."""
    path = tmp_path_factory.mktemp("bad") / "bad.py"
    classes = [f"\nclass ReLU{n}(ReLU):\n{body}\n" for n, (_, _, body) in enumerate(BAD.values())]
    path.write_text(GOOD + "".join(classes) + "\nclass LastReLU(ReLU):\n    pass\n")
    outcomes = compare_homework(path, time_limit=5)
    return dict(zip(["good", *BAD, "last"], outcomes, strict=True))


@pytest.mark.parametrize("name", BAD)
def test_bad_homework_is_reported_as_what_it_is(name: str, bad_outcomes: dict[str, Outcome]) -> None:
    kind, words, _ = BAD[name]
    outcome = bad_outcomes[name]
    told = [(r.name, r.sentence) for r in outcome.report.remarks]
    if outcome.problem is not None:
        told.append((outcome.problem.kind, outcome.problem.text))
    assert not outcome.ok
    assert kind in {k for k, _ in told}
    assert any(words in sentence for k, sentence in told if k == kind), told


def test_the_rest_is_still_compared(bad_outcomes: dict[str, Outcome]) -> None:
    assert bad_outcomes["good"].ok
    assert bad_outcomes["last"].ok
    assert wrong(bad_outcomes["changes g"].report) == set()  # its numbers are right, only its conduct is not
    assert wrong(bad_outcomes["nan"].report) == {"input gradient"}


def test_conduct_costs_marks_but_not_all(bad_outcomes: dict[str, Outcome]) -> None:
    marks = grade([bad_outcomes["changes g"]])
    assert {test.name.split(": ")[1]: test.passed for test in marks.tests} == {
        "output": True,
        "input gradient": True,
        "conduct": False,
    }
    assert grade([bad_outcomes["exits hard"]]).score == 0


def write(folder: Path, source: str, name: str = "homework.py") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(source))
    return path


def test_a_loop_without_end_is_ended_and_its_place_told(tmp_path: Path) -> None:
    path = write(
        tmp_path, GOOD + "class Spin(ReLU):\n layer = 'relu'\n def backward(self, g):\n  while True:\n   pass\n"
    )
    start = time.perf_counter()
    good, spin = compare_homework(path, time_limit=1.0)
    assert time.perf_counter() - start < 8
    assert good.ok
    assert spin.report.remarks[0].name == "time limit"
    assert "homework.py, line 1" in spin.report.remarks[0].sentence
    assert "in backward" in spin.report.remarks[0].sentence


def test_a_process_that_it_started_does_not_survive(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    child = f"import time, pathlib\nfor _ in range(100):\n time.sleep(0.05)\n pathlib.Path({str(mark)!r}).touch()\n"
    path = write(
        tmp_path,
        f"""
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", {child!r}])
        {GOOD.replace(chr(10), chr(10) + "        ")}
        """,
    )
    assert compare_homework(path)[0].ok
    time.sleep(0.2)
    mark.unlink(missing_ok=True)
    time.sleep(0.3)
    assert not mark.exists()


def test_memory_is_limited(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system has no limits for processes")
    path = write(
        tmp_path, GOOD + "class Hog(ReLU):\n layer = 'relu'\n def forward(self, x):\n  return bytearray(1 << 33)\n"
    )
    _, hog = compare_homework(path)
    assert [(r.name, "homework.py, line" in r.sentence) for r in hog.report.remarks] == [("memory", True)]


def test_what_is_printed_is_shown_and_costs_nothing(tmp_path: Path) -> None:
    source = GOOD.replace("self.x = x", "self.x = x\n        print('here'); import os; os.write(2, b'there\\n')")
    (outcome,) = compare_homework(write(tmp_path, source))
    assert outcome.ok
    assert "here" in outcome.printed
    assert "there" in outcome.printed
    assert grade([outcome]).score == 10


def test_printing_without_end_fills_nothing(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system has no limits for processes")
    source = (
        GOOD + "class Talk(ReLU):\n layer = 'relu'\n def forward(self, x):\n  while True:\n   print('x' * 100000)\n"
    )
    _, talk = compare_homework(write(tmp_path, source), time_limit=20)
    assert not talk.ok
    assert len(talk.printed) < 2100


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("def f(:\n", "not loaded", "line 1: SyntaxError"),
        ("import no_such_module_of_mine\n", "missing module", "no_such_module_of_mine"),
        ("1 / 0\n", "raised", "ZeroDivisionError: division by zero (homework.py, line 1"),
        ("while True: pass\n", "time limit", "homework.py, line 1"),
        ("import sys; sys.exit('bye')\n", "exited", "exit('bye')"),
    ],
)
def test_a_file_that_does_not_load(source: str, kind: str, words: str, tmp_path: Path) -> None:
    (outcome,) = compare_homework(write(tmp_path, source), time_limit=1)
    assert outcome.problem is not None
    assert outcome.problem.kind == kind
    assert words in outcome.problem.text


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        ("x = 1\n", None, "no layer found"),
        (GOOD, "Conv", "there is no 'Conv'"),
        ("class Tanh: pass\n", "Tanh", "--layer"),
    ],
)
def test_nothing_to_compare_is_bad_input(source: str, name: str | None, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        compare_homework(write(tmp_path, source), name)


def test_its_folder_is_searched_for_what_it_imports(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "helpers.py")
    path = write(tmp_path, "import helpers\nclass MyReLU(helpers.ReLU):\n    pass\n")
    assert [(o.name, o.ok) for o in compare_homework(path)] == [("MyReLU", True)]


def test_files_beside_it_do_not_replace_ours(tmp_path: Path) -> None:
    """A `random.py` or `nn.py` beside the homework is for the homework alone."""
    for name in ("random.py", "nn.py", "json.py"):
        write(tmp_path, "raise RuntimeError('mine')\n", name)
    assert compare_homework(write(tmp_path, GOOD))[0].ok


def test_a_target_is_a_file_and_perhaps_a_name(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert split_target(f"{path}:ReLU") == (path, "ReLU")
    assert split_target(str(path)) == (path, None)
    with pytest.raises(FileNotFoundError, match="no such file"):
        split_target(f"{tmp_path / 'nowhere.py'}:ReLU")


def test_a_layer_that_is_lost_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    """In a network one process holds all layers: it is begun anew for those that still answer."""
    source = GOOD + textwrap.dedent(
        """
        import os
        class Dies(ReLU):
            layer = "relu"
            calls = 0
            def backward(self, g):
                os._exit(1)
        class Net:
            def __init__(self):
                self.layers = [ReLU(), Dies(), ReLU()]
        """
    )
    path = write(tmp_path, source)
    with Session(path, "Net") as session:
        layers = session.open(session.found[0])
        x = [[1.0, -2.0], [0.5, 3.0]]
        assert layers["0"].forward(x) == [[1.0, 0.0], [0.5, 3.0]]
        with pytest.raises(HomeworkError, match="status 1"):
            layers["1"].forward(x)
            layers["1"].backward(x)
        assert layers["0"].backward(x) == [[1.0, 0.0], [0.5, 3.0]]  # its forward pass is made again
        assert layers["2"].forward(x) == [[1.0, 0.0], [0.5, 3.0]]
        with pytest.raises(HomeworkError, match="status 1"):
            layers["1"].forward(x)
        assert layers["1"].failed is not None


NETWORK = """
from nn import handwritten
class Conv(handwritten.Conv2d):
    pass
class WrongReLU(handwritten.ReLU):
    def backward(self, gradient):
        self.input_gradient = gradient
        return gradient
class Net:
    def __init__(self):
        self.layers = [
            Conv([[[[0.5, 0.25], [0.5, 1.0]]]] * 2, [0.5, 0.25]), RELU(),
            handwritten.MaxPool2d(2), handwritten.Flatten(),
            handwritten.Dense([[0.5] * 4] * 12, [0.0] * 4),
        ]
        self.criterion = handwritten.SoftmaxCrossEntropy()
"""


def test_a_network_accuses_only_the_wrong_layer(tmp_path: Path) -> None:
    right = write(tmp_path, NETWORK.replace("RELU", "handwritten.ReLU"), "right.py")
    (outcome,) = compare_homework(right, "Net")
    assert outcome.ok, merged_problem(outcome)
    (outcome,) = compare_homework(write(tmp_path, NETWORK.replace("RELU", "WrongReLU")), "Net")
    accused = {row.path for row in outcome.report.rows if row.verdict is Verdict.WRONG and row.mode != "chained"}
    assert accused == {"Net 1"}
    assert {test.name for test in grade([outcome]).tests if not test.passed} == {"Net 1: input gradient"}


def test_an_adapted_network_in_python() -> None:
    """Without a process: layers of one's own in `compare_gradients`."""
    model = nn.Sequential(nn.Dense(4, 3), nn.ReLU(), nn.Dense(3, 2))
    state = model.state_dict()
    own = [
        adapt((dense_forward, dense_backward), "dense", parameters={k: state[f"0.{k}"] for k in ("weight", "bias")}),
        adapt(Tuples),
        adapt(handwritten.Dense(state["2.weight"], state["2.bias"])),
    ]
    assert compare_gradients(model, own, [[0.5, -1.0, 2.0, 0.25], [1.0, 1.0, -3.0, 0.5]]).ok


# -- marks ------------------------------------------------------------------------------------------------------------


def graded(tmp_path: Path, source: str, weights: Any = None, seed: int = 0) -> Any:
    outcomes = compare_homework(write(tmp_path, source), seed=seed)
    return grade(outcomes, check_weights(weights) if weights else None)


WRONG_RELU = GOOD.replace("g if a > 0 else 0.0, self.x", "g, self.x")


def test_marks_and_hints(tmp_path: Path) -> None:
    marks = graded(tmp_path, WRONG_RELU)
    assert [test.name for test in marks.tests] == ["ReLU: output", "ReLU: input gradient", "ReLU: conduct"]
    assert (marks.score, marks.max_score) == (Fraction(20, 3), 10)
    (failed,) = (test for test in marks.tests if not test.passed)
    assert failed.hint
    assert "> 0" not in failed.hint


ONLY_STRIDE_1 = """
class Flatten:
    def forward(self, x):
        self.shape = len(x[0]), len(x[0][0])
        return [v for plane in x for row in plane for v in row]
    def backward(self, g):
        h, w = self.shape
        return [[g[i + j : i + j + w] for j in range(0, h * w, w)] for i in range(0, len(g), h * w)]

class MaxPool2d:
    def __init__(self, size=2):
        self.size = size
    def forward(self, x):
        self.x, k = x, 2
        return [[[max(plane[k * i + a][k * j + b] for a in range(k) for b in range(k))
                  for j in range(len(plane[0]) // k)] for i in range(len(plane) // k)] for plane in x]
    def backward(self, g):
        k, dx = 2, [[[0.0] * len(row) for row in plane] for plane in self.x]
        for c, plane in enumerate(g):
            for i, row in enumerate(plane):
                for j, v in enumerate(row):
                    places = [(k * i + a, k * j + b) for a in range(k) for b in range(k)]
                    row_, column = max(places, key=lambda p: self.x[c][p[0]][p[1]])
                    dx[c][row_][column] += v
        return dx
"""


def test_a_hint_says_with_which_settings_it_is_wrong(tmp_path: Path) -> None:
    """Who sees the usual ones pass would search in vain."""
    hints = {test.name: test.hint for test in graded(tmp_path, ONLY_STRIDE_1).tests}
    assert not any(hint for name, hint in hints.items() if name.startswith("Flatten"))
    assert hints["MaxPool2d: output"].startswith("With size 3: It has the wrong shape.")
    hints = {test.name: test.hint for test in graded(tmp_path, WRONG_RELU).tests}
    assert not any("With " in hint for hint in hints.values())


def test_json_for_an_autograder_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first, again = (graded(tmp_path, WRONG_RELU).to_json() for _ in range(2))
    assert first == again
    record = json.loads(first)
    assert record["score"] == 6.6667
    assert {test["status"] for test in record["tests"]} == {"passed", "failed"}
    assert all({"name", "score", "max_score", "output"} <= test.keys() for test in record["tests"])
    assert math.isclose(sum(test["score"] for test in record["tests"]), record["score"], abs_tol=1e-3)


def test_weights_by_name_or_kind_and_what_is_missing(tmp_path: Path) -> None:
    marks = graded(tmp_path, GOOD, {"relu": 30, "conv2d": 70})
    assert (marks.score, marks.max_score) == (30, 100)
    assert [test.hint for test in marks.tests if not test.passed] == ["Not handed in."]
    assert graded(tmp_path, GOOD, {"ReLU": 5}).score == 5


def test_who_hands_in_a_file_that_does_not_load_is_told_why(tmp_path: Path) -> None:
    marks = graded(tmp_path, "class ReLU(:\n", {"relu": 30, "conv2d": 70})
    assert marks.score == 0
    assert all("Not handed in. homework.py, not loaded: line 1: SyntaxError" in test.hint for test in marks.tests)
    report = merged(compare_homework(write(tmp_path, "class ReLU(:\n")))
    assert str(report).splitlines()[0].endswith(": nothing was compared")
    assert "- homework.py, not loaded: line 1: SyntaxError" in str(report)
    assert "# Handwritten against automatic: nothing was compared" in report.to_markdown()


def test_what_is_said_of_every_tensor_of_a_layer_is_said_once(tmp_path: Path) -> None:
    source = "class ReLU:\n def forward(self, x):\n  raise NotImplementedError('to do')\n def backward(self, g): 0"
    report = merged(compare_homework(write(tmp_path, source)))
    assert len({row.tensor for row in report.rows}) == 2
    assert str(report).count("ReLU.forward: to do") == 2  # in the details, and in the remark


@pytest.mark.parametrize("weights", [{}, [1], {"relu": "much"}, {"relu": -1}, {"relu": True}, {"relu": math.inf}])
def test_weights_that_make_no_sense(weights: Any) -> None:
    with pytest.raises(ValueError, match="weights"):
        check_weights(weights)


def test_hints_give_no_formula_away() -> None:
    for said in HINTS.values():
        assert not any(sign in said for sign in ("=", "·", "*", "sum_", "Σ", "∂", "(p", "x >", "1 -")), said


# -- templates --------------------------------------------------------------------------------------------------------


def test_there_is_a_template_for_every_kind() -> None:
    assert names() == list(KINDS)


def test_templates_are_not_filled_in_and_say_so(tmp_path: Path) -> None:
    for kind in names():
        write(tmp_path, text(kind), f"my_{kind.replace('-', '_')}.py")
    path = tmp_path / "all.py"
    path.write_text(
        "".join(text(kind) for kind in ("conv2d", "softmax-cross-entropy")).replace(
            "from __future__ import annotations", ""
        )
    )
    outcomes = compare_homework(path)
    assert [outcome.kind for outcome in outcomes] == ["conv2d", "softmax-cross-entropy"]
    for outcome in outcomes:
        assert [remark.name for remark in outcome.report.remarks] == ["not filled in"]
        assert grade([outcome]).score == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_in_template_is_right(kind: str) -> None:
    """Our own code in the holes: what the template gives is enough, and its names are known."""
    namespace: dict[str, Any] = {"__name__": "template"}
    exec(compile(text(kind), kind, "exec"), namespace)
    (template,) = (v for v in namespace.values() if inspect.isclass(v) and v.__module__ == "template")
    ours = CLASSES[kind]
    holes = ("forward", "backward")
    for hole in holes:
        with pytest.raises(NotImplementedError, match="fill in"):
            layer = template(*([] if kind in LOSSES else ARGUMENTS.get(kind, [])))
            getattr(layer, hole)(*([None] * (len(inspect.signature(getattr(layer, hole)).parameters))))
    extra = {"stride": 1, "padding": 0} if kind == "conv2d" else {"stride": 2} if kind == "maxpool2d" else {}
    methods = {name: getattr(ours, name) for name in vars(ours) if callable(getattr(ours, name)) and name != "__init__"}
    bases = (template, *([handwritten.Layer] if issubclass(ours, handwritten.Layer) else []))
    filled = type(template.__name__, bases, {**methods, **extra, "__abstractmethods__": frozenset()})
    layer, report = compared(filled)
    assert layer.kind.name == kind
    assert report.ok, str(report)


LOSSES = ("cross-entropy", "softmax-cross-entropy")
ARGUMENTS: dict[str, list[Any]] = {"conv2d": [[], []], "dense": [[], []], "maxpool2d": [2]}


def test_templates_give_no_formula_away() -> None:
    for kind in names():
        assert "sum(" not in text(kind)
        assert "range(" not in text(kind)


# -- the process itself -----------------------------------------------------------------------------------------------


def test_problems_are_of_a_known_kind() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        Problem("bad mood", "...")
    assert {kind for kind, _, _ in BAD.values()} <= set(PROBLEMS)


def test_the_worker_leaves_nothing_behind() -> None:
    with Worker() as worker:
        folder = worker._folder
        assert folder.exists()
        assert worker.alive
    assert not folder.exists()
    assert not worker.alive


WIRED = """
    def forward(self, image):
        for layer in self.layers:
            image = layer.forward(image)
        return image
    def backward(self, gradient):
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", None),
        ("image = layer", "image = image if layer is self.layers[1] else layer", "Net.forward returns"),
        ("gradient = layer", "gradient = gradient if layer is self.layers[2] else layer", "raised"),
        ("(gradient)\n        ret", "(gradient)\n        self.layers[0].bias_gradient[0] /= 2\n        ret", "layer 0"),
    ],
    ids=["right", "layer left out", "gradient not passed", "divided"],
)  # fmt: skip
def test_a_networks_own_passes_are_compared_with_its_layers(
    old: str, new: str, words: str | None, tmp_path: Path
) -> None:
    source = NETWORK.replace("RELU", "handwritten.ReLU") + (WIRED.replace(old, new) if old else WIRED)
    (outcome,) = compare_homework(write(tmp_path, source), "Net")
    assert outcome.ok == (words is None)
    told = [f"{remark.name}: {remark.sentence}" for remark in outcome.report.remarks]
    assert words is None or any(words in line for line in told), told
    assert wrong(outcome.report) == set()
