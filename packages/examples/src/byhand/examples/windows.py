"""A long text as examples of equal length, each of which says the next token at every place."""

from collections.abc import Iterator
from dataclasses import dataclass

import byhand.tensor as torch
import numpy as np
from byhand.examples.data import Array, Batch, Indices

__all__ = ["Windows"]


@dataclass(frozen=True)
class Windows:
    """A text as a row of whole numbers, looked at through windows of `size` tokens; the targets are one token further on.

    A text of n tokens has ⌊(n − 1) / size⌋ windows side by side. In every epoch the first begins at another place, so that
    each token (but some at the ends) is seen once an epoch, and every time after more or fewer others.
    """

    tokens: Array
    size: int

    def __post_init__(self) -> None:
        if len(self) < 1:
            raise ValueError(f"a text must be longer than a window of {self.size} tokens; this one has {len(self.tokens)}")

    def __len__(self) -> int:
        return (len(self.tokens) - 1) // self.size

    def __getitem__(self, starts: Indices) -> Batch:
        """The windows that begin at these places: N × size tokens, and as many targets."""
        places = starts[:, None] + np.arange(self.size)
        return Batch(torch.tensor(self.tokens[places]), torch.tensor(self.tokens[places + 1]))

    def steps(self, size: int) -> int:
        """How many minibatches of about `size` windows there are."""
        return max(1, len(self) // size)

    def plan(self, size: int) -> list[Indices]:
        """Where the windows of the next epoch begin, shuffled, in parts of nearly equal length."""
        end = len(self.tokens) - self.size
        begin = int(torch.randint(0, min(self.size, end), (1,)).item())
        starts = np.arange(begin, end, self.size)
        return np.array_split(starts[torch.randperm(len(starts)).numpy()], self.steps(size))

    def in_order(self, size: int = 64) -> Iterator[Batch]:
        """All windows from the beginning, at most `size` at once, for judging a model."""
        starts = self.size * np.arange(len(self))
        for i in range(0, len(starts), size):
            yield self[starts[i : i + size]]

    def limited(self, examples: int) -> "Windows":
        """The first windows, so many at most."""
        return Windows(self.tokens[: examples * self.size + 1], self.size)
