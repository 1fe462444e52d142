"""Instance normalisation as modules."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from byhand.tensor import Tensor

from ..functional import instance_norm
from .normalisation import ChannelNorm

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(ChannelNorm):
    """Each channel of each sample is standardised over its positions; without `affine` and running statistics at first."""

    _rank: ClassVar[int]  # of a batch; one dimension less is a single sample

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; in training mode, let the running statistics, if there are any, follow."""
        if input.ndim not in (self._rank - 1, self._rank):
            raise ValueError(
                f"expected {self._rank - 1}D or {self._rank}D input (got {input.ndim}D input of shape {tuple(input.shape)})"
            )
        self._check_channels(input)
        batch = input if input.ndim == self._rank else input.unsqueeze(0)
        result = instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )
        return result if input.ndim == self._rank else result.squeeze(0)

    def _check_channels(self, input: Tensor) -> None:
        dim = input.ndim - self._rank + 1
        if input.shape[dim] == self.num_features:
            return
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {input.shape[dim]}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
            "num_features, which is not used because affine=False",
            stacklevel=4,
        )


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation of (N, C, L), or of one sample (C, L). The arguments, names and errors are PyTorch's:

    `num_features`, `eps`, `momentum`, `affine`, `track_running_stats`; see `functional.instance_norm` for the formula.
    Raises ValueError for other ranks and, if affine, other channels, and for a single position.
    """

    _rank = 3


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation of (N, C, H, W), or of one sample (C, H, W). The arguments, names and errors are PyTorch's:

    `num_features`, `eps`, `momentum`, `affine`, `track_running_stats`; see `functional.instance_norm` for the formula.
    Raises ValueError for other ranks and, if affine, other channels, and for a single position.
    """

    _rank = 4


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of (N, C, D, H, W), or of one sample (C, D, H, W). The arguments, names and errors are PyTorch's:

    `num_features`, `eps`, `momentum`, `affine`, `track_running_stats`; see `functional.instance_norm` for the formula.
    Raises ValueError for other ranks and, if affine, other channels, and for a single position.
    """

    _rank = 5
