"""Modules: lists of children, buffers, modes, hooks, loading."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import pytest

import nn
from nn.nested import as_ints
from nn.setting import Setting
from tinygrad_lists import Value


class Stack(nn.Module):
    """Layers and weights in lists."""

    def __init__(self) -> None:
        self.layers = [nn.Dense(2, 2), nn.ReLU()]
        self.scales = (Value(2.0), Value(3.0, requires_grad=False))

    def forward(self, x: Any) -> Value:
        for layer in self.layers:
            x = layer(x)
        return x * self.scales[0] * self.scales[1]  # type: ignore[no-any-return]


def test_modules_and_values_in_lists_are_found() -> None:
    """A list of layers in an attribute is trained and saved like any other layer."""
    stack = Stack()
    assert [name for name, _ in stack.named_modules()] == ["", "layers.0", "layers.1"]
    assert [name for name, _ in stack.named_parameters()] == ["scales.0", "layers.0.weight", "layers.0.bias"]
    assert [name for name, _ in stack.named_buffers()] == ["scales.1"]
    assert stack.buffers() == [stack.scales[1]]
    stack.eval()
    assert not stack.layers[0].training
    assert stack([[1.0, 1.0]]).scope == ("Stack",)
    assert stack.layers[0]([[1.0, 1.0]]).scope == ("layers.0 Dense",)


def test_layers_of_a_sequential_keep_their_short_names() -> None:
    model = nn.Sequential(nn.Dense(1, 1), nn.Sequential(nn.ReLU()))
    assert [name for name, _ in model.named_modules()] == ["", "0", "1", "1.0"]
    assert model[1:]([[1.0]]).scope == ("Sequential", "1 Sequential", "0 ReLU")


def test_a_module_needs_no_init_of_the_base_class() -> None:
    class Bare(nn.Module):
        def forward(self, x: Any) -> Value:
            return Value(x) * 2

    bare = Bare()
    assert bare.training
    assert bare(3.0).data == 6.0


def test_modes_can_be_set_one_by_one() -> None:
    model = nn.Sequential(nn.ReLU(), nn.ReLU())
    model[0].training = False
    assert [m.training for _, m in model.named_modules()] == [True, False, True]
    assert [m.training for _, m in model.train(False).named_modules()] == [False] * 3
    assert list(model.state_dict()) == []  # the mode is no buffer


def test_copies_have_modes_and_hooks_of_their_own() -> None:
    seen: list[str] = []
    model = nn.Sequential(nn.ReLU())
    model[0].register_forward_hook(lambda module, args, output: seen.append("called"))
    other = copy.deepcopy(model)
    other.eval()
    assert model.training
    assert model[0].training
    other([1.0])
    assert seen == ["called"]


# -- hooks ------------------------------------------------------------------------------------------------------------


def test_hooks_run_in_order_and_replace_what_they_return() -> None:
    layer = nn.ReLU()
    log: list[Any] = []
    layer.register_forward_pre_hook(lambda module, args: log.append(("before", args)))
    layer.register_forward_pre_hook(lambda module, args: ([-a for a in args[0]],))
    layer.register_forward_hook(lambda module, args, output: output * 10)
    layer.register_forward_hook(lambda module, args, output: log.append(("after", args, output.data)))
    assert layer([-1.0, 2.0]).data == [10.0, 0.0]
    assert log == [("before", ([-1.0, 2.0],)), ("after", ([1.0, -2.0],), [10.0, 0.0])]


def test_a_removed_hook_is_not_called() -> None:
    layer = nn.ReLU()
    calls: list[int] = []
    handle = layer.register_forward_hook(lambda *_: calls.append(1))
    layer([1.0])
    handle.remove()
    handle.remove()
    layer([1.0])
    assert calls == [1]


def test_the_end_of_a_with_block_removes_a_hook_even_after_an_error() -> None:
    layer = nn.Dense(2, 1)
    calls: list[int] = []
    with pytest.raises(ValueError, match="inner sizes"), layer.register_forward_pre_hook(lambda *_: calls.append(1)):
        layer([[1.0]])
    layer([[1.0, 2.0]])
    assert calls == [1]


def test_a_hook_may_remove_itself() -> None:
    layer = nn.ReLU()
    calls: list[int] = []

    def once(*_: Any) -> None:
        calls.append(1)
        handle.remove()

    handle = layer.register_forward_hook(once)
    layer.register_forward_hook(lambda *_: calls.append(2))
    layer([1.0])
    layer([1.0])
    assert calls == [1, 2, 2]


def test_apply_reaches_every_module_and_returns_the_model() -> None:
    model = nn.Sequential(nn.ReLU(), nn.Residual(nn.Tanh()))
    kinds: list[str] = []
    assert model.apply(lambda module: kinds.append(type(module).__name__)) is model
    assert kinds == ["Sequential", "ReLU", "Residual", "Sequential", "Tanh", "Identity"]


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_int_buffers_take_whole_floats_and_nothing_else() -> None:
    """Files of weights know only floats; a count of batches comes back as 3.0."""
    layer = nn.BatchNorm1d(1)
    state = {**layer.state_dict(), "num_batches_tracked": 3.0}
    layer.load_state_dict(state)
    assert layer.num_batches_tracked is not None
    assert (layer.num_batches_tracked.data, type(layer.num_batches_tracked.data)) == (3, int)
    for wrong in (2.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"num_batches_tracked is .*; it must be a whole number"):
            layer.load_state_dict({**state, "running_mean": [7.0], "num_batches_tracked": wrong})
    assert layer.state_dict() == {**state, "num_batches_tracked": 3}


def test_as_ints_keeps_the_nesting() -> None:
    assert as_ints([[1.0], [2]], "x") == [[1], [2]]


def test_a_setting_is_one_value_for_good() -> None:
    setting = Setting(1.0)
    value = setting.value
    setting.number = 2.0
    assert setting.value is value
    assert value.data == 2.0


def test_an_error_says_in_which_layer() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), nn.Dense(8, 2)))  # without a Flatten
    with pytest.raises(ValueError, match="inner sizes 2 and 8 differ") as caught:
        model([[[[0.5] * 4] * 4]])
    assert caught.value.__notes__ == ["in Sequential > 1 Sequential > 1 Dense"]


def test_names_of_pytorch_say_what_they_are_here() -> None:
    for name, words in {"Linear": "; use nn.Dense, whose weight is (in, out)", "Liner": ""}.items():
        with pytest.raises(AttributeError) as caught:
            getattr(nn, name)
        assert str(caught.value) == f"module 'nn' has no attribute {name!r}{words}"
    assert not hasattr(nn, "functional")


def test_rooms_that_are_imported_when_used_need_no_import() -> None:
    code = "import nn, sys; assert 'nn.plots' not in sys.modules; nn.plots.plot_filters; nn.compare; nn.handwritten"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_is_no_layer_is_named_with_a_remedy() -> None:
    with pytest.raises(TypeError, match=r"argument 0 is a list, not a Module; .* Sequential\(\*layers\)"):
        nn.Sequential([nn.ReLU()])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"argument 1 is a type, not a Module; .* nn\.ReLU\(\)"):
        nn.Sequential(nn.Flatten(), nn.ReLU)  # type: ignore[arg-type]
