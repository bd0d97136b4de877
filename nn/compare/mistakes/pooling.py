"""Mistakes in pooling: which element of a window is chosen, and where its gradient goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...layers import MaxPool2d
from ..automatic import Trace
from ..tensors import Tensor
from ..windows import windows_of
from .hypothesis import Hypothesis, Make
from .tools import first_for_all, flip, ones, permute, product, roll, zeros

__all__ = ["max_pooling"]

#: Values of a window (and their positions) -> how much of the window's gradient each gets.
_Shares = Callable[[list[Any]], list[Any]]


def max_pooling(tensor: str) -> Iterator[Hypothesis]:
    """By tensor; other choices among equal maxima come first: they are no mistakes."""
    if tensor == "activation":
        yield from _output()
    else:
        yield from _input_gradient()


def _first_of(values: Sequence[Any], wanted: Any) -> list[int]:
    place = list(values).index(wanted)
    return [int(i == place) for i in range(len(values))]


def _last_of(values: Sequence[Any], wanted: Any) -> list[int]:
    return _first_of(list(values)[::-1], wanted)[::-1]


def _handed_out(shares: _Shares, g: Callable[[Trace], Tensor] = lambda t: t.g, add: bool = True) -> Make:
    """Each window's gradient handed out by shares, added up where windows overlap."""

    def make(trace: Trace) -> Tensor | None:
        module = trace.module
        assert isinstance(module, MaxPool2d)
        out = zeros(trace.gx).flat
        for window, u in zip(windows_of(module, trace.x.shape), g(trace).flat, strict=True):
            parts = shares([trace.x.flat[i] for i in window])
            for i, share in zip(window, parts, strict=True):
                if share:
                    out[i] = out[i] + share * u if add else share * u
        return trace.gx.like(out)

    return make


def _equal_maxima(values: list[Any]) -> list[int]:
    best = max(values)
    return [int(v == best) for v in values]


def _shared_maxima(values: list[Any]) -> list[Any]:
    tied = _equal_maxima(values)
    # Written with the kind of the values: 1/3 of a Fraction is exact.
    return [type(v)(1) / sum(tied) * t for v, t in zip(values, tied, strict=True)]


def _first_and_last(values: list[Any]) -> list[Any]:
    first, last = _first_of(values, max(values)), _last_of(values, max(values))
    return [type(v)(a + b) / 2 for v, a, b in zip(values, first, last, strict=True)]


def _maximum(values: list[Any]) -> list[int]:
    """All to the first maximum: right."""
    return _first_of(values, max(values))


#: How a window's gradient can be shared out; the first three are other choices among equal maxima, and no mistakes.
_WAYS: tuple[tuple[str, str, _Shares], ...] = (
    (
        "last of equal maxima",
        "Of equal maxima the last one gets the gradient; the engine gives it to the first.",
        lambda v: _last_of(v, max(v)),
    ),
    ("equal maxima share", "Equal maxima share the gradient; the engine gives it to the first.", _shared_maxima),
    (
        "equal maxima share",
        "The first and the last of equal maxima share the gradient; the engine gives it to the first.",
        _first_and_last,
    ),
    (
        "ties duplicated",
        "Each of equal maxima gets the whole gradient, which is then handed out more than once.",
        _equal_maxima,
    ),
    (
        "whole window",
        "Every element of the window gets the whole gradient, not the maximum alone.",
        lambda v: [1] * len(v),
    ),
    (
        "spread evenly",
        "The gradient is spread evenly over the window, as in average pooling.",
        lambda v: [type(v[0])(1) / len(v)] * len(v),
    ),
    (
        "wrong place",
        "The gradient goes to the first element of the window, whichever is the largest.",
        lambda v: _first_of(range(len(v)), 0),
    ),
    (
        "wrong place",
        "The gradient goes to the last element of the window, whichever is the largest.",
        lambda v: _first_of(range(len(v)), len(v) - 1),
    ),
    ("wrong place", "The gradient goes to the smallest element of the window.", lambda v: _first_of(v, min(v))),
    (
        "wrong place",
        "The gradient goes to the element largest in absolute value.",
        lambda v: _first_of(list(map(abs, v)), max(map(abs, v))),
    ),
    ("wrong place", "Everything but the maximum gets the gradient.", lambda v: [1 - s for s in _maximum(v)]),
    ("wrong place", "Row and column of the maximum in its window are exchanged.", lambda v: _swapped(v)),
)

#: What can be handed out to the maxima in the place of the upstream gradient.
_INSTEAD: tuple[tuple[str, str, Callable[[Trace], Tensor]], ...] = (
    ("upstream ignored", "Maxima get 1, whatever came from upstream.", lambda t: ones(t.g)),
    ("upstream ignored", "The maximum itself is put back, not its gradient.", lambda t: t.y),
    ("input too much", "It is multiplied by the maximum as well.", lambda t: product(t.g, t.y)),
    ("reversed", "The upstream gradient is read in the reverse order.", lambda t: flip(t.g, 2, 3)),
    ("reversed", "The upstream gradient's rows are reversed.", lambda t: flip(t.g, 2)),
    ("reversed", "The upstream gradient's columns are reversed.", lambda t: flip(t.g, 3)),
    ("channels mixed up", "The upstream gradient's channels are reversed.", lambda t: flip(t.g, 1)),
    ("channels mixed up", "The upstream gradient's channels are moved by one.", lambda t: roll(t.g, 1)),
    (
        "channels mixed up",
        "Every channel uses the upstream gradient of the first.",
        lambda t: first_for_all(t.g, 1),
    ),
)


def _input_gradient() -> Iterator[Hypothesis]:
    for name, sentence, shares in _WAYS:
        yield Hypothesis(name, sentence, _handed_out(shares))
    for name, sentence, instead in _INSTEAD:
        yield Hypothesis(name, sentence, _handed_out(_maximum, instead))
    for name, sentence, make in (
        (
            "overwritten",
            "Where windows overlap, the last one overwrites the others instead of being added.",
            _handed_out(_maximum, add=False),
        ),
        ("transposed", "The upstream gradient is read with rows and columns exchanged.", _turned),
        ("channels mixed up", "Every channel uses the maxima of the first.", _argmax_of(channel=0)),
        ("channels mixed up", "Every channel uses the maxima of the last.", _argmax_of(channel=-1)),
        ("stale", "The maxima are those of the sample before.", _argmax_of(sample_before=True)),
        ("window origin forgotten", "Every window writes to the upper left corner of the image.", _to_corner),
    ):
        yield Hypothesis(name, sentence, make)
    yield from _strides("input gradient")


def _swapped(values: list[Any]) -> list[Any]:
    size = round(len(values) ** 0.5)
    if size * size != len(values):
        return [0] * len(values)
    place = values.index(max(values))
    return _first_of(range(len(values)), place % size * size + place // size)


def _turned(trace: Trace) -> Tensor | None:
    if trace.g.shape[2] != trace.g.shape[3]:
        return None
    return _handed_out(_maximum, lambda t: permute(t.g, (0, 1, 3, 2)))(trace)


def _argmax_of(channel: int | None = None, sample_before: bool = False) -> Make:
    """Places of the maxima from another plane."""

    def make(trace: Trace) -> Tensor | None:
        module = trace.module
        assert isinstance(module, MaxPool2d)
        samples, channels, height, width = trace.x.shape
        windows = list(windows_of(module, trace.x.shape))
        size, per_plane = height * width, len(windows) // (samples * channels)
        out = zeros(trace.gx).flat
        for number, (window, u) in enumerate(zip(windows, trace.g.flat, strict=True)):
            n, c = divmod(number // per_plane, channels)
            m, d = max(n - 1, 0) if sample_before else n, c if channel is None else channel % channels
            offset = ((m - n) * channels + d - c) * size
            best = max(window, key=lambda i, offset=offset: trace.x.flat[i + offset])  # type: ignore[misc]
            out[best] = out[best] + u
        return trace.gx.like(out)

    return make


def _other_stride(tensor: str, stride: int | None) -> Make:
    """Windows that begin at multiples of another stride (None: of their size); as many as there should be."""

    def make(trace: Trace) -> Tensor | None:
        module = trace.module
        assert isinstance(module, MaxPool2d)
        twin = MaxPool2d(module.kernel_size, stride, module.padding, module.dilation)
        full = Tensor.of(twin(trace.x.nested()).data).shape
        height, width = trace.y.shape[2:]
        if full[2] < height or full[3] < width or full[2:] == (height, width):
            return None
        x, y, gx = trace.x.flat, list(trace.y.flat), zeros(trace.gx).flat
        for number, window in enumerate(windows_of(twin, trace.x.shape)):
            plane, place = divmod(number, full[2] * full[3])
            i, j = divmod(place, full[3])
            if i < height and j < width:
                output = (plane * height + i) * width + j
                best = max(window, key=x.__getitem__)
                y[output] = x[best]
                gx[best] = gx[best] + trace.g.flat[output]
        return trace.y.like(y) if tensor == "activation" else trace.gx.like(gx)

    return make


def _to_corner(trace: Trace) -> Tensor | None:
    module = trace.module
    assert isinstance(module, MaxPool2d)
    size = trace.x.shape[2] * trace.x.shape[3]
    out = zeros(trace.gx).flat
    for window, u in zip(windows_of(module, trace.x.shape), trace.g.flat, strict=True):
        start = window[0] // size * size
        best = max(window, key=trace.x.flat.__getitem__)
        place = start + best - window[0]
        out[place] = out[place] + u
    return trace.gx.like(out)


def _strides(tensor: str) -> Iterator[Hypothesis]:
    yield Hypothesis(
        "stride ignored", "Windows lie one beside the other, whatever the stride.", _other_stride(tensor, None)
    )
    yield Hypothesis("stride ignored", "Windows lie one apart, whatever the stride.", _other_stride(tensor, 1))


def _output() -> Iterator[Hypothesis]:
    yield from _strides("activation")
    for name, sentence, choose in (
        ("mean instead of maximum", "It is the mean of the window.", lambda v: sum(v) / len(v)),
        ("sum instead of maximum", "It is the sum of the window.", sum),
        ("minimum instead of maximum", "It is the smallest element of the window.", min),
        ("wrong element", "It is the first element of the window.", lambda v: v[0]),
        ("wrong element", "It is the last element of the window.", lambda v: v[-1]),
        ("wrong element", "It is the element largest in absolute value.", lambda v: max(v, key=abs)),
        ("absolute value", "It is the largest absolute value.", lambda v: max(map(abs, v))),
        ("starts from 0", "The search starts from 0: windows of negative numbers give 0.", lambda v: max(0, *v)),
        ("off by one", "The last element of the window is not looked at.", lambda v: max(v[:-1] or v)),
        ("off by one", "The first element of the window is not looked at.", lambda v: max(v[1:] or v)),
        ("off by one", "Only the first half of the window is looked at.", lambda v: max(v[: len(v) // 2] or v)),
        ("overwritten", "Only the last row of the window is looked at.", lambda v: max(v[len(v) // 2 :])),
    ):
        yield Hypothesis(name, sentence, _chosen(choose))


def _chosen(choose: Callable[[list[Any]], Any]) -> Make:
    def make(trace: Trace) -> Tensor | None:
        module = trace.module
        assert isinstance(module, MaxPool2d)
        return trace.y.like(choose([trace.x.flat[i] for i in w]) for w in windows_of(module, trace.x.shape))

    return make
