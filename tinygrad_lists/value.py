"""Value: a number or a tensor that remembers how it was made.

A node of the graph is data, never a closure: the primitive that made it (``op``), the Values it was made from
(``inputs``, in order, so that ``a + a`` has two edges) and the primitive's parameters. Nodes point only to older nodes,
so there is no reference cycle and a graph is freed the moment its last user lets go. One or two inputs, the usual case,
have slots of their own: a tuple would be one more object to make, to keep and, for Python's cyclic collector, to visit.

Every Value carries a serial number from one counter. An operation can use only what exists already, so *serial order is
a topological order*; and assigning new data gives a Value a new serial, so a node that is older than one of its inputs
betrays that the input has changed since.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from . import modes
from .nested import flatten, nest
from .notes import as_mask, is_mask, keep_mask
from .number_kinds import in_kind, shown
from .primitives import Primitive
from .protocols import Protocols
from .shapes import Shape

__all__ = ["NO_PARAMS", "Value", "constant", "next_serial"]

next_serial = count(1).__next__

NO_PARAMS: dict[str, Any] = {}


class Value(Protocols):
    """A scalar or tensor in a computation that can be differentiated.

    Args:
        data: a number, nested lists or tuples of numbers, or anything with the buffer protocol (NumPy arrays). Any kind
            of number: float, complex, Fraction, Decimal. Where a gradient is wanted, bool and int become float.
        requires_grad: whether `backward` should compute a gradient for it. False makes a constant; of bools, a mask.
        name: for pictures and messages.

    Raises:
        ValueError: ragged lists. TypeError: something that is not a number; kinds that do not mix (float and Decimal);
            `requires_grad` that is neither True nor False.

    >>> a = Value(2.0)
    >>> b = Value([[1.0, 2.0], [3.0, 4.0]])
    >>> loss = (a * b).sum()
    >>> loss.backward()
    >>> a.grad, b.grad
    (10.0, [[2.0, 2.0], [2.0, 2.0]])
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_grad",
        "_serial",
        "_x",
        "_y",
        "op",
        "params",
        "requires_grad",
        "shape",
    )

    _data: Any  # a bare number for a scalar, a flat row-major list for a tensor; never changed in place
    _grad: Any  # None, or like _data
    _serial: int
    _x: Value | tuple[Value, ...] | None  # the first input; where there are more than two, all of them
    _y: Value | None  # the second of one or two
    op: Primitive | None
    params: dict[str, Any]
    requires_grad: bool
    shape: Shape

    __array_ufunc__ = None  # so that `numpy_array * value` asks Value and does not take it apart

    def __init__(self, data: Any, requires_grad: bool = True, name: str | None = None) -> None:
        if requires_grad is not True and requires_grad is not False:
            raise TypeError(
                f"Value: requires_grad is True or False, not {shown(requires_grad)}; several numbers are one list: "
                f"Value([1.0, 2.0])"
            )
        if isinstance(data, Value):
            if modes.active and (trace := modes.state.trace) is not None:
                trace.copy(self, data, requires_grad, name)
                return
            flat, shape = data._flat(), data.shape
        else:
            flat, shape = flatten(data)
        if requires_grad and flat and type(flat[0]) is int:
            flat = _floats(flat)
        self._set(flat if shape else flat[0], shape)
        self.requires_grad = requires_grad
        if name is not None:
            self._meta = {"name": name}
        if not requires_grad:
            keep_mask(self, data)

    def _set(self, data: Any, shape: Shape) -> None:
        """Become a leaf that holds `data`."""
        self._data = data
        self.shape = shape
        self._grad = None
        self._meta = None
        self._serial = next_serial()
        self.op = self._x = self._y = None
        self.params = NO_PARAMS

    # -- what it holds ------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The number, or the numbers as fresh nested lists. Assigning replaces them, in the same shape, else
        ValueError.

        The lists are the caller's own: to change one element of a Value, change the list and assign it.

        Assigning to the result of an operation makes it a leaf. A graph built on the old data will refuse to run
        backward.

        >>> w = Value([1.0, 2.0])
        >>> w.data = [3.0, 4.0]
        >>> w.data
        [3.0, 4.0]
        """
        if modes.active and (reader := modes.state.reader) is not None:
            reader(self)
        return nest(self._data, self.shape) if self.shape else self._data

    @data.setter
    def data(self, new: Any) -> None:
        self.assign(new)

    @property
    def grad(self) -> Any:
        """Gradient as plain number or nested lists, in the shape of the data; None until a backward pass reaches this
        Value. Can be assigned: None, or numbers in that shape, else ValueError.

        >>> x = Value(3.0)
        >>> print(x.grad)
        None
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        if modes.active and (trace := modes.state.trace) is not None:
            return trace.read_grad(self)
        if self._grad is None or not self.shape:
            return self._grad
        return nest(self._grad, self.shape)

    @grad.setter
    def grad(self, new: Any) -> None:
        if modes.active and (trace := modes.state.trace) is not None:
            trace.set_grad(self, new)
            return
        self._grad = None if new is None else self._like(new, "grad")

    @property
    def grad_value(self) -> Value | None:
        """The gradient as a constant Value, or None: what an optimiser computes with.

        >>> w = Value([1.0, 2.0])
        >>> (w * w).sum().backward()
        >>> w.assign(w - 0.25 * w.grad_value).data
        [0.5, 1.0]
        """
        if modes.active and (trace := modes.state.trace) is not None:
            return trace.grad_of(self)  # type: ignore[no-any-return]
        return None if self._grad is None else constant(self._grad, self.shape)

    def assign(self, new: Any) -> Value:
        """Replace the data by a Value, number or nested lists of the same shape; returns self.

        ValueError for another shape, TypeError for what is no number.

        >>> w = Value(1.0)
        >>> w.assign(w - 0.25).data
        0.75
        """
        if modes.active and (trace := modes.state.trace) is not None:
            trace.assign(self, new)
            return self
        data = self._like(new, "data")
        grad, meta = self._grad, self._meta
        self._set(data, self.shape)
        self._grad, self._meta = grad, meta
        return self if self.requires_grad else keep_mask(self, new)

    def _like(self, new: Any, what: str) -> Any:
        """Bare data of `new`, which must have the shape of self."""
        flat, shape = (new._flat(), new.shape) if isinstance(new, Value) else flatten(new, op=what)
        if shape != self.shape:
            raise ValueError(f"{what}: cannot assign shape {shape} to a Value of shape {self.shape}")
        if self.requires_grad and flat and type(flat[0]) is int:
            flat = in_kind(what, flat, self._flat()[0])
        return flat if shape else flat[0]

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values that it was computed from, in order; none for a leaf, or for what was made of constants only.

        The result of a comparison or of argmax has inputs too, for pictures, though no gradient flows through it. Who
        keeps such results and not their graph keeps `detach` of them, or computes them inside `no_grad`.

        >>> a, b = Value(2.0), Value(3.0)
        >>> (a * b).inputs == (a, b), a.inputs
        (True, ())
        """
        x = self._x
        if x is None or x.__class__ is tuple:
            return x or ()
        return (x,) if self._y is None else (x, self._y)  # type: ignore[return-value]

    @inputs.setter
    def inputs(self, new: tuple[Value, ...]) -> None:
        self._x, self._y = (new, None) if len(new) > 2 else (*new, None, None)[:2]

    def item(self) -> Any:
        """The one number of a Value that has one element, of any number of axes. ValueError for none or several.

        >>> Value([[7.0]]).item()
        7.0
        """
        if self.size != 1:
            raise ValueError(f"item: a Value of shape {self.shape} has {self.size} elements, not one; use .data")
        if modes.active and (reader := modes.state.reader) is not None:
            reader(self)
        return self._flat()[0]

    def tolist(self) -> Any:
        """The same as `data`: a number for a scalar, else nested lists.

        >>> Value([1.0, 2.0]).tolist()
        [1.0, 2.0]
        """
        return self.data

    def detach(self) -> Value:
        """A constant with the same data and shape: gradients stop here.

        >>> x = Value(3.0)
        >>> (x * x.detach()).backward()
        >>> x.grad
        3.0
        """
        if modes.active and (trace := modes.state.trace) is not None:
            return trace.detach(self)  # type: ignore[no-any-return]
        leaf = constant(self._data, self.shape)
        return leaf if self._meta is None else keep_mask(leaf, self)

    def _flat(self) -> list[Any]:
        if modes.active and (trace := modes.state.trace) is not None:
            return trace.numbers(self)  # type: ignore[no-any-return]
        return self._data if self.shape else [self._data]

    # -- as Python object ---------------------------------------------------------------------------------------------

    def __rmatmul__(self, other: Any) -> Value:
        return Value(other, requires_grad=False).matmul(self)

    def __reduce__(self) -> tuple[Callable[..., Value], tuple[Any, ...]]:
        """Pickling and copying keep the data, the gradient, the name and that it is a mask, not the graph behind."""
        return _rebuild, (self._data, self.shape, self._grad, self.requires_grad, self.name, is_mask(self))


def constant(data: Any, shape: Shape) -> Value:
    """A leaf without gradient around bare data, which is not copied."""
    leaf: Value = object.__new__(Value)
    leaf._set(data, shape)
    leaf.requires_grad = False
    return leaf


def _floats(flat: list[Any]) -> list[Any]:
    try:
        return list(map(float, flat))
    except OverflowError:
        raise OverflowError("Value: an int is too large for a float; use Fraction(n) or Decimal(n)") from None


def _rebuild(data: Any, shape: Shape, grad: Any, requires_grad: bool, name: str | None, mask: bool = False) -> Value:
    leaf = constant(data, shape)
    leaf._grad = grad
    leaf.requires_grad = requires_grad
    if name is not None:
        leaf.name = name
    return as_mask(leaf) if mask else leaf
