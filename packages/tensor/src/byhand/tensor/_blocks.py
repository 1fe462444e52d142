"""Walking through large arrays in blocks that stay in the cache while several passes go over them, on several threads.

The one place for both. A kernel is a pure function of its blocks: `kernel(*inputs, *outputs)` reads the first, fills the last,
and keeps nothing. So blocks can be worked on at the same time, and NumPy lets other threads run while it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._threads import get_num_threads, shared_out, worth

# Elements of a block, 1 MB of float32: few buffers of this size fit into the last-level cache. Half or twice as many are as good;
# with an eighth, two threads spend their time handing the interpreter to each other (layer norm, GELU: 1.4 to 2 times as long).
BLOCK = 1 << 18
MANY = 1 << 17  # elements from which blocks and another thread pay

Kernel = Callable[..., Any]
Array = np.ndarray[Any, Any]


def in_parts(work: Callable[[slice], Any], rows: int, columns: int = 1) -> list[Any]:
    """Call `work(part)` for consecutive slices of `rows` rows with `columns` numbers each, about `BLOCK` numbers at a time.

    Return what each call returned, in order: so are sums over all rows made of the parts' own. `work` should leave BLAS alone,
    whose threads would wait for each other.
    """
    numbers = rows * columns
    if numbers < MANY:
        return [work(slice(0, rows))]
    several = worth(numbers, MANY)
    threads = get_num_threads() if several else 1
    return _in_slices(work, rows, -(-numbers // (BLOCK * threads)) * threads, several)


def in_shares(work: Callable[[slice], Any], count: int, several: bool) -> list[Any]:
    """Call `work(part)` for consecutive slices of `count` things: one for each thread, or one for all unless `several`.

    Return what each call returned, in order.
    """
    return _in_slices(work, count, get_num_threads() if several else 1, several)


def _in_slices(work: Callable[[slice], Any], count: int, parts: int, several: bool) -> list[Any]:
    """Call `work` for so many slices of nearly equal length, none of them empty, on several threads or on this one."""
    parts = max(min(parts, count), 1)
    ends = [count * i // parts for i in range(parts + 1)]
    slices = list(map(slice, ends, ends[1:]))
    return shared_out(work, slices) if several else [work(part) for part in slices]


def in_blocks(kernel: Kernel, inputs: Sequence[Array], outputs: Sequence[Array], columns: int = 1) -> None:
    """Call `kernel(*inputs, *outputs)` on some rows, the first dimension of all arrays, at a time; each has `columns` numbers."""
    if len(outputs[0]) * columns < MANY:
        kernel(*inputs, *outputs)
        return
    arrays = (*inputs, *outputs)
    in_parts(lambda part: kernel(*[array[part] for array in arrays]), len(outputs[0]), columns)


def elementwise(kernel: Kernel, *inputs: Array, outputs: int = 1) -> Any:
    """Return what `kernel` fills for arrays of one shape, element by element: `outputs` arrays like the first input.

    The first input's order in memory is kept; inputs that lie otherwise are copied if they are large.
    """
    results = [np.empty_like(inputs[0]) for _ in range(outputs)]
    if not inputs[0].ndim:  # as vectors of one element: a kernel's intermediate results would be scalars, which `out=` refuses
        kernel(*[array.reshape(1) for array in inputs], *[array.reshape(1) for array in results])
    elif inputs[0].size < MANY:
        kernel(*inputs, *results)
    else:
        if not all([array.strides == results[0].strides for array in inputs]):
            inputs = tuple([np.ascontiguousarray(array) for array in inputs])
            results = [np.empty(inputs[0].shape, inputs[0].dtype) for _ in range(outputs)]
        in_blocks(kernel, [array.ravel("K") for array in inputs], [array.ravel("K") for array in results])
    return results[0] if outputs == 1 else tuple(results)
