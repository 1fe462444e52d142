"""The command line. Each command imports what it needs when it runs, so that `--help` and `compare` answer at once."""

from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

__all__ = ["main"]


class _Examples(click.Group):
    """A group in which the name of each example is the command that trains it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from byhand.examples.registry import EXAMPLES

        return [*super().list_commands(ctx), *EXAMPLES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from byhand.examples.registry import EXAMPLES

        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in EXAMPLES:
            return own
        from byhand.examples.commands import command

        return command(cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:  # click suggests its own commands; the examples are near, too
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=self.list_commands(ctx), ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click's)
        """Two sections, and no page imported."""
        from byhand.examples.registry import EXAMPLES

        own = [(name, one.get_short_help_str(80)) for name, one in sorted(self.commands.items())]
        for title, rows in (("Commands", own), ("Examples", [(name, one.about) for name, one in EXAMPLES.items()])):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(cls=_Examples, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Programs on real data, trained with byhand, and a microscope for gradients.

    \b
    Begin with
      python -m byhand.examples list
      python -m byhand.examples breast-cancer --live
      python -m byhand.examples evaluate runs/breast-cancer/001/best.safetensors
      python -m byhand.examples compare "(x * y + x.exp()).sum()"

    The name of an example alone trains it, as `train NAME` does.
    """


@main.command("list")
def list_examples() -> None:
    """Name the examples, their data and models, and what to expect."""
    from byhand.examples.registry import EXAMPLES
    from rich import box
    from rich.table import Table

    table = Table("example", "data", "models", "expect", box=box.SIMPLE_HEAD)
    for name, entry in EXAMPLES.items():
        table.add_row(f"[bold]{name}[/]", entry.data, entry.models, entry.expect)
    console = Console()
    console.print(table)
    console.print("Start one with [bold]python -m byhand.examples NAME[/], read about it with [bold]NAME --help[/].")


@main.group("train", cls=_Examples)
def train_example() -> None:
    """Train an example: `train NAME`, or NAME alone."""


CHECKPOINT = click.Path(exists=True, dir_okay=False, path_type=Path)
DATA = click.option("--data", default="", help="Folder with the files.  [default: BYHAND_DATA, or downloaded into a cache]")


@main.command()
@click.argument("checkpoint", type=CHECKPOINT)
@click.option("--part", type=click.Choice(["validation", "test"]), default="test", show_default=True, help="Which part.")
@DATA
def evaluate(checkpoint: Path, part: str, data: str) -> None:
    """Say how good the model of CHECKPOINT is on the held-out part of its data."""
    from byhand.examples.commands import opened
    from byhand.examples.metrics import figures_table

    run = opened(checkpoint, data)
    split = run.data
    examples = split.test() if part == "test" else split.validation
    run.console.print(f"{run.example.name}, model {run.recipe_name}, after epoch {len(run.history)}:", highlight=False)
    remark = f"\n({split.remark})" if split.remark else ""
    run.console.print(figures_table(run.measure(examples), f"{part}: {len(examples):,}{remark}"))


@main.command()
@click.argument("checkpoint", type=CHECKPOINT)
@click.argument("file")
@DATA
@click.option("--temperature", type=click.FloatRange(min=0), help="Write what is likelier below 1; only the likeliest at 0.")
@click.option("--top-k", type=click.IntRange(min=0), help="Draw from so many likeliest tokens only.")
@click.option("--amount", type=click.IntRange(min=1), help="Write so much: characters, tokens or names.")
@click.option("--seed", type=click.IntRange(min=0), help="Write something else.  [default: that of the run]")
def predict(checkpoint: Path, file: str, data: str, seed: int | None, **given: Any) -> None:
    """Ask the model of CHECKPOINT about FILE.

    FILE is what the example is about: an image, a line of measurements; for examples of text, a text file or the text itself
    in quotes. Examples that write take the options from --temperature to --seed; the others have no use for them.
    """
    import byhand.tensor as torch
    from byhand.examples.commands import opened

    run = opened(checkpoint, data, **{name: value for name, value in given.items() if value is not None})
    torch.manual_seed(run.options.seed if seed is None else seed)
    run.model.eval()
    run.console.print(run.example.predict(run, file), highlight=False)


@main.command(short_help="Go on with a text, by GPT-2's weights or a small trained model.")
@click.argument("weights")
@click.argument("prompt")
@click.option("--amount", type=click.IntRange(min=1), default=100, show_default=True, help="Write so many tokens.")
@click.option("--temperature", type=click.FloatRange(min=0), default=0.8, show_default=True, help="0: always the likeliest.")
@click.option("--top-k", type=click.IntRange(min=0), default=40, show_default=True, help="Draw from so many; 0: from all.")
@click.option("--heads", type=click.IntRange(min=1), help="Heads of attention.  [default: those of config.json]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is drawn.")
@DATA
def generate(
    weights: str, prompt: str, amount: int, temperature: float, top_k: int, heads: int | None, seed: int, data: str
) -> None:
    """Go on with PROMPT (a text, or the file of one) by the model in WEIGHTS.

    \b
    WEIGHTS is
      a .safetensors file with GPT-2's weights, under the names that they have on the hub,
      a folder with model.safetensors and config.json (from the hub, or of a run of gpt2),
      or glassllm, a trained model of 852,608 parameters that has read children's books.
    \b
    Examples:
      generate glassllm "Alice was"
      generate gpt2/ "The meaning of life is" --temperature 0
    """
    import byhand.tensor as torch
    from byhand.examples.inputs import read_words
    from byhand.examples.writing import writer_from
    from rich.text import Text

    writer = writer_from(weights, heads or 0, data)
    torch.manual_seed(seed)
    Console().print(Text(writer.write(read_words(prompt), amount, temperature, top_k)))


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
