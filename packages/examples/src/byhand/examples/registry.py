"""The examples, by name: where each one's page is, on what data, and what to expect. A page is imported when it is asked for."""

from dataclasses import dataclass
from importlib import import_module

import click
from byhand.examples.example import Example

__all__ = ["EXAMPLES", "Entry", "find"]


@dataclass(frozen=True)
class Entry:
    """A line of the list of examples."""

    module: str
    variable: str
    about: str
    data: str
    models: str
    expect: str


EXAMPLES = {
    "breast-cancer": Entry(
        "breast_cancer", "EXAMPLE", "Is a tumour benign or malignant?", "569 patients, 30 measurements (bundled)", "mlp",
        "96 %, in seconds",
    ),
    "digits": Entry(
        "digits", "EXAMPLE", "Which digit was written?", "1,797 digits, 8 × 8 pixels (bundled)", "mlp, cnn",
        "98 % by mlp, 98.8 % by cnn",
    ),
    "diabetes": Entry(
        "diabetes", "EXAMPLE", "How far will the disease go in a year? (a regression)", "442 patients, 10 measurements (bundled)",
        "linear, mlp", "R² of least squares, in seconds",
    ),
    "mnist": Entry(
        "mnist", "MNIST", "Which digit was written, on 28 × 28 pixels?", "70,000 digits (11 MB)",
        "mlp, cnn, resnet, one-vs-rest, one-vs-rest-hinge", "98.3 % by mlp, 99.5 % by cnn, in minutes",
    ),
    "fashion-mnist": Entry(
        "mnist", "FASHION", "Which piece of clothing is it?", "70,000 pictures (30 MB)",
        "mlp, cnn, resnet, one-vs-rest, one-vs-rest-hinge", "89 % by mlp, 92.7 % by cnn, in minutes",
    ),
    "cifar10": Entry(
        "cifar", "CIFAR10", "Which of ten things is on the photograph?", "60,000 photographs, 32 × 32 (163 MB)",
        "mlp, cnn, resnet", "86 % by resnet (of JPEG copies), in an hour",
    ),
    "cifar100": Entry(
        "cifar", "CIFAR100", "Which of a hundred things is on the photograph?", "60,000 photographs, 32 × 32 (161 MB)",
        "mlp, cnn, resnet", "hours; not measured yet",
    ),
    "names": Entry(
        "names", "EXAMPLE", "Invent first names, a character at a time.", "29,494 names (0.2 MB)",
        "transformer, rnn, mlp, bigram", "loss 1.97, in minutes",
    ),
    "shakespeare": Entry(
        "shakespeare", "EXAMPLE", "Write like Shakespeare, a character at a time.", "1,115,394 characters (1 MB)", "gpt, lstm",
        "loss 1.44 (1.60 held out), in a quarter of an hour",
    ),
    "sentiment": Entry(
        "sentiment", "EXAMPLE", "Does a sentence speak for a film or against it?", "10,662 sentences of reviews (1 MB)",
        "bag, cnn, lstm, bilstm", "76 % by bag, in a minute",
    ),
    "gpt2": Entry(
        "gpt2", "EXAMPLE", "Write on, a piece of a word at a time: GPT-2, fine-tuned or small.",
        "tiny Shakespeare, GPT-2's vocabulary (3 MB)", "gpt2", "text that might be",
    ),
    "seq2seq": Entry(
        "seq2seq", "EXAMPLE", "Read a date as people write it, write it as ISO 8601 does.", "36,525 days (made up here)",
        "gru, transformer", "99.9 % exact, in minutes",
    ),
    "copy": Entry(
        "copying", "EXAMPLE", "Repeat a sequence, longer than any learnt from: a memory.", "random bits (made up on the way)",
        "ntm, lstm", "ntm: 0.2 % wrong bits at six times the length",
    ),
}  # fmt: skip


def find(name: str) -> Example:
    """The example of that name. Raises a click error if there is none."""
    if name not in EXAMPLES:
        raise click.ClickException(f"there is no example {name!r}; there are {', '.join(EXAMPLES)}")
    entry = EXAMPLES[name]
    found: Example = getattr(import_module(f"byhand.examples.{entry.module}"), entry.variable)
    return found
