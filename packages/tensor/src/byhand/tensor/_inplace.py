"""In-place forms: `x.add_(y)` computes what `add(x, y)` does and lays it into x's memory, in the graph too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._dtypes import category
from ._graph import UNCHANGING, Node
from ._modes import GRAD
from ._tensor import Tensor
from ._views import check_writable, moved, rebase


def inplace(function: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    """Return the in-place form of an operation whose first input is the tensor to change."""

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_writable(self, name)
        result: Tensor = function(self, *args, **kwargs)
        check_fits(self, result, name)
        store(self, result)
        return self

    apply.__name__ = name
    apply.__doc__ = f"In-place form of `{name.strip('_')}`: changes this tensor and returns it."
    return apply


def reshaped_in_place(function: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    """Return the form of a view operation that gives the tensor itself the new shape, over the same memory."""

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_writable(self, name)
        result: Tensor = function(self, *args, **kwargs)
        self._data = result._data
        if result is not self:
            moved(self, result._node)
        return self

    apply.__name__ = name
    apply.__doc__ = f"In-place form of `{name.strip('_')}`: gives this tensor another shape and returns it."
    return apply


def check_fits(target: Tensor, result: Tensor, name: str) -> None:
    """Raise RuntimeError unless the result has the target's shape and may become its dtype."""
    if result._data.shape != target._data.shape:
        raise RuntimeError(
            f"{name}: output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}; "
            "use the form without underscore"
        )
    if category(result._data.dtype) > category(target._data.dtype):
        raise RuntimeError(
            f"{name}: result type {result._data.dtype} can't be cast to the desired output type {target._data.dtype}; "
            "convert the tensor first"
        )


def store(target: Tensor, result: Tensor) -> None:
    """Lay `result` into `target`'s memory and let `target` take its place in the graph."""
    if result._data.dtype != target._data.dtype:
        result = result.to(target._data.dtype)
    node = result._node if result._requires_grad else None
    if isinstance(node, Node):
        _keep_old_values(node, target)
    if result._requires_grad and node is None:  # the result is a leaf: it enters through a step of its own
        node = result.clone()._node
    if node is None and GRAD.get() and target.requires_grad:  # what is overwritten by constants has the gradient 0
        from .ops.indexing import overwriting

        node = overwriting(target, result)
    np.copyto(target._data, result._data)
    rebase(target, node)


def _keep_old_values(node: Node, target: Tensor) -> None:
    """What the step saved of the target's memory is about to be overwritten: it keeps a copy instead."""
    memory = target._data
    for i, value in enumerate(node.saved or ()):
        if isinstance(value, np.ndarray) and (not value.size or np.may_share_memory(value, memory)):
            node.saved[i] = value.copy()  # type: ignore[index]
            if i < len(node.stamps):
                node.stamps[i] = UNCHANGING
