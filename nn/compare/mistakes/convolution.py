"""Mistakes in a convolution's output, equation (1), and in where its windows lie."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from ...layers import Conv2d
from ..automatic import Trace
from ..tensors import Tensor
from .hypothesis import Hypothesis, Make, right
from .tools import (
    absolute,
    changed,
    first_for_all,
    flip,
    keep,
    ones,
    permute,
    positive,
    rerun,
    roll,
    shift,
    swap_if_square,
    times,
    without,
    zeros,
)

__all__ = ["geometry", "kernels", "output", "pair", "terms", "without_padding", "without_stride"]


def output() -> Iterator[Hypothesis]:
    """Of the forward pass."""
    here = "activation"
    yield Hypothesis("bias forgotten", "The bias is not added.", changed(here, bias=(zeros,)))
    yield Hypothesis("bias", "The bias is subtracted.", changed(here, bias=(times, -1)))
    yield Hypothesis("bias", "The bias is added twice.", changed(here, bias=(times, 2)))
    yield Hypothesis("bias", "The bias is added once for each channel, not once for each output.", _repeated_bias(1))
    yield Hypothesis("bias", "The bias is added once for each product, not once for each output.", _repeated_bias(3))
    yield Hypothesis("bias", "The biases belong to other filters.", changed(here, bias=(roll, 0)))
    yield Hypothesis("bias", "Every filter adds the first bias.", changed(here, bias=(first_for_all, 0)))
    yield from kernels(here)
    yield from terms(here)
    yield Hypothesis("ReLU too much", "Negative outputs are cut off.", lambda trace: positive(trace.y))
    yield from geometry(here)


def _repeated_bias(axes: int) -> Make:
    """The bias times the product of so many axes of a filter."""

    def make(trace: Trace) -> Tensor | None:
        if "bias" not in trace.parameters:
            return None
        count = 1
        for size in trace.parameters["weight"].shape[1 : 1 + axes]:
            count *= size
        return rerun(trace, parameters={"bias": times(trace.parameters["bias"], count)}).y

    return make


def kernels(tensor: str) -> Iterator[Hypothesis]:
    """Kernels turned about, for outputs and input gradients."""
    flipped = "The kernel is rotated by 180 degrees."
    if tensor == "activation":
        flipped = "The kernel is rotated by 180 degrees: a true convolution instead of the cross-correlation."
    for name, sentence, change in (
        ("kernel flipped", flipped, (flip, 2, 3)),
        ("kernel flipped", "The rows of the kernel are in the reverse order.", (flip, 2)),
        ("kernel flipped", "The columns of the kernel are in the reverse order.", (flip, 3)),
        ("transposed", "Rows and columns of the kernel are exchanged.", (swap_if_square, (0, 1, 3, 2))),
        ("transposed", "The kernel is transposed and rotated.", (_turned,)),
        ("channels mixed up", "Filters and channels of the weights are exchanged.", (swap_if_square, (1, 0, 2, 3))),
        ("channels mixed up", "The channels of the weights are in the reverse order.", (flip, 1)),
        ("channels mixed up", "The channels of the weights are moved by one.", (roll, 1)),
        ("channels mixed up", "The filters are in the reverse order.", (flip, 0)),
        ("channels mixed up", "The filters are moved by one.", (roll, 0)),
        ("channels mixed up", "Every channel uses the weights of the first.", (first_for_all, 1)),
        ("channels mixed up", "Every filter uses the weights of the first.", (first_for_all, 0)),
        ("weights ignored", "The weights are taken as ones.", (ones,)),
        ("absolute value", "The absolute weights are used.", (absolute,)),
    ):
        yield Hypothesis(name, sentence, changed(tensor, weight=change))


def _turned(w: Tensor) -> Tensor:
    return flip(permute(w, (0, 1, 3, 2)), 2, 3)


def terms(tensor: str) -> Iterator[Hypothesis]:
    """Sums that were overwritten: only one term of an axis is left."""
    for axis, what in ((1, "channel"), (2, "row of the kernel"), (3, "column of the kernel")):
        if tensor == "input gradient" and axis == 1:
            continue  # each channel has its own gradient: nothing is summed over them
        for place, which in ((-1, "last"), (0, "first")):
            sentence = f"Only the {which} {what} counts: the sum is overwritten instead of added to."
            yield Hypothesis("overwritten", sentence, changed(tensor, weight=(keep, axis, [place])))
            left_out = f"The {which} {what} is left out."
            yield Hypothesis("part missing", left_out, changed(tensor, weight=(without, axis, place)))
    for axis, what in ((2, "row"), (3, "column")):
        sentence = f"Only the middle {what} of the kernel counts."
        yield Hypothesis("part missing", sentence, changed(tensor, weight=(_middle, axis)))
    yield Hypothesis("part missing", "Only the middle of the kernel counts.", changed(tensor, weight=(_middle, 2, 3)))
    sentence = "Only the last product counts: the sum is overwritten instead of added to."
    yield Hypothesis("overwritten", sentence, changed(tensor, weight=(_last_term,)))


def _middle(w: Tensor, *axes: int) -> Tensor:
    for axis in axes:
        w = keep(w, axis, [w.shape[axis] // 2])
    return w


def _last_term(w: Tensor) -> Tensor:
    return keep(keep(keep(w, 1, [-1]), 2, [-1]), 3, [-1])


def geometry(tensor: str) -> Iterator[Hypothesis]:
    """Windows at the wrong place of the input."""
    for down, across in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
        sentence = "The windows lie one row or column beside their place."
        yield Hypothesis("off by one", sentence, changed(tensor, x=(_moved, down, across)))
    for axis in (2, 3):
        for by in (1, -1):
            sentence = "The windows lie one row or column beside their place, and begin again at the other side."
            yield Hypothesis("off by one", sentence, changed(tensor, x=(roll, axis, by)))
    sentence = "The input is read with rows and columns exchanged."
    yield Hypothesis("transposed", sentence, changed(tensor, x=(swap_if_square, (0, 1, 3, 2))))
    sentence = "Neighbouring windows lie one apart, whatever the stride."
    yield Hypothesis("stride ignored", sentence, without_stride(tensor))
    yield Hypothesis("padding", "The windows begin at the image, not at its padding.", without_padding(tensor))


def _moved(x: Tensor, down: int, across: int) -> Tensor:
    return shift(shift(x, 2, down), 3, across)


def pair(size: Any) -> tuple[int, int]:
    """A size for height and width."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def without_stride(tensor: str) -> Make:
    """Stride 1, of whose outputs only as many rows and columns count as the right ones are."""

    def make(trace: Trace) -> Tensor | None:
        module = trace.module
        assert isinstance(module, Conv2d)
        if pair(module.stride) == (1, 1):
            return None
        twin = copy.deepcopy(module)
        twin.stride = 1
        full = Tensor.of(twin(trace.x.nested()).data)
        done = rerun(trace, module=twin, g=_in_corner(trace.g, *full.shape[2:]))
        return _corner(full, *trace.y.shape[2:]) if tensor == "activation" else right(done, tensor)

    return make


def without_padding(tensor: str) -> Make:
    """All of the padding at the bottom and the right."""

    def make(trace: Trace) -> Tensor | None:
        module = trace.module
        assert isinstance(module, Conv2d)
        down, across = pair(module.padding)
        if not (down or across):
            return None
        twin = copy.deepcopy(module)
        twin.padding = 0
        height, width = trace.x.shape[2:]
        done = rerun(trace, module=twin, x=_in_corner(trace.x, height + 2 * down, width + 2 * across))
        return _corner(done.gx, height, width) if tensor == "input gradient" else right(done, tensor)

    return make


def _in_corner(t: Tensor, height: int, width: int) -> Tensor:
    """Planes in the upper left corner of larger ones."""
    zero = zeros(t).flat[0]

    def larger(plane: list[list[Any]]) -> list[list[Any]]:
        rows = [row + [zero] * (width - len(row)) for row in plane]
        return rows + [[zero] * width] * (height - len(plane))

    return Tensor.of([[larger(plane) for plane in image] for image in t.nested()])


def _corner(t: Tensor, height: int, width: int) -> Tensor:
    """The upper left corner of planes."""
    return Tensor.of([[[row[:width] for row in plane[:height]] for plane in image] for image in t.nested()])
