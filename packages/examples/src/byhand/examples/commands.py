"""From an example to a command: its options from the fields of its `Options`, its help from its page."""

import math
import shlex
from collections.abc import Callable
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Any

import click
from byhand.examples.checkpoints import CheckpointError, load_checkpoint
from byhand.examples.example import Example
from byhand.examples.folders import folder_for
from byhand.examples.options import Options
from byhand.examples.registry import find
from byhand.examples.training import LAST, Run, train
from rich.console import Console

__all__ = ["command", "opened"]

WRITTEN = """\b
Written to the folder:
  metrics.jsonl       a line of figures for each evaluation, then the held-out ones
  *.png               pictures of what was learned
  last.safetensors    the checkpoint that --resume goes on from
  best.safetensors    the one with the lowest validation loss"""


def command(name: str) -> click.Command:
    """The command that trains an example."""
    example = find(name)
    about = example.about.strip() + "\n\nThe same --seed gives the same run, to the bit.\n\n" + WRITTEN
    return click.Command(name, callback=_trainer(example), params=_parameters(example), help=about)


def opened(path: Path, data: str = "", console: Console | None = None, **given: Any) -> Run:
    """The run of a checkpoint, its model as it was, with other options `given` that nothing learnt depends on.

    Raises CheckpointError if it is of no example, and a click error for options that its example does not have.
    """
    tree = load_checkpoint(path)
    if not {"example", "settings", "model", "history"} <= tree.keys():
        raise CheckpointError(path, "this is no checkpoint of a run")
    example = find(tree["example"])
    model, options = _settings(example, tree, path, {})
    foreign = given.keys() - {one.name for one in fields(options) if not one.metadata["fixed"]}
    if foreign:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(foreign))
        raise click.UsageError(f"{example.name} does not write, and has no use for {named}")
    run = Run(example, model, replace(options, data=data, **given), path.parent, console or Console())
    run.load(tree)
    return run


def _trainer(example: Example) -> Callable[..., None]:
    def trainer(out: Path | None, resume: bool, overwrite: bool, live: bool, **given: Any) -> None:
        if resume and overwrite:
            raise click.UsageError("--resume goes on with a run, --overwrite removes it; choose one")
        console = Console()
        folder = folder_for(example.name, out, resume, overwrite)
        chosen = {name: value for name, value in given.items() if value is not None}
        tree = load_checkpoint(folder / LAST) if resume else None
        model, options = _settings(example, tree, folder / LAST, chosen) if tree else _chosen(example, chosen)
        run = Run(example, model, options, folder, console, checkpoint=tree, live=live)
        try:
            train(run)
        except KeyboardInterrupt:
            console.print(_how_to_go_on(run), soft_wrap=True, highlight=False)
            raise SystemExit(130) from None
        except OSError as error:
            raise click.ClickException(f"{error.filename or folder}: {error.strerror or error}") from error
        console.print(f"Curves, figures and checkpoints are in [bold]{folder}[/].", soft_wrap=True, highlight=False)

    return trainer


def _how_to_go_on(run: Run) -> str:
    if not (run.folder / LAST).exists():
        return "\nStopped before the first step; nothing was saved."
    out = shlex.quote(str(run.folder))
    again = f"python -m byhand.examples {run.example.name} --out {out} --resume"
    if run.options.data:
        again += f" --data {shlex.quote(run.options.data)}"
    return f"\nStopped after step {run.place.step}, which {run.folder / LAST} holds; go on with\n  {again}"


# ---- options ----


def _parameters(example: Example) -> list[click.Parameter]:
    names, recipes = list(example.recipes), example.recipes
    parameters: list[click.Parameter] = [
        click.Option(["--model"], type=click.Choice(names), help=f"What is trained.  [default: {names[0]}]"),
    ]
    for one in fields(recipes[names[0]].options):
        help = f"{one.metadata['about']}  [default: {_defaults(example, one.name, one.metadata['hint'])}]"
        written = one.name.replace("_", "-")
        written = f"--{written}/--no-{written}" if isinstance(one.default, bool) else f"--{written}"
        kind = click.Choice(one.metadata["choices"]) if one.metadata["choices"] else type(one.default)
        settings: dict[str, Any] = {"type": kind, "default": None, "callback": _within(one), "help": help}
        parameters.append(click.Option([written, one.name], **settings))
    where = click.Path(file_okay=False, path_type=Path)
    return [
        *parameters,
        click.Option(["--out"], type=where, help=f"Folder of the run.  [default: runs/{example.name}/001, 002, …]"),
        click.Option(["--resume"], is_flag=True, help="Go on from the last checkpoint (of the latest run, or of --out)."),
        click.Option(["--overwrite"], is_flag=True, help="Begin anew in --out, though it holds a run."),
        click.Option(["--live"], is_flag=True, help="Draw the curves in the terminal while it trains."),
    ]


def _defaults(example: Example, field: str, hint: str) -> str:
    """The default of the first model, and those of the others that differ."""
    first, *others = ((name, getattr(recipe.options, field)) for name, recipe in example.recipes.items())
    shown = str(first[1]) if first[1] or not hint else hint
    return "; ".join([shown, *(f"{name}: {value}" for name, value in others if value != first[1])])


def _within(one: Field[Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A check of a field's limits; they are said when they are not kept rather than in the help."""
    least, above = one.metadata["least"], one.metadata["above"]

    def check(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value is not None and least is not None and not value >= least:
            raise click.BadParameter(f"{value} is less than {least}", ctx, param)
        if value is not None and above is not None and not above < value < math.inf:
            raise click.BadParameter(f"{value} is not a finite number above {above}", ctx, param)
        return value

    return check


def _chosen(example: Example, given: dict[str, Any]) -> tuple[str, Options]:
    """The model and the options of a new run."""
    model = given.pop("model", next(iter(example.recipes)))
    return model, replace(example.recipes[model].options, **given).completed()


def _settings(example: Example, tree: dict[str, Any], path: Path, given: dict[str, Any]) -> tuple[str, Options]:
    """The model and the options of a checkpoint, with more epochs, other data, if so given. Raises CheckpointError otherwise."""
    if tree["example"] != example.name:
        raise CheckpointError(path, f"this is a checkpoint of {tree['example']!r}, not of {example.name!r}")
    saved = dict(tree["settings"])
    for name, value in given.items():
        if name != "epochs" and name in saved and value != saved[name]:
            option = name.replace("_", "-")
            raise CheckpointError(path, f"this run began with --{option} {saved[name]}; it cannot go on with {value}")
    model = saved.pop("model")
    if model not in example.recipes:
        raise CheckpointError(path, f"{example.name} has no model {model!r}; it has {', '.join(example.recipes)}")
    try:
        return model, replace(example.recipes[model].options, **{**saved, **{k: v for k, v in given.items() if k != "model"}})
    except TypeError as error:
        raise CheckpointError(path, f"its options are not those of {example.name} ({error})") from None
