"""Mistakes that can be made with any tensor: sign, factors, order, forgotten or repeated samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from ...layers import AvgPool2d, Conv2d, Dense, MaxPool2d, Softmax
from ...losses import CrossEntropyLoss
from ..automatic import ProbabilityCrossEntropy, Trace
from ..tensors import Tensor, stack, total
from .hypothesis import Hypothesis, Make, right
from .tools import absolute, each_sample, flip, permute, roll, running_sums, shift, times, without, zeros

__all__ = ["any_tensor", "of_samples"]


def any_tensor(tensor: str) -> Iterator[Hypothesis]:
    """Sign and factors, then what can be done to the axes."""
    yield Hypothesis("zero", "It is zero everywhere.", _of(tensor, 0, zeros))
    yield Hypothesis("sign", "Every number has the opposite sign.", _of(tensor, 0, times, -1))
    yield from _factors(tensor)
    yield Hypothesis("absolute value", "The signs are lost: these are absolute values.", _of(tensor, 0, absolute))
    yield Hypothesis("transposed", "The last two axes are exchanged.", _of(tensor, 2, _transposed))
    batch = tensor in ("activation", "loss", "input gradient")
    yield Hypothesis("reversed", "The columns are in the reverse order.", _of(tensor, 1 + batch, flip, -1))
    yield Hypothesis("reversed", "The rows are in the reverse order.", _of(tensor, 2 + batch, flip, -2))
    yield Hypothesis("reversed", "Rows and columns are in the reverse order.", _of(tensor, 3, flip, -1, -2))
    for axis, name in ((1, "channels"),) if batch else ((0, "filters"), (1, "channels")):
        reverse = f"The {name} are in the reverse order."
        yield Hypothesis("channels mixed up", reverse, _of(tensor, axis + 2, flip, axis))
        moved = f"The {name} are moved by one: each has its neighbour's numbers."
        for by in (1, -1):
            yield Hypothesis("channels mixed up", moved, _of(tensor, axis + 1 + batch, roll, axis, by))
    yield from _moved(tensor)


def _of(tensor: str, at_least: int, change: Callable[..., Tensor], *arguments: Any) -> Make:
    """The right tensor, changed; only for tensors of so many axes."""

    def make(trace: Trace) -> Tensor | None:
        t = right(trace, tensor)
        return change(t, *arguments) if len(t.shape) >= at_least else None

    return make


def _moved(tensor: str) -> Iterator[Hypothesis]:
    """Planes moved by a row or a column, or without one."""
    for axis, where in ((-1, "column"), (-2, "row")):
        for by in (1, -1):
            for move in (shift, roll):
                sentence = f"Everything is moved by one {where}."
                yield Hypothesis("off by one", sentence, _of(tensor, 3, move, axis, by))
    for by in (1, -1):
        sentence = "Everything is moved by one row and one column."
        yield Hypothesis("off by one", sentence, _of(tensor, 3, _diagonally, by))
    for axis, where in ((-1, "column"), (-2, "row")):
        for place, which in ((-1, "last"), (0, "first")):
            sentence = f"The {which} {where} is missing (zero)."
            yield Hypothesis("part missing", sentence, _of(tensor, 3, without, axis, place))


def _transposed(t: Tensor) -> Tensor:
    axes = list(range(len(t.shape)))
    return permute(t, [*axes[:-2], axes[-1], axes[-2]])


def _diagonally(t: Tensor, by: int) -> Tensor:
    return shift(shift(t, -1, by), -2, by)


# -- factors ----------------------------------------------------------------------------------------------------------


def _factors(tensor: str) -> Iterator[Hypothesis]:
    """Factors that have a meaning. N of the batch and of the probe differ, so no constant is mistaken for them."""

    def scaled(size: Callable[[Trace], int | None], upside_down: bool) -> Make:
        def make(trace: Trace) -> Tensor | None:
            n = size(trace)
            if n is None or n < 2:
                return None
            t = right(trace, tensor)
            return t.like(v / n for v in t.flat) if upside_down else times(t, n)

        return make

    meanings: tuple[tuple[str, str, Callable[[Trace], int | None]], ...] = (
        ("N", "the number of samples N", lambda trace: trace.samples),
        ("the number of windows", "the number of windows (output rows times columns)", _windows),
        ("the size of the window", "the number of elements of a window", _taps),
        ("the number of classes", "the number of classes", _classes),
        ("the number of inputs", "the number of channels or features of the input", _inputs),
        ("the number of outputs", "the number of filters or outputs", _outputs),
    )
    yield Hypothesis("factor 2", "It is twice the right one.", scaled(lambda trace: 2, False))
    yield Hypothesis("factor 1/2", "It is half the right one.", scaled(lambda trace: 2, True))
    for name, words, size in meanings:
        yield Hypothesis(f"divided by {name}", f"It is the right one divided by {words}.", scaled(size, True))
        yield Hypothesis(f"times {name}", f"It is the right one times {words}.", scaled(size, False))


def _windows(trace: Trace) -> int | None:
    return math.prod(trace.y.shape[2:]) if len(trace.y.shape) == 4 else None


def _taps(trace: Trace) -> int | None:
    module = trace.module
    if isinstance(module, Conv2d):
        return math.prod(module.weight.shape[1:])
    if isinstance(module, MaxPool2d | AvgPool2d):
        size = module.kernel_size
        return size * size if isinstance(size, int) else math.prod(size)
    return None


def _classes(trace: Trace) -> int | None:
    return trace.x.shape[1] if isinstance(trace.module, CrossEntropyLoss | ProbabilityCrossEntropy | Softmax) else None


def _inputs(trace: Trace) -> int | None:
    return trace.x.shape[1] if isinstance(trace.module, Conv2d | Dense) else None


def _outputs(trace: Trace) -> int | None:
    return trace.y.shape[1] if isinstance(trace.module, Conv2d | Dense) else None


# -- samples ----------------------------------------------------------------------------------------------------------


def of_samples(tensor: str) -> Iterator[Hypothesis]:
    """Mistakes between one sample and the next: overwritten, added up, left over from before."""
    if tensor == "loss":
        return
    parameter = tensor.removesuffix(" gradient")
    if tensor not in ("activation", "input gradient"):
        pick = _from_parts(parameter)
        yield Hypothesis(
            "missing sum over the batch",
            "Only the last sample counts: overwritten instead of added up over the batch.",
            pick(lambda parts: parts[-1]),
        )
        yield Hypothesis("missing sum over the batch", "Only the first sample counts.", pick(lambda parts: parts[0]))
        yield Hypothesis(
            "not reset",
            "Gradients of earlier samples are still in it: it was not set to zero before the next sample.",
            pick(lambda parts: total(running_sums(parts))),
        )
        yield Hypothesis(
            "stale",
            "Each sample hands back the gradient of the sample before it.",
            pick(lambda parts: total(parts[:-1]) if len(parts) > 1 else None),
        )
        yield Hypothesis(
            "stale",
            "Each sample hands back the gradient of the first.",
            pick(lambda parts: times(parts[0], len(parts))),
        )
        return

    def of_right(change: Callable[[list[Tensor]], list[Tensor]]) -> Make:
        def make(trace: Trace) -> Tensor | None:
            t = right(trace, tensor)
            if trace.samples < 2 or t.shape[:1] != (trace.samples,):
                return None
            return stack(change([t.part(n) for n in range(trace.samples)]))

        return make

    yield Hypothesis(
        "not reset",
        "Numbers of earlier samples are still in it: it was not set to zero before the next sample.",
        of_right(running_sums),
    )
    yield Hypothesis(
        "stale", "Each sample hands back what belongs to the sample before it.", of_right(lambda p: [p[0], *p[:-1]])
    )
    yield Hypothesis(
        "stale",
        "Each sample hands back what belongs to the sample before it.",
        of_right(lambda p: [zeros(p[0]), *p[:-1]]),
    )
    yield Hypothesis("stale", "Every sample hands back what belongs to the first.", of_right(lambda p: [p[0]] * len(p)))
    yield Hypothesis(
        "missing samples",
        "Only the last sample has numbers; the others are zero.",
        of_right(lambda p: [*map(zeros, p[:-1]), p[-1]]),
    )
    yield Hypothesis(
        "missing samples",
        "Only the first sample has numbers; the others are zero.",
        of_right(lambda p: [p[0], *map(zeros, p[1:])]),
    )
    yield Hypothesis(
        "summed over the batch", "Every sample has the sum of all.", of_right(lambda p: [total(p)] * len(p))
    )
    yield Hypothesis("samples mixed up", "The samples are in the reverse order.", of_right(lambda p: p[::-1]))


def _from_parts(parameter: str) -> Callable[..., Make]:
    def pick(change: Callable[[list[Tensor]], Tensor | None]) -> Make:
        return lambda trace: change(each_sample(trace, parameter)) if trace.samples > 1 else None

    return pick
