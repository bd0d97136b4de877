"""Layers of somebody's that live in a process of their own and look as if they were here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import values
from .adapting import Conventions
from .kinds import LayerKind, layer_kind
from .problems import HomeworkError, Problem
from .process import MEMORY, Worker

__all__ = ["TIME_LIMIT", "RemoteLayer", "Session"]

TIME_LIMIT = 10.0  # seconds for each layer, all its passes together

Nested = values.Nested


class Session:
    """A file of homework, and the layers of one of its items, in a process with limits.

    A layer that does not answer in time, or brings the process down, is not asked again; the others go on in a new
    process. Use as a context manager.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
    ...     _ = file.write("class ReLU:\\n def forward(self, x): return x\\n def backward(self, g): return g[0]\\n")
    ...     file.flush()
    ...     with Session(Path(file.name)) as session:
    ...         layer = session.open(session.found[0])["0"]
    ...         session.found, layer.forward([[1.0, -2.0]]), layer.backward([[3.0, 4.0]])
    ([('ReLU', 'relu')], [[1.0, -2.0]], [3.0, 4.0])
    """

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        kind: str | None = None,
        time_limit: float = TIME_LIMIT,
        memory: int = MEMORY,
    ) -> None:
        self.path, self.time_limit, self._memory = path, time_limit, memory
        self._load = {"do": "load", "path": str(path), "name": name, "kind": kind}
        self._open: dict[str, Any] | None = None
        self.layers: dict[str, RemoteLayer] = {}
        self.started = 0  # processes so far
        self._printed = ""
        self._worker = self._start()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _start(self) -> Worker:
        worker = Worker(self._memory)
        self.started += 1
        try:
            reply = worker.ask(self._load, self.time_limit, self.path.name)
            self.found = [(name, kind) for name, kind in reply["items"]]
            if self._open is not None:
                worker.ask(self._open, self.time_limit, str(self._open["name"]))
        except HomeworkError:
            self._printed += worker.output()
            worker.close()
            raise
        return worker

    def open(
        self,
        item: tuple[str, str],
        parameters: Mapping[str, Nested] | None = None,
        settings: Mapping[str, Any] | None = None,
        conventions: Conventions | None = None,
    ) -> dict[str, RemoteLayer]:
        """The layers of an item, by position; {"0": ...} for one that is no network.

        Args:
            parameters, settings: to make a class with.
            conventions: how to call it; found by trying if left out.
        """
        self._open = {"do": "open", "name": item[0], "parameters": parameters, "settings": settings}
        reply = self._worker.ask(self._open, self.time_limit, item[0])
        self.layers = {key: RemoteLayer(self, key, record) for key, record in reply["layers"].items()}
        for layer in self.layers.values():
            if conventions is None:
                layer.recognise()
            else:
                layer.conventions = conventions
        return self.layers

    def ask(self, layer: RemoteLayer, message: dict[str, Any]) -> dict[str, Any]:
        """One pass of a layer, within the time that is left to it."""
        what = f"{layer.name}.{message['do']}"
        started = time.monotonic()
        try:
            left = max(0.1, self.time_limit - layer.spent)
            return self._worker.ask({**message, "key": layer.key}, left, what, self.time_limit)
        finally:
            layer.spent += time.monotonic() - started

    def whole(self, x: Nested, gradient: Nested) -> dict[str, Any]:
        """The network's own passes; see `homework.whole`. Its layers must have been called since the process began."""
        assert self._open is not None
        message = {"do": "whole", "x": x, "gradient": gradient, "name": self._open["name"]}
        return self._worker.ask(message, self.time_limit, str(self._open["name"]))

    def revive(self) -> None:
        """Begin a new process if the old one has ended."""
        if not self._worker.alive:
            self._printed += self._worker.output()
            self._worker.close()
            self._worker = self._start()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._worker.alive

    def output(self) -> str:
        """What the code has printed since the last time."""
        text, self._printed = self._printed + self._worker.output(), ""
        return text

    def close(self) -> None:
        """End the process."""
        self._worker.close()


class RemoteLayer:
    """One layer in a `Session`, with the methods and attributes of `Adapted`.

    Attributes:
        failed: the problem that ended it, None while it can be asked.
        problems: what was noticed besides numbers.
    """

    stride: int | None
    padding: int | None
    size: int

    def __init__(self, session: Session, key: str, record: Mapping[str, Any]) -> None:
        self._session, self.key, self.name = session, key, str(record["name"])
        self.kind: LayerKind = layer_kind(record["kind"])
        self.conventions = Conventions(*record["conventions"])
        self.settings: dict[str, Any] = record["settings"]
        self.choices: list[str] = record["choices"]
        for name, value in self.settings.items():
            setattr(self, name, value)
        self._parameters: dict[str, Nested] = record["parameters"]
        self._known_in = 0  # the process that knows these parameters and conventions
        self._passed_in = 0  # the process that made the last forward pass
        self.problems: list[Problem] = []
        self.failed: Problem | None = None
        self.spent = 0.0

    def __repr__(self) -> str:
        return f"<{self.name} as {self.kind.name}, in its own process>"

    @property
    def batched(self) -> bool:
        """Whether it takes (N, ...) at once."""
        return self.conventions.batch and not self.kind.loss

    def recognise(self) -> None:
        """Find by trying how it wants to be called. What goes wrong meanwhile goes wrong again when it counts."""
        try:
            self._session.revive()
            reply = self._session.ask(self, {"do": "recognise"})
            self.conventions = Conventions(*reply["conventions"])
        except HomeworkError:
            pass
        self.spent = 0.0

    def parameters(self) -> dict[str, Nested]:
        """The parameters by name; copies."""
        return values.copied_dict(self._parameters)

    def set_parameters(self, parameters: Mapping[str, Nested]) -> None:
        """Take other parameters."""
        self._parameters = values.copied_dict(parameters)
        self._known_in = 0

    def forward(self, x: Nested, label: Nested = None) -> Nested:
        """The output for x; HomeworkError if it does not come."""
        self._arguments = [x, label] if self.kind.loss else [x]
        reply = self._ask({"do": "forward", "arguments": self._arguments})
        self._passed_in = self._session.started
        return reply["value"]

    def backward(self, gradient: Nested = 1.0) -> Nested:
        """The gradient of the input; HomeworkError if it does not come."""
        if self.failed is None:
            self._session.revive()
            if self._passed_in not in (0, self._session.started):  # another layer has ended that process
                self.forward(*self._arguments)
        reply = self._ask({"do": "backward", "arguments": [gradient]})
        self._gradients: dict[str, Nested] = reply["gradients"]
        return reply["value"]

    def gradients(self) -> dict[str, Nested]:
        """The gradients of the parameters that the last `backward` left."""
        if not hasattr(self, "_gradients"):
            raise RuntimeError(f"{self.name}: no gradients yet: call forward(x), then backward(gradient)")
        return values.copied_dict(self._gradients)

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        if self.failed is not None:
            raise HomeworkError(self.failed)
        try:
            self._session.revive()
            if self._known_in != self._session.started:
                self._session.ask(
                    self, {"do": "adopt", "conventions": self.conventions, "parameters": self._parameters}
                )
                self._known_in = self._session.started
            reply = self._session.ask(self, message)
        except HomeworkError as error:
            if error.problem.kind in ("time limit", "crashed") or not self._session.alive:
                self.failed = error.problem
            raise
        for record in reply["noticed"]:
            problem = Problem.from_json(record)
            if problem not in self.problems:
                self.problems.append(problem)
        return reply
