"""Where somebody's object keeps its parameters and their gradients, under which name and in which layout."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

from . import values
from .kinds import names_of, role
from .problems import HomeworkError

__all__ = ["Place", "find_gradients", "find_place"]

_DICTS = ("params", "parameters", "weights_dict", "_parameters")
_GRADIENT_DICTS = ("gradients", "grads", "grad", "_gradients")
# What people put around the name of a parameter to name its gradient: dW, grad_w, weight_gradient, dL_dW ...
_PREFIXES = (
    "dl_d",
    "dl_d_",
    "de_d",
    "grad_",
    "gradient_",
    "grads_",
    "gradients_",
    "nabla_",
    "delta_",
    "d_",
    "grad",
    "d",
)
_SUFFIXES = ("_gradients", "_gradient", "_grads", "_grad", "_delta", "_error", "gradient", "grad")


@dataclass
class Place:
    """One parameter in somebody's object.

    Attributes:
        holder: the object's attributes, or a dict of its.
        name: the key in it.
        ours: shape as in this project: dense weights (in, out), biases (out,).
        theirs: shape in the object: perhaps (out, in), perhaps (1, out).
        arrays: "numpy" if the object has an array there.
    """

    holder: MutableMapping[str, Any]
    name: str
    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    arrays: str = "lists"

    def get(self) -> values.Nested:
        """The parameter in our layout."""
        return self.to_ours(values.read(self.holder[self.name], f"attribute {self.name}"))

    def set(self, value: values.Nested) -> None:
        """Give the object its own copy, in its layout."""
        self.holder[self.name] = values.handed(self.to_theirs(value), self.arrays)

    def to_theirs(self, value: values.Nested) -> values.Nested:
        """From our layout to theirs."""
        if self.ours == self.theirs:
            return value
        if len(self.ours) == 2 and self.theirs == self.ours[::-1]:
            return values.transposed(value)
        return values.reshaped(value, self.theirs)

    def to_ours(self, value: values.Nested) -> values.Nested:
        """From their layout to ours; what has neither shape stays as it is, and is found wrong later."""
        if self.ours == self.theirs or values.shape_of(value) != self.theirs:
            return value
        if len(self.ours) == 2 and self.theirs == self.ours[::-1]:
            return values.transposed(value)
        return values.reshaped(value, self.ours)


def find_place(owner: Any, parameter: str, ours: tuple[int, ...] | None, arrays: str) -> Place | None:
    """Where `owner` keeps "weight" or "bias": an attribute of one of the usual names, or an entry in its `params`.

    `ours` is the shape that the parameter should have, None to take it as it is. HomeworkError where the shape in the
    object is neither that, nor that transposed (a matrix), nor that with axes of length 1 (a bias).

    >>> class Linear:
    ...     def __init__(self):
    ...         self.W, self.b = [[0.0] * 3, [0.0] * 3], [[0.0], [0.0]]
    >>> place = find_place(Linear(), "weight", (3, 2), "lists")
    >>> place.name, place.theirs
    ('W', (2, 3))
    """
    for holder in _holders(owner):
        for name in sorted(holder, key=_preference(parameter)):
            if role(name, [parameter]) is None or callable(holder[name]):
                continue
            held = holder[name]
            kept = "numpy" if hasattr(held, "dtype") and hasattr(held, "tolist") else arrays
            if held is None:
                return None if ours is None else Place(holder, name, ours, ours, kept)
            theirs = values.shape_of(values.read(held, f"attribute {name}"))
            if not theirs:
                continue  # a number: `filters = 8` is how many, not what they are
            if ours is None:
                return Place(holder, name, theirs, theirs, kept)
            if theirs in (ours, ours[::-1]) or _squeezed(theirs) == _squeezed(ours):
                return Place(holder, name, ours, theirs, kept)
            raise HomeworkError.of(
                "wrong shape", f"attribute {name} has shape {theirs}, expected {ours} for {parameter}"
            )
    return None


def _preference(parameter: str) -> Any:
    usual = names_of(parameter)
    return lambda name: usual.index(name.lower()) if name.lower() in usual else len(usual)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _holders(owner: Any) -> Iterable[MutableMapping[str, Any]]:
    own = getattr(owner, "__dict__", None)
    if isinstance(own, dict):
        yield own
        yield from (own[name] for name in _DICTS if isinstance(own.get(name), dict))


def find_gradients(owner: Any, parameters: Iterable[str]) -> dict[str, Any]:
    """The gradients that an object keeps after `backward`: from `gradients()`, from a dict, or from attributes.

    >>> class Linear:
    ...     def backward(self, g):
    ...         self.dW, self.grad_b = [[1.0]], [2.0]
    >>> layer = Linear()
    >>> layer.backward(None)
    >>> find_gradients(layer, ["weight", "bias"])
    {'weight': [[1.0]], 'bias': [2.0]}
    """
    wanted = list(parameters)
    found: dict[str, Any] = {}
    for source in _gradient_sources(owner):
        for name, value in source.items():
            of_a_dict = source is not getattr(owner, "__dict__", None)
            parameter = _gradient_of(name, wanted) or (role(name, wanted) if of_a_dict else None)
            if parameter is not None and parameter not in found and not callable(value):
                found[parameter] = value
    return {name: found[name] for name in wanted if name in found}


def _gradient_sources(owner: Any) -> Iterable[MutableMapping[str, Any]]:
    for name in _GRADIENT_DICTS:
        source = getattr(owner, name, None)
        if callable(source) and name != "grad":
            source = source()
        if isinstance(source, dict):
            yield source
    own = getattr(owner, "__dict__", None)
    if isinstance(own, dict):
        yield own


def _gradient_of(name: str, parameters: list[str]) -> str | None:
    """The parameter whose gradient an attribute of this name is, or None."""
    plain = name.lower().strip("_")
    for prefix in _PREFIXES:
        if plain.startswith(prefix) and (found := role(plain.removeprefix(prefix), parameters)):
            return found
    for suffix in _SUFFIXES:
        if plain.endswith(suffix) and (found := role(plain.removesuffix(suffix), parameters)):
            return found
    return None
