"""Numbers made into a distribution: softmax, softmin, log_softmax, and a random choice that can be differentiated."""

from __future__ import annotations

import warnings
from typing import Any

from byhand import tensor
from byhand.tensor import Tensor
from byhand.tensor._tensor import wrap
from byhand.tensor.random import _stream

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


def _dim_of(name: str, input: Tensor, dim: int | None, stacklevel: int) -> int:
    """The dimension, or PyTorch's legacy choice with its warning."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    r"""y_i = e^{x_i}/Σ_j e^{x_j} along `dim`, computed in `dtype` if that is given. Warns where `dim` is left out."""
    return tensor.softmax(input, _dim_of("softmax", input, dim, _stacklevel), dtype=dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    r"""y_i = e^{−x_i}/Σ_j e^{−x_j} along `dim`: softmax of −x. Arguments as `softmax`."""
    return tensor.softmax(-input, _dim_of("softmin", input, dim, _stacklevel), dtype=dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    r"""y_i = x_i − ln Σ_j e^{x_j} along `dim`, which loses no digits, as ln of softmax would. Arguments as `softmax`."""
    return tensor.log_softmax(input, _dim_of("log_softmax", input, dim, _stacklevel), dtype=dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    r"""softmax((x + γ)/τ), γ = −ln E with E drawn from the exponential distribution: a soft draw from softmax(x).

    The largest entry stands at class i with the chance softmax(x)_i; the lower τ, the nearer the draw is to that class alone.
    With `hard` it is that class alone, but has the soft draw's gradient. `eps` has no effect in PyTorch either, and warns.
    Jang, Gu and Poole, arXiv:1611.01144; Maddison, Mnih and Teh, arXiv:1611.00712.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    waiting = wrap(_stream(None).standard_exponential(logits.shape).astype(logits._data.dtype))
    soft = tensor.softmax((logits - waiting.log()) / tau, dim)
    if not hard:
        return soft
    chosen = soft.detach().argmax(dim, keepdim=True)
    sharp = tensor.zeros_like(soft.detach()).scatter(dim, chosen, 1.0)
    return sharp - soft.detach() + soft  # type: ignore[no-any-return]
