"""Cross-entropy and its parts, for one class among several.

The classes stand along dimension 1 (or 0, without a batch); all other dimensions are independent samples n.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from byhand.tensor import Tensor, log, log_softmax, ne, op, softmax, where
from byhand.tensor._errors import ShapeError
from byhand.tensor._graph import Array

from ._reduction import check_reduction, reduced, reduction_of

__all__ = ["cross_entropy", "nll_loss", "sparse_cross_entropy"]


class Choice(NamedTuple):
    """What the targets say: all arrays have the input's rank, with one class, as `np.take_along_axis` wants it."""

    axis: int
    index: Array  # the class; 0 where the target is ignored
    weight: Array  # w of the class; 0 where the target is ignored
    share: Array  # what the sample's loss counts for in the result: w/Σw for a mean, else w

    def reduced(self, loss: Array, reduction: str) -> Array:
        """The loss from w times that of each sample. Where all targets are ignored, a mean is 0/0 = nan, as in PyTorch."""
        if reduction == "none":
            return np.squeeze(loss, self.axis)
        return np.asarray(np.sum(loss) / np.sum(self.weight) if reduction == "mean" else np.sum(loss))


def _choice(input: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str) -> Choice:
    """Read the targets. Raises errors for shapes and dtypes that do not fit, IndexError for a class that is not there."""
    axis = 0 if input.ndim == 1 else 1
    samples = input.shape[:axis] + input.shape[axis + 1 :]
    if input.ndim == 0 or target.shape != samples:
        raise ShapeError(f"the target has shape {target.shape}; expected {samples}, one class index for each sample.")
    if target.dtype.kind not in "iu":
        raise ShapeError(f"expected class indices of an integer dtype such as int64, but found {target.dtype}.")
    classes = input.shape[axis]
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(f"the weight has shape {weight.shape}; expected ({classes},), one number for each class.")
    valid = target != ignore_index
    index = np.where(valid, target, 0)
    outside = (index < 0) | (index >= classes)
    if outside.any():
        raise IndexError(f"Target {index[outside][0]} is out of bounds: there are {classes} classes")
    factor = np.asarray(valid if weight is None else np.where(valid, weight[index], 0), input.dtype)
    total = np.sum(factor) if reduction == "mean" else 1
    share = np.where(factor == 0, input.dtype.type(0), factor / total)
    return Choice(axis, *[np.expand_dims(part, axis) for part in (index, factor, share)])


def _of_samples(g: Any, share: Any, axis: int, reduction: str) -> Any:
    """The gradient of each sample's own loss, given that of the result."""
    return (np.expand_dims(g, axis) if reduction == "none" else g) * share


# ---------------------------------------------------------------------- of log-probabilities


@op(outputs=("out", "index", "share"), public=1)
def _nll(input: Array, target: Array, weight: Array | None, *, ignore_index: int, reduction: str) -> tuple[Array, Array, Array]:
    r"""y_n = −w_t x_nt, t = t_n; the mean is Σ y_n / Σ w.   ∂y_n/∂x_nc = −w_t [c = t]"""
    choice = _choice(input, target, weight, ignore_index, reduction)
    loss = choice.weight * -np.take_along_axis(input, choice.index, choice.axis)
    loss = np.where(choice.weight == 0, loss.dtype.type(0), loss)
    return choice.reduced(loss, reduction), choice.index, choice.share


@_nll.vjp("input")
def _(g: Array, index: Array, share: Array, shape: tuple[int, ...], reduction: str) -> Array:
    axis = 0 if len(shape) == 1 else 1
    return _at_class.kernel(-_of_samples(g, share, axis, reduction), index, dim=axis, classes=shape[axis])


@op
def _at_class(input: Array, index: Array, *, dim: int, classes: int) -> Array:
    r"""y = 0 but y_{n, t_n} = x_n, the transpose of picking each sample's class.   x̄_n = ȳ_{n, t_n}"""
    y = np.zeros((*input.shape[:dim], classes, *input.shape[dim + 1 :]), input.dtype)
    np.put_along_axis(y, index, input, dim)
    return y


@_at_class.vjp("input")
def _(u: Array, index: Array, dim: int) -> Any:
    return _of_class.kernel(u, index, dim=dim)


@op
def _of_class(input: Array, index: Array, *, dim: int) -> Array:
    r"""y_n = x_{n, t_n}: each sample's class is picked.   x̄ is ȳ_n at t_n, else 0"""
    return np.take_along_axis(input, index, dim)


@_of_class.vjp("input")
def _(u: Array, index: Array, dim: int, shape: tuple[int, ...]) -> Any:
    return _at_class.kernel(u, index, dim=dim, classes=shape[dim])


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""−w_t x_nt of log-probabilities x:   (N, C, d₁, …), (N, d₁, …) → (), or (N, d₁, …) with `reduction="none"`.

    Arguments and errors as `cross_entropy`, for class indices.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    return _nll(input, target, weight, ignore_index=ignore_index, reduction=reduction)


# ---------------------------------------------------------------------- of logits


@op(outputs=("out", "probability", "index", "share"), public=1)
def _cross_entropy(
    input: Array, target: Array, weight: Array | None, *, ignore_index: int, reduction: str
) -> tuple[Array, Array, Array, Array]:
    r"""y_n = −w_t ln p_nt, t = t_n, p = softmax(x); the mean is Σ y_n / Σ w.

    −ln p_nt = ln Σ_j e^{x_nj} − x_nt   ⇒   ∂y_n/∂x_nc = w_t (p_nc − [c = t])
    """
    choice = _choice(input, target, weight, ignore_index, reduction)
    p = input - np.max(input, axis=choice.axis, keepdims=True)
    picked = np.take_along_axis(p, choice.index, choice.axis)
    np.exp(p, out=p)
    total = np.sum(p, axis=choice.axis, keepdims=True)
    p /= total
    loss = np.where(choice.weight == 0, input.dtype.type(0), choice.weight * (np.log(total) - picked))
    return choice.reduced(loss, reduction), p, choice.index, choice.share


@_cross_entropy.remake
def _(input: Any, index: Any, share: Any) -> tuple[Any, Any, Any]:
    return softmax(input, 0 if len(input.shape) == 1 else 1), index, share


@_cross_entropy.vjp("input")
def _(g: Array, probability: Array, index: Array, share: Array, reduction: str) -> Any:
    axis = 0 if len(probability.shape) == 1 else 1
    return _residual.kernel(_of_samples(g, share, axis, reduction), probability, index, dim=axis)


@op
def _residual(input: Array, probability: Array, index: Array, *, dim: int) -> Array:
    r"""y_nc = s_n (p_nc − [c = t_n]).   s̄_n = Σ_c ȳ_nc p_nc − ȳ_{n, t_n},   p̄ = s ȳ"""
    y = probability * input
    np.put_along_axis(y, index, np.take_along_axis(y, index, dim) - input, dim)
    return y


@_residual.vjp("input")
def _(u: Array, probability: Array, index: Array, dim: int) -> Any:
    return np.sum(u * probability, axis=dim, keepdims=True) - _of_class.kernel(u, index, dim=dim)


@_residual.vjp("probability")
def _(u: Array, input: Array) -> Array:
    return u * input


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


def _class_axis(input: Tensor) -> int:
    return 0 if input.ndim == 1 else 1


def _beside(weight: Tensor, input: Tensor) -> Tensor:
    """The classes' weights in a shape that broadcasts with the input."""
    return weight if input.ndim == 1 else weight.reshape(-1, *(1,) * (input.ndim - 2))


def _uniform(input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str) -> Tensor:
    """Cross-entropy to the uniform distribution, −Σ_c w_c ln p_nc / C, reduced as that to the targets is."""
    terms = -log_softmax(input, _class_axis(input))
    if weight is not None:
        terms = terms * _beside(weight, input)
    valid = ne(target, ignore_index)
    loss = cast(Tensor, where(valid, terms.mean(_class_axis(input)), 0.0))
    if reduction != "mean":
        return reduced(loss, reduction)
    counted = valid.sum() if weight is None else weight[target[valid]].sum()
    return loss.sum() / counted  # type: ignore[no-any-return]


def _of_distributions(input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float) -> Tensor:
    """Cross-entropy to distributions q; its mean divides by the number of samples."""
    axis = _class_axis(input)
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
