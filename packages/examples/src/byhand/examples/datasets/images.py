"""What the sets of images have in common: pictures with labels, and MNIST's four files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from byhand.examples.datasets.download import RemoteFile, fetch
from byhand.examples.datasets.errors import DataError
from byhand.examples.datasets.idx import read_idx

__all__ = ["Images", "four_files", "load_idx"]

TrainOrTest = Literal["train", "test"]


class Images(NamedTuple):
    """Pictures (N × height × width, or N × 3 × height × width, bytes) and the class of each (N, int64)."""

    images: np.ndarray[Any, np.dtype[np.uint8]]
    labels: np.ndarray[Any, np.dtype[np.int64]]


def four_files(folder: str, sha256: Mapping[str, str], addresses: tuple[str, ...]) -> dict[str, RemoteFile]:
    """MNIST's files, or those of a set that took over its format, by their name in `sha256`: images and labels, twice."""
    endings = {"train-images": "-idx3-ubyte.gz", "train-labels": "-idx1-ubyte.gz", "t10k-images": "-idx3-ubyte.gz",
               "t10k-labels": "-idx1-ubyte.gz"}  # fmt: skip
    return {
        name: RemoteFile(folder, name + ending, f"sha256:{sha256[name]}", tuple(a + name + ending for a in addresses))
        for name, ending in endings.items()
    }


def load_idx(files: Mapping[str, RemoteFile], part: TrainOrTest, folder: str | Path | None) -> Images:
    """Read the images and the labels of one part. Raises DataError if they do not belong together."""
    prefix = {"train": "train", "test": "t10k"}[part]
    image_file, label_file = (fetch(files[f"{prefix}-{what}"], folder) for what in ("images", "labels"))
    images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if len(images) != len(labels):
        raise DataError(label_file, f"{len(labels)} labels for the {len(images)} images of {image_file.name}")
    return Images(images, labels.astype(np.int64))
