"""Pictures of a run. They are drawn on `Figure` objects, so that no window opens and no global state is touched."""

import io
from collections.abc import Sequence
from pathlib import Path

from byhand.examples.files import write_atomically
from byhand.examples.metrics import BinaryReport
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

__all__ = ["loss_curves", "roc_curve", "save_report"]

INK, FAINT = "#2b2b2b", "#d9d9d9"
BLUE, ORANGE = "#2a6f97", "#e07a1f"


def save_report(path: Path, title: str, history: Sequence[dict[str, float]], report: BinaryReport) -> None:
    """Write a PNG with the loss curves on the left and the ROC curve on the right."""
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.10, wspace=0.06)
    figure = Figure(figsize=(10.5, 4.6), dpi=144, layout=layout)
    figure.suptitle(title, x=0.015, ha="left", fontsize=14, fontweight="bold", color=INK)
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
    loss_curves(left, history)
    roc_curve(right, report)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())


def loss_curves(axes: Axes, history: Sequence[dict[str, float]]) -> None:
    """Training and validation loss over the epochs, the best epoch marked."""
    _tidy(axes, "Loss", "epoch", "binary cross-entropy")
    epochs = [row["epoch"] for row in history]
    for key, label, colour in (("loss", "training", BLUE), ("validation_loss", "validation", ORANGE)):
        axes.plot(epochs, [row[key] for row in history], color=colour, linewidth=2, label=label)
    best = min(history, key=lambda row: row["validation_loss"])
    label = f"best: epoch {best['epoch']:.0f}, accuracy {best['validation_accuracy']:.1%}"
    axes.plot(best["epoch"], best["validation_loss"], "o", label=label, color=ORANGE, markersize=8, mec="white")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.legend(frameon=False, labelcolor="linecolor", handlelength=1.2)


def roc_curve(axes: Axes, report: BinaryReport) -> None:
    """The ROC curve on the held-out part, and the point on it where the answers were taken (probability ½)."""
    positive = report.classes[1]
    _tidy(axes, f"ROC, held out: area {report.area:.4f}", f"{report.classes[0]}, wrongly suspected", f"{positive}, found")
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.5, linestyle=(0, (4, 4)))
    axes.fill_between(report.false_rates, report.true_rates, color=BLUE, alpha=0.08, linewidth=0)
    axes.plot(report.false_rates, report.true_rates, color=BLUE, linewidth=2)
    wrongly = report.confusion[0, 1] / report.confusion[0].sum()
    axes.plot(wrongly, report.recall, "o", color=ORANGE, markersize=8, markeredgecolor="white", clip_on=False)
    axes.annotate(
        f"threshold ½\nprecision {report.precision:.1%}\nrecall {report.recall:.1%}",
        (wrongly, report.recall), (14, -10), textcoords="offset points", va="top", color=ORANGE, linespacing=1.4,
    )  # fmt: skip
    axes.set_xlim(-0.02, 1)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")


def _tidy(axes: Axes, title: str, x: str, y: str) -> None:
    """Title, names of the axes, a faint grid, and no frame that carries nothing."""
    axes.set_title(title, loc="left", fontsize=11, color=INK, pad=10)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=INK, length=0)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
