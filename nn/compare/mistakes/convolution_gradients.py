"""Mistakes in the three gradients of a convolution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...layers import Conv2d
from ..automatic import Trace
from ..tensors import Tensor
from .convolution import geometry, kernels, output, pair, terms, without_padding, without_stride
from .hypothesis import Hypothesis, Make
from .tools import (
    absolute,
    changed,
    first_for_all,
    flip,
    keep,
    ones,
    parameter_itself,
    permute,
    positive,
    rerun,
    roll,
    summed,
    swap_if_square,
    without,
    zeros,
)

__all__ = ["convolution"]


def convolution(tensor: str) -> Iterator[Hypothesis]:
    """By tensor."""
    if tensor == "activation":
        yield from output()
    elif tensor == "weight gradient":
        yield from _weight_gradient()
    elif tensor == "bias gradient":
        yield from _bias_gradient()
    else:
        yield from _input_gradient()


def _upstream(tensor: str, what: str) -> Iterator[Hypothesis]:
    """Windows left out of the sum over them, or an upstream gradient that is not used or turned about."""
    last = f"{what} is overwritten instead of added to."
    yield Hypothesis("overwritten", f"Only the last window counts: {last}", changed(tensor, g=(_corner_only, -1)))
    yield Hypothesis("overwritten", "Only the first window counts.", changed(tensor, g=(_corner_only, 0)))
    for axis, name in ((2, "row"), (3, "column")):
        sentence = f"Only the last {name} of windows counts: {last}"
        yield Hypothesis("overwritten", sentence, changed(tensor, g=(keep, axis, [-1])))
        for place, which in ((-1, "last"), (0, "first")):
            sentence = f"The {which} {name} of windows is left out."
            yield Hypothesis("part missing", sentence, changed(tensor, g=(without, axis, place)))
    for place, which in ((-1, "last"), (0, "first")):
        sentence = f"The {which} row and the {which} column of windows are left out."
        yield Hypothesis("part missing", sentence, changed(tensor, g=(_without_edges, place)))
    for axis, sentence in (
        (3, "Windows are counted as if there were as many columns as rows: height taken for the width."),
        (2, "Windows are counted as if there were as many rows as columns: width taken for the height."),
    ):
        yield Hypothesis("part missing", sentence, changed(tensor, g=(_square, axis)))
    for name, sentence, change in (
        ("upstream ignored", "The upstream gradient is taken as ones.", (ones,)),
        ("reversed", "The upstream gradient is read in the reverse order.", (flip, 2, 3)),
        ("channels mixed up", "The filters of the upstream gradient are reversed.", (flip, 1)),
        ("channels mixed up", "The filters of the upstream gradient are moved by one.", (roll, 1)),
        ("channels mixed up", "Every filter uses the upstream gradient of the first.", (first_for_all, 1)),
        ("summed over the filters", "The upstream gradient is summed over the filters first.", (summed, 1)),
        (
            "transposed",
            "The upstream gradient is read with rows and columns exchanged.",
            (swap_if_square, (0, 1, 3, 2)),
        ),
        ("mask too much", "Only positive upstream gradients count.", (positive,)),
    ):
        yield Hypothesis(name, sentence, changed(tensor, g=change))
    yield Hypothesis("mask too much", "Only windows with a positive output count.", _masked_by_output(tensor))


def _corner_only(g: Tensor, place: int) -> Tensor:
    return keep(keep(g, 2, [place]), 3, [place])


def _square(g: Tensor, axis: int) -> Tensor | None:
    other = g.shape[5 - axis]
    return keep(g, axis, range(other)) if other < g.shape[axis] else None


def _without_edges(g: Tensor, place: int) -> Tensor:
    return without(without(g, 2, place), 3, place)


def _masked_by_output(tensor: str) -> Make:
    def make(trace: Trace) -> Tensor | None:
        pairs = zip(trace.g.flat, trace.y.flat, strict=True)
        g = trace.g.like(v if y > 0 else type(v)(0) for v, y in pairs)
        done = rerun(trace, g=g)
        return done.gx if tensor == "input gradient" else done.gradients[tensor.removesuffix(" gradient")]

    return make


def _turned(name: str, change: Any, *arguments: Any) -> Make:
    """The right gradient of a parameter, changed."""
    return lambda trace: change(trace.gradients[name], *arguments) if name in trace.gradients else None


def _weight_gradient() -> Iterator[Hypothesis]:
    here = "weight gradient"
    for name, sentence, make in (
        ("kernel flipped", "Each filter's gradient is rotated by 180 degrees.", _turned("weight", flip, 2, 3)),
        ("kernel flipped", "Its rows are in the reverse order.", _turned("weight", flip, 2)),
        ("kernel flipped", "Its columns are in the reverse order.", _turned("weight", flip, 3)),
        ("transposed", "Rows and columns of each kernel are exchanged.", _turned("weight", permute, (0, 1, 3, 2))),
        ("channels mixed up", "Filters and channels are exchanged.", _turned("weight", permute, (1, 0, 2, 3))),
        ("input ignored", "The input is taken as ones.", changed(here, x=(ones,))),
        ("channels mixed up", "The input's channels are in the reverse order.", changed(here, x=(flip, 1))),
        ("channels mixed up", "The input's channels are moved by one.", changed(here, x=(roll, 1))),
        ("channels mixed up", "Every channel uses the input's first channel.", changed(here, x=(first_for_all, 1))),
        ("reversed", "The input is read in the reverse order.", changed(here, x=(flip, 2, 3))),
    ):
        yield Hypothesis(name, sentence, make)
    yield from _upstream(here, "the gradient")
    yield from geometry(here)
    for name, sentence, make in (
        ("summed over the filters", "Every filter has the sum of all.", _turned("weight", summed, 0)),
        ("summed over the channels", "Every channel has the sum of all.", _turned("weight", summed, 1)),
        ("absolute value", "The absolute input is used.", changed(here, x=(absolute,))),
        ("upstream ignored", "It is the weights themselves.", parameter_itself("weight")),
        ("upstream ignored", "It is the weights themselves.", parameter_itself("weight", per_sample=True)),
    ):
        yield Hypothesis(name, sentence, make)


def _bias_gradient() -> Iterator[Hypothesis]:
    here = "bias gradient"
    yield Hypothesis("bias forgotten", "The bias has no gradient: it is zero.", _turned("bias", zeros))
    yield from _upstream(here, "the sum")
    for name, sentence, make in (
        ("summed over the filters", "Every filter has the sum of all.", _turned("bias", summed, 0)),
        ("upstream ignored", "It is the bias itself.", parameter_itself("bias")),
        ("upstream ignored", "It is the bias itself.", parameter_itself("bias", per_sample=True)),
    ):
        yield Hypothesis(name, sentence, make)


def _input_gradient() -> Iterator[Hypothesis]:
    here = "input gradient"
    yield from kernels(here)
    for place, which in ((-1, "last"), (0, "first")):
        sentence = f"Only the {which} filter counts: the sum over the filters is missing."
        yield Hypothesis("overwritten", sentence, changed(here, weight=(keep, 0, [place])))
        left_out = f"The {which} filter is left out."
        yield Hypothesis("part missing", left_out, changed(here, weight=(without, 0, place)))
    sentence = "Of windows that overlap only the last one counts: overwritten instead of added to."
    yield Hypothesis("overwritten", sentence, lambda trace: _last_window(trace, all_filters=True))
    sentence = "Only the last filter, and of windows that overlap the last one, counts: overwritten, not added to."
    yield Hypothesis("overwritten", sentence, lambda trace: _last_window(trace, all_filters=False))
    yield from terms(here)
    yield from _upstream(here, "the gradient")
    yield Hypothesis("stride ignored", "The windows lie one apart, whatever the stride.", without_stride(here))
    yield Hypothesis("padding", "The padding is cut off at the wrong side.", without_padding(here))


def _last_window(trace: Trace, all_filters: bool) -> Tensor | None:
    """Each pixel from the last window that covers it, windows row by row."""
    module = trace.module
    assert isinstance(module, Conv2d)
    if module.groups != 1 or pair(module.dilation) != (1, 1):
        return None
    samples, channels, height, width = trace.x.shape
    filters, _, rows, columns = trace.parameters["weight"].shape
    (s, z), (p, q) = pair(module.stride), pair(module.padding)
    g, w, out = trace.g.nested(), trace.parameters["weight"].nested(), zeros(trace.x).nested()
    used = range(filters) if all_filters else [filters - 1]
    windows = [(i, j) for i in range(trace.g.shape[2]) for j in range(trace.g.shape[3])]
    taps = [(k, m) for k in range(rows) for m in range(columns)]
    for n in range(samples):
        for i, j in windows:
            for k, m in taps:
                row, column = s * i + k - p, z * j + m - q
                if 0 <= row < height and 0 <= column < width:
                    for c in range(channels):
                        out[n][c][row][column] = sum(g[n][f][i][j] * w[f][c][k][m] for f in used)
    return Tensor.of(out)
