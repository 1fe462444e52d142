"""The op table: each operation is one function on arrays and one rule for each differentiable input."""

from types import ModuleType

from . import (
    blending,
    choices,
    closeness,
    counting,
    differences,
    elementary,
    gamma,
    hyperbolic,
    indexing,
    logarithms,
    logic,
    norms,
    pointwise,
    products,
    quantiles,
    reductions,
    rounding,
    scans,
    shapes,
    softmax,
    sorting,
    special,
    statistics,
    trigonometry,
)

TABLES: tuple[ModuleType, ...] = (
    blending, choices, closeness, counting, differences, elementary, gamma, hyperbolic, indexing, logarithms, logic,
    norms, pointwise, products, quantiles, reductions, rounding, scans, shapes, softmax, sorting, special,
    statistics, trigonometry,
)
