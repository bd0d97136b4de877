"""Files of homework: loading them, and finding the layers in them."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from . import values
from .adapting import Adapted
from .binding import takes_one
from .kinds import KINDS, NETWORK, kind_of_name
from .networks import layers_of
from .problems import HomeworkError, Problem
from .recognition import prepared
from .sources import has_backward

__all__ = ["Item", "failure", "items", "load", "opened", "split_target", "whole"]

Layers = dict[str, Adapted]

_MODULE = "homework_under_test"
_LONGEST = 400


class Item(NamedTuple):
    """Something in a file that can be compared."""

    name: str
    kind: str
    handed_in: Any


def split_target(target: str) -> tuple[Path, str | None]:
    """A file and a name in it; FileNotFoundError if there is no such file.

    >>> split_target(__file__ + ":items")[1], split_target(__file__)[1]
    ('items', None)
    """
    path, _, name = target.rpartition(":")
    if not path or not name.isidentifier():
        path, name = target, ""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file; wanted FILE.py or FILE.py:NAME")
    return Path(path), name or None


def load(path: Path) -> ModuleType:
    """Run a file as a module; its folder is searched for what it imports. What it raises is passed on."""
    spec = importlib.util.spec_from_file_location(_MODULE, path.resolve())
    if spec is None or spec.loader is None:
        raise HomeworkError.of("not loaded", f"{path.name} is not a Python file (its name should end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


def items(module: ModuleType, name: str | None = None, kind: str | None = None) -> list[Item]:
    """The layers in a module, in the order in which they stand there; or the one called `name`.

    These are the classes with `forward` and `backward`, the pairs ``conv2d_forward``, ``conv2d_backward``, and
    ``forward``, ``backward`` of a module that says what they are by ``layer = "conv2d"``.
    """
    found = [Item(n, said, t) for n, k, t in _candidates(module) if name in (None, n) and (said := kind or k)]
    if name is not None and not found:
        thing = getattr(module, name, None)
        if thing is None:
            raise HomeworkError.of("not found", f"there is no {name!r} (nor {name}_forward and {name}_backward)")
        guessed = kind or getattr(thing, "layer", None) or kind_of_name(name)
        if guessed is None:
            raise HomeworkError.of(
                "not found", f"what kind of layer is {name!r}? Say --layer, or `layer = ...` in it: {', '.join(KINDS)}"
            )
        found = [Item(name, guessed, thing)]
    for item in found:
        if item.kind not in (*KINDS, NETWORK):
            raise HomeworkError.of(
                "not loaded", f"{item.name}: {item.kind!r} is no kind of layer; known are {', '.join(KINDS)}"
            )
    return found


def _candidates(module: ModuleType) -> Iterator[tuple[str, str | None, Any]]:
    own = vars(module)
    if callable(own.get("forward")) and callable(own.get("backward")):
        yield "forward", own.get("layer"), module
    for name, thing in own.items():
        if inspect.isclass(thing) and thing.__module__ == module.__name__ and not inspect.isabstract(thing):
            guessed = getattr(thing, "layer", None) or kind_of_name(name)
            if has_backward(thing) or guessed == NETWORK:
                yield name, guessed, thing
        elif name.endswith("_forward") and callable(thing):
            stem = name.removesuffix("_forward")
            back = own.get(f"{stem}_backward")
            if callable(back):
                yield stem, getattr(thing, "layer", None) or kind_of_name(stem), (thing, back)


def opened(item: Item, parameters: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> tuple[Any, Layers]:
    """The layers of an item, prepared: one, called "0"; or those of a network, by their positions and "loss". Before
    them the network itself; None for a layer."""
    if item.kind != NETWORK:
        return None, {"0": prepared(item.handed_in, item.kind, parameters, settings)}
    network = item.handed_in() if callable(item.handed_in) else item.handed_in
    return network, layers_of(network, item.name)


def whole(network: Any, layers: Layers, x: Any, gradient: Any) -> dict[str, Any]:
    """A network's own forward and backward pass, for one sample: its output, and the gradients that its layers keep.

    What it does not have, or what wants other arguments than an input or a gradient, is left out.
    """
    inner = [layer for layer in layers.values() if not layer.kind.loss]
    batch, arrays, _ = inner[0].conventions
    for layer in inner:
        layer.install()
    found: dict[str, Any] = {}
    for which, given in (("forward", x), ("backward", gradient)):
        method = getattr(network, which, None)
        if not callable(method) or not takes_one(method):
            break
        result = method(values.handed([given] if batch else given, arrays))
        if which == "forward":
            y = values.read(result, f"{type(network).__name__}.forward")
            found["y"] = y[0] if batch and isinstance(y, list) and len(y) == 1 else y
        else:
            found["gradients"] = {key: layer.kept_gradients() for key, layer in layers.items() if not layer.kind.loss}
    return found


def failure(error: BaseException, what: str, folder: Path) -> Problem:
    """What somebody's code raised, as a problem, with those lines of the traceback that are in `folder`."""
    if isinstance(error, HomeworkError):
        return error.problem
    frames = traceback.extract_tb(error.__traceback__)
    trace = tuple(
        f"{Path(f.filename).name}, line {f.lineno}, in {f.name}: {f.line}"
        for f in frames
        if folder.resolve() in Path(f.filename).parents and "site-packages" not in f.filename
    )[-8:]
    said, where = _said(error), f" ({trace[-1]})" if trace else ""
    if isinstance(error, NotImplementedError):
        return Problem("not filled in", f"{what}: {said or 'raises NotImplementedError'}", trace)
    if isinstance(error, ModuleNotFoundError):
        return Problem("missing module", f"{what} imports {error.name}, which is not installed here{where}", trace)
    if isinstance(error, MemoryError):
        return Problem("memory", f"{what} needs more memory than it is allowed{where}", trace)
    if isinstance(error, SystemExit):
        return Problem("exited", f"{what} calls exit({'' if error.code is None else repr(error.code)}){where}", trace)
    if isinstance(error, SyntaxError):
        return Problem("not loaded", f"line {error.lineno}: {type(error).__name__}: {error.msg}")
    name = type(error).__name__
    if isinstance(error, AttributeError) and said.startswith("'list' object"):
        said += ' (with `arrays = "numpy"` as an attribute it is given NumPy arrays)'
    return Problem("raised", f"{what} raised {name}{': ' if said else ''}{said}{where}", trace)


def _said(error: BaseException) -> str:
    """The message, on one line and not too long; a message that itself fails is left out."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 (somebody's exception class may do anything)
        return ""
    return said if len(said) <= _LONGEST else said[:_LONGEST] + " ..."
