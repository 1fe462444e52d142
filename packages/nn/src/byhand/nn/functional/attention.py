r"""Scaled dot-product attention: each query takes a mean of the values, weighted by how well it meets their keys.

Shapes: B any number of batch dimensions (heads among them), L queries, S keys and values, E and Eᵥ their sizes.

    queries (B, L, E), keys (B, S, E), values (B, S, Eᵥ)  →  scores, weights (B, L, S)  →  outputs (B, L, Eᵥ)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from byhand.tensor import Tensor, bool_, float32, op
from byhand.tensor._graph import Array, Shape
from byhand.tensor._tensor import wrap
from byhand.tensor.random import default_generator

__all__ = ["scaled_dot_product_attention"]


# ---------------------------------------------------------------------- the weights


@op
def _attention_weights(
    query: Array, key: Array, attn_mask: Array | None, logs: Array | None = None, *, scale: float, is_causal: bool
) -> Array:
    r"""P = softmax(Z) over the keys, Z = c Q Kᵀ + M:   (B, L, E), (B, S, E), (L, S) → (B, L, S).

    M is a mask of numbers; one of truths stands for 0 where it is true, else −∞, as does causality: query i sees keys 0 … i.
    A query that may attend to nothing has weights 0. Where `logs`, the logarithms ln Σ_s e^{z_ls} (B, L, 1), are known already,
    the weights are e^{Z − logs} at once.

    Z̄ = P ⊙ (P̄ − Σ_s P̄_s P_s) as for every softmax   ⇒   Q̄ = c Z̄ K,   K̄ = c Z̄ᵀ Q,   M̄ = Z̄
    """
    scores, allowed = _scores(query, key, attn_mask, scale, is_causal)
    if logs is None:
        return _softmax(scores, allowed)[0]
    _forbid(scores, allowed)
    scores -= logs
    return np.exp(scores, out=scores)


@_attention_weights.vjp("query", "key", "attn_mask")
def _(g: Any, query: Any, key: Any, out: Any, scale: float) -> tuple[Any, Any, Any]:
    scores = out * (g - np.sum(g * out, axis=-1, keepdims=True))
    return np.matmul(scores, key) * scale, np.matmul(np.swapaxes(scores, -1, -2), query) * scale, scores


def _scores(query: Array, key: Array, attn_mask: Array | None, scale: float, is_causal: bool) -> tuple[Array, Array | None]:
    """Z with a mask of numbers; and where it is allowed to attend, if not everywhere."""
    # Kᵀ in an order of its own: the product is nearly twice as fast, and c comes in on the way.
    scores = np.matmul(query, np.multiply(np.swapaxes(key, -1, -2), scale, order="C"))
    allowed = np.tri(*scores.shape[-2:], dtype=np.bool_) if is_causal else None
    if attn_mask is not None and attn_mask.dtype != bool:
        scores += attn_mask
    elif attn_mask is not None:
        allowed = attn_mask if allowed is None else allowed & attn_mask
    return scores, allowed


def _forbid(scores: Array, allowed: Array | None) -> None:
    if allowed is not None:
        scores += np.where(allowed, scores.dtype.type(0), scores.dtype.type(-np.inf))


def _softmax(scores: Array, allowed: Array | None) -> tuple[Array, Array]:
    """The weights e^{z − r}/Σ e^{z − r} in the memory of the scores z, and r + ln Σ e^{z − r}, with a number r for each row.

    Softmax is the same for every r. The row's maximum is safe for all scores. Scores that are moderate, as they mostly are,
    need no r, and finding that out costs a tenth of finding each row's maximum.
    """
    largest = np.finfo(scores.dtype).max
    limit = math.log(largest) / 4  # far from overflow and underflow
    moderate = scores.max(initial=0) <= limit and scores.min(initial=0) >= -limit
    _forbid(scores, allowed)
    if not moderate:
        greatest = scores.max(axis=-1, keepdims=True, initial=-largest)  # finite even where all scores are −∞
        scores -= greatest
    np.exp(scores, out=scores)
    total = np.expand_dims(np.matmul(scores, np.ones(scores.shape[-1], scores.dtype)), -1)
    total[total == 0] = np.inf  # nothing to attend to: 0/∞
    logs = np.log(total)
    scores *= 1 / total
    return scores, logs if moderate else logs + greatest


# ---------------------------------------------------------------------- the weighted means


@op(outputs=("out", "logs"), public=1)
def _attention(
    query: Array, key: Array, value: Array, attn_mask: Array | None, dropout: Array | None, *, scale: float, is_causal: bool
) -> tuple[Array, Array]:
    r"""O = (D ⊙ P) V, P the weights, D = `dropout` 0 where a weight is dropped, else 1/(1 − p):   → (B, L, Eᵥ).

    V̄ = (D ⊙ P)ᵀ Ō and P̄ = D ⊙ (Ō Vᵀ); then through the softmax,

        Z̄ = P ⊙ (P̄ − δ),   δ_l = Σ_s P̄_ls P_ls = Σ_s D_ls P_ls Σ_e Ō_le V_se = Σ_e Ō_le O_le

    so that δ is a sum over Eᵥ and not over S (Dao et al., "FlashAttention", arXiv:2205.14135, appendix B); from there as above.
    As there, P is not kept for the backward pass but computed again, from the logarithms of its rows' sums. The output lies in
    memory as the queries do: heads that were a view of one matrix become one matrix again without a copy.
    """
    weights, logs = _softmax(*_scores(query, key, attn_mask, scale, is_causal))
    out = _room(query, (*weights.shape[:-1], value.shape[-1]))
    return np.matmul(weights if dropout is None else weights * dropout, value, out=out), logs


@_attention.vjp("query", "key", "value", "attn_mask")
def _(
    g: Any, query: Any, key: Any, value: Any, attn_mask: Any, dropout: Any, logs: Any, out: Any, scale: float, is_causal: bool
) -> tuple[Any, Any, Any, Any]:
    weights = _attention_weights.kernel(query, key, attn_mask, logs, scale=scale, is_causal=is_causal)
    return _attention_backward.kernel(g, query, key, value, weights, out, dropout, scale=scale)  # type: ignore[no-any-return]


@op(outputs=("queries", "keys", "values", "scores"))
def _attention_backward(
    g: Array, query: Array, key: Array, value: Array, weights: Array, out: Array, dropout: Array | None, *, scale: float
) -> tuple[Array, Array, Array, Array]:
    r"""The gradients of attention, from G = Ō, as a function of all that is given, P and O too:

        Y = P ⊙ (D ⊙ (G Vᵀ) − δ),   δ_l = Σ_e G_le O_le   →   Q̄ = c Y K,   K̄ = c Yᵀ Q,   V̄ = (D ⊙ P)ᵀ G,   Z̄ = Y

    Let A, B, C, N be the gradients of these four. Y receives T = c (A Kᵀ + Q Bᵀ) + N, δ receives −τ, τ_l = Σ_s P_ls T_ls; hence

        to Q: c Y B,   to K: c Yᵀ A,   to V: (D ⊙ P ⊙ T)ᵀ G,   to O: −τ G,   to P: T ⊙ (D ⊙ (G Vᵀ) − δ) + D ⊙ (G Cᵀ)
        to G: (D ⊙ P) C + (D ⊙ P ⊙ T) V − τ O
    """
    scores = np.matmul(g, np.ascontiguousarray(np.swapaxes(value, -1, -2)))
    kept = weights
    if dropout is not None:
        scores *= dropout
        kept = weights * dropout
    scores -= np.expand_dims(np.vecdot(g, out), -1)
    scores *= weights
    batch, columns = scores.shape[:-2], np.swapaxes(scores, -1, -2)
    queries = np.matmul(scores, key, out=_room(query, (*batch, *query.shape[-2:])))
    keys = np.matmul(columns, query, out=_room(key, (*batch, *key.shape[-2:])))
    queries *= scale
    keys *= scale
    values = np.matmul(np.swapaxes(kept, -1, -2), g, out=_room(value, (*batch, *value.shape[-2:])))
    return queries, keys, values, scores


@_attention_backward.vjp("g", "query", "key", "value", "weights", "out")
def _(
    u: list[Any], g: Any, query: Any, key: Any, value: Any, weights: Any, out: Any, dropout: Any, scale: float
) -> tuple[Any, ...]:
    a, b, c, n = u
    factor = 1 if dropout is None else dropout
    t = (np.matmul(a, _transposed(key)) + np.matmul(query, _transposed(b))) * scale + n
    slope = factor * np.matmul(g, _transposed(value)) - np.sum(g * out, axis=-1, keepdims=True)
    scores, kept = weights * slope, weights * factor
    total = np.sum(weights * t, axis=-1, keepdims=True)
    return (
        np.matmul(kept, c) + np.matmul(kept * t, value) - total * out,
        np.matmul(scores, b) * scale,
        np.matmul(_transposed(scores), a) * scale,
        np.matmul(_transposed(kept * t), g),
        t * slope + factor * np.matmul(g, _transposed(c)),
        -total * g,
    )


def _transposed(matrices: Any) -> Any:
    return np.swapaxes(matrices, -1, -2)


def _room(pattern: Array, shape: Shape) -> Array:
    """Memory for a result of this shape, laid out as `pattern` is if that has the same shape."""
    return np.empty_like(pattern) if pattern.shape == shape else np.empty(shape, pattern.dtype)


# ---------------------------------------------------------------------- as PyTorch calls it


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    r"""softmax(c Q Kᵀ + M) V:   (*, H, L, E), (*, H, S, E), (*, H, S, Eᵥ) → (*, H, L, Eᵥ), the leading dimensions broadcast.

    Vaswani et al., "Attention is all you need", arXiv:1706.03762.

    Args:
        attn_mask: broadcasts to (*, H, L, S). A bool is True where attention is *allowed* (in `MultiheadAttention`, where it is
            forbidden); numbers, of the query's dtype, are added to the scores.
        dropout_p: the probability with which a weight becomes 0. There is no training mode here: it holds whenever it is given.
        is_causal: query i attends to keys 0 … i only, counted from the first of both also where L ≠ S. Together with
            `attn_mask`, it attends where both allow it. (PyTorch's fused kernels do the same; its plain one refuses the two.)
        scale: c; 1/√E, unless given.
        enable_gqa: keys and values may have fewer heads than queries, each serving as many in a row (Ainslie et al.,
            arXiv:2305.13245). Their numbers must divide the queries'.

    A query that may attend to nothing gives 0, as in PyTorch.
    Raises RuntimeError for shapes and dtypes that do not fit, and unless 0 ≤ dropout_p ≤ 1.
    """
    _check_dtypes(query, key, value, attn_mask)
    if not isinstance(scale, int | float | None):
        raise TypeError(f"scaled_dot_product_attention(): argument 'scale' must be float, not {type(scale).__name__}")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        key, value = _served(query, key), _served(query, value)
    shape = _shape_of_weights(query, key, value, attn_mask)
    if attn_mask is not None and attn_mask.dtype == float32:
        attn_mask = attn_mask.to(query.dtype)
    dropout = None
    if dropout_p > 0:
        keep = default_generator.numpy.random(shape, dtype=np.float32) >= dropout_p
        dropout = wrap(keep * query.dtype.type(0 if dropout_p == 1 else 1 / (1 - dropout_p)))
    if scale is None:
        scale = 1 / math.sqrt(max(query.shape[-1], 1))
    return _attention(query, key, value, attn_mask, dropout, scale=scale, is_causal=is_causal)


def _served(query: Tensor, shared: Tensor) -> Tensor:
    """Keys or values, repeated so that each head of the queries has its own."""
    if shared.shape[-3] == query.shape[-3]:
        return shared
    if not shared.shape[-3] or query.shape[-3] % shared.shape[-3]:
        raise RuntimeError(
            f"the number of heads in key and value must divide the number of heads in query, "
            f"but {shared.shape[-3]} does not divide {query.shape[-3]}"
        )
    return shared.repeat_interleave(query.shape[-3] // shared.shape[-3], -3)  # type: ignore[no-any-return]


def _check_dtypes(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None) -> None:
    for name, given in (("query", query), ("key", key), ("value", value), ("attn_mask", attn_mask)):
        if not isinstance(given, Tensor) and not (given is None and name == "attn_mask"):
            raise TypeError(f"scaled_dot_product_attention(): argument {name!r} must be Tensor, not {type(given).__name__}")
    if not query.dtype == key.dtype == value.dtype or not query.is_floating_point():
        raise RuntimeError(
            "Expected query, key, and value to have the same floating dtype, but got query.dtype: "
            f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead; convert with to(dtype)."
        )
    if attn_mask is not None and attn_mask.dtype not in (bool_, float32, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{attn_mask.dtype} and query.dtype: {query.dtype} instead."
        )


def _shape_of_weights(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None) -> Shape:
    """(*, H, L, S). Raises RuntimeError if the shapes do not fit."""
    q, k, v = tuple(query.shape), tuple(key.shape), tuple(value.shape)
    if min(len(q), len(k), len(v)) < 2:
        raise RuntimeError(f"Expected query, key, and value to all be at least 2 dimensional, but got {q}, {k} and {v}")
    if q[-1] != k[-1]:
        raise RuntimeError(f"query and key must have the same last size, but got {q[-1]} and {k[-1]} (query {q}, key {k})")
    if k[-2] != v[-2]:
        raise RuntimeError(f"key and value must be equally many, but got {k[-2]} and {v[-2]} (key {k}, value {v})")
    try:
        shape = (*np.broadcast_shapes(q[:-2], k[:-2], v[:-2]), q[-2], k[-2])
    except ValueError:
        raise RuntimeError(
            f"the leading dimensions of query {q}, key {k} and value {v} do not broadcast; "
            "where only the numbers of heads differ, enable_gqa=True may be meant"
        ) from None
    mask = () if attn_mask is None else tuple(attn_mask.shape)
    if len(mask) > len(shape) or any(m not in (1, s) for m, s in zip(mask[::-1], shape[::-1], strict=False)):
        raise RuntimeError(f"attn_mask {mask} does not broadcast to {shape}, one number for each query and key in each head")
    return shape
