"""The vocabulary of GPT-2: 50,257 pieces of text, and the 50,000 merges that make them (Radford et al., 2019)."""

import json
from pathlib import Path
from typing import NamedTuple

from byhand.examples.datasets.download import RemoteFile
from byhand.examples.datasets.text import read_text

__all__ = ["Vocabulary", "load"]

ADDRESS = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/"
SHA256 = {
    "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
}
FILES = {name: RemoteFile("gpt2-bpe", name, f"sha256:{digest}", (ADDRESS + name,)) for name, digest in SHA256.items()}


class Vocabulary(NamedTuple):
    """The number of each piece, and the pairs that are merged, the earliest first; bytes are written as GPT-2 writes them."""

    numbers: dict[str, int]
    merges: list[tuple[str, str]]


def load(folder: str | Path | None = None) -> Vocabulary:
    """Read both files; the first line of the merges names their version, and is left out."""
    numbers: dict[str, int] = json.loads(read_text(FILES["encoder.json"], folder))
    lines = read_text(FILES["vocab.bpe"], folder).split("\n")[1:]
    pairs = [line.split(" ") for line in lines if line]
    return Vocabulary(numbers, [(first, second) for first, second in pairs])
