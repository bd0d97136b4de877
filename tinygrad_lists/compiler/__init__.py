"""A recorded graph becomes one C function: trace, passes, layout, C, compiler, call.

Read in this order: `trace` records a `program`, `passes` make it smaller, `layout` decides where numbers lie, `emit`
and its neighbours write a kernel for each node, `source` puts them together, `build` compiles, `entry` calls.
"""

from __future__ import annotations

from .build import cache_entries, cache_folder, clear_cache, library, machine_for, processor
from .errors import JitError
from .jit import Jit, jit

__all__ = [
    "Jit",
    "JitError",
    "cache_entries",
    "cache_folder",
    "clear_cache",
    "jit",
    "library",
    "machine_for",
    "processor",
]
