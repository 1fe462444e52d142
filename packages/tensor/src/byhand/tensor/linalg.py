"""`linalg`: determinants, decompositions and equations, as `torch.linalg`. NumPy's LAPACK computes; the gradients are by hand.

Sources of the derivations: M. B. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016).
Ȳ and Ā are the gradients of the output and of the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ._errors import ShapeError
from ._graph import Array
from ._op import op
from ._tensor import Tensor, wrap
from .ops.choices import where
from .ops.products import matmul
from .ops.shapes import squeeze, unsqueeze

__all__ = ["LinAlgError", "cholesky", "det", "eigh", "eigvalsh", "inv", "matrix_power", "multi_dot", "slogdet", "solve"]

LinAlgError = np.linalg.LinAlgError


def _transposed(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def _square(a: Array) -> Array:
    """The input, once it is sure that it is a batch of square floating matrices."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"A must be batches of square matrices, but its shape is {a.shape}.")
    return _floating(a)


def _floating(a: Array) -> Array:
    if a.dtype.kind != "f":
        raise ShapeError(f"expected a floating point tensor, but got {a.dtype}; call float() first.")
    return a


# ---------------------------------------------------------------------- inverse, determinant, equations


@op
def inv(A: Array) -> Array:
    r"""Y = A⁻¹.   d(A Y) = 0 ⇒ dY = −Y dA Y   ⇒   Ā = −Yᵀ Ȳ Yᵀ.   Raises LinAlgError if A is singular."""
    return np.linalg.inv(_square(A))


@inv.vjp("A")
def _(g: Array, out: Array) -> Array:
    y = _transposed(out)
    return -np.matmul(np.matmul(y, g), y)


@op
def det(A: Array) -> Array:
    r"""y = det A.   ∂y/∂A_ij is the cofactor C_ij (Jacobi), that is   Ā = ȳ C,   C = det(A) A⁻ᵀ where A has an inverse"""
    return np.asarray(np.linalg.det(_square(A)))


@det.vjp("A")
def _(g: Array, A: Array) -> Array:
    return np.expand_dims(g, (-1, -2)) * _cofactors.kernel(A)


@op
def _cofactors(A: Array) -> Array:
    r"""C, the matrix of cofactors, singular or not: of A = U S Vᵀ it is det(U) det(V) U diag(Π_{j≠i} s_j) Vᵀ.

    For regular A, C = det(A) A⁻ᵀ   ⇒   dC = tr(A⁻¹ dA) C − C dAᵀ A⁻ᵀ   ⇒   Ā = ⟨C̄, C⟩ A⁻ᵀ − A⁻ᵀ C̄ᵀ C
    """
    u, s, v = np.linalg.svd(A)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray((u * (sign[..., None] * others)[..., None, :]) @ v, A.dtype)


@_cofactors.vjp("A")
def _(g: Array, A: Array, out: Array) -> Array:
    inverse = _transposed(inv.kernel(A))
    inner = np.sum(g * out, axis=(-1, -2), keepdims=True)
    return inner * inverse - np.matmul(inverse, np.matmul(_transposed(g), out))


class SignAndLogarithm(NamedTuple):
    """What `slogdet` returns: det A = sign · e^logabsdet."""

    sign: Tensor
    logabsdet: Tensor


@op(outputs=("sign", "logabsdet"))
def _slogdet(A: Array) -> tuple[Array, Array]:
    r"""det A = sign · e^y.   dy = tr(A⁻¹ dA)   ⇒   Ā = ȳ A⁻ᵀ; the sign is constant"""
    sign, logarithm = np.linalg.slogdet(_square(A))
    return np.asarray(sign, A.dtype), np.asarray(logarithm, A.dtype)


@_slogdet.vjp("A")
def _(g: Array, A: Array) -> Array:
    return np.expand_dims(g[1], (-1, -2)) * _transposed(inv.kernel(A))


def slogdet(A: Tensor) -> SignAndLogarithm:
    """Return the sign of the determinant and the logarithm of its absolute value (−∞ for a singular matrix)."""
    return SignAndLogarithm(*_slogdet(A))


@op
def _solve(A: Array, B: Array) -> Array:
    r"""X = A⁻¹ B.   A dX = dB − dA X   ⇒   B̄ = A⁻ᵀ X̄,   Ā = −B̄ Xᵀ"""
    _square(A)
    if B.dtype != A.dtype:
        raise ShapeError(f"expected A and B to have the same dtype, but found {A.dtype} and {B.dtype}.")
    if B.shape[-2] != A.shape[-1]:
        raise ShapeError(f"incompatible shapes {A.shape} and {B.shape} for the equation AX = B.")
    return np.linalg.solve(A, B)


@_solve.vjp("A")
def _(g: Array, A: Array, out: Array) -> Array:
    return -np.matmul(_solve.kernel(_transposed(A), g), _transposed(out))


@_solve.vjp("B")
def _(g: Array, A: Array) -> Array:
    return _solve.kernel(_transposed(A), g)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Return X with A X = B (or X A = B, if not `left`); B holds vectors if its shape is (n,) or that of A without its last size.

    Raises LinAlgError if A is singular, RuntimeError if the shapes do not fit or the dtypes differ.
    """
    vector = B._data.ndim == 1 or (A._data.ndim - 1 == B._data.ndim and A._data.shape[:-1] == B._data.shape)
    if vector:
        if not left:
            raise RuntimeError("linalg.solve: vectors are columns, which needs left=True; unsqueeze B for rows")
        return squeeze(_solve(A, unsqueeze(B, -1)), -1)
    if B._data.ndim < 2:
        raise RuntimeError(f"linalg.solve: B must be at least a vector, but its shape is {tuple(B.shape)}")
    return _solve(A, B) if left else _solve(A.mT, B.mT).mT


# ---------------------------------------------------------------------- powers


def matrix_power(A: Tensor, n: int) -> Tensor:
    """Return Aⁿ by repeated squaring; for negative n, that of the inverse. Raises LinAlgError if it does not exist."""
    if A._data.ndim < 2 or A._data.shape[-1] != A._data.shape[-2]:
        raise RuntimeError(f"linalg.matrix_power: A must be batches of square matrices, but its shape is {tuple(A.shape)}")
    if n == 0:
        return where(wrap(np.asarray(False)), A, wrap(np.eye(A._data.shape[-1], dtype=A._data.dtype)))  # type: ignore[return-value]
    square, left = (inv(A), -n) if n < 0 else (A, n)
    power = None
    while left:
        if left % 2:
            power = square if power is None else matmul(power, square)
        left //= 2
        square = matmul(square, square) if left else square
    assert power is not None
    return power.clone() if power is A else power


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Return the product of two or more matrices in the cheapest order; the first and the last may be vectors.

    The cost of each stretch of factors is the least over the places at which it can be cut (Cormen et al., 15.2).
    Raises RuntimeError for fewer than two factors, or if their sizes do not fit.
    """
    factors = list(tensors)
    if len(factors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(factors)}")
    ends = (0, len(factors) - 1)
    for i, t in enumerate(factors):
        if t._data.ndim != 2 and not (i in ends and t._data.ndim == 1):
            raise RuntimeError(f"multi_dot(): tensor {i} must be a matrix (the ends may be vectors), not {t._data.ndim}-D")
    shapes = [t._data.shape for t in factors]
    sizes = [shapes[0][0] if len(shapes[0]) > 1 else 1, *[shape[0] for shape in shapes[1:]], (*shapes[-1], 1)[1]]
    return _chained(factors, 0, len(factors), _cheapest(sizes))


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """For each stretch i … j of factors, of which factor k is sizes[k] × sizes[k + 1], the best place to cut it."""
    count = len(sizes) - 1
    cost = {(i, i + 1): 0 for i in range(count)}
    cuts = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length
            cost[i, j], cuts[i, j] = min((cost[i, k] + cost[k, j] + sizes[i] * sizes[k] * sizes[j], k) for k in range(i + 1, j))
    return cuts


def _chained(factors: list[Tensor], i: int, j: int, cuts: dict[tuple[int, int], int]) -> Tensor:
    if j - i == 1:
        return factors[i]
    return matmul(_chained(factors, i, cuts[i, j], cuts), _chained(factors, cuts[i, j], j, cuts))


# ---------------------------------------------------------------------- decompositions


@op
def _cholesky(A: Array) -> Array:
    r"""A = L Lᵀ, read from the lower triangle.   dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ: lower triangle with half the diagonal

    ⇒   Ā = ½ (S + Sᵀ),   S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹   (Murray 2016, equation 10)
    """
    return np.linalg.cholesky(_square(A))


@_cholesky.vjp("A")
def _(g: Array, out: Array) -> Array:
    inverse = inv.kernel(out)
    size = out.shape[-1]
    half = np.tril(np.ones((size, size)), -1) + 0.5 * np.eye(size)
    inside = np.matmul(_transposed(out), g) * half.astype(out.dtype)
    s = np.matmul(np.matmul(_transposed(inverse), inside), inverse)
    return (s + _transposed(s)) * 0.5


def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """Return the lower triangular L with A = L Lᵀ, or Lᵀ if `upper`, of a symmetric positive definite A.

    Raises LinAlgError if A is not positive definite.
    """
    return _cholesky(A.mT if upper else A).mT if upper else _cholesky(A)


class Eigen(NamedTuple):
    """What `eigh` returns: A = V diag(λ) Vᵀ."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@op(outputs=("values", "vectors"))
def _eigh(A: Array, *, UPLO: str) -> tuple[Array, Array]:
    r"""A = V diag(λ) Vᵀ for symmetric A.   dλ_i = (Vᵀ dA V)_ii, (Vᵀ dV)_ij = (Vᵀ dA V)_ij / (λ_j − λ_i)

    ⇒   Ā = V (diag(λ̄) + ½ (Vᵀ V̄ − V̄ᵀ V) / E) Vᵀ,   E_ij = λ_j − λ_i off the diagonal   (Giles 2008, 3.1). Only the skew
    part of Vᵀ V̄ counts, because Vᵀ dV is skew.
    """
    values, vectors = np.linalg.eigh(_square(A), "U" if UPLO.upper() == "U" else "L")
    return values, vectors


@_eigh.vjp("A")
def _(g: Array, values: Array, vectors: Array) -> Array:
    eye = np.eye(values.shape[-1], dtype=bool)
    gaps = np.expand_dims(values, -2) - np.expand_dims(values, -1)
    turned = np.matmul(_transposed(vectors), g[1])
    inside = (turned - _transposed(turned)) * 0.5 / np.where(eye, 1.0, gaps)
    inside = np.where(eye, np.expand_dims(g[0], -1), inside)
    return np.matmul(np.matmul(vectors, inside), _transposed(vectors))


def eigh(A: Tensor, UPLO: str = "L") -> Eigen:
    """Return the eigenvalues, ascending, and the eigenvectors (columns) of symmetric matrices, of which one triangle is read.

    The gradient of the eigenvectors is finite only where all eigenvalues differ.
    """
    return Eigen(*_eigh(A, UPLO=UPLO))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues, ascending, of symmetric matrices, of which one triangle is read."""
    return eigh(A, UPLO).eigenvalues
