"""Stacks of transformer layers, and the transformer of both."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

from byhand.tensor import Tensor, equal, full, triu

from .. import init
from ..functional import relu
from .container import ModuleList
from .module import Module
from .standardising import LayerNorm
from .transformer_layers import Activation, TransformerDecoderLayer, TransformerEncoderLayer

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


def _causal_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
    """(sz, sz), −∞ where a key comes after the query, else 0."""
    return triu(full((sz, sz), -math.inf, device=device, dtype=dtype), 1)


def _is_causal(mask: Tensor | None, hint: bool | None, sequence: Tensor, batch_first: bool) -> bool:
    """The hint, or if there is none, whether the mask is the causal mask for this sequence."""
    if hint is not None or mask is None:
        return bool(hint)
    size = sequence.shape[1 if batch_first and sequence.ndim == 3 else 0]
    return mask.shape == (size, size) and equal(mask, _causal_mask(size, dtype=mask.dtype))


class TransformerEncoder(Module):
    """Encoder layers, one after the other, and a normalisation at the end:   (L, N, E) → (L, N, E).

    Args:
        encoder_layer: the layer of which each layer is a deep copy, with the same numbers at first.
        num_layers: how many.
        norm: applied to the last output, if given.
        enable_nested_tensor, mask_check: in PyTorch, whether padded positions are left out of the computation in evaluation, and
            whether it is checked first that all stand at the end. Both concern its speed alone; here all positions are computed
            in any case, so they change nothing. (In that mode PyTorch gives 0 at padded positions, which mean nothing.)
    """

    norm: Module | None

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList([deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Return the output, of src's shape. `MultiheadAttention.forward` explains masks and `is_causal`.

        With `is_causal=None`, the mask is compared with the causal mask.
        """
        causal = _is_causal(mask, is_causal, src, self.layers[0].self_attn.batch_first)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal)
        return output if self.norm is None else self.norm(output)


class TransformerDecoder(Module):
    """Decoder layers, one after the other, and a normalisation at the end:   (T, N, E), (S, N, E) → (T, N, E).

    Args:
        decoder_layer: the layer of which each layer is a deep copy, with the same numbers at first.
        num_layers: how many.
        norm: applied to the last output, if given.
    """

    norm: Module | None

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList([deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the output, of tgt's shape, given the encoder's output `memory`.

        With `tgt_is_causal=None`, `tgt_mask` is compared with the causal mask.
        """
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0].self_attn.batch_first)
        output = tgt
        for layer in self.layers:
            output = layer(
                output, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal, memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of one sequence and a decoder of another:   (S, N, E), (T, N, E) → (T, N, E).

    Vaswani et al., "Attention is all you need", arXiv:1706.03762; embeddings and the last projection are left to the model.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias: of the layers; see
            `TransformerEncoderLayer`.
        num_encoder_layers, num_decoder_layers: how many there are. Both stacks end in a normalisation.
        custom_encoder, custom_decoder: modules in place of the stacks.

    All matrices are drawn by Xavier's uniform rule, as in PyTorch.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        of_layers = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype,
        )  # fmt: skip
        norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        if custom_encoder is None:
            custom_encoder = TransformerEncoder(TransformerEncoderLayer(*of_layers), num_encoder_layers, norm)
        if custom_decoder is None:
            custom_decoder = TransformerDecoder(TransformerDecoderLayer(*of_layers), num_decoder_layers, deepcopy(norm))
        self.encoder = custom_encoder
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the decoder's output, of tgt's shape. `MultiheadAttention.forward` explains the masks.

        Raises RuntimeError if the batches differ in size, or if either sequence does not consist of d_model numbers each.
        """
        place = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[place] != tgt.shape[place]:
            raise RuntimeError(f"the batch number of src and tgt must be equal, but got {src.shape} and {tgt.shape}")
        if not src.shape[-1] == tgt.shape[-1] == self.d_model:
            raise RuntimeError(
                f"the feature number of src and tgt must be equal to d_model, {self.d_model}, "
                f"but got {src.shape[-1]} and {tgt.shape[-1]}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """Return the causal mask (sz, sz): −∞ where a key comes after the query, else 0."""
        return _causal_mask(sz, device, dtype)

    def _reset_parameters(self) -> None:
        """Draw all matrices anew."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
