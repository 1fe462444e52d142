"""32,033 first names, 2 to 15 small letters each, the most frequent first (US Social Security Administration, 2018)."""

from pathlib import Path

from byhand.examples.datasets.download import RemoteFile
from byhand.examples.datasets.text import read_text

__all__ = ["load"]

FILE = RemoteFile(
    "text",
    "names.txt",
    "sha256:0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ("https://raw.githubusercontent.com/karpathy/makemore/988aa59/names.txt",),
)


def load(folder: str | Path | None = None) -> list[str]:
    """All names, in the order of the file."""
    return read_text(FILE, folder).split()
