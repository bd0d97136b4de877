"""Groups of parameters that share their settings, and what settings may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tinygrad_lists import Value

from ..checks import check_list
from ..errors import shown
from ..nested import kind_of
from ..setting import Setting

__all__ = ["Check", "ParameterGroup", "parameters_of"]

Check = Callable[[str, str, Any], Any]


class ParameterGroup:
    """Parameters that are trained with the same settings: ``group["lr"]`` reads one, ``group["lr"] = 0.1`` sets it.

    Settings are held in Values, so that a compiled step sees what a schedule makes of them.

    Attributes:
        parameters: the Values, each once.
        initial_lr: learning rate from which schedules start; None without any.

    Raises:
        KeyError: a setting that the optimiser does not know. ValueError, TypeError: a number that it may not be.

    >>> import nn
    >>> layer = nn.Dense(2, 1)
    >>> optimiser = nn.optim.SGD([{"params": [layer.weight], "weight_decay": 0.01}, {"params": [layer.bias]}], lr=0.1)
    >>> optimiser.param_groups[1]["lr"] = 0.2
    >>> [(group["lr"], group["weight_decay"]) for group in optimiser.param_groups]
    [(0.1, 0.01), (0.2, 0.0)]
    """

    def __init__(
        self,
        op: str,
        parameters: list[Value],
        settings: Mapping[str, Any],
        checks: Mapping[str, Check],
        on_use: Callable[[ParameterGroup], object],
    ) -> None:
        self.parameters = parameters
        self.initial_lr: float | None = None
        self._op, self._checks, self._on_use = op, dict(checks), on_use
        self._settings: dict[str, tuple[Setting, ...]] = {}
        self._used: set[str] = set()
        self._float = kind_of(parameters[0].data) is float
        for name, number in settings.items():
            numbers = self._numbers(name, number)
            self._settings[name] = tuple(Setting(v, name) for v in numbers)
            self._note(name, numbers)

    def _numbers(self, name: str, number: Any) -> tuple[Any, ...]:
        """Checked, as a tuple, and whole numbers as floats if the parameters are."""
        if name not in self._checks:
            raise KeyError(f"{self._op}: a group has no setting {name!r}; there are {', '.join(self._checks)}")
        checked = self._checks[name](self._op, name, number)
        numbers = checked if isinstance(checked, tuple) else (checked,)
        return tuple(float(v) if self._float and isinstance(v, int) else v for v in numbers)

    def _note(self, name: str, numbers: tuple[Any, ...]) -> None:
        if any(numbers):
            self._used.add(name)

    def __iter__(self) -> Iterator[str]:
        """Names of the settings."""
        return iter(self._settings)

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self.parameters
        if name not in self._settings:
            raise KeyError(f"{self._op}: a group has no setting {name!r}; there are {', '.join(self._settings)}")
        numbers = tuple(setting.number for setting in self._settings[name])
        return numbers if len(numbers) > 1 else numbers[0]

    def __setitem__(self, name: str, number: Any) -> None:
        numbers = self._numbers(name, number)
        for setting, new in zip(self._settings[name], numbers, strict=True):
            setting.number = new
        used = len(self._used)
        self._note(name, numbers)
        if len(self._used) > used:
            self._on_use(self)

    def value(self, name: str) -> Value:
        """A setting as the Value with which steps compute."""
        (setting,) = self._settings[name]
        return setting.value

    def pair(self, name: str) -> tuple[Value, Value]:
        """The same of a setting that is a pair of numbers."""
        first, second = self._settings[name]
        return first.value, second.value

    def uses(self, name: str) -> bool:
        """Whether a setting is, or ever was, other than 0.

        Steps leave out what never was in use. They do not look at the number itself, because a compiled step would then
        have to be made anew at each change.
        """
        return name in self._used

    def check(self, name: str, number: Any) -> None:
        """Raise what setting it would raise."""
        self._numbers(name, number)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={self[name]}" for name in self._settings)
        return f"ParameterGroup({len(self.parameters)} parameters, {settings})"


def parameters_of(op: str, given: Iterable[Value]) -> list[Value]:
    """Parameters as a list without repetitions, checked."""
    if isinstance(given, Value):
        raise TypeError(f"{op}: the parameters are one Value; give a list of them, such as [value]")
    if not isinstance(given, Iterable):
        raise TypeError(f"{op}: {type(given).__name__} is no list of parameters; a module's are in .parameters()")
    parameters = check_list(op, "parameters", given, "a list of Values")
    if not parameters:
        raise ValueError(f"{op}: no parameters to optimise")
    for parameter in parameters:
        if not isinstance(parameter, Value) or not parameter.requires_grad:
            raise TypeError(f"{op}: {shown(parameter)} is not a Value that requires a gradient")
    return list(dict.fromkeys(parameters))
