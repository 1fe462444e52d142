"""CIFAR's pickles, read without running anything.

A pickle is a program: it may call whatever it can name. These files name three things, all of them NumPy's, to build one
array of bytes. Here those names stand for classes of our own that only keep what they are given; every other name is
refused before anything is called.
"""

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from byhand.examples.datasets.errors import DataError

__all__ = ["read_pickle"]

MODULES = {"numpy.core.multiarray", "numpy._core.multiarray", "numpy"}


def read_pickle(content: bytes, path: Path | str) -> dict[str, Any]:
    """Read a dict of texts, numbers, lists and arrays of bytes. Raises DataError (naming `path`) if it is anything else."""
    try:
        found = _Reader(BytesIO(content)).load()
        return {_text(key): _plain(value) for key, value in found.items()}
    except pickle.UnpicklingError as error:
        raise DataError(path, f"{error}; this is not the data set's file") from None
    except Exception as error:  # noqa: BLE001 (a damaged pickle fails anywhere, in any way)
        raise DataError(path, f"the pickle is damaged or foreign ({type(error).__name__}: {error}); get the file again") from None


class _Reader(pickle.Unpickler):
    """An unpickler that knows three names, none of which does anything."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, encoding="latin1")
        # Made anew for each file: what a pickle may do to them ends with it.
        self.known = {name: _inert(name) for name in ("_reconstruct", "ndarray", "dtype")}

    def find_class(self, module: str, name: str) -> type:
        """Return what stands for the name. Raises UnpicklingError for any that the data sets do not use."""
        if module not in MODULES or name not in self.known:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}, which could run code; nothing was run")
        return self.known[name]


class _Inert:
    """Keeps the arguments it is made with and the state it is given."""

    __slots__ = ("arguments", "state")

    def __init__(self, *arguments: Any) -> None:
        self.arguments: tuple[Any, ...] = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _inert(name: str) -> type[_Inert]:
    return type(name, (_Inert,), {"__slots__": ()})


def _plain(value: Any) -> Any:
    """Values as they are, lists of plain ones, and for what stands for an array the array."""
    if isinstance(value, _Inert):
        return _array(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, (str, bytes, int)):
        return value
    raise pickle.UnpicklingError(f"the pickle holds a {type(value).__name__}")


def _array(value: _Inert) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """NumPy's state of an array: version, shape, dtype, whether the columns come first, the bytes themselves."""
    _, shape, dtype, columns_first, content = value.state
    if dtype.arguments[0] not in ("u1", "|u1"):
        raise pickle.UnpicklingError(f"the pickle holds an array of {dtype.arguments[0]!r} where bytes were expected")
    if isinstance(content, str):
        content = content.encode("latin1")
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if columns_first else "C")


def _text(key: str | bytes) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else key
