"""Derivatives on demand: `backward` and `grad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._backward import accumulate, as_gradient, run
from .._graph import Edge
from .._modes import GRAD
from .._quiet import ERRORS, IGNORED
from .._tensor import Tensor, wrap
from .._views import follow_base

__all__ = ["backward", "grad"]

Tensors = Tensor | Sequence[Tensor]


def backward(
    tensors: Tensors,
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add Σ_k ȳ_k · ∂y_k/∂x to the `.grad` of every leaf x behind `tensors` (or of `inputs` alone).

    Args and errors as in `Tensor.backward`; `grad_tensors` are the ȳ_k.
    """
    if inputs is not None and not _several(inputs):
        raise RuntimeError("backward: `inputs` is empty; leave it out to reach all leaves")
    roots = _roots(tensors, grad_tensors, create_graph)
    if inputs is None:
        _run(roots, None, retain_graph, create_graph)
        return
    wanted = _edges(_several(inputs), "backward")
    found = _run(roots, set(wanted.values()), retain_graph, create_graph)
    for tensor, edge in wanted.items():
        if edge in found:
            accumulate(tensor, found[edge], owned=False, create=create_graph)


def backward_from(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add the gradient of this tensor to the `.grad` of the leaves it was computed from (or of `inputs` alone).

    Args:
        gradient: dL/d(this tensor); may be left out for a single element, where it is 1.
        retain_graph: keep what the graph saved, for another backward pass; by default as `create_graph`.
        create_graph: record the backward pass itself, for derivatives of higher order.
        inputs: the tensors whose `.grad` is wanted; by default all leaves.

    Raises RuntimeError: not a scalar and no gradient; wrong shape; nothing requires grad; graph already freed.
    """
    backward(self, gradient, retain_graph, create_graph, inputs)


Tensor.backward = backward_from  # type: ignore[method-assign]


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return Σ_k ȳ_k · ∂y_k/∂x for each x of `inputs`, leaving every `.grad` alone.

    Args:
        grad_outputs: the ȳ_k; may be left out for outputs of one element.
        retain_graph: keep the graph for another pass; by default as `create_graph`.
        create_graph: make the result differentiable.
        allow_unused: return None for an input that plays no part, instead of raising RuntimeError.
        materialize_grads: return zeros instead of None.
    """
    if allow_unused is False and materialize_grads:
        raise ValueError("grad: materialize_grads=True needs allow_unused=True or None")
    wanted = _edges(_several(inputs), "grad")
    found = _run(_roots(outputs, grad_outputs, create_graph), set(wanted.values()), retain_graph, create_graph)
    results: list[Tensor | None] = []
    for i, tensor in enumerate(_several(inputs)):
        gradient = found.get(wanted[tensor])
        if gradient is not None:
            results.append(gradient if create_graph else wrap(gradient))
        elif materialize_grads:
            results.append(wrap(tensor._data * 0))
        elif allow_unused:
            results.append(None)
        else:
            raise RuntimeError(
                f"One of the differentiated Tensors appears to not have been used in the graph: inputs[{i}], "
                f"shape {tuple(tensor.shape)}. Say allow_unused=True if that is meant."
            )
    return tuple(results)


def _run(roots: dict[Edge, Any], wanted: set[Edge] | None, retain: bool | None, create: bool) -> dict[Edge, Any]:
    recording, errors = GRAD.set(create), ERRORS.set(IGNORED)
    try:
        return run(roots, wanted, create if retain is None else retain, create)
    finally:
        ERRORS.reset(errors)
        GRAD.reset(recording)


def _roots(tensors: Tensors, gradients: Any, create: bool) -> dict[Edge, Any]:
    """The edges from which the pass starts, with the gradient of each."""
    if isinstance(tensors, Tensor) and (gradients is None or isinstance(gradients, Tensor)):
        return {_root(tensors): as_gradient(tensors, gradients, create)}
    roots: dict[Edge, Any] = {}
    several = _several(tensors)
    given = [None] * len(several) if gradients is None else _several(gradients)
    if len(given) != len(several):
        raise RuntimeError(f"got {len(several)} tensors and {len(given)} gradients; give one for each")
    for tensor, gradient in zip(several, given, strict=True):
        edge = _root(tensor)
        start = as_gradient(tensor, gradient, create)
        roots[edge] = roots[edge] + start if edge in roots else start
    return roots


def _root(tensor: Tensor) -> Edge:
    """The edge from which a tensor's gradient sets out. Raises RuntimeError if nothing requires it."""
    edge = _edge(tensor)
    if not tensor._requires_grad:
        raise RuntimeError(
            f"element of tensors does not require grad and does not have a grad_fn (shape {tuple(tensor.shape)}). "
            "Was it computed under no_grad, or from tensors without requires_grad=True?"
        )
    return edge


def _edge(tensor: Tensor) -> Edge:
    if tensor._base is not None:
        follow_base(tensor)
    return tensor if tensor._node is None else tensor._node


def _edges(tensors: Sequence[Tensor], name: str) -> dict[Tensor, Edge]:
    for i, tensor in enumerate(tensors):
        if not tensor.requires_grad:
            raise RuntimeError(
                f"{name}: One of the differentiated Tensors does not require grad: inputs[{i}], shape {tuple(tensor.shape)}"
            )
    return {tensor: _edge(tensor) for tensor in tensors}


def _several(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)
