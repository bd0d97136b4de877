"""The three forms in which a layer is handed in: a class, an object, or plain functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from . import values
from .binding import accepts, takes_dict
from .kinds import LayerKind, role
from .problems import HomeworkError

__all__ = ["ClassSource", "FunctionSource", "ObjectSource", "Source", "has_backward", "source_of"]

_FORWARD = ("forward", "forward_pass", "forward_propagation", "fprop", "__call__")
_BACKWARD = ("backward", "backward_pass", "backward_propagation", "backprop", "backpropagate", "bprop")


def has_backward(thing: Any) -> bool:
    """Whether something has a backward pass, under one of the usual names."""
    return any(callable(getattr(thing, name, None)) for name in _BACKWARD)


class Source:
    """What has a forward and a backward.

    Attributes:
        name: of the class or function, for messages.
        definition: what the declarations `layer`, `batch`, `arrays`, ... are attributes of.
        functions: whether parameters are arguments of `forward` and `backward`.
    """

    functions = False

    def __init__(self, definition: Any, name: str, kind: LayerKind) -> None:
        self.definition, self.name, self.kind = definition, name, kind

    def build(self, parameters: Mapping[str, Any], x_shape: tuple[int, ...], settings: Mapping[str, Any]) -> Any:
        """The object that holds the state of the passes; None if there is none."""
        raise NotImplementedError

    def takes(self, setting: str) -> bool:
        """Whether it can be made with another stride, padding or size."""
        return False

    def method(self, built: Any, which: str) -> Callable[..., Any]:
        """`which` = "forward" or "backward" as something to call."""
        names = _FORWARD if which == "forward" else _BACKWARD
        for name in names:
            found = getattr(built, name, None)
            if callable(found):
                method: Callable[..., Any] = found
                return method
        raise HomeworkError.of("not loaded", f"{self.name} has no method {which}()")


class ObjectSource(Source):
    """An object that is there already, with its parameters in attributes."""

    def build(self, parameters: Mapping[str, Any], x_shape: tuple[int, ...], settings: Mapping[str, Any]) -> Any:
        """The object itself."""
        return self.definition


class ClassSource(Source):
    """A class: made anew for each set of parameters, from as many of them as its constructor names."""

    def build(self, parameters: Mapping[str, Any], x_shape: tuple[int, ...], settings: Mapping[str, Any]) -> Any:
        """A new object."""
        shapes = {name: values.shape_of(values.plain(value)) for name, value in parameters.items()}
        known: dict[str, Any] = dict(parameters)
        known.update(settings)
        if "size" in settings and settings.get("stride") is None:
            known["stride"] = settings["size"]
        if self.kind.name == "conv2d":
            filters, channels, height, width = shapes["weight"]
            known["in"], known["out"] = channels, filters
            known["size"] = height if height == width else (height, width)
            known["input_shape"] = x_shape
        elif self.kind.name == "dense":
            known["in"], known["out"] = shapes["weight"]
        chosen = {}
        for p in _constructor(self.definition):
            found = self._role(p, known)
            if found is not None:
                chosen[p.name] = known[found]
            elif p.default is p.empty:
                raise HomeworkError.of(
                    "not loaded",
                    f"{self.name}() wants an argument {p.name!r} that I have nothing for; I can give "
                    f"{', '.join(known) or 'nothing'}: rename it, or give it a default",
                )
        return self.definition(**chosen)

    @property
    def takes_sizes(self) -> bool:
        """Whether the constructor is told how large it is to be, or wants anything at all."""
        roles = ("weight", "bias", "in", "out", "size", "input_shape")
        return any(p.default is p.empty or role(p.name, roles) for p in _constructor(self.definition))

    def takes(self, setting: str) -> bool:
        """Whether the constructor has such an argument."""
        return any(role(p.name, [setting]) for p in _constructor(self.definition))

    def _role(self, p: inspect.Parameter, known: Mapping[str, Any]) -> str | None:
        found = role(p.name, known)
        counted = p.annotation in (int, "int") or isinstance(p.default, int)
        return "out" if found == "weight" and counted and "out" in known else found  # `filters: int` is how many


def _constructor(cls: Any) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (ValueError, TypeError):
        return []
    return [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


class FunctionSource(Source):
    """A pair of functions; the state of a pass is what they are given."""

    functions = True

    def __init__(
        self, forward: Callable[..., Any], backward: Callable[..., Any], kind: LayerKind, name: str, definition: Any
    ) -> None:
        super().__init__(definition, name, kind)
        self._pair = {"forward": forward, "backward": backward}

    def build(self, parameters: Mapping[str, Any], x_shape: tuple[int, ...], settings: Mapping[str, Any]) -> Any:
        """Nothing: there is no object."""
        return None

    def takes(self, setting: str) -> bool:
        """Whether `forward` has such an argument, or a dict of settings."""
        return accepts(self._pair["forward"], setting) or takes_dict(self._pair["forward"])

    def method(self, built: Any, which: str) -> Callable[..., Any]:
        """One of the two."""
        return self._pair[which]


def source_of(handed_in: Any, kind: LayerKind) -> Source:
    """The form of what was handed in: a class, a pair (forward, backward), a module or an object with both names."""
    name = getattr(handed_in, "__name__", type(handed_in).__name__)
    if isinstance(handed_in, tuple) and len(handed_in) == 2 and all(map(callable, handed_in)):
        forward, backward = handed_in
        return FunctionSource(forward, backward, kind, kind.name, forward)
    if inspect.ismodule(handed_in):
        pair = [getattr(handed_in, which, None) for which in ("forward", "backward")]
        missing = [which for which, f in zip(("forward", "backward"), pair, strict=True) if not callable(f)]
        if missing:
            raise HomeworkError.of("not loaded", f"{name} has no function {' and no function '.join(missing)}")
        return FunctionSource(pair[0], pair[1], kind, name, handed_in)  # type: ignore[arg-type]
    return ClassSource(handed_in, name, kind) if inspect.isclass(handed_in) else ObjectSource(handed_in, name, kind)
