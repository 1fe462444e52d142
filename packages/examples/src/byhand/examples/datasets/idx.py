"""The IDX format of MNIST, read by hand.

    00 00 08 d        two zeros, the type (08: bytes), the number of dimensions
    n₁ … n_d          the sizes, four bytes each, the highest first
    n₁ · … · n_d      bytes

Source: http://yann.lecun.com/exdb/mnist (LeCun, Cortes & Burges, 1998).
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from byhand.examples.datasets.errors import DataError

__all__ = ["read_idx"]

BYTES = 0x08


def read_idx(path: Path, dimensions: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Read a gzipped array of bytes with so many dimensions. Raises DataError if the file is anything else."""
    try:
        with gzip.open(path) as file:
            head = file.read(4 + 4 * dimensions)
            expected = bytes([0, 0, BYTES, dimensions])
            if len(head) < 4 + 4 * dimensions or head[:4] != expected:
                found = head[:4].hex(" ") or "nothing"
                raise DataError(path, f"an IDX file of {dimensions} dimensions begins with {expected.hex(' ')}, not {found}")
            shape = struct.unpack(f">{dimensions}I", head[4:])
            size = math.prod(shape)
            content = file.read(size + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(path, f"not a whole gzip file ({error}); remove it and get it again") from None
    if len(content) != size:
        more = "more" if len(content) > size else "less"
        raise DataError(path, f"its head promises {' × '.join(map(str, shape))} bytes, and {more} follow; get the file again")
    return np.frombuffer(content, np.uint8).reshape(shape)
