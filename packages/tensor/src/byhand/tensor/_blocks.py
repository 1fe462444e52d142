"""Walking through large arrays in blocks that stay in the cache while several passes go over them.

A kernel is a pure function of its blocks: `kernel(*inputs, *outputs)` reads the first, fills the last, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

BLOCK = 32768  # elements of a block: few buffers of this size fit into the second-level cache

Kernel = Callable[..., Any]
Array = np.ndarray[Any, Any]


def in_blocks(kernel: Kernel, inputs: Sequence[Array], outputs: Sequence[Array], rows: int = BLOCK) -> None:
    """Call `kernel(*inputs, *outputs)` on `rows` rows at a time, the first dimension of all arrays; one call if that is all."""
    count = len(outputs[0]) if outputs[0].ndim else 1
    if count <= rows:
        kernel(*inputs, *outputs)
        return
    arrays = (*inputs, *outputs)
    for start in range(0, count, rows):
        kernel(*[array[start : start + rows] for array in arrays])


def elementwise(kernel: Kernel, *inputs: Array, outputs: int = 1) -> Any:
    """Return what `kernel` fills for arrays of one shape, element by element: `outputs` arrays like the first input.

    The first input's order in memory is kept; inputs that lie otherwise are copied if they are large.
    """
    results = [np.empty_like(inputs[0]) for _ in range(outputs)]
    if inputs[0].size <= BLOCK:
        kernel(*inputs, *results)
    else:
        if not all([array.strides == results[0].strides for array in inputs]):
            inputs = tuple([np.ascontiguousarray(array) for array in inputs])
            results = [np.empty(inputs[0].shape, inputs[0].dtype) for _ in range(outputs)]
        in_blocks(kernel, [array.ravel("K") for array in inputs], [array.ravel("K") for array in results])
    return results[0] if outputs == 1 else tuple(results)
