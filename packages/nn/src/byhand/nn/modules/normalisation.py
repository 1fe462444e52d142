"""Batch normalisation as modules, and what it shares with instance normalisation: parameters and running statistics."""

from __future__ import annotations

from typing import Any, ClassVar

from byhand.tensor import Tensor, empty, int64, ones, tensor, zeros

from .. import init
from ..functional import batch_norm
from ..parameter import Parameter
from .module import Module

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class ChannelNorm(Module):
    """y = w (x − μ)/√(σ² + ε) + b, with numbers w, b and running statistics of μ and σ² for each channel.

    Args:
        num_features: C, the number of channels.
        eps: ε.
        momentum: how far the running statistics move towards a batch's; None: they are the average over all batches.
        affine: learn `weight` w (ones at first) and `bias` b (zeros); with `bias=False`, w alone.
        track_running_stats: keep `running_mean`, `running_var`, `num_batches_tracked`, for evaluation mode; without them a
            batch is always normalised by its own statistics.
    """

    _version = 2
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, learned in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(name, Parameter(empty(num_features, device=device, dtype=dtype)) if learned else None)
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if track_running_stats else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", tensor(0) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget all batches: mean 0, variance 1."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set weight to 1, bias to 0, and forget all batches."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _upgrade(self, state: dict[str, Any], prefix: str, version: int | None) -> None:
        """Version 1 did not count batches."""
        if (version is None or version < 2) and self.num_batches_tracked is not None:
            state.setdefault(f"{prefix}num_batches_tracked", self.num_batches_tracked.detach().to(int64))


class _BatchNorm(ChannelNorm):
    """Batch normalisation of inputs with one of the numbers of dimensions in `_ranks`."""

    _ranks: ClassVar[tuple[int, ...]]

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input; in training mode, let the running statistics follow."""
        if input.ndim not in self._ranks:
            expected = " or ".join(f"{rank}D" for rank in self._ranks)
            raise ValueError(f"expected {expected} input (got {input.ndim}D input of shape {tuple(input.shape)})")
        follows = self.training and self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        if follows and self.num_batches_tracked is not None:
            seen = int(self.num_batches_tracked) + 1
            momentum = 1 / seen if self.momentum is None else self.momentum
        used = follows or not self.training
        result = batch_norm(
            input,
            self.running_mean if used else None,
            self.running_var if used else None,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            momentum,
            self.eps,
        )
        if follows and self.num_batches_tracked is not None:  # only after all has gone well
            self.num_batches_tracked.fill_(seen)
        return result


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L). The arguments, names and errors are PyTorch's:

    `num_features`, `eps`, `momentum`, `affine`, `track_running_stats`; see `functional.batch_norm` for the formula.
    Raises ValueError for other ranks, and for a single value per channel in training.
    """

    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W). The arguments, names and errors are PyTorch's:

    `num_features`, `eps`, `momentum`, `affine`, `track_running_stats`; see `functional.batch_norm` for the formula.
    Raises ValueError for other ranks, and for a single value per channel in training.
    """

    _ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W). The arguments, names and errors are PyTorch's:

    `num_features`, `eps`, `momentum`, `affine`, `track_running_stats`; see `functional.batch_norm` for the formula.
    Raises ValueError for other ranks, and for a single value per channel in training.
    """

    _ranks = (5,)
