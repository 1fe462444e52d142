"""One number, its gradient, its graph: reverse-mode differentiation in pure Python.

Read in this order: `ops` (the calculus), `value` (a number that remembers), `graph` (the chain rule), `nn` (networks).
"""

from byhand.scalar.drawing import draw
from byhand.scalar.functions import dot, maximum, minimum
from byhand.scalar.modes import is_grad_enabled, no_grad
from byhand.scalar.nn import MLP, Layer, Module, Neuron
from byhand.scalar.ops import Op, op
from byhand.scalar.value import Value, apply

__all__ = [
    "Layer",
    "MLP",
    "Module",
    "Neuron",
    "Op",
    "Value",
    "apply",
    "dot",
    "draw",
    "is_grad_enabled",
    "maximum",
    "minimum",
    "no_grad",
    "op",
]
