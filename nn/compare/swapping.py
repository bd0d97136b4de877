"""Other numbers in a candidate's parameters for a while: the model's, as Fractions, or random ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .tensors import Tensor

__all__ = ["swapped"]


@contextmanager
def swapped(candidate: Any, parameters: Mapping[str, Tensor]) -> Iterator[None]:
    """Other numbers in a candidate's parameters, for as long as the block runs."""
    before = copy.deepcopy(candidate.parameters())
    _assign(candidate, {name: t.nested() for name, t in parameters.items() if name in before})
    try:
        yield
    finally:
        _assign(candidate, before)


def _assign(candidate: Any, parameters: Mapping[str, Any]) -> None:
    if hasattr(candidate, "set_parameters"):
        candidate.set_parameters(parameters)
        return
    own = candidate.parameters()
    for name, new in parameters.items():
        _overwrite(own[name], new)


def _overwrite(target: Any, new: Any) -> None:
    for i, part in enumerate(new):
        if isinstance(part, list):
            _overwrite(target[i], part)
        else:
            target[i] = part
