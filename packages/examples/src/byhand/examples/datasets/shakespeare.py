"""Tiny Shakespeare: 1,115,394 characters from the plays, 65 different ones (Karpathy, 2015)."""

from pathlib import Path

from byhand.examples.datasets.download import RemoteFile
from byhand.examples.datasets.text import read_text

__all__ = ["load"]

FILE = RemoteFile(
    "text",
    "tinyshakespeare.txt",
    "sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    (
        "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a/data/tinyshakespeare/input.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    ),
)


def load(folder: str | Path | None = None) -> str:
    """The whole text."""
    return read_text(FILE, folder)
