"""What pictures say about each operation: its formula, its derivatives, and its rule as the source has it."""

from __future__ import annotations

import ast
import inspect
from functools import cache

from .. import vjps
from ..primitives import PRIMITIVES, Primitive
from .model import OpText

__all__ = ["FORMULAS", "op_text"]

#: Formula, and derivative with respect to each input. x, y, z are the inputs in order, g the gradient of the result.
FORMULAS: dict[str, tuple[str, ...]] = {
    "add": ("x + y", "1", "1"),
    "sub": ("x − y", "1", "−1"),
    "mul": ("x · y", "y", "x"),
    "div": ("x / y", "1 / y", "−out / y"),
    "pow": ("x ^ y", "y · x^(y − 1)", "out · log x"),
    "maximum": ("max(x, y)", "1 if x > y, ½ if equal, else 0", "1 if y > x, ½ if equal, else 0"),
    "minimum": ("min(x, y)", "1 if x < y, ½ if equal, else 0", "1 if y < x, ½ if equal, else 0"),
    "floor_divide": ("⌊x / y⌋", "0", "0"),
    "remainder": ("x − y · ⌊x / y⌋", "1", "−⌊x / y⌋"),
    "neg": ("−x", "−1"),
    "abs": ("|x|", "sign x"),
    "sign": ("sign x", "0"),
    "floor": ("⌊x⌋", "0"),
    "exp": ("e^x", "out"),
    "log": ("log x", "1 / x"),
    "log1p": ("log(1 + x)", "1 / (1 + x)"),
    "expm1": ("e^x − 1", "out + 1"),
    "sqrt": ("√x", "1 / (2 · out)"),
    "sin": ("sin x", "cos x"),
    "cos": ("cos x", "−sin x"),
    "tan": ("tan x", "1 + out²"),
    "tanh": ("tanh x", "1 − out²"),
    "erf": ("erf x", "2/√π · e^(−x²)"),
    "sigmoid": ("1 / (1 + e^(−x))", "out · (1 − out)"),
    "softplus": ("log(1 + e^x)", "sigmoid x"),
    "relu": ("max(x, 0)", "1 if x > 0, else 0"),
    "gate": ("x where y > 0, else 0", "1 if y > 0, else 0", "none"),
    "where": ("y where x is true, else z", "none", "1 where x is true, else 0", "0 where x is true, else 1"),
    "less": ("x < y",),
    "less_equal": ("x ≤ y",),
    "greater": ("x > y",),
    "greater_equal": ("x ≥ y",),
    "equal": ("x = y",),
    "not_equal": ("x ≠ y",),
    "sum": ("Σ x over axes", "1 for each element: g spreads over the axes"),
    "max": ("max of x over axes", "1 at the maximum, shared equally among equals"),
    "min": ("min of x over axes", "1 at the minimum, shared equally among equals"),
    "argmax": ("index of the maximum along axis",),
    "argmin": ("index of the minimum along axis",),
    "cumsum": ("running sum of x along axis", "1 for this and all later elements: a running sum of g from the end"),
    "reshape": ("x, in another shape", "1: g in the old shape"),
    "permute_dims": ("x, with its axes in another order", "1: g with its axes moved back"),
    "broadcast_to": ("x, stretched to a shape", "1: g summed over the stretched axes"),
    "crop": ("part of x", "1 inside, 0 outside: g padded with zeros"),
    "pad": ("x with zeros around it", "1: the inner part of g"),
    "flip": ("x read backwards", "1: g read backwards"),
    "concat": ("inputs joined along axis", "1: this input's part of g"),
    "gather": ("x[index]", "1 where an element was read: g is added up there", "none"),
    "scatter_add": ("zeros, with x added at index", "1: g[index]", "none"),
    "matmul": ("out[i, j] = Σₖ x[i, k] · y[k, j]", "y[k, j]: g @ yᵀ", "x[i, k]: xᵀ @ g"),
    "conv2d": (
        "out[n, f, i, j] = b[f] + Σ w[f, c, k, l] · x[n, c, i + k, j + l]",
        "w: every output pixel sends g · w to the pixels it looked at",
        "x: Σ over images and pixels of g · x",
        "1: Σ of g over images and pixels",
    ),
    "conv2d_input_grad": (
        "every pixel of x paints the kernel w, times its value",
        "w: conv2d of g with w",
        "the painted pixels: Σ of g · x",
    ),
    "conv2d_weight_grad": (
        "out[f, c, k, l] = Σ x[n, c, i + k, j + l] · y[n, f, i, j]",
        "y: every pixel of y paints the kernel g",
        "x: conv2d of x with g",
    ),
    "max_pool2d_argmax": ("position of the maximum of each window of x",),
    "avg_pool2d": ("mean of each window of x", "1 / n: g shared equally by the window"),
    "avg_pool2d_input_grad": ("x shared equally by each window", "1 / n: means of g"),
    "checkpoint": ("a part of the program, run again in the backward pass",),
}


def op_text(op: Primitive) -> OpText:
    """What is to be said about an operation, also about the user's own.

    >>> op_text(PRIMITIVES["mul"])
    OpText(formula='x · y', derivatives=('y', 'x'), rule='"mul": lambda g, out, x, y: (g * y, g * x)')
    """
    formula, *derivatives = FORMULAS.get(op.name, (f"{op.name}(…)",))
    built_in = PRIMITIVES.get(op.name) is op
    return OpText(formula, tuple(derivatives), _rules().get(op.name, "") if built_in else "")


@cache
def _rules() -> dict[str, str]:
    """The rows of `vjps` as they stand in the source; of a row that is a function's name, the function. Empty where the
    source is not at hand."""
    try:
        source = inspect.getsource(vjps)
    except OSError:
        return {}
    lines = source.encode().splitlines(keepends=True)  # columns of the tree count bytes

    def text_of(node: ast.expr | ast.stmt) -> str:
        assert node.end_lineno is not None
        part = lines[node.lineno - 1 : node.end_lineno]
        part[-1] = part[-1][: node.end_col_offset]
        part[0] = part[0][node.col_offset :]
        return b"".join(part).decode()

    functions: dict[str, str] = {}
    rules: dict[str, str] = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef):
            functions[statement.name] = text_of(statement)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Dict):
            for key, value in zip(statement.value.keys, statement.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    text = text_of(value)
                    rules[key.value] = functions.get(text, f'"{key.value}": {text}')
    return rules
