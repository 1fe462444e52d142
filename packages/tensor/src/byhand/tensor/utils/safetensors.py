"""Tensors in files: the safetensors format, which holds numbers and names and nothing that could run.

    8 bytes      n, the header's length, little-endian
    n bytes      JSON: {name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {text: text}}
    the rest     all elements, row-major, little-endian, tensor behind tensor without a gap

The functions are those of the `safetensors.torch` package, so a file written by PyTorch is read here and the other way round.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._tensor import Tensor, wrap

__all__ = ["SafetensorError", "load", "load_file", "load_metadata", "save", "save_file"]

DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8", "I64": "<i8",
    "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
HALF_OF_FLOAT32 = "BF16"  # the upper 16 bits of a float32, which is what it is read as
LONGEST_HEADER = 100_000_000
METADATA = "__metadata__"


class SafetensorError(ValueError):
    """A file that is not safetensors, or is damaged; the message names it and says what is wrong."""


def save(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return named tensors, and texts beside them, as the content of a safetensors file.

    Raises TypeError for values that are no tensors and metadata that is not text, ValueError for a dtype unknown to the format.
    """
    header: dict[str, Any] = {}
    if metadata is not None:
        if not all(isinstance(text, str) for pair in metadata.items() for text in pair):
            raise TypeError("save: metadata must map str to str; put other values into JSON first")
        header[METADATA] = dict(metadata)
    arrays = {name: _array(name, tensor) for name, tensor in tensors.items()}
    # The widest elements first, so that all of them are aligned.
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    start = 0
    for name in order:
        array = arrays[name]
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [start, start + array.nbytes]}
        start += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *[arrays[name].tobytes() for name in order]])


def save_file(
    tensors: Mapping[str, Tensor], filename: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named tensors to a file, whole or not at all: one that is already there is replaced at the very end. See `save`."""
    content = save(tensors, metadata)
    path = Path(filename)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(data: bytes) -> dict[str, Tensor]:
    """Return the tensors in the content of a safetensors file. Raises SafetensorError if it is foreign or damaged."""
    return _tensors(bytearray(data), "the data")[0]


def load_file(filename: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the tensors of a file, in the order of their names. BF16 is read as float32.

    Raises FileNotFoundError; SafetensorError, which names the file, if it is foreign, cut short or damaged.
    """
    return _tensors(bytearray(Path(filename).read_bytes()), str(filename))[0]


def load_metadata(filename: str | os.PathLike[str]) -> dict[str, str]:
    """Return the texts that were saved beside the tensors. Raises as `load_file`."""
    return _tensors(bytearray(Path(filename).read_bytes()), str(filename))[1]


def _array(name: str, tensor: Tensor) -> np.ndarray[Any, Any]:
    if not isinstance(name, str) or name == METADATA:
        raise TypeError(f"save: {name!r} cannot name a tensor")
    if not isinstance(tensor, Tensor):
        raise TypeError(f"save: {name!r} must be a Tensor, not {type(tensor).__name__}; wrap it with tensor()")
    array = tensor._data
    little = array.dtype.newbyteorder("<")
    if little not in NAMES:
        raise ValueError(f"save: safetensors has no dtype {array.dtype} ({name!r}); convert it first")
    return np.ascontiguousarray(array, little).reshape(array.shape)


def _tensors(data: bytearray, source: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    header, start = _header(data, source)
    metadata = header.pop(METADATA, {})
    spans = {name: _span(name, entry, source) for name, entry in header.items()}
    _check_gapless(spans, len(data) - start, source)
    tensors = {}
    for name, (first, _) in sorted(spans.items()):
        dtype, shape = header[name]["dtype"], tuple(header[name]["shape"])
        code = np.dtype("<u2" if dtype == HALF_OF_FLOAT32 else DTYPES[dtype])
        array = np.frombuffer(data, code, math.prod(shape), start + first).reshape(shape)
        if dtype == HALF_OF_FLOAT32:
            array = (array.astype(np.uint32) << 16).view(np.float32)
        if not array.flags.aligned or sys.byteorder == "big":
            array = array.astype(array.dtype.newbyteorder("="))
        tensors[name] = wrap(array)
    return tensors, metadata


def _header(data: bytearray, source: str) -> tuple[dict[str, Any], int]:
    """The JSON part, and where the elements begin."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > LONGEST_HEADER:
        raise SafetensorError(f"{source}: this is no safetensors file: it does not begin with the length of a header")
    if len(data) < 8 + size:
        raise SafetensorError(f"{source}: cut short: the header should have {size} bytes, but {len(data) - 8} are there")
    try:
        header = json.loads(data[8 : 8 + size].decode())
    except ValueError as error:
        raise SafetensorError(f"{source}: this is no safetensors file: its header is no JSON ({error})") from None
    if not isinstance(header, dict) or not all(isinstance(entry, dict) for entry in header.values()):
        raise SafetensorError(f"{source}: this is no safetensors file: its header does not list tensors")
    return header, 8 + size


def _span(name: str, entry: dict[str, Any], source: str) -> tuple[int, int]:
    """Where a tensor's bytes begin and end, once they fit its shape and dtype."""
    try:
        dtype, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
        count = math.prod(shape)
        sound = all(type(n) is int and n >= 0 for n in (*shape, first, last))
    except (KeyError, TypeError, ValueError):
        raise SafetensorError(f"{source}: the header's entry for {name!r} lacks dtype, shape or data_offsets") from None
    if dtype != HALF_OF_FLOAT32 and dtype not in DTYPES:
        raise SafetensorError(f"{source}: {name!r} has the dtype {dtype!r}; known are {', '.join(DTYPES)} and BF16")
    width = 2 if dtype == HALF_OF_FLOAT32 else np.dtype(DTYPES[dtype]).itemsize
    if not sound or last - first != count * width:
        raise SafetensorError(
            f"{source}: {name!r} of shape {shape} and dtype {dtype} needs {count * width} bytes; it has {first} to {last}"
        )
    return first, last


def _check_gapless(spans: dict[str, tuple[int, int]], size: int, source: str) -> None:
    """Raise SafetensorError unless the tensors fill the file exactly, without gap or overlap."""
    end = 0
    for name, (first, last) in sorted(spans.items(), key=lambda item: item[1]):
        if first != end:
            raise SafetensorError(f"{source}: damaged: {name!r} should begin at byte {end}, but its header says {first}")
        end = last
    if end != size:
        kind = "cut short" if size < end else "damaged"
        raise SafetensorError(f"{source}: {kind}: the header announces {end} bytes of elements, but {size} are there")
