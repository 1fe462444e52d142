"""Around tensors: `data`, from samples to batches; `safetensors`, tensors in files (to be imported by that name)."""

from . import data as data

__all__ = ["data"]
