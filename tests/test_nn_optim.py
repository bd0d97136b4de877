"""Optimisers: against their formulas in exact arithmetic, beside PyTorch's, and what they save."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from nn_tools import close, flat, fractions, normal, torch_or_skip

import nn
from nn.optim import SGD, Adagrad, Adam, AdamW, Lion, Optimizer, RMSprop
from tinygrad_lists import Value

SHAPES = [(3, 2), (4,), ()]


@dataclass
class Case:
    """An optimiser of ours with its arguments, which PyTorch's of the same name takes as well."""

    kind: type[Optimizer]
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.kind.__name__}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"

    def make(self, parameters: Any) -> Optimizer:
        return self.kind(parameters, **self.arguments)


CASES = [
    Case(SGD, {"lr": 0.1}),
    Case(SGD, {"lr": 0.1, "weight_decay": 0.2}),
    Case(SGD, {"lr": 0.1, "momentum": 0.9}),
    Case(SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    Case(Adam, {}),
    Case(Adam, {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    Case(Adam, {"lr": 0.1, "betas": (0.5, 0.6), "amsgrad": True}),
    Case(Adam, {"lr": 0.1, "betas": (0.0, 0.0)}),
    Case(AdamW, {}),
    Case(AdamW, {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.3}),
    Case(AdamW, {"lr": 0.1, "amsgrad": True}),
    Case(RMSprop, {}),
    Case(RMSprop, {"lr": 0.1, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    Case(RMSprop, {"lr": 0.1, "momentum": 0.8}),
    Case(RMSprop, {"lr": 0.1, "alpha": 0.5, "momentum": 0.5, "centered": True, "weight_decay": 0.1}),
    Case(Adagrad, {}),
    Case(Adagrad, {"lr": 0.1, "lr_decay": 0.3, "weight_decay": 0.1, "eps": 1e-3}),
    Case(Adagrad, {"lr": 0.1, "initial_accumulator_value": 0.25}),
]
OURS = [*CASES, Case(Lion, {}), Case(Lion, {"lr": 0.1, "betas": (0.6, 0.8), "weight_decay": 0.2})]


def start() -> list[Value]:
    return [Value(normal(shape, i)) for i, shape in enumerate(SHAPES)]


def set_gradients(parameters: list[Value], step: int) -> None:
    """Random gradients; the last parameter has one in every other step only."""
    for i, parameter in enumerate(parameters):
        absent = i == len(parameters) - 1 and step % 2
        parameter.grad = None if absent else normal(parameter.shape, 100 * step + i)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_twelve_steps_are_pytorchs(case: Case) -> None:
    """With a parameter that sometimes has no gradient, and a learning rate that changes on the way."""
    torch = torch_or_skip()
    ours = start()
    theirs = [torch.tensor(p.data, dtype=torch.float64, requires_grad=True) for p in ours]
    optimiser = case.make(ours)
    other = getattr(torch.optim, case.kind.__name__)(theirs, **case.arguments)
    for step in range(12):
        set_gradients(ours, step)
        for p, q in zip(ours, theirs, strict=True):
            q.grad = None if p.grad is None else torch.tensor(p.grad, dtype=torch.float64)
        optimiser.step()
        other.step()
        if step == 5:
            optimiser.lr *= 0.5
            other.param_groups[0]["lr"] *= 0.5
        for p, q in zip(ours, theirs, strict=True):
            close(p.data, q.tolist())


def test_groups_with_settings_of_their_own_are_pytorchs() -> None:
    torch = torch_or_skip()
    ours = start()
    theirs = [torch.tensor(p.data, dtype=torch.float64, requires_grad=True) for p in ours]

    def groups(parameters: Any) -> Any:
        return [
            {"params": parameters[:1], "lr": 0.3, "weight_decay": 0.1},
            {"params": parameters[1:], "betas": (0.5, 0.5)},
        ]

    optimiser = AdamW(groups(ours), lr=0.01, weight_decay=0.0)
    other = torch.optim.AdamW(groups(theirs), lr=0.01, weight_decay=0.0)
    for step in range(5):
        set_gradients(ours, 2 * step)
        for p, q in zip(ours, theirs, strict=True):
            q.grad = torch.tensor(p.grad, dtype=torch.float64)
        optimiser.step()
        other.step()
    for p, q in zip(ours, theirs, strict=True):
        close(p.data, q.tolist())


# -- by the formulas, exactly -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0, Fraction(2, 3)])
def test_sgd_on_fractions(momentum: Fraction) -> None:
    lr, decay = Fraction(1, 7), Fraction(1, 5)
    w = Value(fractions((3,), 1))
    optimiser = SGD([w], lr, momentum, bool(momentum), decay)  # type: ignore[arg-type]
    x, v = fractions((3,), 1), [Fraction(0)] * 3
    for step in range(5):
        w.grad = fractions((3,), step)
        g = [a + decay * b for a, b in zip(w.grad, x, strict=True)]
        optimiser.step()
        v = [momentum * a + b for a, b in zip(v, g, strict=True)]
        x = [a - lr * (b + momentum * c if momentum else c) for a, b, c in zip(x, g, v, strict=True)]
        assert w.data == x


def test_lion_on_fractions() -> None:
    lr, decay, beta1, beta2 = Fraction(1, 7), Fraction(1, 5), Fraction(1, 2), Fraction(3, 4)
    w = Value(fractions((6,), 1))
    optimiser = Lion([w], lr, (beta1, beta2), decay)  # type: ignore[arg-type]
    x, m = fractions((6,), 1), [Fraction(0)] * 6
    for step in range(6):
        w.grad = g = fractions((6,), step)
        optimiser.step()
        c = [beta1 * a + (1 - beta1) * b for a, b in zip(m, g, strict=True)]
        x = [a - lr * ((b > 0) - (b < 0) + decay * a) for a, b in zip(x, c, strict=True)]
        m = [beta2 * a + (1 - beta2) * b for a, b in zip(m, g, strict=True)]
        assert w.data == x


D = Decimal


def adagrad(theta: Decimal, gradients: list[Decimal]) -> Decimal:
    s = D("0.5")
    for t, gradient in enumerate(gradients, 1):
        g = gradient + D("0.1") * theta
        s += g**2
        theta -= D("0.2") / (1 + (t - 1) * D("0.3")) * g / (s.sqrt() + D("0.001"))
    return theta


def rmsprop(theta: Decimal, gradients: list[Decimal]) -> Decimal:
    s = a = v = D(0)
    for gradient in gradients:
        g = gradient + D("0.1") * theta
        s = D("0.8") * s + D("0.2") * g**2
        a = D("0.8") * a + D("0.2") * g
        v = D("0.6") * v + g / ((s - a**2).sqrt() + D("0.001"))
        theta -= D("0.2") * v
    return theta


def adam(theta: Decimal, gradients: list[Decimal], decoupled: bool) -> Decimal:
    m = v = D(0)
    for t, gradient in enumerate(gradients, 1):
        g = gradient if decoupled else gradient + D("0.1") * theta
        m = D("0.7") * m + D("0.3") * g
        v = D("0.9") * v + D("0.1") * g**2
        m_hat, v_hat = m / (1 - D("0.7") ** t), v / (1 - D("0.9") ** t)
        if decoupled:
            theta -= D("0.2") * D("0.1") * theta
        theta -= D("0.2") * m_hat / (v_hat.sqrt() + D("0.001"))
    return theta


COMMON = {"lr": D("0.2"), "eps": D("0.001"), "weight_decay": D("0.1")}
FORMULAS = [
    (Adagrad, {**COMMON, "lr_decay": D("0.3"), "initial_accumulator_value": D("0.5")}, adagrad),
    (RMSprop, {**COMMON, "alpha": D("0.8"), "momentum": D("0.6"), "centered": True}, rmsprop),
    (Adam, {**COMMON, "betas": (D("0.7"), D("0.9"))}, lambda x, g: adam(x, g, False)),
    (AdamW, {**COMMON, "betas": (D("0.7"), D("0.9"))}, lambda x, g: adam(x, g, True)),
]


@pytest.mark.parametrize(("kind", "arguments", "formula"), FORMULAS, ids=lambda case: getattr(case, "__name__", ""))
def test_the_paper_s_formula_to_45_digits(kind: Any, arguments: dict[str, Any], formula: Any) -> None:
    """Written out once more for one number, on Decimal with 60 digits."""
    rng = random.Random(2)
    with localcontext() as context:
        context.prec = 60
        w = Value([D("1.5"), D("-0.25")])
        gradients = [[D(rng.randint(-300, 300)) / 100 for _ in range(2)] for _ in range(6)]
        expected = [formula(x, [g[i] for g in gradients]) for i, x in enumerate(w.data)]
        optimiser = kind([w], **arguments)
        for g in gradients:
            w.grad = g
            optimiser.step()
        for got, want in zip(w.data, expected, strict=True):
            assert abs(got - want) < D("1e-45")
            assert abs(got - want - D("1e-20")) > D("1e-45")  # the check can fail


def test_accumulated_gradients_are_those_of_the_whole_batch() -> None:
    x, labels = normal((6, 3), 1), [0, 1, 1, 0, 1, 0]
    whole, parts = nn.Dense(3, 2), nn.Dense(3, 2)
    criterion = nn.CrossEntropyLoss()
    criterion(whole(x), labels).backward()
    for i in range(0, 6, 2):
        (criterion(parts(x[i : i + 2]), labels[i : i + 2]) / 3).backward()
    close(parts.weight.grad, whole.weight.grad, 1e-15)


# -- groups and settings ----------------------------------------------------------------------------------------------


def test_settings_can_change_between_steps_and_buffers_appear_when_wanted() -> None:
    """Momentum that starts at 0 and is raised later works as if its buffer had been there."""
    a, b = Value([1.0, 2.0]), Value([1.0, 2.0])
    late, early = SGD([a], lr=1), SGD([b], lr=1.0, momentum=0.5)
    early.param_groups[0]["momentum"] = 0.0
    assert late.state[a] == {}
    assert late.lr == 1.0
    assert isinstance(late.lr, float)
    for w, optimiser in ((a, late), (b, early)):
        w.grad = [1.0, -1.0]
        optimiser.step()
        optimiser.param_groups[0]["momentum"] = 0.5
        optimiser.step()
        optimiser.param_groups[0]["momentum"] = 0
        optimiser.step()
    assert late.state_dict()["state"] == [{"momentum_buffer": [1.0, -1.0]}]
    assert a.data == [1.0 - 1 - 1 - 1, 2.0 + 3]
    assert b.data == [1.0 - 1 - 1.5 - 1, 2.0 + 3.5]


def test_the_learning_rate_of_all_groups() -> None:
    a, b = Value(1.0), Value(2.0)
    optimiser = SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    with pytest.raises(ValueError, match=r"SGD: the groups have learning rates 0\.1, 0\.5; use param_groups"):
        _ = optimiser.lr
    optimiser.lr = 0.25
    assert [group["lr"] for group in optimiser.param_groups] == [0.25, 0.25]
    assert optimiser.param_groups[1]["params"] == [b]
    assert list(optimiser.param_groups[0]) == ["lr", "momentum", "weight_decay"]
    assert optimiser.parameters == [a, b]


def test_groups_may_come_from_generators_and_share_nothing() -> None:
    model = nn.Dense(2, 1)
    optimiser = Adam(p for p in model.parameters())
    assert len(optimiser.parameters) == 2
    assert len(Adam({"params": p} for p in ([model.weight], [model.bias])).param_groups) == 2


def test_a_parameter_twice_in_one_group_is_one_parameter() -> None:
    w = Value(1.0)
    w.grad = 1.0
    SGD([w, w], lr=0.5).step()
    assert w.data == 0.5


W = Value(1.0)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Adam([]), ValueError, "Adam: no parameters"),
        (lambda: Adam([{"params": []}]), ValueError, "Adam: no parameters"),
        (lambda: Adam(W), TypeError, r"Adam: the parameters are one Value; give a list"),
        (lambda: Adam([{"params": W}]), TypeError, r"Adam: the parameters are one Value; give a list"),
        (lambda: Adam([1.0]), TypeError, "Adam: 1.0 is not a Value"),
        (lambda: Adam(nn.Dense(2, 2)), TypeError, r"Adam: Dense is no list of parameters; .* in \.parameters\(\)"),
        (lambda: Adam([[W]]), TypeError, "is not a Value that requires a gradient"),
        (lambda: Adam([Value(1.0, requires_grad=False)]), TypeError, "requires a gradient"),
        (lambda: Adam([{"params": [W]}, {"params": [W]}]), ValueError, r"parameter 0 of group 1, shape \(\), is in"),
        (lambda: Adam([{"parameters": [W]}]), KeyError, "a dict with 'params'; this one has parameters"),
        (lambda: Adam([{"params": [W], "learning_rate": 1}]), KeyError, "no setting 'learning_rate'; there are lr, be"),
        (lambda: Adam([{"params": [W]}, W]), TypeError, "is not a Value"),
        (lambda: Adam([W], lr=-1.0), ValueError, r"Adam: lr is -1\.0"),
        (lambda: Adam([W], lr=math.inf), ValueError, "Adam: lr is inf"),
        (lambda: Adam([W], lr="0.1"), TypeError, "Adam: lr is '0.1'; it must be a number"),
        (lambda: Adam([W], lr=True), TypeError, "Adam: lr is True"),
        (lambda: Adam([W], betas=(0.9, 1.0)), ValueError, r"Adam: betas\[1\] is 1\.0; it must be .* and below 1"),
        (lambda: Adam([W], betas=(-0.1, 0.9)), ValueError, r"Adam: betas\[0\] is -0\.1"),
        (lambda: Adam([W], betas=0.9), TypeError, r"Adam: betas is 0\.9; it must be a pair"),
        (lambda: Adam([W], betas=(0.9, math.nan)), ValueError, r"Adam: betas\[1\] is nan"),
        (lambda: AdamW([W], eps=-1e-8), ValueError, "AdamW: eps is -1e-08"),
        (lambda: AdamW([W], weight_decay=-1.0), ValueError, "AdamW: weight_decay"),
        (lambda: RMSprop([W], alpha=1.0), ValueError, r"RMSprop: alpha is 1\.0"),
        (lambda: RMSprop([W], momentum=-1.0), ValueError, "RMSprop: momentum"),
        (lambda: Adagrad([W], lr_decay=-1.0), ValueError, "Adagrad: lr_decay"),
        (lambda: Adagrad([W], initial_accumulator_value=-1.0), ValueError, "Adagrad: initial_accumulator_value"),
        (lambda: Lion([W], betas=(0.9, 2.0)), ValueError, r"Lion: betas\[1\] is 2\.0"),
        (lambda: SGD([{"params": [W], "nesterov": True}], lr=0.1), KeyError, "SGD: a group has no setting 'nesterov'"),
        (lambda: SGD([{"params": [W]}], 0.1, nesterov=True), ValueError, "nesterov"),
        (lambda: SGD([W], 0.1).param_groups[0].__setitem__("lr", -1.0), ValueError, r"SGD: lr is -1\.0"),
        (lambda: SGD([W], 0.1).param_groups[0]["rate"], KeyError, "no setting 'rate'; there are lr, momentum"),
        (lambda: setattr(SGD([W], 0.1), "lr", math.nan), ValueError, "SGD: lr is nan"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_an_optimiser_must_define_its_update() -> None:
    w = Value(1.0)
    w.grad = 1.0
    with pytest.raises(NotImplementedError, match=r"Optimizer: define update\(\)"):
        Optimizer([w], lr=0.1).step()


def test_steps_record_nothing() -> None:
    for case in OURS:
        parameters = start()
        optimiser = case.make(parameters)
        set_gradients(parameters, 0)
        optimiser.step()
        for value in [*parameters, *(v for kept in optimiser.state.values() for v in kept.values())]:
            assert value.op is None
            assert value.inputs == ()
        assert all(p.requires_grad for p in parameters)


# -- saving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", OURS, ids=str)
def test_a_restored_optimiser_goes_on_to_the_bit(case: Case) -> None:
    """After a way through JSON; and also where every number came back as a float, as from a file of tensors."""
    parameters = start()
    optimiser = case.make(parameters)
    for step in range(4):
        set_gradients(parameters, step)
        optimiser.step()
    optimiser.lr /= 4
    saved = json.loads(json.dumps(optimiser.state_dict()))
    for kept in saved["state"]:
        kept.update({name: float(v) for name, v in kept.items() if name == "step"})
    others = [Value(p.data) for p in parameters]
    restored = case.make(others)
    restored.load_state_dict(saved)
    assert restored.state_dict() == optimiser.state_dict()
    for step in range(4, 8):
        for values, o in ((parameters, optimiser), (others, restored)):
            set_gradients(values, step)
            o.step()
    assert [p.data for p in others] == [p.data for p in parameters]


def test_buffers_that_settings_call_for_are_restored() -> None:
    """The saved momentum decides about the buffer, not the one at construction."""
    w = Value([1.0])
    optimiser = SGD([w], lr=0.1, momentum=0.9)
    w.grad = [1.0]
    optimiser.step()
    other = SGD([Value([1.0])], lr=0.1)
    other.load_state_dict(optimiser.state_dict())
    assert other.state_dict() == optimiser.state_dict()


def broken(change: Callable[[dict[str, Any]], object]) -> tuple[Optimizer, dict[str, Any]]:
    parameters = start()
    optimiser = Adam(parameters)
    set_gradients(parameters, 0)
    optimiser.step()
    state = copy.deepcopy(optimiser.state_dict())
    state["groups"][0]["lr"] = 7.0
    state["state"][0]["step"] = 99
    change(state)
    return optimiser, state


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("groups"), "expected a dict with optimizer, options, groups, state"),
        (lambda s: s.update(more=1), "expected a dict with"),
        (lambda s: s.update(optimizer="SGD"), "the state has optimizer 'SGD', this optimiser 'Adam'"),
        (lambda s: s.update(options={"amsgrad": True}), "the state has options"),
        (lambda s: s.update(groups=3), "groups must be a list of dicts"),
        (lambda s: s.update(state=[1]), "state must be a list of dicts"),
        (lambda s: s["groups"].append({}), "the state has 2 groups, this optimiser 1"),
        (lambda s: s["state"].pop(), "the state has 2 parameters, this optimiser 3"),
        (lambda s: s["groups"][0].pop("eps"), "group 0 has lr, betas, weight_decay, initial_lr, params; expected lr"),
        (lambda s: s["groups"][0].update(params=[0, 2, 1]), r"group 0 has parameters \[0, 2, 1\]"),
        (lambda s: s["groups"][0].update(lr=-1.0), r"group 0: Adam: lr is -1\.0"),
        (lambda s: s["groups"][0].update(betas=[0.5]), r"group 0: Adam: betas is \[0\.5\]"),
        (lambda s: s["groups"][0].update(initial_lr="x"), "group 0: Adam: lr is 'x'"),
        (lambda s: s["state"][1].pop("exp_avg"), "parameter 1 has step, exp_avg_sq; expected step, exp_avg"),
        (lambda s: s["state"][2].update(extra=1.0), "parameter 2 has step, exp_avg, exp_avg_sq, extra; expected"),
        (lambda s: s["state"][1].update(exp_avg=[1.0]), r"exp_avg of parameter 1 has shape \(1,\); expected \(4,\)"),
        (lambda s: s["state"][2].update(step=1.5), "step of parameter 2 is 1.5; it must be a whole number"),
        (lambda s: s["state"][2].update(step="x"), "step of parameter 2: "),
        (lambda s: s["state"][2].update(exp_avg="x"), "exp_avg of parameter 2: "),
        (lambda s: s["state"][0].update(exp_avg=[[1.0], [1.0, 2.0], [3.0]]), "ragged"),
    ],
)  # fmt: skip
def test_loading_is_all_or_nothing(change: Callable[[dict[str, Any]], object], words: str) -> None:
    optimiser, state = broken(change)
    before = copy.deepcopy(optimiser.state_dict())
    with pytest.raises(ValueError, match=words):
        optimiser.load_state_dict(state)
    assert optimiser.state_dict() == before


def test_an_unbroken_state_is_loaded() -> None:
    optimiser, state = broken(lambda s: None)
    optimiser.load_state_dict(state)
    assert (optimiser.lr, optimiser.state_dict()["state"][0]["step"]) == (7.0, 99)


# -- clipping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("limit", [0.0, 0.5, 100.0])
def test_clipping_by_norm_is_pytorchs(p: float, limit: float) -> None:
    torch = torch_or_skip()
    ours = start()
    set_gradients(ours, 1)
    theirs = [torch.zeros(q.shape, dtype=torch.float64, requires_grad=True) for q in ours]
    for q, other in zip(ours, theirs, strict=True):
        other.grad = None if q.grad is None else torch.tensor(q.grad, dtype=torch.float64)
    norm = nn.optim.clip_grad_norm(ours, limit, p)
    close([norm.item()], [torch.nn.utils.clip_grad_norm_(theirs, limit, p).item()])
    for q, other in zip(ours, theirs, strict=True):
        if other.grad is None:
            assert q.grad is None
        else:
            close(q.grad, other.grad.tolist())


def test_clipping_by_norm_on_fractions() -> None:
    a, b = Value([Fraction(1), Fraction(2)]), Value(Fraction(3))
    for p, norm in ((1.0, 12), (math.inf, 5)):
        a.grad, b.grad = [Fraction(3), Fraction(-4)], Fraction(5)
        assert nn.optim.clip_grad_norm([a, b], Fraction(1), p).data == norm  # type: ignore[arg-type]
        factor = Fraction(10**6, norm * 10**6 + 1)
        assert (a.grad, b.grad) == ([3 * factor, -4 * factor], 5 * factor)


def test_clipping_by_another_norm() -> None:
    w = Value([0.0, 0.0])
    w.grad = [3.0, -4.0]
    norm = nn.optim.clip_grad_norm([w], 1.0, 3.0).data
    assert math.isclose(norm, 91 ** (1 / 3), rel_tol=1e-15)
    close(w.grad, [3 / (norm + 1e-6), -4 / (norm + 1e-6)], 1e-15)


def test_what_optimisers_and_groups_look_like() -> None:
    assert repr(SGD([Value(1.0)], 0.1, 0.9, True)) == (
        "SGD(ParameterGroup(1 parameters, lr=0.1, momentum=0.9, weight_decay=0.0), nesterov=True)"
    )


def test_clipping_by_value_is_exact_and_keeps_nan() -> None:
    w = Value([1.0] * 5)
    w.grad = [-3.0, -0.5, 0.0, 7.0, math.nan]
    nn.optim.clip_grad_value([w, Value(1.0)], 0.5)
    assert w.grad[:4] == [-0.5, -0.5, 0.0, 0.5]
    assert math.isnan(w.grad[4])


def test_nothing_to_clip() -> None:
    assert nn.optim.clip_grad_norm([Value(1.0)], 1.0).data == 0.0


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.optim.clip_grad_norm([], 1.0), ValueError, "clip_grad_norm: no parameters"),
        (lambda: nn.optim.clip_grad_norm([W], -1.0), ValueError, r"clip_grad_norm: max_norm is -1\.0"),
        (lambda: nn.optim.clip_grad_norm([W], 1.0, 0.5), ValueError, r"clip_grad_norm: norm_type is 0\.5"),
        (lambda: nn.optim.clip_grad_value([W], math.nan), ValueError, "clip_grad_value: clip_value is nan"),
        (lambda: nn.optim.clip_grad_value(W, 1.0), TypeError, "clip_grad_value: the parameters are one Value"),
    ],
)
def test_bad_limits_are_named(make: Callable[[], object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_every_optimiser_goes_downhill() -> None:
    for case in OURS:
        w = Value([3.0, -2.0])
        optimiser = case.kind([w], **{**case.arguments, "lr": 0.05})
        for _ in range(50):
            optimiser.zero_grad()
            (w * w).sum().backward()
            optimiser.step()
        assert sum(v * v for v in flat(w.data)) < 12, case
