"""The process in which somebody's code runs: ``python -m nn.compare.worker FOLDER``.

It takes messages on standard input and answers on standard output (`wire`); whatever the code itself prints goes to a
file in FOLDER, and so does the place where it hangs or crashes. It is not a sandbox: the code can do what the user can.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from . import wire
from .adapting import Adapted, Conventions
from .homework import Item, failure, items, load, opened, whole
from .problems import HomeworkError
from .recognition import recognise

__all__ = ["OUTPUT", "TRACE", "main"]

OUTPUT, TRACE = "output", "trace"

_LONGEST_OUTPUT = 16 << 20


def _limit(memory: int) -> None:
    """Limit this process's memory and the size of what it prints, where the system can do that."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, _LONGEST_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        chosen = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (chosen, chosen))


def _private_streams(folder: Path) -> tuple[BinaryIO, BinaryIO]:
    """Our own ends of the pipes; the usual numbers 0, 1 and 2 become nothing, and the file of the output."""
    asked, answered = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(folder / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    return asked, answered


class _Server:
    """Answers messages about one file."""

    def __init__(self) -> None:
        self.path = Path()
        self.items: list[Item] = []
        self.network: Any = None
        self.layers: dict[str, Adapted] = {}

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to one message: ``{"problem": ...}`` where the code fails."""
        self.path = Path(message.get("path", self.path))
        actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "hello": lambda _: {},
            "load": self._load,
            "open": self._open,
            "recognise": self._recognise,
            "adopt": self._adopt,
            "forward": self._forward,
            "backward": self._backward,
            "whole": lambda m: whole(self.network, self.layers, m["x"], m["gradient"]),
        }
        what = self._what(message)
        try:
            return actions[message["do"]](message)
        except HomeworkError as error:
            return {"problem": error.problem.to_json()}
        except BaseException as error:  # noqa: BLE001 (whatever it raises, even SystemExit, is for the report)
            return {"problem": failure(error, what, self.path.parent).to_json()}

    def _what(self, message: dict[str, Any]) -> str:
        if message["do"] in ("hello", "load"):
            return self.path.name
        name = self.layers[message["key"]].name if "key" in message else message.get("name", "the network")
        return f"{name}.{message['do']}" if message["do"] in ("forward", "backward") else str(name)

    def _load(self, message: dict[str, Any]) -> dict[str, Any]:
        self.items = items(load(self.path), message["name"], message["kind"])
        return {"items": [[item.name, item.kind] for item in self.items]}

    def _open(self, message: dict[str, Any]) -> dict[str, Any]:
        item = next(item for item in self.items if item.name == message["name"])
        self.network, self.layers = opened(item, message["parameters"], message["settings"] or {})
        return {
            "layers": {
                key: {
                    "name": layer.name,
                    "kind": layer.kind.name,
                    "conventions": layer.conventions,
                    "parameters": layer.parameters(),
                    "settings": layer.settings,
                    "choices": layer.choices,
                }
                for key, layer in self.layers.items()
            }
        }

    def _recognise(self, message: dict[str, Any]) -> dict[str, Any]:
        layer = self.layers[message["key"]]
        recognise(layer)
        layer.problems.clear()
        return {"conventions": layer.conventions}

    def _adopt(self, message: dict[str, Any]) -> dict[str, Any]:
        layer = self.layers[message["key"]]
        layer.adopt(Conventions(*message["conventions"]))
        layer.set_parameters(message["parameters"])
        return {}

    def _forward(self, message: dict[str, Any]) -> dict[str, Any]:
        layer = self.layers[message["key"]]
        value = layer.forward(*message["arguments"])
        return {"value": value, "noticed": self._noticed(layer)}

    def _backward(self, message: dict[str, Any]) -> dict[str, Any]:
        layer = self.layers[message["key"]]
        value = layer.backward(*message["arguments"])
        return {"value": value, "gradients": layer.gradients(), "noticed": self._noticed(layer)}

    def _noticed(self, layer: Adapted) -> list[dict[str, Any]]:
        return [problem.to_json() for problem in layer.problems]


def main(folder: Path, memory: int) -> None:
    """Answer until the other side goes."""
    asked, answered = _private_streams(folder)
    trace = (folder / TRACE).open("w")
    faulthandler.enable(trace)
    _limit(memory)
    server = _Server()
    while True:
        try:
            message = wire.receive(asked)
        except EOFError:
            break
        faulthandler.dump_traceback_later(message["seconds"], file=trace)
        reply = server.answer(message)
        faulthandler.cancel_dump_traceback_later()
        wire.send(answered, {**reply, "number": message["number"]})
    os._exit(0)  # threads that the code has left running do not keep the process


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
