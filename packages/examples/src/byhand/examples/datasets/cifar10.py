"""CIFAR-10: 60,000 photographs of ten things, 32 × 32 colour pixels (Krizhevsky, 2009)."""

from pathlib import Path

from byhand.examples.datasets.cifar import locate, read_batches
from byhand.examples.datasets.download import RemoteFile
from byhand.examples.datasets.images import Images, TrainOrTest

__all__ = ["CLASSES", "load"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILE = RemoteFile(
    "cifar-10",
    "cifar-10-python.tar.gz",
    "md5:c58f30108f718f92721af3b95e74349a",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
)
BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}


def load(part: TrainOrTest, folder: str | Path | None = None, archive: str | Path | None = None) -> Images:
    """The 50,000 images to learn from (N × 3 × 32 × 32 bytes: red, green, blue) with their labels, or the 10,000 to test on.

    `archive` names another archive in the same layout, or a folder with the unpacked batches: part of the images, say, or
    approximate ones. Its checksum is not known, so it is never taken unless asked for; what is measured on it is not
    measured on CIFAR-10.
    """
    path = locate(FILE, folder, archive)
    return read_batches(path, [f"cifar-10-batches-py/{name}" for name in BATCHES[part]], "labels")
