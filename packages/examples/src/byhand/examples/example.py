"""What makes a program an example: data, models, a loop, and what to show. The page of each example ends with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from byhand.examples.data import Split
from byhand.examples.options import Options
from byhand.nn import Module
from byhand.tensor import Tensor
from rich.console import RenderableType

if TYPE_CHECKING:
    from byhand.examples.training import Run

__all__ = ["Example", "Recipe"]

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class Recipe:
    """One way to solve the task: a model (made by a function), its loss, and the options that it is best trained with.

    A function that is `sized` is given the options, and makes the model by them.
    """

    model: Callable[..., Module]
    loss: Loss
    options: Options
    sized: bool = False

    def make(self, options: Options) -> Module:
        """A new model."""
        return self.model(options) if self.sized else self.model()


@dataclass(frozen=True)
class Example:
    """A task with its real data, and the ways to solve it.

    Args:
        name: as on the command line.
        about: what `--help` says; a page's own docstring serves.
        recipes: by the name that `--model` takes; the first is the default.
        data: the parts of the data, by the options.
        train: the loop, `for … in run.batches(optimizer=…): …`.
        measure: model, part and loss → how good the model is on that part, by name. "loss" must be among them.
        report: looks once at the held-out part, prints and draws what was learned, returns its figures by name.
        predict: a trained run and what stands for FILE on the command line → what to print.
    """

    name: str
    about: str
    recipes: dict[str, Recipe]
    data: Callable[[Any], Split[Any]]
    train: Callable[[Run], None]
    measure: Callable[[Module, Any, Loss], dict[str, float]]
    report: Callable[[Run], dict[str, float]]
    predict: Callable[[Run, str], RenderableType]
