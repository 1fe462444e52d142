"""Functions of matrices under their names in `torch` itself, and views by strides, against PyTorch's own samples."""

import copy

import byhand.tensor as bt
import opinfo
import pytest
from test_opinfo_linalg import without_bases

NAMES = """
    cholesky cholesky_inverse cholesky_solve logdet pinverse qr triangular_solve matrix_exp H mH mT T adjoint
    as_strided as_strided_scatter slice_scatter select_scatter diagonal_scatter
"""
INFOS = [info for name in NAMES.split() for info in opinfo.INFOS[name]]


# Its samples are views of larger memories, which `agrees` does not keep: see test_strided_against_torch.
CASES = [case for case in opinfo.cases(NAMES) if case.values[0].formatted_name != "as_strided_partial_views"]


@pytest.mark.parametrize(("info", "dtype"), CASES)
def test_samples(info, dtype, monkeypatch):
    if info.name == "as_strided_scatter":  # PyTorch's gradient is wrong: it does not pass its own gradcheck (1 where
        monkeypatch.setattr(info, "supports_autograd", False)  # overwritten, 0 elsewhere); see test_strided_against_torch
    opinfo.agrees(info, dtype)


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases("svd"))
def test_svd(info, dtype, monkeypatch):
    def transposed(svd):
        def like_linalg(*args, **kwargs):
            u, s, v = svd(*args, **kwargs)
            return u, s, v.mT

        return like_linalg

    monkeypatch.setitem(opinfo.ORDER, "svd", without_bases(transposed(bt.svd)))
    wrapped = copy.copy(info)
    wrapped.op = without_bases(transposed(info.op))
    opinfo.agrees(wrapped, dtype)


@pytest.mark.parametrize("info", INFOS, ids=lambda info: info.formatted_name)
def test_forms(info):
    """What PyTorch offers as a method or under a second name is here too."""
    assert info.method_variant is None or hasattr(bt.Tensor, info.method_variant.__name__)
    for alias in info.aliases:
        assert opinfo.operator.attrgetter(alias.name)(bt), alias.name
