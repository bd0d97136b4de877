"""Show how a download gets on: a bar when ``rich`` is installed and a person is looking, else a line on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from .download import Progress

__all__ = ["download_progress"]


@contextlib.contextmanager
def download_progress(quiet: bool = False) -> Iterator[Progress | None]:
    """Give a callback for ``nn.data.download.download`` that writes to stderr; ``None`` when ``quiet``.

    >>> with download_progress(quiet=True) as progress:
    ...     print(progress)
    None
    """
    if quiet:
        yield None
        return
    if sys.stderr.isatty() and find_spec("rich") is not None:
        with _rich_bars() as progress:
            yield progress
    else:
        yield _lines()


@contextlib.contextmanager
def _rich_bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=Console(stderr=True)) as bars:

        def progress(name: str, received: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=received, total=total)

        yield progress


def _lines() -> Progress:
    """Return a callback that writes one line a file at its start and one at its end: logs do not need more."""
    started: set[str] = set()

    def progress(name: str, received: int, total: int | None) -> None:
        size = "" if total is None else f" ({total / 1e6:.1f} MB)"
        if name not in started:
            started.add(name)
            print(f"downloading {name}{size}", file=sys.stderr)
        if received == total:
            print(f"downloaded {name}{size}", file=sys.stderr)

    return progress
