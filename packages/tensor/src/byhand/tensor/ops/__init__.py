"""The op table: each operation is one function on arrays and one rule for each differentiable input."""

from types import ModuleType

from . import (
    blending,
    choices,
    closeness,
    elementary,
    gamma,
    hyperbolic,
    indexing,
    logarithms,
    logic,
    pointwise,
    products,
    reductions,
    rounding,
    shapes,
    softmax,
    special,
    trigonometry,
)  # fmt: skip

TABLES: tuple[ModuleType, ...] = (
    blending, choices, closeness, elementary, gamma, hyperbolic, indexing, logarithms, logic, pointwise, products,
    reductions, rounding, shapes, softmax, special, trigonometry,
)  # fmt: skip
