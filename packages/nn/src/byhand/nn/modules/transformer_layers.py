"""The layers of which a transformer is a stack: attention and a small network, each beside a path that leaves all as it is.

With norm_first a part f adds to its normalised input, x + f(LN(x)); else the sum is normalised, LN(x + f(x)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from byhand.tensor import Tensor

from ..functional import gelu, relu
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .standardising import LayerNorm

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

Activation = str | Callable[[Tensor], Tensor]


def _function(activation: Activation) -> Callable[[Tensor], Tensor]:
    """The activation of this name, or the one given. Raises RuntimeError for a name that is neither "relu" nor "gelu"."""
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return relu if activation == "relu" else gelu


class TransformerEncoderLayer(Module):
    r"""Self-attention, then W₂ f(W₁ x + b₁) + b₂ at each position:   (L, N, E) → (L, N, E).

    Vaswani et al., "Attention is all you need", arXiv:1706.03762.

    Args:
        d_model: E.
        nhead: the number of heads, which divides E.
        dim_feedforward: the size of the hidden layer.
        dropout: the probability of a zero in training: among attention's weights, after f, and at the end of both parts.
        activation: f: "relu", "gelu" or a function (a module is registered as `activation`).
        layer_norm_eps: ε of both normalisations.
        batch_first: batches are (N, L, E).
        norm_first: normalise before each part rather than after its sum. Xiong et al., arXiv:2002.04745.
        bias: learn biases, also in the normalisations.

    Raises RuntimeError for an unknown activation, AssertionError if the heads do not divide E.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _function(activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the output, of src's shape. `MultiheadAttention.forward` explains masks and `is_causal`."""

        def attended(x: Tensor) -> Tensor:
            out, _ = self.self_attn(
                x, x, x, attn_mask=src_mask, key_padding_mask=src_key_padding_mask, need_weights=False, is_causal=is_causal
            )
            return self.dropout1(out)  # type: ignore[no-any-return]

        x = _beside(src, attended, self.norm1, self.norm_first)
        return _beside(x, self._fed_forward, self.norm2, self.norm_first)

    def _fed_forward(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))  # type: ignore[no-any-return]


class TransformerDecoderLayer(Module):
    r"""Self-attention, attention to the encoder's output, then the network:   (T, N, E), (S, N, E) → (T, N, E).

    The arguments are those of `TransformerEncoderLayer`.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        for name in ("self_attn", "multihead_attn"):
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
            )
            self.add_module(name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        for name in ("norm1", "norm2", "norm3"):
            self.add_module(name, LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype))
        for name in ("dropout1", "dropout2", "dropout3"):
            self.add_module(name, Dropout(dropout))
        self.activation = _function(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the output, of tgt's shape. `memory` is the encoder's; `MultiheadAttention.forward` explains the masks."""

        def attended(x: Tensor) -> Tensor:
            out, _ = self.self_attn(
                x, x, x, attn_mask=tgt_mask, key_padding_mask=tgt_key_padding_mask, need_weights=False, is_causal=tgt_is_causal
            )
            return self.dropout1(out)  # type: ignore[no-any-return]

        def looked_up(x: Tensor) -> Tensor:
            out, _ = self.multihead_attn(
                x, memory, memory, attn_mask=memory_mask, key_padding_mask=memory_key_padding_mask, need_weights=False,
                is_causal=memory_is_causal,
            )  # fmt: skip
            return self.dropout2(out)  # type: ignore[no-any-return]

        x = _beside(tgt, attended, self.norm1, self.norm_first)
        x = _beside(x, looked_up, self.norm2, self.norm_first)
        return _beside(x, self._fed_forward, self.norm3, self.norm_first)

    def _fed_forward(self, x: Tensor) -> Tensor:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))  # type: ignore[no-any-return]


def _beside(x: Tensor, part: Callable[[Tensor], Tensor], norm: Module, norm_first: bool) -> Tensor:
    """x + part(norm(x)), or norm(x + part(x))."""
    return x + part(norm(x)) if norm_first else norm(x + part(x))
