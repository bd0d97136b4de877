"""What a process that shares the work of a training does, and how it is talked to: bytes through a pipe.

A message is one line of JSON, and behind it arrays of numbers as they lie in memory: parameters and examples one way,
losses and gradients the other. No object is ever pickled into it, so nothing in it is executed.
"""

from __future__ import annotations

import json
import signal
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tinygrad_lists import Value, functions, no_grad

from .generator import rows_before
from .module import Module
from .results import Counter, count_right
from .updates import Criterion, Part, backward

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["answers_of", "assigned", "flat_of", "gradients_of_part", "packed", "unpacked", "work"]


def packed(header: Mapping[str, Any], numbers: Iterable[Any]) -> bytes:
    """A message: the header and Values, or nested lists, of floats or ints."""
    arrays, shapes = [], []
    for item in numbers:
        value = item if isinstance(item, Value) else Value(item, requires_grad=False)
        flat = flat_of(value)
        code = "q" if flat and isinstance(flat[0], int) else "d"
        arrays.append(array(code, flat).tobytes())
        shapes.append([code, *value.shape])
    return json.dumps([header, shapes]).encode() + b"\n" + b"".join(arrays)


def unpacked(message: bytes) -> tuple[dict[str, Any], list[Value]]:
    """What `packed` was given, the numbers as constants.

    >>> header, (x, y) = unpacked(packed({"what": "example"}, [[[0.1, 2.0]], 3]))
    >>> header, x.data, y.data
    ({'what': 'example'}, [[0.1, 2.0]], 3)
    """
    end = message.index(b"\n")
    header, shapes = json.loads(message[:end])
    values, place = [], end + 1
    for code, *shape in shapes:
        numbers = array(code)
        size = numbers.itemsize
        for length in shape:
            size *= length
        numbers.frombytes(message[place : place + size])
        place += size
        flat = Value(numbers.tolist() if shape else numbers[0], requires_grad=False)
        values.append(functions.reshape(flat, tuple(shape)) if len(shape) > 1 else flat)
    return header, values


def flat_of(value: Value) -> list[Any]:
    """All numbers in row-major order."""
    if not value.shape:
        return [value.data]
    with no_grad():
        numbers: list[Any] = functions.reshape(value, (value.size,)).data
    return numbers


def assigned(values: Sequence[Value], numbers: Sequence[Value]) -> None:
    """Give each Value its numbers."""
    for value, new in zip(values, numbers, strict=True):
        value.assign(new)


def gradients_of_part(
    model: Module, criterion: Criterion, right: Counter | None, part: Part, before: int
) -> tuple[list[Value], list[Value | None]]:
    """Of a part of an update with `before` examples in front of it: [loss, how many right], and the gradients."""
    parameters = model.parameters()
    for parameter in parameters:
        parameter.grad = None
    with rows_before(before):
        loss, count = backward(model, criterion, [part], right)
    return [loss, count], [parameter.grad_value for parameter in parameters]


def answers_of(model: Module, criterion: Criterion, right: Counter, inputs: Any, labels: Any) -> list[Value]:
    """Loss, how many are right, and predicted classes."""
    with no_grad():
        outputs = model(inputs)
        return [criterion(outputs, labels), right(outputs, labels), outputs.argmax(1)]


def work(
    pipe: Connection, others: Sequence[Connection], model: Module, criterion: Criterion, right: Counter | None
) -> None:
    """Answer messages until the pipe ends, which it does when the training is over, or its process, however it died."""
    for other in others:  # a copy of another's end would keep its pipe open
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process to handle
    while True:
        try:
            message = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            answers = _answers(model, criterion, right, *unpacked(message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the main process raises it
            answers = [packed({"error": str(error), "kind": type(error).__name__}, [])]
        try:
            for answer in answers:
                pipe.send_bytes(answer)
        except OSError:
            return


def _answers(
    model: Module, criterion: Criterion, right: Counter | None, header: Mapping[str, Any], values: list[Value]
) -> list[bytes]:
    if header["what"] == "test":
        model.eval()
        return [packed({}, answers_of(model, criterion, right or count_right, *values))]
    own = [*model.parameters(), *model.buffers()]
    model.train()
    assigned(own, values[: len(own)])
    if header["what"] == "state":
        return []
    answers, before, examples = [], header["before"], iter(values[len(own) :])
    for share in header["shares"]:
        part = Part(next(examples), next(examples), share)
        numbers, gradients = gradients_of_part(model, criterion, right, part, before)
        there = [g is not None for g in gradients]
        answers.append(packed({"there": there}, [*numbers, *(g for g in gradients if g is not None)]))
        before = 0  # the generators stand behind this part now
    return answers
