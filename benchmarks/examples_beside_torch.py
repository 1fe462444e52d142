"""`hatch run bench:examples`: what a step of each example takes beside PyTorch, which runs the same page on the same data.

A page says `import byhand.tensor as torch` and `from byhand import nn, optim`. In a process of its own, PyTorch's modules are put
under these names before the page is imported; all else, data, models and loop, is the page's text. The two libraries take turns.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from .processes import Failed, Missing, Runner

HEAD = "| example | model | minibatch | ours, ms a step | PyTorch's | ratio | range |\n|---|---|---|---|---|---|---|"


class Steps:
    """What a page's `train` needs of a `Run`: a model, data, and so many minibatches. Nothing is evaluated or saved."""

    resumed = False

    def __init__(self, example: Any, model: str, count: int, places: dict[str, str]) -> None:
        recipe = example.recipes[model]
        known = recipe.options.kept()
        chosen = {name: place for name, place in places.items() if name in known or name == "data"}
        options = type(recipe.options)(**{**known, **chosen})
        self.options = options.completed()
        self.example, self.recipe_name, self.loss, self.steps = example, model, recipe.loss, count
        self.model = recipe.make(self.options)
        self.data = example.data(self.options)

    def batches(self, **_: Any) -> Iterator[Any]:
        """The next minibatches."""
        self.model.train()
        return islice(self._endless(), self.steps)

    def _endless(self) -> Iterator[Any]:
        while True:
            for chosen in self.data.train.plan(self.options.batch_size):
                yield self.data.train[chosen]

    def note(self, loss: Any) -> None:
        """Keep the last loss."""
        self.last = float(loss.item())


def in_byhand(name: str, model: str, count: int, places: dict[str, str]) -> Callable[[], float]:
    """So many steps of an example, in byhand."""
    from byhand.tensor.utils.memory import keep_freed_memory

    keep_freed_memory()
    return _steps(name, model, count, places)


def in_torch(name: str, model: str, count: int, places: dict[str, str], threads: int) -> Callable[[], float]:
    """So many steps of an example, with PyTorch in the place of byhand."""
    import torch
    from torch.nn.utils import rnn
    from torch.optim import lr_scheduler

    torch.set_num_threads(threads)
    utils = ModuleType("byhand.tensor.utils")
    utils.safetensors = ModuleType("byhand.tensor.utils.safetensors")  # type: ignore[attr-defined] # nothing is saved here
    sys.modules |= {
        "byhand.tensor": torch, "byhand.tensor.utils": utils, "byhand.nn": torch.nn, "byhand.nn.functional": torch.nn.functional,
        "byhand.nn.utils": torch.nn.utils, "byhand.nn.utils.rnn": rnn, "byhand.optim": torch.optim,
        "byhand.optim.lr_scheduler": lr_scheduler,
    }  # fmt: skip
    return _steps(name, model, count, places)


def _steps(name: str, model: str, count: int, places: dict[str, str]) -> Callable[[], float]:
    from byhand.examples.registry import find

    example = find(name)
    run = Steps(example, model, count, places)

    def step() -> float:
        example.train(run)  # type: ignore[arg-type] # all of a Run that it asks for
        return run.last

    return step


def row(name: str, model: str, count: int, places: dict[str, str], rounds: int, threads: int) -> str:
    """One line of the table, or why there is none."""
    given = (name, model, count, places)
    try:
        with Runner(partial(in_byhand, *given), threads) as ours, Runner(partial(in_torch, *given, threads), threads) as theirs:
            ours.seconds(1), theirs.seconds(1)  # warm
            pairs = [(ours.seconds(1), theirs.seconds(1)) for _ in range(rounds)]
    except (Missing, Failed) as error:
        return f"| {name} | {model} | | {str(error).strip().splitlines()[-1][:120]} | | | |"
    mine, other = [median(times) * 1000 / count for times in zip(*pairs, strict=True)]
    ratios = sorted(a / b for a, b in pairs)
    cells = [name, model, str(_batch(name, model)), f"{mine:.3g}", f"{other:.3g}", f"**{median(ratios):.2f}**"]
    return f"| {' | '.join(cells)} | {ratios[0]:.2f} – {ratios[-1]:.2f} |"


def _batch(name: str, model: str) -> int:
    from byhand.examples.registry import find

    return int(find(name).recipes[model].options.batch_size)


def main() -> None:
    """Measure the examples that are named, or all, and print the table as Markdown."""
    from byhand.examples.registry import EXAMPLES, find

    parser = argparse.ArgumentParser(prog="hatch run bench:examples", description=__doc__)
    parser.add_argument("examples", nargs="*", metavar="NAME", help="which examples (all)")
    parser.add_argument("--steps", type=int, default=20, help="in a row, before the libraries change over (20)")
    parser.add_argument("--rounds", type=int, default=5, help="how often they take turns (5)")
    parser.add_argument("--threads", type=int, default=2, help="of each library (2)")
    parser.add_argument("--data", default="", help="the folder with the data (BYHAND_DATA, or downloaded)")
    parser.add_argument("--archive", default="", help="other images for cifar10 and cifar100, as in the examples")
    parser.add_argument("--out", type=Path, help="write the table there as well")
    arguments = parser.parse_args()
    places = {"data": arguments.data, "archive": arguments.archive}
    lines = [HEAD]
    print(HEAD)
    for name in arguments.examples or EXAMPLES:
        for model in find(name).recipes:
            lines.append(row(name, model, arguments.steps, places, arguments.rounds, arguments.threads))
            print(lines[-1], flush=True)
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
