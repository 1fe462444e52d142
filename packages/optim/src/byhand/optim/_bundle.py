"""Parameters that are updated as if they were one: the reason why a step costs little.

An update is a dozen NumPy calls of about half a microsecond, whatever the size. So small parameters travel together:
their values and gradients are copied into one flat array, updated and copied back, and their state (moments, counts)
lies in flat arrays all the time, with `optimizer.state[p]["exp_avg"]` a view. A large parameter travels alone and
nothing is copied. Either way the update sees flat blocks that fit the processor's cache.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from byhand.tensor import Tensor

Array = np.ndarray[Any, Any]
State = dict[str, Any]

BLOCK = 2**16  # elements an update sees at once
LARGE = 2**14  # from this size on copying costs more than calling


class Block(NamedTuple):
    """What an update sees of a bundle: the same stretch of each of its flat arrays."""

    where: slice
    param: Array
    state: dict[str, Array]  # its numbers are whole: one for each parameter of the bundle, all equal
    scratch: Array  # two rows


class Bundle:
    """Parameters of one dtype that have been updated equally often, and whose other numbers are equal too.

    Args:
        params: the parameters; all have gradients whenever the bundle is used.
        states: the state of each, with the same names; their tensors become views of the bundle's flat arrays.
        steps: how many updates they have had.
        numbers: which of their state is one number for a parameter.
        scratch: two rows of working memory, `BLOCK` elements each.
    """

    def __init__(self, params: list[Tensor], states: list[State], steps: int, numbers: Collection[str], scratch: Array) -> None:
        arrays = [p._data for p in params]
        self.params = params
        self.steps = steps
        self.copies = len(params) > 1 or not arrays[0].flags.c_contiguous
        self.param = np.concatenate([a.reshape(-1) for a in arrays]) if self.copies else arrays[0].reshape(-1)
        self.grad = np.empty_like(self.param) if self.copies else self.param
        self.pieces = list(zip(params, arrays, split(self.param, arrays), split(self.grad, arrays), strict=True))
        self.state = {name: flatten([state[name] for state in states]) for name in states[0]}
        self.numbers = {name: flat for name, flat in self.state.items() if name in numbers}
        self.blocks = list(self._cut(scratch))

    def _cut(self, scratch: Array) -> Iterator[Block]:
        for start in range(0, self.param.size, BLOCK):
            where = slice(start, min(start + BLOCK, self.param.size))
            piece = {name: flat if name in self.numbers else flat[where] for name, flat in self.state.items()}
            yield Block(where, self.param[where], piece, scratch[:, : where.stop - start])

    def gather(self) -> Array:
        """Fetch the parameters, count the update, and return the gradients as one flat array."""
        self.steps += 1
        if "step" in self.state:
            self.state["step"] += 1
        if not self.copies:
            return self.params[0]._grad._data.reshape(-1)  # type: ignore[union-attr,no-any-return]
        for p, array, value, grad in self.pieces:
            value[...] = array
            grad[...] = p._grad._data  # type: ignore[union-attr]
        return self.grad

    def scatter(self) -> None:
        """Write the updated values into the parameters; what a graph saved of the old ones is stale from now on."""
        if self.copies:
            for _, array, value, _ in self.pieces:
                array[...] = value
        for p in self.params:
            p._version[0] += 1


def flatten(tensors: list[Tensor]) -> Array:
    """Move tensors into one flat array; each becomes a view of its part."""
    arrays = [t._data for t in tensors]
    flat = np.concatenate([a.reshape(-1) for a in arrays]) if len(arrays) > 1 else np.ascontiguousarray(arrays[0]).reshape(-1)
    for tensor, piece in zip(tensors, split(flat, arrays), strict=True):
        tensor._data = piece
    return flat


def split(flat: Array, arrays: Iterable[Array]) -> Iterator[Array]:
    """Yield the parts of a flat array in the shapes of `arrays`."""
    start = 0
    for array in arrays:
        yield flat[start : start + array.size].reshape(array.shape)
        start += array.size


def bundles(
    params: list[Tensor], states: list[State], steps: list[int], numbers: Collection[str], scratch: Array
) -> list[Bundle]:
    """Divide parameters of one dtype: small ones of equal count (and other numbers) together, large ones alone.

    Parameters that share memory travel alone too, so that each update sees the one before.
    """
    shared = overlapping([p._data for p in params])
    members: dict[Any, list[int]] = {}
    for i, p in enumerate(params):
        alone = i in shared or p._data.size >= LARGE
        equal = [float(state._data) for name, state in states[i].items() if name in numbers]
        members.setdefault(("alone", i) if alone else ("equal", steps[i], *equal), []).append(i)
    return [
        Bundle([params[i] for i in chosen], [states[i] for i in chosen], steps[chosen[0]], numbers, scratch)
        for chosen in members.values()
    ]


def overlapping(arrays: list[Array]) -> set[int]:
    """Return the positions of the arrays whose memory overlaps another's."""
    bounds = sorted((*np.lib.array_utils.byte_bounds(a), i) for i, a in enumerate(arrays) if a.size)
    found = set()
    last, owner = 0, -1
    for low, high, i in bounds:
        if low < last:
            found |= {i, owner}
        if high > last:
            last, owner = high, i
    return found
