"""Views and in-place changes: several tensors over one memory, and a graph that stays true to what the memory holds.

A view shares its base's version counter. When it is changed in place, the change is written into the *base's* graph:
base ← put(base, where the view lies, new value), and each view of that base, when it is next used, reads
view ← take(base, where it lies). Views changed this way are right at any depth, whatever chain of operations made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._modes import GRAD

if TYPE_CHECKING:
    from ._graph import Array, Node
    from ._tensor import Tensor

MADE_WITHOUT_GRAD = -1


def link_view(result: Tensor, source: Any) -> None:
    """Note that `result` is a view of `source`, if it shares its memory."""
    array = source._data
    if not np.may_share_memory(result._data, array):
        return
    result._version = source._version
    if GRAD.get() or not source._requires_grad:
        result._base = source if source._base is None else source._base
        result._seen = source._version[0]
    else:
        result._seen = MADE_WITHOUT_GRAD


def follow_base(view: Tensor) -> None:
    """If the memory was changed through another tensor since, make `view`'s graph read it from the base again."""
    if view._seen == view._version[0]:
        return
    base = view._base
    assert base is not None
    if base._requires_grad:
        from ._apply import recorded
        from .ops.indexing import take

        view._node = recorded(take.op, (base, wrap_positions(base, view)), take.op.defaults)
        view._requires_grad = True
    view._seen = view._version[0]


def check_writable(target: Tensor, name: str) -> None:
    """Raise RuntimeError if `target` must not be changed in place now."""
    if not target._data.flags.writeable:
        raise RuntimeError(
            f"{name}: unsupported operation: several elements of the written-to tensor (shape {tuple(target.shape)}) share "
            "one memory location, or the memory is not the tensor's to change. clone() it first."
        )
    if not GRAD.get():
        return
    if target._seen == MADE_WITHOUT_GRAD:
        raise RuntimeError(
            f"{name}: a view made under no_grad is being modified in place with grad mode enabled. "
            "Make the view outside no_grad, or clone() it."
        )
    base = target._base
    if base is not None and base._node is None and base._requires_grad:
        raise RuntimeError(f"{name}: a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if target._node is None and target._requires_grad:
        raise RuntimeError(
            f"{name}: a leaf Variable that requires grad is being used in an in-place operation. "
            "Do it inside no_grad(), or clone() it first."
        )


def rebase(target: Tensor, node: Node | None) -> None:
    """Note that `target`'s memory now holds the result of `node` (None: constants), in its own graph and its base's."""
    base = target._base
    target._version[0] += 1
    if not GRAD.get():  # the graph stays as it is: so a leaf is changed by hand
        return
    target._node = node
    target._requires_grad = node is not None
    if base is None:
        return
    if node is not None or base._requires_grad:
        from ._apply import recorded
        from .ops.indexing import put

        target._seen = target._version[0]  # `node` is its graph while the base reads from it
        base._node = recorded(put.op, (base, wrap_positions(base, target), target), put.op.defaults)
        base._requires_grad = True
    target._seen = -2  # stale: its graph is read from the base when it is next used
    follow_base(target)


def moved(target: Tensor, node: Node | None) -> None:
    """Note that `target` now lies otherwise over its memory, as the result of `node` (None: of constants)."""
    target._version[0] += 1
    if not GRAD.get():
        return
    target._node = node
    if target._base is not None:  # its graph is read from the base at the places where it lies now
        follow_base(target)


def wrap_positions(base: Tensor, view: Tensor) -> Tensor:
    """Where each element of `view` lies in `base`, counted in row-major order, as an integer tensor of the view's shape."""
    from ._tensor import wrap

    return wrap(positions(base._data, view._data))


def positions(base: Array, view: Array) -> Array:
    """Return, for each element of `view`, the row-major index of the element of `base` at the same address."""
    pointer = "__array_interface__"
    offset = getattr(view, pointer)["data"][0] - getattr(base, pointer)["data"][0]
    addresses = _addresses(view) + offset
    if base.flags.c_contiguous:
        return np.asarray(addresses // base.itemsize)
    own = _addresses(base).ravel()
    order = np.argsort(own)
    return np.asarray(order[np.searchsorted(own, addresses, sorter=order)])


def _addresses(array: Array) -> Array:
    """The distance in bytes of each element from the array's first one."""
    return addresses(array.shape, array.strides)


def addresses(shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """The distance of each element from the first one, in the unit of the strides."""
    result = np.zeros(shape, np.int64)
    for dim, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        result += (np.arange(size) * stride).reshape((size,) + (1,) * (len(shape) - dim - 1))
    return result
