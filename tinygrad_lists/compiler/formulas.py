"""What each elementwise primitive is in C, with the answers of `numeric` at every edge: NaN, infinities, ties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["FORMULAS", "PRELUDE", "expression", "functions_of", "literal"]

#: C expressions in the operands {0}, {1}, {2}. A name in capitals is a function for both precisions, see `PRELUDE`.
#:
#: No load stands under a condition, here and in all kernels: what is not wanted is loaded too, and a choice is made bit
#: by bit. A load under a condition becomes a masked load, and GCC before 12.4, 13.3 and 14 may load a row of two
#: vectors with the mask of the first (its bug 114375): wrong numbers. ``c ? x : y`` will not do, since loads sink into
#: its branches.
FORMULAS: dict[str, str] = {
    "float": "((T){0})",
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "((T){0} / (T){1})",
    "pow": "POW({0}, {1})",
    "maximum": "maximum({0}, {1})",
    "minimum": "minimum({0}, {1})",
    "floor_divide": "floor_divide({0}, {1})",
    "remainder": "remainder_of({0}, {1})",
    "neg": "(-{0})",
    "abs": "ABS({0})",
    "sign": "sign({0})",
    "floor": "FLOOR({0})",
    "exp": "EXP({0})",
    "log": "LOG({0})",
    "log1p": "LOG1P({0})",
    "expm1": "EXPM1({0})",
    "sqrt": "SQRT({0})",
    "sin": "SIN({0})",
    "cos": "COS({0})",
    "tan": "TAN({0})",
    "tanh": "TANH({0})",
    "erf": "ERF({0})",
    "sigmoid": "sigmoid({0})",
    "softplus": "softplus({0})",
    "relu": "relu({0})",
    "gate": "gate({0}, {1})",
    "where": "choose({0} != 0, {1}, {2})",
    "less": "({0} < {1})",
    "less_equal": "({0} <= {1})",
    "greater": "({0} > {1})",
    "greater_equal": "({0} >= {1})",
    "equal": "({0} == {1})",
    "not_equal": "({0} != {1})",
}

_MATH = ["pow", "exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "erf", "floor", "fmod"]

_BITS = "typedef union { T t; I i; } Bits;\n"

#: T is the kind of float, I the kind of int of the same width, Bits either.
PRELUDE = {
    "float32": "typedef float T;\ntypedef int32_t I;\n"
    + "".join(f"#define {name.upper()} {name}f\n" for name in _MATH)
    + "#define ABS fabsf\n#define COPYSIGN copysignf\n"
    + _BITS,
    "float64": "typedef double T;\ntypedef int64_t I;\n"
    + "".join(f"#define {name.upper()} {name}\n" for name in _MATH)
    + "#define ABS fabs\n#define COPYSIGN copysign\n"
    + _BITS,
}

_FUNCTIONS = {
    "maximum": "static inline T maximum(T x, T y) { return x >= y || x != x ? x : y; }",
    "minimum": "static inline T minimum(T x, T y) { return x <= y || x != x ? x : y; }",
    "sign": "static inline T sign(T x) { return x > 0 ? 1 : x < 0 ? -1 : x; }",
    "sigmoid": "static inline T sigmoid(T x) { T e = EXP(-ABS(x)); return (x >= 0 ? 1 : e) / (1 + e); }",
    "softplus": "static inline T softplus(T x) { return (x > 0 ? x : 0) + LOG1P(EXP(x > 0 ? -x : x)); }",
    "relu": "static inline T relu(T x) { return x <= 0 ? 0 : x; }",
    "gate": "static inline T gate(T x, T y) { Bits a = {x}; a.i &= -(I)!(y <= 0); return a.t; }",
    "choose": """static inline T choose(int yes, T x, T y) {
  I mask = -(I)yes;
  Bits a = {x}, b = {y};
  a.i = (a.i & mask) | (b.i & ~mask);
  return a.t;
}""",
    "choose_whole": "static inline I choose_whole(int yes, I x, I y) { return (x & -(I)yes) | (y & ~-(I)yes); }",
    "floor_divide": """static inline T floor_divide(T x, T y) {
  if (y == 0) return x * COPYSIGN(INFINITY, y);
  T r = FMOD(x, y), q = (x - r) / y;
  if (r != 0 && (y < 0) != (r < 0)) q -= 1;
  if (q == 0) return COPYSIGN((T)0, x / y);
  T whole = FLOOR(q);
  return q - whole > (T)0.5 ? whole + 1 : whole;
}""",
    "remainder_of": """static inline T remainder_of(T x, T y) {
  T r = FMOD(x, y);  // NaN for y = 0
  if (r == 0) return COPYSIGN((T)0, y);
  return (y < 0) != (r < 0) ? r + y : r;
}""",
}


def expression(op: str, kind: str, operands: Sequence[str]) -> str:
    """An elementwise operation as C, whose result is a float ("f") or an int ("i").

    >>> expression("where", "i", ["x1[n]", "1", "x2[n]"])
    'choose_whole(x1[n] != 0, 1, x2[n])'
    """
    text = FORMULAS[op].format(*operands)
    return text.replace("choose(", "choose_whole(", 1) if op == "where" and kind == "i" else text


def functions_of(body: str) -> str:
    """The definitions of those functions that a source uses."""
    return "".join(text + "\n" for name, text in _FUNCTIONS.items() if f"{name}(" in body)


def literal(value: Any, kind: str) -> str:
    """A number as C.

    >>> literal(0.1, "f"), literal(3, "i"), literal(float("-inf"), "f")
    ('(T)0.1', '3', '(-INFINITY)')
    """
    if kind == "i":
        return str(value)
    number = float(value)
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "INFINITY" if number > 0 else "(-INFINITY)"
    return f"(T){number!r}" if number >= 0 and math.copysign(1, number) > 0 else f"(-(T){-number!r})"
