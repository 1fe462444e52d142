"""Around tensors: `data`, from samples to batches."""

from . import data as data

__all__ = ["data"]
