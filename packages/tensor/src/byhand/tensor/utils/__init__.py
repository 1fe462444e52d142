"""Around tensors: `data`, from samples to batches; `memory`, what a program may ask of the C library; `safetensors`, tensors in
files. The latter two are imported by name."""

from typing import TYPE_CHECKING

from .._later import later

if TYPE_CHECKING:
    from . import data as data
else:
    __getattr__ = later(__name__, "data")

__all__ = ["data"]
