"""How good a classifier is, class by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .checks import check_list, check_number, check_size, check_whole

__all__ = ["ClassScores", "class_scores", "confusion_matrix"]


class ClassScores(NamedTuple):
    """Of one class: precision TP / (TP + FP), recall TP / (TP + FN), F1 their harmonic mean, support TP + FN.

    nan stands for 0 / 0: a class that was never predicted has no precision.
    """

    precision: float
    recall: float
    f1: float
    support: int


def confusion_matrix(labels: Sequence[int], predictions: Sequence[int], classes: int | None = None) -> list[list[int]]:
    """How often class j was predicted for an example of class i: ``matrix[i][j]``.

    Args:
        classes: their number; from the largest that occurs, if left out.

    Raises:
        ValueError: not as many labels as predictions, or a class out of range. TypeError: what is no list of whole
            numbers.

    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 1])
    [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    """
    labels, predictions = _classes("labels", labels), _classes("predictions", predictions)
    if len(labels) != len(predictions):
        raise ValueError(f"confusion_matrix: {len(labels)} labels and {len(predictions)} predictions")
    last = max([*labels, *predictions], default=-1)
    size = last + 1 if classes is None else check_size("confusion_matrix", "classes", classes)
    matrix = [[0] * size for _ in range(size)]
    for label, predicted in zip(labels, predictions, strict=True):
        if not (0 <= label < size and 0 <= predicted < size):
            raise ValueError(f"confusion_matrix: {label} or {predicted} is not a class from 0 to {size - 1}")
        matrix[label][predicted] += 1
    return matrix


def _classes(name: str, given: Sequence[int]) -> list[int]:
    op = "confusion_matrix"
    return [
        int(number) if isinstance(number, int) and 0 <= number < 2**31 else check_whole(op, f"{name}[{i}]", number, 0)
        for i, number in enumerate(check_list(op, name, given, "a list of classes"))
    ]


def class_scores(matrix: Sequence[Sequence[int]]) -> list[ClassScores]:
    """Precision, recall, F1 and support of each class, from a confusion matrix. ValueError or TypeError for what is no
    square matrix of counts.

    >>> class_scores([[3, 1], [2, 4]])[0]
    ClassScores(precision=0.6, recall=0.75, f1=0.6666666666666666, support=4)
    """
    op = "class_scores"
    rows = [
        check_list(op, f"matrix[{i}]", row, "a row of counts")
        for i, row in enumerate(check_list(op, "matrix", matrix, "a matrix of counts"))
    ]
    for i, row in enumerate(rows):
        if len(row) != len(rows):
            raise ValueError(
                f"{op}: row {i} of the matrix has {len(row)} counts; {len(rows)} rows need {len(rows)} each"
            )
        for j, number in enumerate(row):
            check_number(op, f"matrix[{i}][{j}]", number, at_least=0)
    scores = []
    for i, row in enumerate(rows):
        true, support, predicted = row[i], sum(row), sum(other[i] for other in rows)
        precision = true / predicted if predicted else math.nan
        recall = true / support if support else math.nan
        f1 = 2 * true / (support + predicted) if support + predicted else math.nan
        scores.append(ClassScores(precision, recall, f1, support))
    return scores
