"""Einstein summation, by matrix products."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

from ..number_kinds import shown
from ..operations import lift
from ..shapes import broadcast_shapes
from ..value import Value
from .composed import composed
from .movement import permute_dims, reshape
from .products import matmul
from .reductions import sum

__all__ = ["einsum"]


@composed
def einsum(subscripts: str, *operands: Any) -> Value:
    """Einstein summation: axes with the same letter run together; letters that the output does not name are summed
    over. For ``"ij,jk->ik"``, the matrix product,

        out[i, k] = sum over j of x[i, j] · y[j, k].

    A letter twice in one operand takes its diagonal. ``...`` stands for any number of axes, which broadcast. Without
    ``->`` the output has the axes of ``...``, and then the letters that occur once, in alphabetical order.

    Args:
        subscripts: for each operand one letter an axis, between commas; then ``->`` and the letters of the result.
        operands: Values, as many as there are terms.

    Raises:
        ValueError: terms, operands and their shapes do not fit together; sizes of one letter differ. TypeError: the
            subscripts are no string.

    >>> einsum("ij,kj->ik", Value([[1.0, 2.0]]), Value([[3.0, 4.0]])).data
    [[11.0]]
    >>> einsum("...i,i", Value([[1.0, 2.0], [3.0, 4.0]]), Value([1.0, 10.0])).data
    [21.0, 43.0]
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: the subscripts come first, as a string like 'ij,jk->ik', not {shown(subscripts)}")
    values = [lift(v, "einsum") for v in operands]
    plain, values = _without_ellipsis(subscripts.replace(" ", ""), values)
    terms, output = _subscripts(plain, values)
    out: Value | None = None
    letters = ""
    for n, (term, value) in enumerate(zip(terms, values, strict=True)):
        term, value = _diagonal(term, value)
        if out is None:
            out, letters = value, term
        else:
            out, letters = _contract(out, letters, value, term, output + "".join(terms[n + 1 :]))
    assert out is not None
    extra = tuple(axis for axis, letter in enumerate(letters) if letter not in output)
    out = sum(out, extra) if extra else out
    letters = "".join(letter for letter in letters if letter in output)
    return permute_dims(out, *(letters.index(letter) for letter in output)) if output else out


def _without_ellipsis(subscripts: str, values: list[Value]) -> tuple[str, list[Value]]:
    """The same sum with letters of its own for the axes of ``...``."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(values):
        raise ValueError(f"einsum: {shown(subscripts)} names {len(terms)} operands but {len(values)} are given")
    if "..." not in subscripts:
        return subscripts, values
    starts = [term.find("...") for term in terms]
    shapes = [
        value.shape[start : start + value.ndim - len(term) + 3] if start >= 0 else ()
        for term, value, start in zip(terms, values, starts, strict=True)
    ]
    common = broadcast_shapes(*shapes, op="einsum")
    letters = "".join([c for c in ascii_letters if c not in subscripts][: len(common)])
    for n, (start, shape) in enumerate(zip(starts, shapes, strict=True)):
        # Aligned at the right. An axis that is to be stretched goes: what does not depend on a letter need not name it.
        aligned = zip(letters[len(common) - len(shape) :], shape, common[len(common) - len(shape) :], strict=True)
        kept = [(letter, size) for letter, size, whole in aligned if size == whole]
        if len(kept) < len(shape):
            before, after = values[n].shape[:start], values[n].shape[start + len(shape) :]
            values[n] = reshape(values[n], (*before, *(size for _, size in kept), *after))
        terms[n] = terms[n].replace("...", "".join(letter for letter, _ in kept), 1)
    once = "".join(sorted(c for c in set(inputs) if c.isalpha() and inputs.count(c) == 1))
    return f"{','.join(terms)}->{output.replace('...', letters, 1) if arrow else letters + once}", values


def _subscripts(subscripts: str, values: list[Value]) -> tuple[list[str], str]:
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    sizes: dict[str, int] = {}
    for term, value in zip(terms, values, strict=True):
        if len(term) != value.ndim or not (term.isalpha() or not term):
            raise ValueError(
                f"einsum: {shown(term)} in {shown(subscripts)} does not fit shape {value.shape}; one letter an axis"
            )
        for letter, size in zip(term, value.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ValueError(f"einsum: axis {letter!r} in {shown(subscripts)} has sizes {sizes[letter]} and {size}")
    if not arrow:
        output = "".join(sorted(letter for letter in sizes if inputs.count(letter) == 1))
    if len(set(output)) != len(output) or not set(output) <= set(sizes):
        raise ValueError(f"einsum: output {shown(output)} of {shown(subscripts)} must name input letters, each once")
    return terms, output


def _diagonal(term: str, value: Value) -> tuple[str, Value]:
    """Letters that stand twice in one operand become one axis."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first, second = term.index(letter), term.rindex(letter)
            size = value.shape[first]
            others = [axis for axis in range(len(term)) if axis not in (first, second)]
            value = permute_dims(value, first, second, *others)[list(range(size)), list(range(size))]
            term = letter + "".join(term[axis] for axis in others)
    return term, value


def _contract(x: Value, xs: str, y: Value, ys: str, needed: str) -> tuple[Value, str]:
    """Two operands joined by one matmul: shared and still needed letters are its batch, shared and done with are
    summed."""
    for_x = tuple(axis for axis, letter in enumerate(xs) if letter not in ys and letter not in needed)
    for_y = tuple(axis for axis, letter in enumerate(ys) if letter not in xs and letter not in needed)
    x, xs = (sum(x, for_x), "".join(c for i, c in enumerate(xs) if i not in for_x)) if for_x else (x, xs)
    y, ys = (sum(y, for_y), "".join(c for i, c in enumerate(ys) if i not in for_y)) if for_y else (y, ys)
    batch = [c for c in xs if c in ys and c in needed]
    summed = [c for c in xs if c in ys and c not in needed]
    rows, columns = [c for c in xs if c not in ys], [c for c in ys if c not in xs]
    size = {**dict(zip(xs, x.shape, strict=True)), **dict(zip(ys, y.shape, strict=True))}

    def sizes(letters: list[str]) -> int:
        product = 1
        for letter in letters:
            product *= size[letter]
        return product

    leading = tuple(size[c] for c in batch)
    left = permute_dims(x, *(xs.index(c) for c in batch + rows + summed)) if xs else x
    right = permute_dims(y, *(ys.index(c) for c in batch + summed + columns)) if ys else y
    left = reshape(left, (*leading, sizes(rows), sizes(summed)))
    right = reshape(right, (*leading, sizes(summed), sizes(columns)))
    letters = batch + rows + columns
    return reshape(matmul(left, right), tuple(size[c] for c in letters)), "".join(letters)
