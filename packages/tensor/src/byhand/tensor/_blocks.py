"""Walking through large arrays in blocks that stay in the cache while several passes go over them, on several threads.

The one place for both. A kernel is a pure function of its blocks: `kernel(*inputs, *outputs)` reads the first, fills the last,
and keeps nothing. So blocks can be worked on at the same time, and NumPy lets other threads run while it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._threads import get_num_threads, shared_out, worth

BLOCK = 32768  # elements of a block: few buffers of this size fit into the second-level cache
MANY = 4 * BLOCK  # elements from which another thread pays; half or four times as many cost 3 % (a GPT)

Kernel = Callable[..., Any]
Array = np.ndarray[Any, Any]


def in_parts(work: Callable[[slice], Any], rows: int, columns: int = 1) -> list[Any]:
    """Call `work(part)` for consecutive slices of `rows` rows with `columns` numbers each, about `BLOCK` numbers at a time.

    Return what each call returned, in order: so are sums over all rows made of the parts' own. `work` should leave BLAS alone,
    whose threads would wait for each other.
    """
    step = max(BLOCK // max(columns, 1), 1)
    if rows <= step:
        return [work(slice(0, rows))]
    parts = [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
    return shared_out(work, parts) if worth(rows * columns, MANY) else [work(part) for part in parts]


def in_shares(work: Callable[[slice], Any], count: int, several: bool) -> list[Any]:
    """Call `work(part)` for consecutive slices of `count` things: one for each thread, or one for all unless `several`.

    Return what each call returned, in order.
    """
    shares = min(get_num_threads(), count) if several else 1
    if shares <= 1:
        return [work(slice(0, count))]
    ends = [count * i // shares for i in range(shares + 1)]
    return shared_out(work, list(map(slice, ends, ends[1:])))


def in_blocks(kernel: Kernel, inputs: Sequence[Array], outputs: Sequence[Array], rows: int = BLOCK) -> None:
    """Call `kernel(*inputs, *outputs)` on `rows` rows at a time, the first dimension of all arrays; one call if that is all."""
    count = len(outputs[0]) if outputs[0].ndim else 1
    if count <= rows:
        kernel(*inputs, *outputs)
        return
    arrays = (*inputs, *outputs)
    in_parts(lambda part: kernel(*[array[part] for array in arrays]), count, max(BLOCK // max(rows, 1), 1))


def elementwise(kernel: Kernel, *inputs: Array, outputs: int = 1) -> Any:
    """Return what `kernel` fills for arrays of one shape, element by element: `outputs` arrays like the first input.

    The first input's order in memory is kept; inputs that lie otherwise are copied if they are large.
    """
    results = [np.empty_like(inputs[0]) for _ in range(outputs)]
    if not inputs[0].ndim:  # as vectors of one element: a kernel's intermediate results would be scalars, which `out=` refuses
        kernel(*[array.reshape(1) for array in inputs], *[array.reshape(1) for array in results])
    elif inputs[0].size <= BLOCK:
        kernel(*inputs, *results)
    else:
        if not all([array.strides == results[0].strides for array in inputs]):
            inputs = tuple([np.ascontiguousarray(array) for array in inputs])
            results = [np.empty(inputs[0].shape, inputs[0].dtype) for _ in range(outputs)]
        in_blocks(kernel, [array.ravel("K") for array in inputs], [array.ravel("K") for array in results])
    return results[0] if outputs == 1 else tuple(results)
