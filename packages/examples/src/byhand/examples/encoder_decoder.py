"""Models that read a sequence of symbols and write another, with attention between the two.

Both read once (`encode`), then say as often as asked what may come after what is written (`decode`).
"""

import math
from typing import Any, NamedTuple

import byhand.tensor as torch
from byhand import nn
from byhand.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from byhand.tensor import Tensor

__all__ = ["GRU", "Memory", "PADDING", "Transformer"]

PADDING = 0  # no symbol: it fills sequences up that are shorter than others beside them


class Memory(NamedTuple):
    """What was read: a vector for each of S symbols (N × S × 128), which of them are padding (N × S), and a first state."""

    vectors: Tensor
    padding: Tensor
    state: Tensor


class GRU(nn.Module):
    """Two recurrent networks with attention between them (Bahdanau et al., arXiv:1409.0473, as Luong et al. have it, 1508.04025).

    The state sₜ of the one that writes is compared with each vector mⱼ of what was read:
    αₜⱼ = softmaxⱼ sₜ·W mⱼ,   cₜ = Σⱼ αₜⱼ mⱼ,   logits = V tanh(C [cₜ, sₜ])
    """

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.symbols = nn.Embedding(symbols, 32, padding_idx=PADDING)
        self.reader = nn.GRU(32, 64, batch_first=True, bidirectional=True)
        self.writer = nn.GRU(32, 128, batch_first=True)
        self.match = nn.Linear(128, 128, bias=False)
        self.combine, self.out = nn.Linear(256, 128), nn.Linear(128, symbols)

    def forward(self, read: Tensor, written: Tensor) -> Tensor:
        """What was read (N × S) and written so far (N × T) → what may come next, at each place: N × T × C logits."""
        return self.decode(self.encode(read), written)

    def encode(self, read: Tensor) -> Memory:
        """Read it once; packed, so that the network that reads backwards begins with the last symbol, not with padding."""
        padding = read.eq(PADDING)
        packed = pack_padded_sequence(self.symbols(read), (~padding).sum(dim=1), batch_first=True, enforce_sorted=False)
        vectors, last = self.reader(packed)
        return Memory(pad_packed_sequence(vectors, batch_first=True)[0], padding, torch.cat(last.unbind(0), dim=1))

    def decode(self, memory: Memory, written: Tensor) -> Tensor:
        """N × T × C logits."""
        states, _ = self.writer(self.symbols(written), memory.state[None])
        context = self._weights(memory, states) @ memory.vectors
        logits: Tensor = self.out(self.combine(torch.cat([context, states], dim=2)).tanh())
        return logits

    def looked(self, memory: Memory, written: Tensor) -> Tensor:
        """Where it looked: N × T × S weights."""
        return self._weights(memory, self.writer(self.symbols(written), memory.state[None])[0])

    def _weights(self, memory: Memory, states: Tensor) -> Tensor:
        scores = states @ self.match(memory.vectors).mT
        weights: Tensor = scores.masked_fill(memory.padding[:, None], -math.inf).softmax(dim=2)
        return weights


class Transformer(nn.Module):
    """Attention alone: of what is read to itself, of what is written to what was before it and to what was read (1706.03762)."""

    def __init__(self, symbols: int, longest: int) -> None:
        super().__init__()
        self.symbols, self.places = nn.Embedding(symbols, 64), nn.Embedding(longest, 64)
        self.layers = nn.Transformer(64, 4, 2, 2, 128, dropout=0.1, batch_first=True, norm_first=True)
        self.out = nn.Linear(64, symbols)

    def forward(self, read: Tensor, written: Tensor) -> Tensor:
        """As of GRU."""
        return self.decode(self.encode(read), written)

    def encode(self, read: Tensor) -> Memory:
        """Read it once. There is no state."""
        padding = read.eq(PADDING)
        return Memory(self.layers.encoder(self._placed(read), src_key_padding_mask=padding), padding, torch.zeros(len(read), 0))

    def decode(self, memory: Memory, written: Tensor) -> Tensor:
        future = nn.Transformer.generate_square_subsequent_mask(written.shape[1])
        shown = self.layers.decoder(
            self._placed(written), memory.vectors, future, memory_key_padding_mask=memory.padding, tgt_is_causal=True
        )
        logits: Tensor = self.out(shown)
        return logits

    def looked(self, memory: Memory, written: Tensor) -> Tensor:
        """Where the last layer looked, in the mean over its heads."""
        attention, asked = self.layers.decoder.layers[-1].multihead_attn, list[Any]()
        hook = attention.register_forward_pre_hook(lambda _, *given: asked.extend(given), with_kwargs=True)
        self.decode(memory, written)
        hook.remove()
        weights: Tensor = attention(*asked[0], **{**asked[1], "need_weights": True})[1]
        return weights

    def _placed(self, symbols: Tensor) -> Tensor:
        placed: Tensor = self.symbols(symbols) + self.places.weight[: symbols.shape[1]]
        return placed
