"""The training loop that the examples share, and what it takes to stop it anywhere and go on as if nothing had been.

Everything random, initial weights, shuffling and dropout alike, comes from one stream, `byhand.tensor`'s default
generator. A checkpoint after each epoch holds its state beside those of the model and the optimiser: a resumed run
therefore equals an uninterrupted one to the bit.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import byhand.tensor as torch
import numpy as np
import numpy.typing as npt
from byhand.examples.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from byhand.examples.data import Part
from byhand.examples.files import write_atomically
from byhand.nn import Module
from byhand.optim import Optimizer
from byhand.tensor import Tensor
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Run", "Settings", "evaluate", "fit", "minibatches"]

Measure = Callable[[Tensor, Tensor], Tensor]  # of the model's outputs and the targets
LAST, BEST, METRICS = "last.safetensors", "best.safetensors", "metrics.jsonl"


@dataclass(frozen=True)
class Settings:
    """What a run can be told on the command line. All but the number of epochs are fixed once it has begun."""

    epochs: int
    seed: int
    lr: float
    batch_size: int

    @classmethod
    def saved_in(cls, path: Path, **given: float | None) -> "Settings":
        """The settings of a checkpoint, with more epochs if so `given`. Raises CheckpointError if others would change."""
        saved = load_checkpoint(path)["settings"]
        for name, value in given.items():
            if name != "epochs" and value not in (None, saved[name]):
                option = name.replace("_", "-")
                raise CheckpointError(path, f"this run began with --{option} {saved[name]}; it cannot go on with {value}")
        return cls(**{**saved, "epochs": given.get("epochs") or saved["epochs"]})


@dataclass
class Run:
    """What is trained, by what, how well, and (in `history`, one row for each epoch) how far it has come."""

    example: str
    settings: Settings
    model: Module
    optimizer: Optimizer
    loss: Measure
    accuracy: Measure
    folder: Path
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """How many epochs are behind us."""
        return len(self.history)

    @property
    def best(self) -> dict[str, float]:
        """The row of the epoch with the lowest validation loss: steadier to choose by than an accuracy."""
        return min(self.history, key=lambda row: row["validation_loss"])

    def save(self) -> None:
        """Write the last checkpoint, the best one if this is it, and the history."""
        tree = {
            "example": self.example,
            "settings": asdict(self.settings),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "history": self.history,
        }
        if self.history and self.best is self.history[-1]:
            save_checkpoint(self.folder / BEST, tree)
        self.write_metrics()
        save_checkpoint(self.folder / LAST, tree)  # last of all: what it says has happened, has

    def write_metrics(self, **closing: Any) -> None:
        """Write `metrics.jsonl`: a line for each epoch, and one more if there is anything to close with."""
        rows = [*self.history, *([closing] if closing else [])]
        write_atomically(self.folder / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def restore(self) -> None:
        """Go back to where the last checkpoint was. Raises CheckpointError if it is of something else."""
        path = self.folder / LAST
        tree = load_checkpoint(path)
        if tree["example"] != self.example:
            raise CheckpointError(path, f"this is a checkpoint of {tree['example']!r}, not of {self.example!r}")
        if len(tree["history"]) > self.settings.epochs:
            trained = len(tree["history"])
            raise CheckpointError(path, f"this run has {trained} epochs behind it already; ask for at least as many")
        try:
            self.model.load_state_dict(tree["model"])
            self.optimizer.load_state_dict(tree["optimizer"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(path, f"the checkpoint is of another model: {error}") from error
        torch.set_rng_state(tree["random"])
        self.history = tree["history"]

    def load_best(self) -> None:
        """Give the model the parameters that it had after its best epoch."""
        self.model.load_state_dict(load_checkpoint(self.folder / BEST)["model"])


def fit(run: Run, train: Part, validation: Part, console: Console) -> None:
    """Train up to `run.settings.epochs`, with a progress bar, saving after every epoch."""
    columns = (
        TextColumn("epoch {task.completed:>3.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TextColumn("validation loss {task.fields[validation_loss]:.4f}, accuracy {task.fields[validation_accuracy]:.1%}"),
        TimeElapsedColumn(),
    )
    shown: dict[str, Any] = {"loss": np.nan, "validation_loss": np.nan, "validation_accuracy": np.nan}
    run.save()
    with Progress(*columns, console=console) as progress:
        shown.update(run.history[-1] if run.history else {})
        task = progress.add_task("", total=run.settings.epochs, completed=run.epoch, **shown)
        while run.epoch < run.settings.epochs:
            row: dict[str, Any] = {"epoch": run.epoch + 1, "loss": train_epoch(run, train)}
            row["validation_loss"], row["validation_accuracy"] = evaluate(run, validation)
            run.history.append(row)
            run.save()
            progress.update(task, completed=run.epoch, **row)


def train_epoch(run: Run, train: Part) -> float:
    """One pass over the training part: for each minibatch, forward, backward, step. Returns the mean loss."""
    run.model.train()
    total = 0.0
    for chosen in minibatches(len(train), run.settings.batch_size):
        batch = train[chosen]
        loss = run.loss(run.model(batch.inputs), batch.targets)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        total += loss.item() * len(batch)
    return total / len(train)


def evaluate(run: Run, part: Part) -> tuple[float, float]:
    """The loss and the accuracy on a part, with dropout off and the running statistics of batch normalisation."""
    run.model.eval()
    with torch.no_grad():
        outputs = run.model(part.inputs)
        return run.loss(outputs, part.targets).item(), run.accuracy(outputs, part.targets).item()


def minibatches(examples: int, size: int) -> Iterator[npt.NDArray[np.int64]]:
    """The numbers 0 … examples − 1, shuffled, in parts of nearly equal length.

    No part is shorter than `size` (unless there is only one): a last minibatch of one example would have no variance,
    and batch normalisation no answer.
    """
    shuffled = torch.randperm(examples).numpy()
    yield from np.array_split(shuffled, max(1, examples // size))
