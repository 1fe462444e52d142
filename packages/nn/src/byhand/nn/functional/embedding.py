"""Embeddings: rows of a table looked up by number, alone or in bags; and one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from byhand.tensor import Tensor, gather, int32, int64, op
from byhand.tensor._graph import Array, Shape
from byhand.tensor._tensor import wrap
from byhand.tensor.ops.indexing import add_rows

from ._checks import alike

__all__ = ["embedding", "embedding_bag", "one_hot"]


@op(outputs=("out", "share"), public=1)
def _embedding(weight: Array, input: Array, *, padding_idx: int | None, scale_grad_by_freq: bool) -> tuple[Array, Any]:
    r"""Y_n = W_{x_n}   ⇒   W̄_v = Σ_{n: x_n = v} ȳ_n

    What is added is multiplied by a share: 0 where x_n is the padding and, if scaled, one over the times that x_n occurs.
    """
    return np.take(weight, input, axis=0), _share(input, padding_idx, scale_grad_by_freq, weight.dtype)


@_embedding.vjp("weight")
def _(g: Array, input: Array, share: Any, shape: Shape) -> Array:
    return _added_rows.kernel(g if share is None else g * share, input, shape=shape)


@op
def _added_rows(g: Array, index: Array, *, shape: Shape) -> Array:
    r"""W = 0, W_{x_n} += g_n: equal rows are sorted to be neighbours and summed in runs.   ḡ_n = W̄_{x_n}"""
    table = np.zeros(shape, g.dtype)
    add_rows(table, index, g)
    return table


@_added_rows.vjp("g")
def _(u: Array, index: Array) -> Array:
    return _rows.kernel(u, index)


@op
def _rows(table: Array, index: Array) -> Array:
    r"""Y_n = W_{x_n}   ⇒   W̄_v = Σ_{n: x_n = v} ȳ_n, with all shares 1"""
    return np.take(table, index, axis=0)


@_rows.vjp("table")
def _(g: Array, index: Array, shape: Shape) -> Array:
    return _added_rows.kernel(g, index, shape=shape)


def _share(input: Array, padding_idx: int | None, scale_grad_by_freq: bool, dtype: Any) -> Any:
    """By what the gradient of each row that was looked up is multiplied, as a column; None if it is 1 for all."""
    if padding_idx is None and not scale_grad_by_freq:
        return None
    share = np.ones(input.shape, dtype)
    if scale_grad_by_freq and input.size:
        share /= np.bincount(input.ravel())[input]
    if padding_idx is not None:
        share[input == padding_idx] = 0
    return share[..., None]


def check_not_sparse(sparse: bool) -> None:
    """Raise ValueError for `sparse=True`: gradients are always dense here."""
    if sparse:
        raise ValueError(
            "sparse=True asks for a sparse gradient of the weight, but there are no sparse tensors here; leave it False: the "
            "gradient is dense, and any optimiser takes it"
        )


def padding_row(padding_idx: int | None, rows: int) -> int | None:
    """`padding_idx`, counted from the front. Raises AssertionError, as PyTorch does, unless it is one of the rows."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise AssertionError(f"Padding_idx must be within num_embeddings, {rows}, but got {padding_idx}")
    return padding_idx % rows


def _check_lookup(name: str, input: Tensor, weight: Tensor, error: type[Exception]) -> None:
    """Raise RuntimeError for indices that are no integers, `error` for one that is not a row of `weight`."""
    if input.dtype not in (int64, int32):
        raise RuntimeError(f"{name}: expected indices of dtype int64 or int32, but got {input.dtype}; convert with long()")
    indices, rows = input._data, weight.shape[0]
    if indices.size and not (indices.min() >= 0 and indices.max() < rows):
        wrong = indices[(indices < 0) | (indices >= rows)][0]
        raise error(f"{name}: index out of range: {wrong} is not one of the {rows} rows, 0 … {rows - 1}")


def _shorten(weight: Tensor, input: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale each row that is looked up and longer than `max_norm` to that length, in place and outside the graph."""
    rows = np.unique(input._data)
    found = weight._data[rows]
    length = np.linalg.norm(found, norm_type, axis=1)
    long = length > max_norm
    weight._data[rows[long]] = found[long] * (max_norm / (length[long] + 1e-7))[:, None]
    weight._version[0] += 1


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    r"""Y_n = W_{x_n}:   (*) of integers, (V, D) → (*, D).

    The row `padding_idx` receives no gradient. Rows longer than `max_norm` (in the p-norm, p = `norm_type`) are shortened in
    place first. With `scale_grad_by_freq` the gradient of a row is divided by the times it was looked up.

    Raises IndexError for an index that is not a row, RuntimeError for other dtypes and shapes, AssertionError for a padding out
    of range, ValueError for `sparse=True`.
    """
    check_not_sparse(sparse)
    if weight.ndim != 2:
        raise RuntimeError(f"embedding: 'weight' must be 2-D, but got shape {tuple(weight.shape)}")
    padding_idx = padding_row(padding_idx, weight.shape[0])
    _check_lookup("embedding", input, weight, IndexError)
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    return _embedding(weight, input, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq)


# ---------------------------------------------------------------------- bags


def _starts(bag: Array) -> Array:
    """Where each bag begins among the sorted numbers of bags; empty bags are left out."""
    return np.flatnonzero(np.diff(bag, prepend=-1))


def _weight_and_factor(args: list[Any], options: dict[str, Any]) -> list[Any]:
    """A promotion that does not promote: weight and factors must have one dtype."""
    alike([args[0], args[3]], options)
    return args


@op(promote=_weight_and_factor, outputs=("out", "share"), public=1)
def _bag_sums(
    weight: Array, input: Array, bag: Array, factor: Array | None, *, bags: int, scale_grad_by_freq: bool
) -> tuple[Array, Any]:
    r"""Y_b = Σ_{n in bag b} f_n W_{x_n}   ⇒   W̄_v = Σ_{n: x_n = v} f_n ȳ_{b(n)},   f̄_n = Σ_d ȳ_{b(n) d} W_{x_n d}

    `bag` holds b(n), sorted. If scaled, what is added to W̄ is divided by the times that x_n occurs.
    """
    rows = np.take(weight, input, axis=0)
    if factor is not None:
        rows *= factor[:, None]
    out = np.zeros((bags, weight.shape[1]), weight.dtype)
    if len(bag):
        starts = _starts(bag)
        out[bag[starts]] = np.add.reduceat(rows, starts, axis=0)
    return out, _share(input, None, scale_grad_by_freq, weight.dtype)


@_bag_sums.vjp("weight")
def _(g: Array, input: Array, bag: Array, factor: Any, share: Any, shape: Shape) -> Array:
    received = _rows.kernel(g, bag)
    if factor is not None:
        received = received * np.reshape(factor, (-1, 1))
    return _added_rows.kernel(received if share is None else received * share, input, shape=shape)


@_bag_sums.vjp("factor")
def _(g: Array, weight: Array, input: Array, bag: Array) -> Array:
    return np.sum(_rows.kernel(g, bag) * _rows.kernel(weight, input), axis=1)


def _bag_maxima(weight: Tensor, input: Array, bag: Array, bags: int) -> Tensor:
    """The largest number of each bag in each column, read from where it (first) stands; zeros for empty bags."""
    chosen, filled = np.zeros((bags, weight.shape[1]), np.int64), np.zeros((bags, 1), weight.dtype)
    if len(bag):
        rows, starts = np.take(weight._data, input, axis=0), _starts(bag)
        runs = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(bag)))
        largest = np.maximum.reduceat(rows, starts, axis=0)[runs]
        places = np.where((rows == largest) | np.isnan(rows), np.arange(len(bag))[:, None], len(bag) - 1)
        chosen[bag[starts]] = input[np.minimum.reduceat(places, starts, axis=0)]
        filled[bag] = 1
    return gather(weight, 0, wrap(chosen)) * wrap(filled)


def _bags_of(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> tuple[Array, int, int]:
    """The number of the bag of each index, the number of bags, and how many indices are in bags."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None, as each row of the input is a bag")
        return np.repeat(np.arange(input.shape[0]), input.shape[1]), input.shape[0], input.numel()
    if input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None or offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor but got {offsets if offsets is None else tuple(offsets.shape)}")
    if offsets.dtype not in (int64, int32):
        raise RuntimeError(f"embedding_bag: expected offsets of dtype int64 or int32, but got {offsets.dtype}")
    edges, count = offsets._data, input.numel()
    if include_last_offset and not edges.size:
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if edges.size and (edges[0] != 0 or edges[-1] > count or (np.diff(edges) < 0).any()):
        raise RuntimeError(f"offsets must begin with 0, not decrease and not exceed the input's length {count}: {edges.tolist()}")
    if not include_last_offset:
        edges = np.append(edges, count if edges.size else 0)
    return np.repeat(np.arange(len(edges) - 1), np.diff(edges)), len(edges) - 1, int(edges[-1])


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    r"""The sum, mean or maximum of the rows of each bag:   (B, N) or (N) with offsets (B), (V, D) → (B, D).

    Of a vector, bag b begins at `offsets[b]`; with `include_last_offset` the last offset is where the last bag ends. Indices
    `padding_idx` are left out. `per_sample_weights` are factors before the sum. Empty bags are zeros. The other options are those
    of `embedding`.

    Raises RuntimeError for an index that is not a row, for offsets that decrease and for dtypes, ValueError for shapes that do
    not fit, for other modes and for `sparse=True`, NotImplementedError for per-sample weights of a mean or maximum.
    """
    check_not_sparse(sparse)
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({tuple(per_sample_weights.shape)}) is not None, then it must have the same "
            f"shape as the input ({tuple(input.shape)})"
        )
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    bag, bags, used = _bags_of(input, offsets, include_last_offset)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, not {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode != "sum" and per_sample_weights is not None:
        raise NotImplementedError(f"embedding_bag: per_sample_weights is only supported for mode='sum' (got mode={mode!r})")
    _check_lookup("embedding_bag", input, weight, RuntimeError)
    padding_idx = padding_row(padding_idx, weight.shape[0])
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    indices, factor = input._data.reshape(-1)[:used], per_sample_weights
    if factor is not None:
        factor = factor.reshape(-1)[:used]
    if padding_idx is not None:
        kept = indices != padding_idx
        indices, bag = indices[kept], bag[kept]
        factor = None if factor is None else factor[wrap(kept)]
    if mode == "max":
        return _bag_maxima(weight, indices, bag, bags)
    if mode == "mean":
        factor = wrap((1 / np.bincount(bag, minlength=bags)[bag]).astype(weight.dtype))
    return _bag_sums(weight, wrap(indices), wrap(bag), factor, bags=bags, scale_grad_by_freq=scale_grad_by_freq)


# ---------------------------------------------------------------------- one-hot vectors


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Return 1 at each class index and 0 elsewhere, as int64:   (*) → (*, num_classes), by default the largest index + 1.

    Raises RuntimeError for other dtypes than int64, for indices out of range, and for no index and no number of classes.
    """
    if input.dtype != int64:
        raise RuntimeError(f"one_hot is only applicable to index tensor of type int64, not {input.dtype}; convert with long()")
    indices = input._data
    if num_classes < 0 and not indices.size:
        raise RuntimeError("Can not infer total number of classes from empty tensor; give num_classes")
    if indices.size and indices.min() < 0:
        raise RuntimeError(f"Class values must be non-negative, but got {indices.min()}")
    classes = int(indices.max()) + 1 if num_classes < 0 else num_classes
    if indices.size and indices.max() >= classes:
        raise RuntimeError(f"Class values must be smaller than num_classes, {classes}, but got {indices.max()}")
    return wrap((indices[..., None] == np.arange(classes)).astype(np.int64))
