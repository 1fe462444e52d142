"""Are the derivatives right? `gradcheck` compares them with central differences, `gradgradcheck` those of second order.

    ∂f/∂x_i ≈ (f(x + ε e_i) − f(x − ε e_i)) / 2ε,   with an error of O(ε²) from the series and O(u/ε) from rounding,

so in float64 (u ≈ 10⁻¹⁶) with ε = 10⁻⁶ some nine digits agree; in float32 hardly two.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._dtypes import FLOATING, float64
from .._graph import Array
from .._tensor import Tensor, wrap
from ..random import randn_like
from ._gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Function = Callable[..., Any]
Inputs = Tensor | Sequence[Any]


class GradcheckError(RuntimeError):
    """The derivatives are wrong, or cannot be checked; the message names input and output and shows both Jacobians."""


def gradcheck(
    func: Function,
    inputs: Inputs,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_grad_dtypes: bool = False,
) -> bool:
    """Tell whether the gradients of `func(*inputs)` agree with central differences.

    Every floating output is differentiated by every input that requires grad:
    |analytical − numerical| ≤ atol + rtol · |numerical|, element by element of the Jacobians (inputs × outputs).

    Args:
        eps: how far an element is moved either way.
        nondet_tol: how far two backward passes may differ.
        check_grad_dtypes: also ask that a gradient has its input's dtype.

    Raises GradcheckError (or returns False, unless `raise_exception`) if they differ; ValueError if no input requires
    grad; RuntimeError for an input whose elements share memory. Warns if an input is not float64.
    """
    try:
        _check(func, _tupled(inputs), eps, atol, rtol, nondet_tol, check_grad_dtypes)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Function,
    inputs: Inputs,
    grad_outputs: Inputs | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_grad_dtypes: bool = False,
) -> bool:
    """Tell whether the gradients of the gradients of `func(*inputs)` agree with central differences.

    `gradcheck` of (x, ȳ) ↦ x̄ = ȳ · ∂y/∂x. The ȳ are drawn from the default generator unless `grad_outputs` gives them.
    """
    given = _tupled(inputs)
    if grad_outputs is None:
        outputs = _floating(_tupled(func(*given)))
        upstream = tuple([randn_like(out).requires_grad_() for out in outputs])
    else:
        upstream = _tupled(grad_outputs)

    def gradients(*args: Any) -> tuple[Tensor, ...]:
        arguments, starts = args[: len(given)], args[len(given) :]
        pairs = [(y, g) for y, g in zip(_floating(_tupled(func(*arguments))), starts, strict=True) if y.requires_grad]
        of = [x for x in arguments if _wanted(x)]
        found = grad([y for y, _ in pairs], of, [g for _, g in pairs], create_graph=True, allow_unused=True)
        return tuple([x for x in found if x is not None])

    return gradcheck(
        gradients,
        (*given, *upstream),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_grad_dtypes=check_grad_dtypes,
    )


def _check(func: Function, inputs: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet: float, dtypes: bool) -> None:
    wanted = _checked_inputs(inputs)
    outputs = _floating(_tupled(func(*inputs)))
    numerical = {i: _numerical(func, inputs, inputs[i]._data, eps) for i in wanted}
    for o, output in enumerate(outputs):
        if not output.requires_grad:
            if any(np.any(numerical[i][o] != 0) for i in wanted):
                raise GradcheckError(f"Numerical gradient for function expected to be zero: output {o} does not require grad")
            continue
        of = [inputs[i] for i in wanted]
        first, second = _analytical(output, of, dtypes), _analytical(output, of, dtypes)
        for i, analytical, again in zip(wanted, first, second, strict=True):
            if not np.allclose(analytical, numerical[i][o], rtol, atol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {o} with respect to input {i},\n"
                    f"numerical:{wrap(numerical[i][o])}\nanalytical:{wrap(analytical)}\n"
                )
            if np.any(np.abs(analytical - again) > nondet):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
                    f"different values, although analytical gradient matches numerical gradient (output {o}, input {i}). "
                    f"The tolerance for nondeterminism was {nondet}."
                )


def _checked_inputs(inputs: tuple[Any, ...]) -> list[int]:
    """The places of the inputs to differentiate by."""
    wanted = [i for i, value in enumerate(inputs) if _wanted(value)]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i in wanted:
        array = inputs[i]._data
        if any(stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be "
                "able to compute the numerical gradients correctly. You should call .contiguous on the input before passing "
                "it to gradcheck."
            )
        if array.dtype != float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will likely "
                "fail if all the inputs are not of double precision floating point or complex.",
                stacklevel=4,
            )
    return wanted


def _numerical(func: Function, inputs: tuple[Any, ...], memory: Array, eps: float) -> list[Array]:
    """The Jacobian of each output by the input that lies in `memory`: (elements of the input, elements of the output)."""
    rows: list[list[Array]] = []
    for index in np.ndindex(memory.shape):
        here = memory[index]
        ends = []
        try:
            for shift in (eps, -eps):
                memory[index] = here + shift
                ends.append([out._data.astype(float64).ravel() for out in _floating(_tupled(func(*inputs)))])
        finally:
            memory[index] = here
        rows.append([(above - below) / (2 * eps) for above, below in zip(*ends, strict=True)])
    if not rows:
        return [np.zeros((0, out._data.size)) for out in _floating(_tupled(func(*inputs)))]
    return [np.stack(columns) for columns in zip(*rows, strict=True)]


def _analytical(output: Tensor, inputs: list[Tensor], dtypes: bool) -> list[Array]:
    """The Jacobian of `output` by each input, one backward pass for each element of the output."""
    jacobians = [np.zeros((x._data.size, output._data.size)) for x in inputs]
    for column in range(output._data.size):
        start = np.zeros(output._data.shape, output._data.dtype)
        start.flat[column] = 1
        gradients = grad(output, inputs, wrap(start), retain_graph=True, allow_unused=True)
        for jacobian, gradient, x in zip(jacobians, gradients, inputs, strict=True):
            if gradient is None:
                continue
            if dtypes and gradient.dtype != x.dtype:
                raise GradcheckError(f"Gradient dtype {gradient.dtype} differs from its input's, {x.dtype}")
            jacobian[:, column] = gradient._data.ravel()
    return jacobians


def _tupled(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else (values,)


def _floating(outputs: tuple[Any, ...]) -> list[Tensor]:
    """The outputs that can have a derivative."""
    return [out for out in outputs if isinstance(out, Tensor) and out._data.dtype in FLOATING]


def _wanted(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad
