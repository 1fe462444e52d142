"""The loop that the examples share, turned inside out: `for batch in run.batches(…)` gives them the minibatches.

Between two of them lies all that a loop has to do beside learning: counting, showing progress, evaluating, saving. What
is learnt, and how, stands in the body, on the page of the example.

Everything random comes from one stream, `byhand.tensor`'s default generator. A checkpoint holds its state, now and at the
beginning of the epoch, beside those of the model, the optimiser and the schedule, and the place reached in the epoch. A
run that was killed at any moment goes on from its last checkpoint, and equals an uninterrupted one to the bit.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import byhand.tensor as torch
import click
from byhand.examples.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from byhand.examples.data import Split
from byhand.examples.display import Display
from byhand.examples.example import Example
from byhand.examples.files import write_atomically
from byhand.examples.interrupts import finishing_steps
from byhand.examples.options import Options
from byhand.optim.lr_scheduler import LRScheduler
from byhand.tensor import Tensor
from rich.console import Console

__all__ = ["BEST", "LAST", "METRICS", "Place", "Run", "TrainingError", "train"]

LAST, BEST, METRICS = "last.safetensors", "best.safetensors", "metrics.jsonl"
SAVE_EVERY = 30.0  # seconds, within long epochs
Row = dict[str, Any]


class TrainingError(click.ClickException):
    """Training cannot go on; the message says why, and what to try."""


class Stateful(Protocol):
    """An optimiser, a schedule, or whatever else changes from step to step."""

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Go on from there."""


@dataclass
class Place:
    """How far a run has come: whole epochs, minibatches of the one begun, steps in all, and the losses of this epoch."""

    epoch: int = 0
    position: int = 0
    step: int = 0
    samples: int = 0
    total_loss: float = 0.0

    @property
    def loss(self) -> float:
        """The mean loss of the samples of this epoch."""
        return self.total_loss / max(1, self.samples)


class Run:
    """One training of one example: model and data, how far it has come (`place`), how well (`history`, a row an evaluation).

    With a `checkpoint` (the content of one) it goes on from there; see `checkpoints`.
    """

    def __init__(
        self,
        example: Example,
        model: str,
        options: Options,
        folder: Path,
        console: Console,
        *,
        checkpoint: dict[str, Any] | None = None,
        live: bool = False,
    ) -> None:
        self.example, self.recipe_name, self.options = example, model, options
        self.folder, self.console, self.live = folder, console, live
        recipe = example.recipes[model]
        self.loss = recipe.loss
        torch.manual_seed(options.seed)
        self.model = recipe.make(options)
        self.place, self.history = Place(), list[Row]()
        self._checkpoint = checkpoint
        self._stateful: dict[str, Stateful] = {}

    @cached_property
    def data(self) -> Split[Any]:
        """The three parts of the data, read when they are first asked for."""
        split = self.example.data(self.options)
        return split.limited(self.options.limit) if self.options.limit else split

    @property
    def resumed(self) -> bool:
        """Does it go on from a checkpoint?"""
        return self._checkpoint is not None

    @property
    def steps(self) -> int:
        """How many steps the whole run has."""
        return self.options.steps or self.options.epochs * self.data.train.steps(self.options.batch_size)

    @property
    def best(self) -> Row:
        """The row with the lowest validation loss: steadier to choose by than an accuracy."""
        return min(self.history, key=lambda row: row["validation_loss"])

    @property
    def finished(self) -> bool:
        """Are all steps done, or has it been long enough since the best evaluation?"""
        patience, rows = self.options.patience, self.history
        impatient = bool(patience and rows and len(rows) - 1 - rows.index(self.best) >= patience)
        return impatient or self.place.step >= self.steps

    # ---- the loop ----

    def batches(self, **stateful: Stateful) -> Iterator[Any]:
        """Give one minibatch after the other, as often as there are steps; after each, call `note` with its loss.

        All that changes beside the model must be named, so that it is saved and restored: `optimizer=…, schedule=…`.
        """
        self._stateful = stateful
        self._random = torch.get_rng_state()
        if self._checkpoint:
            self._restore(self._checkpoint)
        else:
            self._save()
        display = Display(self.console, self.options.epochs, self.steps, self.place.step, self.history, self.live)
        with finishing_steps() as stop_asked, display:
            while not self.finished:
                for batch in self._rest_of_epoch():
                    before = self.place.samples
                    self._samples = len(batch[0])
                    yield batch
                    if self.place.samples == before:
                        raise TrainingError("the loop of the example did not call run.note(loss)")
                    self.place.position += 1
                    self.place.step += 1
                    display.stepped(self.place.loss, self._samples)
                    if self.place.step >= self.steps:
                        break
                    self._look_up(stop_asked())
                self._judge()
                display.judged()
                if stop_asked() and not self.finished:
                    raise KeyboardInterrupt

    def note(self, loss: Tensor) -> None:
        """Count the loss of a minibatch. Raises TrainingError if it is no number any more."""
        value = float(loss.item())
        if not math.isfinite(value):
            raise TrainingError(f"the loss is {value} in step {self.place.step + 1}; try a smaller --lr than {self.options.lr:g}")
        self.place.samples += self._samples
        self.place.total_loss += value * self._samples

    def measure(self, part: Any) -> dict[str, float]:
        """How good the model is on a part."""
        self.model.eval()
        with torch.no_grad():
            return self.example.measure(self.model, part, self.loss)

    def _rest_of_epoch(self) -> Iterator[Any]:
        """The minibatches of this epoch that are still to come, from the plan that it began with."""
        self.model.train()
        now = torch.get_rng_state()
        torch.set_rng_state(self._random)
        plan = self.data.train.plan(self.options.batch_size)
        if self.place.position:
            torch.set_rng_state(now)
        self._saved_at = time.monotonic()
        for chosen in plan[self.place.position :]:
            yield self.data.train[chosen]

    def _look_up(self, stop_asked: bool) -> None:
        """Between two steps: save if it was long ago, or if this is the end for now."""
        if stop_asked or time.monotonic() - self._saved_at > SAVE_EVERY:
            self._save()
            self._saved_at = time.monotonic()
        if stop_asked:
            raise KeyboardInterrupt

    def _judge(self) -> None:
        """End an epoch: write down its losses, what the validation part says, and checkpoints."""
        row = {"epoch": self.place.epoch + 1, "step": self.place.step, "loss": self.place.loss}
        row |= {f"validation_{name}": float(value) for name, value in self.measure(self.data.validation).items()}
        if not math.isfinite(row["validation_loss"]):
            raise TrainingError(f"the validation loss is {row['validation_loss']} after epoch {row['epoch']}; try a smaller --lr")
        self.history.append(row)
        self.place = Place(epoch=self.place.epoch + 1, step=self.place.step)
        self._random = torch.get_rng_state()
        if self.best is row:
            self._write(BEST)
        self.write_metrics()
        self._save()  # last of all: what it says has happened, has

    # ---- saving and going on ----

    def _save(self) -> None:
        states = {name: one.state_dict() for name, one in self._stateful.items()}
        random = {"random": torch.get_rng_state(), "random_of_epoch": self._random}
        self._write(LAST, states=states, place=asdict(self.place), **random)

    def _write(self, name: str, **more: Any) -> None:
        tree = {
            "example": self.example.name,
            "settings": {"model": self.recipe_name, **self.options.kept()},
            "model": self.model.state_dict(),
            "history": self.history,
        }
        save_checkpoint(self.folder / name, {**tree, **more})

    def write_metrics(self, **closing: Any) -> None:
        """Write `metrics.jsonl`: a line for each evaluation, and one more if there is anything to close with."""
        rows = [*self.history, *([closing] if closing else [])]
        write_atomically(self.folder / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def load(self, tree: dict[str, Any]) -> None:
        """Take over the model and the history of a checkpoint. Raises CheckpointError if it is of another model."""
        try:
            self.model.load_state_dict(tree["model"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(self.folder, f"the checkpoint is of another model: {error}") from error
        self.history = tree["history"]

    def _restore(self, tree: dict[str, Any]) -> None:
        """Go back to where a checkpoint was. Raises CheckpointError if this run cannot go on from it."""
        path, place, asked = self.folder / LAST, Place(**tree["place"]), self.options.epochs
        if place.epoch + bool(place.position) > asked:
            raise CheckpointError(path, f"this run has {place.epoch} epochs behind it already; ask for at least as many")
        planned = tree["settings"]["epochs"]
        if asked != planned and any(isinstance(one, LRScheduler) for one in self._stateful.values()):
            raise CheckpointError(path, f"its schedule is laid out for {planned} epochs; it cannot go on for {asked}")
        if tree["states"].keys() != self._stateful.keys():
            raise CheckpointError(path, f"it holds {', '.join(tree['states'])}, and this run has {', '.join(self._stateful)}")
        self.load(tree)
        for name, state in tree["states"].items():
            self._stateful[name].load_state_dict(state)
        self.place = place
        self._random = tree["random_of_epoch"]
        torch.set_rng_state(tree["random"])

    def load_best(self) -> None:
        """Give the model the parameters that it had after its best evaluation."""
        self.model.load_state_dict(load_checkpoint(self.folder / BEST)["model"])


def train(run: Run) -> dict[str, float]:
    """Train, or go on; then look once at the held-out part, with the best model, and write and return its figures."""
    run.example.train(run)
    run.load_best()
    found = {name: float(value) for name, value in run.example.report(run).items()}
    remark = {"remark": run.data.remark} if run.data.remark else {}
    run.write_metrics(best_epoch=run.best["epoch"], **{f"test_{name}": value for name, value in found.items()}, **remark)
    return found
