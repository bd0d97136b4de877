"""What goes wrong when a function cannot be compiled."""

from __future__ import annotations

__all__ = ["JitError"]


class JitError(RuntimeError):
    """A function does something that a compiled program could not repeat; the message says where and what to do.

    >>> from tinygrad_lists import jit
    >>> jit(lambda x: x).source
    Traceback (most recent call last):
    tinygrad_lists.compiler.errors.JitError: jit: nothing is compiled yet; call the function once
    """
