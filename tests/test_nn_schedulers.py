"""Schedules: by their formulas, beside PyTorch's, and resumed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from nn_tools import close, torch_or_skip

import nn
from nn import schedulers as ours
from nn.optim import SGD, AdamW, Optimizer
from tinygrad_lists import Value

Make = Callable[[Any, Any], Any]  # from a module of schedules and an optimiser


def sgd(lr: float = 0.4, momentum: float = 0.0) -> Optimizer:
    return SGD([{"params": [Value(1.0)]}, {"params": [Value(2.0)], "lr": lr / 8}], lr=lr, momentum=momentum)


def sequence(m: Any, o: Any) -> Any:
    return m.SequentialLR(o, [m.LinearLR(o, 0.1, 1.0, 4), m.CosineAnnealingLR(o, 7), m.ConstantLR(o, 0.2, 3)], [4, 11])


CASES: dict[str, Make] = {
    "constant": lambda m, o: m.ConstantLR(o),
    "constant 2": lambda m, o: m.ConstantLR(o, 0.5, 3),
    "linear": lambda m, o: m.LinearLR(o),
    "linear down": lambda m, o: m.LinearLR(o, 1.0, 0.25, 7),
    "step": lambda m, o: m.StepLR(o, 3),
    "step 2": lambda m, o: m.StepLR(o, 1, 0.7),
    "multistep": lambda m, o: m.MultiStepLR(o, [2, 3, 9], 0.5),
    "exponential": lambda m, o: m.ExponentialLR(o, 0.9),
    "cosine": lambda m, o: m.CosineAnnealingLR(o, 8),
    "cosine to a floor": lambda m, o: m.CosineAnnealingLR(o, 20, 0.01),
    "lambda": lambda m, o: m.LambdaLR(o, lambda t: 1 / (1 + t)),
    "sequence": sequence,
}

CYCLES: dict[str, dict[str, Any]] = {
    "default": {"max_lr": 0.5},
    "per group": {"max_lr": [0.5, 0.3], "pct_start": 0.45},
    "linear": {"max_lr": 0.5, "anneal_strategy": "linear", "div_factor": 3.0, "final_div_factor": 7.0},
    "three phases": {"max_lr": 0.5, "three_phase": True, "base_momentum": 0.5, "max_momentum": 0.75},
    "momentum stays": {"max_lr": 0.5, "cycle_momentum": False},
}


def rates(optimiser: Any) -> list[float]:
    return [group["lr"] for group in optimiser.param_groups]


def theirs_like(torch: Any, optimiser: Optimizer) -> Any:
    """PyTorch's optimiser with the same groups."""
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": group["lr"]} for group in optimiser.param_groups]
    if isinstance(optimiser, AdamW):
        return torch.optim.AdamW(groups)
    return torch.optim.SGD(groups, momentum=optimiser.param_groups[0]["momentum"])


@pytest.mark.filterwarnings("ignore")  # PyTorch warns of a step without a step of the optimiser
@pytest.mark.parametrize("name", CASES)
def test_rates_are_pytorchs(name: str) -> None:
    torch = torch_or_skip()
    optimiser = sgd()
    other = theirs_like(torch, optimiser)
    mine = CASES[name](ours, optimiser)
    their = CASES[name](torch.optim.lr_scheduler, other)
    for _ in range(16):
        close(rates(optimiser), rates(other))
        mine.step()
        their.step()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CYCLES)
@pytest.mark.parametrize("steps", [4, 17, 40])
@pytest.mark.parametrize("adam", [False, True])
def test_the_cycle_is_pytorchs(name: str, steps: int, adam: bool) -> None:
    torch = torch_or_skip()
    optimiser = AdamW([{"params": [Value(1.0)]}, {"params": [Value(2.0)]}]) if adam else sgd(0.4, 0.9)
    other = theirs_like(torch, optimiser)
    mine = ours.OneCycleLR(optimiser, total_steps=steps, **CYCLES[name])
    their = torch.optim.lr_scheduler.OneCycleLR(other, total_steps=steps, **CYCLES[name])
    for step in range(steps):
        close(rates(optimiser), rates(other))
        for group, theirs_group in zip(optimiser.param_groups, other.param_groups, strict=True):
            key = "betas" if adam else "momentum"
            close(group[key], theirs_group[key])
        if step < steps - 1:
            mine.step()
            their.step()
    with pytest.raises(ValueError, match=f"step {steps} is behind the cycle of {steps} steps"):
        mine.step()
    close(rates(optimiser), rates(other))


METRICS = [
    5.0,
    4.0,
    4.0,
    3.99999,
    4.1,
    4.2,
    4.0,
    1.0,
    math.nan,
    1.0,
    1.0,
    1.0,
    0.5,
    -1.0,
    -1.0,
    -1.00001,
    -2.0,
    -1.5,
    -1.9,
    3.0,
]
PLATEAUS: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 0, "factor": 0.5, "cooldown": 2},
    {"patience": 2, "factor": 0.3, "min_lr": 0.04},
    {"mode": "max", "patience": 1, "threshold": 0.1},
    {"patience": 1, "threshold_mode": "abs", "threshold": 0.5},
    {"mode": "max", "patience": 0, "threshold_mode": "abs", "factor": 0.9, "eps": 0.02},
]  # fmt: skip


@pytest.mark.parametrize("arguments", PLATEAUS, ids=str)
def test_plateaus_are_pytorchs(arguments: dict[str, Any]) -> None:
    torch = torch_or_skip()
    optimiser = sgd()
    other = theirs_like(torch, optimiser)
    mine = ours.ReduceLROnPlateau(optimiser, **arguments)
    their = torch.optim.lr_scheduler.ReduceLROnPlateau(other, **arguments)
    for metric in METRICS:
        mine.step(metric)
        their.step(metric)
        close(rates(optimiser), rates(other))
    assert rates(optimiser) != [0.4, 0.05]


# -- by their formulas ------------------------------------------------------------------------------------------------


def followed(make: Make, steps: int) -> list[float]:
    optimiser = SGD([Value(1.0)], lr=0.5)
    schedule = make(ours, optimiser)
    found = []
    for _ in range(steps):
        found.append(optimiser.lr)
        schedule.step()
    return found


FORMULAS: list[tuple[Make, Callable[[int], float]]] = [
    (CASES["constant 2"], lambda t: 0.25 if t < 3 else 0.5),
    (CASES["linear down"], lambda t: 0.5 * (1 - 0.75 * min(t, 7) / 7)),
    (CASES["step 2"], lambda t: 0.5 * 0.7**t),
    (CASES["multistep"], lambda t: 0.5 / 2 ** ((t >= 2) + (t >= 3) + (t >= 9))),
    (CASES["exponential"], lambda t: 0.5 * 0.9**t),
    (CASES["cosine to a floor"], lambda t: 0.01 + 0.245 * (1 + math.cos(math.pi * t / 20))),
    (CASES["lambda"], lambda t: 0.5 / (1 + t)),
    (
        sequence,
        lambda t: 0.5 * (0.1 + 0.225 * t)
        if t < 4
        else 0.25 * (1 + math.cos(math.pi * (t - 4) / 7))
        if t < 11
        else 0.1
        if t < 14
        else 0.5,
    ),
    (lambda m, o: m.ChainedScheduler(o, [m.LinearLR(o, 0.5, 1.0, 4), m.ExponentialLR(o, 0.8)]),
     lambda t: 0.5 * (0.5 + min(t, 4) / 8) * 0.8**t),
]  # fmt: skip


@pytest.mark.parametrize(("make", "formula"), FORMULAS)
def test_rates_by_their_formulas(make: Make, formula: Callable[[int], float]) -> None:
    for t, rate in enumerate(followed(make, 16)):
        assert math.isclose(rate, formula(t), rel_tol=1e-14, abs_tol=1e-17)


def test_the_cosine_ends_exactly_at_its_floor() -> None:
    assert followed(lambda m, o: m.CosineAnnealingLR(o, 6, 0.125), 7)[6] == 0.125


def test_the_cycle_has_its_corners_where_the_docstring_says() -> None:
    optimiser = SGD([Value(1.0)], lr=99.0, momentum=0.5)
    schedule = ours.OneCycleLR(optimiser, 2.0, 21, pct_start=1 / 3, div_factor=4.0, final_div_factor=10.0)
    seen = []
    for step in range(21):
        seen.append((optimiser.lr, optimiser.param_groups[0]["momentum"]))
        if step < 20:
            schedule.step()
    assert seen[0] == (0.5, 0.95)
    close(seen[6], (2.0, 0.85), 1e-15)
    close(seen[20], (0.05, 0.95), 1e-15)
    assert all(a < b for (a, _), (b, _) in pairwise(seen[:7]))
    assert all(a > b for (a, _), (b, _) in pairwise(seen[6:]))


def test_a_cycle_of_three_straight_phases() -> None:
    """Up in 3 steps, down in 3, and on to the last rate in 4; the momentum down and up, then still."""
    optimiser = SGD([Value(1.0)], lr=9.0, momentum=0.5)
    schedule = ours.OneCycleLR(optimiser, 4.0, 11, 4 / 11, "linear", True, 0.5, 0.8, 4.0, 10.0, three_phase=True)
    seen = []
    for step in range(11):
        seen.append((optimiser.lr, optimiser.param_groups[0]["momentum"]))
        if step < 10:
            schedule.step()
    close([lr for lr, _ in seen], [1, 2, 3, 4, 3, 2, 1, 0.775, 0.55, 0.325, 0.1], 1e-14)
    close([momentum for _, momentum in seen], [0.8, 0.7, 0.6, 0.5, 0.6, 0.7] + [0.8] * 5, 1e-14)


def test_a_plateau_by_hand() -> None:
    optimiser = SGD([Value(1.0)], lr=1.0)
    schedule = ours.ReduceLROnPlateau(optimiser, factor=0.5, patience=1, cooldown=1)
    seen = []
    for loss in (3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0):
        schedule.step(Value(loss))
        seen.append(optimiser.lr)
    # bad: 0 0 1 2 -> halved, then one step of cooldown, then 1 2 -> halved
    assert seen == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


# -- resuming ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CASES, "cycle"])
@pytest.mark.parametrize("optimiser_first", [True, False])
def test_a_restored_schedule_goes_on_to_the_bit(name: str, optimiser_first: bool) -> None:
    """Whatever comes first: loading the optimiser, making the schedule, or loading that."""
    make = CASES.get(name, lambda m, o: m.OneCycleLR(o, 0.5, 20))
    optimiser = sgd(0.4, 0.9)
    schedule = make(ours, optimiser)
    for _ in range(5):
        schedule.step()
    saved = json.loads(json.dumps([optimiser.state_dict(), schedule.state_dict()]))
    other = sgd(0.1, 0.9)
    if optimiser_first:
        other.load_state_dict(saved[0])
    restored = make(ours, other)
    restored.load_state_dict(saved[1])
    if not optimiser_first:
        other.load_state_dict(saved[0])
    for _ in range(8):
        assert other.state_dict() == optimiser.state_dict()
        assert restored.state_dict() == schedule.state_dict()
        schedule.step()
        restored.step()


def test_a_restored_plateau_goes_on() -> None:
    optimiser, other = sgd(), sgd(0.1)
    one, two = (ours.ReduceLROnPlateau(o, patience=1, cooldown=2, factor=0.5) for o in (optimiser, other))
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))  # before the first step, too
    for i, metric in enumerate(METRICS):
        if i == 9:
            two = ours.ReduceLROnPlateau(other, patience=1, cooldown=2, factor=0.5)
            two.load_state_dict(json.loads(json.dumps(one.state_dict())))
        one.step(metric)
        two.step(metric)
        assert rates(optimiser) == rates(other)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scheduler": "ExponentialLR"}, "the state is that of ExponentialLR"),
        ({"last_step": -1}, "last_step is -1"),
        ({"last_step": 1.5}, "last_step is 1.5; it must be a whole number"),
        ({"last_step": "3"}, "last_step is '3'; it must be a number"),
        ({"last_step": math.nan}, "last_step is nan"),
        ({"initial_lrs": [0.1]}, "expected a list of 2, one for each group"),
        ({"initial_lrs": [0.1, -0.1]}, r"SGD: lr is -0\.1"),
        ({"initial_lrs": [0.1, "x"]}, "SGD: lr is 'x'; it must be a number"),
        ({"more": 1}, "expected a dict with scheduler, last_step, initial_lrs"),
    ],
)
def test_loading_is_all_or_nothing(change: dict[str, Any], words: str) -> None:
    optimiser = sgd()
    schedule = ours.StepLR(optimiser, 2)
    schedule.step()
    before = schedule.state_dict(), optimiser.state_dict()
    with pytest.raises(ValueError, match=words):
        schedule.load_state_dict({**before[0], **change})
    assert (schedule.state_dict(), optimiser.state_dict()) == before


@pytest.mark.parametrize(
    "change",
    [{"best": 3}, {"best": ["x"]}, {"best": [1.0, 2.0]}, {"lrs": [0.1]}, {"lrs": [0.1, -1]}, {"cooldown_left": -1}],
)  # fmt: skip
def test_loading_a_plateau_is_all_or_nothing(change: dict[str, Any]) -> None:
    optimiser = sgd()
    schedule = ours.ReduceLROnPlateau(optimiser)
    schedule.step(1.0)
    before = schedule.state_dict(), optimiser.state_dict()
    with pytest.raises(ValueError, match=next(iter(change))):
        schedule.load_state_dict({**before[0], **change})
    assert (schedule.state_dict(), optimiser.state_dict()) == before


def test_a_group_that_is_added_later_takes_part() -> None:
    optimiser = SGD([Value(1.0)], lr=0.5)
    schedule = ours.ExponentialLR(optimiser, 0.5)
    schedule.step()
    optimiser.add_param_group({"params": [Value(2.0)], "lr": 0.8})
    schedule.step()
    assert rates(optimiser) == [0.125, 0.2]


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda m, o: m.StepLR(3, 1), TypeError, "StepLR: 3 is not an optimiser"),
        (lambda m, o: m.OneCycleLR(None, 1.0, 5), TypeError, "OneCycleLR: None is not an optimiser"),
        (lambda m, o: m.ReduceLROnPlateau([]), TypeError, r"ReduceLROnPlateau: \[\] is not an optimiser"),
        (lambda m, o: m.StepLR(o, 0), ValueError, "StepLR: step_size is 0; it must be a whole number of at least 1"),
        (lambda m, o: m.StepLR(o, 1.5), ValueError, r"StepLR: step_size is 1\.5"),
        (lambda m, o: m.StepLR(o, 1, -0.1), ValueError, r"StepLR: gamma is -0\.1"),
        (lambda m, o: m.ExponentialLR(o, math.nan), ValueError, "ExponentialLR: gamma is nan"),
        (lambda m, o: m.MultiStepLR(o, [3, 3]), ValueError, r"MultiStepLR: the milestones \[3, 3\] must rise"),
        (lambda m, o: m.MultiStepLR(o, [0]), ValueError, "MultiStepLR: a milestone is 0"),
        (lambda m, o: m.CosineAnnealingLR(o, 0), ValueError, "CosineAnnealingLR: T_max is 0"),
        (lambda m, o: m.CosineAnnealingLR(o, 5, -1.0), ValueError, "CosineAnnealingLR: eta_min"),
        (lambda m, o: m.LinearLR(o, total_iters=0), ValueError, "LinearLR: total_iters is 0"),
        (lambda m, o: m.ConstantLR(o, -1.0), ValueError, "ConstantLR: factor"),
        (lambda m, o: m.LambdaLR(o, lambda t: -1.0), ValueError, r"SGD: lr is -0\.5"),
        (lambda m, o: m.SequentialLR(o, [], []), ValueError, "SequentialLR: no schedules"),
        (lambda m, o: m.SequentialLR(o, [m.StepLR(o, 1)], [2]), ValueError, "1 schedules need 0 milestones, not 1"),
        (lambda m, o: m.ChainedScheduler(o, [m.ReduceLROnPlateau(o)]), TypeError, "has no formula for each step"),
        (lambda m, o: m.ChainedScheduler(o, [m.StepLR(sgd(), 1)]), ValueError, "belongs to another optimiser"),
        (lambda m, o: m.OneCycleLR(o, 1.0, 5), ValueError, "OneCycleLR: the optimiser has no momentum to move"),
        (lambda m, o: m.OneCycleLR(o, [1.0, 2.0], 5), ValueError, "OneCycleLR: max_lr has 2 rates for 1 groups"),
        (lambda m, o: m.OneCycleLR(o, -1.0, 5), ValueError, r"OneCycleLR: max_lr is -1\.0"),
        (lambda m, o: m.OneCycleLR(o, 1.0, 5, pct_start=1.5), ValueError, "OneCycleLR: pct_start"),
        (lambda m, o: m.OneCycleLR(o, 1.0, 5, anneal_strategy="x"), ValueError, "OneCycleLR: anneal_strategy"),
        (lambda m, o: m.OneCycleLR(o, 1.0, 5, max_momentum=1.0), ValueError, "OneCycleLR: max_momentum"),
        (lambda m, o: m.ReduceLROnPlateau(o, "least"), ValueError, "mode is 'min' or 'max', not 'least'"),
        (lambda m, o: m.ReduceLROnPlateau(o, factor=1.0), ValueError, r"factor is 1\.0; .* and below 1"),
        (lambda m, o: m.ReduceLROnPlateau(o, patience=-1), ValueError, "patience is -1"),
        (lambda m, o: m.ReduceLROnPlateau(o, threshold_mode="r"), ValueError, "threshold_mode"),
    ],
)
def test_bad_arguments_are_named(make: Make, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make(ours, SGD([Value(1.0)], lr=0.5))


def test_a_schedule_must_define_its_rate() -> None:
    with pytest.raises(NotImplementedError, match=r"Scheduler: define rate\(initial, step\)"):
        nn.schedulers.Scheduler(sgd())
