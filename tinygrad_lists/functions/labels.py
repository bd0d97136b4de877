"""Class labels: their check, and the rows of zeros with a 1 that stand for them."""

from __future__ import annotations

from operator import index
from typing import Any

from .. import modes
from ..number_kinds import shown
from ..operations import lift
from ..shapes import checked_shape, is_index
from ..value import Value, constant
from .elementwise import equal, where
from .movement import reshape

__all__ = ["check_labels", "one_hot"]


def check_labels(labels: Value, classes: int, op: str) -> None:
    """Raise ValueError, naming `op` and the place, for a label that is not a class from 0 to ``classes - 1``.

    While a program is traced nothing can be read; then the compiled program will check, at every call.

    Args:
        labels: of any shape; the place is counted in row-major order. ``2.0`` is a class, ``0.5`` is none.

    >>> check_labels(Value([0.0, 3.0]), 3, "loss")
    Traceback (most recent call last):
    ValueError: loss: label 3.0 at position 1 is not a class from 0 to 2
    """
    if modes.active and (trace := modes.state.trace) is not None:
        trace.check_labels(labels, classes, op)
        return
    for position, label in enumerate(labels._flat()):
        if label not in range(classes):
            raise ValueError(
                f"{op}: label {shown(label)} at position {position} is not a class from 0 to {classes - 1}"
            )


def one_hot(labels: Any, classes: int) -> Value:
    """Rows of zeros with a 1 at each label (paper, section III); no gradient. Labels of shape S give S + (classes,).

    Raises ValueError for a label that is no int or not in ``0 ... classes - 1``, and for `classes` below 1.
    (``Value([2, 0])`` holds floats; write ``[2, 0]`` or ``Value([2, 0], requires_grad=False)``.)

    >>> one_hot([2, 0], 3).data
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = lift(labels, "one_hot")
    if not is_index(classes) or index(classes) < 1:
        raise ValueError(f"one_hot: classes is an int of at least 1, not {shown(classes)}")
    classes = index(classes)
    checked_shape((*labels.shape, classes), op="one_hot")
    if modes.active and (trace := modes.state.trace) is not None:
        trace.check_labels(labels, classes, "one_hot", strict=True)
        chosen = equal(reshape(labels, (*labels.shape, 1)), list(range(classes)))
        return where(chosen, 1.0, 0.0)
    rows: list[float] = []
    for place, label in enumerate(labels._flat()):
        if type(label) is not int or not 0 <= label < classes:
            raise ValueError(f"one_hot: label {shown(label)} at position {place} is not an int from 0 to {classes - 1}")
        rows += [0.0] * label + [1.0] + [0.0] * (classes - 1 - label)
    return constant(rows, (*labels.shape, classes))
