"""The same function in both libraries, on the same numbers: values, gradients and second derivatives side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import byhand.tensor as bt
import numpy as np
import torch

TOLERANCE = {np.dtype("float32"): {"rtol": 2e-5, "atol": 2e-6}, np.dtype("float64"): {"rtol": 1e-10, "atol": 1e-12}}


def agree(ours: Any, theirs: Any, what: str = "value") -> None:
    """The two hold the same numbers, in the same shape and dtype."""
    assert (ours is None) == (theirs is None), what
    if ours is None:
        return
    left, right = ours.detach().numpy(), theirs.detach().numpy(force=True)
    assert left.shape == right.shape, what
    assert left.dtype == right.dtype, what
    np.testing.assert_allclose(left, right, err_msg=what, **TOLERANCE.get(left.dtype, {}))


def _tensors(library: Any, arrays: Sequence[Any]) -> list[Any]:
    """Floating arrays as tensors that require grad, others as tensors or as they are."""
    make = bt.tensor if library is bt else torch.tensor
    return [make(a, requires_grad=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a for a in arrays]


def compare(ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: Any, seed: int = 0, second: bool = True) -> None:
    """Both give the same value, the same gradients for a random upstream gradient, and the same gradients of those."""
    results = []
    for library, function in ((bt, ours), (torch, theirs)):
        inputs = _tensors(library, arrays)
        leaves = [t for t in inputs if isinstance(t, library.Tensor) and t.requires_grad]
        results.append((library, function(*inputs), leaves))
    agree(results[0][1], results[1][1])
    rng = np.random.default_rng(seed)
    upstream = np.asarray(rng.normal(size=results[0][1].shape)).astype(results[0][1].detach().numpy().dtype)
    first = [
        library.autograd.grad(out, leaves, library.tensor(upstream), create_graph=second, allow_unused=True)
        for library, out, leaves in results
    ]
    for i, (left, right) in enumerate(zip(*first, strict=True)):
        agree(left, right, f"gradient {i}")
    if second:
        again = [_second(*result, gradients, seed) for result, gradients in zip(results, first, strict=True)]
        for i, (left, right) in enumerate(zip(*again, strict=True)):
            agree(left, right, f"second gradient {i}")


def _second(library: Any, _: Any, leaves: list[Any], gradients: Sequence[Any], seed: int) -> list[Any]:
    """The gradients of a random combination of the gradients; zeros where there are none."""
    rng = np.random.default_rng(seed + 1)
    total = library.zeros((), dtype=leaves[0].dtype)
    for gradient in gradients:
        if gradient is not None:
            weights = np.asarray(rng.normal(size=tuple(gradient.shape))).astype(gradient.detach().numpy().dtype)
            total = total + (gradient * library.tensor(weights)).sum()
    if not total.requires_grad:
        return [library.zeros_like(leaf) for leaf in leaves]
    found = library.autograd.grad(total, leaves, allow_unused=True)
    return [library.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]
