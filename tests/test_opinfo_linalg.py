"""`byhand.tensor.linalg` against PyTorch's own samples."""

import copy

import byhand.tensor as bt
import opinfo
import pytest

NAMES = """
    linalg.inv linalg.det linalg.slogdet linalg.solve linalg.cholesky linalg.eigvalsh linalg.matrix_power linalg.multi_dot
    linalg.norm linalg.vector_norm linalg.matrix_norm linalg.cond linalg.svdvals linalg.pinv linalg.matrix_rank linalg.qr
    linalg.solve_triangular linalg.cross linalg.vecdot linalg.diagonal linalg.vander linalg.tensorinv linalg.tensorsolve
    linalg.lstsq linalg.householder_product geqrf ormqr
"""
# Variants whose `op` is not the function itself but one made of it.
MADE_OF_IT = {
    "linalg_pinv_singular": lambda a, b: bt.linalg.pinv(a @ b.mT),
    "linalg_lstsq_grad_oriented": lambda a, b, driver: bt.linalg.lstsq(a, b, driver=driver)[:2],
}
# A norm has no second derivative at 0; PyTorch's is nan there, ours 0, the mean over the directions.
ONCE = {"linalg_norm_subgradients_at_zero"}


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(NAMES))
def test_samples(info, dtype, monkeypatch):
    if info.formatted_name in MADE_OF_IT:
        monkeypatch.setitem(opinfo.ORDER, info.name, MADE_OF_IT[info.formatted_name])
    if info.formatted_name in ONCE:
        monkeypatch.setattr(info, "supports_gradgrad", False)
    opinfo.agrees(info, dtype)


def without_signs(eigh):
    """Eigenvectors are known but for their sign: their squares are compared."""

    def squared(*args, **kwargs):
        values, vectors = eigh(*args, **kwargs)
        return values, vectors * vectors

    return squared


def without_bases(svd):
    """Singular vectors are known but for a sign that each pair shares, those beyond the first k only as a basis."""

    def invariants(*args, **kwargs):
        u, s, vh = svd(*args, **kwargs)
        size = s.shape[-1]
        u_k, v_k = u[..., :size], vh[..., :size, :]
        return s, u_k * u_k, v_k * v_k, u_k @ v_k, (u.mT @ u).detach(), (vh @ vh.mT).detach()

    return invariants


@pytest.mark.parametrize(("info", "dtype"), [*opinfo.cases("linalg.eigh"), *opinfo.cases("linalg.svd")])
def test_vectors(info, dtype, monkeypatch):
    invariant = without_signs if info.name == "linalg.eigh" else without_bases
    monkeypatch.setitem(opinfo.ORDER, info.name, invariant(opinfo.ours(info)))
    wrapped = copy.copy(info)
    wrapped.op = invariant(info.op)
    opinfo.agrees(wrapped, dtype)
