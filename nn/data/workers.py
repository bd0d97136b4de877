"""Worker processes that make a loader's batches ahead of time, in the order and to the bit as without them.

Of n workers each makes every n-th batch and sends it through a pipe of its own, and they are read in turns: so nothing
can come out of order. A pipe holds some 64 KB; a worker that is that far ahead waits, so memory stays bounded.

Processes are spawned, as on every system they can be, and not forked. They end when the pass is broken off, when the
loader is gone, and when the main process is, however it ended: their pipes lead nowhere then.
"""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from .loader import DataLoader

__all__ = ["StoredBatch", "Workers"]

#: Pixels from 0 to 255, shape (N, 1, rows, columns), and N labels.
StoredBatch: TypeAlias = tuple[memoryview, bytes]

_BATCH, _ERROR = b"B", b"E"


class Workers:
    """`count` processes, each with its own copy of a loader.

    Raises TypeError for a loader whose dataset or augmentation cannot be sent to another process.
    """

    def __init__(self, loader: DataLoader, count: int) -> None:
        import multiprocessing  # where there are no sockets there is none

        spawn = multiprocessing.get_context("spawn")
        self._processes = list[Any]()
        self._commands, self._results = list[Any](), list[Any]()
        # Not a method of self, which must not be kept alive for this.
        self.close = weakref.finalize(self, _end, os.getpid(), self._processes, self._commands, self._results)
        for number in range(count):
            (commands, command), (result, results) = spawn.Pipe(duplex=False), spawn.Pipe(duplex=False)
            process = spawn.Process(
                target=_work, args=(loader, number, count, commands, results), name=f"loader-{number}", daemon=True
            )
            self._commands.append(command)
            self._results.append(result)
            try:
                with _without_interrupts():
                    process.start()
                    self._processes.append(process)
            except (OSError, RuntimeError):  # the system's and Python's own errors say it best
                self.close()
                raise
            except Exception as error:
                self.close()
                raise TypeError(
                    f"DataLoader: the dataset and augmentation cannot be sent to worker processes ({error}); "
                    f"define their classes and functions at the top of a module, or use workers=0"
                ) from error
            finally:
                # The worker's ends: as long as one is open here, the end of the worker would not be noticed.
                commands.close()
                results.close()

    def batches(self, epoch: int, start: int, sizes: Sequence[int], rows: int, columns: int) -> Iterator[StoredBatch]:
        """The batches of `epoch` from number `start` on; `sizes` are their numbers of images."""
        count = len(self._processes)
        for number, command in enumerate(self._commands):
            try:
                command.send_bytes(f"{epoch} {start}".encode())
            except OSError:
                raise self._died(number) from None
        for at, size in enumerate(sizes):
            try:
                message = self._results[at % count].recv_bytes()
            except (EOFError, OSError):
                raise self._died(at % count) from None
            if message[:1] == _ERROR:
                raise RuntimeError(
                    f"DataLoader: worker process {at % count + 1} of {count} failed in epoch {epoch}, batch "
                    f"{start + at}\n\n{message[1:].decode()}"
                )
            pixels = memoryview(message)[1 + size :]
            yield pixels.cast("B", (size, 1, rows, columns)), message[1 : 1 + size]

    def _died(self, number: int) -> RuntimeError:
        process: BaseProcess = self._processes[number]
        process.join(5)
        status = process.exitcode
        if status is not None and status < 0:
            cause = f"by {signal.Signals(-status).name}; if nobody did that, memory may have run out"
        else:
            cause = f"with status {status}; what it wrote to stderr may say why"
            if status == 1:
                cause += ", and a script must use workers under `if __name__ == '__main__':`"
        return RuntimeError(
            f"DataLoader: worker process {number + 1} of {len(self._processes)} ended {cause}; "
            f"use fewer workers, or workers=0"
        )


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal. It is the main one's to answer; what starts here never sees it."""
    if os.name == "nt":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(
    owner: int, processes: Sequence[BaseProcess], commands: Sequence[Connection], results: Sequence[Connection]
) -> None:
    """End the processes and wait for them, so that none is left as a zombie. They hold nothing that could be lost."""
    for connection in (*commands, *results):
        connection.close()
    if os.getpid() != owner:  # a fork of the main process has copies of the pipes' ends, but not these children
        return
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _work(loader: DataLoader, number: int, count: int, commands: Connection, results: Connection) -> None:
    """A worker's life: for every command, its share of an epoch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A pipe without another end means that the main process does not want any more.
    with contextlib.suppress(EOFError, OSError):
        while True:
            epoch, start = map(int, commands.recv_bytes().split())
            for message in _share(loader, epoch, start + number, count):
                results.send_bytes(message)


def _share(loader: DataLoader, epoch: int, first: int, step: int) -> Iterator[bytes]:
    """Every batch from `first` on in steps, as a message; or, in the place of the one that failed, the error."""
    try:
        size, indices = loader.batch_size, loader.order(epoch)
        for number in range(first, len(loader), step):
            pixels, labels = loader.stored(indices[number * size : number * size + size], epoch)
            yield b"".join((_BATCH, labels, pixels))
    except Exception:  # noqa: BLE001 (anything, to tell the main process)
        yield _ERROR + traceback.format_exc().encode()
