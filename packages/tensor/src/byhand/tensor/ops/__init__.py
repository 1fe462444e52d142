"""The op table: each operation is one function on arrays and one rule for each differentiable input."""

from types import ModuleType

from . import (
    blending,
    choices,
    closeness,
    contractions,
    counting,
    diagonals,
    differences,
    elementary,
    gamma,
    hyperbolic,
    indexing,
    logarithms,
    logic,
    masking,
    norms,
    pointwise,
    products,
    quantiles,
    rearranging,
    reductions,
    rounding,
    scans,
    scattering,
    shapes,
    slices,
    softmax,
    sorting,
    special,
    statistics,
    strided,
    summation,
    trigonometry,
    windows,
)

TABLES: tuple[ModuleType, ...] = (
    blending, choices, closeness, contractions, counting, diagonals, differences, elementary, gamma, hyperbolic,
    indexing, logarithms, logic, masking, norms, pointwise, products, quantiles, rearranging, reductions, rounding,
    scans, scattering, shapes, slices, softmax, sorting, special, statistics, strided, summation, trigonometry, windows,
)
