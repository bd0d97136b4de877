"""Module: a part of a network that has parameters, children and a forward pass.

There is no registration and no magic: a module's parameters are the Values among its attributes that require a
gradient, its buffers those that do not, its children the Modules among them. An attribute may also be a list or tuple
of them. Names are the attributes' names and the places in lists, joined by dots: ``"0.weight"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from tinygrad_lists import Value, scope

from .checks import check_flag, check_function, check_kind
from .errors import name_error
from .hooks import ForwardHook, ForwardPreHook, HookHandle
from .nested import check_tensor, restored

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
    _pre_hooks: dict[int, ForwardPreHook]
    _hooks: dict[int, ForwardHook]

    #: What the module computes; each kind of module defines it, with the arguments that it takes.
    forward: Callable[..., Value]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A module without hooks; here, so that the user's ``__init__`` need not call ours."""
        if (args or kwargs) and cls.__init__ is object.__init__:
            name = cls.__name__
            raise TypeError(f"{name}: it takes no arguments; make it first, then call it: nn.{name}()(x)")
        self = object.__new__(cls)
        self._pre_hooks, self._hooks = {}, {}
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Value:
        """``forward(...)``, recorded under the module's name, with the hooks around it."""
        with scope(f"{self._name} {type(self).__name__}".strip()):
            for before in list(self._pre_hooks.values()):
                changed = before(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
            try:
                output = self.forward(*args, **kwargs)
            except (TypeError, ValueError, IndexError, OverflowError) as error:
                name_error(type(self).__name__, error)
                raise
            for after in list(self._hooks.values()):
                replaced = after(self, args, output)
                output = output if replaced is None else replaced
            return output

    def __setattr__(self, name: str, value: Any) -> None:
        for path, module in _items(name, value):
            if isinstance(module, Module):
                module._name = path
        object.__setattr__(self, name, value)

    # -- what it consists of ------------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of each direct child, in the order in which they were assigned."""
        for attribute, value in vars(self).items():
            for name, item in _items(attribute, value):
                if isinstance(item, Module):
                    yield name, item

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """(path, module) of this module and everything below it, parents first; its own path is ``""``."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def _named_values(self) -> Iterator[tuple[str, Value]]:
        """Each parameter and buffer once, even where modules share it, under the first of its names."""
        seen: set[Value] = set()
        for path, module in self.named_modules():
            for name, value in module._own_values():
                if value not in seen:
                    seen.add(value)
                    yield (f"{path}.{name}" if path else name), value

    def _own_values(self) -> Iterator[tuple[str, Value]]:
        """Parameters and buffers of this module itself."""
        for attribute, value in vars(self).items():
            for name, item in _items(attribute, value):
                if isinstance(item, Value):
                    yield name, item

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

    def own_parameters(self) -> list[Value]:
        """What this module itself learns, without its children."""
        return [value for _, value in self._own_values() if value.requires_grad]

    def named_buffers(self) -> Iterator[tuple[str, Value]]:
        """(name, Value) of what is kept but not learnt: running statistics, the state of random generators.

        >>> import nn
        >>> [name for name, _ in nn.BatchNorm1d(3).named_buffers()]
        ['running_mean', 'running_var', 'num_batches_tracked']
        """
        return ((name, value) for name, value in self._named_values() if not value.requires_grad)

    def buffers(self) -> list[Value]:
        """Everything that is kept but not learnt."""
        return [value for _, value in self.named_buffers()]

    # -- hooks --------------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(self, hook: ForwardPreHook) -> HookHandle:
        """Call ``hook(module, args)`` before every forward pass; what it returns, if not None, replaces the arguments.

        >>> import nn
        >>> layer = nn.ReLU()
        >>> with layer.register_forward_pre_hook(lambda module, args: [1.0, -7.0]):
        ...     layer([5.0, 5.0]).data
        [1.0, 0.0]
        """
        wanted = "a function of (module, args)"
        return HookHandle(self._pre_hooks, check_function(type(self).__name__, "hook", hook, wanted))

    def register_forward_hook(self, hook: ForwardHook) -> HookHandle:
        """Call ``hook(module, args, output)`` after every forward pass; what it returns, if not None, replaces the
        output. Several hooks run in the order of registration, each on what the one before has made of it.

        Returns:
            A handle; ``handle.remove()``, or the end of ``with handle:``, takes the hook off.

        >>> import nn
        >>> layer, shapes = nn.Dense(3, 2), []
        >>> handle = layer.register_forward_hook(lambda module, args, output: shapes.append(output.shape))
        >>> y = layer([[1.0, 2.0, 3.0]])
        >>> handle.remove()
        >>> shapes
        [(1, 2)]
        """
        wanted = "a function of (module, args, output)"
        return HookHandle(self._hooks, check_function(type(self).__name__, "hook", hook, wanted))

    # -- modes --------------------------------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Set training mode here and below: dropout drops, batch norm uses the batch. Returns self."""
        mode = check_flag(type(self).__name__, "mode", mode)
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
        check_function(type(self).__name__, "function", function, "a function of a module")
        for _, module in self.named_modules():
            function(module)
        return self

    def multiply_adds(self, inputs: Sequence[int], output: Sequence[int]) -> int:
        """How many products of a weight and a number one forward pass adds up, for these shapes of the first argument
        and the output; what children do does not count. 0 unless a kind of module says otherwise.

        >>> import nn
        >>> nn.Dense(400, 10).multiply_adds((8, 400), (8, 10))
        32000
        """
        return 0

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

        Where the module holds ints (a count of batches), so must `state`; 3.0 is taken for 3, since files of weights
        know only floats.

        Raises KeyError for a name that is missing or unknown, ValueError for another shape, or for 2.5 in place of an
        int, TypeError for what is no number. Nothing is changed then.

        >>> import nn
        >>> layer = nn.Dense(1, 1)
        >>> layer.load_state_dict({"weight": [[2.0]], "bias": [0.5]})([[3.0]]).data
        [[6.5]]
        """
        check_kind("load_state_dict", "the state", state, Mapping, "a dict, such as state_dict() gives")
        own = dict(self._named_values())
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise KeyError(f"load_state_dict: missing {missing}, unknown {unknown}; the state of another model?")
        new = {}
        for name, value in own.items():
            what = f"load_state_dict: {name}"
            data = restored(state[name], value.data, what)
            new[name] = check_tensor(what, data, requires_grad=value.requires_grad)
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


def _items(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What an attribute holds, by name: itself, or one by one what stands in a list or tuple."""
    if isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _items(f"{name}.{i}", item)
    else:
        yield name, value
