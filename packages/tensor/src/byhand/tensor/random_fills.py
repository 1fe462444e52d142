"""Random numbers written into a tensor: `x.uniform_()` and its like, each from a `Generator`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._graph import Array
from ._memory import copy_
from ._tensor import Tensor, wrap
from ._views import check_writable
from .random import Generator, _stream

__all__ = [
    "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_",
]  # fmt: skip


def _filled(name: str, input: Tensor, generator: Generator | None, draw: Callable[[np.random.Generator], Array]) -> Tensor:
    """The tensor, after what was drawn is written into it. Nothing is drawn if it must not be changed."""
    check_writable(input, name)
    return copy_(input, wrap(np.asarray(draw(_stream(generator))).astype(input._data.dtype)))


def _check(name: str, right: bool, expected: str, given: str) -> None:
    if not right:
        raise RuntimeError(f"{name} expects {expected}, but found {given}")


def _continuous(name: str, input: Tensor, kind: type[Exception]) -> None:
    if input._data.dtype.kind != "f":
        raise kind(f"{name} draws from a continuous distribution: the tensor must be floating, but it is {input.dtype}")


def uniform_(input: Tensor, from_: float = 0, to: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers drawn uniformly from [from_, to). Raises RuntimeError if `to` is below."""
    _continuous("uniform_", input, NotImplementedError)
    _check("uniform_", from_ <= to, "from <= to", f"from={from_} > to={to}")

    def draw(numbers: np.random.Generator) -> Array:
        drawn = numbers.random(input._data.shape, dtype=np.float64 if input._data.dtype == np.float64 else np.float32)
        return drawn * (to - from_) + from_

    return _filled("uniform_", input, generator, draw)


def normal_(input: Tensor, mean: float = 0, std: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers drawn from N(mean, std²). Raises RuntimeError for a negative std."""
    _continuous("normal_", input, NotImplementedError)
    _check("normal_", std >= 0, "std >= 0.0", f"std {std}")

    def draw(numbers: np.random.Generator) -> Array:
        drawn = numbers.standard_normal(
            input._data.shape, dtype=np.float64 if input._data.dtype == np.float64 else np.float32
        )
        return drawn * std + mean

    return _filled("normal_", input, generator, draw)


def log_normal_(input: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with e to the power of numbers drawn from N(mean, std²). Raises RuntimeError for std ≤ 0."""
    _continuous("log_normal_", input, NotImplementedError)
    _check("log_normal_", std > 0, "std > 0.0", f"std={std}")
    return _filled("log_normal_", input, generator, lambda numbers: numbers.lognormal(mean, std, input._data.shape))


def exponential_(input: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers drawn from the density λ e^{−λx}. Raises RuntimeError for λ ≤ 0."""
    _continuous("exponential_", input, RuntimeError)
    _check("exponential_", lambd > 0, "lambda > 0.0", f"lambda={lambd}")
    return _filled("exponential_", input, generator, lambda numbers: numbers.exponential(1 / lambd, input._data.shape))


def cauchy_(input: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers drawn from the density σ / (π ((x − median)² + σ²)). Raises RuntimeError for σ ≤ 0."""
    _continuous("cauchy_", input, RuntimeError)
    _check("cauchy_", sigma > 0, "sigma > 0.0", f"sigma={sigma}")
    return _filled("cauchy_", input, generator, lambda numbers: numbers.standard_cauchy(input._data.shape) * sigma + median)


def geometric_(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with the numbers of trials up to the first success of probability p: P(k) = (1 − p)ᵏ⁻¹ p, k ≥ 1."""
    _check("geometric_", 0 < p < 1, "p to be in (0, 1)", f"p={p}")
    return _filled("geometric_", input, generator, lambda numbers: numbers.geometric(p, input._data.shape))


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with 1 with probability p (a number, or a tensor that broadcasts), else 0.

    Raises RuntimeError outside [0, 1].
    """
    chance = np.asarray(p._data if isinstance(p, Tensor) else p)
    _check("bernoulli_", not chance.size or bool(chance.min() >= 0 and chance.max() <= 1), "p to be in [0, 1]", f"p={p}")
    return _filled("bernoulli_", input, generator, lambda numbers: numbers.random(input._data.shape) < chance)


# Up to here all integers have a place of their own among floating numbers.
_EXACT = {np.dtype(np.float16): 2**11, np.dtype(np.float32): 2**24, np.dtype(np.float64): 2**53, np.dtype(bool): 1}


def random_(input: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with integers drawn uniformly: `random_(from, to)` from `from` … `to` − 1, `random_(to)` from 0 on.

    `random_()` draws from 0 up to the largest integer of the dtype (of a floating one: up to which all have a place).
    Raises RuntimeError if there is no such integer.
    """
    dtype = input._data.dtype
    largest = _EXACT[dtype] if dtype in _EXACT else np.iinfo(dtype).max
    if to is None:
        from_, to = 0, largest + 1 if from_ is None else from_
    low = 0 if from_ is None else from_
    _check("random_", low < to, "'from' to be less than 'to'", f"from={low} >= to={to}")
    return _filled("random_", input, generator, lambda numbers: numbers.integers(low, to - 1, input._data.shape, endpoint=True))
