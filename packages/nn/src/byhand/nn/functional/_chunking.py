"""How `linear_cross_entropy` walks through a batch in chunks, and with which precision."""

from __future__ import annotations

import dataclasses
from typing import Any

from byhand.tensor import float16, float32, float64

__all__ = ["LinearCrossEntropyOptions"]


@dataclasses.dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """Options of the chunked `linear_cross_entropy`, which never holds the logits of more than one chunk.

    Args:
        allow_retain_graph: PyTorch's permission for a second backward pass. Here nothing is used up in the first: logits are
            computed again in each, so that both values allow as many as `retain_graph` asks for.
        batch_chunk_size: rows of a chunk; None: all, or what `chunking_method` says.
        chunking_method: "aspect_ratio" or "aspect_ratio:N": as many rows as make the logits of a chunk as large as the input, to
            the next power of two, divided by N; "auto": "aspect_ratio:2", or "aspect_ratio" in float16; None: neither.
        acc_policy: "accurate" and "balanced" add up the weights' gradient in `acc_dtype`, "compact" in the weights' own dtype;
            "auto": "compact", or "accurate" in float16.
        acc_dtype: the dtype in which a chunk is computed; None: the input's, or float32 for float16 with the policy "auto".

    Raises ValueError for what is none of these.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto"):
            name, colon, factor = str(self.chunking_method).partition(":")
            if name != "aspect_ratio" or (colon and not (factor.isdigit() and int(factor) > 0)):
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype not in (None, float16, float32, float64):
            raise ValueError(f"acc_dtype must be None or a floating dtype, got {self.acc_dtype!r}")


def rows_of_a_chunk(options: LinearCrossEntropyOptions, samples: int, features: int, classes: int, dtype: Any) -> int:
    """Return how many rows a chunk has. Raises ValueError where size and method disagree."""
    size, method = options.batch_chunk_size, options.chunking_method
    if method == "auto":
        method = None if size is not None else "aspect_ratio" if dtype == float16 else "aspect_ratio:2"
    if method is None:
        return max(1, samples if size is None else min(size, samples))
    wanted = -(-samples // -(-classes // features))
    rows = min((1 << max(wanted - 1, 0).bit_length()) // int(method.partition(":")[2] or 1), samples)
    if size not in (None, rows):
        raise ValueError(
            f"batch_chunk_size (={size}) and chunking_method ('{method}') give different chunk sizes ({size} vs {rows}); "
            "pass only one."
        )
    return max(1, rows)


def accumulation(options: LinearCrossEntropyOptions, dtype: Any) -> tuple[Any, bool]:
    """Return the dtype of a chunk, and whether the weights' gradient is added up in it. Raises RuntimeError for one unfit."""
    auto = options.acc_policy == "auto"
    policy = options.acc_policy if not auto else "accurate" if dtype == float16 else "compact"
    wanted = options.acc_dtype or (float32 if auto and dtype == float16 else dtype)
    if wanted != dtype and not (dtype == float16 and wanted == float32):
        raise RuntimeError(
            f"linear_cross_entropy supports float32 acc_dtype with float16 inputs, but got {wanted} acc_dtype and {dtype} inputs."
        )
    return wanted, policy != "compact"
