"""Writes like Shakespeare, a character at a time: a small GPT, or an LSTM.

Of the 1,115,394 characters of tiny Shakespeare the first 90 % are learnt from, the next 5 % choose the best epoch, and the
last 5 % are held out. The loss is the mean of −log p(next character). The second part goes on with a play that the first
begins, "The Taming of the Shrew"; most of the third is "The Tempest", which occurs nowhere before, and is harder for any
model, even for counts. So the validation loss flatters; the held-out loss is what a new play costs.

An epoch takes about 100 seconds of one core with gpt (15 minutes in all) and 80 with lstm. `predict CHECKPOINT "ROMEO:"`
goes on with a prompt.
"""

import math
from functools import partial
from itertools import islice
from typing import Any, cast

import byhand.tensor as torch
import numpy as np
from byhand import nn, optim
from byhand.examples import plots
from byhand.examples.characters import Characters
from byhand.examples.data import Array, Split
from byhand.examples.datasets import shakespeare
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.files import write_atomically
from byhand.examples.inputs import read_words
from byhand.examples.metrics import figures_table
from byhand.examples.options import Options
from byhand.examples.sampling import SamplingOptions, generate, looking_back
from byhand.examples.training import Run
from byhand.examples.windows import Windows
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.text import Text

__all__ = [
    "Attention", "Block", "EXAMPLE", "GPT", "LSTM", "data", "loss", "measure", "predict", "report", "train",
    "warm_up_and_cosine", "write",
]  # fmt: skip

SIZE = 128  # characters in a window: as far as GPT looks back
CHARACTERS = Characters("\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")  # all that occur


def data(options: Options) -> Split[Windows]:
    """The text as numbers from 0 to 64, cut twice."""
    tokens = CHARACTERS.encode(shakespeare.load(options.data))
    train, validation, test = np.split(tokens, [len(tokens) * 90 // 100, len(tokens) * 95 // 100])
    return Split(Windows(train, SIZE), Windows(validation, SIZE), lambda: Windows(test, SIZE))


class Attention(nn.Module):
    """Each place asks those before it, and itself, a question, and takes in the mean of their values, weighted by answer.

    softmax(Q Kᵀ / √d + mask) V for each head, with the mask −∞ for what is still to come (Vaswani et al., 2017).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.questions_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """N × T × width → N × T × width."""
        q, k, v = self.heads_of(x)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        change: Tensor = self.out(mixed.transpose(1, 2).reshape(x.shape))
        return change

    def heads_of(self, x: Tensor) -> Tensor:
        """Questions, keys and values, each N × heads × T × d."""
        n, t, _ = x.shape
        parts: Tensor = self.questions_keys_values(x).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return parts

    def weights(self, x: Tensor) -> Tensor:
        """How much each place takes in from each, N × heads × T × T, written out; only to be looked at."""
        q, k, _ = self.heads_of(x)
        future = torch.full((x.shape[1], x.shape[1]), -math.inf).triu(1)
        return F.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[3]) + future, dim=3)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): what is learnt are changes of x."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.norm2, self.rise, self.fall = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """N × T × width → N × T × width."""
        x = x + self.attention(self.norm1(x))
        x = x + self.fall(F.gelu(self.rise(self.norm2(x))))
        return x


class GPT(nn.Module):
    """What each character is + where it stands → blocks → logits of the next one (Radford et al., 2019)."""

    def __init__(self, layers: int = 4, heads: int = 4, width: int = 128) -> None:
        super().__init__()
        self.characters, self.places = nn.Embedding(len(CHARACTERS), width), nn.Embedding(SIZE, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, len(CHARACTERS), bias=False)
        for name, parameter in self.named_parameters():
            if "norm" not in name and name.endswith("weight"):
                # Each block adds to x twice; smaller first weights there keep the size of x whatever the depth.
                last = name.endswith(("attention.out.weight", "fall.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if last else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens: Tensor) -> Tensor:
        """N × T whole numbers → N × T × 65 logits."""
        x = self.characters(tokens) + self.places.weight[: tokens.shape[1]]
        logits: Tensor = self.out(self.norm(self.blocks(x)))
        return logits

    def step(self, tokens: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """To write with: the logits after the last token, and what is to be looked at again."""
        return looking_back(self, SIZE)(tokens, before)


class LSTM(nn.Module):
    """Two layers of LSTM, which read one character after the other and keep what matters in 2 × 256 cells."""

    def __init__(self, layers: int = 2, width: int = 256) -> None:
        super().__init__()
        self.characters = nn.Embedding(len(CHARACTERS), width // 4)
        self.lstm = nn.LSTM(width // 4, width, layers, batch_first=True)
        self.out = nn.Linear(width, len(CHARACTERS))

    def forward(self, tokens: Tensor) -> Tensor:
        """N × T whole numbers → N × T × 65 logits."""
        logits: Tensor = self.out(self.lstm(self.characters(tokens))[0])
        return logits

    def step(self, tokens: Tensor, memory: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """To write with: the logits after the last token, and the memory there."""
        read, memory = self.lstm(self.characters(tokens), memory)
        return self.out(read[:, -1]), memory


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of −log p(next character) over all places."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train(run: Run) -> None:
    """AdamW, its gradient clipped; weights decay, biases and norms do not."""
    parameters = list(run.model.parameters())
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.dim() > 1]},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = optim.AdamW(groups, lr=run.options.lr, betas=(0.9, 0.99), weight_decay=0.1)
    schedule = optim.lr_scheduler.LambdaLR(optimizer, partial(warm_up_and_cosine, steps=run.steps))
    for characters, targets in run.batches(optimizer=optimizer, schedule=schedule):
        value = run.loss(run.model(characters), targets)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        run.note(value)


def warm_up_and_cosine(step: int, steps: int, warm: int = 100) -> float:
    """The share of the highest step size: up in a line, at most within a tenth of all steps, and down along a cosine to 2 %."""
    warm = min(warm, steps // 10)
    if step < warm:
        return (step + 1) / (warm + 1)
    return 0.02 + 0.98 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))) / 2


def measure(model: nn.Module, part: Windows, loss: Loss) -> dict[str, float]:
    """The mean loss of all windows, side by side."""
    total = sum(loss(model(batch.inputs), batch.targets).item() * len(batch.inputs) for batch in part.in_order())
    return {"loss": total / len(part)}


def write(run: Run, beginning: str) -> str:
    """Go on with a text by as many characters as the options say."""
    options = cast(SamplingOptions, run.options)
    prompt = torch.tensor(CHARACTERS.encode(beginning))[None]
    run.model.eval()
    after = generate(run.model.step, prompt, options.temperature, options.top_k)
    return beginning + CHARACTERS.decode(int(one.item()) for one in islice(after, options.amount))


def report(run: Run) -> dict[str, float]:
    """The loss of the part held out, a text that was written, and what goes on inside while one is read."""
    found = run.measure(run.data.test())
    plots.save_curves(run.folder / "curves.png", f"Shakespeare, {run.recipe_name}", run.history)
    tokens = run.data.validation.tokens[:48]
    {"gpt": draw_attention, "lstm": draw_cells}[run.recipe_name](run, torch.tensor(tokens)[None])
    written = write(run, "\n")
    write_atomically(run.folder / "written.txt", written.encode())
    run.console.print(figures_table(found))
    run.console.print(Text(written))
    return found


def draw_attention(run: Run, tokens: Tensor) -> None:
    """Where each head of each layer looks back to while it reads."""
    maps: list[Array] = []
    for block in run.model.blocks:
        block.attention.register_forward_pre_hook(lambda module, args: maps.append(module.weights(args[0])[0].numpy()))
    with torch.no_grad():
        run.model(tokens)
    title = "Where each head looks, from each of 48 characters (rows) to those before"
    plots.save_maps(run.folder / "attention.png", title, np.concatenate(maps), len(maps[0]))


def draw_cells(run: Run, tokens: Tensor) -> None:
    """What some units of the upper layer say after each character: those that change much, but not at every one."""
    with torch.no_grad():
        read = run.model.lstm(run.model.characters(tokens))[0][0].numpy()
    centred = read - read.mean(0)
    slow = np.argsort(-(centred[1:] * centred[:-1]).mean(0))[:24]
    text = [one.replace("\n", "¶") for one in CHARACTERS.decode(tokens[0].tolist())]
    plots.save_states(run.folder / "cells.png", "What units remember (blue −1, red 1)", read.T[slow], text)


def predict(run: Run, file: str) -> Text:
    """The text given, or that of a file, and how it may go on."""
    return Text(write(run, read_words(file) or "\n"))


EXAMPLE = Example(
    name="shakespeare",
    about=__doc__,
    recipes={
        "gpt": Recipe(GPT, loss, SamplingOptions(epochs=9, lr=3e-3, batch_size=12)),
        "lstm": Recipe(LSTM, loss, SamplingOptions(epochs=5, lr=4e-3, batch_size=32)),
    },
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
