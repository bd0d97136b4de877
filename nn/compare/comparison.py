"""Handwritten gradients beside automatic ones: a network layer by layer, or one layer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..layers import Sequential
from ..losses import CrossEntropyLoss
from ..module import Module
from .assembly import assembled
from .automatic import ProbabilityCrossEntropy, Trace, run_layer, run_loss, run_model
from .chained import chained
from .findings import Finding, Options
from .inputs import candidates_of, check_choice, in_kind, labels_of, module_for, same_numbers, tensor_of
from .passes import isolated, probe, probe_loss, random_tensor
from .report import Report
from .tensors import Shape, Tensor

__all__ = ["compare_gradients", "compare_layer"]

Mode = Literal["isolated", "chained", "both"]
Kind = Literal["float", "fraction"]


def compare_gradients(
    model: Sequential,
    handwritten: Any,
    x: Any,
    y: Any = None,
    *,
    criterion: Module | None = None,
    mode: Mode = "both",
    kind: Kind = "float",
    oracle: bool = True,
    seed: int = 0,
) -> Report:
    """Compare every activation and every gradient of a handwritten network with those of `model`.

    Args:
        model: the automatic network.
        handwritten: something with `.layers` (a dict or list) such as `nn.handwritten.Network`, or a dict or list of
            layers (see `nn.compare.candidates` for what a layer must have). Its parameters must hold the same numbers
            as the model's. An entry None was not handed in: the automatic numbers stand in for it.
        x: batch of inputs (N, ...).
        y: class indices (N) or one-hot rows (N, C). Left out: no loss; both sides start from a random signed gradient.
        criterion: the automatic loss, by default `nn.CrossEntropyLoss()`. It is compared with `handwritten.criterion`.
        mode: "isolated" gives each handwritten layer the automatic input and upstream gradient, so that a wrong layer
            accuses only itself, and tries it on random numbers besides (rows of mode "probe"). "chained" runs the
            handwritten network as it is. "both" does both.
        kind: "float", or "fraction": both sides in exact fractions, where equal means equal; without the loss.
        oracle: ask a third opinion on the worst element of each tensor.
        seed: of the random numbers.

    Scaling: the automatic side is left as training uses it, with gradients of the mean over the batch. Handwritten
    layers work on one sample at a time; their parameters' gradients are summed over the batch. Isolated layers get the
    automatic upstream gradient, which holds the factor 1/N already, so nothing is scaled. In the chain it is the
    handwritten side that is divided by N, after its last sum (by its own `batch_gradients`, if it has one).

    Raises:
        ValueError: numbers of layers, parameters or arguments that do not fit together. TypeError: `model` is no
            Sequential.

    >>> import nn
    >>> from nn import handwritten
    >>> model = nn.Sequential(nn.Flatten(), nn.Dense(4, 3))
    >>> state = model.state_dict()
    >>> by_hand = handwritten.Network([handwritten.Flatten(), handwritten.Dense(state["1.weight"], state["1.bias"])])
    >>> report = compare_gradients(model, by_hand, [[[[0.5, 0.25], [2.0, 1.0]]]], [2])
    >>> report.ok, report.first_guilty
    (True, None)
    """
    if not isinstance(model, Sequential):
        raise TypeError(f"compare_gradients: model is a {type(model).__name__}, not an nn.Sequential")
    check_choice("mode", mode, ("isolated", "chained", "both"))
    check_choice("kind", kind, ("float", "fraction"))
    options = Options(kind == "fraction", oracle, seed)
    candidates = candidates_of(model, handwritten)
    batch = tensor_of(x, options.exact)
    target = None if y is None or options.exact else labels_of(y)
    model = in_kind(model, options.exact)
    criterion = criterion if criterion is not None else CrossEntropyLoss()
    if getattr(criterion, "reduction", "mean") == "none":
        raise ValueError("compare_gradients: the criterion's reduction is 'none'; use 'mean' or 'sum'")
    start = None
    if target is None:
        shape = Tensor.of(model(batch.nested()).data).shape
        start = random_tensor(shape, random.Random(f"{seed} start"), options.exact)
    traces = run_model(model, criterion, batch, target, start)
    loss = getattr(handwritten, "criterion", None) if target is not None else None
    with same_numbers(candidates, traces, options.exact):
        found = _all(traces, candidates, loss, handwritten, mode, options)
    return assembled(found)


def _all(
    traces: Sequence[Trace], candidates: Mapping[str, Any], loss: Any, network: Any, mode: Mode, options: Options
) -> list[Finding]:
    found: list[Finding] = []
    if mode != "chained":
        for trace in traces:
            if trace.target is None:
                candidate = candidates[trace.path]
                found += isolated(trace, candidate, options)
                found += probe(trace.path, trace.module, candidate, trace.x.shape[1:], options, trace.samples)
            elif loss is not None:
                found += isolated(trace, loss, options)
                found += probe_loss(trace.path, trace.module, loss, trace.x.shape[1], options, trace.samples)
    if mode != "isolated":
        found += chained(traces, candidates, loss, network, options)
    return found


def compare_layer(
    module: Module | str,
    candidate: Any,
    x: Any = None,
    cotangent: Any = None,
    *,
    target: Any = None,
    input_shape: Shape | None = None,
    kind: Kind = "float",
    oracle: bool = True,
    seed: int = 0,
    path: str = "0",
) -> Report:
    """Compare one handwritten layer with the automatic one.

    Args:
        module: a layer or loss of `nn` with the same parameters, or a name ("conv2d", "dense", "relu", "maxpool2d",
            "flatten", "softmax", "cross-entropy", "softmax-cross-entropy"): then it is built from the candidate's
            `parameters()` and its attributes `stride`, `padding`, `size`.
        x: batch of inputs (N, ...). Left out: random ones of `input_shape` (without N).
        cotangent: gradient of the output, in its shape; random and signed if left out.
        target: labels, for a loss.
        kind, oracle, seed: as in `compare_gradients`.
        path: name of the layer in the report.

    >>> from nn.handwritten import ReLU
    >>> compare_layer("relu", ReLU(), input_shape=(2, 3)).ok
    True
    """
    check_choice("kind", kind, ("float", "fraction"))
    layer = module_for(module, candidate) if isinstance(module, str) else module
    options = Options(kind == "fraction", oracle, seed)
    if x is None and input_shape is None:
        raise ValueError("compare_layer: give x, or input_shape for random inputs")
    layer = in_kind(layer, options.exact)
    if isinstance(layer, CrossEntropyLoss | ProbabilityCrossEntropy):
        return _compare_loss(layer, candidate, x, target, input_shape, options, path)
    shape = tuple(input_shape or ())
    traces: list[Trace] = []
    if x is not None:
        batch = tensor_of(x, options.exact)
        shape = batch.shape[1:]
        out = Tensor.of(layer(batch.nested()).data).shape
        rng = random.Random(f"{seed} start")
        g = random_tensor(out, rng, options.exact) if cotangent is None else tensor_of(cotangent, options.exact)
        traces = [run_layer(path, layer, batch, g)]
    found: list[Finding] = []
    with same_numbers({path: candidate}, traces, options.exact):
        for trace in traces:
            found += isolated(trace, candidate, options)
        found += probe(path, layer, candidate, shape, options, traces[0].samples if traces else 0)
    return assembled(found)


def _compare_loss(
    layer: Module, candidate: Any, x: Any, target: Any, shape: Shape | None, options: Options, path: str
) -> Report:
    found: list[Finding] = []
    if x is not None:
        if target is None:
            raise ValueError("compare_layer: a loss needs target: class indices or one-hot rows")
        batch = tensor_of(x, exact=False)
        shape = batch.shape[1:]
        found += isolated(run_loss(path, layer, batch, labels_of(target)), candidate, options)
    assert shape is not None
    found += probe_loss(path, layer, candidate, shape[0], options, found[0].trace.samples if found else 0)
    return assembled(found)
