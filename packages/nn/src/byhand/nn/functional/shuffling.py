"""Elements that change places between channels and positions: reshapes and permutations, whose gradients are their inverses."""

from __future__ import annotations

from byhand.tensor import Tensor, permute, reshape

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Return the channels as pixels, (*, C·r², H, W) → (*, C, H·r, W·r): y_{c, hr+i, wr+j} = x_{cr²+ir+j, h, w}, r the factor.

    Shi et al., "Real-time single image and video super-resolution …", arXiv:1609.05158.
    Raises RuntimeError for fewer than three dimensions, a factor that is not positive, or channels that r² does not divide.
    """
    r = upscale_factor
    _check("pixel_shuffle", input, "upscale_factor", r)
    *batch, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {r * r}"
        )
    return _reordered(
        input, (*batch, channels // (r * r), r, r, height, width), (0, 3, 1, 4, 2), (channels // (r * r), height * r, width * r)
    )


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Return the pixels as channels, (*, C, H·r, W·r) → (*, C·r², H, W): the inverse of `pixel_shuffle`.

    Raises RuntimeError for fewer than three dimensions, a factor that is not positive, or sizes that r does not divide.
    """
    r = downscale_factor
    _check("pixel_unshuffle", input, "downscale_factor", r)
    *batch, channels, height, width = input.shape
    if height % r or width % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but got {height} and {width} "
            f"with a factor of {r}"
        )
    return _reordered(
        input, (*batch, channels, height // r, r, width // r, r), (0, 2, 4, 1, 3), (channels * r * r, height // r, width // r)
    )


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Deal the channels of (N, C, *) out from g groups in turn: y_{ig+j} = x_{jC/g+i}.

    Zhang et al., "ShuffleNet", arXiv:1707.01083.
    Raises RuntimeError for fewer than three dimensions, or channels that `groups` does not divide.
    """
    if input.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive, but got {groups}")
    batch, channels, *spatial = input.shape
    if channels % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups.")
    dealt = permute(reshape(input, (batch, groups, channels // groups, *spatial)), (0, 2, 1, *range(3, input.ndim + 1)))
    return reshape(dealt, input.shape)


def _check(name: str, input: Tensor, what: str, factor: int) -> None:
    if input.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {what}, but got {factor}")


def _reordered(input: Tensor, split: tuple[int, ...], order: tuple[int, ...], joined: tuple[int, ...]) -> Tensor:
    """The input reshaped to `split`, its last five dimensions in another order, and these reshaped to `joined`; always a copy."""
    kept = len(split) - len(order)
    result = reshape(permute(reshape(input, split), (*range(kept), *(kept + dim for dim in order))), (*split[:kept], *joined))
    return result.clone() if joined == input.shape[-3:] else result
