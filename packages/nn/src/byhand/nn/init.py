"""Initialisers: they fill a tensor in place, outside the graph, and return it. Names and distributions are PyTorch's.

The *fan* of a weight (out, in, *window) is how many numbers meet in one output: fan_in = in·|window|, fan_out = out·|window|.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from byhand.tensor import Tensor
from byhand.tensor.random import Generator, default_generator

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip

_GAINS = {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which weights before `nonlinearity` are larger, so that variances are kept.

    1 for linear maps and sigmoid, 5/3 for tanh, √2 for relu, √(2/(1 + a²)) for leaky_relu of slope a = `param`, 3/4 for selu.
    Raises ValueError for others.
    """
    if nonlinearity in _LINEAR:
        return 1.0
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2 / (1 + slope * slope))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def _written(tensor: Tensor, values: Any) -> Tensor:
    """Lay `values` into the tensor's memory; the graph knows nothing of it, but sees that it has changed."""
    np.copyto(tensor._data, values, casting="unsafe")
    tensor._version[0] += 1
    return tensor


def _stream(generator: Generator | None) -> np.random.Generator:
    return (generator or default_generator).numpy


def _check_floating(tensor: Tensor) -> None:
    """Raise NotImplementedError unless random numbers can be laid into the tensor."""
    if not tensor.is_floating_point():
        raise NotImplementedError(f"random numbers are floating and cannot be laid into a tensor of {tensor.dtype}")


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers drawn uniformly from [a, b). Raises RuntimeError for a > b, NotImplementedError for integers."""
    _check_floating(tensor)
    if a > b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}")
    return _written(tensor, _stream(generator).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers drawn from N(mean, std²). Raises RuntimeError for a negative std, NotImplementedError for integers."""
    _check_floating(tensor)
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    return _written(tensor, _stream(generator).standard_normal(tensor.shape) * std + mean)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers drawn from N(mean, std²) cut to [a, b].

    What is not accepted is drawn again. Where most normal numbers lie in [a, b], those are accepted that do; else numbers uniform
    on [a, b] are, with a probability in proportion to their density, so that it also works far from the mean.
    Raises ValueError unless a < b and std > 0, NotImplementedError for integers.
    """
    _check_floating(tensor)
    if not (a < b and std > 0):
        raise ValueError(f"trunc_normal_ needs a < b and std > 0, got a={a}, b={b}, std={std}")
    stream, width = _stream(generator), std * math.sqrt(2)
    often = (math.erf((b - mean) / width) - math.erf((a - mean) / width)) / 2 > 0.3
    mode = min(max(mean, a), b)
    low, high = max(a, mode - 9 * std), min(b, mode + 9 * std)  # what lies beyond is e^−40 times as likely as the mode

    def draw(count: int) -> tuple[Any, Any]:
        """Candidates, and which are accepted."""
        if often:
            values = stream.standard_normal(count) * std + mean
            return values, (values >= a) & (values <= b)
        values = stream.uniform(low, high, count)
        chance = np.exp(((mode - mean) / std) ** 2 / 2 - ((values - mean) / std) ** 2 / 2)
        return values, stream.random(count) < chance

    drawn = np.empty(tensor.numel())
    missing = np.arange(drawn.size)
    while missing.size:
        drawn[missing], accepted = draw(missing.size)
        missing = missing[~accepted]
    return _written(tensor, np.reshape(drawn, tensor.shape))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one number."""
    return _written(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return _written(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return _written(tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """Make a matrix the identity, as far as it is square. Raises ValueError unless it has 2 dimensions."""
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tuple(tensor.shape)}")
    return _written(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Make a convolution's weight (out, in, *window) hand on as many channels of each group as there are.

    Raises ValueError unless it has 3, 4 or 5 dimensions and `groups` divides out.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported, got shape {tuple(tensor.shape)}")
    outputs, inputs, *window = tensor.shape
    if outputs % groups:
        raise ValueError(f"dim 0 must be divisible by groups, got {outputs} and {groups}")
    values = np.zeros(tensor.shape)
    centre = tuple(size // 2 for size in window)
    for group in range(groups):
        for i in range(min(outputs // groups, inputs)):
            values[(group * (outputs // groups) + i, i, *centre)] = 1
    return _written(tensor, values)


def _fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, *window). Raises ValueError below 2 dimensions."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions: "
            f"shape {tuple(tensor.shape)} is not (out, in, ...)"
        )
    window = math.prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill from U(−b, b), b = gain·√(6/(fan_in + fan_out)). Glorot and Bengio, AISTATS 2010, eq. 16."""
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill from N(0, σ²), σ = gain·√(2/(fan_in + fan_out)). Glorot and Bengio, AISTATS 2010."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """gain/√fan, the standard deviation with which variances stay the same from layer to layer."""
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _fans(tensor)[mode.lower() == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _is_empty(tensor: Tensor) -> bool:
    """Whether there is nothing to fill, of which PyTorch warns."""
    if tensor.numel():
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return True


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill from U(−b, b), b = gain·√(3/fan), for a leaky relu of slope `a` unless told otherwise. He et al., arXiv:1502.01852."""
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill from N(0, σ²), σ = gain/√fan, for a leaky relu of slope `a` unless told otherwise. He et al., arXiv:1502.01852."""
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Make the rows (or, of a tall matrix, the columns) orthonormal, times `gain`; all dimensions but the first are one.

    Q of a QR decomposition of normal numbers, with the signs of R's diagonal, is uniform among all such matrices
    (Mezzadri, arXiv:math-ph/0609050). Raises ValueError below 2 dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got shape {tuple(tensor.shape)}")
    _check_floating(tensor)
    if not tensor.numel():
        return tensor
    rows = tensor.shape[0]
    drawn = _stream(generator).standard_normal((rows, math.prod(tensor.shape[1:])))
    q, r = np.linalg.qr(drawn.T if rows < drawn.shape[1] else drawn)
    q *= np.sign(np.diagonal(r))
    return _written(tensor, np.reshape(q.T if rows < drawn.shape[1] else q, tensor.shape) * gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix from N(0, std²), then a fraction `sparsity` of each column with zeros. Martens, ICML 2010.

    Raises ValueError unless it has 2 dimensions.
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tuple(tensor.shape)}")
    stream = _stream(generator)
    values = stream.standard_normal(tensor.shape) * std
    zeros = math.ceil(sparsity * tensor.shape[0])
    for column in values.T:
        column[stream.permutation(tensor.shape[0])[:zeros]] = 0
    return _written(tensor, values)
