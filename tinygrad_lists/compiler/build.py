"""Compiling C: which compiler, with which flags, and the cache of what was compiled before.

The cache is a folder that only the user may write (``$XDG_CACHE_HOME/tinygrad-lists/jit``, else ``~/.cache/...``). A
library's name is a hash of the source, the flags, the compiler's version and the processor, and beside it stands its
checksum: what is damaged is made again. Files appear by renaming, so that two processes never see half of one. A folder
that others can write, or that belongs to someone else, is refused, because code from it is executed.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from .emit import Machine
from .errors import JitError

__all__ = ["FLAGS", "cache_entries", "cache_folder", "clear_cache", "compiler", "library", "machine_for", "processor"]

#: Rounding may differ from Python's by fused multiply-adds, and errno and traps are nobody's business; but NaN,
#: infinities, signed zeros and the order of sums stay as IEEE 754 has them: no -ffast-math.
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-shared",
    "-fPIC",
    "-w",
)

NO_COMPILER = (
    "jit: no C compiler was found, so the program runs interpreted. Any of these helps: install one (apt install gcc, "
    "xcode-select --install), pip install ziglang, or set the environment variable CC to the path of one"
)


@cache
def compiler() -> tuple[str, ...] | None:
    """The command of the C compiler: $CC, cc, gcc or clang, or the one that the package ziglang brings; or None."""
    named = os.environ.get("CC", "").strip()
    for name in (named, "cc", "gcc", "clang"):
        path = shutil.which(name) if name else None
        if path:
            return (path,)
    if importlib.util.find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "cc")
    return None


@cache
def _version(command: tuple[str, ...]) -> str:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@cache
def processor() -> tuple[str, frozenset[str]]:
    """Name of the processor, and what it can do (as in /proc/cpuinfo, where there is one)."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), frozenset()
    name, flags = platform.machine(), frozenset[str]()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        if key.strip() in ("flags", "Features"):
            flags = frozenset(value.split())
    return name, flags


def machine_for(dtype: str) -> Machine:
    """Widths of vectors and numbers of registers here."""
    flags = processor()[1]
    width = 4 if dtype == "float32" else 8
    if "avx512f" in flags:
        return Machine(dtype, 64 // width, 30)
    if "avx2" in flags:
        return Machine(dtype, 32 // width, 14)
    return Machine(dtype, 16 // width, 30 if platform.machine() in ("arm64", "aarch64") else 14)


# -- The cache --------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where compiled libraries are kept; made if it is missing.

    Raises:
        JitError: it belongs to someone else, or others can write to it.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "tinygrad-lists" / "jit"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid"):
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise JitError(f"jit: the cache {folder} is not a folder of yours; remove it, or set XDG_CACHE_HOME")
        if found.st_mode & 0o022:
            raise JitError(f"jit: others can write to the cache {folder}, and code from it is run; chmod 700 {folder}")
    return folder


def cache_entries() -> list[tuple[str, int]]:
    """(name, bytes) of every library in the cache."""
    return [(path.stem, path.stat().st_size) for path in sorted(cache_folder().glob("*.so"))]


def clear_cache() -> int:
    """Remove every library; how many there were."""
    folder = cache_folder()
    names = list(folder.glob("*.so"))
    for path in [*names, *folder.glob("*.sha256"), *folder.glob("*.part")]:
        path.unlink(missing_ok=True)
    return len(names)


def library(source: str) -> ctypes.CDLL | None:
    """The compiled source, from the cache or made now; None without a compiler.

    Raises:
        JitError: the compiler refuses the source (an error of ours: please report it), or the cache is not safe.
    """
    command = compiler()
    if command is None:
        return None
    name, flags = processor()
    parts = (source, *FLAGS, *command, _version(command), name, *sorted(flags), sys.platform)
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
    folder = cache_folder()
    path, checksum = folder / f"{key}.so", folder / f"{key}.sha256"
    if not _intact(path, checksum):
        _make(command, source, folder, path, checksum)
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        _make(command, source, folder, path, checksum)
        return ctypes.CDLL(str(path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _intact(path: Path, checksum: Path) -> bool:
    try:
        return checksum.read_text() == _digest(path)
    except (OSError, UnicodeDecodeError):
        return False


def _make(command: tuple[str, ...], source: str, folder: Path, path: Path, checksum: Path) -> None:
    """Compile into a folder of its own, then rename: another process sees the whole file or none."""
    with tempfile.TemporaryDirectory(prefix="make-", dir=folder) as scratch:
        text, made = Path(scratch, "step.c"), Path(scratch, "step.so")
        text.write_text(source)
        done = subprocess.run(
            [*command, *FLAGS, str(text), "-o", str(made), "-lm", "-pthread"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip() or f"{command[0]} ended with {done.returncode} and no word"
            lines = said.splitlines()
            raise JitError(f"jit: the C compiler failed: {' '.join(lines[:3])}")
        digest = Path(scratch, "sum")
        digest.write_text(_digest(made))
        made.replace(path)
        digest.replace(checksum)
