"""Results in float32 whose rounding exceeds the usual tolerance, because a softmax multiplies it and gradients are long sums.

PyTorch's own are as far off, so that the two cannot be compared. Both are compared with PyTorch's in float64 instead: ours may
be wrong by the usual tolerance and four times the largest error of PyTorch's in the same tensor.
"""

from copy import deepcopy

import byhand.tensor as bt
import numpy as np
import torch
from opinfo import TOLERANCE, as_ours, mapped, tensors_in


def as_near(ours, theirs, given, where, seed=0):
    """Assert that a function or module agrees, with the gradients of inputs and parameters, where given is (args, kwargs)."""
    exactly = deepcopy(theirs).double() if isinstance(theirs, torch.nn.Module) else theirs
    runs = (
        _run(bt, ours, mapped(as_ours, given), seed),
        _run(torch, theirs, given, seed),
        _run(torch, exactly, mapped(_double, given), seed),
    )
    rtol, atol = TOLERANCE["float32"]
    for i, (found, single, exact) in enumerate(zip(*runs, strict=True)):
        assert found.dtype == single.dtype == np.float32, f"{where}: {i}"
        assert found.shape == exact.shape, f"{where}: {i}"
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(single), err_msg=f"{where}: {i}")
        error, own = (np.nan_to_num(np.abs(x - exact)) for x in (found, single))
        allowed = atol + rtol * np.nan_to_num(np.abs(exact)) + 4 * own.max(initial=0)
        assert (error <= allowed).all(), f"{where}: {i}: off by {error.max()}, but PyTorch by {own.max()}"


def _double(tensor):
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        return tensor
    return tensor.detach().double().requires_grad_(tensor.requires_grad)


def _run(library, function, given, seed):
    """The results, and the gradients of all leaves for random upstream gradients, as arrays."""
    args, kwargs = given
    results = tensors_in(function(*args, **kwargs), library.Tensor)
    leaves = [t for t in tensors_in([list(args), kwargs], library.Tensor) if t.requires_grad]
    leaves += list(function.parameters()) if hasattr(function, "parameters") else []
    rng = np.random.default_rng(seed)
    upstream = [rng.standard_normal(tuple(r.shape)).astype("float32").astype(str(r.dtype).split(".")[-1]) for r in results]
    chosen = [(r, library.from_numpy(u)) for r, u in zip(results, upstream, strict=True) if r.requires_grad]
    gradients = ()
    if chosen and leaves:
        outputs, pulls = zip(*chosen, strict=True)
        gradients = library.autograd.grad(outputs, leaves, pulls, allow_unused=True)
    return [r.detach().numpy() for r in results] + [
        np.zeros(tuple(leaf.shape), leaf.detach().numpy().dtype) if g is None else g.numpy()
        for leaf, g in zip(leaves, gradients, strict=bool(chosen))
    ]
