"""Multi-head attention: H attentions side by side, each in projections of its own; `attention` has the formula of one.

Shapes: N the batch, L queries, S keys and values, E the embedding, H heads of D = E/H numbers each. Sequences come first,
(L, N, E), or the batch does, (N, L, E), or there is none, (L, E); heads are (N, H, L, D) throughout.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from byhand.tensor import Tensor, bool_, cat, logical_not, logical_or, matmul, op, softmax, zeros, zeros_like
from byhand.tensor._graph import Array

from .attention import scaled_dot_product_attention
from .dropout import dropout
from .linear import linear

__all__ = ["multi_head_attention_forward"]


class Projections(NamedTuple):
    """What multi-head attention learns."""

    joint: Tensor | None  # (3E, E): the rows of queries, keys and values in this order; or else
    separate: tuple[Tensor | None, Tensor | None, Tensor | None]  # (E, E), (E, E of the keys), (E, E of the values)
    bias: Tensor | None  # (3E,)
    bias_k: Tensor | None  # a further key (1, 1, E), and its value
    bias_v: Tensor | None
    out_weight: Tensor  # (E, E)
    out_bias: Tensor | None


class Masks(NamedTuple):
    """Who may not attend to whom. A bool is True where attention is *forbidden*; numbers are added to the scores."""

    attn: Tensor | None  # (L, S) or (N·H, L, S)
    key_padding: Tensor | None  # (N, S), or (S,) without a batch
    is_causal: bool  # a hint that `attn` is the causal mask


# ---------------------------------------------------------------------- projections and heads


@op(outputs=("first", "second", "third"))
def _thirds(input: Array) -> tuple[Array, Array, Array]:
    r"""(a, b, c) = x, three parts of the last dimension.   x̄ = (ā, b̄, c̄)

    As one operation, so that the three gradients are laid side by side once, not each among zeros and then added.
    """
    a, b, c = np.split(input, 3, axis=-1)
    return a, b, c


@_thirds.vjp("input")
def _(g: list[Any]) -> Any:
    return np.concatenate(g, axis=-1)


def _projected(query: Tensor, key: Tensor, value: Tensor, given: Projections) -> tuple[Tensor, Tensor, Tensor]:
    """Q, K and V: one product where all three come from the same tensor."""
    biases = (None, None, None) if given.bias is None else given.bias.chunk(3)
    if given.joint is None:
        weights = given.separate
    elif query is key and key is value:
        return _thirds(linear(query, given.joint, given.bias))  # type: ignore[return-value]
    else:
        weights = given.joint.chunk(3)
    q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
    return q, k, v


def _heads(projected: Tensor, heads: int, batch_first: bool) -> Tensor:
    """(L, N, E) or (N, L, E) or (L, E) → (N, H, L, D), a view."""
    parts = projected.unflatten(-1, (heads, -1))
    if parts.ndim == 3:
        return parts.transpose(0, 1).unsqueeze(0)  # type: ignore[no-any-return]
    return parts.permute(0, 2, 1, 3) if batch_first else parts.permute(1, 2, 0, 3)  # type: ignore[no-any-return]


def _joined(heads: Tensor, batched: bool, batch_first: bool) -> Tensor:
    """The inverse of `_heads`."""
    if not batched:
        return heads.squeeze(0).transpose(0, 1).flatten(-2)  # type: ignore[no-any-return]
    return (heads.permute(0, 2, 1, 3) if batch_first else heads.permute(2, 0, 1, 3)).flatten(-2)  # type: ignore[no-any-return]


def _static(name: str, given: Tensor | None, heads: Tensor) -> Tensor:
    """Keys or values (N·H, S, D) that take the place of the projected ones."""
    if given is None:
        return heads
    n, h, _, d = heads.shape
    if given.shape[0] != n * h or given.shape[2] != d:
        raise AssertionError(f"expecting {name} of shape ({n * h}, S, {d}), but got {tuple(given.shape)}")
    return given.reshape(n, h, -1, d)  # type: ignore[no-any-return]


def _further(heads: Tensor, bias: Tensor | None, zero: bool) -> Tensor:
    """Keys or values with those at the end that stand in no sequence: a learned one, and zeros."""
    n, h, _, d = heads.shape
    parts = [heads]
    if bias is not None:
        parts.append(bias.reshape(1, h, 1, d).expand(n, h, 1, d))
    if zero:
        parts.append(zeros(n, h, 1, d, dtype=heads.dtype))
    return cat(parts, 2) if len(parts) > 1 else heads


# ---------------------------------------------------------------------- masks


def _merged(masks: Masks, shape: tuple[int, ...]) -> Tensor | None:
    """Both masks as one that broadcasts to the weights (N, H, L, S). Raises errors if they do not fit."""
    n, h, length, keys = shape
    attn, padding = masks.attn, masks.key_padding
    if attn is not None:
        wanted = (length, keys) if attn.ndim == 2 else (n * h, length, keys)
        if attn.shape != wanted:
            raise RuntimeError(f"The shape of the {attn.ndim}D attn_mask is {tuple(attn.shape)}, but should be {wanted}.")
        attn = attn if attn.ndim == 2 else attn.reshape(shape)
    if padding is None:
        return attn
    padding = padding.reshape(-1, padding.shape[-1])
    if padding.shape != (n, keys):
        raise AssertionError(f"Expected key_padding_mask of shape {(n, keys)}, but got {tuple(padding.shape)}")
    padding = padding.reshape(n, 1, 1, keys)
    if attn is None:
        return padding  # type: ignore[no-any-return]
    if attn.dtype == padding.dtype == bool_:
        return logical_or(attn, padding)
    if attn.dtype != padding.dtype:
        warnings.warn(
            "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type for both instead.", stacklevel=5
        )
    dtype = padding.dtype if attn.dtype == bool_ else attn.dtype
    return _additive(attn, dtype) + _additive(padding, dtype)


def _additive(mask: Tensor, dtype: Any) -> Tensor:
    """A mask of truths as numbers to add: −∞ where attention is forbidden."""
    return zeros_like(mask, dtype=dtype).masked_fill(mask, -math.inf) if mask.dtype == bool_ else mask


def _open_for(mask: Tensor | None, further: int) -> Tensor | None:
    """The mask with columns for the further keys, which may always be attended to."""
    if mask is None or not further:
        return mask
    return cat([mask, zeros(*mask.shape[:-1], further, dtype=mask.dtype)], -1)


# ---------------------------------------------------------------------- checks


def _check(query: Tensor, key: Tensor, value: Tensor, heads: int, given: Projections, masks: Masks, batch_first: bool) -> None:
    """Raise AssertionError, RuntimeError unless ranks and sizes fit (PyTorch's types)."""
    rank, embed = query.ndim, query.shape[-1] if query.ndim else 0
    if rank not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor")
    if not key.ndim == value.ndim == rank:
        raise AssertionError(f"For {rank}-D `query`, `key` and `value` must be {rank}-D, not {key.ndim}-D and {value.ndim}-D")
    for name, mask, ranks in (("key_padding_mask", masks.key_padding, (rank - 1,)), ("attn_mask", masks.attn, (2, 3))):
        if mask is not None and mask.ndim not in ranks:
            raise AssertionError(f"For {rank}-D `query`, expected `{name}` to have dimensions {ranks}, but found {mask.ndim}")
        if mask is not None and mask.dtype != bool_ and not mask.is_floating_point():
            raise AssertionError(f"only bool and floating types of {name} are supported, not {mask.dtype}")
    if rank == 2 and masks.attn is not None and masks.attn.ndim == 3 and masks.attn.shape != (heads, len(query), len(key)):
        raise AssertionError(f"Expected `attn_mask` shape {(heads, len(query), len(key))}, but got {tuple(masks.attn.shape)}")
    if embed % heads:
        raise AssertionError(f"embed_dim {embed} not divisible by num_heads {heads}")
    if key.shape[:-1] != value.shape[:-1] or (given.joint is not None and key.shape != value.shape):
        raise AssertionError(f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}")
    if rank == 3 and query.shape[not batch_first] != key.shape[not batch_first]:
        raise RuntimeError(f"query {tuple(query.shape)} and key {tuple(key.shape)} differ in their batches")
    if masks.is_causal and masks.attn is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. "
            "You may use the Transformer module method `generate_square_subsequent_mask` to create this mask."
        )
    if (given.bias_k is None) != (given.bias_v is None):
        raise AssertionError("bias_k and bias_v go together, but one of them is None")
    if given.joint is None:
        _check_separate(query, key, value, given)


def _check_separate(query: Tensor, key: Tensor, value: Tensor, given: Projections) -> None:
    embed = query.shape[-1]
    for name, x, weight in zip(("query", "key", "value"), (query, key, value), given.separate, strict=True):
        if weight is None:
            raise AssertionError(f"without in_proj_weight, {name[0]}_proj_weight must be given, but it is None")
        if weight.shape != (embed, x.shape[-1]):
            raise AssertionError(f"expecting {name} weights shape of {(embed, x.shape[-1])}, but got {tuple(weight.shape)}")


# ---------------------------------------------------------------------- all together


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    heads: int,
    given: Projections,
    masks: Masks,
    *,
    add_zero_attn: bool,
    dropout_p: float,
    need_weights: bool,
    average: bool,
    batch_first: bool,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Multi-head attention, for sequences first or batches first. `dropout_p` holds whenever it is given."""
    _check(query, key, value, heads, given, masks, batch_first)
    if given.bias_k is not None and not static_k is static_v is None:
        raise AssertionError("bias cannot be added to static key or value.")
    q, k, v = (_heads(x, heads, batch_first) for x in _projected(query, key, value, given))
    k, v = _static("static_k", static_k, k), _static("static_v", static_v, v)
    causal = masks.is_causal and masks.key_padding is None and not need_weights
    mask = None if causal else _merged(masks, (*q.shape[:3], k.shape[2]))
    mask = _open_for(mask, (given.bias_k is not None) + add_zero_attn)
    k, v = _further(k, given.bias_k, add_zero_attn), _further(v, given.bias_v, add_zero_attn)
    weights = None
    if need_weights:
        out, weights = _with_weights(q, k, v, mask, dropout_p)
        weights = weights.mean(1) if average else weights
        weights = weights if query.ndim == 3 else weights.squeeze(0)
    else:
        allowed = logical_not(mask) if mask is not None and mask.dtype == bool_ else mask
        out = scaled_dot_product_attention(q, k, v, allowed, dropout_p, causal)
    return linear(_joined(out, query.ndim == 3, batch_first), given.out_weight, given.out_bias), weights


def _with_weights(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout_p: float) -> tuple[Tensor, Tensor]:
    """The output and the weights, after dropout. A query that may attend to nothing gives nan here, as in PyTorch."""
    scores = matmul(q * math.sqrt(1 / q.shape[-1]), k.mT)
    if mask is not None:
        mask = _additive(mask, q.dtype)
        if mask.dtype != q.dtype:
            raise RuntimeError(f"the mask must have the query's dtype, {q.dtype}, or be bool, but it has {mask.dtype}")
        scores = scores + mask
    weights = dropout(softmax(scores, -1), dropout_p)
    return matmul(weights, v), weights


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    r"""Attention in H heads:   (L, N, E), (S, N, E), (S, N, E) → (L, N, E), and the weights (N, L, S).

    `nn.MultiheadAttention` explains the arguments that it shares with this function. The others:

    Args:
        embed_dim_to_check: E, which the query must have.
        in_proj_weight: (3E, E), the projections to queries, keys and values below each other; with `use_separate_proj_weight`,
            `q_proj_weight`, `k_proj_weight` and `v_proj_weight` take its place.
        bias_k, bias_v: a further key and its value, E numbers each, to which every query may attend.
        dropout_p: the probability with which a weight becomes 0 if `training`.
        static_k, static_v: keys and values (N·H, S, D) instead of the projected ones.

    Raises AssertionError for sizes that do not fit each other, RuntimeError for masks that do not fit and for `is_causal` without
    `attn_mask`.
    """
    if query.ndim and query.shape[-1] != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {query.shape[-1]}")
    if not use_separate_proj_weight and in_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    joint = None if use_separate_proj_weight else in_proj_weight
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    return attend(
        query, key, value, num_heads,
        Projections(joint, separate, in_proj_bias, bias_k, bias_v, out_proj_weight, out_proj_bias),
        Masks(attn_mask, key_padding_mask, is_causal),
        add_zero_attn=add_zero_attn, dropout_p=dropout_p if training else 0.0, need_weights=need_weights,
        average=average_attn_weights, batch_first=False, static_k=static_k, static_v=static_v,
    )  # fmt: skip
