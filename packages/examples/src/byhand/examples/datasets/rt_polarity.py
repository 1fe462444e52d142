"""10,662 sentences from film reviews, half of them favourable (Pang & Lee, 2005: sentence polarity dataset v1.0)."""

import os
import tarfile
import zlib
from pathlib import Path
from typing import NamedTuple

from byhand.examples.datasets.download import RemoteFile, fetch, unpacked
from byhand.examples.datasets.errors import DataError

__all__ = ["Reviews", "load"]

ENCODING = "cp1252"
FILE = RemoteFile(
    "text",
    "rt-polaritydata.tar.gz",
    "sha256:a05befe52aafda71d458d188a1c54506a998b1308613ba76bbda2e5029409ce9",
    (
        "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
        "https://storage.googleapis.com/seldon-datasets/sentence_polarity_v1/rt-polaritydata.tar.gz",
    ),
)
UNPACKED = {
    "rt-polarity.pos": "sha256:d79ef14009bbf87cd6be21f91c3ea1a3cbcb73b34dfb4231aef7bbcd7677abc4",
    "rt-polarity.neg": "sha256:4af43bf489620b498a0852c5a8c6a535155dec7985fdfea782b8f7756b957ccc",
}
LINES = 5331


class Reviews(NamedTuple):
    """The sentences of either kind, words and marks apart and in small letters already."""

    positive: list[str]
    negative: list[str]


def load(folder: str | Path | None = None) -> Reviews:
    """All sentences, from the archive or, in a folder of yours, from the two files that it holds."""
    paths = unpacked(FILE, UNPACKED, folder or os.environ.get("BYHAND_DATA"))
    if paths:
        return Reviews(*(_sentences(path.read_bytes(), path) for path in paths))
    path = fetch(FILE, folder)
    try:
        with tarfile.open(path, "r:gz") as archive:
            contents = [archive.extractfile(f"rt-polaritydata/{name}") for name in UNPACKED]
            return Reviews(*(_sentences(file.read() if file else b"", path) for file in contents))
    except (KeyError, tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(path, f"not the archive of the sentences ({error}); remove it and get it again") from None


def _sentences(content: bytes, path: Path) -> list[str]:
    lines = [line.strip() for line in content.decode(ENCODING).split("\n") if line.strip()]
    if len(lines) != LINES:
        raise DataError(path, f"{len(lines):,} sentences of one kind, where there should be {LINES:,}")
    return lines
