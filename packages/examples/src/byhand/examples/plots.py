"""Pictures of a run. They are drawn on `Figure` objects, so that no window opens and no global state is touched.

Functions that take a path write a picture of their own; those that take axes draw into one.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from byhand.examples.files import write_atomically
from byhand.examples.metrics import BinaryReport, shown
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

__all__ = [
    "curves", "roc_curve", "save_attention", "save_bars", "save_confusion", "save_curves", "save_filters", "save_lengths",
    "save_maps", "save_mistakes", "save_points", "save_report", "save_scatter", "save_sheets", "save_states", "save_table",
]  # fmt: skip

INK, FAINT = "#2b2b2b", "#d9d9d9"
BLUE, ORANGE = "#2a6f97", "#e07a1f"
Array = npt.NDArray[Any]
History = Sequence[dict[str, Any]]


def save_curves(path: Path, title: str, history: History, second: str | None = None) -> None:
    """The losses over the epochs, and beside them `second`, another measure of the validation part ("accuracy")."""
    figure = _figure(title, (10.5, 4.2) if second else (6.3, 4.2))
    panels = figure.subplots(1, 2 if second else 1, squeeze=False)[0]
    curves(panels[0], history)
    if second:
        curves(panels[1], history, second)
    _save(path, figure)


def save_confusion(path: Path, title: str, confusion: Array, classes: Sequence[str]) -> None:
    """Truth (rows) and answers (columns), shaded by the share within each row; counts are written where there is room."""
    n = len(classes)
    figure = _figure(title, (2.2 + 0.5 * min(n, 20), 2.0 + 0.5 * min(n, 20)))
    axes = figure.subplots()
    _tidy(axes, "", "answer", "truth")
    axes.grid(visible=False)
    shares = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    axes.imshow(shares**0.5, cmap="Blues", vmin=0, vmax=1)  # the root, so that rare mistakes are seen
    if n <= 20:
        axes.set_xticks(range(n), classes, rotation=0 if max(map(len, classes)) < 3 else 90)
        axes.set_yticks(range(n), classes)
        for i, j in np.argwhere(confusion):
            colour = "white" if shares[i, j] > 0.4 else INK
            axes.text(j, i, str(confusion[i, j]), ha="center", va="center", fontsize=8, color=colour)
    _save(path, figure)


def save_mistakes(
    path: Path, title: str, images: Array, truth: Array, probabilities: Array, classes: Sequence[str], most: int = 24
) -> None:
    """The pictures answered wrongly with the greatest confidence: "answer 98 %, is truth". Nothing if there are none.

    Args:
        images: N × height × width, or N × 3 × height × width.
        truth: the class of each.
        probabilities: N × classes.
    """
    answers, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(answers != truth)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    if not len(wrong):
        path.unlink(missing_ok=True)
        return
    columns = min(8, len(wrong))
    rows = -(-len(wrong) // columns)
    figure = _figure(title, (max(4.0, 1.35 * columns), 0.7 + 1.75 * rows))
    axes = figure.subplots()
    said = [f"{classes[answers[i]]} {sure[i]:.0%}\nis {classes[truth[i]]}" for i in wrong]
    _mosaic(axes, [_shown(images[i]) for i in wrong], columns, above=0.45, captions=said)
    _save(path, figure)


def save_filters(path: Path, title: str, weights: Array, most: int = 64) -> None:
    """What the units of a first layer look for: N × height × width (blue for negative, red for positive), or in colours
    N × 3 × height × width, each on a scale of its own."""
    weights = weights[:most]
    columns = min(16, len(weights))
    rows = -(-len(weights) // columns)
    figure = _figure(title, (max(4.0, 0.65 * columns), 0.7 + 0.65 * rows))
    scaled = [0.5 + 0.5 * one / max(float(np.abs(one).max()), 1e-12) for one in weights]
    tiles = [np.moveaxis(one, 0, -1) if one.ndim == 3 else colormaps["RdBu_r"](one)[..., :3] for one in scaled]
    _mosaic(figure.subplots(), tiles, columns, above=0.1)
    _save(path, figure)


def save_attention(path: Path, title: str, weights: Array, rows: Sequence[str], columns: Sequence[str]) -> None:
    """How much each of the `rows` (what is written) looks at each of the `columns` (what was read), from 0 to 1."""
    figure = _figure(title, (1.6 + 0.32 * len(columns), 1.6 + 0.32 * len(rows)))
    axes = figure.subplots()
    _tidy(axes, "", "", "")
    axes.grid(visible=False)
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    _save(path, figure)


def save_maps(path: Path, title: str, maps: Array, columns: int) -> None:
    """Many small squares (N × T × T) of shares from 0 to 1, `columns` of them side by side; their roots are drawn."""
    rows = -(-len(maps) // columns)
    figure = _figure(title, (0.4 + 1.9 * columns, 0.8 + 1.9 * rows))
    _mosaic(figure.subplots(), [colormaps["Blues"](one**0.5)[..., :3] for one in maps], columns, above=0.1)
    _save(path, figure)


def save_states(path: Path, title: str, states: Array, text: Sequence[str]) -> None:
    """What units (rows), between −1 and 1, were after each character of a text (columns)."""
    figure = _figure(title, (1.0 + 0.17 * len(text), 1.2 + 0.17 * len(states)))
    axes = figure.subplots()
    _tidy(axes, "", "", "")
    axes.grid(visible=False)
    axes.imshow(states, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_xticks(range(len(text)), text)
    axes.set_yticks([])
    _save(path, figure)


def save_table(path: Path, title: str, shares: Array, names: Sequence[str]) -> None:
    """A table of shares from 0 to 1, rows and columns with the same names; its root is drawn, so that rare ones are seen."""
    figure = _figure(title, (1.4 + 0.2 * len(names), 1.6 + 0.2 * len(names)))
    axes = figure.subplots()
    _tidy(axes, "", "", "")
    axes.grid(visible=False)
    axes.imshow(shares**0.5, cmap="Blues", vmin=0)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.xaxis.tick_top()
    _save(path, figure)


def save_points(path: Path, title: str, vectors: Array, names: Sequence[str], marked: Sequence[str] = ()) -> None:
    """Vectors (N × D) on the plane in which they differ most (their first two principal components), each by its name."""
    centred = vectors - vectors.mean(0)
    x, y = (centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T).T
    figure = _figure(title, (6.3, 6.0))
    axes = figure.subplots()
    _tidy(axes, "", "", "")
    axes.plot(x, y, linestyle="")  # nothing seen: it stretches the axes
    for name, i, j in zip(names, x, y):
        colour = ORANGE if name in marked else BLUE
        axes.text(i, j, name, color=colour, fontsize=13, fontweight="bold", ha="center", va="center")
    axes.margins(0.08)
    _save(path, figure)


def save_bars(path: Path, title: str, values: Mapping[str, float], most: int = 20) -> None:
    """The highest and the lowest of the values by their names, so many of each at most."""
    names = sorted(values, key=lambda name: values[name])
    shown = [*names[:most], *names[max(most, len(names) - most) :]]
    figure = _figure(title, (6.3, 1.2 + 0.19 * len(shown)))
    axes = figure.subplots()
    _tidy(axes, "", "", "")
    axes.barh(shown, [values[name] for name in shown], color=[BLUE if values[name] > 0 else ORANGE for name in shown])
    axes.margins(y=0.01)
    axes.tick_params("y", labelsize=8)
    _save(path, figure)


def save_lengths(path: Path, title: str, shares: Mapping[int, float], learnt: int) -> None:
    """A share for each length of a sequence; the lengths that were learnt from, up to `learnt`, are shaded."""
    figure = _figure(title, (6.3, 4.2))
    axes = figure.subplots()
    _tidy(axes, "", "length", "")
    axes.axvspan(0, learnt, color=FAINT, alpha=0.5, linewidth=0, label=f"learnt from: up to {learnt}")
    axes.plot([*shares], [*shares.values()], "o-", color=ORANGE, linewidth=2)
    axes.set_xlim(left=0)
    axes.set_ylim(-0.02, 0.6)
    axes.legend(frameon=False)
    _save(path, figure)


def save_sheets(path: Path, title: str, sheets: Mapping[str, Array]) -> None:
    """Numbers from 0 to 1 over time, one below the other: in each sheet the rows are side by side, the columns steps of time."""
    figure = _figure(title, (9.0, 0.8 + sum(0.5 + 0.02 * len(sheet) for sheet in sheets.values())))
    heights = [20 + len(sheet) for sheet in sheets.values()]
    panels = figure.subplots(len(sheets), 1, sharex=True, squeeze=False, height_ratios=heights)
    for axes, (name, sheet) in zip(panels[:, 0], sheets.items()):
        _tidy(axes, name, "", "")
        axes.grid(visible=False)
        axes.imshow(sheet, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks([])
    _save(path, figure)


def save_scatter(path: Path, title: str, truth: Array, answers: Array, name: str) -> None:
    """Answers over truth, and the line on which they would be right."""
    figure = _figure(title, (5.2, 5.0))
    axes = figure.subplots()
    _tidy(axes, "", f"{name}: truth", f"{name}: answer")
    ends = [min(truth.min(), answers.min()), max(truth.max(), answers.max())]
    axes.plot(ends, ends, color=FAINT, linewidth=1.5, linestyle=(0, (4, 4)))
    axes.plot(truth, answers, "o", color=BLUE, alpha=0.6, markersize=5, markeredgewidth=0)
    axes.set_aspect("equal")
    _save(path, figure)


def save_report(path: Path, title: str, history: History, report: BinaryReport) -> None:
    """Write a PNG with the loss curves on the left and the ROC curve on the right."""
    figure = _figure(title, (10.5, 4.6))
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
    curves(left, history)
    roc_curve(right, report)
    _save(path, figure)


def curves(axes: Axes, history: History, measure: str = "loss") -> None:
    """A measure of the validation part over the epochs, for the loss beside that of training; the best epoch marked."""
    _tidy(axes, measure.capitalize(), "epoch", "")
    epochs = [row["epoch"] for row in history]
    if measure in history[0]:
        axes.plot(epochs, [row[measure] for row in history], color=BLUE, linewidth=2, label="training")
    axes.plot(epochs, [row[f"validation_{measure}"] for row in history], color=ORANGE, linewidth=2, label="validation")
    best = min(history, key=lambda row: row["validation_loss"])
    value = best[f"validation_{measure}"]
    label = f"best: epoch {best['epoch']}, " + shown(measure, value)
    axes.plot(best["epoch"], value, "o", label=label, color=ORANGE, markersize=8, mec="white")
    if measure == "loss":
        axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
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


def _figure(title: str, size: tuple[float, float]) -> Figure:
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.10, wspace=0.06)
    figure = Figure(figsize=size, dpi=144, layout=layout)
    figure.suptitle(title, x=0.015, ha="left", fontsize=13, fontweight="bold", color=INK)
    return figure


def _mosaic(
    axes: Axes, tiles: Sequence[Array], columns: int, above: float, captions: Sequence[str] = ()
) -> None:
    """Coloured tiles (height × width × 3, shares of 1) in rows, on one sheet: far sooner drawn than axes for each.

    Above each is room, in shares of its height, for a caption.
    """
    axes.axis("off")
    height, width = tiles[0].shape[:2]
    high, wide = height + max(1, round(height * above)), width + max(1, round(width * 0.1))
    sheet = np.ones((-(-len(tiles) // columns) * high, columns * wide, 3))
    for i, tile in enumerate(tiles):
        top, left = i // columns * high + high - height, i % columns * wide
        sheet[top : top + height, left : left + width] = tile
        if captions:
            place = (left + width / 2, top - 0.06 * height)
            axes.text(*place, captions[i], fontsize=8, color=ORANGE, linespacing=1.3, ha="center", va="bottom")
    axes.imshow(sheet)


def _shown(image: Array) -> Array:
    """A grey picture (dark for high values) or, with the colours first, a coloured one, as height × width × 3 shares of 1."""
    shares = image / (255 if image.dtype == np.uint8 else max(float(image.max()), 1e-12))
    return np.moveaxis(shares, 0, -1) if image.ndim == 3 else np.repeat(1 - shares[..., None], 3, -1)


def _save(path: Path, figure: Figure) -> None:
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())
