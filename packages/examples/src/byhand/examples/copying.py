"""Sees a sequence of 8 bits a step, and says it again: the copy task. With `--delay`, only after a pause: delayed recall.

The sequences learnt from are 1 to 20 steps long; those held out up to 120. Models: ntm, a Neural Turing Machine (its page is
`ntm.py`), which writes each step into a row of its memory and reads the rows again, however many they are; and lstm, which
must keep all in the 512 numbers of its state. Sequences are made up on the way: each is seen once.
`predict CHECKPOINT "some text"` has it repeat a text, whose bytes are the steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import byhand.tensor as torch
import click
import numpy as np
from byhand import nn, optim
from byhand.examples import plots
from byhand.examples.data import Batch, Split
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.inputs import read_words
from byhand.examples.metrics import figures_table
from byhand.examples.ntm import NTM
from byhand.examples.options import Options, option
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor

__all__ = [
    "EXAMPLE", "LSTM", "Sequences", "TaskOptions", "data", "errors", "loss", "measure", "predict", "question", "report", "train",
]  # fmt: skip

BITS = 8
HELD_OUT = (10, 20, 30, 40, 60, 80, 100, 120)  # steps


@dataclass(frozen=True, kw_only=True)
class TaskOptions(Options):
    """How hard it is made."""

    longest: int = option(20, "Learn from sequences of 1 to so many steps.", least=1)
    delay: int = option(0, "Pause for so many empty steps (in training: at most) before the sequence is asked for.", least=0)


@dataclass(frozen=True)
class Sequences:
    """Random bits in sequences of these lengths: so many examples in an epoch, always new; in order, always the same."""

    lengths: tuple[int, ...]
    delay: int
    examples: int
    seed: int

    def __len__(self) -> int:
        return self.examples

    def steps(self, size: int) -> int:
        """How many minibatches of `size` sequences there are."""
        return max(1, self.examples // size)

    def plan(self, size: int) -> list[tuple[int, int, int]]:
        """How many sequences, how long, and after what pause they are asked for: in a minibatch the same for all."""
        places = torch.randint(len(self.lengths), (self.steps(size),)).tolist()
        delays = torch.randint(self.delay + 1, (self.steps(size),)).tolist()
        return [(size, self.lengths[place], delay) for place, delay in zip(places, delays)]

    def __getitem__(self, chosen: tuple[int, int, int]) -> Batch:
        n, length, delay = chosen
        return question(torch.randint(2, (n, length, BITS)).float(), delay)

    def in_order(self) -> Iterator[Batch]:
        """As many of each length, shortest first, after the whole pause."""
        rng = np.random.default_rng(self.seed)
        for length in self.lengths:
            bits = rng.integers(2, size=(max(1, self.examples // len(self.lengths)), length, BITS))
            yield question(torch.tensor(bits).float(), self.delay)

    def limited(self, examples: int) -> "Sequences":
        """The same with so many at most."""
        return replace(self, examples=min(examples, self.examples))


def question(bits: Tensor, delay: int) -> Batch:
    """N × T × 8 bits → what is seen: the sequence, a pause, a mark in channel 9, and T empty steps, in which it is to be said."""
    n, length, _ = bits.shape
    seen = torch.zeros(n, length + delay + 1 + length, BITS + 1)
    seen[:, :length, :BITS] = bits
    seen[:, length + delay, BITS] = 1
    return Batch(seen, bits)


def data(options: TaskOptions) -> Split[Sequences]:
    """What is held out is longer than what is learnt from."""
    learnt = tuple(range(1, options.longest + 1))
    return Split(
        Sequences(learnt, options.delay, 3200, options.seed),
        Sequences(learnt, options.delay, 8 * len(learnt), options.seed + 1),
        lambda: Sequences(HELD_OUT, options.delay, 32 * len(HELD_OUT), options.seed + 2),
    )


class LSTM(nn.Module):
    """A recurrent network with 2 × 256 numbers to remember all in."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(BITS + 1, 256, batch_first=True), nn.Linear(256, BITS)

    def forward(self, seen: Tensor) -> Tensor:
        """N × T × 9 → N × T × 8 logits."""
        logits: Tensor = self.out(self.lstm(seen)[0])
        return logits


def loss(logits: Tensor, bits: Tensor) -> Tensor:
    """The mean of −log p(bit) over the steps after the mark; what is said before does not matter."""
    return F.binary_cross_entropy_with_logits(logits[:, -bits.shape[1] :], bits)


def errors(logits: Tensor, bits: Tensor) -> float:
    """The share of bits that are said wrongly."""
    return float((logits[:, -bits.shape[1] :] > 0).ne(bits > 0).numpy().mean())


def train(run: Run) -> None:
    """RMSprop with momentum, as in the paper, and a step size that rises and falls again, the momentum against it."""
    optimizer = optim.RMSprop(run.model.parameters(), lr=run.options.lr, alpha=0.95, momentum=0.9)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)
    for seen, bits in run.batches(optimizer=optimizer, schedule=schedule):
        value = run.loss(run.model(seen), bits)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        run.note(value)


def measure(model: nn.Module, part: Sequences, loss: Loss) -> dict[str, float]:
    """The loss, and the share of wrong bits, in the mean over the lengths."""
    judged = [(loss(logits, bits).item(), errors(logits, bits)) for logits, bits in _answers(model, part)]
    return dict(zip(("loss", "wrong_bits"), np.mean(judged, axis=0).tolist()))


def _answers(model: nn.Module, part: Sequences) -> Iterator[tuple[Tensor, Tensor]]:
    for seen, bits in part.in_order():
        yield model(seen), bits


def report(run: Run) -> dict[str, float]:
    """The wrong bits for each length; a picture of a long sequence, of what was said, and of where the heads looked."""
    options, test = cast(TaskOptions, run.options), run.data.test()
    title = f"{'Delayed recall' if options.delay else 'Copy'}, {run.recipe_name}"
    with torch.no_grad():
        wrong = {bits.shape[1]: errors(logits, bits) for logits, bits in _answers(run.model, test)}
        seen, bits = next(Sequences((60,), test.delay, 1, run.options.seed).in_order())
        logits, *looked = run.model.traced(seen) if isinstance(run.model, NTM) else (run.model(seen),)
    sheets = {"seen": seen[0], "said": logits[0].sigmoid(), "asked for": F.pad(bits[0], (0, 0, len(seen[0]) - bits.shape[1], 0))}
    if looked:
        sheets |= {"written at (rows of the memory)": looked[0][0, :, 1], "read at": looked[0][0, :, 0]}
    plots.save_curves(run.folder / "curves.png", title, run.history, "wrong_bits")
    plots.save_lengths(run.folder / "lengths.png", f"{title}: wrong bits by length", wrong, options.longest)
    plots.save_sheets(run.folder / "memory.png", title, {name: sheet.numpy().T for name, sheet in sheets.items()})
    found = {f"wrong_bits_of_{length}": share for length, share in wrong.items()}
    run.console.print(figures_table(found, f"{len(test)} sequences"))
    return found


def predict(run: Run, file: str) -> str:
    """The text as the model repeats it: each byte is a step of 8 bits."""
    text = read_words(file).encode()
    if not text:
        raise click.ClickException("there is nothing to repeat; give a text in quotes, or a file")
    bits = np.unpackbits(np.frombuffer(text, np.uint8)).reshape(1, -1, BITS)
    with torch.no_grad():
        logits = run.model(question(torch.tensor(bits).float(), cast(TaskOptions, run.options).delay).inputs)
    said = np.packbits(logits[0, -len(text) :].numpy() > 0).tobytes().decode(errors="replace")
    return f"{said}\n{errors(logits, torch.tensor(bits)):.2%} of the bits are wrong"


EXAMPLE = Example(
    name="copy",
    about=__doc__,
    recipes={
        "ntm": Recipe(partial(NTM, BITS + 1, BITS), loss, TaskOptions(epochs=15, lr=4e-4, batch_size=16)),
        "lstm": Recipe(LSTM, loss, TaskOptions(epochs=20, lr=2e-3, batch_size=16)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
