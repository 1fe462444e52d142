"""Going on with a text: a language model, the tokens that it knows, and what they write together."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Protocol

import byhand.tensor as torch
import click
from byhand.examples.memory import Reader, Seen, step
from byhand.examples.sampling import generate
from byhand.tensor import Tensor

__all__ = ["Tokens", "Writer", "writer_from"]


class Tokens(Protocol):
    """From text to whole numbers and back. A text comes after the token `begin`, and ends before `end`."""

    begin: int
    end: int

    def encode(self, text: str) -> list[int]:
        """The numbers of a text."""

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers."""


@dataclass(frozen=True)
class Writer:
    """A model and its tokens."""

    model: Reader
    tokens: Tokens

    def numbers(self, prompt: str, amount: int, temperature: float = 1.0, top_k: int = 0) -> list[int]:
        """At most so many tokens after the prompt, until the text ends; drawn as by `sampling.choose`."""
        beginning = torch.tensor([self.tokens.encode(prompt) or [self.tokens.begin]])
        drawn = (int(token.item()) for token in generate(self._step, beginning, temperature, top_k))
        return list(takewhile(lambda token: token != self.tokens.end, islice(drawn, amount)))

    def write(self, prompt: str, amount: int, temperature: float = 1.0, top_k: int = 0) -> str:
        """The prompt and what comes after it."""
        after = self.numbers(prompt, amount, temperature, top_k)
        # Decoded together: a character may begin in the prompt's last token and end in the next.
        return self.tokens.decode([*self.tokens.encode(prompt), *after])

    def _step(self, tokens: Tensor, seen: Seen | None) -> tuple[Tensor, Seen]:
        return step(self.model, tokens, seen)


def writer_from(where: str, heads: int = 0, data: str = "") -> Writer:
    """A model with trained weights: "glassllm", a file that `glass.write` wrote, or a file or folder with GPT-2's names.

    Raises DataError for files that cannot be used, a click error for `heads` where they are known.
    """
    from byhand.examples import glass, gpt2

    path = Path(where)
    if where != "glassllm" and not glass.is_one(path):
        return gpt2.load(path, heads, data)
    if heads:
        raise click.UsageError(f"--heads {heads}: {where} says itself how many it has; leave it out")
    return glass.load(data) if where == "glassllm" else glass.read(path)
