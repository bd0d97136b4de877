"""Running a program and measuring it as a whole."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Used", "run_measured"]


class Used(NamedTuple):
    """Seconds by the clock, seconds of the processor, and the most memory at once in MB."""

    wall: float
    processor: float
    megabytes: float


def run_measured(command: Sequence[str], environment: Mapping[str, str], folder: Path, one_core: bool = False) -> Used:
    """Run `command` in `folder`, its output thrown away. Ends this program if it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    if one_core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ended with {child.returncode}")
    return Used(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
