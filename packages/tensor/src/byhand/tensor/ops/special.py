"""erf and erfc, the integrals of the normal distribution, which NumPy does not have.

In float64 after W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969): a quotient of
polynomials for |x| below 0.46875, one below 4 and one beyond, with the coefficients of his program CALERF, right to 1e-15.
For float32, where speed counts, one quotient serves all x, with the coefficients of XLA, computed in float64, right to 1e-7.
"""

from __future__ import annotations

import math

import numpy as np

from .._graph import Array
from .._op import op
from .._promotion import floating

__all__ = ["erf", "erfc"]

_SLOPE = 2 / math.sqrt(math.pi)
_BLOCK = 32768  # elements that stay in the cache while a polynomial is evaluated

# Numerators and denominators, highest power first.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
        8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
    ),
    (
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ),
)  # fmt: skip
_LARGE = (
    (
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
        1.60837851487422766e-2, 6.58749161529837803e-4,
    ),
    (
        1.0, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1, 6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)  # fmt: skip
_SINGLE = (
    (0.00022905065861350646, 0.0034082910107109506, 0.050955695062380861, 0.18520832239976145, 1.128379143519084),
    (
        -1.1791602954361697e-7, 0.000023547966471313185, 0.0010179625278914885, 0.014070470171167667, 0.11098505178285362,
        0.49746925110067538, 1.0,
    ),
)  # fmt: skip
_ONE = 3.85  # from here on erf x is 1 in float32


@op(promote=floating)
def erf(input: Array) -> Array:
    r"""y = 2/√π ∫₀ˣ e^{−t²} dt.   dy/dx = 2/√π e^{−x²}"""
    if input.dtype == np.float64:
        x = np.abs(input)
        small = x <= 0.46875
        return np.copysign(np.where(small, _near_zero(np.where(small, x, 0)), 1 - _tail(np.where(small, 1, x))), input)
    y = np.empty(input.shape, np.float32)
    source, target = input.reshape(-1), y.reshape(-1)
    for start in range(0, source.size, _BLOCK):
        target[start : start + _BLOCK] = _single(source[start : start + _BLOCK])
    return y.astype(input.dtype, copy=False)


@erf.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (_SLOPE * np.exp(-input * input))


@op(promote=floating)
def erfc(input: Array) -> Array:
    r"""y = 1 − erf x, without loss of digits where erf x is near 1.   dy/dx = −2/√π e^{−x²}"""
    x = np.abs(input.astype(np.float64, copy=False))
    small = x <= 0.46875
    tail = _tail(np.where(small, 1, x))
    y = np.where(small, 1 - np.copysign(_near_zero(np.where(small, x, 0)), input), np.where(input < 0, 2 - tail, tail))
    return y.astype(input.dtype, copy=False)


@erfc.vjp("input")
def _(g: Array, input: Array) -> Array:
    return g * (-_SLOPE * np.exp(-input * input))


def _quotient(polynomials: tuple[tuple[float, ...], ...], z: Array) -> Array:
    """p(z)/q(z), by Horner's rule."""
    values = []
    for coefficients in polynomials:
        value = z * coefficients[0]
        for coefficient in coefficients[1:-1]:
            value += coefficient
            value *= z
        value += coefficients[-1]
        values.append(value)
    values[0] /= values[1]
    return values[0]


def _near_zero(x: Array) -> Array:
    """erf x for 0 ≤ x ≤ 0.46875: x p(x²)/q(x²)."""
    return x * _quotient(_SMALL, x * x)


def _tail(x: Array) -> Array:
    """erfc x for x > 0.46875: e^{−x²} p(x)/q(x) up to 4, e^{−x²}/x (1/√π − x⁻² p(x⁻²)/q(x⁻²)) beyond."""
    middle = np.minimum(x, 4)
    large = np.maximum(x, 4)
    inverse = 1 / (large * large)
    factor = np.where(
        x <= 4, _quotient(_MIDDLE, middle), (_SLOPE / 2 - inverse * _quotient(_LARGE, inverse)) / large
    )
    # x² rounded would cost digits: with s = x cut to sixteenths, x² = s² + (x − s)(x + s), and s² is exact.
    cut = np.minimum(np.trunc(x * 16) / 16, 32)
    return factor * np.exp(-cut * cut) * np.exp(-(x - cut) * (x + cut))


def _single(x: Array) -> Array:
    """erf x right to float32's last digit: x p(x²)/q(x²), computed in float64, with |x| cut where erf x is 1."""
    z = np.clip(x.astype(np.float64), -_ONE, _ONE)
    return z * _quotient(_SINGLE, z * z)
