"""The one error of this package: a file that is missing, damaged or foreign."""

from pathlib import Path

import click

__all__ = ["DataError"]


class DataError(click.ClickException):
    """A data file that cannot be used; the message names it, what was expected, and what to do."""

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
