"""What was handed in, recognised: its kind, its parameters, and how it wants to be called."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import values
from .adapting import Adapted, Conventions
from .examples import example, random_numbers
from .kinds import KINDS, LayerKind, kind_of_name, layer_kind, role
from .ownership import Place, find_place
from .problems import HomeworkError
from .sources import ClassSource, ObjectSource, Source, source_of

__all__ = ["adapt", "prepared", "recognise"]

Nested = values.Nested


def adapt(
    handed_in: Any,
    kind: str | None = None,
    *,
    parameters: Mapping[str, Nested] | None = None,
    **settings: Any,
) -> Adapted:
    """Put somebody's layer behind the protocol of `nn.handwritten`, so that it can be compared.

    Args:
        handed_in: a class or an object with ``forward`` and ``backward``; a pair ``(forward, backward)`` of functions
            ``forward(x, weight, bias)`` and ``backward(gradient, x, weight, bias) -> (dx, dweight, dbias)``; or a
            module with two such functions. Arguments and attributes are known by the usual names (x, inputs, W,
            weights, b, dout, grad_output, stride ...). It may declare by attributes: ``layer`` (its kind), ``batch``
            (it takes (N, ...)), ``arrays = "numpy"``, ``labels = "index"``; otherwise what works is found by trying.
        kind: one of `kinds.KINDS`; found from ``layer`` or from the name if left out.
        parameters: numbers for weight and bias; an object keeps its own, a class gets random ones.
        settings: stride, padding, size.

    Raises:
        ValueError: the kind is unknown. HomeworkError: what was handed in cannot be one. What its own code raises is
            not touched.

    >>> class MyReLU:
    ...     def forward(self, x):
    ...         self.mask = [v > 0 for v in x]
    ...         return [max(v, 0.0) for v in x]
    ...     def backward(self, dout):
    ...         return [g if m else 0.0 for g, m in zip(dout, self.mask)]
    >>> layer = adapt(MyReLU())
    >>> layer.forward([1.0, -2.0]), layer.backward([5.0, 6.0])
    ([1.0, 0.0], [5.0, 0.0])
    """
    layer = prepared(handed_in, kind, parameters, settings)
    recognise(layer)
    return layer


def prepared(
    handed_in: Any, kind: str | None, parameters: Mapping[str, Nested] | None, settings: Mapping[str, Any]
) -> Adapted:
    """The same, but its `forward` and `backward` are not tried: it will be called as it declares, or as is usual."""
    definition = handed_in[0] if isinstance(handed_in, tuple) else handed_in
    called = getattr(definition, "__name__", type(definition).__name__)
    name = kind or getattr(definition, "layer", None) or kind_of_name(called)
    if name is None or name not in KINDS:
        what = f"{name!r} is no kind of layer" if name else "what kind of layer is this?"
        raise ValueError(f"adapt: {what} give kind=, or an attribute `layer`: one of {', '.join(KINDS)}")
    source = source_of(handed_in, layer_kind(name))
    if isinstance(source, ObjectSource):
        found = {n: find_place(handed_in, n, None, "lists") for n in source.kind.parameters}
        missing = [n for n, place in found.items() if place is None]
        if missing and parameters is None:
            raise HomeworkError.of("not loaded", f"{source.name} has no attribute {' and no attribute '.join(missing)}")
        parameters = parameters or _own_parameters({n: place for n, place in found.items() if place is not None})
        settings = {**_settings_of(handed_in, source.kind), **settings}
    elif isinstance(source, ClassSource) and source.kind.parameters and parameters is None and not source.takes_sizes:
        parameters = _of_its_own_sizes(source)
    usual = example(name, parameters=parameters, settings=settings)
    return Adapted(source, usual.parameters, usual.settings, _choices(source)[0])


def _of_its_own_sizes(source: ClassSource) -> dict[str, Nested] | None:
    """Random parameters in the shapes of those that the class makes itself; None if it makes none."""
    made = source.definition()
    found = {n: find_place(made, n, None, "lists") for n in source.kind.parameters}
    places = {n: place for n, place in found.items() if place is not None}
    if not places or len(places) < len(found):
        return None
    rng = random.Random(0)
    return {n: random_numbers(values.shape_of(own), rng) for n, own in _own_parameters(places).items()}


def _own_parameters(places: Mapping[str, Place]) -> dict[str, Nested]:
    """The numbers that an object keeps, in our layout: dense weights (in, out), which the bias tells from (out, in)."""
    if {"weight", "bias"} <= places.keys():
        weight, bias = places["weight"], places["bias"]
        outputs = math.prod(bias.theirs)
        if len(weight.theirs) == 2 and weight.theirs[1] != outputs == weight.theirs[0]:
            weight.ours = weight.theirs[::-1]
        bias.ours = (outputs,)
    return {name: place.get() for name, place in places.items()}


def _settings_of(owner: Any, kind: LayerKind) -> dict[str, Any]:
    own = getattr(owner, "__dict__", {})
    return {
        found: value for name, value in own.items() if isinstance(value, int) and (found := role(name, kind.defaults))
    }


def _choices(source: Source) -> list[Conventions]:
    """How it may want to be called: as declared, where it declares, else each way, the usual ones first."""

    def declared(name: str, known: list[str], usual: list[str]) -> list[str]:
        value = getattr(source.definition, name, None)
        if value is not None and value not in known:
            raise HomeworkError.of("not loaded", f"{name} = {value!r}; known are {' and '.join(map(repr, known))}")
        return usual if value is None else [value]

    labels = ["one-hot", "index"]
    arrays = declared("arrays", ["lists", "numpy"], ["lists", "numpy"] if "numpy" in sys.modules else ["lists"])
    labels = declared("labels", labels, labels if source.kind.loss else labels[:1])
    batch = getattr(source.definition, "batch", None)
    batches = [False, True] if batch is None else [bool(batch)]
    return [Conventions(b, a, i) for a in arrays for i in labels for b in batches]


def recognise(layer: Adapted) -> None:
    """Find by trying how a layer wants to be called, and call it so from now on."""
    choices = _choices(layer.source)
    if len(choices) == 1:
        return
    scores = []
    with _restored(layer.source):
        for choice in choices:
            scores.append(_works(Adapted(layer.source, layer.parameters(), layer.settings, choice)))
            if scores[-1] == 2:
                break
    best = scores.index(max(scores))
    if scores[best] == 0:  # then its own way of failing is that on the arrays it was written for
        best = next(i for i, choice in enumerate(choices) if choice.arrays == choices[-1].arrays)
    layer.adopt(choices[best])


def _works(layer: Adapted) -> int:
    """0: `forward` fails; 1: `backward` fails; 2: both return the right shapes."""
    usual = example(layer.kind.name, parameters=layer.parameters() or None, settings=layer.settings)
    done = 0
    try:
        if layer.kind.loss:
            layer.forward(usual.x[0], usual.labels[0])
        else:
            layer.forward(usual.x if layer.batched else usual.x[0])
        done = int(not any(problem.fatal for problem in layer.problems))
        layer.backward(*([] if layer.kind.loss else [usual.gradient if layer.batched else usual.gradient[0]]))
    except HomeworkError:  # it ran, but what it returned is no tensor
        return 2 if done and not layer.kind.axes else done
    except Exception:  # noqa: BLE001 (somebody's code raises what it likes; that it does is reported when it counts)
        return done
    any_shape = done and not layer.kind.axes  # then the shape of what `backward` returns tells nothing
    return 2 if any_shape or not any(problem.fatal for problem in layer.problems) else done


@contextmanager
def _restored(source: Source) -> Iterator[None]:
    """An object's attributes as they were, after it was tried."""
    own = getattr(source.definition, "__dict__", None)
    if not isinstance(source, ObjectSource) or not isinstance(own, dict):
        yield
        return
    before = {name: dict(value) if isinstance(value, dict) else value for name, value in own.items()}
    try:
        yield
    finally:
        own.clear()
        own.update(before)
