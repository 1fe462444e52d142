"""GPT-2: fine-tunes the model of Radford et al. (2019), or trains a small one, on a text, and goes on with prompts.

Without --weights a small model with random numbers learns from the beginning. With --weights FILE (GPT-2's own, from
https://huggingface.co/openai-community/gpt2, or any of that shape) it goes on from there; --lr 1e-4 is then enough. The first
90 % of the text are learnt from, the next 5 % choose the best epoch, and the last 5 % are held out. The loss is the mean of
−log p(next token). What was learnt is also written as model.safetensors and config.json, as the hub has them.
`predict CHECKPOINT "ROMEO:"` goes on with a prompt; so does `generate FILE "ROMEO:"`, from weights alone.
"""

import math
from dataclasses import asdict, dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any, Self, cast

import byhand.tensor as torch
import click
import numpy as np
from byhand import nn, optim
from byhand.examples import plots
from byhand.examples.byte_pairs import BytePairs
from byhand.examples.data import Split
from byhand.examples.datasets import gpt2_vocabulary, shakespeare
from byhand.examples.example import Example, Loss, Recipe
from byhand.examples.files import write_atomically
from byhand.examples.gpt2_weights import Sizes, Weights, read_weights, write_weights
from byhand.examples.inputs import read_document, read_words
from byhand.examples.memory import Past, attend
from byhand.examples.metrics import figures_table
from byhand.examples.options import option
from byhand.examples.sampling import SamplingOptions
from byhand.examples.training import Run
from byhand.examples.windows import Windows
from byhand.examples.writing import Writer
from byhand.nn import functional as F
from byhand.tensor import Tensor
from rich.text import Text

__all__ = [
    "Affine", "Attention", "Block", "EXAMPLE", "GPT2", "GPT2Options", "MLP", "data", "load", "loss", "measure", "predict",
    "report", "train", "writer",
]  # fmt: skip

DROPOUT = 0.1
SMALL = Sizes(vocabulary=1024, context=128, width=128, layers=4, heads=4)


# ---- the model ----


class Affine(nn.Module):
    """y = x W + b, where W is inputs × outputs: GPT-2 keeps it that way, `nn.Linear` the other."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """… × inputs → … × outputs."""
        return F.linear(x, self.weight.T, self.bias)


class Attention(nn.Module):
    """Each head asks each token a question, and mixes the values of those so far by how well their keys answer it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = Affine(width, 3 * width), Affine(width, width)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """N × T × width → N × T × width."""
        n, t, width = x.shape
        q, k, v = (part.view(n, t, self.heads, -1).transpose(1, 2) for part in self.c_attn(x).chunk(3, dim=2))
        mixed = attend(q, k, v, past, DROPOUT if self.training else 0.0)
        return dropped(self, self.c_proj(mixed.transpose(1, 2).reshape(n, t, width)))


class MLP(nn.Module):
    """width → 4 width → width, for each token alone, with GELU as GPT-2 approximates it, by a hyperbolic tangent."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c_fc, self.c_proj = Affine(width, 4 * width), Affine(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """… × width → … × width."""
        return dropped(self, self.c_proj(F.gelu(self.c_fc(x), approximate="tanh")))


class Block(nn.Module):
    """x + attention(norm(x)), then x + MLP(norm(x)): normalised before rather than after, so that x itself runs through."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.ln_2, self.mlp = nn.LayerNorm(width), MLP(width)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        """N × T × width → N × T × width."""
        x = x + self.attn(self.ln_1(x), past)
        return cast(Tensor, x + self.mlp(self.ln_2(x)))


class GPT2(nn.Module):
    """What each token is + where it stands → blocks → norm → logits of the next, with the table of tokens once more.

    The names of its parameters are those on the hub.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.context, self.layers = sizes.context, sizes.layers
        self.wte, self.wpe = nn.Embedding(sizes.vocabulary, sizes.width), nn.Embedding(sizes.context, sizes.width)
        self.h = nn.ModuleList(Block(sizes.width, sizes.heads) for _ in range(sizes.layers))
        self.ln_f = nn.LayerNorm(sizes.width)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                # Each block adds to x twice; smaller numbers there keep the size of x whatever the depth.
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * sizes.layers) if "c_proj" in name else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """N × T whole numbers → N × T × vocabulary logits."""
        return self.logits(self.read(tokens))

    def read(self, tokens: Tensor, memory: list[Past] | None = None) -> Tensor:
        """N × T whole numbers, after those in memory → N × T × width. Raises ValueError if they are more than the context."""
        start = len(memory[0]) if memory else 0
        end = start + tokens.shape[1]
        if end > self.context:
            raise ValueError(f"the model sees {self.context} tokens at once, not {end}; leave out the first, or cut the text")
        x = dropped(self, self.wte(tokens) + self.wpe.weight[start:end])
        for block, past in zip(self.h, memory or repeat(None)):
            x = block(x, past)
        return cast(Tensor, self.ln_f(x))

    def logits(self, read: Tensor) -> Tensor:
        """… × width → … × vocabulary."""
        return F.linear(read, self.wte.weight)


def dropped(module: nn.Module, x: Tensor) -> Tensor:
    """In training, a tenth of the numbers are set to 0."""
    return F.dropout(x, DROPOUT, module.training)


def load(where: str | Path, heads: int = 0, data: str = "") -> Writer:
    """A model with weights from a file or a folder, and its tokens. Raises DataError; see `read_weights`."""
    weights = read_weights(where, heads)
    model = GPT2(weights.sizes)
    model.load_state_dict(weights.parameters, assign=True)
    return writer(model, data)


def writer(model: GPT2, data: str = "") -> Writer:
    """A model, judged rather than trained, and the tokens of a vocabulary of its size."""
    return Writer(model.eval(), BytePairs(gpt2_vocabulary.load(data), len(model.wte.weight)))


# ---- the example ----


@dataclass(frozen=True, kw_only=True)
class GPT2Options(SamplingOptions):
    """The options of this example. Sizes that are 0 are those of the weights, or of a small model."""

    text: str = option("", "Text file to learn from (UTF-8).", hint="tiny Shakespeare")
    weights: str = option("", "Begin with the weights of a .safetensors file, or of a folder with one.", hint="random")
    vocabulary: int = option(0, "Tokens, 257 to 50257: the earliest of GPT-2's.", least=0, hint="of --weights, or 1024")
    context: int = option(0, "Tokens seen at once.", least=0, hint="of --weights, or 128")
    width: int = option(0, "Numbers a token.", least=0, hint="of --weights, or 128")
    layers: int = option(0, "Blocks.", least=0, hint="of --weights, or 4")
    heads: int = option(0, "Heads of attention in each block.", least=0, hint="of config.json, or 4")

    @property
    def sizes(self) -> Sizes:
        """Those of the model."""
        return Sizes(self.vocabulary, self.context, self.width, self.layers, self.heads)

    def completed(self) -> Self:
        """With all sizes. Raises DataError or a click error for weights or sizes that cannot be used."""
        asked = {name: size for name, size in asdict(self.sizes).items() if size}
        found = read_weights(self.weights, self.heads).sizes if self.weights else replace(SMALL, **asked)
        for name, size in asked.items():
            if size != getattr(found, name):
                raise click.UsageError(f"--{name} {size}: the weights have {getattr(found, name)}; leave it out")
        if found.width % found.heads:
            raise click.UsageError(f"--width {found.width} cannot be shared out between --heads {found.heads}")
        if not 257 <= found.vocabulary <= 50257:
            raise click.UsageError(f"--vocabulary {found.vocabulary}: GPT-2's has 257 (bytes and the end) to 50257 tokens")
        return replace(self, **asdict(found))


def data(options: GPT2Options) -> Split[Windows]:
    """A text as tokens, cut twice."""
    pairs = BytePairs(gpt2_vocabulary.load(options.data), options.vocabulary)
    text = read_document(options.text) if options.text else shakespeare.load(options.data)
    tokens = np.array(pairs.encode(text, special=True), dtype=np.int64)
    train, validation, test = np.split(tokens, [len(tokens) * 90 // 100, len(tokens) * 95 // 100])
    if min(map(len, (validation, test))) <= options.context:
        raise click.ClickException(
            f"{options.text or 'the text'}: its {len(tokens):,} tokens are too few; a twentieth of them must be more than the "
            f"{options.context} of a window. Give a longer --text, or a smaller --context"
        )
    return Split(Windows(train, options.context), Windows(validation, options.context), lambda: Windows(test, options.context))


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of −log p(next token) over all places."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train(run: Run) -> None:
    """AdamW, its gradient clipped, its step size rising and falling; weights decay, biases and norms do not."""
    options = cast(GPT2Options, run.options)
    if options.weights and not run.resumed:
        run.model.load_state_dict(read_weights(options.weights, options.heads).parameters)
    parameters = list(run.model.parameters())
    matrices, vectors = [p for p in parameters if p.dim() > 1], [p for p in parameters if p.dim() == 1]
    groups: list[dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.99), weight_decay=0.1)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, options.lr, run.steps, pct_start=0.1, cycle_momentum=False)
    for tokens, targets in run.batches(optimizer=optimizer, schedule=schedule):
        value = run.loss(run.model(tokens), targets)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        run.note(value)


def measure(model: nn.Module, part: Windows, loss: Loss) -> dict[str, float]:
    """The mean loss of all windows, and e to its power: as many tokens as the model wavers between."""
    total = sum(loss(model(batch.inputs), batch.targets).item() * len(batch.inputs) for batch in part.in_order(16))
    return {"loss": total / len(part), "perplexity": math.exp(total / len(part))}


def report(run: Run) -> dict[str, float]:
    """The loss of the part held out, the curves, a text that was written, and the weights as on the hub."""
    found = run.measure(run.data.test())
    written = goes_on(run, "\n")
    plots.save_curves(run.folder / "curves.png", "GPT-2", run.history)
    write_atomically(run.folder / "written.txt", written.encode())
    write_weights(run.folder, Weights(cast(GPT2Options, run.options).sizes, run.model.state_dict()))
    run.console.print(figures_table(found))
    run.console.print(Text(written))
    return found


def goes_on(run: Run, prompt: str) -> str:
    """The prompt, and what the model writes after it."""
    options = cast(GPT2Options, run.options)
    return writer(cast(GPT2, run.model), options.data).write(prompt, options.amount, options.temperature, options.top_k)


def predict(run: Run, file: str) -> Text:
    """The text given, or that of a file, and how it may go on."""
    return Text(goes_on(run, read_words(file)))


def model(options: GPT2Options) -> GPT2:
    """A model of these sizes."""
    return GPT2(options.sizes)


EXAMPLE = Example(
    name="gpt2",
    about=__doc__,
    recipes={"gpt2": Recipe(model, loss, GPT2Options(epochs=5, lr=3e-3, batch_size=16, amount=200), sized=True)},
    data=data, train=train, measure=measure, report=report, predict=predict,
)  # fmt: skip
