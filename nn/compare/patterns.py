"""Where the wrong elements of a tensor are, and what they have in common: for mistakes that nothing in the catalogue
fits, and to make plain those that something does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .tensors import Shape, Tensor, index_of

__all__ = ["axis_names", "pattern", "where"]

#: Up to this relative difference numbers are called nearly right.
NEARLY = 1e-6


def axis_names(kind: str, tensor: str, axes: int) -> list[str]:
    """What the axes of a tensor are called.

    >>> axis_names("Conv2d", "weight gradient", 4)
    ['filter', 'channel', 'kernel row', 'kernel column']
    """
    if tensor == "weight gradient":
        names = {"Conv2d": ["filter", "channel", "kernel row", "kernel column"], "Dense": ["input", "output"]}
        if axes == len(names.get(kind, [])):
            return names[kind]
    if tensor == "bias gradient" and axes == 1:
        return ["filter" if kind == "Conv2d" else "output"]
    if tensor in ("activation", "input gradient"):
        own = "filter" if (kind, tensor) == ("Conv2d", "activation") else "channel"
        names_by_axes = {4: ["sample", own, "row", "column"], 2: ["sample", "element"]}
        if axes in names_by_axes:
            return names_by_axes[axes]
    return [f"index {axis}" for axis in range(axes)]


def pattern(kind: str, tensor: str, wrong: Sequence[int], handwritten: Tensor, automatic: Tensor) -> str:
    """A sentence or two about the positions in `wrong`.

    >>> a = Tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (3, 2))
    >>> pattern("Dense", "weight gradient", [4, 5], Tensor([1.0, 2.0, 3.0, 4.0, 0.0, 0.0], (3, 2)), a)
    '2 of 6 elements (33.3%): the last input (2). There the handwritten numbers are 0.'
    """
    if not wrong or handwritten.shape != automatic.shape:
        return ""
    total = automatic.size
    everywhere = len(wrong) == total
    count = (
        f"all {total} elements" if everywhere else f"{len(wrong)} of {total} elements ({100 * len(wrong) / total:.3g}%)"
    )
    place = "" if everywhere else where(kind, tensor, wrong, automatic.shape)
    common = _common([(handwritten.flat[i], automatic.flat[i]) for i in wrong])
    return f"{count}{': ' + place if place else ''}.{' ' + common if common else ''}"


def where(kind: str, tensor: str, wrong: Sequence[int], shape: Shape) -> str:
    """Axes along which the wrong elements keep to some indices."""
    indices = [index_of(i, shape) for i in wrong]
    names = axis_names(kind, tensor, len(shape))
    found = []
    spatial = [axis for axis, name in enumerate(names) if name in ("row", "column", "kernel row", "kernel column")]
    if len(spatial) == 2 and min(shape[a] for a in spatial) > 2:
        inner = sum(all(0 < index[a] < shape[a] - 1 for a in spatial) for index in indices)
        if not inner:
            found.append("only on the border")
    for axis, name in enumerate(names):
        size = shape[axis]
        used = sorted({index[axis] for index in indices})
        if len(used) == size or size < 2 or (found and found[0] == "only on the border" and axis in spatial):
            continue
        if len(used) == 1:
            which = "the first " if used[0] == 0 else "the last " if used[0] == size - 1 else ""
            found.append(f"{which}{name} ({used[0]})" if which else f"{name} {used[0]}")
        elif used == list(range(used[0], size)) and used[0] == 1:
            found.append(f"every {name} but the first")
        elif used == list(range(size - 1)):
            found.append(f"every {name} but the last")
        elif len(used) <= 4:
            found.append(f"{name}s {', '.join(map(str, used))}")
        elif all(i % 2 == used[0] % 2 for i in used):
            found.append(f"every other {name}")
        else:
            found.append(f"{len(used)} of {size} {name}s")
    return "; ".join(found)


def _common(pairs: Sequence[tuple[Any, Any]]) -> str:
    """What all wrong numbers share."""
    h = [p for p, _ in pairs]
    if any(isinstance(p, float) and math.isnan(p) for p in h):
        return f"{sum(p != p for p in h)} of them are NaN."
    if any(isinstance(p, float) and math.isinf(p) for p in h):
        return f"{sum(isinstance(p, float) and math.isinf(p) for p in h)} of them are infinite."
    if not any(h):
        return "There the handwritten numbers are 0."
    if not any(a for _, a in pairs):
        return "There the right numbers are 0."
    if all(abs(p - a) <= NEARLY * abs(a) for p, a in pairs):
        return "There the handwritten numbers are nearly right."
    ratios = [p / a for p, a in pairs if a]
    if len(ratios) == len(pairs) > 1 and all(abs(r - ratios[0]) <= 1e-9 * abs(ratios[0]) for r in ratios):
        return f"There the handwritten numbers are {float(ratios[0]):.6g} times the right ones."
    differences = [p - a for p, a in pairs]
    largest = max(map(abs, differences))
    if len(pairs) > 1 and all(abs(d - differences[0]) <= 1e-9 * largest for d in differences):
        return f"There the handwritten numbers are larger by {float(differences[0]):.6g}."
    if len(pairs) > 1 and all(d > 0 for d in differences):
        return "There all handwritten numbers are too large."
    if len(pairs) > 1 and all(d < 0 for d in differences):
        return "There all handwritten numbers are too small."
    return ""
