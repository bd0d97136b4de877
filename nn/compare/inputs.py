"""What a comparison is given, brought to one form: candidates by path, numbers of one kind, the same parameters."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from typing import Any, TypeVar

from tinygrad_lists import Value

from ..layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU, Sequential, Softmax
from ..losses import CrossEntropyLoss
from ..module import Module
from .automatic import ProbabilityCrossEntropy, Trace
from .metrics import same
from .swapping import swapped
from .tensors import Tensor, index_of
from .values import read, shape_of

__all__ = ["candidates_of", "check_choice", "in_kind", "labels_of", "module_for", "same_numbers", "tensor_of"]

M = TypeVar("M", bound=Module)


def check_choice(name: str, given: str, known: Sequence[str]) -> None:
    """ValueError for an argument that is none of the choices."""
    if given not in known:
        raise ValueError(f"compare: {name} is {given!r}; known are {', '.join(map(repr, known))}")


def candidates_of(model: Sequential, handwritten: Any) -> dict[str, Any]:
    """The handwritten layers under the model's paths.

    Raises:
        ValueError: there are more or fewer than the model has layers.
    """
    layers = getattr(handwritten, "layers", handwritten)
    paths = [path for path, _ in model.named_children()]
    if isinstance(layers, Mapping):
        unknown = sorted(set(layers) - set(paths))
        if unknown:
            raise ValueError(f"compare_gradients: the model has layers {paths}, but {unknown} were handed in")
        return {path: layers.get(path) for path in paths}
    if not isinstance(layers, Sequence) or len(layers) != len(paths):
        given = f"{len(layers)} layers" if isinstance(layers, Sequence) else f"a {type(layers).__name__}"
        raise ValueError(
            f"compare_gradients: {given} handed in for the model's {len(paths)}; hand in something with .layers, a "
            f"dict by path, or a list with None for what is missing"
        )
    return dict(zip(paths, layers, strict=True))


def tensor_of(data: Any, exact: bool) -> Tensor:
    """Numbers of a batch, as floats or Fractions.

    >>> tensor_of([[1, 2.5]], exact=True).flat
    [Fraction(1, 1), Fraction(5, 2)]
    """
    t = Tensor.of((data if isinstance(data, Value) else Value(data, requires_grad=False)).data)
    if not t.shape:
        raise ValueError(f"compare: expected a batch (N, ...), given the number {t.flat[0]!r}")
    return t.like(map(Fraction if exact else float, t.flat))


def labels_of(target: Any) -> Tensor:
    """Class indices (N) or rows (N, C), their numbers as they are."""
    return Tensor.of((target if isinstance(target, Value) else Value(target, requires_grad=False)).data)


def in_kind(module: M, exact: bool) -> M:
    """A copy of a module, its parameters as Fractions if `exact`. The caller's gradients are left alone."""
    twin = copy.deepcopy(module)
    if exact:
        for parameter in twin.parameters():
            t = Tensor.of(parameter.data)
            parameter.assign(Value(t.like(map(Fraction, t.flat)).nested()))
    return twin


@contextmanager
def same_numbers(candidates: Mapping[str, Any], traces: Sequence[Trace], exact: bool) -> Iterator[None]:
    """See to it that candidates compute with the model's parameters, and for `exact` with them as Fractions.

    Raises:
        ValueError: a candidate holds other numbers and has no `set_parameters` to be given the right ones.
    """
    with ExitStack() as stack:
        for trace in traces:
            candidate = candidates.get(trace.path)
            if candidate is None or not hasattr(candidate, "parameters"):
                continue
            different = _different(trace, candidate.parameters())
            if different and not exact and not hasattr(candidate, "set_parameters"):
                raise ValueError(
                    f"compare: {different}; both sides must hold the same numbers: load the model's state_dict() into "
                    f"the handwritten layers"
                )
            if (exact or different) and set(candidate.parameters()) == set(trace.parameters):
                stack.enter_context(swapped(candidate, trace.parameters))
        yield


def _different(trace: Trace, own: Mapping[str, Any]) -> str:
    """Which parameter is not the model's; "" if all are."""
    for name, right in trace.parameters.items():
        if name not in own:
            continue
        given = read(own[name], f"parameters()[{name!r}]")
        if shape_of(given) != right.shape:
            return f"{trace.path}.{name} has shape {shape_of(given)}, the model's {right.shape}"
        for i, (p, q) in enumerate(zip(Tensor.of(given).flat, right.flat, strict=True)):
            if not same(p, q):
                return f"{trace.path}.{name}{list(index_of(i, right.shape))} is {p}, the model's {q}"
    return ""


def module_for(name: str, candidate: Any) -> Module:
    """The automatic layer of a kind with a candidate's parameters and settings.

    >>> from nn import handwritten
    >>> module_for("conv2d", handwritten.Conv2d([[[[1.0, 2.0]]]], [0.5], stride=2))
    Conv2d(1, 1, (1, 2), stride=2)
    """
    own = candidate.parameters() if hasattr(candidate, "parameters") else {}
    parameters = {key: Tensor.of(read(value, key)) for key, value in own.items()}
    if name in ("conv2d", "dense"):
        weight, bias = parameters["weight"], "bias" in parameters
        module: Module
        if name == "conv2d":
            filters, channels, *kernel = weight.shape
            stride, padding = getattr(candidate, "stride", 1), getattr(candidate, "padding", 0)
            module = Conv2d(channels, filters, kernel, stride, padding, bias=bias)
        else:
            inputs, outputs = weight.shape
            module = Dense(inputs, outputs, bias=bias)
        module.load_state_dict({key: t.like(map(float, t.flat)).nested() for key, t in parameters.items()})
        return module
    plain: dict[str, type[Module]] = {
        "relu": ReLU,
        "flatten": Flatten,
        "softmax": Softmax,
        "cross-entropy": ProbabilityCrossEntropy,
        "softmax-cross-entropy": CrossEntropyLoss,
    }
    if name == "maxpool2d":
        return MaxPool2d(getattr(candidate, "size", 2), getattr(candidate, "stride", None))
    if name not in plain:
        known = ", ".join(["conv2d", "dense", "maxpool2d", *plain])
        raise ValueError(f"compare_layer: unknown layer {name!r}; known are {known}")
    return plain[name]()
