"""`python -m benchmarks`: our time beside PyTorch's and micrograd's, in one table."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from . import micrograd_demo


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="hatch run bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often the libraries take turns (default 7)")
    rounds = parser.parse_args().rounds
    table = Table("workload", "beside", "ours", "theirs", "ratio", "range", title="one step; ratio below 1: we are faster")
    for row in micrograd_demo.run(rounds):
        table.add_row(row.name, "micrograd", _time(row.ours), _time(row.theirs), f"{row.ratio:.3f}", "")
    from . import beside_torch  # only now: PyTorch's many objects would slow down the garbage collector for the others

    for line in beside_torch.run(rounds):
        spread = f"{line.lowest:.2f} – {line.highest:.2f}"
        table.add_row(line.name, "PyTorch", _time(line.ours), _time(line.theirs), f"{line.ratio:.2f}", spread)
    Console().print(table)


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds > 1e-3 else f"{seconds * 1e6:.1f} µs"


if __name__ == "__main__":
    main()
