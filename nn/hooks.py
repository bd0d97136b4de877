"""Functions of the user's that a module calls before and after its forward pass."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import Module

__all__ = ["ForwardHook", "ForwardPreHook", "HookHandle"]

ForwardHook = Callable[["Module", tuple[Any, ...], Any], Any]
ForwardPreHook = Callable[["Module", tuple[Any, ...]], Any]

_next_key = count().__next__


class HookHandle:
    """What registering a hook returns: `remove` takes it off again, and so does the end of a ``with`` block.

    >>> import nn
    >>> layer = nn.ReLU()
    >>> with layer.register_forward_hook(lambda module, args, output: print(output.data)):
    ...     y = layer([-1.0, 2.0])
    [0.0, 2.0]
    >>> y = layer([-1.0, 2.0])
    """

    __slots__ = ("_hooks", "_key")

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks, self._key = hooks, _next_key()
        hooks[self._key] = hook

    def remove(self) -> None:
        """Take the hook off; a second time does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()
