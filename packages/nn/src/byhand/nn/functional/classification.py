"""Cross-entropy of logits, and of probabilities, for one class among several.

The classes stand along dimension 1 (or 0, without a batch); all other dimensions are independent samples n.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import numpy as np
from byhand.tensor import Tensor, log, log_softmax, ne, op, softmax, where
from byhand.tensor._blocks import in_blocks
from byhand.tensor._dtypes import FLOATING
from byhand.tensor._graph import Array
from byhand.tensor._sums import ones

from ._reduction import check_reduction, reduced, reduction_of
from .likelihood_of_classes import choice, class_axis, nll_loss, of_class, places

__all__ = ["cross_entropy", "sparse_cross_entropy"]


@op(outputs=("out", "largest", "total", "index", "share"), public=1)
def _cross_entropy(
    input: Array, target: Array, weight: Array | None, *, ignore_index: int, reduction: str
) -> tuple[Array, Array, Array, Array, Any]:
    r"""y_n = −w_t ln p_nt, t = t_n, p = softmax(x); the mean is Σ y_n / Σ w.

    With the largest logit m_n, e_nc = e^{x_nc − m_n} and z_n = Σ_c e_nc, p is e/z, and

        −ln p_nt = ln z_n + m_n − x_nt   ⇒   ∂y_n/∂x_nc = w_t (e_nc/z_n − [c = t])

    Of e only the sums are kept: one exponential more in the backward pass, and of two arrays as large as the input one.
    """
    axis = class_axis(input)
    chosen = choice(input, target, weight, ignore_index)
    _, largest, total = exponentials_of(input, axis)
    loss = np.log(total)
    loss += largest
    loss = np.asarray(loss.reshape(chosen.index.shape) - input[places(chosen.index, axis)])
    return chosen.reduced(loss, reduction), largest, total, chosen.index, chosen.share(reduction, input.dtype)


def exponentials_of(x: Array, axis: int) -> tuple[Array, Array, Array]:
    """e^{x − m}, the largest m and the sum along the axis, block after block of samples."""
    exponentials = np.empty_like(x)
    largest, total = (np.empty((*x.shape[:axis], 1, *x.shape[axis + 1 :]), x.dtype) for _ in range(2))
    kernel = _of_rows if x.ndim == 2 and x.size and x.dtype in FLOATING else partial(_of_any, axis=axis)
    if axis == 0:
        kernel(x, exponentials, largest, total)
    else:
        in_blocks(kernel, (x,), (exponentials, largest, total), x.size // max(len(x), 1))
    return exponentials, largest, total


def _of_rows(x: Array, exponentials: Array, largest: Array, total: Array) -> None:
    """By NumPy's argmax and a product with ones: both add up or compare several numbers at a time, its reductions do not."""
    largest[:, 0] = x[np.arange(len(x)), x.argmax(1)]
    np.subtract(x, largest, out=exponentials)
    np.exp(exponentials, out=exponentials)
    np.matmul(exponentials, ones(x.shape[1], x.dtype), out=total[:, 0])


def _of_any(x: Array, exponentials: Array, largest: Array, total: Array, *, axis: int) -> None:
    np.maximum.reduce(x, axis=axis, keepdims=True, out=largest, initial=-np.inf)
    np.subtract(x, largest, out=exponentials)
    np.exp(exponentials, out=exponentials)
    np.add.reduce(exponentials, axis=axis, keepdims=True, out=total)


@_cross_entropy.vjp("input")
def _(g: Array, input: Array, largest: Array, total: Array, index: Array, share: Any) -> Any:
    scale = np.broadcast_to(g * share, index.shape)
    return _residual.kernel(scale, input, largest, total, index, dim=class_axis(input))


@op
def _residual(scale: Array, input: Array, largest: Array, total: Array, index: Array, *, dim: int) -> Array:
    r"""y_nc = s_n (p_nc − [c = t_n]), p = softmax(x), with the largest x_n and the sum z_n of e^{x − m} known.

    s̄_n = Σ_c ȳ_nc p_nc − ȳ_{n, t_n},   x̄_nc = s_n p_nc (ȳ_nc − Σ_k ȳ_nk p_nk)
    """
    y = input - largest
    np.exp(y, out=y)
    y *= np.expand_dims(scale, dim) / total
    y[places(index, dim)] -= scale
    return y


@_residual.vjp("scale")
def _(u: Array, input: Array, index: Array, dim: int) -> Any:
    return np.sum(u * softmax.kernel(input, dim), axis=dim) - of_class.kernel(u, index, dim=dim)


@_residual.vjp("input")
def _(u: Array, scale: Array, input: Array, dim: int) -> Any:
    p = softmax.kernel(input, dim)
    return np.expand_dims(scale, dim) * p * (u - np.sum(u * p, axis=dim, keepdims=True))


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""−Σ_c w_c q_nc ln p_nc of logits x, p = softmax(x), q the target distribution:   (N, C, d₁, …) → ().

    Args:
        input: logits (N, C, d₁, …), or (C,) without a batch.
        target: class indices (N, d₁, …), for which q is 1 at the class; or the distributions q themselves, in input's shape.
        weight: w, a factor for each class (C,). The mean of class indices divides by the sum of the targets' factors.
        ignore_index: targets of this value count for nothing, not even in the mean.
        reduction: "mean", "sum" or "none".
        label_smoothing: ε ∈ [0, 1]; q becomes (1 − ε) q + ε/C. Szegedy et al., arXiv:1512.00567.

    Raises RuntimeError for shapes and dtypes that do not fit and for ε outside [0, 1], IndexError for a class outside 0 … C − 1,
    ValueError for an unknown `reduction`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.shape == target.shape and target.is_floating_point():
        return _of_distributions(input, target, weight, reduction, label_smoothing)
    sharp = _cross_entropy(input, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing == 0:
        return sharp
    return (1 - label_smoothing) * sharp + label_smoothing * _uniform(input, target, weight, ignore_index, reduction)


def _beside(weight: Tensor, input: Tensor) -> Tensor:
    """The classes' weights in a shape that broadcasts with the input."""
    return weight if input.ndim == 1 else weight.reshape(-1, *(1,) * (input.ndim - 2))


def _uniform(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str) -> Tensor:
    """Cross-entropy to the uniform distribution, −Σ_c w_c ln p_nc / C, reduced as that to the targets is."""
    terms = -log_softmax(input, class_axis(input))
    if weight is not None:
        terms = terms * _beside(weight, input)
    valid = ne(target, ignore_index)
    loss = cast(Tensor, where(valid, terms.mean(class_axis(input)), 0.0))
    if reduction != "mean":
        return reduced(loss, reduction)
    counted = valid.sum() if weight is None else weight[target[valid]].sum()
    return loss.sum() / counted  # type: ignore[no-any-return]


def _of_distributions(input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float) -> Tensor:
    """Cross-entropy to distributions q; its mean divides by the number of samples."""
    axis = class_axis(input)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    terms = log_softmax(input, axis) * target
    loss = -(terms if weight is None else terms * _beside(weight, input)).sum(axis)
    return reduced(loss, reduction)


# ---------------------------------------------------------------------- of probabilities


def sparse_cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    r"""−ln p_nt of probabilities p (not logits), t = t_n a class index:   (N, C, d₁, …), (N, d₁, …) → ().

    PyTorch has no loss of this form; `cross_entropy` takes logits and loses no digits, so prefer it where there are logits.
    Only the chosen probability enters the logarithm, so that zeros elsewhere are harmless.
    Raises RuntimeError for shapes and dtypes that do not fit, IndexError for a class outside 0 … C − 1.
    """
    check_reduction(reduction)
    chosen = -nll_loss(input, target, reduction="none")
    return reduced(-log(chosen), reduction)
