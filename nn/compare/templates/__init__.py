"""A class with holes for each kind of layer: shapes are explained, formulas are not given away.

>>> names()[:3]
['conv2d', 'maxpool2d', 'relu']
>>> "NotImplementedError" in text("dense")
True
"""

from __future__ import annotations

from pathlib import Path

from ..kinds import KINDS

__all__ = ["names", "text"]


def names() -> list[str]:
    """The kinds of layer there is a template for: all."""
    return list(KINDS)


def text(name: str) -> str:
    """The template for a kind of layer; ValueError with all names if there is none.

    >>> text("tanh")
    Traceback (most recent call last):
    ...
    ValueError: no template 'tanh'; there are conv2d, maxpool2d, relu, flatten, dense, softmax, cross-entropy, ...
    """
    if name not in KINDS:
        raise ValueError(f"no template {name!r}; there are {', '.join(KINDS)}")
    return (Path(__file__).parent / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
