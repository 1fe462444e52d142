"""From a list of samples to a batch: tensors are stacked, numbers become tensors, containers keep their form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..._dtypes import float64
from ..._tensor import Tensor
from ...creation import as_tensor, tensor
from ...ops.shapes import stack

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """Return one batch of the samples: tensors and arrays stacked along a new first dimension, floats as float64, ints as
    int64, strings as they are; in lists, named tuples and mappings, part by part; tuples become lists.

    Raises RuntimeError for sequences of different lengths or tensors of different shapes, TypeError for anything else.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch))
    if isinstance(first, np.ndarray | np.generic):
        _check_numeric(first)
        return stack([as_tensor(value) for value in batch])
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _remade(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError(
                f"each element in list of batch should be of equal size; their lengths are {[len(sample) for sample in batch]}"
            )
        return _remade(first, [default_collate(part) for part in zip(*batch)])
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}. "
        "Give the DataLoader a collate_fn."
    )


def default_convert(data: Any) -> Any:
    """Return a sample with its arrays as tensors and all else as it is: what is done without batches. Tuples become lists."""
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind not in "SUO":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _remade(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _remade(data, [default_convert(value) for value in data])
    return data


def _check_numeric(value: Any) -> None:
    if value.dtype.kind in "SUO":
        raise TypeError(
            f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {value.dtype}"
        )


def _remade(like: Any, parts: Any) -> Any:
    """The parts in a container of the same kind as `like`, where it can be made from them; a plain tuple becomes a list."""
    if isinstance(like, Mapping):
        return parts if type(like) is dict else _attempted(type(like), parts)
    if hasattr(like, "_fields"):
        return type(like)(*parts)
    return parts if type(like) is tuple else _attempted(type(like), parts)


def _attempted(kind: Any, parts: Any) -> Any:
    try:
        return kind(parts)
    except TypeError:
        return parts
