"""CIFAR-100: 60,000 photographs of a hundred things in twenty groups, 32 × 32 colour pixels (Krizhevsky, 2009)."""

from pathlib import Path
from typing import Literal

from byhand.examples.datasets.cifar import locate, read_batches, read_members
from byhand.examples.datasets.download import RemoteFile
from byhand.examples.datasets.images import Images, TrainOrTest

__all__ = ["classes", "load"]

FILE = RemoteFile(
    "cifar-100",
    "cifar-100-python.tar.gz",
    "md5:eb9058c3a382ffc7106e4002c42a8d85",
    ("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
)
Labels = Literal["fine", "coarse"]


def load(
    part: TrainOrTest, folder: str | Path | None = None, archive: str | Path | None = None, labels: Labels = "fine"
) -> Images:
    """The 50,000 images to learn from (N × 3 × 32 × 32 bytes), or the 10,000 to test on; labelled 0 … 99, or coarsely 0 … 19.

    `archive` names another archive in the same layout, as for CIFAR-10.
    """
    return read_batches(locate(FILE, folder, archive), [f"cifar-100-python/{part}"], f"{labels}_labels")


def classes(folder: str | Path | None = None, archive: str | Path | None = None, labels: Labels = "fine") -> tuple[str, ...]:
    """The names of the classes, in the order of their labels."""
    (meta,) = read_members(locate(FILE, folder, archive), ["cifar-100-python/meta"])
    return tuple(meta[f"{labels}_label_names"])
