"""Module: a part of a network that has parameters, children and a forward pass.

There is no registration and no magic: a module's parameters are the Values among its attributes that require a
gradient, its buffers those that do not, its children the Modules among them. Names are the attributes' names, joined by
dots: ``"0.weight"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from tinygrad_lists import Value, scope

__all__ = ["Module"]

M = TypeVar("M", bound="Module")


class Module:
    """Base class: define ``forward``, and keep parameters (Values) and children (Modules) in attributes.

    >>> import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         self.factor = Value(2.0)
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale()
    >>> scale(Value(3.0)).data, scale.state_dict()
    (6.0, {'factor': 2.0})
    """

    training: bool = True
    _name: str = ""

    #: What the module computes; each kind of module defines it, with the arguments that it takes.
    forward: Callable[..., Value]

    def __call__(self, *args: Any, **kwargs: Any) -> Value:
        """``forward(...)``, recorded under the module's name."""
        with scope(f"{self._name} {type(self).__name__}".strip()):
            return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Module):
            value._name = name
        object.__setattr__(self, name, value)

    # -- what it consists of ------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of each direct child, in the order in which they were assigned."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """(path, module) of this module and everything below it, parents first; its own path is ``""``."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def _named_values(self) -> Iterator[tuple[str, Value]]:
        """Each parameter and buffer once, even where modules share it, under the first of its names."""
        seen: set[Value] = set()
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Value) and value not in seen:
                    seen.add(value)
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """(name, Value) of everything that is learnt."""
        return ((name, value) for name, value in self._named_values() if value.requires_grad)

    def parameters(self) -> list[Value]:
        """Everything that is learnt.

        >>> import nn
        >>> [p.shape for p in nn.Dense(3, 2).parameters()]
        [(3, 2), (2,)]
        """
        return [value for _, value in self.named_parameters()]

    # -- modes --------------------------------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Set training mode here and below: dropout drops, batch norm uses the batch. Returns self."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Set evaluation mode here and below. Returns self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def apply(self: M, function: Callable[[Module], object]) -> M:
        """Call `function` on this module and everything below it. Returns self."""
        for _, module in self.named_modules():
            function(module)
        return self

    # -- its numbers --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Parameters and buffers as numbers and nested lists, by name.

        >>> import nn
        >>> {name: len(data) for name, data in nn.Sequential(nn.Dense(3, 2), nn.ReLU()).state_dict().items()}
        {'0.weight': 3, '0.bias': 2}
        """
        return {name: value.data for name, value in self._named_values()}

    def load_state_dict(self: M, state: Mapping[str, Any]) -> M:
        """Take over the numbers of `state`; all or nothing. Returns self.

        Raises KeyError for a name that is missing or unknown, ValueError for another shape. Nothing is changed then.
        """
        own = dict(self._named_values())
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise KeyError(f"load_state_dict: missing {missing}, unknown {unknown}; the state of another model?")
        new = {name: Value(state[name], requires_grad=value.requires_grad) for name, value in own.items()}
        for name, value in own.items():
            if new[name].shape != value.shape:
                raise ValueError(f"load_state_dict: {name} has shape {new[name].shape}, the model wants {value.shape}")
        for name, value in own.items():
            value.assign(new[name])
        return self

    # -- in words -----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """Arguments to show between the brackets."""
        return ""

    def __repr__(self) -> str:
        children = [f"  ({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.named_children()]
        inside = "\n" + "\n".join(children) + "\n" if children else self.extra_repr()
        return f"{type(self).__name__}({inside})"
