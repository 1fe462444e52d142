"""Around tensors: `data`, from samples to batches; `memory`, what a program may ask of the C library; `safetensors`, tensors in
files. The latter two are imported by name."""

from . import data as data

__all__ = ["data"]
