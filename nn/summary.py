"""A model at a glance: shapes, parameters, work and memory of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tinygrad_lists import Value, no_grad

from .checks import check_choice, check_kind, check_shape
from .init import constant
from .module import Module
from .nested import as_value

__all__ = ["Summary", "SummaryRow", "summary"]

_BYTES = {"float64": 8, "float32": 4}


@dataclass(frozen=True)
class SummaryRow:
    """One module of a model.

    Attributes:
        name, label: its path, and the part of it behind its parent's; ``""`` for the model itself.
        kind: its class.
        depth: how many modules it is inside of.
        output_shape: of its last call; None if it was not called.
        parameters: numbers that it learns itself, without its children's.
        multiply_adds: products added up by itself in all its calls (see `Module.multiply_adds`).
        memory: bytes of its outputs, where they are not an input or a child's output passed on.
        shared: path under which the same module stands further up; ``""`` for most.
    """

    name: str
    label: str
    kind: str
    depth: int
    output_shape: tuple[int, ...] | None
    parameters: int
    multiply_adds: int
    memory: int
    shared: str = ""


@dataclass(frozen=True)
class Summary:
    """What `summary` found; ``print`` shows it as a table.

    Attributes:
        rows: one for each module, parents first.
        input_shape: of the input that was tried, with the batch.
        parameters, buffers: numbers that are learnt, and that are only kept; each once, even if shared.
        multiply_adds: of one forward pass.
        activations: bytes of all outputs.
        memory: bytes of parameters, buffers and outputs.
    """

    rows: list[SummaryRow]
    input_shape: tuple[int, ...]
    parameters: int
    buffers: int
    multiply_adds: int
    activations: int
    memory: int

    def __str__(self) -> str:
        head = ["Layer", "Output shape", "Parameters", "Multiply-adds", "Memory"]
        body = [self._cells(row) for row in self.rows]
        total = ["total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", _bytes(self.activations)]
        widths = [max(map(len, column)) for column in zip(head, *body, total, strict=True)]

        def line(cells: Sequence[str]) -> str:
            texts = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
            return "  ".join(texts).rstrip()

        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        kept = f" and {self.buffers:,} numbers kept" if self.buffers else ""
        return "\n".join(
            [
                line(head),
                rule,
                *map(line, body),
                rule,
                line(total),
                f"input {self.input_shape}; {_bytes(self.memory)} with the parameters{kept}",
            ]
        )

    def _cells(self, row: SummaryRow) -> list[str]:
        name = "  " * row.depth + f"{row.label} {row.kind}".strip()
        if row.shared:
            return [f"{name} (the same as {row.shared})", "", "", "", ""]
        shape = "not used" if row.output_shape is None else str(row.output_shape)
        numbers = [f"{number:,}" if number else "" for number in (row.parameters, row.multiply_adds)]
        return [name, shape, *numbers, _bytes(row.memory) if row.memory else ""]


def summary(model: Module, input_shape: Sequence[int], dtype: str = "float64") -> Summary:
    """Output shape, parameters, multiply-adds and memory of every module, by one forward pass of zeros.

    It runs in evaluation mode and without recording; modes, statistics and random states are afterwards as they were.

    Args:
        model: the model.
        input_shape: of a batch, (N, C, H, W), or of one sample: where the model refuses it, it is tried with a batch
            axis of 1 in front.
        dtype: "float64" or "float32", for the bytes. (Python's lists take four times those of float64.)

    Raises:
        ValueError: a shape that the model cannot take, with what it says; an unknown dtype. TypeError: what is no
            model, or no list of sizes.

    >>> import nn
    >>> model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(1352, 10))
    >>> print(summary(model, (1, 28, 28)))
    Layer          Output shape    Parameters  Multiply-adds   Memory
    -----------------------------------------------------------------
    Sequential     (1, 10)
      0 Conv2d     (1, 8, 26, 26)          80         48,672  43.3 kB
      1 ReLU       (1, 8, 26, 26)                             43.3 kB
      2 MaxPool2d  (1, 8, 13, 13)                             10.8 kB
      3 Flatten    (1, 1352)                                  10.8 kB
      4 Dense      (1, 10)             13,530         13,520     80 B
    -----------------------------------------------------------------
    total                              13,610         62,192   108 kB
    input (1, 1, 28, 28); 217 kB with the parameters
    """
    check_kind("summary", "model", model, Module, "a Module")
    check_choice("summary", "dtype", dtype, tuple(_BYTES))
    shape = check_shape("summary", "input_shape", input_shape, at_least=1)
    watch, used = _run(model, shape)
    rows: list[SummaryRow] = []
    names: list[str] = []
    seen: dict[Module, str] = {}
    for name, module in model.named_modules():
        above = [path for path in names if path and name.startswith(f"{path}.")]
        label = name[len(above[-1]) + 1 :] if above else name
        depth = len(above) + 1 if name else 0
        rows.append(_row((name, label, depth), module, watch, seen.get(module, ""), _BYTES[dtype]))
        seen.setdefault(module, name)
        names.append(name)
    parameters = sum(value.size for value in model.parameters())
    buffers = sum(value.size for value in model.buffers())
    activations = sum(row.memory for row in rows)
    return Summary(
        rows=rows,
        input_shape=used,
        parameters=parameters,
        buffers=buffers,
        multiply_adds=sum(row.multiply_adds for row in rows),
        activations=activations,
        memory=activations + (parameters + buffers) * _BYTES[dtype],
    )


class _Watch:
    """Notes every call of every module."""

    def __init__(self, given: Value) -> None:
        self.shapes: dict[Module, tuple[int, ...]] = {}
        self.work: dict[Module, int] = {}
        self.numbers: dict[Module, int] = {}
        self.outputs = {given}  # Values that are counted already

    def __call__(self, module: Module, args: tuple[Any, ...], output: Value) -> None:
        """A forward hook."""
        inputs = as_value(args[0]).shape if args else ()
        self.shapes[module] = output.shape
        self.work[module] = self.work.get(module, 0) + module.multiply_adds(inputs, output.shape)
        if output not in self.outputs:
            self.outputs.add(output)
            self.numbers[module] = self.numbers.get(module, 0) + output.size


def _run(model: Module, shape: tuple[int, ...]) -> tuple[_Watch, tuple[int, ...]]:
    """A forward pass of zeros: floats or, for models that look numbers up, ints; of the shape, or of a batch of 1."""
    modules = list(dict.fromkeys(module for _, module in model.named_modules()))
    modes = [module.training for module in modules]
    first: Exception | None = None
    try:
        model.eval()
        for zero in (0.0, 0):
            for used in (shape, (1, *shape)):
                given = Value(constant(used, zero), requires_grad=False)
                watch = _Watch(given)
                try:
                    with no_grad(), ExitStack() as hooks:
                        for module in modules:
                            hooks.enter_context(module.register_forward_hook(watch))
                        model(given)
                    return watch, used
                except (TypeError, ValueError, IndexError) as error:
                    first = first or error
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
    raise ValueError(f"summary: the model does not take an input of shape {shape}, nor {(1, *shape)}: {first}")


def _row(place: tuple[str, str, int], module: Module, watch: _Watch, shared: str, size: int) -> SummaryRow:
    name, label, depth = place
    return SummaryRow(
        name=name,
        label=label,
        kind=type(module).__name__,
        depth=depth,
        output_shape=None if shared else watch.shapes.get(module),
        parameters=0 if shared else sum(p.size for p in module.own_parameters()),
        multiply_adds=0 if shared else watch.work.get(module, 0),
        memory=0 if shared else watch.numbers.get(module, 0) * size,
        shared=shared,
    )


def _bytes(count: int) -> str:
    """Bytes as people read them, in thousands.

    >>> _bytes(80), _bytes(42247), _bytes(999999), _bytes(123456789)
    ('80 B', '42.2 kB', '1 MB', '123 MB')
    """
    if count < 1000:
        return f"{count} B"
    number = float(count)
    for unit in "kMGT":
        number /= 1000
        if number < 999.5 or unit == "T":
            break
    return f"{number:.3g} {unit}B"
