"""Layers, activations and losses as functions, with PyTorch's names: what the modules call in their `forward`."""

from . import activations, binary, classification, dropout as _dropout, linear as _linear, normalisation, padding, regression
from .activations import *
from .binary import *
from .classification import *
from .dropout import *
from .linear import *
from .normalisation import *
from .padding import *
from .regression import *

_TABLES = (activations, binary, classification, _dropout, _linear, normalisation, padding, regression)

__all__ = sorted({name for table in _TABLES for name in table.__all__})
