"""Running the worker: questions with a time limit, and what is left to say when it does not answer."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from . import wire
from .problems import HomeworkError, Problem
from .worker import OUTPUT, TRACE

__all__ = ["MEMORY", "Worker"]

MEMORY = 4 << 30  # bytes of address space; NumPy's threads alone reserve hundreds of MB of it

STARTING = 60.0  # seconds for Python itself

_SHOWN = 2000


class Worker:
    """A process with somebody's code in it. Use as a context manager: it is gone afterwards, and so is what it started.

    >>> with Worker() as worker:
    ...     worker.ask({"do": "load", "path": "nowhere.py", "name": None, "kind": None}, 10, "loading")
    Traceback (most recent call last):
    ...
    nn.compare.problems.HomeworkError: raised: nowhere.py raised FileNotFoundError: ...
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tinygrad-lists-"))
        self._shown, self._asked = 0, 0
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-P", "-m", "nn.compare.worker", str(self._folder), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # so that what it starts can be ended with it, and Ctrl-C is for us alone
        )
        self.ask({"do": "hello"}, STARTING, "the process")  # only now time counts

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, message: dict[str, Any], seconds: float, what: str, limit: float = 0.0) -> dict[str, Any]:
        """The answer; HomeworkError if it is a problem, or does not come in time.

        Args:
            seconds: that are left; of `limit` seconds for all questions together, which the message names.
        """
        self._asked += 1
        replies: list[Any] = []
        numbered = {**message, "seconds": seconds, "number": self._asked}
        exchange = threading.Thread(target=self._exchange, args=(numbered, replies), daemon=True)
        exchange.start()
        exchange.join(seconds + 0.2)  # a little later than the worker notes where it is
        if exchange.is_alive():
            self._kill()
            exchange.join()
            trace = self._trace()
            where = f" (it was at {trace[-1]})" if trace else ""
            raise HomeworkError.of(
                "time limit", f"{what} took longer than the limit of {limit or seconds:g} s{where}", trace
            )
        if not replies:
            raise HomeworkError(self._ended(what))
        reply = replies[0]
        if not isinstance(reply, dict):
            self._kill()
            raise HomeworkError(Problem("crashed", f"{what} wrote on the connection to the comparison"))
        if "problem" in reply:
            raise HomeworkError(Problem.from_json(reply["problem"]))
        return reply

    def _exchange(self, message: dict[str, Any], replies: list[Any]) -> None:
        """Send a message and add the reply; None for something that is no message, nothing if the process ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            wire.send(self._process.stdin, message)  # type: ignore[arg-type]
            reply = wire.receive(self._process.stdout)  # type: ignore[arg-type]
            while reply["number"] != message["number"]:  # a twin that the code has forked answers too
                reply = wire.receive(self._process.stdout)  # type: ignore[arg-type]
            replies.append(reply)
        except (ValueError, LookupError, TypeError):
            replies.append(None)
        except (OSError, EOFError):
            return

    def _ended(self, what: str) -> Problem:
        """Why a process that has ended, or closed its pipe, has done so."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._kill()
            return Problem("crashed", f"{what} closed the connection to the comparison")
        if code >= 0:
            return Problem("exited", f"{what} ended the process with status {code}")
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return Problem("crashed", f"{what} ended the process by {name}", self._trace())

    def _trace(self) -> tuple[str, ...]:
        """Where the process was, as it noted it: innermost last, without our own frames."""
        text = (self._folder / TRACE).read_text(errors="replace") if (self._folder / TRACE).exists() else ""
        threads = text.split("(most recent call first):")
        frames = re.findall(r'File "([^"]*)", line (\d+) in (.*)', threads[-1])
        own = str(Path(__file__).resolve().parent)
        library = str(Path(os.__file__).parent)
        seen = [f for f in frames if not f[0].startswith((own, library, "<frozen"))]
        return tuple(f"{Path(name).name}, line {line}, in {where}" for name, line, where in reversed(seen[:8]))

    def output(self) -> str:
        """What was printed since the last time, at most 2,000 characters of it."""
        path = self._folder / OUTPUT
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(self._shown)
            text = file.read(1 << 20).decode(errors="replace")
            self._shown = file.seek(0, os.SEEK_END)
        return _shortened(text)

    def _kill(self) -> None:
        try:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        except (ProcessLookupError, PermissionError):  # it has gone already
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it and everything it started."""
        self._kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        shutil.rmtree(self._folder, ignore_errors=True)


def _shortened(text: str) -> str:
    """Lines that follow each other and are alike, once; and not too many characters.

    >>> _shortened("here\\nhere\\nthere\\n")
    'here (2 times)\\nthere'
    """
    lines: list[list[Any]] = []
    for line in text.splitlines():
        if lines and lines[-1][0] == line:
            lines[-1][1] += 1
        else:
            lines.append([line, 1])
    short = "\n".join(line if count == 1 else f"{line} ({count} times)" for line, count in lines)
    return short if len(short) <= _SHOWN else short[:_SHOWN] + " ... (and more)"
