"""A file of homework from one end to the other: run in a process with limits, compared layer by layer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import values
from .comparison import compare_gradients, compare_layer
from .examples import example, random_numbers
from .kinds import KINDS, NETWORK
from .networks import AdaptedNetwork, input_shape, shape_after
from .problems import KINDS as PROBLEMS
from .problems import HomeworkError, Problem
from .remote import TIME_LIMIT, RemoteLayer, Session
from .report import Remark, Report

__all__ = ["VARIATIONS", "Outcome", "compare_homework", "merged"]

Shape = tuple[int, ...]

#: Images that a network is compared on.
IMAGES = 8

#: Of these, those that its own passes are tried on.
WIRED = 4

#: Other settings that a layer is tried with, if it can be made with them. Height and width of the input fill no whole
#: number of windows: what is left over must get no gradient.
VARIATIONS: dict[str, tuple[tuple[dict[str, int], Shape], ...]] = {
    "conv2d": (({"stride": 2}, (2, 12, 14)), ({"padding": 1}, (2, 5, 7)), ({"stride": 2, "padding": 1}, (2, 9, 12))),
    "maxpool2d": (
        ({"size": 3}, (2, 10, 13)),
        ({"size": 3, "stride": 2}, (2, 8, 12)),
        ({"size": 2, "stride": 1}, (2, 4, 6)),
    ),
}


@dataclass
class Outcome:
    """What came out for one thing that was handed in.

    Attributes:
        name, kind: what it is.
        report: the rows; empty where nothing could be compared.
        problem: why nothing could be compared, None if something was.
        printed: what it printed, beginning only.
    """

    name: str
    kind: str
    report: Report = field(default_factory=lambda: Report([]))
    problem: Problem | None = None
    printed: str = ""

    @property
    def ok(self) -> bool:
        """Whether all of it is right."""
        return self.problem is None and bool(self.report.rows) and self.report.ok


def merged(outcomes: Sequence[Outcome]) -> Report:
    """One report of everything; what could not be compared is a remark."""
    rows, remarks = [], []
    for outcome in outcomes:
        rows += outcome.report.rows
        remarks += outcome.report.remarks
        if outcome.problem is not None:
            remarks.append(Remark(outcome.name, outcome.kind, outcome.problem.kind, outcome.problem.account))
        if outcome.printed:
            remarks.append(Remark(outcome.name, outcome.kind, "printed", outcome.printed))
    return Report(rows, remarks)


def compare_homework(
    path: Path, name: str | None = None, kind: str | None = None, *, seed: int = 0, time_limit: float = TIME_LIMIT
) -> list[Outcome]:
    """Compare everything in a file, or what is called `name` in it, with the automatic layers.

    Each is run in a process of its own, which ends with the last answer, after `time_limit` seconds for each layer, or
    when it takes too much memory. The process is no sandbox: the code may do whatever the user may.

    Args:
        path: a Python file.
        kind: what kind of layer it is, where neither its name nor an attribute `layer` says so.
        seed: of all random numbers: the same seed gives the same outcome.

    Raises:
        ValueError: there is nothing in the file that could be compared, or nothing of this name.
    """
    try:
        with Session(path, name, kind, time_limit) as session:
            found = session.found
            if not found:
                raise ValueError(
                    f"{path}: no layer found; wanted a class with forward and backward and a name or an attribute "
                    f"`layer` that tells its kind ({', '.join(KINDS)})"
                )
            first = _compared(session, found[0], seed)
    except HomeworkError as error:
        if error.problem.kind == "not found":
            raise ValueError(f"{path}: {error.problem.text}") from None
        return [Outcome(name or path.name, kind or "", problem=error.problem)]
    outcomes = [first]
    for item in found[1:]:
        with Session(path, item[0], item[1], time_limit) as session:
            outcomes.append(_compared(session, item, seed))
    return outcomes


def _compared(session: Session, item: tuple[str, str], seed: int) -> Outcome:
    """One item of a file."""
    outcome = Outcome(*item)
    try:
        if item[1] == NETWORK:
            outcome.report = _network(session, item, seed)
        else:
            outcome.report = _layer(session, item, seed)
    except HomeworkError as error:
        outcome.problem = error.problem
    outcome.printed = session.output()
    return outcome


def _layer(session: Session, item: tuple[str, str], seed: int) -> Report:
    """A layer on an example, and then with other settings."""
    name, kind = item
    usual = example(kind, seed)
    (layer,) = session.open(item, None, usual.settings).values()
    if layer.kind.parameters:
        rng = random.Random(f"parameters {seed}")
        shapes = {key: values.shape_of(p) for key, p in layer.parameters().items()}
        layer.set_parameters({key: random_numbers(shape, rng) for key, shape in shapes.items()})
    report = _on(layer, name, seed, None, {})
    for changed, shape in VARIATIONS.get(kind, ()):
        if set(changed) <= set(layer.choices) and not any(_fatal(remark) for remark in report.remarks):
            settings = {**usual.settings, **changed}
            own = layer.parameters()
            if kind == "conv2d":
                shape = (values.shape_of(own["weight"])[1], *shape[1:])
            (other,) = session.open(item, own or None, settings, layer.conventions).values()
            other.spent = layer.spent
            said = ", ".join(f"{key} {value}" for key, value in changed.items())
            more = _on(other, f"{name}, {said}", seed, shape, settings)
            report = Report([*report.rows, *more.rows], [*report.remarks, *more.remarks])
            layer = other
    return report


def _fatal(remark: Remark) -> bool:
    return PROBLEMS.get(remark.name, False)


def _on(layer: RemoteLayer, path: str, seed: int, shape: Shape | None, settings: Mapping[str, Any]) -> Report:
    parameters = layer.parameters()
    given = example(layer.kind.name, seed, 3, shape, parameters or None, {**layer.settings, **settings})
    return compare_layer(layer.kind.name, layer, given.x, given.gradient, target=given.labels, seed=seed, path=path)


# -- networks ---------------------------------------------------------------------------------------------------------


def _network(session: Session, item: tuple[str, str], seed: int) -> Report:
    """A network of somebody's layers beside an automatic one that is built after it."""
    layers = session.open(item)
    rng = random.Random(f"network {seed}")
    for layer in layers.values():
        layer.set_parameters({key: _initial(values.shape_of(p), rng) for key, p in layer.parameters().items()})
    loss = layers.pop("loss", None)
    network = AdaptedNetwork(dict(layers), loss)
    shape = input_shape(layers)
    x, labels = _batch(shape, shape_after(layers, shape)[0], rng)
    report = compare_gradients(network.model(), network, x, labels, seed=seed)
    name = item[0]
    rows = [replace(row, path=f"{name} {row.path}") for row in report.rows]
    remarks = [replace(remark, path=f"{name} {remark.path}") for remark in report.remarks]
    if not any(_fatal(remark) for remark in remarks):
        problems = dict.fromkeys(p for image in x[:WIRED] for p in _wiring(session, layers, image, name))
        remarks += [Remark(name, NETWORK, problem.kind, problem.text) for problem in problems]
    return Report(rows, remarks)


def _wiring(session: Session, layers: Mapping[str, RemoteLayer], x: values.Nested, name: str) -> list[Problem]:
    """Whether the network's own passes give what its layers give one after the other: to the bit, as it is the same
    code on the same numbers."""
    batched = {layer.batched for layer in layers.values()}
    if len(batched) > 1:
        return []
    wrap: Any = (lambda v: [v]) if True in batched else (lambda v: v)
    unwrap: Any = (lambda v: v[0]) if True in batched else (lambda v: v)
    y = x
    for layer in layers.values():
        y = unwrap(layer.forward(wrap(y)))
    rng = random.Random(name)
    start = [rng.uniform(-1, 1) for _ in y]
    gradient, right = start, {}
    for key, layer in reversed(list(layers.items())):
        gradient = unwrap(layer.backward(wrap(gradient)))
        right[key] = layer.gradients()
    try:
        own = session.whole(x, start)
    except HomeworkError as error:
        return [error.problem]
    problems = []
    if "y" in own and own["y"] != y:
        problems.append(Problem("wired differently", f"{name}.forward returns not what its layers return in a row"))
    for key, gradients in own.get("gradients", {}).items():
        for parameter, found in gradients.items():
            if found != right[key].get(parameter, found):
                text = f"{name}.backward leaves another gradient of {parameter} in layer {key} than its layers in a row"
                problems.append(Problem("wired differently", text))
    return problems


def _initial(shape: Shape, rng: random.Random) -> values.Nested:
    """Random numbers, smaller where more of them are summed."""
    count = 1
    for n in shape[1:] if len(shape) == 4 else shape[:1]:
        count *= n
    scale = count**-0.5
    build: Any = lambda rest: [build(rest[1:]) for _ in range(rest[0])] if rest else rng.uniform(-scale, scale)  # noqa: E731
    return build(shape)


def _batch(shape: Shape, classes: int, rng: random.Random) -> tuple[values.Nested, values.Nested]:
    """Real images where they fit, else random numbers; and labels."""
    if shape == (1, 28, 28) and classes == 10:
        from ..data import mnist

        chosen = mnist.load("train", subset="paper")[:IMAGES]
        pairs = [chosen[i] for i in range(IMAGES)]
        return [image for image, _ in pairs], [label for _, label in pairs]
    build: Any = lambda rest: [build(rest[1:]) for _ in range(rest[0])] if rest else rng.uniform(-1, 1)  # noqa: E731
    return build((IMAGES, *shape)), [rng.randrange(classes) for _ in range(IMAGES)]
