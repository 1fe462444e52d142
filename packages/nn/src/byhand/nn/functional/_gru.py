"""Gated recurrent units: one cell, and one layer over whole sequences.

Cho et al., arXiv:1406.1078, in the form of cuDNN and PyTorch, where the reset gate acts on the hidden product:

    r = σ(W_ir x + b_ir + W_hr h + b_hr)    z = σ(W_iz x + b_iz + W_hz h + b_hz)
    u = tanh(W_iu x + b_iu + r v),  v = W_hu h + b_hu
    h' = (1 − z) u + z h
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op, sigmoid
from byhand.tensor._graph import Array

from ._checks import alike
from ._recurrence import (
    bias_gradient,
    by_gate,
    differentiated,
    input_gradient,
    projected,
    sigmoid_of_negative,
    steps,
    transposed,
    unrolled,
    weight_gradient,
)
from .linear import linear

__all__ = ["gru_cell", "gru_layer"]


def _gates(a: Any, b: Any, hidden: int) -> tuple[Any, Any, Any, Any]:
    """r, z, u and v from the products with the input and with the state, each (N, 3 hidden)."""
    r, z = (sigmoid.kernel(a[:, s] + b[:, s]) for s in (slice(hidden), slice(hidden, 2 * hidden)))
    v = b[:, 2 * hidden :]
    return r, z, np.tanh(a[:, 2 * hidden :] + r * v), v


@op(promote=alike)
def _gru_state(a: Array, b: Array, h: Array) -> Array:
    r"""h' = (1 − z) u + z h, with a = W_ih x + b_ih and b = W_hh h + b_hh.

        ā_u = h̄' (1 − z) (1 − u²)    ā_r = ā_u v r (1 − r)    ā_z = h̄' (h − u) z (1 − z)    h̄ = h̄' z
        b̄_r = ā_r    b̄_z = ā_z    b̄_u = ā_u r
    """
    _, z, u, _ = _gates(a, b, h.shape[1])
    return u + z * (h - u)


@_gru_state.vjp("a", "b", "h")
def _(g: Array, a: Array, b: Array, h: Array) -> tuple[Array, Array, Array]:
    r, z, u, v = _gates(a, b, h.shape[1])
    new = g * ((1 - z) * (1 - u * u))
    reset, update = new * (v * (r * (1 - r))), g * ((h - u) * (z * (1 - z)))
    return np.concatenate((reset, update, new), axis=1), np.concatenate((reset, update, new * r), axis=1), g * z


def gru_cell(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None = None,
    bias_hh: Tensor | None = None,
) -> Tensor:
    """One step: (N, in), (N, hidden) → the new h."""
    return _gru_state(linear(x, weight_ih, bias_ih), linear(h, weight_hh, bias_hh), h)


@op(promote=alike, outputs=("output", "h_n", "gates", "v", "h_before"), public=2)
def gru_layer(
    input: Array,
    h_0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array | None = None,
    bias_hh: Array | None = None,
    *,
    batch_sizes: Sequence[int],
    reverse: bool,
) -> tuple[Array, ...]:
    r"""All time steps of one layer in one direction: (rows, in), (B, hidden) → (rows, hidden), (B, hidden), rows packed.

    The weights of r and z are negated beforehand: −a is what σ(a) = 1/(1 + e^{−a}) wants.

    **Back through time.** Going from the last step to the first, h̄ arrives from the step after, and ȳ_t joins it. The step's
    own gradients ā (of the products with the input) and b̄ (with the state) are those of the cell above. Then

        h̄ ← h̄ z + b̄ W_hh      and, at the end, over the rows of all times,

        W̄_ih = āᵀ X    b̄_ih = Σ_n ā_n    X̄ = ā W_ih    W̄_hh = b̄ᵀ H_before    b̄_hh = Σ_n b̄_n
    """
    sign = np.array([-1, -1, 1], input.dtype).reshape(3, 1, 1)
    gates, recurrent = projected(input, weight_ih, bias_ih, 3, sign), transposed(weight_hh, 3, sign)
    added = np.zeros((3, 1, 1), input.dtype) if bias_hh is None else by_gate(bias_hh, 3)[:, None] * sign
    h = h_0.copy()
    h_before, output, v = (np.empty((len(input), h.shape[1]), h.dtype) for _ in range(3))
    product = np.empty((3, *h.shape), h.dtype)
    for rows, n in steps(batch_sizes, reverse):
        h_t, b = h[:n], product[:, :n]
        h_before[rows] = h_t
        np.matmul(h_t, recurrent, out=b)
        b += added
        v[rows] = b[2]
        _advance(gates[:, rows], b, h_t)
        output[rows] = h_t
    return output, h, gates, v, h_before


def _advance(a: Array, b: Array, h: Array) -> None:
    """One step, in place: `a` becomes the gates, `h` the new h = u + z (h − u); `b` is used up."""
    both, (r, z, u), v = a[:2], a, b[2]
    both += b[:2]
    sigmoid_of_negative(both)
    u += np.multiply(r, v, out=v)
    np.tanh(u, out=u)
    h -= u
    h *= z
    h += u


def _through_time(
    g: Sequence[Array], gates: Array, v: Array, h_before: Array, weight_hh: Array, order: list[tuple[slice, int]]
) -> tuple[Array, Array, Array]:
    """b̄ (gates, rows, hidden) and ā_u (rows, hidden) of all times, and the gradient of h_0."""
    h, new, pulled = g[1].copy(), np.empty_like(v), np.empty_like(gates)
    recurrent, product, spare = by_gate(weight_hh, 3), np.empty((3, *h.shape), h.dtype), np.empty_like(h)
    for rows, n in reversed(order):
        d, h_t, slope = pulled[:, rows], h[:n], spare[:n]
        h_t += g[0][rows]
        _retreat(d, new[rows], gates[:, rows], v[rows], h_before[rows], h_t, slope)
        h_t += np.add.reduce(np.matmul(d, recurrent, out=product[:, :n]), axis=0, out=slope)
    return pulled, new, h


def _retreat(d: Array, new: Array, gates: Array, v: Array, before: Array, h: Array, slope: Array) -> None:
    """One step back, in place: `d` becomes b̄, `new` ā_u, and `h`, which comes as h̄', becomes h̄' z."""
    both, (r, z, u) = gates[:2], gates
    np.multiply(u, u, out=new)
    np.subtract(1, new, out=new)
    np.subtract(1, z, out=slope)
    slope *= h
    new *= slope
    np.subtract(1, both, out=d[:2])
    d[:2] *= both
    d[0] *= new
    d[0] *= v
    d[1] *= h
    d[1] *= np.subtract(before, u, out=slope)
    np.multiply(new, r, out=d[2])
    h *= z


@gru_layer.vjp("input", "h_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
def _(
    g: Sequence[Any],
    input: Any,
    h_0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    gates: Any,
    v: Any,
    h_before: Any,
    batch_sizes: Sequence[int],
    reverse: bool,
    needs: Sequence[bool],
) -> Sequence[Any]:
    if isinstance(input, Tensor):
        inputs = (input, h_0, weight_ih, weight_hh, bias_ih, bias_hh)
        return differentiated(lambda *given: _recorded(given, batch_sizes, reverse), inputs, needs, g)
    by_state, new, h = _through_time(g, gates, v, h_before, weight_hh, steps(batch_sizes, reverse))
    by_input = (by_state[0], by_state[1], new)
    return (
        input_gradient(by_input, weight_ih) if needs[0] else None,
        h,
        weight_gradient(by_input, input) if needs[2] else None,
        weight_gradient(by_state, h_before) if needs[3] else None,
        bias_gradient(by_input) if needs[4] else None,
        bias_gradient(by_state) if needs[5] else None,
    )


def _recorded(given: Sequence[Any], batch_sizes: Sequence[int], reverse: bool) -> tuple[Tensor, ...]:
    """The layer as a chain of cells."""
    input, h_0, *weights = given
    return unrolled(lambda x, h: (gru_cell(x, h, *weights),), input, (h_0,), batch_sizes, reverse)
