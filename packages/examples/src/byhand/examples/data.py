"""From arrays to minibatches: the parts of a data set, how it is cut into them, and in which order they are looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import byhand.tensor as torch
import numpy as np
import numpy.typing as npt
from byhand.nn import Module
from byhand.tensor import Tensor

__all__ = ["Batch", "Part", "Source", "Split", "cut", "outputs", "standardised", "thinly"]

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]
S = TypeVar("S", bound="Source")


class Batch(NamedTuple):
    """Some examples, side by side along the first dimension: what the model sees, and what it should say."""

    inputs: Tensor
    targets: Tensor


class Source(Protocol):
    """What a run can learn from. `Part` is one; a text cut at random, or sequences made up on the way, are others.

    What is random is drawn from `byhand.tensor`'s default generator. A run can then be taken up in the middle of an
    epoch: it asks for the same plan, and leaves out what it has behind it.
    """

    def __len__(self) -> int:
        """How many examples there are in an epoch."""

    def steps(self, size: int) -> int:
        """How many minibatches of about `size` examples an epoch has."""

    def plan(self, size: int) -> Sequence[Any]:
        """What to look at in the next epoch, minibatch by minibatch: `steps(size)` keys for `[…]`."""

    def __getitem__(self, chosen: Any) -> tuple[Tensor, ...]:
        """One minibatch; in each of its tensors the examples are counted by the first dimension."""

    def limited(self: S, examples: int) -> S:
        """The same with so many examples at most, for a quick look."""


@dataclass(frozen=True)
class Part:
    """Some examples of a data set: inputs and targets as they are stored, N of each, `prepare`d when they are needed.

    So pictures can stay bytes in memory, and be turned into numbers, or be changed at random, a minibatch at a time.
    """

    inputs: Array
    targets: Array
    prepare: Callable[[Array], Array] = np.asarray

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, chosen: Indices | slice) -> Batch:
        return Batch(torch.tensor(self.prepare(self.inputs[chosen])), torch.tensor(self.targets[chosen]))

    def steps(self, size: int) -> int:
        """How many minibatches of at least `size` examples there are."""
        return max(1, len(self) // size)

    def plan(self, size: int) -> list[Indices]:
        """The numbers 0 … N − 1, shuffled, in parts of nearly equal length.

        No part is shorter than `size` (unless there is only one): a last minibatch of one example would have no
        variance, and batch normalisation no answer.
        """
        return np.array_split(torch.randperm(len(self)).numpy(), self.steps(size))

    def limited(self, examples: int) -> "Part":
        """So many of the examples at most, evenly spread."""
        kept = thinly(len(self), examples)
        return Part(self.inputs[kept], self.targets[kept], self.prepare)


@dataclass(frozen=True)
class Split(Generic[S]):
    """A data set in three parts: `train` to learn from, `validation` to choose by, `test()` to look at once, at the end.

    The last is a function, called only when training is over. A `remark` is what whoever reads figures must know of the data.
    """

    train: S
    validation: S
    test: Callable[[], S]
    remark: str = ""

    def limited(self, examples: int) -> "Split[S]":
        """With so many examples at most in each part."""
        train, validation = self.train.limited(examples), self.validation.limited(examples)
        return Split(train, validation, lambda: self.test().limited(examples), self.remark)


def cut(n: int, size: int, seed: int, classes: Array | None = None) -> tuple[Indices, Indices]:
    """Cut 0 … n − 1 at random, by the seed, into n − size numbers and `size` others, both in ascending order.

    With the `classes` of the examples, each has the same share (to within one example) on either side.
    """
    shuffled = np.random.default_rng(seed).permutation(n)
    if classes is not None:
        shuffled = shuffled[np.argsort(classes[shuffled], kind="stable")]
    away = np.zeros(n, dtype=bool)
    away[shuffled[thinly(n, size)]] = True
    return np.flatnonzero(~away), np.flatnonzero(away)


def thinly(n: int, size: int) -> Indices:
    """`size` numbers (all n, if that is less) spread evenly over 0 … n − 1."""
    size = min(n, size)
    return (np.arange(size) * n + n // 2) // size


def standardised(train: Array) -> Callable[[Array], Array]:
    """What subtracts the mean of each column of `train` and divides by its deviation; constant columns become 0."""
    mean, deviation = train.mean(0), train.std(0)
    deviation = np.where(deviation > 0, deviation, 1)
    return lambda inputs: ((inputs - mean) / deviation).astype(np.float32)


def outputs(model: Module, part: Part, size: int = 500) -> Tensor:
    """What the model says to all examples of a part, in their order: without dropout, and with running statistics."""
    training = model.training
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(part[slice(i, i + size)].inputs) for i in range(0, len(part), size)])
    model.train(training)
    return found
