"""Rearranging: turned, repeated, joined, taken apart. What is not an op here is made of others, and so are its gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._errors import ShapeError
from .._graph import Array, Shape
from .._op import op
from .._tensor import Tensor
from .shapes import cat, expand, in_range, permute, reshape, sizes, transpose, unsqueeze

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "column_stack", "dstack",
    "flip", "fliplr", "flipud", "hstack", "meshgrid", "moveaxis", "movedim", "ravel", "repeat", "roll", "rot90",
    "row_stack", "tile", "unflatten", "vstack",
]  # fmt: skip


# ---------------------------------------------------------------------- turned


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Return a view in which the dimensions `source` stand at `destination`; the others keep their order.

    Raises RuntimeError if the two do not name equally many different dimensions.
    """
    rank = input._data.ndim
    come, go = ([in_range(d, rank) for d in ((dims,) if isinstance(dims, int) else dims)] for dims in (source, destination))
    if len(come) != len(go) or len(set(come)) < len(come) or len(set(go)) < len(go):
        raise RuntimeError(
            f"movedim: source {source} and destination {destination} must name equally many dimensions, each only once"
        )
    if not rank:
        return permute(input)
    order = [d for d in range(rank) if d not in come]
    for place, dim in sorted(zip(go, come, strict=True)):
        order.insert(place, dim)
    return permute(input, order)


def adjoint(input: Tensor) -> Tensor:
    """Return the conjugate transposed matrices, as a view: for real numbers, `mT`."""
    return transpose(input, -2, -1)


@op
def _flip(input: Array, *, dims: Shape) -> Array:
    r"""y_i = x_{n−1−i} along each of `dims`, copied.   Turned once more, the gradient is right again."""
    if len({in_range(d, input.ndim) for d in dims}) < len(dims):
        raise ShapeError(f"a dimension appears more than once in dims {list(dims)}.")
    return np.array(np.flip(input, dims if input.ndim else ()))


@_flip.vjp("input")
def _(g: Array, dims: Shape) -> Array:
    return _flip.kernel(g, dims=dims)


def flip(input: Tensor, dims: Any, *more: Any) -> Tensor:
    """Return a copy in reverse order along each of `dims`. Raises RuntimeError if one is named twice."""
    return _flip(input, dims=sizes((dims, *more)))


def fliplr(input: Tensor) -> Tensor:
    """Return a copy with the columns (dimension 1) in reverse order."""
    if input._data.ndim < 2:
        raise RuntimeError(f"fliplr: input must be >= 2-d, not {input._data.ndim}-d")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """Return a copy with the rows (dimension 0) in reverse order."""
    if not input._data.ndim:
        raise RuntimeError("flipud: input must be >= 1-d, not 0-d")
    return flip(input, 0)


@op
def roll(input: Array, shifts: int | Sequence[int], dims: int | Sequence[int] = ()) -> Array:
    r"""y_{(i+s) mod n} = x_i along each of `dims`, or through the flattened tensor.   The gradient rolls back."""
    count = [len(value) if isinstance(value, tuple | list) else 1 for value in (shifts, dims)]
    whole = isinstance(dims, tuple | list) and not dims
    if count[0] != (1 if whole else count[1]):
        raise ShapeError(f"shifts and dimensions must align. shifts: {count[0]}, dims: {count[1]}.")
    if not input.size:
        return np.array(input)
    return np.roll(input, shifts, None if whole else dims)


@roll.vjp("input")
def _(g: Array, shifts: int | Sequence[int], dims: int | Sequence[int]) -> Array:
    back = -shifts if isinstance(shifts, int) else [-shift for shift in shifts]
    return roll.kernel(g, back, dims)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Return a copy turned `k` times by 90° in the plane of the two `dims`, from the first towards the second."""
    if len(dims) != 2 or input._data.ndim < 2:
        raise RuntimeError(f"rot90: expected two rotation dims and a tensor of at least 2, got {list(dims)}, {list(input.shape)}")
    first, second = (in_range(d, input._data.ndim) for d in dims)
    if first == second:
        raise RuntimeError(f"rot90: expected rotation dims to be different, but got {list(dims)}")
    if k % 4 == 2:
        return flip(input, first, second)
    if k % 4 == 0:
        return input.clone()  # type: ignore[no-any-return]
    return transpose(flip(input, second if k % 4 == 1 else first), first, second)


# ---------------------------------------------------------------------- repeated


@op
def _repeat(input: Array, *, repeats: Shape) -> Array:
    r"""y = x, r_d times behind itself along dimension d.   x̄ = Σ ȳ over the copies"""
    if len(repeats) < input.ndim:
        raise ShapeError("number of dimensions of repeat dims can not be smaller than number of dimensions of tensor.")
    if min(repeats, default=0) < 0:
        raise ShapeError(f"trying to create a tensor with negative dimension: repeats {list(repeats)}.")
    return np.tile(input, repeats)


@_repeat.vjp("input")
def _(g: Array, shape: Shape, repeats: Shape) -> Array:
    full = (1,) * (len(repeats) - len(shape)) + shape
    copies = np.reshape(g, [size for pair in zip(repeats, full, strict=True) for size in pair])
    return np.reshape(np.sum(copies, axis=tuple(range(0, 2 * len(full), 2))), shape) if full else g


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Return the tensor repeated along each dimension, new ones in front. (NumPy's `tile`.)

    Raises RuntimeError if there are fewer repeats than dimensions.
    """
    return _repeat(input, repeats=sizes(repeats))


def tile(input: Tensor, dims: Any, *more: Any) -> Tensor:
    """Return the tensor repeated along its last dimensions, as `repeat` with 1s in front if `dims` are too few."""
    wanted = sizes((dims, *more))
    return _repeat(input, repeats=(1,) * (input._data.ndim - len(wanted)) + wanted)


# ---------------------------------------------------------------------- joined


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Return views of the tensors in the shape to which all of them broadcast. Raises RuntimeError if they do not."""
    given = _listed(tensors)
    try:
        shape = np.broadcast_shapes(*[t._data.shape for t in given])
    except ValueError as error:
        raise RuntimeError(f"broadcast_tensors: {error}; make the sizes equal or 1") from None
    return tuple([expand(t, shape) for t in given])


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Return grids of coordinates: G_k[i, j, …] = x_k at the k-th index; under `indexing="xy"` the first two change places.

    Raises RuntimeError for more than one dimension and for an unknown `indexing`.
    """
    given = _listed(tensors)
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if not given or any(t._data.ndim > 1 for t in given):
        raise RuntimeError(f"meshgrid expects one or more 0D or 1D tensors, got shapes {[tuple(t.shape) for t in given]}")
    shape = [t._data.size for t in given]
    axes = [(1,) * k + (size,) + (1,) * (len(shape) - k - 1) for k, size in enumerate(shape)]
    grids = [expand(reshape(t, axis), shape) for t, axis in zip(given, axes, strict=True)]
    return tuple([transpose(grid, 0, 1) for grid in grids] if indexing == "xy" and len(grids) > 1 else grids)


def _listed(tensors: tuple[Any, ...]) -> list[Tensor]:
    """`f(a, b)` and `f([a, b])` mean the same."""
    return list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else list(tensors)


def _at_least(rank: int, tensors: tuple[Any, ...]) -> Any:
    """The tensors, each with `rank` dimensions or more: 1s are put in front, and behind a matrix that shall have three."""
    if len(tensors) != 1 or isinstance(tensors[0], tuple | list):
        return tuple([_at_least(rank, (t,)) for t in _listed(tensors)])
    (input,) = tensors
    while input._data.ndim < min(rank, 2):
        input = unsqueeze(input, 0)
    return unsqueeze(input, -1) if input._data.ndim < rank else input


def atleast_1d(*tensors: Any) -> Any:
    """Return the tensor (or each of several) with at least one dimension."""
    return _at_least(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Return the tensor (or each of several) with at least two dimensions; a vector becomes a row."""
    return _at_least(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Return the tensor (or each of several) with at least three dimensions; a matrix gets one behind."""
    return _at_least(3, tensors)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Return the tensors side by side: along dimension 1, vectors along their only one."""
    parts = atleast_1d(list(tensors))
    return cat(parts, 0 if parts and parts[0]._data.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Return the tensors below each other, along dimension 0; vectors are rows."""
    return cat(atleast_2d(list(tensors)), 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Return the tensors behind each other, along dimension 2."""
    return cat(atleast_3d(list(tensors)), 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Return the tensors side by side; vectors and numbers are columns."""
    return hstack([reshape(t, t._data.size, 1) if t._data.ndim < 2 else t for t in tensors])


# ---------------------------------------------------------------------- taken apart


def ravel(input: Tensor) -> Tensor:
    """Return all elements in one dimension, as a view where possible."""
    return reshape(input, -1)


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return a view with dimension `dim` unfolded into several; one may be −1. Raises RuntimeError if they do not fit."""
    shape = tuple(input._data.shape)
    dim, sizes = in_range(dim, len(shape)), tuple(sizes)
    known = math.prod(size for size in sizes if size != -1)
    total = shape[dim] if shape else 1
    if not sizes or sizes.count(-1) > 1 or (total % known if -1 in sizes and known else total != known):
        raise RuntimeError(f"unflatten: provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({total})")
    filled = [total // known if size == -1 else size for size in sizes]
    return reshape(input, *shape[:dim], *filled, *shape[dim + 1 :])


# PyTorch's other names
moveaxis, row_stack = movedim, vstack
