"""Random numbers from a `Generator` of our own: NumPy's global state is neither used nor changed.

The default generator is seeded by the operating system, and by `manual_seed` for runs that can be repeated. The numbers
are NumPy's PCG64 stream, not PyTorch's Mersenne Twister: equal seeds give equal runs here, not across the libraries.
"""

from __future__ import annotations

import copy
import os
from contextvars import ContextVar
from functools import cached_property
from typing import Any

import numpy as np

from ._dtypes import as_dtype, get_default_dtype
from ._tensor import Tensor, wrap
from .creation import check_device
from .ops.shapes import sizes

__all__ = [
    "Generator", "bernoulli", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "multinomial", "normal",
    "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip


class Generator:
    """A source of random numbers with a state that can be saved and set."""

    def __init__(self, device: str = "cpu") -> None:
        check_device(device)
        self.seed()

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to `seed` and return the generator."""
        self._seed = int(seed)
        self.__dict__.pop("numpy", None)
        return self

    @cached_property
    def numpy(self) -> np.random.Generator:
        """NumPy's generator. It is made when first needed: importing `numpy.random` takes as long as a fifth of NumPy."""
        return np.random.Generator(np.random.PCG64(self._seed % 2**64))

    def seed(self) -> int:
        """Start a stream from the operating system's randomness and return its seed."""
        self.manual_seed(int.from_bytes(os.urandom(8)) % 2**63)
        return self._seed

    def initial_seed(self) -> int:
        """Return the seed with which the stream began."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """Return the state: JSON-able, so that a checkpoint can hold it."""
        return {"seed": self._seed, "state": copy.deepcopy(self.numpy.bit_generator.state)}

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Continue from a state that `get_state` returned."""
        self._seed = state["seed"]
        self.numpy.bit_generator.state = state["state"]
        return self


default_generator = Generator()
own_generator: ContextVar[Generator | None] = ContextVar("byhand.tensor.generator", default=None)  # that of a worker thread


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, so that what follows can be repeated; return it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed with which the default generator began."""
    return default_generator.initial_seed()


def get_rng_state() -> dict[str, Any]:
    """Return the default generator's state."""
    return default_generator.get_state()


def set_rng_state(state: dict[str, Any]) -> None:
    """Let the default generator continue from a saved state."""
    default_generator.set_state(state)


def _stream(generator: Generator | None) -> np.random.Generator:
    """NumPy's generator behind the given one, or else behind the thread's or the default one."""
    return (generator or own_generator.get() or default_generator).numpy


def _floating(dtype: Any) -> np.dtype[Any]:
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    if wanted.kind != "f":
        raise RuntimeError(f"random numbers of this kind are floating; {wanted} is not supported: use randint")
    return wanted


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn uniformly from [0, 1)."""
    check_device(device)
    wanted = _floating(dtype)
    drawn = _stream(generator).random(sizes(size), dtype=np.float64 if wanted == np.float64 else np.float32)
    return wrap(np.asarray(drawn, dtype=wanted)).requires_grad_(requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn from the normal distribution with mean 0 and variance 1."""
    check_device(device)
    wanted = _floating(dtype)
    drawn = _stream(generator).standard_normal(sizes(size), dtype=np.float64 if wanted == np.float64 else np.float32)
    return wrap(np.asarray(drawn, dtype=wanted)).requires_grad_(requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `rand` in the shape and dtype of `input`."""
    return rand(input.shape, generator=generator, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `randn` in the shape and dtype of `input`."""
    return randn(input.shape, generator=generator, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return integers drawn uniformly from low … high − 1: `randint(high, size)` or `randint(low, high, size)`.

    Raises RuntimeError if there is no such integer.
    """
    check_device(device)
    if size is None:
        low, high, size = 0, low, high
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    drawn = _stream(generator).integers(low, high, sizes((size,)))
    return wrap(np.asarray(drawn, dtype=np.int64 if dtype is None else as_dtype(dtype))).requires_grad_(requires_grad)


def randint_like(
    input: Tensor,
    low: Any,
    high: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `randint` in the shape and dtype of `input`: `randint_like(x, high)` or `randint_like(x, low, high)`."""
    low, high = (0, low) if high is None else (low, high)
    low, high = (int(bound) for bound in (low, high))
    return randint(
        low, high, input.shape, generator=generator, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """Return the numbers 0 … n − 1 in random order."""
    check_device(device)
    return wrap(_stream(generator).permutation(n).astype(np.int64 if dtype is None else as_dtype(dtype)))


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with probability `input` (or `p`), else 0, element by element. Raises RuntimeError outside [0, 1]."""
    chance = input._data if p is None else np.full(input.shape, p)
    if chance.size and not (chance.min() >= 0 and chance.max() <= 1):
        raise RuntimeError(f"Expected p_in >= 0 && p_in <= 1, got values from {chance.min()} to {chance.max()}")
    return wrap(np.asarray(_stream(generator).random(chance.shape) < chance).astype(input._data.dtype))


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers drawn from N(mean, std²), where either may be a tensor; of the shape `size` and the `dtype`, if neither is.

    Raises RuntimeError for a negative std.
    """
    check_device(device)
    tensors = [t for t in (mean, std) if isinstance(t, Tensor)]
    if bool(tensors) == (size is not None):
        raise TypeError("normal: give tensors, or numbers and a size; not both, and not neither")
    wanted = get_default_dtype() if dtype is None else as_dtype(dtype)
    centre, deviation = (t._data if isinstance(t, Tensor) else np.asarray(t, wanted) for t in (mean, std))
    if deviation.size and deviation.min() < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {deviation.min()}")
    shape = np.broadcast_shapes(centre.shape, deviation.shape) if size is None else sizes((size,))
    wanted = np.result_type(*[t._data for t in tensors]) if tensors else wanted
    drawn = _stream(generator).standard_normal(shape) * deviation + centre
    return wrap(np.asarray(drawn, wanted)).requires_grad_(requires_grad)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Return how often something happened that happens `input` times on average. Raises RuntimeError for negative rates."""
    if input._data.dtype.kind != "f" or (input._data.size and input._data.min() < 0):
        raise RuntimeError("poisson: the rates must be floating and not negative")
    return wrap(np.asarray(_stream(generator).poisson(input._data)).astype(input._data.dtype))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Return `num_samples` indices for each row of weights, each drawn with a probability proportional to its weight.

    With `replacement`, by the inverse of the cumulated weights; without, the largest w/e with e from the exponential
    distribution (P. S. Efraimidis and P. G. Spirakis, 2006), so that weights of 0 come last.
    Raises RuntimeError for weights that are negative, not finite or all 0, and for more samples than weights without
    `replacement`.
    """
    weights = input._data
    if weights.ndim not in (1, 2) or weights.dtype.kind != "f":
        raise RuntimeError(f"multinomial: prob_dist must be floating, with 1 or 2 dim, but got {weights.shape} {weights.dtype}")
    if num_samples <= 0 or (num_samples > weights.shape[-1] and not replacement):
        raise RuntimeError(f"multinomial: cannot sample {num_samples} of {weights.shape[-1]} (replacement={replacement})")
    if weights.size and not (np.isfinite(weights).all() and weights.min() >= 0):
        raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
    total = weights.sum(-1, dtype=np.float64, keepdims=True)
    if (total <= 0).any():
        raise RuntimeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
    numbers = _stream(generator)
    if not replacement:
        keys = weights / numbers.standard_exponential(weights.shape)
        return wrap(np.argsort(-keys, axis=-1, kind="stable")[..., :num_samples].copy())
    bounds = np.cumsum(weights / total, axis=-1, dtype=np.float64)
    bounds /= bounds[..., -1:]
    rows = bounds.reshape(-1, weights.shape[-1])
    shift = np.arange(len(rows))[:, None]  # so that all rows are searched at once
    drawn = (numbers.random((len(rows), num_samples)) + shift).ravel()
    found = np.searchsorted((rows + shift).ravel(), drawn, side="right").reshape(len(rows), -1) - shift * weights.shape[-1]
    found = np.minimum(found, np.argmax(rows, axis=-1)[:, None])  # where rounding reached the end: the last that has a weight
    return wrap(found.reshape(*weights.shape[:-1], num_samples))
