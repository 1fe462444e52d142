"""Does a sentence from a review speak for the film or against it?

Of 10,662 sentences, half of them favourable, 8,530 are learnt from, 1,066 choose the best epoch, and the 1,066 held out are
looked at once, at the end. The vocabulary is that of the sentences learnt from. Models: bag (words and pairs of words, in no
order), cnn (a few words side by side, wherever they are), lstm and bilstm (word after word, in one direction or in both).
`predict CHECKPOINT "a warm, funny film"` asks about a sentence, or about each line of a file.
"""

from functools import partial
from typing import TypeVar

import byhand.tensor as torch
import click
import numpy as np
import rich.table
from byhand import nn, optim
from byhand.examples import plots
from byhand.examples.data import Indices, Part, Split, cut, outputs
from byhand.examples.datasets import rt_polarity
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.inputs import read_words
from byhand.examples.metrics import BinaryReport, binary_accuracy
from byhand.examples.options import Options
from byhand.examples.training import Run
from byhand.examples.words import PADDING, UNKNOWN, Words, frequent
from byhand.nn import functional as F
from byhand.nn.utils.rnn import pack_padded_sequence
from byhand.tensor import Tensor
from rich import box
from rich.columns import Columns

__all__ = [
    "Bag", "CNN", "EXAMPLE", "LSTM", "data", "measure", "mistakes", "pairs", "predict", "report", "small", "train", "weights",
]  # fmt: skip

Table = TypeVar("Table", nn.Embedding, nn.EmbeddingBag)
CLASSES = ("against", "for")
WORDS = 20_000  # rows for words; some 18,500 are learnt, whichever sentences the seed cuts off
PAIRS = 2**16


def data(options: Options) -> Split[Part]:
    """Three parts with as many sentences for as against; each stays text until a minibatch needs it."""
    reviews = rt_polarity.load(options.data)
    sentences = np.array([*reviews.negative, *reviews.positive], dtype=object)
    targets = np.repeat([0, 1], [len(reviews.negative), len(reviews.positive)]).astype(np.float32)
    rest, test = cut(len(targets), 1066, options.seed, targets)
    train, validation = (rest[part] for part in cut(len(rest), 1066, options.seed, targets[rest]))
    words = Words(frequent(sentences[train])[: WORDS - UNKNOWN - 1])

    def part(chosen: Indices) -> Part:
        return Part(sentences[chosen], targets[chosen], words.encode)

    return Split(part(train), part(validation), lambda: part(test))


def small(table: Table) -> Table:
    """The table, its numbers a tenth of what they were drawn, so that what is learnt soon counts more than chance."""
    with torch.no_grad():
        table.weight.mul_(0.1)
    return table


class Bag(nn.Module):
    """The mean of 16 numbers for each word and each pair of neighbours → a logit (Joulin et al., arXiv:1607.01759)."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = small(nn.EmbeddingBag(WORDS + PAIRS, 16, padding_idx=PADDING))
        self.drop, self.out = nn.Dropout(0.5), nn.Linear(16, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """N × T words → N logits: positive means for the film; so in all models."""
        features = torch.cat([tokens, pairs(tokens)], dim=1)
        logits: Tensor = self.out(self.drop(self.bag(features)))[:, 0]
        return logits


def pairs(tokens: Tensor) -> Tensor:
    """A number for each two words side by side. Two pairs may get the same: there are more pairs than rows for them."""
    first, second = tokens[:, :-1], tokens[:, 1:]
    numbers: Tensor = (WORDS + (first * 1_000_003 + second).remainder(PAIRS)).masked_fill(second.eq(PADDING), PADDING)
    return numbers


class CNN(nn.Module):
    """100 patterns each of 3, 4 and 5 words, sought in the whole sentence → a logit (Kim, arXiv:1408.5882)."""

    def __init__(self) -> None:
        super().__init__()
        self.words = small(nn.Embedding(WORDS, 64, padding_idx=PADDING))
        # As much padding as a pattern is long, or what is found would depend on how long the other sentences are.
        self.patterns = nn.ModuleList(nn.Conv1d(64, 100, size, padding=size) for size in (3, 4, 5))
        self.drop, self.out = nn.Dropout(0.5), nn.Linear(300, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens).mT  # N × 64 × T
        found = [pattern(x).relu().amax(dim=2) for pattern in self.patterns]
        logits: Tensor = self.out(self.drop(torch.cat(found, dim=1)))[:, 0]
        return logits


class LSTM(nn.Module):
    """What is remembered after the last word, and in the other direction after the first → a logit."""

    def __init__(self, bidirectional: bool) -> None:
        super().__init__()
        self.words = small(nn.Embedding(WORDS, 64, padding_idx=PADDING))
        self.lstm = nn.LSTM(64, 64, batch_first=True, bidirectional=bidirectional)
        self.drop, self.out = nn.Dropout(0.5), nn.Linear(128 if bidirectional else 64, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        lengths = tokens.ne(PADDING).sum(dim=1).clamp(min=1)
        packed = pack_padded_sequence(self.drop(self.words(tokens)), lengths, batch_first=True, enforce_sorted=False)
        _, (last, _) = self.lstm(packed)  # directions × N × 64
        logits: Tensor = self.out(self.drop(torch.cat(last.unbind(0), dim=1)))[:, 0]
        return logits


def train(run: Run) -> None:
    """AdamW with a step size that rises and falls again."""
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr, weight_decay=0.01)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)
    for tokens, targets in run.batches(optimizer=optimizer, schedule=schedule):
        loss = run.loss(run.model(tokens), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        run.note(loss)


def measure(model: nn.Module, part: Part, loss: Loss) -> dict[str, float]:
    """The loss and the accuracy on a part."""
    logits, targets = outputs(model, part), torch.tensor(part.targets)
    return {"loss": loss(logits, targets).item(), "accuracy": binary_accuracy(logits, targets)}


def weights(run: Run, least: int = 10) -> dict[str, float]:
    """What the model says to each word alone, by how much it changes the logit of no word; rare words are left out."""
    words = frequent(run.data.train.inputs, least)
    logits = outputs(run.model, Part(np.array(["", *words], dtype=object), np.zeros(len(words) + 1), run.data.train.prepare))
    return dict(zip(words, (logits[1:] - logits[0]).tolist()))


def mistakes(part: Part, logits: Tensor, most: int = 6) -> rich.table.Table:
    """The sentences answered wrongly with the greatest confidence."""
    wrong = np.flatnonzero((logits.numpy() > 0) != (part.targets > 0.5))
    table = rich.table.Table("answer", "sure", "most confidently wrong", box=box.SIMPLE_HEAD)
    for i in wrong[np.argsort(-np.abs(logits.numpy()[wrong]), kind="stable")][:most]:
        table.add_row(*said(float(logits[i])), part.inputs[i])
    return table


def said(logit: float) -> tuple[str, str]:
    """The answer, and how sure it is."""
    chance = float(torch.tensor(abs(logit)).sigmoid())
    return CLASSES[logit > 0], f"{chance:.1%}"


def report(run: Run) -> dict[str, float]:
    """Figures, confusion matrix, ROC curve, and worst mistakes of the sentences held out; the words that weigh most."""
    test = run.data.test()
    logits = outputs(run.model, test)
    found, title = BinaryReport.of(test.targets, logits.numpy(), CLASSES), f"Sentiment, {run.recipe_name}"
    plots.save_report(run.folder / "report.png", title, run.history, found)
    plots.save_confusion(run.folder / "confusion.png", f"{title}: {found.accuracy:.2%}", found.confusion, CLASSES)
    plots.save_bars(run.folder / "words.png", f"{title}: words alone that change the logit most", weights(run))
    run.console.print(Columns(found.tables(), padding=(0, 4)))
    run.console.print(mistakes(test, logits))
    return found.summary()


def predict(run: Run, file: str) -> rich.table.Table:
    """For each line of what is given: the answer, and how sure it is."""
    lines = [line.strip() for line in read_words(file).splitlines() if line.strip()]
    if not lines:
        raise click.ClickException(f"{file!r} holds no sentence; give one in quotes, or a file with one a line")
    logits = outputs(run.model, Part(np.array(lines, dtype=object), np.zeros(len(lines)), run.data.train.prepare))
    table = rich.table.Table("answer", "sure", "sentence", box=box.SIMPLE_HEAD)
    for line, logit in zip(lines, logits.tolist()):
        table.add_row(*said(logit), line)
    return table


EXAMPLE = Example(
    name="sentiment",
    about=__doc__,
    recipes={
        "bag": Recipe(Bag, F.binary_cross_entropy_with_logits, Options(epochs=4, lr=0.01, batch_size=64)),
        "cnn": Recipe(CNN, F.binary_cross_entropy_with_logits, Options(epochs=3, lr=0.002, batch_size=64)),
        "lstm": Recipe(partial(LSTM, False), F.binary_cross_entropy_with_logits, Options(epochs=3, lr=0.005, batch_size=64)),
        "bilstm": Recipe(partial(LSTM, True), F.binary_cross_entropy_with_logits, Options(epochs=3, lr=0.005, batch_size=64)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
