"""What a computation would cost on exact numbers, told before it is run on them.

A rational function of the inputs of numerator degree p and denominator degree q has about p + q times as many digits as
they. Products add degrees and squares double them: forty squarings in a row would need more digits than there is
memory.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..shapes import numel
from ..value import Value

__all__ = ["operations", "rational_degree"]

Degree = tuple[int, int]

_MOVEMENT = {"reshape", "permute_dims", "broadcast_to", "crop", "pad", "flip", "concat", "gather", "neg", "abs", "relu"}


def rational_degree(outs: Iterable[Value]) -> int:
    """Degree of the numerator plus that of the denominator, of the largest of `outs` as rational functions.

    >>> x = Value(2.0)
    >>> rational_degree([x * x * x]), rational_degree([1 / (x * x)])
    (3, 2)
    """
    known: dict[Value, Degree] = {}
    stack = list(outs)
    ends = list(stack)
    while stack:
        node = stack[-1]
        waiting = [x for x in node.inputs if x not in known and x.requires_grad]
        if node not in known and waiting:
            stack += waiting
            continue
        known[node] = _degree(node, [known.get(x, (0, 0)) for x in node.inputs])
        stack.pop()
    return max((sum(known[out]) for out in ends), default=0)


def operations(outs: Iterable[Value]) -> int:
    """About how many operations on single numbers the computation of `outs` takes.

    >>> x = Value([[1.0, 2.0], [3.0, 4.0]])
    >>> operations([x @ x + x])
    12
    """
    seen = set(outs)
    stack = list(seen)
    total = 0
    while stack:
        node = stack.pop()
        if node.op is not None:
            total += max(node.size, *(x.size for x in node.inputs)) * _terms(node)
        for x in node.inputs:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return total


def _terms(node: Value) -> int:
    """How many products are added up into one number of the result."""
    if node.op is None or not node.size:
        return 0
    if node.op.name == "matmul":
        return node.inputs[0].shape[-1]
    if node.op.name == "conv2d":
        return numel(node.inputs[1].shape[1:])
    return 1


def _degree(node: Value, inputs: list[Degree]) -> Degree:
    if node.op is None:
        return (1, 0) if node.requires_grad else (0, 0)
    name = node.op.name
    p = sum(a for a, _ in inputs)
    q = sum(b for _, b in inputs)
    if name == "div":
        (a, b), (c, d) = inputs
        return a + d, b + c
    if name == "pow":
        exponent = max((abs(float(v)) for v in node.inputs[1]._flat()[:100] if not isinstance(v, complex)), default=1)
        times = max(1, int(exponent))
        return p * times, q * times
    # Adding k terms keeps the degree of polynomials, but multiplies up all the denominators.
    terms = max(1, max((x.size for x in node.inputs), default=1) // max(node.size, 1))
    if name in ("mul", "matmul", "conv2d", "conv2d_input_grad", "conv2d_weight_grad"):
        return p + q * (terms - 1), q * terms
    if name in _MOVEMENT:
        return max((a for a, _ in inputs), default=0), max((b for _, b in inputs), default=0)
    return max((a - b for a, b in inputs), default=0) + q * terms, q * terms
