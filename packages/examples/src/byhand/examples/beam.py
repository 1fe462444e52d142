"""Sequences from a model that says what may come next: the likeliest symbol each time, or the likeliest sequences."""

import math
from collections.abc import Callable

import byhand.tensor as torch
from byhand.tensor import Tensor

__all__ = ["beam_search", "greedy"]

Step = Callable[[Tensor], Tensor]  # beginnings (K × T) → log p of each symbol that may come next (K × C)


def greedy(step: Step, n: int, start: int, end: int, longest: int) -> Tensor:
    """Take the likeliest symbol each time: N × T, without `start`; after `end` a sequence goes on at random.

    It stops when all have ended, or are `longest`.
    """
    written = torch.full((n, 1), start)
    while written.shape[1] <= longest and not written.eq(end).any(dim=1).all():
        symbols = step(written).argmax(dim=1, keepdim=True)
        written = torch.cat([written, symbols], dim=1)
    return written[:, 1:]


def beam_search(step: Step, n: int, start: int, end: int, longest: int, width: int) -> tuple[Tensor, Tensor]:
    """Keep the `width` likeliest beginnings each time: N × width × T, the likeliest first, and their log p, N × width.

    log p(y) = Σₜ log p(yₜ | y₁ … yₜ₋₁), `end` included; a sequence that has ended is continued by `end` at no cost. With
    fewer beginnings than `width` all are kept. Width 1 is `greedy`, all widths that lose nothing find the likeliest of all.
    """
    written, scores = torch.full((n, 1, 1), start), torch.zeros(n, 1)
    while written.shape[2] <= longest and not written[:, :, -1].eq(end).all():
        chances = step(written.flatten(0, 1)).unflatten(0, (n, -1))  # N × beginnings × C
        symbols = chances.shape[2]
        ended = written[:, :, -1:].eq(end)
        others = torch.arange(symbols).ne(end)
        chances = chances.masked_fill(ended, 0).masked_fill(ended & others, -math.inf)
        totals = (scores[:, :, None] + chances).flatten(1)
        scores, places = totals.topk(min(width, totals.shape[1]))
        begun = written.gather(1, (places // symbols)[:, :, None].expand(-1, -1, written.shape[2]))
        written = torch.cat([begun, (places % symbols)[:, :, None]], dim=2)
    return written[:, :, 1:], scores
