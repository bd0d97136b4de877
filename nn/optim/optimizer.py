"""What all optimisers share: groups, state, and saving both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from tinygrad_lists import Value, no_grad

from ..checks import check_kind, check_not_negative
from ..nested import map_numbers, restored
from .groups import Check, ParameterGroup, parameters_of

__all__ = ["Optimizer", "Parameters", "zeros_like"]

Parameters = Iterable[Value] | Iterable[Mapping[str, Any]]


class Optimizer:
    """What all optimisers share: the parameters in groups, their settings, and what is remembered between steps.

    An optimiser defines which settings it has (`checks`), what it remembers of a parameter (`begin`) and how a
    parameter is updated (`update`). Everything that changes from step to step is a Value: settings, averages, even the
    number of steps. So a compiled step needs no Python in between.

    Args:
        parameters: Values that require a gradient; or a list of dicts ``{"params": [...], "lr": ...}``, one for each
            group, with the settings in which it differs.
        settings: for all groups that have none of their own.

    Attributes:
        param_groups: the groups; ``optimiser.param_groups[0]["lr"]`` reads and sets.
        state: for each parameter, what is remembered, by name.

    Raises:
        ValueError: no parameters, a parameter in two groups, a setting out of its range. TypeError: what is not a Value
            that requires a gradient, or no number. KeyError: an unknown setting.

    >>> class SignSGD(Optimizer):
    ...     def update(self, parameter, gradient, group, state):
    ...         parameter.assign(parameter - group.value("lr") * gradient.sign())
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> SignSGD([w], lr=0.5).step()
    >>> w.data
    2.5
    """

    #: What each setting may be.
    checks: ClassVar[Mapping[str, Check]] = {"lr": check_not_negative}

    #: Names of attributes that are chosen once, for all groups.
    options: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: Parameters, **settings: Any) -> None:
        self.param_groups: list[ParameterGroup] = []
        self.state: dict[Value, dict[str, Value]] = {}
        self._defaults = settings
        name = type(self).__name__
        if isinstance(parameters, Value | Mapping) or not isinstance(parameters, Iterable):
            parameters_of(name, parameters)
        given: list[Any] = list(parameters)
        if given and all(isinstance(group, Mapping) for group in given):
            for group in given:
                self.add_param_group(group)
        else:
            self.add_param_group({"params": given})

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """One more group: ``{"params": [...], ...}`` with the settings in which it differs.

        >>> import nn
        >>> body, head = nn.Dense(4, 3), nn.Dense(3, 2)
        >>> optimiser = nn.optim.SGD(head.parameters(), lr=0.1)
        >>> optimiser.add_param_group({"params": body.parameters(), "lr": 0.01})
        >>> [group["lr"] for group in optimiser.param_groups]
        [0.1, 0.01]
        """
        name = type(self).__name__
        settings = dict(check_kind(name, "a group", group, Mapping, "a dict with 'params'"))
        if "params" not in settings:
            raise KeyError(f"{name}: a group is a dict with 'params'; this one has {', '.join(settings) or 'nothing'}")
        parameters = parameters_of(name, settings.pop("params"))
        for i, parameter in enumerate(parameters):
            if parameter in self.state:
                raise ValueError(
                    f"{name}: parameter {i} of group {len(self.param_groups)}, shape {parameter.shape}, is in another "
                    f"group already; a parameter has one set of settings"
                )
        added = ParameterGroup(name, parameters, {**self._defaults, **settings}, self.checks, self._remember)
        self.param_groups.append(added)
        self._remember(added)

    def _remember(self, group: ParameterGroup) -> None:
        """Make what is not there yet of the state that the settings call for."""
        for parameter in group.parameters:
            state = self.state.setdefault(parameter, {})
            for name, value in self.begin(parameter, group).items():
                state.setdefault(name, value)

    # -- to be defined by each optimiser ------------------------------------------------------------------------------

    def begin(self, parameter: Value, group: ParameterGroup) -> dict[str, Value]:
        """What is remembered of a parameter, as it is before the first step."""
        return {}

    def update(self, parameter: Value, gradient: Value, group: ParameterGroup, state: dict[str, Value]) -> None:
        """Assign a better value to the parameter. Nothing is recorded here."""
        raise NotImplementedError(f"{type(self).__name__}: define update()")

    # -- training -----------------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> list[Value]:
        """The parameters of all groups."""
        return list(self.state)

    @property
    def lr(self) -> float:
        """Learning rate of all groups, at least 0; can be set between steps.

        Raises ValueError where groups have different ones; then use ``param_groups[i]["lr"]``.

        >>> import nn
        >>> optimiser = nn.optim.SGD([Value(1.0)], lr=0.1)
        >>> optimiser.lr /= 2
        >>> optimiser.lr
        0.05
        """
        rates: list[float] = [group["lr"] for group in self.param_groups]
        if any(rate != rates[0] for rate in rates):
            raise ValueError(
                f"{type(self).__name__}: the groups have learning rates {', '.join(map(str, rates))}; use "
                f"param_groups[i]['lr']"
            )
        return rates[0]

    @lr.setter
    def lr(self, lr: float) -> None:
        for group in self.param_groups:
            group["lr"] = lr

    def zero_grad(self) -> None:
        """Forget the gradients, before the next backward adds to them."""
        for parameter in self.state:
            parameter.grad = None

    def step(self) -> None:
        """One update of every parameter that has a gradient."""
        with no_grad():
            for group in self.param_groups:
                for parameter in group.parameters:
                    gradient = parameter.grad_value
                    if gradient is not None:
                        self.update(parameter, gradient, group, self.state[parameter])

    # -- its numbers --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Settings and what is remembered, as numbers and nested lists, in the order of the parameters.

        >>> import nn
        >>> optimiser = nn.optim.SGD([Value([1.0, 2.0])], lr=0.1, momentum=0.9)
        >>> state = optimiser.state_dict()
        >>> state["optimizer"], state["options"], state["state"]
        ('SGD', {'nesterov': False}, [{'momentum_buffer': [0.0, 0.0]}])
        >>> state["groups"]
        [{'lr': 0.1, 'momentum': 0.9, 'weight_decay': 0.0, 'initial_lr': None, 'params': [0]}]
        """
        places = {parameter: i for i, parameter in enumerate(self.state)}
        groups = [
            {
                **{name: _listed(group[name]) for name in group},
                "initial_lr": group.initial_lr,
                "params": [places[parameter] for parameter in group.parameters],
            }
            for group in self.param_groups
        ]
        return {
            "optimizer": type(self).__name__,
            "options": {name: getattr(self, name) for name in self.options},
            "groups": groups,
            "state": [{name: value.data for name, value in kept.items()} for kept in self.state.values()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, also after a way through JSON; all or nothing.

        Raises ValueError, saying what does not fit: another optimiser, other groups, names, shapes or settings. Nothing
        is changed then.
        """
        op = f"{type(self).__name__}.load_state_dict"
        self._check_outside(op, state)
        settings = [self._checked(op, i, saved) for i, saved in enumerate(state["groups"])]
        new = self._checked_values(op, state["state"], settings)
        for group, (numbers, initial_lr) in zip(self.param_groups, settings, strict=True):
            for name, number in numbers.items():
                group[name] = number
            group.initial_lr = initial_lr
        for kept, values in zip(self.state.values(), new, strict=True):
            for name, value in values.items():
                kept[name].assign(value)

    def _check_outside(self, op: str, state: Mapping[str, Any]) -> None:
        """The kind of optimiser and the number of everything."""
        own = self.state_dict()
        if not isinstance(state, Mapping) or set(state) != set(own):
            raise ValueError(f"{op}: expected a dict with {', '.join(own)}; the state of something else?")
        for what in ("optimizer", "options"):
            if state[what] != own[what]:
                raise ValueError(f"{op}: the state has {what} {state[what]!r}, this optimiser {own[what]!r}")
        for what in ("groups", "state"):
            given = state[what]
            if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
                raise ValueError(f"{op}: {what} must be a list of dicts")
            if len(given) != len(own[what]):
                things = "groups" if what == "groups" else "parameters"
                raise ValueError(f"{op}: the state has {len(given)} {things}, this optimiser {len(own[what])}")
        for i, (saved, group) in enumerate(zip(state["groups"], own["groups"], strict=True)):
            if set(saved) != set(group):
                raise ValueError(f"{op}: group {i} has {', '.join(saved)}; expected {', '.join(group)}")
            if saved["params"] != group["params"]:
                raise ValueError(
                    f"{op}: group {i} has parameters {saved['params']}, this optimiser's has {group['params']}"
                )

    def _checked(self, op: str, i: int, saved: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Settings of a group, which may be set without an error, and its initial learning rate."""
        group = self.param_groups[i]
        numbers = {name: saved[name] for name in group}
        try:
            for name, number in numbers.items():
                group.check(name, number)
            if saved["initial_lr"] is not None:
                group.check("lr", saved["initial_lr"])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{op}: group {i}: {error}") from None
        return numbers, saved["initial_lr"]

    def _checked_values(
        self, op: str, saved: list[Mapping[str, Any]], settings: list[tuple[dict[str, Any], Any]]
    ) -> list[dict[str, Value]]:
        """Values for all that is remembered, with the right names and shapes."""
        wanted: dict[Value, dict[str, Value]] = {}
        for group, (numbers, _) in zip(self.param_groups, settings, strict=True):
            as_saved = ParameterGroup(op, group.parameters, numbers, self.checks, lambda _: None)
            for parameter in group.parameters:
                wanted[parameter] = {**self.begin(parameter, as_saved), **self.state[parameter]}
        found = []
        for i, (kept, own) in enumerate(zip(saved, (wanted[parameter] for parameter in self.state), strict=True)):
            if set(kept) != set(own):
                raise ValueError(
                    f"{op}: parameter {i} has {', '.join(kept) or 'nothing'}; expected {', '.join(own) or 'nothing'}"
                )
            values = {}
            for name, like in own.items():
                what = f"{op}: {name} of parameter {i}"
                try:
                    values[name] = Value(restored(kept[name], like.data, what), requires_grad=False)
                except TypeError as error:
                    raise ValueError(f"{what}: {error}") from None
                if values[name].shape != like.shape:
                    raise ValueError(f"{what} has shape {values[name].shape}; expected {like.shape}")
            found.append(values)
        return found

    def __repr__(self) -> str:
        options = [f"{name}={getattr(self, name)}" for name in self.options]
        return f"{type(self).__name__}({', '.join([*map(repr, self.param_groups), *options])})"


def zeros_like(parameter: Value, name: str) -> Value:
    """Zeros of the parameter's shape and kind of number.

    >>> zeros_like(Value([[1.0, 2.0]]), "average").data
    [[0.0, 0.0]]
    """
    return Value(map_numbers(lambda v: type(v)(), parameter.data), requires_grad=False, name=name)


def _listed(number: Any) -> Any:
    return list(number) if isinstance(number, tuple) else number
