"""What is seen while a run goes on: a progress bar, with `--live` the curves above it, in a log a line an epoch."""

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from byhand.examples.curves import curves
from byhand.examples.metrics import shown
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["Display", "duration", "figures"]

MEASURED = 3.0  # seconds, after which it is said how long the rest will take
Row = Mapping[str, float]


def figures(row: Row) -> str:
    """What is said of the validation part: "loss 0.0421, accuracy 98.2%"."""
    found = {name.removeprefix("validation_"): value for name, value in row.items() if name.startswith("validation_")}
    return ", ".join(f"{name} {shown(name, value)}" for name, value in found.items())


def duration(seconds: float) -> str:
    """Roughly: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Display:
    """The progress of a run of so many `epochs` and `steps`, `done` steps of which are behind it."""

    def __init__(self, console: Console, epochs: int, steps: int, done: int, history: Sequence[Row], live: bool) -> None:
        self.console, self.epochs, self.steps, self.history, self.curves = console, epochs, steps, history, live
        self.seen, self.started = 0, time.monotonic()
        self.measured_from: tuple[int, float] | None = None  # the first step is slower than the others, and left out
        self.said_how_long = False
        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TextColumn("{task.fields[validation]}"),
            TextColumn("{task.fields[speed]:,.0f}/s"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        shown: dict[str, Any] = {"loss": float("nan"), "validation": "", "speed": 0.0, "epoch": f"{len(history)}/{epochs}"}
        self.task = self.progress.add_task("", total=steps, completed=done, **shown)
        self.live = Live(get_renderable=self._render, console=console, refresh_per_second=8, auto_refresh=console.is_terminal)
        self._show_last()

    def __enter__(self) -> "Display":
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.console.is_terminal:
            self.live.stop()

    def stepped(self, loss: float, samples: int) -> None:
        """A step is done, on so many samples; the mean loss of this epoch so far is `loss`."""
        self.seen += samples
        elapsed = time.monotonic() - self.started
        self.progress.update(self.task, advance=1, loss=loss, speed=self.seen / max(1e-9, elapsed))
        if not self.said_how_long:
            self._say_how_long(int(self.progress.tasks[0].completed), elapsed)

    def judged(self) -> None:
        """The history has a new row."""
        self._show_last()
        if not self.console.is_terminal:
            row = self.history[-1]
            self.console.print(
                f"epoch {row['epoch']:.0f}/{self.epochs}  loss {row['loss']:.4f}  validation {figures(row)}",
                highlight=False, soft_wrap=True,
            )  # fmt: skip

    def _say_how_long(self, done: int, elapsed: float) -> None:
        """Once some steps have shown it; and only where there is time to do something else."""
        if self.measured_from is None:
            self.measured_from = done, elapsed
            return
        first, since = self.measured_from
        if elapsed - since < MEASURED:
            return
        self.said_how_long = True
        step, left = (elapsed - since) / (done - first), self.steps - done
        if step * left > 2 * MEASURED:
            self.console.print(
                f"This will take about {duration(step * left)}: {left:,} steps of {step:.2g} s each.",
                highlight=False, soft_wrap=True,
            )  # fmt: skip

    def _show_last(self) -> None:
        if self.history:
            row = self.history[-1]
            epoch, said = f"{row['epoch']:.0f}/{self.epochs}", f"validation {figures(row)}"
            self.progress.update(self.task, epoch=epoch, loss=row["loss"], validation=said)

    def _render(self) -> RenderableType:
        if self.curves and len(self.history) > 1:
            return Group(curves(self.history), self.progress)
        return self.progress
