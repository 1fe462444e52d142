"""Multi-head attention as a module."""

from __future__ import annotations

from typing import Any

from byhand.tensor import Tensor, empty

from .. import init
from ..functional.multi_head import Masks, Projections, attend
from ..parameter import Parameter
from .linear import Linear
from .module import Module

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """A `Linear` under the name that PyTorch gives to this one in its `repr`."""


class MultiheadAttention(Module):
    r"""H attentions side by side, each in projections of its own, joined by a last one:   (L, N, E) → (L, N, E).

    head_h = attention(Q W_hᵀ, K U_hᵀ, V X_hᵀ),   y = (head_1, …, head_H) Oᵀ + o.   Vaswani et al., arXiv:1706.03762.

    Args:
        embed_dim: E. Each head has D = E/H numbers.
        num_heads: H, which divides E.
        dropout: the probability with which a weight becomes 0 in training.
        bias: learn `in_proj_bias` and `out_proj.bias`.
        add_bias_kv: learn a further key and its value, `bias_k` and `bias_v`, to which every query may attend.
        add_zero_attn: add a key and a value of zeros, to which every query may attend.
        kdim, vdim: the sizes of keys and values, E unless given. If they differ from E, there are three projections
            `q_proj_weight`, `k_proj_weight`, `v_proj_weight`; else one, `in_proj_weight` (3E, E).
        batch_first: batches are (N, L, E) rather than (L, N, E).

    Projections are drawn by Xavier's uniform rule, `out_proj.weight` as in `Linear`; biases are 0, as in PyTorch.
    Raises ValueError unless both sizes are positive, AssertionError if H does not divide E.
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads, but {num_heads} does not divide {embed_dim}")
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn
        joint = self.kdim == self.vdim == embed_dim
        for name, learned, shape in (
            ("q_proj_weight", not joint, (embed_dim, embed_dim)),
            ("k_proj_weight", not joint, (embed_dim, self.kdim)),
            ("v_proj_weight", not joint, (embed_dim, self.vdim)),
            ("in_proj_weight", joint, (3 * embed_dim, embed_dim)),
            ("in_proj_bias", bias, (3 * embed_dim,)),
            ("bias_k", add_bias_kv, (1, 1, embed_dim)),
            ("bias_v", add_bias_kv, (1, 1, embed_dim)),
        ):
            self.register_parameter(name, Parameter(empty(*shape, device=device, dtype=dtype)) if learned else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw the projections anew; biases become 0. `out_proj.weight` stays as it is."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for further in (self.bias_k, self.bias_v):
            if further is not None:
                init.xavier_normal_(further)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the output (L, N, E), and the weights (N, L, S) or None.

        Args:
            query, key, value: (L, N, E), (S, N, kdim), (S, N, vdim); batches first if `batch_first`; or without N.
            key_padding_mask: (N, S), the keys that nobody may attend to.
            need_weights: return the weights too; without them it is faster. A query that may attend to nothing gives nan with
                them and 0 without, as in PyTorch.
            attn_mask: (L, S), or (N·H, L, S) with one mask for each head. In both masks a bool is True where attention is
                *forbidden* (the opposite of `scaled_dot_product_attention`'s); numbers are added to the scores.
            average_attn_weights: return the mean of the heads' weights; else those of each head, (N, H, L, S).
            is_causal: a hint that `attn_mask` is the causal mask: where weights and padding are not asked for, the causal mask
                is used without looking at `attn_mask`. Beside `key_padding_mask`, both masks hold.

        Raises RuntimeError for masks of the wrong shape, and for `is_causal` without `attn_mask`; AssertionError for other sizes
        that do not fit.
        """
        if query.ndim and query.shape[-1] != self.embed_dim:
            raise AssertionError(f"was expecting embedding dimension of {self.embed_dim}, but got {query.shape[-1]}")
        separate = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        out = self.out_proj
        return attend(
            query, key, value, self.num_heads,
            Projections(self.in_proj_weight, separate, self.in_proj_bias, self.bias_k, self.bias_v, out.weight, out.bias),
            Masks(attn_mask, key_padding_mask, is_causal),
            add_zero_attn=self.add_zero_attn, dropout_p=self.dropout if self.training else 0.0, need_weights=need_weights,
            average=average_attn_weights, batch_first=self.batch_first,
        )  # fmt: skip
