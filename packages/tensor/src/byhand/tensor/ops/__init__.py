"""The op table: each operation is one function on arrays and one rule for each differentiable input."""

from types import ModuleType

from . import choices, elementary, indexing, pointwise, products, reductions, shapes, softmax

TABLES: tuple[ModuleType, ...] = (choices, elementary, indexing, pointwise, products, reductions, shapes, softmax)
