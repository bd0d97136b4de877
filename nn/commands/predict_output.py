"""What ``tinygrad-lists predict`` prints: digits as text, probabilities as bars, a confusion matrix, JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ..data import Image
from ..metrics import class_scores, confusion_matrix
from ..plots import most_confident_mistakes
from .predict_input import Digits

__all__ = ["as_json", "bar", "print_digits", "print_summary", "text_art"]

WIDTH = 28  # of a bar, in characters
EIGHTHS = " ▏▎▍▌▋▊▉█"
Probabilities = Sequence[Sequence[float]]


def bar(share: float, width: int = WIDTH, blocks: bool = True) -> str:
    """A bar that is full at 1, to an eighth of a character, or, without such characters, to a whole one.

    >>> bar(0.53, 10), bar(0.53, 10, blocks=False)
    ('█████▎    ', '#####     ')
    """
    if not blocks:
        return ("#" * round(share * width)).ljust(width)
    whole, rest = divmod(round(8 * share * width), 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(width)


def text_art(image: Image, blocks: bool = True) -> list[str]:
    """A digit in text, a character for two pixels, one above the other: as high as it is wide in most fonts.

    >>> text_art([[[0, 1, 0, 1], [0, 0, 1, 1]]])
    [' ▀▄█']
    >>> text_art([[[0, 1, 0.5, 1], [0, 0, 0, 1]]], blocks=False)
    [' +-#']
    """
    rows, lines = image[0], []
    for above, below in zip(rows[::2], rows[1::2], strict=True):
        if blocks:
            lines.append("".join(" ▀▄█"[(a > 0.4) + 2 * (b > 0.4)] for a, b in zip(above, below, strict=True)))
        else:
            lines.append("".join(" -+*#"[round(2 * (a + b))] for a, b in zip(above, below, strict=True)))
    return lines


def print_digits(digits: Digits, probabilities: Probabilities, most: int) -> None:
    """The first images, each beside the probabilities of the classes."""
    from rich.text import Text

    console, blocks = _console()
    for i in range(min(most, len(digits.names))):
        row = probabilities[i]
        best = row.index(max(row))
        label = digits.dataset.label(i) if digits.labelled else None
        original = digits.originals[i]
        line = Text.assemble((digits.names[i], "bold"), f": {best} ({row[best]:.1%})")
        if label is not None:
            right = label == best
            line.append(", right" if right else f", wrong: it is {label}", "green" if right else "bold red")
        if original is not None:
            line.append(f"  made of {original.rows} x {original.columns} pixels", "dim")
        console.print(line)
        bars = [
            Text(f"{j}  {bar(share, blocks=blocks)} {share:6.1%}", "bold cyan" if j == best else "")
            for j, share in enumerate(row)
        ]
        art = text_art(digits.dataset.image(i), blocks)
        above = (len(art) - len(bars)) // 2
        drawn_lines = [j for j, drawn in enumerate(art) if drawn.strip()]
        for j in range(min([above, *drawn_lines]), max([above + len(bars) - 1, *drawn_lines]) + 1):
            beside = bars[j - above] if 0 <= j - above < len(bars) else ""
            line = Text.assemble("  ", art[j], "   ", beside)
            line.rstrip()
            console.print(line)
        console.print()
    rest = len(digits.names) - most
    if rest > 0:
        console.print(
            f"{rest:,} {'more' if most else 'images'}; --show {len(digits.names)} shows them, --json has all\n",
            style="dim",
        )


def print_summary(digits: Digits, probabilities: Probabilities) -> None:
    """Of labelled images: accuracy, the confusion matrix, and the most confident errors."""
    if not digits.labelled:
        return
    from rich.text import Text

    console, _ = _console()
    labels = digits.dataset.labels
    predictions = [row.index(max(row)) for row in probabilities]
    right = sum(label == predicted for label, predicted in zip(labels, predictions, strict=True))
    console.print(f"accuracy {right / len(labels):.2%}: {right:,} of {len(labels):,} right", style="bold")
    matrix = confusion_matrix(labels, predictions, len(probabilities[0]))
    width = max(4, len(f"{max(map(max, matrix)):,}") + 1)
    console.print("\nconfusion matrix: a row for each true digit, a column for each predicted one")
    console.print("      " + "".join(f"{j:{width}}" for j in range(len(matrix))) + "   found", style="dim")
    for i, (row, scores) in enumerate(zip(matrix, class_scores(matrix), strict=True)):
        line = Text(f"  {i:3} ")
        for j, count in enumerate(row):
            line.append(f"{count or '.':>{width}}", "" if not count else "green" if i == j else "bold red")
        line.append(f"{scores.recall:8.1%}" if scores.support else "    none", "dim")
        console.print(line)
    wrong = most_confident_mistakes(labels, probabilities)
    if wrong:
        console.print(f"\nmost confidently wrong, {min(len(wrong), 8)} of {len(wrong)}:")
        names = [digits.names[i] for i in wrong[:8]]
        for name, i in zip(names, wrong, strict=False):
            share = probabilities[i][predictions[i]]
            console.print(f"  {name:{max(map(len, names))}}  {predictions[i]} ({share:.1%}), is {labels[i]}")


def as_json(digits: Digits, probabilities: Probabilities) -> dict[str, Any]:
    """Everything, of JSON's types. Labels, accuracy and confusion matrix are there only if labels are known."""
    predictions = [row.index(max(row)) for row in probabilities]
    images = [
        {"name": name, "prediction": predicted, "probabilities": list(row), "prepared": original is not None}
        for name, predicted, row, original in zip(
            digits.names, predictions, probabilities, digits.originals, strict=True
        )
    ]
    if not digits.labelled:
        return {"images": images}
    labels = digits.dataset.labels
    matrix = confusion_matrix(labels, predictions, len(probabilities[0]))
    return {
        "images": [image | {"label": label} for image, label in zip(images, labels, strict=True)],
        "accuracy": sum(row[i] for i, row in enumerate(matrix)) / len(labels),
        "confusion": matrix,
    }


def _console() -> tuple[Any, bool]:
    """A console that leaves lines whole, and whether it has block characters."""
    from rich.console import Console

    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        f"{EIGHTHS}▀▄".encode(encoding)
        blocks = True
    except (UnicodeEncodeError, LookupError):
        blocks = False
    return Console(highlight=False, soft_wrap=True, markup=False, emoji=False), blocks
