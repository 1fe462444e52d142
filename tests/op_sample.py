"""What a row of the op table is made of: an operation and samples of its arguments.

A sample's tensors are written as recipes (`N(3, 4)`: numbers in that shape), from which both libraries get the same
numbers; everything else in a sample is passed as it stands.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

WHOLE = ("int64", "int32", "uint8", "bool")
LAYOUTS = ("plain", "fortran", "strided")


@dataclass(frozen=True)
class Recipe:
    """An array to be made: floating numbers of the dtype under test, unless `kind` says int or bool."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    kind: str = "float"
    values: Any = None

    def make(self, rng: np.random.Generator, dtype: Any, layout: str) -> np.ndarray:
        if self.values is not None:
            array = np.asarray(self.values)
            array = array.astype(dtype) if self.kind == "float" else array
        elif self.kind == "int":
            return np.asarray(rng.integers(int(self.low), int(self.high), self.shape))
        elif self.kind == "bool":
            return np.asarray(rng.random(self.shape) < 0.5)
        elif np.dtype(dtype).kind == "f":
            array = rng.uniform(self.low, self.high, self.shape).astype(dtype)
        elif np.dtype(dtype).kind == "b":
            array = rng.random(self.shape) < 0.5
        else:
            array = rng.integers(max(int(self.low), 0 if np.dtype(dtype).kind == "u" else -5), 6, self.shape).astype(dtype)
        return laid_out(np.asarray(array), layout)


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same numbers, lying otherwise in memory."""
    if layout == "fortran":
        return np.asarray(array, order="F")
    if layout == "strided" and array.ndim:
        wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    return array


def N(*shape: int, low: float = -2.0, high: float = 2.0) -> Recipe:
    """Numbers."""
    return Recipe(shape, low, high)


def P(*shape: int, low: float = 0.3, high: float = 3.0) -> Recipe:
    """Positive numbers, not close to 0."""
    return Recipe(shape, low, high)


def I(*shape: int, below: int, low: int = 0) -> Recipe:  # noqa: E743
    """int64 indices."""
    return Recipe(shape, low, below, "int")


def B(*shape: int) -> Recipe:
    """A mask."""
    return Recipe(shape, kind="bool")


def V(values: Any, kind: str = "float") -> Recipe:
    """These very numbers; `kind="as is"` keeps their dtype."""
    return Recipe((), kind=kind, values=values)


class S:
    """A sample: the arguments of one call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs
        self.singular = False

    def decided_by_torch(self) -> "S":
        """At ties, and where a step overflows, slopes are a convention: PyTorch is the only witness."""
        self.singular = True
        return self

    def __repr__(self) -> str:
        parts = [_short(a) for a in self.args] + [f"{k}={_short(v)}" for k, v in self.kwargs.items()]
        return f"({', '.join(parts)})"


def _short(value: Any) -> str:
    if isinstance(value, Recipe):
        return "×".join(map(str, value.shape)) or ("number" if value.values is None else "values")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_short, value))}]"
    return str(value).replace(" ", "")


@dataclass(frozen=True)
class Row:
    """An operation, and everything that its checks need to know.

    Attributes:
        samples: calls that succeed (or fail alike in both libraries).
        errors: calls that fail, with the same type of exception in both libraries.
        call: what to do with a library and the arguments, if it is not `library.name(*args, **kwargs)`.
        method: whether it is also a method.
        inplace: the in-place form's name, if there is one.
        whole: the integers (and bool) for which the results are PyTorch's, and the errors.
        scalar: the forward on arrays that can run on the scalar engine's numbers (None: the op's own), or a reason why none can.
        order: how often it is differentiated.
        aliases: other names of the same function.
    """

    name: str
    samples: tuple[S, ...]
    errors: tuple[S, ...] = ()
    call: Callable[..., Any] | None = None
    method: bool = True
    inplace: str | None = None
    whole: tuple[str, ...] = WHOLE
    scalar: Callable[..., Any] | str | None = None
    order: int = 3
    aliases: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return self.name

    def run(self, library: Any, args: Any, kwargs: Any) -> Any:
        if self.call is not None:
            return self.call(library, *args, **kwargs)
        return getattr(library, self.name)(*args, **kwargs)

    def cases(self) -> Iterator[tuple["Row", S]]:
        for sample in self.samples:
            yield self, sample

    def arrays(self, sample: S, dtype: Any = np.float64, layout: str = "plain") -> tuple[Any, Any]:
        """The sample's arguments with arrays for recipes; the same ones at every call."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name}{sample!r}".encode()))
        make = partial(_made, rng=rng, dtype=dtype, layout=layout)
        return tuple(map(make, sample.args)), {key: make(value) for key, value in sample.kwargs.items()}


def _made(value: Any, rng: np.random.Generator, dtype: Any, layout: str) -> Any:
    if isinstance(value, Recipe):
        return value.make(rng, dtype, layout)
    if isinstance(value, list | tuple):
        return type(value)([_made(part, rng, dtype, layout) for part in value])
    if isinstance(value, slice):
        return value
    return value


def mapped(function: Callable[[np.ndarray], Any], value: Any) -> Any:
    """The arguments with each array replaced."""
    if isinstance(value, np.ndarray):
        return function(value)
    if isinstance(value, list | tuple):
        return type(value)([mapped(function, part) for part in value])
    if isinstance(value, dict):
        return {key: mapped(function, part) for key, part in value.items()}
    return value
