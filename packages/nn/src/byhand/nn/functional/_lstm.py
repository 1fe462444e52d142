"""Long short-term memory: one cell, and one layer over whole sequences.

Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9 (1997), with the forget gate of Gers et al. (2000):

    i = σ(a_i)   f = σ(a_f)   u = tanh(a_u)   o = σ(a_o),      a = W_ih x + b_ih + W_hh h + b_hh
    c' = f c + i u      h' = o tanh c'      (with a projection, h' = W_hr (o tanh c'))
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

__all__ = ["lstm_cell", "lstm_layer"]


def _gates(a: Any) -> tuple[Any, Any, Any, Any]:
    """The four gates, from (N, 4 hidden)."""
    hidden = a.shape[1] // 4
    i, f, u, o = [a[:, k * hidden : (k + 1) * hidden] for k in range(4)]
    return sigmoid.kernel(i), sigmoid.kernel(f), np.tanh(u), sigmoid.kernel(o)


@op(promote=alike, outputs=("h", "c_next"))
def _lstm_state(a: Array, c: Array) -> tuple[Array, Array]:
    r"""c' = f c + i u,  h = o t,  t = tanh c'.

    With the whole gradient of c', s = c̄' + h̄ o (1 − t²), and σ' = σ (1 − σ), tanh' = 1 − tanh²:

        ā_i = s u i (1 − i)    ā_f = s c f (1 − f)    ā_u = s i (1 − u²)    ā_o = h̄ t o (1 − o)    c̄ = s f
    """
    i, f, u, o = _gates(a)
    c_next = f * c + i * u
    return o * np.tanh(c_next), c_next


@_lstm_state.vjp("a", "c")
def _(g: Sequence[Array], a: Array, c: Array) -> tuple[Array, Array]:
    i, f, u, o = _gates(a)
    t = np.tanh(f * c + i * u)
    s = g[1] + g[0] * (o * (1 - t * t))
    parts = (s * (u * (i * (1 - i))), s * (c * (f * (1 - f))), s * (i * (1 - u * u)), g[0] * (t * (o * (1 - o))))
    return np.concatenate(parts, axis=1), s * f


def lstm_cell(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None = None,
    bias_hh: Tensor | None = None,
    weight_hr: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step: (N, in), (N, projection or hidden), (N, hidden) → the new h and c."""
    h, c = _lstm_state(linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh), c)
    return (h if weight_hr is None else linear(h, weight_hr)), c


@op(promote=alike, outputs=("output", "h_n", "c_n", "gates", "tanh_c", "h_before", "c_before"), public=3)
def lstm_layer(
    input: Array,
    h_0: Array,
    c_0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array | None = None,
    bias_hh: Array | None = None,
    weight_hr: Array | None = None,
    *,
    batch_sizes: Sequence[int],
    reverse: bool,
) -> tuple[Array, ...]:
    r"""All time steps of one layer in one direction: (rows, in), (B, P), (B, H) → (rows, P), (B, P), (B, H), rows packed.

    The weights of i, f and o are negated beforehand: −a is what σ(a) = 1/(1 + e^{−a}) wants.

    **Back through time.** Going from the last step to the first, h̄ and c̄ arrive from the step after; ȳ_t joins h̄. The
    step's own gradients ā are those of the cell above (with a projection, that of o tanh c' is h̄ W_hr). Then

        h̄ ← ā W_hh,   c̄ ← s f      and, at the end, over the rows of all times,

        W̄_ih = āᵀ X    W̄_hh = āᵀ H_before    b̄_ih = b̄_hh = Σ_n ā_n    X̄ = ā W_ih    W̄_hr = h̄ᵀ (o tanh c')
    """
    sign = np.array([-1, -1, 1, -1], input.dtype).reshape(4, 1, 1)
    gates = projected(input, weight_ih, None if bias_ih is None else bias_ih + bias_hh, 4, sign)
    recurrent = transposed(weight_hh, 4, sign)
    h, c = h_0.copy(), c_0.copy()
    h_before, c_before = (np.empty((len(input), state.shape[1]), input.dtype) for state in (h, c))
    output, tanh_c = np.empty_like(h_before), np.empty_like(c_before)
    product, spare = np.empty((4, *c.shape), c.dtype), np.empty_like(c)
    for rows, n in steps(batch_sizes, reverse):
        a, h_t, c_t = gates[:, rows], h[:n], c[:n]
        h_before[rows], c_before[rows] = h_t, c_t
        a += np.matmul(h_t, recurrent, out=product[:, :n])
        out = _advance(a, c_t, tanh_c[rows], spare[:n])
        h_t[...] = out if weight_hr is None else np.matmul(out, weight_hr.T)
        output[rows] = h_t
    return output, h, c, gates, tanh_c, h_before, c_before


def _advance(a: Array, c: Array, t: Array, out: Array) -> Array:
    """One step, in place: `a` becomes the gates, `c` the new c and `t` its tanh; the result o t is written into `out`."""
    i, f, u, o = a
    sigmoid_of_negative(a[:2])
    np.tanh(u, out=u)
    sigmoid_of_negative(o)
    c *= f
    c += np.multiply(i, u, out=out)
    np.tanh(c, out=t)
    return np.multiply(o, t, out=out)


def _through_time(
    g: Sequence[Array],
    gates: Array,
    tanh_c: Array,
    c_before: Array,
    weight_hh: Array,
    weight_hr: Array | None,
    order: list[tuple[slice, int]],
) -> tuple[Array, Array | None, Array, Array]:
    """The gradients ā (gates, rows, hidden) and, if projected, h̄ (rows, projection) of all times; those of h_0 and c_0."""
    upstream, h, c = g[0], g[1].copy(), g[2].copy()
    pulled, arrived = np.empty_like(gates), None if weight_hr is None else np.empty(upstream.shape, upstream.dtype)
    recurrent, product, spare = by_gate(weight_hh, 4), np.empty((4, *h.shape), h.dtype), np.empty_like(c)
    for rows, n in reversed(order):
        d, h_t = pulled[:, rows], h[:n]
        h_t += upstream[rows]
        out = h_t if weight_hr is None else np.matmul(h_t, weight_hr)
        if arrived is not None:
            arrived[rows] = h_t
        _retreat(d, gates[:, rows], out, c[:n], c_before[rows], tanh_c[rows], spare[:n])
        np.add.reduce(np.matmul(d, recurrent, out=product[:, :n]), axis=0, out=h_t)
    return pulled, arrived, h, c


def _retreat(d: Array, gates: Array, out: Array, s: Array, c: Array, t: Array, slope: Array) -> None:
    """One step back, in place: `d` becomes ā, and `s`, which comes as c̄', becomes c̄; `out` is the gradient of o t."""
    i, f, u, o = gates
    np.multiply(t, t, out=slope)
    np.subtract(1, slope, out=slope)
    slope *= o
    slope *= out
    s += slope
    np.subtract(1, gates, out=d)
    d *= gates
    np.multiply(u, u, out=d[2])
    np.subtract(1, d[2], out=d[2])
    d[:3] *= s
    d[0] *= u
    d[1] *= c
    d[2] *= i
    d[3] *= t
    d[3] *= out
    s *= f


@lstm_layer.vjp("input", "h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
def _(
    g: Sequence[Any],
    input: Any,
    h_0: Any,
    c_0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    weight_hr: Any,
    gates: Any,
    tanh_c: Any,
    h_before: Any,
    c_before: Any,
    batch_sizes: Sequence[int],
    reverse: bool,
    needs: Sequence[bool],
) -> Sequence[Any]:
    if isinstance(input, Tensor):
        inputs = (input, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr)
        return differentiated(lambda *given: _recorded(given, batch_sizes, reverse), inputs, needs, g)
    order = steps(batch_sizes, reverse)
    pulled, arrived, h, c = _through_time(g, gates, tanh_c, c_before, weight_hh, weight_hr, order)
    bias = bias_gradient(pulled) if needs[5] or needs[6] else None
    return (
        input_gradient(pulled, weight_ih) if needs[0] else None,
        h,
        c,
        weight_gradient(pulled, input) if needs[3] else None,
        weight_gradient(pulled, h_before) if needs[4] else None,
        bias,
        None if bias is None else bias.copy(),
        np.matmul(arrived.T, gates[3] * tanh_c) if arrived is not None and needs[7] else None,
    )


def _recorded(given: Sequence[Any], batch_sizes: Sequence[int], reverse: bool) -> tuple[Tensor, ...]:
    """The layer as a chain of cells."""
    input, h_0, c_0, *weights = given
    return unrolled(lambda x, h, c: lstm_cell(x, h, c, *weights), input, (h_0, c_0), batch_sizes, reverse)
