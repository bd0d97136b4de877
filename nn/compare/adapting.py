"""Somebody's class or functions behind the protocol of the handwritten layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from . import values
from .binding import accepts, call
from .kinds import output_shape, role
from .ownership import Place, find_gradients, find_place
from .problems import HomeworkError, Problem
from .sources import Source

__all__ = ["Adapted", "Conventions"]

Nested = values.Nested

#: Attributes in which some keep what others return.
_OUTPUTS = ("output", "outputs", "out")
_INPUT_GRADIENTS = ("dinputs", "dinput", "dx", "dX", "input_gradient", "grad_input", "inputs_gradient")
_RESETS = ("zero_grad", "zero_gradients", "reset_gradients")


class Conventions(NamedTuple):
    """How somebody's code wants to be called: as declared by attributes of these names, or as found by trying.

    Attributes:
        batch: whether inputs are (N, ...).
        arrays: "lists" or "numpy".
        labels: "one-hot" rows or class "index".
    """

    batch: bool = False
    arrays: str = "lists"
    labels: str = "one-hot"


class Adapted:
    """A layer or loss of somebody's with the methods of `nn.handwritten`: `forward`, `backward`, `parameters`,
    `gradients`; and `set_parameters`.

    Attributes:
        kind: What it should compute.
        batched: Whether it takes (N, ...) at once. A loss always takes one sample here.
        conventions: What its code is given.
        problems: What was noticed besides numbers, each once: it changed its input, returned NaN ...
        source: What was handed in.
        choices: The settings that it can be made with, of those that its kind has.
        stride, padding, size: as far as the kind has them.
    """

    stride: int | None
    padding: int | None
    size: int

    def __init__(
        self, source: Source, parameters: Mapping[str, Nested], settings: Mapping[str, Any], conventions: Conventions
    ) -> None:
        self.kind, self.name, self.settings = source.kind, source.name, dict(settings)
        self.adopt(conventions)
        self.problems: list[Problem] = []
        self.choices = [name for name in self.kind.defaults if source.takes(name)]
        self.source = source
        for name, value in self.settings.items():
            setattr(self, name, value)
        self._parameters = values.copied_dict(parameters)

    def adopt(self, conventions: Conventions) -> None:
        """Call the code in another way from now on."""
        self.conventions = conventions
        self.batched = conventions.batch and not self.kind.loss
        self._built_for: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        taken = "a batch" if self.conventions.batch else "one sample"
        return f"<{self.name} as {self.kind.name}: takes {taken}, {self.conventions.arrays}>"

    # -- parameters ---------------------------------------------------------------------------------------------------

    def parameters(self) -> dict[str, Nested]:
        """The parameters by name, in the layout of `nn.handwritten`; copies."""
        return values.copied_dict(self._parameters)

    def set_parameters(self, parameters: Mapping[str, Nested]) -> None:
        """Take other parameters: a class is made anew, an object's attributes are set."""
        self._parameters = values.copied_dict(parameters)
        self._built_for = None

    def _build(self, x_shape: tuple[int, ...]) -> None:
        """Make the object with the present parameters, unless that is done."""
        if self._built_for == x_shape:
            return
        arrays = self.conventions.arrays
        self._given = {name: values.handed(value, arrays) for name, value in self._parameters.items()}
        self._object = self.source.build(self._given, x_shape, self.settings)
        self._places: dict[str, Place] = {}
        for name, value in self._parameters.items() if self._object is not None else ():
            place = find_place(self._object, name, values.shape_of(value), arrays)
            if place is None:
                setattr(self._object, name, self._given[name])
            else:
                place.set(value)
                self._places[name] = place
        self._built_for = x_shape

    def install(self) -> None:
        """Put the present parameters into an object that was handed in, without running it."""
        self._build(())

    def kept_gradients(self) -> dict[str, Nested]:
        """The gradients that the object keeps at present, whoever called its `backward`."""
        found = find_gradients(self._object, self.kind.parameters) if self._object is not None else {}
        return {name: self._in_our_layout(name, values.read(v, f"gradient of {name}")) for name, v in found.items()}

    def _in_our_layout(self, name: str, value: Nested) -> Nested:
        return self._places[name].to_ours(value) if name in self._places else value

    def _check_parameters(self, what: str) -> None:
        for name, before in self._parameters.items():
            now = self._places[name].get() if name in self._places else self._given[name]
            if not values.unchanged(now, before):
                self._notice("changed its parameters", f"{what} changed {name}; only the optimiser may")

    # -- the passes ---------------------------------------------------------------------------------------------------

    def forward(self, x: Nested, label: Nested = None) -> Nested:
        """The output for x: one sample, or (N, ...) if `batched`."""
        self._x, self._wrapped = x, self.conventions.batch and not self.batched
        shape = values.shape_of(x)[1:] if self.batched else values.shape_of(x)
        self._build(shape)
        for name in _RESETS:
            reset = getattr(self._object, name, None)
            if callable(reset):
                reset()
        self._input_before = values.copied([x] if self._wrapped else x)
        self._input = values.handed(self._input_before, self.conventions.arrays)
        self._call = {"input": self._input}
        if self.kind.loss:
            self._call["label"] = self._handed_label(label)
        self._call.update({**self._given, **self._settings()} if self.source.functions else self._settings())
        what = f"{self.name}.forward"
        result = call(self.source.method(self._object, "forward"), self._call, what)
        if result is None:
            result = self._kept(_OUTPUTS)
        self._check_input(what)
        if accepts(self.source.method(self._object, "backward"), "cache"):
            if not isinstance(result, tuple) or len(result) != 2:
                raise HomeworkError.of(
                    "not a number", f"{what} should return (output, cache), as backward takes a cache"
                )
            result, self._call["cache"] = result
        if self.kind.loss and isinstance(result, tuple) and result:
            result = result[0]  # (loss, probabilities)
        y = self._unwrapped(values.read(result, what), what)
        shapes = {name: values.shape_of(p) for name, p in self._parameters.items()}
        wanted = output_shape(self.kind.name, shape, shapes, self.settings)
        self._check(y, (len(x), *wanted) if self.batched else wanted, what, x)
        self._check_parameters(what)
        return y

    def backward(self, gradient: Nested = 1.0) -> Nested:
        """The gradient of the input of the last `forward`, for that of its output."""
        if not hasattr(self, "_call"):
            raise RuntimeError(f"{self.name}: backward before forward: call forward(x) first")
        what = f"{self.name}.backward"
        before = values.copied([gradient] if self._wrapped and not self.kind.loss else gradient)
        given = values.handed(before, self.conventions.arrays)
        arguments = {"gradient": given, **self._call}
        method = self.source.method(self._object, "backward")
        if self.kind.loss and self.source.functions and not accepts(method, "gradient"):
            del arguments["gradient"]
        result = call(method, arguments, what)
        if result is None:
            result = self._kept(_INPUT_GRADIENTS)
        if not values.unchanged(given, before):
            self._notice(
                "changed the gradient it is given", f"{what} changed the gradient of its output; copy it first"
            )
        self._check_input(what)
        returned, parameter_gradients = self._split(result, what)
        x_gradient = self._unwrapped(returned, what)
        self._check(x_gradient, values.shape_of(self._x), f"{what}: gradient of the input", gradient)
        for name, value in parameter_gradients.items():
            self._check(value, values.shape_of(self._parameters[name]), f"{what}: gradient of {name}", gradient)
        self._gradients = parameter_gradients
        self._check_parameters(what)
        return x_gradient

    def gradients(self) -> dict[str, Nested]:
        """The gradients of the parameters that the last `backward` left; a name is missing where there is none."""
        if not hasattr(self, "_gradients"):
            raise RuntimeError(f"{self.name}: no gradients yet: call forward(x), then backward(gradient)")
        return values.copied_dict(self._gradients)

    # -- what goes in and comes out -----------------------------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        settings = dict(self.settings)
        if "size" in settings and settings.get("stride") is None:
            settings["stride"] = settings["size"]
        return settings

    def _handed_label(self, label: Nested) -> Any:
        chosen = list(label).index(1) if self.conventions.labels == "index" else label
        return values.handed([chosen] if self._wrapped else chosen, self.conventions.arrays)

    def _unwrapped(self, value: Nested, what: str) -> Nested:
        """The only sample of a batch of one."""
        if not self._wrapped or not isinstance(value, list):
            return value
        if len(value) != 1:
            self._notice("wrong shape", f"{what} returned {values.shape_of(value)} for a batch of 1")
            return value
        return value[0]

    def _split(self, result: Any, what: str) -> tuple[Nested, dict[str, Nested]]:
        """The gradients of the input and of the parameters, from what `backward` returned and the object keeps."""
        names = self.kind.parameters
        gradients = find_gradients(self._object, names) if self._object is not None else {}
        if isinstance(result, dict):
            gradients.update(find_gradients(_Bag({"gradients": result}), names))
            inputs = [value for key, value in result.items() if _is_input(key)]
            result = inputs[0] if inputs else None
        elif (
            isinstance(result, tuple)
            and names
            and len(result) == 1 + len(names)
            and not self._is_input_gradient(result)
        ):
            gradients.update(zip(names, result[1:], strict=True))
            result = result[0]
        read = {name: values.read(value, f"{what}: gradient of {name}") for name, value in gradients.items()}
        for name in names:
            if name not in read:
                self._notice(
                    "no gradient",
                    f"{what} left no gradient of {name}: return (dx, {', '.join('d' + n for n in names)}), or set "
                    f"self.{name}_gradient",
                )
            else:
                read[name] = self._in_our_layout(name, read[name])
        return values.read(result, what), read

    def _kept(self, names: tuple[str, ...]) -> Any:
        """What the object keeps instead of returning it; None if it keeps nothing of these names."""
        own = getattr(self._object, "__dict__", {})
        return next((own[name] for name in names if own.get(name) is not None), None)

    def _is_input_gradient(self, result: tuple[Any, ...]) -> bool:
        """Whether a tuple is one tensor, and not several: it has the shape of the input."""
        try:
            return values.shape_of(values.read(result, "")) == values.shape_of(self._input_before)
        except HomeworkError:
            return False

    # -- what is noticed ----------------------------------------------------------------------------------------------

    def _notice(self, kind: str, text: str) -> None:
        problem = Problem(kind, text)
        if all(known.kind != kind or known.text != text for known in self.problems):
            self.problems.append(problem)

    def _check_input(self, what: str) -> None:
        if not values.unchanged(self._input, self._input_before):
            self._notice("changed its input", f"{what} changed its input; copy it first")

    def _check(self, value: Nested, wanted: tuple[int, ...], what: str, source: Nested) -> None:
        shape = values.shape_of(value)
        if shape != wanted:
            self._notice("wrong shape", f"{what}: shape {shape}, expected {wanted}")
        found = values.first_not_finite(value)
        if found is not None and values.first_not_finite(source) is None:
            index, number = found
            self._notice("not finite", f"{what}: {number} at {list(index)}, from finite numbers")


class _Bag:
    def __init__(self, attributes: dict[str, Any]) -> None:
        self.__dict__.update(attributes)


def _is_input(key: Any) -> bool:
    plain = str(key).lower()
    return any(role(name, ["input"]) is not None for name in (plain, plain.removeprefix("d").strip("_")))
