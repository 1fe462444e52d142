"""Invents first names, a character at a time: from a table of pairs, by a network as in 2003, with a memory, by attention.

Of the 29,494 different names in the data, cut by the seed, 80 % are learnt from, 10 % choose the best epoch, and 10 % are
held out. The loss is the mean of −log p(next character); the end of a name is one, too. The models, after Karpathy's
makemore: bigram, which sees one character; mlp, which sees eight; rnn, which reads one after the other and remembers;
transformer, which looks back at all. `predict CHECKPOINT "mar"` completes a name.
"""

from itertools import islice
from pathlib import Path
from typing import cast

import byhand.tensor as torch
import click
import numpy as np
from byhand import nn, optim
from byhand.examples import plots
from byhand.examples.characters import Characters
from byhand.examples.data import Array, Part, Split, cut, outputs
from byhand.examples.datasets import names
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.inputs import read_words
from byhand.examples.metrics import figures_table
from byhand.examples.options import Options
from byhand.examples.sampling import SamplingOptions, generate, looking_back
from byhand.examples.training import Run
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.columns import Columns

__all__ = [
    "Bigram", "EXAMPLE", "MLP", "RNN", "Transformer", "counted", "data", "looks", "loss", "measure", "predict", "report", "train",
    "write",
]  # fmt: skip

CHARACTERS = Characters(".abcdefghijklmnopqrstuvwxyz")  # a name begins after a dot and ends with one
PLACES = 16  # a dot, and the 15 letters of the longest names
NONE = -100  # no target: what `cross_entropy` leaves out


def data(options: Options) -> Split[Part]:
    """Each name is there once, so that none is both learnt and held out."""
    different = list(dict.fromkeys(names.load(options.data)))
    rest, test = cut(len(different), len(different) // 10, options.seed)
    train, validation = (rest[part] for part in cut(len(rest), len(test), options.seed))
    inputs, targets = padded(different)
    return Split(
        Part(inputs[train], targets[train]),
        Part(inputs[validation], targets[validation]),
        lambda: Part(inputs[test], targets[test]),
    )


def padded(names: list[str]) -> tuple[Array, Array]:
    """N × 16 characters, ".emma…", and the one after each, "emma.…"; what follows the last is no target."""
    inputs, targets = np.zeros((len(names), PLACES), np.int64), np.full((len(names), PLACES), NONE)
    for i, name in enumerate(names):
        numbers = CHARACTERS.encode(f".{name}.")
        inputs[i, : len(name) + 1], targets[i, : len(name) + 1] = numbers[:-1], numbers[1:]
    return inputs, targets


class Bigram(nn.Module):
    """For each character the logits of the next: a table of 27 × 27."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(27, 27))

    def forward(self, tokens: Tensor) -> Tensor:
        """N × T characters → N × T × 27 logits; so in all models."""
        return F.embedding(tokens, self.table)


class MLP(nn.Module):
    """The last 8 characters, 24 numbers each → 400 → 27 logits (Bengio, Ducharme, Vincent & Jauvin, 2003)."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = nn.Embedding(27, 24)
        self.hidden, self.out = nn.Linear(8 * 24, 400), nn.Linear(400, 27)

    def forward(self, tokens: Tensor) -> Tensor:
        last = F.pad(tokens, (7, 0)).unfold(1, 8, 1)  # N × T × 8, dots before the beginning
        hidden = F.dropout(self.hidden(self.characters(last).flatten(2)).tanh(), 0.2, self.training)
        logits: Tensor = self.out(hidden)
        return logits


class RNN(nn.Module):
    """A memory of 192 numbers, of which gates say what each new character changes: GRU (Cho et al., 2014)."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = nn.Embedding(27, 32)
        self.gru, self.out = nn.GRU(32, 192, batch_first=True), nn.Linear(192, 27)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.out(self.gru(self.characters(tokens))[0])
        return logits


class Transformer(nn.Module):
    """Four layers, in each of which every place takes in, from those before it, what answers its question."""

    def __init__(self) -> None:
        super().__init__()
        self.characters, self.places = nn.Embedding(27, 64), nn.Embedding(PLACES, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.1, activation="gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 4, nn.LayerNorm(64), enable_nested_tensor=False)
        self.out = nn.Linear(64, 27)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.characters(tokens) + self.places.weight[: tokens.shape[1]]
        future = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        logits: Tensor = self.out(self.layers(x, future, is_causal=True))
        return logits


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of −log p(next character) over all places that have one."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=NONE)


def train(run: Run) -> None:
    """AdamW with a step size that rises and falls again."""
    optimizer = optim.AdamW(run.model.parameters(), lr=run.options.lr, weight_decay=0.01)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, run.options.lr, run.steps)
    for characters, targets in run.batches(optimizer=optimizer, schedule=schedule):
        value = run.loss(run.model(characters), targets)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        run.note(value)


def measure(model: nn.Module, part: Part, loss: Loss) -> dict[str, float]:
    """The mean loss of all characters of a part."""
    return {"loss": loss(outputs(model, part), part[:].targets).item()}


def counted(part: Part) -> Bigram:
    """The table as it is known without learning: the logarithm of how often each character follows each (and 1)."""
    places = part.targets != NONE
    pairs = part.inputs[places] * 27 + part.targets[places]
    model = Bigram()
    model.table = nn.Parameter(torch.tensor(np.log(1 + np.bincount(pairs, minlength=27**2)), dtype=torch.float32).view(27, 27))
    return model


def write(run: Run, beginning: str = "") -> list[str]:
    """As many names as the options say, all with the same beginning; one that does not end by itself ends after 15 letters."""
    options = cast(SamplingOptions, run.options)
    prompt = torch.tensor(CHARACTERS.encode("." + beginning)).repeat(options.amount, 1)
    run.model.eval()
    after = generate(looking_back(run.model, PLACES), prompt, options.temperature, options.top_k)
    drawn = torch.stack(list(islice(after, PLACES - len(beginning))), dim=1)
    return [(beginning + CHARACTERS.decode(row)).partition(".")[0][: PLACES - 1] for row in drawn.tolist()]


def looks(model: Transformer, name: str) -> Array:
    """How much each character of a name looks at each, in each layer: layers × T × T, the means over the heads."""
    tokens, maps = torch.tensor(CHARACTERS.encode("." + name))[None], []
    future = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
    with torch.no_grad():
        x = model.characters(tokens) + model.places.weight[: tokens.shape[1]]
        for layer in model.layers.layers:
            before = layer.norm1(x)
            maps.append(layer.self_attn(before, before, before, attn_mask=future)[1][0].numpy())
            x = layer(x, future)
    return np.stack(maps)


def report(run: Run) -> dict[str, float]:
    """The loss of the names held out; names that were written, and how many of them are not in the data; what was learnt."""
    found = run.measure(run.data.test())
    plots.save_curves(run.folder / "curves.png", f"Names, {run.recipe_name}", run.history)
    if isinstance(run.model, Bigram):
        found["loss_of_counts"] = measure(counted(run.data.train), run.data.test(), run.loss)["loss"]
    draw(run.folder, run.model)
    written, known = write(run), set(names.load(run.options.data))
    found["new"] = sum(name not in known for name in written) / len(written)
    run.console.print(figures_table(found))
    run.console.print("Names it wrote (those that are in the data are dim):")
    run.console.print(Columns([f"[dim]{name}[/]" if name in known else f"[bold green]{name}[/]" for name in written]))
    return found


def draw(folder: Path, model: nn.Module) -> None:
    """What is particular to a model: its table, where it looks, or where it has placed the characters."""
    if isinstance(model, Bigram):
        chances = model.table.detach().softmax(dim=1).numpy()
        title = "How likely is each character (columns) after each (rows)?"
        plots.save_table(folder / "table.png", title, chances, CHARACTERS.alphabet)
    elif isinstance(model, Transformer):
        title = "Where the last layer looks"
        plots.save_attention(folder / "attention.png", title, looks(model, "alexandria")[-1], ".alexandria", ".alexandria")
    else:
        vectors = model.characters.weight.detach().numpy()
        plots.save_points(folder / "characters.png", "Characters as they were placed", vectors, CHARACTERS.alphabet, "aeiouy")


def predict(run: Run, file: str) -> str:
    """Names that begin as the text given, or a file's, says."""
    beginning = read_words(file).strip().lower()
    if len(beginning) >= PLACES:
        raise click.ClickException(f"{beginning!r} is longer than any name learnt from; give at most {PLACES - 1} letters")
    return "\n".join(write(run, beginning))


EXAMPLE = Example(
    name="names",
    about=__doc__,
    recipes={
        "transformer": Recipe(Transformer, loss, SamplingOptions(epochs=12, lr=4e-3, batch_size=64, amount=40)),
        "rnn": Recipe(RNN, loss, SamplingOptions(epochs=8, lr=5e-3, batch_size=64, amount=40)),
        "mlp": Recipe(MLP, loss, SamplingOptions(epochs=16, lr=5e-3, batch_size=64, amount=40)),
        "bigram": Recipe(Bigram, loss, SamplingOptions(epochs=5, lr=0.1, batch_size=64, amount=40)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
