"""Where a run writes, and how it is found again.

Without --out each run has a new folder, runs/NAME/001, 002, …; --resume then means the latest. A folder that holds a run
is never written over unless --overwrite says so.
"""

from pathlib import Path

import click
from byhand.examples.training import BEST, LAST, METRICS

__all__ = ["folder_for"]


def folder_for(name: str, out: Path | None, resume: bool, overwrite: bool) -> Path:
    """The folder of a new run, or of the one to be resumed. Raises a click error if there is none, or one that is taken."""
    if resume:
        return out or _latest(name)
    if out is None:
        return Path("runs") / name / f"{max(_numbers(name), default=0) + 1:03}"
    if overwrite:
        for old in (LAST, BEST, METRICS):
            (out / old).unlink(missing_ok=True)
    elif any((out / old).exists() for old in (LAST, BEST, METRICS)):
        raise click.ClickException(
            f"{out}: there is a run in this folder already. Go on with it by --resume, begin anew in its place by "
            "--overwrite, or name another folder"
        )
    return out


def _numbers(name: str) -> list[int]:
    """The numbers of the runs there are."""
    return [int(path.name) for path in (Path("runs") / name).glob("*") if path.name.isdecimal()]


def _latest(name: str) -> Path:
    for number in sorted(_numbers(name), reverse=True):
        folder = Path("runs") / name / f"{number:03}"
        if (folder / LAST).exists():
            return folder
    raise click.ClickException(f"runs/{name}: no run to go on with; train without --resume first, or name a folder with --out")
