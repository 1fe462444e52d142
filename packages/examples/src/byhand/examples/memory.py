"""What a transformer remembers of the tokens it has read: their keys and values in every layer, so that none is read twice."""

from typing import NamedTuple, Protocol

import byhand.tensor as torch
from byhand.nn import functional as F
from byhand.tensor import Tensor

__all__ = ["Past", "Reader", "Seen", "attend", "step"]


class Past:
    """The keys and values of one layer (N × heads × tokens × d), to which those of the next tokens are added."""

    def __init__(self) -> None:
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def __len__(self) -> int:
        return 0 if self.keys is None else self.keys.shape[2]

    def lengthened(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values of new tokens; return all there are."""
        self.keys = keys if self.keys is None else torch.cat([self.keys, keys], dim=2)
        self.values = values if self.values is None else torch.cat([self.values, values], dim=2)
        return self.keys, self.values


def attend(queries: Tensor, keys: Tensor, values: Tensor, past: Past | None = None, dropout: float = 0.0) -> Tensor:
    """softmax(Q Kᵀ / √d) V, where each token sees itself and those before it, with the `past` also those read earlier.

    N × heads × T × d → the same. There may be fewer heads of keys and values, each of which serves several queries. `dropout` is
    the share of the weights that are set to 0, in training.
    """
    if past is not None:
        keys, values = past.lengthened(keys, values)
    new, total = queries.shape[2], keys.shape[2]
    if new == total:
        return F.scaled_dot_product_attention(queries, keys, values, None, dropout, is_causal=True, enable_gqa=True)
    seen = torch.ones(new, total).tril(total - new) > 0
    return F.scaled_dot_product_attention(queries, keys, values, seen, dropout, enable_gqa=True)


class Reader(Protocol):
    """A transformer: what `step` asks of one."""

    context: int

    layers: int

    def read(self, tokens: Tensor, memory: list[Past] | None = None) -> Tensor:
        """N × T whole numbers, which come after those in memory → what the last layer makes of them, N × T × width."""

    def logits(self, read: Tensor) -> Tensor:
        """What was read (… × width) → logits of the next token (… × vocabulary)."""


class Seen(NamedTuple):
    """The tokens that a model has read, and what it remembers of them."""

    tokens: Tensor
    memory: list[Past]


def step(model: Reader, tokens: Tensor, seen: Seen | None) -> tuple[Tensor, Seen]:
    """For `sampling.generate`: read tokens (N × T) after those seen → the logits of the next (N × vocabulary), and all seen.

    A model sees no further back than its context. What exceeds it moves every place, and with it all keys and values: then the
    last `context` tokens are read anew. So the logits are always those of a model without memory.
    """
    whole = tokens if seen is None else torch.cat([seen.tokens, tokens], dim=1)
    if seen is None or whole.shape[1] > model.context:
        whole = tokens = whole[:, -model.context :]
        memory = [Past() for _ in range(model.layers)]
    else:
        memory = seen.memory
    return model.logits(model.read(tokens, memory)[:, -1]), Seen(whole, memory)
