"""Pictures changed at random, so that a model does not learn them by heart. A whole minibatch at once, from bytes to bytes.

The random numbers are those of `byhand.tensor`'s default generator, so that a run can be taken up again to the bit.
"""

import byhand.tensor as torch
import numpy as np
from byhand.examples.data import Array
from numpy.lib.stride_tricks import sliding_window_view

__all__ = ["mirrored", "moved"]


def mirrored(images: Array) -> Array:
    """Half of the pictures (N × … × width), chosen at random, with left and right exchanged."""
    chosen = torch.rand(len(images)).numpy() < 0.5
    return np.where(chosen.reshape(-1, *[1] * (images.ndim - 1)), images[..., ::-1], images)


def moved(images: Array, most: int) -> Array:
    """Each picture (N × … × height × width) moved by up to `most` pixels up or down, left or right; zeros come in.

    That is to say: framed with zeros, and a piece of the old size cut out at a random place.
    """
    *_, height, width = images.shape
    framed = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(most, most)] * 2)
    pieces = sliding_window_view(framed, (height, width), axis=(-2, -1))  # N × … × places down × places across × height × width
    down, across = torch.randint(0, 2 * most + 1, (2, len(images))).numpy()
    moved: Array = pieces[np.arange(len(images)), ..., down, across, :, :]
    return moved
