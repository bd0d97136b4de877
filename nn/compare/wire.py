"""Messages between two processes: a length, then JSON that keeps every number exactly.

JSON writes a float in the shortest decimal that reads back as the same bits, and an int with all its digits; `Fraction`
and `Decimal` become objects with one key. Nothing that is received is ever executed (as unpickling would).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, BinaryIO

__all__ = ["receive", "send"]

_LENGTH = struct.Struct(">Q")
_LONGEST = 1 << 31


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message; ValueError or TypeError, and nothing written, if it holds what JSON cannot.

    >>> import io
    >>> stream = io.BytesIO()
    >>> send(stream, {"x": [0.1, float("-inf"), 3, Fraction(1, 3), Decimal("0.10")]})
    >>> _ = stream.seek(0)
    >>> receive(stream)
    {'x': [0.1, -inf, 3, Fraction(1, 3), Decimal('0.10')]}
    """
    body = json.dumps(message, default=_encode).encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; EOFError if the other side has gone, ValueError if what comes is none of ours.

    >>> import io
    >>> receive(io.BytesIO(b"score: 100"))
    Traceback (most recent call last):
    ...
    ValueError: what came is no message of ours
    """
    head = _read(stream, _LENGTH.size)
    (length,) = _LENGTH.unpack(head)
    if length > _LONGEST:
        raise ValueError("what came is no message of ours")
    body = _read(stream, length)
    try:
        return json.loads(body, object_hook=_decode)
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        raise ValueError("what came is no message of ours") from None


def _read(stream: BinaryIO, count: int) -> bytes:
    parts = []
    while count:
        part = stream.read(min(count, 1 << 20))
        if not part:
            raise EOFError("the other process has closed the connection")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _encode(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"fraction": [hex(value.numerator), hex(value.denominator)]}  # hex: str() refuses very long ints
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    raise TypeError(f"a {type(value).__name__} is not a number that can be sent")


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "fraction": lambda parts: Fraction(int(parts[0], 16), int(parts[1], 16)),
    "decimal": Decimal,
}


def _decode(record: dict[str, Any]) -> Any:
    if len(record) == 1:
        (name,) = record
        if name in _DECODERS:
            return _DECODERS[name](record[name])
    return record
