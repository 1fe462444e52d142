"""`hatch run profile WORKLOAD`: where the time of a step goes, function by function."""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
from time import perf_counter

os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")  # as the benchmark does

from .libraries import in_byhand
from .workloads import WORKLOADS


def main() -> None:
    """Run a workload for some seconds under Python's profiler and print the functions in which it spent most."""
    parser = argparse.ArgumentParser(prog="hatch run profile", description=__doc__)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--seconds", type=float, default=3, help="how long to run (default 3)")
    parser.add_argument("--lines", type=int, default=25, help="how many functions to show (default 25)")
    parser.add_argument("--sort", default="tottime", choices=["tottime", "cumtime", "ncalls"], help="by what (default tottime)")
    arguments = parser.parse_args()
    step = in_byhand(arguments.workload)
    step(), step()
    profile, steps = cProfile.Profile(), 0
    end = perf_counter() + arguments.seconds
    with profile:
        while perf_counter() < end:
            step()
            steps += 1
    print(f"{arguments.workload}: {steps} steps")
    pstats.Stats(profile).strip_dirs().sort_stats(arguments.sort).print_stats(arguments.lines)


if __name__ == "__main__":
    main()
