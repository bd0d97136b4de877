"""Functions of functions: from `f`, a function that computes its derivative.

================================= =====================================================================
``grad(f)(*args)``                gradient of a scalar function
``value_and_grad(f)(*args)``      the same, with the value
``vjp(f, *args)``                 value, and ``u -> uᵀJ`` (reverse mode)
``jvp(f, args, tangents)``        value, and ``J t`` (forward mode)
``jacobian(f)(*args)``            ``J[i..., j...] = d out[i...] / d in[j...]``
``hessian(f)(*args)``             ``H[i..., j...] = d²f / d in[i...] d in[j...]``
``hvp(f, args, tangents)``        ``H t`` without forming H
================================= =====================================================================

Arguments are Values, numbers, nested lists, or trees of them (see `trees`); a gradient has the structure of its
argument. They are taken as independent variables whether or not they require a gradient, and nobody's ``.grad`` is
touched. Results are Values that can be differentiated again, with respect to anything outside that requires a gradient:
transforms nest to any order, and each sees its own variables only. Where nothing outside does, or inside `no_grad`, the
results are constants and the graph is freed at once: wrap a training loop in `no_grad`.

All raise TypeError for an `f` that is no function, for one that returns anything but Values, and for one that returns a
plain number which it computed from ``x.data`` or ``float(x)``, through which no gradient flows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from . import modes
from .backward import gradients, seed_for
from .evaluation import Argnums, Evaluation, function_of, zeros
from .functions import reshape, stack
from .trees import arguments, leaves, map_tree, match
from .value import Value, constant

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Function = Callable[..., Any]


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The gradient function of a scalar function: ``df/dx_i``, in the shape of x.

    Args:
        f: returns a scalar Value; or, with `has_aux`, a pair of that and anything.
        argnums: position of the argument to differentiate with respect to, or several: then the result is a tuple.
        has_aux: let the gradient function return ``(gradient, auxiliary)``.

    Raises (when called):
        ValueError: `f` returns something that is not a scalar; `argnums` names no argument. TypeError: it returns a
            plain number that it computed from ``x.data`` or ``float(x)``, through which no gradient flows, or what is
            no number at all.

    >>> grad(lambda x: x**3)(2.0).data
    12.0
    >>> grad(grad(lambda x: x**3))(2.0).data
    12.0
    >>> grad(lambda p: (p["w"] * 3 + p["b"]).sum())({"w": Value([1.0, 2.0]), "b": 0.0})["w"].data
    [3.0, 3.0]
    """
    both = _value_and_grad(f, argnums, has_aux, "grad")

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, slopes = both(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return update_wrapper(gradient, f)


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Like `grad`, but the function returns ``(value, gradient)``; with `has_aux`, ``((value, auxiliary), gradient)``.

    Shapes and errors as in `grad`: the value is a scalar, the gradient has the shape of its argument.

    >>> value, slope = value_and_grad(lambda x: x * x)(3.0)
    >>> value.data, slope.data
    (9.0, 6.0)
    """
    return update_wrapper(_value_and_grad(f, argnums, has_aux, "value_and_grad"), f)


def _value_and_grad(f: Function, argnums: Argnums, has_aux: bool, op: str) -> Function:
    function_of(op, f)

    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        run = Evaluation(op, f, args, argnums, kwargs, has_aux)
        out = run.scalar()
        slopes = run.pull_back([out], [seed_for(out, op=op)])
        value = run.result()
        return (value, run.aux) if has_aux else value, run.shaped(slopes)

    return both


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Value of ``f(*primals)`` and its pull-back, which takes the gradient of a loss back through `f`.

    The pull-back takes a cotangent ``u`` of the structure and shape of the value and returns a tuple with ``uᵀ J`` for
    each of `primals`, in its shape. It may be called many times; for a scalar value ``u`` may be left out, and is 1.

    Returns:
        ``(value, pull_back)``, with `has_aux` ``(value, pull_back, auxiliary)``.

    Raises:
        TypeError: `f` returns no Values, or numbers that it read out. ValueError, from the pull-back: a cotangent of
            another shape or structure; none for a value that is not a scalar.

    >>> value, pull_back = vjp(lambda x, y: x * y, Value([1.0, 2.0]), 10.0)
    >>> [u.data for u in pull_back([1.0, 0.5])]
    [[10.0, 5.0], 2.0]
    """
    run = Evaluation("vjp", function_of("vjp", f), primals, range(len(primals)), {}, has_aux)

    def pull_back(cotangent: Any = None) -> Any:
        return run.shaped(run.pull_back(leaves(run.out), _seeds("vjp", run.out, cotangent)))

    return (run.result(), pull_back, run.aux) if has_aux else (run.result(), pull_back)


def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Value of ``f(*primals)`` and its directional derivative ``J t``: how it changes when the arguments move along
    `tangents`.

    Forward mode by two reverse passes (J. Townsend, 2017): ``u -> uᵀ J`` is linear in ``u``, and its own pull-back
    applied to ``t`` is ``J t``. That needs nothing but the rules there are, because each is linear in its cotangent and
    differentiable; it costs about three evaluations of `f`, as a direct forward mode does, but keeps the graph.

    Args:
        primals: tuple or list of the arguments; anything else, also a list of numbers, is the one argument.
        tangents: direction, in the structure and shapes of `primals`.

    Returns:
        ``(value, slope)``, both in the structure and shapes of what `f` returns.

    Raises:
        ValueError: not as many tangents as arguments, or one of another shape. TypeError: `f` returns no Values, or
            numbers that it read out; a tangent of another kind of number.

    >>> value, slope = jvp(lambda x, y: x * y, (Value(3.0), Value(4.0)), (1.0, 0.5))
    >>> value.data, slope.data
    (12.0, 5.5)
    """
    run, directions = _directed("jvp", f, primals, tangents)
    outs = leaves(run.out)
    free = [Value(zeros(out.shape, out)) for out in outs]
    with modes.recording():
        slopes = gradients(outs, free, create_graph=True, targets=run.variables)
    moved = iter(run.derivative_along(directions, slopes, free))
    return run.result(), map_tree(lambda _: next(moved), run.out)


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """The function of all derivatives of all outputs: ``J[i..., j...] = d out[i...] / d in[j...]``.

    For outputs of shape S and an argument of shape T the Jacobian has shape S + T. It takes one pull-back per output
    element. Where `f` returns a tree, the result has that structure, and inside it that of the argument.

    Raises (when called):
        TypeError: `f` returns no Values, or numbers that it read out. ValueError: `argnums` names no argument.

    >>> jacobian(lambda x: x * x)(Value([1.0, 2.0])).data
    [[2.0, 0.0], [0.0, 4.0]]
    """
    return update_wrapper(_jacobian(f, argnums, "jacobian"), f)


def _jacobian(f: Function, argnums: Argnums, op: str) -> Function:
    function_of(op, f)

    def jacobians(*args: Any, **kwargs: Any) -> Any:
        run = Evaluation(op, f, args, argnums, kwargs)

        def rows_of(out: Value) -> Any:
            rows = [run.pull_back([out], [_unit(out, i)]) for i in range(out.size)]
            columns = []
            for j, v in enumerate(run.variables):
                whole = stack([row[j] for row in rows]) if rows else zeros((0, *v.shape), v)
                columns.append(reshape(whole, (*out.shape, *v.shape)))
            return run.shaped(columns)

        return map_tree(rows_of, run.out)

    return jacobians


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The function of all second derivatives ``H[i..., j...] = d²f / d in[i...] d in[j...]`` of a scalar function: the
    Jacobian of its gradient.

    For an argument of shape T the Hessian has shape T + T; for several arguments it is a tuple of tuples.

    Raises (when called):
        ValueError: `f` returns something that is not a scalar; `argnums` names no argument. TypeError: as in `grad`.

    >>> hessian(lambda x: (x**3).sum())(Value([1.0, 2.0])).data
    [[6.0, 0.0], [0.0, 12.0]]
    """
    both = _value_and_grad(f, argnums, False, "hessian")
    return update_wrapper(_jacobian(lambda *args, **kwargs: both(*args, **kwargs)[1], argnums, "hessian"), f)


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """Hessian-vector product ``H t`` of a scalar function, at the cost of about two gradients: the gradient of
    ``<grad f, t>`` (Pearlmutter, 1994).

    Args:
        primals: tuple or list of the arguments; anything else, also a list of numbers, is the one argument.
        tangents: vector, in the structure and shapes of `primals`.

    Returns:
        A tuple with one entry for each of `primals`, in its shape; for one argument by itself, the entry itself.

    Raises:
        ValueError: `f` returns something that is not a scalar; not as many tangents as arguments, or one of another
            shape. TypeError: as in `grad`.

    >>> hvp(lambda x: (x**3).sum(), Value([1.0, 2.0]), [1.0, 1.0]).data
    [6.0, 12.0]
    """
    run, directions = _directed("hvp", f, primals, tangents)
    out = run.scalar()
    with modes.recording():
        slopes = gradients([out], [seed_for(out, op="hvp")], create_graph=True, targets=run.variables)
    products = run.shaped(run.derivative_along(directions, slopes, run.variables))
    return products[0] if _alone(primals) else products


def _directed(op: str, f: Function, primals: Any, tangents: Any) -> tuple[Evaluation, list[Value]]:
    """A run of `f` and a direction for each of its variables."""
    args = arguments(primals)
    if _alone(primals):
        tangents = (tangents,)
    run = Evaluation(op, function_of(op, f), args, range(len(args)), {})
    return run, [seed_for(v, t, op=op, what="tangent") for v, t in match(run.arguments, tangents, op=op)]


def _alone(primals: Any) -> bool:
    """Whether `primals` is the one argument, and no sequence of arguments."""
    return any(argument is primals for argument in arguments(primals))


def _seeds(op: str, out: Any, cotangent: Any) -> list[Value]:
    if isinstance(out, Value):
        return [seed_for(out, cotangent, op=op, what="cotangent")]
    return [seed_for(leaf, u, op=op, what="cotangent") for leaf, u in match(out, cotangent, op=op)]


def _unit(out: Value, i: int) -> Value:
    """Zeros like `out` with a one at flat position `i`."""
    flat = zeros(out.shape, out)._flat().copy()
    flat[i] = flat[i] + 1
    return constant(flat if out.shape else flat[0], out.shape)
