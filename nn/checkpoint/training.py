"""A whole training in one file: what a run needs to go on as if it had never stopped, to the bit.

The file is safetensors. Tensors are the model (``model.0.weight``) and what the optimiser remembers of the i-th
parameter (``optimiser.3.exp_avg``). The rest is a JSON text in its metadata: settings of the optimiser and of the
schedule, position in the epoch, history, states of callbacks, and what the caller adds. As it is one file that one
rename puts into place, there is never half a checkpoint.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checks import check_kind, check_path, check_whole
from ..results import Epoch, History, Position
from .tensors import CheckpointError, Stored, read_tensors, write_tensors
from .weights import as_state, values_of

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["load_checkpoint", "read_extra", "save_checkpoint"]

FORMAT = "training 1"

#: What a state from a file may raise when it is taken over, beside what it should.
_UNUSABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError)


def save_checkpoint(trainer: Trainer, path: str | os.PathLike[str], extra: Mapping[str, Any] | None = None) -> None:
    """Write everything that a training needs to go on, whole or not at all.

    Args:
        extra: what the caller wants to find again (`read_extra`), of JSON's types.

    Raises CheckpointError for numbers that the format does not hold. OSError if it cannot be written; an older file
    stays then.
    """
    path = _checked("save_checkpoint", trainer, path)
    if extra is not None:
        check_kind("save_checkpoint", "extra", extra, Mapping, "a dict")
    optimiser = trainer.optimiser.state_dict()
    tensors = {f"model.{name}": data for name, data in trainer.model.state_dict().items()}
    for i, kept in enumerate(optimiser.pop("state")):
        tensors |= {f"optimiser.{i}.{name}": data for name, data in kept.items()}
    description = {
        "format": FORMAT,
        "position": asdict(trainer.position),
        # JSON has no nan: what was not measured is null.
        "epochs": [{k: None if v != v else v for k, v in asdict(e).items()} for e in trainer.history.epochs],
        "stopped": trainer.history.stopped,
        "optimiser": optimiser,
        "scheduler": None if trainer.scheduler is None else trainer.scheduler.state_dict(),
        "callbacks": [[type(c).__name__, state] for c in trainer.callbacks if (state := c.state_dict())],
        "loader": trainer.order_of(),
        "extra": dict(extra or {}),
    }
    write_tensors(path, tensors, description)


def load_checkpoint(trainer: Trainer, path: str | os.PathLike[str]) -> None:
    """Put a trainer that was built alike where another stood when the checkpoint was made; all or nothing.

    The next ``trainer.fit(...)`` goes on from there, in the middle of an epoch too.

    Raises CheckpointError for a file that is damaged, or of another training; the trainer is unchanged then. OSError if
    there is none.
    """
    path = _checked("load_checkpoint", trainer, path)
    values = values_of(trainer.model)
    remembered = {
        f"optimiser.{i}.{name}": value
        for i, kept in enumerate(trainer.optimiser.state.values())
        for name, value in kept.items()
    }
    most = sum(8 * value.size for value in [*values.values(), *remembered.values()])
    tensors, state = _read(path, most)
    before = [(part, part.state_dict()) for part in _parts(trainer)]
    try:
        position, history, order = _position(state["position"]), _history(state), state["loader"]
        own = [c for c in trainer.callbacks if c.state_dict()]
        if [name for name, _ in state["callbacks"]] != [type(c).__name__ for c in own]:
            names = ", ".join(str(name)[:40] for name, _ in state["callbacks"]) or "none"
            raise ValueError(f"it has states of callbacks {names}, this trainer's are {own}")
        if (state["scheduler"] is None) != (trainer.scheduler is None):
            raise ValueError("one of the trainings has a scheduler, and the other has none")
        weights = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
        trainer.model.load_state_dict(as_state(weights, values))
        kept = as_state({n: t for n, t in tensors.items() if not n.startswith("model.")}, remembered)
        places: list[dict[str, Any]] = [{} for _ in trainer.optimiser.state]
        for name, data in kept.items():
            _, place, inner = name.split(".", 2)
            places[int(place)][inner] = data
        trainer.optimiser.load_state_dict({**state["optimiser"], "state": places})
        if trainer.scheduler is not None:
            trainer.scheduler.load_state_dict(state["scheduler"])
        for callback, (_, remembered_of) in zip(own, state["callbacks"], strict=True):
            callback.load_state_dict(remembered_of)
    except _UNUSABLE as error:
        for part, old in before:
            part.load_state_dict(old)
        raise CheckpointError(f"{path}: {str(error.args[0] if error.args else error)[:300]}") from None
    trainer.position, trainer.history, trainer.resumed_order = position, history, order


def read_extra(path: str | os.PathLike[str], most: int = 64 << 20) -> dict[str, Any]:
    """What the caller of `save_checkpoint` added, in a file with at most `most` bytes of numbers.

    Raises CheckpointError for a damaged file; OSError if there is none.
    """
    most = check_whole("read_extra", "most", most, at_least=0)
    return dict(_read(check_path("read_extra", "path", path), most)[1]["extra"])


def _checked(op: str, trainer: Trainer, path: str | os.PathLike[str]) -> Path:
    from ..trainer import Trainer  # here, since its callbacks write checkpoints

    check_kind(op, "trainer", trainer, Trainer, "a Trainer")
    return check_path(op, "path", path)


def _parts(trainer: Trainer) -> list[Any]:
    """Everything with a state of its own."""
    scheduler = [] if trainer.scheduler is None else [trainer.scheduler]
    return [trainer.model, trainer.optimiser, *scheduler, *(c for c in trainer.callbacks if c.state_dict())]


def _read(path: str | os.PathLike[str], most: int) -> tuple[dict[str, Stored], dict[str, Any]]:
    """Tensors, and the state with the right names and types at its top."""
    tensors, state = read_tensors(path, most)
    if state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of a training; weights alone are read by load_weights")
    types = {
        "format": str,
        "position": dict,
        "epochs": list,
        "stopped": str,
        "optimiser": dict,
        "scheduler": dict | None,
        "callbacks": list,
        "loader": dict | None,
        "extra": dict,
    }
    if set(state) != set(types):
        raise CheckpointError(f"{path}: its description of the training must have {', '.join(types)}")
    for name, kind in types.items():
        if not isinstance(state[name], kind):
            raise CheckpointError(f"{path}: {name} is {state[name]!r:.60}")
    return tensors, state


def _position(raw: Mapping[str, Any]) -> Position:
    """ValueError if it is none."""
    _check(raw, Position, "position")
    for name in ("epoch", "batch", "images", "updates"):
        if not isinstance(raw[name], int) or raw[name] < 0:
            raise ValueError(f"{name} of the position is {raw[name]!r:.40}; it must be an int of at least 0")
    for name in ("loss", "correct", "seconds"):
        if not math.isfinite(raw[name]):
            raise ValueError(f"{name} of the position is {raw[name]}")
    return Position(**raw)


def _history(state: Mapping[str, Any]) -> History:
    epochs = []
    for i, written in enumerate(state["epochs"]):
        raw: dict[str, Any] = {k: math.nan if v is None else v for k, v in written.items()}
        _check(raw, Epoch, f"epoch {i + 1}")
        if raw["number"] != i + 1:
            raise ValueError(f"epoch {i + 1} has the number {raw['number']}")
        epochs.append(Epoch(**raw))
    if len(epochs) != state["position"]["epoch"]:
        raise ValueError(f"{state['position']['epoch']} epochs are complete, but {len(epochs)} are in the history")
    return History(epochs, state["stopped"])


def _check(raw: Any, kind: type[Any], what: str) -> None:
    """A dict with the fields of a dataclass, all of them numbers."""
    names = {field.name for field in fields(kind)}
    if not isinstance(raw, dict) or set(raw) != names:
        raise ValueError(f"{what} is {raw!r:.60}; expected {', '.join(sorted(names))}")
    for name, number in raw.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"{name} of {what} is {number!r:.40}; it must be a number")
