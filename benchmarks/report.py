"""The rows as a table in the terminal, as JSON, as Markdown, and as a picture."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .rounds import Absent, Row

MEAN = ("W2", "W3-sgd", "W3-adam", "W4", "W5", "W6", "W7", "W8-matmul", "W8-gelu", "W8-softmax", "W8-layernorm")
WIDTH = 130
HEAD = ("", "workload", "beside", "ours", "theirs", "ratio", "range")


def geometric_mean(rows: Sequence[Row | Absent]) -> float | None:
    """The geometric mean of our ratio to PyTorch over W2 to W8; None unless all of them were measured."""
    ratios = {row.name: row.ratio for row in _measured(rows) if row.beside == "PyTorch"}
    if not all(name in ratios for name in MEAN):
        return None
    return exp(sum(log(ratios[name]) for name in MEAN) / len(MEAN))


def _cells(row: Row) -> list[str]:
    spread = f"{row.lowest:.2g} – {row.highest:.2g}" if row.lowest < row.highest else ""
    return [row.name, row.what, row.beside, amount(row.ours, row.unit), amount(row.theirs, row.unit), f"{row.ratio:.3g}", spread]


def in_short(row: Row | Absent) -> str:
    """A line that shows that something is going on."""
    return f"{row.name} beside {row.beside}: {row.why if isinstance(row, Absent) else f'{row.ratio:.3g}'}"


def show(rows: Sequence[Row | Absent], threads: int) -> None:
    """Print the table."""
    console = Console(width=max(Console().width, WIDTH))
    table = Table(title=f"one step, {threads} threads; below 1 we are faster", expand=True)
    for title in HEAD:
        table.add_column(title, no_wrap=True, ratio=1 if title == "workload" else None)  # what the others leave
    for row in _measured(rows):
        table.add_row(*_cells(row))
    console.print(table)
    for line in _beneath(rows):
        console.print(line)


def _measured(rows: Sequence[Row | Absent]) -> list[Row]:
    return [row for row in rows if isinstance(row, Row)]


def _beneath(rows: Sequence[Row | Absent]) -> list[str]:
    """The mean, and why lines are missing."""
    mean = geometric_mean(rows)
    lines = [] if mean is None else [f"Geometric mean of W2 to W8 beside PyTorch: {mean:.3f}"]
    return lines + [in_short(row) for row in rows if isinstance(row, Absent)]


def as_markdown(content: dict[str, Any]) -> str:
    """What `write_json` wrote, as a table for a page."""
    rows = [Row(**row) if "ratio" in row else Absent(**row) for row in content["rows"]]
    lines = [_line(HEAD), _line(["---"] * len(HEAD)), *[_line(_cells(row)) for row in _measured(rows)]]
    where = ", ".join(f"{name} {value}" for name, value in content["machine"].items())
    beneath = [f"- {line}" for line in (*_beneath(rows), f"{content['threads']} threads; {where}")]
    return "\n".join([*lines, "", *beneath])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def amount(value: float, unit: str) -> str:
    """A number of seconds or bytes as people write it."""
    if unit == "B":
        return f"{value / 1e6:.3g} MB"
    scale, name = next((s, n) for s, n in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")) if value >= s or n == "µs")
    return f"{value / scale:.3g} {name}"


def machine() -> dict[str, Any]:
    """On what the figures were measured."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    for library in ("numpy", "torch", "autograd", "micrograd", "tinygrad"):
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def write_json(rows: Sequence[Row | Absent], path: Path, threads: int) -> None:
    """Write everything that was measured, and where."""
    content = {
        "machine": machine(), "threads": threads, "geometric_mean": geometric_mean(rows), "rows": [row._asdict() for row in rows],
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def draw(rows: Sequence[Row | Absent], path: Path) -> None:
    """Draw the ratios as bars on a logarithmic axis, with their ranges: to the left of 1 we are faster."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    shown = _measured(rows)[::-1]
    figure, axes = plt.subplots(figsize=(10, 0.3 * len(shown) + 1.2), layout="constrained")
    places = range(len(shown))
    colours = ["#2a7" if row.ratio <= 1 else "#c63" for row in shown]
    axes.set_xscale("log")
    axes.barh(places, [row.ratio - 1 for row in shown], left=1, color=colours, height=0.6)
    spread = [[row.ratio - row.lowest for row in shown], [row.highest - row.ratio for row in shown]]
    axes.errorbar([row.ratio for row in shown], places, xerr=spread, fmt="none", ecolor="#333", capsize=2, linewidth=0.8)
    axes.axvline(1, color="#333", linewidth=0.8)
    axes.set_yticks(places, [f"{row.name}  {_clipped(row.what)}  [{row.beside}]" for row in shown], fontsize=7)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_xlabel("ours / theirs (1: equal; to the left ours needs less)")
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _clipped(text: str, width: int = 74) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
