"""`hatch run bench`: our time beside PyTorch's and others', by turns, in one table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from . import costs, peers, report
from .rounds import Absent, Pair, Row, side_by_side
from .workloads import WORKLOADS

MORE = {
    "W1": "the scalar engine beside micrograd",
    "W9": "memory",
    "W10": "import",
    "peers": "W2 and W3 beside autograd and tinygrad",
    "floors": "beside NumPy by hand",
}
QUICK = 3  # rounds


def main() -> None:
    """Measure and show."""
    arguments = _arguments()
    if arguments.markdown:
        print(report.as_markdown(json.loads(arguments.markdown.read_text(encoding="utf-8"))))
        return
    rows = []
    chosen = arguments.workloads or [name for name in (*WORKLOADS, *MORE) if not (arguments.quick and name == "floors")]
    for row in measured(chosen, arguments.rounds, arguments.threads, arguments.quick):
        print(report.in_short(row), flush=True)
        rows.append(row)
    report.show(rows, arguments.threads)
    if arguments.json:
        report.write_json(rows, arguments.json, arguments.threads)
    if arguments.png:
        report.draw(rows, arguments.png)


def measured(chosen: list[str], rounds: int, threads: int, quick: bool) -> Iterator[Row | Absent]:
    """The lines of the report, as they come."""
    rounds = min(rounds, QUICK) if quick else rounds
    pairs = [peers.torch(name, threads) for name in chosen if name in WORKLOADS]
    pairs += peers.micrograd() if "W1" in chosen else []
    pairs += peers.others() if "peers" in chosen else []
    pairs += peers.by_hand() if "floors" in chosen else []
    for pair in pairs:
        yield side_by_side(_shorter(pair) if quick else pair, rounds, threads)
    if "W9" in chosen:
        yield from costs.peaks(threads)
        yield from costs.graphs(threads)
    if "W10" in chosen:
        yield costs.imports(rounds)


def _shorter(pair: Pair) -> Pair:
    return pair._replace(repeat=max(1, pair.repeat // 4))


def _arguments() -> argparse.Namespace:
    everything = {**{name: workload.what for name, workload in WORKLOADS.items()}, **MORE}
    listed = "\n".join(f"  {name:13} {what}" for name, what in everything.items())
    parser = argparse.ArgumentParser(
        prog="hatch run bench", description=__doc__, epilog=f"what can be measured:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("workloads", nargs="*", choices=[*everything, []], metavar="NAME",
                        help="what to measure; all, if none is named")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=9, help="how often the libraries take turns (default 9)")
    parser.add_argument("--threads", type=int, default=2, help="of BLAS and of PyTorch (default 2)")
    parser.add_argument("--quick", action="store_true",
                        help="three short rounds, without floors unless named: under two minutes, and less exact")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the ratios there")
    parser.add_argument("--markdown", type=Path, metavar="FILE",
                        help="measure nothing: print the figures of a JSON file as a table")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
