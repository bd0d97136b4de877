"""Nested dicts, lists and tuples of Values: how a whole model's parameters are one argument.

A tree is a dict, list, tuple or named tuple of trees, or a leaf: a Value, a number, or nested lists of nothing but
numbers, which are one tensor. None and empty containers hold no leaf and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .number_kinds import shown
from .value import Value

__all__ = ["arguments", "leaves", "map_tree", "match"]


def map_tree(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same structure with `function` of each leaf; dicts keep the order of their keys.

    >>> map_tree(lambda leaf: leaf * 2, {"w": Value(1.5), "b": (1.0, {"c": 2.0})})["b"]
    (2.0, {'c': 4.0})
    """
    if isinstance(tree, dict):
        return {key: map_tree(function, branch) for key, branch in tree.items()}
    if isinstance(tree, list | tuple) and not _is_tensor(tree):
        branches = [map_tree(function, branch) for branch in tree]
        if isinstance(tree, list):
            return branches
        return type(tree)(*branches) if hasattr(tree, "_fields") else tuple(branches)
    return None if tree is None else function(tree)


def leaves(tree: Any) -> list[Any]:
    """The leaves in order.

    >>> leaves({"w": [1.0, 2.0], "b": (3.0, None)})
    [[1.0, 2.0], 3.0]
    """
    found: list[Any] = []
    map_tree(found.append, tree)
    return found


def arguments(given: Any) -> tuple[Any, ...]:
    """The arguments that a tuple, or a list that is no tensor, holds; anything else is the one argument.

    >>> arguments([Value(1.0).data, 2.0]), len(arguments([Value(1.0), Value(2.0)]))
    (([1.0, 2.0],), 2)
    """
    if isinstance(given, tuple):
        return given
    return tuple(given) if isinstance(given, list) and not _is_tensor(given) else (given,)


def match(tree: Any, other: Any, *, op: str) -> Iterator[tuple[Any, Any]]:
    """Pairs of a leaf of `tree` and what stands in its place in `other`.

    Raises ValueError, naming `op` and the place, where the structures differ.

    >>> list(match({"w": Value(1.0).data}, {"w": 5.0}, op="vjp"))
    [(1.0, 5.0)]
    """
    yield from _match(tree, other, op, "")


def _match(tree: Any, other: Any, op: str, place: str) -> Iterator[tuple[Any, Any]]:
    if isinstance(tree, dict):
        if not isinstance(other, dict) or set(tree) != set(other):
            raise ValueError(f"{op}: expected a dict with the keys {shown(list(tree))}{_at(place)}, not {shown(other)}")
        for key in tree:
            yield from _match(tree[key], other[key], op, f"{place}[{shown(key)}]")
    elif isinstance(tree, list | tuple) and not _is_tensor(tree):
        if not isinstance(other, list | tuple) or len(tree) != len(other):
            raise ValueError(f"{op}: expected {len(tree)} entries{_at(place)}, not {shown(other)}")
        for i, (branch, counterpart) in enumerate(zip(tree, other, strict=True)):
            yield from _match(branch, counterpart, op, f"{place}[{i}]")
    elif tree is not None:
        yield tree, other


def _at(place: str) -> str:
    return f" at {place if len(place) <= 120 else f'...{place[-120:]}'}" if place else ""


def _is_tensor(tree: Any) -> bool:
    """Whether nested lists hold numbers only, and at least one: then they are one leaf."""
    if not isinstance(tree, list | tuple):
        return tree is not None and not isinstance(tree, dict | Value)
    return not hasattr(tree, "_fields") and len(tree) > 0 and all(map(_is_tensor, tree))
