"""Calling functions whose arguments have names of somebody else's choosing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .kinds import role
from .problems import HomeworkError

__all__ = ["accepts", "call", "takes_dict", "takes_one"]

#: Arguments that are a dict of settings, as in `conv_forward(x, w, b, conv_param)`.
_DICTS = ("conv_param", "pool_param", "hparameters", "hparams", "settings", "params")
#: The same setting under the names that such dicts use.
_KEYS = {
    "stride": ("stride",),
    "padding": ("padding", "pad"),
    "size": ("size", "kernel_size", "f", "pool_height", "pool_width"),
}

_NAMED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def accepts(function: Callable[..., Any], role_name: str) -> bool:
    """Whether one of the arguments has a name of this role.

    >>> accepts(lambda dout, cache: None, "cache")
    True
    """
    return any(role(p.name, [role_name]) for p in _parameters(function) or [])


def takes_dict(function: Callable[..., Any]) -> bool:
    """Whether one of the arguments is a dict of settings.

    >>> takes_dict(lambda x, w, b, conv_param: None)
    True
    """
    return any(p.name.lower() in _DICTS for p in _parameters(function) or [])


def takes_one(function: Callable[..., Any]) -> bool:
    """Whether it can be called with one argument.

    >>> takes_one(lambda x, training=False: x), takes_one(lambda x, y: x), takes_one(lambda: 0)
    (True, False, False)
    """
    parameters = _parameters(function)
    needed = [p for p in parameters or [] if p.default is p.empty]
    return parameters is None or (bool(parameters) and len(needed) <= 1)


def call(function: Callable[..., Any], values: Mapping[str, Any], what: str) -> Any:
    """Call with `values` (role -> value, in the usual order), matched to the arguments by their names.

    Arguments whose names say nothing take the values that are left, in the usual order. An argument that has a default
    and an unknown name keeps its default. HomeworkError if one is left without a value.

    >>> call(lambda dout, inp, stride=1: (dout, inp, stride), {"gradient": "g", "input": "x", "stride": 2}, "backward")
    ('g', 'x', 2)
    >>> call(lambda a_prev, kernel: (a_prev, kernel), {"input": "x", "weight": "w", "bias": "b"}, "forward")
    ('x', 'w')
    """
    parameters = _parameters(function)
    if parameters is None:
        return function(*values.values())
    chosen: dict[str, Any] = {}
    free = dict(values)
    for p in parameters:
        found = role(p.name, values)
        if found is not None and found in free:
            chosen[p.name] = free.pop(found)
        elif p.name.lower() in _DICTS:
            chosen[p.name] = {key: values[name] for name, keys in _KEYS.items() if name in values for key in keys}
    for p in parameters:
        if p.name in chosen or p.default is not p.empty:
            continue
        if not free:
            raise HomeworkError.of(
                "not loaded",
                f"{what} wants an argument {p.name!r} that I have nothing for; I can give "
                f"{', '.join(values) or 'nothing'}: rename it, or give it a default",
            )
        chosen[p.name] = free.pop(next(iter(free)))
    positional = [chosen[p.name] for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in chosen]
    named = {p.name: chosen[p.name] for p in parameters if p.kind is not p.POSITIONAL_ONLY and p.name in chosen}
    return function(*positional, **named)


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The arguments without ``*args`` and ``**kwargs``; None where Python cannot tell."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return None
    parameters = list(signature.parameters.values())
    if not any(p.kind in _NAMED for p in parameters) and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return [p for p in parameters if p.kind in _NAMED]
