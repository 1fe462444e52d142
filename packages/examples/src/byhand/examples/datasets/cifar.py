"""What CIFAR-10 and CIFAR-100 have in common: batches of 32 × 32 colour pictures, pickled, in an archive."""

import gzip
import tarfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from byhand.examples.datasets.download import RemoteFile, fetch
from byhand.examples.datasets.errors import DataError
from byhand.examples.datasets.images import Images
from byhand.examples.datasets.pickles import read_pickle

__all__ = ["locate", "read_batches", "read_members"]

PIXELS = 3 * 32 * 32


def locate(file: RemoteFile, folder: str | Path | None, archive: str | Path | None) -> Path:
    """The official archive, verified; or, if one is asked for by its path, any archive or unpacked folder as it is."""
    if archive is None:
        return fetch(file, folder)
    path = Path(archive)
    if not path.exists():
        raise DataError(path, "there is no such archive, and no such folder with the unpacked batches")
    return path


def read_batches(path: Path, names: Sequence[str], label: str) -> Images:
    """Read batches one after the other: their images (N × 3 × 32 × 32 bytes) and the classes that stand under `label`."""
    found = zip(names, read_members(path, names))
    batches = [_checked(batch, f"{path}/{name}", label) for name, batch in found]
    images = np.concatenate([images for images, _ in batches]).reshape(-1, 3, 32, 32)
    return Images(images, np.concatenate([labels for _, labels in batches]))


def read_members(path: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    """Read pickles, by their names in the archive (or below the folder). Raises DataError if one is missing or damaged."""
    if path.is_dir():
        return [_in_folder(path, name) for name in names]
    try:
        # All of it, so that its checksum is read too; and into memory, whatever paths the archive may hold.
        with tarfile.open(fileobj=BytesIO(gzip.decompress(path.read_bytes()))) as archive:
            contents = [file.read() if (file := archive.extractfile(name)) else b"" for name in names]
    except KeyError as error:
        raise DataError(path, f"{error.args[0]}: it is an archive of something else") from None
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(path, f"not a whole .tar.gz ({error}); remove it and get it again") from None
    return [read_pickle(content, f"{path}/{name}") for name, content in zip(names, contents)]


def _in_folder(path: Path, name: str) -> dict[str, Any]:
    file = next((place for place in (path / name, path / Path(name).name) if place.is_file()), None)
    if file is None:
        raise DataError(path, f"the folder holds no {name}")
    return read_pickle(file.read_bytes(), file)


def _checked(batch: dict[str, Any], where: str, label: str) -> tuple[Any, np.ndarray[Any, np.dtype[np.int64]]]:
    images, labels = batch.get("data"), batch.get(label)
    if not isinstance(images, np.ndarray) or images.ndim != 2 or images.shape[1] != PIXELS or not isinstance(labels, list):
        raise DataError(where, f"a batch has {PIXELS} bytes an image under 'data' and a list under {label!r}; this one has not")
    if len(images) != len(labels) or not all(isinstance(one, int) for one in labels):
        raise DataError(where, f"{len(images)} images, but {len(labels)} classes (or not all of these whole numbers)")
    return images, np.array(labels, np.int64)
