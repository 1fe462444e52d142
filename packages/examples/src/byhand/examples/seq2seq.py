"""Reads a sequence and writes another, looking back, at each symbol it writes, at those that it read: attention.

Two tasks, made up here: dates as people write them, "Thursday the 5th of March, 1998", into 1998-03-05; with `--task digits`
numbers of up to 20 digits, back to front. A tenth of the days (of the numbers) choose the best epoch, a tenth are held out:
none of them is ever learnt from, however it is written. Models: gru (one network reads, in both directions, another writes)
and transformer. In training each is told what it should have written before; on its own it takes the likeliest symbol each
time, or the likeliest sequence that a beam search finds. `predict CHECKPOINT "march 5th, 1998"` answers a line, or a file's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import byhand.tensor as torch
import click
import numpy as np
from byhand import nn, optim
from byhand.examples import plots
from byhand.examples.beam import beam_search, greedy
from byhand.examples.characters import Characters
from byhand.examples.data import Array, Indices, Part, Split, cut
from byhand.examples.datasets import dates
from byhand.examples.encoder_decoder import GRU, PADDING, Memory, Transformer
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.inputs import read_words
from byhand.examples.metrics import figures_table
from byhand.examples.options import Options, option
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich import box
from rich.table import Table

__all__ = [
    "EXAMPLE", "TaskOptions", "beams", "begun", "data", "digits", "encoded", "in_batches", "loss", "measure", "predict", "report",
    "texts", "train", "trimmed", "write",
]  # fmt: skip

START, END = 1, 2  # ASCII has marks for the beginning and the end of a text, and one for nothing
CHARACTERS = Characters("\0\2\3 ,-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
SYMBOLS, LONGEST = len(CHARACTERS), 40  # different ones; at most in a sequence, END among them


@dataclass(frozen=True, kw_only=True)
class TaskOptions(Options):
    """What is read and written, and how it is sought."""

    task: str = option("dates", "What is read and written.", choices=("dates", "digits"))
    beam: int = option(5, "Keep so many beginnings in a beam search.", least=1, fixed=False)


def data(options: TaskOptions) -> Split[Part]:
    """Pairs of texts, no two with the same answer."""
    read, answers = {"dates": dates.load, "digits": digits}[options.task](options.seed)
    inputs, targets = encoded(read), encoded(answers)
    rest, test = cut(len(read), len(read) // 10, options.seed)
    train, validation = (rest[part] for part in cut(len(rest), len(test), options.seed))

    def part(chosen: Indices) -> Part:
        return Part(inputs[chosen], targets[chosen], trimmed)

    return Split(part(train), part(validation), lambda: part(test))


def digits(seed: int, n: int = 30_000) -> tuple[list[str], list[str]]:
    """Different numbers of 1 to 20 digits, and the same back to front."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 21, size=n)
    numbers = list(dict.fromkeys("".join(map(str, rng.integers(10, size=length))) for length in lengths))
    return numbers, [number[::-1] for number in numbers]


def encoded(texts: list[str]) -> Array:
    """N × as many symbols as the longest has: each text, END, and padding."""
    lengths = np.array([len(text) + 1 for text in texts])
    symbols = np.full((len(texts), lengths.max()), PADDING)
    symbols[np.arange(lengths.max()) < lengths[:, None]] = CHARACTERS.encode("".join(f"{text}\3" for text in texts))
    return symbols


def trimmed(symbols: Array) -> Array:
    """Without the columns that hold padding alone."""
    return symbols[:, (symbols != PADDING).any(axis=0)]


def texts(symbols: Array | Tensor) -> list[str]:
    """What stands before END."""
    return [CHARACTERS.decode(row).partition("\3")[0].rstrip("\0") for row in symbols.tolist()]


def begun(targets: Tensor) -> Tensor:
    """What was written before each symbol: START, and the targets but the last."""
    return F.pad(targets[:, :-1], (1, 0), value=START)


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of −log p(next symbol) where there is one."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PADDING)


def train(run: Run) -> None:
    """Teacher forcing: each symbol is asked for after the right ones before it, whatever the model would have written."""
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr, weight_decay=0.01)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)
    for read, targets in run.batches(optimizer=optimizer, schedule=schedule):
        value = run.loss(run.model(read, begun(targets)), targets)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        run.note(value)


def write(model: Any, read: Tensor, how: Callable[..., Any], longest: int = LONGEST - 1, **options: int) -> Any:
    """Sequences for each of those read (N × S), found by `greedy` or `beam_search`."""
    with torch.no_grad():
        memory = model.encode(read)

        def step(written: Tensor) -> Tensor:
            repeated = Memory(*(part.repeat_interleave(len(written) // len(read), dim=0) for part in memory))
            chances: Tensor = model.decode(repeated, written)[:, -1].log_softmax(dim=1)
            return chances

        return how(step, len(read), START, END, longest, **options)


def beams(run: Run, read: Tensor, longest: int = LONGEST - 1) -> tuple[list[list[str]], Array]:
    """The answers that a beam search finds, the likeliest first, and how likely they are."""
    found, scores = write(run.model, read, beam_search, longest, width=cast(TaskOptions, run.options).beam)
    return [texts(one) for one in found], np.asarray(scores.exp().numpy())


def in_batches(part: Part, size: int = 500) -> list[Any]:
    """A part in its order."""
    return [part[slice(i, i + size)] for i in range(0, len(part), size)]


def measure(model: Any, part: Part, loss: Loss) -> dict[str, float]:
    """The loss with teacher forcing, and the share of answers that are right from the first symbol to the last."""
    losses, right = [], 0
    for read, targets in in_batches(part):
        losses.append(loss(model(read, begun(targets)), targets).item() * len(read))
        answers = texts(write(model, read, greedy, targets.shape[1]))  # what is longer is wrong
        right += sum(answer == target for answer, target in zip(answers, texts(targets)))
    return {"loss": sum(losses) / len(part), "exact": right / len(part)}


def report(run: Run) -> dict[str, float]:
    """The share of held-out texts answered exactly, by greedy choice and by beam search; wrong ones; where it looked."""
    test, title = run.data.test(), f"Seq2seq, {cast(TaskOptions, run.options).task}, {run.recipe_name}"
    found = run.measure(test)
    answers = [one[0] for read, targets in in_batches(test) for one in beams(run, read, targets.shape[1])[0]]
    truth = texts(test.targets)
    found["exact_by_beam"] = sum(answer == target for answer, target in zip(answers, truth)) / len(truth)
    plots.save_curves(run.folder / "curves.png", title, run.history, "exact")
    longest = max(range(len(test)), key=lambda i: len(texts(test.inputs[i : i + 1])[0]))
    read, targets = test[slice(longest, longest + 1)]
    with torch.no_grad():
        looked = run.model.looked(run.model.encode(read), begun(targets))[0].numpy()
    rows, columns = ([*texts(symbols)[0], "end"] for symbols in (targets, read))
    plots.save_attention(run.folder / "attention.png", f"{title}: where it looked", looked[: len(rows)], rows, columns)
    run.console.print(figures_table(found))
    run.console.print(_wrong(texts(test.inputs), answers, truth))
    return found


def _wrong(read: list[str], answers: list[str], truth: list[str], most: int = 8) -> Table:
    table = Table("read", "written", "truth", box=box.SIMPLE_HEAD, title="Wrong answers, the first of them", title_justify="left")
    for given, answer, target in [row for row in zip(read, answers, truth) if row[1] != row[2]][:most]:
        table.add_row(given, f"[red]{answer}[/]", target)
    return table


def predict(run: Run, file: str) -> Table:
    """For each line of what is given: the greedy answer, and those of a beam search with their probabilities."""
    lines = [line.strip() for line in read_words(file).splitlines() if line.strip()]
    if not lines or max(map(len, lines)) >= LONGEST:
        raise click.ClickException(f"give lines of 1 to {LONGEST - 1} characters, in quotes or in a file; given {file!r}")
    read = torch.tensor(encoded(lines))
    table = Table("read", "greedy", "by beam search", "p", box=box.SIMPLE_HEAD)
    for line, answer, found, chances in zip(lines, texts(write(run.model, read, greedy)), *beams(run, read)):
        table.add_row(line, answer, "\n".join(found), "\n".join(f"{chance:.1%}" for chance in chances))
    return table


EXAMPLE = Example(
    name="seq2seq",
    about=__doc__,
    recipes={
        "gru": Recipe(partial(GRU, SYMBOLS), loss, TaskOptions(epochs=3, lr=4e-3, batch_size=64)),
        "transformer": Recipe(partial(Transformer, SYMBOLS, LONGEST), loss, TaskOptions(epochs=4, lr=2e-3, batch_size=64)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
