"""The same call in both libraries, and what may be compared about it."""

from typing import Any

import byhand.tensor as bt
import numpy as np
import torch
from op_sample import Row, S, mapped

LIBRARIES = (bt, torch)


def array_of(value: Any) -> np.ndarray:
    """The array behind a tensor of either library."""
    return value._data if isinstance(value, bt.Tensor) else value.detach().numpy(force=True)


def as_input(library: Any, array: np.ndarray, requires_grad: bool = True) -> Any:
    """A leaf of the library over a copy of `array` in the same layout."""
    copied = np.lib.stride_tricks.as_strided(_whole(array).copy(order="K"), array.shape, array.strides)
    tensor = library.from_numpy(copied) if array.ndim else library.tensor(array)
    return tensor.requires_grad_(requires_grad and array.dtype.kind == "f")


def _whole(array: np.ndarray) -> np.ndarray:
    """The memory in which a strided array lies."""
    return array if array.base is None or array.flags.c_contiguous or array.flags.f_contiguous else array.base


def tensors_in(value: Any) -> list[Any]:
    """All tensors in a nested result or argument, in order."""
    if isinstance(value, bt.Tensor | torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for part in value for t in tensors_in(part)] if isinstance(value, list | tuple) else []


def outcome(function: Any, *args: Any) -> tuple[Any, type[BaseException] | None]:
    """What a call returns, or the type of what it raises."""
    try:
        return function(*args), None
    except Exception as error:  # noqa: BLE001
        return error, type(error)


def fails_alike(ours: Any, our_error: Any, theirs: Any, their_error: Any) -> bool:
    """Whether both failed; ours in such a way that what catches PyTorch's error catches it too."""
    alike = issubclass(our_error, their_error) if our_error and their_error else our_error is their_error
    assert alike, f"{ours!r}, but torch: {theirs!r}"
    return our_error is not None


def call(library: Any, row: Row, args: Any, kwargs: Any) -> tuple[list[Any], Any]:
    """Run the row's operation on leaves made of the arrays; return the differentiable leaves and the result."""
    given = mapped(lambda array: as_input(library, array), [args, kwargs])
    return [t for t in tensors_in(given) if t.requires_grad], row.run(library, *given)


def derivatives(library: Any, leaves: list[Any], result: Any, order: int, seed: int = 0) -> list[list[np.ndarray | None]]:
    """The result's gradients for random upstream gradients, theirs for other ones, and so on."""
    rng = np.random.default_rng(seed)
    found: list[list[np.ndarray | None]] = []
    outs, variables = tensors_in(result), list(leaves)
    for level in range(order):
        above = [as_input(library, np.asarray(rng.standard_normal(tuple(o.shape)), array_of(o).dtype)) for o in outs]
        pairs = [(o, a) for o, a in zip(outs, above, strict=True) if o.requires_grad]
        if not variables or not (pairs or level):
            break
        gradients = library.autograd.grad(
            [o for o, _ in pairs], variables, [a for _, a in pairs], create_graph=level + 1 < order,
            allow_unused=True, materialize_grads=level > 0,
        ) if pairs else [library.zeros_like(v) for v in variables]
        found.append([None if g is None else array_of(g) for g in gradients])
        variables = variables + [a for a in above if a.requires_grad]
        outs = [g for g in gradients if g is not None]
    return found


def tolerance(dtype: Any) -> dict[str, float]:
    """A few roundings of the dtype; sums of a dozen numbers are the longest here."""
    eps = float(np.finfo(dtype).eps) if np.dtype(dtype).kind == "f" else 0.0
    return {"rtol": 50 * eps, "atol": 50 * eps}


def assert_same(ours: Any, theirs: Any, what: str, **tolerances: float) -> None:
    """Both results hold the same tensors: dtype, shape, values."""
    mine, yours = tensors_in(ours), tensors_in(theirs)
    assert len(mine) == len(yours), f"{what}: {len(mine)} tensors, torch gives {len(yours)}"
    if not mine:
        assert ours == theirs
    for a, b in zip(mine, yours, strict=True):
        assert_arrays(array_of(a), array_of(b), what, **tolerances)
        assert a.requires_grad == b.requires_grad, f"{what}: requires_grad is {a.requires_grad}, torch's {b.requires_grad}"


def assert_arrays(a: Any, b: Any, what: str, **tolerances: float) -> None:
    if a is None or b is None:
        assert a is b, f"{what}: {a} where torch has {b}"
        return
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, torch's {b.dtype}"
    assert a.shape == b.shape, f"{what}: shape {a.shape}, torch's {b.shape}"
    np.testing.assert_allclose(a, b, err_msg=what, **(tolerances or tolerance(b.dtype)))


def compared(row: Row, sample: S, dtype: Any = np.float64, layout: str = "plain", order: int = 1) -> None:
    """Run the sample in both libraries and compare results, errors and derivatives."""
    args, kwargs = row.arrays(sample, dtype, layout)
    (ours, our_error), (theirs, their_error) = (outcome(call, library, row, args, kwargs) for library in LIBRARIES)
    if fails_alike(ours, our_error, theirs, their_error):
        return
    assert_same(ours[1], theirs[1], "result")
    coarsest = max((array_of(t).dtype for t in tensors_in(theirs)), key=lambda d: np.finfo(d).eps if d.kind == "f" else 0)
    order = min(order, row.order)
    mine, yours = derivatives(bt, *ours, order), derivatives(torch, *theirs, order)
    assert len(mine) == len(yours)
    for level, (a, b) in enumerate(zip(mine, yours, strict=True), 1):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_arrays(x, y, f"derivative {level} for variable {i}", **_wider(tolerance(coarsest), 4.0 ** (level - 1)))


def _wider(tolerances: dict[str, float], factor: float) -> dict[str, float]:
    return {key: value * factor for key, value in tolerances.items()}
