"""A small trained language model: 852,608 parameters that have read children's books (glassllm 0.1.0, MIT).

It comes within the package glassllm of the package index, as two files: its numbers in half precision, and its vocabulary.
"""

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import numpy as np
from byhand.examples.data import Array
from byhand.examples.datasets.download import RemoteFile, fetch, unpacked
from byhand.examples.datasets.errors import DataError

__all__ = ["Glass", "load"]

NAME = "glassllm-0.1.0-py3-none-any.whl"
FILE = RemoteFile(
    "glassllm",
    NAME,
    "sha256:1611801c031d0fc300dc89d3c07cd6be56dc1784e38e24422b2242d0761a333b",
    (f"https://files.pythonhosted.org/packages/e9/15/e76cd8ca5aab92788e5e784200b75dd392bb47f1358d783ec9ef31ef6854/{NAME}",),
)
UNPACKED = {
    "en.npz": "sha256:261ae219ab98caa1f3641e23deb3d9d91b7b7a276f991cbd494f67cfa5abce4d",
    "en.tokenizer.json": "sha256:4cf0830157c45cf7f8c70a8fdcb8378c33330b9ba0c9a312e772d7d6485ca4df",
}


class Glass(NamedTuple):
    """The sizes of the model, its parameters by name, the characters that it knows, and the pairs of pieces that are merged."""

    config: dict[str, Any]
    parameters: dict[str, Array]
    alphabet: list[str]
    merges: list[tuple[str, str]]


def load(folder: str | Path | None = None) -> Glass:
    """Read both files, from the package or, in a folder of yours, as they lie in it (en.npz, en.tokenizer.json)."""
    paths = unpacked(FILE, UNPACKED, folder or os.environ.get("BYHAND_DATA"))
    contents = [path.read_bytes() for path in paths] if paths else _from_package(fetch(FILE, folder))
    with np.load(BytesIO(contents[0])) as arrays:
        parameters = {name: arrays[name] for name in arrays if name != "__config__"}
        config: dict[str, Any] = json.loads(str(arrays["__config__"]))
    vocabulary = json.loads(contents[1])
    return Glass(config, parameters, vocabulary["alphabet"], [(first, second) for first, second in vocabulary["merges"]])


def _from_package(path: Path) -> list[bytes]:
    try:
        with ZipFile(path) as package:
            return [package.read(f"glassllm/weights/{name}") for name in UNPACKED]
    except (KeyError, BadZipFile, OSError) as error:
        raise DataError(path, f"not the package of the model ({error}); remove it and get it again") from None
