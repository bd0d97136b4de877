"""A flat list with a shape: what both sides' nested lists are brought to before they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Tensor"]


@dataclass(frozen=True)
class Tensor:
    """Numbers in row-major order and their shape."""

    flat: list[Any]
    shape: tuple[int, ...]
