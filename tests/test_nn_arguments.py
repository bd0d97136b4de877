"""Every public class and function of nn, every argument, and a list of odd things for it.

Nothing is listed by hand that Python can find: a new class is tested as soon as it is public. What must be told is only
what a call needs to be good (`GOOD`), and which arguments may be anything (`ANYTHING`).
"""

from __future__ import annotations

import contextlib
import inspect
import random
import types
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import nn
from nn.errors import shown
from tinygrad_lists import Value

ODD: list[Any] = [
    None, True, -1, 0, 1.5, 2.0, 10**400, 10**5000, float("nan"), float("inf"), 1j, Fraction(1, 3), Decimal("0.5"),
    "abc", "", "mean", b"ab", (), [], {}, set(), [1, 2, 3], (2, 2), [None], [["a"]], [[1], [2, 3]], "long " * 500,
    list(range(1000)), [10**400] * 2, {"a": 1}, object(), len, int, random.Random(0), range(3), lambda *_: None,
    Value(1.0), Value([1.0, 2.0]), Value([[0.5] * 40] * 40), nn.ReLU(), nn.ReLU,
]  # fmt: skip

MODULES = [
    nn, nn.callbacks, nn.checkpoint, nn.data, nn.data.augmentation, nn.init, nn.metrics, nn.optim, nn.paper,
    nn.schedulers,
]  # fmt: skip

LONGEST = 300


def parameters() -> list[Value]:
    return [Value([1.0, 2.0])]


def optimiser() -> nn.optim.Optimizer:
    return nn.optim.SGD(parameters(), lr=0.1, momentum=0.9)


#: What a good call needs, by the argument's name, where 3 will not do.
GOOD: dict[str, Callable[[], Any]] = {
    "model": lambda: nn.Dense(2, 2),
    "module": lambda: nn.Dense(2, 2),
    "layers": nn.ReLU,
    "optimiser": optimiser,
    "criterion": nn.MSELoss,
    "parameters": parameters,
    "parts": lambda: nn.data.augmentation.Shift(1),
    "schedulers": list,
    "milestones": lambda: [1, 2],
    "lr_lambda": lambda: lambda step: 1.0,
    "dataset": lambda: nn.data.Dataset(bytes(12), bytes(3), 2, 2),
    "shape": lambda: (2, 3),
    "input_shape": lambda: (1, 2),
    "matrix": lambda: [[1, 0], [2, 3]],
    "labels": lambda: [0, 1],
    "predictions": lambda: [0, 1],
    "path": lambda: "absent/file",
    "folder": lambda: "absent/folder",
    "name": lambda: "digits",
    "trainer": lambda: nn.Trainer(nn.Dense(2, 2), optimiser(), nn.MSELoss()),
}
#: The same for one class or function.
GOOD_FOR: dict[tuple[str, str], Callable[[], Any]] = {
    ("Dataset", "pixels"): lambda: bytes(18),
    ("Dataset", "labels"): lambda: bytes(2),
    ("IdxArray", "shape"): lambda: (2,),
    ("IdxArray", "data"): lambda: b"ab",
    ("write_idx", "content"): lambda: nn.data.IdxArray((2,), b"ab"),
    ("split", "validation"): lambda: 1,
    ("ResamplingMap", "ys"): lambda: [0.0] * 9,
    ("ResamplingMap", "xs"): lambda: [0.0] * 9,
}

#: Arguments that may be anything, with the reason.
ANYTHING = {
    ("constant", "value"): "numbers of every kind, and what stands for them",
}

#: Made by nn, to be read; and a base class without a formula.
NOT_MADE_BY_USERS = {"Summary", "GreyImage", "ClassScores", "ParameterGroup", "Scheduler"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odd paths are written to, too."""
    monkeypatch.chdir(tmp_path)


class Case(NamedTuple):
    """Something to call, and its arguments."""

    name: str
    make: Callable[..., Any]
    arguments: dict[str, inspect.Parameter]


def arguments_of(made: Any) -> dict[str, inspect.Parameter]:
    """Its arguments; where it hands ``**settings`` on to its parent, the parent's, too."""
    found: dict[str, inspect.Parameter] = {}
    for kind in inspect.getmro(made) if inspect.isclass(made) else [made]:
        if inspect.isclass(kind) and kind is not made and "__init__" not in vars(kind):
            continue
        signature = inspect.signature(kind).parameters
        hands_on = any(p.kind is p.VAR_KEYWORD for p in signature.values())
        for name, parameter in signature.items():
            passed_on = hands_on and parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            if not passed_on:
                found.setdefault(name, parameter)
        if not hands_on:
            break
    return found


def public() -> Iterator[Case]:
    """Public classes and functions, each once."""
    seen = set()
    for module in MODULES:
        for name in module.__all__:
            made = getattr(module, name)
            if not inspect.isclass(made) and not isinstance(made, types.FunctionType):
                continue
            is_error = inspect.isclass(made) and issubclass(made, BaseException)
            if is_error or name in NOT_MADE_BY_USERS or isinstance(made, types.GenericAlias) or made in seen:
                continue
            seen.add(made)
            yield Case(name, made, arguments_of(made))


CASES = {case.name: case for case in public()}


def call(case: Case, odd: str = "", value: Any = None) -> Any:
    """Make it with good arguments, save one."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    shared = optimiser()
    for name, parameter in case.arguments.items():
        if name == odd:
            given = value
        elif parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD:
            continue
        elif name == "optimiser":
            given = shared
        elif (case.name, name) == ("SequentialLR", "schedulers"):
            given = [nn.schedulers.StepLR(shared, 1) for _ in range(3)]
        elif (case.name, name) == ("ChainedScheduler", "schedulers"):
            given = [nn.schedulers.StepLR(shared, 1)]
        else:
            given = GOOD_FOR.get((case.name, name), GOOD.get(name, lambda: 3))()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            positional.append(given)
        else:
            named[name] = given
    return case.make(*positional, **named)


def complaint(name: str, error: BaseException) -> str:
    """What is wrong with an error; "" if nothing is."""
    text = str(error.args[0]) if error.args else ""
    if isinstance(error, OSError | nn.checkpoint.CheckpointError):  # they name the file
        return ""
    if not isinstance(error, TypeError | ValueError | KeyError):
        return f"{type(error).__name__}: {text:.100}"
    if not text.startswith((f"{name}:", f"{name}.", f"{name}(", "dataset:")):
        return f"does not begin with its name: {text:.150}"
    if len(text) > LONGEST or "\n" in text:
        return f"{len(text)} characters: {text:.100}"
    return ""


def complaints(case: Case) -> list[str]:
    found = []
    for name in case.arguments:
        for value in ODD:
            try:
                call(case, name, value)
            except Exception as error:  # noqa: BLE001 (whatever comes is looked at)
                if words := complaint(case.name, error):
                    found.append(f"{case.name}({name}={shown(value)}) {words}")
    return found


@pytest.mark.parametrize("name", CASES)
def test_odd_arguments_are_refused_by_name_in_one_short_line(name: str) -> None:
    case = CASES[name]
    with contextlib.suppress(FileNotFoundError):
        call(case)  # the good call is good
    assert complaints(case) == []


@pytest.mark.parametrize("name", CASES)
def test_no_argument_may_be_just_anything(name: str) -> None:
    """What is not looked at when it is given is found out when it is used, and then nobody knows from where it came."""
    case = CASES[name]
    for argument in case.arguments:
        if (name, argument) not in ANYTHING:
            with pytest.raises((TypeError, ValueError), match=f"^{name}: "):
                call(case, argument, object())


def test_the_checker_refuses_what_it_must() -> None:
    def fails(error: Exception) -> Callable[..., Any]:
        def make(size: int = 3) -> None:
            if size != 3:
                raise error

        return make

    for error in (
        TypeError("'<' not supported between instances of 'str' and 'int'"),
        AttributeError("make: no attribute"),
        OverflowError("make: too large"),
        AssertionError("make: false"),
        ValueError(f"make: {'1' * 400}"),
        ValueError("Value: ragged lists"),
    ):
        assert len(complaints(Case("make", fails(error), arguments_of(fails(error))))) == len(ODD)
    good = fails(ValueError("make: size is 4"))
    assert complaints(Case("make", good, arguments_of(good))) == []


def test_everything_public_is_here() -> None:
    """The search finds what it is meant to find."""
    assert len(CASES) >= 90
    for name in ("Dense", "CrossEntropyLoss", "Adam", "OneCycleLR", "Checkpoint", "CompiledTrainer", "DataLoader",
                 "Elastic", "split", "sine", "summary", "confusion_matrix", "clip_grad_norm"):  # fmt: skip
        assert name in CASES
    assert {"clip_norm", "workers", "part_size", "model"} <= CASES["ParallelTrainer"].arguments.keys()


# -- calls ------------------------------------------------------------------------------------------------------------

INPUTS: list[Any] = [
    *ODD,
    *(nn.init.zeros(shape) for shape in [(0,), (2,), (1, 0), (2, 3), (1, 2, 3), (1, 1, 4, 4), (1, 2, 2, 2), (1,) * 5]),
    [5.5], [[0.5, -1.0]], [-1], [0, 10**9],
]  # fmt: skip

CALLED = [
    name
    for name, case in CASES.items()
    if inspect.isclass(case.make) and issubclass(case.make, nn.Module) and name not in ("Module", "Sequential")
]


def complaints_of_calls(name: str) -> list[str]:
    module, found = call(CASES[name]), []
    two = len(inspect.signature(module.forward).parameters) == 2
    for x in INPUTS:
        for args in ((x, [0, 1]), ([[0.5, 0.5], [1.0, 0.0]], x)) if two else ((x,),):
            try:
                module(*args)
            except Exception as error:  # noqa: BLE001 (whatever comes is looked at)
                # Exact numbers have no limit, and the engine says so where a float has one.
                shown_as = ValueError(*error.args) if isinstance(error, IndexError | OverflowError) else error
                if words := complaint(name, shown_as):
                    found.append(f"{name}()({', '.join(map(shown, args))}) {words}")
    return found


@pytest.mark.parametrize("name", CALLED)
def test_odd_inputs_are_refused_in_the_name_of_the_layer(name: str) -> None:
    if name == "Residual":  # the name is that of the layer inside
        name = "ReLU"
    assert complaints_of_calls(name) == []


# -- methods ----------------------------------------------------------------------------------------------------------

#: Called by nn itself, with what it has made; and what calls a function of the user's.
NOT_CALLED_BY_USERS = {
    "forward", "update", "begin", "rate", "momentum", "map", "sources", "field", "gradients", "give_up", "steps",
    "batches", "tested_after", "on_start", "on_update", "on_epoch", "on_end", "apply", "multiply_adds", "reduce",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if inspect.isclass(case.make)])
def test_odd_arguments_of_methods_are_refused_in_one_short_line(name: str) -> None:
    case, found = CASES[name], []
    for method in dir(case.make):
        function = getattr(case.make, method)
        if (method.startswith("_") and method != "__getitem__") or not callable(function) or inspect.isclass(function):
            continue
        arguments = list(inspect.signature(function).parameters.values())[1:]
        needed = [p for p in arguments if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
        if method in NOT_CALLED_BY_USERS or len(needed) != 1:
            continue
        for value in ODD:
            try:
                getattr(call(case), method)(value)
            except Exception as error:  # noqa: BLE001 (whatever comes is looked at)
                text = str(error.args[0])
                named = text.split(":")[0].isidentifier() or text.startswith(f"{name}.")
                fault = not isinstance(error, TypeError | ValueError | IndexError | KeyError | OSError)
                if fault or not named or len(text) > LONGEST:
                    found.append(f"{name}.{method}({shown(value)}) {type(error).__name__}: {text:.150}")
    assert found == []


# -- what people type -------------------------------------------------------------------------------------------------

OUTPUTS, LABELS = Value([[0.5, 0.0], [0.0, 1.0]]), [0, 1]


def a_trainer(**settings: Any) -> nn.Trainer:
    model = nn.Sequential(nn.Flatten(), nn.Dense(4, 2))
    settings = {"criterion": nn.CrossEntropyLoss(), **settings}
    return nn.Trainer(model, nn.optim.SGD(model.parameters(), lr=0.1), **settings)


def a_loader() -> nn.data.DataLoader:
    return nn.data.DataLoader(nn.data.Dataset(bytes(12), bytes(3), 2, 2), batch_size=2)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.CrossEntropyLoss(OUTPUTS, LABELS), TypeError, "nn.CrossEntropyLoss()(outputs, targets)"),
        (lambda: nn.MSELoss(OUTPUTS, OUTPUTS), TypeError, "make the loss first, then call it: nn.MSELoss()(outputs, t"),
        (lambda: nn.L1Loss([0.5], [1.0]), TypeError, "the reduction is a word, not [0.5]; make the loss first"),
        (lambda: nn.ReLU(OUTPUTS), TypeError, "ReLU: it takes no arguments; make it first, then call it: nn.ReLU()(x)"),
        (lambda: nn.Softmax(OUTPUTS), TypeError, "Softmax: axis is a Value of shape (2, 2); it must be a whole number"),
        (lambda: nn.CrossEntropyLoss()(OUTPUTS, None), TypeError, "CrossEntropyLoss: targets: None is a NoneType"),
        (lambda: nn.CrossEntropyLoss()(OUTPUTS, ["a", "b"]), TypeError, "CrossEntropyLoss: targets: 'a' at [0] is a s"),
        (lambda: nn.CrossEntropyLoss()([[1.0], []], [0]), ValueError, "CrossEntropyLoss: logits: ragged lists"),
        (lambda: nn.Dense(4, 2)([[1.0]]), ValueError, "Dense: matmul: (1, 1) @ (4, 2): inner sizes 1 and 4 differ"),
        (lambda: nn.Dense("abc", 3), TypeError, "Dense: in_features is 'abc'; it must be a whole number of at least 1"),
        (lambda: nn.Dense(2.0, 3), ValueError, "is 2.0; it must be a whole number of at least 1, such as 2"),
        (lambda: nn.Dense(True, 3), TypeError, "Dense: in_features is True; it must be a whole number of at least 1"),
        (lambda: nn.Dense(2, 3, rng=7), TypeError, "rng is 7; it must be a generator, such as random.Random(7)"),
        (lambda: nn.Conv2d(1, 2, 3, padding="same"), TypeError, "padding is 'same'; it must be a whole number of at l"),
        (lambda: nn.Conv2d(1, 2, (3, "a")), TypeError, "Conv2d: kernel_size[1] is 'a'; it must be a whole number"),
        (lambda: nn.BatchNorm2d(2, eps=None), TypeError, "BatchNorm2d: eps is None; it must be a number of at least 0"),
        (lambda: nn.optim.SGD(parameters(), 10**400), ValueError, "it must be a finite number of at least 0"),
        (lambda: a_trainer(criterion=nn.MSELoss), TypeError, "make one of it: MSELoss()"),
        (lambda: a_trainer(callbacks=[nn.callbacks.Progress]), TypeError, "it must be a callback, such as Progress()"),
        (lambda: a_trainer().fit(a_loader(), epochs="3"), TypeError, "fit: epochs is '3'; it must be a whole number"),
        (lambda: a_trainer().fit(a_loader(), test=3), TypeError, "fit: test is 3; it must be a Dataset, or have a len"),
        (lambda: next(iter(nn.data.DataLoader([1, 2], 2))), TypeError, "example 0 is 1; it must be (image, label)"),  # type: ignore[list-item]
        (lambda: nn.Sequential(nn.ReLU())[1], IndexError, "Sequential: index 1 is out of range for 1 layers"),
        (lambda: nn.Dense(1, 1).register_forward_hook(3), TypeError, "Dense: hook is 3; it must be a function of (mod"),  # type: ignore[arg-type]
        (lambda: nn.Dense(1, 1).load_state_dict({"weight": "a", "bias": 0}), TypeError, "load_state_dict: weight: 'a'"),
        (lambda: nn.Dense(1, 1).load_state_dict([1]), TypeError, "the state is [1]; it must be a dict"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_usual_mistakes_have_a_remedy(make: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_what_was_good_is_good() -> None:
    """Every kind of number, and whatever stands for an int or a flag."""

    class Three:
        def __index__(self) -> int:
            return 3

    assert nn.Dense(Three(), 2).weight.shape == (3, 2)  # type: ignore[arg-type]
    assert nn.Conv2d(1, 1, [Three(), 1], stride=range(1, 3)).stride == (1, 2)  # type: ignore[list-item]
    assert nn.Dense(2, 2, bias=0).bias is None  # type: ignore[arg-type]
    assert nn.Dense(2, 2, rng=random).weight.shape == (2, 2)  # type: ignore[arg-type]
    assert nn.Dropout(Fraction(1, 2)).p == Fraction(1, 2)  # type: ignore[arg-type]
    assert nn.HuberLoss(delta=Fraction(1, 2))([Fraction(1)], [Fraction(0)]).data == Fraction(3, 8)  # type: ignore[arg-type]
    assert nn.CrossEntropyLoss(weight=Value([1.0, 2.0])).state_dict() == {"weight": [1.0, 2.0]}
    slope = Value(0.5)
    assert nn.LeakyReLU(slope).parameters() == [slope]  # type: ignore[arg-type]
    assert nn.optim.SGD([Value(Fraction(1))], lr=Fraction(1, 2)).lr == Fraction(1, 2)  # type: ignore[arg-type]
    assert nn.Hardtanh(0.0, float("inf"))([-1.0, 5.0]).data == [0.0, 5.0]

    layer = nn.Dense(1, 1).load_state_dict({"weight": [[2]], "bias": [1]})
    assert repr(layer.state_dict()) == "{'weight': [[2.0]], 'bias': [1.0]}"  # as parameters are no ints

    half = {"weight": [[Fraction(1, 2)]], "bias": [Fraction(1, 2)]}
    assert nn.Dense(1, 1).load_state_dict(half)([[Fraction(1)]]).data == [[Fraction(1)]]

    class Focal(nn.CrossEntropyLoss):
        def __init__(self, gamma: float) -> None:
            super().__init__()
            self.gamma = gamma

    assert Focal(2.0).reduction == "mean"


def test_an_error_of_a_users_layer_bears_its_name_once() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Dense(2, 2)

        def forward(self, x: Any) -> Value:
            if x == "own":
                raise ValueError("not mine")
            return self.inner(x)

    with pytest.raises(ValueError, match="not mine") as caught:
        Scale()("own")
    assert str(caught.value) == "Scale: not mine"
    with pytest.raises(ValueError, match=r"^Dense: matmul: "):
        Scale()([[1.0]])
