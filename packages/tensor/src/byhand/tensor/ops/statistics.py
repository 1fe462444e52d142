"""Statistics: spread, middle, sums that leave out nan, covariance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._dtypes import DType, get_default_dtype
from .._graph import Array
from .._op import op
from .._promotion import same, summing
from .._tensor import Tensor, wrap
from . import reductions
from .choices import isnan, logical_not
from .indexing import gather
from .pointwise import clamp
from .products import matmul
from .reductions import Dim, reduced_over, spread
from .shapes import squeeze
from .sorting import Selected, select_at

__all__ = [
    "aminmax", "corrcoef", "cov", "median", "nanmean", "nanmedian", "nansum", "std", "std_mean", "var_mean",
]  # fmt: skip


@op
def _root(input: Array) -> Array:
    r"""σ = √v.   dσ/dv = 1/(2σ), but 0 where σ = 0: the deviation of equal numbers is at its minimum"""
    return np.sqrt(input)


@_root.vjp("input")
def _(g: Array, out: Array) -> Array:
    still = out == 0
    return np.where(still, 0.0, g / np.where(still, 1.0, 2 * out))


def std(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Return the standard deviation, √`var`, with the same arguments."""
    return _root(reductions.var(input, *args, **kwargs))


def var_mean(input: Tensor, dim: Any = None, *args: Any, keepdim: bool = False, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Return the variance and the mean; arguments as for `var`."""
    over, keep = (None, False) if isinstance(dim, bool) else (dim, args[1] if len(args) > 1 else keepdim)
    return reductions.var(input, dim, *args, keepdim=keepdim, **kwargs), reductions.mean(input, over, keep)


def std_mean(input: Tensor, dim: Any = None, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Return the standard deviation and the mean; arguments as for `var`."""
    variance, mean = var_mean(input, dim, *args, **kwargs)
    return _root(variance), mean


class Extremes(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Extremes:
    """Return the smallest and the largest element; the gradient is shared equally where several tie."""
    return Extremes(reductions.amin(input, dim, keepdim), reductions.amax(input, dim, keepdim))


@op(promote=summing)
def nansum(input: Array, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None) -> Array:
    r"""y = Σ x_i over those that are not nan.   ∂y/∂x_i = 1, for nan 0"""
    return np.nansum(input, axis=reduced_over(input, dim), keepdims=keepdim, dtype=dtype)


@nansum.vjp("input")
def _(g: Array, input: Array, dim: Dim, keepdim: bool) -> Array:
    return spread(g, input.shape, dim, keepdim) * np.logical_not(np.isnan(input))


def nanmean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """Return the mean of the elements that are not nan. Raises RuntimeError for integers."""
    if input.dtype.kind != "f":
        raise RuntimeError(f"nanmean(): expected input to have floating point dtype but got {input.dtype}; call float() first")
    count = reductions.sum(logical_not(isnan(input)), dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


# ---------------------------------------------------------------------- the middle


@op(promote=same)
def _median(input: Array, *, ignore_nan: bool) -> Array:
    r"""y = the lower median of all elements.   The gradient is shared equally among the x_i that equal y."""
    return np.sort(input, axis=None)[_middle(input.reshape(-1), ignore_nan)].reshape(()) if input.size else np.asarray(np.nan)


@_median.vjp("input")
def _(g: Array, input: Array, out: Array) -> Array:
    return reductions._to_the_extreme(g, input, out, None, False)


@op
def _median_index(input: Array, *, dim: int, ignore_nan: bool) -> Array:
    """The index of the lower median along `dim`."""
    if reduced_over(input, dim) is None:
        return np.zeros((), np.int64)
    indices = np.argsort(input, axis=dim, kind="stable")
    place = _middle(np.moveaxis(input, dim, -1), ignore_nan)
    return np.take_along_axis(indices, np.expand_dims(place, dim), dim)


def _middle(x: Array, ignore_nan: bool) -> Array:
    """The place of the lower median along the last dimension, in sorted order, where nan comes last.

    Among the numbers alone if nan is ignored; else the first nan, if there is one.
    """
    size = x.shape[-1]
    numbers = np.count_nonzero(x == x, axis=-1)
    return np.where(np.logical_or(numbers == size, ignore_nan), np.maximum(numbers - 1, 0) // 2, numbers)


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the lower median of all elements (nan, if one is); along `dim`, `(values, indices)`."""
    return _medians(input, dim, keepdim, ignore_nan=False)


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the lower median of the elements that are not nan; along `dim`, `(values, indices)`."""
    return _medians(input, dim, keepdim, ignore_nan=True)


def _medians(input: Tensor, dim: int | None, keepdim: bool, ignore_nan: bool) -> Tensor | Selected:
    if dim is None:
        return _median(input, ignore_nan=ignore_nan)
    return select_at(input, dim, _median_index(input, dim=dim, ignore_nan=ignore_nan), keepdim)


# ---------------------------------------------------------------------- several variables


def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """Return the covariance Σ_k w_k (x_ik − μ_i)(x_jk − μ_j) / d of the variables in the rows, observed in the columns.

    `fweights` say how often each observation is repeated, `aweights` how much it counts; w = f a. With c, the correction,
    d = Σ w − c Σ w a / Σ w (which is n − c without weights). Raises RuntimeError for more than two dimensions.
    """
    if input.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions")
    rows = input.reshape(1, -1) if input.ndim < 2 else input
    rows = rows if input.dtype.kind == "f" else rows.to(get_default_dtype())
    weights = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    if weights is None:
        total: Any = rows.shape[1]
        freedom = total - correction
        centred = rows - rows.sum(1, True) / total
        product = matmul(centred, centred.transpose(0, 1))
    else:
        total = weights.sum()
        freedom = total - correction * (total if aweights is None else (weights * aweights).sum()) / total
        centred = rows - (rows * weights).sum(1, True) / total
        product = matmul(centred, (centred * weights).transpose(0, 1))
    result = product / (freedom.clamp(min=0) if isinstance(freedom, Tensor) else max(freedom, 0))
    return squeeze(result)


def corrcoef(input: Tensor) -> Tensor:
    """Return the correlations c_ij / √(c_ii c_jj) of the variables in the rows, c being their covariance; within −1 … 1."""
    c = cov(input)
    if not c.ndim:
        return c / c
    deviation = gather(c, 1, wrap(np.arange(len(c))[:, None])).sqrt()  # of each variable, from the diagonal
    return clamp(c / deviation / deviation.transpose(0, 1), -1, 1)
