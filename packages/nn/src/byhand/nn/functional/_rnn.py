"""The simple recurrent network of Elman (1990), one cell and one layer over whole sequences:

    h' = φ(W_ih x + b_ih + W_hh h + b_hh),   φ = tanh or relu
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from byhand.tensor import Tensor, op, relu
from byhand.tensor._graph import Array

from ._checks import alike
from ._recurrence import (
    bias_gradient,
    differentiated,
    input_gradient,
    projected,
    steps,
    transposed,
    unrolled,
    weight_gradient,
)
from .linear import linear

__all__ = ["rnn_cell", "rnn_layer"]


def rnn_cell(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None = None,
    bias_hh: Tensor | None = None,
    *,
    nonlinearity: str,
) -> Tensor:
    """One step: (N, in), (N, hidden) → the new h."""
    a = linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh)
    return np.tanh(a) if nonlinearity == "tanh" else relu(a)  # type: ignore[return-value]


@op(promote=alike, outputs=("output", "h_n", "h_before"), public=2)
def rnn_layer(
    input: Array,
    h_0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array | None = None,
    bias_hh: Array | None = None,
    *,
    batch_sizes: Sequence[int],
    reverse: bool,
    nonlinearity: str,
) -> tuple[Array, ...]:
    r"""All time steps of one layer in one direction: (rows, in), (B, hidden) → (rows, hidden), (B, hidden), rows packed.

    **Back through time.** Going from the last step to the first, h̄ arrives from the step after, and ȳ_t joins it:

        ā = h̄ φ'(a),   φ' = 1 − y² for tanh, and 1 or 0 for relu;      h̄ ← ā W_hh

    and at the end, over the rows of all times,

        W̄_ih = āᵀ X    W̄_hh = āᵀ H_before    b̄_ih = b̄_hh = Σ_n ā_n    X̄ = ā W_ih
    """
    (output,) = projected(input, weight_ih, None if bias_ih is None else bias_ih + bias_hh, 1)
    (recurrent,) = transposed(weight_hh, 1)
    h, h_before = h_0.copy(), np.empty_like(output)
    product = np.empty_like(h)
    for rows, n in steps(batch_sizes, reverse):
        a, h_t = output[rows], h[:n]
        h_before[rows] = h_t
        a += np.matmul(h_t, recurrent, out=product[:n])
        if nonlinearity == "tanh":
            np.tanh(a, out=a)
        else:
            np.maximum(a, 0, out=a)
        h_t[...] = a
    return output, h, h_before


@rnn_layer.vjp("input", "h_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
def _(
    g: Sequence[Any],
    input: Any,
    h_0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    output: Any,
    h_before: Any,
    batch_sizes: Sequence[int],
    reverse: bool,
    nonlinearity: str,
    needs: Sequence[bool],
) -> Sequence[Any]:
    if isinstance(input, Tensor):
        inputs = (input, h_0, weight_ih, weight_hh, bias_ih, bias_hh)
        return differentiated(lambda *given: _recorded(given, batch_sizes, reverse, nonlinearity), inputs, needs, g)
    slope = 1 - output * output if nonlinearity == "tanh" else (output > 0).astype(output.dtype)
    h, pulled = g[1].copy(), slope[None]
    for rows, n in reversed(steps(batch_sizes, reverse)):
        a, h_t = slope[rows], h[:n]
        h_t += g[0][rows]
        a *= h_t
        np.matmul(a, weight_hh, out=h_t)
    bias = bias_gradient(pulled) if needs[4] or needs[5] else None
    return (
        input_gradient(pulled, weight_ih) if needs[0] else None,
        h,
        weight_gradient(pulled, input) if needs[2] else None,
        weight_gradient(pulled, h_before) if needs[3] else None,
        bias,
        None if bias is None else bias.copy(),
    )


def _recorded(given: Sequence[Any], batch_sizes: Sequence[int], reverse: bool, nonlinearity: str) -> tuple[Tensor, ...]:
    """The layer as a chain of cells."""
    input, h_0, *weights = given
    return unrolled(
        lambda x, h: (rnn_cell(x, h, *weights, nonlinearity=nonlinearity),), input, (h_0,), batch_sizes, reverse
    )
