"""Reading a text file that has been verified."""

from pathlib import Path

from byhand.examples.datasets.download import RemoteFile, fetch

__all__ = ["read_text"]


def read_text(file: RemoteFile, folder: str | Path | None, encoding: str = "utf-8") -> str:
    """The text of a file, its line ends as they are."""
    return fetch(file, folder).read_bytes().decode(encoding)
