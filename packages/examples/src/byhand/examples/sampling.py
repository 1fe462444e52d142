"""Text from a language model: token by token, each drawn from what the model thinks probable after those before it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import byhand.tensor as torch
from byhand.examples.options import Options, option
from byhand.tensor import Tensor

__all__ = ["SamplingOptions", "choose", "generate", "looking_back"]


@dataclass(frozen=True, kw_only=True)
class SamplingOptions(Options):
    """The options of examples that write."""

    temperature: float = option(1.0, "Write what is likelier below 1; only the likeliest at 0.", least=0, fixed=False)
    top_k: int = option(0, "Draw from so many likeliest tokens only.", least=0, fixed=False, hint="all")
    amount: int = option(500, "Write so much: characters, tokens or names.", least=1, fixed=False)


# Tokens (N × T) and what is remembered of those before them (None at first) → logits of the next (N × C), and what is
# remembered then.
Step = Callable[[Tensor, Any], tuple[Tensor, Any]]


def choose(logits: Tensor, temperature: float = 1.0, top_k: int = 0) -> Tensor:
    """Draw a class for each row of logits (N × C): p = softmax(logits / temperature) over the `top_k` largest, over all if 0.

    A temperature below 1 makes what is probable more so; at 0 the choice is greedy, the largest logit. What is random
    comes from `byhand.tensor`'s default generator. Raises ValueError for a negative temperature or a negative `top_k`.
    """
    if not temperature >= 0 or top_k < 0:
        raise ValueError(f"temperature and top_k must be at least 0; given {temperature} and {top_k}")
    chosen: Tensor
    if temperature == 0:
        chosen = logits.argmax(dim=1)
        return chosen
    kept, classes = logits.double().topk(min(top_k, logits.shape[1]) or logits.shape[1])
    chances = ((kept - kept[:, :1]) / temperature).softmax(dim=1)  # minus the largest, so that nothing overflows to +∞
    chosen = classes.gather(1, torch.multinomial(chances, 1))[:, 0]
    return chosen


def generate(step: Step, prompt: Tensor, temperature: float = 1.0, top_k: int = 0) -> Iterator[Tensor]:
    """Go on with prompts (N × T) for ever: each time the next token of each (N), drawn as by `choose`."""
    tokens, memory = prompt, None
    while True:
        with torch.no_grad():
            logits, memory = step(tokens, memory)
            drawn = choose(logits, temperature, top_k)
        yield drawn
        tokens = drawn[:, None]


def looking_back(model: Callable[[Tensor], Tensor], size: int) -> Step:
    """The step of a model (tokens N × T → logits N × T × C) that remembers nothing: it reads the last `size` tokens anew."""

    def step(tokens: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        seen = (tokens if before is None else torch.cat([before, tokens], dim=1))[:, -size:]
        return model(seen)[:, -1], seen

    return step
