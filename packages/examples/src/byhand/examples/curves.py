"""Curves in the terminal, drawn with Braille's dots: each character has two columns of four."""

from collections.abc import Mapping, Sequence

import numpy as np
from rich.text import Text

__all__ = ["curves"]

DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # by row and column within a character
COLOURS = {"loss": "blue", "validation_loss": "yellow"}


def curves(history: Sequence[Mapping[str, float]], width: int = 60, height: int = 10) -> Text:
    """The training loss (blue) and the validation loss (yellow) over the epochs."""
    series = {name: np.array([row[name] for row in history]) for name in COLOURS if name in history[0]}
    low, high = min(map(np.min, series.values())), max(map(np.max, series.values()))
    cells = np.zeros((height, width), dtype=int)
    owners = np.full((height, width), "", dtype=object)
    for name, values in series.items():
        xs = np.arange(2 * width)
        ys = np.interp(xs / (2 * width - 1) * (len(values) - 1), np.arange(len(values)), values)
        rows = np.rint((high - ys) / max(high - low, 1e-12) * (4 * height - 1)).astype(int)
        np.bitwise_or.at(cells, (rows // 4, xs // 2), DOTS[rows % 4, xs % 2])
        owners[rows // 4, xs // 2] = COLOURS[name]
    text = Text()
    for i in range(height):
        text.append(f"{high if i == 0 else low:>9.4f} " if i in (0, height - 1) else " " * 10, "dim")
        for cell, owner in zip(cells[i], owners[i]):
            text.append(chr(0x2800 + cell), owner)
        text.append("\n")
    text.append(" " * 10 + "loss: ", "dim").append("training", "blue").append(", ", "dim").append("validation\n", "yellow")
    return text
