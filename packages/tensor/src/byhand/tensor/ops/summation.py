"""`einsum`: Einstein's summation over named dimensions, by hand, as products of matrices.

The operands are multiplied one after the other. In each product, labels of both that are wanted later are batch dimensions,
labels of both that are not are summed over inside the product, labels of one alone are its rows or columns: so it is `matmul`,
and its gradient, matrix products again, is the einsum with the output in the place of one operand.
"""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from .diagonals import diagonal
from .products import matmul
from .reductions import sum
from .shapes import expand, permute, reshape

__all__ = ["einsum"]

Labels = list[str]


def einsum(equation: str, *operands: Any) -> Tensor:
    """Return the sum of products that `equation` describes, such as `"bij,bjk->bik"`; `...` stands for broadcast dimensions.

    Without `->`, the labels that occur once remain, in alphabetical order. Raises RuntimeError if labels and operands do not fit.
    """
    tensors = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], tuple | list) else list(operands)
    terms, wanted = _parsed(equation, tensors)
    parts = [_without_repeats(tensor, labels) for tensor, labels in zip(tensors, terms, strict=True)]
    sizes: dict[str, int] = {}
    for tensor, labels in parts:
        for label, size in zip(labels, tensor._data.shape, strict=True):
            if sizes.setdefault(label, size) != size and 1 not in (sizes[label], size):
                raise RuntimeError(f"einsum(): subscript {label} has size {size} which does not broadcast with {sizes[label]}")
            sizes[label] = size if sizes[label] == 1 else sizes[label]
    result, labels = parts[0]
    for i, (tensor, others) in enumerate(parts[1:], 1):
        later = {*wanted}.union(*(names for _, names in parts[i + 1 :]))
        result, labels = _product(result, labels, tensor, others, later, sizes)
    result, labels = _summed(result, labels, {*wanted})
    return permute(result, [labels.index(label) for label in wanted])


def _parsed(equation: str, tensors: list[Tensor]) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result; the dimensions under … are called 0, 1, 2, …, counted from the right."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    texts = left.split(",")
    if len(texts) != len(tensors) or not tensors:
        raise RuntimeError(f"einsum(): the equation {equation!r} has {len(texts)} operands, but {len(tensors)} were given")
    terms = [_labels(text, tensor._data.ndim, equation) for text, tensor in zip(texts, tensors, strict=True)]
    hidden = max([len([label for label in term if label.isdigit()]) for term in terms])
    dots = [str(d) for d in range(hidden)][::-1]
    once = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
    shown = len(right.replace("...", "")) + (hidden if "..." in right else 0)
    wanted = _labels(right, shown, equation) if arrow else dots + once
    missing = {*wanted} - {label for term in terms for label in term}
    if missing or len({*wanted}) < len(wanted):
        raise RuntimeError(f"einsum(): the output of {equation!r} must name labels of the operands, each only once")
    return terms, wanted


def _labels(text: str, rank: int, equation: str) -> Labels:
    before, dots, after = text.partition("...")
    named = len(before) + len(after)
    if not all(c.isascii() and c.isalpha() for c in before + after) or named > rank or (not dots and named < rank):
        raise RuntimeError(f"einsum(): the labels {text!r} in {equation!r} do not fit an operand of {rank} dimensions")
    return [*before, *[str(d) for d in range(rank - named)][::-1], *after]


def _without_repeats(tensor: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """A label that stands twice means the diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            tensor = diagonal(tensor, 0, first, second)
            labels = [name for d, name in enumerate(labels) if d not in (first, second)] + [label]
    return tensor, labels


def _summed(tensor: Tensor, labels: Labels, kept: set[str]) -> tuple[Tensor, Labels]:
    """The tensor summed over all labels but those to be kept."""
    gone = [d for d, label in enumerate(labels) if label not in kept]
    if not gone:
        return tensor, labels
    return sum(tensor, gone, dtype=tensor.dtype), [label for label in labels if label in kept]


def _product(
    a: Tensor, of_a: Labels, b: Tensor, of_b: Labels, later: set[str], sizes: dict[str, int]
) -> tuple[Tensor, Labels]:
    """The product of two operands, summed over what no one needs later."""
    a, of_a = _summed(a, of_a, later | {*of_b})
    b, of_b = _summed(b, of_b, later | {*of_a})
    batch = [label for label in of_a if label in of_b and label in later]
    inside = [label for label in of_a if label in of_b and label not in later]
    rows = [label for label in of_a if label not in of_b]
    columns = [label for label in of_b if label not in of_a]
    lead, *rest = (tuple(sizes[label] for label in labels) for labels in (batch, rows, inside, columns))
    m, k, n = map(math.prod, rest)
    left = reshape(_ordered(a, of_a, batch + rows + inside, sizes), *lead, m, k)
    right = reshape(_ordered(b, of_b, batch + inside + columns, sizes), *lead, k, n)
    return reshape(matmul(left, right), *lead, *rest[0], *rest[2]), batch + rows + columns


def _ordered(tensor: Tensor, labels: Labels, order: Labels, sizes: dict[str, int]) -> Tensor:
    """The dimensions in the order wanted, those of size 1 broadcast."""
    return expand(permute(tensor, [labels.index(label) for label in order]), [sizes[label] for label in order])
