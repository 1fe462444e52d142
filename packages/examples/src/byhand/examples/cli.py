"""The command line. Each command imports what it needs when it runs, so that `--help` and `compare` answer at once."""

import shlex
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Programs on real data, trained with byhand, and a microscope for gradients.

    \b
    Begin with
      python -m byhand.examples breast-cancer
      python -m byhand.examples compare "(x * y + x.exp()).sum()"
    """


@main.command("list")
def list_examples() -> None:
    """Name the examples, their data, what to expect."""
    from rich import box
    from rich.table import Table

    table = Table("example", "data", "model", "expect", box=box.SIMPLE_HEAD)
    table.add_row("breast-cancer", "569 patients, 30 measurements (bundled)", "MLP", "96 % or more, in seconds")
    console = Console()
    console.print(table)
    console.print("Start one with [bold]python -m byhand.examples NAME[/], read about it with [bold]NAME --help[/].")


@main.command("breast-cancer", short_help="Train a classifier of tumours; show what it learned.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training part.  [default: 60]")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Fixes split, weights, order and dropout.  [default: 0]")
@click.option("--lr", type=click.FloatRange(min=0, min_open=True), help="Step size of AdamW.  [default: 0.003]")
@click.option("--batch-size", type=click.IntRange(min=2), help="Patients in a minibatch.  [default: 32]")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("runs/breast-cancer"), show_default=True,
    help="Folder for everything the run writes.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the folder, exactly as if never stopped.")
def breast_cancer(out: Path, resume: bool, **given: Any) -> None:
    """Is a tumour benign or malignant? Trains a small network with batch normalisation and dropout.

    Of scikit-learn's 569 patients, 341 are learnt from, 114 choose the best epoch, and the 114 held out are looked at
    once, at the end. The same --seed gives the same run, to the bit.

    \b
    Written to the folder:
      metrics.jsonl       a line of figures for each epoch, then the held-out ones
      report.png          the curves of the losses, and the ROC curve
      last.safetensors    the checkpoint that --resume goes on from
      best.safetensors    the one with the lowest validation loss
    """
    from dataclasses import replace

    from byhand.examples import breast_cancer as example
    from byhand.examples.training import LAST, Settings

    console = Console()
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = Settings.saved_in(out / LAST, **chosen) if resume else replace(example.DEFAULTS, **chosen)
    try:
        example.run(settings, out, resume, console)
    except KeyboardInterrupt:
        command = f"python -m byhand.examples breast-cancer --out {shlex.quote(str(out))} --resume"
        console.print(f"\nStopped. {out / LAST} holds the last whole epoch; go on with\n  {command}", soft_wrap=True)
        raise SystemExit(130) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or out}: {error.strerror or error}") from error
    console.print(f"Curves, figures and checkpoints are in {out}; look at [bold]{out / 'report.png'}[/].", soft_wrap=True)


@main.command(short_help="Gradients of a formula from every engine, side by side.")
@click.argument("expression")
@click.option("--shape", "shapes", multiple=True, metavar="NAME=N,M", help="Draw NAME at random in this shape.")
@click.option("--value", "values", multiple=True, metavar="NAME=A,B;C,D", help="Give NAME these numbers; rows end with ';'.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random inputs.")
def compare(expression: str, shapes: tuple[str, ...], values: tuple[str, ...], seed: int) -> None:
    """Differentiate EXPRESSION in every way there is and set the gradients side by side.

    By the scalar engine (one graph node a number), by the tensor engine, by finite differences, and by PyTorch if it is
    installed; all in float64. Every name becomes an input, random unless given. A result that is no single number is
    weighted with random numbers and summed.

    \b
    EXPRESSION may use
      numbers, names, + - * / ** @, brackets, indexing, .T
      exp log sqrt sin cos tanh sigmoid relu abs, maximum minimum (of two)
      sum mean max min (with dim and keepdim), as functions or as methods
    \b
    Examples:
      compare "(x * y + x.exp()).sum()"
      compare "tanh(x @ w + b).mean()" --shape x=4,3 --shape w=3,2 --shape b=2
      compare "x**3 - 2*x" --value x=1.5
      compare -- "-x.log()"          (-- before a leading minus)
    """
    from byhand.examples.compare import compare as compare_gradients
    from byhand.examples.expressions import ExpressionError

    inputs = dict(_read_value(text) for text in values)
    try:
        comparison = compare_gradients(expression, inputs, shapes=dict(_read_shape(text) for text in shapes), seed=seed)
    except ExpressionError as error:
        raise click.ClickException(str(error)) from error
    console = Console()
    console.print(f"\n[bold]∂/∂({', '.join(comparison.inputs)})[/] of [bold]{comparison.weighted}[/]", highlight=False)
    console.print(comparison.table())
    console.print(f"Largest disagreement: {comparison.disagreement()}.", highlight=False)
    engines = [source for source in comparison.gradients if source != "differences"]
    console.print(f"Without differences:  {comparison.disagreement(*engines)}.", highlight=False)


def _read_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """`x=2,3` → ("x", (2, 3)); `x=` → a single number."""
    name, _, sizes = text.partition("=")
    try:
        shape = tuple(int(size) for size in sizes.split(",") if size.strip())
    except ValueError:
        shape = (-1,)
    if not name.strip().isidentifier() or "=" not in text or min(shape, default=1) < 1:
        raise click.BadParameter(f"{text!r} is no shape; write NAME=2,3 with positive sizes", param_hint="--shape")
    return name.strip(), shape


def _read_value(text: str) -> tuple[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """`x=1.5` → a number, `x=1,2` → a vector, `x=1,2;3,4` → a matrix."""
    name, _, numbers = text.partition("=")
    try:
        rows = [[float(number) for number in row.split(",")] for row in numbers.split(";")]
        values = np.array(rows, dtype=np.float64)
    except ValueError:
        values = np.array([])
    if not name.strip().isidentifier() or not values.size:
        raise click.BadParameter(f"{text!r} gives no numbers; write NAME=1.5 or NAME=1,2;3,4", param_hint="--value")
    if len(rows) == 1:
        values = values[0, 0] if values.size == 1 and "," not in numbers else values[0]
    return name.strip(), np.asarray(values)
