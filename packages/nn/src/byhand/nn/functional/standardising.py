"""Layer, RMS, group and instance normalisation: each sample is standardised by itself.

All four are one operation on an input seen as (N, G, K, L): N samples, of each G groups of K channels with L positions. The K·L
numbers of a group are standardised together; weight and bias belong to the G·K channels.

    layer, RMS   (N, 1, D, 1)      group   (N, G, C/G, L)      instance   (N, C, 1, L)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, float16, no_grad, op
from byhand.tensor._graph import Array, Shape

from . import _cells, _rows
from ._cells import Sizes
from ._checks import alike, check_of_channels
from ._standard import pulled_twice, standardised
from .normalisation import batch_norm

__all__ = ["group_norm", "instance_norm", "layer_norm", "rms_norm"]

@op(promote=alike, outputs=("out", "mean", "rstd"), public=1)
def _standardise(
    input: Array, weight: Array | None, bias: Array | None, *, sizes: Sizes, eps: float, centred: bool
) -> tuple[Array, Array, Array]:
    r"""y = w x̂ + b, x̂ = (x − μ) r, r = 1/√(σ² + ε): for each of the N·G groups over its d = K·L numbers.

    With J as in `_standard`:   x̄ = J(w ȳ),   w̄ = Σ ȳ x̂,   b̄ = Σ ȳ, summed over samples and positions.
    """
    forward = _rows.forward if sizes[1] == sizes[3] == 1 else _cells.forward
    out, mean, rstd = forward(input.reshape(sizes[0] * sizes[1], sizes[2] * sizes[3]), weight, bias, sizes, eps, centred)
    return out.reshape(input.shape), mean, rstd


@_standardise.vjp("input", "weight", "bias")
def _(
    g: Any, input: Any, weight: Any, mean: Any, rstd: Any, sizes: Sizes, eps: float, centred: bool, shapes: list[Shape]
) -> tuple[Any, Any, Any]:
    gradient, along, total = _standardise_backward.kernel(
        g, input, weight, mean, rstd, sizes=sizes, eps=eps, centred=centred
    )
    return gradient, None if weight is None else along.reshape(shapes[1]), total.reshape(shapes[2] or (-1,))


@op(outputs=("gradient", "along", "total"))
def _standardise_backward(
    g: Array, input: Array, weight: Array | None, mean: Array, rstd: Array, *, sizes: Sizes, eps: float, centred: bool  # noqa: ARG001 (eps is for the rule)
) -> tuple[Array, Array, Array]:
    r"""x̄ = J(w ȳ), w̄ = Σ ȳ x̂, b̄ = Σ ȳ, block by block of rows (`eps` is for its own rule)."""
    backward = _rows.backward if sizes[1] == sizes[3] == 1 else _cells.backward
    shape = sizes[0] * sizes[1], sizes[2] * sizes[3]
    gradient, along, total = backward(g.reshape(shape), input.reshape(shape), weight, mean, rstd, sizes, centred)
    return gradient.reshape(input.shape), along, total


@_standardise_backward.vjp("g", "input", "weight")
def _(
    gradients: list[Any], g: Any, input: Any, weight: Any, sizes: Sizes, eps: float, centred: bool, shapes: list[Shape]
) -> tuple[Any, Any, Any]:
    of_channels = 1, sizes[1], sizes[2], 1
    u, v, z = np.reshape(gradients[0], sizes), np.reshape(gradients[1], of_channels), np.reshape(gradients[2], of_channels)
    x = standardised(np.reshape(input, sizes), (2, 3), eps, centred)
    factor = None if weight is None else np.reshape(weight, of_channels)
    of_g, of_x, of_weight = pulled_twice(u, v, z, np.reshape(g, sizes), factor, x, (0, 3))
    return (
        np.reshape(of_g, shapes[0]), np.reshape(of_x, shapes[1]), None if weight is None else np.reshape(of_weight, shapes[2])
    )  # fmt: skip


# ---------------------------------------------------------------------- layers


def _in_float32(function: Any, input: Tensor, *parameters: Tensor | None, **options: Any) -> Tensor:
    """Apply to halves what is computed in float32, as in PyTorch, so that sums neither overflow nor lose their digits."""
    if input.dtype != float16:
        return function(input, *parameters, **options)  # type: ignore[no-any-return]
    alike([input, *parameters], {})
    wider = [None if tensor is None else tensor.float() for tensor in (input, *parameters)]
    return function(*wider, **options).half()  # type: ignore[no-any-return]


def _over_last(
    name: str, input: Tensor, shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float, centred: bool
) -> Tensor:
    """Standardise over the last dimensions, whose sizes are `shape`."""
    wanted, given_shape = tuple(shape), input._data.shape
    if not wanted:
        raise RuntimeError(f"{name}: Expected normalized_shape to be at least 1-dimensional, but got normalized_shape = []")
    for what, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.shape != wanted:
            raise RuntimeError(
                f"{name}: Expected {what} to be of same shape as normalized_shape, but got {what} of shape "
                f"{list(given.shape)} and normalized_shape = {list(wanted)}"
            )
    if given_shape[-len(wanted) :] != wanted:
        raise RuntimeError(
            f"{name}: Given normalized_shape={list(wanted)}, expected input with shape [*, {', '.join(map(str, wanted))}], "
            f"but got input of size{list(input.shape)}"
        )
    count = math.prod(wanted)
    samples = math.prod(given_shape[: len(given_shape) - len(wanted)])
    return _in_float32(_standardise, input, weight, bias, sizes=(samples, 1, count, 1), eps=eps, centred=centred)


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    r"""y = w (x − μ)/√(σ² + ε) + b, over the last dimensions, which have the sizes `normalized_shape`:   (*, D…) → (*, D…).

    w and b have that shape. Ba, Kiros and Hinton, arXiv:1607.06450. Raises RuntimeError for shapes that do not fit and for
    different dtypes.
    """
    return _over_last("layer_norm", input, normalized_shape, weight, bias, eps, centred=True)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    r"""y = w x/√(⟨x²⟩ + ε), over the last dimensions, which have the sizes `normalized_shape`:   (*, D…) → (*, D…).

    ε is the distance from 1 to the next number of the dtype (of float32, for halves), unless given. Zhang and Sennrich,
    arXiv:1910.07467. Raises RuntimeError for shapes that do not fit and for different dtypes.
    """
    if eps is None:
        eps = float(np.finfo(np.float32 if input.dtype == float16 else input.dtype).eps)
    return _over_last("rms_norm", input, normalized_shape, weight, None, eps, centred=False)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    r"""y = w (x − μ)/√(σ² + ε) + b, over the channels of each of `num_groups` groups and all positions:   (N, C, …) → (N, C, …).

    w and b have one number for each channel. Wu and He, arXiv:1803.08494. Raises RuntimeError for shapes that do not fit, for
    different dtypes and for channels that cannot be divided into groups, ValueError for a single value in each group.
    """
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    samples, channels, *window = input.shape
    if num_groups < 1 or channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(input.shape)} "
            f"and num_groups={num_groups}"
        )
    check_of_channels(channels, weight=weight, bias=bias)
    size = samples * channels // num_groups * math.prod(window)
    if size == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    sizes = samples, num_groups, channels // num_groups, math.prod(window)
    return _in_float32(_standardise, input, weight, bias, sizes=sizes, eps=eps, centred=True)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""y = w (x − μ)/√(σ² + ε) + b, over the positions of each channel of each sample:   (N, C, …) → (N, C, …).

    The running statistics, if given, move towards the means of μ and of the unbiased σ² over the samples, in place; without
    `use_input_stats`, they stand for μ and σ². Ulyanov, Vedaldi and Lempitsky, arXiv:1607.08022.

    Raises RuntimeError for shapes that do not fit, for different dtypes and for statistics that are missing, ValueError for a
    single position and for one running statistic without the other.
    """
    positions = math.prod(input.shape[2:])
    if use_input_stats and positions == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size torch.Size({list(input.shape)})")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if not use_input_stats:
        if running_mean is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    samples, channels = input.shape[:2]
    check_of_channels(channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    sizes = samples, channels, 1, positions
    result = _in_float32(_standardise, input, weight, bias, sizes=sizes, eps=eps, centred=True)
    if running_mean is not None and running_var is not None and samples:
        flat = input.detach().flatten(2)
        for moved, new in ((running_mean, flat.mean((0, 2))), (running_var, flat.var(2).mean(0))):
            with no_grad():
                moved.add_(new.to(moved.dtype) - moved, alpha=momentum)
    return result
